//! A daemon that is killed again and again while webhooks arrive and players are stepped: nothing is lost, and nothing is
//! done twice. `UPROCTOR_KILLS=500` for more kills, `UPROCTOR_SEED=N` for other moments.

use std::{
    collections::BTreeMap,
    env, fmt, fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    daemon::{Daemon, address},
    lab::Lab,
    post::{SECRET, post},
    project::Project,
};

const SENDERS: u64 = 3;
/// The messages for each kill, about as many as the daemon can handle in between.
const MESSAGES: u64 = 8;
/// About so many steps for each player: a daemon takes what it did itself long ago for the hand of a person.
const STEPS: u64 = 50;

const SCRIPT: &str =
    "fn run(event) {\n    players::list(\"s\");\n    players::advance(\"s\", event.payload.player);\n}";

const CONFIG: &str = r#"
[guard]
max_actions = "10000 per 10m"

[[automation]]
name = "step"
on = { webhook = "step", scheme = "standard", secret_env = "HOOK_SECRET", rate = 1000000 }
script = "step.rhai"
allow = ["players.advance"]
overlap = "queued"
key = "player"
max = 1000
"#;

fn variable(name: &str, usual: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Players who sit on the first of so many pages.
fn experiment(pages: u64) -> String {
    let page = |number| format!("{{ page = \"P{number}\", think = \"100h\" }}");
    let pages: Vec<String> = (0..pages).map(page).collect();
    format!(
        "[config.long]\napps = [\"long\"]\n\n[app.long]\npages = [{}]\n\n[participants]\nconfig = \"long\"\narrive = \"0s\"\n",
        pages.join(", ")
    )
}

/// What a sender of webhooks knows.
#[derive(Default)]
struct Sent {
    players: u64,
    /// The messages that were taken, each with its event.
    taken: Mutex<BTreeMap<u64, Value>>,
    next: AtomicU64,
    /// How many messages there are to be so far.
    allowed: AtomicU64,
    /// No daemon is there any more to take messages.
    over: AtomicBool,
}

impl Sent {
    /// Sends messages as they are allowed, each until it is taken, and every fifth once more after that.
    fn send(&self, project: &Project) {
        loop {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            while number >= self.allowed.load(Ordering::SeqCst) {
                if self.over.load(Ordering::SeqCst) {
                    return;
                }
                thread::sleep(Duration::from_millis(10));
            }
            let Some(event) = self.deliver(project, number) else { return };
            if number.is_multiple_of(5) {
                let again = self.deliver(project, number);
                assert!(again.is_none_or(|again| again == event), "message {number} became two events");
            }
            self.taken.lock().unwrap().insert(number, event);
        }
    }

    /// Sends one message until it is taken; gives its event.
    fn deliver(&self, project: &Project, number: u64) -> Option<Value> {
        let body = json!({ "number": number, "player": format!("p{}", 1 + number % self.players) });
        while !self.over.load(Ordering::SeqCst) {
            let answer = address(project).and_then(|at| post(&at, "step", &format!("m{number}"), &body).ok());
            match answer {
                Some((200 | 202, answer)) => return Some(answer["event"].clone()),
                Some((429 | 503, _)) | None => thread::sleep(Duration::from_millis(15)),
                Some((status, answer)) => panic!("message {number}: {status} {answer}"),
            }
        }
        None
    }
}

/// Lets the senders end.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What is left to do, as the store says.
fn open(store: &Connection) -> i64 {
    let sql = "SELECT (SELECT count(*) FROM event WHERE state IN ('accepted', 'running'))
                    + (SELECT count(*) FROM effect WHERE state = 'claimed')";
    store.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
#[expect(clippy::print_stderr, reason = "how much was tried is the result")]
fn nothing_is_lost_or_done_twice_however_often_the_daemon_is_killed() {
    let (kills, seed) = (variable("UPROCTOR_KILLS", 12), variable("UPROCTOR_SEED", 1));
    let begin = Instant::now();
    let players = 20.max(kills * MESSAGES / STEPS);
    let lab =
        Lab::with_experiment(&experiment(2 * STEPS), usize::try_from(players).unwrap(), "newest", CONFIG);
    lab.project.write("scripts/step.rhai", SCRIPT);
    let variables = [("SANDBOX_TOKEN", "T"), ("HOOK_SECRET", SECRET)];
    let mut random = Pcg64::seed_from_u64(seed);
    let sent = Sent { players, ..Sent::default() };
    thread::scope(|scope| {
        // Also where something goes wrong: the senders are waited for.
        let _over = Over(&sent.over);
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(|| sent.send(&lab.project))).collect();
        for _ in 0..kills {
            sent.allowed.fetch_add(MESSAGES, Ordering::SeqCst);
            let daemon = Daemon::begin(&lab.project, &[], &variables);
            thread::sleep(Duration::from_millis(random.random_range(50..900)));
            daemon.kill();
        }
        let daemon = Daemon::start(&lab.project, &[], &variables);
        let all = kills * MESSAGES;
        let patience = Duration::from_secs(60 + kills);
        let waiting = Instant::now();
        let store = Connection::open(lab.project.path().join("uproctor.db")).unwrap();
        store.busy_timeout(Duration::from_secs(5)).unwrap();
        while u64::try_from(sent.taken.lock().unwrap().len()).unwrap() < all || open(&store) > 0 {
            if waiting.elapsed() > patience || senders.iter().any(thread::ScopedJoinHandle::is_finished) {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        assert!(daemon.stop().success());
    });
    let taken = sent.taken.into_inner().unwrap();
    let found = look(&lab, players, &taken);
    assert!(found.broken.is_empty(), "seed {seed}: {:#?}\n{found}", found.broken);
    assert_eq!(taken.len() as u64, kills * MESSAGES, "every message was taken in the end");
    eprintln!("{kills} kills in {:.0?}, seed {seed}: {found}", begin.elapsed());
}

/// What there is at the end.
#[derive(Default)]
struct Found {
    messages: usize,
    dropped: usize,
    outcomes: BTreeMap<String, i64>,
    effects: BTreeMap<String, i64>,
    /// The steps that the server made.
    steps: i64,
    /// What must never be.
    broken: Vec<String>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} webhooks taken, {} dropped with a reason, runs {:?}, effects {:?}, {} steps on the server",
            self.messages, self.dropped, self.outcomes, self.effects, self.steps
        )
    }
}

