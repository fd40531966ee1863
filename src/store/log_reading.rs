//! Reading the intervention log by what it is about.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use super::{History, Intervention, StoreError};

/// How many entries are read at once.
const PAGE: u32 = 1000;
/// How many entries back the newest that fit are looked for.
const BACK: i64 = 100_000;

/// What is known to have been done or not; the rest only was wanted.
const REACHED: [&str; 3] = ["done", "failed", "uncertain"];

/// Which entries of the log to read.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this session (or room, or host).
    pub session: Option<String>,
    /// Only of this player.
    pub player: Option<String>,
    /// Only by this automation.
    pub automation: Option<String>,
    /// Also what was only wanted: dry runs, plans, refusals.
    pub all: bool,
}

impl Filter {
    fn fits(&self, entry: &Value) -> bool {
        let is = |wanted: &Option<String>, found: &Value| {
            wanted.as_ref().is_none_or(|wanted| found.as_str() == Some(wanted))
        };
        let reached = entry["decision"].as_str().is_some_and(|decision| REACHED.contains(&decision));
        is(&self.session, &entry["target"])
            && is(&self.player, &entry["player"])
            && is(&self.automation, &entry["origin"]["automation"])
            && (self.all || reached)
    }
}

/// What was done to how many, for the methods section of a paper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Methods {
    /// How many entries are counted.
    pub entries: u64,
    /// By action: how often it was done, to how many players.
    pub done: BTreeMap<String, (u64, u64)>,
    /// How many were not done or cannot be told.
    pub failed: u64,
    /// How many were started or approved by a person.
    pub by_person: u64,
    /// The automations and the hashes of their scripts.
    pub scripts: BTreeMap<String, std::collections::BTreeSet<String>>,
    /// The instants of the first and the last, as RFC 3339.
    pub from: String,
    /// The last.
    pub to: String,
}

impl History {
    /// Goes through the entries that fit, oldest first.
    pub fn each_intervention(
        &self,
        filter: &Filter,
        mut each: impl FnMut(&Intervention, &Value),
    ) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let page = self.interventions(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            for entry in &page {
                let value: Value = serde_json::from_str(&entry.entry).unwrap_or_default();
                if filter.fits(&value) {
                    each(entry, &value);
                }
            }
        }
    }

    /// The newest entries that fit, newest first, before an entry if one is given; and before which entry there may be more.
    pub fn page_of_interventions(
        &self,
        filter: &Filter,
        before: Option<i64>,
        most: usize,
    ) -> Result<(Vec<Intervention>, Option<i64>), StoreError> {
        let last = self.last_intervention()?;
        let mut end = before.unwrap_or(i64::MAX).min(last.saturating_add(1));
        let least = (end - BACK).max(1);
        let mut found = Vec::new();
        while end > least && found.len() < most {
            let from = (end - i64::from(PAGE)).max(least);
            let page = self.interventions(from - 1, u32::try_from(end - from).unwrap_or(PAGE))?;
            for entry in page.into_iter().rev() {
                let value: Value = serde_json::from_str(&entry.entry).unwrap_or_default();
                if filter.fits(&value) && found.len() < most {
                    found.push(entry);
                }
            }
            end = from;
        }
        let next = if found.len() < most { end } else { found.last().map_or(end, |last| last.seq) };
        Ok((found, (next > 1).then_some(next)))
    }

    /// Sums up the entries that fit.
    pub fn methods(&self, filter: &Filter) -> Result<Methods, StoreError> {
        let mut methods = Methods::default();
        let mut players: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
        self.each_intervention(filter, |_, entry| {
            // Whatever else is shown: only what reached the server is told in a paper.
            if !entry["decision"].as_str().is_some_and(|decision| REACHED.contains(&decision)) {
                return;
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let action = text(&entry["action"]);
            if matches!(entry["origin"]["trigger"].as_str(), Some("manual" | "plan")) {
                methods.by_person += 1;
            }
            if methods.entries == 0 {
                methods.from = text(&entry["at"]);
            }
            methods.to = text(&entry["at"]);
            methods.entries += 1;
            match entry["decision"].as_str() {
                Some("done") => {
                    methods.done.entry(action.clone()).or_default().0 += 1;
                    if let Some(player) = entry["player"].as_str() {
                        players
                            .entry(action)
                            .or_default()
                            .insert(format!("{}/{player}", text(&entry["target"])));
                    }
                }
                Some("failed" | "uncertain") => methods.failed += 1,
                _ => {}
            }
            let origin = &entry["origin"];
            let hash: String = text(&origin["script_hash"]).chars().take(12).collect();
            methods.scripts.entry(text(&origin["automation"])).or_default().insert(hash);
        })?;
        for (action, who) in players {
            if let Some(done) = methods.done.get_mut(&action) {
                done.1 = who.len() as u64;
            }
        }
        Ok(methods)
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = env!("CARGO_PKG_VERSION");
        let day = |at: &str| at.chars().take(16).collect::<String>().replace('T', " ");
        write!(
            f,
            "The sessions were supervised by Uproctor {version}, which acted by scripts. Between {} and {} UTC it made",
            day(&self.from),
            day(&self.to)
        )?;
        for (at, (action, (times, players))) in self.done.iter().enumerate() {
            let before = match at {
                0 => " ",
                _ if at + 1 == self.done.len() => " and ",
                _ => ", ",
            };
            let call = if *times == 1 { "call" } else { "calls" };
            write!(f, "{before}{times} {call} of {action}")?;
            if *players > 0 {
                let who = if *players == 1 { "participant" } else { "participants" };
                write!(f, " (on {players} {who})")?;
            }
        }
        if self.done.is_empty() {
            f.write_str(" no change")?;
        }
        f.write_str(".")?;
        if self.failed > 0 {
            write!(f, " {} further calls failed or their outcome could not be told.", self.failed)?;
        }
        if self.by_person > 0 {
            write!(f, " {} of them were started or approved by a person.", self.by_person)?;
        }
        let scripts: Vec<String> = self
            .scripts
            .iter()
            .map(|(name, hashes)| {
                format!("{name} ({})", hashes.iter().cloned().collect::<Vec<_>>().join(", "))
            })
            .collect();
        write!(
            f,
            " The scripts were {}, named with the first twelve digits of the SHA-256 of their text.",
            scripts.join("; ")
        )?;
        f.write_str(" The complete log of interventions, chained by hashes, accompanies the data.")
    }
}
