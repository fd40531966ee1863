//! The examples of the page about the API, as somebody copies them into a shell.

use std::{fs, path::Path};

use super::http::Client;
use crate::lab::Lab;

const CONFIG: &str = r#"
[[automation]]
name = "welcome"
on = { player = "joined" }
script = "welcome.rhai"
"#;

#[test]
fn the_examples_of_the_page_run() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md")).unwrap();
    let mut blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lab = Lab::new(2, "newest", CONFIG);
    lab.project.write("scripts/welcome.rhai", "fn run(event) { log::info(event); }");
    let make_token = blocks.next().unwrap();
    assert!(make_token.contains("uproctor user token"), "{make_token}");
    // The session of the page is the lab's, and the daemon listens elsewhere.
    let shell = |script: &str, address: &str| {
        let script = script.replace("mysession", "s").replace("127.0.0.1:8707", address);
        let program = Path::new(env!("CARGO_BIN_EXE_uproctor")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut command = std::process::Command::new("sh");
        command.args(["-euxc", &script]).env("PATH", path).env("SANDBOX_TOKEN", "T");
        let output = command.current_dir(lab.project.path()).output().unwrap();
        assert!(output.status.success(), "{}", crate::project::text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    // The token is made first, so that nobody has to wait for the daemon to take it up.
    shell(make_token, "");
    let _daemon = lab.daemon();
    let owner = Client::owner(&lab.project);
    assert_eq!(owner.post("/api/v1/automations/welcome/trigger", &serde_json::json!({})).status, 202);
    crate::daemon::until("a run is there", || owner.get("/api/v1/runs/1").status == 200);
    crate::daemon::until("it is seen", || owner.get("/api/v1/sessions/s").status == 200);
    let address = crate::daemon::address(&lab.project).unwrap();
    let rest: Vec<&str> = blocks.collect();
    assert!(rest.len() >= 4, "{}", rest.len());
    let said = shell(&format!("TOKEN=$(head -n 1 token.txt)\n{}", rest.join("\n")), &address);
    for answer in ["\"class\":\"thinking\"", "\"was_held\":true", "\"ready\":true", "\"versions\":[{"] {
        assert!(said.contains(answer), "{answer} is missing in {said}");
    }
}
