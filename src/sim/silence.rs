//! Why no event of an automation came in a rehearsal, as far as it can be told.

use jiff::Timestamp;

use crate::{
    config::{Automation, Clock, Config, Observe, Observed, ServerCondition, SessionCondition, Trigger},
    domain::{PageKind, Pattern, PlayerCondition, format_duration},
    sandbox::{Experiment, Scenario},
};

/// What the evening was like.
pub(super) struct Evening<'a> {
    pub(super) config: &'a Config,
    pub(super) scenario: &'a Scenario,
    /// The session that the participants were in.
    pub(super) session: &'a str,
    pub(super) start: Timestamp,
}

impl Evening<'_> {
    /// A sentence for each trigger.
    pub(super) fn why_nothing(&self, automation: &Automation) -> String {
        if automation.triggers.is_empty() {
            return "it is only started by hand: a test does that with `r.trigger`".to_owned();
        }
        let whys: Vec<String> = automation.triggers.iter().map(|trigger| self.why(trigger)).collect();
        whys.join("; ")
    }

    fn why(&self, trigger: &Trigger) -> String {
        match trigger {
            Trigger::Clock(clock, _) => self.not_due(clock),
            Trigger::Webhook(webhook) => {
                format!("no webhook came to /hooks/{}: a test sends one with `r.webhook`", webhook.hook)
            }
            Trigger::Poll(_) => "its poll() gave nothing that was not there at the first poll".to_owned(),
            Trigger::Observe(observe) => self.not_observed(observe),
            Trigger::OtherRuns(_) => "no run of another automation failed".to_owned(),
            Trigger::Started => "the daemon did not start anew: `--faults` lets it crash".to_owned(),
        }
    }

    fn not_due(&self, clock: &Clock) -> String {
        match clock.next_after(self.start) {
            Some(next) => format!("it is next due at {next}: `--for` and `--start` say when the evening is"),
            None => "its time is over: `--start` says when the evening begins".to_owned(),
        }
    }

    fn not_observed(&self, observe: &Observe) -> String {
        match &observe.what {
            Observed::Player { condition, sessions, pages } => {
                self.not_covered(sessions).or_else(|| self.no_such_page(pages)).unwrap_or_else(|| {
                    let time = observe.time.map(|time| format!(" for {}", format_duration(time)));
                    let time = time.unwrap_or_default();
                    format!("nobody was {:?}{time}{}{}", condition.as_str(), on(pages), hint(*condition))
                })
            }
            Observed::Session { condition, sessions } => {
                self.not_covered(sessions).unwrap_or_else(|| match condition {
                    SessionCondition::Created => {
                        "no session was made but the one that was there from the start".to_owned()
                    }
                    SessionCondition::AllFinished => {
                        "there was no time at which all had finished: `--for` says how long it goes on"
                            .to_owned()
                    }
                })
            }
            Observed::Room { count, .. } => {
                format!("never did {count} wait in a room: a test lets them come with `r.wait_in_room`")
            }
            Observed::Server(ServerCondition::Down | ServerCondition::Up) => {
                "the server was never down for so long: `--faults` lets it be".to_owned()
            }
            Observed::Server(ServerCondition::Restarted) => {
                "the server was not started anew: `--faults` lets it be".to_owned()
            }
        }
    }

    /// Whether the participants' session is one that is meant and that is looked at.
    fn not_covered(&self, sessions: &[Pattern]) -> Option<String> {
        let session = self.session;
        if !self.config.watch.covers(session) {
            let watched = listed(&self.config.watch.sessions);
            return Some(format!(
                "the participants were in {session}, and `[watch]` looks at {watched} only"
            ));
        }
        let fits = sessions.is_empty() || sessions.iter().any(|pattern| pattern.matches(session));
        (!fits)
            .then(|| format!("the participants were in {session}, which fits none of {}", listed(sessions)))
    }

    fn no_such_page(&self, pages: &[Pattern]) -> Option<String> {
        let there = pages_of(&self.scenario.experiment, &self.scenario.participants.config);
        let fits = |page: &str| pages.iter().any(|pattern| pattern.matches(page));
        if pages.is_empty() || fits("Initialize") || fits("End") || there.iter().any(|page| fits(page)) {
            return None;
        }
        Some(format!(
            "no player ever was on a page that matches {}; the experiment's pages are {}. `--experiment FILE` takes one like yours",
            listed(pages),
            there.join(", ")
        ))
    }
}

/// The pages that participants of a configuration can be on, in order, each once.
fn pages_of(experiment: &Experiment, config: &str) -> Vec<String> {
    let apps = experiment.apps_of(config).unwrap_or_default();
    let mut pages: Vec<String> = Vec::new();
    for page in experiment.page_order(&apps, &mut |_| 0) {
        if PageKind::of(&page) != PageKind::Marker && !pages.contains(&page) {
            pages.push(page);
        }
    }
    pages
}

fn on(pages: &[Pattern]) -> String {
    if pages.is_empty() { String::new() } else { format!(" on {}", listed(pages)) }
}

fn listed(patterns: &[Pattern]) -> String {
    patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(" or ")
}

/// Which options let it happen.
fn hint(condition: PlayerCondition) -> &'static str {
    match condition {
        PlayerCondition::Stalled => ": `--stalls 20%` lets some stop on a page",
        PlayerCondition::Absent | PlayerCondition::Victim | PlayerCondition::Blocked => {
            ": `--dropouts 20%` lets some leave"
        }
        PlayerCondition::Dropped => ": `--dropouts 20%` lets some leave, which the app has to notice",
        _ => "",
    }
}
