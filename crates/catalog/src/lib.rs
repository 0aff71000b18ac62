//! draft
#![forbid(unsafe_code)]
mod area;
mod build;
mod cover;
mod date;
mod error;
mod extent;
mod file;
mod footprint;
mod name;
mod orbit;
mod record;
mod region;
mod umm;
mod vector;
pub use area::*;
pub use build::*;
pub use file::*;
pub use extent::*;
pub use error::Error;
pub use name::{GranuleName, name_patterns};
pub use record::*;
pub use orbit::*;
pub use footprint::*;
pub use date::*;
