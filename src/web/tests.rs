//! Requests as senders make them, good and bad, over a real store.

mod api;
mod routes;

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use axum::{body::Body, response::Response};
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::*;
use crate::{
    api::Client,
    config,
    domain::{AutomationName, Detail, Event, EventId, EventKind, HookName, Scheme},
    environment::{
        Environment, Request as Outgoing, Response as Incoming, Scope, Stopped, TransportError,
        TransportReason,
    },
    script::Library,
    store::Store,
};

const NOW: i64 = 1_700_000_000;

struct Clock(Mutex<i64>);

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(*self.0.lock().unwrap()).unwrap()
    }
    fn sleep(&self, _: Duration, _: &Scope) -> Result<(), Stopped> {
        Ok(())
    }
    fn random(&self) -> u64 {
        4
    }
    fn execute(&self, _: Outgoing, _: &Scope) -> Result<Incoming, TransportError> {
        let message = "not in this test".to_owned();
        Err(TransportError { sent: false, reason: TransportReason::Connect, message })
    }
}

struct World {
    router: Router,
    committed: mpsc::Receiver<Input>,
    stopping: CancellationToken,
    clock: Arc<Clock>,
    store: Store,
    routes: CurrentRoutes,
    pulse: Pulse,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        Self::with_room(16)
    }

    fn with_room(room: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
        let clock = Arc::new(Clock(Mutex::new(NOW)));
        let (sender, committed) = mpsc::channel(room);
        let stopping = CancellationToken::new();
        let hook = |name: &str, scheme: Scheme, secrets: &[&str]| {
            let hook = HookName::new(name).unwrap();
            let secrets = secrets.iter().map(|secret| (*secret).into()).collect();
            let webhook = config::Webhook { hook: hook.clone(), scheme, secrets, per_minute: 5 };
            (hook, Hook { automation: AutomationName::new("pay").unwrap(), webhook })
        };
        let text = "[uproot]\ntoken_env = \"T\"\n".to_owned();
        let file = folder.path().join("config.toml");
        let config = config::parse(&file, text, &|_| Some("token".to_owned())).accept().unwrap();
        let config = Arc::new(config);
        let routes = CurrentRoutes::new(Routes {
            hooks: HashMap::from([
                hook("hub", Scheme::Github, &["old", "new"]),
                hook("stripe", Scheme::Stripe, &["new"]),
                hook("slack", Scheme::Slack, &["new"]),
                hook("token", Scheme::Bearer, &["new"]),
            ]),
            automations: HashSet::from([AutomationName::new("pay").unwrap()]),
            ..Routes::of(&config, &Library::default())
        });
        let env: Arc<dyn Environment> = clock.clone();
        let client = Client::new(Arc::clone(&env), config.uproot.url.clone(), "token".to_owned().into());
        let tools = Tools::new(env, Arc::new(client), store.clone(), &config).unwrap();
        let pulse = Pulse::default();
        let state = WebState {
            refused: crate::daemon::Refused::default(),
            tools: Arc::new(tools),
            history: Arc::new(History::open(&folder.path().join("store.sqlite")).unwrap()),
            routes: routes.clone(),
            committed: sender,
            stopping: stopping.clone(),
            control: "ours".into(),
            port: 8707,
            pulse: pulse.clone(),
        };
        pulse.beat(clock.now());
        let (router, _) = router_with(state, Duration::from_millis(100));
        Self { router, committed, stopping, clock, store, routes, pulse, _folder: folder }
    }

    async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let response = self.answer(request).await;
        assert_eq!(response.headers()["content-type"], "application/json");
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn answer(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Whether a message with this id is remembered as taken.
    async fn stored(&self, id: i64) -> bool {
        let pending = self.store.accept_webhook(
            crate::store::NewEvent {
                automation: AutomationName::new("pay").unwrap(),
                kind: EventKind::Manual,
                at: self.clock.now(),
                detail: Detail::Manual { payload: Value::Null, dry_run: false },
            },
            crate::store::Delivery {
                hook: HookName::new("hub").unwrap(),
                messages: vec![format!("id:{id}")],
            },
            |_| {},
        );
        matches!(pending.ready().await.unwrap(), crate::store::Acceptance::Duplicate(_))
    }

    fn taken(&mut self) -> Option<Arc<Event>> {
        match self.committed.try_recv().ok()? {
            Input::Accepted(event) => Some(event),
            other => panic!("{other:?}"),
        }
    }
}

fn sign(secret: &str, text: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text);
    hex::encode(mac.finalize().into_bytes())
}

