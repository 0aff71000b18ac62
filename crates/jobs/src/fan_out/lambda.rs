//! Cells by calls of a Lambda function (AWS Lambda API Reference, "Invoke"). A call is synchronous: its answer is needed,
//! and the service would retry an asynchronous one by itself.
use super::attempt::{Attempt, AttemptClass, AttemptFailure, judge};
use super::descriptors;
use super::error::RunError;
use super::keys::ReadingKeys;
use super::observer::RunObserver;
use super::options::{LambdaOptions, RunShape, USUAL_CONCURRENCY};
use super::plan::RunPlan;
use super::spent::Spent;
use super::work::CellWork;
use crate::AskedProduct;
use crate::{Answer, ErrorType, Event, Usage};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};
use storage::{Credentials, S3Access, StatusClass, http_client, retry, sigv4};

/// A function may take 15 minutes, and is silent until then.
const PATIENCE: Duration = Duration::from_secs(16 * 60);
/// Streams of one HTTP/2 connection that servers usually allow; where only HTTP/1.1 is spoken, a call has its own.
const LANE: usize = 100;
/// Characters of an answer in a message.
const MAX_WORDS: usize = 400;

/// A function, and how it is called.
pub(super) struct Lambda {
    /// Each for `LANE` calls at once.
    lanes: Vec<Client>,
    url: Url,
    /// Our own credentials: they call.
    access: S3Access,
    region: String,
    /// Where function and stores meet, if not at AWS.
    endpoint: Option<String>,
    memory_mb: u64,
    shape: RunShape,
    most: usize,
}

impl Lambda {
    pub(super) fn new(lambda: &LambdaOptions, plan: &RunPlan, observer: &dyn RunObserver) -> Result<Self, RunError> {
        let mut options = plan.options.storage.clone();
        let access = options.s3.access.clone();
        if !access.is_signed() {
            return Err(RunError::NoCallingCredentials);
        }
        let region = options.s3.region()?;
        let asked = plan.options.concurrency.unwrap_or(USUAL_CONCURRENCY).min(plan.work.len().max(1));
        let most = descriptors::connections(asked).unwrap_or(asked).min(asked);
        if most < asked {
            observer.fewer_calls(most, asked);
        }
        (options.timeouts.idle, options.timeouts.request) = (PATIENCE, PATIENCE);
        let lanes = (0..most.div_ceil(LANE)).map(|_| http_client(&options)).collect::<Result<_, _>>()?;
        let endpoint = lambda.endpoint.clone().or_else(|| options.s3.endpoint_url.clone());
        let root = endpoint.unwrap_or_else(|| format!("https://lambda.{region}.amazonaws.com"));
        let url = url(&root, &lambda.function).ok_or_else(|| RunError::Usage(format!("{root}: this is not a URL")))?;
        let (endpoint, shape) = (options.s3.endpoint_url, plan.shape().clone());
        Ok(Self { lanes, url, access, region, endpoint, memory_mb: lambda.memory_mb, shape, most })
    }

    pub(super) const fn at_once(&self) -> usize {
        self.most
    }

    /// One call for some cells. `slot` is the call's own number below [`Lambda::at_once`] while it is under way.
    pub(super) async fn attempt(
        &self,
        works: &[CellWork],
        (keys, secret): (Option<Credentials>, &ReadingKeys),
        slot: usize,
        mut ended: impl FnMut(usize, Attempt),
    ) {
        let began = Instant::now();
        let answered = self.call(works, keys, secret, slot).await;
        let attempts = match answered {
            Ok(reply) => reply.attempts(works, &self.shape, began.elapsed(), self.memory_mb),
            Err(failure) => {
                works.iter().map(|_| Attempt { outcome: Err(failure.clone()), spent: Spent::default() }).collect()
            }
        };
        attempts.into_iter().enumerate().for_each(|(at, attempt)| ended(at, attempt));
    }

