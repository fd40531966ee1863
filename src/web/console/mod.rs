//! The console: pages for people, made here, and kept up to date by a small script. Everything works without that script, and all
//! links are relative, so that it also works under a sub-path.

mod assets;
mod forms;
mod live;
mod login;
mod page;
mod pages;
mod place;
mod scene;
mod upkeep;
mod visitor;
mod words;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use maud::html;

use super::{Shared, answer::Answer};
use crate::{environment::Scope, schedule::Zone};
pub(super) use live::Streams;
use place::{Place, way_back};
use scene::Scene;
pub use upkeep::Upkeep;

/// How long a first look at the sessions may keep a page waiting.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// The routes of the console.
pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/login", get(login::form).post(login::submit))
        .route("/logout", post(login::leave))
        .route("/live", get(live::stream))
        .route("/do/{what}", post(forms::receive))
        .route("/assets/{name}", get(assets::get))
        .route("/log.csv", get(pages::export::csv))
        .route("/log.json", get(pages::export::json))
        .route("/", get(show).fallback(wrong_method))
        .route("/{*path}", get(show).fallback(wrong_method))
        .layer(middleware::from_fn(harden))
}

/// Headers for every answer of the console. Nothing from elsewhere is loaded, no page elsewhere frames it, and nothing stays behind in
/// caches.
async fn harden(request: Request, next: Next) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                          form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::CACHE_CONTROL, "no-store");
    set(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    answer
}

/// A page, whole.
async fn show(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let address = uri.path_and_query().map_or("", |all| all.as_str()).trim_start_matches('/').to_owned();
    let Some((place, query)) = Place::parse_with_query(&address) else {
        return nothing(&headers, &uri);
    };
    let Some(who) = shared.auth.by_cookie(&headers, &shared.users()) else { return visitor::to_login(&uri) };
    let said = shared.auth.said(&headers);
    let scene = scene(&shared, place, address);
    let made = tokio::task::spawn_blocking(move || {
        look_at_first(&scene);
        let frame = page::frame_regions(&scene)?;
        let Some(page) = pages::make(&scene, &query)? else { return Ok(None) };
        let at = place::percent_encoded(&scene.address);
        let live = format!("{at}&v={}", live::version_of(page.regions.iter().chain(&frame)));
        Ok::<_, crate::store::StoreError>(Some(page::whole(&scene, &page, &frame, &who, said, &live)))
    });
    match made.await {
        Ok(Ok(Some(page))) => page.into_response(),
        Ok(Ok(None)) => nothing(&headers, &uri),
        Ok(Err(error)) => {
            tracing::error!(%error, "a page could not be made");
            let said = html! { p { "The store cannot be read: " (error) } };
            (StatusCode::SERVICE_UNAVAILABLE, page::small("Not now", "", &said)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page is only looked at; what is no page is nothing.
async fn wrong_method(uri: Uri) -> Answer {
    match Place::parse(uri.path().trim_start_matches('/')) {
        Some(_) => Answer::wrong_method("GET", "this is a page of the console: it is only looked at"),
        None => super::no_such_address(),
    }
}

/// Before anybody has looked, and where no automation has them observed, nothing is known of the sessions.
fn look_at_first(scene: &Scene) {
    let is_about_sessions = matches!(scene.place, Place::Now | Place::Session(_) | Place::Player(..));
    if is_about_sessions && scene.tools.watch.seen().is_empty() {
        scene.tools.watch.show();
        scene.tools.watch.look_for_people(&Scope::for_duration(scene.now, FIRST_LOOK));
    }
}

/// Nothing is there: said to people as a page, to programs as JSON.
fn nothing(headers: &HeaderMap, uri: &Uri) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/html") {
        return super::no_such_address().into_response();
    }
    let root = way_back(uri.path().trim_start_matches('/'));
    let said = html! {
        p { "There is nothing at this address. What it named may have been removed." }
        p { a href={ (root) "./" } { "To the console" } }
    };
    (StatusCode::NOT_FOUND, page::small("Nothing here", &root, &said)).into_response()
}

fn scene(shared: &Shared, place: Place, address: String) -> Scene {
    let routes = shared.state.routes.get();
    Scene {
        place,
        address,
        now: shared.state.tools.env.now(),
        ahead: shared.state.tools.watch.ahead(),
        refused: shared.state.refused.why(),
        zone: routes.config.daemon.timezone.clone().unwrap_or_else(Zone::utc),
        config: Arc::clone(&routes.config),
        library: routes.library.clone(),
        tools: Arc::clone(&shared.state.tools),
        history: Arc::clone(&shared.state.history),
        board: Arc::clone(&shared.board),
    }
}
