//! Flags that several commands share and what they mean, and how failures of the rooms below end a command.
#![forbid(unsafe_code)]

pub mod access;
pub mod exit;
mod failures;
pub mod files;
pub mod json;
pub mod product;
pub mod region;
pub mod search;
pub mod source;
pub mod tables;
pub mod target;
pub mod time;

use terminal::{out, progress};