fn counts(store: &Connection, sql: &str) -> BTreeMap<String, i64> {
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn look(lab: &Lab, players: u64, taken: &BTreeMap<u64, Value>) -> Found {
    let store = Connection::open(lab.project.path().join("uproctor.db")).unwrap();
    let mut found = Found {
        messages: taken.len(),
        outcomes: counts(&store, "SELECT coalesce(outcome, 'none'), count(*) FROM run GROUP BY 1"),
        effects: counts(&store, "SELECT state, count(*) FROM effect GROUP BY 1"),
        ..Found::default()
    };
    if found.effects.contains_key("claimed") {
        found.broken.push("an effect is still claimed".to_owned());
    }
    if found.outcomes.contains_key("none") {
        found.broken.push("a run has not ended".to_owned());
    }
    look_at_events(&store, taken, &mut found);
    look_at_steps(lab, players, &store, &mut found);
    let (code, said) = lab.run(&["audit", "--verify"]);
    if code != 0 {
        found.broken.push(said);
    }
    found
}

/// Every message has one event, and each event a run or a reason, and not two.
fn look_at_events(store: &Connection, taken: &BTreeMap<u64, Value>, found: &mut Found) {
    let sql = "SELECT e.id, e.state, e.reason, e.detail, (SELECT count(*) FROM run r WHERE r.event = e.id) FROM event e";
    let mut statement = store.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut events: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let (id, state): (i64, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        let reason: Option<String> = row.get(2).unwrap();
        let detail: Value = serde_json::from_str(&row.get::<_, String>(3).unwrap()).unwrap();
        let runs: i64 = row.get(4).unwrap();
        let number = detail["webhook"]["payload"]["number"].as_u64().unwrap();
        events.entry(number).or_default().push(id);
        match (state.as_str(), runs, reason) {
            ("done", 1, _) => {}
            ("dropped", 0, Some(_)) => found.dropped += 1,
            (_, runs, reason) => found.broken.push(format!("event {id} is {state}, {runs} runs, {reason:?}")),
        }
    }
    for (number, event) in taken {
        let of = events.get(number).map(Vec::as_slice).unwrap_or_default();
        if of.len() != 1 || event.as_i64() != of.first().copied() {
            found
                .broken
                .push(format!("message {number} was taken as event {event}, and its events are {of:?}"));
        }
    }
}

/// The server has made every step that the ledger calls done, and none that the ledger does not know of.
fn look_at_steps(lab: &Lab, players: u64, store: &Connection, found: &mut Found) {
    let history = lab.json(&["api", "-u", &lab.url, "-a", "T", &format!("{}/data", lab.session)]);
    for player in (1..=players).map(|number| format!("p{number}")) {
        let changes = history["data"][&player]["show_page"].as_array().cloned().unwrap_or_default();
        let by_admin = |change: &&Value| change[4].as_str().unwrap_or_default().contains("advance_by_one");
        let made = i64::try_from(changes.iter().filter(by_admin).count()).unwrap();
        found.steps += made;
        let sql =
            "SELECT state, count(*) FROM effect WHERE player = ? AND action = 'players.advance' GROUP BY 1";
        let mut statement = store.prepare(sql).unwrap();
        let rows = statement.query_map([&player], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let states: BTreeMap<String, i64> = rows.map(Result::unwrap).collect();
        let count = |state: &str| states.get(state).copied().unwrap_or_default();
        if made < count("done") || made > count("done") + count("uncertain") {
            found
                .broken
                .push(format!("{player}: the server made {made} steps, and the ledger has {states:?}"));
        }
    }
    if found.steps == 0 {
        found.broken.push(format!(
            "nobody was stepped: {}",
            fs::read_to_string(lab.project.path().join("daemon.log")).unwrap_or_default()
        ));
    }
}
