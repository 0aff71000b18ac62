//! `icestream catalog` and `icestream login` against local test servers in place of the CMR and of Earthdata.
use crate::compose::{item, page, polygon};
use crate::server::{Asked, Reply, Server};
use crate::support::{NO_ROLE, demo_granules, folder, icestream, json, stderr, stdout};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the command with some variables and no others.
fn with(variables: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
    command.args(args).env_clear().envs(NO_ROLE).envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A strip of 12 km from 79 S over the turning point to 79 S: real ones look like it. Composed, as the items are.
const POLAR: [[f64; 2]; 8] = [
    [120.0, -79.0],
    [126.0, -83.0],
    [150.0, -87.0],
    [-160.0, -87.9],
    [-160.0, -88.0],
    [149.0, -87.1],
    [125.2, -83.0],
    [119.4, -79.0],
];

/// Three granules of cycle 22, an older version of the first, one of cycle 21 that a loose pattern lets through, one
/// without a footprint, one whose record makes no sense, and one without a link, whose older version has one.
fn items() -> Vec<Value> {
    let polar = polygon(&[POLAR.to_vec()]);
    let orbit = json!({ "Orbit": { "AscendingCrossing": 60.0, "StartLatitude": -50.0, "StartDirection": "D",
                                   "EndLatitude": -79.0, "EndDirection": "D" } });
    let bounds = json!({ "Geometry": { "BoundingRectangles": [{ "WestBoundingCoordinate": 175.0, "EastBoundingCoordinate": -175.0,
        "SouthBoundingCoordinate": -72.0, "NorthBoundingCoordinate": -70.0 }] } });
    let mut odd = item("ATL06_20231223184857_00732212_007_01.h5", &bounds);
    odd["umm"]["RelatedUrls"] = Value::Null;
    let mut without = item("ATL06_20231224184857_00882212_007_02.h5", &bounds);
    without["umm"]["RelatedUrls"] = json!([]);
    vec![
        odd,
        without,
        item("ATL06_20231224184857_00882212_007_01.h5", &bounds),
        item("ATL06_20231219171439_00132211_007_01.h5", &polar),
        item("ATL06_20231219171439_00132211_006_02.h5", &polar),
        item("ATL06_20231220184857_00282210_007_01.h5", &orbit),
        item("ATL06_20231221184857_00432212_007_01.h5", &bounds),
        item("ATL06_20230919184857_00432112_007_01.h5", &bounds),
        item("ATL06_20231222184857_00582212_007_01.h5", &json!({})),
    ]
}

/// Pages of two; the second request is throttled, the answer to the fourth is cut short.
fn cmr() -> Server {
    Server::start(|asked, number| {
        let from: usize = asked.header("cmr-search-after").parse().unwrap_or(0);
        let items = items();
        let some: Vec<Value> = items.iter().skip(from).take(2).cloned().collect();
        let mut reply = Reply::status(200).with("CMR-Hits", items.len().to_string()).body(page(&some));
        if from + 2 < items.len() {
            reply = reply.with("CMR-Search-After", (from + 2).to_string());
        }
        match number {
            1 => Reply::status(429).with("Retry-After", "0"),
            3 => Reply { cut: Some(10), ..reply },
            _ => reply,
        }
    })
}

#[test]
fn a_search_becomes_a_catalog() {
    let (server, folder) = (cmr(), folder("catalog-search"));
    let out = folder.join("c.json");
    let args = [
        "catalog",
        "--cycle",
        "22",
        "--south-of=-60",
        "--from-date",
        "2023-12-19",
        "--out",
        out.to_str().unwrap(),
        "--json",
    ];
    let url = server.url("");
    let run = with(&[("ICESTREAM_CMR_URL", &url)], &args);
    // Some were left out.
    assert_eq!(run.status.code(), Some(3), "{}", text(&run.stderr));
    let answer: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((&answer["found"], &answer["other_names"], &answer["requests"]), (&json!(9), &json!(1), &json!(7)));
    assert_eq!(
        answer["older_versions"],
        json!([["ATL06_20231219171439_00132211_006_02.h5", "ATL06_20231219171439_00132211_007_01.h5"]])
    );
    assert_eq!(answer["unknown_extent"], json!(["ATL06_20231222184857_00582212_007_01.h5"]));
    assert_eq!(answer["without_link"], json!(["ATL06_20231224184857_00882212_007_02.h5"]));
    let why = "RelatedUrls: invalid type: null, expected a sequence";
    assert_eq!(answer["odd_records"], json!([["ATL06_20231223184857_00732212_007_01.h5", why]]));
    let catalog = read(&out);
    assert_eq!(catalog["metadata"]["cycle"], 22);
    assert_eq!(catalog["metadata"]["parent_order"], 6);
    assert_eq!(catalog["metadata"]["version"], "007");
    assert_eq!(catalog["metadata"]["latitude"], "spherical");
    let cells = catalog["catalog"].as_object().unwrap();
    let of = |name: &str| cells.iter().filter(|(_, links)| links.to_string().contains(name)).count();
    assert_eq!((of("_006_02"), of("00432112"), of("00582212"), of("00732212"), of("00882212_007_02")), (0, 0, 0, 0, 0));
    assert_eq!(of("00882212_007_01"), of("00432212"), "the version with a link stands for the one without");
    // South of 60 S, 2200 and 2100 km long: a cell is 100 km wide.
    assert!((12..30).contains(&of("00132211")) && (24..40).contains(&of("00282210")), "{}", of("00282210"));
    // Its corner at 150 E, 87 S; `icestream cells` names the cell.
    assert_eq!(
        cells["-4111123"][0],
        "s3://nsidc-cumulus-prod-protected/ATLAS/ATL06/007/2023/12/19/ATL06_20231219171439_00132211_007_01.h5"
    );
    assert!(
        catalog["granules"][0]["https"].as_str().unwrap().starts_with("https://data.nsidc.earthdatacloud.nasa.gov/")
    );
    assert!(!folder.join("c.json.search").exists() && !folder.join("c.json.part").exists());
    let log = server.log();
    assert!(log[0].target.contains("short_name=ATL06&version=007&provider=NSIDC_CPRD"), "{}", log[0].target);
    assert!(log[0].target.contains("2023-12-19T00%3A00%3A00Z%2C&page_size=2000"), "{}", log[0].target);
    // Equal searches give equal bytes; a catalog is not replaced unasked.
    let before = std::fs::read(&out).unwrap();
    let refused = with(&[("ICESTREAM_CMR_URL", &url)], &args);
    assert_eq!((refused.status.code(), text(&refused.stderr).contains("--overwrite")), (Some(2), true));
    assert_eq!(with(&[("ICESTREAM_CMR_URL", &url)], &[&args[..], &["--overwrite"]].concat()).status.code(), Some(3));
    assert_eq!(std::fs::read(&out).unwrap(), before);
    narrow(&out, &folder);
}

/// Read again with conditions: the result is a smaller file in the form of the reference system.
fn narrow(catalog: &Path, folder: &Path) {
    let path = catalog.to_str().unwrap();
    let summary = stdout(&["catalog", "--read", path, "--summary", "--cells", "-4111121,-4111123"], 0);
    assert!(summary.starts_with("2 cells, "), "{summary}");
    let square = json!({ "type": "Polygon", "coordinates": [[[178.0, -71.0], [-178.0, -71.0], [-178.0, -71.5], [178.0, -71.5], [178.0, -71.0]]] });
    let area = folder.join("area.geojson");
    std::fs::write(&area, square.to_string()).unwrap();
    let polygon = json(&["catalog", "--read", path, "--json", "--polygon", area.to_str().unwrap()], 0);
    let bounds = json(&["catalog", "--read", path, "--json", "--bbox", "178,-71.5,-178,-71"], 0);
    assert_eq!(polygon["summary"], bounds["summary"]);
    assert!(polygon["summary"]["cells"].as_u64().unwrap() >= 2);
    assert_eq!(polygon["summary"]["least"], 2, "two granules with this box");
    let out = folder.join("narrow.json");
    stdout(&["catalog", "--read", path, "--south-of=-85", "--out", out.to_str().unwrap(), "--quiet"], 0);
    let narrow = read(&out);
    assert!(narrow["granules"].as_array().unwrap().len() < read(catalog)["granules"].as_array().unwrap().len());
    assert!(stderr(&["catalog", "--read", path, "--polygon", "no-such-file"], 5).contains("no-such-file"));
    assert!(stderr(&["catalog", "--read", path, "--bbox", "1,2,3"], 2).contains("1,2,3"));
}

#[test]
fn a_search_needs_a_cycle_or_dates_and_a_server() {
    assert!(stderr(&["catalog"], 2).contains("--cycle"));
    assert!(stderr(&["catalog", "--from-date", "soon"], 2).contains("`soon`"));
    let server = Server::start(|_, _| Reply::status(400).body("{\"errors\":[\"no such collection\"]}"));
    let folder = folder("catalog-refused");
    let out = folder.join("c.json");
    let args = ["catalog", "--cycle", "22", "--collection", "C0-NOWHERE", "--out", out.to_str().unwrap()];
    let run = with(&[("ICESTREAM_CMR_URL", &server.url(""))], &args);
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains("no such collection"));
    assert!(server.log()[0].target.contains("collection_concept_id=C0-NOWHERE"));
    assert!(!out.exists());
}

