//! Two programs on one store, and a file that was damaged.

mod formats;

use std::{fs, path::Path};

use tempfile::TempDir;

use super::*;
use crate::domain::{AutomationName, Detail, EventKind, Held, Hold, HookName, Raw};

fn hold(store: &Store) -> Result<(), StoreError> {
    let since = Timestamp::UNIX_EPOCH;
    store.hold(Hold { held: Held::Everything, since, until: None, reason: "a test".to_owned() }).wait()
}

/// As on a file system over a network: nobody is held back by a lock.
fn without_lock(path: &Path) {
    fs::remove_file(open::beside(path, ".lock")).unwrap();
}

#[test]
fn the_older_of_two_programs_on_one_store_writes_nothing_any_more() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("uproctor.db");
    let older = Store::open(&path).unwrap();
    hold(&older).unwrap();
    older.check().wait().unwrap();
    without_lock(&path);
    let newer = Store::open(&path).unwrap();
    assert!(newer.release(Held::Everything, Timestamp::UNIX_EPOCH).wait().unwrap());
    let refused = hold(&older).unwrap_err();
    assert!(matches!(refused, StoreError::Taken(_)), "{refused}");
    assert!(matches!(older.check().wait(), Err(StoreError::Taken(_))));
    assert!(newer.history().holds(Timestamp::UNIX_EPOCH).unwrap().is_empty());
    newer.check().wait().unwrap();
}

#[test]
fn a_store_whose_file_is_gone_takes_nothing_any_more() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("uproctor.db");
    let store = Store::open(&path).unwrap();
    hold(&store).unwrap();
    fs::remove_file(&path).unwrap();
    let refused = hold(&store).unwrap_err();
    assert!(matches!(refused, StoreError::Gone(_)), "{refused}");
    fs::write(&path, "another file").unwrap();
    assert!(matches!(store.check().wait(), Err(StoreError::Gone(_))));
}

/// A store with some rows, closed, and some of its bytes overwritten from one of its pages on.
fn damaged(folder: &TempDir, page: usize) -> std::path::PathBuf {
    let path = folder.path().join("uproctor.db");
    let store = Store::open(&path).unwrap();
    hold(&store).unwrap();
    store.close();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let at = page * 4096;
    bytes[at..at + 64].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_damaged_file_is_not_opened() {
    for page in [1, 5, 10] {
        let folder = TempDir::new().unwrap();
        let path = damaged(&folder, page);
        let before = fs::read(&path).unwrap();
        let Err(error) = Store::open(&path) else { panic!("page {page} was damaged") };
        assert!(error.to_string().contains("is damaged"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before, "it was written to");
    }
}

/// Takes a message of a webhook in on a day.
fn send(store: &Store, message: usize, day: i64) -> Pending<Acceptance> {
    let at = Timestamp::from_second(day * 24 * 60 * 60).unwrap();
    let hook = HookName::new("it").unwrap();
    let detail = Detail::Webhook { hook: hook.clone(), payload: Raw::of(&message), headers: Raw::default() };
    let automation = AutomationName::new("it").unwrap();
    let event = NewEvent { automation, kind: EventKind::Webhook, at, detail };
    let delivery = Delivery { hook, messages: vec![message.to_string()] };
    store.accept_webhook(event, delivery, |_| {})
}

/// The event that a message became, and whether that is a new one.
fn taken(acceptance: &Acceptance) -> (EventId, bool) {
    match acceptance {
        Acceptance::New(event) => (event.id, true),
        Acceptance::Duplicate(first) => (*first, false),
    }
}

fn message(store: &Store, message: usize, day: i64) -> (EventId, bool) {
    taken(&send(store, message, day).wait().unwrap())
}

/// Keeps the writer waiting, so that jobs gather behind it, until what this gives is dropped.
fn hold_up(store: &Store) -> std::sync::mpsc::Sender<()> {
    let (gathered, wait) = std::sync::mpsc::channel();
    drop(store.writer.submit(move |_| Ok(wait.recv().is_err())));
    gathered
}

#[test]
fn a_message_is_known_for_a_week_wherever_its_row_stands() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("uproctor.db");
    let mut store = Store::open_for_rehearsal(&path).unwrap();
    let count = deliveries::TOGETHER + 10;
    let first: Vec<EventId> = (0..count).map(|n| message(&store, n, 1).0).collect();
    // One that was put in its place, one that was not yet.
    for opened_again in [false, true] {
        if opened_again {
            store.close();
            drop(store);
            store = Store::open_for_rehearsal(&path).unwrap();
        }
        for n in [5, count - 5] {
            assert_eq!(message(&store, n, 8), (first[n], false));
        }
    }
    for n in [5, count - 5] {
        let (again, is_new) = message(&store, n, 9);
        assert!(is_new);
        assert_eq!(message(&store, n, 10), (again, false));
    }
    // The later one holds, also once it is in its place.
    (count..2 * count).for_each(|n| assert!(message(&store, n, 10).1));
    assert!(message(&store, 5, 10).0 > first[count - 1]);
}

#[test]
fn a_job_that_fails_leaves_the_others_of_its_group_alone() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("uproctor.db")).unwrap();
    let gathered = hold_up(&store);
    let add = |n: i64| {
        store.writer.submit(move |connection| {
            connection.execute("INSERT INTO watched (name, value) VALUES (?1, '')", [n])?;
            if n == 2 { Err(rusqlite::Error::InvalidQuery) } else { Ok(()) }
        })
    };
    let jobs: Vec<_> = (0..5).map(add).collect();
    drop(gathered);
    let done: Vec<bool> = jobs.into_iter().map(|job| job.wait().is_ok()).collect();
    assert_eq!(done, [true, true, false, true, true]);
    let names = store.writer.submit(|connection| {
        connection.query_row("SELECT group_concat(name, '') FROM watched", [], |row| row.get::<_, String>(0))
    });
    assert_eq!(names.wait().unwrap(), "0134");
}

