//! What an experiment consists of: configurations, their apps, the pages of each app in order.

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// Everything that a server offers. Read from a small TOML file, see [`Experiment::parse`], or built in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiment {
    /// Configurations by name: what a session is made of.
    pub configs: IndexMap<String, Config>,
    /// Apps by name.
    pub apps: IndexMap<String, App>,
    /// Rooms that are there from the start.
    pub rooms: IndexMap<String, RoomPlan>,
}

/// A configuration: apps in the order in which a participant goes through them, and its settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Names of apps.
    pub apps: Vec<String>,
    /// Default settings of its sessions.
    pub settings: Map<String, Value>,
}

/// A room that is there from the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoomPlan {
    /// Its default configuration.
    pub config: Option<String>,
    /// Who may enter; everybody where there are none.
    pub labels: Option<Vec<String>>,
    /// How many may enter.
    pub capacity: Option<u64>,
    /// Whether it is open.
    pub open: bool,
}

/// One app.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct App {
    /// One line about it.
    pub description: String,
    /// What the number of participants is best a multiple of.
    pub multiple: u64,
    /// Its pages and blocks of pages.
    pub steps: Vec<Step>,
    /// Whether it looks for participants who are silent for longer than this.
    pub watch: Option<Duration>,
    /// Whether it has a digest for the admin's page.
    pub digest: bool,
    /// Whether it has a pipeline.
    pub pipeline: bool,
    /// What happens to a participant who is found to have dropped out.
    pub on_dropout: OnDropout,
}

/// What an app does with a dropout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDropout {
    /// Nothing: the player stays on the page.
    #[default]
    Stay,
    /// The player is moved to the end.
    End,
}

/// One element of an app's page order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A page.
    Page(Arc<Page>),
    /// Pages that come several times.
    Rounds {
        /// How often.
        n: u64,
        /// The pages.
        steps: Vec<Step>,
    },
    /// Pages in an order of each participant's own.
    Shuffled(Vec<Step>),
}

/// One page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Its name within the app, without the `#` of wait pages.
    pub name: String,
    /// What kind it is.
    pub kind: PageKind,
    /// The median of how long a participant takes; nothing for wait pages.
    pub think: Duration,
    /// How long it may be shown before the browser goes on by itself.
    pub timeout: Option<Duration>,
    /// Its form.
    pub fields: Vec<Field>,
    /// What the app writes instead of the form when the time is over.
    pub otherwise: Map<String, Value>,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub kind: FieldKind,
}

/// What a field takes.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// One of these.
    Choice(Vec<Value>),
    /// A whole number from the first to the second.
    Number(i64, i64),
    /// Any text, also none.
    Text,
}

impl Field {
    /// Whether the form may be sent with this answer.
    pub fn takes(&self, answer: Option<&Value>) -> bool {
        match (&self.kind, answer) {
            (FieldKind::Choice(choices), Some(answer)) => choices.contains(answer),
            (FieldKind::Number(least, most), Some(answer)) => {
                answer.as_i64().is_some_and(|number| (*least..=*most).contains(&number))
            }
            (FieldKind::Text, answer) => answer.is_none_or(Value::is_string),
            (FieldKind::Choice(_) | FieldKind::Number(..), None) => false,
        }
    }
}

/// The kinds of pages.
#[derive(Clone, Debug, PartialEq)]
pub enum PageKind {
    /// Shown until it is submitted.
    Ordinary,
    /// Waits until so many are there, and makes a group of them.
    Group {
        /// How many.
        size: usize,
    },
    /// Waits until all members of the group are there; then works with what they gave.
    Sync {
        /// The fields of the members that it reads. One that is missing makes it fail for the whole group, as an app
        /// would that takes the answer for granted.
        reads: Vec<String>,
    },
}

impl Page {
    /// How `page_order` names it.
    pub fn path(&self, app: &str) -> String {
        match self.kind {
            PageKind::Ordinary => format!("{app}/{}", self.name),
            PageKind::Group { .. } | PageKind::Sync { .. } => format!("{app}/#{}", self.name),
        }
    }

    /// Whether participants wait here for one another.
    pub fn is_wait(&self) -> bool {
        self.kind != PageKind::Ordinary
    }
}

impl Experiment {
    /// The apps of a configuration. `~app` is an app by itself, as the server has it.
    pub fn apps_of(&self, config: &str) -> Option<Vec<String>> {
        match config.strip_prefix('~') {
            Some(app) => self.apps.contains_key(app).then(|| vec![app.to_owned()]),
            None => self.configs.get(config).map(|config| config.apps.clone()),
        }
    }

    /// The page of a path in `page_order`; nothing for a marker.
    pub fn page(&self, path: &str) -> Option<&Arc<Page>> {
        let (app, name) = path.split_once('/')?;
        let (wait, name) = match name.strip_prefix('#') {
            Some(name) => (true, name),
            None => (false, name),
        };
        find(&self.apps.get(app)?.steps, name, wait)
    }

    /// A participant's page order through these apps. `shuffle` draws a number below its argument.
    pub fn page_order(&self, apps: &[String], shuffle: &mut dyn FnMut(usize) -> usize) -> Vec<String> {
        let mut order = Vec::new();
        for name in apps {
            order.push(format!("{name}/#StartApp"));
            if let Some(app) = self.apps.get(name) {
                lay_out(name, &app.steps, &mut order, shuffle);
            }
        }
        order
    }
}

fn find<'a>(steps: &'a [Step], name: &str, wait: bool) -> Option<&'a Arc<Page>> {
    steps.iter().find_map(|step| match step {
        Step::Page(page) => (page.name == name && page.is_wait() == wait).then_some(page),
        Step::Rounds { steps, .. } | Step::Shuffled(steps) => find(steps, name, wait),
    })
}

/// Brackets and markers stand where uproot puts them: they are in `page_order` and are never shown.
fn lay_out(app: &str, steps: &[Step], order: &mut Vec<String>, shuffle: &mut dyn FnMut(usize) -> usize) {
    for step in steps {
        match step {
            Step::Page(page) => order.push(page.path(app)),
            Step::Rounds { n, steps } => {
                order.extend(["#{".to_owned(), "#RoundsReset".to_owned()]);
                for _ in 0..*n {
                    order.extend(["#{".to_owned(), "#RoundStart".to_owned()]);
                    lay_out(app, steps, order, shuffle);
                    order.extend(["#RoundEnd".to_owned(), "#}".to_owned()]);
                }
                order.push("#}".to_owned());
            }
            Step::Shuffled(steps) => {
                order.push("#RandomOrderStart".to_owned());
                let mut left: Vec<&Step> = steps.iter().collect();
                while !left.is_empty() {
                    let next = left.remove(shuffle(left.len()).min(left.len() - 1));
                    lay_out(app, std::slice::from_ref(next), order, shuffle);
                }
                order.push("#RandomOrderEnd".to_owned());
            }
        }
    }
}
