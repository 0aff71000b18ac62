//! What this process holds, and what a job may take.
use pipeline::{Job, Tuning};

const MIB: u64 = 1 << 20;
/// The program itself, its connections and buffers, in MiB.
const PROGRAM: u64 = 32;
/// A child cell while its statistics are finished and encoded, over all columns, in bytes.
const PER_CHILD: u64 = 128;

/// Resident memory now, in bytes; `None` where the system does not say.
#[must_use]
pub fn resident() -> Option<u64> {
    kib("VmRSS:").map(|kib| kib * 1024)
}

/// Largest resident memory so far, in MB of 10^6 bytes; `None` where the system does not say.
#[must_use]
pub fn peak_mb() -> Option<f64> {
    let kib = u32::try_from(kib("VmHWM:")?).ok()?;
    Some((f64::from(kib) * 1.024).round() / 1e3)
}

/// Lets [`peak_mb`] begin anew, where the system allows it: the answer of a warm function is about this call alone.
pub fn forget_peak() {
    // proc_pid_clear_refs(5): 5 resets the peak resident set size.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// How a function of `memory_mib` goes about a job: an eighth of what the program leaves is for tables and the output.
#[must_use]
pub fn tuning(memory_mib: Option<u64>) -> Tuning {
    let Some(all) = memory_mib else { return Tuning::default() };
    Tuning { memory: (all.saturating_sub(PROGRAM) / 8 * 7).max(32) * MIB, ..Tuning::default() }
}

/// MiB that a job takes at the least, whatever its granules hold.
#[must_use]
pub fn least_mib(job: &Job) -> u64 {
    PROGRAM + u64::from(job.children()) * PER_CHILD / MIB
}

fn kib(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
