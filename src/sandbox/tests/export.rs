//! Exports: what is in them, and that they grow with the players and no faster.

use std::io::{Cursor, Read as _};

use serde_json::{Value, json};

use super::api::Admin;
use crate::api::Generation;

fn text(admin: &mut Admin, rest: &str) -> String {
    let path = admin.in_session(rest);
    let answer = admin.answer("GET", &path, None);
    assert_eq!(answer.status, 200, "{path}");
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[test]
fn tables_quote_what_has_to_be_quoted_and_show_lists_as_json() {
    let mut admin = Admin::with(Generation::Contract, "survey", &["A"]);
    admin.set(&["A"], json!({"t": "a,\"b\"\nc", "n": null, "b": false, "l": [1, "x"], "f": 2.0}));
    let table = text(&mut admin, "data/csv/");
    for row in [
        "t,1800000000.0,uproot.services.player_service.insert_fields:81,FALSE,\"a,\"\"b\"\"\nc\"\r\n",
        ":81,FALSE,\r\n",
        ":81,FALSE,FALSE\r\n",
        ":81,FALSE,\"[1,\"\"x\"\"]\"\r\n",
        ":81,FALSE,2.0\r\n",
    ] {
        assert!(table.contains(row), "{row:?} in {table}");
    }
}

#[test]
fn states_by_a_field_are_those_at_the_end_of_each_of_its_values() {
    for (generation, session_rows) in
        [(Generation::Contract, 0), (Generation::Toggling, 1), (Generation::Newest, 1)]
    {
        let mut admin = Admin::with(generation, "survey", &["A"]);
        for (round, score) in [(1, 5), (1, 6), (2, 7)] {
            admin.set(&["A"], json!({"round": round}));
            admin.set(&["A"], json!({"score": score}));
        }
        let contract = generation == Generation::Contract;
        let rest = if contract { "data/json/" } else { "data/jsonl/" };
        let rows = text(&mut admin, &format!("{rest}?format=latest&gvar=round"));
        let rows: Vec<Value> = if contract {
            serde_json::from_str(&rows).unwrap()
        } else {
            rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let of_player: Vec<(i64, i64)> = rows
            .iter()
            .filter(|row| row["!storage"] == "player/s/A")
            .map(|row| (row["round"].as_i64().unwrap(), row["score"].as_i64().unwrap()))
            .collect();
        // The last state of round 2 still had the score of round 1 when it began; only its end counts.
        assert_eq!(of_player, [(1, 6), (2, 7)]);
        assert_eq!(rows.len() - of_player.len(), session_rows);
    }
}

#[test]
fn without_rows_a_table_is_one_empty_line() {
    let mut admin = Admin::with(Generation::Contract, "survey", &["A"]);
    assert_eq!(text(&mut admin, "data/csv/?format=latest&gvar=nosuch"), "\r\n");
}

#[test]
fn page_times_say_from_when_to_when() {
    let mut admin = Admin::with(Generation::Contract, "survey", &["A"]);
    admin.now += 10.0;
    admin.join("A");
    admin.now += 5.0;
    admin.act("end", &["A"]);
    let table = text(&mut admin, "page-times/");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "sname,uname,show_page,page_name,entered,left,context");
    assert!(lines[1].starts_with("s,A,-1,(Initialize),1800000000.0,1800000010.0,"), "{}", lines[1]);
    assert!(lines[3].starts_with("s,A,1,survey/Intro,1800000010.0,1800000015.0,"), "{}", lines[3]);
    assert!(lines[4].starts_with("s,A,4,(End),1800000015.0,,"), "{}", lines[4]);
}

#[test]
fn the_sums_of_an_archive_are_those_of_its_files() {
    use sha2::{Digest as _, Sha256};

    let mut admin = Admin::with_joined(Generation::Newest, "pair", &["A", "B"]);
    let answer = admin.answer("GET", "sessions/s/data/export/?gvar=show_page", None);
    let mut archive = zip::ZipArchive::new(Cursor::new(answer.body.to_vec())).unwrap();
    let mut read = |name: &str| {
        let mut content = Vec::new();
        archive.by_name(&format!("s/{name}")).unwrap().read_to_end(&mut content).unwrap();
        content
    };
    let sums = String::from_utf8(read("SHA256SUMS")).unwrap();
    assert_eq!(sums.lines().count(), 3 + 4 * 3);
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(sum, hex::encode(Sha256::digest(read(name))), "{name}");
    }
    let header = String::from_utf8(read("latest_by_show-page/player.csv")).unwrap();
    assert!(!header.contains("page_order") && header.starts_with("!seq,!storage,!time,"), "{header}");
}

#[test]
fn what_is_exported_grows_with_the_players_and_no_faster() {
    let size = |players: u64| {
        let mut admin = Admin::of(Generation::Newest);
        let body = json!({"config": "survey", "n_players": players, "sname": "s"});
        admin.ask("POST", "sessions/", Some(body));
        text(&mut admin, "data/jsonl/").len()
    };
    let (few, many) = (size(100), size(1000));
    assert!(many < 11 * few, "{few} bytes for 100 players, {many} for 1000");
}
