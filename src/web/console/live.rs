//! `GET /live`: the regions of a page that have changed, as server-sent events, for as long as somebody looks.
//!
//! A region is sent whole when its text is another one. What a page shows is the same for everybody, so that it is made once for
//! all who look at it.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};

use super::{
    page::{self, Region},
    pages,
    place::{Place, Query},
    scene,
};
use crate::{
    store::StoreError,
    web::{Shared, board::Viewer},
};

/// How many streams there may be at once: the other half of the connections stays free for webhooks.
const STREAMS: usize = 128;
/// How many pages are kept as they were last made.
const KEPT: usize = 64;
/// The shortest time between two looks at the same page, in which a run's many small changes gather.
const APART: Duration = Duration::from_secs(1);

/// A page is made anew so many times as late as it took to make: those who look at one that is dear do not slow down what matters.
const COST: u32 = 20;

/// The longest time between two looks.
const LONGEST: Duration = Duration::from_secs(30);

/// A region as it is sent: its id, its version and its text.
type Made = (String, String, String);

/// A page as it was last made.
#[derive(Clone)]
struct Kept {
    /// At which change of anything.
    change: u64,
    /// How long it took.
    took: Duration,
    regions: Arc<Vec<Made>>,
}

/// Those who look, and what was last made for them.
pub(in crate::web) struct Streams {
    places: Arc<Semaphore>,
    /// By the address of the page: each is made once for all who look at it.
    made: Mutex<HashMap<String, Arc<Mutex<Option<Kept>>>>>,
    /// Bounds what the pages cost: so many are made at once.
    making: Semaphore,
}

impl Default for Streams {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(STREAMS)), made: Mutex::default(), making: Semaphore::new(2) }
    }
}

/// The version of a text.
fn version(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(&digest[..6])
}

/// The version of all regions of a page together.
pub(super) fn version_of<'r>(regions: impl Iterator<Item = &'r Region>) -> String {
    let mut versions: Vec<String> =
        regions.map(|region| format!("{}={}", region.id, version(&region.markup.0))).collect();
    versions.sort();
    version(&versions.join(" "))
}

/// One who looks.
struct Stream {
    shared: Arc<Shared>,
    headers: HeaderMap,
    place: Place,
    query: Query,
    address: String,
    /// The versions that were sent, by region; none before the first time.
    sent: Option<HashMap<String, String>>,
    /// The version of the whole page that the browser has.
    has: String,
    changes: watch::Receiver<u64>,
    /// How long changes gather.
    pause: Duration,
    /// Nothing more is sent.
    over: bool,
    _viewer: Viewer,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn stream(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if shared.auth.by_cookie(&headers, &shared.users()).is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let query = Query::parse(&query.unwrap_or_default());
    let address = query.get("at").unwrap_or_default().to_owned();
    let Some((place, of_place)) = Place::parse_with_query(&address) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(permit) = Arc::clone(&shared.streams.places).try_acquire_owned() else {
        tracing::warn!("more pages are open than are kept up to date");
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")]).into_response();
    };
    let stream = Stream {
        headers,
        place,
        query: of_place,
        address,
        sent: None,
        has: query.get("v").unwrap_or_default().to_owned(),
        changes: shared.board.version(),
        pause: APART,
        over: false,
        _viewer: shared.board.attend(),
        _place: permit,
        shared,
    };
    let events = stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    // A proxy that gathers answers before it hands them on would keep everything back.
    let headers = [(header::HeaderName::from_static("x-accel-buffering"), "no")];
    // An event and no comment: the page hears of it, and knows that it is not forgotten.
    let alive =
        KeepAlive::new().interval(Duration::from_secs(15)).event(Event::default().event("alive").data(""));
    (headers, Sse::new(events).keep_alive(alive)).into_response()
}

impl Stream {
    /// The next event; none at the end.
    async fn next(&mut self) -> Option<Event> {
        let stopping = self.shared.state.stopping.clone();
        while !self.over {
            if self.sent.is_some() {
                let pause = self.pause;
                tokio::select! {
                    () = stopping.cancelled() => return None,
                    changed = async {
                        self.changes.changed().await.ok()?;
                        tokio::time::sleep(pause).await;
                        Some(())
                    } => changed?,
                }
            }
            if stopping.is_cancelled() {
                return None;
            }
            // Whoever was logged out or removed sees nothing more.
            if !self.shared.auth.is_in(&self.headers, &self.shared.users()) {
                self.over = true;
                return Some(Event::default().event("gone").data(""));
            }
            let made = self.made().await?;
            self.pause = (made.took * COST).clamp(APART, LONGEST);
            let first = self.sent.is_none();
            if let Some(patch) = self.patch(&made.regions) {
                return Event::default().event("patch").json_data(patch).ok();
            }
            if first {
                return Some(Event::default().event("alive").data(""));
            }
        }
        None
    }

    /// The page as it is now, made now or by somebody else who looks at it.
    async fn made(&mut self) -> Option<Kept> {
        let of_page = {
            let mut pages = self.shared.streams.made.lock().await;
            // What nobody looks at any more makes room.
            if pages.len() >= KEPT {
                pages.retain(|_, page| Arc::strong_count(page) > 1);
            }
            Arc::clone(pages.entry(self.address.clone()).or_default())
        };
        let mut kept = of_page.lock().await;
        let change = *self.changes.borrow_and_update();
        if let Some(made) = kept.as_ref().filter(|made| made.change >= change) {
            return Some(made.clone());
        }
        // The semaphore is never closed.
        let _place = self.shared.streams.making.acquire().await.ok()?;
        let began = Instant::now();
        let scene = scene(&self.shared, self.place.clone(), self.address.clone());
        let query = self.query.clone();
        let made = tokio::task::spawn_blocking(move || -> Result<_, StoreError> {
            let mut regions = page::frame_regions(&scene)?;
            regions.extend(pages::make(&scene, &query)?.map(|page| page.regions).unwrap_or_default());
            let made = regions.into_iter().map(|region| {
                let text = region.markup.into_string();
                (region.id, version(&text), text)
            });
            Ok(made.collect::<Vec<_>>())
        });
        match made.await.ok()? {
            Ok(regions) => {
                let made = Kept { change, took: began.elapsed(), regions: Arc::new(regions) };
                *kept = Some(made.clone());
                Some(made)
            }
            Err(error) => {
                tracing::warn!(%error, "a page could not be brought up to date");
                None
            }
        }
    }

    /// What the browser does not have yet: `{"ids": [...], "changed": [[id, version, text], ...]}`.
    fn patch(&mut self, made: &[Made]) -> Option<serde_json::Value> {
        let sent = match &self.sent {
            Some(sent) => sent,
            None => {
                let mut versions: Vec<String> =
                    made.iter().map(|(id, version, _)| format!("{id}={version}")).collect();
                versions.sort();
                let is_new = version(&versions.join(" ")) == self.has;
                let known: HashMap<String, String> = if is_new {
                    made.iter().map(|(id, version, _)| (id.clone(), version.clone())).collect()
                } else {
                    HashMap::new()
                };
                self.sent.insert(known)
            }
        };
        let changed: Vec<&Made> =
            made.iter().filter(|(id, version, _)| sent.get(id) != Some(version)).collect();
        let gone = sent.len() > made.len();
        if changed.is_empty() && !gone {
            return None;
        }
        let ids: Vec<&str> = made.iter().map(|(id, ..)| id.as_str()).collect();
        let patch = serde_json::json!({ "ids": ids, "changed": changed });
        self.sent = Some(made.iter().map(|(id, version, _)| (id.clone(), version.clone())).collect());
        Some(patch)
    }
}
