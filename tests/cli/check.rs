//! `uproctor check` finds everything at once, with its place.

use serde_json::Value;

use crate::project::Project;

#[test]
fn mistakes_in_the_configuration_and_the_scripts_are_found_together() {
    let project = Project::with_script(
        "fn run(event) {\n    let p = players::lst(\"s\");\n    players::message(\"s\", \"A\");\n    \
         players::advance(\"s\", \"A\");\n    let x = param(\"patience\");\n}",
    );
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config.replace("[daemon]", "[daemon]\ntimezome = \"Europe/Berlin\"");
    project.write(
        "config.toml",
        &format!(
            "{config}\n[[automation]]\nname = \"two\"\non = {{ cron = \"61 * * * *\" }}\nscript = \"it.rhia\"\n\
             allow = [\"players.advnce\"]\n"
        ),
    );
    let output = project.run(&["check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["ok"], false);
    let errors = answer["errors"].as_array().unwrap();
    let has = |file: &str, line: u64, message: &str, help: &str| {
        let found = errors.iter().any(|error| {
            error["file"].as_str().unwrap().ends_with(file)
                && error["line"] == line
                && error["message"].as_str().unwrap().contains(message)
                && error["help"].as_str().unwrap_or_default().contains(help)
        });
        assert!(found, "no {message:?} in line {line} of {file}: {errors:#?}");
    };
    has("config.toml", 6, "unknown key `timezome`", "`timezone`");
    has("config.toml", 20, "unknown capability", "players.advance");
    has("config.toml", 19, "scripts end in .rhai", "");
    has("config.toml", 18, "61", "");
    has("it.rhai", 2, "there is no function `players::lst`", "`players::list`");
    has("it.rhai", 3, "`players::message` takes 3 arguments, not 2", "uproctor functions");
    has("it.rhai", 4, "needs the capability \"players.advance\"", "allow");
    has("config.toml", 13, "no parameter \"patience\"", "params");
}

/// What `check` says about this script: whether all is well, and `line:column message | help` of each problem.
fn said(script: &str) -> (bool, Vec<String>) {
    let output = Project::with_script(script).run(&["check", "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let line = |problem: &Value| {
        let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
        format!("{}:{} {} | {}", problem["line"], problem["column"], text("message"), text("help"))
    };
    let problems = ["errors", "warnings"].into_iter().flat_map(|kind| answer[kind].as_array().unwrap());
    (answer["ok"] == true, problems.map(line).collect())
}

#[test]
fn what_would_fail_only_when_it_is_reached_is_found_before() {
    let cases = [
        ("import \"other\" as o;\nfn run(event) { }", "1:1 ", "a script is one file", "copy"),
        ("fn run(event) {\n    if true {\n        import \"x\";\n    }\n}", "3:9 ", "one file", "copy"),
        ("fn run(event) {\n    sleep(1);\n}", "2:5 ", "`sleep` is not for automations", "wait_for"),
        ("fn run(event) { let x = 3 + sleep(1.5); }", "1:29 ", "`sleep`", "wait_for"),
        ("fn run(event) { timestamp() }", "1:17 ", "`timestamp`", "now()"),
        (
            "const N = 3;\nfn run(event) {\n    log::info(N);\n}",
            "3:15 ",
            "the constant `N` of line 1",
            "`global::N`",
        ),
        ("let n = 3;\nfn run(event) { event.x = n + 1; }", "2:27 ", "the variable `n` of line 1", "argument"),
        ("let n = 3;\nfn run(event) { n += 1; }", "2:17 ", "the variable `n` of line 1", "argument"),
        ("const N = 3;\nfn run(event) { [1].map(|x| x + N); }", "2:33 ", "the constant `N`", "`global::N`"),
        ("let n = 3;\nfn run(event) { log::info(global::n); }", "2:35 ", "no constant `n`", "const n"),
        ("fn run(event) { if true { let a = 1; } log::info(a); }", "1:50 ", "no variable `a`", "`let`"),
        ("fn run(event) { log::info(`${evnt.kind}`); }", "1:30 ", "no variable `evnt`", "`let`"),
        (
            "fn run(event) { if event.player.classs == \"stalled\" { skip(\"\"); } }",
            "1:33 ",
            "no `classs`",
            "`class`",
        ),
        ("fn run(event) { log::info(event.palyer.name); }", "1:33 ", "`event` has no `palyer`", "`player`"),
        (
            "fn run(e) { let p = e.player; log::info(p.online && p.dwel > 3); }",
            "1:55 ",
            "no `dwel`",
            "`dwell`",
        ),
        (
            "fn run(event) { let p = player(\"s\", \"a\"); if p.cooperate { } }",
            "1:48 ",
            "no `cooperate`",
            "players::get(session, name, [\"cooperate\"])",
        ),
        (
            "fn run(event) { for p in players_of(\"s\") { log::info(`${p.page} ${p.nme}`); } }",
            "1:69 ",
            "`nme`",
            "`name`",
        ),
        (
            "fn run(event) { for p in mates(\"s\", \"a\") { f(p.pag.len()); } }\nfn f(n) { n }",
            "1:48 ",
            "`pag`",
            "`page`",
        ),
    ];
    for (script, place, message, help) in cases {
        let (ok, said) = said(script);
        let [one] = said.as_slice() else { panic!("{script:?} said {said:#?}") };
        let (what, instead) = one.split_once(" | ").unwrap();
        assert!(
            !ok && what.starts_with(place) && what.contains(message) && instead.contains(help),
            "{script:?}: {one}"
        );
    }
}

#[test]
fn names_that_are_there_are_not_complained_about() {
    let rest = "fn run(event) {\n    \
        let n = 1; const K = 2; n += K;\n    \
        for (N, i) in [1, 2] { log::info(N + i); }\n    \
        let add = |x, N| x + N + n; log::info(add.call(1, 2));\n    \
        let deep = |x| { let inner = |y| x + y + n; inner.call(x) }; log::info(deep.call(1));\n    \
        try { help(n) } catch (N) { log::info(N); }\n    \
        switch n { 1 => log::info(K), 2..5 if K > 1 => log::info(n), _ => { let N = 3; log::info(N) } }\n    \
        let f = help; f.call(1); let m = #{ N: 1, kind: n }; log::info(m.N + m.kind + event.kind);\n    \
        log::info(`${n} ${global::N}`); do { let z = n; n -= z; } while n > 0; see!(K);\n    \
        let own = #{ v: 1, up: || this.v += 1 }; own.up(); let N = N_of(3); N\n}\n\
        fn help(N) { N + 1 }\nfn N_of(n) { n }\nfn see(a) { n + a }\n";
    let script = format!("const N = 3; let top = N + 1; let t = |x| x + top; t.call(1);\n{rest}");
    assert_eq!(said(&script), (true, Vec::new()));
    let (code, run) = Project::with_script(&script).trigger();
    assert_eq!(code, 0, "{run:#}");
}

#[test]
fn properties_that_may_be_there_are_not_complained_about() {
    let script = "fn run(event) {\n    \
        let p = event.player; log::info(p.class + p.page_order[0] + p.name.len + event.player.mates.len());\n    \
        event.mine = 1; log::info(event.mine + event.payload.whatever + event.item.x.y + event.counts.z);\n    \
        let q = player(\"s\", \"a\"); q.seat = 3; log::info(q.seat);\n    \
        let r = player(\"s\", \"a\"); r = #{ x: 1 }; log::info(r.x);\n    \
        let u = players::get(\"s\", \"a\"); log::info(u.cooperate);\n    \
        for x in [#{ y: 1 }] { log::info(x.y); } for (m, n) in mates(\"s\", \"a\") { log::info(m.name + n.y); }\n    \
        let own = || p.what_ever; own.call(); help(p); try { } catch (p) { log::info(p.kind); }\n\
        }\nfn help(p) { p.anything }\nfn see(event) { event.anything }\n";
    assert_eq!(said(script), (true, Vec::new()));
    let script = "fn run(event) { let p = player(3); p.x }\nfn player(n) { #{ x: n } }";
    assert_eq!(said(script), (true, Vec::new()));
    let script = "fn run(event) { let p = player(3, 4); p.x }\nfn player(n, m) { #{ x: n } }";
    assert_eq!(said(script), (true, Vec::new()));
}

#[test]
fn fire_times_are_told_in_the_zone() {
    let project = Project::with_script("fn run(event) { }");
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config
        .replace("[daemon]", "[daemon]\ntimezone = \"Europe/Berlin\"")
        .replace("every = \"1h\"", "cron = \"0 18 * * mon-fri\"");
    project.write("config.toml", &config);
    let output = project.run(&["check", "--json", "--from", "2026-12-04T12:00:00Z", "--count", "2"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(
        answer["automations"][0]["next"],
        serde_json::json!(["2026-12-04T18:00:00+01:00", "2026-12-07T18:00:00+01:00"])
    );
}

#[test]
fn a_secret_that_is_missing_is_an_error_and_one_in_the_file_is_not_shown() {
    let project = Project::with_script("fn run(event) { }");
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("LAB_TOKEN", "NO_SUCH_VARIABLE"));
    let output = project.run(&["check"]);
    assert!(crate::project::text(&output).contains("NO_SUCH_VARIABLE is not set"));
    project.write("config.toml", &config.replace("token_env = \"LAB_TOKEN\"", "token = \"hunter2-hunter2\""));
    let output = project.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!crate::project::text(&output).contains("hunter2"), "{}", crate::project::text(&output));
}

#[test]
fn a_new_project_passes_the_check_and_is_not_written_over() {
    let project = Project::with_script("fn run(event) { }");
    let init = project.run(&["init", "lab"]);
    assert_eq!(init.status.code(), Some(0), "{}", crate::project::text(&init));
    let check = project
        .command()
        .args(["check", "--config", "lab/config.toml"])
        .env("UPROOT_API_KEY", "x")
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", crate::project::text(&check));
    let again = project.run(&["init", "lab"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(crate::project::text(&again).contains("nothing was written"));
}

#[test]
fn what_is_only_started_by_hand_is_said_to_be() {
    let project = Project::with_script("fn run(event) { skip(event.payload.why); }");
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("on = { every = \"1h\" }", "on = []"));
    let said = crate::project::text(&project.run(&["check"]));
    assert!(said.contains("only by hand: uproctor trigger it"), "{said}");
    let output = project.run(&["trigger", "it", "--payload", "{\"why\": \"asked\"}"]);
    assert!(crate::project::text(&output).contains("asked"), "{}", crate::project::text(&output));
}

/// What `check` says about a project made of these recipes, after these changes to its `config.toml`; not that their placeholders
/// are still there.
fn said_of_recipes(names: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let project = Project::with_script("fn run(event) { }");
    let init = project.run(&["init", "lab", "--with", names]);
    assert_eq!(init.status.code(), Some(0), "{}", crate::project::text(&init));
    let mut config = std::fs::read_to_string(project.path().join("lab/config.toml")).unwrap();
    for (from, to) in changes {
        assert!(config.contains(from), "{from} is not in {config}");
        config = config.replace(from, to);
    }
    project.write("lab/config.toml", &config);
    let mut check = project.command();
    check.args(["check", "--json", "--config", "lab/config.toml"]).env("UPROOT_API_KEY", "x");
    let output = check.env("PROLIFIC_TOKEN", "Token x").env("PROLIFIC_HOOK_SECRET", "x").output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let place = |problem: &Value| {
        let (line, column) = (problem["line"].as_u64().unwrap(), problem["column"].as_u64().unwrap());
        let line = config.lines().nth(usize::try_from(line - 1).unwrap()).unwrap();
        let rest: String = line.chars().skip(usize::try_from(column - 1).unwrap()).take(12).collect();
        let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
        format!("at {rest} | {} | {}", text("message"), text("help"))
    };
    let problems = ["errors", "warnings"].into_iter().flat_map(|kind| answer[kind].as_array().unwrap());
    problems.map(place).filter(|said| !said.contains("still has the placeholder")).collect()
}

#[test]
fn what_a_recipe_is_given_is_held_against_its_header() {
    let no_changes = said_of_recipes("step_stalled,top_up,tell_blocked,completion,bonus_file,returned", &[]);
    assert!(no_changes.is_empty(), "{no_changes:#?}");
    let cases = [
        (
            "step_stalled",
            "\"3m\"",
            "\"3 mn\"",
            "at \"3 mn\"",
            "`patience` is \"3 mn\", but must be a duration",
            "how long somebody",
        ),
        (
            "step_stalled",
            "patience =",
            "patiense =",
            "at patiense",
            "has no parameter `patiense`",
            "did you mean `patience`?",
        ),
        (
            "step_stalled",
            "\"prisoners_dilemma/Dilemma\"",
            "\"intro/A\", \"Dilemma\"",
            "at \"Dilemma\"",
            "no page is called \"Dilemma\"",
            "app/Page",
        ),
        (
            "step_stalled",
            "[\"prisoners_dilemma/Dilemma\"]",
            "\"a/B\"",
            "at \"a/B\"",
            "but must be a list",
            "pages that",
        ),
        (
            "top_up",
            "wanted = 48",
            "wanted = \"48\"",
            "at \"48\"",
            "must be a whole number",
            "complete participants",
        ),
        ("top_up", "study = \"STUDY\"", "study = 7", "at 7", "must be a text in quotes", "study's id"),
        ("bonus_file", "most = 50.0", "most = true", "at true", "must be a number", "largest bonus"),
        (
            "returned",
            "api = \"\"",
            "api = \"https://study.example.org/x\"",
            "at \"https://st",
            "may not speak to study.example.org",
            "[http.\"study.example.org\"]",
        ),
        (
            "tell_blocked",
            "channel = \"\"",
            "channel = \"lab\"",
            "at \"lab\"",
            "no channel \"lab\"",
            "[channel.lab]",
        ),
        (
            "completion",
            "url = \"https://",
            "url = \"",
            "at \"app.prolif",
            "must be an address",
            "completion code",
        ),
        (
            "completion",
            "params = { url",
            "params = { marks = [\"left\"], url",
            "at [\"left\"]",
            "must be a table",
            "by field",
        ),
    ];
    for (recipe, from, to, place, message, help) in cases {
        let said = said_of_recipes(recipe, &[(from, to)]);
        let [one] = said.as_slice() else { panic!("{recipe}, {to}: {said:#?}") };
        assert!(
            one.starts_with(place) && one.contains(message) && one.contains(help),
            "{recipe}, {to}: {one}"
        );
    }
    // Seconds are a duration, a whole number is a number, a host of the configuration may be spoken to.
    for (recipe, from, to) in [
        ("step_stalled", "\"3m\"", "180"),
        ("bonus_file", "most = 50.0", "most = 50"),
        ("returned", "api = \"\"", "api = \"https://api.prolific.com/api/v1\""),
    ] {
        let said = said_of_recipes(recipe, &[(from, to)]);
        assert!(said.is_empty(), "{recipe}, {to}: {said:#?}");
    }
}

#[test]
fn what_can_never_be_observed_is_said() {
    let watch = "[watch]\nsessions = [\"lab-*\", \"main\"]\n\n[[automation]]";
    let said = |on: &str| {
        let on = format!("on = {{ player = \"stalled\", for = \"2m\", {on} }}");
        said_of_recipes(
            "nudge",
            &[("[[automation]]", watch), ("on = { player = \"stalled\", for = \"2m\" }", &on)],
        )
    };
    for (on, place, message, help) in [
        (
            "pages = [\"a/B\", \"Dilemma\"]",
            "at \"Dilemma\"",
            "no page is called \"Dilemma\"",
            "\"*/Dilemma\"",
        ),
        ("sessions = [\"lab 1\"]", "at \"lab 1\"", "no session can be called \"lab 1\"", "letters"),
        ("sessions = \"pilot-*\"", "at \"pilot-*\"", "no session that is observed", "\"lab-*\", \"main\""),
    ] {
        let said = said(on);
        let [one] = said.as_slice() else { panic!("{on}: {said:#?}") };
        assert!(one.starts_with(place) && one.contains(message) && one.contains(help), "{on}: {one}");
    }
    for on in ["pages = [\"*Dilemma\", \"Initialize\", \"a/*\"]", "sessions = [\"*-1\", \"main\"]"] {
        assert!(said(on).is_empty(), "{on}: {:#?}", said(on));
    }
    let finished = "on = { player = \"finished\", pages = [\"a/B\"] }";
    let said = said_of_recipes("completion", &[("on = { player = \"finished\" }", finished)]);
    assert!(said.len() == 1 && said[0].contains("who has finished is at the end"), "{said:#?}");
}
