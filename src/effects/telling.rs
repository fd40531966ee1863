//! Telling people something, through a channel of the configuration. It is done once the notice is committed: from there it goes
//! out by itself, however long the channel takes.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Actor, Door, EffectError, resume::same};
use crate::{
    config::Channels,
    domain::{Capability, ChannelName, Effect, EffectState, NewNotice, did_you_mean},
};

pub use crate::store::Told;

/// What a script wants to tell; as JSON a plan keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telling {
    /// To whom.
    pub channel: ChannelName,
    /// A few words.
    pub title: String,
    /// The text.
    pub text: String,
    /// It should wake somebody up.
    pub urgent: bool,
    /// What it is known by: with it, it is told once within a time.
    pub key: Option<String>,
    /// Within how many milliseconds.
    pub within: u64,
}

impl Telling {
    /// Within how long the same key is told once.
    pub(super) fn within(&self) -> Duration {
        Duration::from_millis(self.within)
    }

    /// The notice of a run.
    pub(super) fn notice(&self, actor: &Actor, now: Timestamp) -> NewNotice {
        NewNotice {
            channel: self.channel.clone(),
            kind: None,
            automation: Some(actor.automation.clone()),
            run: Some(actor.run),
            key: self.key.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            urgent: self.urgent,
            at: now,
            due: now,
        }
    }
}

impl Door {
    /// Tells people something, once. `None` where nothing was told: in a dry run, since it waits for a person, or since an earlier
    /// run had told it, in whose place this one goes on.
    pub fn tell(
        &self,
        actor: &Actor,
        telling: &Telling,
        channels: &Channels,
    ) -> Result<Option<Told>, EffectError> {
        let Some(capability) = Capability::named("notify.send") else {
            return Err(EffectError::Bad("notify.send is not known".to_owned()));
        };
        actor.require(capability)?;
        actor.scope.check(self.env.now())?;
        if !channels.contains_key(&telling.channel) {
            let near = did_you_mean(telling.channel.as_str(), channels.keys().map(ChannelName::as_str));
            let help = near.map_or_else(
                || format!("add a section [channel.{}] to the configuration", telling.channel),
                |near| format!("did you mean \"{near}\"?"),
            );
            let message = format!("there is no channel \"{}\": {help}", telling.channel);
            return Err(EffectError::Refused(message));
        }
        self.admit_elsewhere(actor)?;
        let ordinal = actor.next_ordinal();
        let effect = Effect {
            ordinal,
            action: capability.to_string(),
            target: Some(telling.channel.to_string()),
            player: None,
            arguments: json!({
                "title": telling.title, "text": telling.text, "urgent": telling.urgent, "key": telling.key,
            }),
            precondition: None,
            irreversible: false,
            state: EffectState::Claimed,
            note: None,
        };
        if actor.before().take(|before| same(before, &effect)) {
            return Ok(None);
        }
        self.claim_notice(actor, telling, effect)
    }
}
