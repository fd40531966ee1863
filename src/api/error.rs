//! What can go wrong with a call, and whether the server can have acted on it all the same.

use std::{fmt, time::Duration};

use crate::environment::Stopped;

/// A call that brought no answer that could be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The endpoint by its name in the table, for example `players.advance`; for raw calls the path as it was given.
    pub endpoint: String,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// One sentence or two for a person: what was wrong, where, and what to do. Never holds the token.
    pub message: String,
    /// Whether the request can have reached the server.
    pub sent: bool,
    /// Whether the request may still be on its way and be carried out later: nobody waited for its end.
    pub pending: bool,
    /// How long the server asked to be left alone from its answer on (`Retry-After`), if it did.
    pub retry_after: Option<Duration>,
}

/// The kinds of failure, as scripts tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No connection: the request never left.
    Unreachable,
    /// The request was sent and no answer came that could be used. A write may have been carried out.
    LostAnswer,
    /// 401: the token is wrong.
    Unauthorized,
    /// There is no such session, room, player or configuration.
    NotFound,
    /// 400, 403 and their like: the server understood and declined.
    Refused,
    /// 422: the arguments do not fit.
    Invalid,
    /// 5xx. A write may have been carried out, in part or as a whole.
    ServerError,
    /// An answer that the contract does not know: no JSON, another shape, a redirect, too large.
    BadAnswer,
    /// This server has no such endpoint, or not with these arguments.
    Unsupported,
    /// What answers is no uproot server, or one whose API is not known.
    UnknownServer,
    /// The call itself is wrong. Nothing was sent.
    BadCall,
    /// 429: something in front of the server asks for fewer calls.
    TooManyRequests,
    /// The work this call belonged to was ended from outside.
    Stopped(Stopped),
}

impl ErrorKind {
    /// The kind as scripts and logs write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::LostAnswer => "lost_answer",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Invalid => "invalid",
            Self::ServerError => "server_error",
            Self::BadAnswer => "bad_answer",
            Self::Unsupported => "unsupported",
            Self::UnknownServer => "unknown_server",
            Self::BadCall => "bad_call",
            Self::TooManyRequests => "too_many_requests",
            Self::Stopped(_) => "stopped",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ApiError {
    /// Whether the server can have carried the call out although this error came back.
    ///
    /// `false` is a promise: the request never left, or the server (or something before it) declined it as a whole.
    /// The server checks token, path, body and session before it acts, so 3xx and 4xx answers mean that nothing
    /// happened; a 5xx says nothing, as some calls act on one player after another and fail in the middle.
    pub fn may_have_acted(&self) -> bool {
        let redirect = matches!(self.status, Some(300..=399));
        self.sent
            && match self.kind {
                ErrorKind::LostAnswer | ErrorKind::ServerError | ErrorKind::Stopped(_) => true,
                ErrorKind::BadAnswer => !redirect,
                ErrorKind::Unreachable
                | ErrorKind::Unauthorized
                | ErrorKind::NotFound
                | ErrorKind::Refused
                | ErrorKind::Invalid
                | ErrorKind::Unsupported
                | ErrorKind::UnknownServer
                | ErrorKind::BadCall
                | ErrorKind::TooManyRequests => false,
            }
    }

    /// An error found before anything was sent.
    pub fn unsent(kind: ErrorKind, endpoint: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            endpoint: endpoint.to_owned(),
            status: None,
            message: message.into(),
            sent: false,
            pending: false,
            retry_after: None,
        }
    }

    /// An error read from an answer, so that the request did reach a server.
    pub(super) fn answered(kind: ErrorKind, endpoint: &str, status: u16, message: impl Into<String>) -> Self {
        Self {
            kind,
            endpoint: endpoint.to_owned(),
            status: Some(status),
            message: message.into(),
            sent: true,
            pending: gave_up_waiting(status),
            retry_after: None,
        }
    }
}

/// Whether something before the server only did not want to wait any longer, so that the server may still act: 504, and what
/// proxies use beside it (520, 522 and 524 of Cloudflare, 598 and 599 of others).
pub(super) fn gave_up_waiting(status: u16) -> bool {
    matches!(status, 504 | 520 | 522 | 524 | 598 | 599)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.endpoint, self.message)
    }
}

impl std::error::Error for ApiError {}
