//! A probe, and how it is carried out.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use uproctor::api::Generation;

use super::expect::Expect;
use super::forms::{Each, Names};
use super::request::{Request, get, patch, post, request};
use super::subject::Subject;
use crate::support::{PATIENCE, Participant, wait_until};

/// Something asked of a server, with what there has to be before.
pub(super) struct Probe {
    name: &'static str,
    steps: Vec<Step>,
}

enum Step {
    Session { config: &'static str, unames: &'static [&'static str] },
    Room(Value),
    Joins(&'static str),
    Submits(&'static str, &'static [(&'static str, &'static str)]),
    Waits(&'static str),
    Returns(&'static str),
    Ask(Box<Question>),
}

struct Question {
    request: Each<Request>,
    expect: Option<Each<Expect>>,
}

pub(super) fn probe(name: &'static str) -> Probe {
    Probe { name, steps: Vec::new() }
}

impl Probe {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// There is a session, `{S}`, with players of these names.
    pub(super) fn session(self, config: &'static str, unames: &'static [&'static str]) -> Probe {
        self.step(Step::Session { config, unames })
    }

    /// There is a room, `{R}`, with these settings.
    pub(super) fn room(self, settings: Value) -> Probe {
        self.step(Step::Room(settings))
    }

    /// A player follows the link and arrives at the first page.
    pub(super) fn joins(self, player: &'static str) -> Probe {
        self.step(Step::Joins(player))
    }

    /// A player who has joined sends the form of the page that was last shown.
    pub(super) fn submits(
        self,
        player: &'static str,
        fields: &'static [(&'static str, &'static str)],
    ) -> Probe {
        self.step(Step::Submits(player, fields))
    }

    /// Somebody with this label follows the link of the room and waits there.
    pub(super) fn waits(self, label: &'static str) -> Probe {
        self.step(Step::Waits(label))
    }

    /// Somebody who waited follows the link of the room again, unless the room has let them in already.
    pub(super) fn returns(self, label: &'static str) -> Probe {
        self.step(Step::Returns(label))
    }

    pub(super) fn get(self, path: &'static str) -> Probe {
        self.ask(get(path))
    }

    pub(super) fn post(self, path: &'static str, body: Value) -> Probe {
        self.ask(post(path, &body))
    }

    pub(super) fn patch(self, path: &'static str, body: Value) -> Probe {
        self.ask(patch(path, &body))
    }

    pub(super) fn delete(self, path: &'static str) -> Probe {
        self.ask(request("DELETE", path))
    }

    /// One of the actions on the players of `{S}`.
    pub(super) fn act(self, path: &'static str, unames: &[&str]) -> Probe {
        self.post(path, json!({"unames": unames}))
    }

    pub(super) fn ask(self, request: impl Into<Each<Request>>) -> Probe {
        self.step(Step::Ask(Box::new(Question { request: request.into(), expect: None })))
    }

    /// What the answer to the last question is.
    pub(super) fn is(mut self, expected: impl Into<Each<Expect>>) -> Probe {
        match self.steps.last_mut() {
            Some(Step::Ask(question)) if question.expect.is_none() => question.expect = Some(expected.into()),
            _ => panic!("{}: an answer belongs to a question", self.name),
        }
        self
    }

    fn step(mut self, step: Step) -> Probe {
        self.steps.push(step);
        self
    }

    /// Whether it can be carried out in a generation: every question has its answer, every name is known.
    pub(super) fn check(&self, generation: Generation) {
        let names = Names::of(0, generation);
        let mut questions = 0;
        for step in &self.steps {
            if let Step::Ask(question) = step {
                let path = names.fill(question.request.of(generation).path);
                assert!(!path.contains(['{', '}']), "{}: {path}", self.name);
                assert!(question.expect.is_some(), "{}: what is the answer to {path}?", self.name);
                questions += 1;
            }
        }
        assert!(questions > 0, "{} asks nothing", self.name);
    }

    /// Carries the probe out; the text is what is wrong with the first answer that is not as it should be.
    fn run(&self, subject: &Subject) -> Result<(), String> {
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut names = Names::of(number, subject.generation);
        let mut people: BTreeMap<&str, Participant> = BTreeMap::new();
        for step in &self.steps {
            match step {
                Step::Session { config, unames } => {
                    let n_players = unames.len();
                    let body =
                        json!({"config": config, "n_players": n_players, "sname": "{S}", "unames": unames});
                    prepare(subject, &names, &post("sessions/", &body))?;
                }
                Step::Room(settings) => {
                    let mut body = settings.clone();
                    body["name"] = json!("{R}");
                    prepare(subject, &names, &post("rooms/", &body))?;
                }
                Step::Joins(player) => {
                    let person = subject.player(&names.session, player);
                    person.open();
                    people.insert(player, person);
                }
                Step::Submits(player, fields) => {
                    people[player].submit(fields);
                }
                Step::Waits(label) => {
                    let guest = subject.guest(&names.room, label);
                    guest.open();
                    people.insert(label, guest);
                    wait_until(&format!("{label} waits in the room"), PATIENCE, || {
                        let answer = subject.ask(&get("{room}/online/"), &names);
                        let online: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                        online["online"].get(*label).is_some()
                    });
                }
                Step::Returns(label) => {
                    people[label].open();
                }
                Step::Ask(question) => question.ask(subject, &mut names)?,
            }
        }
        Ok(())
    }
}

impl Question {
    fn ask(&self, subject: &Subject, names: &mut Names) -> Result<(), String> {
        let request = self.request.of(subject.generation);
        let expect = self.expect.as_ref().ok_or("there is no answer to compare with")?.of(subject.generation);
        let answer = subject.ask(request, names);
        let found = expect.differences(&answer, names);
        if found.is_empty() {
            // Digit by digit: as a number it could become its neighbour, and instants are compared strictly.
            if let Some((_, rest)) = answer.text().split_once("\"last_update\":") {
                names.last_update = rest.trim_end_matches('}').to_owned();
            }
            return Ok(());
        }
        let start: String = answer.text().chars().take(1000).collect();
        let (path, found) = (names.fill(request.path), found.join("; "));
        Err(format!("{} {path}: {found}\n  it answered {} {start}", request.method, answer.status))
    }
}

fn prepare(subject: &Subject, names: &Names, request: &Request) -> Result<(), String> {
    let answer = subject.ask(request, names);
    if answer.status == 201 {
        return Ok(());
    }
    Err(format!("before the probe, {} answered {}: {}", request.path, answer.status, answer.text()))
}

/// Carries out all probes and fails with everything that was not as it should be.
pub(super) fn hold(subject: &Subject, probes: Vec<Probe>) {
    let mut report = String::new();
    let mut wrong = 0;
    let count = probes.len();
    for probe in probes {
        if let Err(error) = probe.run(subject) {
            wrong += 1;
            let _ = writeln!(report, "- {}: {error}", probe.name);
        }
    }
    assert!(
        wrong == 0,
        "{wrong} of {count} probes of {:?} are not as they should be:\n{report}",
        subject.generation
    );
}
