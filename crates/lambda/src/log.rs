//! Logs as CloudWatch reads them: one JSON object a line on standard error, fields at the top level.
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "icestream";

/// Shorter ones are no secrets of anybody; taking them out would only spoil lines.
const LEAST_SECRET: usize = 8;

/// The log of one call: fields that every line has, and texts that none may have.
pub(crate) struct Log {
    common: Vec<(&'static str, Value)>,
    secrets: RefCell<Vec<String>>,
}

impl Log {
    /// A log whose lines all carry the request and the cell; no text of `event`'s credentials comes out.
    pub(crate) fn new(request_id: &str, event: &Value) -> Self {
        let log = Self {
            common: vec![("request_id", request_id.into()), ("parent_morton", event["parent_morton"].clone())],
            secrets: RefCell::default(),
        };
        for name in ["secretAccessKey", "sessionToken"] {
            let secret = event["s3_credentials"][name].as_str().unwrap_or_default();
            if secret.len() >= LEAST_SECRET {
                log.secrets.borrow_mut().push(secret.to_owned());
            }
        }
        log
    }

    /// Writes a line of the type `event_type`. `fields` is an object.
    pub(crate) fn line(&self, level: &str, event_type: &str, fields: Value) {
        let mut line = Map::new();
        line.insert("timestamp".into(), now_ms().into());
        line.insert("level".into(), level.into());
        line.insert("event_type".into(), event_type.into());
        line.extend(self.common.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        write(&self.clean(Value::Object(line).to_string()));
    }

    /// Writes metrics in the embedded format (CloudWatch User Guide, "Embedded metric format specification"), which
    /// CloudWatch takes out of the log: name, unit, value.
    pub(crate) fn metrics(&self, function: &str, metrics: &[(&str, &str, Value)]) {
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
        self.line("info", "metrics", fields);
    }

    fn clean(&self, line: String) -> String {
        self.secrets.borrow().iter().fold(line, |line, secret| line.replace(secret, "[redacted]"))
    }
}

/// Writes a line outside of any call.
pub(crate) fn write_event(level: &str, event_type: &str, message: &str) {
    write(&json!({"timestamp": now_ms(), "level": level, "event_type": event_type, "message": message}).to_string());
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// One write a line: lines of several threads stay whole. A log that nobody takes stops nothing.
fn write(line: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_event_are_taken_out_of_every_line() {
        let event = json!({"parent_morton": 1, "s3_credentials": {"secretAccessKey": "a+b/c+d/e", "sessionToken": ""}});
        let log = Log::new("id", &event);
        assert_eq!(log.clean("x a+b/c+d/e y".to_owned()), "x [redacted] y");
    }
}
