//! The loop that sends: decides about news, and hands over what is due, channel by channel.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    Current, Failure, Message, Setup, Whose, backoff, decide,
    deliver::deliver,
    mask::Mask,
    words::{self, Words},
};
use crate::{
    config::Channel,
    domain::{ChannelName, News, Notice, NoticeKind, Rate},
    environment::Scope,
    script::Tools,
    store::{ChannelFailure, StoreError},
};

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_secs(1);
/// A notice that nobody has taken for so long is given up.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);
/// How many notices go out as one message at most, and how much news is decided about at once.
const MOST: u32 = 500;
/// Up to so many notices of scripts go out as messages of their own.
const ONE_BY_ONE: usize = 5;

/// How a message gets to a channel.
type HandOver = Box<dyn Fn(&Channel, &Message, &Scope) -> Result<(), Failure> + Send>;

/// See the module.
pub struct Notifier {
    tools: Arc<Tools>,
    current: Current,
    hand_over: HandOver,
    /// What held when the channels were last refreshed.
    known: Option<Arc<Setup>>,
    /// Why the store failed last, so that it is said once.
    store_failure: Option<String>,
}

impl Notifier {
    /// Sends what is in the store of these tools, by the setup that holds.
    pub fn new(tools: Arc<Tools>, current: Current) -> Self {
        let env = Arc::clone(&tools.env);
        Self::by(tools, current, move |channel, message, scope| deliver(&*env, channel, message, scope))
    }

    /// The same with a way of its own to hand messages over.
    pub fn by(
        tools: Arc<Tools>,
        current: Current,
        hand_over: impl Fn(&Channel, &Message, &Scope) -> Result<(), Failure> + Send + 'static,
    ) -> Self {
        Self { tools, current, hand_over: Box::new(hand_over), known: None, store_failure: None }
    }

    /// Sends until the scope ends. Blocks. What is still to go out then stays in the store.
    pub fn run(mut self, scope: &Scope) {
        loop {
            let failure = self.round(scope).err().map(|error| error.to_string());
            if let Some(why) = failure.as_ref().filter(|why| self.store_failure.as_ref() != Some(*why)) {
                tracing::error!("notices wait until the store can be used: {why}");
            }
            self.store_failure = failure;
            if self.tools.env.sleep(LOOK, scope).is_err() {
                return;
            }
        }
    }

