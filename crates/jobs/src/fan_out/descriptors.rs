//! How many connections this process may have. A call of a function holds one until it is answered.

/// Files, standard streams, the runtime, logins.
const OTHERS: u64 = 40;
/// For one connection in use: a client that waits for a connection opens another one meanwhile, and keeps both.
const EACH: u64 = 2;

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
