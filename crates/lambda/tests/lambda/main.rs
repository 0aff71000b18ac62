//! The real `bootstrap` as a child process, with a local Runtime API and an S3 server that checks signatures.
//!
//! `BOOTSTRAP` names another executable to test, with words before it if need be: `qemu-aarch64 path/to/bootstrap`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod answers;
mod failures;
mod fan_out;
mod function;
mod logs;
mod runtime_api;
mod s3;
mod store;
mod warm;

use testing::server;
