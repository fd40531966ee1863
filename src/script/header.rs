//! The header of a recipe: the lines at the top of a script that begin with `//!`.
//!
//! The first line is one sentence that says what it does. Then come what it must not do, a line `Parameters:` with one line
//! each (`- name (default): meaning`), and a block between "```toml" and "```" with its automation as it stands in `config.toml`.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use crate::{
    config::{self, Draft},
    domain::{Problem, Severity},
};

/// A script with its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The name of its file, without `.rhai`.
    pub name: String,
    /// What it does, in one sentence.
    pub summary: String,
    /// What else there is to say, as Markdown.
    pub about: String,
    /// What `params` can hold.
    pub parameters: Vec<Parameter>,
    /// Its automation, and servers beside uproot that it speaks to, in the words of `config.toml`.
    pub block: String,
    /// The script below the header.
    pub code: String,
    path: PathBuf,
    /// The block as long as the script, each line in its place: what is wrong in it is told with the place in the script.
    in_place: String,
}

/// One line of `Parameters:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// As `param` is given it.
    pub name: String,
    /// As it stands in the script, or `required`.
    pub default: String,
    /// What it is for.
    pub meaning: String,
}

/// One line of a header: what stands behind `//!`, and where.
struct Line<'s> {
    text: &'s str,
    place: Range<usize>,
}

const FENCE: &str = "```";

impl Recipe {
    /// Reads the header of a script. It needs a block at least.
    pub fn read(path: &Path, source: &str) -> Result<Self, Problem> {
        let (lines, end) = lines(source);
        let texts: Vec<&str> = lines.iter().map(|line| line.text).collect();
        let block = block(path, source, &lines)?;
        let parameters = texts.iter().position(|text| text.starts_with("Parameters:"));
        let about_end = parameters.unwrap_or(block.start - 1);
        let about = texts.get(1..about_end).unwrap_or_default().join("\n").trim().to_owned();
        let listed = parameters.map_or(&[][..], |at| &texts[at + 1..(block.start - 1).max(at + 1)]);
        let mut in_place: Vec<u8> =
            source.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
        for line in &lines[block.clone()] {
            in_place[line.place.clone()].copy_from_slice(&source.as_bytes()[line.place.clone()]);
        }
        Ok(Self {
            name: path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            summary: texts.first().map_or("", |text| text.trim()).to_owned(),
            about,
            parameters: read_parameters(listed),
            block: texts[block].iter().map(|line| format!("{line}\n")).collect(),
            code: source[end..].trim_start().to_owned(),
            path: path.to_owned(),
            in_place: String::from_utf8_lossy(&in_place).into_owned(),
        })
    }

    /// The block as a configuration of its own, for a rehearsal. Scripts are found where the recipe is.
    pub fn draft(&self, zone: &str) -> Draft {
        let text = format!(
            "{}\n[uproot]\ntoken_env = \"UPROOT_API_KEY\"\n[daemon]\nscripts = \".\"\ntimezone = {zone:?}\n",
            self.in_place
        );
        let mut draft = config::parse_for_rehearsal(&self.path, text);
        if draft.problems.is_empty() && draft.config.automations.len() != 1 {
            let message = format!(
                "the block in the header of {} has {} automations instead of one",
                self.path.display(),
                draft.config.automations.len()
            );
            draft.problems.push(Problem::whole_file(&self.path, message));
        }
        draft
    }

    /// The name of its automation: its own, with dashes.
    pub fn automation_name(&self) -> String {
        self.name.replace('_', "-")
    }
}

/// The lines of the header, and where it ends.
fn lines(source: &str) -> (Vec<Line<'_>>, usize) {
    let (mut lines, mut at) = (Vec::new(), 0);
    for line in source.split_inclusive('\n') {
        let text = line.trim_end();
        let Some(rest) = text.strip_prefix("//!") else { break };
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let end = at + text.len();
        lines.push(Line { text: rest, place: end - rest.len()..end });
        at += line.len();
    }
    (lines, at)
}

/// The lines between the fences.
fn block(path: &Path, source: &str, lines: &[Line<'_>]) -> Result<Range<usize>, Problem> {
    let Some(start) = lines.iter().position(|line| line.text.trim() == "```toml") else {
        let message = format!("{} has no ```toml block in its header", path.display());
        let help =
            "a recipe begins with lines `//! ...`, and among them its automation between ```toml and ```";
        return Err(Problem::whole_file(path, message).help(help));
    };
    let body = start + 1;
    match lines[body..].iter().position(|line| line.text.trim() == FENCE) {
        Some(length) => Ok(body..body + length),
        None => {
            let message = "this ```toml block has no end in the header";
            let place = lines[start].place.clone();
            let problem = Problem::at(Severity::Error, path, source, place, message);
            Err(problem.help("end it with a line `//! ```"))
        }
    }
}

/// `- name (default): meaning`, where the lines that follow and are indented belong to it.
fn read_parameters(lines: &[&str]) -> Vec<Parameter> {
    let mut found: Vec<Parameter> = Vec::new();
    for line in lines {
        let read = || {
            let (name, rest) = line.strip_prefix("- ")?.split_once(" (")?;
            let (default, meaning) = rest.split_once("): ")?;
            let [name, default, meaning] = [name, default, meaning].map(|part| part.trim().to_owned());
            Some(Parameter { name, default, meaning })
        };
        match (read(), found.last_mut()) {
            (Some(parameter), _) => found.push(parameter),
            (None, Some(last)) if line.starts_with("  ") => {
                last.meaning.push(' ');
                last.meaning.push_str(line.trim());
            }
            _ => {}
        }
    }
    found
}
