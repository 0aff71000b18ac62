//! `bootstrap`: the custom runtime of the Lambda function. One thread takes events from the Runtime API and answers them
//! one after the other; the work itself is in `jobs`.
#![forbid(unsafe_code)]

mod call;
mod log;

use call::Function;
use dlmalloc::GlobalDlmalloc;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use std::cell::Cell;
use std::process::ExitCode;
use std::time::Instant;
use storage::{Clients, Options};

/// What the runtime client cannot do without ("Using the Lambda runtime API": environment variables).
const NEEDED: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// That of musl, which the shipped executable would have, maps and unmaps pages for every large block: a cell costs 1.7 times
/// the CPU time with it. This one is what Rust's standard library has for WebAssembly.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    let began = Instant::now();
    log::start();
    // The runtime turns a panic into a function error; this makes it a line of the log.
    std::panic::set_hook(Box::new(|panic| log::outside("panic", &panic.to_string())));
    if let Some(name) = NEEDED.into_iter().find(|name| env(name).is_none()) {
        log::outside("init", &format!("{name} is not set: this program runs as a Lambda function"));
        return ExitCode::FAILURE;
    }
    let function = function(began);
    let done = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Into::into);
    let done = done.and_then(|runtime| runtime.block_on(serve(&function)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::outside("runtime", &error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Everything that is built once: options from the environment, connections, trust.
fn function(began: Instant) -> Function {
    let clients = Clients::new(Options::from_env());
    // Trust is set up while starting, when the host gives more CPU; the first request reports a failure.
    let _ = clients.http();
    Function {
        clients,
        name: env("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
        memory_mib: env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|text| text.parse().ok()),
        // AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
        secrets_endpoint: env("AWS_ENDPOINT_URL_SECRETS_MANAGER").or_else(|| env("AWS_ENDPOINT_URL_SSM")),
        init: began.elapsed(),
        warm: Cell::new(false),
    }
}

async fn serve(function: &Function) -> Result<(), lambda_runtime::Error> {
    let answer = |event: LambdaEvent<Value>| async move { function.call(event.payload, &event.context).await };
    Runtime::new(service_fn(answer)).run().await
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
