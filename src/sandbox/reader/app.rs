//! `[app.NAME]`: its pages, in order.

use std::{collections::HashSet, ops::Range, sync::Arc, time::Duration};

use serde_json::{Map, Value};
use toml::{Spanned, de::DeValue};

use super::{Places, unknown};
use crate::{
    config::{
        reader::{Placed, Section, Source},
        value::{integer, type_name},
    },
    domain::{Severity, did_you_mean},
    sandbox::{App, Field, FieldKind, OnDropout, Page, PageKind, Step},
};

/// How many pages an app may lay out before a participant, rounds counted out.
const MOST_PAGES: u64 = 10_000;
/// What one entry of `pages` can be.
const KINDS: [&str; 4] = ["page", "wait", "rounds", "shuffle"];
/// How long a participant takes for a page that does not say it.
const THINK: Duration = Duration::from_secs(20);
/// Fields that the server itself has; a form that wrote them would break the player.
const TAKEN: [&str; 13] = [
    "app",
    "config",
    "id",
    "label",
    "member_id",
    "name",
    "page_order",
    "payoff",
    "pid",
    "round",
    "session",
    "show_page",
    "started",
];

/// What is known while one app is read.
struct Reading<'a> {
    source: &'a Source<'a>,
    app: &'a str,
    places: &'a mut Places,
    /// Paths of pages.
    seen: HashSet<String>,
    /// The largest group.
    group: u64,
}

pub(super) fn read<'a>(
    source: &'a Source<'a>,
    name: &'a Placed<String>,
    mut section: Section<'_, '_>,
    places: &'a mut Places,
) -> App {
    let mut reading = Reading { source, app: &name.value, places, seen: HashSet::new(), group: 1 };
    let mut app = App {
        description: section.text("description").map(|text| text.value).unwrap_or_default(),
        pipeline: section.boolean("pipeline").is_some_and(|pipeline| pipeline.value),
        digest: section.boolean("digest").is_some_and(|digest| digest.value),
        ..App::default()
    };
    let multiple = section.number("multiple", 1..=1000);
    app.watch = section.duration("watch", Duration::from_secs(1)).map(|watch| watch.value);
    let watched = section.has("watch") || app.watch.is_some();
    if let Some(on) = section.choice("on_dropout", &[("stay", OnDropout::Stay), ("end", OnDropout::End)]) {
        app.on_dropout = on.value;
        if !watched && on.value == OnDropout::End {
            let help = "add for example `watch = \"15s\"`";
            source.error_help(
                on.span,
                "`on_dropout` does nothing in an app that does not look for dropouts",
                help,
            );
        }
    }
    app.steps = reading.steps(&mut section, "pages", &format!("the app {:?}", name.value), &name.span);
    let pages = count(&app.steps);
    if pages > MOST_PAGES {
        let message = format!("the app {:?} has {pages} pages: at most {MOST_PAGES}", name.value);
        source.error(name.span.clone(), message);
        app.steps.clear();
    }
    app.multiple = multiple.map_or(reading.group, |multiple| multiple.value);
    section.finish();
    app
}

/// How many pages a participant goes through.
fn count(steps: &[Step]) -> u64 {
    let each = steps.iter().map(|step| match step {
        Step::Page(_) => 1,
        Step::Rounds { n, steps } => n.saturating_mul(count(steps)),
        Step::Shuffled(steps) => count(steps),
    });
    each.fold(0, u64::saturating_add)
}

