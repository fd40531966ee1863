//! Session data from CSV, JSON, JSON lines and ZIP: the same to a script on every generation.

use std::io::{Cursor, Write};

use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::world::*;
use crate::{
    api::export::{Format, Options, read_csv_within, read_zip},
    api::{Answer, ApiError, Call, Endpoint, ErrorKind, Table},
};

const PLAYERS: &str = "!context,!data,!field,!seq,!storage,!time,!unavailable\r\n\
    core:1,\"a,\"\"b\"\"\nc\",x,22,player/S/A,1.5,FALSE\r\n\
    core:2,hsGJ1ftl==,_uproot_key,23,player/S/A,1.5,FALSE\r\n";
const SESSION: &str = "!context,!data,!field,!seq,!storage,!time,!unavailable\r\n\
    core:3,TRUE,active,5,session/S,1.25,FALSE\r\n";
const LATEST_PLAYERS: &str = "!seq,!storage,!time,_uproot_key,n\r\n84,player/S/A,1.5,hsGJ1ftl==,7\r\n";
const LATEST_SESSION: &str = "!seq,!storage,!time,active,packages\r\n85,session/S,1.25,TRUE,{}\r\n";
const PAGE_TIMES: &str = "context,entered,left,page_name,show_page,sname,uname\r\n\
    core:1,1.5,2.5,(Initialize),-1,S,A\r\ncore:2,2.5,,app/P1,1,S,A\r\n";

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn briefcase() -> Vec<u8> {
    zip(&[
        ("S/README.txt", "words"),
        ("S/page_times.csv", PAGE_TIMES),
        ("S/ultralong/player.csv", PLAYERS),
        ("S/ultralong/session.csv", SESSION),
        ("S/latest/player.csv", LATEST_PLAYERS),
        ("S/latest/session.csv", LATEST_SESSION),
        ("S/latest_by_n/player.csv", LATEST_PLAYERS),
        ("S/SHA256SUMS", "sums"),
    ])
}

fn csv() -> Call {
    of_session(Endpoint::DataCsv)
}

fn table(status: &'static str, call: &Call, body: impl Into<bytes::Bytes>) -> Table {
    read_on(status, call, ok(body)).unwrap().table().unwrap()
}

fn error(status: &'static str, call: &Call, body: impl Into<bytes::Bytes>) -> ApiError {
    read_on(status, call, ok(body)).unwrap_err()
}

#[test]
fn the_files_of_a_zip_become_one_table() {
    let table = table(NEWEST, &csv(), briefcase());
    assert_eq!(table.columns, ["!context", "!data", "!field", "!seq", "!storage", "!time", "!unavailable"]);
    assert_eq!(
        table.rows,
        [
            ["core:1", "a,\"b\"\nc", "x", "22", "player/S/A", "1.5", "FALSE"],
            ["core:3", "TRUE", "active", "5", "session/S", "1.25", "FALSE"],
        ]
    );
}

#[test]
fn kinds_with_columns_of_their_own_share_a_table() {
    let table = table(NEWEST, &csv().query("format", "latest"), briefcase());
    assert_eq!(table.columns, ["!seq", "!storage", "!time", "n", "active", "packages"]);
    assert_eq!(
        table.rows,
        [["84", "player/S/A", "1.5", "7", "", ""], ["85", "session/S", "1.25", "", "TRUE", "{}"]]
    );
}

#[test]
fn a_grouped_table_comes_from_its_own_folder() {
    let call = csv().query("format", "latest").query("gvar", "n");
    assert_eq!(table(NEWEST, &call, briefcase()).rows.len(), 1);
    // Nothing has the field: no folder.
    assert_eq!(table(NEWEST, &call, zip(&[("S/latest/player.csv", LATEST_PLAYERS)])), Table::default());
    // The other formats take no notice of it.
    assert_eq!(table(NEWEST, &csv().query("gvar", "n"), briefcase()).rows.len(), 2);
}

#[test]
fn the_contracts_csv_is_read_as_it_is() {
    let table_ = table(CONTRACT, &csv(), PLAYERS);
    assert_eq!(table_.rows.len(), 1);
    assert_eq!(table(CONTRACT, &csv(), "\r\n"), Table::default());
}

