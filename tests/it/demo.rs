//! The bundled granules against what NumPy and healpy make of them.
use crate::support::{compare_tables, demo_granules, folder, icestream, json};

const CELL: &str = "-6134114";

#[test]
fn the_demo_makes_a_store_a_map_and_the_right_table() {
    let folder = folder("demo");
    let output = icestream(&["demo", "--out", folder.to_str().unwrap()]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("xdggs.decode(xr.open_zarr("), "{text}");
    let expected = std::fs::read_to_string(demo_granules().join(format!("expected_{CELL}.csv"))).unwrap();
    let table = std::fs::read_to_string(folder.join(format!("{CELL}.csv"))).unwrap();
    assert!(compare_tables(&table, &expected) > 100);
    let map = std::fs::read(folder.join(format!("{CELL}.png"))).unwrap();
    assert_eq!(map[..8], *b"\x89PNG\r\n\x1a\n");
    assert!(folder.join(format!("{CELL}.zarr/zarr.json")).is_file());
}

#[test]
fn the_ledger_accounts_for_every_row() {
    let granules = demo_granules();
    let answer = json(&["cell", granules.to_str().unwrap(), "--cell", CELL, "--json"], 0);
    let expected = std::fs::read(granules.join(format!("expected_{CELL}.json"))).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let totals = &answer["ledger"]["totals"];
    let mut compared = 0;
    for (name, value) in expected.as_object().unwrap() {
        if let Some(ours) = totals.get(name) {
            assert_eq!(ours, value, "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 5, "{expected}");
    let count = |name: &str| totals[name].as_u64().unwrap();
    let dropped =
        count("quality") + count("fill") + count("not_finite") + count("out_of_range") + count("sigma_not_positive");
    assert_eq!(count("in_parent"), count("used") + dropped);
}
