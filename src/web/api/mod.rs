//! `/api/v1/...`: the same things as the console has, for programs. The commands of uproctor use it too.
//!
//! `table.rs` lists every route; the router and the OpenAPI document are both made from it. Who asks is told by a token, never by
//! the cookie of a browser, so that no page elsewhere can have anything done.

mod acts;
mod asked;
mod openapi;
mod reading;
mod schema;
mod table;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, RawQuery, State, rejection::RawPathParamsRejection},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Shared, answer::Answer, auth::Who, body};
use crate::store::StoreError;
use asked::Asked;
use reading::Reading;
use table::{Handler, Method, ROUTES, Route};

/// The routes of the API.
pub(super) fn router() -> Router<Arc<Shared>> {
    let mut router = Router::new().route("/api/v1/{*rest}", any(nothing_here));
    for route in ROUTES {
        let receive = move |State(shared): State<Arc<Shared>>,
                            path: Result<RawPathParams, RawPathParamsRejection>,
                            RawQuery(query): RawQuery,
                            headers: HeaderMap,
                            body: Body| async move {
            let answered = receive(route, &shared, path.ok(), query, &headers, body).await;
            let mut answer = answered.unwrap_or_else(|refused| refused).into_response();
            answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            answer
        };
        let method = match route.method {
            Method::Get => get(receive),
            Method::Post => post(receive),
        };
        router = router.route(route.path, method.fallback(move || async { wrong_method(route.method) }));
    }
    router
}

/// One request, from its token to its answer.
async fn receive(
    route: &'static Route,
    shared: &Arc<Shared>,
    path: Option<RawPathParams>,
    query: Option<String>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Answer, Answer> {
    let who = match route.role {
        None => None,
        Some(role) => {
            let who = known(shared, headers)?;
            who.must_be(role)?;
            Some(who)
        }
    };
    let asked = Asked::of(route, path.as_ref(), query.as_deref().unwrap_or_default())?;
    match (route.handler, who) {
        (Handler::Read(read), _) => {
            let reading = Reading::of(shared, asked);
            // The store and a first look at the sessions block.
            let made = tokio::task::spawn_blocking(move || read(&reading)).await;
            let made = made.map_err(|error| {
                tracing::error!(%error, "an answer could not be made");
                Answer::error(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "an internal error: the log of uproctor tells more",
                )
            })?;
            made.map(|value| Answer::new(StatusCode::OK, value))
        }
        (Handler::Act(act), Some(who)) => {
            shared.check_running()?;
            let asked = asked.with_body(body::read(body, shared.body_time).await?);
            let done = act(shared, &who, &asked).await;
            shared.board.changed();
            done
        }
        (Handler::Document, _) => Ok(Answer::new(StatusCode::OK, openapi::document())),
        // The table gives each act a role, which a test holds.
        (Handler::Act(_), None) => Err(unknown()),
    }
}

/// Who asks, by their token.
pub(super) fn known(shared: &Shared, headers: &HeaderMap) -> Result<Who, Answer> {
    shared.auth.by_token(headers, &shared.users()).ok_or_else(|| {
        tracing::warn!("a request of a program came without a right token");
        unknown()
    })
}

fn unknown() -> Answer {
    Answer::error(
        StatusCode::UNAUTHORIZED,
        "the token is missing or not one of this daemon: send `Authorization: Bearer TOKEN`; `uproctor user token NAME` \
         makes one",
    )
}

fn wrong_method(right: Method) -> Answer {
    match right {
        Method::Get => Answer::wrong_method("GET, HEAD", "this address only answers GET"),
        Method::Post => Answer::wrong_method(
            "POST",
            "this address only takes POST requests: it is for programs and for the commands of uproctor",
        ),
    }
}

async fn nothing_here() -> Response {
    Answer::error(
        StatusCode::NOT_FOUND,
        "there is nothing at this address: /api/v1/openapi.json lists what there is. A command of another version than the \
         daemon asks for other addresses",
    )
    .into_response()
}

/// The answer where the store does not read.
pub(super) fn not_read(error: &StoreError) -> Answer {
    tracing::error!(%error, "the store cannot be read for a program");
    Answer::error(StatusCode::SERVICE_UNAVAILABLE, format!("the store cannot be read: {error}"))
        .retry_after(30)
}
