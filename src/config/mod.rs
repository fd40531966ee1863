//! `config.toml`: one documented struct a section, read with all problems at once.

mod automation;
mod daemon;
mod http;
mod reader;
mod secret;
mod server;
mod trigger;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};

use toml::de::DeTable;

pub use automation::{Automation, KeyRule, OnFull, Overlap, OverlapPolicy};
pub use daemon::DaemonSection;
pub use http::{HttpHost, HttpSection};
pub use secret::Secrets;
pub use server::UprootSection;
pub use trigger::{Clock, Missed, MissedPolicy, Poll, Trigger, Webhook};

use crate::domain::{Mode, Problem};
use reader::{Section, Source};
use trigger::Surroundings;

/// A whole configuration.
#[derive(Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// Its text, to show problems in it.
    pub text: String,
    /// `[uproot]`.
    pub uproot: UprootSection,
    /// `[daemon]`.
    pub daemon: DaemonSection,
    /// `[http."HOST"]`.
    pub http: HttpSection,
    /// `[[automation]]`, in the order of the file.
    pub automations: Vec<Automation>,
}

impl fmt::Debug for Config {
    /// Without the text: what a user wrote where it does not belong may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("file", &self.file)
            .field("uproot", &self.uproot)
            .field("daemon", &self.daemon)
            .field("http", &self.http)
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
    match std::fs::read_to_string(file) {
        Ok(text) => parse(file, text, &variable),
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
        uproot: UprootSection::new(),
        daemon: DaemonSection::new(root_of(file)),
        http: HttpSection::new(),
        automations: Vec::new(),
    }
}

/// Reads a configuration from its text. `variable` looks a variable of the environment up.
pub fn parse(file: &Path, text: String, variable: &dyn Fn(&str) -> Option<String>) -> Draft {
    let mut config = empty(file, String::new());
    let source = Source::new(file, &text);
    let (document, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        // What is guessed of the rest would give problems that are none; one problem a line is enough for the same reason.
        for error in errors {
            source.error(error.span().unwrap_or(0..0), format!("this is not TOML: {}", error.message()));
        }
        let mut problems = source.finish();
        problems.dedup_by_key(|problem| problem.line);
        config.text = text;
        return Draft { config, problems };
    }
    let secrets = Secrets { variable, root: root_of(file) };
    let mut whole = Section::new(&source, "the configuration", document.get_ref(), 0..text.len());
    let uproot = whole.table("uproot", "[uproot]");
    config.uproot = UprootSection::read(&source, uproot, &secrets);
    let daemon = whole.table("daemon", "[daemon]");
    let zone_given = daemon.as_ref().is_some_and(|daemon| daemon.has("timezone"));
    config.daemon = DaemonSection::read(&source, daemon, root_of(file));
    let hosts = whole.table("http", "[http]");
    config.http = http::read(&source, hosts, &secrets);
    let around = Surroundings { zone: config.daemon.timezone.as_ref(), zone_given, secrets: &secrets };
    config.automations =
        automations(&source, whole.tables("automation", "[[automation]]"), config.daemon.mode, &around);
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
    automations
}
