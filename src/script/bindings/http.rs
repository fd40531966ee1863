//! `http::`: other servers, as far as the configuration lists them.

use std::collections::BTreeMap;

use rhai::{Dynamic, Map, Module, exported_module, plugin::*};
use serde_json::Value;

use super::{context, options};
use crate::{
    effects::{Outgoing, Posted, Verb},
    environment::{Response, TransportError, TransportReason},
    script::{
        error::{Ending, RhaiResultOf, bad_argument, end, raise_effect, throw},
        records::{to_dynamic, to_json},
    },
};

/// The functions of `http::`.
pub(super) fn module() -> Module {
    exported_module!(http_)
}

/// What a script wants to send, or to read where there is no body.
fn outgoing(function: &str, url: &str, body: Option<(Verb, &Dynamic)>, more: &Map) -> RhaiResultOf<Outgoing> {
    let given = options(function, more, &["headers"])?;
    let mut headers = BTreeMap::new();
    for (name, value) in given.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str();
        let value =
            value.ok_or_else(|| bad_argument(function, &format!("the header {name:?} is no text")))?;
        headers.insert(name.clone(), value.to_owned());
    }
    let (verb, body) = match body {
        None => (Verb::default(), None),
        Some((verb, body)) if body.is_string() => (verb, Some(body.to_string())),
        Some((verb, body)) => (verb, Some(to_json(body)?.to_string())),
    };
    Ok(Outgoing { url: url.to_owned(), headers, body, verb })
}

/// Sends a body, once.
fn send(
    ctx: &NativeCallContext,
    function: &str,
    url: &str,
    body: (Verb, &Dynamic),
    more: &Map,
) -> RhaiResultOf<Map> {
    let context = context(ctx)?;
    context.before_writing(function)?;
    let outgoing = outgoing(function, url, Some(body), more)?;
    let sent = context.tools.door.post(&context.actor, &outgoing, &context.tools.http);
    let why = match sent.map_err(|error| raise_effect(error, function))? {
        Posted::Now(result) => return answer(function, result),
        Posted::Kept => context.actor.kept_key(),
        Posted::Before => "made_before",
    };
    let kept = [("status".into(), 200_i64.into()), ("body".into(), Dynamic::UNIT), (why.into(), true.into())];
    Ok(kept.into_iter().collect())
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
    use rhai::{Map, NativeCallContext};

    use super::{answer, outgoing, send};
    use crate::{
        domain::TraceKind,
        effects::Verb,
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
        let request = outgoing("http::get", url, None, &more)?.request(&context.tools.http);
        let request = request.map_err(|error| raise_effect(error, "http::get"))?;
        context.note(
            TraceKind::Call,
            format!("http::get {}{}", request.url.authority(), request.url.path()),
            None,
        );
        answer("http::get", context.tools.env.execute(request, &context.actor.scope))
    }

    /// Sends a body (a map or array as JSON, a text as it is) to a server that the configuration lists. Sent once, never
    /// repeated by itself. Gives `#{status, body}`; with `made_before` where an earlier run that this one goes on for has sent it. Needs `http.post`.
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
        send(&ctx, "http::post", url, (Verb::Post, &body), &more)
    }

    /// Changes what is there on a server that the configuration lists, in the same way. Needs `http.patch`.
    ///
    /// ```rhai
    /// http::patch("https://api.example.org/studies/1/", #{ places: 24 });
    /// ```
    #[rhai_fn(name = "patch", volatile, return_raw)]
    pub fn patch(ctx: NativeCallContext, url: &str, body: Dynamic) -> RhaiResultOf<Map> {
        patch_with(ctx, url, body, Map::new())
    }

    /// The same with options: `headers` (a map).
    ///
    /// ```rhai
    /// http::patch("https://api.example.org/studies/1/", #{ n: 1 }, #{ headers: #{ "x-kind": "lab" } });
    /// ```
    #[rhai_fn(name = "patch", volatile, return_raw)]
    pub fn patch_with(ctx: NativeCallContext, url: &str, body: Dynamic, more: Map) -> RhaiResultOf<Map> {
        send(&ctx, "http::patch", url, (Verb::Patch, &body), &more)
    }
}
