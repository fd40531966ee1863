//! Somebody with a program that speaks HTTP, and who may do what.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Stdio,
    time::Duration,
};

use super::{address, lab, link};
use crate::lab::Lab;

/// Makes a user as a person does.
pub(crate) fn add_user(lab: &Lab, name: &str, role: &str, password: &str) {
    let mut child = lab
        .project
        .command()
        .args(["user", "add", name, "--role", role, "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// An answer.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Seen {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The cookie that it sets: `NAME=VALUE`.
    pub(super) fn cookie(&self) -> String {
        self.header("set-cookie").unwrap_or_default().split(';').next().unwrap_or_default().to_owned()
    }
}

/// Sends a request as it is written, and reads the whole answer.
pub(super) fn send(address: &str, request: &str) -> Seen {
    let mut stream = TcpStream::connect(address).unwrap();
    // Longer than the daemon waits for whoever reads nothing.
    stream.set_read_timeout(Some(Duration::from_secs(45))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Seen { status, head: head.to_owned(), body: body.to_owned() }
}

/// Looks at a page.
pub(super) fn get(address: &str, path: &str, cookie: &str) -> Seen {
    send(
        address,
        &format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\naccept: text/html\r\nconnection: close\r\n\r\n"
        ),
    )
}

/// Sends a form with these headers besides.
pub(super) fn post(address: &str, path: &str, cookie: &str, headers: &str, form: &str) -> Seen {
    let length = form.len();
    send(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n{headers}content-type: application/x-www-form-urlencoded\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{form}"
        ),
    )
}

/// The header by which a browser says that a form is from the same place.
pub(super) const OURS: &str = "sec-fetch-site: same-origin\r\n";

/// Logs in with a password.
pub(super) fn log_in(address: &str, name: &str, password: &str) -> Seen {
    let form = format!("name={name}&password={}&next=plans", password.replace(' ', "+"));
    post(address, "/login", "", OURS, &form)
}

#[test]
fn a_link_logs_in_once_and_a_stranger_sees_nothing() {
    let lab = lab(1, "1h");
    let _daemon = lab.daemon();
    let address = address(&lab);
    for (path, to) in [("/", "login"), ("/plans", "login?next=plans"), ("/runs/1", "../login?next=runs%2F1")]
    {
        let seen = get(&address, path, "");
        assert_eq!((seen.status, seen.header("location")), (303, Some(to)), "{path}");
        assert!(!seen.body.contains("step-on"), "nothing is shown");
    }
    assert_eq!(get(&address, "/live?at=", "").status, 401);
    assert_eq!(get(&address, "/log.csv", "").status, 303);
    let link = link(&lab);
    let path = link.split_once(&address).unwrap().1;
    let seen = get(&address, path, "");
    let cookie = seen.cookie();
    assert_eq!(seen.status, 303);
    let set = seen.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("Secure"), "{set}");
    assert_eq!(get(&address, path, "").status, 401, "a link works once");
    assert_eq!(get(&address, path, &cookie).status, 303, "whoever is in already is not shut out by it");
    let page = get(&address, "/automations", &cookie);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("step-on"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(post(&address, "/logout", &cookie, OURS, "").status, 303);
    assert_eq!(get(&address, "/automations", &cookie).status, 303, "logged out");
}

#[test]
fn roles_decide_and_a_change_of_the_file_counts_at_once() {
    let lab = lab(1, "1s");
    for (name, role) in [("vera", "viewer"), ("oskar", "operator"), ("ada", "admin")] {
        add_user(&lab, name, role, "a few plain words");
    }
    let _daemon = lab.daemon();
    let address = address(&lab);
    let cookie = |name: &str| log_in(&address, name, "a few plain words").cookie();
    let (vera, oskar, ada) = (cookie("vera"), cookie("oskar"), cookie("ada"));
    let run_now = "automation=every-second&back=automations";
    for (who, live, dry, pause) in [(&vera, 403, 403, 403), (&oskar, 403, 303, 303), (&ada, 303, 303, 303)] {
        let answer = post(&address, "/do/trigger", who, OURS, run_now);
        assert_eq!(answer.status, live);
        let wants =
            ["vera is a viewer, and only an admin may", "oskar is an operator, and only an admin may"];
        assert!(live != 403 || wants.iter().any(|said| answer.body.contains(said)), "{}", answer.body);
        assert_eq!(post(&address, "/do/trigger", who, OURS, &format!("{run_now}&dry=yes")).status, dry);
        assert_eq!(post(&address, "/do/pause", who, OURS, "what=everything&back=plans").status, pause);
    }
    let paused = get(&address, "/plans", &vera);
    assert!(paused.body.contains("ada in the console"), "it is said who did it: {}", paused.body);
    assert_eq!(lab.run(&["user", "remove", "oskar"]).0, 0);
    crate::daemon::until("nobody is left in who was removed", || {
        get(&address, "/plans", &oskar).status == 303
    });
    assert_eq!(get(&address, "/plans", &vera).status, 200);
    let (code, said) = lab.run(&["user", "list"]);
    assert!(code == 0 && said.contains("vera") && !said.contains("argon2"), "{said}");
}

#[test]
fn other_machines_are_only_let_in_where_somebody_can_log_in() {
    let lab = lab(1, "1h");
    let text = std::fs::read_to_string(lab.project.path().join("config.toml")).unwrap();
    lab.project.write("config.toml", &text.replace("127.0.0.1:0", "0.0.0.0:0"));
    let (code, said) = lab.run(&["check"]);
    assert!(code == 1 && said.contains("nobody can log in") && said.contains("uproctor user add"), "{said}");
    assert_eq!(lab.run(&["run"]).0, 1, "it does not start");
    add_user(&lab, "ada", "admin", "a few plain words");
    assert_eq!(lab.run(&["check"]).0, 0);
}

#[test]
fn bad_users_are_said_with_their_place_and_no_hash_is_shown() {
    let lab = lab(1, "1h");
    for (text, said) in [
        ("[user.a]\nrole = \"boss\"\npassword = \"$argon2id$x\"\n", "users.toml:2:8"),
        ("[user.a]\nrole = \"viewer\"\npassword = \"hunter2 in the clear\"\n", "is not a hash"),
        ("[user.\"a b\"]\nrole = \"viewer\"\npassword = \"$argon2id$x\"\n", "cannot be a name"),
        ("[user.a]\nrole = \"viewer\"\n", "needs a `role` and a `password`"),
        ("[token.a]\nrole = \"viewer\"\nsha256 = \"abc\"\n", "is not a hash"),
        ("[usr.a]\n", "did you mean `user`"),
        ("what", "not TOML"),
    ] {
        lab.project.write("users.toml", text);
        let (code, shown) = lab.run(&["check"]);
        assert!(code == 1 && shown.contains(said), "{text}: {shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("argon2id$x"), "{shown}");
    }
    let short = lab
        .project
        .command()
        .args(["user", "add", "b", "--password-stdin"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(short.status.code(), Some(1));
}

#[test]
fn who_is_removed_is_out_whatever_else_is_wrong() {
    let lab = lab(1, "1h");
    add_user(&lab, "vera", "viewer", "a few plain words");
    let _daemon = lab.daemon();
    let address = address(&lab);
    let vera = log_in(&address, "vera", "a few plain words").cookie();
    assert_eq!(get(&address, "/plans", &vera).status, 200);
    lab.project.write("scripts/step_on.rhai", "fn run(event) { broken");
    assert_eq!(lab.run(&["user", "remove", "vera"]).0, 0);
    crate::daemon::until("nobody is left in", || get(&address, "/plans", &vera).status == 303);
    // A file that does not read changes nothing.
    add_user(&lab, "ada", "admin", "a few plain words");
    crate::daemon::until("somebody else may log in", || {
        log_in(&address, "ada", "a few plain words").status == 303
    });
    let ada = log_in(&address, "ada", "a few plain words").cookie();
    lab.project.write("users.toml", "[user.ada]\nrole = \"emperor\"\n");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(get(&address, "/plans", &ada).status, 200);
}

#[test]
fn the_last_user_is_kept_where_other_machines_reach_the_console() {
    let lab = lab(1, "1h");
    add_user(&lab, "ada", "admin", "a few plain words");
    let text = std::fs::read_to_string(lab.project.path().join("config.toml")).unwrap();
    lab.project.write("config.toml", &text.replace("127.0.0.1:0", "0.0.0.0:0"));
    let (code, said) = lab.run(&["user", "remove", "ada"]);
    assert!(code == 1 && said.contains("make another user first"), "{said}");
    add_user(&lab, "ben", "viewer", "a few plain words");
    assert_eq!(lab.run(&["user", "remove", "ada"]).0, 0);
    let elsewhere =
        lab.project.command().args(["--config", "nowhere/config.toml", "user", "list"]).output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(1), "nobody is made where no daemon looks");
    // Ten at once: none is lost.
    std::thread::scope(|scope| {
        for number in 0..10 {
            let lab = &lab;
            scope.spawn(move || assert_eq!(lab.run(&["user", "token", &format!("t{number}")]).0, 0));
        }
    });
    let (_, said) = lab.run(&["user", "list"]);
    assert_eq!(said.lines().filter(|line| line.contains("(token)")).count(), 10, "{said}");
}

#[test]
fn what_came_badly_signed_is_counted_and_the_log_is_a_file() {
    let lab = lab(2, "1h");
    lab.project.write(
        "scripts/step_on.rhai",
        "fn run(event) { players::list(\"s\"); players::advance(\"s\", [\"p1\", \"p2\"]); if event.payload == \"twice\" { players::message(\"s\", \"p1\", \"=1+1\"); } }",
    );
    lab.configure(
        "[guard]\nhands_off = \"0s\"\nfreeze = \"0s\"\n[[automation]]\nname = \"step-on\"\non = { webhook = \"shop\", scheme = \"bearer\", secret_env = \"SANDBOX_TOKEN\" }\n\
         script = \"step_on.rhai\"\nallow = [\"players.advance\", \"players.message\"]\n",
    );
    let _daemon = lab.daemon();
    let address = address(&lab);
    let path = link(&lab);
    let cookie = get(&address, path.split_once(&address).unwrap().1, "").cookie();
    let hook = |token: &str| {
        let body = "\"twice\"";
        let request = format!(
            "POST /hooks/shop HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        send(&address, &request).status
    };
    assert_eq!([hook("wrong"), hook("T"), hook("T"), hook("wrong")], [401, 202, 200, 401]);
    crate::daemon::until("the run ends", || {
        let run = &lab.json(&["runs", "--json"])[0];
        assert_ne!(run["outcome"], "failed", "{run:#}");
        run["outcome"] == "done"
    });
    let events = get(&address, "/events", &cookie).body;
    let row = events.split("<code>/hooks/shop").nth(1).unwrap().split("</tr>").next().unwrap();
    let cells: Vec<&str> = row.split("<td").skip(1).collect();
    assert!(cells[2].contains(">1<") && cells[3].contains(">1<") && cells[4].contains(">2<"), "{row}");

    let shown = get(&address, "/log.csv", &cookie);
    assert!(shown.header("content-disposition").unwrap().contains("interventions.csv"));
    let audited = lab.project.command().env("SANDBOX_TOKEN", "T").args(["audit"]).output().unwrap();
    assert_eq!(shown.body, String::from_utf8_lossy(&audited.stdout), "as the command gives it");
    assert_eq!(get(&address, "/log.csv?player=p2", &cookie).body.lines().count(), 2);
    let told = get(&address, "/log?methods=1", &cookie).body;
    assert!(
        told.contains(
            "2 calls of players.advance (on 2 participants) and 1 call of players.message (on 1 participant)"
        ),
        "{told}"
    );
}

#[test]
fn who_is_refused_in_a_browser_is_told_of_pages_and_buttons_and_at_a_terminal_of_commands() {
    let lab = lab(1, "1h");
    add_user(&lab, "ada", "admin", "a few plain words");
    let _daemon = lab.daemon();
    let address = address(&lab);
    let cookie = log_in(&address, "ada", "a few plain words").cookie();
    let said = |what: &str, back: &str| {
        post(&address, &format!("/do/{what}"), &cookie, OURS, &format!("run=999&reason=no&back={back}"));
        get(&address, &format!("/{back}"), &cookie).body
    };
    let seen = said("approve", "plans");
    assert!(seen.contains("there is no plan 999: the page Plans lists those that wait"), "{seen}");
    let seen = said("retry", "dead");
    assert!(seen.contains("run 999 is no dead letter: the page Dead letters lists them"), "{seen}");
    for (command, list) in
        [(["approve", "999"].as_slice(), "`uproctor plans`"), (&["dead", "retry", "999"], "`uproctor dead`")]
    {
        let (code, text) = lab.run(command);
        assert!(code == 1 && text.contains(list), "{text}");
    }
    post(&address, "/do/pause", &cookie, OURS, "what=everything&back=plans");
    crate::daemon::until("an event is not run", || {
        get(&address, "/events", &cookie).body.contains("the button Resume lets go on")
    });
    assert!(!get(&address, "/events", &cookie).body.contains("uproctor resume"));
}

#[test]
fn what_is_not_known_yet_is_not_called_nobody() {
    let mut lab = lab(1, "1h");
    lab.stop_server();
    let _daemon = lab.daemon();
    let address = address(&lab);
    let link = link(&lab);
    let cookie = get(&address, link.split_once(&address).unwrap().1, "").cookie();
    let page = get(&address, "/", &cookie).body;
    assert!(page.contains("It is not known who is there") && !page.contains("Nobody is in"), "{page}");
}
