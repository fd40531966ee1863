//! `[daemon]`: the program itself.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use super::reader::{Placed, Section, Source};
use crate::{domain::Mode, schedule::Zone};

/// `[daemon]`.
#[derive(Clone, Debug)]
pub struct DaemonSection {
    /// `listen`: where webhooks are received. Default `127.0.0.1:8707`; port 0 takes a free one. Loopback only.
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
        }
    }

    pub(super) fn read(source: &Source<'_>, section: Option<Section<'_, '_>>, root: &Path) -> Self {
        let mut read = Self::new(root);
        let Some(mut section) = section else { return read };
        if let Some(listen) = section.parsed("listen", |text| {
            text.parse::<SocketAddr>().map_err(|_| {
                format!(
                    "`listen` cannot be {text:?}: write an address and a port, such as \"127.0.0.1:8707\""
                )
            })
        }) {
            if listen.value.ip().is_loopback() {
                read.listen = listen.value;
            } else {
                source.error_help(
                    listen.span,
                    format!("`listen` is {}, which other machines can reach", listen.value),
                    "listen on 127.0.0.1 and put a web server with TLS before it for webhooks from outside",
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
        section.finish();
        read
    }
}
