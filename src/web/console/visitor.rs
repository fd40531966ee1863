//! Who looks, and whether what their browser sends comes from a page of ours.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, Uri, request::Parts};
use maud::html;

use super::{
    page,
    place::{Place, Query, percent_encoded, way_back},
};
use crate::web::{
    Shared,
    auth::{self, Who},
    body,
};

/// Somebody who is logged in. Others are sent to log in and come back.
pub(super) struct Visitor(pub(super) Who);

impl FromRequestParts<Arc<Shared>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        match shared.auth.by_cookie(&parts.headers, &shared.users()) {
            Some(who) => Ok(Self(who)),
            None if parts.method == http::Method::POST => {
                let root = way_back(parts.uri.path().trim_start_matches('/'));
                let said = html! {
                    p.said.bad role="alert" { strong { "Nothing was done" } ": you are not logged in any more." }
                    p { a href={ (root) "login" } { "Log in" } ", and press the button again." }
                };
                Err((StatusCode::UNAUTHORIZED, page::small("Not logged in", &root, &said)).into_response())
            }
            None => Err(to_login(&parts.uri)),
        }
    }
}

pub(super) fn to_login(uri: &Uri) -> Response {
    let address = uri.path_and_query().map_or("/", |all| all.as_str()).trim_start_matches('/');
    let path = uri.path().trim_start_matches('/');
    let next = if address.is_empty() || Place::parse_with_query(address).is_none() {
        String::new()
    } else {
        format!("?next={}", percent_encoded(address))
    };
    Redirect::to(&format!("{}login{next}", way_back(path))).into_response()
}

/// The fields of a form of ours that somebody has sent.
pub(super) struct Submitted(pub(super) HashMap<String, String>);

impl Submitted {
    /// A field; empty where it is missing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Where the form stands: an address of ours, or else the first page.
    pub(super) fn back(&self, field: &str) -> (String, Query) {
        let text = self.get(field);
        match Place::parse_with_query(text) {
            Some((_, query)) => (text.to_owned(), query),
            None => (String::new(), Query::default()),
        }
    }
}

impl FromRequest<Arc<Shared>> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let root = way_back(parts.uri.path().trim_start_matches('/'));
        if !auth::is_same_origin(&parts.headers, &shared.state.routes.get().config.console) {
            tracing::warn!("a form came from another page than those of the console");
            let said = html! {
                p { "This was not sent by a page of this console, so nothing was done." }
                p { "If it was: the address in `[console] url` has to be the one you see in your browser." }
                p { a href={ (root) "./" } { "To the console" } }
            };
            let page = page::small("Not from here", &root, &said);
            return Err((StatusCode::FORBIDDEN, page).into_response());
        }
        let bytes = body::read(body, shared.body_time).await.map_err(IntoResponse::into_response)?;
        Ok(Self(url::form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}
