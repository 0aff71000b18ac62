//! `icestream run`: the cells of a catalog, here or on Lambda, until each has ended.
mod answer;
mod descriptors;
mod drive;
mod ended;
mod estimate;
mod journal;
mod keys;
mod lambda;
mod local;
mod look;
mod pace;
mod plan;
mod progress;
mod tell;

use crate::access;
use crate::args::AccessArgs;
use crate::exit::{self, Failure};
use aggregate::Statistic;
use clap::{Args, ValueEnum};
use drive::{Backend, Drive, RunOutcome};
use jobs::{Architecture, Look, Output};
use journal::Journal;
use keys::ReadingKeys;
use lambda::Lambda;
use local::Local;
use morton::Latitude;
use pipeline::Layout;
use plan::RunPlan;
use progress::Progress;
use std::path::PathBuf;
use std::time::Duration;
use storage::{Location, StoreSink};

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  icestream run --catalog cycle22.json --out stores/ --dry-run
  icestream run --catalog cycle22.json --out s3://bucket/atl06 --on lambda --function icestream-cell --max-cost 5
  icestream run --catalog cycle22.json --out s3://bucket/atl06 --failed-of atl06.run.jsonl

The report has a line for every cell. The same command again goes on where an earlier one stopped: cells that ended well with
the same granules and options, and are there, are not run again. Ctrl-C lets the cells under way end; a second one drops them (exit code 130).")]
pub(crate) struct RunArgs {
    /// The catalog: cells and their granules.
    #[arg(long, value_name = "FILE")]
    catalog: PathBuf,
    /// Where the stores go, each as CELL.zarr: a folder, or s3://bucket/prefix. With --layout sphere, the one store.
    #[arg(long, value_name = "PLACE")]
    out: String,
    /// Order of the children.
    #[arg(long, value_name = "ORDER", default_value_t = 12)]
    child_order: u8,
    /// What cell ids are computed from [default: as the catalog says, else spherical].
    #[arg(long, value_name = "spherical|authalic")]
    latitude: Option<Latitude>,
    /// Orders between cell and children that are written too: 11,10,9
    #[arg(long, value_name = "ORDERS", value_delimiter = ',')]
    overviews: Vec<u8>,
    /// Statistics beside the nine: unweighted_mean (with it the variance composes exactly above the cells), quantiles as q05
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    also: Vec<Statistic>,
    /// A store for each cell, or one of the whole sphere that every cell writes its own chunks of.
    #[arg(long, value_name = "cell|sphere", default_value_t)]
    layout: Layout,
    /// Folder or prefix with indexes that `icestream index` made [default: as the catalog says, else none].
    #[arg(long, value_name = "DIR")]
    index: Option<String>,
    /// Leave out granules that cannot be read, and say so, instead of failing the cell.
    #[arg(long)]
    allow_partial: bool,
    /// Compute a share of the cells (1%, 0.01) a second time from all coordinates, and fail those whose results differ; which
    /// ones follows from their names.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    audit: Option<f64>,
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    how: HowArgs,
    /// Tell what the run would take, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Dollars: a run whose estimate is higher does not start, and one that comes near stops beginning cells.
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// The report, a line of JSON for every cell [default: the name of --out with .run.jsonl].
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Run cells again although the report says that they ended well.
    #[arg(long)]
    fresh: bool,
    /// Replace what is at --out and not known to the report, made from other granules or otherwise, without asking.
    #[arg(long)]
    overwrite: bool,
    /// Print the whole report as JSON on standard output at the end.
    #[arg(long)]
    json: bool,
    /// No progress and no summary; errors only.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    access: AccessArgs,
}

/// Which cells of the catalog.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cells")]
struct WhichArgs {
    /// These: a list in any notation, or a file that holds one (text, JSON, or a catalog).
    #[arg(long, value_name = "LIST|FILE", allow_hyphen_values = true)]
    cells: Option<String>,
    /// No more than the first N of the catalog.
    #[arg(long, value_name = "N")]
    max_cells: Option<usize>,
    /// Those that failed in an earlier run, by its report.
    #[arg(long, value_name = "REPORT")]
    failed_of: Option<PathBuf>,
    /// Those that lack granules in an earlier run, by its report; they are run again.
    #[arg(long, value_name = "REPORT")]
    partial_of: Option<PathBuf>,
}

