//! How to go about a job.
use serde::{Deserialize, Serialize};

/// How to go about it. Nothing here changes a byte of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tuning {
    /// Tracks read at the same time, over all granules.
    pub tracks_in_flight: usize,
    /// Read all coordinates, also where rows cannot lie in the cell.
    pub exhaustive: bool,
    /// Bytes that a job holds: data under way, rows that count, statistics while they are finished.
    pub memory: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { tracks_in_flight: 48, exhaustive: false, memory: 256 << 20 }
    }
}
