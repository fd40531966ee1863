//! Long lists, a page at a time.

use std::collections::BTreeSet;

use serde_json::Value;

use super::http::Client;
use crate::{daemon::Daemon, project::Project};

/// Goes through a list to its end; gives its rows.
fn walk(client: &Client, path: &str, name: &str) -> Vec<Value> {
    walk_from(client, path, name, None)
}

/// The same from where an earlier answer ended.
fn walk_from(client: &Client, path: &str, name: &str, next: Option<i64>) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut before = next.map(|next| format!("&before={next}")).unwrap_or_default();
    for _ in 0..1000 {
        let page = client.read(&format!("{path}{before}"));
        rows.extend(page[name].as_array().unwrap().iter().cloned());
        match page["next"].as_i64() {
            Some(next) => before = format!("&before={next}"),
            None => return rows,
        }
    }
    panic!("{path} does not end");
}

fn numbers(rows: &[Value], key: &str) -> Vec<i64> {
    rows.iter().map(|row| row[key].as_i64().unwrap()).collect()
}

#[test]
fn ten_thousand_rows_are_read_without_gaps_while_more_come() {
    let project = Project::with_script("fn run(event) { }");
    // Makes the store.
    let daemon = Daemon::start(&project, &[], &[]);
    assert!(daemon.stop().success());
    let store = rusqlite::Connection::open(project.path().join("uproctor.db")).unwrap();
    store
        .execute_batch(
            "WITH RECURSIVE n (id) AS (SELECT 101 UNION ALL SELECT id + 1 FROM n WHERE id < 10100)
             INSERT INTO event (id, automation, kind, at, detail, state)
             SELECT id, iif(id % 100 = 0, 'rare', 'it'), 'webhook', id, '{}', 'dropped' FROM n;
             INSERT INTO event (id, automation, kind, at, detail, state)
             VALUES (250000, 'rare', 'webhook', 250000, '{}', 'dropped'), (110100, 'rare', 'webhook', 110100, '{}', 'dropped');
             INSERT INTO run (id, event, automation, mode, script, script_hash, started, ended, outcome)
             SELECT id, id, automation, 'live', 'it.rhai', 'x', at, at, 'failed' FROM event WHERE id BETWEEN 101 AND 10100;
             INSERT INTO dead_letter (run, automation, at, kind, reason, state)
             SELECT id, automation, 5, 'failed', 'x', iif(id % 10 = 0, 'open', 'discarded') FROM run WHERE id > 100;
             INSERT INTO plan (run, automation, made, expires, reason, state)
             SELECT id, automation, 5, 9000000000000, 'x', 'waiting' FROM run WHERE id % 50 = 0;
             INSERT INTO intervention (seq, entry, hash)
             SELECT id - 100, json_object('decision', 'done', 'target', iif(id % 5000 = 0, 'rare', 's')), 'x' FROM event WHERE id BETWEEN 101 AND 10100;",
        )
        .unwrap();
    drop(store);
    let _daemon = Daemon::start(&project, &[], &[]);
    let client = Client::owner(&project);

    let first = client.read("/api/v1/events?limit=1000");
    let trigger = client.post("/api/v1/automations/it/trigger", &serde_json::json!({}));
    assert_eq!(trigger.status, 202);
    let rest = walk_from(&client, "/api/v1/events?limit=1000", "events", first["next"].as_i64());
    let mut events = numbers(first["events"].as_array().unwrap(), "event");
    events.extend(numbers(&rest, "event"));
    assert!(events.is_sorted_by(|one, two| one > two), "newest first, none twice");
    assert_eq!(events.iter().filter(|id| (101..=10_100).contains(*id)).count(), 10_000);

    assert_eq!(walk(&client, "/api/v1/events?automation=rare&limit=7", "events").len(), 102);
    assert_eq!(walk(&client, "/api/v1/events?automation=rare&outcome=accepted&limit=7", "events").len(), 0);
    let dead = numbers(&walk(&client, "/api/v1/dead?limit=300", "dead"), "run");
    assert_eq!((dead.len(), dead.iter().collect::<BTreeSet<_>>().len()), (1000, 1000));
    assert_eq!(walk(&client, "/api/v1/dead?all=true&limit=1000", "dead").len(), 10_000);
    assert_eq!(walk(&client, "/api/v1/plans?limit=33", "plans").len(), 200);
    let log = numbers(&walk(&client, "/api/v1/interventions?limit=999", "interventions"), "seq");
    assert_eq!((log.len(), log.first(), log.last()), (10_000, Some(&10_000), Some(&1)));
    let rare = numbers(&walk(&client, "/api/v1/interventions?session=rare&limit=1", "interventions"), "seq");
    assert_eq!(rare, [9900, 4900]);
}
