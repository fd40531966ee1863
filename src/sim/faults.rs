//! What goes wrong in a rehearsal, drawn from its seed.

use rand::RngExt as _;
use rand_pcg::Pcg64Mcg;

use super::stage::Micros;

/// How often what goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faults {
    /// The share of requests that never arrive, without the client knowing.
    pub lost_requests: f64,
    /// The share of requests, and of webhooks, that are carried out and whose answer never arrives.
    pub lost_answers: f64,
    /// The share of answers that take up to 20 s longer.
    pub slow_answers: f64,
    /// The share of calls answered with 500: half of them before anything was done, half afterwards.
    pub server_errors: f64,
    /// How often an hour the server starts again.
    pub server_restarts: f64,
    /// How often an hour the daemon crashes.
    pub crashes: f64,
    /// How often an hour its clock is set, by up to five minutes either way.
    pub clock_jumps: f64,
    /// The share of webhooks that come twice, and of those that come late.
    pub repeated_webhooks: f64,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        lost_requests: 0.0,
        lost_answers: 0.0,
        slow_answers: 0.0,
        server_errors: 0.0,
        server_restarts: 0.0,
        crashes: 0.0,
        clock_jumps: 0.0,
        repeated_webhooks: 0.0,
    };

    /// A bad evening: what `--faults` means.
    pub const BAD_EVENING: Self = Self {
        lost_requests: 0.01,
        lost_answers: 0.02,
        slow_answers: 0.03,
        server_errors: 0.02,
        server_restarts: 1.0,
        crashes: 2.0,
        clock_jumps: 1.0,
        repeated_webhooks: 0.3,
    };
}

/// Something that goes wrong at a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// The server starts again and is away for so long.
    ServerRestart(Micros),
    /// The daemon crashes after so many more of its steps, and starts again after so long.
    Crash { after: u64, away: Micros },
    /// The daemon's clock is set by so much.
    ClockJump(Micros),
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    /// It arrives and is answered.
    Fine,
    /// It is answered late, by so much.
    Slow(Micros),
    /// It never arrives.
    RequestLost,
    /// It is carried out, and the answer never arrives.
    AnswerLost,
    /// It is answered with 500, and nothing was done.
    ServerError,
    /// It is carried out, and then answered with 500.
    ErrorAfterwards,
}

impl Fate {
    /// How much longer the answer takes.
    pub(super) fn slowness(self) -> Micros {
        match self {
            Self::Slow(by) => by,
            _ => 0,
        }
    }
}

/// Draws what goes wrong.
pub(super) struct Dice {
    faults: Faults,
    /// For each request, in the order of their sending.
    requests: Pcg64Mcg,
    /// For mishaps with a time of their own.
    mishaps: Pcg64Mcg,
    /// For what the daemon itself draws.
    numbers: Pcg64Mcg,
}

impl Dice {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        let stream = |label: u128| Pcg64Mcg::new((u128::from(seed) << 64) ^ label);
        Self {
            faults,
            requests: stream(0x7265_7175),
            mishaps: stream(0x6d69_7368),
            numbers: stream(0x6e75_6d62),
        }
    }

    /// From now on nothing goes wrong any more.
    pub(super) fn calm_down(&mut self) {
        self.faults = Faults::NONE;
    }

    /// A random number for the daemon.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers.random()
    }

    /// A number from 0 to below `below`, for the rehearsal itself.
    pub(super) fn below(&mut self, below: Micros) -> Micros {
        self.mishaps.random_range(0..below.max(1))
    }

    /// Whether something of this probability happens.
    pub(super) fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.mishaps.random_bool(share.min(1.0))
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What becomes of the next request.
    pub(super) fn fate(&mut self) -> Fate {
        let faults = &self.faults;
        let drawn: f64 = self.requests.random();
        let mut below = 0.0;
        let mut is = |share: f64| {
            below += share;
            drawn < below
        };
        if is(faults.lost_requests) {
            Fate::RequestLost
        } else if is(faults.lost_answers) {
            Fate::AnswerLost
        } else if is(faults.server_errors / 2.0) {
            Fate::ServerError
        } else if is(faults.server_errors / 2.0) {
            Fate::ErrorAfterwards
        } else if is(faults.slow_answers) {
            Fate::Slow(self.requests.random_range(0..20_000_000))
        } else {
            Fate::Fine
        }
    }

    /// The next mishap after `now`, and when.
    pub(super) fn next_mishap(&mut self, now: Micros) -> Option<(Micros, Mishap)> {
        const HOUR: f64 = 3.6e9;
        let faults = self.faults;
        let rate = faults.server_restarts + faults.crashes + faults.clock_jumps;
        if rate <= 0.0 {
            return None;
        }
        // The time between two is exponential.
        let uniform: f64 = self.mishaps.random();
        let wait = -(1.0 - uniform).ln() / rate * HOUR;
        let which = self.mishaps.random::<f64>() * rate;
        let mishap = if which < faults.server_restarts {
            Mishap::ServerRestart(self.mishaps.random_range(500_000..20_000_000))
        } else if which < faults.server_restarts + faults.crashes {
            let after = self.mishaps.random_range(0..40);
            Mishap::Crash { after, away: self.mishaps.random_range(1_000_000..120_000_000) }
        } else {
            Mishap::ClockJump(self.mishaps.random_range(-300_000_000..300_000_000))
        };
        Some((now.saturating_add(wait as Micros), mishap))
    }
}
