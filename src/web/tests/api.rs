//! What a person on this computer asks for.

use super::*;

#[tokio::test]
async fn a_person_with_the_token_starts_an_automation() {
    let mut world = World::new();
    let control =
        |token: &str, body: &'static str| post_to("/api/v1/trigger", &[("authorization", token)], body);
    for token in ["", "ours", "Bearer", "Bearer ", "Bearer theirs", "Basic ours"] {
        assert_eq!(world.send(control(token, r#"{"automation": "pay"}"#)).await.0, 401, "{token:?}");
    }
    assert_eq!(world.send(post_to("/api/v1/trigger", &[], "")).await.0, 401);
    let (status, answer) = world.send(control("Bearer ours", r#"{"automation": "pya"}"#)).await;
    assert_eq!((status, error(&answer)), (404, "there is no automation \"pya\": did you mean \"pay\"?"));
    for bad in ["", "{", "[]", "{}", r#"{"automation": "pay", "dryrun": true}"#, r#"{"automation": 1}"#] {
        assert_eq!(world.send(control("Bearer ours", bad)).await.0, 400, "{bad}");
    }
    assert!(world.taken().is_none());
    let body = r#"{"automation": "pay", "payload": [1], "dry_run": true}"#;
    assert_eq!(world.send(control("Bearer ours", body)).await, (202, json!({ "event": 1 })));
    let event = world.taken().unwrap();
    assert_eq!(event.detail, Detail::Manual { payload: json!([1]), dry_run: true });
}
