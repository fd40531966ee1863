//! Page times: who was on which page from when to when, from the histories of `show_page` and `page_order`.

use std::{borrow::Cow, sync::Arc};

use super::row::{Row, Visit};
use crate::sandbox::{player::Player, session::Session, storage::Change, value::Py};

/// All visits of all players, also those of pages that were never shown.
pub(super) fn visits_of(session: &Session) -> Vec<Row<'_>> {
    let mut visits = Vec::new();
    for player in session.players.values() {
        add_player(&mut visits, &session.name, player);
    }
    visits
}

fn add_player<'a>(visits: &mut Vec<Row<'a>>, sname: &'a str, player: &'a Player) {
    let orders = player.storage.changes("page_order");
    let first = visits.len();
    for change in player.storage.changes("show_page") {
        let Some(show_page) = change.value.json().as_i64() else { continue };
        if visits.len() > first
            && let Some(Row::Visit(before)) = visits.last_mut()
        {
            before.left = Some(change.time);
        }
        visits.push(Row::Visit(Visit {
            sname,
            uname: &player.name,
            show_page,
            page_name: page_name(orders, change.time, show_page),
            entered: change.time,
            left: None,
            context: change.context,
        }));
    }
}

/// The name of a page in the order that held at a time; nothing for a number that is no page's.
fn page_name(orders: &[Change], time: f64, show_page: i64) -> Option<Cow<'_, str>> {
    let held = orders.partition_point(|order| order.time <= time).checked_sub(1)?;
    let order: Arc<[String]> = match &orders.get(held)?.value {
        Py::Texts(order) => Arc::clone(order),
        Py::Json(serde_json::Value::Array(order)) => {
            order.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect()
        }
        _ => return None,
    };
    let end = i64::try_from(order.len()).unwrap_or(i64::MAX);
    match show_page {
        at if at == end => Some("(End)".into()),
        -1 => Some("(Initialize)".into()),
        at => {
            // Numbers below nothing count from the end.
            let at = if at < 0 { at + end } else { at };
            Some(order.get(usize::try_from(at).ok()?)?.clone().into())
        }
    }
}
