//! Why a write did not happen, or is not known to have happened.

use crate::{api::ApiError, environment::Stopped, store::StoreError};

/// Why a write did not happen, or is not known to have happened.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    /// The automation may not do this. Ends the run: a script cannot catch it.
    #[error("{0}")]
    Refused(String),
    /// A guard, a hold or a pause stops it. Ends the run: a script cannot catch it.
    #[error("{0}")]
    Halted(String),
    /// The call is wrong; nothing was sent.
    #[error("{0}")]
    Bad(String),
    /// A player that the session does not have; nothing was sent.
    #[error("session {session} has no player {player}: nothing was done")]
    UnknownPlayer {
        /// The session.
        session: String,
        /// The first name that is unknown.
        player: String,
    },
    /// A step without a look; nothing was sent.
    #[error(
        "this run has not seen where {player} is in session {session}: call players::list or players::online first and \
         decide by what it says"
    )]
    NotSeen {
        /// The session.
        session: String,
        /// The player.
        player: String,
    },
    /// The server said no, or could not be asked.
    #[error("{0}")]
    Api(ApiError),
    /// Sent, and nobody knows whether it happened.
    #[error("it is not certain whether this happened: {0}")]
    Uncertain(ApiError),
    /// The run's time is over, or it was cancelled.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The ledger cannot be written, so nothing is sent.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ApiError> for EffectError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}
