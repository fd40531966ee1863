//! Servers that are not there, not uproot, or broken: one sentence each, and the run ends.

use crate::{
    project::Project,
    stub::{answer, serving},
};

fn failure_with(bytes: Vec<u8>) -> String {
    let address = serving(bytes);
    let project = Project::new(
        &format!("http://{address}/"),
        "time_limit = \"2s\"",
        "fn run(event) { sessions::list(); }",
    );
    project.failure()
}

#[test]
fn a_server_that_is_not_there_or_not_right_is_named_in_one_sentence() {
    let status = |version: &str| {
        let body = format!("{{\"versions\": {{\"uproot\": \"{version}\"}}}}");
        answer("200 OK", "application/json", body.as_bytes())
    };
    let cases = [
        (
            "wrong token",
            answer("401 Unauthorized", "application/json", b"{\"detail\":\"Unauthorized\"}"),
            "token",
        ),
        ("unknown version", status("7.0.0"), "7.0.0"),
        ("no uproot", answer("200 OK", "application/json", b"{\"hello\": 1}"), "version"),
        ("not JSON", answer("200 OK", "text/html", b"<html>"), "JSON"),
        ("half an answer", b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"vers".to_vec(), "broke off"),
        ("20 MiB", answer("200 OK", "application/json", &vec![b' '; 20 * 1024 * 1024]), "larger than"),
        (
            "500 with a text",
            answer("500 Internal Server Error", "text/plain", b"Internal Server Error"),
            "500",
        ),
    ];
    for (what, bytes, said) in cases {
        let reason = failure_with(bytes);
        assert!(reason.contains(said), "{what}: {reason}");
    }
    let redirect =
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere/\r\ncontent-length: 0\r\n\r\n"
            .to_vec();
    let reason = failure_with(redirect);
    assert!(reason.contains("http://127.0.0.1:1/"), "{reason}");
    let reason = Project::with_script("fn run(event) { sessions::list(); }").failure();
    assert!(reason.contains("127.0.0.1:9") && reason.contains("cannot be reached"), "{reason}");
}