    async fn call(
        &self,
        works: &[CellWork],
        keys: Option<Credentials>,
        secret: &ReadingKeys,
        slot: usize,
    ) -> Result<Reply, AttemptFailure> {
        let fatal = |message: String| AttemptFailure::new(AttemptClass::Fatal, "BadCall", message);
        let service = |error: reqwest::Error| {
            let why: String = retry::causes(&error).map(|cause| format!(": {cause}")).collect();
            AttemptFailure::new(AttemptClass::Service, "NoAnswer", format!("no answer from Lambda{why}"))
        };
        let mut request = Request::new(Method::POST, self.url.clone());
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("x-amz-invocation-type"), HeaderValue::from_static("RequestResponse"));
        headers.insert(HeaderName::from_static("x-amz-log-type"), HeaderValue::from_static("Tail"));
        *request.body_mut() = Some(self.event(works, keys, secret)?.to_value().to_string().into());
        let own = self.access.credentials().await.map_err(|error| fatal(error.to_string()))?;
        let own = own.ok_or_else(|| fatal("no credentials to call the function with".into()))?;
        sigv4::sign(&mut request, &own, &self.region, "lambda", SystemTime::now())
            .map_err(|error| fatal(error.message))?;
        let client = self.lanes.get(slot / LANE).or(self.lanes.first());
        let client = client.ok_or_else(|| fatal("no calls are allowed".into()))?;
        let response = client.execute(request).await.map_err(service)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(service)?;
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into());
        Ok(Reply { status, headers, body })
    }

    fn event(
        &self,
        works: &[CellWork],
        keys: Option<Credentials>,
        secret: &ReadingKeys,
    ) -> Result<Event, AttemptFailure> {
        let no_cell = || AttemptFailure::new(AttemptClass::Crash, "BadCall", "a call without cells");
        let first = works.first().ok_or_else(no_cell)?;
        let (bucket, prefix) =
            self.shape.out.strip_prefix("s3://").and_then(|out| out.split_once('/')).unwrap_or_default();
        let mut event = Event {
            asked: AskedProduct::of(self.shape.spec.product.clone()),
            time: pipeline::TimeChoice::default(),
            spec: self.shape.spec_of(first),
            parent_morton: first.name,
            granule_urls: first.granules.clone(),
            cells: Vec::new(),
            index: self.shape.index.clone(),
            max_granules: None,
            s3_bucket: Some(bucket.to_owned()),
            s3_prefix: prefix.to_owned(),
            credentials: keys,
            credentials_ref: secret.secret().map(str::to_owned),
            verify: self.shape.audits(first.name),
            region: Some(self.region.clone()),
            endpoint_url: self.endpoint.clone(),
            raise: true,
        };
        if works.len() > 1 {
            event.put_cells(works.iter().map(|work| (work.cell, &*work.granules, self.shape.audits(work.name))));
        }
        Ok(event)
    }
}

