//! Whether the daemon is there, and whether it acts on what is sent to it.

use std::{fs, time::Duration};

use serde_json::json;

use super::http::Client;
use crate::{
    daemon::{Daemon, until},
    project::Project,
    wellbeing::every_second,
};

#[test]
fn a_daemon_that_cannot_write_is_alive_and_not_ready() {
    let project = every_second("");
    let daemon = Daemon::start(&project, &[], &[]);
    let nobody = Client::with(&project, "");
    let well = json!({ "ready": true, "not_ready": [], "up_to_date": true });
    assert_eq!(
        (nobody.read("/ready"), nobody.read("/health")["status"].clone()),
        (well.clone(), json!("ok"))
    );

    let other = rusqlite::Connection::open(project.path().join("uproctor.db")).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    until("it is seen that the store is locked", || nobody.get("/ready").status == 503);
    let answer = nobody.get("/ready").json();
    assert_eq!(
        answer,
        json!({ "ready": false, "not_ready": ["the store cannot be written"], "up_to_date": true })
    );
    assert_eq!(nobody.get("/health").status, 200, "it need not be started again");
    let owner = Client::owner(&project);
    assert!(owner.get("/metrics").body.contains("\nuproctor_ready 0\n"));
    assert_eq!(
        owner.read("/api/v1/status")["not_ready"],
        json!(["the store cannot be written"]),
        "reading goes on"
    );

    other.execute_batch("ROLLBACK").unwrap();
    until("it is ready again", || nobody.get("/ready").status == 200);
    assert_eq!(nobody.read("/ready"), well);
    assert!(daemon.stop().success());
}

#[test]
fn a_change_with_an_error_is_said_wherever_somebody_asks_how_the_daemon_does() {
    let project = Project::with_script("fn run(event) { }");
    let daemon = Daemon::start(&project, &[], &[]);
    let nobody = Client::with(&project, "");
    let owner = Client::owner(&project);
    let up_to_date = || nobody.read("/ready")["up_to_date"].as_bool().unwrap();
    let doctor = || String::from_utf8(project.run(&["doctor"]).stdout).unwrap();
    assert!(up_to_date());
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("\"1h\"", "\"1 fortnight\""));
    daemon.signal("-HUP");
    until("it is refused", || !up_to_date());
    let why = owner.read("/api/v1/status")["refused"].to_string();
    assert!(why.contains("the configuration from before stays in use"), "{why}");
    assert!(doctor().contains("does not go by the files as they are now"), "{}", doctor());
    project.write("config.toml", &config);
    daemon.signal("-HUP");
    until("it is mended", up_to_date);
    assert!(!doctor().contains("does not go by"), "{}", doctor());
}
