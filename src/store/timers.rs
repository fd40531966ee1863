//! `for`: how long each item of a poll has been listed.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{PollItem, instant, millis};
use crate::{config::Stays, engine::Stay};

/// Takes up a list; gives the items that have been on it for long enough now. What is not listed any more begins anew when
/// it comes back, and so does what comes in another version.
pub(super) fn lasted(
    connection: &Connection,
    memory: &str,
    items: &[PollItem],
    now: Timestamp,
    rule: Stays,
    every: Duration,
) -> rusqlite::Result<Vec<PollItem>> {
    let mut known: HashMap<String, (String, Stay)> = connection
        .prepare_cached("SELECT subject, version, lasted, confirmed, fired FROM timer WHERE automation = ?1")?
        .query_map([memory], |row| {
            let lasted: i64 = row.get(2)?;
            let stay = Stay {
                lasted: Duration::from_millis(u64::try_from(lasted).unwrap_or_default()),
                confirmed: instant(row.get(3)?),
                fired: row.get(4)?,
            };
            Ok((row.get(0)?, (row.get(1)?, stay)))
        })?
        .collect::<Result<_, _>>()?;
    let mut listed = HashSet::new();
    let mut due = Vec::new();
    for item in items {
        if !listed.insert(&item.key) {
            continue;
        }
        let before = known.remove(&item.key).filter(|(version, _)| *version == item.version);
        let mut stay = match before {
            Some((_, mut stay)) => {
                stay.confirm(now, rule, every);
                stay
            }
            None => Stay::new(now),
        };
        let is_due = stay.fire(rule);
        connection
            .prepare_cached(
                "INSERT INTO timer (automation, subject, version, since, lasted, confirmed, fired)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?4, ?6)
                 ON CONFLICT (automation, subject) DO UPDATE SET
                    since = iif(version = excluded.version, since, excluded.since), version = excluded.version,
                    lasted = excluded.lasted, confirmed = excluded.confirmed, fired = excluded.fired",
            )?
            .execute(params![
                memory,
                item.key,
                item.version,
                millis(now),
                i64::try_from(stay.lasted.as_millis()).unwrap_or(i64::MAX),
                stay.fired
            ])?;
        if is_due {
            due.push(item.clone());
        }
    }
    for subject in known.keys().filter(|subject| !listed.contains(*subject)) {
        connection
            .prepare_cached("DELETE FROM timer WHERE automation = ?1 AND subject = ?2")?
            .execute(params![memory, subject])?;
    }
    Ok(due)
}
