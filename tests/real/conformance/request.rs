//! What a probe asks, down to the bytes.

use serde_json::Value;

/// A request below `admin/api/v1/`, with the right token if nothing else is said.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// Whether the right token is sent.
    pub(super) is_signed: bool,
    pub(super) body: Option<Vec<u8>>,
}

pub(super) fn request(method: &'static str, path: &'static str) -> Request {
    Request { method, path, headers: Vec::new(), is_signed: true, body: None }
}

pub(super) fn get(path: &'static str) -> Request {
    request("GET", path)
}

pub(super) fn post(path: &'static str, body: &Value) -> Request {
    request("POST", path).json(body)
}

pub(super) fn patch(path: &'static str, body: &Value) -> Request {
    request("PATCH", path).json(body)
}

impl Request {
    pub(super) fn json(self, body: &Value) -> Request {
        self.json_text(body.to_string())
    }

    /// A body that calls itself JSON.
    pub(super) fn json_text(self, body: impl AsRef<[u8]>) -> Request {
        self.header("content-type", "application/json").bytes(body)
    }

    /// A body that does not say what it is.
    pub(super) fn bytes(mut self, body: impl AsRef<[u8]>) -> Request {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Request {
        self.headers.push((name, value));
        self
    }

    pub(super) fn unsigned(mut self) -> Request {
        self.is_signed = false;
        self
    }

    /// With another value in place of the right token's.
    pub(super) fn signed(self, authorization: &'static str) -> Request {
        self.unsigned().header("authorization", authorization)
    }
}
