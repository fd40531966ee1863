//! Who is told of what, and when. Pure: nothing is read or written here.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{Setup, words::Words};
use crate::domain::{AutomationName, ChannelName, NewNotice, News, NoticeKind};

/// What happens within so long of one another goes out together.
const SETTLE: SignedDuration = SignedDuration::from_secs(1);

/// What becomes of news.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decision {
    /// The notices that come of it.
    pub(super) notices: Vec<NewNotice>,
    /// What waits to be gathered goes out now, since it is over: of which automations, at which channels.
    pub(super) hurried: Vec<(ChannelName, AutomationName)>,
}

/// A channel, what it is told of, and about which automation.
type Group = (ChannelName, NoticeKind, Option<AutomationName>);

/// Decides about news. `last_due` says when the last notice of a group was due, and `words` what is said; none where
/// it is not worth a word any more.
pub(super) fn decide<E>(
    news: &[News],
    setup: &Setup,
    last_due: impl Fn(&Group) -> Result<Option<Timestamp>, E>,
    words: impl Fn(&News, NoticeKind) -> Result<Option<Words>, E>,
) -> Result<Decision, E> {
    let mut decision = Decision::default();
    let mut due_of: HashMap<Group, Timestamp> = HashMap::new();
    for one in news {
        for channel in setup.channels.keys() {
            let Some((kind, digest)) = told(one, channel, setup) else { continue };
            let Some(words) = words(one, kind)? else { continue };
            let group = (channel.clone(), kind, one.automation.clone());
            let last = match due_of.get(&group) {
                Some(last) => Some(*last),
                None => last_due(&group)?,
            };
            let due = due(one, kind, last, digest);
            due_of.insert(group, due);
            if let (NoticeKind::Recovered, Some(automation)) = (kind, &one.automation) {
                decision.hurried.push((channel.clone(), automation.clone()));
            }
            decision.notices.push(NewNotice {
                channel: channel.clone(),
                kind: Some(kind),
                automation: one.automation.clone(),
                run: one.run,
                key: None,
                title: words.title,
                text: words.text,
                urgent: words.urgent,
                at: one.at,
                due,
            });
        }
    }
    Ok(decision)
}

/// As what a channel is told of news, if it is, and for how long further ones are gathered: as the first word that a rule of
/// the channel names.
fn told(news: &News, channel: &ChannelName, setup: &Setup) -> Option<(NoticeKind, SignedDuration)> {
    let about = news.automation.as_ref();
    let rules = || setup.rules.iter().filter(|rule| rule.to.contains(channel));
    if news.covered.is_some_and(|kind| rules().any(|rule| rule.wants(kind, about))) {
        return None;
    }
    news.kinds.iter().find_map(|kind| {
        let digest = rules().filter(|rule| rule.wants(*kind, about)).map(|rule| rule.digest).min()?;
        Some((*kind, SignedDuration::try_from(digest).unwrap_or(SignedDuration::MAX)))
    })
}

/// The first goes out at once. What follows is gathered until `digest` after that one, and so on.
fn due(news: &News, kind: NoticeKind, last: Option<Timestamp>, digest: SignedDuration) -> Timestamp {
    let soon = news.at.saturating_add(SETTLE).unwrap_or(Timestamp::MAX);
    // A plan runs out of time, and what is paused or goes on is rare.
    let at_once =
        matches!(kind, NoticeKind::Held | NoticeKind::Resumed) || (kind == NoticeKind::Plan && !news.again);
    match last {
        _ if at_once => soon,
        // It joins the one that is still to go out. A clock that was set back must not keep it waiting.
        Some(last) if last > news.at && last <= news.at.saturating_add(digest).unwrap_or(last) => last,
        Some(last) if last <= news.at => soon.max(last.saturating_add(digest).unwrap_or(Timestamp::MAX)),
        _ => soon,
    }
}
