//! What a caller sees of a run under way.
use super::report::CellReport;
use futures_util::future::LocalBoxFuture;

/// Is called with what happens in a run, and may interrupt it. Every method has a default that does nothing.
pub trait RunObserver {
    /// This process may hold fewer connections than `wanted`: only `allowed` calls are made at once.
    fn fewer_calls(&self, allowed: usize, wanted: usize) {
        let _ = (allowed, wanted);
    }

    /// The checks before the run have passed, and the first cells begin.
    fn started(&self) {}

    /// A cell has ended.
    fn ended(&self, report: &CellReport) {
        let _ = report;
    }

    /// Called a few times a second: cells under way, and attempts that were throttled so far.
    fn tick(&self, in_flight: usize, throttled: u64) {
        let _ = (in_flight, throttled);
    }

    /// The first interrupt has come: no further cell begins, and so many under way are waited for.
    fn interrupted(&self, waited: usize) {
        let _ = waited;
    }

    /// No cell is under way any more.
    fn finished(&self) {}

    /// Resolves at the next interrupt, such as Ctrl-C. After the first one the run waits for the cells under way; the
    /// second one drops them.
    fn interrupt(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

impl RunObserver for () {}