fn post_to(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

fn hub(secret: &str, id: &str, body: &str) -> Request<Body> {
    let signature = format!("sha256={}", sign(secret, body.as_bytes()));
    let headers = [("x-hub-signature-256", signature.as_str()), ("x-github-delivery", id)];
    post_to("/hooks/hub", &headers, body.to_owned())
}

fn bearer(headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut all = vec![("authorization", "Bearer new")];
    all.extend_from_slice(headers);
    post_to("/hooks/token", &all, body)
}

fn slack(second: i64, body: &str) -> Request<Body> {
    let signature = format!("v0={}", sign("new", format!("v0:{second}:{body}").as_bytes()));
    let second = second.to_string();
    let headers = [("x-slack-signature", signature.as_str()), ("x-slack-request-timestamp", &second)];
    post_to("/hooks/slack", &headers, body.to_owned())
}

fn error(answer: &Value) -> &str {
    answer["error"].as_str().unwrap()
}

#[tokio::test]
async fn a_signed_message_is_committed_and_handed_over() {
    let mut world = World::new();
    let mut request = hub("new", "7", r#"{"a": 1}"#);
    request.headers_mut().insert("Cookie", "secret".parse().unwrap());
    request.headers_mut().insert("X-GitHub-Event", http::HeaderValue::from_bytes(b"p\xffng").unwrap());
    request.headers_mut().append("X-GitHub-Event", http::HeaderValue::from_static("pong"));
    let (status, answer) = world.send(request).await;
    assert_eq!((status, &answer), (202, &json!({ "event": 1 })));
    let event = world.taken().unwrap();
    assert_eq!((event.id, event.kind), (EventId(1), EventKind::Webhook));
    let Detail::Webhook { hook, payload, headers } = &event.detail else { panic!("{event:?}") };
    assert_eq!((hook.as_str(), payload.value()), ("hub", &json!({ "a": 1 })));
    assert_eq!(*headers.value(), json!({ "x-github-delivery": "7", "x-github-event": "p\u{fffd}ng, pong" }));
    assert!(world.stored(7).await);
}

#[tokio::test]
async fn what_is_not_signed_rightly_is_not_stored() {
    let mut world = World::new();
    let (status, answer) = world.send(hub("wrong", "7", "{}")).await;
    assert_eq!((status, error(&answer)), (401, "the signature or token does not match"));
    let (status, answer) = world.send(post_to("/hooks/hub", &[], "{}")).await;
    assert_eq!(status, 401, "{answer}");
    assert!(world.taken().is_none());
    assert!(!world.stored(7).await);
}

#[tokio::test]
async fn an_old_message_is_refused() {
    let mut world = World::new();
    let (status, answer) = world.send(slack(NOW - 301, "{}")).await;
    assert_eq!(status, 401);
    assert!(error(&answer).contains("301 s ago"), "{answer}");
    assert_eq!(world.send(slack(NOW - 300, "{}")).await.0, 202);
    assert!(world.taken().is_some() && world.taken().is_none());
}

#[tokio::test]
async fn a_large_body_is_not_read() {
    let mut world = World::new();
    let (status, answer) = world.send(bearer(&[], vec![b' '; 10_000_000])).await;
    assert_eq!(status, 413);
    assert!(error(&answer).contains("256 KiB"), "{answer}");
    // In pieces, without a length ahead: the pieces after the limit are never asked for.
    let pieces = futures_util::stream::iter((0..3).map(|piece| {
        assert!(piece < 2, "read on after the limit");
        Ok::<_, std::io::Error>(vec![b' '; 200_000])
    }));
    assert_eq!(world.send(bearer(&[], Body::from_stream(pieces))).await.0, 413);
    let largest = format!("\"{}\"", "x".repeat(body::MAX_BODY - 2));
    assert_eq!(world.send(bearer(&[], largest)).await.0, 202);
    assert!(world.taken().is_some() && world.taken().is_none());
}

#[tokio::test]
async fn a_body_that_never_ends_or_breaks_off_is_let_go() {
    let world = World::new();
    let never = futures_util::stream::pending::<std::io::Result<Vec<u8>>>();
    assert_eq!(world.send(bearer(&[], Body::from_stream(never))).await.0, 408);
    let broken = futures_util::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("gone"))]);
    assert_eq!(world.send(bearer(&[], Body::from_stream(broken))).await.0, 400);
}

#[tokio::test]
async fn bodies_are_json_or_forms_or_nothing() {
    let mut world = World::new();
    let (status, answer) = world.send(bearer(&[], "{\"a\":\n nope}")).await;
    assert_eq!(status, 400);
    assert_eq!(error(&answer), "the body is not JSON: line 2, column 3: expected ident");
    let deep = "[".repeat(100_000);
    assert_eq!(world.send(bearer(&[], deep)).await.0, 400);
    assert!(world.taken().is_none());

    let mut payload = async |headers: &[(&str, &str)], body: &'static str| {
        assert_eq!(world.send(bearer(headers, body)).await.0, 202);
        world.taken().unwrap().subject().clone()
    };
    assert_eq!(payload(&[], "").await, Value::Null);
    let form = [("content-type", "Application/X-WWW-Form-Urlencoded; charset=utf-8")];
    let expected = json!({ "who": "Ann B", "n": ["1", "2"], "ok": "" });
    assert_eq!(payload(&form, "who=Ann+B&n=1&n=2&ok").await, expected);
    // It could not be read again after a restart.
    assert_eq!(world.send(bearer(&form, "%24serde_json::private::RawValue=x")).await.0, 400);
    assert!(world.taken().is_none());
}

