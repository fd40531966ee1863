//! Reading channels, with everything that is wrong with them.

use lettre::message::Mailbox;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{Channel, Channels, Email, Security, Service, UnreadChannels};
use crate::{
    config::{
        reader::{Placed, Section, Source},
        secret::Secrets,
    },
    domain::{ChannelName, Problem, parse_rate},
};

/// The words for `kind`.
const KINDS: [(&str, Kind); 8] = [
    ("slack", Kind::Slack),
    ("mattermost", Kind::Mattermost),
    ("discord", Kind::Discord),
    ("teams", Kind::Teams),
    ("telegram", Kind::Telegram),
    ("ntfy", Kind::Ntfy),
    ("email", Kind::Email),
    ("webhook", Kind::Webhook),
];

#[derive(Clone, Copy)]
enum Kind {
    Slack,
    Mattermost,
    Discord,
    Teams,
    Telegram,
    Ntfy,
    Email,
    Webhook,
}

pub(in crate::config) fn read(
    source: &Source<'_>,
    section: Option<Section<'_, '_>>,
    secrets: &Secrets<'_>,
) -> (Channels, UnreadChannels) {
    let (mut channels, mut unread) = (Channels::new(), UnreadChannels::new());
    let Some(mut section) = section else { return (channels, unread) };
    for (key, mut table) in section.named_tables() {
        let name = ChannelName::new(&key.value).map_err(|error| source.error(key.span, error.to_string()));
        let mask = table.boolean("mask").is_none_or(|mask| mask.value);
        let rate = table.parsed("rate", parse_rate).map(|rate| rate.value);
        let rate = rate.unwrap_or(Channel::RATE);
        let before = source.problems.borrow().len();
        // Which keys there are depends on the kind: where that is missing, each would be called unknown.
        let service = kind(&mut table).and_then(|kind| {
            let service = service(kind, &mut table, secrets);
            table.finish();
            service
        });
        let Ok(name) = name else { continue };
        let problems: Vec<Problem> = source.problems.borrow()[before..].to_vec();
        // A token that the service may want, or may not, is no less missed.
        match service.filter(|_| !problems.iter().any(|problem| problem.of_environment)) {
            Some(service) => {
                channels.insert(name, Channel { service, mask, rate });
            }
            None => {
                unread.insert(name, problems);
            }
        }
    }
    section.finish();
    (channels, unread)
}

fn kind(table: &mut Section<'_, '_>) -> Option<Kind> {
    if !table.has("kind") {
        let help = format!("add `kind = \"...\"`: one of {}", KINDS.map(|(word, _)| word).join(", "));
        table.source.error_help(table.span.clone(), "this channel does not say of which kind it is", help);
        return None;
    }
    table.choice("kind", &KINDS).map(|kind| kind.value)
}

/// Every key of the kind is taken, whatever is wrong with the others.
fn service(kind: Kind, table: &mut Section<'_, '_>, secrets: &Secrets<'_>) -> Option<Service> {
    match kind {
        Kind::Slack => Some(Service::Slack { url: url(table, secrets)? }),
        Kind::Mattermost => Some(Service::Mattermost { url: url(table, secrets)? }),
        Kind::Discord => Some(Service::Discord { url: url(table, secrets)? }),
        Kind::Teams => Some(Service::Teams { url: url(table, secrets)? }),
        Kind::Telegram => telegram(table, secrets),
        Kind::Ntfy => ntfy(table, secrets),
        Kind::Email => email(table, secrets).map(Service::Email),
        Kind::Webhook => {
            let url = url(table, secrets);
            let authorization = one(table, secrets, "authorization_env", "authorization_file");
            Some(Service::Webhook { url: url?, authorization: authorization.map(|secret| secret.value) })
        }
    }
}

/// One secret; a second place for it is a mistake.
fn one(
    table: &mut Section<'_, '_>,
    secrets: &Secrets<'_>,
    env_key: &'static str,
    file_key: &'static str,
) -> Option<Placed<SecretString>> {
    let mut found = secrets.read(table, env_key, file_key).into_iter();
    let first = found.next();
    if let Some(second) = found.next() {
        table.source.error(second.span, "one is enough: name one place");
    }
    first
}

