//! Rules about the source text that no compiler and no lint holds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The top-level modules, each of which may import those before it only.
const ORDER: [&str; 21] = [
    "domain",
    "environment",
    "schedule",
    "signature",
    "config",
    "engine",
    "api",
    "store",
    "effects",
    "watch",
    "script",
    "cookbook",
    "dispatch",
    "sandbox",
    "notify",
    "sim",
    "live",
    "supervisor",
    "daemon",
    "web",
    "cli",
];

/// Imports that the order would allow, and that must not be all the same.
const NEVER: [(&str, &str); 2] = [("engine", "api"), ("engine", "store")];

/// The longest a file may be, in lines.
const LONGEST: usize = 400;

/// Test files that may be longer, and why.
const LONGER: [(&str, &str); 1] =
    [("tests/real/support/browser.rs", "the one participant's browser: its parts make no sense alone")];

struct File {
    /// From the folder of the package, with slashes.
    path: String,
    text: String,
}

/// Every Rust file below a folder of the package, in order of their paths.
fn files(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            open.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let inside: PathBuf = path.strip_prefix(root).unwrap().to_owned();
            let parts: Vec<_> = inside.iter().map(|part| part.to_str().unwrap()).collect();
            files.push(File { path: parts.join("/"), text: fs::read_to_string(&path).unwrap() });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!files.is_empty(), "nothing in {folder}");
    files
}

/// The modules that a file is in, from the top: `src/config/mod.rs` is `config`, `src/live/lane.rs` is `live`, `lane`.
fn modules(path: &str) -> Vec<&str> {
    let inside = path.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
    let mut modules: Vec<&str> = inside.split('/').collect();
    if modules.last() == Some(&"mod") {
        modules.pop();
    }
    modules
}

fn is_test(path: &str) -> bool {
    modules(path).iter().any(|module| *module == "tests" || module.ends_with("_tests"))
}

/// The text without comments and without what `#[cfg(test)]` stands over. Relies on rustfmt: an item ends with the
/// first bracket that stands as far left as the item itself.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        if start.starts_with("//") {
            continue;
        }
        if start.starts_with("#[cfg(test)]") {
            let indent = &line[..line.len() - start.len()];
            for line in lines.by_ref() {
                let rest = line.strip_prefix(indent).unwrap_or("");
                let one_line = line.ends_with(';') && !rest.starts_with(char::is_whitespace);
                if one_line || rest.starts_with('}') {
                    break;
                }
            }
            continue;
        }
        // Not in an address: its slashes follow a colon.
        let end = line.find(" // ").unwrap_or(line.len());
        code.push_str(&line[..end]);
        code.push('\n');
    }
    code
}

