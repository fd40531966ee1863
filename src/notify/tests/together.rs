//! Several notices in one message.

use jiff::Timestamp;

use super::world::config;
use crate::{
    domain::{AutomationName, ChannelName, NewNotice, Notice, NoticeKind, RunId},
    notify::{Message, Setup, mask::Mask},
};

/// What is said together of a plan, a failure and a pause; without the console's address where `url` is false.
fn message(url: bool, plans: i64) -> Message {
    let mut config = config(
        "[channel.lab]\nkind = \"slack\"\nurl_env = \"HOOK\"\n",
        &[("HOOK", "https://chat.example.org/x")],
    );
    if !url {
        config.console.url = None;
    }
    let notice = |kind: NoticeKind, run: i64, title: &str, text: &str| NewNotice {
        channel: ChannelName::new("lab").unwrap(),
        kind: Some(kind),
        automation: Some(AutomationName::new("it").unwrap()),
        run: Some(RunId(run)),
        key: None,
        title: title.to_owned(),
        text: text.to_owned(),
        urgent: kind != NoticeKind::Failed,
        at: Timestamp::UNIX_EPOCH,
        due: Timestamp::UNIX_EPOCH,
    };
    let mut all = vec![
        notice(NoticeKind::Failed, 1, "it: run 1 failed", "no room"),
        notice(NoticeKind::Held, 1, "it is paused", "five in a row"),
    ];
    for run in 7..7 + plans {
        let text = format!(
            "Plan {run}, until 18:48: the mode is approve\n- players.advance s p{run} from app/One\n- players.advance s p9 from app/Two"
        );
        all.push(notice(NoticeKind::Plan, run, "it waits for approval", &text));
    }
    let all: Vec<Notice> = (1..).zip(all).map(|(id, notice)| Notice { id, notice }).collect();
    let (name, channel) = config.channels.iter().next().unwrap();
    Message::of(name, channel, &all, &Setup::of(&config), &Mask::default(), Timestamp::UNIX_EPOCH).unwrap()
}

#[test]
fn a_plan_among_others_keeps_its_players_and_the_way_to_approve_it() {
    let with = message(true, 1);
    assert_eq!((with.title.as_str(), with.kind), ("it waits for approval, and 2 more", "plan"));
    // With one more notice in it, it is another message.
    assert_eq!((with.id, message(true, 2).id), (3, 4));
    let link = Some(("Look and approve".to_owned(), "https://lab.example.org/uproctor/plans/7".to_owned()));
    assert_eq!(with.link, link);
    assert!(
        with.text.contains("players.advance s p7 from app/One; players.advance s p9 from app/Two"),
        "{}",
        with.text
    );
    let without = message(false, 1);
    assert!(
        without.text.contains("To approve: uproctor approve 7") && without.link.is_none(),
        "{}",
        without.text
    );
}

#[test]
fn each_of_several_plans_can_be_approved() {
    let text = message(true, 2).text;
    for run in [7, 8] {
        assert!(
            text.contains(&format!("Look and approve: https://lab.example.org/uproctor/plans/{run}")),
            "{text}"
        );
        assert!(text.contains(&format!("s p{run} from")), "{text}");
    }
    assert_eq!(message(true, 2).link.unwrap().1, "https://lab.example.org/uproctor/");
}

#[test]
fn without_a_plan_what_is_urgent_stands_first() {
    assert_eq!(message(true, 0).title, "it is paused, and 1 more");
}

