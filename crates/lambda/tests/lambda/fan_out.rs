//! `icestream run --on lambda` over an Invoke endpoint with the real function behind it: throttled, killed, out of time and
//! with credentials that have expired; and killed itself. What it leaves must be what a run on this machine leaves.
use crate::function::{Function, keys};
use crate::runtime_api::Outcome;
use crate::s3::{EXPIRED, READER, ROLE, demo, s3};
use crate::server::{Asked, Reply, Server};
use crate::store::{icestream, objects};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Functions that wait for calls: as many as a small account would let run at once.
const CONCURRENCY: usize = 3;

/// Cells of the large test: fewer for a function that was built without optimisation.
fn cells() -> usize {
    if std::env::var_os("BOOTSTRAP").is_some() { 200 } else { 40 }
}

/// Lambda as its callers see it.
#[derive(Default)]
struct Endpoint {
    idle: Mutex<Vec<Function>>,
    freed: Condvar,
    attempts: Mutex<BTreeMap<i64, usize>>,
    faults: AtomicBool,
    killed: AtomicUsize,
    expired: AtomicUsize,
}

impl Endpoint {
    fn start() -> (Arc<Self>, Server) {
        let endpoint = Arc::new(Self::default());
        *endpoint.idle.lock().unwrap() = (0..CONCURRENCY).map(|_| Function::start()).collect();
        let own = Arc::clone(&endpoint);
        (endpoint, Server::start(move |asked, _| own.invoke(asked)))
    }

