//! In a browser, as people see it.

use super::{
    address,
    browser::{Browser, DESK, PHONE, Screen},
    lab, link, proxy,
};
use crate::daemon::until;

/// A player stalls, the plan appears, is approved, and the player is seen a page further, all without a reload.
fn a_plan_is_approved(screen: Screen, below_a_path: bool) {
    let Some(browser) = Browser::open(screen) else { return };
    let lab = lab(2, "4s");
    let _daemon = lab.daemon();
    let mut link = link(&lab);
    if below_a_path {
        let base = proxy::below_a_path(address(&lab));
        link = link.replace(&format!("http://{}/", address(&lab)), &base);
    }
    let base = link.split("login?").next().unwrap().to_owned();
    browser.go(&format!("{link}&next=plans"));
    browser.sees("No plan waits");
    browser.run("window.same = true");
    browser.sees("slow/One");
    browser.sees("still there");
    assert_eq!(browser.run("return window.same"), true, "without a reload");
    let waiting = browser.run("return document.querySelector('#nav .count').textContent");
    assert!(waiting.as_str().unwrap().contains("waiting"), "{waiting}");
    if screen.width < 500 {
        let wide = "return document.documentElement.scrollWidth - window.innerWidth";
        assert!(browser.run(wide).as_i64().unwrap() <= 0, "nothing sticks out");
    }
    // What has just come is not taken for meant.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    browser.press("Approve");
    browser.sees("is approved");
    until("the step is made", || lab.pages().contains(&2));

    browser.go(&format!("{base}sessions/s"));
    browser.sees("slow/Two");
    browser.go(&base);
    browser.sees("slow/One -> slow/Two");
    let tag = if screen.width < 500 { "phone" } else { "desk" };
    browser.picture(&format!("now-{tag}"), screen);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn who_stalls_is_seen_and_stepped_on_once_a_person_approves() {
    a_plan_is_approved(DESK, false);
}

#[test]
fn the_same_on_a_phone_and_below_a_path() {
    a_plan_is_approved(PHONE, true);
}

#[test]
fn the_red_button_stops_everything_and_lets_it_go_again() {
    let Some(browser) = Browser::open(DESK) else { return };
    let lab = lab(1, "1h");
    let _daemon = lab.daemon();
    let runs = || {
        lab.json(&["runs", "every-second", "--json"])
            .as_array()
            .unwrap()
            .iter()
            .filter(|run| run["run"].is_i64())
            .count()
    };
    until("it runs", || runs() > 1);
    browser.go(&format!("{}&next=automations", link(&lab)));
    browser.press("Pause everything");
    browser.sees("Everything is paused");
    let before = runs();
    until("what is due is not run", || {
        let all = lab.json(&["runs", "every-second", "--json"]);
        all[0]["reason"].as_str().is_some_and(|reason| reason.contains("held") || reason.contains("paused"))
    });
    assert!(runs() <= before + 1, "one may have been under way");
    browser.picture("paused", DESK);
    browser.press("Resume");
    browser.until("it is over", || !browser.text().contains("Everything is paused"));
    until("it runs again", || runs() > before + 1);
}

#[test]
fn a_viewer_sees_and_decides_nothing() {
    let Some(browser) = Browser::open(DESK) else { return };
    let lab = lab(1, "1s");
    super::visitor::add_user(&lab, "vera", "viewer", "the viewer's words");
    let _daemon = lab.daemon();
    browser.go(&format!("http://{}/plans", address(&lab)));
    browser.sees("Log in");
    browser.fill("name", "vera");
    browser.fill("password", "wrong words, really");
    browser.press("Log in");
    browser.sees("is wrong");
    browser.fill("password", "the viewer's words");
    browser.press("Log in");
    browser.sees("slow/One");
    for words in ["Approve", "Reject", "Pause everything"] {
        assert!(!browser.offers(words), "{words}");
    }
    // Also not past the page.
    let status = browser.run(
        "const request = new XMLHttpRequest(); request.open('POST', 'do/approve', false); \
         request.setRequestHeader('content-type', 'application/x-www-form-urlencoded'); \
         request.send('run=1&back=plans'); return request.status",
    );
    assert_eq!(status, 403);
    assert_eq!(lab.pages(), [1]);
    browser.press("Log out");
    browser.sees("Log in");
    browser.go(&format!("http://{}/plans", address(&lab)));
    browser.sees("Log in");
}

#[test]
fn a_new_plan_comes_under_nobodys_finger() {
    let Some(browser) = Browser::open(DESK) else { return };
    let lab = lab(1, "1h");
    let _daemon = lab.daemon();
    let plan = || lab.json(&["trigger", "step-on", "--player", "s/p1", "--json"])["run"].as_i64().unwrap();
    lab.project.write(
        "scripts/step_on.rhai",
        "fn run(event) { players::message(event.player.session, event.player.name, `${event.id}`); }",
    );
    lab.configure(&super::APPROVED.replace("SECONDS", "1h").replace("players.advance", "players.message"));
    until("the change is taken up", || {
        lab.json(&["trigger", "step-on", "--player", "s/p1", "--json"])["effects"][0]["action"]
            == "players.message"
    });
    for plan in lab.json(&["plans", "--json"]).as_array().unwrap() {
        assert_eq!(lab.run(&["reject", &plan["run"].to_string()]).0, 0);
    }
    let first = plan();
    browser.go(&format!("{}&next=plans", link(&lab)));
    browser.sees(&format!("Plan {first}"));
    browser.run("document.querySelector('main form[action$=approve] button').focus()");
    browser.run("window.same = true");
    let second = plan();
    browser.sees(&format!("Plan {second}"));
    let focused = "return document.activeElement.closest('form').querySelector('[name=run]').value";
    assert_eq!(browser.run(focused), first.to_string(), "the focus stays where it was");
    let order =
        browser.run("return [...document.querySelectorAll('main h2 a:first-child')].map(a => a.textContent)");
    assert_eq!(
        order,
        serde_json::json!([format!("Plan {first}"), format!("Plan {second}")]),
        "new ones come below"
    );
    assert_eq!(browser.run("return window.same"), true, "without a reload");
    // While a reason is typed, what is decided elsewhere is said and cannot be approved.
    browser.fill("reason", "no");
    assert_eq!(lab.run(&["reject", &first.to_string()]).0, 0);
    browser.until("it is marked", || {
        browser.run("return document.querySelector('.region.changed') !== null") == true
    });
    browser.run("document.querySelector('[name=reason]').value = ''; document.activeElement.blur()");
    let _ = plan();
    browser.until("it is gone", || !browser.text().contains(&format!("Plan {first} ")));
}

#[test]
fn the_focus_stays_on_what_a_button_does_when_its_plan_has_changed() {
    let Some(browser) = Browser::open(DESK) else { return };
    let lab = lab(1, "2s");
    let _daemon = lab.daemon();
    browser.go(&format!("{}&next=plans", link(&lab)));
    browser.sees("still there");
    browser.run("document.querySelector('main form[action$=approve] button').focus()");
    lab.advance(&["p1"]);
    browser.sees("has moved to slow/Two");
    assert_eq!(browser.run("return document.activeElement.textContent"), "Approve");
}

#[test]
fn a_server_that_is_down_is_said_on_every_page() {
    let Some(browser) = Browser::open(DESK) else { return };
    let mut lab = lab(1, "1h");
    let _daemon = lab.daemon();
    browser.go(&format!("{}&next=events", link(&lab)));
    browser.sees("every-second");
    lab.stop_server();
    browser.sees("The uproot server does not answer");
    browser.go(&format!("http://{}/", address(&lab)));
    browser.sees("What you see of players is as of");
    browser.picture("down", DESK);
    lab.start_server();
    browser.until("it is over", || !browser.text().contains("does not answer"));
}

/// Every page, by day and by night: looked at by axe-core, and by people afterwards.
#[test]
fn every_page_can_be_used_by_everybody() {
    for dark in [false, true] {
        let screen = Screen { dark, ..DESK };
        let Some(browser) = Browser::open(screen) else { return };
        let lab = lab(3, "1s");
        lab.project
            .write("scripts/fails.rhai", "fn run(event) { log::warn(\"soon\"); fail(\"on purpose\"); }");
        let more = "\n[[automation]]\nname = \"fails\"\non = [{ daemon = \"started\" }, { webhook = \"shop\", scheme = \"none\" }]\nscript = \"fails.rhai\"\n";
        lab.configure(&format!("{}{more}", super::APPROVED.replace("SECONDS", "1s")));
        let _daemon = lab.daemon();
        browser.go(&link(&lab));
        browser.sees("stalled");
        let base = format!("http://{}/", address(&lab));
        let failed = || lab.json(&["runs", "fails", "--json"])[0]["run"].as_i64();
        until("it failed", || failed().is_some());
        lab.project.write(
            "scripts/fails.rhai",
            "fn run(event) {\n    log::warn(\"sooner\");\n    fail(\"on purpose\");\n}\n",
        );
        until("the new text is taken up", || {
            browser.go(&format!("{base}scripts/fails.rhai"));
            browser.text().contains("What changed")
        });
        let run = failed().unwrap();
        let night = if dark { "night" } else { "day" };
        for (name, path) in [
            ("now", String::new()),
            ("session", "sessions/s".to_owned()),
            ("player", "sessions/s/p1".to_owned()),
            ("automations", "automations".to_owned()),
            ("automation", "automations/step-on".to_owned()),
            ("plans", "plans".to_owned()),
            ("events", "events".to_owned()),
            ("run", format!("runs/{run}")),
            ("dead", "dead".to_owned()),
            ("scripts", "scripts".to_owned()),
            ("script", "scripts/fails.rhai".to_owned()),
            ("log", "log?all=1&methods=1".to_owned()),
            ("status", "status".to_owned()),
            ("nothing", "runs/999999".to_owned()),
        ] {
            browser.go(&format!("{base}{path}"));
            browser.until("it is there", || browser.run("return document.readyState") == "complete");
            assert_eq!(browser.faults(), Vec::<String>::new(), "{name} by {night}");
            browser.picture(&format!("{name}-{night}"), screen);
        }
        let complaints = browser.complaints();
        assert!(complaints.iter().all(|line| line.contains("404")), "{complaints:?}");
        browser.go(&base);
        browser.press("Log out");
        browser.go(&format!("{base}login"));
        assert_eq!(browser.faults(), Vec::<String>::new(), "the login by {night}");
        browser.picture(&format!("login-{night}"), screen);
    }
}
