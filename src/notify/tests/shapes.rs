//! Each kind of channel against its service: a good day, a bad one, wrong secrets, and texts that mean harm.

use serde_json::{Value, json};

use super::{
    services::{self, Answer, Fault, Seen, Service},
    world::{Lab, config},
};

/// How a lab has set a kind up: what its configuration says, and its secrets, the right ones and wrong ones.
struct Kind {
    name: &'static str,
    service: Service,
    more: String,
    secrets: Vec<(&'static str, String)>,
    wrong: Vec<(&'static str, String)>,
    /// What is said of the wrong ones.
    said: [&'static str; 2],
    /// Where the service says for how long it wants to be left alone.
    busy: Answer,
}

fn hook(name: &'static str, rules: fn(&Seen) -> Answer, path: &str, said: [&'static str; 2]) -> Kind {
    let service = Service::open(rules);
    let url = service.at(path);
    let wrong = url.replace("secret-of-the-hook", "another-secret");
    Kind {
        name,
        more: "url_env = \"SECRET\"\n".to_owned(),
        secrets: vec![("SECRET", url)],
        wrong: vec![("SECRET", wrong)],
        said,
        busy: (429, vec![("retry-after", "40".to_owned())], String::new()),
        service,
    }
}

fn kinds() -> Vec<Kind> {
    let renew = "make a new webhook there";
    let mut discord = hook(
        "discord",
        services::discord,
        "/api/webhooks/17/secret-of-the-hook",
        ["Invalid Webhook Token", renew],
    );
    let limited = json!({ "message": "You are being rate limited.", "retry_after": 40.0, "global": false });
    discord.busy = (429, vec![("retry-after", "1".to_owned())], limited.to_string());
    let teams = hook(
        "teams",
        services::teams,
        "/workflows/1/triggers/manual/paths/invoke?sig=secret-of-the-hook",
        ["must be authenticated", "is the workflow there"],
    );
    let bot = Service::open(services::telegram);
    let flood = json!({
        "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 40",
        "parameters": { "retry_after": 40 },
    });
    let telegram = Kind {
        name: "telegram",
        more: format!("token_env = \"SECRET\"\nchat = \"-1001\"\nserver = \"{}\"\n", bot.at("/")),
        secrets: vec![("SECRET", "17:secret-of-the-bot".to_owned())],
        wrong: vec![("SECRET", "17:another-secret".to_owned())],
        said: ["Unauthorized", "ask @BotFather"],
        busy: (429, Vec::new(), flood.to_string()),
        service: bot,
    };
    let topics = Service::open(services::ntfy);
    let ntfy = Kind {
        name: "ntfy",
        more: format!("topic = \"lab-of-ada\"\ntoken_env = \"SECRET\"\nserver = \"{}\"\n", topics.at("")),
        secrets: vec![("SECRET", "secret-of-the-token".to_owned())],
        wrong: vec![("SECRET", "another-secret".to_owned())],
        said: ["unauthorized", "the token is wrong"],
        busy: (
            429,
            vec![("retry-after", "40".to_owned())],
            json!({ "code": 42901, "error": "limit reached" }).to_string(),
        ),
        service: topics,
    };
    let program = Service::open(services::program);
    let url = program.at("/notices");
    let webhook = Kind {
        name: "webhook",
        more: "url_env = \"URL\"\nauthorization_env = \"SECRET\"\n".to_owned(),
        secrets: vec![("URL", url.clone()), ("SECRET", "Bearer secret-of-the-program".to_owned())],
        wrong: vec![("URL", url), ("SECRET", "Bearer another-secret".to_owned())],
        said: ["who are you?", "is `authorization_env` right?"],
        busy: (503, vec![("retry-after", "40".to_owned())], String::new()),
        service: program,
    };
    vec![
        hook("slack", services::slack, "/services/T1/B1/secret-of-the-hook", ["no_service", renew]),
        hook("mattermost", services::mattermost, "/hooks/secret-of-the-hook", ["Invalid webhook.", renew]),
        discord,
        teams,
        telegram,
        ntfy,
        webhook,
    ]
}

fn lab(kind: &Kind, secrets: &[(&'static str, String)], more: &str) -> Lab {
    let channel = format!("[channel.lab]\nkind = \"{}\"\n{}{more}", kind.name, kind.more);
    let secrets: Vec<(&str, &str)> = secrets.iter().map(|(name, secret)| (*name, secret.as_str())).collect();
    Lab::new(config(&channel, &secrets))
}

#[test]
fn each_service_is_waited_for_as_it_asks_and_has_the_message_in_the_end() {
    for kind in kinds() {
        let (name, service) = (kind.name, &kind.service);
        let mut lab = lab(&kind, &kind.secrets, "");
        service.will(Fault::Answer(kind.busy.clone()));
        service.will(Fault::Hang);
        service.will(Fault::Close);
        service.will(Fault::Answer((500, Vec::new(), "<html>oops</html>".to_owned())));
        lab.say("lab", "Held up", "p1 waits for p2");
        lab.look();
        assert_eq!(service.requests().len(), 1, "{name}");
        lab.wait(39);
        assert_eq!(service.requests().len(), 1, "{name} wanted to be left alone: {:?}", lab.state("lab"));
        lab.wait(1);
        let why = lab.state("lab").why.unwrap();
        assert!(why.contains("gave no whole answer within"), "{name}: {why}");
        lab.pass(15);
        assert_eq!(service.requests().len(), 3, "{name}");
        lab.pass(25);
        let state = lab.state("lab");
        assert_eq!((service.requests().len(), state.failures, state.waiting), (4, 4, 1), "{name}");
        assert_eq!(state.why.unwrap(), format!("{name} answered 500"));
        lab.pass(45);
        let state = lab.state("lab");
        assert_eq!(
            (service.requests().len(), state.failures, state.waiting),
            (5, 0, 0),
            "{name}: {:?}",
            state.why
        );
        assert!(state.sent.is_some() && lab.notices()[0].state == "sent", "{name}");
        lab.pass(60);
        assert_eq!(service.requests().len(), 5, "{name}: it was told twice");
    }
}

#[test]
fn a_wrong_secret_is_said_with_what_to_do_and_given_up_after_a_day() {
    for kind in kinds() {
        let name = kind.name;
        let mut lab = lab(&kind, &kind.wrong, "");
        lab.say("lab", "", "p1 waits for p2");
        lab.look();
        let state = lab.state("lab");
        let why = state.why.unwrap();
        assert!(kind.said.iter().all(|said| why.contains(said)), "{name}: {why}");
        for (_, secret) in kind.wrong.iter().chain(&kind.secrets) {
            assert!(!why.contains(secret.as_str()), "{name} shows a secret: {why}");
        }
        // Not again and again: nobody mends it within a minute.
        lab.pass(120);
        assert_eq!(kind.service.requests().len(), 1, "{name}");
        lab.wait(24 * 3600 - 200);
        assert_eq!(lab.state("lab").lost, 0, "{name}");
        lab.wait(700);
        assert_eq!((lab.state("lab").lost, lab.state("lab").waiting), (1, 0), "{name}");
        assert!(lab.notices()[0].why.as_ref().is_some_and(|why| why.contains(kind.said[0])), "{name}");
    }
}

/// Texts that mean harm: calls to everybody, links that are not what they say, code, directions, far too much.
const HOSTILE: [&str; 6] = [
    "@everyone @channel @here <!channel> <@U1> <https://evil.example|the console> [click](https://evil.example)",
    "**bold** _it_ ~no~ `code` ```block``` # head > quote | table ||spoiler|| \\",
    "</b><script>alert(1)</script>&amp;<a href='x'>",
    "line\r\nSubject: another\r\n\r\nbody\u{0}\u{7}",
    "\u{202e}desrever \u{1f600}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} äöü 日本",
    "{\"text\": \"injected\"}",
];

/// What a person reads of a request.
fn read(kind: &str, body: &Value) -> String {
    match kind {
        "slack" | "mattermost" | "telegram" => body["text"].as_str().unwrap_or_default().to_owned(),
        "discord" => body["content"].as_str().unwrap_or_default().to_owned(),
        "ntfy" => format!("{}\n{}", body["title"], body["message"]),
        "teams" => body["attachments"][0]["content"]["body"].to_string(),
        _ => body.to_string(),
    }
}

#[test]
fn texts_that_mean_harm_are_shown_and_not_obeyed() {
    for kind in kinds() {
        let (name, mut lab) = (kind.name, lab(&kind, &kind.secrets, ""));
        for text in HOSTILE {
            lab.say("lab", text, text);
            lab.wait(1);
        }
        for body in kind.service.requests().iter().map(|seen| seen.body.clone()) {
            let shown = read(name, &body);
            let never: &[&str] = match name {
                "slack" => &["<!channel>", "<@U1>", "<https://evil", "<script", "</b>"],
                "mattermost" => &["@everyone", "@channel", "@here", "[click](", "**bold**", " <https"],
                "discord" => &["[click](", "**bold**", "||spoiler||", "<@U1>", "```block"],
                "telegram" => &["@everyone"],
                _ => &[],
            };
            for never in never {
                assert!(!shown.contains(never), "{name} obeys {never}: {shown}");
            }
            match name {
                "discord" => assert_eq!(body["allowed_mentions"], json!({ "parse": [] })),
                "telegram" => assert!(body.get("parse_mode").is_none()),
                "teams" => assert!(!shown.contains("\"TextBlock\""), "{shown}"),
                _ => {}
            }
        }
        assert_eq!(lab.state("lab").waiting, 0, "{name}: {:?}", lab.state("lab").why);
        assert!(lab.notices().iter().all(|notice| notice.state == "sent"), "{name}: {:?}", lab.notices());
    }
}

#[test]
fn texts_that_are_too_long_are_cut_so_that_each_service_takes_them() {
    for kind in kinds() {
        let (name, mut lab) = (kind.name, lab(&kind, &kind.secrets, ""));
        for text in ["x".repeat(60_000), "*".repeat(60_000), "\u{1f600}".repeat(60_000), "ä\n".repeat(9_000)]
        {
            lab.say("lab", &text[..text.floor_char_boundary(200)], &text);
            lab.wait(1);
        }
        let states: Vec<_> = lab.notices().into_iter().map(|notice| (notice.state, notice.why)).collect();
        assert!(states.iter().all(|(state, _)| state == "sent"), "{name}: {states:?}");
    }
}

#[test]
fn who_a_player_is_elsewhere_is_masked_and_secrets_are_in_no_message() {
    let id = "60b9c2d0e8f1a7b3c4d5e6f7";
    for kind in kinds() {
        for (more, masked) in [("", true), ("mask = false\n", false)] {
            let mut lab = lab(&kind, &kind.secrets, more);
            lab.reads(&[("p1", "ada-lovelace"), ("p2", "p2")]);
            lab.say("lab", "Gone", &format!("p1 is {id}, known as ada-lovelace; token-of-the-server"));
            lab.look();
            let last = kind.service.requests().pop().unwrap();
            let body = last.body.to_string();
            let plain = body.replace('\\', "");
            assert_eq!(plain.contains(id), !masked, "{}: {body}", kind.name);
            assert_eq!(plain.contains("ada-lovelace"), !masked, "{}: {body}", kind.name);
            assert!(plain.contains("p1 is "), "{}: {body}", kind.name);
            assert!(!body.contains("token-of-the-server"), "{}: {body}", kind.name);
        }
    }
}

#[test]
fn a_chat_that_is_not_there_is_no_fault_of_the_message() {
    let kind = kinds().into_iter().find(|kind| kind.name == "telegram").unwrap();
    let kind = Kind { more: kind.more.replace("-1001", "-9"), ..kind };
    let mut lab = lab(&kind, &kind.secrets, "");
    lab.say("lab", "", "hello");
    lab.look();
    let state = lab.state("lab");
    assert_eq!((state.waiting, state.lost), (1, 0));
    assert!(state.why.unwrap().contains("`chat` is wrong"));
}

#[test]
fn a_message_that_is_never_taken_does_not_keep_the_others_waiting() {
    let kind = kinds().remove(0);
    let mut lab = lab(&kind, &kind.secrets, "");
    kind.service.will(Fault::Answer((400, Vec::new(), "invalid_payload".to_owned())));
    lab.say("lab", "", "one");
    lab.say("lab", "", "two");
    lab.look();
    lab.look();
    let states: Vec<_> = lab.notices().into_iter().map(|notice| notice.state).collect();
    assert_eq!(states, ["lost", "sent"]);
}
