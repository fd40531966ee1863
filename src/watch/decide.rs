//! What has come true after a look, as events and what must be remembered of them. Nothing is written here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Known, Watch, classify,
    look::{self, Look},
    memory::{Common, Remembered},
    rule::{self, Due, Fired, Rule},
    seconds,
    server::{self, Health},
    session::Session,
};
use crate::{
    config::Observed,
    domain::{Detail, EventKind, NoticeKind, Observation},
    store::NewEvent,
};

/// How often what is known is written down although nothing has come of it, in seconds.
const CHECKPOINT: f64 = 60.0;

/// What a decision has gathered.
#[derive(Default)]
pub(super) struct New {
    pub(super) events: Vec<NewEvent>,
    /// What people are to be told of the server.
    pub(super) news: Vec<(NoticeKind, String)>,
    /// What is to be written down, by names.
    pub(super) remembered: Vec<(String, String)>,
    pub(super) fired: BTreeMap<String, Fired>,
    pub(super) common: Common,
}

impl New {
    fn remember(&mut self, name: &str, value: &impl serde::Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.remembered.push((name.to_owned(), text)),
            // Numbers and texts always are JSON.
            Err(error) => tracing::error!(%error, "what is known of {name:?} is not written down"),
        }
    }
}

impl Watch {
    /// What has come true, and what is to be remembered of it.
    pub(super) fn decide(&self, look: &Look) -> New {
        let now = self.server_now();
        let at = self.env.now();
        let mut known = self.lock();
        let mut new = New::default();
        // A server that cannot be read tells no time: what is waited for begins when it can.
        if look.failure.is_none() || !look.sessions.is_empty() {
            let keys: Vec<String> = known.rules.iter().map(Rule::scope).collect();
            let since = known.rules_since + known.last_skew;
            for key in keys {
                known.common.began.entry(key).or_insert(since);
            }
        }
        for name in &look.sessions {
            let Some(session) = known.sessions.get(name) else { continue };
            let view = known.view(session, now);
            let fired = known.fired.get(name).cloned().unwrap_or_default();
            let due = rule::due(session, &view, &known.rules, &known.common.began, &fired);
            // Of a session that sleeps, nothing is waited for.
            let checkpoint = session.is_awake(now)
                && known.checkpoints.get(name).is_none_or(|last| now - last >= CHECKPOINT);
            let mut after = fired;
            for Due { rule, player, since, visit } in &due {
                let rule = &known.rules[*rule];
                let subject = player.and_then(|at| session.players.get_index(at)).map(|(name, _)| &**name);
                after.put(&rule.key(), subject.unwrap_or_default(), visit.clone());
                // Who is called stalled by this trigger is not to be called anything else in the same breath.
                let view = classify::View { patience: view.patience.min(rule.patience()), ..view.clone() };
                let told = player.and_then(|at| session.player(at, &view));
                new.events.push(of_session(at, rule, session, subject, told, *since));
            }
            if !due.is_empty() || checkpoint {
                let remembered = Remembered::of(session, after.clone());
                new.remember(name, &remembered);
                new.fired.insert(name.clone(), after);
                known.checkpoints.insert(name.clone(), now);
            }
        }
        new.common = known.common.clone();
        self.decide_beside(&known, look, at, &mut new);
        if new.common != known.written {
            let common = new.common.clone();
            new.remember("", &common);
        }
        new
    }

    /// The same of rooms and the server.
    fn decide_beside(&self, known: &Known, look: &Look, at: Timestamp, new: &mut New) {
        let rules = &known.rules;
        if let Some(rooms) = &look.rooms {
            let now = seconds(at);
            let usual = look::usual(look::PRESENCE.max(known.section.every.as_secs_f64()));
            let fired = new.common.fired.clone();
            for full in new.common.lobbies.take(now, usual, rooms, rules, &fired) {
                let rule = &rules[full.rule];
                new.common.fired.put(&rule.key(), &full.room, full.visit);
                let subject = json!({"room": full.room});
                new.events.push(event(at, rule, EventKind::Room, subject, full.about));
            }
        }
        if look.was_cancelled() {
            return;
        }
        let health = Health { failed: look.is_down(), restarted: look.restarted };
        for (rule, visit, about) in server::take(look.began, seconds(at), health, rules, &mut new.common) {
            let rule = &rules[rule];
            new.common.fired.put(&rule.key(), "", visit);
            new.events.push(event(at, rule, EventKind::Server, json!({}), about));
        }
        new.news.extend(server::news(&mut new.common, seconds(at), known.tells_of_server));
    }
}

/// An event about a session, or a player of it.
fn of_session(
    at: Timestamp,
    rule: &Rule,
    session: &Session,
    player: Option<&str>,
    told: Option<Value>,
    since: f64,
) -> NewEvent {
    let name = session.name.as_str();
    let mut about = Map::new();
    about.insert("session".into(), json!(name));
    about.insert("since".into(), json!(since));
    about.insert("counts".into(), session.counts());
    let (kind, subject) = match &rule.what {
        Observed::Player { .. } => {
            about.insert("player".into(), told.unwrap_or_default());
            let player = player.unwrap_or_default();
            (EventKind::Player, json!({"session": name, "player": format!("{name}/{player}")}))
        }
        _ => (EventKind::Session, json!({"session": name})),
    };
    event(at, rule, kind, subject, about)
}

fn event(at: Timestamp, rule: &Rule, kind: EventKind, subject: Value, about: Map<String, Value>) -> NewEvent {
    let what = rule.what.word().to_owned();
    let detail = Detail::Observed(Box::new(Observation { what, subject, about }));
    NewEvent { automation: rule.automation.clone(), kind, at, detail }
}
