//! `icestream serve`: the page, the bundled sample and a folder of granules by ranges, on this machine alone.
mod answer;
mod guard;
mod patient;
mod proxy;
mod router;

use crate::access;
use crate::access::AccessArgs;
use crate::exit::{self, Failure};
use clap::Args;
use guard::Guard;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use patient::Patient;
use proxy::Proxy;
use router::Router;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{LocalSet, spawn_local};

/// Hosts that the proxy reads from when none is named: NSIDC's, which refuse pages of other sites.
const NSIDC_HOST: &str = "data.nsidc.earthdatacloud.nasa.gov";
/// Where NSIDC's host sends its readers: to the login, and to signed URLs of its buckets.
const BEHIND_NSIDC: [&str; 3] = ["urs.earthdata.nasa.gov", ".cloudfront.net", ".s3.us-west-2.amazonaws.com"];
/// Connections at once; more wait.
const MAX_CONNECTIONS: usize = 256;
/// For the head of a request, also the next one of a connection.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// After a failure to accept, which is one of the whole process: no descriptors, no memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Folder of granules to offer to the page.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8321)]
    port: u16,
    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
    /// Let pages of another site read too (granules of the folder, and the proxy): `https://pages.example`
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Hosts that the proxy reads from in place of NSIDC's, and to which it follows redirects; the Earthdata token goes to
    /// Earthdata's hosts alone.
    #[arg(long, value_name = "HOST")]
    proxy_host: Vec<String>,
    /// Folder of the page, as `wasm/build` makes it [default: the one that came with the program].
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
}

pub(crate) fn run(args: &ServeArgs) -> Result<u8, Failure> {
    let page = args.page.clone().or_else(page_beside).unwrap_or_else(|| PathBuf::from("wasm/dist"));
    if !page.join("index.html").is_file() {
        let failure = Failure::new(exit::BAD_INPUT, format!("{}: the page is not there", page.display()));
        return Err(failure.hint("make it with wasm/build, or say where it is with --page"));
    }
    if let Some(folder) = args.folder.as_deref().filter(|folder| !folder.is_dir()) {
        return Err(Failure::new(exit::BAD_INPUT, format!("{}: there is no such folder", folder.display())));
    }
    let local = LocalSet::new();
    access::block_on(local.run_until(serve(args, page)))
}

/// Accepts connections until the process ends.
async fn serve(args: &ServeArgs, page: PathBuf) -> Result<u8, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let refused = |error| {
        let failure = Failure::new(exit::FAILED, format!("{address}: {error}"));
        failure.hint("take another port with --port, or any free one with --port 0")
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let port = listener.local_addr().map_err(refused)?.port();
    let options = access::options(&AccessArgs::default());
    let proxy = if args.proxy_host.is_empty() {
        Proxy::new(vec![NSIDC_HOST.to_owned()], &BEHIND_NSIDC, options)
    } else {
        Proxy::new(args.proxy_host.clone(), &[], options)
    };
    let router =
        Rc::new(Router { guard: Guard::new(port, &args.allow_origin), proxy, page, folder: args.folder.clone() });
    let url = format!("http://127.0.0.1:{port}/");
    println!("{url}  (this machine only; Ctrl-C ends it)");
    if !args.no_open && !open(&url) {
        println!("open it in a browser");
    }
    accept(&listener, &router).await
}

/// Serves connections until the process ends.
async fn accept(listener: &TcpListener, router: &Rc<Router>) -> Result<u8, Failure> {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let held = Arc::clone(&room).acquire_owned().await;
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let router = Rc::clone(router);
        spawn_local(async move {
            let _held = held;
            let _ = stream.set_nodelay(true);
            let service = service_fn(|request| {
                let router = Rc::clone(&router);
                async move { Ok::<_, std::convert::Infallible>(router.answer(&request).await) }
            });
            let mut connection = http1::Builder::new();
            connection.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
            // An error here means that the client closed the connection early, which is its right.
            let _ = connection.serve_connection(TokioIo::new(Patient::new(stream)), service).await;
        });
    }
}

/// The page in the folders above the program: `page/` of an installation, `wasm/dist/` of a checkout.
fn page_beside() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let mut places =
        program.ancestors().skip(1).take(4).flat_map(|folder| ["page", "wasm/dist"].map(|p| folder.join(p)));
    places.find(|place| place.join("index.html").is_file())
}

/// Asks the desktop to open a URL; returns whether a program for that was started.
fn open(url: &str) -> bool {
    let (program, arguments): (&str, &[&str]) = match () {
        () if cfg!(target_os = "macos") => ("open", &[]),
        () if cfg!(windows) => ("explorer", &[]),
        () => ("xdg-open", &[]),
    };
    let spawned = Command::new(program)
        .args(arguments)
        .arg(Path::new(url))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    spawned.is_ok()
}
