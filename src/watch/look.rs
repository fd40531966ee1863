//! Reading: what is due, in which order, and what it costs the server.

use super::{
    Known, Watch,
    memory::Remembered,
    read::{Changes, Entries, FIELDS, Online, PlayerRow, RoomRow, SessionRow, Waiting, parse},
    room::{self, Rooms},
    seconds,
    session::{AWAKE, OVERLAP, Session, Stale},
};
use crate::{
    api::{ApiError, Call, Endpoint, ErrorKind},
    config::Observed,
    domain::{RoomName, SessionName},
    environment::{Priority, Scope, Stopped},
};

/// How often it is asked who is online, which sessions and rooms there are, and which fields have changed, in seconds.
pub(super) const PRESENCE: f64 = 15.0;
/// How often a session is looked at in which nothing is heard of anybody, in seconds.
pub(super) const ASLEEP: f64 = 60.0;
/// How far looks at a session may be apart that no trigger is about, for them to belong together, in seconds.
const UNOBSERVED: f64 = 90.0;
/// What was written longer ago than this when the history was asked for is in the answer, in seconds.
const SETTLED: f64 = 10.0;
/// Who waits in a room was heard of less than this ago, in seconds: a tab in the background speaks up once a minute.
const IN_THE_ROOM: f64 = 90.0;
/// How long a session is left alone whose answers do not read, in seconds.
pub(super) const UNREADABLE: f64 = 60.0;
/// What is remembered of a session that is gone from the server is kept for so long, in seconds.
const FORGOTTEN: f64 = 7.0 * 86_400.0;
/// How many sessions that sleep are looked at in one look.
pub(super) const SLEEPERS: usize = 20;
/// The longest that one read may take, tries included, in seconds.
const READ: std::time::Duration = std::time::Duration::from_secs(20);

/// Whether something that was asked so long ago need not be asked again yet, of a session that is looked at this often.
fn soon(ago: f64, interval: Option<f64>) -> bool {
    // Clocks are set back.
    (0.0..PRESENCE.max(interval.unwrap_or_default())).contains(&ago)
}

/// Whether an error may be that of one session or room alone, which must not hide the others.
pub(super) fn is_of_one(error: &ApiError) -> bool {
    use ErrorKind::{BadAnswer, Invalid, Refused, ServerError};
    matches!(error.kind, BadAnswer | Invalid | Refused | ServerError)
}

/// What came of a look.
#[derive(Default)]
pub(super) struct Look {
    /// When it began, by our clock.
    pub(super) began: f64,
    /// The sessions that were looked at.
    pub(super) sessions: Vec<String>,
    /// How many wait in which rooms, where it was looked.
    pub(super) rooms: Option<Rooms>,
    /// The server was started anew.
    pub(super) restarted: bool,
    /// What kept it from looking at the rest.
    pub(super) failure: Option<ApiError>,
}

impl Look {
    /// Whether it was ended before it could tell anything of the server.
    pub(super) fn was_cancelled(&self) -> bool {
        let cancelled = ErrorKind::Stopped(Stopped::Cancelled);
        self.failure.as_ref().is_some_and(|error| error.kind == cancelled)
    }

    /// Whether the server could not be read.
    pub(super) fn is_down(&self) -> bool {
        self.failure.is_some() && !self.was_cancelled()
    }
}

/// The longest that two looks are apart when all is well: the server may take a while to answer. In seconds.
pub(super) fn usual(every: f64) -> f64 {
    every * 1.5 + 5.0
}

impl Watch {
    /// Reads everything that is due.
    pub(super) fn read_all(&self, scope: &Scope) -> Look {
        let mut look = Look { began: seconds(self.env.now()), ..Look::default() };
        if let Err(error) = self.try_read_all(scope, &mut look) {
            look.failure = Some(error);
        }
        let now = self.server_now();
        let mut known = self.lock();
        look.restarted = known.was_gone(&self.client);
        if look.restarted {
            known.up = Some(now);
        }
        look
    }

