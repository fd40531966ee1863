//! A chat service on this machine: it keeps what it is sent, and answers as it is told.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

use crate::stub::answer;

/// See the module. It ends with the test program.
pub(crate) struct Chat {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    messages: Vec<Value>,
    /// What is answered next; `200 OK` after that.
    answers: VecDeque<Vec<u8>>,
}

impl Chat {
    /// Opens one.
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok).take(1000) {
                let _ = serve(stream, &shared);
            }
        });
        Self { address, state }
    }

    /// The address of its webhook; what it ends with is its secret.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/services/T1/B1/in-secret", self.address)
    }

    /// The next requests are answered so.
    pub(crate) fn will_answer(&self, status: &str, body: &str, times: usize) {
        let mut state = self.state.lock().unwrap();
        state.answers.extend(std::iter::repeat_n(answer(status, "text/plain", body.as_bytes()), times));
    }

    /// Every message that it has taken or refused, oldest first.
    pub(crate) fn messages(&self) -> Vec<Value> {
        self.state.lock().unwrap().messages.clone()
    }

    /// The texts of these messages.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.messages()
            .iter()
            .map(|message| message["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let mut length = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let next = {
        let mut state = state.lock().unwrap();
        state.messages.push(serde_json::from_slice(&body).unwrap_or_default());
        state.answers.pop_front()
    };
    reader.get_mut().write_all(&next.unwrap_or_else(|| answer("200 OK", "text/plain", b"ok")))
}
