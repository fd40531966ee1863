//! The style, the script and the icon of the pages: part of the program, so that they need no network.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

pub(super) const STYLE: &str = "console.css";
pub(super) const SCRIPT: &str = "console.js";
pub(super) const ICON: &str = "icon.svg";

const FILES: [(&str, &str, &str); 3] = [
    (STYLE, "text/css; charset=utf-8", include_str!("console.css")),
    (SCRIPT, "text/javascript; charset=utf-8", include_str!("console.js")),
    (ICON, "image/svg+xml", include_str!("icon.svg")),
];

/// Changes with the files, so that a browser never mixes those of two versions.
pub(super) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut all = Sha256::new();
        FILES.iter().for_each(|(_, _, text)| all.update(text));
        hex::encode(all.finalize()).chars().take(12).collect()
    });
    &VERSION
}

pub(super) async fn get(Path(name): Path<String>) -> Response {
    let Some((_, kind, text)) = FILES.iter().find(|(file, _, _)| *file == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, *text).into_response()
}
