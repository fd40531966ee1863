//! The vectors that the schemes' own documents give, and what a stranger may try.

use super::*;

const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
    &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
    &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
    &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

/// A message that is right as it stands, from which the tests deviate.
#[derive(Clone)]
struct Sample {
    scheme: Scheme,
    secrets: Vec<&'static str>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    now: i64,
}

impl Sample {
    fn new(
        scheme: Scheme,
        secret: &'static str,
        headers: &[(&'static str, &str)],
        body: &str,
        now: i64,
    ) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Sample { scheme, secrets: vec![secret], headers, body: body.as_bytes().to_vec(), now }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The same with another value of a header.
    fn header(self, name: &str, value: &str) -> Self {
        self.with(|sample| {
            sample
                .headers
                .iter_mut()
                .filter(|(known, _)| *known == name)
                .for_each(|(_, old)| *old = value.to_owned());
        })
    }

    fn verify(&self) -> Result<KnownBy, Rejected> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let secrets: Vec<SecretString> = self.secrets.iter().map(|secret| (*secret).into()).collect();
        let now = Timestamp::from_second(self.now).unwrap();
        verify(self.scheme, &secrets, &headers, &self.body, now)
    }
}

/// HMAC-SHA256 by the text of the scheme's document, apart from the code under test.
fn hmac(key: &str, signed: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().into()
}

/// The example of the Standard Webhooks reference libraries.
fn standard() -> Sample {
    Sample::new(
        Scheme::Standard,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        &[
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        "{\"test\": 2432232314}",
        1_614_265_330,
    )
}

/// The example of GitHub's page on validating deliveries.
fn github() -> Sample {
    Sample::new(
        Scheme::Github,
        "It's a Secret to Everybody",
        &[
            (
                "x-hub-signature-256",
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            ),
            ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ],
        "Hello, World!",
        0,
    )
}

/// The example of Slack's page on verifying requests.
fn slack() -> Sample {
    Sample::new(
        Scheme::Slack,
        "8f742231b10e8888abcd99yyyzzz85a5",
        &[
            ("x-slack-request-timestamp", "1531420618"),
            ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
        ],
        SLACK_BODY,
        1_531_420_618,
    )
}

/// Stripe publishes no vector with its secret; this one follows its description.
fn stripe() -> Sample {
    let body = "{\"id\": \"evt_1\", \"object\": \"event\"}";
    let signature = hex::encode(hmac("whsec_test", &format!("1700000000.{body}")));
    let header = format!(
        "t=1700000000,v1={signature},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    );
    Sample::new(Scheme::Stripe, "whsec_test", &[("stripe-signature", &header)], body, 1_700_000_000)
}

/// Nor does Prolific.
fn prolific() -> Sample {
    let body = "{\"event_type\":\"submission.status.change\",\"status\":\"RETURNED\"}";
    let signature = BASE64.encode(hmac("prolific secret", &format!("1700000000{body}")));
    let headers = [
        ("x-prolific-request-timestamp", "1700000000"),
        ("x-prolific-request-signature", signature.as_str()),
        ("x-event-id", "01HZX"),
    ];
    Sample::new(Scheme::Prolific, "prolific secret", &headers, body, 1_900_000_000)
}

fn bearer() -> Sample {
    let headers = [("authorization", "Bearer s3cret-token"), ("idempotency-key", "order-7")];
    Sample::new(Scheme::Bearer, "s3cret-token", &headers, "{}", 0)
}

fn signed() -> [Sample; 5] {
    [standard(), github(), stripe(), slack(), prolific()]
}

#[test]
fn the_published_vectors_are_taken() {
    for (sample, id, is_told_by_it) in [
        (standard(), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"), true),
        (github(), Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"), false),
        (stripe(), Some("evt_1"), true),
        (slack(), None, false),
        (prolific(), Some("01HZX"), false),
        (bearer(), Some("order-7"), true),
    ] {
        let verified = sample.verify().unwrap_or_else(|error| panic!("{}: {error}", sample.scheme));
        assert_eq!(verified.id(), id, "{}", sample.scheme);
        assert_eq!(verified.digest().is_none(), is_told_by_it, "{}", sample.scheme);
    }
}

#[test]
fn what_was_changed_on_the_way_is_not_taken() {
    for sample in signed() {
        for at in [0, sample.body.len() / 2, sample.body.len() - 1] {
            let tampered = sample.clone().with(|sample| sample.body[at] ^= 1);
            assert_eq!(tampered.verify(), Err(Rejected::BadSignature), "{}", sample.scheme);
        }
        for body in [sample.body[1..].to_vec(), [&sample.body[..], b" "].concat(), Vec::new()] {
            let tampered = sample.clone().with(|sample| sample.body = body);
            assert_eq!(tampered.verify(), Err(Rejected::BadSignature), "{}", sample.scheme);
        }
        let stranger = sample.clone().with(|sample| sample.secrets = vec!["c29tZWJvZHkgZWxzZQ=="]);
        assert_eq!(stranger.verify(), Err(Rejected::BadSignature), "{}", sample.scheme);
    }
    for (sample, header, value) in [
        (standard(), "webhook-id", "msg_another"),
        (standard(), "webhook-timestamp", "1614265331"),
        (slack(), "x-slack-request-timestamp", "1531420619"),
        (prolific(), "x-prolific-request-timestamp", "1700000001"),
        (bearer(), "authorization", "Bearer s3cret-toke"),
        (bearer(), "authorization", "Bearer s3cret-token2"),
        (bearer(), "authorization", "Bearer "),
    ] {
        let result = sample.header(header, value).verify();
        let refused = matches!(result, Err(Rejected::BadSignature | Rejected::BadFormat { .. }));
        assert!(refused, "{header}: {value}: {result:?}");
    }
}

#[test]
fn any_of_several_secrets_will_do_and_none_at_all_will_not() {
    for sample in [standard(), github(), stripe(), slack(), prolific(), bearer()] {
        let right = sample.secrets[0];
        for secrets in [vec!["b2xkZXI=", right], vec![right, "b2xkZXI="], vec!["not base64!", "", right]] {
            let rotated = sample.clone().with(|sample| sample.secrets = secrets);
            assert!(rotated.verify().is_ok(), "{}", sample.scheme);
        }
        for secrets in [vec![], vec!["b2xkZXI="], vec![""]] {
            let wrong = sample.clone().with(|sample| sample.secrets = secrets);
            assert_eq!(wrong.verify(), Err(Rejected::BadSignature), "{}", sample.scheme);
        }
    }
}

#[test]
fn an_empty_secret_signs_nothing() {
    let signature = format!("sha256={}", hex::encode(hmac("", "Hello, World!")));
    let forged = github().with(|sample| sample.secrets = vec![""]).header("x-hub-signature-256", &signature);
    assert_eq!(forged.verify(), Err(Rejected::BadSignature));
}

#[test]
fn any_of_several_signatures_will_do() {
    let right = standard().headers[2].1.clone();
    for several in [
        format!("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {right}"),
        format!(
            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== {right}"
        ),
        format!("{right} v1,nonsense!"),
        right.trim_end_matches('=').to_owned(),
    ] {
        assert!(standard().header("webhook-signature", &several).verify().is_ok(), "{several}");
    }
    let right = stripe().headers[0].1.replace("v1=", "v1=00ff,v1=zz,v1=");
    assert!(stripe().header("stripe-signature", &right).verify().is_ok(), "{right}");
}

#[test]
fn a_standard_secret_needs_no_prefix() {
    assert!(
        standard().with(|sample| sample.secrets = vec!["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).verify().is_ok()
    );
}

#[test]
fn five_minutes_either_way_are_allowed_and_no_more() {
    for sample in [standard(), stripe(), slack()] {
        let at = |shift: i64| sample.clone().with(|sample| sample.now += shift).verify();
        assert!(at(300).is_ok() && at(-300).is_ok(), "{}", sample.scheme);
        assert_eq!(at(301), Err(Rejected::TooOld { seconds: 301 }), "{}", sample.scheme);
        assert_eq!(at(-301), Err(Rejected::TooNew { seconds: 301 }), "{}", sample.scheme);
        // One that is both old and wrong is told nothing about the time.
        let both = sample.clone().with(|sample| (sample.now, sample.body) = (sample.now + 9_999, Vec::new()));
        assert_eq!(both.verify(), Err(Rejected::BadSignature));
    }
    for sample in [github(), prolific()] {
        assert!(sample.with(|sample| sample.now = 4_000_000_000).verify().is_ok());
    }
}

#[test]
fn a_header_that_is_missing_is_named() {
    let needed = |sample: &Sample| match sample.scheme {
        Scheme::Standard => 3,
        Scheme::Slack | Scheme::Prolific => 2,
        _ => 1,
    };
    for sample in [standard(), github(), stripe(), slack(), prolific(), bearer()] {
        for index in 0..needed(&sample) {
            let name = sample.headers[index].0;
            let without = sample.clone().with(|sample| drop(sample.headers.remove(index)));
            assert_eq!(without.verify(), Err(Rejected::MissingHeader(name)), "{}", sample.scheme);
        }
    }
}

#[test]
fn an_id_that_is_not_signed_may_be_missing() {
    for sample in [github(), prolific(), bearer()] {
        let verified = sample.with(|sample| drop(sample.headers.pop())).verify().unwrap();
        assert_eq!(verified.id(), None);
    }
}

#[test]
fn hostile_headers_are_refused_and_harm_nothing() {
    let long = "a".repeat(5_000);
    let hostile = [
        "",
        " ",
        ",",
        "=",
        "v1,",
        "v1=",
        "t=",
        "t=,v1=",
        "sha256=",
        "v0=",
        "sha1=00",
        "sha256=zz",
        "v0=é",
        "t=1700000000",
        "t=1,t=2,v1=00",
        "99999999999999999999",
        "-1",
        "+1614265330",
        "1614265330.0",
        "1e9",
        "0x10",
        "Basic czNjcmV0",
        "Bearer",
        "bearer  ",
        "v1,====",
        "v1,\u{e9}",
        "{",
        "1614265330{",
        &long,
    ];
    for sample in [standard(), github(), stripe(), slack(), prolific(), bearer()] {
        let needed: Vec<&str> = sample.headers.iter().map(|(name, _)| *name).collect();
        for name in needed {
            for value in hostile {
                let result = sample.clone().header(name, value).verify();
                let is_unsigned_id = matches!(name, "x-github-delivery" | "x-event-id" | "idempotency-key");
                assert!(result.is_err() || is_unsigned_id, "{name}: {value:?}: {result:?}");
            }
            let twice = sample.clone().with(|sample| {
                let again = sample.headers.iter().find(|(known, _)| *known == name).cloned();
                sample.headers.extend(again);
            });
            assert!(matches!(twice.verify(), Err(Rejected::BadFormat { .. })), "{name} twice");
        }
    }
    let dotted = standard().header("webhook-id", "msg.1614265330");
    assert!(matches!(dotted.verify(), Err(Rejected::BadFormat { header: "webhook-id", .. })));
}

#[test]
fn the_digest_is_of_what_was_signed() {
    let of = |sample: Sample| sample.verify().unwrap().digest().copied();
    assert_eq!(of(github()), Some(digest(&[b"Hello, World!"])));
    assert_eq!(of(slack()), Some(digest(&[b"v0:1531420618:", &slack().body])));
    assert_eq!(of(prolific()), Some(digest(&[b"1700000000", &prolific().body])));
    // An id that nobody signed does not make another message of it.
    assert_eq!(of(github().header("x-github-delivery", "another")), of(github()));
    let without_id = bearer().header("idempotency-key", "");
    assert_eq!(of(without_id), Some(digest(&[b"{}"])), "there is nothing else to tell it by");
}

#[test]
fn the_id_in_a_body_is_its_own_if_it_is_a_text() {
    let slack_event = |body: &str| {
        let signature = format!("v0={}", hex::encode(hmac("key", &format!("v0:1700000000:{body}"))));
        let headers =
            [("x-slack-request-timestamp", "1700000000"), ("x-slack-signature", signature.as_str())];
        Sample::new(Scheme::Slack, "key", &headers, body, 1_700_000_000).verify().unwrap()
    };
    assert_eq!(slack_event("{\"event_id\": \"Ev08MFMKH6\"}").id(), Some("Ev08MFMKH6"));
    let long = format!("{{\"event_id\": \"{}\"}}", "x".repeat(MAX_ID + 1));
    let deep = "[".repeat(10_000);
    for body in [
        "{}",
        "[1]",
        "{\"event_id\": 7}",
        "{\"event_id\": \"\"}",
        "{\"event_id\": \"a\\n\"}",
        "not JSON",
        "",
        &long,
        &deep,
    ] {
        let verified = slack_event(body);
        assert!(matches!(verified, KnownBy::Digest(_)), "{body:.40}");
    }
}

#[test]
fn without_a_scheme_everything_is_taken() {
    let sample = Sample::new(Scheme::None, "", &[("webhook-id", "m1"), ("idempotency-key", "k1")], "x", 0);
    assert_eq!(sample.verify().unwrap().id(), Some("m1"));
    assert!(sample.with(|sample| (sample.secrets, sample.headers) = (vec![], vec![])).verify().is_ok());
}

#[test]
fn a_secret_that_cannot_work_is_found_before_it_is_used() {
    let check = |scheme, secret: &str| check_secret(scheme, &secret.into());
    for sample in [standard(), github(), stripe(), slack(), prolific(), bearer()] {
        assert_eq!(check(sample.scheme, sample.secrets[0]), Ok(()), "{}", sample.scheme);
        for bad in ["", "  ", "trailing\n", " leading"] {
            let message = check(sample.scheme, bad).unwrap_err();
            assert!(bad.trim().is_empty() || !message.contains(bad.trim()), "{message}");
        }
    }
    for bad in ["whsec_", "whsec_not/base64!", "hello world", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=="] {
        let message = check(Scheme::Standard, bad).unwrap_err();
        assert!(message.contains("base64") && (bad == "whsec_" || !message.contains(bad)), "{message}");
    }
    assert!(check(Scheme::Bearer, "two words").is_err());
    assert_eq!(check(Scheme::None, ""), Ok(()));
}
