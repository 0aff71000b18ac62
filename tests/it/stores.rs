//! Stores of the sphere: written by many, joined, composed upwards, compared.
use crate::server::{Asked, Reply, Server};
use crate::support::{demo_granules, folder, icestream, json, objects, shared, stderr, stdout};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// Cells of order 6 that the bundled granules cross, with their nested ids.
pub const CELLS: [(&str, u64); 7] = [
    ("-6134114", 45763),
    ("-6134112", 45761),
    ("-6134132", 45769),
    ("-6134111", 45760),
    ("-6134113", 45762),
    ("-6134141", 45772),
    ("-6134123", 45766),
];

/// Writes one cell of the bundled granules.
pub fn write(cell: &str, layout: &str, out: &Path, more: &[&str]) {
    let granules = demo_granules();
    let args = ["cell", granules.to_str().unwrap(), "--cell", cell, "--layout", layout, "--quiet"];
    stdout(&[&args[..], &["--overviews", "11,8,6", "--out", out.to_str().unwrap()], more].concat(), 0);
}

/// A store of the sphere with some cells, written one after the other.
pub fn sphere(out: &Path, cells: &[(&str, u64)]) {
    for (cell, _) in cells {
        write(cell, "sphere", out, &[]);
    }
}

/// Objects without what stopped writers left lying about.
fn whole_objects(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut objects = objects(store);
    objects.retain(|key, _| !key.ends_with(".tmp"));
    objects
}

