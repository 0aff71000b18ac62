//! Observes a running job: how far it has come, and whether it still fits.
use crate::memory;
use pipeline::{GranuleEntry, JobEvent, Ledger, Observer};
use std::cell::{Cell, RefCell};
use tracing::{debug, info};

/// Bytes that arrive between two looks at the memory.
const LOOK_EVERY: u64 = 4 << 20;

/// Collects what has happened, for an answer that comes early, and passes every event on.
pub(crate) struct Watch<'a> {
    outer: &'a dyn Observer,
    /// Resident memory above which the job has to end, in bytes.
    most: Option<u64>,
    planned: Cell<usize>,
    finished: RefCell<Vec<GranuleEntry>>,
    requests: Cell<u64>,
    bytes: Cell<u64>,
    unseen: Cell<u64>,
    over: Cell<Option<u64>>,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(outer: &'a dyn Observer, memory_mib: Option<u64>) -> Self {
        Self {
            outer,
            // The last twelfth is for what happens before the next look.
            most: memory_mib.map(|mib| (mib << 20) / 12 * 11),
            planned: Cell::default(),
            finished: RefCell::default(),
            requests: Cell::default(),
            bytes: Cell::default(),
            unseen: Cell::default(),
            over: Cell::default(),
        }
    }

    /// Resident memory in bytes, once it was too much.
    pub(crate) const fn over(&self) -> Option<u64> {
        self.over.get()
    }

    /// What was read of the granules that were read to their end.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::new(self.finished.borrow().clone(), Vec::new())
    }

    /// Granules that were to be read.
    pub(crate) const fn planned(&self) -> usize {
        self.planned.get()
    }

    /// Answers and bytes that have arrived, of unfinished granules too.
    pub(crate) const fn received(&self) -> (u64, u64) {
        (self.requests.get(), self.bytes.get())
    }

    /// How far it has come, in words.
    pub(crate) fn progress(&self) -> String {
        let finished = self.finished.borrow().len();
        let (requests, bytes) = self.received();
        format!("{finished} of {} granules read ({bytes} bytes in {requests} requests)", self.planned.get())
    }

    fn look(&self) {
        self.unseen.set(0);
        let Some(most) = self.most else { return };
        self.over.set(memory::resident().filter(|resident| *resident > most));
    }
}

impl Observer for Watch<'_> {
    fn event(&self, event: JobEvent<'_>) {
        match event {
            JobEvent::Planned { granules } => self.planned.set(granules),
            JobEvent::Received { bytes, .. } => {
                self.requests.set(self.requests.get() + 1);
                self.bytes.set(self.bytes.get() + bytes);
                self.unseen.set(self.unseen.get() + bytes);
                if self.unseen.get() >= LOOK_EVERY {
                    self.look();
                }
            }
            JobEvent::Opened { granule } => debug!(granule, "opened"),
            JobEvent::Finished(entry) => {
                let error = entry.error.as_ref().map(|failure| failure.message.as_str());
                let reading = entry.reading.as_ref().map(ToString::to_string);
                let GranuleEntry { granule, requests, bytes, milliseconds, .. } = entry;
                info!(granule, requests, bytes, milliseconds, reading, error, "read");
                self.finished.borrow_mut().push(entry.clone());
                self.look();
            }
            _ => {}
        }
        self.outer.event(event);
    }

    fn now(&self) -> u64 {
        self.outer.now()
    }
}
