//! The `icestream` command as a person uses it: real granules, the demo, faults, invariance.
#![expect(clippy::unwrap_used, unreachable_pub, reason = "helpers of tests fail like tests")]

mod bucket;
mod catalog;
mod cf;
mod commands;
mod credentials;
mod demo;
mod doors;
mod faults;
mod grid;
mod identity;
mod index;
mod invariance;
mod json;
mod kills;
mod log;
mod messages;
mod others;
mod outputs;
mod real;
mod refusals;
mod rerun;
mod run;
mod run_lambda;
mod serve;
mod stores;
mod support;
mod time;
mod validate;
mod windows;

use testing::{cmr as compose, server};
