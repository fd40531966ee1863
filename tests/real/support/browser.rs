//! A participant's browser: it loads pages, keeps a websocket open for each, and does what the page's script would.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::background::http;
use super::seen::{Action, Seen};
use super::{Habits, Page};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Loaded = Result<(), String>;
type Fields = Vec<(String, String)>;

/// What a test asks of a browser.
pub(super) enum Command {
    /// Follow the link, as if for the first time.
    Open,
    /// Fill in the form of the page that is shown and send it.
    Submit(Fields),
    /// Lose the network, or get it back.
    Connected(bool),
    /// Stop running the page's script while the connection stays, or run it again.
    Frozen(bool),
    /// Close the tab.
    Close,
}

/// The link that a participant was given.
#[derive(Clone, Debug)]
pub(super) enum Link {
    Player { session: String, player: String },
    Room { room: String, label: String },
}

impl Link {
    fn path(&self) -> String {
        match self {
            Link::Player { session, player } => format!("p/{session}/{player}/"),
            Link::Room { room, .. } => format!("room/{room}/"),
        }
    }

    fn socket_path(&self) -> String {
        match self {
            Link::Player { session, player } => format!("ws/{session}/{player}/"),
            Link::Room { room, label } => format!("roomws/{room}/?label={label}"),
        }
    }
}

pub(super) struct Browser {
    base: String,
    habits: Habits,
    seen: Arc<Seen>,
    /// Where the tab is: a room's link becomes a player's once the room lets them in.
    link: Link,
    page: Page,
    socket: Option<Socket>,
    connected: bool,
    frozen: bool,
    /// What came while frozen.
    held: Vec<Value>,
    calls: u64,
    hello_at: Instant,
    invoke_at: Option<Instant>,
    submit_at: Option<Instant>,
    connect_at: Option<Instant>,
}

impl Browser {
    pub(super) fn new(base: String, link: Link, habits: Habits, seen: Arc<Seen>) -> Browser {
        Browser {
            base,
            habits,
            seen,
            link,
            page: Page::named("Blank"),
            socket: None,
            connected: true,
            frozen: false,
            held: Vec::new(),
            calls: 0,
            hello_at: Instant::now(),
            invoke_at: None,
            submit_at: None,
            connect_at: None,
        }
    }

    /// Lives until the test lets go of the other end.
    pub(super) async fn live(mut self, mut commands: UnboundedReceiver<(Command, SyncSender<Loaded>)>) {
        loop {
            let awake = !self.frozen;
            tokio::select! {
                command = commands.recv() => {
                    let Some((command, done)) = command else { break };
                    let _ = done.send(self.obey(command).await);
                }
                message = receive(&mut self.socket) => self.on_message(message).await,
                () = sleep_until(self.hello_at), if awake && self.socket.is_some() => {
                    self.hello_at = Instant::now() + self.hello_interval();
                    self.call("hello", Value::Null).await;
                }
                () = at(self.invoke_at), if awake && self.socket.is_some() => {
                    self.invoke_at = Some(Instant::now() + self.habits.invoke);
                    let invoke = json!({"mname": self.page.waits_by, "args": [], "kwargs": {}});
                    self.call("invoke", invoke).await;
                }
                () = at(self.submit_at), if awake => {
                    self.submit_at = None;
                    self.go_on().await;
                }
                () = at(self.connect_at), if awake => self.connect().await,
            }
        }
        self.hang_up().await;
    }

    async fn obey(&mut self, command: Command) -> Loaded {
        match command {
            Command::Open => {
                self.connected = true;
                self.open().await
            }
            Command::Submit(fields) => self.submit(fields).await,
            Command::Connected(connected) => {
                self.connected = connected;
                if connected {
                    self.connect().await;
                } else {
                    self.hang_up().await;
                }
                Ok(())
            }
            Command::Frozen(frozen) => {
                self.frozen = frozen;
                for message in std::mem::take(&mut self.held) {
                    self.handle(&message).await;
                }
                Ok(())
            }
            Command::Close => {
                self.connected = false;
                self.submit_at = None;
                self.hang_up().await;
                Ok(())
            }
        }
    }

    async fn open(&mut self) -> Loaded {
        match self.link.clone() {
            Link::Player { .. } => self.load(None).await,
            // A room's link answers a page that only posts itself.
            Link::Room { label, .. } => self.enter_room(label).await,
        }
    }