    fn invoke(&self, asked: &Asked) -> Reply {
        assert_eq!(asked.target, "/2015-03-31/functions/cell/invocations");
        assert!(asked.header("authorization").contains(&format!("Credential={}/", ROLE.0)));
        let event: Value = serde_json::from_slice(&asked.body).unwrap();
        let cell = event["parent_morton"].as_i64().unwrap();
        let attempt = {
            let mut attempts = self.attempts.lock().unwrap();
            let count = attempts.entry(cell).or_default();
            *count += 1;
            *count
        };
        let fault = if self.faults.load(Ordering::SeqCst) { cell.rem_euclid(17) } else { -1 };
        match (fault, attempt) {
            (0..3, 1) => {
                let body = json!({ "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "message": "Rate Exceeded." });
                Reply::status(429).with("x-amzn-ErrorType", "TooManyRequestsException").body(body.to_string())
            }
            (3 | 4, 1) => self.kill(&event, "Sandbox.Timedout"),
            (5, 1) => self.kill(&event, "Runtime.ExitError"),
            // Whatever is tried.
            (6, _) => self.kill(&event, "Runtime.ExitError"),
            _ => self.run(&event),
        }
    }

    fn take(&self) -> Function {
        let mut idle = self.idle.lock().unwrap();
        loop {
            match idle.pop() {
                Some(function) => return function,
                None => idle = self.freed.wait(idle).unwrap(),
            }
        }
    }

    fn give_back(&self, function: Function) {
        self.idle.lock().unwrap().push(function);
        self.freed.notify_one();
    }

    fn run(&self, event: &Value) -> Reply {
        let mut function = self.take();
        let outcome = function.call(event, Some(Duration::from_secs(720)));
        self.give_back(function);
        match outcome {
            Outcome::Answer(answer) => Reply::status(200).body(answer.to_string()),
            Outcome::Error { kind, message } => {
                self.expired.fetch_add(usize::from(kind == "CredentialsExpired"), Ordering::SeqCst);
                failed(&kind, &message)
            }
        }
    }

    /// The process ends in the midst of its work; a new one takes its place.
    fn kill(&self, event: &Value, kind: &str) -> Reply {
        let mut function = self.take();
        function.send(event, Some(Duration::from_secs(720)));
        let killed = self.killed.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(2 + 7 * (killed as u64 % 9)));
        function.kill();
        drop(function);
        self.give_back(Function::start());
        failed(kind, "RequestId: x Error: it ended")
    }
}

fn failed(kind: &str, message: &str) -> Reply {
    let body = json!({ "errorType": kind, "errorMessage": message });
    Reply::status(200).with("X-Amz-Function-Error", "Unhandled").body(body.to_string())
}

/// Earthdata: the first credentials that it gives have expired whatever they say.
fn earthdata() -> Server {
    Server::start(|asked, number| {
        assert_eq!((asked.target.as_str(), asked.header("authorization")), ("/s3credentials", "Bearer login-token"));
        let mut given = keys(if number == 0 { EXPIRED } else { READER });
        given["expiration"] = "2099-01-01 00:00:00+00:00".into();
        Reply::status(200).body(given.to_string())
    })
}

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lambda-{test}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn told(command: &mut Command, code: i32) -> Value {
    let output = command.arg("--json").output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    crate::function::free_of_secrets(&format!("{stdout}{stderr}"));
    serde_json::from_str(&stdout).unwrap()
}

/// Catalogs of the same cells and granules, as files and in the bucket.
fn catalogs(folder: &Path, order: &str) -> (PathBuf, PathBuf) {
    let (here, there) = (folder.join("here.json"), folder.join("there.json"));
    let done = Command::new(icestream())
        .args(["catalog", "--quiet", "--order", order, "--from"])
        .arg(demo())
        .arg("--out")
        .arg(&here)
        .env_clear()
        .status();
    assert!(done.unwrap().success());
    let text = std::fs::read_to_string(&here).unwrap();
    let moved = text.replace(demo().to_str().unwrap(), "s3://granules");
    assert_ne!(moved, text);
    std::fs::write(&there, moved).unwrap();
    (here, there)
}

/// `icestream run` on this machine: what all others must equal.
fn reference(folder: &Path, catalog: &Path, cells: &str) -> BTreeMap<String, Vec<u8>> {
    let out = folder.join("stores");
    let mut command = Command::new(icestream());
    command.args(["run", "--quiet", "--max-cells", cells, "--cells-per-call", "1", "--catalog"]).arg(catalog);
    command.arg("--out").arg(&out).env_clear();
    assert_eq!(told(&mut command, 0)["totals"]["failed"], 0);
    objects(&out)
}

fn on_lambda(catalog: &Path, prefix: &str, report: &Path, endpoint: &Server, at_once: &str) -> Command {
    let mut command = Command::new(icestream());
    command.args([
        "run",
        "--quiet",
        "--on",
        "lambda",
        "--function",
        "cell",
        "--backoff",
        "20",
        "--concurrency",
        at_once,
    ]);
    command.args(["--lambda-endpoint", &endpoint.url(""), "--endpoint-url", &s3().endpoint]);
    command.args(["--out", &format!("s3://out/{prefix}"), "--catalog"]).arg(catalog).arg("--report").arg(report);
    let role = [("AWS_ACCESS_KEY_ID", ROLE.0), ("AWS_SECRET_ACCESS_KEY", ROLE.1), ("AWS_SESSION_TOKEN", ROLE.2)];
    command.env_clear().envs(role);
    command
}

fn same(prefix: &str, wanted: &BTreeMap<String, Vec<u8>>) {
    let found = objects(&s3().bucket("out").join(prefix));
    assert!(found.keys().eq(wanted.keys()), "other objects: {} and {}", found.len(), wanted.len());
    let differing: Vec<&String> =
        found.iter().filter(|(key, bytes)| wanted[*key] != **bytes).map(|(key, _)| key).collect();
    assert!(differing.is_empty(), "{differing:?} differ");
}

#[test]
fn two_hundred_cells_each_end_once_through_every_fault() {
    let folder = folder("fan-out");
    let (here, there) = catalogs(&folder, "10");
    let (cells, number) = (cells(), cells().to_string());
    let wanted = reference(&folder, &here, &number);
    let (endpoint, server) = Endpoint::start();
    endpoint.faults.store(true, Ordering::SeqCst);
    let login = earthdata();
    let report = folder.join("run.jsonl");
    let command = || {
        let mut command = on_lambda(&there, "fan-out", &report, &server, "12");
        command.args(["--earthdata", "--max-cells", &number]).env("EARTHDATA_TOKEN", "login-token");
        command.envs([("ICESTREAM_EARTHDATA_URL", login.url("")), ("ICESTREAM_LOGIN_URL", login.url(""))]);
        command
    };
    let first = told(&mut command(), 3);
    let each = first["each"].as_array().unwrap();
    let ends: BTreeMap<i64, &Value> = each.iter().map(|end| (end["parent_morton"].as_i64().unwrap(), end)).collect();
    assert_eq!((each.len(), ends.len()), (cells, cells), "every cell ends once");
    let broken = ends.iter().filter(|(_, end)| end["state"] == "failed").map(|(cell, _)| *cell).collect::<Vec<_>>();
    assert!(broken.len() > 1 && broken.iter().all(|cell| cell.rem_euclid(17) == 6), "{broken:?}");
    let attempts = endpoint.attempts.lock().unwrap().clone();
    for (cell, end) in &ends {
        assert_eq!(end["attempts"], attempts[cell], "{cell}: the report and the endpoint count alike");
    }
    let (killed, expired) = (endpoint.killed.load(Ordering::SeqCst), endpoint.expired.load(Ordering::SeqCst));
    let throttled = first["this_run"]["throttled"].as_u64().unwrap();
    assert!(killed > cells / 10 && expired > 0 && throttled > 0, "{killed} {expired} {throttled}");
    assert_eq!((&first["this_run"]["credential_renewals"], login.log().len()), (&1.into(), 2));
    println!("{cells} cells: {throttled} throttled, {killed} killed, {expired} expired, {} failed", broken.len());
    endpoint.faults.store(false, Ordering::SeqCst);
    let again = told(command().arg("--failed-of").arg(&report), 0);
    assert_eq!((&again["cells"], &again["totals"]["failed"]), (&broken.len().into(), &0.into()));
    for (cell, count) in endpoint.attempts.lock().unwrap().iter() {
        assert_eq!(*count, attempts[cell] + usize::from(broken.contains(cell)), "{cell}");
    }
    let lines = std::fs::read_to_string(&report).unwrap();
    let told = lines.lines().filter(|line| serde_json::from_str::<Value>(line).unwrap()["line"] == "ended").count();
    assert_eq!(told, cells, "the report has a line for each cell");
    same("fan-out", &wanted);
}

#[test]
fn a_fan_out_that_is_killed_at_any_moment_is_finished_by_another() {
    let folder = folder("fan-out-killed");
    let (here, there) = catalogs(&folder, "9");
    let wanted = reference(&folder, &here, "60");
    let (endpoint, server) = Endpoint::start();
    let report = folder.join("run.jsonl");
    let command = || {
        let mut command = on_lambda(&there, "fan-out-killed", &report, &server, "3");
        command.args(["--max-cells", "60", "--earthdata"]).env("EARTHDATA_TOKEN", "login-token");
        command
    };
    let login = earthdata();
    let with_login = |mut command: Command| {
        command.envs([("ICESTREAM_EARTHDATA_URL", login.url("")), ("ICESTREAM_LOGIN_URL", login.url(""))]);
        command
    };
    let ended = || std::fs::read_to_string(&report).map_or(0, |text| text.matches("\"line\":\"ended\"").count());
    for round in 0..6 {
        let mut child = with_login(command()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Later and later, by the lines of the report and not by the clock: machines differ.
        while ended() < 6 * round && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(11 * round as u64));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = told(&mut with_login(command()), 0);
    let before = last["totals"]["finished_earlier"].as_u64().unwrap();
    println!("{before} of 60 cells had ended before the last run");
    assert!(before > 0 && before < 60);
    assert_eq!((&last["cells"], &last["totals"]["failed"]), (&60.into(), &0.into()));
    // Calls of killed runs that are still under way write the same bytes; let them end.
    let idle = || endpoint.idle.lock().unwrap().len() == CONCURRENCY;
    while !idle() {
        std::thread::sleep(Duration::from_millis(20));
    }
    same("fan-out-killed", &wanted);
}

#[test]
fn several_cells_of_a_call_come_out_as_one_by_one() {
    let folder = folder("fan-out-together");
    let (here, there) = catalogs(&folder, "9");
    let wanted = reference(&folder, &here, "24");
    let (_endpoint, server) = Endpoint::start();
    let login = earthdata();
    let mut command = on_lambda(&there, "fan-out-together", &folder.join("run.jsonl"), &server, "4");
    command.args(["--max-cells", "24", "--cells-per-call", "8", "--earthdata"]).env("EARTHDATA_TOKEN", "login-token");
    command.envs([("ICESTREAM_EARTHDATA_URL", login.url("")), ("ICESTREAM_LOGIN_URL", login.url(""))]);
    assert_eq!(told(&mut command, 0)["cells"], 24);
    assert!(server.log().len() < 8, "{} calls", server.log().len());
    same("fan-out-together", &wanted);
}

#[test]
fn a_store_of_the_sphere_is_filled_by_functions() {
    let folder = folder("fan-out-sphere");
    let (here, there) = catalogs(&folder, "9");
    let local = folder.join("sphere.zarr");
    let mut command = Command::new(icestream());
    command.args(["run", "--quiet", "--layout", "sphere", "--max-cells", "24", "--catalog"]).arg(here);
    command.arg("--out").arg(&local).env_clear();
    assert_eq!(told(&mut command, 0)["totals"]["failed"], 0);
    let (endpoint, server) = Endpoint::start();
    endpoint.faults.store(true, Ordering::SeqCst);
    let login = earthdata();
    let report = folder.join("run.jsonl");
    let command = || {
        let mut command = on_lambda(&there, "fan-out-sphere", &report, &server, "12");
        command.args(["--layout", "sphere", "--max-cells", "24", "--earthdata"]).env("EARTHDATA_TOKEN", "login-token");
        command.envs([("ICESTREAM_EARTHDATA_URL", login.url("")), ("ICESTREAM_LOGIN_URL", login.url(""))]);
        command
    };
    let _ = command().output().unwrap();
    endpoint.faults.store(false, Ordering::SeqCst);
    assert_eq!(told(&mut command(), 0)["cells"], 24);
    same("fan-out-sphere", &objects(&local));
    // Another job may not write into it, whichever door it comes through.
    let mut other = crate::function::event("fan-out-sphere");
    (other["layout"], other["child_order"]) = ("sphere".into(), 11.into());
    let mut function = Function::start();
    let refused = function.answer(&other);
    assert_eq!(refused["body"]["error_type"], "BadEvent", "{refused}");
    same("fan-out-sphere", &objects(&local));
}
