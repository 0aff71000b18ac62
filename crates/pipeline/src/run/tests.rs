//! Memory changes no number: the bundled granules in any amount of it, with and without a scratch place.
use crate::{CellResult, Error, FailureClass, Granule, JobSpec, Scratch, Tuning, run_cell};
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
