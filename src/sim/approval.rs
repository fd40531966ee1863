//! When somebody looks at the plans of a rehearsal.

use std::{fmt, str::FromStr, time::Duration};

use crate::domain::{format_duration, parse_duration};

/// When what waits is approved: plans are looked at so long after the first of them came, and all that wait then are
/// approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// After so long.
    After(Duration),
    /// Nobody looks, and plans expire.
    Never,
}

/// Why a text does not say when.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not say when plans are approved: write a time such as \"2m\", or \"never\"")]
pub struct ApprovalError(String);

impl Default for Approval {
    fn default() -> Self {
        Self::After(Duration::from_mins(2))
    }
}

impl FromStr for Approval {
    type Err = ApprovalError;

    fn from_str(text: &str) -> Result<Self, ApprovalError> {
        match text.trim() {
            "never" => Ok(Self::Never),
            text => parse_duration(text).map(Self::After).map_err(|_| ApprovalError(text.to_owned())),
        }
    }
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(time) => f.write_str(&format_duration(*time)),
            Self::Never => f.write_str("never"),
        }
    }
}
