//! One message, before a service's own form is given to it.

use jiff::{SignedDuration, Timestamp};

use super::{Setup, mask::Mask, text::shorten, words};
use crate::{
    config::Channel,
    domain::{ChannelName, NewNotice, Notice, NoticeKind, counted},
};

/// How many lines a message that stands for several notices has.
const LINES: usize = 15;
/// The longest line of such a message.
const LONGEST_LINE: usize = 300;

/// The longest line of one about a plan, whose players are to be seen.
const LONGEST_PLAN: usize = 800;

/// What goes out later than this after it happened says when that was; else the service's own time will do.
const LATE: SignedDuration = SignedDuration::from_mins(2);

/// What a service is given. Nothing in it is to be obeyed: every text is shown as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The number of its newest notice: a receiver that has seen it before knows it by that, and one that is sent again with more in it
    /// is another one.
    pub id: i64,
    /// A few words, on one line.
    pub title: String,
    /// The text, of several lines maybe.
    pub text: String,
    /// Where to go on: what it is called, and an address.
    pub link: Option<(String, String)>,
    /// It should wake somebody up.
    pub urgent: bool,
    /// To whom it goes.
    pub channel: ChannelName,
    /// When the first of it happened, in milliseconds since 1970.
    pub at: i64,
    /// What the first of it is: the word of a rule, or `script`.
    pub kind: &'static str,
}

impl Message {
    /// The message for notices that go out together, at least one, at the time `now`.
    pub(super) fn of(
        name: &ChannelName,
        channel: &Channel,
        notices: &[Notice],
        setup: &Setup,
        mask: &Mask,
        now: Timestamp,
    ) -> Option<Self> {
        let time = |one: &Notice| words::time(one.notice.at, now, &setup.zone);
        let (first, others) = notices.split_first()?;
        let urgent = notices.iter().any(|one| is_urgent(one, notices));
        let mut message = Self {
            id: others.last().unwrap_or(first).id,
            title: String::new(),
            text: String::new(),
            link: None,
            urgent,
            channel: name.clone(),
            at: first.notice.at.as_millisecond(),
            kind: first.notice.kind.map_or("script", NoticeKind::as_str),
        };
        if others.is_empty() {
            message.title.clone_from(&first.notice.title);
            message.text.clone_from(&first.notice.text);
            if now.duration_since(first.notice.at) > LATE {
                message.text =
                    format!("{}\nThis was at {}.", message.text, time(first)).trim_start().to_owned();
            }
            match way_on(first, setup) {
                Some(Way::Page(label, url)) => message.link = Some((label.to_owned(), url)),
                Some(Way::Command(label, command)) => {
                    message.text = format!("{}\n{label}: {command}", message.text).trim_start().to_owned();
                }
                None => {}
            }
        } else {
            // What somebody has to decide is not hidden behind a number.
            let plans: Vec<&Notice> = notices.iter().filter(|one| is_plan(one)).collect();
            let urgent = || notices.iter().find(|one| is_urgent(one, notices));
            let lasting = || notices.iter().find(|one| !is_over(one, notices));
            let head = plans.first().copied().or_else(urgent).or_else(lasting).unwrap_or(first);
            message.title = match head.notice.title.as_str() {
                "" => counted(notices.len(), "notice", "notices"),
                title => format!("{title}, and {} more", others.len()),
            };
            message.kind = head.notice.kind.map_or("script", NoticeKind::as_str);
            message.text = lines(notices, setup, time);
            message.link = match plans.as_slice() {
                [one] => way_on(one, setup).and_then(|way| match way {
                    Way::Page(label, url) => Some((label.to_owned(), url)),
                    Way::Command(..) => None,
                }),
                _ if notices.iter().any(|one| one.notice.kind.is_some()) => {
                    setup.console.page("").map(|url| ("Open the console".to_owned(), url))
                }
                _ => None,
            };
        }
        let hidden = |text: &str| setup.without_secrets(&mask.apply(text, channel.mask));
        message.title = hidden(&message.title);
        message.text = hidden(&message.text);
        Some(message)
    }

    /// The title, the text and the link below one another, for services that know no more than text.
    pub(super) fn plain(&self, longest: usize) -> String {
        let link = self.link.as_ref().map(|(label, url)| format!("\n{label}: {url}")).unwrap_or_default();
        let left = longest.saturating_sub(self.title.chars().count() + 1 + link.chars().count());
        let text = shorten(&self.text, left);
        let all = if self.title.is_empty() { text } else { format!("{}\n{text}", self.title) };
        format!("{}{link}", all.trim_end())
    }
}

