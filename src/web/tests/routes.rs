//! Routes that are exchanged while requests come.

use super::*;

#[tokio::test]
async fn what_holds_from_now_on_is_answered_at_once() {
    let world = World::new();
    assert_eq!(world.send(hub("new", "1", "1")).await.0, 202);
    let hook = HookName::new("other").unwrap();
    let webhook =
        config::Webhook { hook: hook.clone(), scheme: Scheme::None, secrets: Vec::new(), per_minute: 5 };
    let automation = AutomationName::new("other").unwrap();
    world.routes.set(Routes {
        hooks: HashMap::from([(hook, Hook { automation: automation.clone(), webhook })]),
        automations: HashSet::from([automation]),
        ..Routes::clone(&world.routes.get())
    });
    assert_eq!(world.send(hub("new", "2", "2")).await.0, 404);
    assert_eq!(world.send(post_to("/hooks/other", &[], "3")).await.0, 202);
    let trigger = |name: &str| {
        post_to(&format!("/api/v1/automations/{name}/trigger"), &[("authorization", "Bearer ours")], "")
    };
    assert_eq!(world.send(trigger("pay")).await.0, 404);
    assert_eq!(world.send(trigger("other")).await.0, 202);
}

#[tokio::test]
async fn other_addresses_and_methods_are_told_apart() {
    let world = World::new();
    for path in ["/hooks/nobody", "/hooks/%ff", "/hooks/a%2fb", "/hooks/", "/hooks/hub/x"] {
        let (status, answer) = world.send(post_to(path, &[], "")).await;
        assert_eq!(status, 404, "{path}");
        assert!(error(&answer).contains("webhook"), "{answer}");
    }
    assert_eq!(world.send(post_to("/", &[], "")).await.0, 405);
    for path in ["/hooks/hub", "/api/v1/pause"] {
        let (status, answer) = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, 405);
        assert!(error(&answer).contains("POST"), "{answer}");
    }
    let health = || Request::get("/health").body(Body::empty()).unwrap();
    let (status, answer) = world.send(health()).await;
    assert_eq!((status, &answer["status"]), (200, &json!("ok")));

    world.stopping.cancel();
    assert_eq!(world.send(health()).await.0, 503);
    let response = world.answer(hub("new", "1", "1")).await;
    assert_eq!(response.status().as_u16(), 503);
    assert!(response.headers().contains_key("retry-after"));
}
