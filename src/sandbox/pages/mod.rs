//! The pages of participants, plain enough to be walked through by hand: a player's link, a room's and a session's.
//!
//! There are no websockets. A page counts as seen when it is loaded, and a page one waits on sends itself every two
//! seconds.

mod form;
mod html;

use http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::{
    Broken, Entered, FieldKind, Form, Sandbox, View,
    admin::reply::{answer, broken},
};
use crate::environment::{Request, Response};
use html::{Shown, page};

/// The longest a label may be, in characters.
const LONGEST_LABEL: usize = 128;

/// How often a wait page's script would say hello, and any other's, in seconds.
const KEEPALIVE: [f64; 2] = [5.0, 9.0];

impl Sandbox {
    /// Answers what is not the Admin API.
    pub(super) fn page_answer(&mut self, now: f64, request: &Request) -> Response {
        let path = super::admin::decode(request.url.path());
        let parts: Vec<&str> = path.split('/').collect();
        let posts = match request.method {
            Method::GET | Method::HEAD => false,
            Method::POST => true,
            _ => return refused(405, "This page can be loaded and sent, nothing else."),
        };
        match parts.as_slice() {
            ["", "p", sname, uname, ""] => self.player_page(now, sname, uname, posts.then_some(request)),
            ["", "room", room, ""] if self.rooms.contains_key(*room) => {
                if posts {
                    self.room_page(now, room, request)
                } else {
                    just_post(request)
                }
            }
            ["", "s", sname, secret, ""] if self.sessions.contains_key(*sname) => {
                if posts {
                    self.session_page(now, sname, secret)
                } else {
                    just_post(request)
                }
            }
            _ => refused(404, "There is nothing here."),
        }
    }

    fn player_page(&mut self, now: f64, sname: &str, uname: &str, sent: Option<&Request>) -> Response {
        let Some(key) = self.player(sname, uname).map(|player| player.key.clone()) else {
            return refused(404, "There is no such player.");
        };
        let shown = match sent {
            None => self.load(now, sname, uname),
            Some(request) => {
                let given = form::read(request);
                let csrf = format!("{sname}+{uname}+{key}");
                let fits = form::value(&given, "_uproot_csrf")
                    .is_some_and(|given| given.as_bytes().ct_eq(csrf.as_bytes()).into());
                if !fits {
                    return refused(403, "This form is not of this page.");
                }
                let from = form::value(&given, "_uproot_from").and_then(|from| from.parse().ok());
                let from = from.unwrap_or(i64::MIN);
                let form = self.typed(sname, uname, from, &given);
                self.submit(now, sname, uname, from, &form)
            }
        };
        match shown {
            Some(Ok(view)) => show(sname, uname, &key, &view),
            Some(Err(Broken)) => broken(),
            None => refused(404, "There is no such player."),
        }
    }

    /// What was filled in, as the fields of the page take it: a form only has texts.
    fn typed(&self, sname: &str, uname: &str, from: i64, given: &[(String, String)]) -> Form {
        let mut form = Form::new();
        let Some(player) = self.player(sname, uname).filter(|player| player.show_page == from) else {
            return form;
        };
        let super::player::Place::At(path) = player.place() else { return form };
        let Some(page) = self.experiment.page(path) else { return form };
        for field in &page.fields {
            let Some(text) = form::value(given, &field.name) else { continue };
            let value = match &field.kind {
                FieldKind::Text => json!(text),
                FieldKind::Number(..) => text.trim().parse::<i64>().map_or(json!(text), Value::from),
                FieldKind::Choice(choices) => {
                    choices.iter().find(|choice| html::said(choice) == text).cloned().unwrap_or(json!(text))
                }
            };
            form.insert(field.name.clone(), value);
        }
        form
    }

