//! Scripts that do harm, as far as they can: to their own run.

use serde_json::json;

use crate::project::Project;

#[test]
fn a_bad_script_fails_its_run_with_one_clear_reason() {
    let cases = [
        ("fn run(event) { loop { } }", "it.rhai:1:22: ", "computes without end"),
        ("fn down(n) { down(n + 1) }\nfn run(event) { down(0) }", "it.rhai:2:17: ", "too deeply"),
        (
            "fn run(event) {\n    let s = \"x\";\n    loop { s += s; }\n}",
            "it.rhai:3:14: ",
            "larger than a script may make it",
        ),
        (
            "fn run(event) {\n    let a = [0];\n    loop { a += a; }\n}",
            "it.rhai:3:14: ",
            "larger than a script may make it",
        ),
        // Below run(), it is the place in run() that leads there.
        (
            "fn run(event) {\n    log::info(1);\n    help()\n}\nfn help() { loop { } }",
            "it.rhai:3:5: ",
            "without end",
        ),
        (
            "const N = 1;\nfn run(event) { help(\"\") }\nfn help(m) { m.pad(9000000, 'x') }",
            "it.rhai:2:17: ",
            "8 MiB",
        ),
        ("fn run(event) { help() }\nfn help() { fail(\"enough\") }", "it.rhai:2:13: ", "enough"),
        ("fn run(event) { log::info(1); help() }\nfn help() { 1 / 0 }", "it.rhai:2:15: ", "zero"),
        ("fn run(event) { throw \"no luck\" }", "it.rhai:1:17", "the script threw: no luck"),
        ("fn run(event) { throw 42 }", "it.rhai:1:17", "the script threw: 42"),
        ("fn run(event) { fail(\"enough\") }", "it.rhai:1:17", "enough"),
        ("fn run(event) { wait_for(\"1h\") }", "it.rhai:1:17", "`time_limit`"),
        ("fn run(event) { try { wait_for(\"1h\") } catch { } }", "it.rhai:1:", "`time_limit`"),
        ("fn run(event) { event.payload.more }", "it.rhai:1:", ""),
        ("fn run(event) { let x = 1 / 0; }", "it.rhai:1:", "ivision by zero"),
        ("fn run(event) { players::list(\"../admin\") }", "it.rhai:1:", "only letters, digits"),
        ("fn run(event) { files::read(\"../config.toml\") }", "it.rhai:1:", "files::read"),
        ("fn run(event) { http::get(\"https://example.org/\") }", "it.rhai:1:", "may not reach example.org"),
        ("fn run(event) { Fn(\"sleep\").call(1) }", "it.rhai:1:", "wait_for"),
        (
            "fn run(event) { kv::add(\"n\", 1); kv::set(\"n\", \"x\"); kv::add(\"n\", 1) }",
            "it.rhai:1:",
            "no whole number",
        ),
    ];
    for (script, place, reason) in cases {
        let found = Project::with_script(script).failure();
        assert!(found.starts_with(place) && found.contains(reason), "{script:?} said {found:?}");
    }
}

#[test]
fn what_a_script_gives_back_does_not_matter_and_skip_is_no_failure() {
    for script in ["fn run(event) { #{ a: [1, ()] } }", "fn run(event) { Fn(\"run\") }", "fn run(event) { }"]
    {
        let (code, run) = Project::with_script(script).trigger();
        assert_eq!((code, &run["outcome"]), (0, &json!("done")), "{script}");
    }
    let (code, run) =
        Project::with_script("fn help() { skip(\"nothing to do\") } fn run(event) { help(); }").trigger();
    assert_eq!((code, &run["outcome"], &run["reason"]), (0, &json!("skipped"), &json!("nothing to do")));
}

