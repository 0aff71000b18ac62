//! Footprints and orbits against real granules.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod real;

use std::future::Future;
use std::path::PathBuf;

/// Runs a future as the command does.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The folder of shared data, or `None` after saying that the test is skipped.
fn shared(test: &str) -> Option<PathBuf> {
    testing::shared("data", test)
}
