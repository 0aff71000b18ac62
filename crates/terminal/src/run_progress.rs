//! What people see while cells end.
use crate::note;
use crate::progress;
use byte_ranges::data_size;
use futures_util::future::{self, LocalBoxFuture};
use indicatif::{ProgressBar, ProgressStyle};
use jobs::fan_out::{CellReport, RunObserver, RunPlan};
use std::cell::{Cell, RefCell};
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// Between lines where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Granules after which the rest is estimated.
const ENOUGH: u64 = 4;

/// A bar on a terminal, a line now and then elsewhere.
pub struct RunProgress {
    bar: ProgressBar,
    quiet: bool,
    lines: bool,
    /// When the first cells began.
    began: Cell<Instant>,
    /// When the last line was written, since the beginning.
    told: Cell<Duration>,
    sums: RefCell<Sums>,
    /// What there is to do.
    all: Sums,
}

/// Cells, and what they took.
#[derive(Default)]
struct Sums {
    cells: u64,
    granules: u64,
    failed: u64,
    bytes: u64,
    dollars: f64,
}

impl RunProgress {
    /// A bar for the cells of a plan.
    #[must_use]
    pub fn new(quiet: bool, plan: &RunPlan) -> Self {
        let watched = std::io::stderr().is_terminal();
        let (cells, granules) = (plan.work.len() as u64, plan.work.iter().map(|work| work.granules.len() as u64).sum());
        let bar = ProgressBar::with_draw_target(Some(cells), progress::target(quiet));
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} cells  {msg}  {elapsed}") {
            bar.set_style(style);
        }
        Self {
            bar,
            quiet,
            lines: !quiet && !watched,
            began: Cell::new(Instant::now()),
            told: Cell::new(Duration::ZERO),
            sums: RefCell::default(),
            all: Sums { cells, granules, ..Sums::default() },
        }
    }
}

impl RunObserver for RunProgress {
    fn fewer_calls(&self, allowed: usize, wanted: usize) {
        if !self.quiet {
            note!(
                "{allowed} calls at once instead of {wanted}: this process may not open more files (ulimit -n); the others wait. The state machine of deploy/ needs none"
            );
        }
    }

    fn started(&self) {
        self.began.set(Instant::now());
    }

    fn ended(&self, ended: &CellReport) {
        let mut sums = self.sums.borrow_mut();
        sums.cells += 1;
        sums.granules += ended.granules;
        sums.failed += u64::from(!ended.is_good());
        sums.bytes += ended.spent.bytes;
        sums.dollars += ended.cost_usd;
        self.bar.set_position(sums.cells);
    }

    fn tick(&self, in_flight: usize, throttled: u64) {
        let elapsed = self.began.get().elapsed();
        let sums = self.sums.borrow();
        if self.lines && is_due(self.told.get(), elapsed) {
            self.told.set(elapsed);
            note!("{}", sums.line(&self.all, elapsed, in_flight, throttled));
        }
        self.bar.set_message(sums.text(&self.all, elapsed, in_flight, throttled));
    }

    fn interrupted(&self, waited: usize) {
        self.bar.suspend(|| match waited {
            0 => note!("ending: cells that have ended stay; the same command goes on with the others"),
            _ => note!("ending: {waited} cells under way are waited for; Ctrl-C again drops them"),
        });
    }

    fn finished(&self) {
        self.bar.finish_and_clear();
    }

    /// Ctrl-C, or what a scheduler sends.
    fn interrupt(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(interrupt())
    }
}

async fn interrupt() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        let pressed = std::pin::pin!(tokio::signal::ctrl_c());
        future::select(pressed, std::pin::pin!(terminate.recv())).await;
        return;
    }
    if tokio::signal::ctrl_c().await.is_err() {
        future::pending::<()>().await;
    }
}

/// Whether another line is due: `told` is the time of the last line, and both count from the beginning.
fn is_due(told: Duration, now: Duration) -> bool {
    now.saturating_sub(told) >= LINE_EVERY
}

