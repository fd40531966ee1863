//! The webhook messages of the last days, so that none is taken twice.
//!
//! A message's place among all others is on another page each time, and a commit writes whole pages. So what a message is known
//! by is written down in the order in which they come (`arrival`), and many of them together are put in their places
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
    /// By webhook and message.
    seen: HashMap<HookName, HashMap<String, Seen>>,
    /// The event whose job puts them in their places, until it is known whether that is committed.
    placing: Option<EventId>,
}

struct Seen {
    event: EventId,
    at: i64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its job is not committed, and may be undone or done again.
    Open,
    /// Committed, and not in its place.
    Waiting,
    /// In its place as soon as `placing` is committed.
    Placing,
}

impl Arrivals {
    /// Those of earlier programs on this store.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut known = Known::default();
        let mut statement = connection.prepare(
            "SELECT event, hook, message.value, at FROM arrival, json_each(messages) AS message ORDER BY event",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (hook, message): (String, String) = (row.get(1)?, row.get(2)?);
            let (event, at) = (EventId(row.get(0)?), row.get(3)?);
            if let Ok(hook) = HookName::new(&hook) {
                known.put(&hook, &message, Seen { event, at, state: State::Waiting });
            }
        }
        Ok(Self(Mutex::new(known)))
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
        if known.placing == Some(event) {
            // It is done again: what it did before is undone.
            known.placing = None;
        }
        let mut in_its_place = connection
            .prepare_cached("SELECT event FROM delivery WHERE hook = ?1 AND message = ?2 AND at >= ?3")?;
        for message in &delivery.messages {
            let recent = known.seen.get(hook).and_then(|of_hook| of_hook.get(message));
            if let Some(seen) = recent.filter(|seen| seen.at >= oldest)
                && seen.is_written(connection)?
            {
                return Ok(Some(seen.event));
            }
            let first = in_its_place.query_row(params![hook.as_str(), message, oldest], |row| row.get(0));
            if let Some(first) = first.optional()? {
                return Ok(Some(EventId(first)));
            }
        }
        for message in &delivery.messages {
            known.put(hook, message, Seen { event, at, state: State::Open });
        }
        connection
            .prepare_cached("INSERT INTO arrival (event, hook, messages, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![event.0, hook.as_str(), to_json(&delivery.messages)?, at])?;
        if known.placing.is_none() && known.count() >= TOGETHER {
            known.placing = Some(event);
            known.put_in_their_places(connection)?;
        }
        // What is too old is passed over above; now and then it is also taken out.
        if event.0 % SWEEP == 0 {
            connection.prepare_cached("DELETE FROM delivery WHERE at < ?1")?.execute([oldest])?;
        }
        Ok(None)
    }

