//! What the page holds, whatever a participant, a server or a script said.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;

use crate::{
    api::Generation,
    config,
    sandbox::{Fate, Happening, Mix, Outcome, Scenario, What},
    script::Library,
    sim::{Approval, Fault, Faults, Note, Rehearsal, Report, Setup, rows::Times},
    store::{EffectRow, RunRow, WriteRow},
};

const START: i64 = 1_767_600_000;
const AGAIN: &str = "uproctor rehearse --seed 1";
const HOSTILE: &str = "<script>alert(1)</script>\"'>\u{202e}gnp.exe";

fn happens(outcome: &mut Outcome, player: &str, at: f64, what: What) {
    let (session, player) = (Arc::from("lab"), Arc::from(player));
    outcome.observe(&Happening { at: START as f64 + at, session, player, what });
}

/// Participants who see some pages, one after another, and finish.
fn outcome(players: &[&str], pages: usize) -> Outcome {
    let mut outcome = Outcome::new();
    for player in players {
        happens(&mut outcome, player, 0.0, What::Joined);
        for page in 0..pages {
            let path = Arc::from(format!("app/Page{}", page % 7));
            let what = if page % 3 == 2 { What::Waits { path } } else { What::Page { path } };
            happens(&mut outcome, player, page as f64 * 14.0, what);
        }
        happens(&mut outcome, player, pages as f64 * 14.0, What::Finished);
    }
    outcome
}

fn write(run: i64, player: &str, note: &str) -> WriteRow {
    WriteRow {
        run,
        automation: "welcome".to_owned(),
        mode: "live".to_owned(),
        effect: EffectRow {
            ordinal: 1,
            action: "players.message".to_owned(),
            target: Some("lab".to_owned()),
            player: Some(player.to_owned()),
            arguments: json!({"message": "Hello"}),
            precondition: None,
            state: "done".to_owned(),
            note: (!note.is_empty()).then(|| note.to_owned()),
            claimed: (START + run) * 1000,
            settled: None,
        },
    }
}

fn report(with: Outcome, without: Outcome, writes: Vec<WriteRow>) -> Report {
    Report {
        seed: 1,
        experiment: "dilemma".to_owned(),
        time: (START * 1_000_000, (START + 7200) * 1_000_000),
        with,
        without,
        writes,
        runs: Vec::new(),
        plans: Vec::new(),
        messages: Vec::new(),
        approval: None,
        notes: Vec::new(),
        automations: vec!["welcome".to_owned()],
        silent: Vec::new(),
        sessions: ("lab".to_owned(), Vec::new()),
        dropped: 0,
        times: Times { start: START * 1_000_000, slow: BTreeMap::new() },
    }
}

/// A rehearsal of the scripts of a new project.
fn rehearsed(players: u64, seed: u64) -> Report {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = config::load_for_rehearsal(&root.join("config.toml")).config;
    let (library, problems) = Library::load(&config);
    assert!(problems.is_empty(), "{problems:?}");
    let scenario = Scenario::load("dilemma").accept().unwrap_or_else(|problems| panic!("{problems:?}"));
    let mix = Mix { players: Some(players), stalls: Some(0.3), absent: Some(0.2), ..Mix::default() };
    let start = jiff::Timestamp::from_second(START).unwrap();
    let (generation, faults) = (Generation::Newest, Faults::BAD_EVENING);
    let approval = Approval::default();
    let setup = Setup { config, library, scenario, mix, generation, faults, approval, seed, start };
    let mut rehearsal = Rehearsal::prepare(setup.clone()).unwrap();
    rehearsal.run_for(Duration::from_mins(15)).unwrap();
    Report::of(&mut rehearsal, &setup).unwrap()
}

/// The part of a page between two marks.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let after = page.split_once(from).unwrap_or_else(|| panic!("{from} is not there")).1;
    after.split_once(to).unwrap_or_else(|| panic!("{to} is not there")).0
}

