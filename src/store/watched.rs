//! What observation has to remember.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{History, NewEvent, Store, StoreError, inbox, news, writer::Pending};
use crate::domain::{Event, NoticeKind};

impl Store {
    /// Takes in events and news of the server that came of an observation and what is to be remembered of it, by names, in one
    /// transaction; what is `forgotten` goes.
    pub fn accept_observed(
        &self,
        events: Vec<NewEvent>,
        news: Vec<(NoticeKind, String)>,
        remembered: Vec<(String, String)>,
        forgotten: Vec<String>,
        at: Timestamp,
    ) -> Pending<Vec<Event>> {
        let events: Vec<Event> =
            events.into_iter().map(|event| event.numbered(self.new_event_id())).collect();
        self.writer.submit(move |connection| {
            for name in &forgotten {
                connection.prepare_cached("DELETE FROM watched WHERE name = ?1")?.execute([name])?;
            }
            for event in &events {
                inbox::insert(connection, event)?;
            }
            for (kind, reason) in &news {
                news::of_server(connection, *kind, reason, at)?;
            }
            for (name, value) in &remembered {
                put(connection, name, value)?;
            }
            Ok(events.clone())
        })
    }
}

impl History {
    /// Everything that is remembered of observations, by names.
    pub fn watched(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT name, value FROM watched ORDER BY name")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }
}

fn put(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO watched (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![name, value])?;
    Ok(())
}
