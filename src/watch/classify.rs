//! Which state a player is in, and why: plain rules over plain data.
//!
//! The numbers come from how browsers and the server behave. A browser speaks up every 9 s (every 5 s on wait pages), but one in
//! the background only once a minute: 30 s of silence says nothing yet, two minutes do. After a start of the server, its list of
//! those online is empty until their browsers have come back.

use super::player::{Player, Players};
use crate::domain::{Class, PageKind, PlayerCondition, format_duration};

/// Whoever was heard of less than this ago is there, on an ordinary page.
const THERE: f64 = 30.0;
/// The same on a wait page, where browsers speak up more often.
const THERE_WAITING: f64 = 15.0;
/// Whoever was not heard of for longer is absent,
const ABSENT: f64 = 120.0;
/// if so many looks
const LOOKS: u32 = 3;
/// over so long a time say so,
const OVER: f64 = 60.0;
/// and if both we and the server have been up for so long.
const UP: f64 = 120.0;
/// A deadline that passed less than this ago: the browser may be about to hand in.
const LATE: f64 = 15.0;

/// What all players of a session are looked at with. Times are seconds since 1970 by the server's clock.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Now.
    pub(super) now: f64,
    /// When it was last looked who is online; none before the first time.
    pub(super) heard: Option<f64>,
    /// Since when we and the server have been up.
    pub(super) up: f64,
    /// How long somebody may take on a page.
    pub(super) patience: f64,
    /// The times in which nobody could look.
    pub(super) gaps: Vec<(f64, f64)>,
    /// Whoever is not known to be gone counts as there: for whether something is still so, when it was so a moment ago. A tab in
    /// the background is heard of now and then only.
    pub(super) lenient: bool,
}

/// Who holds a waiting player up.
pub(super) struct Culprit<'p> {
    pub(super) name: &'p str,
    mate: &'p Player,
    /// Absent, dropped out, or past a deadline: nobody need wait for them any more.
    is_gone: bool,
}

/// The longest that a look at who is online may lie back to say anything of now.
const HEARD: f64 = 100.0;

impl View {
    /// For how long something has been so since an instant, without the times in which nobody could look.
    pub(super) fn lasted(&self, since: f64) -> f64 {
        let missed: f64 =
            self.gaps.iter().map(|(from, to)| (to.min(self.now) - from.max(since)).max(0.0)).sum();
        (self.now - since - missed).max(0.0)
    }

    /// The same, times in which nobody could look included.
    pub(super) fn elapsed(&self, since: f64) -> f64 {
        (self.now - since).max(0.0)
    }

    /// How long nothing has been heard of a player, as far as can be told; none where it was not looked lately.
    pub(super) fn silent(&self, player: &Player) -> Option<f64> {
        let heard = self.heard.filter(|heard| self.now - heard < HEARD)?;
        // Whom the server does not list may have left before we or the server were there to notice.
        let seen = player.seen.unwrap_or(self.up).max(player.acted);
        Some((heard - seen).max(0.0))
    }

    fn is_there(&self, player: &Player, limit: f64) -> bool {
        let limit = if self.lenient { ABSENT } else { limit };
        player.seen.is_some() && self.silent(player).is_some_and(|silent| silent < limit)
    }

    /// Whether a player counts as there.
    pub(super) fn is_online(&self, player: &Player) -> bool {
        self.is_there(player, THERE)
    }

    fn is_absent(&self, player: &Player) -> bool {
        let (looks, since) = player.unheard;
        player.is_under_way()
            && looks >= LOOKS
            && self.heard.is_some_and(|heard| heard - since >= OVER)
            && self.silent(player).is_some_and(|silent| silent > ABSENT)
            && self.now - self.up >= UP
    }

    fn is_expired(&self, player: &Player) -> bool {
        player.kind() == PageKind::Page
            && player.is_under_way()
            && player.deadline().is_some_and(|deadline| self.now - deadline > LATE)
    }

    fn is_stalled(&self, player: &Player, patience: f64) -> bool {
        player.kind() == PageKind::Page
            && player.is_under_way()
            && self.is_there(player, THERE)
            && player.entered.is_some_and(|entered| self.lasted(entered) >= patience)
    }

    fn waits(&self, player: &Player) -> bool {
        player.kind() == PageKind::Wait && player.is_under_way() && self.is_there(player, THERE_WAITING)
    }

