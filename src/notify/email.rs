//! Mail, by SMTP.

use lettre::{
    Message as Mail, SmtpTransport, Transport,
    message::header::{ContentType, HeaderName, HeaderValue},
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use secrecy::ExposeSecret;

use super::{
    Failure, Message, Whose,
    deliver::TIMEOUT,
    text::{one_line, shorten},
};
use crate::config::{Email, Security};

/// The longest subject.
const LONGEST: usize = 150;

/// Sends one mail to all receivers. Blocks this thread, at most [`TIMEOUT`] for each step of the conversation.
pub(super) fn send(settings: &Email, message: &Message) -> Result<(), Failure> {
    let mail = mail(settings, message)
        .map_err(|why| Failure::new(Whose::Message, format!("the mail cannot be made: {why}")))?;
    let transport = transport(settings).map_err(|error| failure(settings, &error))?;
    transport.send(&mail).map(drop).map_err(|error| failure(settings, &error))
}

/// The mail. A line end in a subject would begin a header of its own; the builder encodes it, and here it is none any more.
fn mail(settings: &Email, message: &Message) -> Result<Mail, lettre::error::Error> {
    let subject = shorten(&one_line(&message.title), LONGEST);
    let subject = if subject.is_empty() { "Uproctor".to_owned() } else { subject };
    // The same each time it is tried, so that a mail program shows it once.
    let domain = settings.from.email.domain();
    let id = format!("<uproctor-{}-{}@{domain}>", message.id, message.at);
    let mut builder = Mail::builder()
        .from(settings.from.clone())
        .subject(subject)
        .message_id(Some(id))
        .header(ContentType::TEXT_PLAIN)
        // Nobody's holiday notice answers it (<https://www.rfc-editor.org/rfc/rfc3834#section-5>).
        .raw_header(raw("Auto-Submitted", "auto-generated"));
    if message.urgent {
        builder = builder.raw_header(raw("Importance", "high"));
    }
    for receiver in &settings.to {
        builder = builder.to(receiver.clone());
    }
    let link = message.link.as_ref().map(|(label, url)| format!("\n\n{label}:\n{url}")).unwrap_or_default();
    builder.body(format!("{}{link}\n", message.text))
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn transport(settings: &Email) -> Result<SmtpTransport, Error> {
    let tls = || TlsParameters::new(settings.host.clone());
    let tls = match settings.security {
        Security::StartTls => Tls::Required(tls()?),
        Security::Implicit => Tls::Wrapper(tls()?),
        Security::None => Tls::None,
    };
    let mut builder = SmtpTransport::builder_dangerous(settings.host.as_str())
        .port(settings.port)
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let Some((user, password)) = &settings.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
    }
    Ok(builder.build())
}

fn failure(settings: &Email, error: &Error) -> Failure {
    let Email { host, port, .. } = settings;
    let cause = one_line(&root_cause(error));
    let at = format!("{host}:{port}");
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    match code.as_str() {
        // <https://www.rfc-editor.org/rfc/rfc4954#section-6>
        "530" | "534" | "535" | "538" => {
            Failure::new(Whose::Channel, format!("{at} does not let us in ({code} {cause})"))
                .help("`user` or the password is wrong, or the account wants a password for programs")
        }
        _ if error.is_permanent() => {
            Failure::new(Whose::Channel, format!("{at} refuses the mail ({code} {cause})"))
                .help("are `from` and `to` right, and may this account send from there?")
        }
        _ if error.is_transient() => {
            Failure::new(Whose::Service, format!("{at} does not take the mail now ({code} {cause})"))
        }
        _ if error.is_tls() => Failure::new(Whose::Channel, format!("no TLS with {at}: {cause}"))
            .help("is `smtp` right? `tls = \"implicit\"` is for port 465, the usual one for 587"),
        _ if error.is_timeout() => {
            let seconds = TIMEOUT.as_secs();
            Failure::new(Whose::Service, format!("{at} gave no answer within {seconds} s"))
        }
        _ => Failure::new(Whose::Service, format!("no mail over {at}: {cause}"))
            .help("is `smtp` right, and is the network there?"),
    }
}

/// The innermost error says what happened.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
