//! Whether a webhook message comes from whom it says: the signature schemes, over the bytes as they arrived.
//!
//! No clock and no state: the caller says what time it is, and keeps the ids and digests of what was seen. Everything
//! that depends on a secret is compared in constant time, every secret is tried (two are valid while one is being
//! replaced), and no message says more than the sender knows anyway.

use std::borrow::Cow;

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::Scheme;

/// How far a signed timestamp may lie from now, either way: what Standard Webhooks, Stripe and Slack each recommend.
const WINDOW_SECONDS: i64 = 300;

/// The longest id that is taken. It becomes part of a unique index for a week.
const MAX_ID: usize = 256;

/// Base64 as senders and people write it: with or without the padding at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// By what a message whose sender is who it says is known when it comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// By the sender's own id of the message: nobody else could send the message under another one.
    Id(String),
    /// By the SHA-256 of what was signed, the body with the timestamp before it where the scheme signs one: there is no id.
    Digest([u8; 32]),
    /// By either: the id is not signed, so that whoever recorded a message could send it again under another one.
    Both(String, [u8; 32]),
}

impl KnownBy {
    /// By an id that tells repetitions alone; by a digest where there is none.
    fn id_or(id: Option<String>, digest: impl FnOnce() -> [u8; 32]) -> Self {
        id.map_or_else(|| Self::Digest(digest()), Self::Id)
    }

    /// By a digest, and by an id if there is one.
    fn digest_and(digest: [u8; 32], id: Option<String>) -> Self {
        id.map_or(Self::Digest(digest), |id| Self::Both(id, digest))
    }

    /// The sender's own id, if it gave one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) | Self::Both(id, _) => Some(id),
            Self::Digest(_) => None,
        }
    }

    /// The digest, where it tells repetitions.
    pub fn digest(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Digest(digest) | Self::Both(_, digest) => Some(digest),
            Self::Id(_) => None,
        }
    }
}

/// Why a message is not taken. Each says only what may be logged and sent back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A header that the scheme needs is not there.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// A header is not of the form that the scheme gives it.
    #[error("the header {header} is malformed: {expected}")]
    BadFormat {
        /// The header.
        header: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Signed with another secret, or changed on the way, or the token is not ours.
    #[error("the signature or token does not match")]
    BadSignature,
    /// Signed rightly, but too long ago.
    #[error("the message was signed {seconds} s ago, which is more than {WINDOW_SECONDS} s")]
    TooOld {
        /// How long ago.
        seconds: i64,
    },
    /// Signed rightly, but with a time that has not come yet.
    #[error("the message was signed {seconds} s in the future, which is more than {WINDOW_SECONDS} s")]
    TooNew {
        /// How far ahead.
        seconds: i64,
    },
}

/// Checks a message under a scheme. `body` is the raw bytes, `now` the time of arrival; any one of `secrets` will do.
pub fn verify(
    scheme: Scheme,
    secrets: &[SecretString],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<KnownBy, Rejected> {
    let message = Message { scheme, secrets, headers, body, now: now.as_second() };
    match scheme {
        Scheme::Standard => message.standard(),
        Scheme::Github => message.github(),
        Scheme::Stripe => message.stripe(),
        Scheme::Slack => message.slack(),
        Scheme::Prolific => message.prolific(),
        Scheme::Bearer => message.bearer(),
        Scheme::None => message.unsigned(),
    }
}

/// Says whether a secret can be one of this scheme's, so that a configuration with a broken one does not load. The
/// message never holds the secret.
pub fn check_secret(scheme: Scheme, secret: &SecretString) -> Result<(), String> {
    let text = secret.expose_secret();
    if !scheme.needs_secret() {
        return Ok(());
    }
    if text.trim().is_empty() {
        return Err("the secret is empty".to_owned());
    }
    if text.trim() != text {
        return Err("the secret begins or ends with a space or a line break: remove it".to_owned());
    }
    match (scheme, key(scheme, secret)) {
        (Scheme::Bearer, _) if !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err("the token holds a character that no HTTP header can: use letters, digits and signs"
                .to_owned())
        }
        (_, Some(_)) => Ok(()),
        (_, None) => Err("the secret is not base64: copy it whole, as \"whsec_...\"".to_owned()),
    }
}

/// The bytes that a scheme makes its signatures with. `None` for a secret that is none.
fn key(scheme: Scheme, secret: &SecretString) -> Option<Cow<'_, [u8]>> {
    let text = secret.expose_secret();
    let key = match scheme {
        Scheme::Standard => BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?.into(),
        _ => Cow::Borrowed(text.as_bytes()),
    };
    // Anybody can sign with the empty key.
    (!key.is_empty()).then_some(key)
}

