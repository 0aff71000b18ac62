//! `icestream run --on lambda` against an Invoke endpoint whose answers each test defines (the real function behind a
//! real endpoint is tested in crates/lambda).
use crate::server::{Asked, Reply, Server};
use crate::support::folder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECRETS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDCALLER"),
    ("AWS_SECRET_ACCESS_KEY", "caller-secret/x"),
    ("AWS_SESSION_TOKEN", "caller-token=="),
];

/// A catalog of `cells` cells of order 12, each with one granule that is never read.
fn catalog(folder: &Path, cells: usize) -> String {
    let name = |index: usize| {
        let digit = |place: usize| char::from(b"1234"[index >> (2 * place) & 3]);
        let digits: String = (0..6).rev().map(digit).collect();
        format!("-6134114{digits}")
    };
    let cells: BTreeMap<String, Vec<&str>> =
        (0..cells).map(|index| (name(index), vec!["s3://granules/a.h5"])).collect();
    let path = folder.join("catalog.json");
    std::fs::write(&path, json!({ "metadata": { "parent_order": 12 }, "catalog": cells }).to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

struct Run {
    folder: PathBuf,
    catalog: String,
    server: Server,
}

impl Run {
    fn new(test: &str, cells: usize, answer: impl Fn(i64, usize) -> Reply + Send + Sync + 'static) -> Self {
        let folder = folder(test);
        let counts: Mutex<BTreeMap<i64, usize>> = Mutex::default();
        let server = Server::start(move |asked, _| {
            let cell = check(asked);
            let attempt = {
                let mut counts = counts.lock().unwrap();
                let count = counts.entry(cell).or_default();
                *count += 1;
                *count
            };
            answer(cell, attempt)
        });
        let catalog = catalog(&folder, cells);
        Self { folder, catalog, server }
    }

    /// The command after `before` in a shell, if any.
    fn run(&self, before: &str, more: &[&str]) -> Output {
        let report = self.folder.join("r.jsonl");
        let args = ["run", "--catalog", &self.catalog, "--out", "s3://out-bucket/p", "--child-order", "13", "--json"];
        let lambda = ["--on", "lambda", "--function", "icestream-cell", "--lambda-endpoint", &self.server.url("")];
        let script = format!("{before} exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_icestream")]);
        command.args(args).args(lambda).args(["--backoff", "5", "--report", report.to_str().unwrap()]).args(more);
        command.env_clear().envs(SECRETS);
        let output = command.output().unwrap();
        let said = [&output.stdout[..], &output.stderr, &std::fs::read(&report).unwrap_or_default()].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(SECRETS[1].1) && !said.contains(SECRETS[2].1), "a secret is in {said}");
        output
    }

    fn told(&self, more: &[&str], code: i32) -> Value {
        told(&self.run("", more), code)
    }

    /// Cells that were called, with how often.
    fn calls(&self) -> BTreeMap<i64, usize> {
        let mut calls = BTreeMap::new();
        self.server.log().iter().for_each(|asked| *calls.entry(check(asked)).or_default() += 1);
        calls
    }
}

fn told(output: &Output, code: i32) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let start = stdout.get(stdout.find("\"this_run\"").unwrap_or(0)..).unwrap_or_default();
    assert_eq!(output.status.code(), Some(code), "{stderr}{}", start.chars().take(2000).collect::<String>());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What every call must have; gives its cell.
fn check(asked: &Asked) -> i64 {
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        ("POST", "/2015-03-31/functions/icestream-cell/invocations")
    );
    assert_eq!((asked.header("x-amz-invocation-type"), asked.header("x-amz-log-type")), ("RequestResponse", "Tail"));
    assert!(asked.header("authorization").contains("/us-west-2/lambda/aws4_request"));
    let event: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(
        (&event["raise"], &event["s3_bucket"], &event["s3_prefix"]),
        (&true.into(), &"out-bucket".into(), &"p".into())
    );
    assert_eq!((&event["parent_order"], &event["child_order"]), (&12.into(), &13.into()));
    assert_eq!(event["s3_credentials"]["sessionToken"], SECRETS[2].1);
    event["parent_morton"].as_i64().unwrap()
}

