//! What an admin arranges, and what participants make of it.

use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

use super::{api::request, *};

/// Asks the server of a world for something, now.
fn asks(world: &mut World, after: f64, path: &str, body: &Value) -> Value {
    world.advance(START + after);
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer T"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let url = format!("http://127.0.0.1:8000/admin/api/v1/sessions/s/{path}");
    let answer =
        world.sandbox().answer(START + after, &request("POST", &url, headers, Some(body.to_string().into())));
    assert_eq!(answer.status, 200, "{path}");
    world.pushed(START + after);
    serde_json::from_slice(&answer.body).unwrap()
}

/// When the participant leaves the page with a time, in seconds since the start.
fn leaves(delta: Option<f64>) -> f64 {
    let timed = scenario(
        "[config.a]\napps = [\"a\"]\n[app.a]\npages = [{ page = \"One\", think = \"20s\", timeout = \"3m\" }, \
         { page = \"Two\", think = \"20s\" }]",
    );
    let stalls = Profile { stalls_on: Some(Spot::Page("a/One".into())), ..Profile::plain("p", 11) };
    let mut world = world_of(&timed, Generation::Newest, vec![stalls]);
    if let Some(delta) = delta {
        asks(&mut world, 60.0, "players/timeout/", &json!({"unames": ["p"], "delta": delta}));
    }
    world.advance(START + 1000.0);
    let happenings = world.happenings();
    let second = happenings.iter().find(|happening| happening.what == What::Page { path: "a/Two".into() });
    second.map(|happening| happening.at - START).expect("the time ends the page")
}

#[test]
fn a_moved_deadline_is_when_the_browser_goes_on() {
    let plain = leaves(None);
    assert!((180.0..185.0).contains(&plain), "{plain}");
    assert!((leaves(Some(120.0)) - plain - 120.0).abs() < 1.0);
    assert!((leaves(Some(-90.0)) - plain + 90.0).abs() < 1.0);
    assert!((60.0..62.0).contains(&leaves(Some(-600.0))), "a time that is over ends the page at once");
}

#[test]
fn pages_that_are_laid_out_again_are_in_another_order() {
    let names: Vec<String> = (0..8).map(|n| format!("{{ page = \"P{n}\", think = \"1h\" }}")).collect();
    let shuffled = scenario(&format!(
        "[config.a]\napps = [\"a\"]\n[app.a]\npages = [{{ shuffle = [{}] }}]",
        names.join(", ")
    ));
    let place = |world: &mut World| {
        let player = world.sandbox().player("s", "p").unwrap();
        (player.show_page, player.page_order.to_vec())
    };
    for action in ["initialize", "dropout"] {
        let mut world = world_of(&shuffled, Generation::Newest, vec![Profile::plain("p", 11)]);
        world.advance(START + 60.0);
        let (at, drawn) = place(&mut world);
        asks(&mut world, 60.0, &format!("players/{action}/"), &json!({"unames": ["p"]}));
        let (still, written) = place(&mut world);
        assert_eq!(at, still);
        assert_ne!(drawn, written);
        assert_eq!(written[2..10], [0, 1, 2, 3, 4, 5, 6, 7].map(|n| format!("a/P{n}")));
    }
}
