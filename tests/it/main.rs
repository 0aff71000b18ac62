//! The `icestream` command as a person uses it: real granules, the demo, faults, invariance.
#![expect(clippy::unwrap_used, unreachable_pub, reason = "helpers of tests fail like tests")]

mod catalog;
mod commands;
#[path = "../../crates/catalog/tests/catalog/compose.rs"]
mod compose;
mod demo;
mod faults;
mod invariance;
mod real;
#[path = "../../crates/sources/tests/sources/server.rs"]
#[expect(dead_code, reason = "nobody here looks at the body of a request")]
mod server;
mod support;
