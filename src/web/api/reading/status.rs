//! `/status`: how everything does.

use serde_json::{Value, json};

use super::{Reading, hold, millis, read};
use crate::{domain::Held, web::answer::Answer};

pub(in crate::web::api) fn status(reading: &Reading) -> Result<Value, Answer> {
    let tools = &reading.shared.state.tools;
    let (history, config) = (reading.history(), &reading.routes.config);
    let sizes = read(history.sizes())?;
    let waits = read(history.waits_for_people())?;
    let holds = reading.holds()?;
    let everything = holds.iter().find(|one| one.held == Held::Everything);
    let health = tools.client.health();
    let of_mode = |word: &str| config.automations.iter().filter(|one| one.mode.as_str() == word).count();
    let ready = reading.shared.not_ready();
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "now": millis(reading.now),
        "started": millis(reading.shared.board.started),
        "ready": ready.is_empty(),
        "not_ready": ready,
        "refused": reading.shared.state.refused.why(),
        "paused": everything.map(hold),
        "server": {
            "url": config.uproot.url.to_string(),
            "answered": health.answered.map(millis),
            "took": health.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            "failing": health.failing,
            "clock_skew": tools.client.clock_skew().map(|skew| i64::try_from(skew.as_millis()).unwrap_or_default()),
        },
        "automations": {
            "live": of_mode("live"),
            "approve": of_mode("approve"),
            "dry-run": of_mode("dry-run"),
        },
        "queue": { "waiting": sizes.waiting, "running": sizes.running, "claimed": sizes.claimed },
        "people": { "plans": waits.plans, "dead": waits.dead, "holds": holds.len() },
        "store": { "bytes": sizes.bytes, "events": sizes.events, "interventions": sizes.interventions },
    }))
}
