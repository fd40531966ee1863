//! A write whose answer never comes is sent once, and said to be uncertain.

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
fn a_lost_answer_is_uncertain_and_nothing_is_sent_again() {
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
            } else {
                r#"{"A":{"id":0,"show_page":1,"page_order":["a/#StartApp","a/One","a/Two"],"started":true,"_uproot_group":null}}"#
            };
            let _ = stream.write_all(&answer("200 OK", "application/json", body.as_bytes()));
        }
    });
    let script = "fn run(event) {\n    players::list(\"s\");\n    \
                  try { players::advance(\"s\", \"A\"); } catch (e) { log::info(e.kind); }\n}";
    let project = Project::new(&format!("http://{address}/"), "allow = [\"players.advance\"]", script);
    let (code, run) = project.trigger();
    assert_eq!(code, 0, "{run:#}");
    assert_eq!(writes.load(Ordering::SeqCst), 1, "the step was sent more than once");
    let effects = run["effects"].as_array().unwrap();
    assert_eq!((effects.len(), &effects[0]["state"]), (1, &"uncertain".into()), "{run:#}");
    assert!(run["trace"].as_array().unwrap().iter().any(|line| line["text"] == "uncertain"), "{run:#}");
}
