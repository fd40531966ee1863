//! `[channel.NAME]`: where notices go.

mod read;

use std::{collections::BTreeMap, time::Duration};

use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

pub(super) use read::read;

use crate::domain::{ChannelName, Problem, Rate};

/// Every channel, by its name.
pub type Channels = BTreeMap<ChannelName, Channel>;

/// The channels that are there and could not be read, with what is wrong with each: nobody can be told through them, and
/// what names them is right nevertheless.
pub type UnreadChannels = BTreeMap<ChannelName, Vec<Problem>>;

/// `[channel.lab]`.
#[derive(Clone, Debug)]
pub struct Channel {
    /// `kind` and what belongs to it: which service, and where there.
    pub service: Service,
    /// `mask`: whether labels and ids of recruiters are masked. Default true.
    pub mask: bool,
    /// `rate`: how many messages it gets; what is more waits and goes out together. Default 20 per 1h.
    pub rate: Rate,
}

/// A service that takes messages, and what it has to be told.
#[derive(Clone, Debug)]
pub enum Service {
    /// An incoming webhook of Slack.
    Slack {
        /// From `url_env` or `url_file`. Whoever knows it can write there.
        url: SecretString,
    },
    /// An incoming webhook of Mattermost.
    Mattermost {
        /// From `url_env` or `url_file`.
        url: SecretString,
    },
    /// A webhook of Discord.
    Discord {
        /// From `url_env` or `url_file`.
        url: SecretString,
    },
    /// A workflow of Microsoft Teams that posts what a webhook brings.
    Teams {
        /// From `url_env` or `url_file`.
        url: SecretString,
    },
    /// A bot of Telegram.
    Telegram {
        /// `server`: where the Bot API is. Default `https://api.telegram.org`.
        server: Url,
        /// From `token_env` or `token_file`: what BotFather shows.
        token: SecretString,
        /// `chat`: the number of a chat, or `@name` of a public channel.
        chat: String,
    },
    /// A topic of ntfy.
    Ntfy {
        /// `server`. Default `https://ntfy.sh`.
        server: Url,
        /// `topic`, or from `topic_env` or `topic_file`: on a server that anybody can use, whoever knows it can read along.
        topic: SecretString,
        /// From `token_env` or `token_file`, where the server wants one.
        token: Option<SecretString>,
    },
    /// Mail.
    Email(Email),
    /// Any other program: a request with JSON.
    Webhook {
        /// From `url_env` or `url_file`.
        url: SecretString,
        /// From `authorization_env` or `authorization_file`: the whole value of the `Authorization` header.
        authorization: Option<SecretString>,
    },
}

/// Mail over SMTP.
#[derive(Clone, Debug)]
pub struct Email {
    /// `smtp`: the host of the mail server.
    pub host: String,
    /// And its port. Default 587, or 465 with `tls = "implicit"`.
    pub port: u16,
    /// `tls`.
    pub security: Security,
    /// `from`: the sender's address.
    pub from: Mailbox,
    /// `to`: the receivers' addresses.
    pub to: Vec<Mailbox>,
    /// `user`, with a password from `password_env` or `password_file`.
    pub login: Option<(String, SecretString)>,
}

/// How a connection to a mail server is kept from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It begins in the clear and must change to TLS before anything is said. The default.
    StartTls,
    /// It is TLS from the start.
    Implicit,
    /// It is never TLS: for a mail server on this machine.
    None,
}

impl Channel {
    /// How many messages a channel gets, unless it says so.
    const RATE: Rate = Rate { most: 20, per: Duration::from_hours(1) };

    /// One for rehearsals, which reaches nobody.
    pub fn stand_in() -> Self {
        let url = SecretString::from(super::STAND_IN.to_owned());
        Self { service: Service::Webhook { url, authorization: None }, mask: true, rate: Self::RATE }
    }
}

impl Service {
    /// The word for it in the configuration.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack { .. } => "slack",
            Self::Mattermost { .. } => "mattermost",
            Self::Discord { .. } => "discord",
            Self::Teams { .. } => "teams",
            Self::Telegram { .. } => "telegram",
            Self::Ntfy { .. } => "ntfy",
            Self::Email(_) => "email",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// Everything of it that nobody may see.
    pub fn secrets(&self) -> Vec<&SecretString> {
        match self {
            Self::Slack { url } | Self::Mattermost { url } | Self::Discord { url } | Self::Teams { url } => {
                vec![url]
            }
            Self::Telegram { token, .. } => vec![token],
            Self::Ntfy { topic, token, .. } => [topic].into_iter().chain(token).collect(),
            Self::Email(email) => email.login.iter().map(|(_, password)| password).collect(),
            Self::Webhook { url, authorization } => [url].into_iter().chain(authorization).collect(),
        }
    }
}