    async fn enter_room(&mut self, label: String) -> Loaded {
        self.load(Some(vec![("label".to_owned(), label)])).await
    }

    async fn submit(&mut self, mut fields: Fields) -> Loaded {
        let Some(((session, player), number)) = self.page.owner.clone().zip(self.page.number) else {
            return Err(format!("there is no form on the page {}", self.page.path));
        };
        fields.push(("_uproot_csrf".to_owned(), format!("{session}+{player}+{}", self.page.key)));
        fields.push(("_uproot_from".to_owned(), number.to_string()));
        self.load(Some(fields)).await
    }

    /// What a page does by itself when its time or its waiting is over.
    async fn go_on(&mut self) {
        if let Err(error) = self.submit(Vec::new()).await {
            self.note(json!({"browser": error}));
        }
    }

    /// Loads the page of the link, or posts a form to it, and shows what comes.
    async fn load(&mut self, form: Option<Fields>) -> Loaded {
        let mut page = self.request(form).await?;
        if page.path == "Initialize" {
            self.show(page);
            let owner = self.page.owner.clone().unwrap_or_default();
            let csrf = format!("{}+{}+{}", owner.0, owner.1, self.page.key);
            let form = [("_uproot_csrf", csrf), ("_uproot_from", "-1".to_owned())];
            page = self.request(Some(form.map(|(name, value)| (name.to_owned(), value)).into())).await?;
        }
        self.show(page);
        self.hang_up().await;
        self.connect().await;
        Ok(())
    }

    async fn request(&mut self, form: Option<Fields>) -> Result<Page, String> {
        let url = format!("{}{}", self.base, self.link.path());
        let request = match form {
            None => http().get(&url),
            Some(fields) => http()
                .post(&url)
                .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
                .body(multipart(&fields)),
        };
        let response: Response = request.send().await.map_err(|error| format!("{url}: {error}"))?;
        let status = response.status();
        let html = response.text().await.map_err(|error| format!("{url}: {error}"))?;
        Ok(Page::read(status, &html))
    }

    fn show(&mut self, page: Page) {
        if let Some((session, player)) = page.owner.clone() {
            self.link = Link::Player { session, player };
        }
        let now = Instant::now();
        self.invoke_at = page.waits_by.map(|_| now);
        self.submit_at = page
            .remaining_seconds
            .filter(|_| self.habits.keeps_time)
            .map(|seconds| now + Duration::from_secs_f64(seconds));
        self.page = page.clone();
        self.seen.write(|history| history.pages.push(page));
    }

    fn hello_interval(&self) -> Duration {
        let wait_page = Duration::from_secs(5);
        if self.page.waits_by.is_some() { self.habits.hello.min(wait_page) } else { self.habits.hello }
    }

    /// Opens the page's websocket, or tries again a second later.
    async fn connect(&mut self) {
        self.connect_at = None;
        let has_one = self.page.owner.is_some() || self.page.is_lobby();
        if !self.connected || !self.habits.listens || !has_one || self.socket.is_some() {
            return;
        }
        let origin = origin(&self.base);
        let url = format!("{}{}", self.base, self.link.socket_path()).replacen("http", "ws", 1);
        let uri = url.parse().expect("the address of a websocket");
        match connect_async(ClientRequestBuilder::new(uri).with_header("origin", origin)).await {
            Ok((socket, _)) => {
                self.socket = Some(socket);
                self.hello_at = Instant::now();
            }
            Err(_) => self.connect_at = Some(Instant::now() + Duration::from_secs(1)),
        }
    }

    async fn hang_up(&mut self) {
        self.connect_at = None;
        let Some(mut socket) = self.socket.take() else { return };
        let _ = socket.close(None).await;
        // The server has let go when it has answered.
        let _ =
            timeout(Duration::from_secs(1), async { while let Some(Ok(_)) = socket.next().await {} }).await;
    }

    async fn call(&mut self, endpoint: &str, payload: Value) {
        self.calls += 1;
        let call =
            json!({"endpoint": endpoint, "payload": payload, "future": format!("{endpoint}-{}", self.calls)});
        if let Some(socket) = &mut self.socket {
            // A broken socket shows when it is next read.
            let _ = socket.send(Message::text(call.to_string())).await;
        }
    }

