//! Jitter: how much later than its instant a clock fires.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::AutomationName;

/// When an instant fires: it is put off by less than `most`, always by the same, and by something else than others. A
/// hash of name and instant does that without anything to remember, so that a restart moves nothing.
pub(super) fn jittered(automation: &AutomationName, instant: Timestamp, most: Duration) -> Timestamp {
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return instant;
    }
    let later = hash(automation.as_str(), instant.as_millisecond()) % millis;
    let later = SignedDuration::try_from(Duration::from_millis(later)).unwrap_or(SignedDuration::MAX);
    instant.saturating_add(later).unwrap_or(Timestamp::MAX)
}

/// FNV-1a, and the finish of SplitMix64, which spreads it: the hash of the standard library may change with its version.
fn hash(text: &str, number: i64) -> u64 {
    let bytes = text.bytes().chain(number.to_le_bytes());
    let fnv = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