fn answer(cell: i64) -> Value {
    let store = format!("s3://out-bucket/p/{cell}.zarr");
    let usage = json!({ "gb_seconds": 0.25, "invocations": 1, "gets": 40, "puts": 40 });
    let body = json!({ "parent_morton": cell, "cells_with_data": 3, "total_obs": 10, "zarr_path": store, "error": null,
                       "requests": 40, "bytes_read": 1000, "usage": usage });
    json!({ "statusCode": 200, "body": body })
}

fn good(cell: i64) -> Reply {
    Reply::status(200).body(answer(cell).to_string())
}

/// A function error as AWS gives it.
fn function_error(kind: &str) -> Reply {
    let body = json!({ "errorType": kind, "errorMessage": "injected" });
    Reply::status(200).with("X-Amz-Function-Error", "Unhandled").body(body.to_string())
}

/// An error of the service.
fn refused(status: u16, kind: &str) -> Reply {
    Reply::status(status).with("x-amzn-ErrorType", kind).body(json!({ "message": "injected" }).to_string())
}

#[test]
fn a_profile_calls_and_its_credentials_travel() {
    let run = Run::new("lambda-profile", 2, |cell, _| good(cell));
    std::fs::create_dir_all(run.folder.join(".aws")).unwrap();
    let [(_, id), (_, secret), (_, token)] = SECRETS;
    let profile =
        |name: &str, command: &str| format!("[profile {name}]\nregion = us-west-2\ncredential_process = {command}\n");
    let keys = json!({ "Version": 1, "AccessKeyId": id, "SecretAccessKey": secret, "SessionToken": token });
    let config =
        profile("caller", &format!("printf '%s' '{keys}'")) + &profile("broken", "echo 'open the vault' >&2; exit 1");
    std::fs::write(run.folder.join(".aws/config"), config).unwrap();
    let home = run.folder.display();
    let as_profile = |name: &str| {
        format!(
            "unset {id_name} AWS_SECRET_ACCESS_KEY; export HOME='{home}' AWS_PROFILE={name};",
            id_name = SECRETS[0].0
        )
    };
    let broken = run.run(&as_profile("broken"), &[]);
    let said = String::from_utf8_lossy(&broken.stderr).into_owned();
    assert!(broken.status.code() == Some(4) && said.contains("open the vault"), "{said}");
    assert!(run.server.log().is_empty());
    told(&run.run(&as_profile("caller"), &[]), 0);
    assert_eq!(run.calls().len(), 2);
    assert!(run.server.log().iter().all(|asked| asked.header("authorization").contains("Credential=AKIDCALLER/")));
}

#[test]
fn seventeen_hundred_cells_fit_into_256_descriptors() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, peak) = (Arc::clone(&now), Arc::clone(&most));
    let run = Run::new("lambda-many", 1700, move |cell, _| {
        peak.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(100));
        inside.fetch_sub(1, Ordering::SeqCst);
        good(cell)
    });
    // Soft and hard limit: the calls that do not fit wait.
    let output = run.run("ulimit -n 256;", &["--concurrency", "1700"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("108 calls at once instead of 1700"));
    let whole = told(&output, 0);
    assert_eq!((&whole["totals"]["with_data"], &whole["totals"]["total_obs"]), (&1700.into(), &17_000.into()));
    let narrow = most.swap(0, Ordering::SeqCst);
    assert!((65..=108).contains(&narrow), "{narrow} at once");
    assert_eq!(run.calls().len(), 1700);
    // The soft limit alone is raised.
    let fresh = ["--concurrency", "400", "--max-cells", "900", "--fresh"];
    assert_eq!(told(&run.run("ulimit -Sn 256;", &fresh), 0)["totals"]["with_data"], 900);
    let wide = most.load(Ordering::SeqCst);
    println!("{narrow} calls at once within 256 descriptors, {wide} after raising the soft limit");
    assert!(wide > 108 && wide <= 400, "{wide} at once");
}

