//! How many cells at once, and how long to wait: additive increase, multiplicative decrease, full jitter.
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

/// Calls at the beginning; until the first throttle, every success allows one more.
const START: f64 = 64.0;
/// What is left after a throttle.
const SHRINK: f64 = 0.7;
/// One burst of throttles counts once.
const DEAF: Duration = Duration::from_secs(2);
/// No wait of our own is longer.
const LONGEST: Duration = Duration::from_secs(60);

/// The window of cells under way.
#[derive(Debug)]
pub(super) struct Pace {
    window: f64,
    most: usize,
    throttled: Option<Instant>,
}

impl Pace {
    /// Never more than `most`; all of them at once where nobody throttles (`gentle` is false).
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
        if self.throttled.is_some_and(|before| now.duration_since(before) < DEAF) {
            return;
        }
        self.throttled = Some(now);
        let in_flight = f64::from(u32::try_from(in_flight).unwrap_or(u32::MAX));
        self.window = (self.window.min(in_flight) * SHRINK).max(1.0);
    }
}

/// The wait before attempt `made` + 1: drawn evenly below a bound that doubles, and at least what was asked for.
pub(super) fn wait(first: Duration, made: u32, least: Duration) -> Duration {
    let bound = first.saturating_mul(1_u32.checked_shl(made.saturating_sub(1)).unwrap_or(u32::MAX)).min(LONGEST);
    bound.mul_f64(fraction()).max(least)
}

/// A random number of 0..1: the standard library seeds its hashers from the operating system.
fn fraction() -> f64 {
    let bits = RandomState::new().hash_one(0) >> 32;
    f64::from(u32::try_from(bits).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
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
        pace.throttled(100, now + DEAF / 2);
        assert_eq!(pace.window(), 70, "a burst counts once");
        (0..71).for_each(|_| pace.succeeded());
        assert_eq!(pace.window(), 71, "one more a round");
        (0..200).for_each(|round| pace.throttled(1, now + DEAF * (round + 2)));
        assert_eq!(pace.window(), 1, "and never none");
        assert_eq!(Pace::new(3, false).window(), 3);
    }

    #[test]
    fn waits_double_are_drawn_and_respect_what_was_asked() {
        let first = Duration::from_millis(100);
        assert!((0..200).all(|_| wait(first, 3, Duration::ZERO) <= first * 4));
        assert!((0..200).any(|_| wait(first, 3, Duration::ZERO) > first * 2));
        assert!((0..20).all(|_| wait(first, 60, Duration::ZERO) <= LONGEST));
        assert_eq!(wait(first, 1, Duration::from_secs(90)), Duration::from_secs(90));
    }
}
