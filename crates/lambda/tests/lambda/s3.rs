//! An S3 server that checks signatures and permissions (s3s-fs), one for all tests of this process.
//!
//! Buckets: `granules` and `slow` (the same, answering late) for the reader alone, `out` for the function's role alone,
//! `locked` denied to all.
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::service::S3ServiceBuilder;
use s3s::{S3Result, s3_error};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// Access key id, secret, session token.
pub(crate) type Keys = (&'static str, &'static str, &'static str);

/// For `granules`.
pub(crate) const READER: Keys = ("AKIDREADER", "reader-secret/aB+c", "reader-token==");
/// For `granules` too.
pub(crate) const SECOND_READER: Keys = ("AKIDSECOND", "second-secret/xY+z", "second-token==");
/// The function's own.
pub(crate) const ROLE: Keys = ("AKIDROLE", "role-secret/dE+f", "role-token==");
/// Once were the reader's.
pub(crate) const EXPIRED: Keys = ("AKIDEXPIRED", "expired-secret/gH+i", "expired-token==");
/// What may never come out.
pub(crate) const SECRETS: [&str; 8] =
    [READER.1, READER.2, SECOND_READER.1, SECOND_READER.2, ROLE.1, ROLE.2, EXPIRED.1, EXPIRED.2];
/// How long `slow` takes to answer.
pub(crate) const SLOW: Duration = Duration::from_secs(20);

pub(crate) struct S3 {
    pub(crate) endpoint: String,
    root: PathBuf,
}

/// The server, started at first use.
pub(crate) fn s3() -> &'static S3 {
    static S3: OnceLock<S3> = OnceLock::new();
    S3.get_or_init(start)
}

impl S3 {
    pub(crate) fn bucket(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// The bundled granules.
pub(crate) fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/demo")
}

/// Names of the bundled granules, sorted.
pub(crate) fn granules() -> Vec<String> {
    let entries = std::fs::read_dir(demo()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name.ends_with(".h5")).collect();
    names.sort();
    assert_eq!(names.len(), 4);
    names
}

fn start() -> S3 {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lambda-s3-{}", std::process::id()));
    for bucket in ["granules", "slow", "out", "locked"] {
        std::fs::create_dir_all(root.join(bucket)).unwrap();
    }
    for name in granules() {
        for bucket in ["granules", "slow"] {
            std::fs::copy(demo().join(&name), root.join(bucket).join(&name)).unwrap();
        }
    }
    // One flipped bit in the middle of a granule, where data are.
    let mut bytes = std::fs::read(demo().join(&granules()[0])).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(root.join("granules/cut.h5"), bytes).unwrap();
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&root).unwrap());
    builder.set_auth(Accounts);
    builder.set_access(Permissions);
    let service = builder.build();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let service = service.clone();
                tokio::spawn(async move {
                    let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
    });
    S3 { endpoint, root }
}

struct Accounts;

#[async_trait::async_trait]
impl S3Auth for Accounts {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let accounts = [READER, SECOND_READER, ROLE];
        let found = accounts.iter().find(|keys| keys.0 == access_key);
        match found {
            Some(keys) => Ok(SecretKey::from(keys.1)),
            None if access_key == EXPIRED.0 => Err(s3_error!(ExpiredToken, "The provided token has expired.")),
            None => Err(s3_error!(InvalidAccessKeyId)),
        }
    }
}

struct Permissions;

#[async_trait::async_trait]
impl S3Access for Permissions {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let key = context.credentials().map(|keys| keys.access_key.clone()).unwrap_or_default();
        let bucket = match context.s3_path() {
            S3Path::Object { bucket, .. } | S3Path::Bucket { bucket } => bucket.to_string(),
            S3Path::Root => String::new(),
        };
        let reads = matches!(context.s3_op().name(), "GetObject" | "HeadObject" | "ListObjectsV2");
        let token = context.headers().get("x-amz-security-token").and_then(|value| value.to_str().ok());
        let owner = [READER, SECOND_READER, ROLE].into_iter().find(|keys| keys.0 == key);
        if owner.is_none_or(|keys| token != Some(keys.2)) {
            return Err(s3_error!(InvalidToken));
        }
        if bucket == "slow" {
            tokio::time::sleep(SLOW).await;
        }
        match bucket.as_str() {
            "granules" | "slow" if reads && key != ROLE.0 => Ok(()),
            "out" if key == ROLE.0 => Ok(()),
            _ => Err(s3_error!(AccessDenied)),
        }
    }
}
