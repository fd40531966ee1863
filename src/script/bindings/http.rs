//! `http::`: other servers, as far as the configuration lists them.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use rhai::{Dynamic, Map, Module, exported_module, plugin::*};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::options;
use crate::{
    config::HttpSection,
    environment::{Request, Response, TransportError, TransportReason},
    script::{
        error::{Ending, RhaiResultOf, bad_argument, end, refuse, throw},
        records::{to_dynamic, to_json},
    },
};

/// The functions of `http::`.
pub(super) fn module() -> Module {
    exported_module!(http_)
}

/// The longest an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer.
const LARGEST: usize = 8 * 1024 * 1024;

/// A request to a host of the list; any other ends the run.
fn request(
    hosts: &HttpSection,
    method: Method,
    url: &str,
    body: Option<&Dynamic>,
    more: &Map,
) -> RhaiResultOf<Request> {
    let function = if method == Method::GET { "http::get" } else { "http::post" };
    let url = Url::parse(url)
        .map_err(|error| bad_argument(function, &format!("{url:?} is no address: {error}")))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let with_port = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let Some(settings) = hosts.get(&with_port) else {
        return Err(refuse(format!(
            "{function} may not reach {with_port}: add [http.\"{with_port}\"] to the configuration if it is meant to"
        )));
    };
    let local = matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]");
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err(refuse(format!(
            "{function} speaks https, and http only to this machine: {}",
            url.scheme()
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(format!("{function}: an address holds no user name and no password")));
    }
    let mut headers = HeaderMap::new();
    let given = options(function, more, &["headers"])?;
    for (name, value) in given.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let parsed = HeaderName::try_from(name.as_str())
            .ok()
            .zip(value.as_str().and_then(|v| HeaderValue::try_from(v).ok()));
        let (name, value) =
            parsed.ok_or_else(|| bad_argument(function, &format!("the header {name:?} is not valid")))?;
        headers.insert(name, value);
    }
    if let Some(authorization) = &settings.authorization {
        let mut value = HeaderValue::try_from(authorization.expose_secret()).map_err(|_| {
            refuse(format!("the authorization for {with_port} has characters that no header may hold"))
        })?;
        value.set_sensitive(true);
        headers.insert(::http::header::AUTHORIZATION, value);
    }
    let body = match body {
        None => None,
        Some(body) => {
            headers
                .entry(::http::header::CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/json"));
            let text = if body.is_string() { body.to_string() } else { to_json(body)?.to_string() };
            Some(Bytes::from(text))
        }
    };
    let sees_it_through = method != Method::GET;
    Ok(Request {
        method,
        url,
        headers,
        body,
        lane: None,
        timeout: TIMEOUT,
        sees_it_through,
        max_answer: LARGEST,
    })
}

/// `#{status, body}`: the body is what its JSON says, or its text.
fn answer(function: &str, result: Result<Response, TransportError>) -> RhaiResultOf<Map> {
    let answer = result.map_err(|error| match error.reason {
        TransportReason::Stopped(stopped) => end(Ending::Stopped(stopped)),
        _ if error.sent => throw("lost_answer", &error.message, function, None),
        _ => throw("unreachable", &error.message, function, None),
    })?;
    let body = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) => to_dynamic(&value),
        Err(_) => String::from_utf8_lossy(&answer.body).into_owned().into(),
    };
    let mut map = Map::new();
    map.insert("status".into(), i64::from(answer.status).into());
    map.insert("body".into(), body);
    Ok(map)
}

#[export_module]
mod http_ {
    use ::http::Method;
    use rhai::{Map, NativeCallContext};
    use serde_json::json;

    use super::{answer, request};
    use crate::{
        domain::TraceKind,
        effects::Outgoing,
        script::{
            bindings::context,
            error::{RhaiResultOf, raise_effect},
        },
    };

    /// Reads from a server that the configuration lists under `[http."HOST"]`, which also holds the authorization.
    /// Gives `#{status, body}`; redirects are not followed.
    ///
    /// ```rhai
    /// let study = http::get("https://api.example.org/studies/1/").body;
    /// ```
    #[rhai_fn(name = "get", volatile, return_raw)]
    pub fn get(ctx: NativeCallContext, url: &str) -> RhaiResultOf<Map> {
        get_with(ctx, url, Map::new())
    }

    /// The same with options: `headers` (a map).
    ///
    /// ```rhai
    /// http::get("https://api.example.org/studies/", #{ headers: #{ accept: "application/json" } });
    /// ```
    #[rhai_fn(name = "get", volatile, return_raw)]
    pub fn get_with(ctx: NativeCallContext, url: &str, more: Map) -> RhaiResultOf<Map> {
        let context = context(&ctx)?;
        let request = request(&context.tools.http, Method::GET, url, None, &more)?;
        context.note(
            TraceKind::Call,
            format!("http::get {}{}", request.url.authority(), request.url.path()),
            None,
        );
        answer("http::get", context.tools.env.execute(request, &context.actor.scope))
    }

    /// Sends a body (a map or array as JSON, a text as it is) to a server that the configuration lists. Sent once, never
    /// repeated by itself. Gives `#{status, body}`. Needs `http.post`.
    ///
    /// ```rhai
    /// http::post("https://hooks.example.org/lab", #{ text: "the session is full" });
    /// ```
    #[rhai_fn(name = "post", volatile, return_raw)]
    pub fn post(ctx: NativeCallContext, url: &str, body: Dynamic) -> RhaiResultOf<Map> {
        post_with(ctx, url, body, Map::new())
    }

    /// The same with options: `headers` (a map).
    ///
    /// ```rhai
    /// http::post("https://hooks.example.org/lab", #{ n: 1 }, #{ headers: #{ "x-kind": "lab" } });
    /// ```
    #[rhai_fn(name = "post", volatile, return_raw)]
    pub fn post_with(ctx: NativeCallContext, url: &str, body: Dynamic, more: Map) -> RhaiResultOf<Map> {
        let context = context(&ctx)?;
        context.only_when_running("http::post")?;
        let request = request(&context.tools.http, Method::POST, url, Some(&body), &more)?;
        let mut shown = request.url.clone();
        shown.set_query(None);
        let arguments =
            json!({ "url": shown.as_str(), "bytes": request.body.as_ref().map_or(0, bytes::Bytes::len) });
        let outgoing = Outgoing { request, arguments };
        match context
            .tools
            .door
            .post(&context.actor, outgoing)
            .map_err(|error| raise_effect(error, "http::post"))?
        {
            Some(result) => answer("http::post", result),
            None => Ok([
                ("status".into(), 200_i64.into()),
                ("body".into(), Dynamic::UNIT),
                ("dry_run".into(), true.into()),
            ]
            .into_iter()
            .collect()),
        }
    }
}
