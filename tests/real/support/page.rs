//! A page as a browser has it.

use reqwest::StatusCode;
use serde_json::Value;

/// What is shown to a participant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// `app/Page` as in the page order (`pair/#Meet` for a page one waits on), or `Initialize`, `End`, `Lobby` (a
    /// room that has not started), `Label` (a room that asks for one), `RoomFull`, `Error 500`, `Away URL` (sent to another site), `Blank` (no page yet).
    pub(crate) path: String,
    /// The index into the page order, as the page itself knows it.
    pub(crate) number: Option<i64>,
    /// The time left on the page when it was loaded, in seconds.
    pub(crate) remaining_seconds: Option<f64>,
    /// What the page asks the server every two seconds until it may go on.
    pub(super) waits_by: Option<&'static str>,
    /// The secret that a form carries back.
    pub(super) key: String,
    /// Whose page it is: session and player.
    pub(super) owner: Option<(String, String)>,
}

impl Page {
    pub(super) fn named(path: impl Into<String>) -> Page {
        Page {
            path: path.into(),
            number: None,
            remaining_seconds: None,
            waits_by: None,
            key: String::new(),
            owner: None,
        }
    }

    pub(super) fn read(status: StatusCode, html: &str) -> Page {
        let variables = variables(html).unwrap_or_default();
        let text = |name: &str| variables[name].as_str().map(ToOwned::to_owned);
        let number = variables["thisis"].as_i64();
        let path = if html.contains("id=\"uproot-roomfull\"") {
            "RoomFull".to_owned()
        } else if !status.is_success() {
            format!("Error {}", status.as_u16())
        } else if let Some(path) = marked(html) {
            path
        } else if html.contains("id=\"uproot-end\"") {
            "End".to_owned()
        } else if number == Some(-1) {
            "Initialize".to_owned()
        } else if variables["needlabel"] == true {
            "Label".to_owned()
        } else if variables["roomname"].is_string() {
            "Lobby".to_owned()
        } else {
            "a page without a mark".to_owned()
        };
        Page {
            path,
            number,
            remaining_seconds: variables["remaining_seconds"].as_f64(),
            waits_by: ["please_group", "wait"]
                .into_iter()
                .find(|method| html.contains(&format!("uproot.invoke(\"{method}\")"))),
            key: text("key").unwrap_or_default(),
            owner: text("sname").zip(text("uname")),
        }
    }

    pub(crate) fn is_end(&self) -> bool {
        self.path == "End"
    }

    pub(super) fn is_lobby(&self) -> bool {
        self.path == "Lobby"
    }
}

/// The templates in `tests/real/project` say which page they are in a hidden element.
fn marked(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("data-page=\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Every page carries what its script needs to know as a JSON object.
fn variables(html: &str) -> Option<Value> {
    let (_, rest) = html.split_once("uproot.vars = ")?;
    let object: Value = serde_json::Deserializer::from_str(rest).into_iter().next()?.ok()?;
    Some(object["_uproot_internal"].clone())
}
