//! What a run would take, before it does.
use super::work::CellWork;
use crate::{Architecture, Usage};
use std::time::Duration;

/// Range requests for a granule of 100 MB that crosses the cell: 486 for 12 of them, 988 for 22 (README, "What is measured");
/// 15,883 for the 369 pairs of the 60 densest cells of 27 such granules.
const GRANULE_REQUESTS: u64 = 44;
/// Bytes of it: 895 MB for the same 369 pairs, 25.0 MB for those 12.
const GRANULE_BYTES: u64 = 2_400_000;
/// Objects of a store with one order of children; each overview adds a group of its own.
const STORE_OBJECTS: u64 = 24;
/// Before the first of them the prefix is listed, which is billed as a PUT is.
const LOOKS: u64 = 1;
/// Processor seconds of a granule and of a cell, on one core of 2.1 GHz: 0.2 s for 12 granules, 0.4 s for 22.
const GRANULE_SECONDS: f64 = 0.016;
const CELL_SECONDS: f64 = 0.02;
/// Rounds of dependent requests that every cell waits for (bench/baseline), each of so long.
const ROUNDS: f64 = 9.0;
const ROUND_SECONDS: f64 = 0.03;
/// Requests that are answered in that time.
const IN_FLIGHT: f64 = 64.0;
/// MB of memory for which Lambda gives one core ("Configure Lambda function memory").
const CORE_MB: f64 = 1769.0;

/// A guess of the whole, from counts of granules alone.
#[derive(Clone, PartialEq, Debug)]
pub struct Estimate {
    /// Cells to run.
    pub cells: u64,
    /// Pairs of granule and cell.
    pub granules: u64,
    /// Range requests for granules.
    pub requests: u64,
    /// Bytes of granules.
    pub bytes: u64,
    /// GB-seconds of a function; 0 on this machine.
    pub gb_seconds: f64,
    /// Seconds of all cells one after the other.
    pub cell_seconds: f64,
    /// Seconds of the run.
    pub seconds: f64,
    /// What it costs.
    pub dollars: f64,
}

impl Estimate {
    /// `function` is memory in MB and processor of the function, if one runs the cells; `at_once` cells run at a time.
    /// `to_s3`: the stores go there.
    pub(super) fn new(work: &[CellWork], function: Option<(u64, Architecture)>, at_once: usize, to_s3: bool) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let real = |count: u64| count as f64;
        let memory = function.map(|(memory, _)| real(memory));
        let core = memory.map_or(1.0, |memory| (memory / CORE_MB).min(1.0));
        let mut usage = Usage::default();
        let (mut granules, mut longest, mut all) = (0, 0.0_f64, 0.0);
        for work in work {
            let count = work.granules.len() as u64;
            granules += count;
            let network = ROUND_SECONDS * (ROUNDS + real(count * GRANULE_REQUESTS) / IN_FLIGHT);
            // Reading and computing overlap; the longer one counts.
            let seconds = (GRANULE_SECONDS * real(count) / core).max(network) + CELL_SECONDS / core;
            longest = longest.max(seconds);
            all += seconds;
            if let Some((memory, _)) = function {
                usage.add(&Usage::call(memory, Duration::from_secs_f64(seconds)));
            }
            if work.granules.iter().any(|link| link.starts_with("s3://")) {
                usage.gets += count * GRANULE_REQUESTS;
            }
            if to_s3 {
                usage.puts += LOOKS + STORE_OBJECTS;
            }
        }
        let lanes = real(at_once.clamp(1, work.len().max(1)) as u64);
        Self {
            cells: work.len() as u64,
            granules,
            requests: granules * GRANULE_REQUESTS,
            bytes: granules * GRANULE_BYTES,
            gb_seconds: usage.gb_seconds,
            cell_seconds: all,
            seconds: (all / lanes).max(longest),
            dollars: usage.dollars(function.map_or(Architecture::HERE, |(_, architecture)| architecture)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,872 cells with 38 granules each: Antarctica's mean.
    #[test]
    fn a_continent_costs_less_than_the_system_before() {
        let cell = morton::Cell::from_decimal(-6_134_114).unwrap();
        let granules = vec!["s3://b/g.h5".to_owned(); 38];
        let work = vec![
            CellWork {
                cell,
                name: -6_134_114,
                granules,
                only: Vec::new(),
                key: String::new(),
                known: false,
                again: false
            };
            1872
        ];
        let estimate = Estimate::new(&work, Some((1024, Architecture::Arm64)), 500, true);
        assert_eq!((estimate.cells, estimate.granules, estimate.requests), (1872, 71_136, 71_136 * 44));
        assert!(estimate.dollars > 1.25 && estimate.dollars < 2.5, "{estimate:?}");
        let here = Estimate::new(&work, None, 1, false);
        assert!(here.gb_seconds == 0.0 && here.dollars > 1.25 && here.dollars < estimate.dollars, "{here:?}");
        assert!(here.seconds > estimate.seconds * 50.0);
    }
}
