//! The function: `bootstrap` as a child process with its Runtime API.
use crate::runtime_api::{Invocation, Outcome, RuntimeApi};
use crate::s3::{Keys, READER, ROLE, SECRETS, granules, s3};
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The cell that the bundled granules cross.
pub(crate) const CELL: i64 = -6_134_114;
/// Longest wait for an answer; an emulated processor is slow.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Function {
    api: RuntimeApi,
    child: Child,
    /// Takes standard error: what the function wrote before an answer can be read when the answer is there.
    log: PathBuf,
    spawned: Instant,
    calls: usize,
}

impl Function {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With more in its environment; a later value wins.
    pub(crate) fn with(more: &[(&str, &str)]) -> Self {
        let api = RuntimeApi::start();
        let chosen = std::env::var("BOOTSTRAP").unwrap_or_else(|_| env!("CARGO_BIN_EXE_bootstrap").to_owned());
        let mut words = chosen.split_whitespace();
        let mut command = Command::new(words.next().unwrap());
        // What Lambda sets ("Using Lambda environment variables"), and nothing of this machine.
        command.args(words).env_clear().envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "icestream"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/icestream"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]0"),
            ("AWS_REGION", "us-west-2"),
            // Where the test servers listen.
            ("ICESTREAM_ENDPOINT_HOSTS", "127.0.0.1"),
            ("AWS_ACCESS_KEY_ID", ROLE.0),
            ("AWS_SECRET_ACCESS_KEY", ROLE.1),
            ("AWS_SESSION_TOKEN", ROLE.2),
            ("TZ", ":UTC"),
        ]);
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lambda-log-{}", api.address.replace(':', "-")));
        command.envs(more.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&log).unwrap());
        let spawned = Instant::now();
        let child = command.spawn().unwrap();
        Self { api, child, log, spawned, calls: 0 }
    }

    /// Sends an event without waiting for its answer. `limit` is the time that the host gives; `None` sends the deadline
    /// of a host that sets none.
    pub(crate) fn send(&mut self, event: &Value, limit: Option<Duration>) -> String {
        self.calls += 1;
        let request_id = format!("{:08}-0000-4000-8000-000000000000", self.calls);
        let deadline =
            limit.map_or(Duration::ZERO, |limit| SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + limit);
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap();
        self.api.send(Invocation { request_id: request_id.clone(), deadline_ms, event: event.to_string() });
        request_id
    }

    pub(crate) fn call(&mut self, event: &Value, limit: Option<Duration>) -> Outcome {
        let sent = self.send(event, limit);
        let Some((id, outcome)) = self.api.outcome(PATIENCE) else {
            panic!("no answer; {:?}; its log:\n{}", self.child.try_wait(), self.log());
        };
        assert_eq!(id, sent);
        free_of_secrets(&format!("{outcome:?}"));
        outcome
    }

    /// The answer to an event, which must not be a function error.
    pub(crate) fn answer(&mut self, event: &Value) -> Value {
        self.answer_within(event, Some(Duration::from_secs(720)))
    }

    pub(crate) fn answer_within(&mut self, event: &Value, limit: Option<Duration>) -> Value {
        match self.call(event, limit) {
            Outcome::Answer(answer) => answer,
            Outcome::Error { kind, message } => panic!("{kind}: {message}\n{}", self.log()),
        }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Everything on standard error so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The lines of the log of one type.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let log = self.log();
        let lines =
            log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}")));
        lines.filter(|line| line["event_type"] == kind).collect()
    }

    /// From the start of the process to its first question for an event.
    pub(crate) fn init(&self) -> Option<Duration> {
        self.api.ready().map(|ready| ready - self.spawned)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            free_of_secrets(&self.log());
        }
        let _ = std::fs::remove_file(&self.log);
    }
}

/// None of the secrets is in `text`.
pub(crate) fn free_of_secrets(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "a secret is in\n{text}");
    }
}

/// Credentials as an event has them.
pub(crate) fn keys((id, secret, token): Keys) -> Value {
    json!({ "accessKeyId": id, "secretAccessKey": secret, "sessionToken": token })
}

/// An event over the bundled granules, written under a prefix of the test's own.
pub(crate) fn event(prefix: &str) -> Value {
    let urls: Vec<String> = granules().iter().map(|name| format!("s3://granules/{name}")).collect();
    json!({
        "parent_morton": CELL, "parent_order": 6, "child_order": 12, "granule_urls": urls,
        "s3_bucket": "out", "s3_prefix": prefix, "s3_credentials": keys(READER), "endpoint_url": s3().endpoint,
    })
}

/// The same with one parameter changed; `null` takes it away.
pub(crate) fn event_with(prefix: &str, name: &str, value: Value) -> Value {
    let mut event = event(prefix);
    event[name] = value;
    event
}