fn start(cell: &str, out: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
    command.env_clear().arg("cell").arg(demo_granules()).args(["--cell", cell, "--layout", "sphere", "--overwrite"]);
    command.args(["--quiet", "--overviews", "11,8,6", "--out"]).arg(out);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn eight_processes_some_killed_make_the_serial_store() {
    let folder = folder("eight");
    let serial = folder.join("serial.zarr");
    sphere(&serial, &CELLS);
    let expected = objects(&serial);
    assert_eq!(expected.len(), 4 * 9 + 1 + 4 + 1 + 7 * (4 * 9 + 1));
    let mut unfinished = 0;
    for round in 0..3_usize {
        let out = folder.join(format!("round{round}.zarr"));
        // Another order in each round (3, 5 and 7 share no factor with 8), and one cell is written by two.
        let order = (0..8).map(|k| CELLS[(k * (2 * round + 3) + round) % 8 % 7]);
        let mut writers: Vec<(&str, u64, Child)> = order.map(|(cell, id)| (cell, id, start(cell, &out))).collect();
        // Three are killed as soon as their first chunk is there, one at once.
        for (at, (_, id, writer)) in writers.iter_mut().enumerate().take(4) {
            let first = out.join(format!("12/count/c/{id}"));
            while at > 0 && !first.exists() && writer.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            let _ = writer.kill();
        }
        for (at, (cell, _, writer)) in writers.iter_mut().enumerate() {
            let done = writer.wait().unwrap().success();
            assert!(done || at < 4, "{cell} was not killed and failed");
            let mark = out.join(format!("cells/{cell}/zarr.json"));
            assert!(!done || mark.exists(), "{cell}");
            unfinished += usize::from(!mark.exists());
        }
        let again: Vec<Child> = writers.iter().take(4).map(|(cell, ..)| start(cell, &out)).collect();
        for mut writer in again {
            assert!(writer.wait().unwrap().success());
        }
        assert!(whole_objects(&out) == expected, "round {round} differs");
        let report = json(&["validate", out.to_str().unwrap(), "--json"], 0);
        assert_eq!((&report["valid"], &report["cells"]), (&Value::Bool(true), &Value::from(7)), "{report}");
    }
    assert!(unfinished > 0, "no writer was stopped in the middle");
}

#[test]
fn merged_stores_equal_the_one_written_directly() {
    let folder = folder("merge");
    let (direct, cells, merged) = (folder.join("direct.zarr"), folder.join("cells"), folder.join("merged.zarr"));
    sphere(&direct, &CELLS[..4]);
    for (cell, _) in &CELLS[..4] {
        write(cell, "cell", &cells.join(format!("{cell}.zarr")), &[]);
    }
    let args = ["merge", cells.to_str().unwrap(), "--json", "--out", merged.to_str().unwrap()];
    assert_eq!(json(&args, 0)["written"], 4);
    assert!(objects(&merged) == objects(&direct));
    let again = json(&args, 0);
    assert_eq!((&again["written"], &again["same"]), (&Value::from(0), &Value::from(4)));
    // A store of the sphere can be joined too; the same cell from two stores cannot.
    let copy = folder.join("copy.zarr");
    stdout(&["merge", merged.to_str().unwrap(), "--out", copy.to_str().unwrap()], 0);
    assert!(objects(&copy) == objects(&direct));
    let one = cells.join("-6134114.zarr");
    let twice = ["merge", one.to_str().unwrap(), merged.to_str().unwrap(), "--out", copy.to_str().unwrap()];
    assert!(stderr(&twice, 2).contains("-6134114"));
}

#[test]
fn a_region_is_the_same_from_any_stores_and_reads_as_they_do() {
    let folder = folder("region");
    let (direct, cells) = (folder.join("sphere.zarr"), folder.join("cells"));
    sphere(&direct, &CELLS[..3]);
    for (cell, _) in &CELLS[..3] {
        write(cell, "cell", &cells.join(format!("{cell}.zarr")), &[]);
    }
    let [region, again] = [folder.join("region.zarr"), folder.join("again.zarr")];
    let merge = |from: &Path, out: &Path, more: &[&str]| {
        let args = ["merge", from.to_str().unwrap(), "--layout", "region", "--json", "--out", out.to_str().unwrap()];
        json(&[&args[..], more].concat(), 0)
    };
    assert_eq!(merge(&cells, &region, &[])["written"], 3);
    assert_eq!(merge(&direct, &again, &[])["written"], 3);
    let whole = objects(&region);
    assert!(whole == objects(&again));
    let [region, again, direct] = [&region, &again, &direct].map(|path| path.to_str().unwrap());
    let report = json(&["validate", region, "--json"], 0);
    assert_eq!((&report["layout"], &report["cells"]), (&Value::from("region"), &Value::from(3)), "{report}");
    let granules = demo_granules();
    let granules = granules.to_str().unwrap();
    let report = json(&["validate", region, "--deep", "--granules", granules, "--json"], 0);
    assert_eq!((&report["recomputed"], &report["warnings"]), (&Value::from(3), &Value::from(0)), "{report}");
    for order in ["12", "11", "8", "6"] {
        assert!(stdout(&["compare", region, direct, "--order", order], 0).contains("equal"));
    }
    // A mark that is lost takes its cell along, and the merge brings it back.
    std::fs::remove_file(folder.join("again.zarr/cells/-6134112/zarr.json")).unwrap();
    std::fs::remove_file(folder.join("again.zarr/12/h_mean/c/0")).unwrap();
    assert_eq!(json(&["validate", again, "--json"], 1)["cells"], 2);
    assert_eq!(merge(&cells, Path::new(again), &["--overwrite"])["written"], 3);
    assert!(whole == objects(Path::new(again)));
    assert_eq!(merge(&cells, Path::new(again), &[])["same"], 3);
    // Other cells are another region.
    let one = cells.join("-6134114.zarr");
    let other = ["merge", one.to_str().unwrap(), "--layout", "region", "--out", region];
    assert!(stderr(&other, 2).contains("another job or region"));
    for args in [
        &["overviews", region, "--to", "4"][..],
        &["extend", region, "--to-date", "2025-01-01"],
        &["merge", region, "--out", direct],
        &["merge", direct, "--layout", "cell", "--out", again],
    ] {
        assert!(stderr(args, 2).contains("region"), "{args:?}");
    }
    let cell = ["cell", granules, "--cell", "-6134112", "--layout", "region", "--out", again];
    assert!(stderr(&cell, 2).contains("one writer"));
    assert!(whole == objects(Path::new(region)) && whole == objects(Path::new(again)));
}

#[test]
fn what_does_not_fit_a_store_is_refused_and_harms_nothing() {
    let folder = folder("refused");
    let out = folder.join("sphere.zarr");
    sphere(&out, &CELLS[..1]);
    let before = objects(&out);
    let granules = demo_granules();
    let cell = |more: &[&str]| {
        let args = ["cell", granules.to_str().unwrap(), "--cell", "-6134112", "--layout", "sphere", "--out"];
        stderr(&[&args[..], &[out.to_str().unwrap(), "--quiet"], more].concat(), 2)
    };
    assert!(cell(&["--overviews", "11,8,6", "--latitude", "authalic"]).contains("another product, latitude"));
    assert!(cell(&[]).contains("order"));
    assert!(cell(&["--overviews", "11,8,6", "--child-order", "11"]).contains("another product"));
    let there = ["cell", granules.to_str().unwrap(), "--cell", "-6134114", "--layout", "sphere"];
    let there = stderr(&[&there[..], &["--overviews", "11,8,6", "--out", out.to_str().unwrap()]].concat(), 2);
    assert!(there.contains("--overwrite"), "{there}");
    assert!(objects(&out) == before);
    // Not a store: left alone.
    let notes = folder.join("notes");
    std::fs::create_dir(&notes).unwrap();
    std::fs::write(notes.join("notes.txt"), "mine").unwrap();
    let args = ["cell", granules.to_str().unwrap(), "--cell", "-6134112", "--layout", "sphere", "--out"];
    assert!(stderr(&[&args[..], &[notes.to_str().unwrap()]].concat(), 2).contains("something else"));
    assert_eq!(objects(&notes).len(), 1);
    assert_eq!(icestream(&[&args[..6], &["--quiet"]].concat()).status.code(), Some(2), "no --out");
}

#[test]
fn overviews_compose_what_composes_and_estimate_the_rest_closely() {
    let folder = folder("overviews");
    let (out, truth) = (folder.join("sphere.zarr"), folder.join("truth.zarr"));
    let (out, truth) = (out.to_str().unwrap(), truth.to_str().unwrap());
    let cells = [CELLS[0], CELLS[1], CELLS[3], CELLS[4]];
    sphere(Path::new(out), &cells);
    let done = json(&["overviews", out, "--to", "3", "--json"], 0);
    assert_eq!(done["orders"], serde_json::json!([5, 4, 3]));
    // All four cells of order 6 in one of order 5, which is computed from the observations.
    let granules = demo_granules();
    let parent = format!("nested:5/{}", CELLS[0].1 >> 2);
    let args = ["cell", granules.to_str().unwrap(), "--cell", &parent, "--child-order", "12", "--overviews", "5"];
    stdout(&[&args[..], &["--out", truth, "--quiet"]].concat(), 0);
    let bounds = ["--ulps", "h_mean=1", "--ulps", "h_sigma=1", "--relative", "h_variance=0.002"];
    let compared =
        ["compare", out, truth, "--order", "5", "--json", "--tolerance", "h_q25=1", "--tolerance", "h_q50=1"];
    let report = json(&[&compared[..], &["--tolerance", "h_q75=1"], &bounds].concat(), 0);
    assert_eq!(report["cells_in_both"], 1);
    // The same without bounds: counts and extremes are exact, quantiles and variance are not.
    let report = json(&compared[..6], 1);
    let different: Vec<&str> = report["variables"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|v| v["different"] != 0)
        .map(|v| v["name"].as_str().unwrap())
        .collect();
    assert!(!different.iter().any(|name| ["count", "h_min", "h_max"].contains(name)), "{different:?}");
    assert!(different.contains(&"h_variance") && different.contains(&"h_q50"), "{different:?}");
    stdout(&["validate", out], 0);
    // Cells that come later make them out of date, which `validate` reports; composing again mends it.
    let root = std::fs::read(Path::new(out).join("zarr.json")).unwrap();
    write(CELLS[2].0, "sphere", Path::new(out), &[]);
    assert_eq!(std::fs::read(Path::new(out).join("zarr.json")).unwrap(), root, "later cells leave the levels there");
    let report = json(&["validate", out, "--json"], 1);
    assert!(report["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == "overview"), "{report}");
    stdout(&["overviews", out, "--to", "5"], 0);
    stdout(&["validate", out], 0);
    assert!(stderr(&["overviews", out, "--to", "6"], 2).contains("above"));
}

#[test]
fn with_unweighted_means_the_variance_composes_exactly_too() {
    let folder = folder("also");
    let (out, truth) = (folder.join("sphere.zarr"), folder.join("truth.zarr"));
    for (cell, _) in [CELLS[0], CELLS[1], CELLS[3], CELLS[4]] {
        write(cell, "sphere", &out, &["--also", "q05,unweighted_mean"]);
    }
    let (out, truth) = (out.to_str().unwrap(), truth.to_str().unwrap());
    stdout(&["overviews", out, "--to", "5"], 0);
    stdout(&["validate", out], 0);
    let granules = demo_granules();
    let parent = format!("nested:5/{}", CELLS[0].1 >> 2);
    let args = ["cell", granules.to_str().unwrap(), "--cell", &parent, "--child-order", "12", "--overviews", "5"];
    stdout(&[&args[..], &["--also", "unweighted_mean,q05,count", "--out", truth, "--quiet"]].concat(), 0);
    stdout(&["validate", truth, "--deep", "--granules", granules.to_str().unwrap()], 0);
    let mut compared = vec!["compare", out, truth, "--order", "5", "--json"];
    compared.extend(["--relative", "h_variance=0.000001", "--ulps", "h_unweighted_mean=1"]);
    compared.extend(["--ulps", "h_mean=1", "--ulps", "h_sigma=1"]);
    for quantile in ["h_q05=5", "h_q25=1", "h_q50=1", "h_q75=1"] {
        compared.extend(["--tolerance", quantile]);
    }
    assert_eq!(json(&compared, 0)["cells_in_both"], 1);
    // A store without them is another product.
    let plain =
        ["cell", granules.to_str().unwrap(), "--cell", CELLS[2].0, "--layout", "sphere", "--overviews", "11,8,6"];
    assert!(stderr(&[&plain[..], &["--out", out]].concat(), 2).contains("another product"));
    assert!(stderr(&[&plain[..], &["--out", out, "--also", "median"]].concat(), 2).contains("median"));
}

#[test]
fn comparing_tells_how_far_and_where() {
    let folder = folder("compare");
    let (cell, sphere_store) = (folder.join("cell.zarr"), folder.join("sphere.zarr"));
    write("-6134114", "cell", &cell, &[]);
    sphere(&sphere_store, &CELLS[..2]);
    let (a, b) = (cell.to_str().unwrap(), sphere_store.to_str().unwrap());
    let table = demo_granules().join("expected_-6134114.csv");
    stdout(&["compare", a, table.to_str().unwrap()], 0);
    stdout(&["compare", table.to_str().unwrap(), a], 0);
    let report = json(&["compare", a, b, "--json"], 1);
    assert_eq!(report["only_in_a"]["cells"], 0);
    assert!(report["only_in_b"]["cells"].as_u64().unwrap() > 100);
    stdout(&["compare", a, b, "--common", "--order", "8"], 0);
    // One value of the table is changed by one millimetre, one line is left out.
    let text = std::fs::read_to_string(&table).unwrap();
    let line = text.lines().find(|line| line.starts_with("-61") && !line.contains("NaN")).unwrap();
    let fields: Vec<&str> = line.split(',').collect();
    let mean: f32 = fields[5].parse().unwrap();
    let other = line.replacen(fields[5], &format!("{:?}", mean + 0.001), 1);
    let gone = text.lines().rev().find(|line| !line.contains("NaN")).unwrap();
    let changed = folder.join("changed.csv");
    std::fs::write(&changed, text.replace(line, &other).replace(&format!("{gone}\n"), "")).unwrap();
    let changed = changed.to_str().unwrap();
    let report = json(&["compare", a, changed, "--json"], 1);
    let mean = report["variables"].as_array().unwrap().iter().find(|v| v["name"] == "h_mean").unwrap();
    assert_eq!((&mean["different"], mean["at"].as_str()), (&Value::from(1), Some(fields[0])));
    assert!((mean["largest"].as_f64().unwrap() - 0.001).abs() < 2e-4);
    assert_eq!(report["only_in_a"]["cells"], 1);
    assert_eq!(report["only_in_a"]["first"][0], gone.split(',').next().unwrap());
    stdout(&["compare", a, changed, "--tolerance", "h_mean=0.002", "--common"], 0);
    stdout(&["compare", a, changed, "--tolerance", "h_min=0.002", "--common"], 1);
    stdout(&["compare", a, changed, "--relative", "1e-5", "--common"], 0);
    stdout(&["compare", a, changed, "--var", "h_min,count", "--common"], 0);
    assert!(stderr(&["compare", a, "no-such.zarr"], 5).contains("no-such.zarr"));
}

type Bucket = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A bucket in memory: PUT, GET, HEAD, DELETE and a listing.
fn answer(bucket: &Bucket, asked: &Asked) -> Reply {
    let mut objects = bucket.lock().unwrap();
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let key = path.strip_prefix("/bucket/").unwrap_or_default();
    match (asked.method.as_str(), query.contains("list-type=2")) {
        ("PUT", _) => {
            objects.insert(key.to_owned(), asked.body.clone());
            Reply::status(200)
        }
        ("DELETE", _) => Reply::status(objects.remove(key).map_or(404, |_| 204)),
        (_, true) => {
            let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap().replace("%2F", "/");
            let keys = objects.keys().filter(|key| key.starts_with(&prefix));
            let listed: String = keys.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            Reply::status(200).body(format!("<ListBucketResult>{listed}</ListBucketResult>"))
        }
        ("HEAD", _) => Reply::status(if objects.contains_key(key) { 200 } else { 404 }),
        _ => objects.get(key).map_or_else(|| Reply::status(404), |bytes| Reply::ranged(bytes, asked, "\"v\"")),
    }
}

#[test]
fn a_bucket_takes_it_all_too() {
    let bucket = Bucket::default();
    let server = Server::start({
        let bucket = Arc::clone(&bucket);
        move |asked, _| answer(&bucket, asked)
    });
    let url = server.url("");
    let access = ["--endpoint-url", url.as_str(), "--no-sign-request"];
    let folder = folder("bucket");
    let local = folder.join("sphere.zarr");
    sphere(&local, &CELLS[..2]);
    for (cell, _) in &CELLS[..2] {
        write(cell, "sphere", Path::new("s3://bucket/run/sphere.zarr"), &access);
        write(cell, "cell", Path::new(&format!("s3://bucket/run/cells/{cell}.zarr")), &access);
    }
    let run = |args: &[&str]| stdout(&[args, &access].concat(), 0);
    run(&["merge", "s3://bucket/run/cells", "--out", "s3://bucket/run/merged.zarr"]);
    for store in ["s3://bucket/run/sphere.zarr", "s3://bucket/run/merged.zarr"] {
        run(&["overviews", store, "--to", "5"]);
        run(&["validate", store]);
        run(&["compare", store, local.to_str().unwrap()]);
    }
    stdout(&["overviews", local.to_str().unwrap(), "--to", "5"], 0);
    let objects_of = |store: &str| -> BTreeMap<String, Vec<u8>> {
        let prefix = format!("run/{store}/");
        let objects = bucket.lock().unwrap();
        objects.iter().filter_map(|(key, bytes)| Some((key.strip_prefix(&prefix)?.to_owned(), bytes.clone()))).collect()
    };
    let expected = objects(&local);
    assert!(objects_of("sphere.zarr") == expected && objects_of("merged.zarr") == expected);
    // What makes data visible came after it, in every store.
    let puts: Vec<String> =
        server.log().into_iter().filter(|asked| asked.method == "PUT").map(|asked| asked.target).collect();
    let at = |key: &str| puts.iter().position(|put| put == &format!("/bucket/run/{key}")).unwrap();
    assert!(at("sphere.zarr/cells/-6134112/zarr.json") > at("sphere.zarr/12/h_q75/c/45761"));
    let store = "/bucket/run/cells/-6134114.zarr/";
    let written = puts.iter().filter(|put| !put.ends_with(".icestream-probe"));
    let keys: Vec<&str> = written.filter_map(|put| put.strip_prefix(store)).collect();
    let first = keys.iter().position(|key| key.ends_with("zarr.json")).unwrap();
    assert!(keys[..first].len() == 4 * 11 && keys[first..].iter().all(|key| key.ends_with("zarr.json")), "{keys:?}");
    assert_eq!(keys.last(), Some(&"zarr.json"));
}

#[test]
fn real_granules_in_one_store() {
    let Some(data) = shared("real_granules_in_one_store") else { return };
    let data = data.join("atl06");
    let out = folder("real_sphere").join("sphere.zarr");
    let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    for cell in ["4441321", "4441312", "4441314", "4441323"] {
        let args = ["cell", data, "--cell", cell, "--layout", "sphere", "--overviews", "11,9", "--quiet", "--out", out];
        assert_eq!(icestream(&args).status.code(), Some(0), "{cell}");
    }
    stdout(&["overviews", out, "--to", "4"], 0);
    let report = json(&["validate", out, "--deep", "--granules", data, "--json"], 0);
    assert_eq!((&report["recomputed"], &report["warnings"]), (&report["cells"], &Value::from(0)), "{report}");
    for cell in ["4441321", "4441312", "4441314"] {
        let expected = format!("{data}/expected_{cell}_spherical.csv");
        let bounds = ["--ulps", "h_mean=1", "--ulps", "h_sigma=1", "--ulps", "h_variance=1", "--common", "--json"];
        let report = json(&[&["compare", out, &expected][..], &bounds].concat(), 0);
        assert_eq!(report["only_in_b"]["cells"], 0);
        assert!(report["cells_in_both"].as_u64().unwrap() > 10, "{report}");
    }
}
