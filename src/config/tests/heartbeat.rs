//! Who is told that the daemon is well.

use super::*;

const UPROOT: &str = "[uproot]\ntoken_env = \"T\"\n[daemon]\n";

fn beat(lines: &str, address: &str) -> Draft {
    parse("config.toml".as_ref(), format!("{UPROOT}{lines}\n"), &|_| Some(address.to_owned()))
}

#[test]
fn a_heartbeat_has_an_address_which_is_not_shown() {
    let draft = beat("heartbeat_env = \"BEAT\"\nheartbeat_every = \"5m\"", "https://monitor.example/secret");
    assert!(!format!("{draft:?}").contains("monitor.example"));
    let heartbeat = draft.accept().unwrap().daemon.heartbeat.unwrap();
    assert_eq!(heartbeat.every.as_secs(), 300);
    for (lines, address, said) in [
        (
            "heartbeat_env = \"BEAT\"",
            "monitor.example/secret",
            "the heartbeat that is named here is not an address",
        ),
        (
            "heartbeat_env = \"BEAT\"",
            "ftp://monitor.example/",
            "the heartbeat that is named here is not an address",
        ),
        (
            "heartbeat_env = [\"A\", \"B\"]",
            "https://monitor.example/",
            "one heartbeat is enough: name one address",
        ),
        ("heartbeat_every = \"1m\"", "", "nobody is named who is to hear the heartbeat"),
    ] {
        let problems = beat(lines, address).problems;
        let said_so = problems.iter().any(|problem| problem.message == said);
        assert!(said_so, "{lines}: {problems:?}");
        assert!(!format!("{problems:?}").contains("monitor"), "{problems:?}");
    }
}

#[test]
fn a_rehearsal_tells_nobody() {
    let text = format!("{UPROOT}heartbeat_env = \"BEAT\"\n");
    let config = parse_for_rehearsal("config.toml".as_ref(), text).accept().unwrap();
    assert!(config.daemon.heartbeat.is_none());
}
