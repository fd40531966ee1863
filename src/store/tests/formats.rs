//! Stores of earlier formats.

use rusqlite::Connection;

use super::*;
use crate::domain::{Detail, EventKind, RunId};

/// What every format has had tables for: a run with a line of its log, a write, what a script kept, and a dead letter.
const ROWS: &str = r#"
    INSERT INTO event (id, automation, kind, at, detail, state)
        VALUES (1, 'it', 'cron', 1000, '{"scheduled":{"scheduled_at":"1970-01-01T00:00:01Z","missed_count":0}}', 'done');
    INSERT INTO run (id, event, automation, mode, script, script_hash, started, ended, outcome, reason)
        VALUES (1, 1, 'it', 'live', 'it.rhai', 'abc', 1000, 2000, 'failed', 'no');
    INSERT INTO trace (run, seq, at, kind, text) VALUES (1, 1, 1500, 'info', 'hello');
    INSERT INTO effect (run, ordinal, row, action, target, player, arguments, state, claimed, settled)
        VALUES (1, 1, 0, 'players.advance', 's', 'p1', '{}', 'done', 1500, 1600);
    INSERT INTO kv (scope, key, value) VALUES ('live:it', 'n', '3');
    INSERT INTO dead_letter (run, automation, at, kind, reason, state) VALUES (1, 'it', 2000, 'failed', 'no', 'open');
"#;

/// A store as an earlier version of this program left it.
fn of_format(path: &Path, format: i64) {
    let mut connection = Connection::open(path).unwrap();
    schema::migrate_to(&mut connection, format).unwrap();
    connection.execute_batch(ROWS).unwrap();
    // A message that came last, known by two things where one row held them all.
    let late = match format {
        ..4 => "INSERT INTO delivery (hook, message, event, at) VALUES ('h', 'late', 1, 0)",
        4..8 => "INSERT INTO arrival (hook, message, event, at) VALUES ('h', 'late', 1, 0)",
        _ => r#"INSERT INTO arrival (event, hook, messages, at) VALUES (1, 'h', '["id:1", "late"]', 0)"#,
    };
    connection.execute(late, []).unwrap();
}

#[test]
fn a_store_of_an_earlier_format_is_brought_up_to_date_and_loses_nothing() {
    for format in 2..schema::NEWEST {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("uproctor.db");
        of_format(&path, format);

        // Who only reads leaves it as it is, and says what to do.
        let Err(error) = History::open(&path) else { panic!("format {format} was read as it is") };
        assert!(error.to_string().contains("older uproctor: `uproctor run`"), "{error}");
        let copied = folder.path().join("copy.db");
        copy(&path, &copied).unwrap();
        for file in [&path, &copied] {
            assert_eq!(schema::version(&Connection::open(file).unwrap()).unwrap(), format);
        }

        let store = Store::open(&path).unwrap();
        assert_eq!(schema::version(&Connection::open(&path).unwrap()).unwrap(), schema::NEWEST);
        let run = store.history().run(RunId(1)).unwrap().unwrap();
        assert_eq!((run.row.outcome.as_str(), run.row.reason.as_deref()), ("failed", Some("no")), "{format}");
        assert_eq!((run.trace[0]["text"].as_str(), &run.trace[0]["line"]), (Some("hello"), &().into()));
        assert_eq!((run.effects[0].state.as_str(), run.effects[0].player.as_deref()), ("done", Some("p1")));
        assert_eq!(run.trigger.unwrap().detail["scheduled"]["missed_count"], 0);

        // A message that came last is known again.
        let event = NewEvent {
            automation: "it".parse().unwrap(),
            kind: EventKind::Webhook,
            at: Timestamp::UNIX_EPOCH,
            detail: Detail::Manual { payload: serde_json::Value::Null, dry_run: false },
        };
        let delivery = Delivery { hook: "h".parse().unwrap(), messages: vec!["late".to_owned()] };
        let taken = store.accept_webhook(event, delivery, |_| {}).wait().unwrap();
        assert_eq!(taken, Acceptance::Duplicate(EventId(1)), "{format}");

        // And goes on from there.
        assert_eq!(store.history().dead_letters(false).unwrap().len(), 1);
        let retried =
            store.close_dead_letter(RunId(1), Remedy::Retry, Timestamp::UNIX_EPOCH, |_| true).wait();
        assert!(matches!(retried.unwrap(), Closed::Now(Some(event)) if event.id == EventId(3)));
        store.close();
        drop(store);
        let history = History::open(&path).unwrap();
        assert_eq!(history.dead_letter(RunId(1)).unwrap().unwrap().state, "retried");
    }
}
