//! `GET /metrics`: what Prometheus collects and people are woken up by.
//!
//! What can be counted from the store and from what the daemon knows anyway is not counted a second time elsewhere: the page is made
//! of both when it is asked for.

mod gauges;
mod page;
mod tally;

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};

use super::{Shared, answer::Answer, api};
use crate::{config::MetricsAccess, domain::Role, store::StoreError};
use page::Page;
pub(super) use tally::Tally;

/// The text format of Prometheus.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Headers that a web server adds to what it hands on.
const HANDED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

pub(super) async fn show(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Answer> {
    let console = &shared.state.routes.get().config.console;
    if console.metrics != MetricsAccess::Open || !is_from_here(&headers) {
        api::known(&shared, &headers)?.must_be(Role::Viewer)?;
    }
    let work = Arc::clone(&shared);
    let made = tokio::task::spawn_blocking(move || make(&work)).await;
    let made = made.map_err(|error| {
        tracing::error!(%error, "the metrics could not be made");
        Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "an internal error: the log of uproctor tells more")
    })?;
    let text = made.map_err(|error| api::not_read(&error))?;
    Ok(([(header::CONTENT_TYPE, FORMAT), (header::CACHE_CONTROL, "no-store")], text).into_response())
}

fn make(shared: &Shared) -> Result<String, StoreError> {
    let mut page = Page::default();
    gauges::write(shared, &mut page)?;
    shared.tally.write(&shared.state.history, shared.state.tools.env.now(), &mut page)?;
    Ok(page.into_text())
}

/// Whether a request comes from a program on this computer, and not through a web server or from a page in a browser whose name
/// was made to lead here.
fn is_from_here(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| url::Url::parse(&format!("http://{host}/")).ok());
    let is_ours = match host.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    is_ours && !HANDED_ON.iter().any(|name| headers.contains_key(*name))
}
