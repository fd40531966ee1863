//! What is known of one player, and how it was learned.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::domain::PageKind;

/// The players of a session by their names, in the server's order. Mates are places in it.
pub(super) type Players = IndexMap<Arc<str>, Player>;

/// What is known of one player. Times are seconds since 1970 by the server's clock.
#[derive(Clone, Debug)]
pub(super) struct Player {
    pub(super) label: String,
    /// A room or a link has handed the place out.
    pub(super) started: bool,
    /// The page order; players with the same share it.
    pub(super) order: Arc<[String]>,
    /// Was put to the end without having come: there is no order then.
    pub(super) ended_unjoined: bool,
    /// The group's name.
    pub(super) group: Option<String>,
    /// The others of the group, as places in the session.
    pub(super) mates: Vec<usize>,
    /// Until when there is time on which page.
    pub(super) deadlines: Vec<(i64, f64)>,
    /// Marked as dropped out.
    pub(super) dropped: bool,
    /// The place in the page order.
    pub(super) page: i64,
    /// When they came to it; none where the history that was read does not tell.
    pub(super) entered: Option<f64>,
    /// When the place was handed out.
    pub(super) joined: Option<f64>,
    /// When they were marked as dropped out.
    pub(super) dropped_at: Option<f64>,
    /// The newest change of the page that was taken up.
    pub(super) moved: f64,
    /// The newest sign of life in the history: a move that no admin made.
    pub(super) acted: f64,
    /// When they were last heard of, as the server's list of those online says.
    pub(super) seen: Option<f64>,
    /// When the list of those online that is being taken up says so.
    pub(super) listed: Option<f64>,
    /// The page that the list of those online named last, where it was not the one known from the history.
    pub(super) doubted: Option<i64>,
    /// How many looks in a row have brought no newer sign of life, and when the first of them was.
    pub(super) unheard: (u32, f64),
}

impl Player {
    pub(super) fn new(order: Arc<[String]>) -> Self {
        Self {
            label: String::new(),
            started: false,
            order,
            ended_unjoined: false,
            group: None,
            mates: Vec::new(),
            deadlines: Vec::new(),
            dropped: false,
            page: -1,
            entered: None,
            joined: None,
            dropped_at: None,
            moved: 0.0,
            acted: 0.0,
            seen: None,
            listed: None,
            doubted: None,
            unheard: (0, 0.0),
        }
    }

    /// Takes up a change of the page. Those that were taken up before are passed over; a value that is set again is no move. A walk
    /// through markers may have one time for all its steps, which then are taken up again together.
    pub(super) fn moved_to(&mut self, page: i64, at: f64, by_admin: bool) {
        if at < self.moved {
            return;
        }
        if page != self.page || self.entered.is_none() {
            self.entered = Some(at);
        }
        self.page = page;
        self.moved = at;
        if !by_admin {
            self.acted = self.acted.max(at);
        }
    }

    /// What kind of page they are on.
    pub(super) fn kind(&self) -> PageKind {
        match usize::try_from(self.page) {
            _ if self.order.is_empty() && !self.ended_unjoined => PageKind::Initialize,
            Err(_) => PageKind::Initialize,
            Ok(at) => self.order.get(at).map_or(PageKind::End, |page| PageKind::of(page)),
        }
    }

    /// The name of the page they are on.
    pub(super) fn page_name(&self) -> &str {
        let shown = usize::try_from(self.page).ok().and_then(|at| self.order.get(at));
        match self.kind() {
            PageKind::Initialize => "Initialize",
            PageKind::End => "End",
            _ => shown.map_or("", String::as_str),
        }
    }

    /// On a page of theirs, shown or not.
    pub(super) fn is_under_way(&self) -> bool {
        !self.dropped && !matches!(self.kind(), PageKind::Initialize | PageKind::End)
    }

    /// At the end, by themselves or because somebody put them there.
    pub(super) fn is_finished(&self) -> bool {
        !self.dropped && self.kind() == PageKind::End
    }

    /// Until when there is time on the page they are on.
    pub(super) fn deadline(&self) -> Option<f64> {
        self.deadlines.iter().find(|(page, _)| *page == self.page).map(|(_, until)| *until)
    }

    /// The newest sign of life, whatever it was.
    pub(super) fn alive(&self) -> f64 {
        self.acted.max(self.seen.unwrap_or_default())
    }

    /// Whether they have not come as far as another player is. Orders differ, so that it is the same page, met for the same time,
    /// that is looked for in theirs.
    pub(super) fn is_behind(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.order, &other.order) {
            return self.page < other.page;
        }
        let Some(at) = usize::try_from(other.page).ok().filter(|at| *at < other.order.len()) else {
            return false;
        };
        let name = &other.order[at];
        let met = other.order[..=at].iter().filter(|page| *page == name).count();
        let place = self.order.iter().enumerate().filter(|(_, page)| *page == name).nth(met - 1);
        let place = place.map_or(other.page, |(place, _)| i64::try_from(place).unwrap_or(i64::MAX));
        self.page < place
    }

    /// Which visit to which page this is: it does not change while they stay.
    pub(super) fn visit(&self) -> String {
        match self.entered {
            Some(at) => format!("{}@{at:.3}", self.page),
            None => format!("{}@?", self.page),
        }
    }
}

/// Whether a change of the page was made by an admin action; the context names the function of the server's code (as seen in
/// 0.0.1, 0.1.0 and 0.10.1).
pub(super) fn is_by_admin(context: &str) -> bool {
    let function = context.rsplit('.').next().unwrap_or_default();
    let function = function.split(':').next().unwrap_or_default();
    matches!(function, "advance_by_one" | "revert_by_one" | "put_to_end" | "insert_fields")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(pages: &[&str]) -> Arc<[String]> {
        pages.iter().map(|page| (*page).to_owned()).collect()
    }

    #[test]
    fn a_value_that_is_set_again_is_no_move() {
        let mut player = Player::new(order(&["a/A", "a/B"]));
        player.moved_to(1, 10.0, false);
        player.moved_to(1, 20.0, true);
        assert_eq!((player.entered, player.moved, player.acted), (Some(10.0), 20.0, 10.0));
        player.moved_to(0, 15.0, false);
        assert_eq!(player.page, 1, "what was taken up before is passed over");
        for _ in 0..2 {
            player.moved_to(0, 30.0, false);
            player.moved_to(2, 30.0, false);
        }
        assert!(player.is_finished() && player.visit() == "2@30.000");
    }

    #[test]
    fn who_is_behind_is_told_by_the_page_and_not_by_its_number() {
        let mut waits = Player::new(order(&["a/A", "a/#Wait", "a/B", "a/#Wait"]));
        waits.page = 3;
        let mut mate = Player::new(order(&["a/B", "a/A", "a/#Wait", "a/C", "a/#Wait"]));
        for (page, behind) in [(2, true), (3, true), (4, false), (5, false)] {
            mate.page = page;
            assert_eq!(mate.is_behind(&waits), behind, "{page}");
        }
    }

    #[test]
    fn an_admin_s_move_is_no_sign_of_life() {
        assert!(is_by_admin("uproot.services.player_service.advance_by_one:186"));
        assert!(!is_by_admin("uproot.server1.show_page:337") && !is_by_admin(""));
    }
}
