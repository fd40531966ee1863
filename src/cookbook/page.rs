//! The pages of the cookbook, made from the headers.

use std::fmt::Write as _;

use super::{Entry, Recipe, shelves};
use crate::domain::Problem;

/// What the index begins with.
const INDEX: &str = "# Cookbook

This page and those it leads to are made by `uproctor init --markdown docs/cookbook` from the headers of the scripts.

Each recipe is a script with its automation and its tests. `uproctor init --with NAME` adds it to the project in the current folder
(or begins one); `uproctor init --list` lists them. What is added is a dry run, or waits for your approval where money or the end of
somebody's part is at stake: rehearse it, look at some dry runs, and only then give it `mode = \"live\"`.

Recipes that watch for something are about every session that `[watch]` observes. For some only, name them in `on`:
`on = { player = \"stalled\", sessions = [\"lab-*\"] }`.
";

/// All pages, with the names of their files.
pub fn pages() -> Result<Vec<(String, String)>, Problem> {
    let mut index = INDEX.to_owned();
    let mut pages = Vec::new();
    for shelf in shelves() {
        let _ = write!(index, "\n## {}\n\n| recipe | what it does |\n|---|---|\n", shelf.purpose);
        for entry in shelf.entries {
            let recipe = entry.recipe()?;
            let _ = writeln!(index, "| [{0}]({0}.md) | {1} |", recipe.name, cell(&recipe.summary));
            pages.push((format!("{}.md", recipe.name), page(entry, &recipe)));
        }
    }
    pages.push(("README.md".to_owned(), index));
    Ok(pages)
}

fn page(entry: &Entry, recipe: &Recipe) -> String {
    let Recipe { name, summary, about, block, code, .. } = recipe;
    let mut page = format!("# {name}\n\n{summary}\n");
    if !about.is_empty() {
        let _ = write!(page, "\n{about}\n");
    }
    if !recipe.parameters.is_empty() {
        page.push_str("\n## Parameters\n\n| name | default | meaning |\n|---|---|---|\n");
        for parameter in &recipe.parameters {
            let default = match parameter.default.as_str() {
                "required" => "required".to_owned(),
                default => format!("`{default}`"),
            };
            let _ = writeln!(
                page,
                "| `{}` | {} | {} |",
                parameter.name,
                cell(&default),
                cell(&parameter.meaning)
            );
        }
    }
    let automation = recipe.automation_name();
    let _ = write!(
        page,
        "\n## In config.toml\n\n```toml\n{block}```\n\n## Adding and trying it\n\n```sh\n\
         uproctor init --with {name}\n\
         uproctor rehearse {automation}    # what it would do to simulated participants\n\
         uproctor test {name}        # the expectations in scripts/{}\n\
         ```\n\nThe tests try the script with the example above, not with your `params`: what those do, `rehearse` shows.\n\n## The script\n\n`scripts/{}`, without its header:\n\n```rhai\n{}\n```\n",
        entry.test_file(),
        entry.file(),
        code.trim_end(),
    );
    page
}

/// As it stands in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