impl Sums {
    /// `12 of 50 cells, 1 failed, 40 s elapsed, 2 m left; 0.3 cells/s, ...`
    fn line(&self, all: &Sums, elapsed: Duration, in_flight: usize, throttled: u64) -> String {
        let left = self
            .left(all, elapsed)
            .map_or_else(|| "rest unknown".to_owned(), |left| format!("{} left", words::time(left)));
        format!(
            "{} of {} cells, {} failed, {} elapsed, {left}; {}",
            self.cells,
            all.cells,
            self.failed,
            words::time(elapsed.as_secs_f64()),
            self.pace(elapsed, in_flight, throttled)
        )
    }

    /// `1 failed, ETA 4 m, 3.2 cells/s, ...`
    fn text(&self, all: &Sums, elapsed: Duration, in_flight: usize, throttled: u64) -> String {
        let failed = if self.failed > 0 { format!("{} failed, ", self.failed) } else { String::new() };
        let left = self.left(all, elapsed).map_or_else(String::new, |left| format!("ETA {}, ", words::time(left)));
        format!("{failed}{left}{}", self.pace(elapsed, in_flight, throttled))
    }

    /// Seconds that the rest takes at this pace, once enough is done. It counts granules, because large cells are first.
    fn left(&self, all: &Sums, elapsed: Duration) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "shown with two or three digits")]
        let (done, left) = (self.granules as f64, all.granules.saturating_sub(self.granules) as f64);
        (self.granules >= ENOUGH).then(|| elapsed.as_secs_f64() * left / done)
    }

    /// `3.2 cells/s, 12 under way, 8 throttled, 14.5 MB, $0.0123`
    fn pace(&self, elapsed: Duration, in_flight: usize, throttled: u64) -> String {
        #[expect(clippy::cast_precision_loss, reason = "shown with two or three digits")]
        let rate = self.cells as f64 / elapsed.as_secs_f64().max(1e-3);
        let throttled = if throttled > 0 { format!(", {throttled} throttled") } else { String::new() };
        format!("{rate:.1} cells/s, {in_flight} under way{throttled}, {}, ${:.4}", data_size(self.bytes), self.dollars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_every_ten_seconds_and_a_stall_brings_one_line() {
        let mut told = Duration::ZERO;
        let mut lines = Vec::new();
        // Ticks every half second for a minute, but for a stall from 21 s to 45 s.
        for tick in (1..=120).map(|half| Duration::from_millis(half * 500)) {
            if !(21..45).contains(&tick.as_secs()) && is_due(told, tick) {
                told = tick;
                lines.push(tick.as_secs());
            }
        }
        assert_eq!(lines, [10, 20, 45, 55]);
    }

    #[test]
    fn a_line_has_cells_failures_elapsed_time_and_the_rest() {
        let all = Sums { cells: 50, granules: 400, ..Sums::default() };
        let elapsed = Duration::from_secs(40);
        let begun = Sums::default().line(&all, elapsed, 2, 0);
        assert_eq!(
            begun,
            "0 of 50 cells, 0 failed, 40 s elapsed, rest unknown; 0.0 cells/s, 2 under way, 0 B, $0.0000"
        );
        // A quarter of the granules took 40 s: the rest takes three times as long.
        let sums = Sums { cells: 12, granules: 100, failed: 1, bytes: 14_500_000, dollars: 0.0123 };
        let line =
            "12 of 50 cells, 1 failed, 40 s elapsed, 2 m left; 0.3 cells/s, 2 under way, 8 throttled, 14.5 MB, $0.0123";
        assert_eq!(sums.line(&all, elapsed, 2, 8), line);
        let bar = "1 failed, ETA 2 m, 0.3 cells/s, 2 under way, 8 throttled, 14.5 MB, $0.0123";
        assert_eq!(sums.text(&all, elapsed, 2, 8), bar);
    }
}