    fn try_read_all(&self, scope: &Scope, look: &mut Look) -> Result<(), ApiError> {
        let now = seconds(self.env.now());
        if self.lock().is_list_due(now) {
            self.list_sessions(scope)?;
            self.lock().listed = now;
        }
        let due = self.lock().sessions_due(now);
        for (name, interval) in due {
            match self.read_session(&name, Some(interval), Priority::Observation, scope) {
                Ok(()) => {
                    self.lock().unreadable.remove(name.as_str());
                    look.sessions.push(name.to_string());
                }
                Err(error) if error.kind == ErrorKind::NotFound => {
                    self.lock().sessions.remove(name.as_str());
                }
                Err(error) if is_of_one(&error) => self.lock().complain(&name, &error, now),
                Err(error) => return Err(error),
            }
        }
        if self.lock().are_rooms_due(now) {
            look.rooms = Some(self.read_rooms(scope)?);
            self.lock().roomed = now;
        }
        Ok(())
    }

    pub(super) fn list_sessions(&self, scope: &Scope) -> Result<(), ApiError> {
        let call = Call::new(Endpoint::SessionsList);
        let rows = self.client.read_as(&call, Priority::Observation, &self.brief(scope), |body| {
            let Entries(rows) = parse::<Entries<'_, SessionRow>>(body)?;
            Ok(rows.into_iter().map(|(name, row)| (name.into_owned(), row)).collect::<Vec<_>>())
        })?;
        let now = seconds(self.env.now());
        let mut known = self.lock();
        // That all are gone at once is not believed: a public demo says so too.
        if !rows.is_empty() {
            known.sessions.retain(|name, _| rows.iter().any(|(row, _)| row == name));
            known.forget_old(|name| rows.iter().any(|(row, _)| row == name), now);
        }
        for (name, row) in rows {
            let is_shown = known.is_shown(now) && known.section.covers(&name);
            if !(is_shown || known.is_observed(&name)) {
                continue;
            }
            let Ok(session_name) = SessionName::new(&name) else { continue };
            known.begin_anew_if_made_again(&name, row.created);
            let session = known.session(&session_name);
            session.created = Some(row.created);
            if row.n_players != session.players.len() as u64 {
                session.stale = Stale::Now;
            }
        }
        Ok(())
    }

    /// Reads what is due of one session. `interval` is how often it is looked at, if it is looked at again and again.
    pub(super) fn read_session(
        &self,
        name: &SessionName,
        interval: Option<f64>,
        priority: Priority,
        scope: &Scope,
    ) -> Result<(), ApiError> {
        let ours = seconds(self.env.now());
        let (is_new, online_due, since) = {
            let mut known = self.lock();
            let now = ours + known.skew(&self.client);
            let every = known.section.every.as_secs_f64();
            let session = known.session(name);
            let heard_long_ago = session.heard.is_none_or(|heard| match interval {
                Some(_) => !soon(now - heard, interval),
                // A script is about to act on who is there.
                None => !(0.0..every).contains(&(now - heard)),
            });
            // In a session that sleeps, whoever comes back is noticed by what they do.
            let may_matter = |looked| session.is_awake(looked) || session.may_miss_somebody(looked);
            let is_awake = interval.is_none() || session.looked.is_none_or(may_matter);
            (session.players.is_empty(), heard_long_ago && is_awake, session.cursor)
        };
        if is_new {
            self.read_fields(name, priority, scope)?;
        }
        let since = since.or_else(|| self.lock().first_cursor(name, ours));
        let mut call = Call::new(Endpoint::DataSince).session(name);
        if let Some(since) = since {
            call = call.query("since", format!("{:.6}", (since - OVERLAP).max(0.0)));
        }
        self.client.read_as(&call, priority, &self.brief(scope), |body| {
            let changes = parse::<Changes<'_>>(body)?;
            let mut known = self.lock();
            // The answer's own date tells how the clocks differ now: ours may have been set since the last one.
            let now = seconds(self.env.now());
            let took = (now - ours).max(0.0);
            let settled = self.client.clock_skew().map(|_| now + known.skew(&self.client) - took - SETTLED);
            let session = known.session(name);
            // Of a session that was not read from its beginning, the time up to which it was. What was written long before it was
            // asked is there: so the same last changes are not told for ever.
            session.take_changes(&changes, since.unwrap_or_default().max(settled.unwrap_or_default()));
            Ok(())
        })?;
        let fields_due = {
            let now = self.server_now();
            let mut known = self.lock();
            let session = known.session(name);
            match session.stale {
                Stale::No => false,
                Stale::Soon => interval.is_none() || !soon(now - session.fields_at, interval),
                Stale::Now => true,
            }
        };
        if fields_due {
            self.read_fields(name, priority, scope)?;
        }
        if online_due {
            let call = Call::new(Endpoint::PlayersOnline).session(name);
            self.client.read_as(&call, priority, &self.brief(scope), |body| {
                let online = parse::<Online<'_>>(body)?;
                let mut known = self.lock();
                let now = seconds(self.env.now()) + known.skew(&self.client);
                // Of what only scripts look at, nobody knows how often.
                let apart = if known.is_observed(name.as_str()) { PRESENCE } else { UNOBSERVED };
                let usual = usual(apart.max(interval.unwrap_or_default()));
                known.session(name).take_online(&online, now, usual);
                Ok(())
            })?;
        }
        let mut known = self.lock();
        let now = seconds(self.env.now()) + known.skew(&self.client);
        known.up.get_or_insert(now);
        let every = known.section.every.as_secs_f64();
        let apart = interval.or_else(|| known.is_observed(name.as_str()).then_some(every));
        known.session(name).looked_at(now, apart.map_or(f64::INFINITY, usual));
        Ok(())
    }