#[test]
fn every_kind_of_failure_ends_a_cell_once_and_failed_ones_are_called_alone() {
    let broken = Arc::new(AtomicUsize::new(1));
    let still = Arc::clone(&broken);
    let run = Run::new("lambda-faults", 120, move |cell, attempt| match (cell.rem_euclid(12), attempt) {
        (0, 1..=3) => refused(429, "TooManyRequestsException").with("Retry-After", "0"),
        (1, 1) => refused(500, "ServiceException"),
        (2, 1) => function_error("SourceUnavailable"),
        (3, 1) => function_error("Sandbox.Timedout"),
        (4, 1) => function_error("Runtime.ExitError"),
        // As cargo-lambda answers.
        (5, 1) => Reply::status(500).body(json!({"errorType": "OutputFailed", "errorMessage": "injected"}).to_string()),
        (6, 1) => Reply { cut: Some(20), ..good(cell) },
        // An answer that is about another cell.
        (7, 1) => good(cell - 1),
        (8, _) if still.load(Ordering::SeqCst) == 1 => function_error("GranuleUnreadable"),
        (9, _) if still.load(Ordering::SeqCst) == 1 => function_error("Runtime.ExitError"),
        (10, _) => Reply::status(200).body(
            json!({"statusCode": 200, "body": {"parent_morton": cell, "zarr_path": null,
            "error": "No data after filtering"}})
            .to_string(),
        ),
        _ => good(cell),
    });
    let first = run.told(&[], 3);
    let each = first["each"].as_array().unwrap();
    let cells: BTreeMap<i64, &Value> = each.iter().map(|end| (end["parent_morton"].as_i64().unwrap(), end)).collect();
    assert_eq!((each.len(), cells.len()), (120, 120), "each cell ends once");
    for (cell, end) in &cells {
        let (state, attempts, kind) = match cell.rem_euclid(12) {
            0 => ("data", 4, Value::Null),
            1..=7 => ("data", 2, Value::Null),
            8 => ("failed", 1, "GranuleUnreadable".into()),
            9 => ("failed", 2, "Runtime.ExitError".into()),
            10 => ("empty", 1, Value::Null),
            _ => ("data", 1, Value::Null),
        };
        assert_eq!(
            (&end["state"], &end["attempts"], &end["error_type"]),
            (&state.into(), &attempts.into(), &kind),
            "{end}"
        );
        if state == "data" {
            assert_eq!(end["zarr_path"], format!("s3://out-bucket/p/{cell}.zarr"));
        }
    }
    assert_eq!((&first["this_run"]["throttled"], &first["this_run"]["retries"]), (&30.into(), &80.into()));
    assert_eq!(first["totals"]["failed"], 20);
    let before = run.calls();
    broken.store(0, Ordering::SeqCst);
    let report = run.folder.join("r.jsonl");
    let again = run.told(&["--failed-of", report.to_str().unwrap()], 0);
    assert_eq!((&again["cells"], &again["totals"]["with_data"]), (&20.into(), &20.into()));
    for (cell, count) in run.calls() {
        let more = usize::from([8, 9].contains(&cell.rem_euclid(12)));
        assert_eq!(count, before[&cell] + more, "{cell}");
    }
    let whole = run.told(&[], 0);
    assert_eq!((&whole["totals"]["finished_earlier"], &whole["totals"]["failed"]), (&120.into(), &0.into()));
}

#[test]
fn what_every_cell_would_meet_ends_the_run_and_it_goes_on_later() {
    let allowed = Arc::new(AtomicUsize::new(0));
    let open = Arc::clone(&allowed);
    let run = Run::new("lambda-fatal", 300, move |cell, _| match open.load(Ordering::SeqCst) {
        0 => refused(403, "ExpiredTokenException"),
        _ => good(cell),
    });
    let first = run.told(&["--concurrency", "4"], 4);
    assert!(first["stopped"].as_str().unwrap().contains("ExpiredTokenException"), "{}", first["stopped"]);
    let failed = first["totals"]["failed"].as_u64().unwrap();
    assert!(failed > 3 && failed < 20 && run.calls().len() < 20);
    assert_eq!(first["totals"]["not_run"], 300 - failed);
    allowed.store(1, Ordering::SeqCst);
    assert_eq!(run.told(&[], 0)["totals"]["with_data"], 300);
}

