//! Rooms as participants find them: a lobby before the session, a place in it afterwards.

use std::sync::Arc;

use super::{Entered, RoomPlan, Sandbox, context, moves::Plan, session::Room};

impl Room {
    /// A room as the experiment's file describes it.
    pub(super) fn planned(plan: &RoomPlan) -> Self {
        Self {
            config: plan.config.clone(),
            labels: plan.labels.clone(),
            capacity: plan.capacity,
            open: plan.open,
            ..Self::default()
        }
    }
}

impl Room {
    /// Whether somebody with this label may come in. An empty list of labels takes any label, but none does not do.
    pub(super) fn takes(&self, label: &str) -> bool {
        self.labels.as_ref().is_none_or(|labels| {
            !label.is_empty() && (labels.is_empty() || labels.iter().any(|known| known == label))
        })
    }

    /// How many players a session in the room grows to; without an end where anybody may join.
    fn most_players(&self) -> Option<u64> {
        let labels = self.labels.as_ref().map(|labels| labels.len() as u64).filter(|labels| *labels > 0);
        self.capacity.or(labels)
    }
}

impl Sandbox {
    /// The room with this name.
    pub(super) fn room_named(&self, room: &str) -> Option<&Room> {
        self.rooms.get(room)
    }

    /// Follows a room's link. Whoever comes again gets the same place; in the lobby the tab says hello at an interval.
    pub fn enter_room(&mut self, now: f64, room: &str, label: &str, tab: u64, every: f64) -> Entered {
        let entered = self.admit(now, room, label);
        if entered == Entered::Waiting
            && let Some(room) = self.rooms.get_mut(room)
        {
            room.waiting.entry(label.to_owned()).or_default().open(tab, now, every);
        }
        entered
    }

    /// Follows a room's link with a browser that only loads pages: it is seen when it does.
    pub(super) fn visit_room(&mut self, now: f64, room: &str, label: &str) -> Entered {
        let entered = self.admit(now, room, label);
        if entered == Entered::Waiting
            && let Some(room) = self.rooms.get_mut(room)
        {
            room.waiting.entry(label.to_owned()).or_default().loaded(now);
        }
        entered
    }

    /// Gives somebody a place: the one they had, the one with their label, a free one, or a new one. An open room with a
    /// configuration and no session makes itself one for the first who comes.
    fn admit(&mut self, now: f64, room: &str, label: &str) -> Entered {
        self.settle(now);
        let Some(found) = self.rooms.get_mut(room).filter(|found| found.takes(label)) else {
            return Entered::Refused;
        };
        let config = found.config.clone().filter(|config| !config.is_empty());
        if !found.open || (found.session.is_none() && config.is_none()) {
            return Entered::Waiting;
        }
        found.waiting.shift_remove(label);
        let (most, session) = (found.most_players(), found.session.clone());
        let sname = match session {
            Some(sname) => sname,
            None => self.start_by_itself(now, room, config.unwrap_or_default()),
        };
        let Some(session) = self.sessions.get(sname.as_str()) else { return Entered::Refused };
        let sname = Arc::clone(&session.name);
        let known = |started: bool| {
            let mut players = session.players.values();
            players.find(|player| !label.is_empty() && player.started == started && *player.label == *label)
        };
        if let Some(player) = known(true) {
            return Entered::Player { sname, uname: Arc::clone(&player.name) };
        }
        let free = known(false).or_else(|| session.free_player()).map(|player| Arc::clone(&player.name));
        let uname = match free {
            Some(uname) => uname,
            None if most.is_some_and(|most| session.players.len() as u64 >= most) => {
                return Entered::Refused;
            }
            None => match self.create_player(now, &sname, None) {
                Some(uname) => uname,
                None => return Entered::Refused,
            },
        };
        self.write(now, &sname, &uname, "started", true.into(), context::ROOM);
        if self.player(&sname, &uname).is_some_and(|player| *player.label != *label) {
            self.write(now, &sname, &uname, "label", label.into(), context::ROOM);
        }
        Entered::Player { sname, uname }
    }

    /// A session of the room's own configuration, without players.
    fn start_by_itself(&mut self, now: f64, room: &str, config: String) -> String {
        let of_config = self.experiment.configs.get(&config);
        let plan = Plan {
            apps: self.experiment.apps_of(&config).unwrap_or_default(),
            settings: of_config.map(|config| config.settings.clone()).unwrap_or_default(),
            config,
            room: Some(room.to_owned()),
            ..Plan::default()
        };
        let sname = self.create_session(now, plan).to_string();
        if let Some(room) = self.rooms.get_mut(room) {
            room.session = Some(sname.clone());
        }
        sname
    }

    /// Follows a session's own link: the first player that nobody is yet.
    pub(super) fn join_session(&mut self, now: f64, sname: &str) -> Option<Arc<str>> {
        let uname = self.sessions.get(sname)?.free_player().map(|player| Arc::clone(&player.name))?;
        self.write(now, sname, &uname, "started", true.into(), context::JOIN);
        Some(uname)
    }

    /// Leaves a room's lobby.
    pub fn leave_room(&mut self, now: f64, room: &str, label: &str, tab: u64) {
        if let Some(room) = self.rooms.get_mut(room)
            && let Some(waiting) = room.waiting.get_mut(label)
        {
            waiting.close(tab, now, true);
            if waiting.last_seen(now).is_none() {
                room.waiting.shift_remove(label);
            }
        }
    }
}