/// Where cells are computed.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machines")]
struct HowArgs {
    /// On this machine, or by calls of a Lambda function.
    #[arg(long, value_enum, default_value_t)]
    on: On,
    /// Name or ARN of the function (deploy/README.md sets one up).
    #[arg(long, value_name = "NAME", required_if_eq("on", "lambda"))]
    function: Option<String>,
    /// Lambda's endpoint, where it is not that of --endpoint-url or AWS (also: AWS_ENDPOINT_URL_LAMBDA).
    #[arg(long, value_name = "URL")]
    lambda_endpoint: Option<String>,
    /// Memory of the function, MB: for estimates, and for calls whose bill is not told.
    #[arg(long, value_name = "MB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(128..=10_240))]
    memory_size: u64,
    /// Processor of the function: for the price.
    #[arg(long, value_name = "arm64|x86_64", default_value_t = Architecture::Arm64)]
    architecture: Architecture,
    /// Name of the secret or parameter that holds the credentials for reading: the function fetches them itself.
    #[arg(long, value_name = "NAME", conflicts_with = "earthdata")]
    credentials_ref: Option<String>,
    /// Read s3:// with credentials of the Earthdata login, renewed in time [default: for NSIDC's buckets].
    #[arg(long)]
    earthdata: bool,
    /// Cells under way at once [default: the processors of this machine, or 500 on lambda].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    concurrency: Option<u16>,
    /// Attempts for one cell where another may help, the first included; throttled ones do not count.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    tries: u32,
    /// First wait before another attempt, ms; it doubles, and is drawn at random below that.
    #[arg(long, value_name = "MS", default_value_t = 1000, hide = true)]
    backoff: u64,
}

/// Where cells are computed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
enum On {
    /// On this machine.
    #[default]
    Local,
    /// By a Lambda function.
    Lambda,
}

/// A share as a number from 0 to 1, or in percent.
fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 0.01));
    let share = number.trim().parse::<f64>().map(|number| number * unit);
    let share = share.ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is no share: give 1%, 100%, or a number from 0 to 1"))
}

pub(crate) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let mut plan = RunPlan::new(args)?;
    let too_dear = |plan: &RunPlan| args.max_cost.is_some_and(|most| plan.estimate(args).dollars > most);
    let looked = access::block_on(plan.look(args));
    // An estimate needs no right to look.
    let resumed = if args.dry_run || too_dear(&plan) { looked.unwrap_or_default() } else { looked? };
    let estimate = plan.estimate(args);
    if args.dry_run {
        tell::estimate(args, &plan, &estimate)?;
        return Ok(exit::DONE);
    }
    if let Some(most) = args.max_cost.filter(|most| estimate.dollars > *most) {
        let message = format!("the run would cost about ${:.2}, and --max-cost is ${most:.2}", estimate.dollars);
        return Err(Failure::usage(message).hint("--dry-run tells more; --cells or --max-cells take a part"));
    }
    let mut journal = Journal::open(&plan.report, &plan.shape.out, plan.layout_name())?;
    resumed.iter().try_for_each(|ended| journal.ended(ended))?;
    let began = std::time::Instant::now();
    if plan.work.is_empty() {
        if let Some(output) = output(args, &plan)? {
            access::block_on(async {
                output.forget_probe().await;
                Ok::<_, Failure>(())
            })?;
        }
        return tell::done(args, &plan, &RunOutcome::default(), began.elapsed(), 0);
    }
    let (outcome, keys) = access::block_on(async {
        let keys = ReadingKeys::of(args, &plan)?;
        // Before a long run starts: whether it could end well.
        keys.check().await?;
        let output = output(args, &plan)?;
        if let Some(output) = &output {
            output.probe().await?;
        }
        begin_sphere(args, &plan).await?;
        let drive = Drive {
            backend: backend(args, &plan)?,
            output,
            keys,
            plan: &plan,
            tries: args.how.tries,
            backoff: Duration::from_millis(args.how.backoff),
            max_cost: args.max_cost,
            per_cell: estimate.dollars / plan.work.len().max(1) as f64,
            progress: Progress::new(args.quiet, &plan),
            architecture: args.how.architecture,
        };
        let outcome = drive.run(&mut journal).await?;
        Ok::<_, Failure>((outcome, drive.keys.renewals()))
    })?;
    journal.finish()?;
    tell::done(args, &plan, &outcome, began.elapsed(), keys)
}

/// A store of many cells: what all share is written once, and a store of another job is refused before anything runs.
async fn begin_sphere(args: &RunArgs, plan: &RunPlan) -> Result<(), Failure> {
    let Some(first) = plan.work.first().filter(|_| plan.shape.spec.layout == Layout::Sphere) else { return Ok(()) };
    let job = plan.shape.spec.job(first.cell).map_err(Failure::usage)?;
    let (place, clients) = (Location::parse(&plan.shape.out)?, access::clients(&args.access));
    Ok(jobs::begin_sphere(&Output { place, clients, look: Look::First { replace: true } }, &job).await?)
}

/// The place of all cells, if this process writes it.
fn output(args: &RunArgs, plan: &RunPlan) -> Result<Option<StoreSink>, Failure> {
    if args.how.on != On::Local {
        return Ok(None);
    }
    Ok(Some(access::clients(&args.access).sink(&Location::parse(&plan.shape.out)?)?))
}

fn backend(args: &RunArgs, plan: &RunPlan) -> Result<Backend, Failure> {
    let options = access::options(&args.access);
    let how = &args.how;
    match how.on {
        On::Local => {
            let usual = std::thread::available_parallelism().map_or(1, usize::from);
            let most = how.concurrency.map_or(usual, usize::from).min(plan.work.len().max(1));
            Ok(Backend::Local(Box::new(Local::start(&options, &plan.shape, most)?)))
        }
        On::Lambda => Ok(Backend::Lambda(Box::new(Lambda::new(how, &options, plan, args.quiet)?))),
    }
}
