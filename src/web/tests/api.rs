//! What programs and the commands on this computer ask for.

use super::*;

const TRIGGER: &str = "/api/v1/automations/pay/trigger";

fn with(token: &str, path: &str, body: &'static str) -> Request<Body> {
    post_to(path, &[("authorization", token)], body)
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    let request = Request::get(path).header("authorization", "Bearer ours").body(Body::empty()).unwrap();
    world.send(request).await
}

#[tokio::test]
async fn a_person_with_the_token_starts_an_automation() {
    let mut world = World::new();
    for token in ["", "ours", "Bearer", "Bearer ", "Bearer theirs", "Basic ours"] {
        assert_eq!(world.send(with(token, TRIGGER, "{}")).await.0, 401, "{token:?}");
    }
    let response = world.answer(post_to(TRIGGER, &[], "")).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
    let (status, answer) = world.send(with("Bearer ours", "/api/v1/automations/pya/trigger", "{}")).await;
    assert_eq!((status, error(&answer)), (404, "there is no automation \"pya\": did you mean \"pay\"?"));
    for bad in ["{", "[]", r#"{"automation": "pay"}"#, r#"{"dryrun": true}"#, r#"{"dry_run": 1}"#] {
        assert_eq!(world.send(with("Bearer ours", TRIGGER, bad)).await.0, 400, "{bad}");
    }
    assert!(world.taken().is_none());
    let body = r#"{"payload": [1], "dry_run": true}"#;
    assert_eq!(world.send(with("Bearer ours", TRIGGER, body)).await, (202, json!({ "event": 1 })));
    let event = world.taken().unwrap();
    assert_eq!(event.detail, Detail::Manual { payload: json!([1]), dry_run: true });
    assert_eq!(world.send(with("Bearer ours", TRIGGER, "")).await, (202, json!({ "event": 2 })));
    let event = world.taken().unwrap();
    assert_eq!(event.detail, Detail::Manual { payload: Value::Null, dry_run: false });
}

#[tokio::test]
async fn the_query_is_read_strictly() {
    let world = World::new();
    for (query, why) in [
        ("outcom=failed", "there is no `outcom` in the query of this address: did you mean `outcome`?"),
        (
            "colour=red",
            "there is no `colour` in the query of this address: there are automation, kind, outcome, before, limit",
        ),
        ("outcome=fialed", "`outcome` cannot be \"fialed\": did you mean failed?"),
        ("limit=0", "`limit` has to be a number from 1 to 1000"),
        ("limit=1001", "`limit` has to be a number from 1 to 1000"),
        ("limit=9&limit=9", "`limit` is given twice"),
        ("before=-1", "`before` has to be a number from 1 to 9007199254740992"),
        ("before=99999999999999999999", "`before` has to be a number from 1 to 9007199254740992"),
    ] {
        let (status, answer) = get(&world, &format!("/api/v1/events?{query}")).await;
        assert_eq!((status, error(&answer)), (400, why), "{query}");
    }
    let (status, answer) = get(&world, "/api/v1/events?automation=a%20b").await;
    assert!(status == 400 && error(&answer).contains("automation name"), "{answer}");
    let (status, answer) = get(&world, "/api/v1/plans?all=yes").await;
    assert_eq!((status, error(&answer)), (400, "`all` has to be true or false"));
    let (status, answer) = get(&world, "/api/v1/status?all=true").await;
    assert_eq!(
        (status, error(&answer)),
        (400, "there is no `all` in the query of this address: there is none")
    );
    let (status, answer) = get(&world, "/api/v1/runs/seven").await;
    assert_eq!((status, error(&answer)), (400, "\"seven\" is not the number of a run"));
    let (status, answer) = get(&world, "/api/v1/runs/7").await;
    assert_eq!((status, error(&answer)), (404, "there is no run 7"));
    for path in
        ["/api/v1", "/api/v1/", "/api/v1/rnus/7", "/api/v1/runs", "/api/v1/runs/7/8", "/api/v2/status"]
    {
        assert_eq!(get(&world, path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn names_from_strangers_are_only_names() {
    let world = World::new();
    let long = "x".repeat(5000);
    for name in ["%3Cscript%3E", "..%2F..%2Fetc%2Fpasswd", "%00", "%ff", "a'%20OR%201=1--", &long] {
        for path in [
            format!("/api/v1/automations/{name}"),
            format!("/api/v1/sessions/{name}"),
            format!("/api/v1/scripts/{name}/versions"),
            format!("/api/v1/scripts/{name}/versions/{name}"),
        ] {
            let (status, answer) = get(&world, &path).await;
            assert_eq!(status, 404, "{path}: {answer}");
            assert!(error(&answer).len() < 1000, "{answer}");
        }
        let (status, answer) = get(&world, &format!("/api/v1/interventions?session={name}")).await;
        assert_eq!((status, answer), (200, json!({ "interventions": [], "next": null })));
    }
}

#[tokio::test]
async fn ready_says_what_is_wrong() {
    let world = World::new();
    let ready = || Request::get("/ready").body(Body::empty()).unwrap();
    assert_eq!(
        world.send(ready()).await,
        (200, json!({ "ready": true, "not_ready": [], "up_to_date": true }))
    );
    *world.clock.0.lock().unwrap() += 151;
    let (status, answer) = world.send(ready()).await;
    assert_eq!((status, &answer["not_ready"]), (503, &json!(["the loop of the daemon stands still"])));
    world.pulse.beat(world.clock.now());
    assert_eq!(world.send(ready()).await.0, 200);
    world.stopping.cancel();
    let (status, answer) = world.send(ready()).await;
    assert_eq!((status, &answer["not_ready"]), (503, &json!(["uproctor is stopping"])));
}

#[tokio::test]
async fn the_red_button_is_not_refused_however_much_waits_and_nobody_ends_a_pause_by_another() {
    let mut world = World::with_room(1);
    assert_eq!(world.send(with("Bearer ours", TRIGGER, "")).await.0, 202);
    assert_eq!(world.send(with("Bearer ours", TRIGGER, "")).await.0, 429, "nothing more fits");
    let router = world.router.clone();
    let pause = |body: &'static str| {
        let request = with("Bearer ours", "/api/v1/pause", body);
        let router = router.clone();
        async move { router.oneshot(request).await.unwrap().status().as_u16() }
    };
    let (store, now) = (world.store.clone(), world.clock.now());
    let held = move || store.history().holds(now).unwrap();
    let committed = async {
        // It is committed before the engine can hear of it.
        for _ in 0..1000 {
            if !held().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(held().len(), 1);
        while world.committed.try_recv().is_ok() {}
    };
    let (status, ()) = tokio::join!(pause(r#"{"held": "everything", "reason": "smoke"}"#), committed);
    assert_eq!(status, 200);
    while world.committed.try_recv().is_ok() {}
    assert_eq!(pause(r#"{"held": "everything", "reason": "a minute", "for": "1m"}"#).await, 200);
    assert_eq!(held()[0].until, None, "it still lasts until somebody resumes");
}
