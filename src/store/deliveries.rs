//! The webhook messages of the last days, so that none is taken twice.
//!
//! A message's place among all others is on another page each time, and a commit writes whole pages. So what messages are known by
//! is written down as they come, a row for all of a transaction (`arrival`), and many of them together are put in their places
//! (`delivery`). Until then they are found in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params, types::Type};
use serde::{Deserialize, Serialize};

use super::{inbox::to_json, millis};
use crate::domain::{EventId, HookName};

/// How long a message is remembered: 7 days.
const REMEMBERED: i64 = 7 * 24 * 60 * 60 * 1000;
/// How many messages are put in their places together.
pub(super) const TOGETHER: usize = 16_384;
/// A new message whose event has a number that this divides takes out the messages that are too old, which looks at all of them.
const SWEEP: i64 = 65_536;

/// By what a webhook message is known again.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The webhook.
    pub hook: HookName,
    /// The sender's id and a hash, whichever the scheme can trust. One that was seen makes the message a repetition.
    pub messages: Vec<String>,
}

/// The messages that are not in their places yet. Only the writing thread uses it: the lock is never waited for.
pub(super) struct Arrivals(Mutex<Known>);

struct Known {
    /// Committed, by webhook and message: the event that it became, and when.
    waiting: HashMap<HookName, HashMap<String, (EventId, i64)>>,
    /// Taken in by the transaction under way.
    open: Vec<Arrival>,
    /// From how many that wait on they are put in their places.
    enough: usize,
}

/// A message as it is written down: `[webhook, message, event, at]`.
#[derive(Serialize, Deserialize)]
struct Arrival(HookName, String, EventId, i64);

