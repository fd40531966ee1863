//! The text format of Prometheus.

use std::fmt::{Display, Write};

/// What a family of values is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only goes up, until the daemon is started anew.
    Counter,
    /// How many were how large.
    Histogram,
}

/// The page, line by line.
#[derive(Default)]
pub(super) struct Page(String);

/// One family, whose values follow.
pub(super) struct Family<'p> {
    page: &'p mut Page,
    name: &'static str,
}

impl Page {
    /// Begins a family. `about` is a sentence.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, about: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        let about = about.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a text does not fail.
        let _ = write!(self.0, "# HELP {name} {about}\n# TYPE {name} {kind}\n");
        Family { page: self, name }
    }

    /// A family of one value without labels.
    pub(super) fn one(&mut self, name: &'static str, kind: Kind, about: &str, value: impl Display) {
        self.family(name, kind, about).value(&[], value);
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// A value with its labels.
    pub(super) fn value(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.line("", labels, value);
    }

    /// The same with something behind the family's name, as histograms have it.
    pub(super) fn line(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let text = &mut self.page.0;
        text.push_str(self.name);
        text.push_str(suffix);
        for (at, (name, of)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let of = of.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(text, "{before}{name}=\"{of}\"");
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(text, "{end} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_sentences_are_escaped() {
        let mut page = Page::default();
        let mut family = page.family("a_total", Kind::Counter, "Of a\\b\nc.");
        family.value(&[("name", "x\"y\\z\n"), ("kind", "é")], 3);
        page.one("b", Kind::Gauge, "B.", 0.5);
        assert_eq!(
            page.into_text(),
            "# HELP a_total Of a\\\\b\\nc.\n# TYPE a_total counter\na_total{name=\"x\\\"y\\\\z\\n\",kind=\"é\"} 3\n\
             # HELP b B.\n# TYPE b gauge\nb 0.5\n"
        );
    }
}
