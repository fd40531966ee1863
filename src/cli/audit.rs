//! `uproctor audit`: the intervention log, for the paper.

use std::path::Path;

use serde_json::{Value, json};

use super::{exit::Exit, out};
use crate::{
    config,
    store::{History, Intervention, StoreError, verify},
};

/// How many entries are read at once.
const PAGE: u32 = 1000;

/// What is known to have been done or not; the rest only was wanted.
const REACHED: [&str; 3] = ["done", "failed", "uncertain"];

/// `uproctor audit`
#[derive(clap::Args)]
pub(super) struct Args {
    /// As JSON, an entry a line, with its hash; without it, CSV
    #[arg(long)]
    json: bool,
    /// Only of this session (or room)
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Only of this player
    #[arg(long, value_name = "NAME")]
    player: Option<String>,
    /// Also what was only wanted: dry runs, plans, refusals
    #[arg(long)]
    all: bool,
    /// Walk the whole chain of hashes and say whether nothing was changed or taken out
    #[arg(long, conflicts_with_all = ["json", "session", "player", "all"])]
    verify: bool,
    /// With --verify: the log must hold an entry with this hash, as it was told earlier
    #[arg(long, value_name = "HASH", requires = "verify")]
    head: Option<String>,
}

/// Prints or verifies the log.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let store = config::load(path).config.daemon.store;
    let done = History::open(&store).and_then(|history| {
        if args.verify { walk(&history, args.head.as_deref()) } else { print(&history, args) }
    });
    done.unwrap_or_else(|error| {
        out::error(&error.to_string());
        Exit::NotRight
    })
}

fn entries(
    history: &History,
    mut each: impl FnMut(Intervention) -> Result<(), Exit>,
) -> Result<Result<(), Exit>, StoreError> {
    let mut after = 0;
    loop {
        let page = history.interventions(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(Ok(())) };
        after = last.seq;
        for entry in page {
            if let Err(exit) = each(entry) {
                return Ok(Err(exit));
            }
        }
    }
}

fn walk(history: &History, head: Option<&str>) -> Result<Exit, StoreError> {
    let (mut count, mut before, mut seen) = (0, String::new(), false);
    let walked = entries(history, |entry| {
        if let Err(broken) = verify(&before, count + 1, &entry) {
            out::error(&format!("the intervention log was changed: {broken}"));
            return Err(Exit::NotRight);
        }
        count += 1;
        seen |= head == Some(entry.hash.as_str());
        before = entry.hash;
        Ok(())
    })?;
    if let Err(exit) = walked {
        return Ok(exit);
    }
    if let Some(head) = head.filter(|_| !seen) {
        out::error(&format!(
            "no entry has the hash {head}: entries were taken off the end, or it is another log"
        ));
        return Ok(Exit::NotRight);
    }
    out::line(&format!("{count} entries, none changed, none missing"));
    if count > 0 {
        out::line(&format!("the last has the hash {before}"));
        out::line(
            "note it down: with `uproctor audit --verify --head HASH` it shows later that nothing was taken off the end",
        );
    }
    Ok(Exit::Done)
}

const COLUMNS: [&str; 18] = [
    "seq",
    "at",
    "decided",
    "session",
    "player",
    "action",
    "arguments",
    "page",
    "decision",
    "answer",
    "mode",
    "automation",
    "script",
    "script_hash",
    "trigger",
    "event",
    "run",
    "hash",
];

fn print(history: &History, args: &Args) -> Result<Exit, StoreError> {
    if !args.json {
        csv(&COLUMNS.map(str::to_owned));
    }
    let printed = entries(history, |Intervention { entry: text, hash, .. }| {
        let entry: Value = serde_json::from_str(&text).unwrap_or_default();
        let is = |wanted: &Option<String>, key: &str| {
            wanted.as_ref().is_none_or(|wanted| entry[key].as_str() == Some(wanted))
        };
        let reached = entry["decision"].as_str().is_some_and(|decision| REACHED.contains(&decision));
        if !(is(&args.session, "target") && is(&args.player, "player") && (args.all || reached)) {
            return Ok(());
        }
        if args.json {
            out::text(&format!("{}\n", json!({ "entry": entry, "hash": hash })));
        } else {
            let origin = &entry["origin"];
            csv(&[
                cell(&entry["seq"]),
                cell(&entry["at"]),
                cell(&entry["decided"]),
                cell(&entry["target"]),
                cell(&entry["player"]),
                cell(&entry["action"]),
                cell(&entry["arguments"]),
                cell(&entry["observed"]["page"]),
                cell(&entry["decision"]),
                cell(&entry["answer"]),
                cell(&origin["mode"]),
                cell(&origin["automation"]),
                cell(&origin["script"]),
                cell(&origin["script_hash"]),
                cell(&origin["trigger"]),
                cell(&origin["event"]),
                cell(&origin["run"]),
                hash,
            ]);
        }
        Ok(())
    })?;
    Ok(printed.err().unwrap_or(Exit::Done))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => guarded(text),
        Value::Object(map) if map.is_empty() => String::new(),
        other => other.to_string(),
    }
}

/// A text that a spreadsheet takes for a text. What begins like a formula could otherwise be one: texts come from participants
/// and recruiters too.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn csv<const N: usize>(cells: &[String; N]) {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing into memory cannot fail.
    if writer.write_record(cells).is_ok()
        && let Ok(line) = writer.into_inner()
    {
        out::bytes(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_to_a_spreadsheet() {
        for text in ["=1+1", "+49 30", "-1+1", "@SUM(A1)", "\tx", "\r=x"] {
            assert_eq!(cell(&json!(text)), format!("'{text}"));
        }
        assert_eq!(cell(&json!("slow/One -> slow/Two")), "slow/One -> slow/Two");
        assert_eq!(
            (cell(&json!(-1)), cell(&json!({"a": "=1"}))),
            ("-1".to_owned(), r#"{"a":"=1"}"#.to_owned())
        );
    }
}
