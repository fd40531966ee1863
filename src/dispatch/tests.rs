//! What follows from how work ended, in a world of one answer.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use http::{HeaderMap, header::RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{Dispatcher, Happened, Waiting, Work};
use crate::{
    api::Client,
    config,
    effects::Door,
    engine::Input,
    environment::{Environment, Request, Response, Scope, Stopped, TransportError},
    script::{Library, STACK, Tools},
    store::Store,
};

/// Every request gets this answer and takes a second; waits take no time.
struct World {
    now: Mutex<Timestamp>,
    status: u16,
    retry_after: &'static str,
}

impl Environment for World {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn sleep(&self, duration: Duration, _scope: &Scope) -> Result<(), Stopped> {
        *self.now.lock().unwrap() += SignedDuration::try_from(duration).unwrap();
        Ok(())
    }

    fn random(&self) -> u64 {
        0
    }

    fn execute(&self, _request: Request, _scope: &Scope) -> Result<Response, TransportError> {
        *self.now.lock().unwrap() += SignedDuration::from_secs(1);
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, self.retry_after.parse().unwrap());
        Ok(Response { status: self.status, headers, body: "{}".into() })
    }
}

/// How long after the end of its first poll the second one is due, in seconds.
fn second_poll(script: &str, retry_after: &'static str) -> i64 {
    let end = |poll: Work| {
        let thread = thread::Builder::new().stack_size(STACK).spawn(move || poll.carry_out()).unwrap();
        thread.join().unwrap()
    };
    second_poll_after(script, retry_after, end)
}

/// The same where the first poll ends in this way.
fn second_poll_after(script: &str, retry_after: &'static str, end: impl FnOnce(Work) -> Happened) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("scripts")).unwrap();
    std::fs::write(folder.path().join("scripts/it.rhai"), script).unwrap();
    let text = "[uproot]\nurl = \"http://127.0.0.1:9/\"\ntoken_env = \"T\"\n[[automation]]\nname = \"it\"\n\
                on = { poll = \"30s\" }\nscript = \"it.rhai\"\n";
    let file = folder.path().join("config.toml");
    let config = config::parse(&file, text.to_owned(), &|_| Some("token".to_owned())).accept().unwrap();
    let (library, problems) = Library::load(&config);
    assert!(problems.is_empty());
    let world = World { now: Mutex::new(Timestamp::UNIX_EPOCH), status: 503, retry_after };
    let env: Arc<dyn Environment> = Arc::new(world);
    let client =
        Arc::new(Client::new(Arc::clone(&env), config.uproot.url.clone(), config.uproot.token.clone()));
    let store = Store::open(&config.daemon.store).unwrap();
    let tools = Arc::new(Tools {
        env: Arc::clone(&env),
        client: Arc::clone(&client),
        door: Door::new(Arc::clone(&env), client, store.clone()),
        store,
        http: config.http.clone(),
        exports: config.daemon.exports.clone(),
    });
    let (mut dispatcher, nothing) =
        Dispatcher::start(&config, library, tools, CancellationToken::new(), Arc::new(|_| {}), Waiting::Run)
            .unwrap();
    assert!(nothing.is_empty());
    let mut work = dispatcher.handle(vec![Happened::Input(Input::Tick)]).unwrap();
    assert!(matches!(work.as_slice(), [Work::Poll { .. }]));
    let poll = work.remove(0);
    let more = dispatcher.handle(vec![end(poll)]).unwrap();
    assert!(more.is_empty());
    dispatcher.next_wake().unwrap().duration_since(env.now()).as_secs()
}

#[test]
fn the_next_poll_is_not_before_the_instant_that_the_server_asked_for() {
    let run = "fn run(event) { }\n";
    let list = |poll: &str| format!("{run}fn poll() {{ {poll} }}");
    // Without a wish of the server, the interval doubles.
    assert_eq!(second_poll(&list("sessions::list()"), "0"), 60);
    assert_eq!(second_poll(&list("sessions::list()"), "3600"), 3600);
    assert_eq!(second_poll(&list("sessions::list()"), "Thu, 01 Jan 1970 02:00:01 GMT"), 7200);
    // What the script makes of the error does not matter.
    assert_eq!(second_poll(&list("try { sessions::list() } catch { fail(\"later\") }"), "3600"), 3600);
}

#[test]
fn a_poll_that_no_thread_could_be_started_for_comes_again() {
    let script = "fn run(event) { }\nfn poll() { [] }";
    let lost = |poll: Work| poll.stub().failed("the system has no thread for it".to_owned());
    assert_eq!(second_poll_after(script, "0", lost), 60);
}
