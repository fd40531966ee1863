//! Problems in files, shown with the line they are in.

use std::io::{IsTerminal, Write, stderr};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::{log, out::visible};
use crate::domain::{Problem, Severity, counted};

/// Prints all problems to the error output, and how many there are.
pub(super) fn print(problems: &[Problem]) {
    if log::is_for_programs() {
        for problem in problems {
            if problem.is_error() {
                tracing::error!("{problem}");
            } else {
                tracing::warn!("{problem}");
            }
        }
        return;
    }
    let colour = stderr().is_terminal();
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = stderr().lock();
    for problem in problems {
        let _ = writeln!(out, "{}\n", render(problem, &renderer));
    }
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let warnings = problems.len() - errors;
    let _ =
        writeln!(out, "{}, {}", counted(errors, "error", "errors"), counted(warnings, "warning", "warnings"));
}

fn render(problem: &Problem, renderer: &Renderer) -> String {
    let level = if problem.severity == Severity::Error { Level::ERROR } else { Level::WARNING };
    let word = if problem.severity == Severity::Error { "error" } else { "warning" };
    let path = problem.file.display().to_string();
    let message = visible(&problem.message);
    let help = problem.help.as_deref().map(visible);
    let source = problem.span.as_ref().and_then(|span| {
        let text = std::fs::read_to_string(&problem.file).ok()?;
        (span.end <= text.len() && text.is_char_boundary(span.start) && text.is_char_boundary(span.end))
            .then_some((text, span))
    });
    let Some((text, span)) = source else {
        let help = help.map(|help| format!("\n  help: {help}")).unwrap_or_default();
        return format!("{word}: {message}\n  --> {path}:{}:{}{help}", problem.line, problem.column);
    };
    // A section can be long; its first line says which one it is.
    let first_line = text[span.start..span.end].find('\n').map_or(span.end, |length| span.start + length);
    let snippet =
        Snippet::source(&text).path(path).annotation(AnnotationKind::Primary.span(span.start..first_line));
    let mut group = level.primary_title(&message).element(snippet);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group]).clone()
}

/// `{"severity", "file", "line", "column", "message", "help"}`
pub(super) fn to_json(problem: &Problem) -> Value {
    json!({
        "severity": if problem.is_error() { "error" } else { "warning" },
        "file": problem.file.display().to_string(),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "help": problem.help,
    })
}
