//! `icestream serve`: what it gives, and what it does not.
use crate::server::{Reply, Server};
use crate::support::folder;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The command under way, ended with the test.
struct Serve {
    child: Child,
    port: u16,
}

impl Serve {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let page = folder.join("page");
        std::fs::create_dir_all(&page).unwrap();
        std::fs::write(page.join("index.html"), "<html>").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
        command.args(["serve", "--port", "0", "--no-open", "--page"]).arg(&page).args(more);
        let mut child = command.env_clear().stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_start_matches("http://127.0.0.1:").split('/').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// Status, head and body of an answer.
    fn get(&self, path: &str, range: &str) -> (u16, String, Vec<u8>) {
        let mut stream = self.connect();
        let range = if range.is_empty() { String::new() } else { format!("Range: {range}\r\n") };
        let port = self.port;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{range}Connection: close\r\n\r\n").unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        let at = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(all[..at].to_vec()).unwrap().to_ascii_lowercase();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head, all[at + 4..].to_vec())
    }

    /// Kilobytes of memory that it has held at most.
    #[cfg(target_os = "linux")]
    fn peak_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn granules_are_streamed_and_hidden_files_stay_hidden() {
    let folder = folder("serve-files");
    let granules = folder.join("granules");
    std::fs::create_dir_all(&granules).unwrap();
    let content: Vec<u8> = (0..64_u32 << 20).map(|at| (at % 251) as u8).collect();
    for (name, bytes) in [("a.h5", &content[..]), (".hidden.h5", b"x"), (".netrc", b"x")] {
        std::fs::write(granules.join(name), bytes).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(".hidden.h5", granules.join("link.h5")).unwrap();
    let serve = Serve::start(&folder, &["--folder", granules.to_str().unwrap()]);
    assert_eq!(
        serve.get("/serve.json", "").2,
        br#"{"granules":["a.h5"],"hosts":["data.nsidc.earthdatacloud.nasa.gov"],"several":true}"#
    );
    for name in [".hidden.h5", "link.h5", ".netrc", "%2e%2e/page/index.html"] {
        assert_eq!(serve.get(&format!("/granules/{name}"), "").0, 404, "{name}");
    }
    let (status, head, body) = serve.get("/granules/a.h5", "bytes=300000-1000000");
    assert_eq!((status, &body[..]), (206, &content[300_000..=1_000_000]));
    assert!(head.contains("content-range: bytes 300000-1000000/67108864"), "{head}");
    let (status, _, body) = serve.get("/granules/a.h5", "bytes=0-9,600000-600009");
    assert_eq!((status, body.windows(10).filter(|part| *part == &content[600_000..600_010]).count()), (206, 1));
    // Sixteen times the whole file in one request, and eight readers of it at the same time.
    let sixteen = format!("bytes={}", ["0-67108863"; 16].join(","));
    assert_eq!(serve.get("/granules/a.h5", &sixteen).2.len(), content.len());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(serve.get("/granules/a.h5", "bytes=0-67108863").2.len(), content.len()));
        }
    });
    #[cfg(target_os = "linux")]
    assert!(serve.peak_kb() < 60_000, "{} kB", serve.peak_kb());
}

#[test]
fn the_proxy_stays_on_its_hosts_and_shows_the_tag_of_the_origin() {
    let content = b"0123456789".to_vec();
    let bytes = content.clone();
    let store = Server::start(move |asked, _| Reply::ranged(&bytes, asked, "\"of-the-origin\""));
    let port = store.url("").rsplit(':').next().unwrap().to_owned();
    let (near, far) = (store.url("/signed"), format!("http://localhost:{port}/signed"));
    let origin = Server::start(move |asked, _| match asked.target.as_str() {
        "/away.h5" => Reply::status(302).with("Location", far.clone()),
        "/near.h5" => Reply::status(302).with("Location", near.clone()),
        _ => Reply::ranged(&content, asked, "\"of-the-origin\""),
    });
    let hosts = [origin.url(""), store.url("")].map(|url| url.trim_start_matches("http://").to_owned());
    let serve = Serve::start(&folder("serve-proxy"), &["--proxy-host", &hosts[0], "--proxy-host", &hosts[1]]);
    for name in ["x.h5", "near.h5"] {
        let (status, head, body) = serve.get(&format!("/proxy/{}", origin.url(&format!("/{name}"))), "bytes=2-4");
        assert_eq!((status, &body[..]), (206, &b"234"[..]), "{head}");
        assert!(head.contains("etag: \"of-the-origin\""), "{head}");
    }
    let before = store.log().len();
    let (status, _, body) = serve.get(&format!("/proxy/{}", origin.url("/away.h5")), "bytes=2-4");
    assert_eq!(status, 403);
    assert!(String::from_utf8_lossy(&body).contains("localhost"));
    assert_eq!(store.log().len(), before, "the redirect was followed");
}

#[cfg(target_os = "linux")]
#[test]
fn without_descriptors_it_waits_and_does_not_spin() {
    let folder = folder("serve-descriptors");
    let page = folder.join("page");
    std::fs::create_dir_all(&page).unwrap();
    std::fs::write(page.join("index.html"), "<html>").unwrap();
    let line = format!(
        "ulimit -n 16; exec {} serve --port 0 --no-open --page {}",
        env!("CARGO_BIN_EXE_icestream"),
        page.display()
    );
    let mut child = Command::new("sh").args(["-c", &line]).env_clear().stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.trim_start_matches("http://127.0.0.1:").split('/').next().unwrap().parse().unwrap();
    let serve = Serve { child, port };
    let held: Vec<TcpStream> = (0..24).map(|_| serve.connect()).collect();
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", serve.child.id())).unwrap();
        stat.rsplit(") ").next().unwrap().split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    };
    let before = ticks();
    std::thread::sleep(Duration::from_secs(1));
    // A hundred in a second.
    assert!(ticks() - before < 30, "{} ticks", ticks() - before);
    drop(held);
    let until = Instant::now() + Duration::from_secs(10);
    while serve.get("/", "").0 != 200 {
        assert!(Instant::now() < until);
    }
}

#[test]
fn connections_that_ask_for_nothing_hold_up_nobody() {
    let serve = Serve::start(&folder("serve-idle"), &[]);
    let idle: Vec<TcpStream> = (0..144).map(|_| serve.connect()).collect();
    let mut stream = serve.connect();
    // Shorter than the patience with the idle ones.
    stream.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", serve.port).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    drop(idle);
}
