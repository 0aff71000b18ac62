//! Why nothing is served.
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder without the `index.html` of the page.
    #[error("{}: the page is not there", .0.display())]
    Page(PathBuf),
    /// The folder of granules does not exist.
    #[error("{}: there is no such folder", .0.display())]
    Folder(PathBuf),
    /// The port cannot be taken.
    #[error("{address}: {error}")]
    Port {
        /// Address and port.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
}
