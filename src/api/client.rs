//! The client: one generic call over the table.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use secrecy::SecretString;

use super::{
    answer::Answer,
    call::Call,
    error::{ApiError, ErrorKind},
    server_url::ServerUrl,
    version::{Generation, ServerVersion},
};
use crate::environment::{Environment, Priority, Response, Scope};

/// A client of one uproot server. Shared as `Arc<Client>`.
pub struct Client {
    env: Arc<dyn Environment>,
    base: ServerUrl,
    token: SecretString,
}

impl Client {
    /// A client of the server at `base`, with a token that its `main.py` lists. Sends nothing yet.
    pub fn new(env: Arc<dyn Environment>, base: ServerUrl, token: SecretString) -> Self {
        Self { env, base, token }
    }

    /// The server's address.
    pub fn base(&self) -> &ServerUrl {
        &self.base
    }

    /// The server's version. Asked for once and remembered, until a path turns out to be unknown.
    pub fn version(&self, scope: &Scope) -> Result<ServerVersion, ApiError> {
        let _ = (&self.env, &self.token, scope);
        Err(ApiError::unsent(ErrorKind::Unsupported, "system.status", "not there yet"))
    }

    /// The generation of the API that the server speaks, from its version.
    pub fn generation(&self, scope: &Scope) -> Result<Generation, ApiError> {
        Ok(self.version(scope)?.generation())
    }

    /// Reads, and repeats up to 4 times what may go better the next time.
    pub fn read(&self, call: &Call, _priority: Priority, _scope: &Scope) -> Result<Answer, ApiError> {
        Err(ApiError::unsent(ErrorKind::Unsupported, call.endpoint().name(), "not there yet"))
    }

    /// Writes, with exactly one attempt.
    pub fn write(&self, call: &Call, _scope: &Scope) -> Result<Answer, ApiError> {
        Err(ApiError::unsent(ErrorKind::Unsupported, call.endpoint().name(), "not there yet"))
    }

    /// Sends what a person typed, once, and gives back whatever comes.
    pub fn raw(
        &self,
        method: Method,
        endpoint: &str,
        body: Option<Bytes>,
        _scope: &Scope,
    ) -> Result<Response, ApiError> {
        drop((method, body));
        Err(ApiError::unsent(ErrorKind::Unsupported, endpoint, "not there yet"))
    }
}
