//! Random draws that are addressed instead of taken in turn: by participant, purpose and page. Whatever else happens in a
//! run, the same question gets the same answer, so that two runs that differ in one thing can be laid side by side.

use rand::{RngExt as _, distr::Distribution as _};
use rand_distr::LogNormal;
use rand_pcg::Pcg64Mcg;

/// What a draw is for; each purpose has draws of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Who somebody is: when they arrive, how fast they are, what they will do where.
    Profile = 1,
    /// How long they think about a page.
    Think,
    /// What they answer.
    Answer,
    /// When on a page they leave, and for how long.
    Leave,
    /// Whether and when they heed a message.
    Heed,
    /// When they race an admin.
    Race,
    /// When they open a second tab and close it.
    Tabs,
    /// How long they look at the last page.
    End,
    /// In which order the server puts their pages.
    Order,
}

/// Mixes two numbers into one that looks like neither.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number for a name.
pub(super) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash, u64::from(byte)))
}

/// The draws of one stream for one purpose and place.
pub(super) fn draws(stream: u64, purpose: Purpose, place: u64) -> Pcg64Mcg {
    let seed = mix(mix(stream, purpose as u64), place);
    Pcg64Mcg::new(u128::from(seed) << 64 | u128::from(mix(seed, 1)))
}

/// A duration in seconds around a median, spread as people's are; `sigma` is that of its logarithm. In whole
/// milliseconds.
pub(super) fn around(rng: &mut Pcg64Mcg, median: f64, sigma: f64) -> f64 {
    let Ok(durations) = LogNormal::new(median.ln(), sigma) else { return median };
    to_millis(durations.sample(rng))
}

/// A duration in seconds between two others. In whole milliseconds.
pub(super) fn between(rng: &mut Pcg64Mcg, least: f64, most: f64) -> f64 {
    to_millis(least + (most - least) * rng.random::<f64>())
}

fn to_millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