/// The first names of what follows `crate::`: one, or those of a group in braces.
fn first_names(after: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = after.strip_prefix('{') else { return vec![name(after)] };
    let mut names = vec![name(group)];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(name(&group[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Every top-level module that a file's code names, through `crate::` or through as many `super::` as lead there.
fn imports(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let to_top = "super::".repeat(modules(path).len());
    ["crate::", to_top.as_str()]
        .into_iter()
        .flat_map(|way| code.match_indices(way).map(move |(at, _)| at + way.len()))
        .flat_map(|after| first_names(&code[after..]))
        .collect()
}

#[test]
fn modules_import_only_those_before_them() {
    let place = |module: &str| ORDER.iter().position(|known| *known == module);
    let mut wrong = Vec::new();
    for file in files("src") {
        let module = modules(&file.path)[0];
        if matches!(module, "lib" | "main") || is_test(&file.path) {
            continue;
        }
        let Some(here) = place(module) else {
            wrong.push(format!(
                "{} is in no module of the order: say in this test where it stands",
                file.path
            ));
            continue;
        };
        for import in imports(&file.path, &file.text) {
            // What is no module is a name of the crate's root, which has none of its own.
            let allowed = place(&import).is_some_and(|there| there <= here);
            if !allowed || NEVER.contains(&(module, import.as_str())) {
                wrong.push(format!("{} must not import crate::{import}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_library_lists_its_modules_in_that_order() {
    let library = files("src").into_iter().find(|file| file.path == "src/lib.rs").unwrap();
    let module = |line: &str| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
    };
    let listed: Vec<String> = library.text.lines().filter_map(module).collect();
    let known: Vec<&str> = ORDER.into_iter().filter(|known| listed.iter().any(|l| l == known)).collect();
    assert_eq!(listed, known);
}

/// All writes go through one door, which keeps the ledger: nobody else calls the client's `write` or `raw`.
#[test]
fn only_effects_write_to_the_server() {
    let mut wrong = Vec::new();
    for file in files("src") {
        let within = |folder: &str| modules(&file.path)[0] == folder;
        if within("api") || is_test(&file.path) {
            continue;
        }
        let code: String = code(&file.text).split_whitespace().collect();
        // The client goes by the name of `client` wherever it is held; `door.write` and `folder.write` are others.
        let writes =
            ["client.write(", "client().write(", "Client::write"].iter().any(|call| code.contains(call));
        if writes && !within("effects") {
            wrong.push(format!("{} writes past the effects", file.path));
        }
        if (code.contains("client.raw(") || code.contains("Client::raw")) && file.path != "src/cli/api.rs" {
            wrong.push(format!("{} sends a raw request", file.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_is_too_long() {
    let mut wrong = Vec::new();
    let files: Vec<File> = ["src", "tests"].into_iter().flat_map(files).collect();
    for file in &files {
        let lines = file.text.lines().count();
        let excused = LONGER.iter().any(|(path, _)| *path == file.path);
        if lines > LONGEST && !excused {
            wrong.push(format!("{} has {lines} lines: at most {LONGEST}", file.path));
        }
    }
    for (path, _) in LONGER {
        let is_test_file = path.starts_with("tests/") || is_test(path);
        let is_there = files.iter().any(|file| file.path == path && file.text.lines().count() > LONGEST);
        if !is_test_file || !is_there {
            wrong.push(format!("{path} needs no exception, or can have none"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["TODO", "FIXME"];
    let left: Vec<String> = files("src")
        .iter()
        .flat_map(|file| file.text.lines().zip(1..).map(|(line, number)| (&file.path, line, number)))
        .filter(|(_, line, _)| marks.iter().any(|mark| line.contains(mark)))
        .map(|(path, _, number)| format!("{path}:{number}"))
        .collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "
use crate::domain::{Event, Problem};
use crate::{
    api::{Client, Call},
    store,
};
// crate::commented
/// [`X`](crate::documented)
use super::super::live;
use super::sibling;
fn f() -> crate::config::Poll {}
#[cfg(test)]
mod tests;
#[cfg(test)]
mod more {
    use crate::tested;
    fn g() {
        crate::tested::h();
    }
}
use crate::engine;
";
    let mut found = imports("src/script/host.rs", text);
    found.sort();
    assert_eq!(found, ["api", "config", "domain", "engine", "live", "store"]);
    assert_eq!(imports("src/live.rs", "use super::web::Hooks;"), ["web"]);
}

/// A mutation that does not apply any more shows nothing, and nobody looks at it until `tests/mutate` is run by hand.
#[test]
fn each_mutation_changes_lines_that_are_there() {
    let mut wrong = Vec::new();
    let mut patches = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mutations")).unwrap() {
        let path = entry.unwrap().path();
        let patch = fs::read_to_string(&path).unwrap();
        patches += 1;
        let mut text = String::new();
        for line in patch.lines() {
            if let Some(file) = line.strip_prefix("+++ b/") {
                text =
                    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default();
            } else if let Some(old) = line.strip_prefix('-').filter(|_| !line.starts_with("---"))
                && !text.lines().any(|line| line == old)
            {
                wrong.push(format!("{}: {old}", path.display()));
            }
        }
    }
    assert!(patches >= 10, "the mutations are gone");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
