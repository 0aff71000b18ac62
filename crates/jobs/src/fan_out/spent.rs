//! What attempts have taken.
use crate::{Body, Usage};
use serde::{Deserialize, Serialize};

/// What attempts have taken.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Range requests for granules.
    pub requests: u64,
    /// Bytes of granules.
    pub bytes: u64,
    /// What is billed.
    #[serde(flatten)]
    pub usage: Usage,
    /// Calls whose bill is unknown: their part of `gb_seconds` follows from the clock and the memory of the function.
    #[serde(skip_serializing_if = "is_zero")]
    pub unbilled_calls: u64,
}

impl Spent {
    /// Adds what others have taken.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.usage.add(&other.usage);
        self.unbilled_calls += other.unbilled_calls;
    }

    /// Of an answer.
    pub(super) fn of(body: &Body) -> Self {
        Self { requests: body.requests, bytes: body.bytes_read, usage: body.usage, unbilled_calls: 0 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
