//! Which granules touch which cells, and who may read them (lambda.md, "The catalog" and "Earthdata credentials").
//!
//! * [`Search`] asks the CMR for granules by name, page by page, patiently, and goes on where an interrupted search
//!   stopped ([`Resume`]).
//! * [`crossed_cells`] finds the cells that a granule's own coordinates lie in.
//! * [`assemble`] sorts granules into a [`Catalog`], which reads and writes the seed's JSON.
//! * [`Login`], [`Earthdata`] and [`CredentialProvider`] get S3 credentials and keep them fresh. No `Debug`, error or file
//!   shows a secret.
//!
//! Futures here need a tokio runtime; a current-thread one will do.
#![forbid(unsafe_code)]

mod base64;
mod build;
mod cmr;
mod date;
mod earthdata;
mod error;
mod extent;
mod file;
mod login;
mod name;
mod netrc;
mod provider;
mod record;
mod resume;
mod retry;
mod umm;

pub use build::{Remarks, assemble, usable};
pub use cmr::{CMR_URL, Collection, Found, MOST_PAGE_SIZE, Progress, Query, Search};
pub use date::window_edge;
pub use earthdata::{DATA_URL, Earthdata, Hosts, LOGIN_URL};
pub use error::Error;
pub use extent::{Extent, crossed_cells};
pub use file::{Catalog, Links, Summary};
pub use login::{Login, Proof};
pub use name::name_patterns;
pub use pipeline::GranuleName;
pub use provider::{CredentialProvider, RENEWAL_MARGIN};
pub use record::{LinkKind, Odd, Record, https_twin, newest};
pub use resume::Resume;
