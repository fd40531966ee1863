//! One request to the server: its headers, its limits, and one or several attempts.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    error::{ApiError, ErrorKind},
    retry,
    row::Limits,
};
use crate::domain::ServerUrl;
use crate::environment::{Environment, Priority, Request, Response, Scope};

/// The way to one server.
pub(super) struct Connection {
    pub(super) env: Arc<dyn Environment>,
    pub(super) base: ServerUrl,
    pub(super) token: SecretString,
}

impl Connection {
    /// A request with the token, not yet sent. A body is JSON.
    pub(super) fn request(
        &self,
        endpoint: &str,
        method: Method,
        url: Url,
        body: Option<Bytes>,
        limits: Limits,
        lane: Priority,
    ) -> Result<Request, ApiError> {
        let mut headers = HeaderMap::new();
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {}", self.token.expose_secret())).map_err(|_| {
                let message =
                    "the token holds characters that no HTTP header can carry, perhaps a line break";
                ApiError::unsent(ErrorKind::BadCall, endpoint, message)
            })?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let (timeout, max_answer) = (limits.timeout(), limits.max_answer());
        Ok(Request {
            method,
            url,
            headers,
            body,
            lane: Some(lane),
            timeout,
            sees_it_through: false,
            max_answer,
        })
    }

    /// Sends a request exactly once.
    pub(super) fn send_once(
        &self,
        endpoint: &str,
        request: Request,
        scope: &Scope,
    ) -> Result<Response, ApiError> {
        scope.check(self.env.now()).map_err(|reason| retry::stopped(endpoint, reason, false))?;
        let sent = request.clone();
        self.env.execute(request, scope).map_err(|error| retry::transport(endpoint, &sent, &error))
    }

    /// Sends a request that changes nothing, again if need be.
    pub(super) fn send_safe(
        &self,
        endpoint: &str,
        request: &Request,
        scope: &Scope,
    ) -> Result<Response, ApiError> {
        retry::send(&*self.env, endpoint, request, scope)
    }
}
