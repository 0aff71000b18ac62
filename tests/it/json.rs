//! Every answer of `--json` has a version, and names that docs/json.md explains.
use crate::server::{Reply, Server};
use crate::support::{demo_granules, folder, icestream, stdout};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/json.md");
const CELL: &str = "-6134114";
/// Names that the small inputs of this test do not bring about.
const SELDOM: [&str; 33] = [
    "catalog metadata.bbox",
    "catalog metadata.collection_concept_id",
    "catalog metadata.index",
    "catalog metadata.margin_km",
    "catalog metadata.north_of",
    "catalog metadata.orbit_region",
    "catalog metadata.polygon",
    "catalog metadata.south_of",
    "catalog metadata.from_date",
    "catalog metadata.to_date",
    "catalog metadata.version",
    "checksum attributes.*.error",
    "checksum class",
    "checksum error",
    "compare windows_only_in_a",
    "compare windows_only_in_b",
    "inspect objects[].error",
    "inspect objects[].target",
    "ledger granules[].error.place",
    "ledger granules[].left_out",
    "ledger granules[].tracks[].chosen",
    "ledger granules[].tracks[].link",
    "ledger granules[].tracks[].link.beyond_last",
    "ledger granules[].tracks[].link.out_of_order",
    "ledger granules[].tracks[].link.rows_in_none",
    "ledger granules[].tracks[].link.rows_in_several",
    "ledger granules[].tracks[].link.without_begin",
    "ledger granules[].tracks[].not_tested",
    "ledger granules[].tracks[].unlinked",
    "ledger granules[].tracks[].weight_not_positive",
    "ledger sparse_cells",
    "ledger totals.unlinked",
    "ledger totals.weight_not_positive",
];

/// The tables of the page: names by heading.
fn page() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(PAGE).unwrap();
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut heading = String::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            title.trim_start_matches("The ").clone_into(&mut heading);
        } else if let Some((name, rest)) = line.strip_prefix("| `").and_then(|row| row.split_once("` | ")) {
            assert_eq!(rest.matches(" |").count(), 3, "a row has four columns: {line}");
            assert!(tables.entry(heading.clone()).or_default().insert(name.to_owned()), "{heading}: {name} twice");
        }
    }
    tables
}

/// The commands that have the flag, by the command's own reference.
fn commands() -> BTreeSet<String> {
    let reference = stdout(&["docs", "--markdown"], 0);
    let sections = reference.split("\n## icestream ").skip(1);
    let with_flag = sections.filter(|section| section.lines().any(|line| line.trim() == "--json"));
    with_flag.map(|section| section.lines().next().unwrap().trim_matches(['`', ' ']).to_owned()).collect()
}