    fn read_fields(&self, name: &SessionName, priority: Priority, scope: &Scope) -> Result<(), ApiError> {
        let mut call = Call::new(Endpoint::PlayersList).session(name);
        for field in FIELDS {
            call = call.query("fields", field);
        }
        let asked = self.server_now();
        self.client.read_as(&call, priority, &self.brief(scope), |body| {
            let rows = parse::<Entries<'_, PlayerRow<'_>>>(body)?;
            let mut known = self.lock();
            known.session(name).take_fields(&rows, asked);
            Ok(())
        })
    }

    /// How many wait in each room that has no session and that somebody waits for.
    fn read_rooms(&self, scope: &Scope) -> Result<Rooms, ApiError> {
        let call = Call::new(Endpoint::RoomsList);
        let free = self.client.read_as(&call, Priority::Observation, &self.brief(scope), |body| {
            let Entries(rows) = parse::<Entries<'_, RoomRow<'_>>>(body)?;
            let free = rows.into_iter().filter(|(_, row)| row.sname.is_none());
            Ok(free.map(|(name, _)| name.into_owned()).collect::<Vec<_>>())
        })?;
        let mut rooms = Rooms::new();
        for room in free {
            let Ok(name) = RoomName::new(&room) else { continue };
            if !self.lock().is_room_wanted(&room) {
                continue;
            }
            let call = Call::new(Endpoint::RoomsOnline).room(&name);
            let now = self.server_now();
            let waiting = self.client.read_as(&call, Priority::Observation, &self.brief(scope), |body| {
                // Older servers never take anybody off the list.
                let heard = |at: &Option<f64>| at.is_none_or(|at| now - at < IN_THE_ROOM);
                Ok(parse::<Waiting<'_>>(body)?.online.0.iter().filter(|(_, at)| heard(at)).count())
            });
            match waiting {
                Ok(waiting) => drop(rooms.insert(room, waiting)),
                Err(error) if error.kind == ErrorKind::NotFound || is_of_one(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(rooms)
    }

    fn brief(&self, scope: &Scope) -> Scope {
        let deadline = Scope::for_duration(self.env.now(), READ).deadline.min(scope.deadline);
        Scope { deadline, cancel: scope.cancel.clone() }
    }
}

impl Known {
    pub(super) fn is_list_due(&self, now: f64) -> bool {
        let every = PRESENCE.max(self.section.every.as_secs_f64());
        // Clocks are set back.
        !(0.0..every).contains(&(now - self.listed))
    }

    fn are_rooms_due(&self, now: f64) -> bool {
        let every = PRESENCE.max(self.section.every.as_secs_f64());
        room::wanted(&self.rules) && !(0.0..every).contains(&(now - self.roomed))
    }

    fn is_room_wanted(&self, room: &str) -> bool {
        let wants = |what: &Observed| match what {
            Observed::Room { rooms, .. } => super::rule::fits(rooms, room),
            _ => false,
        };
        self.rules.iter().any(|rule| wants(&rule.what))
    }

    /// Whether some rule is about a session, and it may be observed.
    pub(super) fn is_observed(&self, session: &str) -> bool {
        self.section.covers(session) && self.rules.iter().any(|rule| rule.covers(session))
    }

    /// The sessions that are to be looked at now, each with how often it is.
    fn sessions_due(&self, now: f64) -> Vec<(SessionName, f64)> {
        let every = self.section.every.as_secs_f64();
        let here = now + self.last_skew;
        let rests = |name: &str| self.unreadable.get(name).is_some_and(|until| now < *until);
        let observed = self
            .sessions
            .values()
            .filter(|session| self.is_observed(session.name.as_str()) && !rests(session.name.as_str()));
        // Those that nobody has looked at yet are as old as they are.
        let is_awake = |session: &Session| match session.looked {
            Some(looked) if !session.players.is_empty() => session.is_awake(looked),
            _ => here - session.created.into_iter().chain(session.looked).fold(0.0, f64::max) < AWAKE,
        };
        let (awake, asleep): (Vec<&Session>, Vec<&Session>) = observed.partition(|session| is_awake(session));
        // Looks come a little early or late.
        let due = |session: &&Session, interval: f64| {
            session.looked.is_none_or(|looked| !(0.0..interval - every / 2.0).contains(&(here - looked)))
        };
        let sleep = ASLEEP.max(every);
        let mut asleep: Vec<&Session> = asleep.into_iter().filter(|session| due(session, sleep)).collect();
        // Many old sessions must not keep the others waiting: who was not looked at for longest comes first.
        asleep.sort_by(|one, two| one.looked.unwrap_or(0.0).total_cmp(&two.looked.unwrap_or(0.0)));
        let awake = awake.into_iter().filter(|session| due(session, every)).map(|one| (one, every));
        let asleep = asleep.into_iter().take(SLEEPERS).map(|one| (one, sleep));
        awake.chain(asleep).map(|(session, interval)| (session.name.clone(), interval)).collect()
    }

    /// Forgets the sessions that are not on the server any more and were last looked at long ago. One that was only missing for a while
    /// keeps what has come of it: nothing is told twice.
    fn forget_old(&mut self, is_there: impl Fn(&str) -> bool, now: f64) {
        let here = now + self.last_skew;
        let is_old =
            |remembered: &Remembered| remembered.looked.is_none_or(|looked| here - looked > FORGOTTEN);
        let old: Vec<String> = self
            .remembered
            .iter()
            .filter(|(name, remembered)| is_old(remembered) && !is_there(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in old {
            self.remembered.remove(&name);
            self.fired.remove(&name);
            self.forgotten.push(name);
        }
    }

    /// A session that was made again under the same name, as after the server's data were wiped, has nothing of the old one.
    fn begin_anew_if_made_again(&mut self, name: &str, created: f64) {
        let known = match self.sessions.get(name) {
            Some(session) => session.created,
            None => self.remembered.get(name).and_then(|remembered| remembered.created),
        };
        if known.is_some_and(|known| (known - created).abs() > 1.0) {
            self.sessions.remove(name);
            self.remembered.remove(name);
            self.fired.remove(name);
        }
    }

    /// A session, made known if it is not yet. What was remembered of it is taken up.
    fn session(&mut self, name: &SessionName) -> &mut Session {
        // Whatever was to be forgotten of it is of use again.
        self.forgotten.retain(|forgotten| forgotten != name.as_str());
        self.sessions.entry(name.as_str().to_owned()).or_insert_with(|| {
            let mut session = Session::new(name.clone());
            if let Some(remembered) = self.remembered.remove(name.as_str()) {
                session.remember(remembered);
            }
            session
        })
    }

    /// From where the history of a session is read at first: from its beginning, if somebody is under way or it began while it
    /// could be watched; from where it was last looked at; or from now on.
    fn first_cursor(&self, name: &SessionName, ours: f64) -> Option<f64> {
        let session = self.sessions.get(name.as_str())?;
        let since = self.rules_since + self.last_skew;
        let first = self.common.began.values().copied().fold(since, f64::min);
        let under_way = session.players.values().any(super::player::Player::is_under_way);
        if under_way || session.created.is_none_or(|created| created >= first) {
            return None;
        }
        Some(session.looked.unwrap_or(ours + self.last_skew))
    }
}
