//! Against a server of a few lines.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use http::{HeaderMap, Method};
use jiff::ToSpan;

use super::*;

/// A server that answers when it is told to, and says when a request has come.
#[expect(clippy::disallowed_methods, reason = "it ends with its channels")]
fn server() -> (String, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let (came, comes) = mpsc::channel();
    let (answer, answers) = mpsc::channel::<()>();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap_or(0) > 2 {
                line.clear();
            }
            if came.send(()).is_err() || answers.recv().is_err() {
                return;
            }
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.get_mut().write_all(head.as_bytes()).unwrap();
        }
    });
    (address, comes, answer)
}

fn request(url: &str, fresh_until: Option<Timestamp>) -> Request {
    Request {
        method: Method::POST,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: None,
        lane: Some(Priority::Effect),
        timeout: Duration::from_secs(10),
        sees_it_through: true,
        fresh_until,
        max_answer: 1024,
    }
}

#[test]
fn what_was_decided_too_long_before_its_turn_is_not_sent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let live = Live::new(runtime.handle().clone());
    let scope = Scope::for_duration(live.now(), Duration::from_secs(20));
    let (url, comes, answer) = server();
    thread::scope(|threads| {
        let first = threads.spawn(|| live.execute(request(&url, None), &scope));
        comes.recv().unwrap();
        // Its turn comes once the first is answered, and then its time is over.
        let late = live.now();
        let (live, url, scope) = (&live, &url, &scope);
        let second = threads.spawn(move || live.execute(request(url, Some(late)), scope));
        while live.now() <= late {
            thread::yield_now();
        }
        answer.send(()).unwrap();
        assert!(first.join().unwrap().is_ok());
        assert_eq!(second.join().unwrap().unwrap_err(), TransportError::stale());
        let in_time = live.now().checked_add(1.hour()).unwrap();
        let third = threads.spawn(move || live.execute(request(url, Some(in_time)), scope));
        comes.recv().unwrap();
        answer.send(()).unwrap();
        assert_eq!(third.join().unwrap().unwrap().status, 200);
    });
    assert!(comes.try_recv().is_err(), "the second was sent");
}
