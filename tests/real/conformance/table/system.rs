//! Configurations, digests, and the server itself.

use serde_json::{Value, json};

use crate::conformance::expect::ok;
use crate::conformance::forms::{Each, since_0_1};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{Request, get};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let summary = |contract, later| -> Each<Request> { since_0_1(get(contract), get(later)) };
    let of = |name: &str, summary: &str, apps: Value, settings: Value, multiple: i64| {
        let configuration = |key: &str| json!({"name": name, "summary": summary, "apps": apps, "settings": settings, key: multiple});
        since_0_1(ok(configuration("multiple_of")), ok(configuration("suggested_multiple")))
    };
    let digest = || since_0_1(get("{session}/digest/"), get("{session}/digests/"));
    let status = json!({
        "versions": {"uproot": "<text>", "python": "<text>"},
        "database": {"driver": "<text>", "size_bytes": "<number>", "size_mb": "<number>"},
        "auth_sessions": {}, "packages": {"...": "<text>"}, "missing_i18n": "<object>", "public_demo": false,
        "unsafe": false,
    });
    vec![
        probe("all configurations and apps").get("configs/").is(ok(json!({
            "configs": {"survey": "survey", "pair": "pair", "both": "survey → pair", "...": "<text>"},
            "apps": {"~survey": "<text>", "~pair": "<text>", "...": "<text>"},
        }))),
        probe("a configuration for two with settings")
            .ask(summary("configs/pair/summary/", "configs/pair/"))
            .is(of("pair", "pair", json!(["pair"]), json!({"stake": 10}), 2)),
        probe("a configuration for one").ask(summary("configs/survey/summary/", "configs/survey/")).is(of(
            "survey",
            "survey",
            json!(["survey"]),
            json!({}),
            1,
        )),
        probe("a configuration of two apps").ask(summary("configs/both/summary/", "configs/both/")).is(of(
            "both",
            "survey → pair",
            json!(["survey", "pair"]),
            json!({}),
            2,
        )),
        probe("the digests of a session").session("survey", &["A"]).ask(digest()).is(since_0_1(
            ok(json!({"apps": ["survey"]})),
            ok(json!({"apps": ["survey"], "digests": {"survey": "<object>"}})),
        )),
        probe("the digests of two apps").session("both", &["A", "B"]).ask(digest()).is(since_0_1(
            ok(json!({"apps": ["survey", "pair"]})),
            ok(json!({"apps": ["survey", "pair"], "digests": {"survey": "<object>", "pair": "<object>"}})),
        )),
        // What its makers announce, or that they could not be asked.
        probe("announcements").get("announcements/").is(ok(json!("<object>"))),
        probe("nobody is logged in").get("auth/sessions/").is(ok(json!({}))),
        probe("the server").get("status/").is(since_0_1(
            ok(json!({
                "version": "<text>", "database_size_mb": "<number>", "packages": {"...": "<text>"},
                "public_demo": false,
            })),
            ok(status),
        )),
    ]
}
