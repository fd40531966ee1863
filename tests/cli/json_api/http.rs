//! Requests of other programs to the daemon.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use crate::{daemon::address, project::Project};

/// Somebody who asks a daemon, with a token.
pub(crate) struct Client {
    address: String,
    token: String,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// What an error says.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("no error: {}", self.body)).to_owned()
    }
}

impl Client {
    /// With the token that the daemon's own commands have.
    pub(crate) fn owner(project: &Project) -> Self {
        let control = std::fs::read_to_string(project.path().join("uproctor.db.control")).unwrap();
        let control: Value = serde_json::from_str(&control).unwrap();
        Self::with(project, control["token"].as_str().unwrap())
    }

    /// With a token; an empty one is not sent.
    pub(crate) fn with(project: &Project, token: &str) -> Self {
        Self { address: address(project).unwrap(), token: token.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[], &body.to_string())
    }

    /// What is answered to a read that goes well.
    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            let _ = write!(request, "host: {}\r\n", self.address);
        }
        if !self.token.is_empty() {
            let _ = write!(request, "authorization: Bearer {}\r\n", self.token);
        }
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        // Long answers come in pieces of a known length; those of the API have one length.
        assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }
}
