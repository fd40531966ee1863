//! What somebody with bad intentions tries.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    address,
    browser::{Browser, DESK},
    lab, link,
    visitor::{OURS, add_user, get, log_in, post, send},
};
use crate::{daemon::until, lab::Lab};

/// The cookie of whoever opened a link.
fn owner(lab: &Lab, address: &str) -> String {
    let link = link(lab);
    get(address, link.split_once(address).unwrap().1, "").cookie()
}

#[test]
fn a_page_elsewhere_cannot_press_a_button() {
    let lab = lab(1, "1h");
    let _daemon = lab.daemon();
    let address = address(&lab);
    let cookie = owner(&lab, &address);
    let form = "what=everything&back=";
    let own = format!("origin: http://{address}\r\n");
    for headers in [
        "",
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        "sec-fetch-site: none\r\n",
        "origin: null\r\n",
        "origin: http://evil.example\r\n",
        "origin: http://127.0.0.1:1\r\n",
        "origin: https://evil.example\r\nreferer: http://127.0.0.1/\r\n",
    ] {
        let seen = post(&address, "/do/pause", &cookie, headers, form);
        assert_eq!(seen.status, 403, "{headers:?}");
        assert_eq!(post(&address, "/logout", &cookie, headers, "").status, 403, "{headers:?}");
        assert_eq!(post(&address, "/login", "", headers, "name=a&password=b").status, 403, "{headers:?}");
    }
    // The cross-site word counts, whatever else is sent.
    let both = format!("{own}sec-fetch-site: cross-site\r\n");
    assert_eq!(post(&address, "/do/pause", &cookie, &both, form).status, 403);
    assert!(!get(&address, "/", &cookie).body.contains("Everything is paused"));
    assert_eq!(
        post(&address, "/do/pause", &cookie, &own, form).status,
        303,
        "an older browser on our own page"
    );
    assert!(get(&address, "/", &cookie).body.contains("Everything is paused"));
    // A cookie is of no use where a token is wanted.
    let body = post(&address, "/api/v1/resume", &cookie, OURS, "{\"held\":\"everything\"}");
    assert_eq!(body.status, 401);
}

#[test]
fn nobody_can_prepare_a_login_for_somebody_else() {
    let lab = lab(1, "1h");
    add_user(&lab, "ada", "admin", "a few plain words");
    let _daemon = lab.daemon();
    let address = address(&lab);
    let name = address.rsplit(':').next().map(|port| format!("uproctor_{port}")).unwrap();
    let planted = format!("{name}=planted-by-somebody-else");
    let form = "name=ada&password=a+few+plain+words";
    let seen = post(&address, "/login", &planted, OURS, form);
    assert_eq!(seen.status, 303);
    assert!(!seen.cookie().contains("planted"), "the login has a token of its own");
    assert_eq!(get(&address, "/plans", &planted).status, 303, "what was planted lets nobody in");
    let again = log_in(&address, "ada", "a few plain words").cookie();
    assert_ne!(again, seen.cookie());
    // Where to go afterwards is a page of ours.
    for next in
        ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "../../x"]
    {
        let seen = post(&address, "/login", "", OURS, &format!("{form}&next={next}"));
        assert_eq!(seen.header("location"), Some("./"), "{next}");
    }
}

#[test]
fn whoever_guesses_is_slowed_down_and_the_owner_still_gets_in() {
    let lab = lab(1, "1h");
    add_user(&lab, "ada", "admin", "a few plain words");
    let _daemon = lab.daemon();
    let address = address(&lab);
    for guess in 0..10 {
        assert_eq!(log_in(&address, "ada", &format!("guess {guess}")).status, 401);
    }
    let seen = log_in(&address, "ada", "a few plain words");
    assert_eq!(seen.status, 429, "the right one too: it could be the eleventh guess");
    assert!(seen.header("retry-after").is_some() && seen.body.contains("uproctor console"), "{seen:?}");
    assert!(!owner(&lab, &address).is_empty());
    // A wrong name and a wrong password are answered alike.
    let (one, two) = (log_in(&address, "nobody", "x"), log_in(&address, "ben", "y"));
    assert_eq!((one.status, two.status), (401, 401));
    let long = "a".repeat(100_000);
    assert_eq!(log_in(&address, &long, &long).status, 401);
}