#[test]
fn values_nested_without_end_end_their_run_and_not_the_program() {
    let deep = "let a = []; for i in 0..30000 { a = [a]; }";
    for script in [
        format!("fn run(event) {{ {deep} a }}"),
        format!("fn run(event) {{ {deep} log::info(a); }}"),
        format!("fn run(event) {{ {deep} kv::set(\"x\", a); }}"),
        format!("fn run(event) {{ {deep} json::encode(a); }}"),
        format!("fn run(event) {{ {deep} print(a); }}"),
        format!("fn run(event) {{ {deep} throw a }}"),
        "fn run(event) { let a = (); loop { a = #{ a: a, b: [1, 2], c: 3 }; } }".to_owned(),
        "fn run(event) { let a = (); loop { a = wrap(a); } }\nfn wrap(x) { [[1], x] }".to_owned(),
        "fn run(event) { let a = []; let b = a; loop { b = a; a = []; a.push(b); a == b; } }".to_owned(),
        "fn run(event) { let f = || 0; loop { let prev = f; f = || prev; } }".to_owned(),
        "fn run(event) { let f = Fn(\"run\"); loop { f = Fn(\"run\").curry(f); } }".to_owned(),
        "fn run(event) { try { let a = []; loop { a = [a]; } } catch { } }".to_owned(),
    ] {
        let reason = Project::with_script(&script).failure();
        assert!(
            reason.starts_with("it.rhai:1:") && reason.contains("levels deep"),
            "{script:?} said {reason:?}"
        );
    }
    // What is deep, but has an end, and a closure that holds itself.
    let script = "fn run(event) {\n    let a = []; for i in 0..300 { a = [a]; } log::info(a == a);\n    \
                  let f = (); f = || f; for i in 0..1000 { let g = f; }\n    \
                  log::info(f); print(f); debug(f); let g = [f]; log::info(g); print(g);\n    kv::set(\"x\", a);\n}";
    let reason = Project::with_script(script).failure();
    assert!(reason.starts_with("it.rhai:5:") && reason.contains("more than 100 levels deep"), "{reason}");
}

#[test]
fn run_is_a_function_like_any_other() {
    let script = "const A = 3; let event = 7; let own = |x| x + event;\n\
        fn run(event) {\n    \
            if event.again == 1 { return help(event.kind); }\n    \
            const B = 2; let add = |x| x + event.kind + B + global::A; log::info(add.call(\"> \"));\n    \
            event.again = 1; run(event); log::info(help(`${event.again}`)); return 5; fail(\"too far\")\n\
        }\n\
        fn help(text) { text += global::A; log::info(text); text }";
    let (code, run) = Project::with_script(script).trigger();
    assert_eq!(code, 0, "{run:#}");
    let lines = run["trace"].as_array().unwrap();
    let lines: Vec<&str> = lines.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(lines, ["> manual23", "manual3", "13", "13"]);
}

#[test]
fn an_error_of_a_call_can_be_caught_as_a_map_and_a_refusal_cannot() {
    let script = "fn run(event) {\n    try { sessions::list() } catch (e) {\n        \
                  log::info(e.kind + \" \" + e.endpoint + \" \" + type_of(e.status));\n    }\n}";
    let (code, run) = Project::with_script(script).trigger();
    assert_eq!(code, 0, "{run:#}");
    let lines: Vec<_> =
        run["trace"].as_array().unwrap().iter().filter(|line| line["kind"] == "info").collect();
    assert_eq!(lines[0]["text"], "unreachable sessions.list ()");

    let script = "fn run(event) { try { let f = \"advance\"; files::write(\"x\", \"y\"); } catch { } }";
    let project = Project::new("http://127.0.0.1:9/", "allow = [\"files.write\"]", script);
    assert_eq!(project.trigger().0, 0);
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("allow", "params = {}\n# allow"));
    let check = project.run(&["check"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(crate::project::text(&check).contains("needs the capability \"files.write\""));
}

#[test]
fn memory_outlives_runs_and_dry_runs_have_their_own() {
    let project = Project::with_script("fn run(event) { log::info(kv::add(\"n\", 1)); }");
    let last = |run: &serde_json::Value| run["trace"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(last(&project.trigger().1), "1");
    assert_eq!(last(&project.trigger().1), "2");
    let output = project.run(&["trigger", "it", "--json", "--dry-run"]);
    let run = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(last(&run), "1");
}

#[test]
fn the_payload_reaches_the_script_and_nonsense_is_refused() {
    let project = Project::with_script("fn run(event) { log::info(event.kind + \" \" + event.payload.n); }");
    let output = project.run(&["trigger", "it", "--json", "--payload", "{\"n\": 7}"]);
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["trace"][0]["text"], "manual 7");
    assert_eq!(project.run(&["trigger", "it", "--payload", "{"]).status.code(), Some(2));
    assert_eq!(project.run(&["trigger", "other"]).status.code(), Some(1));
}
