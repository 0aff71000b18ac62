//! A bucket in memory that knows conditions, and can stop a writer.
use crate::server::{Asked, Reply, Server};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

pub type Objects = BTreeMap<String, Vec<u8>>;

/// When the writer is killed.
#[derive(Clone, Copy)]
pub struct Kill {
    pub process: u32,
    /// At the PUT or DELETE of this number, from 0.
    pub at: usize,
    /// After it was done, not before.
    pub after: bool,
}

#[derive(Default)]
struct State {
    objects: Objects,
    changes: usize,
    kill: Option<Kill>,
    /// What this method is answered: a status and a code of S3.
    refuse: Option<(&'static str, usize, u16, &'static str)>,
}

/// The bucket `bucket` behind a server of its own.
#[derive(Clone)]
pub struct Bucket {
    state: Arc<Mutex<State>>,
    pub server: Arc<Server>,
}

impl Bucket {
    pub fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let server = Server::start({
            let state = Arc::clone(&state);
            move |asked, _| answer(&mut state.lock().unwrap(), asked)
        });
        Self { state, server: Arc::new(server) }
    }

    /// Arguments by which the command finds it.
    pub fn access(&self) -> [String; 3] {
        ["--endpoint-url".into(), self.server.url(""), "--no-sign-request".into()]
    }

    /// Objects below a prefix.
    pub fn below(&self, prefix: &str) -> Objects {
        let state = self.state.lock().unwrap();
        let below =
            state.objects.iter().filter_map(|(key, bytes)| Some((key.strip_prefix(prefix)?.into(), bytes.clone())));
        below.collect()
    }

    /// Puts these objects and no others below a prefix, and counts anew.
    pub fn fill(&self, prefix: &str, objects: &Objects) {
        let mut state = self.state.lock().unwrap();
        state.objects.retain(|key, _| !key.starts_with(prefix));
        state.objects.extend(objects.iter().map(|(key, bytes)| (format!("{prefix}{key}"), bytes.clone())));
        (state.changes, state.kill, state.refuse) = (0, None, None);
    }

    pub fn kill(&self, kill: Kill) {
        self.state.lock().unwrap().kill = Some(kill);
    }

    /// From the request of this number with this method on, it is refused.
    pub fn refuse(&self, method: &'static str, from: usize, status: u16, code: &'static str) {
        self.state.lock().unwrap().refuse = Some((method, from, status, code));
    }

    /// PUTs and DELETEs since it was filled.
    pub fn changes(&self) -> usize {
        self.state.lock().unwrap().changes
    }
}

fn tag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// What S3 says of an error.
fn error(status: u16, code: &str) -> Reply {
    Reply::status(status).body(format!("<Error><Code>{code}</Code><Message>injected</Message></Error>"))
}

fn answer(state: &mut State, asked: &Asked) -> Reply {
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let key = path.strip_prefix("/bucket/").unwrap_or_default().to_owned();
    if matches!(asked.method.as_str(), "PUT" | "DELETE") {
        let number = state.changes;
        state.changes += 1;
        let now = state.kill.filter(|kill| kill.at == number);
        if let Some(kill) = now.filter(|kill| !kill.after) {
            return stop(kill);
        }
        if let Some((method, from, status, code)) = state.refuse
            && method == asked.method
            && number >= from
        {
            return error(status, code);
        }
        let reply = change(&mut state.objects, asked, key);
        return now.map_or(reply, stop);
    }
    if query.contains("list-type=2") {
        if let Some(("LIST", _, status, code)) = state.refuse {
            return error(status, code);
        }
        return listing(&state.objects, query);
    }
    if let Some(("GET", _, status, code)) = state.refuse {
        return error(status, code);
    }
    match state.objects.get(&key) {
        None => error(404, "NoSuchKey"),
        Some(bytes) => Reply::ranged(bytes, asked, &tag(bytes)),
    }
}

/// Kills, and answers nothing.
fn stop(kill: Kill) -> Reply {
    let killed = Command::new("kill").args(["-KILL", &kill.process.to_string()]).status();
    assert!(killed.unwrap().success());
    Reply { hang: true, ..Reply::default() }
}

fn change(objects: &mut Objects, asked: &Asked, key: String) -> Reply {
    let held = objects.get(&key).map(|bytes| tag(bytes));
    let (seen, none) = (asked.header("if-match"), asked.header("if-none-match"));
    if !seen.is_empty() && held.as_deref() != Some(seen) || !none.is_empty() && held.is_some() {
        return error(412, "PreconditionFailed");
    }
    if asked.method == "DELETE" {
        objects.remove(&key);
        return Reply::status(204);
    }
    objects.insert(key, asked.body.clone());
    Reply::status(200)
}

fn listing(objects: &Objects, query: &str) -> Reply {
    let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap().replace("%2F", "/");
    let keys = objects.keys().filter(|key| key.starts_with(&prefix));
    let listed: String = keys.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    Reply::status(200).body(format!("<ListBucketResult>{listed}</ListBucketResult>"))
}

/// A folder with copies of the first `most` bundled granules.
pub fn granules(folder: &Path, most: usize) -> PathBuf {
    let granules = folder.join("granules");
    std::fs::create_dir_all(&granules).unwrap();
    let entries = std::fs::read_dir(crate::support::demo_granules()).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "h5")).collect();
    paths.sort();
    for path in paths.iter().take(most) {
        std::fs::copy(path, granules.join(path.file_name().unwrap())).unwrap();
    }
    granules
}
