//! The client: one generic call over the table.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use super::{
    answer::Answer,
    call::Call,
    connection::{Connection, ServerHealth},
    decode,
    endpoint::{Endpoint, Repeat},
    error::{ApiError, ErrorKind},
    refusal, request, retry,
    row::{Limits, Route},
    version::{Generation, ServerVersion},
};
use crate::domain::ServerUrl;
use crate::environment::{Environment, Priority, Request, Response, Scope};

/// A client of one uproot server. Shared as `Arc<Client>`.
pub struct Client {
    connection: Connection,
    known: Mutex<Known>,
}

/// What was learned about the server.
#[derive(Default)]
struct Known {
    version: Option<ServerVersion>,
    /// The version that was warned about, so that it is done once.
    warned: Option<ServerVersion>,
}

impl Client {
    /// A client of the server at `base`, with a token that its `main.py` lists. Sends nothing yet.
    pub fn new(env: Arc<dyn Environment>, base: ServerUrl, token: SecretString) -> Self {
        Self { connection: Connection::new(env, base, token), known: Mutex::default() }
    }

    /// The server's address.
    pub fn base(&self) -> &ServerUrl {
        &self.connection.base
    }

    /// The server's clock when it last answered, to the second; `None` before the first answer, or where something before
    /// the server takes the `Date` header away.
    pub fn server_time(&self) -> Option<Timestamp> {
        self.connection.server_time()
    }

    /// By how much the server's clock is ahead of ours, to a second, as its last answer told it.
    pub fn clock_skew(&self) -> Option<jiff::SignedDuration> {
        self.connection.clock_skew()
    }

    /// How the server does, as the last requests tell. Asks nothing.
    pub fn health(&self) -> ServerHealth {
        self.connection.health()
    }

    /// Since when the server is back, by our clock, if requests found nobody there before.
    pub fn back_since(&self) -> Option<Timestamp> {
        self.connection.back_since()
    }

    /// The server's version. Asked for once and remembered until the server turns out to be another: a path it does
    /// not know, a body or an answer that does not fit.
    pub fn version(&self, scope: &Scope) -> Result<ServerVersion, ApiError> {
        self.known_version(Priority::Read, scope)
    }

    /// The generation of the API that the server speaks, from its version.
    pub fn generation(&self, scope: &Scope) -> Result<Generation, ApiError> {
        Ok(self.version(scope)?.generation())
    }

    /// Whether the server has an endpoint at all; the error says since when others do. Asks the server only where that
    /// depends on it.
    pub fn offers(&self, endpoint: Endpoint, scope: &Scope) -> Result<(), ApiError> {
        if endpoint.row().since == Generation::Contract {
            return Ok(());
        }
        self.version_for(&Call::new(endpoint), Priority::Read, scope).map(drop)
    }

    /// Reads. Up to 5 attempts with growing waits between, within the scope; repeated are transport failures and the
    /// statuses 429, 500, 502, 503, 504 and the like. A path that the server does not know makes the client ask for the
    /// version again and, if it is another, read once more.
    pub fn read(&self, call: &Call, priority: Priority, scope: &Scope) -> Result<Answer, ApiError> {
        if call.endpoint() == Endpoint::Status {
            request::check(call)?;
            return self.status(call, priority, scope).map(|(answer, _)| answer);
        }
        self.read_with(call, priority, scope, |route, generation, response| {
            decode::answer(call, route, generation, response)
        })
    }

