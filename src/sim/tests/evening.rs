//! One random evening: an experiment, people, automations, webhooks and what goes wrong, all from a seed.

use std::time::Duration;

use rand::RngExt as _;
use rand_pcg::Pcg64Mcg;
use serde_json::{Map, json};
use tempfile::TempDir;

use crate::{
    api::Generation,
    config::{self, Config},
    domain::Mode,
    sandbox::{Mix, Scenario},
    script::Library,
    sim::{Approval, Faults, Rehearsal, Setup},
};

/// The scripts of a new project, and some that are as bad as scripts get.
const SCRIPTS: [(&str, &str); 10] = [
    ("step_stalled.rhai", include_str!("../../../scripts/step_stalled.rhai")),
    ("welcome.rhai", include_str!("../../../scripts/welcome.rhai")),
    ("returned.rhai", include_str!("../../../scripts/returned.rhai")),
    ("fill_and_advance.rhai", include_str!("../../../scripts/fill_and_advance.rhai")),
    ("free_partners.rhai", include_str!("../../../scripts/free_partners.rhai")),
    ("remind.rhai", include_str!("../../../scripts/nudge.rhai")),
    (
        "nudge.rhai",
        r#"
        fn run(event) {
            let s = param("session");
            for p in players::list(s) {
                if p.show_page < 1 || p.show_page >= p.page_order.len() { continue; }
                let page = p.show_page;
                try { players::message(s, p.name, "Are you there?"); } catch (error) { log::warn(error.message); }
                wait_for("20s");
                for q in players::list(s) {
                    if q.name == p.name && q.show_page == page { players::advance(s, q.name); }
                }
                return;
            }
        }
        "#,
    ),
    (
        "count.rhai",
        r#"
        fn run(event) {
            let n = kv::add("seen", 1);
            let s = param("session");
            notify::send("lab", `${n} times`);
            let names = [];
            for p in players::list(s) { names.push(p.name); }
            if names.is_empty() { return; }
            players::set_fields(s, names, #{ seen: n });
            sessions::set_active(s, n % 2 == 0);
        }
        "#,
    ),
    (
        "everybody.rhai",
        r#"
        fn run(event) {
            let s = param("session");
            let names = [];
            for p in players::list(s) { names.push(p.name); }
            let result = players::advance(s, names);
            log::info("advanced " + result.advanced);
            players::advance(s, names);
        }
        "#,
    ),
    (
        "other_moves.rhai",
        r#"
        fn run(event) {
            let n = kv::add("moves", 1);
            let s = param("session");
            sessions::set_testing(s, n % 2 == 1);
            for p in players::list(s) {
                if p.show_page < 1 || p.show_page >= p.page_order.len() { continue; }
                switch n % 4 {
                    0 => players::end(s, p.name),
                    1 => players::redirect(s, p.name, "https://example.org/"),
                    _ => players::revert(s, p.name),
                }
                return;
            }
        }
        "#,
    ),
];

/// What somebody does at a time of their own.
enum Act {
    /// A participant of this name returns what they had begun.
    Return(String),
    /// A person decides about the plans that wait.
    Decide,
}

/// See the module.
pub(super) struct Evening {
    setup: Setup,
    length: Duration,
    acts: Vec<(u64, Act)>,
    /// Draws what a person decides about plans.
    person: Pcg64Mcg,
    _folder: TempDir,
}

impl Evening {
    pub(super) fn draw(seed: u64) -> Self {
        let mut rng = Pcg64Mcg::new(u128::from(seed) << 64 | 0xe7e);
        let folder = tempfile::tempdir().expect("a folder");
        let scripts = folder.path().join("scripts");
        std::fs::create_dir(&scripts).expect("a folder");
        for (name, text) in SCRIPTS {
            std::fs::write(scripts.join(name), text).expect("a script");
        }
        let names = ["dilemma", "survey", "market"];
        let scenario = Scenario::load(names[rng.random_range(0..names.len())]).accept();
        let scenario = scenario.unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut share = |most: f64| Some(rng.random_range(0.0..most));
        let mix = Mix {
            stalls: share(0.5),
            absent: share(0.3),
            dropouts: share(0.3),
            two_tabs: share(0.3),
            throttled: share(0.3),
            racers: share(0.5),
            players: Some(rng.random_range(2..12)),
            ..Mix::default()
        };
        let text = automations(&mut rng);
        let draft = config::parse_for_rehearsal(&folder.path().join("config.toml"), text);
        let mut config = draft.accept().unwrap_or_else(|problems| panic!("{problems:?}"));
        let (library, problems) = Library::load(&config);
        assert!(problems.is_empty(), "{problems:?}");
        let generation = match rng.random_range(0..3) {
            0 => Generation::Contract,
            1 => Generation::Toggling,
            _ => Generation::Newest,
        };
        let much = |rng: &mut Pcg64Mcg| rng.random_range(0.0..0.1);
        let faults = Faults {
            lost_requests: much(&mut rng),
            lost_answers: much(&mut rng),
            slow_answers: much(&mut rng),
            server_errors: much(&mut rng),
            server_restarts: rng.random_range(0.0..6.0),
            crashes: rng.random_range(0.0..20.0),
            clock_jumps: rng.random_range(0.0..4.0),
            repeated_webhooks: rng.random_range(0.0..0.8),
        };
        let length = Duration::from_secs(rng.random_range(300..1500));
        let mut webhooks: Vec<(u64, String)> = (0..rng.random_range(0..12))
            .map(|_| (rng.random_range(0..length.as_secs()), format!("worker-{}", rng.random_range(1..12))))
            .collect();
        webhooks.sort();
        let mut person = Pcg64Mcg::new(u128::from(seed) << 64 | 0x9e5);
        let (approval, decisions) = approval(&mut person, &mut config, length);
        let mut acts: Vec<(u64, Act)> =
            webhooks.into_iter().map(|(at, worker)| (at, Act::Return(worker))).collect();
        acts.extend(decisions.into_iter().map(|at| (at, Act::Decide)));
        acts.sort_by_key(|(at, _)| *at);
        let start = "2026-03-02T18:00:00Z".parse().expect("an instant");
        let setup = Setup { config, library, scenario, mix, generation, faults, approval, seed, start };
        Self { setup, length, acts, person, _folder: folder }
    }

    /// Plays it, and lets it come to rest.
    pub(super) fn play(&mut self) -> Rehearsal {
        let mut rehearsal = Rehearsal::prepare(self.setup.clone()).expect("a rehearsal");
        let mut at = 0;
        for (when, act) in &self.acts {
            rehearsal.run_for(Duration::from_secs(when - at)).expect("time passes");
            at = *when;
            match act {
                Act::Return(worker) => {
                    let payload = json!({"status": "RETURNED", "participant_id": worker});
                    rehearsal.webhook("returned", payload, Map::new()).expect("a webhook");
                }
                Act::Decide => decide(&mut rehearsal, &mut self.person),
            }
        }
        rehearsal.run_for(self.length - Duration::from_secs(at)).expect("time passes");
        rehearsal.calm_down();
        // Longer than a daemon is away, a late webhook takes, and the longest run.
        rehearsal.run_for(Duration::from_mins(15)).expect("time passes");
        rehearsal
    }
}

/// Lets some automations wait for approval on some evenings; says when it comes by itself, and when a person decides in
/// their own way.
fn approval(rng: &mut Pcg64Mcg, config: &mut Config, length: Duration) -> (Approval, Vec<u64>) {
    if rng.random_bool(0.5) {
        config.notify.clear();
    }
    if rng.random_bool(0.5) {
        return (Approval::Never, Vec::new());
    }
    for automation in &mut config.automations {
        if rng.random_bool(0.6) {
            automation.mode = Mode::Approve;
        }
    }
    config.guard.plans_expire = Duration::from_secs(rng.random_range(20..600));
    match rng.random_range(0..3) {
        0 => (Approval::Never, Vec::new()),
        1 => {
            let decisions = (0..rng.random_range(1..8)).map(|_| rng.random_range(0..length.as_secs()));
            (Approval::Never, decisions.collect())
        }
        _ => (Approval::After(Duration::from_secs(rng.random_range(0..240))), Vec::new()),
    }
}

/// Approves some of the plans that wait and rejects others, also of those that a guard stopped.
fn decide(rehearsal: &mut Rehearsal, rng: &mut Pcg64Mcg) {
    for asked in rehearsal.plans().expect("the store of a rehearsal works") {
        if asked.plan.state == "waiting" {
            let plan = asked.plan.run;
            let decided = match rng.random_range(0..3) {
                0 => rehearsal.reject(plan),
                1 => rehearsal.approve(plan),
                _ => Ok(()),
            };
            decided.expect("it waits");
        }
    }
}

/// How runs of an automation follow one another, in the words of a configuration. What waits has to be worked off before
/// an evening ends.
fn pace(rng: &mut Pcg64Mcg, bursts: bool) -> String {
    let mut lines = String::new();
    let mut line = |rng: &mut Pcg64Mcg, share: f64, text: String| {
        if rng.random_bool(share) {
            lines.push_str(&text);
            lines.push('\n');
        }
    };
    let at_once = rng.random_range(1..4);
    let overlap = match rng.random_range(0..4) {
        0 => "overlap = \"single\"".to_owned(),
        1 => "overlap = \"queued\"".to_owned(),
        2 => format!("overlap = \"parallel\"\nmax = {at_once}"),
        _ => "overlap = \"restart\"".to_owned(),
    };
    line(rng, 0.8, overlap);
    let quiet = rng.random_range(1..30);
    let max_wait =
        if rng.random_bool(0.5) { format!(", max_wait = \"{}s\"", 2 * quiet) } else { String::new() };
    let (rate, limit) = (rng.random_range(1..4), rng.random_range(1..5));
    if bursts {
        line(rng, 0.4, format!("debounce = {{ quiet = \"{quiet}s\"{max_wait} }}"));
    }
    line(rng, 0.3, format!("throttle = \"{rate} per 30s\""));
    line(rng, 0.3, format!("rate_limit = \"{limit} per 2m\""));
    let cooldown = rng.random_range(5..90);
    line(rng, 0.3, format!("cooldown = \"{cooldown}s\""));
    lines
}

/// Some automations, in the words of a configuration; the one for webhooks is always there.
fn automations(rng: &mut Pcg64Mcg) -> String {
    let mut text = String::from(
        r#"
        [uproot]
        token_env = "TOKEN"
        [daemon]
        timezone = "UTC"
        [channel.lab]
        kind = "slack"
        url_env = "HOOK"
        [[notify]]
        to = "lab"
        digest = "2m"
        [[automation]]
        name = "returned"
        on = { webhook = "prolific", scheme = "prolific", secret_env = "SECRET" }
        script = "returned.rhai"
        params = { session = "lab" }
        allow = ["players.dropout"]
        "#,
    );
    text.push_str(&pace(rng, true));
    if rng.random_bool(0.5) {
        text.push_str("key = \"participant_id\"\n");
    }
    if rng.random_bool(0.3) {
        // A table of its own may stand between the automations.
        let (players, actions) = (rng.random_range(1..6), rng.random_range(3..30));
        text.push_str(&format!(
            "\n[guard]\nmax_players_per_run = {players}\nmax_actions = \"{actions} per 10m\"\n"
        ));
    }
    let mut add = |name: &str, on: &str, script: &str, params: &str, allow: &str, rest: &str| {
        text.push_str(&format!(
            "\n[[automation]]\nname = \"{name}\"\non = {{ {on} }}\nscript = \"{script}\"\n\
             params = {{ session = \"lab\"{params} }}\nallow = [{allow}]\n{rest}\n"
        ));
    };
    let chosen = |rng: &mut Pcg64Mcg| rng.random_bool(0.6);
    if chosen(rng) {
        let patience = format!(", patience = \"{}s\"", rng.random_range(10..200));
        let on = ["cron = \"* * * * *\"", "every = \"30s\""][rng.random_range(0..2)];
        let jitter = ["", ", jitter = \"5s\"", ", jitter = \"25s\""][rng.random_range(0..3)];
        let on = format!("{on}{jitter}");
        let pace = pace(rng, false);
        add("step-stalled", &on, "step_stalled.rhai", &patience, "\"players.advance\"", &pace);
    }
    if chosen(rng) {
        let on = format!("poll = \"{}s\"", rng.random_range(5..40));
        let more = [", backfill = \"all\"", "", ", for = \"20s\""][rng.random_range(0..3)];
        let on = format!("{on}{more}");
        add("welcome", &on, "welcome.rhai", ", text = \"Welcome\"", "\"players.message\"", &pace(rng, true));
    }
    if chosen(rng) {
        let on = ["every = \"45s\"", "every = \"10s\", jitter = \"9s\""][rng.random_range(0..2)];
        let allow = "\"players.message\", \"players.advance\"";
        add("nudge", on, "nudge.rhai", "", allow, &pace(rng, false));
    }
    if chosen(rng) {
        let allow = "\"players.fields\", \"sessions.active\", \"notify.send\"";
        add("count", "cron = \"*/2 * * * *\", missed = \"once\"", "count.rhai", "", allow, "");
    }
    if rng.random_bool(0.3) {
        add("everybody", "every = \"4m\"", "everybody.rhai", "", "\"players.advance\"", "");
    }
    if rng.random_bool(0.3) {
        let allow = "\"players.end\", \"players.revert\", \"players.redirect\", \"sessions.testing\"";
        add("other-moves", "every = \"70s\"", "other_moves.rhai", "", allow, "");
    }
    if chosen(rng) {
        let patience = rng.random_range(20..200);
        let on = format!("player = \"stalled\", for = \"{patience}s\"");
        let texts = ", text = \"Are you there?\", again = \"Please go on.\", wait = \"30s\"";
        add("remind", &on, "remind.rhai", texts, "\"players.message\"", &pace(rng, true));
    }
    if chosen(rng) {
        let defaults =
            ", defaults = { \"dilemma/Decision\" = { cooperate = false }, \"market/Bid\" = { bid = 0 } }";
        let allow = "\"players.fields\", \"players.advance\"";
        add("fill", "player = \"absent\"", "fill_and_advance.rhai", defaults, allow, &pace(rng, true));
    }
    if chosen(rng) {
        let to = ["next", "end"][rng.random_range(0..2)];
        let allow = "\"players.fields\", \"players.advance\", \"players.end\"";
        let to = format!(", to = \"{to}\"");
        add("free", "player = \"victim\"", "free_partners.rhai", &to, allow, &pace(rng, true));
    }
    text
}
