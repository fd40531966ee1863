//! `config.toml`: one documented struct a section, read with all problems at once.

mod automation;
mod channel;
mod console;
mod daemon;
mod guard;
mod http;
mod notify;
mod observe;
mod overlap;
mod pace;
mod params;
pub(crate) mod reader;
mod same;
mod secret;
mod server;
mod trigger;
mod users;
pub(crate) mod value;
mod watch;

#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    fmt,
    path::{Path, PathBuf},
};

pub use automation::Automation;
pub use channel::{Channel, Channels, Email, Security, Service, UnreadChannels};
pub use console::{ConsoleSection, MetricsAccess};
pub use daemon::{DaemonSection, Heartbeat};
pub use guard::{GuardSection, Hours};
pub use http::{HttpHost, HttpSection, host_of};
pub use notify::NotifyRule;
pub use observe::{Observe, Observed, OtherRuns, ServerCondition, SessionCondition};
pub use overlap::{KeyRule, OnFull, Overlap, OverlapPolicy};
pub use pace::{Debounce, Pace};
pub use params::{ParamPlace, ParamPlaces};
pub use secret::Secrets;
pub use server::UprootSection;
pub use trigger::{Clock, MissedPolicy, Poll, Stays, Timing, Trigger, Webhook};
pub use users::{Person, Token, Users, check_user_name, load as load_users};
pub use watch::WatchSection;

use secrecy::SecretString;

use crate::domain::{AutomationName, ChannelName, Mode, NoticeKind, Problem, did_you_mean};
use reader::{Section, Source};
use trigger::Surroundings;

/// A whole configuration.
#[derive(Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// Its text, to show problems in it.
    pub text: String,
    /// The files that its secrets were read from.
    pub secret_files: Vec<PathBuf>,
    /// `[uproot]`.
    pub uproot: UprootSection,
    /// `[daemon]`.
    pub daemon: DaemonSection,
    /// `[watch]`.
    pub watch: WatchSection,
    /// `[guard]`.
    pub guard: GuardSection,
    /// `[console]`.
    pub console: ConsoleSection,
    /// `[http."HOST"]`.
    pub http: HttpSection,
    /// `[channel.NAME]`.
    pub channels: Channels,
    /// Those of them that could not be read. There are none in a configuration that may be run.
    pub unread_channels: UnreadChannels,
    /// `[[notify]]`, in the order of the file.
    pub notify: Vec<NotifyRule>,
    /// `[[automation]]`, in the order of the file.
    pub automations: Vec<Automation>,
}

impl Config {
    /// Every secret that it knows, so that none of them is told by mistake.
    pub fn secrets(&self) -> Vec<SecretString> {
        let hooks = self.automations.iter().flat_map(|automation| &automation.triggers);
        let hooks = hooks.filter_map(|trigger| match trigger {
            Trigger::Webhook(webhook) => Some(&webhook.secrets),
            _ => None,
        });
        let heartbeat = self.daemon.heartbeat.iter().map(|heartbeat| &heartbeat.url);
        let hosts = self.http.values().filter_map(|host| host.authorization.as_ref());
        let channels = self.channels.values().flat_map(|channel| channel.service.secrets());
        let all = [&self.uproot.token].into_iter().chain(hooks.flatten()).chain(heartbeat);
        all.chain(hosts).chain(channels).cloned().collect()
    }
}

impl Config {
    /// The names of all channels, of those too that could not be read.
    pub fn channel_names(&self) -> BTreeSet<ChannelName> {
        self.channels.keys().chain(self.unread_channels.keys()).cloned().collect()
    }

    /// Whether somebody is to be told when the server is away.
    pub fn tells_of_server(&self) -> bool {
        self.notify.iter().any(|rule| rule.wants(NoticeKind::ServerDown, None))
    }
}

