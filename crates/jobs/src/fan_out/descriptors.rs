//! Files that this process may open: for a runtime, and for connections. A call of a function holds one until it is answered.

/// Files, standard streams, the runtime, logins.
const OTHERS: u64 = 40;
/// For one connection in use: a client that waits for a connection opens another one meanwhile, and keeps both.
const EACH: u64 = 2;

/// Pairs of descriptors that must be free before a runtime is made.
#[cfg(unix)]
const SPARE_PAIRS: usize = 5;

/// Checks that a runtime and a few files can still be opened: the runtime of tokio panics where it gets no descriptors.
///
/// # Errors
/// What the system says when there are too few.
#[cfg(unix)]
pub fn check_descriptors() -> std::io::Result<()> {
    use std::os::unix::net::UnixStream;
    let spare: std::io::Result<Vec<_>> = (0..SPARE_PAIRS).map(|_| UnixStream::pair()).collect();
    spare.map(drop)
}

/// Always succeeds: this system sets no such limit.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn check_descriptors() -> std::io::Result<()> {
    Ok(())
}

/// The connections that are possible, after asking the system for `wanted`: its soft limit is raised as far as the hard
/// one allows. `None` where the system sets no such limit.
#[cfg(unix)]
pub(super) fn connections(wanted: usize) -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let needed = (wanted as u64).saturating_mul(EACH).saturating_add(OTHERS);
    let current = limit.current?;
    let mut granted = current;
    if current < needed {
        let raised = limit.maximum.map_or(needed, |most| most.min(needed));
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }).is_ok() {
            granted = raised;
        }
    }
    Some(usize::try_from(granted.saturating_sub(OTHERS) / EACH).unwrap_or(usize::MAX).max(1))
}

/// The connections that are possible.
#[cfg(not(unix))]
pub(super) const fn connections(_: usize) -> Option<usize> {
    None
}