/// The same where there has to be one.
fn needed(
    table: &mut Section<'_, '_>,
    secrets: &Secrets<'_>,
    (env_key, file_key): (&'static str, &'static str),
    (what, example): (&str, &str),
) -> Option<Placed<SecretString>> {
    let named = table.has(env_key) || table.has(file_key);
    let found = one(table, secrets, env_key, file_key);
    if !named {
        table.source.error_help(
            table.span.clone(),
            format!("this channel does not say where {what} is kept"),
            format!("add `{env_key} = \"{example}\"` or `{file_key} = \"...\"`"),
        );
    }
    found
}

/// The address that a service has given out. It is a secret: whoever knows it can write there.
fn url(table: &mut Section<'_, '_>, secrets: &Secrets<'_>) -> Option<SecretString> {
    let Placed { value, span } =
        needed(table, secrets, ("url_env", "url_file"), ("its address", "LAB_CHAT_URL"))?;
    if secrets.stand_ins {
        return Some(value);
    }
    match Url::parse(value.expose_secret()).map_err(|_| NO_ADDRESS).and_then(|url| is_private(&url)) {
        Ok(()) => Some(value),
        Err(why) => {
            let message = format!("the address that is named here {why}");
            table.source.error_help(span, message, "copy it once more from the service, all of it");
            None
        }
    }
}

const NO_ADDRESS: &str = "is none: it has to begin with https://";

/// Nobody on the way may read what is sent: https, and http only on this machine.
fn is_private(url: &Url) -> Result<(), &'static str> {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(NO_ADDRESS),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if local => Ok(()),
        "http" => Err("begins with http://, which everybody on the way can read: it has to be https://"),
        _ => Err(NO_ADDRESS),
    }
}

/// `server`, the base of a service's address.
fn server(table: &mut Section<'_, '_>, usual: &str) -> Option<Url> {
    let given = table.parsed("server", |text| {
        let url = Url::parse(text.trim_end_matches('/')).map_err(|_| format!("`server` {NO_ADDRESS}"))?;
        is_private(&url).map_err(|why| format!("`server` {why}"))?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain { Ok(url) } else { Err("`server` is an address and nothing more".to_owned()) }
    });
    given.map(|url| url.value).or_else(|| Url::parse(usual).ok())
}

fn telegram(table: &mut Section<'_, '_>, secrets: &Secrets<'_>) -> Option<Service> {
    let server = server(table, "https://api.telegram.org");
    let token =
        needed(table, secrets, ("token_env", "token_file"), ("the token of the bot", "TELEGRAM_TOKEN"));
    let chat = text(
        table,
        "chat",
        "in which chat",
        "`chat = \"-1001234567890\"` (its number) or `chat = \"@name\"`",
    );
    Some(Service::Telegram { server: server?, token: token?.value, chat: chat? })
}

