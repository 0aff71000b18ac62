//! The progress bar while granules are read.
use crate::log::is_verbose;
use byte_ranges::data_size;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pipeline::{JobEvent, Observer};
use std::cell::Cell;
use std::time::Instant;

/// A progress bar on standard error; silent with `--quiet` or when standard error is no terminal.
pub struct CellProgress {
    bar: ProgressBar,
    began: Instant,
    bytes: Cell<u64>,
    failed: Cell<u64>,
}

impl CellProgress {
    /// An empty bar.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), target(quiet));
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} granules  {msg}  {elapsed}") {
            bar.set_style(style);
        }
        Self { bar, began: Instant::now(), bytes: Cell::new(0), failed: Cell::new(0) }
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn tell(&self) {
        let failed = self.failed.get();
        let failures = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        self.bar.set_message(format!("{} read{failures}", data_size(self.bytes.get())));
    }
}

impl Observer for CellProgress {
    fn event(&self, event: JobEvent<'_>) {
        match event {
            JobEvent::Planned { granules } => self.bar.set_length(granules as u64),
            JobEvent::Received { bytes, .. } => {
                self.bytes.set(self.bytes.get() + bytes);
                self.tell();
            }
            JobEvent::Finished(entry) => {
                self.failed.set(self.failed.get() + u64::from(entry.error.is_some()));
                self.bar.inc(1);
                self.tell();
            }
            _ => {}
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Where a bar is drawn: nowhere when asked to be quiet, between the lines of -v, and where standard error is no terminal.
#[must_use]
pub fn target(quiet: bool) -> ProgressDrawTarget {
    if quiet || is_verbose() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}
