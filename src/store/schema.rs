//! The tables, and how an older file becomes a newer one.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a SQLite file as ours: "UPRC" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x5550_5243;

/// One step a format: the first makes format 1 out of an empty file. A step that was released never changes.
const MIGRATIONS: [&str; 9] = ["
    CREATE TABLE event (
        id INTEGER PRIMARY KEY,
        automation TEXT NOT NULL,
        kind TEXT NOT NULL,
        at INTEGER NOT NULL,           -- milliseconds since 1970, as everywhere
        detail TEXT NOT NULL,          -- JSON: domain::Detail
        state TEXT NOT NULL,           -- accepted, running, done, dropped
        reason TEXT                    -- why it was dropped
    ) STRICT;
    CREATE INDEX event_open ON event (id) WHERE state IN ('accepted', 'running');
    CREATE INDEX event_automation ON event (automation, id);

    -- One row for each due instant of a clock, so that none fires twice.
    CREATE TABLE occurrence (
        automation TEXT NOT NULL,
        instant INTEGER NOT NULL,
        event INTEGER NOT NULL,
        PRIMARY KEY (automation, instant)
    ) STRICT, WITHOUT ROWID;

    -- Where clocks and polls stand; the value is JSON.
    CREATE TABLE cursor (
        automation TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (automation, name)
    ) STRICT, WITHOUT ROWID;

    -- The items of polls that were seen, by key and version.
    CREATE TABLE seen (
        automation TEXT NOT NULL,
        key TEXT NOT NULL,
        version TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (automation, key, version)
    ) STRICT, WITHOUT ROWID;

    -- The webhook messages of the last days, by the sender's id and by a hash of what was signed.
    CREATE TABLE delivery (
        hook TEXT NOT NULL,
        message TEXT NOT NULL,
        event INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (hook, message)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX delivery_at ON delivery (at);

    CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        event INTEGER,                 -- none for a poll that failed
        automation TEXT NOT NULL,
        mode TEXT NOT NULL,
        script TEXT NOT NULL,
        script_hash TEXT NOT NULL,     -- SHA-256 of its text
        started INTEGER NOT NULL,
        ended INTEGER,
        outcome TEXT,                  -- done, skipped, failed, interrupted
        reason TEXT
    ) STRICT;
    CREATE INDEX run_event ON run (event);
    CREATE INDEX run_automation ON run (automation, id);
    CREATE INDEX run_open ON run (id) WHERE ended IS NULL;

    CREATE TABLE trace (
        run INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,            -- debug, info, warn, error, call, wait
        text TEXT NOT NULL,
        millis INTEGER,
        PRIMARY KEY (run, seq)
    ) STRICT, WITHOUT ROWID;

    -- The writes: a row before the request leaves, settled when the answer is there.
    CREATE TABLE effect (
        run INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,      -- the script's call among the run's writes, from 1
        row INTEGER NOT NULL,          -- a row a player, from 0
        action TEXT NOT NULL,
        target TEXT,
        player TEXT,
        arguments TEXT NOT NULL,
        precondition TEXT,
        state TEXT NOT NULL,           -- claimed, done, failed, uncertain, refused, would
        note TEXT,
        claimed INTEGER NOT NULL,
        settled INTEGER,
        PRIMARY KEY (run, ordinal, row)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX effect_claimed ON effect (run) WHERE state = 'claimed';

    CREATE TABLE kv (
        scope TEXT NOT NULL,           -- live or dry-run, then the automation's name or nothing for the shared one
        key TEXT NOT NULL,
        value TEXT NOT NULL,           -- JSON
        expires INTEGER,
        PRIMARY KEY (scope, key)
    ) STRICT, WITHOUT ROWID;
", "
    -- What is not to be acted on.
    CREATE TABLE hold (
        kind TEXT NOT NULL,            -- everything, automation, session, player
        session TEXT NOT NULL,         -- of a session or player, else empty
        name TEXT NOT NULL,            -- the automation or the player, else empty
        since INTEGER NOT NULL,
        until INTEGER,                 -- none: until a person resumes
        reason TEXT NOT NULL,
        PRIMARY KEY (kind, session, name)
    ) STRICT, WITHOUT ROWID;

    -- What waits for a person: the writes of a run that were not sent. They are its effects in the state `planned`.
    CREATE TABLE plan (
        run INTEGER PRIMARY KEY,
        automation TEXT NOT NULL,
        made INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        reason TEXT NOT NULL,          -- why it waits
        state TEXT NOT NULL,           -- waiting, approved, rejected, expired, replaced
        decided INTEGER,
        note TEXT                      -- why it was rejected
    ) STRICT;
    CREATE INDEX plan_waiting ON plan (expires) WHERE state = 'waiting';
    CREATE TABLE planned (
        run INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        call TEXT NOT NULL,            -- JSON: effects::Planned
        PRIMARY KEY (run, ordinal)
    ) STRICT, WITHOUT ROWID;

    -- Runs that need a person.
    CREATE TABLE dead_letter (
        run INTEGER PRIMARY KEY,
        automation TEXT NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,            -- failed, halted, interrupted, uncertain, tripped, expired
        reason TEXT NOT NULL,
        state TEXT NOT NULL,           -- open, retried, resumed, discarded
        closed INTEGER,
        note TEXT                      -- why it was discarded
    ) STRICT;
    CREATE INDEX dead_letter_open ON dead_letter (at) WHERE state = 'open';
    -- Events that go on where an earlier run ended: what it had done is not done again.
    CREATE TABLE resumption (event INTEGER PRIMARY KEY, run INTEGER NOT NULL) STRICT;

    -- The intervention log. Only ever added to; each hash covers the one before and the entry.
    CREATE TABLE intervention (
        seq INTEGER PRIMARY KEY,
        entry TEXT NOT NULL,           -- JSON
        hash TEXT NOT NULL             -- SHA-256, in hexadecimal
    ) STRICT;

    -- What has been so for how long, for `for`.
    CREATE TABLE timer (
        automation TEXT NOT NULL,      -- of dry runs with their prefix, as in `seen`
        subject TEXT NOT NULL,
        version TEXT NOT NULL,         -- another one begins anew
        since INTEGER NOT NULL,
        lasted INTEGER NOT NULL,       -- milliseconds, without the times in which nobody could look
        confirmed INTEGER NOT NULL,
        fired INTEGER NOT NULL,
        PRIMARY KEY (automation, subject)
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE effect ADD COLUMN irreversible INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX effect_of_session ON effect (target, claimed) WHERE irreversible = 1;

    -- Counts the daemons that have had this store: a write of one that another has followed is refused.
    CREATE TABLE lease (one INTEGER PRIMARY KEY CHECK (one = 1), fence INTEGER NOT NULL) STRICT;
    INSERT INTO lease (one, fence) VALUES (1, 0);

    -- How many events it stands for: those that debounce gathered into it.
    ALTER TABLE event ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
    -- What ran lately, for throttle, rate limit and cooldown.
    CREATE INDEX run_started ON run (automation, started);
", "
    -- What is known of a session that is observed, and under the empty name what is known beside them; the value is JSON.
    CREATE TABLE watched (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
", "
    -- The webhook messages that came last, in their order, until many of them together go into `delivery`.
    CREATE TABLE arrival (
        id INTEGER PRIMARY KEY,
        hook TEXT NOT NULL,
        message TEXT NOT NULL,
        event INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    DROP INDEX delivery_at;
", "
    -- The texts of scripts as they were in use.
    CREATE TABLE script_version (
        name TEXT NOT NULL,
        hash TEXT NOT NULL,            -- SHA-256 of the text
        first INTEGER NOT NULL,        -- since when it was in use; going back to an older text is a version anew
        source TEXT NOT NULL,
        PRIMARY KEY (name, first)
    ) STRICT;
    ALTER TABLE trace ADD COLUMN line INTEGER;  -- of the script, from 1
", "
    -- What has happened that rules may tell of, until it is decided who is told.
    CREATE TABLE news (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        kinds TEXT NOT NULL,           -- words of domain::NoticeKind, with a space between
        covered TEXT,                  -- whoever is told of this is not told of these
        automation TEXT,
        run INTEGER,
        reason TEXT NOT NULL,
        again INTEGER NOT NULL         -- it was told before in the same words
    ) STRICT;
    -- What failed when it was last done, so that it is said once that it works again.
    CREATE TABLE failing (
        automation TEXT NOT NULL,
        source TEXT NOT NULL,          -- run, poll
        since INTEGER NOT NULL,
        times INTEGER NOT NULL,
        PRIMARY KEY (automation, source)
    ) STRICT, WITHOUT ROWID;

    -- The notices on their way out, and those that have gone.
    CREATE TABLE notice (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        channel TEXT NOT NULL,
        kind TEXT,                     -- a word of domain::NoticeKind; none: a script said it
        automation TEXT,
        run INTEGER,
        key TEXT,                      -- what the script knows it by
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        urgent INTEGER NOT NULL,
        at INTEGER NOT NULL,
        due INTEGER NOT NULL,
        state TEXT NOT NULL,           -- waiting, sent, dropped, lost
        settled INTEGER,
        message INTEGER,               -- those with the same number went out as one message
        why TEXT                       -- why it is lost
    ) STRICT;
    CREATE INDEX notice_waiting ON notice (channel, due) WHERE state = 'waiting';
    CREATE INDEX notice_sent ON notice (channel, settled) WHERE state = 'sent';
    CREATE INDEX notice_about ON notice (channel, kind, automation, due);
    CREATE INDEX notice_key ON notice (channel, key, at) WHERE key IS NOT NULL;
    -- How the channels do.
    CREATE TABLE channel (
        name TEXT PRIMARY KEY,
        failures INTEGER NOT NULL,     -- in a row
        next INTEGER,                  -- when it is tried again
        why TEXT,
        since INTEGER,                 -- since when it fails
        sent INTEGER                   -- when a message last arrived
    ) STRICT, WITHOUT ROWID;
", "
    ALTER TABLE dead_letter ADD COLUMN event INTEGER;  -- what was begun in its place, once it was retried or resumed
    CREATE INDEX dead_letter_event ON dead_letter (event) WHERE event IS NOT NULL;
", "
    -- A row for each webhook message that is not in its place yet, whatever it is known by.
    INSERT OR REPLACE INTO delivery SELECT hook, message, event, at FROM arrival ORDER BY id;
    DROP TABLE arrival;
    CREATE TABLE arrival (
        event INTEGER PRIMARY KEY,
        hook TEXT NOT NULL,
        messages TEXT NOT NULL,        -- JSON: a list of texts
        at INTEGER NOT NULL
    ) STRICT;
    -- Whether its end has been told of. The row stays: a clock that was ahead for a moment ends no pause.
    ALTER TABLE hold ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
", "
    -- A row for all webhook messages of a transaction that are not in their places yet.
    INSERT OR REPLACE INTO delivery
        SELECT hook, message.value, event, at FROM arrival, json_each(messages) AS message ORDER BY event;
    DROP TABLE arrival;
    CREATE TABLE arrival (messages TEXT NOT NULL) STRICT;  -- JSON: a list of [webhook, message, event, at]
"];

/// The newest format that this program knows.
pub(super) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// The format of a file: 0 for an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a file up to date, all steps in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    migrate_to(connection, NEWEST)
}

/// The same up to some format.
pub(super) fn migrate_to(connection: &mut Connection, format: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for (step, makes) in MIGRATIONS.iter().zip(1..) {
        if found < makes && makes <= format {
            transaction.execute_batch(step)?;
        }
    }
    if found < format {
        transaction.pragma_update(None, "user_version", format)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.commit()
}
