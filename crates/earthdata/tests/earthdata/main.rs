//! Search and login against recorded answers and test servers.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod login;
mod recorded;
mod search;

use std::future::Future;
use std::path::{Path, PathBuf};
use testing::{cmr as compose, server};

/// Runs a future as the command does.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A client without patience.
fn client() -> (reqwest::Client, storage::Retry) {
    let retry = storage::Retry {
        max_attempts: 4,
        base_backoff: std::time::Duration::from_millis(1),
        ..storage::Retry::default()
    };
    (storage::http_client(&storage::Options::default()).unwrap(), retry)
}

/// The folder of shared data, or `None` after saying that the test is skipped.
fn shared(test: &str) -> Option<PathBuf> {
    testing::shared("data", test)
}

/// An empty folder of the test's own.
fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("earthdata").join(test);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}
