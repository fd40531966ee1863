//! The bare program that uproctor is compared with: a handler, and one thread that commits in groups.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    thread,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};

type Job = (Vec<u8>, oneshot::Sender<()>);

/// Commits what waits together, as long as the file is open. The journal and the flushes are those of uproctor's store.
fn writer(path: &Path) -> Sender<Job> {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.pragma_update(None, "synchronous", "full").unwrap();
    connection.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, body BLOB NOT NULL)", []).unwrap();
    let (sender, jobs) = channel::<Job>();
    thread::spawn(move || {
        while let Ok(first) = jobs.recv() {
            let transaction = connection.transaction().unwrap();
            let mut done = Vec::new();
            let mut job = Some(first);
            while let Some((body, answer)) = job {
                transaction
                    .prepare_cached("INSERT INTO event (body) VALUES (?1)")
                    .unwrap()
                    .execute([body])
                    .unwrap();
                done.push(answer);
                job = if done.len() < 256 { jobs.try_recv().ok() } else { None };
            }
            transaction.commit().unwrap();
            for answer in done {
                let _ = answer.send(());
            }
        }
    });
    sender
}

#[derive(Clone)]
struct Bare {
    writer: Sender<Job>,
    /// Where the two calls go, once the body is committed.
    calls: Option<(reqwest::Client, String, Arc<tokio::sync::Mutex<()>>)>,
}

async fn bare(State(state): State<Bare>, body: Bytes) -> StatusCode {
    let (answer, committed) = oneshot::channel();
    state.writer.send((body.to_vec(), answer)).unwrap();
    committed.await.unwrap();
    if let Some((client, url, turn)) = state.calls {
        tokio::spawn(async move {
            // The server takes one call at a time; so do both sides.
            let _turn = turn.lock().await;
            let number: serde_json::Value = serde_json::from_slice(&body).unwrap();
            for _ in 0..2 {
                let answer = client.get(format!("{url}{}/players/", session(&number))).send().await.unwrap();
                let bytes = answer.bytes().await.unwrap();
                serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
            }
        });
    }
    StatusCode::ACCEPTED
}

pub(super) fn session(payload: &serde_json::Value) -> String {
    format!("s{}", payload["n"])
}

pub(super) fn serve(runtime: &Runtime, folder: &Path, calls: Option<String>) -> SocketAddr {
    let calls = calls.map(|url| (reqwest::Client::builder().build().unwrap(), url, Arc::default()));
    let state = Bare { writer: writer(&folder.join("bare.db")), calls };
    let router = Router::new().route("/hooks/it", post(bare)).with_state(state);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await });
    address
}
