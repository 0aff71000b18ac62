//! Memory changes no number: the bundled granules in any amount of it, with and without a scratch place.
use crate::{CellResult, CellWanted, Error, FailureClass, Granule, JobSpec, Scratch, Tuning, read_cells, run_cell};
use byte_ranges::{Cost, MemorySource};
use bytes::Bytes;
use futures_util::FutureExt as _;
use morton::Order;
use std::cell::RefCell;

const GRANULES: [(&str, &[u8]); 4] = [
    ("a.h5", include_bytes!("../../../cli/demo/ATL06_20240123041319_03392212_990_01.h5")),
    ("b.h5", include_bytes!("../../../cli/demo/ATL06_20240207154957_05752210_990_01.h5")),
    ("c.h5", include_bytes!("../../../cli/demo/ATL06_20240211155304_06362210_990_01.h5")),
    ("d.h5", include_bytes!("../../../cli/demo/ATL06_20240217040910_07202212_990_01.h5")),
];

/// Their names as the mission would write them.
const NAMES: [&str; 4] = [
    "ATL06_20240123041319_03392212_990_01.h5",
    "ATL06_20240207154957_05752210_990_01.h5",
    "ATL06_20240211155304_06362210_990_01.h5",
    "ATL06_20240217040910_07202212_990_01.h5",
];

#[derive(Default)]
struct Memory(RefCell<Vec<u8>>);

impl Scratch for Memory {
    fn put(&self, bytes: &[u8]) -> Result<u64, String> {
        let mut held = self.0.borrow_mut();
        held.extend(bytes);
        Ok((held.len() - bytes.len()) as u64)
    }

    fn get(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let at = usize::try_from(at).unwrap();
        into.copy_from_slice(&self.0.borrow()[at..at + into.len()]);
        Ok(())
    }
}

fn computed(tuning: &Tuning, scratch: Option<&dyn Scratch>) -> Result<CellResult, Error> {
    let order = |order| Order::new(order).unwrap();
    let spec = JobSpec::new(crate::product::tests::atl06(), Vec::new(), order(12));
    let spec = JobSpec { overviews: vec![order(9), order(6)], ..spec };
    let job = spec.job("-6134114".parse().unwrap()).unwrap();
    let granules = GRANULES.map(|(name, bytes): (&str, &'static [u8])| {
        Granule::new(name, move || Ok(MemorySource::with_cost(Bytes::from_static(bytes), Cost::LOCAL)))
    });
    run_cell(&granules, &job, tuning, scratch, &()).now_or_never().unwrap()
}

#[test]
fn any_memory_gives_the_same_numbers() {
    let plenty = computed(&Tuning::default(), None).unwrap();
    let levels = |result: &CellResult| format!("{:?}", result.levels);
    for memory in [0, 1000, 50_000, 300_000, 1_000_000] {
        for exhaustive in [false, true] {
            let scratch = Memory::default();
            let tuning = Tuning { memory, exhaustive, ..Tuning::default() };
            let little = computed(&tuning, Some(&scratch)).unwrap();
            assert_eq!(levels(&little), levels(&plenty), "{memory} bytes");
            assert_eq!(little.ledger.totals.rows.used, 8842);
            assert_eq!(scratch.0.borrow().is_empty(), memory > 500_000, "{memory} bytes");
        }
    }
}

#[test]
fn without_a_scratch_place_there_is_an_end_and_the_error_says_what_fits() {
    let error = computed(&Tuning { memory: 1 << 18, ..Tuning::default() }, None).unwrap_err();
    assert_eq!(error.class(), FailureClass::Limit);
    let Error::NoRoom { rows, granules, .. } = error else { panic!("{error}") };
    assert!(rows > 4000 && rows < 8842 && granules == 4, "{rows}");
    assert!(error.to_string().contains("give more memory"), "{error}");
}

#[test]
fn cells_that_are_read_together_come_out_as_one_by_one() {
    let order = |order| Order::new(order).unwrap();
    let parent: morton::Cell = "-6134114".parse().unwrap();
    for (coarse, fine) in [(6, 12), (8, 12), (9, 11)] {
        for (overviews, time) in [(vec![order(10)], false), (Vec::new(), true)] {
            let spec = JobSpec::new(crate::product::tests::atl06(), Vec::new(), order(fine));
            let choice = crate::TimeChoice { by: Some(crate::Period::Month), ..crate::TimeChoice::default() };
            let axis = time.then(|| choice.axis(&spec.product, NAMES).unwrap().unwrap());
            let spec = JobSpec { overviews, time: axis, ..spec };
            let cells: Vec<morton::Cell> = parent
                .children(order(coarse))
                .unwrap()
                .map(|id| morton::Cell::new(order(coarse), id).unwrap())
                .collect();
            // Each cell with granules of its own, as in a catalog.
            let of_cell = |at: usize| (0..GRANULES.len()).filter(|granule| !(at + granule).is_multiple_of(3)).collect();
            let wanted: Vec<CellWanted> = cells
                .iter()
                .enumerate()
                .map(|(at, cell)| CellWanted { job: spec.job(*cell).unwrap(), granules: Some(of_cell(at)) })
                .collect();
            let granules = GRANULES.map(|(_, bytes)| bytes).into_iter().zip(NAMES).map(|(bytes, name)| {
                Granule::new(name, move || Ok(MemorySource::with_cost(Bytes::from_static(bytes), Cost::LOCAL)))
            });
            let granules: Vec<_> = granules.collect();
            let scratch = Memory::default();
            let tuning = Tuning { memory: 200_000, ..Tuning::default() };
            let read = read_cells(&granules, &wanted, &tuning, Some(&scratch), &());
            let mut rows = 0;
            for (together, wanted) in read.now_or_never().unwrap().unwrap().zip(&wanted) {
                let own: Vec<_> = wanted.granules.iter().flatten().map(|&at| granules[at].clone()).collect();
                let alone = run_cell(&own, &wanted.job, &Tuning::default(), None, &()).now_or_never().unwrap().unwrap();
                let together = together.unwrap();
                crate::same_result(&together, &alone).unwrap();
                assert_eq!(together.windows, alone.windows);
                rows += together.ledger.totals.rows.used;
            }
            assert!(rows > 4000, "{rows}");
        }
    }
}
