//! Which path and method lead where, in each generation. This table is the sandbox's own and is not taken from the
//! client's, so that a mistake in one is found by the other.

use super::Endpoint::{self, *};
use crate::api::Generation;

/// One route. A path that is empty is not there in that generation; `{}` stands for a name.
struct Route {
    method: &'static str,
    contract: &'static str,
    toggling: &'static str,
    newest: &'static str,
    endpoint: Endpoint,
}

const fn all(method: &'static str, path: &'static str, endpoint: Endpoint) -> Route {
    Route { method, contract: path, toggling: path, newest: path, endpoint }
}

const fn two(method: &'static str, contract: &'static str, later: &'static str, endpoint: Endpoint) -> Route {
    Route { method, contract, toggling: later, newest: later, endpoint }
}

const fn three(
    method: &'static str,
    [contract, toggling, newest]: [&'static str; 3],
    endpoint: Endpoint,
) -> Route {
    Route { method, contract, toggling, newest, endpoint }
}

/// All routes. Of those whose path fits and whose method does not, the first says which method is allowed.
const ROUTES: [Route; 60] = [
    all("GET", "sessions/", Sessions),
    two("GET", "session/{}/", "sessions/{}/", Session),
    all("POST", "sessions/", CreateSession),
    two("PATCH", "session/{}/active/", "sessions/{}/active/", Active),
    two("PATCH", "session/{}/testing/", "sessions/{}/testing/", Testing),
    two("PATCH", "session/{}/description/", "sessions/{}/description/", Description),
    two("PATCH", "session/{}/settings/", "sessions/{}/settings/", Settings),
    two("GET", "session/{}/players/", "sessions/{}/players/", Players),
    three(
        "GET",
        ["session/{}/players/online/", "sessions/{}/players/online/", "sessions/{}/online-players/"],
        Online,
    ),
    three("GET", ["", "", "sessions/{}/players/{}/"], Player),
    two("PATCH", "session/{}/players/fields/", "sessions/{}/players/fields/", Fields),
    two("POST", "session/{}/players/advance/", "sessions/{}/players/advance/", Advance),
    two("POST", "session/{}/players/revert/", "sessions/{}/players/revert/", Revert),
    two("POST", "session/{}/players/end/", "sessions/{}/players/end/", End),
    two("POST", "session/{}/players/reload/", "sessions/{}/players/reload/", Reload),
    two("POST", "session/{}/players/redirect/", "sessions/{}/players/redirect/", Redirect),
    two("POST", "session/{}/players/message/", "sessions/{}/players/message/", Message),
    two("POST", "session/{}/players/dropout/", "sessions/{}/players/dropout/", Dropout),
    two("POST", "", "sessions/{}/players/timeout/", Timeout),
    two("POST", "", "sessions/{}/players/group/", Group),
    two("POST", "", "sessions/{}/players/initialize/", InitializePlayers),
    two("POST", "", "sessions/{}/initialize/", InitializeSession),
    two("GET", "", "sessions/{}/multiview/", Multiview),
    two("GET", "", "sessions/{}/admin-chat/", Chats),
    two("GET", "", "sessions/{}/players/{}/admin-chat/", Chat),
    two("POST", "", "sessions/{}/players/{}/admin-chat/", Chatting),
    two("PATCH", "", "sessions/{}/players/{}/admin-chat/replies/", Replies),
    two("POST", "", "sessions/{}/players/admin-chat/", Broadcast),
    two("PATCH", "", "sessions/{}/players/admin-chat/replies/", RepliesOfAll),
    two("GET", "session/{}/data/", "sessions/{}/data/", Data),
    two("GET", "session/{}/data/csv/", "", DataCsv),
    two("GET", "session/{}/data/json/", "", DataJson),
    two("GET", "", "sessions/{}/data/export/", DataArchive),
    two("GET", "", "sessions/{}/data/jsonl/", DataLines),
    three("GET", ["session/{}/page-times/", "sessions/{}/page-times/", ""], PageTimes),
    two("GET", "session/{}/digest/", "sessions/{}/digests/", Digests),
    two("GET", "", "sessions/{}/digests/{}/", Digest),
    two("GET", "", "sessions/{}/pipelines/", Pipelines),
    two("GET", "", "sessions/{}/pipelines/{}/runs/", Pipeline),
    two("POST", "", "sessions/{}/pipelines/{}/runs/", Pipeline),
    all("GET", "rooms/", Rooms),
    two("GET", "room/{}/", "rooms/{}/", Room),
    all("POST", "rooms/", CreateRoom),
    two("PATCH", "room/{}/", "rooms/{}/", UpdateRoom),
    two("DELETE", "room/{}/", "rooms/{}/", DeleteRoom),
    two("POST", "room/{}/disassociate/", "", Disassociate),
    two("DELETE", "", "rooms/{}/sessions/", Disassociate),
    two("PATCH", "room/{}/open/", "rooms/{}/open/", OpenRoom),
    two("PATCH", "", "rooms/{}/capacity/", RoomCapacity),
    two("POST", "room/{}/close/", "rooms/{}/close/", CloseRoom),
    two("POST", "room/{}/session/", "rooms/{}/sessions/", StartInRoom),
    two("GET", "room/{}/online/", "rooms/{}/online/", RoomOnline),
    all("GET", "configs/", Configs),
    two("GET", "configs/{}/summary/", "configs/{}/", Config),
    two("GET", "", "dashboard/", Dashboard),
    all("GET", "announcements/", Announcements),
    all("GET", "auth/sessions/", AuthSessions),
    two("GET", "", "database/dump/", Dump),
    three("GET", ["", "", "project/archive/"], Archive),
    all("GET", "status/", Status),
];

/// Why a request leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoute {
    /// There is nothing under this path.
    Unknown,
    /// There is something for this method.
    Method(&'static str),
}

/// Where a request leads, and the names in its path. `path` is what follows `admin/api/v1/`, decoded.
pub(super) fn route(
    generation: Generation,
    method: &str,
    path: &str,
) -> Result<(Endpoint, Vec<String>), NoRoute> {
    let mut allowed = None;
    for route in &ROUTES {
        let pattern = match generation {
            Generation::Contract => route.contract,
            Generation::Toggling => route.toggling,
            Generation::Newest => route.newest,
        };
        let Some(names) = fit(pattern, path).filter(|_| !pattern.is_empty()) else { continue };
        if route.method == method {
            return Ok((route.endpoint, names));
        }
        allowed = allowed.or(Some(route.method));
    }
    Err(allowed.map_or(NoRoute::Unknown, NoRoute::Method))
}

/// The names that stand for `{}`, if the path fits.
fn fit(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        let part = parts.next()?;
        if wanted == "{}" && !part.is_empty() {
            names.push(part.to_owned());
        } else if wanted != part {
            return None;
        }
    }
    parts.next().is_none().then_some(names)
}