#[test]
fn a_message_of_a_group_that_is_undone_is_taken_once() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("uproctor.db")).unwrap();
    let gathered = hold_up(&store);
    let before = [send(&store, 1, 1), send(&store, 1, 1)];
    let failed = store.writer.submit(|_| Err::<(), _>(rusqlite::Error::InvalidQuery));
    let after = [send(&store, 1, 1), send(&store, 2, 1)];
    drop(gathered);
    assert!(failed.wait().is_err());
    let found: Vec<bool> =
        before.into_iter().chain(after).map(|sent| taken(&sent.wait().unwrap()).1).collect();
    assert_eq!(found, [true, false, false, true]);
    assert_eq!(message(&store, 1, 1), (EventId(1), false));
    let events = store.writer.submit(|connection| {
        connection.query_row("SELECT count(*) FROM event", [], |row| row.get::<_, i64>(0))
    });
    assert_eq!(events.wait().unwrap(), 2);
}

#[test]
fn a_message_whose_commit_fails_is_taken_when_it_comes_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("uproctor.db");
    let mut store = Store::open(&path).unwrap();
    let gathered = hold_up(&store);
    let sent = send(&store, 1, 1);
    // What it refers to is looked for when it is committed.
    let dangling = store.writer.submit(|connection| {
        connection.execute_batch(
            "CREATE TABLE one (id INTEGER PRIMARY KEY);
             CREATE TABLE other (one INTEGER REFERENCES one DEFERRABLE INITIALLY DEFERRED);
             INSERT INTO other VALUES (7);",
        )
    });
    drop(gathered);
    assert!(sent.wait().is_err() && dangling.wait().is_err());
    let (event, is_new) = message(&store, 1, 1);
    assert!(is_new);
    for opened_again in [false, true] {
        if opened_again {
            store.close();
            drop(store);
            store = Store::open(&path).unwrap();
        }
        assert_eq!(message(&store, 1, 1), (event, false));
    }
}