#[test]
fn page_times_have_one_order_of_columns() {
    let call = of_session(Endpoint::PageTimes);
    let contract = "sname,uname,show_page,page_name,entered,left,context\r\n\
        S,A,-1,(Initialize),1.5,2.5,core:1\r\nS,A,1,app/P1,2.5,,core:2\r\n";
    let wanted = table(CONTRACT, &call, contract);
    assert_eq!(wanted.rows[1], ["S", "A", "1", "app/P1", "2.5", "", "core:2"]);
    assert_eq!(table(EARLY, &call, PAGE_TIMES), wanted);
    assert_eq!(table(TOGGLING, &call, briefcase()), wanted);
    assert_eq!(table(NEWEST, &call, briefcase()), wanted);
    assert!(error(EARLY, &call, "a,b\r\n1,2\r\n").message.contains("lack the column sname"));
    assert!(error(NEWEST, &call, zip(&[])).message.contains("lacks page_times.csv"));
}

#[test]
fn rows_come_from_an_array_or_from_lines() {
    let rows = json!([
        {"!storage": "player/S/A", "!field": "n", "!data": 1},
        {"!storage": "player/S/A", "!field": "_uproot_key", "!data": "K"},
    ]);
    let lines = format!("{}\n{}\n\n", rows[0], rows[1]);
    let call = of_session(Endpoint::DataJson);
    let wanted = Answer::Rows(vec![object(rows[0].clone())]);
    assert_eq!(read_on(CONTRACT, &call, ok(rows.to_string())).unwrap(), wanted);
    assert_eq!(read_on(NEWEST, &call, ok(lines)).unwrap(), wanted);
    assert_eq!(read_on(NEWEST, &call, ok("")).unwrap(), Answer::Rows(vec![]));
    assert!(error(NEWEST, &call, "{}\n{\"a\":").message.contains("line 2"));
    assert!(error(NEWEST, &call, "[1]\n").message.contains("line 1"));
    assert_eq!(error(CONTRACT, &call, "{}").kind, ErrorKind::BadAnswer);
}

#[test]
fn damaged_exports_are_errors() {
    let whole = briefcase();
    for broken in [&whole[..whole.len() / 2], b"PK\x03\x04", b"", b"a,b\r\n"] {
        assert_eq!(error(NEWEST, &csv(), broken.to_vec()).kind, ErrorKind::BadAnswer);
    }
    let mut flipped = whole.clone();
    let content = flipped.windows(8).position(|bytes| bytes == b"active,5").unwrap_or(flipped.len() / 3);
    flipped[content] ^= 0xff;
    let _ = read_on(NEWEST, &csv(), ok(flipped));
    assert!(error(NEWEST, &csv(), zip(&[("S/README.txt", "")])).message.contains("lacks the tables"));
    assert!(error(CONTRACT, &csv(), "a,b\r\n1\r\n").message.contains("cannot be read"));
    assert!(error(CONTRACT, &csv(), &b"a\r\n\xff\r\n"[..]).message.contains("cannot be read"));
}

#[test]
fn what_comes_out_of_a_zip_is_bounded() {
    let bomb = zip(&[("S/ultralong/player.csv", &format!("a\r\n{}", "0".repeat(3_000_000)))]);
    assert!(bomb.len() < 50_000);
    let options = Options { format: Format::Ultralong, gvar: Vec::new(), filters: false };
    let error = read_zip(&bomb, &options, 1_000_000).unwrap_err();
    assert!(error.contains("more than 1000000 bytes"), "{error}");
    // The bound holds for all files together.
    let two = zip(&[("S/ultralong/a.csv", "a\r\n12345"), ("S/ultralong/b.csv", "a\r\n12345")]);
    assert!(read_zip(&two, &options, 15).is_err());
    assert!(read_zip(&two, &options, 16).is_ok());
}

#[test]
fn a_table_of_empty_cells_is_bounded_too() {
    let commas = format!("{}\r\n", ",".repeat(99)).repeat(10);
    assert!(read_csv_within(commas.as_bytes(), 1000).is_ok());
    assert_eq!(read_csv_within(commas.as_bytes(), 999).unwrap_err(), "the table has more than 999 cells");
}