#[test]
fn a_title_says_nothing_that_is_over() {
    use NoticeKind::{Held, Recovered, Resumed, ServerDown};
    let told = |kinds: &[NoticeKind]| {
        let title = |kind: NoticeKind| match kind {
            NoticeKind::Held => "Everything is paused",
            NoticeKind::Resumed => "What was paused goes on",
            NoticeKind::ServerDown => "The uproot server cannot be reached",
            _ => "The uproot server is back",
        };
        let hook = &[("HOOK", "https://chat.example.org/x")];
        let config = config("[channel.lab]\nkind = \"slack\"\nurl_env = \"HOOK\"\n", hook);
        let mut all = Vec::new();
        for (id, kind) in (1..).zip(kinds) {
            let notice = NewNotice {
                channel: ChannelName::new("lab").unwrap(),
                kind: Some(*kind),
                automation: None,
                run: None,
                key: None,
                title: title(*kind).to_owned(),
                text: String::new(),
                urgent: matches!(kind, NoticeKind::Held | NoticeKind::ServerDown),
                at: Timestamp::UNIX_EPOCH,
                due: Timestamp::UNIX_EPOCH,
            };
            all.push(Notice { id, notice });
        }
        let (name, channel) = config.channels.iter().next().unwrap();
        let told =
            Message::of(name, channel, &all, &Setup::of(&config), &Mask::default(), Timestamp::UNIX_EPOCH)
                .unwrap();
        (told.title, told.urgent)
    };
    assert_eq!(told(&[Held, Resumed]), ("What was paused goes on, and 1 more".to_owned(), false));
    assert_eq!(told(&[ServerDown, Recovered]), ("The uproot server is back, and 1 more".to_owned(), false));
    assert_eq!(told(&[Held, Resumed, Held]), ("Everything is paused, and 2 more".to_owned(), true));
    assert_eq!(
        told(&[Held, Resumed, ServerDown]),
        ("The uproot server cannot be reached, and 2 more".to_owned(), true)
    );
}

/// What is said, at a time in Berlin, of notices that happened at others.
fn said(now: &str, notices: &[(NoticeKind, &str)]) -> String {
    let hook = &[("HOOK", "https://chat.example.org/x")];
    let text =
        "[daemon]\ntimezone = \"Europe/Berlin\"\n[channel.lab]\nkind = \"slack\"\nurl_env = \"HOOK\"\n";
    let config = config(text, hook);
    let notice = |(kind, at): &(NoticeKind, &str)| NewNotice {
        channel: ChannelName::new("lab").unwrap(),
        kind: Some(*kind),
        automation: Some(AutomationName::new("it").unwrap()),
        run: Some(RunId(1)),
        key: None,
        title: format!("it: {}", kind.as_str()),
        text: "no room".to_owned(),
        urgent: false,
        at: at.parse().unwrap(),
        due: at.parse().unwrap(),
    };
    let all: Vec<Notice> =
        (1..).zip(notices.iter().map(notice)).map(|(id, notice)| Notice { id, notice }).collect();
    let (name, channel) = config.channels.iter().next().unwrap();
    Message::of(name, channel, &all, &Setup::of(&config), &Mask::default(), now.parse().unwrap())
        .unwrap()
        .text
}

#[test]
fn what_happened_at_night_is_told_with_its_times() {
    use NoticeKind::{Failed, Held};
    let night = [
        (Failed, "2026-03-01T22:50:00Z"),
        (Held, "2026-03-01T23:30:00Z"),
        (Failed, "2026-03-02T01:10:00Z"),
        (Failed, "2026-03-02T03:20:00Z"),
    ];
    let lines: Vec<String> = said("2026-03-02T07:00:00Z", &night).lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        ["- 04:20, it: 3 runs failed since Sun 1 Mar 23:50, the last: no room", "- 00:30, it: held: no room",]
    );
}

#[test]
fn one_notice_says_when_it_was_only_where_it_goes_out_late() {
    let at = "2026-03-02T01:10:00Z";
    let told = |now| said(now, &[(NoticeKind::Dead, at)]);
    assert_eq!(told("2026-03-02T01:11:00Z"), "no room");
    assert_eq!(told("2026-03-02T06:00:00Z"), "no room\nThis was at 02:10.");
    // A clock that was set back meanwhile makes nothing late.
    assert_eq!(told("2026-03-01T06:00:00Z"), "no room");
}
