//! The pages as a browser without scripts sees them.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use super::api::{Admin, request};
use crate::api::Generation;

/// Loads a page, or sends a form to it.
fn page(admin: &mut Admin, path: &str, form: Option<&str>) -> (u16, String) {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let method = if form.is_some() { "POST" } else { "GET" };
    let body = form.map(|form| Bytes::from(form.to_owned()));
    let request = request(method, &format!("http://127.0.0.1/{path}"), headers, body);
    let answer = admin.server.answer(admin.now, &request);
    let location = answer.headers.get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
    (answer.status, location.unwrap_or_else(|| String::from_utf8(answer.body.to_vec()).unwrap()))
}

#[test]
fn a_participant_walks_through_a_survey() {
    let mut admin = Admin::with(Generation::Newest, "survey", &["A"]);
    let key = admin.field("A", "_uproot_key").as_str().unwrap().to_owned();
    let form = |from: i64, more: &str| format!("_uproot_csrf=s%2BA%2B{key}&_uproot_from={from}{more}");
    let (_, html) = page(&mut admin, "p/s/A/", None);
    assert!(html.contains("\"thisis\":-1"), "{html}");
    assert_eq!(admin.at("A"), -1, "looking at the first page begins nothing");
    let (_, html) = page(&mut admin, "p/s/A/", Some(&form(-1, "")));
    assert!(html.contains("data-page=\"survey/Intro\""), "{html}");
    let (_, html) = page(&mut admin, "p/s/A/", Some(&form(1, "&nickname=%3CAda%3E")));
    assert!(html.contains("data-page=\"survey/Decision\""), "{html}");
    let (_, html) = page(&mut admin, "p/s/A/", Some(&form(2, "&offer=99")));
    assert!(html.contains("data-page=\"survey/Decision\""), "{html}");
    page(&mut admin, "p/s/A/", Some(&form(2, "&offer=4")));
    let (_, html) = page(&mut admin, "p/s/A/", Some(&form(3, "")));
    assert!(html.contains("id=\"uproot-end\""), "{html}");
    assert_eq!(admin.field("A", "offer"), json!(4));
    assert_eq!(admin.field("A", "nickname"), json!("<Ada>"));
}

#[test]
fn a_form_without_the_players_key_is_refused() {
    let mut admin = Admin::with(Generation::Newest, "survey", &["A"]);
    assert_eq!(page(&mut admin, "p/s/A/", Some("_uproot_csrf=s%2BA%2Bx&_uproot_from=-1")).0, 403);
    assert_eq!(page(&mut admin, "p/s/nobody/", None).0, 404);
    assert_eq!(page(&mut admin, "p/nosuch/A/", None).0, 404);
    assert_eq!(admin.at("A"), -1);
}

#[test]
fn a_rooms_link_leads_to_the_lobby_and_then_to_a_player() {
    let mut admin = Admin::of(Generation::Newest);
    admin.ask("POST", "rooms/", Some(json!({"name": "r", "labels": ["a"]})));
    let (_, html) = page(&mut admin, "room/r/?label=a", None);
    assert!(html.contains("value=\"a\"") && !html.contains("roomname"), "{html}");
    let (_, html) = page(&mut admin, "room/r/", Some("label=other"));
    assert!(html.contains("\"needlabel\":true"), "{html}");
    let (_, html) = page(&mut admin, "room/r/", Some("label=a"));
    assert!(html.contains("\"needlabel\":false"), "{html}");
    assert_eq!(admin.get("rooms/r/online/")["online"]["a"], json!(admin.now));
    let body = json!({"config": "survey", "n_players": 1, "sname": "s", "unames": ["A"]});
    admin.ask("POST", "rooms/r/sessions/", Some(body));
    assert_eq!(page(&mut admin, "room/r/", Some("label=a")), (303, "../../p/s/A/".to_owned()));
    assert_eq!(page(&mut admin, "room/nosuch/", None).0, 404);
}

#[test]
fn a_sessions_link_gives_away_its_players_one_by_one() {
    let mut admin = Admin::with(Generation::Newest, "survey", &["A", "B"]);
    let secret = admin.get("sessions/s/")["secret"].as_str().unwrap().to_owned();
    let link = format!("s/s/{secret}/");
    assert_eq!(page(&mut admin, &link, None).0, 200);
    assert_eq!(page(&mut admin, &link, Some("")), (303, "../../../p/s/A/".to_owned()));
    assert_eq!(page(&mut admin, &link, Some("")), (303, "../../../p/s/B/".to_owned()));
    assert_eq!(page(&mut admin, &link, Some("")).0, 423);
    assert_eq!(page(&mut admin, "s/s/wrong/", Some("")).0, 401);
}