/// What was printed, by heading of the page, with the names in it.
#[derive(Default)]
struct Seen {
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Seen {
    /// Runs a command; every line or the whole of what it prints is an answer.
    fn run(&mut self, args: &[&str], code: i32) -> Vec<Value> {
        let heading = if args[0] == "product" { args[..2].join(" ") } else { args[0].to_owned() };
        self.output(&heading, &stdout(&[args, &["--json"]].concat(), code))
    }

    fn output(&mut self, heading: &str, text: &str) -> Vec<Value> {
        let answers: Vec<Value> = serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect();
        assert!(!answers.is_empty(), "{heading} printed nothing");
        for (answer, start) in answers.iter().zip(text.split_inclusive("\n{")) {
            let first = start.trim_start_matches(['\n', '{', ' ']).replace(' ', "");
            assert!(first.starts_with("\"schema\":1,"), "{heading}: schema is not the first: {start}");
            self.names(heading, "", answer);
        }
        answers
    }

    fn names(&mut self, heading: &str, path: &str, value: &Value) {
        match value {
            Value::Array(list) => list.iter().for_each(|element| self.names(heading, &format!("{path}[]"), element)),
            Value::Object(object) => {
                for (key, value) in object {
                    // Attributes have the names that a file gives them.
                    let key = if path.ends_with("attributes") { "*" } else { key };
                    let name = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                    let (heading, name) = match name.strip_prefix("ledger.") {
                        Some(name) => ("ledger", name.to_owned()),
                        None => (heading, name),
                    };
                    // What a description and a ledger hold is said elsewhere.
                    if heading == "product check" && !path.is_empty() {
                        continue;
                    }
                    if key != "*" {
                        self.names.entry(heading.to_owned()).or_default().insert(name.clone());
                    }
                    let path = if heading == "ledger" { format!("ledger.{name}") } else { name };
                    self.names(heading, &path, value);
                }
            }
            _ => {}
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn cells_and_granules(seen: &mut Seen, folder: &Path, granules: &str) {
    let one = demo_granules().join("ATL06_20240123041319_03392212_990_01.h5");
    seen.run(&["cells", "--cell", CELL], 0);
    seen.run(&["inspect", text(&one), "--attributes"], 0);
    seen.run(&["checksum", text(&one), "--attributes"], 0);
    seen.run(&["product", "list"], 0);
    seen.run(&["product", "check", "ATL06", text(&one), "--min-count", "2"], 0);
    let indexes = folder.join("indexes");
    assert_eq!(seen.run(&["index", granules, "--out", text(&indexes)], 0).len(), 4, "one answer for each granule");
    let broken = folder.join("ATL06_20240101000000_00012211_007_01.h5");
    std::fs::write(&broken, b"not HDF5").unwrap();
    let cell = ["cell", granules, "--cell", CELL, "--child-order", "8", "--index", text(&indexes)];
    let answer = &seen.run(&cell, 0)[0];
    assert_eq!(answer["error"], Value::Null);
    let failed = &seen.run(&["cell", granules, text(&broken), "--cell", CELL, "--child-order", "8"], 5)[0];
    assert!(failed["error"].is_string() && failed["ledger"]["granules"].as_array().unwrap().len() == 5, "{failed}");
}

fn catalog_and_run(seen: &mut Seen, folder: &Path, granules: &str) {
    let (catalog, stores) = (folder.join("catalog.json"), folder.join("stores"));
    let from = ["catalog", "--from", granules, "--cells", CELL];
    let summary = seen.run(&[&from[..], &["--out", text(&catalog)]].concat(), 0)[0]["summary"].clone();
    let run = ["run", "--catalog", text(&catalog), "--out", text(&stores), "--child-order", "8"];
    let dry = stdout(&[&run[..], &["--dry-run", "--max-cost", "1", "--json"]].concat(), 0);
    let dry = &seen.output("run --dry-run", &dry)[0];
    assert_eq!((&dry["estimate"]["pairs"], &dry["max_cost_usd"]), (&summary["pairs"], &1.0.into()), "{dry}");
    let done = &seen.run(&run, 0)[0];
    // The same quantities by the same names as `cell` gives them.
    let args = ["cell", granules, "--cell", CELL, "--child-order", "8"];
    let cell = &seen.run(&args, 0)[0];
    for name in ["parent_morton", "cells_with_data", "total_obs", "granule_count", "files_failed", "partial", "usage"] {
        assert_eq!(done["each"][0][name], cell[name], "{name}");
    }
    for name in ["total_obs", "requests", "bytes_read", "usage"] {
        assert_eq!(done["totals"][name], done["each"][0][name], "{name}");
    }
    let report = std::fs::read_to_string(folder.join("stores.run.jsonl")).unwrap();
    assert!(!report.contains("schema") && report.contains("\"observations\""), "the report keeps its names");
}

fn stores(seen: &mut Seen, folder: &Path) {
    let (cell, sphere) = (folder.join(format!("stores/{CELL}.zarr")), folder.join("sphere.zarr"));
    seen.run(&["merge", text(&cell), "--out", text(&sphere)], 0);
    seen.run(&["overviews", text(&sphere), "--to", "4"], 0);
    seen.run(&["compare", text(&cell), text(&sphere)], 0);
    let (granules, windows) = (demo_granules(), folder.join("windows.zarr"));
    let write =
        ["cell", self::text(&granules), "--cell", CELL, "--child-order", "8", "-q", "--out", self::text(&windows)];
    let axis = ["--by", "month", "--from-date", "2023-12-01", "--to-date", "2024-04-01"];
    let change = ["--change", "--min-overpasses", "2", "--min-span", "0"];
    stdout(&[&write[..], &axis, &change].concat(), 0);
    let (known, others) = (folder.join("known.zarr"), folder.join("other.zarr"));
    let granule = |name: &str| self::text(&granules.join(name)).to_owned();
    for (store, name) in
        [(&known, "ATL06_20240123041319_03392212_990_01.h5"), (&others, "ATL06_20240207154957_05752210_990_01.h5")]
    {
        stdout(&["cell", &granule(name), "--cell", CELL, "--child-order", "8", "-q", "--out", self::text(store)], 0);
    }
    let growing = folder.join("growing.zarr");
    let write =
        ["cell", self::text(&granules), "--cell", CELL, "--child-order", "8", "-q", "--out", self::text(&growing)];
    stdout(&[&write[..], &axis, &change, &["--moments", "--layout", "sphere"]].concat(), 0);
    seen.run(&["extend", self::text(&growing), "--to-date", "2024-06-01"], 0);
    seen.run(&["change", self::text(&growing)], 0);
    seen.run(&["compare", self::text(&known), self::text(&others)], 1);
    seen.run(&["series", self::text(&windows), "--cell", "-613411411"], 0);
    std::fs::write(cell.join("stray"), "x").unwrap();
    let text = icestream(&["validate", text(&cell), "--json"]).stdout;
    let report = &seen.output("validate", &String::from_utf8(text).unwrap())[0];
    assert!(!report["findings"].as_array().unwrap().is_empty(), "{report}");
}

fn login(seen: &mut Seen) {
    let keys = json!({ "accessKeyId": "ASIAKEY", "secretAccessKey": "hush", "sessionToken": "hush",
                       "expiration": "2096-11-22 13:00:00+00:00" });
    let server = Server::start(move |_, _| Reply::status(200).body(keys.to_string()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
    let command = command.args(["login", "--json"]).env_clear().env("EARTHDATA_TOKEN", "token");
    let output = command.env("ICESTREAM_EARTHDATA_URL", server.url("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    seen.output("login", &String::from_utf8(output.stdout).unwrap());
    seen.run(&["login", "--check", "--no-sign-request"], 0);
}

fn regions(seen: &mut Seen, folder: &Path, granules: &str) {
    let (store, rows) = (folder.join("region.zarr"), folder.join("rows.csv"));
    let region = "--region=-66.2,-64.6,-65,-63.8";
    let grid = ["grid", granules, region, "--out", store.to_str().unwrap()];
    seen.output("grid --dry-run", &stdout(&[&grid[..], &["--dry-run", "--json"]].concat(), 0));
    seen.run(&grid, 0);
    seen.run(&["points", granules, region, "--out", rows.to_str().unwrap()], 0);
}

#[test]
fn every_answer_has_a_version_and_every_name_is_in_the_table_of_its_command() {
    let folder = folder("json");
    let granules = demo_granules();
    let granules = text(&granules);
    let mut seen = Seen::default();
    cells_and_granules(&mut seen, &folder, granules);
    catalog_and_run(&mut seen, &folder, granules);
    stores(&mut seen, &folder);
    regions(&mut seen, &folder, granules);
    login(&mut seen);

    let mut page = page();
    let shared = page.remove("All commands").unwrap();
    assert_eq!(shared, BTreeSet::from(["schema".to_owned()]));
    let ran: BTreeSet<String> = seen.names.keys().filter(|heading| *heading != "ledger").cloned().collect();
    let mut expected = commands();
    assert!(expected.len() >= 12, "{expected:?}");
    expected.extend(["run --dry-run".into(), "grid --dry-run".into()]);
    assert_eq!(ran, expected, "a command with --json that this test does not run, or the other way round");
    assert_eq!(page.keys().collect::<Vec<_>>(), seen.names.keys().collect::<Vec<_>>(), "tables and commands");
    let mut unseen = BTreeSet::new();
    for (heading, table) in &page {
        let names: BTreeSet<String> = seen.names[heading].difference(&shared).cloned().collect();
        let missing: Vec<&String> = names.difference(table).collect();
        assert!(missing.is_empty(), "docs/json.md, {heading}: {missing:?} are not in the table");
        unseen.extend(table.difference(&names).map(|name| format!("{heading} {name}")));
    }
    let seldom: BTreeSet<String> = SELDOM.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(unseen, seldom, "names in docs/json.md that no command printed, or SELDOM ones that one did");
}
