//! How the sender of a webhook shows that it is the one it says.

use std::{fmt, str::FromStr};

use super::did_you_mean;

/// How a webhook's messages are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Standard Webhooks: <https://www.standardwebhooks.com>.
    Standard,
    /// GitHub's `X-Hub-Signature-256`.
    Github,
    /// Stripe's `Stripe-Signature`.
    Stripe,
    /// Slack's `X-Slack-Signature`.
    Slack,
    /// Prolific's `X-Prolific-Request-Signature`.
    Prolific,
    /// No signature, but a token that only the sender knows: `Authorization: Bearer`.
    Bearer,
    /// Anybody may send.
    None,
}

impl Scheme {
    /// Every scheme, in the order in which they are explained to users.
    pub const ALL: [Scheme; 7] = [
        Scheme::Standard,
        Scheme::Github,
        Scheme::Stripe,
        Scheme::Slack,
        Scheme::Prolific,
        Scheme::Bearer,
        Scheme::None,
    ];

    /// The name, as it stands in `config.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Standard => "standard",
            Scheme::Github => "github",
            Scheme::Stripe => "stripe",
            Scheme::Slack => "slack",
            Scheme::Prolific => "prolific",
            Scheme::Bearer => "bearer",
            Scheme::None => "none",
        }
    }

    /// Whether a hook of this scheme is nothing without a secret.
    pub fn needs_secret(self) -> bool {
        self != Scheme::None
    }
}

/// Why a text is not a scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no webhook scheme {text:?}: {}", instead(.text))]
pub struct SchemeError {
    /// The text, as it was given.
    pub text: String,
}

fn instead(text: &str) -> String {
    let names = Scheme::ALL.map(Scheme::as_str);
    match did_you_mean(&text.to_ascii_lowercase(), names) {
        Some(name) => format!("did you mean {name:?}? The schemes are {}", names.join(", ")),
        None => format!("write one of {}", names.join(", ")),
    }
}

impl FromStr for Scheme {
    type Err = SchemeError;
    fn from_str(text: &str) -> Result<Self, SchemeError> {
        let found = Scheme::ALL.into_iter().find(|scheme| scheme.as_str() == text);
        found.ok_or_else(|| SchemeError { text: text.to_owned() })
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_read_and_write() {
        for scheme in Scheme::ALL {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
        }
        for (wrong, says) in [
            ("GitHub", "did you mean \"github\"?"),
            ("standart", "did you mean \"standard\"?"),
            ("hmac", "write one of standard, github, stripe, slack, prolific, bearer, none"),
            ("", "write one of"),
        ] {
            let message = wrong.parse::<Scheme>().unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
        }
        assert!(Scheme::Bearer.needs_secret() && !Scheme::None.needs_secret());
    }
}