#[test]
fn bills_are_added_up_and_a_ceiling_holds() {
    // base64 of "REPORT RequestId: a\tBilled Duration: 2000 ms\tMemory Size: 2048 MB\n", by coreutils.
    let bill = "UkVQT1JUIFJlcXVlc3RJZDogYQlCaWxsZWQgRHVyYXRpb246IDIwMDAgbXMJTWVtb3J5IFNpemU6IDIwNDggTUIK";
    let run = Run::new("lambda-bills", 100, move |cell, _| match cell.rem_euclid(2) {
        0 => good(cell).with("X-Amz-Log-Result", bill),
        _ => good(cell),
    });
    let first = run.told(&["--max-cells", "10"], 0);
    let totals = &first["totals"];
    let seconds = 5.0 * (4.0 + 0.25);
    assert_eq!(totals["usage"], json!({ "gb_seconds": seconds, "invocations": 10, "gets": 400, "puts": 400 }));
    assert_eq!(totals["unbilled_calls"], 5);
    let dollars = seconds * 0.000_013_333_4 + 10.0 * 0.2e-6 + 400.0 * 0.4e-6 + 400.0 * 5e-6;
    assert!((totals["cost_usd"].as_f64().unwrap() - dollars).abs() < 1e-8, "{totals}");
    // Estimates are low here: the ceiling lets the run begin, and ends it.
    let capped = run.told(&["--max-cost", "0.015", "--concurrency", "2", "--fresh"], 3);
    let spent = capped["this_run"]["cost_usd"].as_f64().unwrap();
    assert!(capped["stopped"].as_str().unwrap().contains("--max-cost"), "{}", capped["stopped"]);
    assert!(spent > 0.01 && spent <= 0.015, "{spent}");
    assert!(capped["totals"]["not_run"].as_u64().unwrap() > 0);
}

#[test]
fn cells_of_a_call_have_answers_of_their_own_and_too_many_are_tried_apart() {
    let folder = folder("lambda-together");
    let server = Server::start(move |asked, _| {
        check(asked);
        let event: Value = serde_json::from_slice(&asked.body).unwrap();
        let Some(cells) = event["cells"].as_array() else {
            return good(event["parent_morton"].as_i64().unwrap());
        };
        assert_eq!((cells.len(), &event["granule_urls"]), (16, &json!(["s3://granules/a.h5"])));
        assert_eq!(cells[0], json!({ "parent_morton": event["parent_morton"], "granules": [0] }));
        let answers: Vec<Value> = cells
            .iter()
            .zip(0..)
            .map(|(cell, at)| {
                let cell = cell["parent_morton"].as_i64().unwrap();
                match at {
                    3 => json!({ "statusCode": 500, "body": { "parent_morton": cell, "error": "why", "error_type": "OutOfBudget" } }),
                    _ => {
                        let mut answer = answer(cell);
                        answer["body"]["usage"] = json!({});
                        answer
                    }
                }
            })
            .collect();
        let mut all = answer(event["parent_morton"].as_i64().unwrap());
        all["body"]["cells"] = answers.into();
        Reply::status(200).body(all.to_string())
    });
    let run = Run { catalog: catalog(&folder, 32), folder, server };
    let told = run.told(&["--cells-per-call", "16"], 0);
    assert_eq!(run.server.log().len(), 4, "two calls, and one for each cell that was too much");
    assert_eq!((&told["cells"], &told["totals"]["with_data"]), (&json!(32), &json!(32)));
    assert_eq!(told["totals"]["usage"]["invocations"], 4, "a call is told by one of its cells");
}
