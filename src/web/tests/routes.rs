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
    });
    assert_eq!(world.send(hub("new", "2", "2")).await.0, 404);
    assert_eq!(world.send(post_to("/hooks/other", &[], "3")).await.0, 202);
    let trigger = |name: &str| {
        let body = json!({ "automation": name }).to_string();
        post_to("/control/trigger", &[("authorization", "Bearer ours")], body)
    };
    assert_eq!(world.send(trigger("pay")).await.0, 404);
    assert_eq!(world.send(trigger("other")).await.0, 202);
}
