//! `uproctor functions`: what scripts can call.

use std::path::PathBuf;

use super::{exit::Exit, out};
use crate::script;

/// `uproctor functions`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only functions whose name holds this
    name: Option<String>,
    /// Write Rhai definition files for editors into this folder
    #[arg(long, value_name = "DIR")]
    definitions: Option<PathBuf>,
    /// Write the documentation's page
    #[arg(long)]
    markdown: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// Lists the functions.
pub(super) fn run(args: &Args) -> Exit {
    if let Some(folder) = &args.definitions {
        return match script::write_definitions(folder) {
            Ok(()) => {
                out::line(&format!("wrote the definitions to {}", folder.display()));
                Exit::Done
            }
            Err(error) => {
                out::error(&format!("cannot write to {}: {error}", folder.display()));
                Exit::NotRight
            }
        };
    }
    if args.markdown {
        out::text(&script::markdown());
        return Exit::Done;
    }
    let wanted = args.name.as_deref().unwrap_or_default();
    let found: Vec<_> =
        script::functions().into_iter().filter(|function| function.name.contains(wanted)).collect();
    if args.json {
        out::json(&serde_json::json!(found));
        return Exit::Done;
    }
    if found.is_empty() {
        out::error(&format!("no function has {wanted:?} in its name"));
        return Exit::NotRight;
    }
    for function in found {
        out::line(&function.signature);
        for line in function.doc.lines() {
            out::line(&format!("    {line}"));
        }
        out::line("");
    }
    Exit::Done
}
