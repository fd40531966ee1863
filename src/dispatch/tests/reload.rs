//! Another configuration while runs are under way.

use serde_json::json;

use super::*;

impl Lab {
    /// Writes another script and other lines for the automation, and puts them in the place of what holds.
    fn reload(&mut self, daemon: &mut Daemon, script: &str, automations: &str) -> Vec<Work> {
        std::fs::write(self.config.daemon.scripts.join("it.rhai"), script).unwrap();
        let zone = "timezone = \"UTC\"\n";
        let (head, _) = self.config.text.split_once(zone).unwrap();
        let text = format!("{head}{zone}{automations}");
        self.config = config::parse(&self.config.file, text, &|_| Some("token".to_owned())).accept().unwrap();
        let (library, problems) = Library::load(&self.config);
        assert!(problems.is_empty());
        daemon.dispatcher.reload(&self.config, library).unwrap()
    }
}

fn it(lines: &str) -> String {
    format!("[[automation]]\nname = \"it\"\nscript = \"it.rhai\"\n{lines}\n")
}

const LONG: &str = "fn run(event) { wait_for(\"1h\"); skip(\"the first\"); }";

#[test]
fn a_run_under_way_ends_as_it_began_and_the_next_one_is_of_the_new_script() {
    let mut lab = Lab::new(LONG, HOOK, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, first) = daemon.accept(1, &json!({}));
    let (_, nothing) = daemon.accept(2, &json!({}));
    assert!(nothing.is_empty());
    let nothing = lab.reload(
        &mut daemon,
        "fn run(event) { skip(param(\"w\")); }",
        &it(&format!("{HOOK}\nparams = {{ w = \"new\" }}")),
    );
    assert!(nothing.is_empty());
    daemon.work_off(first);
    let reasons: Vec<String> = daemon.rows().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["the first", "new"]);
}

#[test]
fn what_waits_for_an_automation_that_is_gone_has_a_row_and_so_has_what_comes_later() {
    let mut lab = Lab::new(LONG, HOOK, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, first) = daemon.accept(1, &json!({}));
    daemon.accept(2, &json!({}));
    assert!(lab.reload(&mut daemon, LONG, "").is_empty());
    let gone = ("dropped".to_owned(), "the automation is not in the configuration any more".to_owned());
    assert_eq!(daemon.last(), gone);
    let (_, nothing) = daemon.accept(3, &json!({}));
    assert!(nothing.is_empty());
    assert_eq!(daemon.last(), gone);
    daemon.work_off(first);
    assert_eq!(daemon.rows()[0], ("skipped".to_owned(), "the first".to_owned()));
    assert!(lab.reload(&mut daemon, "fn run(event) { }", &it(HOOK)).is_empty());
    let (_, work) = daemon.accept(4, &json!({}));
    daemon.work_off(work);
    assert_eq!(daemon.last().0, "done");
}

#[test]
fn the_cursor_of_a_schedule_that_stays_is_kept_and_a_new_one_is_written() {
    let every = |time: &str| it(&format!("on = {{ every = \"{time}\" }}"));
    let mut lab = Lab::new("fn run(event) { }", "on = { every = \"1m\" }", fine());
    let (mut daemon, _) = lab.start(30);
    let work = daemon.tick(60);
    daemon.work_off(work);
    lab.reload(&mut daemon, "fn run(event) { log::info(\"x\"); }", &every("1m"));
    let work = daemon.tick(120);
    daemon.work_off(work);
    assert_eq!(daemon.rows().len(), 2);
    lab.env.set(150);
    lab.reload(&mut daemon, "fn run(event) { }", &every("50s"));
    drop(daemon);
    let (mut daemon, _) = lab.start(199);
    assert!(daemon.tick(199).is_empty(), "150 was the start of it");
    let work = daemon.tick(200);
    daemon.work_off(work);
    assert_eq!(daemon.rows().len(), 3);
}

#[test]
fn hosts_and_limits_hold_for_what_begins_after() {
    let script = "fn run(event) { http::get(\"https://lab.example/\"); }";
    let mut lab = Lab::new(script, HOOK, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, work) = daemon.accept(1, &json!({}));
    daemon.work_off(work);
    assert_eq!(daemon.last().0, "failed");
    let hosts = "[http.\"lab.example\"]\n";
    lab.reload(&mut daemon, script, &format!("{hosts}{}", it(HOOK)));
    let (_, work) = daemon.accept(2, &json!({}));
    daemon.work_off(work);
    assert_eq!(daemon.last().0, "done", "{}", daemon.last().1);
}