#[test]
fn no_address_leads_to_a_file_and_none_breaks_a_page() {
    let lab = lab(1, "1h");
    lab.project.write("scripts/secret.txt", "nobody may see this");
    let _daemon = lab.daemon();
    let address = address(&lab);
    let cookie = owner(&lab, &address);
    for path in [
        "/assets/../config.toml",
        "/assets/..%2f..%2fconfig.toml",
        "/assets/%2e%2e/config.toml",
        "/scripts/..%2fconfig.toml",
        "/scripts/secret.txt",
        "/scripts/..%2f..%2f..%2fetc%2fpasswd",
        "/..%2fconfig.toml",
        "/runs/-1",
        "/runs/99999999999999999999",
        "/sessions/%00",
        "/sessions/..",
        "/automations/%3Cscript%3E",
        "/plans/1%2f2",
        "/%ff%fe",
        "/scripts/every_second.rhai?version=../../x",
    ] {
        let seen = get(&address, path, &cookie);
        assert!(matches!(seen.status, 404 | 400), "{path}: {}", seen.status);
        assert!(!seen.body.contains("nobody may see") && !seen.body.contains("token_env"), "{path}");
        assert!(!seen.body.contains("<script>"), "{path}");
    }
    for path in [
        "/events?before=x&automation=%3Cscript%3Ealert(1)%3C/script%3E&outcome='%20OR%201=1--",
        "/log?session=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&all=1&before=-5",
        "/plans?all=%00",
        "/events?kind=%F0%9F%98%80",
    ] {
        let seen = get(&address, path, &cookie);
        assert_eq!(seen.status, 200, "{path}");
        assert!(!seen.body.contains("<script>"), "{path}: {}", seen.body);
    }
}

const HOSTILE: &str = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>'\"&amp;";

