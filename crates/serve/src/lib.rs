//! A small HTTP server for the page: its files, a folder of granules by ranges, and a proxy to archives that refuse pages of
//! other sites.
//!
//! [`PageServer::new`] checks the folders of [`ServeOptions`], [`PageServer::bind`] takes a port of 127.0.0.1, and
//! [`BoundServer::run`] answers requests until the process ends. Pages of other sites are refused unless their origin is
//! allowed. The proxy reads with the credentials of [`ServeOptions::storage`] and from a list of hosts alone.
//!
//! Futures here need a tokio runtime with IO and time; a current-thread one will do.
#![forbid(unsafe_code)]

mod answer;
mod error;
mod guard;
mod patient;
mod proxy;
mod router;
mod server;

pub use error::Error;
pub use server::{BoundServer, PageServer, ServeOptions};