/// What came back.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    /// An attempt at each cell; the first has what the call took.
    fn attempts(self, works: &[CellWork], shape: &RunShape, elapsed: Duration, memory_mb: u64) -> Vec<Attempt> {
        let log = self.header("x-amz-log-result").and_then(decoded).unwrap_or_default();
        let bill = Bill::of(&log);
        let ran = self.status == 200 || self.is_function_error();
        let failed = |failure: AttemptFailure, reported: Spent| {
            let attempts = works.iter().map(|_| Attempt { outcome: Err(failure.clone()), spent: Spent::default() });
            (attempts.collect::<Vec<_>>(), reported)
        };
        let (mut attempts, reported) = if self.is_function_error() {
            failed(self.function_error(), bill.reported)
        } else if self.status == 200 {
            match serde_json::from_value::<Answer>(self.body) {
                Ok(answer) => judged(works, shape, answer),
                Err(error) => {
                    let message = format!("the function's answer is none of ours: {error}");
                    failed(AttemptFailure::new(AttemptClass::Fatal, "BadAnswer", message), Spent::default())
                }
            }
        } else {
            failed(self.service_error(), Spent::default())
        };
        let mut spent = reported;
        if ran {
            let clocked = Usage::call(memory_mb, elapsed).gb_seconds;
            // The bill of the service, else what the function reckons of itself, else our clock.
            let own = (spent.usage.gb_seconds > 0.0).then_some(spent.usage.gb_seconds);
            spent.unbilled_calls = u64::from(bill.gb_seconds.is_none());
            spent.usage.gb_seconds = bill.gb_seconds.or(own).unwrap_or(clocked);
            spent.usage.invocations = 1;
        }
        attempts.iter_mut().take(1).for_each(|first| first.spent = spent);
        attempts
    }

    /// AWS marks errors of the function by a header on a 200; cargo-lambda answers 500 with the same body.
    fn is_function_error(&self) -> bool {
        self.header("x-amz-function-error").is_some() || self.status >= 500 && self.body.get("errorType").is_some()
    }

    fn function_error(&self) -> AttemptFailure {
        let name = self.body["errorType"].as_str().unwrap_or_default();
        let message = self.body["errorMessage"].as_str().unwrap_or("the function failed and says nothing");
        // An untyped one of the service itself, which ended the function.
        let timed_out = name == "Sandbox.Timedout" || name.is_empty() && message.contains("Task timed out");
        let kind = if timed_out { ErrorType::Timeout } else { ErrorType::from_name(name) };
        let failure = AttemptFailure::of(kind, shortened(message));
        // Its own name says more than ours.
        if name.is_empty() { failure } else { AttemptFailure { kind: name.to_owned(), ..failure } }
    }

    /// Errors of the service ("Invoke", Errors): 429 and some 5xx pass, the rest is about us or the function.
    fn service_error(&self) -> AttemptFailure {
        let kind = self.header("x-amzn-errortype").and_then(|text| text.split(':').next()).unwrap_or_default();
        let kind = if kind.is_empty() { format!("Status{}", self.status) } else { kind.to_owned() };
        let words = ["message", "Message"].iter().find_map(|name| self.body[*name].as_str());
        let message =
            format!("Lambda answered {}: {}", self.status, shortened(words.unwrap_or(&self.body.to_string())));
        let class = match StatusClass::of(self.status) {
            StatusClass::Throttled => AttemptClass::Throttled,
            // A conflict: the function is being updated.
            StatusClass::Timeout
            | StatusClass::TooEarly
            | StatusClass::Conflict
            | StatusClass::Unavailable
            | StatusClass::ServerError => AttemptClass::Service,
            StatusClass::TooLarge => AttemptClass::Permanent,
            _ => AttemptClass::Fatal,
        };
        AttemptFailure::new(class, kind, message).not_before(retry::retry_after(&self.headers).unwrap_or_default())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().filter(|text| !text.is_empty())
    }
}

/// The attempts of an answer, and what it says that the call took.
fn judged(works: &[CellWork], shape: &RunShape, mut answer: Answer) -> (Vec<Attempt>, Spent) {
    let spent = Spent::of(&answer.body);
    let cells = std::mem::take(&mut answer.body.cells);
    let mut answers: BTreeMap<Option<i64>, Answer> = if works.len() == 1 && cells.is_empty() {
        works.iter().map(|work| (Some(work.name), answer.clone())).collect()
    } else {
        cells.into_iter().map(|answer| (answer.body.parent_morton, answer)).collect()
    };
    let attempt = |work: &CellWork| {
        let missing = || AttemptFailure::new(AttemptClass::Crash, "WrongCell", "the answer says nothing of the cell");
        let outcome = match answers.remove(&Some(work.name)) {
            Some(answer) => judge(work, shape, answer),
            None => Err(missing()),
        };
        Attempt { outcome, spent: Spent::default() }
    };
    (works.iter().map(attempt).collect(), spent)
}

/// What the last lines of the function's log say of its bill.
#[derive(Default)]
struct Bill {
    /// Of the service's own line: `REPORT RequestId: .. Billed Duration: 12 ms Memory Size: 1024 MB ..`
    gb_seconds: Option<f64>,
    /// Of the function's `processing_complete`.
    reported: Spent,
}

impl Bill {
    fn of(log: &str) -> Self {
        let mut bill = Self::default();
        for line in log.lines() {
            if line.starts_with("REPORT ") {
                let number =
                    |name: &str| -> Option<u64> { line.split_once(name)?.1.split_whitespace().next()?.parse().ok() };
                let (billed, memory) = (number("Billed Duration:"), number("Memory Size:"));
                bill.gb_seconds = billed
                    .zip(memory)
                    .map(|(billed, memory)| Usage::call(memory, Duration::from_millis(billed)).gb_seconds);
            } else if let Ok(line) = serde_json::from_str::<Value>(line)
                && line["event_type"] == "processing_complete"
                && let Ok(body) = serde_json::from_value(line)
            {
                bill.reported = Spent::of(&body);
            }
        }
        bill
    }
}

