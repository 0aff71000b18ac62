//! What people see while cells end.
use super::ended::Ended;
use super::plan::Plan;
use crate::progress::size;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::{Cell, RefCell};
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// Between lines where nobody watches a bar.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// Rates are of so many granules at least.
const ENOUGH: u64 = 4;

/// A bar on a terminal, a line now and then elsewhere.
pub(super) struct Progress {
    bar: ProgressBar,
    lines: bool,
    began: Instant,
    told: Cell<Instant>,
    sums: RefCell<Sums>,
    granules: u64,
    cells: u64,
}

#[derive(Default)]
struct Sums {
    cells: u64,
    granules: u64,
    failed: u64,
    bytes: u64,
    dollars: f64,
}

impl Progress {
    pub(super) fn new(quiet: bool, plan: &Plan) -> Self {
        let watched = std::io::stderr().is_terminal();
        let target = if quiet || !watched { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let cells = plan.work.len() as u64;
        let bar = ProgressBar::with_draw_target(Some(cells), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} cells  {msg}  {elapsed}") {
            bar.set_style(style);
        }
        let now = Instant::now();
        Self {
            bar,
            lines: !quiet && !watched,
            began: now,
            told: Cell::new(now),
            sums: RefCell::default(),
            granules: plan.work.iter().map(|work| work.granules.len() as u64).sum(),
            cells,
        }
    }

    pub(super) fn ended(&self, ended: &Ended) {
        let mut sums = self.sums.borrow_mut();
        sums.cells += 1;
        sums.granules += ended.granules;
        sums.failed += u64::from(!ended.is_good());
        sums.bytes += ended.spent.bytes;
        sums.dollars += ended.cost_usd;
        self.bar.set_position(sums.cells);
    }

    pub(super) fn tick(&self, in_flight: usize, throttled: u64) {
        let text = self.text(in_flight, throttled);
        if self.lines && self.told.get().elapsed() >= LINE_EVERY {
            self.told.set(Instant::now());
            eprintln!("{}/{} cells  {text}", self.sums.borrow().cells, self.cells);
        }
        self.bar.set_message(text);
    }

    /// The first Ctrl-C.
    pub(super) fn interrupted(&self, in_flight: usize) {
        self.bar.suspend(|| eprintln!("ending: {in_flight} cells under way are waited for; Ctrl-C again drops them"));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// `3.2 cells/s, 12 under way, ETA 4 m, 1 failed, 8 throttled, 14.5 MB, $0.0123`
    fn text(&self, in_flight: usize, throttled: u64) -> String {
        let sums = self.sums.borrow();
        let seconds = self.began.elapsed().as_secs_f64().max(1e-3);
        #[expect(clippy::cast_precision_loss, reason = "shown with two or three digits")]
        let (rate, done, left) =
            (sums.cells as f64 / seconds, sums.granules as f64, self.granules.saturating_sub(sums.granules) as f64);
        let mut text = format!("{rate:.1} cells/s, {in_flight} under way");
        // Large cells come first: granules tell more of the rest than cells do.
        if sums.granules >= ENOUGH {
            text += &format!(", ETA {}", time(seconds * left / done));
        }
        for (count, what) in [(sums.failed, "failed"), (throttled, "throttled")] {
            if count > 0 {
                text += &format!(", {count} {what}");
            }
        }
        format!("{text}, {}, ${:.4}", size(sums.bytes), sums.dollars)
    }
}

/// Seconds as people read them: `41 s`, `4 m`, `1 h 20 m`.
pub(super) fn time(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX).as_secs();
    match whole {
        0..2 => format!("{seconds:.1} s"),
        2..120 => format!("{whole} s"),
        120..7_200 => format!("{} m", whole / 60),
        _ => format!("{} h {} m", whole / 3_600, whole / 60 % 60),
    }
}
