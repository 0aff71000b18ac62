//! Real granules against results computed independently with h5py, healpy and NumPy.
use crate::support::{compare_tables, folder, json, shared};
use serde_json::Value;

#[test]
fn every_listed_cell_equals_its_reference() {
    let Some(data) = shared("every_listed_cell_equals_its_reference") else { return };
    let data = data.join("atl06");
    let listing: Vec<Value> = serde_json::from_slice(&std::fs::read(data.join("listing.json")).unwrap()).unwrap();
    assert_eq!(listing.len(), 5);
    let folder = folder("real");
    for entry in &listing {
        let cell = entry["cell"].to_string();
        let latitude = entry["latitude"].as_str().unwrap();
        let csv = folder.join(format!("{cell}_{latitude}.csv"));
        let args = [
            "cell",
            data.to_str().unwrap(),
            "--cell",
            &cell,
            "--latitude",
            latitude,
            "--json",
            "--csv",
            csv.to_str().unwrap(),
        ];
        let answer = json(&args, 0);
        let expected = std::fs::read_to_string(data.join(entry["expected"].as_str().unwrap())).unwrap();
        let cells = compare_tables(&std::fs::read_to_string(&csv).unwrap(), &expected);
        let totals = &entry["totals"];
        assert_eq!(totals["cells_with_data"], cells, "{cell}");
        assert_eq!(answer["cells_with_data"], cells, "{cell}");
        assert_eq!(answer["total_obs"], totals["used"], "{cell}");
        for name in ["granules", "tracks", "rows", "in_parent", "quality", "fill", "used"] {
            assert_eq!(answer["ledger"]["totals"][name], totals[name], "{name} of {cell} {latitude}");
        }
    }
}
