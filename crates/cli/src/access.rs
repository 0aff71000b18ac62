//! From flags and environment to the clients that reach remote places.
use crate::args::AccessArgs;
use crate::exit::{self, Failure};
use sources::{Clients, Options, S3Access};
use std::future::Future;
use std::time::Duration;

/// The clients of a run.
pub(crate) fn clients(args: &AccessArgs) -> Clients {
    Clients::new(options(args))
}

/// The options of a run: the environment, and the flags over it.
pub(crate) fn options(args: &AccessArgs) -> Options {
    let mut options = Options::from_env();
    if let Some(url) = &args.endpoint_url {
        options.s3.endpoint_url = Some(url.clone());
    }
    if let Some(region) = &args.region {
        options.s3.region.clone_from(region);
    }
    if args.no_sign_request {
        options.s3.access = S3Access::Anonymous;
    }
    if let Some(seconds) = args.timeout {
        let patience = Duration::from_secs(seconds);
        options.timeouts.connect = options.timeouts.connect.min(patience);
        options.timeouts.idle = patience;
        options.timeouts.request = options.timeouts.request.max(patience);
    }
    if let Some(kib) = args.request_weight {
        for cost in [&mut options.costs.http, &mut options.costs.s3] {
            cost.gap = kib << 10;
            // Reading further ahead saves requests too, where that is what counts.
            cost.ahead = cost.ahead.max(cost.gap / 2).min(128 << 10);
        }
    }
    if let Some(attempts) = args.attempts {
        options.retry.max_attempts = attempts;
    }
    options
}

/// A variable of the environment; an empty one counts as absent.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs a future on one thread that waits for the network.
pub(crate) fn block_on<T, E: From<Failure>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::new(exit::FAILED, format!("no runtime: {error}")))?.block_on(future)
}