impl fmt::Debug for Config {
    /// Without the text: what a user wrote where it does not belong may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("file", &self.file)
            .field("uproot", &self.uproot)
            .field("daemon", &self.daemon)
            .field("watch", &self.watch)
            .field("guard", &self.guard)
            .field("console", &self.console)
            .field("http", &self.http)
            .field("channels", &self.channels)
            .field("notify", &self.notify)
            .field("automations", &self.automations)
            .finish_non_exhaustive()
    }
}

/// A configuration as far as it could be read. [`Draft::accept`] is the only way to one that may be run.
#[derive(Debug)]
pub struct Draft {
    /// What could be read; what could not be is at its default or left out.
    pub config: Config,
    /// Everything that is wrong with it, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// The configuration, if nothing is wrong with it.
    pub fn accept(self) -> Result<Config, Vec<Problem>> {
        if self.problems.iter().any(Problem::is_error) { Err(self.problems) } else { Ok(self.config) }
    }
}

/// Reads a configuration file, its secrets from the process environment and from files.
pub fn load(file: &Path) -> Draft {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the process environment is read"
    )]
    let variable = |name: &str| std::env::var(name).ok();
    read(file, false, &variable, &|path| std::fs::read_to_string(path))
}

/// Stands in for every secret of a rehearsal. It has to pass for one of every kind, so it is base64.
const STAND_IN: &str = "whsec_YSBzdGFuZC1pbiBmb3IgYSBzZWNyZXQ=";

/// Reads a configuration file for a rehearsal, which needs no secret: a stand-in takes the place of each.
pub fn load_for_rehearsal(file: &Path) -> Draft {
    read(file, true, &|_| Some(STAND_IN.to_owned()), &|_| Ok(STAND_IN.to_owned()))
}

/// The same from a text.
pub fn parse_for_rehearsal(file: &Path, text: String) -> Draft {
    let (variable, contents) = (|_: &str| Some(STAND_IN.to_owned()), |_: &Path| Ok(STAND_IN.to_owned()));
    parse_with(
        file,
        text,
        Secrets {
            variable: &variable,
            contents: &contents,
            root: root_of(file),
            stand_ins: true,
            files: RefCell::default(),
        },
    )
}

fn read(
    file: &Path,
    stand_ins: bool,
    variable: &dyn Fn(&str) -> Option<String>,
    contents: &dyn Fn(&Path) -> std::io::Result<String>,
) -> Draft {
    match std::fs::read_to_string(file) {
        Ok(text) => parse_with(
            file,
            text,
            Secrets { variable, contents, root: root_of(file), stand_ins, files: RefCell::default() },
        ),
        Err(error) => {
            let problem = Problem::whole_file(file, format!("{} cannot be read: {error}", file.display()))
                .help(
                    "`uproctor init` makes a configuration to start from; `--config PATH` names another one",
                );
            Draft { config: empty(file, String::new()), problems: vec![problem] }
        }
    }
}

fn root_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn empty(file: &Path, text: String) -> Config {
    Config {
        file: file.to_owned(),
        text,
        secret_files: Vec::new(),
        uproot: UprootSection::new(),
        daemon: DaemonSection::new(root_of(file)),
        watch: WatchSection::new(),
        guard: GuardSection::new(),
        console: ConsoleSection::new(root_of(file)),
        http: HttpSection::new(),
        channels: Channels::new(),
        unread_channels: UnreadChannels::new(),
        notify: Vec::new(),
        automations: Vec::new(),
    }
}

/// Reads a configuration from its text. `variable` looks a variable of the environment up.
pub fn parse(file: &Path, text: String, variable: &dyn Fn(&str) -> Option<String>) -> Draft {
    let contents = |path: &Path| std::fs::read_to_string(path);
    parse_with(
        file,
        text,
        Secrets {
            variable,
            contents: &contents,
            root: root_of(file),
            stand_ins: false,
            files: RefCell::default(),
        },
    )
}

