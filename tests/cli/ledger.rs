//! A write whose answer never comes: what the server then shows decides.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{project::Project, stub::answer};

#[test]
fn a_step_that_the_server_did_not_make_is_sent_once_more_and_then_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok).take(100) {
            let mut request = [0_u8; 16 * 1024];
            let read = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let body = if request.starts_with("POST") {
                counted.fetch_add(1, Ordering::SeqCst);
                continue; // Taken, and the connection closed without a word.
            } else if request.contains("/status/") {
                r#"{"versions":{"uproot":"0.10.1"}}"#
            } else if request.contains("/data/") {
                r#"{"data":{},"last_update":0}"#
            } else {
                r#"{"A":{"id":0,"show_page":1,"page_order":["a/#StartApp","a/One","a/Two"],"started":true,"_uproot_group":null}}"#
            };
            let _ = stream.write_all(&answer("200 OK", "application/json", body.as_bytes()));
        }
    });
    let script = "fn run(event) {\n    players::list(\"s\");\n    \
                  log::info(players::advance(\"s\", \"A\").refused.keys());\n}";
    let project = Project::new(&format!("http://{address}/"), "allow = [\"players.advance\"]", script);
    let (code, run) = project.trigger();
    assert_eq!(code, 0, "{run:#}");
    assert_eq!(writes.load(Ordering::SeqCst), 2, "the step is sent once more, no more");
    let effects = run["effects"].as_array().unwrap();
    assert_eq!((effects.len(), &effects[0]["state"]), (1, &"failed".into()), "{run:#}");
    assert!(run["trace"].as_array().unwrap().iter().any(|line| line["text"] == "[\"A\"]"), "{run:#}");
}
