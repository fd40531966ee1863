//! `uproctor api`

use crate::{
    project::{Project, TOKEN, text},
    stub::{answer, serving},
};

fn call(bytes: Vec<u8>, more: &[&str]) -> std::process::Output {
    let project = Project::with_script("fn run(event) { }");
    let url = format!("http://{}/", serving(bytes));
    let mut arguments = vec!["api", "sessions", "-u", &url, "-a", TOKEN];
    arguments.extend(more);
    project.run(&arguments)
}

#[test]
fn json_is_indented_and_a_refusal_is_exit_1() {
    let output = call(answer("200 OK", "application/json", b"{\"a\":1}"), &[]);
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), "{\n  \"a\": 1\n}\n"));
    let output = call(answer("401 Unauthorized", "application/json", b"{\"detail\":\"Unauthorized\"}"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Unauthorized"));
}

#[test]
fn a_zip_is_saved_as_it_is() {
    let project = Project::with_script("fn run(event) { }");
    let body = [0x50, 0x4b, 0x03, 0x04, 0xff, 0x00, 0x0d, 0x0a];
    let url = format!("http://{}/", serving(answer("200 OK", "application/zip", &body)));
    let output = project.run(&["api", "session/s/data/export", "-u", &url, "-a", TOKEN, "-o", "out.zip"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(std::fs::read(project.path().join("out.zip")).unwrap(), body);
    let output = project.run(&["api", "session/s/data/export", "-u", &url, "-a", TOKEN]);
    assert_eq!(output.stdout, body);
}

#[test]
fn wrong_use_sends_nothing_and_no_server_is_exit_3() {
    let project = Project::with_script("fn run(event) { }");
    assert_eq!(project.run(&["api", "sessions", "-d", "{nonsense", "-a", TOKEN]).status.code(), Some(2));
    let output = project.run(&["api", "sessions", "-u", "http://127.0.0.1:9/", "-a", TOKEN]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert_eq!(project.run(&["nonsense"]).status.code(), Some(2));
}
