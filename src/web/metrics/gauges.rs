//! How things stand now.

use super::page::{
    Kind::{Counter, Gauge},
    Page,
};
use crate::{
    config::Trigger,
    domain::Held,
    store::StoreError,
    watch::SeenSession,
    web::{
        Shared,
        board::{DRAWN, counts},
    },
};

/// For how many sessions players are told, those where somebody was last heard of first: each is a dozen series.
const SESSIONS: usize = 50;

pub(super) fn write(shared: &Shared, page: &mut Page) -> Result<(), StoreError> {
    daemon(shared, page);
    server(shared, page);
    work(shared, page)?;
    webhooks(shared, page);
    sessions(shared, page);
    Ok(())
}

fn daemon(shared: &Shared, page: &mut Page) {
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    page.family("uproctor_info", Gauge, "The version, as a label.").value(&version, 1);
    let started = shared.board.started.as_duration().as_secs_f64();
    page.one("uproctor_start_time_seconds", Gauge, "When the daemon was started.", started);
    let ready = u8::from(shared.not_ready().is_empty());
    page.one("uproctor_ready", Gauge, "1 if events are taken and acted on, as /ready says.", ready);
    let wrote = shared.state.pulse.wrote().as_second();
    page.one(
        "uproctor_store_written_timestamp_seconds",
        Gauge,
        "When the store could last be written.",
        wrote,
    );
}

fn server(shared: &Shared, page: &mut Page) {
    let client = &shared.state.tools.client;
    let health = client.health();
    if health.answered.is_some() || health.failing.is_some() {
        let up = u8::from(health.failing.is_none());
        page.one(
            "uproctor_server_up",
            Gauge,
            "1 if the uproot server answers, 0 if its last requests failed.",
            up,
        );
    }
    if let Some(at) = health.answered {
        let at = at.as_duration().as_secs_f64();
        page.one(
            "uproctor_server_answered_timestamp_seconds",
            Gauge,
            "When the uproot server last answered.",
            at,
        );
    }
    if let Some(took) = health.took {
        let took = took.as_secs_f64();
        page.one("uproctor_server_answer_seconds", Gauge, "How long its last answer took.", took);
    }
    if let Some(skew) = client.clock_skew() {
        let about = "By how much the server's clock is ahead of ours, to a second.";
        page.one("uproctor_server_clock_skew_seconds", Gauge, about, skew.as_secs_f64());
    }
}

fn work(shared: &Shared, page: &mut Page) -> Result<(), StoreError> {
    let (state, now) = (&shared.state, shared.state.tools.env.now());
    let (sizes, waits) = (state.history.sizes()?, state.history.waits_for_people()?);
    let holds = state.history.holds(now)?;
    let config = &state.routes.get().config;
    let mut modes = page.family("uproctor_automations", Gauge, "Automations of the configuration.");
    for mode in ["live", "approve", "dry-run"] {
        let count = config.automations.iter().filter(|one| one.mode.as_str() == mode).count();
        modes.value(&[("mode", mode)], count);
    }
    page.one("uproctor_events_waiting", Gauge, "Events that wait for their turn.", sizes.waiting);
    page.one("uproctor_runs_running", Gauge, "Runs under way.", sizes.running);
    let about = "Writes that were sent and of which nothing was heard yet.";
    page.one("uproctor_effects_unsettled", Gauge, about, sizes.claimed);
    let inbox = state.committed.max_capacity().saturating_sub(state.committed.capacity());
    page.one(
        "uproctor_inbox_events",
        Gauge,
        "Committed events that the daemon's loop has not taken up yet.",
        inbox,
    );
    page.one("uproctor_plans_waiting", Gauge, "Plans that wait for a person.", waits.plans);
    page.one("uproctor_dead_letters_open", Gauge, "Runs that need a person.", waits.dead);
    let mut held = page.family("uproctor_holds", Gauge, "What is paused.");
    for (word, is_it) in [
        ("everything", (|held| matches!(held, Held::Everything)) as fn(&Held) -> bool),
        ("automation", |held| matches!(held, Held::Automation(_))),
        ("session", |held| matches!(held, Held::Session(_))),
        ("player", |held| matches!(held, Held::Player(..))),
    ] {
        held.value(&[("held", word)], holds.iter().filter(|hold| is_it(&hold.held)).count());
    }
    page.one("uproctor_store_bytes", Gauge, "The size of the store.", sizes.bytes);
    Ok(())
}

fn webhooks(shared: &Shared, page: &mut Page) {
    let routes = shared.state.routes.get();
    let mut hooks: Vec<_> = routes.config.automations.iter().flat_map(|one| &one.triggers).collect();
    hooks.retain(|trigger| matches!(trigger, Trigger::Webhook(_)));
    let about =
        "Messages to webhooks: taken, taken before, refused for their signature, or failed otherwise.";
    let mut family = page.family("uproctor_webhook_messages_total", Counter, about);
    for trigger in hooks {
        let Trigger::Webhook(webhook) = trigger else { continue };
        let (hook, counts) = (webhook.hook.as_str(), shared.board.counted(&webhook.hook));
        for (outcome, count) in [
            ("taken", counts.taken),
            ("again", counts.again),
            ("refused", counts.refused),
            ("failed", counts.failed),
        ] {
            family.value(&[("hook", hook), ("outcome", outcome)], count);
        }
    }
}

fn sessions(shared: &Shared, page: &mut Page) {
    let watch = &shared.state.tools.watch;
    let mut sessions = watch.seen();
    page.one("uproctor_sessions_observed", Gauge, "Sessions that are observed.", sessions.len());
    page.one("uproctor_looks_total", Counter, "Looks at what is observed.", watch.looks());
    sessions.sort_by(|one, two| two.alive.total_cmp(&one.alive).then_with(|| one.name.cmp(&two.name)));
    sessions.truncate(SESSIONS);
    let about = "When a session was last looked at; of the 50 sessions where somebody was last heard of.";
    let mut looked = page.family("uproctor_session_looked_timestamp_seconds", Gauge, about);
    for SeenSession { name, looked: at, .. } in &sessions {
        if let Some(at) = at {
            looked.value(&[("session", name)], at - watch.ahead());
        }
    }
    let about = "Players by the state they are in; of the same sessions.";
    let mut players = page.family("uproctor_players", Gauge, about);
    for session in &sessions {
        for (class, count) in DRAWN.iter().zip(counts(session)) {
            players.value(&[("session", &session.name), ("class", class.as_str())], count);
        }
    }
}