    /// It is known whether the job that took this in for an event is committed.
    pub(super) fn settle(&self, delivery: &Delivery, event: EventId, committed: bool) {
        let mut known = self.known();
        if let Some(of_hook) = known.seen.get_mut(&delivery.hook) {
            for message in &delivery.messages {
                match of_hook.get_mut(message).filter(|seen| seen.event == event) {
                    Some(seen) if committed => seen.state = State::Waiting,
                    // Of what is undone nothing is known.
                    Some(_) => drop(of_hook.remove(message)),
                    None => {}
                }
            }
        }
        if known.placing == Some(event) {
            known.placing = None;
            if committed {
                known
                    .seen
                    .values_mut()
                    .for_each(|of_hook| of_hook.retain(|_, seen| seen.state != State::Placing));
                known.seen.retain(|_, of_hook| !of_hook.is_empty());
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Whether it is in the store, as far as this transaction knows: what was undone is not.
    fn is_written(&self, connection: &Connection) -> rusqlite::Result<bool> {
        if self.state != State::Open {
            return Ok(true);
        }
        connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM arrival WHERE event = ?1)")?
            .query_row([self.event.0], |row| row.get(0))
    }
}

impl Known {
    fn put(&mut self, hook: &HookName, message: &str, seen: Seen) {
        let of_hook = match self.seen.get_mut(hook) {
            Some(of_hook) => of_hook,
            None => self.seen.entry(hook.clone()).or_default(),
        };
        of_hook.insert(message.to_owned(), seen);
    }

    fn count(&self) -> usize {
        self.seen.values().map(HashMap::len).sum()
    }

    /// Puts in their places what is committed for sure.
    fn put_in_their_places(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut rows = Vec::with_capacity(self.count());
        let mut first_open = i64::MAX;
        for (hook, of_hook) in &mut self.seen {
            for (message, seen) in of_hook {
                if seen.state == State::Open {
                    first_open = first_open.min(seen.event.0);
                } else {
                    seen.state = State::Placing;
                    rows.push((hook.as_str(), message.as_str(), seen.event.0, seen.at));
                }
            }
        }
        rows.sort_unstable();
        let mut place = connection.prepare_cached(
            "INSERT OR REPLACE INTO delivery (hook, message, event, at) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (hook, message, event, at) in rows {
            place.execute(params![hook, message, event, at])?;
        }
        // Some that stay though they are in their places do no harm.
        connection.prepare_cached("DELETE FROM arrival WHERE event < ?1")?.execute([first_open])?;
        Ok(())
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

        /// So many are known that the last one has put them in their places, which is undone; and the number of its event.
        fn undone_while_it_placed() -> (Self, i64) {
            let desk = Self::new();
            let last = TOGETHER as i64;
            for event in 1..last {
                assert_eq!(desk.take_in(&event.to_string(), event), None);
                desk.settle(&event.to_string(), event, true);
            }
            desk.connection.execute_batch("SAVEPOINT before").unwrap();
            assert_eq!(desk.take_in("last", last), None);
            assert_eq!(desk.count("delivery"), last - 1);
            desk.connection.execute_batch("ROLLBACK TO before").unwrap();
            (desk, last)
        }

        fn delivery(message: &str) -> Delivery {
            Delivery { hook: HookName::new("h").unwrap(), messages: vec![message.to_owned()] }
        }

        /// The event that a message became before, if it did.
        fn take_in(&self, message: &str, event: i64) -> Option<i64> {
            let (delivery, at) = (Self::delivery(message), Timestamp::UNIX_EPOCH);
            let first = self.arrivals.take_in(&self.connection, &delivery, EventId(event), at).unwrap();
            first.map(|first| first.0)
        }

        fn settle(&self, message: &str, event: i64, committed: bool) {
            self.arrivals.settle(&Self::delivery(message), EventId(event), committed);
        }

        fn count(&self, table: &str) -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            self.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        }
    }

    #[test]
    fn what_was_undone_is_taken_when_it_comes_again() {
        let desk = Desk::new();
        assert_eq!(desk.take_in("x", 1), None);
        assert_eq!(desk.take_in("x", 2), Some(1), "in the same transaction");
        // The transaction is undone, and each is done again in one of its own.
        desk.connection.execute("DELETE FROM arrival", []).unwrap();
        assert_eq!(desk.take_in("x", 1), None);
        desk.connection.execute("DELETE FROM arrival", []).unwrap();
        desk.settle("x", 1, false);
        assert_eq!(desk.take_in("x", 2), None);
        desk.settle("x", 2, true);
        assert_eq!(desk.take_in("x", 3), Some(2));
    }

    #[test]
    fn what_a_later_one_of_an_undone_group_left_is_not_known() {
        let desk = Desk::new();
        desk.connection.execute_batch("SAVEPOINT before").unwrap();
        assert_eq!(desk.take_in("x", 1), None);
        assert_eq!(desk.take_in("y", 2), None);
        desk.connection.execute_batch("ROLLBACK TO before").unwrap();
        // The first one is done again alone, under a name that the second one has used.
        assert_eq!(desk.take_in("y", 1), None);
        desk.settle("y", 1, true);
        assert_eq!(desk.take_in("y", 2), Some(1));
    }

    #[test]
    fn what_may_still_be_undone_is_not_put_in_its_place() {
        let desk = Desk::new();
        let last = TOGETHER as i64;
        for event in 1..last {
            assert_eq!(desk.take_in(&event.to_string(), event), None);
            if event < last - 1 {
                desk.settle(&event.to_string(), event, true);
            }
        }
        // The last two are of one transaction.
        assert_eq!(desk.take_in("last", last), None);
        assert_eq!((desk.count("delivery"), desk.count("arrival")), (last - 2, 2));
        desk.settle(&(last - 1).to_string(), last - 1, false);
        desk.settle("last", last, true);
        assert_eq!(desk.take_in(&(last - 1).to_string(), last + 1), None);
        assert_eq!(desk.take_in("last", last + 2), Some(last));
        assert_eq!(desk.take_in("5", last + 3), Some(5));
    }

    #[test]
    fn what_puts_nothing_in_its_place_when_it_is_done_again_lets_nothing_be_forgotten() {
        let (desk, last) = Desk::undone_while_it_placed();
        // Another one of the undone group has come first this time.
        assert_eq!(desk.take_in("last", last + 1), None);
        desk.settle("last", last + 1, true);
        assert_eq!(desk.take_in("last", last), Some(last + 1));
        desk.settle("last", last, true);
        assert_eq!(desk.take_in("5", last + 2), Some(5));
    }

    #[test]
    fn what_was_to_be_put_in_its_place_and_was_not_is_known_all_the_same() {
        let (desk, last) = Desk::undone_while_it_placed();
        desk.settle("last", last, false);
        assert_eq!(desk.take_in("5", last + 1), Some(5));
        assert_eq!(desk.take_in("last", last + 2), None);
        assert_eq!(desk.count("delivery"), last - 1, "it was tried again");
        desk.settle("last", last + 2, true);
        assert_eq!(desk.take_in("5", last + 3), Some(5));
    }
}
