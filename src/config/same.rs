//! Whether an automation is still the same after the configuration was read again.

use secrecy::ExposeSecret;

use super::{Automation, Trigger, Webhook};

impl Automation {
    /// Whether the two are the same, wherever they stand in the file. The text of the script is not looked at.
    pub fn is_same(&self, other: &Self) -> bool {
        let Self { name, triggers, script, params, mode, allow, overlap, pace, time_limit, .. } = self;
        *name == other.name
            && *script == other.script
            && *params == other.params
            && *mode == other.mode
            && *allow == other.allow
            && *overlap == other.overlap
            && *pace == other.pace
            && *time_limit == other.time_limit
            && triggers.len() == other.triggers.len()
            && triggers.iter().zip(&other.triggers).all(|(one, two)| one.is_same(two))
    }
}

impl Trigger {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Clock(clock, timing), Self::Clock(other, its)) => {
                clock.to_string() == other.to_string() && timing == its
            }
            (Self::Webhook(webhook), Self::Webhook(other)) => webhook.is_same(other),
            (Self::Poll(poll), Self::Poll(other)) => poll == other,
            (Self::Observe(observe), Self::Observe(other)) => observe == other,
            (Self::OtherRuns(runs), Self::OtherRuns(other)) => runs.automations == other.automations,
            (Self::Started, Self::Started) => true,
            _ => false,
        }
    }
}

impl Webhook {
    fn is_same(&self, other: &Self) -> bool {
        let secrets = |webhook: &Self| -> Vec<String> {
            webhook.secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect()
        };
        self.hook == other.hook
            && self.scheme == other.scheme
            && self.per_minute == other.per_minute
            && secrets(self) == secrets(other)
    }
}
