//! What other programs write, by the CF conventions: right values from files that once gave wrong ones with exit code 0.
//! `tests/python/check_cf.py` compares many more ways of writing with an oracle of its own.
use crate::support::{demo_granules, folder, json, shared, stderr, stdout};
use std::path::Path;

/// Case, row counts (in the parent, two reasons for dropping, used), and the largest height, as h5py and NumPy find them.
const CASES: [(&str, [u64; 4], f32); 5] = [
    ("hdf5/c01_ncks_subset.nc", [17_081, 70, 5_672, 11_339], 2_090.252_2),
    ("hdf5/c04_packed.h5", [17_081, 70, 0, 17_011], 2_090.525),
    ("granules/xarray_packed_i4.h5", [17_081, 68, 688, 16_325], 2_090.525),
    ("granules/xarray_latlon_packed.h5", [17_081, 68, 688, 16_325], 2_090.525_1),
    ("granules/dataset_fill_nan_attr_3e38.h5", [17_081, 68, 688, 16_325], 2_090.525_1),
];

/// The largest `h_max` of a table.
fn highest(table: &str) -> f32 {
    let heights = table.lines().skip(1).filter_map(|line| line.split(',').nth(4)?.parse::<f32>().ok());
    heights.fold(f32::NEG_INFINITY, f32::max)
}

#[test]
fn rewritten_granules_give_the_statistics_of_the_decoded_data_however_they_are_read() {
    let Some(data) = shared("rewritten_granules_give_the_statistics_of_the_decoded_data_however_they_are_read") else {
        return;
    };
    let indexes = folder("cf-indexes");
    let indexes = indexes.to_str().unwrap();
    for (case, counts, height) in CASES {
        let path = data.join("cases").join(case);
        let path = path.to_str().unwrap();
        stdout(&["index", path, "--out", indexes], 0);
        let cell = ["cell", path, "--cell", "4441321", "--quiet"];
        for way in [&[][..], &["--exhaustive"], &["--index", indexes]] {
            let answer = json(&[&cell[..], &["--json"], way].concat(), 0);
            let totals = &answer["ledger"]["totals"];
            let found = ["in_parent", "quality", "fill", "used"].map(|name| totals[name].as_u64().unwrap());
            assert_eq!(found, counts, "{case} {way:?}");
            if way.contains(&"--index") {
                assert_eq!(answer["ledger"]["granules"][0]["index"], "used", "{case}");
            }
            let table = stdout(&[&cell[..], &["--csv", "-"], way].concat(), 0);
            assert!((highest(&table) - height).abs() < 1e-4, "{case} {way:?}: {}", highest(&table));
        }
    }
}

#[test]
fn a_link_that_leads_nowhere_stops_the_granule_and_an_absent_track_is_told() {
    let demo = demo_granules();
    let answer = json(&["cell", demo.to_str().unwrap(), "--cell", "-6134114", "--json"], 0);
    let granules = answer["ledger"]["granules"].as_array().unwrap();
    let absent: Vec<&serde_json::Value> = granules.iter().filter_map(|granule| granule.get("absent")).collect();
    assert_eq!(absent, [&serde_json::json!(["gt3l", "gt3r"])]);
    assert_eq!(answer["ledger"]["totals"]["tracks_absent"], 2);
    let text = stderr(&["cell", demo.to_str().unwrap(), "--cell", "-6134114", "--out", &out("cf-absent")], 0);
    assert!(text.contains(", 22 tracks (2 absent)"), "{text}");

    let Some(data) = shared("a_link_that_leads_nowhere_stops_the_granule_and_an_absent_track_is_told") else { return };
    let dangling = data.join("cases/hdf5/c28_dangling.h5");
    let error = stderr(&["cell", dangling.to_str().unwrap(), "--cell", "4441321", "--out", &out("cf-dangling")], 5);
    assert!(error.contains("the link gt2l leads to /nowhere, which does not exist"), "{error}");
}

fn out(test: &str) -> String {
    let store: &Path = &folder(test).join("cell.zarr");
    store.to_str().unwrap().into()
}
