//! Accepts connections.
use crate::error::Error;
use crate::guard::Guard;
use crate::patient::Patient;
use crate::proxy::Proxy;
use crate::router::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
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

/// What is served, and to whom.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Folder of the page, with its `index.html`.
    pub page: PathBuf,
    /// Folder of granules to offer to the page.
    pub folder: Option<PathBuf>,
    /// Origins of other sites whose pages may read too, as `https://pages.example`.
    pub origins: Vec<String>,
    /// Hosts that the proxy reads from and to which it follows redirects; empty: NSIDC's.
    pub proxy_hosts: Vec<String>,
    /// How the proxy reads: credentials, timeouts, retries.
    pub storage: storage::Options,
}

/// A server that has not begun.
#[derive(Debug)]
pub struct PageServer {
    options: ServeOptions,
}

impl PageServer {
    /// Checks that the folders exist.
    ///
    /// # Errors
    /// [`Error::Page`] and [`Error::Folder`].
    pub fn new(options: ServeOptions) -> Result<Self, Error> {
        if !options.page.join("index.html").is_file() {
            return Err(Error::Page(options.page));
        }
        match options.folder {
            Some(folder) if !folder.is_dir() => Err(Error::Folder(folder)),
            _ => Ok(Self { options }),
        }
    }

    /// Takes the port.
    ///
    /// # Errors
    /// [`Error::Port`].
    pub async fn bind(self) -> Result<BoundServer, Error> {
        let ServeOptions { port, page, folder, origins, proxy_hosts, storage } = self.options;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let refused = |error| Error::Port { address, error };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let port = listener.local_addr().map_err(refused)?.port();
        let proxy = if proxy_hosts.is_empty() {
            Proxy::new(vec![NSIDC_HOST.to_owned()], &BEHIND_NSIDC, storage)
        } else {
            Proxy::new(proxy_hosts, &[], storage)
        };
        let router = Router { guard: Guard::new(port, &origins), proxy, page, folder };
        Ok(BoundServer { listener, router: Rc::new(router), url: format!("http://127.0.0.1:{port}/") })
    }
}

/// A server that has its port.
pub struct BoundServer {
    listener: TcpListener,
    router: Rc<Router>,
    url: String,
}

impl BoundServer {
    /// Where the page is: `http://127.0.0.1:8321/`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Serves connections until the process ends.
    pub async fn run(self) -> Infallible {
        LocalSet::new().run_until(self.accept()).await
    }

    async fn accept(self) -> Infallible {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let held = Arc::clone(&room).acquire_owned().await;
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let router = Rc::clone(&self.router);
            spawn_local(async move {
                let _held = held;
                let _ = stream.set_nodelay(true);
                let service = service_fn(|request| {
                    let router = Rc::clone(&router);
                    async move { Ok::<_, Infallible>(router.answer(&request).await) }
                });
                let mut connection = http1::Builder::new();
                connection.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
                // An error here means that the client closed the connection early, which is its right.
                let _ = connection.serve_connection(TokioIo::new(Patient::new(stream)), service).await;
            });
        }
    }
}