#[test]
fn hostile_text_stays_text() {
    let long = format!("{HOSTILE}{}", "long ".repeat(2000));
    let mut report = report(
        outcome(&[HOSTILE], 5),
        outcome(&[HOSTILE], 5),
        vec![write(1, HOSTILE, &long), write(2, HOSTILE, "")],
    );
    happens(&mut report.with, HOSTILE, 80.0, What::Page { path: Arc::from(HOSTILE) });
    report.experiment = HOSTILE.to_owned();
    report.automations = vec![HOSTILE.to_owned()];
    report.writes[1].automation = HOSTILE.to_owned();
    report.writes[1].effect.action = HOSTILE.to_owned();
    report.writes[1].effect.state = HOSTILE.to_owned();
    report.writes[1].effect.arguments = json!({"message": HOSTILE});
    report.notes.push(Note { at: START * 1_000_000, fault: None, text: long.clone() });
    report.runs.push(RunRow {
        run: Some(1),
        event: None,
        automation: HOSTILE.to_owned(),
        about: Some(HOSTILE.to_owned()),
        kind: "poll".to_owned(),
        at: START * 1000,
        started: None,
        ended: None,
        mode: None,
        outcome: "failed".to_owned(),
        reason: Some(long),
    });
    let page = report.html(HOSTILE);
    assert_eq!(page.matches("<script").count(), 1, "only that of the page itself");
    assert!(!page.contains('\u{202e}'), "nothing turns the direction of its neighbours");
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("\\u{202e}"));
    assert!(!page.contains("\"'>"), "nothing ends an attribute");
    assert!(page.contains("<details>"), "a long note is folded");
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = rehearsed(4, 1).html(AGAIN);
    for sign in [" src=", "<link", "@import", "href=\"http", "url(http", "<img", " style=", " onclick="] {
        assert!(!page.contains(sign), "{sign}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn both_charts_are_there_and_every_write_is_told_once() {
    let report = rehearsed(12, 3);
    let page = report.html(AGAIN);
    for side in ["with", "without"] {
        let figure = between(&page, &format!("<figure class=\"{side} roomy\""), "</figure>");
        assert_eq!(figure.matches("data-name=").count(), 12, "{side}: a row for each player");
    }
    assert!(report.writes.len() > 10, "an evening has something to tell");
    let table = between(&page, "<table class=\"lines\">", "</table>");
    assert_eq!(table.matches("<tr>").count(), report.writes.len() + 1);
    let with = between(&page, "<figure class=\"with", "</figure>");
    let without = between(&page, "<figure class=\"without", "</figure>");
    for write in &report.writes {
        let told = format!(
            "(run {}): {} {},",
            write.run,
            write.effect.action,
            write.effect.player.as_deref().unwrap()
        );
        assert_eq!(with.matches(&told).count(), 1, "{told}");
    }
    assert!(!without.contains("(run "), "without the scripts nothing is done to anybody");
}

#[test]
fn the_same_rehearsal_gives_the_same_page_byte_for_byte() {
    let (first, second) = (rehearsed(8, 7).html(AGAIN), rehearsed(8, 7).html(AGAIN));
    assert_eq!(first, second);
    assert_ne!(first, rehearsed(8, 8).html(AGAIN));
}

#[test]
fn two_hundred_players_for_two_hours_are_no_giant_file() {
    let names: Vec<String> = (1..=200).map(|number| format!("player-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let writes =
        names.iter().flat_map(|name| (1..=5).map(|round| write(round * 900, name, "a note of some words")));
    let report = report(outcome(&names, 500), outcome(&names, 500), writes.collect());
    let page = report.html(AGAIN);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(page.contains("visits to several pages"), "short visits are drawn together");
}

#[test]
fn nobody_and_nothing_make_a_page_too() {
    let page = report(Outcome::new(), Outcome::new(), Vec::new()).html(AGAIN);
    assert!(page.contains("Nobody came.") && page.contains("The automations did nothing to anybody."));
    let page = report(outcome(&["p1"], 0), Outcome::new(), Vec::new()).html(AGAIN);
    assert!(page.contains("p1 did not come") && !page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn a_write_to_nobody_stands_above_the_rows() {
    let mut report = report(outcome(&["p1"], 3), outcome(&["p1"], 3), vec![write(5, "p1", "")]);
    report.writes[0].effect.player = None;
    report.writes[0].effect.action = "sessions.active".to_owned();
    let page = report.html(AGAIN);
    let head = between(&page, "<svg class=\"head\"", "<svg class=\"names\"");
    assert!(head.contains("sessions.active lab, done") && head.contains("#other"));
    assert_eq!(report.with.players[0].fate, Fate::Finished);
}

#[test]
fn faults_are_lines_with_words() {
    let mut report = report(outcome(&["p1"], 9), outcome(&["p1"], 9), Vec::new());
    let fault = |at: i64, fault: Fault| Note {
        at: (START + at) * 1_000_000,
        fault: Some(fault),
        text: format!("fault: {fault}"),
    };
    report.notes = vec![
        fault(10, Fault::ServerRestart(5_000_000)),
        fault(40, Fault::Crash),
        fault(90, Fault::ClockJump(-7_000_000)),
    ];
    let page = report.html(AGAIN);
    let with = between(&page, "<figure class=\"with", "</figure>");
    for words in ["server restart", "daemon crash", "clock -7 s"] {
        assert!(with.contains(&format!(">{words}</text>")), "{words}");
    }
    assert!(!between(&page, "<figure class=\"without", "</figure>").contains("daemon crash"));
}

#[test]
fn a_write_stands_where_it_happened_though_the_clock_was_wrong() {
    let mut report = report(outcome(&["p1"], 9), outcome(&["p1"], 9), vec![write(200, "p1", "")]);
    report.times.slow.insert(200, -120_000_000);
    assert!(report.html(AGAIN).contains("0:01:20 welcome (run 200)"));
}