    /// The same with the bytes of an answer that is JSON, for those who want little of it. What `take` says of bytes that it
    /// cannot use becomes an error. Nothing is taken out of the bytes: whoever reads `data.since` this way must leave alone
    /// what is the player's secret.
    pub fn read_as<T>(
        &self,
        call: &Call,
        priority: Priority,
        scope: &Scope,
        take: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, ApiError> {
        self.read_with(call, priority, scope, |_, _, response| {
            take(&response.body).map_err(|message| decode::unusable(call, response.status, &message))
        })
    }

    fn read_with<T>(
        &self,
        call: &Call,
        priority: Priority,
        scope: &Scope,
        decode: impl Fn(Route, Generation, &Response) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let endpoint = call.endpoint();
        if endpoint.is_write() {
            return Err(ApiError::unsent(ErrorKind::BadCall, endpoint.name(), "this is no read"));
        }
        request::check(call)?;
        let version = self.version_for(call, priority, scope)?;
        match self.read_from(call, &version, priority, scope, &decode)? {
            Read::Answer(answer) => Ok(answer),
            Read::UnknownPath(error) => {
                self.forget(&version);
                let fresh = self.version_for(call, priority, scope)?;
                if fresh == version {
                    return Err(error);
                }
                match self.read_from(call, &fresh, priority, scope, &decode)? {
                    Read::Answer(answer) => Ok(answer),
                    Read::UnknownPath(error) => Err(error),
                }
            }
        }
    }

    /// Writes, with exactly one attempt. Where it fails, [`ApiError::may_have_acted`] says whether the server can have
    /// carried it out all the same. The first call of all asks for the server's version before; that is a read.
    ///
    /// `sessions.active` and `sessions.testing` take `{"active": bool}` and `{"testing": bool}`. A server that
    /// [toggles](Generation::toggles) turns its value over whatever the body says.
    pub fn write(&self, call: &Call, scope: &Scope) -> Result<Answer, ApiError> {
        self.write_fresh(call, None, scope)
    }

    /// The same, where what it was decided on is only known to hold until an instant: it is not sent after that, with an error of the
    /// kind [`ErrorKind::Unreachable`].
    pub fn write_fresh(
        &self,
        call: &Call,
        fresh_until: Option<Timestamp>,
        scope: &Scope,
    ) -> Result<Answer, ApiError> {
        let endpoint = call.endpoint();
        if !endpoint.is_write() {
            return Err(ApiError::unsent(ErrorKind::BadCall, endpoint.name(), "this is no write"));
        }
        request::check(call)?;
        let version = self.version_for(call, Priority::Effect, scope).map_err(before_write)?;
        let (mut request, route) = self.prepare(call, &version, Priority::Effect)?;
        (request.sees_it_through, request.fresh_until) = (true, fresh_until);
        let response = self.connection.send_once(endpoint.name(), request.clone(), scope)?;
        let result = if is_success(response.status) {
            decode::answer(call, route, version.generation(), &response)
        } else {
            Err(self.refused(call, &request, &response))
        };
        // Signs of a server that is no longer the one it was: the next call asks who it is.
        let toggle = endpoint.repeat(version.generation()) == Repeat::Toggle;
        match &result {
            Err(error) if error.kind == ErrorKind::LostAnswer => self.forget(&version),
            Err(error) if error.kind == ErrorKind::Invalid && toggle => self.forget(&version),
            Err(_) if refusal::is_unknown_path(endpoint, &response) => self.forget(&version),
            Ok(_) | Err(_) => {}
        }
        result
    }

    /// Sends what a person typed, once, and gives back whatever comes, whatever its status.
    ///
    /// `endpoint` is a path below `admin/api/v1/`; slashes around it make no difference, and a query after `?` goes
    /// along as it is. `body` is sent as JSON. An answer may be 512 MiB and take 10 minutes.
    pub fn raw(
        &self,
        method: Method,
        endpoint: &str,
        body: Option<Bytes>,
        scope: &Scope,
    ) -> Result<Response, ApiError> {
        let bad = |message: &str| ApiError::unsent(ErrorKind::BadCall, endpoint, message);
        let (path, query) =
            endpoint.split_once('?').map_or((endpoint, None), |(path, query)| (path, Some(query)));
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Err(bad("no endpoint is given: for example \"sessions\""));
        }
        let mut url = self
            .connection
            .base
            .api(&format!("{path}/"))
            .ok_or_else(|| bad("the path leads out of the API"))?;
        url.set_query(query);
        let lane = if is_read(&method) { Priority::Read } else { Priority::Effect };
        let request = self.connection.request(endpoint, method, url, body, Limits::Export, lane)?;
        self.connection.send_once(endpoint, request, scope)
    }

    fn read_from<T>(
        &self,
        call: &Call,
        version: &ServerVersion,
        priority: Priority,
        scope: &Scope,
        decode: &impl Fn(Route, Generation, &Response) -> Result<T, ApiError>,
    ) -> Result<Read<T>, ApiError> {
        let endpoint = call.endpoint();
        let (request, route) = self.prepare(call, version, priority)?;
        let response = self.connection.send_safe(endpoint.name(), &request, scope)?;
        if is_success(response.status) {
            return decode(route, version.generation(), &response).map(Read::Answer);
        }
        let error = self.refused(call, &request, &response);
        if refusal::is_unknown_path(endpoint, &response) { Ok(Read::UnknownPath(error)) } else { Err(error) }
    }

