//! The intervention log as a file.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

use super::{
    super::{place::Query, visitor::Visitor},
    log,
};
use crate::{
    store::{StoreError, log_csv},
    web::Shared,
};

/// `GET /log.csv`.
pub(in crate::web::console) async fn csv(
    State(shared): State<Arc<Shared>>,
    Visitor(_): Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    export(&shared, query, true).await
}

/// `GET /log.json`: an entry a line.
pub(in crate::web::console) async fn json(
    State(shared): State<Arc<Shared>>,
    Visitor(_): Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    export(&shared, query, false).await
}

async fn export(shared: &Shared, query: Option<String>, csv: bool) -> Response {
    let filter = log::filter(&Query::parse(&query.unwrap_or_default()));
    let history = Arc::clone(&shared.state.history);
    let made = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, StoreError> {
        let mut bytes = if csv { log_csv::header() } else { Vec::new() };
        history.each_intervention(&filter, |entry, value| {
            bytes.extend(if csv {
                log_csv::row(entry, value)
            } else {
                log_csv::json(entry, value).into_bytes()
            });
        })?;
        Ok(bytes)
    });
    let (kind, name) = if csv {
        ("text/csv; charset=utf-8", "attachment; filename=\"interventions.csv\"")
    } else {
        ("application/x-ndjson", "attachment; filename=\"interventions.jsonl\"")
    };
    match made.await {
        Ok(Ok(bytes)) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
                (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
            ];
            (headers, bytes).into_response()
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the log could not be exported");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the log could not be exported");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