    async fn on_message(&mut self, message: Option<Message>) {
        let Some(message) = message else {
            self.socket = None;
            self.connect_at = Some(Instant::now() + Duration::from_secs(1));
            return;
        };
        let (Message::Binary(_) | Message::Text(_)) = &message else { return };
        let Ok(message) = serde_json::from_slice(&message.into_data()) else { return };
        if self.frozen {
            self.held.push(message);
        } else {
            self.handle(&message).await;
        }
    }

    async fn handle(&mut self, message: &Value) {
        let payload = &message["payload"];
        match message["kind"].as_str() {
            Some("invoke") => self.on_answer(payload).await,
            Some("action") => self.on_action(payload).await,
            Some("event") => self.on_event(&payload["event"], &payload["detail"]).await,
            Some("queue") => {
                let entry = &payload["entry"];
                let elsewhere =
                    entry["constraint"].as_i64().is_some_and(|page| Some(page) != self.page.number);
                if !elsewhere {
                    self.on_event(&entry["event"], &entry["data"]).await;
                }
            }
            _ => self.note(message.clone()),
        }
    }

    async fn on_answer(&mut self, payload: &Value) {
        let asked_to_go_on = payload["future"].as_str().is_some_and(|future| future.starts_with("invoke-"));
        if asked_to_go_on && payload["data"][0] == "submit" && self.page.waits_by.is_some() {
            self.go_on().await;
        }
    }

    async fn on_action(&mut self, payload: &Value) {
        match payload["action"].as_str() {
            Some("reload") => {
                self.seen.write(|history| history.actions.push(Action::Reload));
                if self.habits.reloads
                    && let Err(error) = self.load(None).await
                {
                    self.note(json!({"browser": error}));
                }
            }
            Some("submit") => {
                self.seen.write(|history| history.actions.push(Action::Submit));
                self.go_on().await;
            }
            Some("redirect") => {
                let url = payload["url"].as_str().unwrap_or_default().to_owned();
                self.show(Page::named(format!("Away {url}")));
                self.seen.write(|history| history.actions.push(Action::Redirect(url)));
                self.hang_up().await;
            }
            _ => self.note(payload.clone()),
        }
    }

    async fn on_event(&mut self, event: &Value, data: &Value) {
        match event.as_str() {
            Some("_uproot_AdminMessaged") => {
                let message = data.as_str().unwrap_or_default().to_owned();
                self.seen.write(|history| history.messages.push(message));
            }
            Some("_uproot_AdminTimeoutChanged") => {
                let seconds = data.as_f64().unwrap_or_default().max(0.0);
                self.submit_at =
                    self.habits.keeps_time.then(|| Instant::now() + Duration::from_secs_f64(seconds));
                self.note(json!({"event": event, "data": data}));
            }
            Some("Grouped" | "Synchronized") if self.page.waits_by.is_some() => self.go_on().await,
            Some("RoomStarted" | "RoomLabelProvided") if self.page.is_lobby() => {
                self.on_room(event, data).await;
            }
            _ => self.note(json!({"event": event, "data": data})),
        }
    }

    /// A room gives those without a label one of its own, and tells everybody when it starts.
    async fn on_room(&mut self, event: &Value, data: &Value) {
        let given = data["label"].as_str().unwrap_or_default().to_owned();
        let Link::Room { label, .. } = &mut self.link else { return };
        if event == "RoomStarted" || *label != given {
            label.clone_from(&given);
            if let Err(error) = self.enter_room(given).await {
                self.note(json!({"browser": error}));
            }
        }
    }

    fn note(&self, entry: Value) {
        self.seen.write(|history| history.entries.push(entry));
    }
}

const BOUNDARY: &str = "----a-form-of-the-tests";

fn multipart(fields: &[(String, String)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body +=
            &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += &format!("--{BOUNDARY}--\r\n");
    body
}

/// Scheme, host and port of an address, as browsers send them.
fn origin(base: &str) -> String {
    base.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// The next message; never, if there is no socket; nothing, if it broke.
async fn receive(socket: &mut Option<Socket>) -> Option<Message> {
    match socket {
        Some(socket) => socket.next().await.and_then(Result::ok),
        None => std::future::pending().await,
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