#[expect(clippy::needless_pass_by_value, reason = "it is made for this call and holds references only")]
fn parse_with(file: &Path, text: String, secrets: Secrets<'_>) -> Draft {
    let mut config = empty(file, String::new());
    let source = Source::new(file, &text);
    let Some(document) = source.document() else {
        let problems = source.finish();
        config.text = text;
        return Draft { config, problems };
    };
    let mut whole = Section::new(&source, "the configuration", document.get_ref(), 0..text.len());
    let uproot = whole.table("uproot", "[uproot]");
    config.uproot = UprootSection::read(&source, uproot, &secrets);
    let console = whole.table("console", "[console]");
    config.console = ConsoleSection::read(&source, console, secrets.root, !secrets.stand_ins);
    let has_users = secrets.stand_ins || !config.console.users.people.is_empty();
    let daemon = whole.table("daemon", "[daemon]");
    let zone_given = daemon.as_ref().is_some_and(|daemon| daemon.has("timezone"));
    config.daemon = DaemonSection::read(&source, daemon, &secrets, has_users);
    config.console.check_metrics(&source, config.daemon.listen);
    config.watch = WatchSection::read(whole.table("watch", "[watch]"));
    let guard = whole.table("guard", "[guard]");
    config.guard = GuardSection::read(&source, guard, config.daemon.timezone.as_ref(), zone_given);
    let hosts = whole.table("http", "[http]");
    config.http = http::read(&source, hosts, &secrets);
    (config.channels, config.unread_channels) =
        channel::read(&source, whole.table("channel", "[channel]"), &secrets);
    let zone = config.daemon.timezone.as_ref();
    let around = Surroundings { zone, zone_given, secrets: &secrets, watch: &config.watch };
    config.automations =
        automations(&source, whole.tables("automation", "[[automation]]"), config.daemon.mode, &around);
    config.notify = notify::read(
        &source,
        whole.tables("notify", "[[notify]]"),
        &config.channel_names(),
        &config.automations,
    );
    config.secret_files = secrets.files.take();
    whole.finish();
    let problems = source.finish();
    config.text = text;
    Draft { config, problems }
}

fn automations(
    source: &Source<'_>,
    sections: Vec<Section<'_, '_>>,
    mode: Mode,
    around: &Surroundings<'_>,
) -> Vec<Automation> {
    let mut names = HashMap::new();
    let mut hooks = HashMap::new();
    let mut automations = Vec::new();
    for section in sections {
        let span = section.span.clone();
        let Some(automation) = Automation::read(source, section, mode, around, &mut names) else {
            continue;
        };
        for trigger in &automation.triggers {
            let Trigger::Webhook(webhook) = trigger else { continue };
            if let Some(other) = hooks.insert(webhook.hook.clone(), automation.name.clone()) {
                source.error_help(
                    span.clone(),
                    format!(
                        "the webhook {:?} is taken by the automation {:?}",
                        webhook.hook.as_str(),
                        other.as_str()
                    ),
                    "give each automation a webhook of its own",
                );
            }
        }
        automations.push(automation);
    }
    for automation in &automations {
        for trigger in &automation.triggers {
            if let Trigger::OtherRuns(runs) = trigger {
                check_names(source, runs, &automation.name, &names);
            }
        }
    }
    automations
}

/// Complains about automations that there are not.
fn check_names(
    source: &Source<'_>,
    runs: &OtherRuns,
    own: &AutomationName,
    names: &HashMap<AutomationName, usize>,
) {
    for name in &runs.automations {
        if name == own {
            let message = format!("{name} would start when it fails itself");
            source.error_help(runs.span.clone(), message, "name other automations");
        } else if !names.contains_key(name) {
            let near = did_you_mean(name.as_str(), names.keys().map(AutomationName::as_str));
            let help = near.map_or("see the names of your automations".to_owned(), |near| {
                format!("did you mean {near:?}?")
            });
            source.error_help(runs.span.clone(), format!("there is no automation {:?}", name.as_str()), help);
        }
    }
}