/// A path with its percent signs resolved. What is no UTF-8 then is no name of anything.
pub(in crate::sandbox) fn decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let code = code.and_then(|code| hex::decode(code).ok()).and_then(|code| code.first().copied());
        decoded.push(code.unwrap_or(*byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_route_of_a_path_says_what_is_allowed() {
        let found = |generation, method, path| route(generation, method, path).map(|(endpoint, _)| endpoint);
        assert_eq!(found(Generation::Contract, "GET", "session/x/"), Ok(Session));
        assert_eq!(found(Generation::Newest, "GET", "session/x/"), Err(NoRoute::Unknown));
        assert_eq!(found(Generation::Newest, "GET", "sessions"), Err(NoRoute::Unknown));
        assert_eq!(found(Generation::Newest, "GET", "sessions//"), Err(NoRoute::Unknown));
        assert_eq!(
            found(Generation::Newest, "PUT", "sessions/x/players/advance/"),
            Err(NoRoute::Method("GET"))
        );
        assert_eq!(
            found(Generation::Toggling, "PUT", "sessions/x/players/advance/"),
            Err(NoRoute::Method("POST"))
        );
    }

    #[test]
    fn percent_signs_are_resolved() {
        assert_eq!(decode("a%20b/%C3%A9%"), "a b/é%");
        assert_eq!(decode("%FF"), "\u{fffd}");
    }
}
