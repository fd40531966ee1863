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
use rusqlite::{Connection, OptionalExtension, params};

use super::{inbox::to_json, millis};
use crate::domain::{EventId, HookName};

/// How long a message is remembered: 7 days.
const REMEMBERED: i64 = 7 * 24 * 60 * 60 * 1000;
/// How many messages are put in their places together.
pub(super) const TOGETHER: usize = 4096;
/// After how many events the messages that are too old are taken out, which looks at all of them.
const SWEEP: i64 = 16 * TOGETHER as i64;

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

#[derive(Default)]
struct Known {
    /// Committed, by webhook and message: the event that it became, and when.
    waiting: HashMap<HookName, HashMap<String, (EventId, i64)>>,
    /// Taken in by the transaction under way.
    open: Vec<Arrival>,
    /// The transaction under way puts all that wait in their places.
    places: bool,
}

/// A message of a webhook, the event that it became, and when.
type Arrival = (HookName, String, EventId, i64);

impl Arrivals {
    /// Those of earlier programs on this store.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut known = Known::default();
        let mut statement = connection.prepare("SELECT messages FROM arrival ORDER BY rowid")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // What cannot be read here is not of this program.
            let arrivals: Vec<Arrival> = serde_json::from_str(row.get_ref(0)?.as_str()?).unwrap_or_default();
            arrivals.into_iter().for_each(|arrival| known.keep(arrival));
        }
        Ok(Self(Mutex::new(known)))
    }

    /// A transaction begins. Of one that was undone before nothing is known.
    pub(super) fn begin(&self) {
        let mut known = self.known();
        known.open.clear();
        known.places = false;
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
        known.open.extend(delivery.messages.iter().map(|message| (hook.clone(), message.clone(), event, at)));
        // What is too old is passed over above; now and then it is also taken out.
        if event.0 % SWEEP == 0 {
            connection.prepare_cached("DELETE FROM delivery WHERE at < ?1")?.execute([oldest])?;
        }
        Ok(None)
    }

    /// Writes down what the transaction has taken in: the last thing before it is committed.
    pub(super) fn write_down(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut known = self.known();
        if known.open.is_empty() {
            return Ok(());
        }
        if known.waiting.values().map(HashMap::len).sum::<usize>() >= TOGETHER {
            known.put_in_their_places(connection)?;
            known.places = true;
        }
        connection
            .prepare_cached("INSERT INTO arrival (messages) VALUES (?1)")?
            .execute([to_json(&known.open)?])
            .map(drop)
    }

    /// The transaction is committed.
    pub(super) fn committed(&self) {
        let mut known = self.known();
        if known.places {
            known.waiting.clear();
        }
        for arrival in std::mem::take(&mut known.open) {
            known.keep(arrival);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn keep(&mut self, (hook, message, event, at): Arrival) {
        self.waiting.entry(hook).or_default().insert(message, (event, at));
    }

    /// The event that a message became which is not in its place, unless that was too long ago.
    fn find(&self, hook: &HookName, message: &str, oldest: i64) -> Option<EventId> {
        let waiting = self.waiting.get(hook).and_then(|of_hook| of_hook.get(message)).copied();
        let open = || {
            self.open.iter().find(|open| open.1 == message && open.0 == *hook).map(|open| (open.2, open.3))
        };
        waiting.filter(|(_, at)| *at >= oldest).or_else(open).map(|(event, _)| event)
    }

    fn put_in_their_places(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut rows = Vec::new();
        for (hook, messages) in &self.waiting {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    struct Desk {
        connection: Connection,
        arrivals: Arrivals,
    }

    impl Desk {
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

        /// As many as are put in their places as soon as another one comes.
        fn with_many() -> Self {
            let desk = Self::new();
            for event in 1..=TOGETHER as i64 {
                assert_eq!(desk.alone(&event.to_string(), event), None);
            }
            assert_eq!(desk.count("delivery"), 0);
            desk
        }

        fn count(&self, table: &str) -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            self.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        }
    }

    const MANY: i64 = TOGETHER as i64;

    #[test]
    fn a_message_is_known_again_within_its_transaction_and_after_it() {
        let desk = Desk::new();
        assert_eq!(desk.together(&["x", "y", "x"], 1, true), [None, None, Some(1)]);
        assert_eq!(desk.together(&["y", "z"], 4, true), [Some(2), None]);
        assert_eq!(desk.count("arrival"), 2, "a row for each transaction");
        let later = Desk { arrivals: Arrivals::read(&desk.connection).unwrap(), ..desk };
        assert_eq!(later.together(&["x", "y", "z", "u"], 6, true), [Some(1), Some(2), Some(5), None]);
        assert_eq!(later.together(&["x"], 10, true), [Some(1)]);
        assert_eq!(later.count("arrival"), 3, "and none for one that took nothing in");
    }

    #[test]
    fn what_was_undone_is_taken_when_it_comes_again() {
        let desk = Desk::new();
        assert_eq!(desk.together(&["x", "x", "y"], 1, false), [None, Some(1), None]);
        // Each is done again alone: the first one fails.
        desk.together(&["x"], 1, false);
        assert_eq!(desk.alone("x", 2), None);
        assert_eq!(desk.alone("y", 3), None);
        assert_eq!(desk.together(&["x", "y"], 4, true), [Some(2), Some(3)]);
    }

    #[test]
    fn many_are_put_in_their_places_together_and_are_known_there() {
        let desk = Desk::with_many();
        assert_eq!(desk.together(&["5", "last"], MANY + 1, true), [Some(5), None]);
        assert_eq!((desk.count("delivery"), desk.count("arrival")), (MANY, 1));
        assert_eq!(desk.together(&["5", "last"], MANY + 3, true), [Some(5), Some(MANY + 2)]);
    }

    #[test]
    fn what_was_to_be_put_in_its_place_and_was_not_is_known_all_the_same() {
        let desk = Desk::with_many();
        assert_eq!(desk.together(&["last"], MANY + 1, false), [None]);
        assert_eq!((desk.count("delivery"), desk.count("arrival")), (0, MANY));
        // What was taken before is a repetition, and puts nothing in its place.
        assert_eq!(desk.together(&["5"], MANY + 2, true), [Some(5)]);
        assert_eq!(desk.count("delivery"), 0);
        assert_eq!(desk.together(&["last", "6"], MANY + 3, true), [None, Some(6)]);
        assert_eq!(desk.count("delivery"), MANY, "it was tried again");
        assert_eq!(desk.together(&["5", "last"], MANY + 5, true), [Some(5), Some(MANY + 3)]);
    }
}
