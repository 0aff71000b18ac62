//! NASA's Earthdata: which granules exist, and who may read them (docs/lambda.md, "The catalog" and "Earthdata
//! credentials").
//!
//! * [`Search`] asks the CMR for granules by name, page by page with retries, and continues where an interrupted
//!   search stopped ([`Resume`]). It finds [`Record`]s.
//! * [`newest`] keeps the newest version of each granule; [`name_patterns`] handles granules' names.
//! * [`Login`], [`Earthdata`] and [`CredentialProvider`] get S3 credentials and keep them fresh. No `Debug`, error or file
//!   shows a secret.
//!
//! Futures here need a tokio runtime; a current-thread one will do.
#![forbid(unsafe_code)]

mod answer;
mod cmr;
mod date;
mod error;
mod hosts;
mod identity;
mod login;
mod name;
mod netrc;
mod options;
mod provider;
mod record;
mod resume;
mod umm;

pub use cmr::{CMR_URL, Collection, Found, MAX_PAGE_SIZE, Progress, Query, Search};
pub use date::window_edge;
pub use error::Error;
pub use hosts::{DATA_URL, Earthdata, Hosts, LOGIN_URL};
pub use identity::CheckedIdentity;
pub use login::{Login, Proof};
pub use name::name_patterns;
pub use options::log_in;
pub use provider::{CredentialProvider, RENEWAL_MARGIN};
pub use record::{LinkKind, Odd, Record, https_link, newest};
pub use resume::Resume;
