//! What people are told of the server, whether or not an automation looks.

use super::server::Lab;
use crate::domain::NoticeKind;

#[test]
fn people_are_told_of_a_server_that_is_away_although_no_automation_looks_and_once_across_a_restart() {
    let mut lab = Lab::new("");
    assert!(lab.watch.every().is_none(), "nobody wants to know");
    lab.watch.tell_of_server(true);
    assert!(lab.watch.every().is_some());
    lab.watch_for(30.0, &[]);
    lab.server(|state| state.down = true);
    lab.watch_for(120.0, &[]);
    lab.restart();
    lab.watch.tell_of_server(true);
    lab.watch_for(60.0, &[]);
    lab.server(|state| state.down = false);
    lab.watch_for(90.0, &[]);
    let news = lab.watch.store.history().news(10).unwrap();
    let kinds: Vec<_> = news.iter().map(|one| one.kinds.clone()).collect();
    assert_eq!(kinds, [[NoticeKind::ServerDown], [NoticeKind::Recovered]]);
}