    /// Decides about all news and sends all that is due.
    pub fn round(&mut self, scope: &Scope) -> Result<(), StoreError> {
        let setup = self.current.get();
        if self.known.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &setup)) {
            self.tools.store.refresh_channels(self.tools.env.now()).wait()?;
            self.known = Some(Arc::clone(&setup));
        }
        let now = self.tools.env.now();
        if self.tools.store.history().has_untold_end(now)? {
            self.tools.store.tell_of_ended_holds(now).wait()?;
        }
        self.decide(&setup)?;
        self.give_up_homeless(&setup)?;
        for (name, channel) in &setup.channels {
            while scope.check(self.tools.env.now()).is_ok() && self.send_next(&setup, name, channel, scope)? {
            }
        }
        Ok(())
    }

    fn decide(&self, setup: &Setup) -> Result<(), StoreError> {
        let (store, history) = (&self.tools.store, self.tools.store.history());
        loop {
            let news = history.news(MOST)?;
            if news.is_empty() {
                return Ok(());
            }
            let decision = decide::decide(
                &news,
                setup,
                |(channel, kind, automation)| history.last_due(channel, *kind, automation.as_ref()),
                |one, kind| self.words(setup, one, kind),
            )?;
            let ids = news.iter().map(|one| one.id).collect();
            store.decide_news(ids, decision.notices, decision.hurried, self.tools.env.now()).wait()?;
        }
    }

    /// What is said; nothing of a plan that nobody waits for any more.
    fn words(&self, setup: &Setup, news: &News, kind: NoticeKind) -> Result<Option<Words>, StoreError> {
        let plan = match (kind, news.run) {
            (NoticeKind::Plan, Some(run)) => self.tools.store.history().plan(run)?,
            _ => None,
        };
        if plan.as_ref().is_some_and(|plan| plan.state != "waiting") {
            return Ok(None);
        }
        Ok(Some(words::of(news, kind, plan.as_ref(), &setup.zone)))
    }

    /// Gives up what is for channels that are not in the configuration any more.
    fn give_up_homeless(&self, setup: &Setup) -> Result<(), StoreError> {
        let now = self.tools.env.now();
        for name in self.tools.store.history().channels_waiting()? {
            if setup.channels.contains_key(&name) {
                continue;
            }
            let due = self.tools.store.history().notices_due(&name, Timestamp::MAX, MOST)?;
            let why = "there is no such channel in the configuration any more";
            let lost = too_old(&due, now, why);
            if !lost.is_empty() {
                tracing::error!(channel = %name, notices = lost.len(), "given up: {why}");
                let failure = ChannelFailure { why: why.to_owned(), next: now, at: now, lost };
                self.tools.store.channel_failed(name, failure).wait()?;
            }
        }
        Ok(())
    }

    /// Sends one message to a channel, if one is due and may go out now. Says whether there may be another.
    fn send_next(
        &self,
        setup: &Setup,
        name: &ChannelName,
        channel: &Channel,
        scope: &Scope,
    ) -> Result<bool, StoreError> {
        let (store, history) = (&self.tools.store, self.tools.store.history());
        let now = self.tools.env.now();
        let due = history.notices_due(name, now, MOST)?;
        if due.is_empty() {
            return Ok(false);
        }
        let state = history.channel_state(name)?;
        if state.next.is_some_and(|next| next > now.as_millisecond()) {
            return Ok(false);
        }
        let (due, idle) = self.without_idle(due)?;
        if !idle.is_empty() {
            let why = "the plan does not wait any more".to_owned();
            store.notices_dropped(idle, why, now).wait()?;
        }
        let left = slots(&history.messages_since(name, back(now, channel.rate))?, channel.rate);
        let batch = batch(due, left);
        let mask = Mask::of(if channel.mask { self.tools.watch.labels() } else { Vec::new() });
        let Some(message) = Message::of(name, channel, &batch, setup, &mask, now) else { return Ok(false) };
        let result = (self.hand_over)(channel, &message, scope);
        let now = self.tools.env.now();
        match result {
            Ok(()) => {
                if state.failures > 0 {
                    tracing::info!(channel = %name, "notices reach this channel again");
                }
                let ids = batch.iter().map(|one| one.id).collect();
                store.notices_sent(name.clone(), ids, now).wait()?;
                Ok(true)
            }
            Err(failure) => {
                let failures = state.failures + 1;
                let failed = self.failed(&failure, failures, &batch, now);
                let (why, lost) = (failed.why.clone(), failed.lost.len());
                let another = lost > 0 && failure.whose == Whose::Message;
                store.channel_failed(name.clone(), failed).wait()?;
                if lost > 0 {
                    tracing::error!(
                        channel = %name,
                        notices = lost,
                        "given up, since nobody takes them: {why}; `uproctor notify --lost` lists them"
                    );
                } else if failures == 1 {
                    tracing::error!(channel = %name, "a notice is not taken; it is tried again for a day: {why}");
                }
                Ok(another)
            }
        }
    }

    /// Without the plans that nobody waits for any more, and those.
    fn without_idle(&self, due: Vec<Notice>) -> Result<(Vec<Notice>, Vec<i64>), StoreError> {
        let (mut kept, mut idle) = (Vec::new(), Vec::new());
        for one in due {
            let plan = match (one.notice.kind, one.notice.run) {
                (Some(NoticeKind::Plan), Some(run)) => self.tools.store.history().plan(run)?,
                _ => None,
            };
            if plan.is_some_and(|plan| plan.state != "waiting") {
                idle.push(one.id);
            } else {
                kept.push(one);
            }
        }
        Ok((kept, idle))
    }

    /// What follows from a failure.
    fn failed(&self, failure: &Failure, failures: u32, batch: &[Notice], now: Timestamp) -> ChannelFailure {
        let why = failure.told();
        let lost: Vec<(i64, String)> = if failure.whose == Whose::Message {
            batch.iter().map(|one| (one.id, why.clone())).collect()
        } else {
            too_old(batch, now, &why)
        };
        let wait = backoff::wait(failures, failure, self.tools.env.random());
        // A message that would never be taken does not keep the others waiting.
        let wait = if failure.whose == Whose::Message { Duration::ZERO } else { wait };
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        ChannelFailure { why, next: now.saturating_add(wait).unwrap_or(Timestamp::MAX), at: now, lost }
    }
}

/// The notices that have waited for too long, each with the reason.
fn too_old(notices: &[Notice], now: Timestamp, why: &str) -> Vec<(i64, String)> {
    let is_old = |one: &&Notice| now.duration_since(one.notice.at) >= GIVE_UP;
    notices.iter().filter(is_old).map(|one| (one.id, why.to_owned())).collect()
}

fn back(now: Timestamp, rate: Rate) -> Timestamp {
    let per = SignedDuration::try_from(rate.per).unwrap_or(SignedDuration::MAX);
    now.saturating_sub(per).unwrap_or(Timestamp::MIN)
}

/// How many messages may still go out.
fn slots(lately: &[Timestamp], rate: Rate) -> usize {
    rate.most.saturating_sub(lately.len())
}

/// Which of the notices that are due go out now, as one message: all, where they are many or few may go out; else what
/// rules tell together, and what scripts say one by one.
fn batch(due: Vec<Notice>, slots: usize) -> Vec<Notice> {
    if slots == 0 {
        return Vec::new();
    }
    if due.len() > ONE_BY_ONE.min(slots) {
        return due;
    }
    match due.first() {
        Some(first) if first.notice.kind.is_some() => {
            due.into_iter().filter(|one| one.notice.kind.is_some()).collect()
        }
        _ => due.into_iter().take(1).collect(),
    }
}
