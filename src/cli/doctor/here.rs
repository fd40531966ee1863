//! What the doctor looks at on this computer, beside the store: the configuration, secrets, clocks, who is told, who may log in.

use std::path::Path;

use super::findings::Findings;
use crate::{
    config::Config,
    domain::{Problem, counted},
    schedule::zone_database_version,
    store::{ChannelState, History},
};

/// Where systemd keeps what it knows of the time.
const TIMESYNC: &str = "/run/systemd/timesync";

pub(super) fn configuration(config: &Config, problems: &[Problem], findings: &mut Findings) {
    // What only this shell lacks is no fault of the file.
    let (lacking, problems): (Vec<&Problem>, Vec<&Problem>) =
        problems.iter().partition(|problem| problem.of_environment);
    let errors: Vec<&str> = problems
        .iter()
        .filter(|problem| problem.is_error())
        .map(|problem| problem.message.as_str())
        .collect();
    let file = config.file.display();
    match (errors.first(), problems.len()) {
        (None, 0) => {
            let automations = counted(config.automations.len(), "automation", "automations");
            findings.ok("configuration", format!("{file}: {automations}"));
        }
        (None, warnings) => findings.hint(
            "configuration",
            format!("{file}: {}", counted(warnings, "warning", "warnings")),
            "`uproctor check` shows them",
        ),
        (Some(first), _) => {
            let said = format!("{file}: {}, the first: {first}", counted(errors.len(), "error", "errors"));
            findings.fail("configuration", said, "`uproctor check` shows all, with their places");
        }
    }
    for problem in lacking {
        let said =
            format!("{} in this shell; a daemon that was started elsewhere may have it", problem.message);
        findings.fail("secrets", said, problem.help.clone().unwrap_or_default());
    }
    for file in &config.secret_files {
        findings.private("secrets", file, "it holds a secret");
    }
}

pub(super) fn clocks(config: &Config, findings: &mut Findings) {
    match &config.daemon.timezone {
        Some(zone) => {
            findings.ok("time zone", format!("{} (zone data {})", zone.name(), zone_database_version()));
        }
        None => findings.hint(
            "time zone",
            "none: times are shown in UTC",
            "set `timezone` in [daemon], for example \"Europe/Berlin\"",
        ),
    }
    time_is_set(Path::new(TIMESYNC), findings);
}

/// Whether this computer's clock was set by the network. Where another program than systemd's own does it, nothing can be told.
fn time_is_set(timesync: &Path, findings: &mut Findings) {
    if timesync.join("synchronized").exists() {
        findings.ok("time", "this computer's clock is set by the network");
    } else if timesync.is_dir() {
        findings.hint(
            "time",
            "this computer's clock was not set by the network since it was started",
            "`timedatectl status` says why",
        );
    }
}

pub(super) fn alarms(config: &Config, findings: &mut Findings) {
    if config.daemon.heartbeat.is_some() {
        findings.ok("heartbeat", "a monitor elsewhere is told that all is well");
    } else if !config.daemon.names_heartbeat {
        findings.hint(
            "heartbeat",
            "nobody elsewhere notices if this computer goes down",
            "`heartbeat_env` in [daemon] names the address of a monitor that raises the alarm",
        );
    }
    if config.channels.is_empty() && config.unread_channels.is_empty() {
        findings.hint(
            "channels",
            "nobody is told when something fails",
            "`[channel.NAME]` and `[[notify]]` name a chat, a phone or an address: docs/notifications.md",
        );
        return;
    }
    let history = History::open(&config.daemon.store).ok();
    for name in config.channels.keys() {
        let state = history.as_ref().and_then(|history| history.channel_state(name).ok());
        match state.unwrap_or_default() {
            ChannelState { failures: 0, sent: None, .. } => findings.hint(
                "channels",
                format!("{name}: nothing was sent yet"),
                format!("`uproctor notify test {name}` tries it"),
            ),
            ChannelState { failures: 0, .. } => findings.ok("channels", format!("{name}: it works")),
            ChannelState { failures, why, waiting, .. } => findings.fail(
                "channels",
                format!(
                    "{name}: the last {} failed, {}: {}",
                    counted(failures, "message", "messages"),
                    counted(waiting, "notice waits", "notices wait"),
                    why.unwrap_or_default()
                ),
                format!("`uproctor notify test {name}` tries it and says what came back"),
            ),
        }
    }
}

pub(super) fn users(config: &Config, findings: &mut Findings) {
    let console = &config.console;
    let count = console.users.people.len();
    if count == 0 {
        findings.hint(
            "console",
            "nobody can log in with a password",
            "`uproctor user add NAME` makes a user; `uproctor console` makes a link for you",
        );
    } else {
        let users = counted(count, "user", "users");
        let tokens = counted(console.users.tokens.len(), "token", "tokens");
        findings.ok("console", format!("{users}, {tokens}"));
        findings.private("console", &console.users_file, "it holds the hashes of passwords");
    }
    let is_open = !config.daemon.listen.ip().is_loopback();
    if is_open && !console.is_secure() {
        findings.hint(
            "console",
            format!("it listens on {} without TLS", config.daemon.listen),
            "put a web server with TLS before it, and its address into `url` in [console]",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_the_clock_is_set_is_told_where_it_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let said = |timesync: &Path| {
            let mut findings = Findings::default();
            time_is_set(timesync, &mut findings);
            findings.shown()
        };
        assert!(said(&folder.path().join("none")).is_empty());
        assert!(said(folder.path())[0].starts_with("hint time this computer's clock was not set"));
        std::fs::write(folder.path().join("synchronized"), "").unwrap();
        assert_eq!(said(folder.path()), ["ok time this computer's clock is set by the network"]);
    }
}
