//! The uproot server of the comparison: it notes when each session is asked about.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// When a session was asked about, and who waits until it is asked about for the second time.
type Asked = (Vec<Instant>, Option<Thread>);

/// The sessions `sN`.
#[derive(Clone, Default)]
pub(super) struct Receipts(Arc<Mutex<HashMap<usize, Asked>>>);

impl Receipts {
    fn note(&self, number: usize) {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap();
        let (times, waits) = all.entry(number).or_default();
        times.push(now);
        if times.len() == 2
            && let Some(thread) = waits
        {
            thread.unpark();
        }
    }

    /// Waits for the second time.
    pub(super) fn second(&self, number: usize) -> Instant {
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            {
                let mut all = self.0.lock().unwrap();
                let (times, waits) = all.entry(number).or_default();
                if let Some(second) = times.get(1) {
                    return *second;
                }
                *waits = Some(thread::current());
            }
            assert!(Instant::now() < patience, "message {number} led to no second call");
            thread::park_timeout(Duration::from_secs(1));
        }
    }
}

pub(super) fn stub(receipts: &Receipts) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let receipts = receipts.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let receipts = receipts.clone();
            thread::spawn(move || answer(stream, &receipts));
        }
    });
    address
}

fn answer(mut stream: TcpStream, receipts: &Receipts) {
    let _ = stream.set_nodelay(true);
    let mut buffer = [0_u8; 8192];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..read]);
        let number = text.split("/s").find_map(|part| part.split('/').next()?.parse::<usize>().ok());
        if let Some(number) = number {
            receipts.note(number);
        }
        let body = if text.contains("status/") {
            r#"{"versions":{"uproot":"0.10.1"}}"#
        } else {
            r#"{"a":{"id":0,"page_order":["x/One"],"show_page":0,"started":true,"label":""}}"#
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}
