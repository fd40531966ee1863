//! Where something stands in the chart.

/// How wide the part with the times is, in pixels.
pub(super) const WIDTH: f64 = 960.0;

/// How close together the marks of the time axis may stand, in pixels.
const CLOSEST: f64 = 70.0;

/// See the module. Both charts have the same.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// When it begins, in seconds since 1970.
    start: f64,
    /// How long it is, in seconds.
    pub(super) length: f64,
    /// How high the row of a participant is.
    pub(super) row: f64,
    /// Names the size in the style.
    pub(super) size: &'static str,
}

impl Scale {
    /// From `start`, in microseconds since 1970, for so many seconds and people.
    pub(super) fn new(start: i64, length: f64, people: usize) -> Self {
        let (row, size) = match people {
            0..=40 => (26.0, "roomy"),
            41..=90 => (15.0, "close"),
            _ => (10.0, "tight"),
        };
        Self { start: start as f64 / 1e6, length: length.max(1.0), row, size }
    }

    /// Seconds since the beginning, for an instant in seconds since 1970. Nothing stands outside of the chart.
    pub(super) fn since(self, at: f64) -> f64 {
        (at - self.start).clamp(0.0, self.length)
    }

    /// The place on the axis for seconds since the beginning.
    pub(super) fn x(self, seconds: f64) -> f64 {
        seconds / self.length * WIDTH
    }

    /// How many seconds so many pixels are.
    pub(super) fn seconds(self, pixels: f64) -> f64 {
        pixels / WIDTH * self.length
    }

    /// The upper edge of a row's bands, where the marks stand.
    pub(super) fn edge(self) -> f64 {
        self.row / 5.0
    }

    /// The middle of a row.
    pub(super) fn middle(self) -> f64 {
        self.row / 2.0
    }

    /// The marks of the axis, in seconds since the beginning, at round times.
    pub(super) fn ticks(self) -> Vec<f64> {
        let steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200];
        let wide = |step: &f64| self.x(*step) >= CLOSEST;
        let step = steps.map(f64::from).into_iter().find(wide);
        let step = step.unwrap_or_else(|| (self.seconds(CLOSEST) / 86_400.0).ceil() * 86_400.0);
        let last = (self.length / step).floor() as u32;
        (0..=last).map(|tick| f64::from(tick) * step).collect()
    }
}
