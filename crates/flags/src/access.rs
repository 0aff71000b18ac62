//! Makes the clients for remote places from flags and environment.
use crate::exit::{self, CommandError};
use clap::Args;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;
use storage::{Clients, Identity, Options, S3Access};

/// How remote places are reached. Credentials for s3:// come from where the tools of AWS find them: AWS_ACCESS_KEY_ID,
/// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; a web identity; a profile; the role of a container or an instance. For
/// gs:// and az://, and for Earthdata's https:// hosts, they come from the environment: GOOGLE_..., AZURE_...; EARTHDATA_TOKEN, or
/// EARTHDATA_USERNAME and EARTHDATA_PASSWORD, or ~/.netrc. docs/cloud.md lists them. HTTPS_PROXY and NO_PROXY are respected.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Access")]
pub struct AccessArgs {
    /// A profile of ~/.aws/config and ~/.aws/credentials for s3://, in place of all other AWS credentials (AWS_PROFILE: where
    /// the environment has no keys).
    #[arg(long, value_name = "NAME", conflicts_with = "no_sign_request")]
    pub profile: Option<String>,
    /// An S3-compatible store in place of AWS (also: AWS_ENDPOINT_URL).
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// AWS region (also: AWS_REGION, the profile's region) [default: us-west-2].
    #[arg(long, value_name = "REGION")]
    pub aws_region: Option<String>,
    /// Read buckets without a signature: public ones.
    #[arg(long)]
    pub no_sign_request: bool,
    /// More hosts that receive the Earthdata token, or may ask for the Earthdata login; `.example.org` stands for subdomains.
    #[arg(long, value_name = "HOST")]
    pub token_host: Vec<String>,
    /// A file of certificates to trust, PEM, beside the usual ones (also: AWS_CA_BUNDLE, SSL_CERT_FILE).
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Agree to pay for requests and transfer, for buckets that want it (also: AWS_REQUEST_PAYER=requester).
    #[arg(long)]
    pub request_payer: bool,
    /// Seconds to wait for an answer before asking again; its body may take a second more for every KiB.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
    /// What a remote request weighs, in KiB: unwanted bytes worth reading to save one. More for stores that bill requests
    /// (S3: 256), less where bytes are dear [default: 33].
    #[arg(long, value_name = "KIB", value_parser = clap::value_parser!(u64).range(0..=65536))]
    pub request_weight: Option<u64>,
    /// Attempts for one request, the first included.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub attempts: Option<u32>,
}

/// The clients of a run.
pub fn clients(args: &AccessArgs) -> Clients {
    Clients::new(options(args))
}

/// The options of a run: the environment, and the flags over it.
pub fn options(args: &AccessArgs) -> Options {
    let mut options = Options::from_env();
    if let Some(url) = &args.endpoint_url {
        options.s3.endpoint_url = Some(url.clone());
    }
    if let Some(region) = &args.aws_region {
        options.s3.region = Some(region.clone());
    }
    if args.no_sign_request {
        options.s3.access = S3Access::Anonymous;
        options.clouds.anonymous = true;
    }
    if let Some(seconds) = args.timeout {
        let patience = Duration::from_secs(seconds);
        options.timeouts.connect = options.timeouts.connect.min(patience);
        options.timeouts.idle = patience;
        options.timeouts.request = options.timeouts.request.max(patience);
        options.retry.patience = patience;
    }
    options.ca_files.extend(args.ca.clone());
    options.s3.requester_pays |= args.request_payer;
    earthdata::log_in(&mut options, &args.token_host);
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
    // Last: it takes trust and patience over.
    if args.profile.is_some() || options.s3.access == S3Access::Missing {
        let identity = Identity::new(|name| std::env::var(name).ok(), args.profile.clone(), &options);
        options.s3.access = S3Access::Source(identity.into_source());
    }
    options
}

/// A variable of the environment; an empty one counts as absent.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs a future on one thread that waits for the network.
pub fn block_on<T, E: From<CommandError>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    jobs::fan_out::check_descriptors().map_err(|error| {
        CommandError::new(exit::FAILED, format!("there are too few file descriptors: {error}"))
            .hint("raise the limit: ulimit -n 1024")
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| CommandError::new(exit::FAILED, format!("no runtime: {error}")))?.block_on(future)
}

/// From now on Ctrl-C ends the program with these words, after a file that is under way was taken away. What is written must be
/// sound at any moment. Local files are read without a pause, so it is a thread of its own that listens.
pub fn end_on_interrupt(words: &'static str, under_way: Option<PathBuf>) {
    let listen = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            if let Some(path) = under_way {
                // It is nobody's yet.
                let _ = std::fs::remove_file(path);
            }
            terminal::note!("interrupted: {words}");
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    };
    // Without it, the program ends as any other.
    let _ = std::thread::Builder::new().name("interrupt".into()).spawn(listen);
}
