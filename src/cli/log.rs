//! How and how much the program logs.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// `--log` and `--log-format`
#[derive(clap::Args)]
pub(super) struct Args {
    /// How much to log: off, error, warn, info, debug or trace [default: info; off where a command simulates]
    #[arg(long = "log", global = true, value_name = "LEVEL")]
    level: Option<LevelFilter>,
    /// How to log: for people, or as JSON, one object a line
    #[arg(long = "log-format", global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Logs to standard error from now on; as much as `usual` where nothing is said.
pub(super) fn begin(args: &Args, usual: LevelFilter) {
    let level = args.level.unwrap_or(usual);
    let own = format!("uproctor={level}").parse().unwrap_or_else(|_| LevelFilter::INFO.into());
    let filter = EnvFilter::default().add_directive(level.min(LevelFilter::WARN).into()).add_directive(own);
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let text = (args.format == Format::Text)
        .then(|| fmt::layer().with_ansi(colour).with_writer(std::io::stderr).with_target(false));
    // The span, which says which run it is about, is an object of its own; the spans around it would say nothing more.
    let json = (args.format == Format::Json).then(|| {
        let layer = fmt::layer().json().flatten_event(true).with_span_list(false);
        layer.with_writer(std::io::stderr).with_target(false)
    });
    tracing_subscriber::registry().with(filter).with(text).with(json).init();
}
