//! The log on standard error: lines for people, or JSON for programs.

use std::{
    fmt,
    io::{IsTerminal, stderr},
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Map, Value, json};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{JsonFields, Writer},
        layer,
        time::{FormatTime, SystemTime},
    },
    prelude::*,
    registry::{LookupSpan, Scope},
};

/// Whether programs read the log: then nothing else goes to where it goes.
static FOR_PROGRAMS: AtomicBool = AtomicBool::new(false);

pub(super) fn is_for_programs() -> bool {
    FOR_PROGRAMS.load(Ordering::Relaxed)
}

/// Logs from now on.
pub(super) fn begin(level: LevelFilter, json: bool) {
    // Where nothing is logged, errors are said in words.
    FOR_PROGRAMS.store(json && level != LevelFilter::OFF, Ordering::Relaxed);
    let filter = EnvFilter::default().add_directive(level.min(LevelFilter::WARN).into()).add_directive(
        match format!("uproctor={level}").parse() {
            Ok(directive) => directive,
            Err(_) => LevelFilter::INFO.into(),
        },
    );
    let registry = tracing_subscriber::registry().with(filter);
    if json {
        let layer = layer().fmt_fields(JsonFields::new()).event_format(Flat).with_writer(stderr);
        registry.with(layer).init();
    } else {
        let colour = stderr().is_terminal();
        registry.with(layer().with_ansi(colour).with_target(false).with_writer(stderr)).init();
    }
}

/// One JSON object a line: `timestamp`, `level`, `message`, and beside them the fields of the line and those of what it was logged
/// within. So everything of a run has `run`, `event` and `automation` in the same place, wherever it was logged.
struct Flat;

impl<S, N> FormatEvent<S, N> for Flat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let level = event.metadata().level().as_str();
        let mut line = Map::from_iter([
            ("timestamp".to_owned(), json!(timestamp)),
            ("level".to_owned(), json!(level)),
            ("message".to_owned(), json!("")),
        ]);
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>();
            let fields = fields.and_then(|fields| serde_json::from_str::<Map<String, Value>>(fields).ok());
            line.extend(fields.unwrap_or_default());
        }
        event.record(&mut Fields(&mut line));
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// Takes the fields of a line.
struct Fields<'l>(&'l mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }
}
