//! One call of the function: its logs, its limits, its answer.
use crate::log::{self, now_ms};
use jobs::{Answer, ErrorType, Host, memory};
use lambda_runtime::{Context, Diagnostic};
use pipeline::{JobEvent, Observer};
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::{Duration, Instant};
use storage::Clients;
use tracing::{Instrument as _, Level};

/// Longest answer in bytes: a workflow engine takes 256 KiB (Step Functions quotas, "Maximum input or output size").
const MAX_ANSWER: usize = 240_000;

/// What one process knows from its start on. Nothing of a call is kept here.
pub(crate) struct Function {
    pub(crate) clients: Clients,
    pub(crate) name: String,
    pub(crate) memory_mib: Option<u64>,
    pub(crate) secrets_endpoint: Option<String>,
    /// Time that starting took.
    pub(crate) init: Duration,
    /// Whether a call has come already.
    pub(crate) warm: Cell<bool>,
}

/// A failure whose caller wants a function error.
#[derive(Debug)]
pub(crate) struct Raised {
    kind: ErrorType,
    message: String,
}

impl From<Raised> for Diagnostic {
    fn from(raised: Raised) -> Self {
        Self { error_type: raised.kind.name().into(), error_message: raised.message }
    }
}

impl Function {
    /// Answers an event.
    pub(crate) async fn call(&self, event: Value, context: &Context) -> Result<Answer, Raised> {
        let span = log::call(&context.request_id, &event);
        self.answer(event, context).instrument(span).await
    }

    async fn answer(&self, event: Value, context: &Context) -> Result<Answer, Raised> {
        let cold = !self.warm.replace(true);
        // A deadline in the past means that the host sets none.
        let remaining = context.deadline.checked_sub(now_ms()).filter(|left| *left > 0).map(Duration::from_millis);
        log::line(Level::INFO, "lambda_invocation", &self.begin(&event, cold, remaining));
        let granules = Granules { began: Instant::now() };
        let host = Host {
            tuning: memory::tuning(self.memory_mib),
            memory_mib: self.memory_mib,
            remaining,
            sleep: tokio::time::sleep,
            observer: &granules,
            init: if cold { self.init } else { Duration::ZERO },
            secrets_endpoint: self.secrets_endpoint.clone(),
        };
        let mut answer = jobs::handle(&event, &self.clients, &host).await;
        let level = if answer.failure().is_some() { Level::ERROR } else { Level::INFO };
        log::line(level, "processing_complete", &end(&answer, cold));
        self.metrics(&answer, cold);
        if let Some((kind, message)) = answer.failure().filter(|_| event["raise"] == true) {
            return Err(Raised { kind, message: message.to_owned() });
        }
        answer.shorten(MAX_ANSWER);
        Ok(answer)
    }

    fn begin(&self, event: &Value, cold: bool, remaining: Option<Duration>) -> Value {
        json!({
            "parent_order": event["parent_order"],
            "child_order": event["child_order"],
            "granule_count": event["granule_urls"].as_array().map(Vec::len),
            "s3_bucket": event["s3_bucket"],
            "s3_prefix": event["s3_prefix"],
            "function_name": self.name,
            "memory_size_mb": self.memory_mib,
            "remaining_s": remaining.map(|left| left.as_secs_f64()),
            "cold_start": cold,
            "init_ms": cold.then(|| milliseconds(self.init)),
            "ignored_parameters": jobs::ignored(event),
            "engine": concat!("icestream ", env!("CARGO_PKG_VERSION")),
        })
    }

    fn metrics(&self, answer: &Answer, cold: bool) {
        let body = &answer.body;
        log::metrics(
            &self.name,
            &[
                ("duration_ms", "Milliseconds", (body.duration_s * 1e3).into()),
                ("bytes_read", "Bytes", body.bytes_read.into()),
                ("requests", "Count", body.requests.into()),
                ("peak_memory_mb", "Megabytes", body.peak_memory_mb.into()),
                ("cold_start", "Count", u8::from(cold).into()),
                ("failed", "Count", u8::from(answer.failure().is_some()).into()),
            ],
        );
    }
}

/// Everything in the answer but the ledger.
fn end(answer: &Answer, cold: bool) -> Value {
    let mut fields = serde_json::to_value(&answer.body).unwrap_or_default();
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("ledger");
        fields.insert("status_code".into(), answer.status_code.into());
        fields.insert("cold_start".into(), cold.into());
    }
    fields
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 1e2
}

/// Logs every granule, and has the clock.
struct Granules {
    began: Instant,
}

impl Observer for Granules {
    fn event(&self, event: JobEvent<'_>) {
        let JobEvent::Finished(entry) = event else { return };
        let used: u64 = entry.tracks.iter().map(|track| track.rows.used).sum();
        let failure = entry.error.as_ref();
        let fields = json!({
            "granule": entry.granule,
            "total_obs": used,
            "tracks": entry.tracks.len(),
            "requests": entry.requests,
            "bytes_read": entry.bytes,
            "duration_s": Duration::from_millis(entry.milliseconds).as_secs_f64(),
            "error": failure.map(|failure| &failure.message),
            "error_class": failure.map(|failure| &failure.class),
        });
        log::line(if failure.is_some() { Level::WARN } else { Level::INFO }, "granule_processed", &fields);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
