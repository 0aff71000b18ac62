//! The `icestream` command as a person uses it: real granules, the demo, faults, invariance.

mod catalog;
mod commands;
#[path = "../../crates/catalog/tests/catalog/compose.rs"]
mod compose;
mod demo;
mod faults;
mod invariance;
mod real;
#[path = "../../crates/sources/tests/sources/server.rs"]
mod server;
mod support;