/// Where a person goes on, and what it is called.
enum Way {
    /// A page of the console.
    Page(&'static str, String),
    /// A command to type, where nobody has said where the console is.
    Command(&'static str, String),
}

fn way_on(one: &Notice, setup: &Setup) -> Option<Way> {
    let notice = &one.notice;
    let (page, path, what, command) = match (notice.kind?, notice.run, &notice.automation) {
        (NoticeKind::Plan, Some(run), _) => {
            ("Look and approve", format!("plans/{run}"), "To approve", format!("uproctor approve {run}"))
        }
        (NoticeKind::Failed, Some(run), _) => {
            ("Look at the run", format!("runs/{run}"), "To look at the run", format!("uproctor show {run}"))
        }
        (NoticeKind::Dead, ..) => ("Decide", "dead".to_owned(), "To decide", "uproctor dead".to_owned()),
        (NoticeKind::Held, _, Some(name)) => {
            ("Open the console", String::new(), "To let it go on", format!("uproctor resume {name}"))
        }
        (NoticeKind::Held, ..) => {
            ("Open the console", String::new(), "To let everything go on", "uproctor resume".to_owned())
        }
        _ => return None,
    };
    Some(match setup.console.page(&path) {
        Some(url) => Way::Page(page, url),
        None => Way::Command(what, command),
    })
}

/// Whether it should wake somebody up, among the others of its message.
fn is_urgent(one: &Notice, among: &[Notice]) -> bool {
    one.notice.urgent && !is_over(one, among)
}

/// Whether a later notice of the same message says that it is not so any more: a title has to be true when it is read.
fn is_over(one: &Notice, among: &[Notice]) -> bool {
    let end = match one.notice.kind {
        Some(NoticeKind::Held) => NoticeKind::Resumed,
        Some(NoticeKind::ServerDown) => NoticeKind::Recovered,
        _ => return false,
    };
    among.iter().any(|later| {
        later.id > one.id
            && later.notice.kind == Some(end)
            && later.notice.automation == one.notice.automation
    })
}

fn is_plan(one: &Notice) -> bool {
    one.notice.kind == Some(NoticeKind::Plan)
}

/// Notices of one kind about one automation.
struct Group<'n> {
    first: &'n Notice,
    /// The newest, which speaks for all.
    last: &'n Notice,
    count: usize,
}

/// A line for each kind about each automation, and for each plan and each notice of a script, with its time.
fn lines(notices: &[Notice], setup: &Setup, time: impl Fn(&Notice) -> String) -> String {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for one in notices {
        let same = |known: &&mut Group<'_>| {
            let (known, new) = (&known.last.notice, &one.notice);
            known.kind.is_some() && (known.kind, &known.automation) == (new.kind, &new.automation)
        };
        match groups.iter_mut().find(same) {
            // Each plan is decided by itself.
            Some(group) if !is_plan(one) => (group.last, group.count) = (one, group.count + 1),
            _ => groups.push(Group { first: one, last: one, count: 1 }),
        }
    }
    let all = groups.len();
    let mut lines: Vec<String> = groups
        .into_iter()
        .take(LINES)
        .map(|Group { first, last, count }| {
            let (at, notice) = (time(last), &last.notice);
            if is_plan(last) {
                return plan(last, setup, &at);
            }
            let began = time(first);
            let since = if began == at { String::new() } else { format!(" since {began}") };
            let text = notice.text.lines().next().unwrap_or_default();
            let who = notice.automation.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            let title = match notice.kind {
                Some(NoticeKind::Failed) if count > 1 => format!("{who}{count} runs failed{since}, the last"),
                Some(NoticeKind::Dead) if count > 1 => {
                    format!("{who}{count} runs need a person{since}, the last")
                }
                Some(_) if count > 1 => format!("{} ({count} times{since})", notice.title),
                _ => notice.title.clone(),
            };
            let said = match (title.as_str(), text) {
                ("", text) => text.to_owned(),
                (title, "") => title.to_owned(),
                (title, text) => format!("{title}: {text}"),
            };
            format!("- {at}, {}", shorten(&said, LONGEST_LINE))
        })
        .collect();
    if all > LINES {
        lines.push(format!("and {} more: `uproctor notify --all` lists them", all - LINES));
    }
    lines.join("\n")
}

/// A plan among other notices: whole, and how to go on.
fn plan(one: &Notice, setup: &Setup, at: &str) -> String {
    let NewNotice { title, text, .. } = &one.notice;
    let wants = text.replace("\n- ", "; ").replace('\n', " ");
    let said = shorten(&format!("{title}: {wants}"), LONGEST_PLAN);
    match way_on(one, setup) {
        Some(Way::Page(label, to) | Way::Command(label, to)) => format!("- {at}, {said}\n  {label}: {to}"),
        None => format!("- {at}, {said}"),
    }
}
