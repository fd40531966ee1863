//! When a player was last seen. An open tab says hello at once and then at an interval; nothing else needs to happen for
//! that, so it is computed and not simulated.

/// One open browser tab.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tab {
    id: u64,
    since: f64,
    /// Seconds between two hellos.
    every: f64,
}

/// The tabs of one player, and what was seen besides.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence {
    tabs: Vec<Tab>,
    /// The last load of a page, or what a closed tab said last.
    seen: Option<f64>,
    /// What was said up to then is forgotten.
    forgotten: Option<f64>,
}

impl Presence {
    /// A page was loaded.
    pub(super) fn loaded(&mut self, now: f64) {
        self.seen = Some(now);
    }

    /// A tab opens, or says hello at another interval from now on.
    pub(super) fn open(&mut self, id: u64, now: f64, every: f64) {
        self.keep_last(now);
        self.tabs.retain(|tab| tab.id != id);
        self.tabs.push(Tab { id, since: now, every: every.max(0.1) });
    }

    /// A tab closes. Where that `removes` the player from the list, the other tabs bring it back with their next hello.
    pub(super) fn close(&mut self, id: u64, now: f64, removes: bool) {
        let open = self.tabs.len();
        self.keep_last(now);
        self.tabs.retain(|tab| tab.id != id);
        if removes && self.tabs.len() < open {
            self.forget(now);
        }
    }

    /// Takes the player out of the list.
    pub(super) fn forget(&mut self, now: f64) {
        self.seen = None;
        self.forgotten = Some(now);
    }

    /// The server starts again: nobody is known, and each tab connects again after `delay` seconds.
    pub(super) fn restart(&mut self, now: f64, delay: f64) {
        self.forget(now);
        for tab in &mut self.tabs {
            tab.since = now + delay;
        }
    }

    /// Whether a tab is open at `now`.
    pub(super) fn is_open(&self, now: f64) -> bool {
        self.tabs.iter().any(|tab| tab.since <= now)
    }

    /// When the player was last seen, in seconds since 1970.
    pub(super) fn last_seen(&self, now: f64) -> Option<f64> {
        let said = self.tabs.iter().filter(|tab| tab.since <= now).map(|tab| {
            let hellos = ((now - tab.since) / tab.every).floor();
            tab.since + hellos * tab.every
        });
        let known = said.filter(|said| self.forgotten.is_none_or(|forgotten| *said > forgotten));
        known.chain(self.seen).reduce(f64::max)
    }

    fn keep_last(&mut self, now: f64) {
        self.seen = self.last_seen(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_tab_says_hello_at_its_interval() {
        let mut presence = Presence::default();
        assert_eq!(presence.last_seen(100.0), None);
        presence.open(1, 100.0, 9.0);
        assert_eq!(presence.last_seen(108.0), Some(100.0));
        assert_eq!(presence.last_seen(120.0), Some(118.0));
    }

    #[test]
    fn closing_one_of_two_tabs_hides_the_player_until_the_other_says_hello() {
        let mut presence = Presence::default();
        presence.open(1, 0.0, 9.0);
        presence.open(2, 1.0, 9.0);
        presence.close(1, 12.0, true);
        assert_eq!(presence.last_seen(13.0), None);
        assert_eq!(presence.last_seen(19.0), Some(19.0));
    }

    #[test]
    fn where_nobody_is_removed_the_last_word_stays() {
        let mut presence = Presence::default();
        presence.open(1, 0.0, 9.0);
        presence.close(1, 20.0, false);
        assert_eq!(presence.last_seen(500.0), Some(18.0));
    }

    #[test]
    fn after_a_restart_nobody_is_seen_until_the_browsers_are_back() {
        let mut presence = Presence::default();
        presence.open(1, 0.0, 9.0);
        presence.restart(50.0, 1.5);
        assert_eq!(presence.last_seen(51.0), None);
        assert_eq!(presence.last_seen(52.0), Some(51.5));
    }
}
