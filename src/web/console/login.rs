//! Logging in and out.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, Method, StatusCode, header};
use maud::{Markup, html};
use secrecy::SecretString;

use super::{
    page,
    place::{Place, Query},
    visitor::Submitted,
    words,
};
use crate::web::{Shared, auth::Refused};

/// `GET /login`: the form; with `?key=`, logs in by a link that `uproctor console` has made.
pub(super) async fn form(
    State(shared): State<Arc<Shared>>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = Query::parse(&query.unwrap_or_default());
    let next = query.get("next").filter(|next| Place::parse_with_query(next).is_some()).unwrap_or_default();
    // Whoever only looks whether the link is there does not use it up.
    if let Some(key) = query.get("key").filter(|_| method == Method::GET) {
        return match shared.auth.log_in_by_link(key) {
            Some(token) => entered(&shared, &token, next),
            None if shared.auth.by_cookie(&headers, &shared.users()).is_some() => to(next),
            None => {
                let why = "This link was used before, or is older than ten minutes: `uproctor console` makes another.";
                (StatusCode::UNAUTHORIZED, page_of(&shared, next, "", Some(why))).into_response()
            }
        };
    }
    page_of(&shared, next, "", None).into_response()
}

/// `POST /login`.
pub(super) async fn submit(State(shared): State<Arc<Shared>>, submitted: Submitted) -> Response {
    let (next, _) = submitted.back("next");
    let name = submitted.get("name").trim();
    let password = SecretString::from(submitted.get("password").to_owned());
    match shared.auth.log_in(name, password, &shared.users()).await {
        Ok(token) => entered(&shared, &token, &next),
        Err(refused) => {
            tracing::warn!(name = ?name.chars().take(64).collect::<String>(), ?refused, "a login was refused");
            let (status, why) = match refused {
                Refused::Wrong => (StatusCode::UNAUTHORIZED, "The name or the password is wrong.".to_owned()),
                Refused::TooMany(wait) => (
                    StatusCode::TOO_MANY_REQUESTS,
                    format!(
                        "Too many attempts: try again in {}. On the computer that uproctor runs on, `uproctor console` \
                         makes a link to log in.",
                        words::seconds(wait)
                    ),
                ),
            };
            let mut answer = (status, page_of(&shared, &next, name, Some(&why))).into_response();
            if let Refused::TooMany(wait) = refused {
                answer.headers_mut().insert(header::RETRY_AFTER, wait.into());
            }
            answer
        }
    }
}

/// `POST /logout`.
pub(super) async fn leave(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    _submitted: Submitted,
) -> Response {
    shared.auth.log_out(&headers);
    let mut answer = Redirect::to("login").into_response();
    let forget = shared.auth.set_cookie(None, &shared.state.routes.get().config.console);
    forget.map(|header| answer.headers_mut().insert(header::SET_COOKIE, header));
    answer
}

fn entered(shared: &Shared, token: &SecretString, next: &str) -> Response {
    let mut answer = to(next);
    let cookie = shared.auth.set_cookie(Some(token), &shared.state.routes.get().config.console);
    cookie.map(|header| answer.headers_mut().insert(header::SET_COOKIE, header));
    answer
}

/// To a page of ours; `/login` is beside the first one.
fn to(next: &str) -> Response {
    Redirect::to(&format!("./{next}")).into_response()
}

fn page_of(shared: &Shared, next: &str, name: &str, why: Option<&str>) -> Markup {
    let has_users = !shared.users().people.is_empty();
    let content = html! {
        @if let Some(why) = why { p.said.bad role="alert" { (why) } }
        @if has_users {
            form.login method="post" action="login" {
                input type="hidden" name="next" value=(next);
                label { "Name" input name="name" value=(name) required autocomplete="username" autocapitalize="none" spellcheck="false" autofocus; }
                label { "Password" input name="password" type="password" required autocomplete="current-password"; }
                button.primary { "Log in" }
            }
            p.hint { "On the computer that uproctor runs on, " code { "uproctor console" } " makes a link that logs in without a password." }
        } @else {
            p { "Nobody can log in with a password yet." }
            p { "On the computer that uproctor runs on, " code { "uproctor console" } " makes a link that logs in, and "
                code { "uproctor user add NAME" } " makes a user." }
        }
    };
    page::small("Log in", "", &content)
}