#[tokio::test]
async fn a_message_is_taken_once() {
    let mut world = World::new();
    assert_eq!(world.send(hub("new", "7", "[1]")).await.0, 202);
    // The id is not signed: neither another id for the same body nor the same id makes a new message.
    for (id, body) in [("7", "[1]"), ("8", "[1]"), ("7", "[2]")] {
        let (status, answer) = world.send(hub("new", id, body)).await;
        assert_eq!((status, &answer["event"], &answer["duplicate"]), (200, &json!(1), &json!(true)));
        assert!(answer["message"].is_string());
    }
    assert!(world.taken().is_some() && world.taken().is_none());

    // With a token, the id alone counts; where there is none, the body.
    let id = |id| [("idempotency-key", id)];
    assert_eq!(world.send(bearer(&id("a"), "1")).await.0, 202);
    assert_eq!(world.send(bearer(&id("b"), "1")).await.0, 202);
    assert_eq!(world.send(bearer(&id("a"), "2")).await.0, 200);
    assert_eq!(world.send(bearer(&[], "1")).await.0, 202);
    assert_eq!(world.send(bearer(&[], "1")).await.0, 200);
}

#[tokio::test]
async fn both_secrets_are_good_while_one_replaces_the_other() {
    let world = World::new();
    assert_eq!(world.send(hub("old", "1", "1")).await.0, 202);
    assert_eq!(world.send(hub("new", "2", "2")).await.0, 202);
    assert_eq!(world.send(hub("older", "3", "3")).await.0, 401);
}

#[tokio::test]
async fn a_full_inbox_takes_nothing_and_forgets_nothing() {
    let mut world = World::with_room(1);
    assert_eq!(world.send(hub("new", "1", "1")).await.0, 202);
    let response = world.answer(hub("new", "2", "2")).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"5".parse().unwrap())
    );
    assert!(world.taken().is_some());
    // It was not remembered as taken either.
    assert_eq!(world.send(hub("new", "2", "2")).await.0, 202);
}

#[tokio::test]
async fn a_hook_takes_so_many_messages_a_minute() {
    let world = World::new();
    for n in 0..5 {
        assert_eq!(world.send(bearer(&[], n.to_string())).await.0, 202);
    }
    *world.clock.0.lock().unwrap() += 20;
    let response = world.answer(bearer(&[], "5")).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"40".parse().unwrap())
    );
    // Another hook has a minute of its own, and what is badly signed does not count.
    assert_eq!(world.send(hub("new", "1", "1")).await.0, 202);
    assert_eq!(world.send(post_to("/hooks/token", &[], "5")).await.0, 401);
    *world.clock.0.lock().unwrap() += 40;
    assert_eq!(world.send(bearer(&[], "5")).await.0, 202);
}

#[tokio::test]
async fn slack_gets_its_challenge_back() {
    let mut world = World::new();
    let body = r#"{"type": "url_verification", "challenge": "3eZb"}"#;
    assert_eq!(world.send(slack(NOW, body)).await, (200, json!({ "challenge": "3eZb" })));
    assert!(world.taken().is_none());
    // From anybody else it is a message like any other.
    assert_eq!(world.send(bearer(&[], body)).await.0, 202);
}

#[tokio::test]
async fn a_closed_store_is_no_success() {
    let mut world = World::new();
    world.store.close();
    let (status, answer) = world.send(hub("new", "1", "1")).await;
    assert_eq!(status, 503);
    assert!(error(&answer).contains("not be stored"), "{answer}");
    assert!(world.taken().is_none());
}

#[tokio::test]
async fn slow_connections_are_cut_and_stopping_ends_idle_ones() {
    let world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let brief = Duration::from_millis(200);
    let connect = async || tokio::net::TcpStream::connect(address).await.unwrap();
    let sender = async {
        let mut slow = connect().await;
        slow.write_all(b"GET /health HTT").await.unwrap();
        let mut rest = Vec::new();
        slow.read_to_end(&mut rest).await.unwrap();

        let mut good = connect().await;
        good.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 15];
        good.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        stop.cancel();
        good.read_to_end(&mut rest).await.unwrap();
    };
    let server = serve::serve_with(listener, world.router.clone(), stop.clone(), brief);
    let both = async { tokio::join!(server, sender) };
    tokio::time::timeout(Duration::from_secs(4), both).await.unwrap().0.unwrap();
}
