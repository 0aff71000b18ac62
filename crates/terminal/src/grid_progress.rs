//! What people see while a region is filled.
use crate::progress;
use byte_ranges::data_size;
use grid::GridObserver;
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::GranuleEntry;
use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// Between lines where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A bar on a terminal, a line now and then elsewhere.
pub struct GridProgress {
    bar: ProgressBar,
    lines: bool,
    told: Cell<Instant>,
    bytes: Cell<u64>,
    cells: Cell<(usize, usize)>,
    granules: Cell<(usize, usize)>,
}

impl GridProgress {
    /// An empty bar.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), progress::target(quiet));
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} granules  {msg}  {elapsed}") {
            bar.set_style(style);
        }
        let lines = !quiet && !std::io::stderr().is_terminal();
        let (cells, granules) = (Cell::new((0, 0)), Cell::new((0, 0)));
        Self { bar, lines, told: Cell::new(Instant::now()), bytes: Cell::new(0), cells, granules }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn tell(&self) {
        let ((done, all), (read, granules)) = (self.cells.get(), self.granules.get());
        let bytes = data_size(self.bytes.get());
        self.bar.set_message(format!("{bytes} read, {done} of {all} parent cells done"));
        if self.lines && self.told.get().elapsed() >= LINE_EVERY {
            self.told.set(Instant::now());
            crate::note!("{read} of {granules} granules, {bytes} read, {done} of {all} parent cells done");
        }
    }
}

impl GridObserver for GridProgress {
    fn group(&self, done: usize, _cells: usize, all: usize) {
        self.cells.set((done, all));
        self.tell();
    }

    fn granules(&self, done: usize, all: usize) {
        self.granules.set((done, all));
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        self.tell();
    }

    fn granule(&self, entry: &GranuleEntry) {
        self.bytes.set(self.bytes.get() + entry.bytes);
    }

    fn cells(&self, done: usize, all: usize) {
        self.cells.set((done, all));
        self.tell();
    }
}
