//! `[daemon]`: the program itself.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};

use super::{
    reader::{Placed, Section, Source},
    secret::Secrets,
};
use crate::{domain::Mode, schedule::Zone};

/// `[daemon]`.
#[derive(Clone, Debug)]
pub struct DaemonSection {
    /// `listen`: where webhooks are received and the console is. Default `127.0.0.1:8707`; port 0 takes a free one. Addresses that
    /// other machines reach need users of the console.
    pub listen: SocketAddr,
    /// `store`: the SQLite file, from the configuration's folder. Default `uproctor.db`.
    pub store: PathBuf,
    /// `scripts`: the folder of the scripts, from the configuration's folder. Default `scripts`.
    pub scripts: PathBuf,
    /// `exports`: the one folder that scripts can write files into. Default `exports`.
    pub exports: PathBuf,
    /// `timezone`: the IANA name of the zone that cron expressions and `at` are meant in. Needed as soon as there is
    /// one of them.
    pub timezone: Option<Zone>,
    /// `mode`: what holds for automations that do not say. Default `dry-run`.
    pub mode: Mode,
    /// `workers`: how many runs may be under way at once; further ones wait. Default 16.
    pub workers: usize,
    /// `heartbeat_env` or `heartbeat_file`, and `heartbeat_every`: who is told that the daemon is well.
    pub heartbeat: Option<Heartbeat>,
    /// Whether it is said who is told, also where that could not be read.
    pub names_heartbeat: bool,
}

/// A monitor elsewhere that raises the alarm when it hears nothing.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The address that is called. It is a secret: whoever knows it can keep the alarm quiet.
    pub url: SecretString,
    /// `heartbeat_every`: how often. Default 1 min.
    pub every: Duration,
}

/// The words for `mode`.
pub(super) const MODES: [(&str, Mode); 3] =
    [("dry-run", Mode::DryRun), ("approve", Mode::Approve), ("live", Mode::Live)];

impl DaemonSection {
    /// What holds where the section says nothing.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8707)),
            store: root.join("uproctor.db"),
            scripts: root.join("scripts"),
            exports: root.join("exports"),
            timezone: None,
            mode: Mode::DryRun,
            workers: 16,
            heartbeat: None,
            names_heartbeat: false,
        }
    }

    /// `has_users`: somebody can log in to the console, so that other machines may reach it.
    pub(super) fn read(
        source: &Source<'_>,
        section: Option<Section<'_, '_>>,
        secrets: &Secrets<'_>,
        has_users: bool,
    ) -> Self {
        let root = secrets.root;
        let mut read = Self::new(root);
        let Some(mut section) = section else { return read };
        if let Some(listen) = section.parsed("listen", |text| {
            text.parse::<SocketAddr>().map_err(|_| {
                format!(
                    "`listen` cannot be {text:?}: write an address and a port, such as \"127.0.0.1:8707\""
                )
            })
        }) {
            if listen.value.ip().is_loopback() || has_users {
                read.listen = listen.value;
            } else {
                source.error_help(
                    listen.span,
                    format!("`listen` is {}, which other machines can reach, and nobody can log in", listen.value),
                    "`uproctor user add NAME` makes a user; or listen on 127.0.0.1 and put a web server with TLS before it",
                );
            }
        }
        for (key, path) in
            [("store", &mut read.store), ("scripts", &mut read.scripts), ("exports", &mut read.exports)]
        {
            match section.text(key) {
                Some(Placed { value, span }) if value.trim().is_empty() => {
                    source.error(span, format!("`{key}` is empty: write a path"));
                }
                Some(text) => *path = root.join(text.value),
                None => {}
            }
        }
        read.timezone = section.parsed("timezone", Zone::get).map(|zone| zone.value);
        if let Some(mode) = section.choice("mode", &MODES) {
            read.mode = mode.value;
        }
        if let Some(workers) = section.number("workers", 1..=1000) {
            read.workers = usize::try_from(workers.value).unwrap_or(read.workers);
        }
        read.names_heartbeat = section.has("heartbeat_env") || section.has("heartbeat_file");
        read.heartbeat = heartbeat(&mut section, secrets);
        section.finish();
        read
    }
}

fn heartbeat(section: &mut Section<'_, '_>, secrets: &Secrets<'_>) -> Option<Heartbeat> {
    let named = section.has("heartbeat_env") || section.has("heartbeat_file");
    let every = section.duration("heartbeat_every", Duration::from_secs(1));
    if let Some(every) = every.as_ref().filter(|_| !named) {
        let help = "name the place of its address with `heartbeat_env` or `heartbeat_file`";
        section.source.error_help(every.span.clone(), "nobody is named who is to hear the heartbeat", help);
    }
    let mut urls = secrets.read(section, "heartbeat_env", "heartbeat_file").into_iter();
    let Placed { value: url, span } = urls.next()?;
    if url.expose_secret() == super::STAND_IN {
        // A rehearsal tells nobody.
        return None;
    }
    if let Some(second) = urls.next() {
        section.source.error(second.span, "one heartbeat is enough: name one address");
    }
    if !url::Url::parse(url.expose_secret()).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        let help = "it has to begin with https:// or http://";
        section.source.error_help(span, "the heartbeat that is named here is not an address", help);
        return None;
    }
    Some(Heartbeat { url, every: every.map_or(Duration::from_mins(1), |every| every.value) })
}
