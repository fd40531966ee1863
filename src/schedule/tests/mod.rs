//! The schedule as a whole: tables of what must come out, and properties held against a second implementation.

mod golden;
mod properties;

use jiff::Timestamp;

use super::{Cron, Zone};

fn zone(name: &str) -> Zone {
    Zone::get(name).unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The instants at which `text` is due after `from`, in order.
fn upcoming(text: &str, zone: &Zone, from: Timestamp) -> impl Iterator<Item = Timestamp> + use<> {
    let cron = Cron::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let zone = zone.clone();
    std::iter::successors(cron.next_after(from, &zone), move |last| cron.next_after(*last, &zone))
}
