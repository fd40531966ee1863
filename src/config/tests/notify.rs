//! Channels and rules.

use super::*;

const UPROOT: &str = "[uproot]\ntoken_env = \"T\"\n";
const IT: &str = "[[automation]]\nname = \"step\"\non = { every = \"1h\" }\nscript = \"it.rhai\"\n";

/// What is said of these lines where every variable holds this secret.
fn said(lines: &str, secret: &str) -> Vec<String> {
    let draft = parse("config.toml".as_ref(), format!("{UPROOT}{lines}\n{IT}"), &|_| Some(secret.to_owned()));
    let shown = format!("{draft:?}");
    assert!(!shown.contains("hidden"), "a secret is shown: {shown}");
    let told = |p: &Problem| format!("{}: {} {}", p.line, p.message, p.help.clone().unwrap_or_default());
    draft.problems.iter().map(told).collect()
}

#[test]
fn two_sections_tell_a_lab_everything() {
    let lines = "[channel.lab]\nkind = \"slack\"\nurl_env = \"CHAT\"\n[[notify]]\nto = \"lab\"\n";
    let draft = parse("config.toml".as_ref(), format!("{UPROOT}{lines}{IT}"), &|_| {
        Some("https://hooks.example.org/hidden".to_owned())
    });
    assert!(!format!("{draft:?}").contains("hidden"));
    let config = draft.accept().unwrap();
    assert_eq!((config.channels.len(), config.notify.len()), (1, 1));
    let step = AutomationName::new("step").unwrap();
    assert!(NoticeKind::ALL.into_iter().all(|kind| config.notify[0].wants(kind, Some(&step))));
    assert!(config.tells_of_server());
    assert!(config.secrets().len() >= 2);
}

#[test]
fn what_is_wrong_with_a_channel_is_said_with_its_place() {
    let url = "https://hooks.example.org/hidden";
    for (lines, secret, wanted) in [
        ("[channel.lab]\nurl_env = \"C\"", url, "3: this channel does not say of which kind it is"),
        ("[channel.lab]\nkind = \"slak\"\nurl_env = \"C\"", url, "4: `kind` cannot be \"slak\""),
        ("[channel.lab]\nkind = \"slack\"", url, "this channel does not say where its address is kept"),
        ("[channel.lab]\nkind = \"slack\"\nurl = \"hidden\"", url, "unknown key `url`"),
        (
            "[channel.lab]\nkind = \"slack\"\nurl_env = \"C\"",
            "hidden",
            "5: the address that is named here is none",
        ),
        (
            "[channel.lab]\nkind = \"teams\"\nurl_env = \"C\"",
            "http://x.example/hidden",
            "it has to be https://",
        ),
        (
            "[channel.lab]\nkind = \"telegram\"\ntoken_env = \"C\"",
            "hidden",
            "does not say in which chat it sends",
        ),
        ("[channel.lab]\nkind = \"ntfy\"\ntopic = \"a b\"", "hidden", "is not a topic of ntfy"),
        ("[channel.lab]\nkind = \"email\"\nfrom = \"x\"", "hidden", "5: \"x\" is not an address for mail"),
        ("[channel.lab]\nkind = \"email\"\nfrom = \"a@b.c\"\nto = []", "hidden", "over which mail server"),
        (
            "[channel.lab]\nkind = \"email\"\nfrom = \"a@b.c\"\nto = \"a@b.c\"\nsmtp = \"b.c\"\ntls = \"none\"",
            "hidden",
            "without TLS can be read by everybody",
        ),
        (
            "[channel.lab]\nkind = \"email\"\nfrom = \"a@b.c\"\nto = \"a@b.c\"\nsmtp = \"b.c\"\nuser = \"u\"",
            "hidden",
            "8: there is a `user`, and no password",
        ),
        ("[channel.\"a b\"]\nkind = \"slack\"\nurl_env = \"C\"", url, "channel name \"a b\" is not valid"),
        ("[channel.lab]\nkind = \"slack\"\nurl_env = \"C\"\nrate = \"20\"", url, "\"20\" is not a rate"),
        ("[channel.lab]\nkind = \"slack\"\nurl_env = \"C\"\n[[notify]]\n", url, "does not say to whom"),
        (
            "[channel.lab]\nkind = \"slack\"\nurl_env = \"C\"\n[[notify]]\nto = \"lab\"\nautomations = \"stp\"",
            url,
            "8: no automation is called \"stp\" did you mean \"step\"?",
        ),
    ] {
        let found = said(lines, secret);
        assert!(found.iter().any(|one| one.contains(wanted)), "{lines}\n{found:#?}");
    }
}

#[test]
fn a_rehearsal_needs_no_address_and_reaches_nobody() {
    let lines = "[channel.lab]\nkind = \"discord\"\nurl_env = \"C\"\n[channel.b]\nkind = \"ntfy\"\ntopic_env = \"N\"\n";
    let config =
        parse_for_rehearsal("config.toml".as_ref(), format!("{UPROOT}{lines}{IT}")).accept().unwrap();
    assert_eq!(config.channels.len(), 2);
}
