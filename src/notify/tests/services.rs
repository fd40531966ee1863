//! The services: each takes what its documentation says, refuses the rest, and can be told to fail.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

/// What a service sees of a request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

/// A status, headers and a body.
pub(super) type Answer = (u16, Vec<(&'static str, String)>, String);

/// What a service does next, other than what it should.
pub(super) enum Fault {
    /// It answers this.
    Answer(Answer),
    /// It answers nothing for longer than anybody waits.
    Hang,
    /// It closes the connection without a word.
    Close,
}

/// A service on this machine. Its thread ends with the test program.
#[derive(Clone)]
pub(super) struct Service {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    requests: Vec<Seen>,
    faults: VecDeque<Fault>,
}

impl Service {
    /// One that answers by these rules.
    pub(super) fn open(rules: fn(&Seen) -> Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let work = move || {
            for stream in listener.incoming().map_while(Result::ok).take(1000) {
                let _ = serve(stream, &shared, rules);
            }
        };
        std::thread::Builder::new().spawn(work).unwrap();
        Self { address, state }
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn will(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push_back(fault);
    }

    /// The requests so far, also those that it has not taken.
    pub(super) fn requests(&self) -> Vec<Seen> {
        self.state.lock().unwrap().requests.clone()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>, rules: fn(&Seen) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    if line.is_empty() {
        // Whoever called has given up.
        return Ok(());
    }
    assert!(line.starts_with("POST "), "{line}");
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let seen = Seen { path, headers, body: serde_json::from_slice(&body).unwrap_or_default() };
    let fault = {
        let mut state = state.lock().unwrap();
        state.requests.push(seen.clone());
        state.faults.pop_front()
    };
    let (status, more, body) = match fault {
        None => rules(&seen),
        Some(Fault::Answer(answer)) => answer,
        Some(Fault::Close) => return Ok(()),
        Some(Fault::Hang) => {
            // Until the other side has had enough.
            reader.get_ref().set_read_timeout(Some(Duration::from_secs(5)))?;
            let _ = reader.read(&mut [0]);
            return Ok(());
        }
    };
    let more: String = more.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head =
        format!("HTTP/1.1 {status} X\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    reader.get_mut().write_all(format!("{head}{body}").as_bytes())
}

fn plain(status: u16, body: &str) -> Answer {
    (status, Vec::new(), body.to_owned())
}

fn json_answer(status: u16, body: &Value) -> Answer {
    (status, vec![("content-type", "application/json".to_owned())], body.to_string())
}

fn is_json(seen: &Seen) -> bool {
    seen.headers.get("content-type").is_some_and(|kind| kind.starts_with("application/json"))
        && seen.body.is_object()
}

/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors>
pub(super) fn slack(seen: &Seen) -> Answer {
    if seen.path != "/services/T1/B1/secret-of-the-hook" {
        return plain(404, "no_service");
    }
    match seen.body["text"].as_str() {
        Some(text) if is_json(seen) && !text.is_empty() && text.len() < 40_000 => plain(200, "ok"),
        Some("") => plain(400, "no_text"),
        _ => plain(400, "invalid_payload"),
    }
}

/// <https://developers.mattermost.com/integrate/webhooks/incoming/>
pub(super) fn mattermost(seen: &Seen) -> Answer {
    let wrong = |status: u16, message: &str| {
        let body = json!({ "id": "web.incoming_webhook.error", "message": message, "status_code": status });
        json_answer(status, &body)
    };
    if seen.path != "/hooks/secret-of-the-hook" {
        return wrong(404, "Invalid webhook.");
    }
    match seen.body["text"].as_str() {
        Some(text) if is_json(seen) && !text.is_empty() && text.chars().count() <= 16_383 => plain(200, "ok"),
        _ => wrong(400, "Unable to parse incoming data."),
    }
}

/// <https://discord.com/developers/docs/resources/webhook#execute-webhook>
pub(super) fn discord(seen: &Seen) -> Answer {
    let wrong = |status: u16, code: u32, message: &str| {
        json_answer(status, &json!({ "message": message, "code": code }))
    };
    match seen.path.strip_prefix("/api/webhooks/17/") {
        None => return wrong(404, 10015, "Unknown Webhook"),
        Some("secret-of-the-hook") => {}
        Some(_) => return wrong(401, 50027, "Invalid Webhook Token"),
    }
    let content = seen.body["content"].as_str().unwrap_or_default();
    if !is_json(seen) || content.is_empty() || content.chars().count() > 2000 {
        return wrong(400, 50035, "Invalid Form Body");
    }
    plain(204, "")
}

/// <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>
pub(super) fn teams(seen: &Seen) -> Answer {
    let wrong = |status: u16, code: &str, message: &str| {
        json_answer(status, &json!({ "error": { "code": code, "message": message } }))
    };
    if seen.path != "/workflows/1/triggers/manual/paths/invoke?sig=secret-of-the-hook" {
        return wrong(401, "DirectApiAuthorizationRequired", "The request must be authenticated.");
    }
    let card = &seen.body["attachments"][0];
    let fits = seen.body.to_string().len() <= 28 * 1024;
    let is_card = card["contentType"] == "application/vnd.microsoft.card.adaptive"
        && card["content"]["type"] == "AdaptiveCard"
        && card["content"]["body"].as_array().is_some_and(|body| !body.is_empty());
    if seen.body["type"] == "message" && is_card && fits {
        plain(202, "")
    } else {
        wrong(400, "TriggerInputSchemaMismatch", "The input body does not match the schema.")
    }
}

/// <https://core.telegram.org/bots/api#making-requests>
pub(super) fn telegram(seen: &Seen) -> Answer {
    let wrong = |status: u16, description: &str| {
        json_answer(status, &json!({ "ok": false, "error_code": status, "description": description }))
    };
    if seen.path != "/bot17:secret-of-the-bot/sendMessage" {
        return wrong(401, "Unauthorized");
    }
    if seen.body["chat_id"] != "-1001" {
        return wrong(400, "Bad Request: chat not found");
    }
    let text = seen.body["text"].as_str().unwrap_or_default();
    let units = text.encode_utf16().count();
    if units == 0 {
        return wrong(400, "Bad Request: message text is empty");
    }
    if units > 4096 {
        return wrong(400, "Bad Request: message is too long");
    }
    for entity in seen.body["entities"].as_array().into_iter().flatten() {
        let end = entity["offset"]
            .as_u64()
            .unwrap_or(u64::MAX)
            .saturating_add(entity["length"].as_u64().unwrap_or(0));
        assert!(usize::try_from(end).unwrap() <= units, "an entity beyond the text: {entity}");
    }
    json_answer(200, &json!({ "ok": true, "result": { "message_id": 1 } }))
}

/// <https://docs.ntfy.sh/publish/#publish-as-json>
pub(super) fn ntfy(seen: &Seen) -> Answer {
    let wrong = |code: u32, error: &str| {
        let status = u16::try_from(code / 100).unwrap();
        json_answer(status, &json!({ "code": code, "http": status, "error": error }))
    };
    match seen.headers.get("authorization").map(String::as_str) {
        Some("Bearer secret-of-the-token") => {}
        Some(_) => return wrong(40101, "unauthorized"),
        None => return wrong(40301, "forbidden"),
    }
    let priority = seen.body["priority"].as_u64().unwrap_or(3);
    let message = seen.body["message"].as_str().unwrap_or_default();
    if seen.path != "/" || seen.body["topic"] != "lab-of-ada" || !(1..=5).contains(&priority) {
        return wrong(40024, "invalid request: topic or priority");
    }
    assert!(message.len() <= 4096, "it would become an attachment");
    json_answer(200, &json!({ "id": "x", "event": "message" }))
}

/// A program of the lab's own.
pub(super) fn program(seen: &Seen) -> Answer {
    if seen.headers.get("authorization").map(String::as_str) != Some("Bearer secret-of-the-program") {
        return plain(401, "who are you?");
    }
    let is_known = |key: &str| seen.body[key].is_string();
    assert!(["id", "channel", "kind", "title", "text", "at"].into_iter().all(is_known), "{}", seen.body);
    assert_eq!(seen.headers.get("webhook-id").map(String::as_str), seen.body["id"].as_str());
    plain(200, "thanks")
}
