//! What the tests share: running the command, comparing tables and stores.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of shared data, or `None` after saying that the test is skipped.
pub fn shared(test: &str) -> Option<PathBuf> {
    testing::shared("data", test)
}

/// The bundled granules and what they must give.
pub fn demo_granules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo")
}

/// An empty folder of the test's own.
pub fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Keeps a test from asking the metadata service of the machine that it runs on.
pub const NO_ROLE: [(&str, &str); 1] = [("AWS_EC2_METADATA_DISABLED", "true")];

/// Runs the command in a clean environment: no credentials, no endpoint of the machine.
pub fn icestream(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
    command.args(args).env_clear().envs(NO_ROLE);
    command.output().unwrap()
}

/// Standard output of a run that must end with `code`.
pub fn stdout(args: &[&str], code: i32) -> String {
    let output = icestream(args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "icestream {args:?}\n{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a run that must end with `code`.
pub fn stderr(args: &[&str], code: i32) -> String {
    let output = icestream(args);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "icestream {args:?}\n{stderr}");
    stderr
}

/// The answer of a run with `--json`.
pub fn json(args: &[&str], code: i32) -> serde_json::Value {
    serde_json::from_str(&stdout(args, code)).unwrap()
}

/// Every object of a store by key.
pub fn objects(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut objects = BTreeMap::new();
    let mut folders = vec![store.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(store).unwrap().to_string_lossy().into_owned();
                objects.insert(key, std::fs::read(path).unwrap());
            }
        }
    }
    objects
}

/// Compares two tables of children: ids, counts, extremes and quantiles to the bit; mean, sigma and variance within one
/// ulp. Rows that `expected` leaves out must be empty. Returns the number of cells with data.
pub fn compare_tables(actual: &str, expected: &str) -> usize {
    let mut actual_lines = actual.lines();
    let header = actual_lines.next().unwrap();
    assert_eq!(header, "morton,cell_ids,count,h_min,h_max,h_mean,h_sigma,h_variance,h_q25,h_q50,h_q75");
    assert_eq!(expected.lines().next(), Some(header));
    let expected: BTreeMap<&str, &str> =
        expected.lines().skip(1).map(|line| (line.split(',').next().unwrap(), line)).collect();
    let mut found = 0;
    let mut rows = 0;
    for line in actual_lines {
        rows += 1;
        let fields: Vec<&str> = line.split(',').collect();
        let Some(wanted) = expected.get(fields[0]) else {
            assert_eq!(fields[2..], ["0", "NaN", "NaN", "NaN", "NaN", "NaN", "NaN", "NaN", "NaN"], "{line}");
            continue;
        };
        found += 1;
        let wanted: Vec<&str> = wanted.split(',').collect();
        assert_eq!(fields[..3], wanted[..3]);
        for column in 3..11 {
            let ulps = if (5..8).contains(&column) { 1 } else { 0 };
            assert_close(fields[column], wanted[column], ulps, &format!("column {column} of {line}"));
        }
    }
    assert_eq!(found, expected.len(), "cells of the expected table that are missing");
    assert_eq!(rows, 4096);
    expected.values().filter(|line| line.split(',').nth(2) != Some("0")).count()
}

fn assert_close(actual: &str, wanted: &str, ulps: u32, place: &str) {
    let (actual, wanted): (f32, f32) = (actual.parse().unwrap(), wanted.parse().unwrap());
    let same = actual.is_nan() && wanted.is_nan() || actual.to_bits().abs_diff(wanted.to_bits()) <= ulps;
    assert!(same, "{actual} is not {wanted}: {place}");
}
