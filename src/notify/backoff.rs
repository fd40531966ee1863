//! When a channel that fails is tried again.

use std::time::Duration;

use super::{Failure, Whose};

/// The longest first wait; it doubles with each failure.
const BASE: Duration = Duration::from_secs(5);
/// The longest wait.
const CAP: Duration = Duration::from_mins(10);
/// The shortest.
const LEAST: Duration = Duration::from_secs(1);

/// How long to wait after so many failures in a row, at least one: any time up to a limit that doubles (full jitter), and no
/// shorter than the service asked for. What only a person can mend is looked at as seldom as the cap allows.
pub(super) fn wait(failures: u32, failure: &Failure, random: u64) -> Duration {
    let limit = match failure.whose {
        Whose::Channel => CAP,
        Whose::Service | Whose::Message => {
            BASE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(CAP)
        }
    };
    let share = random as f64 / u64::MAX as f64;
    limit.mul_f64(share).max(LEAST).max(failure.after.unwrap_or_default())
}
