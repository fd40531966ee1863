//! HTML: one frame for all pages, and the fields of forms.

use serde_json::{Value, json};

use crate::{
    environment::Response,
    sandbox::{Field, FieldKind, admin::reply::answer},
};

/// What a page shows.
pub(super) struct Shown {
    title: String,
    /// What a page's script needs to know.
    vars: Value,
    body: String,
}

impl Shown {
    pub(super) fn new(title: &str, vars: Value) -> Self {
        Self { title: title.to_owned(), vars, body: String::new() }
    }

    /// With the form that sends the page.
    pub(super) fn form(self, inside: &str) -> Self {
        self.part(&format!(
            "<form id=\"uproot-form\" method=\"post\" enctype=\"multipart/form-data\">{inside}</form>"
        ))
    }

    pub(super) fn part(mut self, html: &str) -> Self {
        self.body.push_str(html);
        self
    }

    /// Sends the form by itself after so many seconds.
    pub(super) fn again_in(self, seconds: f64) -> Self {
        let milliseconds = (seconds * 1000.0).ceil();
        self.part(&format!(
            "<script>setTimeout(() => document.getElementById('uproot-form').submit(), {milliseconds})</script>"
        ))
    }
}

/// A whole page.
pub(super) fn page(status: u16, shown: &Shown) -> Response {
    // Nothing that is said there may end the script it stands in.
    let vars = json!({"_uproot_internal": shown.vars}).to_string().replace('<', "\\u003c");
    let title = escape(&shown.title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body {{ font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}\
         label {{ display: block; margin: 1rem 0 }}</style>\n\
         <script>window.uproot = {{}};\nuproot.vars = {vars};</script>\n</head>\n<body>\n\
         <h1>{title}</h1>\n{}\n</body>\n</html>\n",
        shown.body
    );
    answer(status, "text/html; charset=utf-8", html.into_bytes())
}

pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
}

/// A field with its name.
pub(super) fn field(field: &Field) -> String {
    let name = escape(&field.name);
    let input = match &field.kind {
        FieldKind::Text => format!("<input name=\"{name}\">"),
        FieldKind::Number(least, most) => {
            format!("<input type=\"number\" name=\"{name}\" min=\"{least}\" max=\"{most}\" required>")
        }
        FieldKind::Choice(choices) => {
            let option = |choice: &Value| format!("<option>{}</option>", escape(&said(choice)));
            let options: String = choices.iter().map(option).collect();
            format!("<select name=\"{name}\" required>{options}</select>")
        }
    };
    format!("<label>{name} {input}</label>")
}

/// A value as a form has it.
pub(super) fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text in which nothing is HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
