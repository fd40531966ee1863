//! A simulated server on a real port.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::StatusCode,
    response::IntoResponse,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::environment::{Request, Response};

/// What answers: a sandbox, or a whole world around one.
pub type Answer = dyn Fn(&Request) -> Response + Send + Sync;

/// The largest body that is taken, in bytes.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// Serves until `stop`. Under `/subdirectory/` if there is one, as a server behind another lives there; then everything
/// else is unknown.
pub async fn serve(
    listener: TcpListener,
    subdirectory: Option<&str>,
    answer: Arc<Answer>,
    stop: CancellationToken,
) -> io::Result<()> {
    axum::serve(listener, router(subdirectory, answer)).with_graceful_shutdown(stop.cancelled_owned()).await
}

struct Served {
    /// The path that everything begins with, without a slash at the end.
    root: String,
    answer: Arc<Answer>,
}

/// Everything that comes goes to `answer`.
fn router(subdirectory: Option<&str>, answer: Arc<Answer>) -> Router {
    let name = subdirectory.map(|name| name.trim_matches('/')).filter(|name| !name.is_empty());
    let root = name.map(|name| format!("/{name}")).unwrap_or_default();
    Router::new().fallback(handle).with_state(Arc::new(Served { root, answer }))
}

async fn handle(
    State(served): State<Arc<Served>>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let below = path.strip_prefix(&served.root).filter(|below| below.starts_with('/'));
    let Some(url) = below.and_then(|below| Url::parse(&format!("http://sandbox{below}")).ok()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = Request {
        method: head.method,
        url,
        headers: head.headers,
        body: Some(body).filter(|body| !body.is_empty()),
        lane: None,
        timeout: Duration::MAX,
        sees_it_through: false,
        fresh_until: None,
        max_answer: usize::MAX,
    };
    // Whatever answers may have to wait for its turn, and that must not hold up other connections.
    let answered = tokio::task::spawn_blocking(move || (served.answer)(&request)).await;
    let Ok(found) = answered else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = axum::response::Response::new(Body::from(found.body));
    *response.status_mut() = StatusCode::from_u16(found.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = found.headers;
    response
}

#[cfg(test)]
mod tests {
    use axum::http::Request as HttpRequest;
    use bytes::Bytes;
    use http::HeaderMap;
    use tower::ServiceExt as _;

    use super::*;

    /// What arrives where, from a server that says only what it was asked.
    async fn asked(subdirectory: Option<&str>, path: &str, body: Vec<u8>) -> (u16, String) {
        let answer = |request: &Request| {
            let length = request.body.as_ref().map_or(0, Bytes::len);
            let said = format!("{} {} {length}", request.method, request.url.path());
            Response { status: 200, headers: HeaderMap::new(), body: said.into() }
        };
        let router = router(subdirectory, Arc::new(answer));
        let request = HttpRequest::builder().method("POST").uri(path).body(Body::from(body)).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let said = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(said.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_subdirectory_is_taken_off_and_everything_else_is_unknown() {
        let said = |text: &str| (200, text.to_owned());
        assert_eq!(asked(None, "/a//b/%20", vec![]).await, said("POST /a//b/%20 0"));
        assert_eq!(asked(Some("/sub/"), "/sub/a/", vec![1]).await, said("POST /a/ 1"));
        assert_eq!(asked(Some("sub"), "/a/", vec![]).await.0, 404);
        assert_eq!(asked(Some("sub"), "/subway/", vec![]).await.0, 404);
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_not_taken() {
        assert_eq!(asked(None, "/", vec![0; LARGEST_BODY]).await.0, 200);
        assert_eq!(asked(None, "/", vec![0; LARGEST_BODY + 1]).await.0, 413);
    }
}