impl Arrivals {
    /// Those of earlier programs on this store.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut known = Known { waiting: HashMap::new(), open: Vec::new(), enough: TOGETHER };
        let mut statement = connection.prepare("SELECT messages FROM arrival ORDER BY rowid")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let arrivals: Vec<Arrival> = serde_json::from_str(row.get_ref(0)?.as_str()?)
                .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))?;
            arrivals.into_iter().for_each(|arrival| known.keep(arrival));
        }
        Ok(Self(Mutex::new(known)))
    }

    /// A transaction begins. Of one that was undone before nothing is known.
    pub(super) fn begin(&self) {
        self.known().open.clear();
    }

    /// Takes a message in as that of an event, unless it was taken before: then it gives the event that it became.
    pub(super) fn take_in(
        &self,
        connection: &Connection,
        delivery: &Delivery,
        event: EventId,
        at: Timestamp,
    ) -> rusqlite::Result<Option<EventId>> {
        let (hook, at) = (&delivery.hook, millis(at));
        let oldest = at - REMEMBERED;
        let mut known = self.known();
        let mut in_its_place = connection
            .prepare_cached("SELECT event FROM delivery WHERE hook = ?1 AND message = ?2 AND at >= ?3")?;
        for message in &delivery.messages {
            if let Some(first) = known.find(hook, message, oldest) {
                return Ok(Some(first));
            }
            let first = in_its_place.query_row(params![hook.as_str(), message, oldest], |row| row.get(0));
            if let Some(first) = first.optional()? {
                return Ok(Some(EventId(first)));
            }
        }
        let arrivals =
            delivery.messages.iter().map(|message| Arrival(hook.clone(), message.clone(), event, at));
        known.open.extend(arrivals);
        // What is too old is passed over above; now and then it is also taken out.
        if event.0 % SWEEP == 0 {
            connection.prepare_cached("DELETE FROM delivery WHERE at < ?1")?.execute([oldest])?;
        }
        Ok(None)
    }

    /// Writes down what the transaction has taken in: the last thing before it is committed.
    pub(super) fn write_down(&self, connection: &Connection) -> rusqlite::Result<()> {
        let known = self.known();
        if known.open.is_empty() {
            return Ok(());
        }
        connection
            .prepare_cached("INSERT INTO arrival (messages) VALUES (?1)")?
            .execute([to_json(&known.open)?])
            .map(drop)
    }

    /// The transaction is committed.
    pub(super) fn committed(&self) {
        let mut known = self.known();
        for arrival in std::mem::take(&mut known.open) {
            known.keep(arrival);
        }
    }

    /// Whether so many wait that they are to be put in their places.
    pub(super) fn are_many(&self) -> bool {
        let known = self.known();
        known.count() >= known.enough
    }

    /// Puts all that wait in their places, in a transaction of its own.
    pub(super) fn put_in_their_places(&self, connection: &Connection) -> rusqlite::Result<()> {
        let known = self.known();
        let mut rows = Vec::with_capacity(known.count());
        for (hook, messages) in &known.waiting {
            rows.extend(
                messages.iter().map(|(message, (event, at))| (hook.as_str(), message.as_str(), event.0, at)),
            );
        }
        rows.sort_unstable();
        let mut place = connection.prepare_cached(
            "INSERT OR REPLACE INTO delivery (hook, message, event, at) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (hook, message, event, at) in rows {
            place.execute(params![hook, message, event, at])?;
        }
        connection.prepare_cached("DELETE FROM arrival")?.execute([]).map(drop)
    }

    /// It is known whether that is committed. Where it is not, it is tried again once many more have come.
    pub(super) fn placed(&self, committed: bool) {
        let mut known = self.known();
        if committed {
            known.waiting.clear();
        }
        known.enough = known.count() + TOGETHER;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn keep(&mut self, Arrival(hook, message, event, at): Arrival) {
        self.waiting.entry(hook).or_default().insert(message, (event, at));
    }

    fn count(&self) -> usize {
        self.waiting.values().map(HashMap::len).sum()
    }

    /// The event that a message became which is not in its place, unless that was too long ago.
    fn find(&self, hook: &HookName, message: &str, oldest: i64) -> Option<EventId> {
        let waiting = self.waiting.get(hook).and_then(|of_hook| of_hook.get(message));
        if let Some((event, _)) = waiting.filter(|(_, at)| *at >= oldest) {
            return Some(*event);
        }
        self.open.iter().find(|open| open.1 == message && open.0 == *hook).map(|open| open.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    struct Table {
        connection: Connection,
        arrivals: Arrivals,
    }

    impl Table {
        fn new() -> Self {
            let mut connection = Connection::open_in_memory().unwrap();
            schema::migrate(&mut connection).unwrap();
            let arrivals = Arrivals::read(&connection).unwrap();
            Self { connection, arrivals }
        }

        /// One transaction, and what each message in it was before; the events are numbered from `first` on.
        fn together(&self, messages: &[&str], first: i64, commit: bool) -> Vec<Option<i64>> {
            self.connection.execute_batch("BEGIN").unwrap();
            self.arrivals.begin();
            let taken = messages.iter().zip(first..).map(|(message, event)| {
                let delivery =
                    Delivery { hook: HookName::new("h").unwrap(), messages: vec![(*message).to_owned()] };
                let at = Timestamp::UNIX_EPOCH;
                let first = self.arrivals.take_in(&self.connection, &delivery, EventId(event), at).unwrap();
                first.map(|first| first.0)
            });
            let taken = taken.collect();
            self.arrivals.write_down(&self.connection).unwrap();
            if commit {
                self.connection.execute_batch("COMMIT").unwrap();
                self.arrivals.committed();
            } else {
                self.connection.execute_batch("ROLLBACK").unwrap();
            }
            taken
        }

        /// One message that is committed alone.
        fn alone(&self, message: &str, event: i64) -> Option<i64> {
            self.together(&[message], event, true)[0]
        }

        /// Puts what waits in its place, if it is to be.
        fn place(&self, commit: bool) -> bool {
            if !self.arrivals.are_many() {
                return false;
            }
            self.connection.execute_batch("BEGIN").unwrap();
            self.arrivals.begin();
            self.arrivals.put_in_their_places(&self.connection).unwrap();
            self.connection.execute_batch(if commit { "COMMIT" } else { "ROLLBACK" }).unwrap();
            self.arrivals.placed(commit);
            true
        }

        /// As many as are put in their places together.
        fn with_many() -> Self {
            let table = Self::new();
            for event in 1..=MANY {
                assert!(!table.arrivals.are_many());
                assert_eq!(table.alone(&event.to_string(), event), None);
            }
            table
        }

        fn count(&self, table: &str) -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            self.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        }
    }

    const MANY: i64 = TOGETHER as i64;

    #[test]
    fn a_message_is_known_again_within_its_transaction_and_after_it() {
        let table = Table::new();
        assert_eq!(table.together(&["x", "y", "x"], 1, true), [None, None, Some(1)]);
        assert_eq!(table.together(&["y", "z"], 4, true), [Some(2), None]);
        assert_eq!(table.count("arrival"), 2, "a row for each transaction");
        let later = Table { arrivals: Arrivals::read(&table.connection).unwrap(), ..table };
        assert_eq!(later.together(&["x", "y", "z", "u"], 6, true), [Some(1), Some(2), Some(5), None]);
        assert_eq!(later.together(&["x"], 10, true), [Some(1)]);
        assert_eq!(later.count("arrival"), 3, "and none for one that took nothing in");
    }

    #[test]
    fn what_was_undone_is_taken_when_it_comes_again() {
        let table = Table::new();
        assert_eq!(table.together(&["x", "x", "y"], 1, false), [None, Some(1), None]);
        // Each is done again alone: the first one fails.
        table.together(&["x"], 1, false);
        assert_eq!(table.alone("x", 2), None);
        assert_eq!(table.alone("y", 3), None);
        assert_eq!(table.together(&["x", "y"], 4, true), [Some(2), Some(3)]);
    }

    #[test]
    fn many_are_put_in_their_places_together_and_are_known_there() {
        let table = Table::with_many();
        assert!(table.place(true) && !table.place(true));
        assert_eq!((table.count("delivery"), table.count("arrival")), (MANY, 0));
        assert_eq!(table.together(&["5", "last"], MANY + 1, true), [Some(5), None]);
        assert_eq!(table.together(&["5", "last"], MANY + 3, true), [Some(5), Some(MANY + 2)]);
    }

    #[test]
    fn what_was_to_be_put_in_its_place_and_was_not_is_known_all_the_same() {
        let table = Table::with_many();
        assert!(table.place(false));
        assert_eq!((table.count("delivery"), table.count("arrival")), (0, MANY));
        assert!(!table.place(true), "not tried again at once");
        assert_eq!(table.alone("5", MANY + 1), Some(5));
        for event in MANY + 2..=2 * MANY + 1 {
            assert_eq!(table.alone(&event.to_string(), event), None);
        }
        assert!(table.place(true));
        assert_eq!((table.count("delivery"), table.count("arrival")), (2 * MANY, 0));
        assert_eq!(table.alone("5", 3 * MANY), Some(5));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_not_passed_over() {
        let table = Table::new();
        let broken = r#"[["h h", "x", 1, 0]]"#;
        table.connection.execute("INSERT INTO arrival (messages) VALUES (?1)", [broken]).unwrap();
        assert!(Arrivals::read(&table.connection).is_err());
    }
}
