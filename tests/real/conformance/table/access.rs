//! Who may ask, under which path, with which method.

use serde_json::json;

use crate::conformance::expect::{invalid, missing_body, no_such_path, not_allowed, not_json, ok, refused};
use crate::conformance::forms::{each, since_0_1, since_0_8};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{get, post, request};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = tokens();
    probes.extend(paths());
    probes.extend(methods());
    probes
}

fn tokens() -> Vec<Probe> {
    let unauthorized = || refused(401, "Unauthorized");
    let of_session = "{sessions}/nosuch/";
    vec![
        probe("no token").ask(get("sessions/").unsigned()).is(unauthorized()),
        probe("a wrong token").ask(get("sessions/").signed("Bearer wrong")).is(unauthorized()),
        probe("bearer in lower case").ask(get("sessions/").signed("bearer wrong")).is(unauthorized()),
        probe("another scheme").ask(get("sessions/").signed("Basic d3Jvbmc=")).is(unauthorized()),
        probe("a scheme without a token").ask(get("sessions/").signed("Bearer")).is(unauthorized()),
        probe("the token is looked at before the session").ask(get(of_session).unsigned()).is(unauthorized()),
        probe("the token is looked at before what the body says")
            .ask(post("sessions/", &json!({})).unsigned())
            .is(unauthorized()),
        probe("what is no JSON is noticed before the token")
            .ask(request("POST", "sessions/").json_text("{").unsigned())
            .is(invalid([not_json(1, "Expecting property name enclosed in double quotes")])),
        probe("an unknown path is unknown without a token too")
            .ask(get("nosuch/").unsigned())
            .is(no_such_path()),
        probe("a wrong method is wrong without a token too")
            .ask(request("PUT", "sessions/").unsigned())
            .is(not_allowed("GET")),
    ]
}

fn paths() -> Vec<Probe> {
    vec![
        probe("an unknown path").get("nosuch/").is(no_such_path()),
        probe("the root of the API").get("").is(no_such_path()),
        probe("no slash at the end of a list").get("sessions").is(no_such_path()),
        probe("no slash at the end of a session")
            .session("survey", &["A"])
            .get("{session}")
            .is(no_such_path()),
        probe("no slash at the end of an action")
            .session("survey", &["A"])
            .act("{session}/players/advance", &["A"])
            .is(no_such_path()),
        probe("two slashes at the end").get("sessions//").is(no_such_path()),
        probe("two slashes at the start").get("/sessions/").is(no_such_path()),
        probe("two slashes in the middle").get("{sessions}//players/").is(no_such_path()),
        probe("the path of another generation")
            .session("survey", &["A"])
            .ask(each(get("sessions/{S}/"), get("session/{S}/"), get("session/{S}/")))
            .is(no_such_path()),
        probe("the presence of another generation")
            .session("survey", &["A"])
            .ask(since_0_8(get("{session}/online-players/"), get("{session}/players/online/")))
            .is(since_0_8(no_such_path(), refused(404, "Player 'online' not found in session '{S}'"))),
    ]
}

fn methods() -> Vec<Probe> {
    let probe = |name| probe(name).session("survey", &["A"]).room(json!({}));
    vec![
        probe("HEAD").ask(request("HEAD", "sessions/")).is(not_allowed("GET").without_body()),
        probe("OPTIONS").ask(request("OPTIONS", "sessions/")).is(not_allowed("GET")),
        probe("PUT on the sessions").ask(request("PUT", "sessions/")).is(not_allowed("GET")),
        probe("a session cannot be deleted").delete("{session}/").is(not_allowed("GET")),
        probe("POST on a session").post("{session}/", json!({})).is(not_allowed("GET")),
        probe("GET on active").get("{session}/active/").is(not_allowed("PATCH")),
        probe("GET on settings").get("{session}/settings/").is(not_allowed("PATCH")),
        probe("POST on the players").post("{session}/players/", json!({})).is(not_allowed("GET")),
        probe("POST on the data").post("{session}/data/", json!({})).is(not_allowed("GET")),
        probe("PUT on a room").ask(request("PUT", "{room}/")).is(not_allowed("GET")),
        probe("GET on a room's session")
            .ask(since_0_1(get("{room}/session/"), get("{room}/sessions/")))
            .is(since_0_1(not_allowed("POST"), not_allowed("DELETE"))),
        probe("POST on the configurations").post("configs/", json!({})).is(not_allowed("GET")),
        probe("DELETE on the status").delete("status/").is(not_allowed("GET")),
        // Since 0.8 a single player can be read, and comes before the actions.
        probe("GET on an action")
            .get("{session}/players/advance/")
            .is(since_0_8(not_allowed("POST"), refused(404, "Player 'advance' not found in session '{S}'"))),
        probe("PUT on an action")
            .ask(request("PUT", "{session}/players/advance/"))
            .is(since_0_8(not_allowed("POST"), not_allowed("GET"))),
        probe("active without a body")
            .ask(request("PATCH", "{session}/active/"))
            .is(since_0_8(ok(json!({"active": false})), invalid([missing_body()]))),
    ]
}
