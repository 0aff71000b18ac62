//! Watching a job: progress out, time and cancellation in.
use crate::GranuleEntry;
use aggregate::Floats;

/// What happened just now.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum JobEvent<'a> {
    /// Granules that will be read, duplicates removed.
    Planned {
        /// How many.
        granules: usize,
    },
    /// A granule is being opened.
    Opened {
        /// Its name.
        granule: &'a str,
    },
    /// A range has arrived.
    Received {
        /// The granule it belongs to.
        granule: &'a str,
        /// Its bytes.
        bytes: u64,
    },
    /// The rows of one track that count are ready, in row order: what a live picture is painted from.
    Rows {
        /// The granule they belong to.
        granule: &'a str,
        /// Group name of the track.
        track: &'a str,
        /// Child of the parent that holds each.
        child: &'a [u32],
        /// Value, in the product's unit.
        value: &'a Floats,
        /// Its one-sigma uncertainty, where there is one.
        sigma: Option<&'a Floats>,
    },
    /// A granule has been read or has failed.
    Finished(&'a GranuleEntry),
}

/// Receives what happens, and has the caller's clock. The core has neither clock nor output of its own.
pub trait Observer {
    /// Receives an event.
    fn event(&self, event: JobEvent<'_>);

    /// Milliseconds since any fixed moment; 0 where there is no clock.
    fn now(&self) -> u64 {
        0
    }
}

/// Observes nothing.
impl Observer for () {
    fn event(&self, _: JobEvent<'_>) {}
}