#[test]
fn what_others_write_is_only_shown() {
    let Some(browser) = Browser::open(DESK) else { return };
    let lab = lab(1, "1s");
    let script = "fn run(event) { log::error(event.payload.text); players::message(\"s\", \"p1\", event.payload.text); fail(event.payload.text); }";
    lab.project.write("scripts/hostile.rhai", script);
    lab.configure(&format!(
        "{}\n[[automation]]\nname = \"hostile\"\non = {{ webhook = \"hostile\", scheme = \"none\" }}\nscript = \"hostile.rhai\"\nallow = [\"players.message\"]\n",
        super::APPROVED.replace("SECONDS", "1s")
    ));
    lab.set_fields(&["p1"], &json!({ "label": HOSTILE.chars().take(100).collect::<String>() }));
    let _daemon = lab.daemon();
    let address = address(&lab);
    let body = json!({ "text": HOSTILE }).to_string();
    let request = format!(
        "POST /hooks/hostile HTTP/1.1\r\nhost: x\r\nx-hostile: <script>window.hacked=1</script>\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(send(&address, &request).status, 202);
    until("it ran", || lab.json(&["runs", "hostile", "--json"])[0]["outcome"] == "failed");
    let run = lab.json(&["runs", "hostile", "--json"])[0]["run"].as_i64().unwrap();
    assert_eq!(lab.run(&["pause", "every-second", "--reason", HOSTILE]).0, 0);
    browser.go(&link(&lab));
    browser.sees("stalled");
    for path in [
        "",
        "sessions/s",
        "sessions/s/p1",
        "events",
        "dead",
        "plans",
        "log?all=1",
        "status",
        "automations",
        "automations/every-second",
        "scripts/hostile.rhai",
        &format!("runs/{run}"),
    ] {
        browser.go(&format!("http://{address}/{path}"));
        browser.run("document.querySelectorAll('details').forEach(one => one.open = true)");
        std::thread::sleep(Duration::from_millis(1500));
        assert!(browser.run("return window.hacked === undefined && document.querySelector('main img, main script') === null") == true, "{path}");
        if path.starts_with("runs/") || path == "dead" || path == "sessions/s" {
            assert!(
                browser.text().contains("<img src=x"),
                "{path}: it is shown as what it is: {}",
                browser.text()
            );
        }
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Opens a stream of changes; none where it was refused.
fn stream(address: &str, cookie: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET /live?at=plans HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\r\n").ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    (&head == b"HTTP/1.1 200").then_some(stream)
}

#[test]
fn very_many_open_pages_keep_no_webhook_waiting() {
    let lab = lab(1, "1h");
    lab.configure(&format!(
        "{}\n[[automation]]\nname = \"hook\"\non = {{ webhook = \"hook\", scheme = \"none\", rate = 1000 }}\nscript = \"every_second.rhai\"\n",
        super::APPROVED.replace("SECONDS", "1h")
    ));
    let daemon = lab.daemon();
    let address = address(&lab);
    let cookie = owner(&lab, &address);
    let mut open = Vec::new();
    let mut refused = 0;
    // Ten thousand are tried; those that are refused are let go, as a browser does.
    for _ in 0..10_000 {
        match stream(&address, &cookie) {
            Some(stream) => open.push(stream),
            None => refused += 1,
        }
        assert!(open.len() <= 128, "more are kept up to date than leave room for webhooks");
    }
    assert_eq!(
        (open.len(), refused),
        (128, 9872),
        "so many are kept up to date, the others are told to come later"
    );
    let request = "POST /hooks/hook HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let begin = Instant::now();
    for _ in 0..20 {
        let seen = send(&address, request);
        assert!(matches!(seen.status, 200 | 202), "{seen:?}");
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "webhooks have places of their own");
    assert_eq!(get(&address, "/plans", &cookie).status, 200, "pages can be looked at, they only do not move");
    drop(open);
    until("there is room again", || stream(&address, &cookie).is_some());
    daemon.stop();
}

#[test]
fn whoever_is_slow_is_cut_off() {
    let lab = lab(1, "1h");
    let _daemon = lab.daemon();
    let address = address(&lab);
    let cookie = owner(&lab, &address);
    let mut slow: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for (number, stream) in slow.iter_mut().enumerate() {
        let begun = if number % 2 == 0 {
            "GET /plans HTTP/1.1\r\nhost: x\r\n"
        } else {
            "POST /login HTTP/1.1\r\nhost: x\r\nsec-fetch-site: same-origin\r\ncontent-length: 1000\r\n\r\nna"
        };
        stream.write_all(begun.as_bytes()).unwrap();
    }
    assert_eq!(get(&address, "/plans", &cookie).status, 200, "others are not kept waiting");
    for stream in &mut slow {
        stream.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
        let mut rest = Vec::new();
        assert!(stream.read_to_end(&mut rest).is_ok(), "it was left open");
    }
}

#[test]
fn whoever_reads_nothing_is_cut_off_too() {
    let lab = lab(1, "1h");
    let _daemon = lab.daemon();
    let address = address(&lab);
    let cookie = owner(&lab, &address);
    let request = format!("GET /assets/console.css HTTP/1.1\r\nhost: {address}\r\n\r\n").repeat(2000);
    let greedy: Vec<TcpStream> = (0..260)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(request.as_bytes());
            stream
        })
        .collect();
    let begin = Instant::now();
    assert_eq!(get(&address, "/plans", &cookie).status, 200, "after {:?}", begin.elapsed());
    drop(greedy);
}

#[test]
fn a_new_password_and_a_new_name_end_what_the_old_one_began() {
    let lab = lab(1, "1h");
    add_user(&lab, "ada", "admin", "a few plain words");
    let _daemon = lab.daemon();
    let address = address(&lab);
    let old = log_in(&address, "ada", "a few plain words").cookie();
    assert_eq!(get(&address, "/plans", &old).status, 200);
    add_user(&lab, "ada", "admin", "other plain words");
    until("the old login is over", || get(&address, "/plans", &old).status == 303);
    // A button that is pressed then says so, and does nothing.
    let seen = post(&address, "/do/pause", &old, OURS, "what=everything&back=");
    assert!(seen.status == 401 && seen.body.contains("Nothing was done"), "{seen:?}");
    let new = log_in(&address, "ada", "other plain words").cookie();
    assert!(!get(&address, "/", &new).body.contains("Everything is paused"));
    // A planted cookie of the same name shuts nobody out.
    let name = new.split('=').next().unwrap();
    assert_eq!(get(&address, "/plans", &format!("{name}=planted; {new}")).status, 200);
}