/// The cells that `inspect` shows, which reads the same coordinates.
fn crossed(granule: &Path) -> BTreeSet<String> {
    let answer = json(&["inspect", granule.to_str().unwrap(), "--json", "--path", "/orbit_info"], 0);
    answer["crossed_cells"].as_array().unwrap().iter().map(|cell| cell["morton"].to_string()).collect()
}

#[test]
fn granules_tell_their_own_cells() {
    let folder = folder("catalog-from");
    let demo = demo_granules();
    let out = folder.join("c.json");
    let answer = json(&["catalog", "--from", demo.to_str().unwrap(), "--json", "--out", out.to_str().unwrap()], 0);
    assert_eq!(answer["found"], 4);
    let catalog = read(&out);
    assert_eq!(catalog["metadata"]["cycle"], json!([22]).get(0).unwrap().clone());
    let cells = catalog["catalog"].as_object().unwrap();
    let mut granules: Vec<_> = std::fs::read_dir(&demo).unwrap().map(|entry| entry.unwrap().path()).collect();
    granules.retain(|path| path.extension().is_some_and(|ending| ending == "h5"));
    let mut pairs = 0;
    for granule in &granules {
        let name = granule.file_name().unwrap().to_str().unwrap();
        let listed: BTreeSet<String> =
            cells.iter().filter(|(_, links)| links.to_string().contains(name)).map(|(cell, _)| cell.clone()).collect();
        assert_eq!(listed, crossed(granule), "{name}");
        pairs += listed.len();
    }
    assert_eq!(answer["summary"]["pairs"], pairs);
    assert!(cells["-6134114"].as_array().unwrap().len() == 4);
    // The same from a list, with a condition on the name; and one that is no granule.
    let list = folder.join("list.txt");
    let lines: Vec<String> = granules.iter().map(|path| path.display().to_string()).collect();
    std::fs::write(&list, format!("# mine\n{}\n", lines.join("\n"))).unwrap();
    let list = list.to_str().unwrap();
    let all = json(&["catalog", "--from", list, "--json", "--overwrite", "--out", out.to_str().unwrap()], 0);
    assert_eq!(all["summary"], answer["summary"]);
    let one = ["catalog", "--from", list, "--json", "--overwrite", "--out", out.to_str().unwrap()];
    let january = json(&[&one[..], &["--to-date", "2024-01-31", "--cells=-6134114"]].concat(), 0);
    assert_eq!((&january["found"], &january["other_names"]), (&json!(4), &json!(3)));
    assert_eq!(january["summary"]["pairs"], 1);
    let broken = folder.join("ATL06_20240101000000_00012211_007_01.h5");
    std::fs::write(&broken, b"not HDF5").unwrap();
    let broken = broken.to_str().unwrap();
    let other = folder.join("other.json");
    let args = ["catalog", "--from", list, broken, "--json", "--out", other.to_str().unwrap()];
    assert_eq!(icestream(&args).status.code(), Some(5));
    assert!(!other.exists());
    let partial = json(&[&args[..], &["--allow-partial"]].concat(), 3);
    assert_eq!(partial["failed"][0][0], "ATL06_20240101000000_00012211_007_01.h5");
    assert_eq!(partial["summary"], answer["summary"]);
}

