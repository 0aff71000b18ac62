//! How many cells run at once: additive increase, multiplicative decrease.
use std::time::{Duration, Instant};

/// Calls at the beginning; until the first throttle, every success allows one more.
const START: f64 = 64.0;
/// What is left after a throttle.
const SHRINK: f64 = 0.7;
/// Throttles within this time count once.
const BURST: Duration = Duration::from_secs(2);

/// The window of cells under way.
#[derive(Debug)]
pub(super) struct Pace {
    window: f64,
    most: usize,
    throttled: Option<Instant>,
}

impl Pace {
    /// Never more than `most`; all of them at once where nothing throttles (`gentle` is false).
    pub(super) fn new(most: usize, gentle: bool) -> Self {
        let all = f64::from(u32::try_from(most).unwrap_or(u32::MAX));
        Self { window: if gentle { all.min(START) } else { all }, most, throttled: None }
    }

    /// Cells that may be under way.
    pub(super) fn window(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to `most`")]
        let whole = self.window as usize;
        whole.clamp(1, self.most)
    }

    pub(super) fn succeeded(&mut self) {
        let most = f64::from(u32::try_from(self.most).unwrap_or(u32::MAX));
        let step = if self.throttled.is_none() { 1.0 } else { 1.0 / self.window };
        self.window = (self.window + step).min(most);
    }

    /// A call was throttled with `in_flight` under way.
    pub(super) fn throttled(&mut self, in_flight: usize, now: Instant) {
        if self.throttled.is_some_and(|before| now.duration_since(before) < BURST) {
            return;
        }
        self.throttled = Some(now);
        let in_flight = f64::from(u32::try_from(in_flight).unwrap_or(u32::MAX));
        self.window = (self.window.min(in_flight) * SHRINK).max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_opens_until_it_is_throttled_and_then_slowly() {
        let mut pace = Pace::new(1700, true);
        assert_eq!(pace.window(), 64);
        (0..64).for_each(|_| pace.succeeded());
        assert_eq!(pace.window(), 128, "doubled after a round");
        let now = Instant::now();
        pace.throttled(100, now);
        pace.throttled(100, now + BURST / 2);
        assert_eq!(pace.window(), 70, "a burst counts once");
        (0..71).for_each(|_| pace.succeeded());
        assert_eq!(pace.window(), 71, "one more a round");
        (0..200).for_each(|round| pace.throttled(1, now + BURST * (round + 2)));
        assert_eq!(pace.window(), 1, "and never none");
        assert_eq!(Pace::new(3, false).window(), 3);
    }
}
