//! `uproctor test`: the expectations beside the scripts, in virtual time.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{exit::Exit, out, problems, rehearse};
use crate::{
    api::Generation,
    config,
    domain::counted,
    sandbox::{Mix, Scenario},
    sim::{Approval, Expectations, Faults, SUFFIX, Setup, Verdict},
};

/// `uproctor test`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only tests with this in the name of the file or of the test
    filter: Option<String>,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// Runs every `test_...` of `scripts/*.test.rhai`.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let draft = config::load_for_rehearsal(path);
    let scripts = draft.config.daemon.scripts.clone();
    let (config, library) = match rehearse::accept(draft) {
        Ok(accepted) => accepted,
        Err(exit) => return exit,
    };
    let scenario = match Scenario::load("dilemma").accept() {
        Ok(scenario) => scenario,
        Err(found) => {
            problems::print(&found);
            return Exit::NotRight;
        }
    };
    let files = match found(&scripts) {
        Ok(files) => files,
        Err(error) => {
            out::error(&format!("the scripts folder {} cannot be read: {error}", scripts.display()));
            return Exit::NotRight;
        }
    };
    let base = Setup {
        config,
        library,
        mix: Mix::default(),
        scenario,
        generation: Generation::Newest,
        faults: Faults::NONE,
        approval: Approval::default(),
        seed: 1,
        start: start(),
    };
    let mut known = Vec::new();
    let mut report = Report { json: args.json, tests: Vec::new(), broken: Vec::new(), failed: 0 };
    for file in files {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match Expectations::load(&file) {
            Err(problem) => {
                if args.filter.as_ref().is_none_or(|filter| name.contains(filter)) {
                    report.broken.push(problem);
                }
            }
            Ok(expectations) => {
                let script = name.trim_end_matches(SUFFIX).to_owned();
                let setup = with_automations_of(&base, &script);
                for test in &expectations.tests {
                    let title = format!("{script}: {}", test.trim_start_matches("test_").replace('_', " "));
                    let wanted =
                        |filter: &String| title.contains(filter.as_str()) || test.contains(filter.as_str());
                    if args.filter.as_ref().is_none_or(wanted) {
                        report.add(&title, expectations.run(test, &setup));
                    }
                    known.push(title);
                }
            }
        }
    }
    if let Some(filter) = &args.filter
        && report.tests.is_empty()
        && report.broken.is_empty()
        && !known.is_empty()
    {
        out::error(&format!("no test is called {filter:?}: there are {}", known.join("; ")));
        return Exit::NotRight;
    }
    report.finish(&scripts)
}

/// A Monday, so that schedules of working days are due in the usual tests.
pub(super) fn start() -> Timestamp {
    Timestamp::from_second(1_767_600_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Automations that use the script which the expectations stand beside; all, where none does.
fn with_automations_of(base: &Setup, script: &str) -> Setup {
    let mut setup = base.clone();
    let name = format!("{script}.rhai");
    if setup.config.automations.iter().any(|automation| automation.script == name) {
        setup.config.automations.retain(|automation| automation.script == name);
    }
    setup
}

fn found(scripts: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(scripts)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

struct Report {
    json: bool,
    tests: Vec<Value>,
    broken: Vec<crate::domain::Problem>,
    failed: usize,
}

impl Report {
    fn add(&mut self, title: &str, verdict: Verdict) {
        let ok = verdict.failure.is_none();
        self.failed += usize::from(!ok);
        if !self.json {
            out::line(&format!("{}  {title}", if ok { "ok    " } else { "FAILED" }));
            for line in &verdict.printed {
                out::line(&format!("          {line}"));
            }
        }
        let failure = verdict.failure.as_ref().map(problems::to_json);
        self.tests.push(json!({"name": title, "ok": ok, "failure": failure, "printed": verdict.printed}));
        self.broken.extend(verdict.failure);
    }

    fn finish(self, scripts: &Path) -> Exit {
        let ok = self.broken.is_empty();
        if self.json {
            let errors: Vec<Value> = self.broken.iter().map(problems::to_json).collect();
            out::json(&json!({"ok": ok, "tests": self.tests, "errors": errors}));
        } else {
            if !ok {
                problems::print(&self.broken);
            }
            if self.tests.is_empty() && ok {
                out::line(&format!(
                    "There are no tests: write one in {} beside a script, as NAME{SUFFIX}.",
                    scripts.display()
                ));
            } else {
                let tests = counted(self.tests.len(), "test", "tests");
                out::line(&format!("{} of {tests} passed", self.tests.len() - self.failed));
            }
        }
        if ok { Exit::Done } else { Exit::NotRight }
    }
}
