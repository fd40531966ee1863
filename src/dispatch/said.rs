//! What the daemon's log says of runs. Whatever is logged while a run works stands in its span, with its number, that of its
//! event, its automation and its mode; and where nothing is written, each line says so at its beginning.

use tracing::{Span, error_span};

use super::Ending;
use crate::domain::{AutomationName, EventId, EventKind, Mode, Outcome, RunId, RunReport};

/// The span of a run, or of a poll, which has no event yet.
pub(super) fn span(run: RunId, event: Option<EventId>, automation: &AutomationName, mode: Mode) -> Span {
    // It is there for lines of every level.
    error_span!("run", run = run.0, event = event.map(|event| event.0), %automation, %mode)
}

/// The span of an event that does not run.
pub(super) fn event_span(event: EventId) -> Span {
    error_span!("event", event = event.0)
}

/// A run that is under way.
pub(super) struct UnderWay {
    pub(super) ending: Ending,
    pub(super) span: Span,
    pub(super) mode: Mode,
}

impl UnderWay {
    /// It starts.
    pub(super) fn log_start(&self, kind: EventKind) {
        let mark = self.mode.mark();
        self.span.in_scope(|| tracing::info!(%kind, "{mark}run starts"));
    }

    /// It has ended.
    pub(super) fn log_end(&self, report: &RunReport) {
        let (mark, outcome) = (self.mode.mark(), report.outcome);
        let reason = report.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        self.span.in_scope(|| match outcome {
            Outcome::Failed => tracing::warn!(%outcome, "{mark}run failed{reason}"),
            _ => tracing::info!(%outcome, "{mark}run {outcome}{reason}"),
        });
    }
}
