//! The Runtime API of Lambda on the loopback interface (AWS Lambda Developer Guide, "Using the Lambda runtime API for
//! custom runtimes", version 2018-06-01): one event at a time, in strict order.
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

const ROOT: &str = "/2018-06-01/runtime/";

/// An event on its way to the function.
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) deadline_ms: u64,
    pub(crate) event: String,
}

/// What the function sent for an event.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// `/response`
    Answer(Value),
    /// `/error`
    Error { kind: String, message: String },
}

struct State {
    events: Mutex<Receiver<Invocation>>,
    outcomes: Sender<(String, Outcome)>,
    /// Of the event that was handed out and not yet answered.
    pending: Mutex<Option<String>>,
    /// When the first `/next` came.
    ready: Mutex<Option<Instant>>,
}

pub(crate) struct RuntimeApi {
    pub(crate) address: String,
    events: Sender<Invocation>,
    outcomes: Receiver<(String, Outcome)>,
    state: Arc<State>,
}

impl RuntimeApi {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, queue) = channel();
        let (sender, outcomes) = channel();
        let state = Arc::new(State {
            events: Mutex::new(queue),
            outcomes: sender,
            pending: Mutex::default(),
            ready: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || while serve(&state, &stream).is_some() {});
            }
        });
        Self { address, events, outcomes, state }
    }

    pub(crate) fn send(&self, invocation: Invocation) {
        self.events.send(invocation).unwrap();
    }

    /// The next outcome, if one comes in time.
    pub(crate) fn outcome(&self, patience: std::time::Duration) -> Option<(String, Outcome)> {
        self.outcomes.recv_timeout(patience).ok()
    }

    /// When the function first asked for an event: its init is over.
    pub(crate) fn ready(&self) -> Option<Instant> {
        *self.state.ready.lock().unwrap()
    }
}

struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// One request of a connection; `None` when it is over.
fn serve(state: &State, stream: &TcpStream) -> Option<()> {
    let asked = read(&mut BufReader::new(stream))?;
    let reply = match (asked.method.as_str(), asked.path.strip_prefix(ROOT)?) {
        ("GET", "invocation/next") => {
            let _ = state.ready.lock().unwrap().get_or_insert_with(Instant::now);
            // Held until there is an event, as the real one holds it.
            let Invocation { request_id, deadline_ms, event } = state.events.lock().unwrap().recv().ok()?;
            let unanswered = state.pending.lock().unwrap().replace(request_id.clone());
            assert_eq!(unanswered, None, "/next before the event was answered");
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Lambda-Runtime-Aws-Request-Id: {request_id}\r\nLambda-Runtime-Deadline-Ms: {deadline_ms}\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-west-2:123456789012:function:icestream\r\n\
                 Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\r\n{event}",
                event.len()
            )
        }
        ("POST", path) => {
            let (id, what) = path.strip_prefix("invocation/")?.split_once('/')?;
            assert_eq!(state.pending.lock().unwrap().take().as_deref(), Some(id), "an answer to another event");
            state.outcomes.send((id.to_owned(), outcome(what, &asked))).ok()?;
            let body = r#"{"status":"OK"}"#;
            format!(
                "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        }
        (method, path) => panic!("the Runtime API has no {method} {path}"),
    };
    let mut stream = stream;
    stream.write_all(reply.as_bytes()).ok()
}

fn outcome(what: &str, asked: &Asked) -> Outcome {
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    if what == "response" {
        return Outcome::Answer(body);
    }
    assert_eq!(what, "error");
    let kind = body["errorType"].as_str().unwrap().to_owned();
    if let Some(header) = asked.headers.get("lambda-runtime-function-error-type") {
        assert!(!header.is_empty());
    }
    Outcome::Error { kind, message: body["errorMessage"].as_str().unwrap().to_owned() }
}

fn read(stream: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut part = vec![0; size + 2];
            stream.read_exact(&mut part).ok()?;
            body.extend_from_slice(&part[..size]);
            if size == 0 {
                break;
            }
        }
    } else {
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        body.resize(length, 0);
        stream.read_exact(&mut body).ok()?;
    }
    Some(Asked { method, path, headers, body })
}