impl Reading<'_> {
    fn empty(&self, span: &Range<usize>, what: &str, key: &str) {
        let message = format!("there are no pages in {what}");
        let help = format!("write `{key} = [{{ page = \"Name\" }}]`");
        self.source.error_help(span.clone(), message, help);
    }

    /// A list of pages and blocks of pages, which `what` with this span consists of.
    fn steps(
        &mut self,
        section: &mut Section<'_, '_>,
        key: &'static str,
        what: &str,
        span: &Range<usize>,
    ) -> Vec<Step> {
        let before = self.source.problems.borrow().len();
        let sections = section.tables(key, "a page");
        if sections.is_empty() && before == self.source.problems.borrow().len() {
            self.empty(span, what, key);
        }
        sections.into_iter().filter_map(|section| self.step(section)).collect()
    }

    fn step(&mut self, mut section: Section<'_, '_>) -> Option<Step> {
        let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| section.has(kind)).collect();
        if kinds.len() != 1 {
            let near = section.keys().find_map(|key| did_you_mean(key, KINDS));
            let message = match kinds[..] {
                [one, other, ..] => format!("`{one}` and `{other}` cannot be the same entry"),
                _ => "this is none of `page`, `wait`, `rounds` and `shuffle`".to_owned(),
            };
            let help = match near.filter(|_| kinds.is_empty()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "an entry is `{ page = \"Name\" }`, `{ wait = \"Name\" }`, `{ rounds = 3, pages = [...] }` \
                         or `{ shuffle = [...] }`"
                    .to_owned(),
            };
            self.source.error_help(section.span, message, help);
            return None;
        }
        let step = match kinds[0] {
            "page" => self.page(&mut section).map(|page| Step::Page(Arc::new(page))),
            "wait" => self.wait(&mut section).map(|page| Step::Page(Arc::new(page))),
            "rounds" => {
                let span = section.span.clone();
                let n = section.number("rounds", 1..=1000);
                let steps = self.steps(&mut section, "pages", "these rounds", &span);
                n.map(|n| Step::Rounds { n: n.value, steps })
            }
            _ => {
                let span = section.span.clone();
                Some(Step::Shuffled(self.steps(&mut section, "shuffle", "what is shuffled here", &span)))
            }
        };
        section.finish();
        step
    }

    /// `{ page = "Name" }`: somebody has something to do.
    fn page(&mut self, section: &mut Section<'_, '_>) -> Option<Page> {
        let name = section.text("page");
        let think = section.duration("think", Duration::ZERO);
        let timeout = section.duration("timeout", Duration::from_secs(1));
        if let (Some(think), Some(timeout)) = (&think, &timeout)
            && think.value >= timeout.value
        {
            let message = "at least half of the participants are not done when the time is over";
            let warning = self.source.problem(Severity::Warning, timeout.span.clone(), message);
            self.source.push(warning.help("`timeout` is normally longer than `think`"));
        }
        let mut fields = Vec::new();
        if let Some(mut form) = section.table("fields", "`fields`") {
            for (name, value) in form.named_values() {
                if let Some(field) = self.field(name, value) {
                    fields.push(field);
                }
            }
        }
        let otherwise = self.otherwise(section, &fields, timeout.is_some());
        let name = name?;
        let written = name.span.clone();
        let page = Page {
            name: self.name(name)?,
            kind: PageKind::Ordinary,
            think: think.map_or(THINK, |think| think.value),
            timeout: timeout.map(|timeout| timeout.value),
            fields,
            otherwise,
        };
        if !self.seen.insert(page.path(self.app)) {
            self.twice(written, &page.name);
            return None;
        }
        Some(page)
    }

    /// `otherwise = { field = answer }`: what the app writes when the time is over.
    fn otherwise(&self, section: &mut Section<'_, '_>, fields: &[Field], timed: bool) -> Map<String, Value> {
        let mut otherwise = Map::new();
        let Some(mut answers) = section.table("otherwise", "`otherwise`") else { return otherwise };
        if !timed {
            let help = "add for example `timeout = \"3m\"`";
            self.source.error_help(answers.span.clone(), "`otherwise` is for pages with a `timeout`", help);
        }
        for (name, value) in answers.named_values() {
            let Some(field) = fields.iter().find(|field| field.name == name.value) else {
                let message = format!("the page has no field `{}`", name.value);
                let names = fields.iter().map(|field| field.name.as_str());
                unknown(self.source, name.span, message, names);
                continue;
            };
            match answer(value.get_ref()).filter(|answer| field.takes(Some(answer))) {
                Some(answer) => {
                    otherwise.insert(name.value, answer);
                }
                None => {
                    let message = format!("the field `{}` does not take this", name.value);
                    self.source.error(value.span(), message);
                }
            }
        }
        otherwise
    }

    /// `{ wait = "Name" }`: participants wait for one another.
    fn wait(&mut self, section: &mut Section<'_, '_>) -> Option<Page> {
        let name = section.text("wait");
        let span = section.span.clone();
        let groups = section.has("group");
        let size = section.number("group", 1..=1000);
        let reads = section.texts("reads").unwrap_or_default();
        if let (true, Some(read)) = (groups, reads.first()) {
            let help = "let a second wait page read, after the one that makes the groups";
            self.source.error_help(read.span.clone(), "a page that makes groups reads no fields", help);
        }
        let name = name?;
        let written = name.span.clone();
        let mut page = Page {
            name: self.name(name)?,
            kind: PageKind::Sync { reads: reads.iter().map(|read| read.value.clone()).collect() },
            think: Duration::ZERO,
            timeout: None,
            fields: Vec::new(),
            otherwise: Map::new(),
        };
        if groups {
            let size = size?.value;
            self.group = self.group.max(size);
            page.kind = PageKind::Group { size: usize::try_from(size).unwrap_or(1) };
        }
        let path = page.path(self.app);
        if !self.seen.insert(path.clone()) {
            self.twice(written, &page.name);
            return None;
        }
        if !groups {
            self.places.meetings.insert(path.clone(), span);
            self.places.reads.insert(path, reads);
        }
        Some(page)
    }

    /// The name of a page.
    fn name(&mut self, name: Placed<String>) -> Option<String> {
        is_named_like_python(self.source, "a page", &name).then_some(name.value)
    }

    fn twice(&self, span: Range<usize>, name: &str) {
        let message = format!("the app {:?} has two pages {name:?}", self.app);
        let help = "give each a name of its own, or write `{ rounds = 2, pages = [...] }` for a page that comes again";
        self.source.error_help(span, message, help);
    }

    /// One entry of `fields`.
    fn field(&self, name: Placed<String>, value: &Spanned<DeValue<'_>>) -> Option<Field> {
        if !is_named_like_python(self.source, "a field", &name) {
            return None;
        }
        if TAKEN.contains(&name.value.as_str()) || name.value.starts_with("_uproot") {
            let message = format!("the field {:?} belongs to the server", name.value);
            self.source.error_help(name.span, message, "give it another name");
            return None;
        }
        let kind = match value.get_ref() {
            DeValue::String(text) if text == "text" => Some(FieldKind::Text),
            DeValue::String(text) => range(text).map(|(least, most)| FieldKind::Number(least, most)),
            DeValue::Array(choices) if !choices.is_empty() => choices
                .iter()
                .map(|choice| answer(choice.get_ref()))
                .collect::<Option<Vec<_>>>()
                .map(FieldKind::Choice),
            _ => None,
        };
        if kind.is_none() {
            let what = match value.get_ref() {
                DeValue::String(text) => format!("{text:?}"),
                DeValue::Array(choices) if choices.is_empty() => "an empty list".to_owned(),
                other => type_name(other).to_owned(),
            };
            let message = format!("the field `{}` cannot be {what}", name.value);
            let help = "write a list of answers such as [true, false], a range such as \"0-10\", or \"text\"";
            self.source.error_help(value.span(), message, help);
        }
        // One problem a field is enough: where it is read, it counts as asked.
        Some(Field { name: name.value, kind: kind.unwrap_or(FieldKind::Text) })
    }
}

/// `0-10`: the least and the most.
fn range(text: &str) -> Option<(i64, i64)> {
    // The first character may be a sign.
    let dash = text.char_indices().skip(1).find(|(_, c)| *c == '-')?.0;
    let (least, most) = (text[..dash].trim().parse().ok()?, text[dash + 1..].trim().parse().ok()?);
    (least <= most).then_some((least, most))
}

/// One answer of a list.
fn answer(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(text.as_ref().into()),
        DeValue::Boolean(yes) => Some((*yes).into()),
        DeValue::Integer(_) => integer(value).map(Into::into),
        DeValue::Float(number) => {
            number.as_str().parse::<f64>().ok().filter(|n| n.is_finite()).map(Into::into)
        }
        _ => None,
    }
}

/// Whether a name could be one of Python's; says so where not.
pub(super) fn is_named_like_python(source: &Source<'_>, what: &str, name: &Placed<String>) -> bool {
    let text = &name.value;
    let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let good =
        letters && text.len() <= 100 && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !good {
        let message = format!("{what} cannot be called {text:?}");
        let help = "use letters, digits and `_`, and no digit at the beginning";
        source.error_help(name.span.clone(), message, help);
    }
    good
}
