//! Logs as CloudWatch reads them: one JSON object a line on standard error, fields at the top level.
use serde_json::{Map, Value, json};
use std::fmt;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Span, Subscriber, info_span};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry, Scope};

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "icestream";

/// Bytes of the shortest text that is taken out of lines: shorter ones are no secrets, and would only spoil lines.
const MIN_SECRET: usize = 8;

/// The variable that says how much is logged: `info` unless it says `debug` (every request) or another level.
const LEVEL: &str = "ICESTREAM_LOG";
/// Name of the span of a call; its fields are in every line.
const CALL: &str = "call";
/// Name of the field that holds an object whose fields are the line's.
const FIELDS: &str = "fields";

/// Makes lines of events, for the rest of the process.
pub(crate) fn start() {
    // It is set once: a second call changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber());
}

fn subscriber() -> impl Subscriber + Send + Sync {
    let level = std::env::var(LEVEL).ok().and_then(|text| text.parse().ok()).unwrap_or(LevelFilter::INFO);
    // Requests and what becomes of them only when they are asked for.
    let rooms: &[&str] = if level >= LevelFilter::DEBUG { &["bootstrap", "jobs", "storage"] } else { &["bootstrap"] };
    let ours = move |metadata: &Metadata<'_>| rooms.iter().any(|room| metadata.target().starts_with(room));
    let lines = Lines { secrets: Mutex::default() }.with_filter(level).with_filter(filter_fn(ours));
    Registry::default().with(lines)
}

/// The span of one call. All its lines carry the request and the cell; no text of `event`'s credentials comes out.
pub(crate) fn call(request_id: &str, event: &Value) -> Span {
    let secrets = ["secretAccessKey", "sessionToken"].map(|name| event["s3_credentials"][name].as_str());
    tracing::dispatcher::get_default(|current| {
        if let Some(lines) = current.downcast_ref::<Lines>() {
            lines.hide(secrets.iter().copied().flatten());
        }
    });
    let common = json!({ "request_id": request_id, "parent_morton": event["parent_morton"] });
    info_span!("call", fields = common.to_string())
}

/// Logs an event of the type `event_type`. `fields` is an object.
pub(crate) fn line(level: Level, event_type: &str, fields: &Value) {
    let fields = fields.to_string();
    match level {
        Level::ERROR => tracing::error!(event_type, fields),
        Level::WARN => tracing::warn!(event_type, fields),
        _ => tracing::info!(event_type, fields),
    }
}

/// Logs metrics in the embedded format (CloudWatch User Guide, "Embedded metric format specification"), which
/// CloudWatch takes out of the log: name, unit, value.
pub(crate) fn metrics(function: &str, metrics: &[(&str, &str, Value)]) {
    let defined: Vec<Value> = metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let mut fields = json!({
        "function_name": function,
        "_aws": {
            "Timestamp": now_ms(),
            "CloudWatchMetrics": [
                { "Namespace": NAMESPACE, "Dimensions": [["function_name"]], "Metrics": defined }
            ],
        },
    });
    for (name, _, value) in metrics {
        fields[*name] = value.clone();
    }
    line(Level::INFO, "metrics", &fields);
}

/// Logs an event outside of any call.
pub(crate) fn outside(event_type: &str, message: &str) {
    line(Level::ERROR, event_type, &json!({ "message": message }));
}

/// The layer that writes the lines.
struct Lines {
    /// Texts that no line may have.
    secrets: Mutex<Vec<String>>,
}

impl Lines {
    fn hide<'a>(&self, secrets: impl Iterator<Item = &'a str>) {
        let secrets = secrets.filter(|secret| secret.len() >= MIN_SECRET).map(str::to_owned);
        *self.secrets.lock().unwrap_or_else(PoisonError::into_inner) = secrets.collect();
    }

    fn clean(&self, line: String) -> String {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(line, |line, secret| line.replace(secret, "[redacted]"))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("timestamp".into(), now_ms().into());
        let level = match *event.metadata().level() {
            Level::WARN => "warning".to_owned(),
            level => level.to_string().to_ascii_lowercase(),
        };
        line.insert("level".into(), level.into());
        let mut fields = Fields::default();
        event.record(&mut fields);
        line.extend(fields.0.remove_entry("event_type"));
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(Fields(fields)) = span.extensions().get::<Fields>() {
                let named = || Map::from_iter([(span.name().to_owned(), Value::Object(fields.clone()))]);
                line.extend(if span.name() == CALL { fields.clone() } else { named() });
            }
        }
        line.extend(fields.0);
        write(&self.clean(Value::Object(line).to_string()));
    }
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, text: &str) {
        if field.name() == FIELDS
            && let Ok(Value::Object(all)) = serde_json::from_str(text)
        {
            self.0.extend(all);
        } else {
            self.0.insert(field.name().into(), text.into());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// One write a line: lines of several threads stay whole. A failed write is ignored: a closed log stops nothing.
fn write(line: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_event_are_taken_out_of_every_line() {
        let event =
            json!({"parent_morton": 1, "s3_credentials": {"secretAccessKey": "a+b/c+d/e", "sessionToken": "x"}});
        tracing::subscriber::with_default(subscriber(), || {
            let _span = call("id", &event);
            let known = tracing::dispatcher::get_default(|current| {
                current.downcast_ref::<Lines>().map(|lines| lines.clean("x a+b/c+d/e y".to_owned()))
            });
            assert_eq!(known.as_deref(), Some("x [redacted] y"));
        });
        let lines = Lines { secrets: Mutex::default() };
        lines.hide(["a+b/c+d/e", ""].into_iter());
        assert_eq!(lines.clean("x a+b/c+d/e y".to_owned()), "x [redacted] y");
    }
}
