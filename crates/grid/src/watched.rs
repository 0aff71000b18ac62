//! What a caller sees of a run under way.
use pipeline::{GranuleEntry, JobEvent, Observer};
use std::cell::{Cell, RefCell};
use std::time::Instant;

/// Sees how a run goes on.
pub trait GridObserver {
    /// Cells of the group that is read now: the first, how many, and how many there are in all.
    fn group(&self, _done: usize, _cells: usize, _all: usize) {}

    /// Granules of this group that are read, of how many.
    fn granules(&self, _done: usize, _all: usize) {}

    /// A granule has been read, or could not be.
    fn granule(&self, _entry: &GranuleEntry) {}

    /// So many cells are done, of how many.
    fn cells(&self, _done: usize, _all: usize) {}
}

impl GridObserver for () {}

/// What reading took.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Read {
    /// Range requests.
    pub requests: u64,
    /// Bytes that arrived.
    pub bytes: u64,
    /// Granules that could not be read, with the reason.
    pub failed: Vec<(String, String)>,
}

/// Passes events of the engine on, and counts.
pub(crate) struct Watched<'a> {
    outer: &'a dyn GridObserver,
    began: Instant,
    planned: Cell<usize>,
    finished: Cell<usize>,
    read: RefCell<Read>,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(outer: &'a dyn GridObserver) -> Self {
        let (planned, finished) = (Cell::new(0), Cell::new(0));
        Self { outer, began: Instant::now(), planned, finished, read: RefCell::default() }
    }

    pub(crate) fn read(&self) -> Read {
        self.read.borrow().clone()
    }
}

impl Observer for Watched<'_> {
    fn event(&self, event: JobEvent<'_>) {
        match event {
            JobEvent::Planned { granules } => {
                self.planned.set(granules);
                self.finished.set(0);
                self.outer.granules(0, granules);
            }
            JobEvent::Received { bytes, .. } => {
                let mut read = self.read.borrow_mut();
                read.requests += 1;
                read.bytes += bytes;
            }
            JobEvent::Finished(entry) => {
                if let Some(error) = &entry.error {
                    let mut read = self.read.borrow_mut();
                    if read.failed.iter().all(|(granule, _)| *granule != entry.granule) {
                        read.failed.push((entry.granule.clone(), error.message.clone()));
                    }
                }
                self.finished.set(self.finished.get() + 1);
                self.outer.granule(entry);
                self.outer.granules(self.finished.get(), self.planned.get());
            }
            _ => {}
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