fn ntfy(table: &mut Section<'_, '_>, secrets: &Secrets<'_>) -> Option<Service> {
    let server = server(table, "https://ntfy.sh");
    let token = one(table, secrets, "token_env", "token_file").map(|token| token.value);
    let named = table.has("topic_env") || table.has("topic_file");
    let hidden = one(table, secrets, "topic_env", "topic_file");
    let topic = match (named, hidden) {
        (true, hidden) => hidden?,
        (false, _) => {
            let help = "`topic = \"...\"`, or `topic_env = \"NTFY_TOPIC\"`";
            let topic = text(table, "topic", "to which topic", help)?;
            Placed { value: SecretString::from(topic), span: table.span.clone() }
        }
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = topic.value.expose_secret();
    let valid = (1..=64).contains(&name.len()) && name.chars().all(allowed);
    if !valid && !secrets.stand_ins {
        let help = "a topic has up to 64 letters, digits, `-` and `_`, and nothing else";
        table.source.error_help(topic.span, "what is named here is not a topic of ntfy", help);
        return None;
    }
    Some(Service::Ntfy { server: server?, topic: topic.value, token })
}

fn email(table: &mut Section<'_, '_>, secrets: &Secrets<'_>) -> Option<Email> {
    let tls = [("starttls", Security::StartTls), ("implicit", Security::Implicit), ("none", Security::None)];
    let tls = table.choice("tls", &tls);
    let security = tls.as_ref().map_or(Security::StartTls, |tls| tls.value);
    let smtp = table.has("smtp");
    let place = table.parsed("smtp", |text| host_and_port(text, security));
    if !smtp {
        missing(table, "over which mail server", "`smtp = \"mail.example.org:587\"`");
    }
    let from = mailboxes(table, "from", "from whom", "`from = \"uproctor@example.org\"`");
    let to = mailboxes(table, "to", "to whom", "`to = [\"ada@example.org\"]`");
    let named = table.has("password_env") || table.has("password_file");
    let user = table.text("user");
    let password = one(table, secrets, "password_env", "password_file");
    if let Some(user) = user.as_ref().filter(|_| !named) {
        let help = "add `password_env = \"MAIL_PASSWORD\"` or `password_file = \"...\"`";
        table.source.error_help(user.span.clone(), "there is a `user`, and no password", help);
    }
    if let Some(password) = password.as_ref().filter(|_| user.is_none()) {
        let help = "add `user = \"...\"`";
        table.source.error_help(password.span.clone(), "there is a password, and no `user`", help);
    }
    let login = user.zip(password).map(|(user, password)| (user.value, password.value));
    let ((host, port), mut from, to) = (place?.value, from?, to?);
    let local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
    if security == Security::None && !local {
        let span = tls.map_or_else(|| table.span.clone(), |tls| tls.span);
        let help = "leave `tls` out, or write tls = \"implicit\"";
        let message = format!("mail to {host} without TLS can be read by everybody on the way");
        table.source.error_help(span, message, help);
        return None;
    }
    if from.len() > 1 {
        table.source.error(table.span.clone(), "mail comes from one address: `from` names several");
    }
    Some(Email { host, port, security, from: from.pop()?, to, login })
}

/// `mail.example.org:587`, or without a port.
fn host_and_port(text: &str, security: Security) -> Result<(String, u16), String> {
    let usual = if security == Security::Implicit { 465 } else { 587 };
    let help = "write host and port, such as \"mail.example.org:587\"";
    let url = Url::parse(&format!("smtp://{}", text.trim())).ok();
    let plain = |url: &Url| url.username().is_empty() && matches!(url.path(), "" | "/");
    let url = url.filter(plain).ok_or_else(|| format!("`smtp` cannot be {text:?}: {help}"))?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| format!("`smtp` cannot be {text:?}: {help}"))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(usual)))
}

/// One address or several, each `ada@example.org` or `Ada <ada@example.org>`.
fn mailboxes(
    table: &mut Section<'_, '_>,
    key: &'static str,
    what: &str,
    example: &str,
) -> Option<Vec<Mailbox>> {
    if !table.has(key) {
        missing(table, what, example);
    }
    let given = table.texts(key)?;
    if given.is_empty() {
        missing(table, what, example);
    }
    let mut mailboxes = Vec::new();
    for Placed { value, span } in given {
        match value.parse() {
            Ok(mailbox) => mailboxes.push(mailbox),
            Err(_) => table.source.error_help(
                span,
                format!("{value:?} is not an address for mail"),
                "write it like \"ada@example.org\" or \"Ada <ada@example.org>\"",
            ),
        }
    }
    (!mailboxes.is_empty()).then_some(mailboxes)
}

/// A text that has to be there.
fn text(table: &mut Section<'_, '_>, key: &'static str, what: &str, example: &str) -> Option<String> {
    if !table.has(key) {
        missing(table, what, example);
    }
    let Placed { value, span } = table.text(key)?;
    if value.trim().is_empty() {
        table.source.error(span, format!("`{key}` is empty"));
        return None;
    }
    Some(value.trim().to_owned())
}

fn missing(table: &Section<'_, '_>, what: &str, example: &str) {
    let message = format!("this channel does not say {what} it sends");
    table.source.error_help(table.span.clone(), message, format!("add {example}"));
}
