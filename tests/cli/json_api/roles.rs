//! Who may ask for what.

use serde_json::json;

use super::http::Client;
use crate::{
    daemon::{Daemon, until},
    project::Project,
};

#[test]
fn a_token_may_do_what_its_role_may() {
    let project = Project::with_script("fn run(event) { }");
    let [viewer, operator, admin] = ["viewer", "operator", "admin"].map(|role| {
        let output = project.run(&["user", "token", role, "--role", role]);
        String::from_utf8(output.stdout).unwrap().lines().next().unwrap().to_owned()
    });
    let daemon = Daemon::start(&project, &["--log-json"], &[]);
    let [nobody, guesser, viewer, operator, admin] =
        ["", "guessed", &viewer, &operator, &admin].map(|token| Client::with(&project, token));
    let document = nobody.read("/api/v1/openapi.json");
    for (path, methods) in document["paths"].as_object().unwrap() {
        let part = |part: &str| match part {
            "{run}" | "{event}" => "999".to_owned(),
            name if name.starts_with('{') => "none".to_owned(),
            part => part.to_owned(),
        };
        let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
        for (method, operation) in methods.as_object().unwrap() {
            if operation["operationId"] == "openapi" {
                continue;
            }
            // A body that is none: whoever may ask learns that, and changes nothing.
            let ask = |client: &Client| client.ask(&method.to_uppercase(), &path, &[], "{").status;
            let needs = operation["description"].as_str().unwrap();
            let ranks = ["viewer", "operator", "admin"];
            let needed = ranks.iter().position(|role| needs.contains(&format!("role {role}."))).unwrap();
            assert_eq!((ask(&nobody), ask(&guesser)), (401, 401), "{path}");
            for (rank, client) in [&viewer, &operator, &admin].into_iter().enumerate() {
                let status = ask(client);
                assert_eq!(status == 403, rank < needed, "{method} {path} as {}: {status}", ranks[rank]);
                assert!(status != 401 && status < 500, "{method} {path} as {}: {status}", ranks[rank]);
            }
        }
    }

    let trigger = "/api/v1/automations/it/trigger";
    let refused = operator.post(trigger, &json!({}));
    assert_eq!((refused.status, refused.error().contains("only an admin")), (403, true), "{}", refused.body);
    assert_eq!(operator.post(trigger, &json!({ "dry_run": true })).status, 202);
    assert_eq!(admin.post(trigger, &json!({})).status, 202);

    // What was done says by whom.
    let pause = json!({ "held": "everything", "reason": "a fire drill" });
    assert_eq!(operator.post("/api/v1/pause", &pause).status, 200);
    assert_eq!(viewer.read("/api/v1/holds")["holds"][0]["reason"], "a fire drill (token operator)");
    for bad in [
        json!({ "held": "all", "reason": "x" }),
        json!({ "held": "everything", "reason": " " }),
        json!({ "held": "everything", "reason": "x".repeat(1001) }),
        json!({ "held": "everything" }),
        json!({ "held": "everything", "reason": "x", "for": "soon" }),
        json!({ "held": { "session": "../x" }, "reason": "x" }),
    ] {
        let answer = operator.post("/api/v1/pause", &bad);
        assert_eq!(answer.status, 400, "{bad}: {}", answer.body);
    }

    // A token that is removed is of no use any more.
    assert_eq!(project.run(&["user", "remove", "viewer"]).status.code(), Some(0));
    until("the token is gone", || viewer.get("/api/v1/holds").status == 401);
    let log = daemon.log();
    assert!(!log.contains("guessed") && log.contains("came without a right token"), "{log}");
}

#[test]
fn a_browser_that_is_logged_in_does_nothing_for_pages_elsewhere() {
    let project = Project::with_script("fn run(event) { }");
    let _daemon = Daemon::start(&project, &[], &[]);
    let key = Client::owner(&project).post("/api/v1/link", &json!({}));
    let key = key.json()["key"].as_str().unwrap_or_default().to_owned();
    let nobody = Client::with(&project, "");
    let login = nobody.get(&format!("/login?key={key}"));
    let cookie = login.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_default();
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    assert!(cookie.contains('='), "{}", login.head);
    let headers = [("cookie", cookie.as_str())];
    assert_eq!(nobody.ask("GET", "/events", &headers, "").status, 200, "the cookie is good");
    assert_eq!(nobody.ask("GET", "/api/v1/events", &headers, "").status, 401);
    assert_eq!(
        nobody.ask("POST", "/api/v1/pause", &headers, r#"{"held":"everything","reason":"x"}"#).status,
        401
    );
    assert!(nobody.ask("GET", "/api/v1/events", &headers, "").head.contains("www-authenticate: bearer"));
}
