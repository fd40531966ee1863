//! Whether the daemon is there, and whether it acts on what is sent to it.

use std::time::Duration;

use serde_json::json;

use super::http::Client;
use crate::{
    daemon::{Daemon, until},
    wellbeing::every_second,
};

#[test]
fn a_daemon_that_cannot_write_is_alive_and_not_ready() {
    let project = every_second("");
    let daemon = Daemon::start(&project, &[], &[]);
    let nobody = Client::with(&project, "");
    let well = json!({ "ready": true, "not_ready": [] });
    assert_eq!(
        (nobody.read("/ready"), nobody.read("/health")["status"].clone()),
        (well.clone(), json!("ok"))
    );

    let other = rusqlite::Connection::open(project.path().join("uproctor.db")).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    until("it is seen that the store is locked", || nobody.get("/ready").status == 503);
    let answer = nobody.get("/ready").json();
    assert_eq!(answer, json!({ "ready": false, "not_ready": ["the store cannot be written"] }));
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