/// `ROOT/2015-03-31/functions/NAME/invocations`
fn url(root: &str, function: &str) -> Option<Url> {
    let mut url = Url::parse(root).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["2015-03-31", "functions", function, "invocations"]);
    // An ARN holds colons, which a signature wants encoded.
    let path = url.path().replace(':', "%3A").replace('$', "%24");
    url.set_path(&path);
    Some(url)
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_WORDS).collect()
}

/// The text that a header holds in base64 (RFC 4648, 4).
fn decoded(text: &str) -> Option<String> {
    STANDARD.decode(text).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: Value) -> Reply {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        Reply { status, headers, body }
    }

    #[test]
    fn errors_of_the_function_and_of_the_service_are_told_apart() {
        let typed = |name: &str| json!({ "errorType": name, "errorMessage": "why" });
        let error = ("x-amz-function-error", "Unhandled");
        for (reply, kind, class) in [
            (reply(200, &[error], typed("SourceUnavailable")), "SourceUnavailable", AttemptClass::Source),
            (reply(500, &[], typed("CredentialsExpired")), "CredentialsExpired", AttemptClass::Expired),
            (reply(200, &[error], typed("Sandbox.Timedout")), "Sandbox.Timedout", AttemptClass::Timeout),
            (reply(200, &[error], typed("Runtime.ExitError")), "Runtime.ExitError", AttemptClass::Crash),
            (reply(200, &[error], typed("Runtime.OutOfMemory")), "Runtime.OutOfMemory", AttemptClass::Permanent),
            (
                reply(200, &[error], json!({"errorMessage": "x Task timed out after 3.00 seconds"})),
                "Timeout",
                AttemptClass::Timeout,
            ),
            (reply(200, &[error], typed("OutputDenied")), "OutputDenied", AttemptClass::Fatal),
        ] {
            assert!(reply.is_function_error());
            let failure = reply.function_error();
            assert_eq!((failure.kind.as_str(), failure.class), (kind, class));
        }
        let throttle = reply(
            429,
            &[("x-amzn-errortype", "TooManyRequestsException:http://x/"), ("retry-after", "3")],
            json!({ "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "message": "Rate Exceeded." }),
        );
        assert!(!throttle.is_function_error());
        let failure = throttle.service_error();
        assert_eq!((failure.kind.as_str(), failure.class), ("TooManyRequestsException", AttemptClass::Throttled));
        assert_eq!(
            (failure.least, failure.message.as_str()),
            (Duration::from_secs(3), "Lambda answered 429: Rate Exceeded.")
        );
        let classes = [
            (500, AttemptClass::Service),
            (502, AttemptClass::Service),
            (403, AttemptClass::Fatal),
            (404, AttemptClass::Fatal),
        ];
        for (status, class) in classes {
            assert_eq!(reply(status, &[], json!({})).service_error().class, class);
        }
    }

    #[test]
    fn the_bill_is_read_from_the_log() {
        // base64 of the line below, by coreutils.
        let encoded = "UkVQT1JUIFJlcXVlc3RJZDogYQlEdXJhdGlvbjogMTIuMyBtcwlCaWxsZWQgRHVyYXRpb246IDUwMCBtcwlNZW1vcnkgU2l6ZTogMjA0OCBNQglNYXggTWVtb3J5IFVzZWQ6IDQwIE1CCg==";
        let log = decoded(encoded).unwrap();
        assert!(log.starts_with("REPORT RequestId: a\tDuration: 12.3 ms"), "{log}");
        let line = json!({"event_type": "processing_complete", "requests": 7, "bytes_read": 9, "error": "x", "usage": {"gets": 12}});
        let bill = Bill::of(&format!("not JSON\n{line}\n{log}"));
        assert_eq!(bill.gb_seconds, Some(1.0));
        assert_eq!((bill.reported.requests, bill.reported.bytes, bill.reported.usage.gets), (7, 9, 12));
        assert_eq!(Bill::of("").gb_seconds, None);
        assert_eq!(decoded("a~b="), None);
    }

    #[test]
    fn names_and_arns_stand_in_the_path() {
        let path = |function: &str| url("http://127.0.0.1:9/", function).unwrap().path().to_owned();
        assert_eq!(path("icestream-cell"), "/2015-03-31/functions/icestream-cell/invocations");
        let arn = "arn:aws:lambda:us-west-2:1:function:f";
        assert_eq!(path(arn), "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-west-2%3A1%3Afunction%3Af/invocations");
    }
}