    /// Asks who the server is. The path has been the same in all generations.
    fn status(
        &self,
        call: &Call,
        priority: Priority,
        scope: &Scope,
    ) -> Result<(Answer, ServerVersion), ApiError> {
        let endpoint = Endpoint::Status;
        let route = endpoint.row().newest();
        let (request, route) = self.prepare_route(call, route, Generation::Newest, priority)?;
        let response = self.connection.send_safe(endpoint.name(), &request, scope)?;
        if !is_success(response.status) {
            let error = self.refused(call, &request, &response);
            if refusal::is_unknown_path(endpoint, &response) {
                let message = format!("there is no uproot Admin API at {}", self.connection.base);
                return Err(ApiError { kind: ErrorKind::UnknownServer, message, ..error });
            }
            return Err(error);
        }
        let answer = decode::answer(call, route, Generation::Newest, &response)?;
        let status = if let Answer::Json(status) = &answer { status } else { &Value::Null };
        let version = ServerVersion::from_status(status).map_err(|error| {
            ApiError::answered(ErrorKind::UnknownServer, endpoint.name(), response.status, error.to_string())
        })?;
        self.remember(&version);
        Ok((answer, version))
    }

    /// The error that an answer other than 2xx stands for.
    fn refused(&self, call: &Call, request: &Request, response: &Response) -> ApiError {
        let retry_after = retry::retry_after(response, self.connection.env.now());
        ApiError { retry_after, ..refusal::error(call, &request.url, response) }
    }

    fn known_version(&self, priority: Priority, scope: &Scope) -> Result<ServerVersion, ApiError> {
        let known = self.lock().version.clone();
        match known {
            Some(version) => Ok(version),
            None => self.status(&Call::new(Endpoint::Status), priority, scope).map(|(_, version)| version),
        }
    }

    /// The version of a server that has what a call needs, with an error in the name of the call.
    fn version_for(&self, call: &Call, priority: Priority, scope: &Scope) -> Result<ServerVersion, ApiError> {
        let endpoint = call.endpoint();
        let in_its_name = |error| ApiError { endpoint: endpoint.name().to_owned(), ..error };
        let remembered = self.lock().version.clone();
        let mut version = self.known_version(priority, scope).map_err(in_its_name)?;
        if endpoint.row().route(&version).is_none() && remembered.is_some() {
            // Nothing of what is sent otherwise would tell that there is a newer server by now.
            self.forget(&version);
            version = self.known_version(priority, scope).map_err(in_its_name)?;
        }
        match endpoint.row().route(&version) {
            Some(_) => Ok(version),
            None => Err(absent(endpoint, &version)),
        }
    }

    fn remember(&self, version: &ServerVersion) {
        let mut known = self.lock();
        if version.is_untried() && known.warned.as_ref() != Some(version) {
            tracing::warn!(
                server = %self.connection.base,
                %version,
                "the server's version is newer than those this program was tried with; it is taken to be like 0.10"
            );
            known.warned = Some(version.clone());
        }
        known.version = Some(version.clone());
    }

    /// Forgets the version, unless somebody has asked for it anew in the meantime.
    fn forget(&self, version: &ServerVersion) {
        let mut known = self.lock();
        if known.version.as_ref() == Some(version) {
            known.version = None;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prepare(
        &self,
        call: &Call,
        version: &ServerVersion,
        priority: Priority,
    ) -> Result<(Request, Route), ApiError> {
        let endpoint = call.endpoint();
        let route = endpoint.row().route(version).ok_or_else(|| absent(endpoint, version))?;
        self.prepare_route(call, route, version.generation(), priority)
    }

    fn prepare_route(
        &self,
        call: &Call,
        route: Route,
        generation: Generation,
        priority: Priority,
    ) -> Result<(Request, Route), ApiError> {
        let target = request::target(call, &self.connection.base, route, generation)?;
        let (name, limits) = (call.endpoint().name(), call.endpoint().row().limits);
        let request =
            self.connection.request(name, route.verb.method(), target.url, target.body, limits, priority)?;
        Ok((request, route))
    }
}

/// What a read came to.
enum Read<T> {
    Answer(T),
    UnknownPath(ApiError),
}

/// The server is too old for this.
fn absent(endpoint: Endpoint, version: &ServerVersion) -> ApiError {
    let since = endpoint.row().since.first_version();
    let message =
        format!("this needs uproot {since} or later, and the server is {version}: nothing was sent");
    ApiError::unsent(ErrorKind::Unsupported, endpoint.name(), message)
}

/// The version could not be found out, so the write was not sent, whatever happened to the question.
fn before_write(error: ApiError) -> ApiError {
    let kind = if error.kind == ErrorKind::LostAnswer { ErrorKind::Unreachable } else { error.kind };
    ApiError { kind, sent: false, pending: false, ..error }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}
