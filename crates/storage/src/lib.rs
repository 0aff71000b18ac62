//! Reads byte ranges and writes objects, natively: local files, HTTP, S3, Google Cloud Storage and Azure Blob Storage.
//!
//! [`Clients`] is built once from [`Options`] and shared. It opens a [`Location`] as a [`GranuleSource`] (a
//! [`byte_ranges::Source`]) or as a [`StoreSink`] (a [`byte_ranges::Sink`]), and [`Clients::expand`] turns what a user
//! typed into locations.
//!
//! * Every remote read is a ranged GET whose answer is checked: 206, the range that was asked for, the length, and the
//!   version (`ETag`, else date and size) that the first answer pinned.
//! * After a transient failure the request is sent again, a bounded number of times, with full jitter and at least
//!   `Retry-After`; [`Stats`] counts every retry. [`retry`] and [`StatusClass`] serve other clients too.
//! * Requests to S3 are signed here ([`sigv4`]). HTTP and S3 share one client, so retries, checks and counters have one
//!   implementation. TLS is rustls with Graviola: no C anywhere.
//! * With the feature `identity`, `Identity` finds S3 credentials where the tools of AWS do: profiles, SSO, roles, containers,
//!   instances. The function, whose environment has its keys, is built without.
//! * Secrets are [`Secret`]: no `Debug`, `Display` or error shows them, nor the query of a URL.
//!
//! Futures here need a tokio runtime; a current-thread one will do.
#![forbid(unsafe_code)]

mod access;
mod beside;
mod clients;
#[cfg(feature = "clouds")]
mod cloud;
#[cfg(feature = "clouds")]
mod cloud_clients;
#[cfg(feature = "clouds")]
mod cloud_crypto;
#[cfg(feature = "clouds")]
mod cloud_error;
#[cfg(feature = "clouds")]
mod cloud_http;
#[cfg(feature = "clouds")]
mod cloud_list;
#[cfg(feature = "clouds")]
mod cloud_place;
#[cfg(feature = "clouds")]
mod cloud_sink;
#[cfg(feature = "clouds")]
mod cloud_source;
mod credentials;
mod encode;
mod exchange;
mod expand;
mod granule;
#[cfg(feature = "identity")]
mod identity;
mod key;
mod local;
mod location;
pub mod moment;
mod options;
mod paced;
mod refusal;
mod region;
mod remote;
pub mod retry;
mod s3;
mod s3_list;
mod secret;
mod session;
mod shared;
pub mod sigv4;
mod sink;
mod sink_local;
mod sink_s3;
mod source;
mod stats;
mod status;
mod tls;
mod version;

pub use access::{S3Access, S3Options};
pub use beside::{NewFile, read_file, read_text, write_error, write_file};
pub use clients::Clients;
#[cfg(feature = "clouds")]
pub use cloud_sink::CloudSink;
#[cfg(feature = "clouds")]
pub use cloud_source::CloudSource;
pub use credentials::{Bearer, Credentials, EARTHDATA_HOSTS, Password};
pub use granule::GranuleSource;
#[cfg(feature = "identity")]
pub use identity::Identity;
pub use local::LocalSource;
pub use location::{Location, redacted};
pub use options::{CloudOptions, Costs, Options, Retry, Timeouts, TlsRoots};
pub use paced::{Broken, Paced};
pub use refusal::terms;
pub use region::DEFAULT_REGION;
pub use remote::RemoteSource;
pub use secret::Secret;
pub use session::Jar;
pub use sink::StoreSink;
pub use sink_local::LocalSink;
pub use sink_s3::S3Sink;
pub use source::{CredentialSource, FindCredentials, FoundCredentials};
pub use stats::{Billed, Counts, Stats};
pub use status::StatusClass;
pub use tls::http_client;