fn s3_credentials(_: &Asked, _: usize) -> Reply {
    let keys = json!({ "accessKeyId": "ASIAKEY", "secretAccessKey": "hush-'key", "sessionToken": "hush-session",
                       "expiration": "2096-11-22 13:00:00+00:00" });
    Reply::status(200).body(keys.to_string())
}

#[test]
fn a_login_is_checked_and_secrets_are_shown_only_when_asked_for() {
    let server = Server::start(s3_credentials);
    let url = server.url("");
    // Claims: uid someone, exp 2026-12-31T23:59:59Z; encoded by coreutils' base64.
    let token = "eyJ9.eyJ1aWQiOiJzb21lb25lIiwiZXhwIjoxNzk4NzYxNTk5fQ.hush-signature";
    let variables = [("ICESTREAM_EARTHDATA_URL", url.as_str()), ("EARTHDATA_TOKEN", token)];
    for json in [false, true] {
        let args: &[&str] = if json { &["login", "--json"] } else { &["login"] };
        let run = with(&variables, args);
        let said = text(&run.stdout) + &text(&run.stderr);
        assert_eq!(run.status.code(), Some(0), "{said}");
        for part in ["someone", "EARTHDATA_TOKEN", "2026-12-31T23:59:59Z", "2096-11-22T13:00:00Z"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("hush"), "{said}");
    }
    assert_eq!(server.log()[0].header("authorization"), format!("Bearer {token}"));
    let run = with(&variables, &["login", "--export"]);
    assert_eq!(
        text(&run.stdout),
        "export AWS_ACCESS_KEY_ID='ASIAKEY'\nexport AWS_SECRET_ACCESS_KEY='hush-'\\''key'\n\
         export AWS_SESSION_TOKEN='hush-session'\nexport AWS_REGION=us-west-2\n"
    );
    assert!(text(&run.stderr).contains("someone") && !text(&run.stderr).contains("hush"));
}

#[test]
fn a_missing_or_refused_login_ends_with_4() {
    let folder = folder("no-login");
    let none = with(&[("HOME", folder.to_str().unwrap())], &["login"]);
    assert_eq!(none.status.code(), Some(4));
    assert!(text(&none.stderr).contains("EARTHDATA_TOKEN") && text(&none.stderr).contains(".netrc"));
    let server = Server::start(|_, _| Reply::status(401));
    let url = server.url("");
    std::fs::write(folder.join(".netrc"), "machine urs.earthdata.nasa.gov login me password hush\n").unwrap();
    let variables = [
        ("HOME", folder.to_str().unwrap()),
        ("ICESTREAM_EARTHDATA_URL", url.as_str()),
        ("ICESTREAM_LOGIN_URL", url.as_str()),
    ];
    let refused = with(&variables, &["login"]);
    assert_eq!(refused.status.code(), Some(4));
    assert!(text(&refused.stderr).contains(".netrc is wrong"), "{}", text(&refused.stderr));
    // `me:hush`, encoded by coreutils' base64.
    assert_eq!(server.log()[0].header("authorization"), "Basic bWU6aHVzaA==");
}