struct Message<'a> {
    scheme: Scheme,
    secrets: &'a [SecretString],
    headers: &'a HeaderMap,
    body: &'a [u8],
    now: i64,
}

impl Message<'_> {
    fn standard(&self) -> Result<KnownBy, Rejected> {
        const SIGNATURE: &str = "webhook-signature";
        let id = self.required_id("webhook-id")?;
        let (written, second) = self.timestamp("webhook-timestamp")?;
        let signatures: Vec<Vec<u8>> = self
            .header(SIGNATURE)?
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .filter_map(|signature| BASE64.decode(signature).ok())
            .collect();
        if signatures.is_empty() {
            return Err(Rejected::BadFormat { header: SIGNATURE, expected: "v1, a comma, and base64" });
        }
        let signed = [id.as_bytes(), b".", written.as_bytes(), b".", self.body];
        self.check(&signed, &signatures)?;
        self.in_window(second)?;
        Ok(KnownBy::Id(id))
    }

    fn github(&self) -> Result<KnownBy, Rejected> {
        let signature = self.hex("x-hub-signature-256", "sha256=", "sha256= and 64 hexadecimal digits")?;
        let signed = [self.body];
        self.check(&signed, &[signature])?;
        Ok(KnownBy::digest_and(digest(&signed), self.id("x-github-delivery")?))
    }

    fn stripe(&self) -> Result<KnownBy, Rejected> {
        const HEADER: &str = "stripe-signature";
        let malformed = Rejected::BadFormat { header: HEADER, expected: "t=SECONDS,v1=HEX" };
        let (mut time, mut signatures) = (None, Vec::new());
        for item in self.header(HEADER)?.split(',') {
            match item.trim().split_once('=') {
                // A second time would leave open which one was signed.
                Some(("t", text)) if time.is_none() => time = Some(text),
                Some(("t", _)) => return Err(malformed),
                Some(("v1", text)) => signatures.extend(hex::decode(text)),
                _ => {} // Other versions of the signature stand beside the one that we know.
            }
        }
        let Some((written, second)) = time.and_then(|text| Some((text, seconds(text)?))) else {
            return Err(malformed);
        };
        if signatures.is_empty() {
            return Err(malformed);
        }
        let signed = [written.as_bytes(), b".", self.body];
        self.check(&signed, &signatures)?;
        self.in_window(second)?;
        Ok(self.with_id_in_body(&signed, "id"))
    }

    fn slack(&self) -> Result<KnownBy, Rejected> {
        let (written, second) = self.timestamp("x-slack-request-timestamp")?;
        let signature = self.hex("x-slack-signature", "v0=", "v0= and 64 hexadecimal digits")?;
        let signed = [b"v0:", written.as_bytes(), b":", self.body];
        self.check(&signed, &[signature])?;
        self.in_window(second)?;
        Ok(self.with_id_in_body(&signed, "event_id"))
    }

    /// Signed like the others with a timestamp, but whether Prolific signs its repetitions (up to 11 in a day) anew is
    /// not documented, so that there is no window: the id and the digest tell a repetition.
    fn prolific(&self) -> Result<KnownBy, Rejected> {
        const TIMESTAMP: &str = "x-prolific-request-timestamp";
        const SIGNATURE: &str = "x-prolific-request-signature";
        let written = self.header(TIMESTAMP)?;
        // Nothing stands between the timestamp and the body in what is signed, so that the beginning of the body must
        // not be able to pass for the end of the timestamp.
        let of_a_time = |byte: u8| byte.is_ascii_digit() || b"TZ:.+- ".contains(&byte);
        if written.is_empty() || !written.bytes().all(of_a_time) {
            return Err(Rejected::BadFormat {
                header: TIMESTAMP,
                expected: "a time, in seconds or as ISO 8601",
            });
        }
        let malformed = Rejected::BadFormat { header: SIGNATURE, expected: "base64" };
        let signature = BASE64.decode(self.header(SIGNATURE)?).map_err(|_| malformed)?;
        let signed = [written.as_bytes(), self.body];
        self.check(&signed, &[signature])?;
        Ok(KnownBy::digest_and(digest(&signed), self.id("x-event-id")?))
    }

    fn bearer(&self) -> Result<KnownBy, Rejected> {
        const HEADER: &str = "authorization";
        let given = match self.header(HEADER)?.split_once(' ') {
            Some((kind, token)) if kind.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Err(Rejected::BadFormat { header: HEADER, expected: "Bearer and the token" }),
        };
        // Digests are of one length, so that the comparison does not tell how long our token is.
        let given = digest(&[given.as_bytes()]);
        let keys = self.secrets.iter().filter_map(|secret| key(self.scheme, secret));
        let matches = keys.fold(subtle::Choice::from(0), |found, key| found | digest(&[&key]).ct_eq(&given));
        if !bool::from(matches) {
            return Err(Rejected::BadSignature);
        }
        self.unsigned()
    }

    fn unsigned(&self) -> Result<KnownBy, Rejected> {
        // There is nothing to record and send again: whoever has the token can send whatever they like.
        let id = match self.id("webhook-id")? {
            Some(id) => Some(id),
            None => self.id("idempotency-key")?,
        };
        Ok(KnownBy::id_or(id, || digest(&[self.body])))
    }

    /// A header's value. A header that comes twice is malformed: a proxy before us may have gone by the other one.
    fn optional_header(&self, header: &'static str) -> Result<Option<&str>, Rejected> {
        let mut values = self.headers.get_all(header).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Rejected::BadFormat { header, expected: "one value, not several" });
        }
        let malformed = Rejected::BadFormat { header, expected: "visible ASCII characters" };
        value.to_str().map(|value| Some(value.trim())).map_err(|_| malformed)
    }

    fn header(&self, header: &'static str) -> Result<&str, Rejected> {
        self.optional_header(header)?.ok_or(Rejected::MissingHeader(header))
    }

    /// An id in a header; an empty one is none.
    fn id(&self, header: &'static str) -> Result<Option<String>, Rejected> {
        match self.optional_header(header)? {
            None | Some("") => Ok(None),
            Some(id) if id.len() <= MAX_ID => Ok(Some(id.to_owned())),
            Some(_) => Err(Rejected::BadFormat { header, expected: "at most 256 characters" }),
        }
    }

    /// An id that is signed together with what follows it after a full stop.
    fn required_id(&self, header: &'static str) -> Result<String, Rejected> {
        let id = self.id(header)?.ok_or(Rejected::MissingHeader(header))?;
        // With a full stop in it, the same signature would fit another division into id, time and body.
        if id.contains('.') {
            return Err(Rejected::BadFormat { header, expected: "an id without full stops" });
        }
        Ok(id)
    }

    /// A timestamp, as it was written, since that is what was signed, and in seconds.
    fn timestamp(&self, header: &'static str) -> Result<(&str, i64), Rejected> {
        let written = self.header(header)?;
        let malformed = Rejected::BadFormat { header, expected: "whole seconds since 1970" };
        seconds(written).map(|second| (written, second)).ok_or(malformed)
    }

    fn hex(&self, header: &'static str, prefix: &str, expected: &'static str) -> Result<Vec<u8>, Rejected> {
        let value = self.header(header)?.strip_prefix(prefix).and_then(|digits| hex::decode(digits).ok());
        value.ok_or(Rejected::BadFormat { header, expected })
    }

    /// Whether any of the signatures is made with any of the secrets. All are compared, whichever matches.
    fn check(&self, signed: &[&[u8]], signatures: &[Vec<u8>]) -> Result<(), Rejected> {
        let mut found = subtle::Choice::from(0);
        for key in self.secrets.iter().filter_map(|secret| key(self.scheme, secret)) {
            // A key of any length will do for HMAC, so that this never skips one.
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { continue };
            signed.iter().for_each(|part| mac.update(part));
            let right: [u8; 32] = mac.finalize().into_bytes().into();
            for signature in signatures {
                found |= right.as_slice().ct_eq(signature);
            }
        }
        if bool::from(found) { Ok(()) } else { Err(Rejected::BadSignature) }
    }

    /// Judged only once the signature is known to be right: a forged timestamp is a bad signature, not an old message.
    fn in_window(&self, second: i64) -> Result<(), Rejected> {
        let age = self.now.saturating_sub(second);
        if age > WINDOW_SECONDS {
            Err(Rejected::TooOld { seconds: age })
        } else if age < -WINDOW_SECONDS {
            Err(Rejected::TooNew { seconds: age.saturating_neg() })
        } else {
            Ok(())
        }
    }

    /// The id is a field of the body, if the body is a JSON object with one, and as such is signed.
    fn with_id_in_body(&self, signed: &[&[u8]], field: &str) -> KnownBy {
        let body: Option<serde_json::Value> = serde_json::from_slice(self.body).ok();
        let id = body.as_ref().and_then(|body| body.get(field)?.as_str());
        let is_plain = |id: &&str| (1..=MAX_ID).contains(&id.len()) && !id.contains(char::is_control);
        KnownBy::id_or(id.filter(is_plain).map(str::to_owned), || digest(signed))
    }
}

/// Whole seconds since 1970, in digits only: what parses as a number has many spellings.
fn seconds(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