    /// The lobby, a question for a label, a way to a player, or a full room.
    fn room_page(&mut self, now: f64, room: &str, request: &Request) -> Response {
        let given = form::read(request);
        let label = plain_label(form::value(&given, "label").unwrap_or_default());
        let Some(found) = self.rooms.get(room) else { return refused(404, "There is no such room.") };
        let needs_label = found.labels.is_some();
        if needs_label && !found.takes(&label) {
            let question = "<label>Your label <input name=\"label\"></label> <button>Go on</button>";
            let vars = json!({"roomname": room, "needlabel": true, "bad": !label.is_empty()});
            return page(200, &Shown::new(room, vars).form(question));
        }
        match self.visit_room(now, room, &label) {
            Entered::Player { sname, uname } => see_other(&format!("../../p/{sname}/{uname}/")),
            Entered::Refused => full(),
            Entered::Waiting => {
                let vars = json!({"roomname": room, "needlabel": false, "label": label});
                let hidden = html::hidden("label", &label);
                page(200, &Shown::new("Please wait until it begins.", vars).form(&hidden).again_in(2.0))
            }
        }
    }

    /// A player that nobody is yet, for whoever knows the session's secret.
    fn session_page(&mut self, now: f64, sname: &str, secret: &str) -> Response {
        let known = self.sessions.get(sname).map(|session| session.secret.clone()).unwrap_or_default();
        if !bool::from(known.as_bytes().ct_eq(secret.as_bytes())) {
            return refused(401, "This is not the session's link.");
        }
        match self.join_session(now, sname) {
            Some(uname) => see_other(&format!("../../../p/{sname}/{uname}/")),
            None => full(),
        }
    }
}

/// A page of the experiment.
fn show(sname: &str, uname: &str, key: &str, view: &View) -> Response {
    let vars = json!({
        "sname": sname, "uname": uname, "key": key, "thisis": view.show_page,
        "remaining_seconds": view.remaining,
        "keepalive_interval": if view.waits { KEEPALIVE[0] } else { KEEPALIVE[1] },
    });
    if view.end {
        let shown = Shown::new("Thank you. This is the end.", vars);
        return page(200, &shown.part("<div id=\"uproot-end\"></div>"));
    }
    let mut inside = html::hidden("_uproot_csrf", &format!("{sname}+{uname}+{key}"));
    inside += &html::hidden("_uproot_from", &view.show_page.to_string());
    for field in &view.form {
        inside += &html::field(field);
    }
    inside += if view.waits { "" } else { "<button>Go on</button>" };
    let mut shown = Shown::new(&view.path, vars).form(&inside);
    if view.show_page >= 0 {
        shown = shown.part(&format!("<div hidden data-page=\"{}\"></div>", html::escape(&view.path)));
    }
    if let Some(method) = view.waits_by() {
        shown = shown.part(&format!("<p>Please wait.</p><script>// uproot.invoke(\"{method}\")</script>"));
    }
    let alone = view.waits.then_some(2.0).or(view.remaining);
    page(200, &alone.into_iter().fold(shown, Shown::again_in))
}

impl View {
    /// What the script of uproot's own page would ask until it may go on.
    fn waits_by(&self) -> Option<&'static str> {
        match (self.waits, self.groups) {
            (true, true) => Some("please_group"),
            (true, false) => Some("wait"),
            (false, _) => None,
        }
    }
}

/// A page that only sends itself, so that nobody takes a place by looking at a preview of the link.
fn just_post(request: &Request) -> Response {
    let label =
        request.url.query_pairs().find(|(key, _)| key == "label").map(|(_, label)| label.into_owned());
    let inside = format!("{}<button>Go on</button>", html::hidden("label", &label.unwrap_or_default()));
    page(200, &Shown::new("One moment.", json!({})).form(&inside).again_in(0.0))
}

fn full() -> Response {
    page(423, &Shown::new("Nobody else is let in.", json!({})).part("<div id=\"uproot-roomfull\"></div>"))
}

fn refused(status: u16, text: &str) -> Response {
    page(status, &Shown::new(text, json!({})))
}

fn see_other(location: &str) -> Response {
    let mut found = answer(303, "text/html; charset=utf-8", Vec::new());
    // Names are plain letters, so that this is always a header.
    if let Ok(location) = HeaderValue::try_from(location) {
        found.headers.insert(header::LOCATION, location);
    }
    found
}

/// A label with nothing in it that could not be in a name.
fn plain_label(label: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '_' };
    label.chars().take(LONGEST_LABEL).map(plain).collect()
}