    /// The mate that holds a waiting player up; one that is gone before one that only takes time.
    pub(super) fn culprit<'p>(&self, player: &Player, players: &'p Players) -> Option<Culprit<'p>> {
        let mates = || {
            let mates = player.mates.iter().filter_map(|mate| players.get_index(*mate));
            mates.map(|(name, mate)| Culprit { name, mate, is_gone: self.is_gone(mate) })
        };
        let mut behind = mates().filter(|culprit| culprit.mate.is_behind(player));
        let Some(first) = behind.next() else {
            // Where all have come, later servers let them on at once. The first ones wait until all have been heard of lately,
            // also for whoever has come to the same page and left.
            return mates().find(|other| self.is_absent(other.mate) && !player.is_behind(other.mate));
        };
        if first.is_gone { Some(first) } else { behind.find(|other| other.is_gone).or(Some(first)) }
    }

    /// Whether nobody need wait for a player any more.
    fn is_gone(&self, player: &Player) -> bool {
        player.dropped || self.is_absent(player) || self.is_expired(player)
    }

    /// The state a player is in.
    pub(super) fn class(&self, player: &Player, players: &Players) -> Class {
        if player.dropped {
            return Class::Dropped;
        }
        match player.kind() {
            PageKind::Initialize => Class::NotStarted,
            PageKind::End => Class::Finished,
            _ if self.is_absent(player) => Class::Absent,
            _ if self.silent(player).is_none() => Class::Unknown,
            PageKind::Wait if self.waits(player) => match self.culprit(player, players) {
                Some(Culprit { is_gone: true, .. }) => Class::Victim,
                Some(_) => Class::Blocked,
                None => Class::Waiting,
            },
            PageKind::Page if self.is_expired(player) => Class::Expired,
            PageKind::Page if self.is_stalled(player, self.patience) => Class::Stalled,
            PageKind::Page if self.is_there(player, THERE) => Class::Thinking,
            _ => Class::Unknown,
        }
    }

    /// Since when a condition holds; none where it does not.
    pub(super) fn since(
        &self,
        condition: PlayerCondition,
        player: &Player,
        players: &Players,
    ) -> Option<f64> {
        use PlayerCondition as C;
        let long_ago = 0.0;
        let entered = player.entered.unwrap_or(long_ago);
        let blocked = || if self.waits(player) { self.culprit(player, players) } else { None };
        match condition {
            C::Joined => (player.started || player.page >= 0)
                .then(|| player.joined.unwrap_or(if player.page >= 0 { entered } else { long_ago })),
            C::Page => (player.is_under_way() && player.kind() != PageKind::Marker).then_some(entered),
            C::Stalled => self.is_stalled(player, -1.0).then_some(entered),
            C::Absent => self.is_absent(player).then(|| player.seen.unwrap_or(self.up).max(player.acted)),
            // Since when somebody waits has to be known: a long time is not made up for anybody.
            C::Waiting => player.entered.filter(|_| self.waits(player)),
            C::Blocked => blocked().and(player.entered),
            C::Victim => blocked().filter(|culprit| culprit.is_gone).and(player.entered),
            C::Expired => self.is_expired(player).then(|| player.deadline().unwrap_or(self.now)),
            C::Finished => player.is_finished().then_some(entered),
            C::Dropped => player.dropped.then(|| player.dropped_at.unwrap_or(long_ago)),
        }
    }

    /// Why a player is in the state they are in, in words.
    pub(super) fn reason(&self, class: Class, player: &Player, players: &Players) -> String {
        let entered = player.entered.map_or_else(
            || "for longer than is known".to_owned(),
            |entered| format!("for {}", span(self.elapsed(entered))),
        );
        let silent = self.silent(player).map_or_else(
            || "it was not looked lately who is online".to_owned(),
            |silent| format!("last heard of {} ago", span(silent)),
        );
        let page = player.page_name();
        match class {
            Class::NotStarted if player.started => "has come and not begun".to_owned(),
            Class::NotStarted => "has not come".to_owned(),
            Class::Thinking => format!("on {page} {entered}, {silent}"),
            Class::Stalled => {
                format!("on {page} {entered}, which is longer than {}, {silent}", span(self.patience))
            }
            Class::Absent => format!("on {page} {entered}, {silent}"),
            Class::Waiting if player.mates.is_empty() => format!("waits on {page} {entered}, in no group"),
            Class::Waiting => format!("waits on {page} {entered}, and nobody of the group is behind"),
            Class::Blocked | Class::Victim => {
                let mate = self.culprit(player, players).map(|Culprit { name, mate, .. }| {
                    let class = self.class(mate, players);
                    format!("{name}, who is {class} on {}", mate.page_name())
                });
                format!("waits on {page} {entered} for {}", mate.unwrap_or_default())
            }
            Class::Expired => {
                let late = player.deadline().map_or(0.0, |deadline| self.now - deadline);
                format!("on {page}, whose time was up {} ago, {silent}", span(late))
            }
            Class::Finished if player.order.is_empty() => "was put to the end without having come".to_owned(),
            Class::Finished => "at the end".to_owned(),
            Class::Dropped => "marked as dropped out".to_owned(),
            Class::Unknown if player.kind() == PageKind::Marker => {
                format!("between two pages, at {page}, {silent}")
            }
            Class::Unknown if self.now - self.up < UP => {
                format!("{silent}; it takes two minutes after a start to tell who is gone")
            }
            Class::Unknown => format!("{silent}; a tab in the background looks the same for two minutes"),
        }
    }

    /// Why a player is in the state they are in, in words that stay the same while nothing changes.
    pub(super) fn brief(&self, class: Class, player: &Player, players: &Players) -> String {
        match class {
            Class::Thinking => String::new(),
            Class::Stalled => format!("longer than {} on this page, and there", span(self.patience)),
            Class::Absent => "not heard of in several looks".to_owned(),
            Class::Waiting if player.mates.is_empty() => "waits, in no group".to_owned(),
            Class::Waiting => "waits, and nobody of the group is behind".to_owned(),
            Class::Blocked | Class::Victim => {
                self.culprit(player, players).map_or_else(String::new, |culprit| {
                    let class = self.class(culprit.mate, players);
                    format!("waits for {}, who is {class} on {}", culprit.name, culprit.mate.page_name())
                })
            }
            Class::Expired => "the time on this page is up".to_owned(),
            Class::Unknown if player.kind() == PageKind::Marker => "between two pages".to_owned(),
            Class::Unknown if self.silent(player).is_none() => {
                "it was not looked lately who is online".to_owned()
            }
            Class::Unknown if self.now - self.up < UP => {
                "it takes two minutes after a start to tell who is gone".to_owned()
            }
            Class::Unknown => "a tab in the background looks the same for two minutes".to_owned(),
            Class::NotStarted | Class::Finished | Class::Dropped => self.reason(class, player, players),
        }
    }
}

/// `90` as `1m 30s`.
fn span(seconds: f64) -> String {
    format_duration(std::time::Duration::from_secs_f64(seconds.clamp(0.0, 1e9).round()))
}
