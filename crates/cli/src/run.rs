//! `icestream run`: the cells of a catalog, here or on Lambda, until each has ended.
mod tell;

use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::out::note;
use crate::time::TimeArgs;
use crate::{access, files, target};
use ::catalog::Catalog;
use ::grid::Chosen;
use clap::{Args, ValueEnum};
use flags::product::EditedProductArgs;
use flags::region::RegionArgs;
use flags::source::read_catalog;
use jobs::Architecture;
use jobs::fan_out::{CellSelection, KeySource, LambdaOptions, RunConflict, RunOn, RunOptions, RunPlan, RunShape};
use morton::Latitude;
use pipeline::{JobSpec, Layout};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;
use storage::Location;
use terminal::RunProgress;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  icestream run --catalog cycle22.json --out stores/ --dry-run
  icestream run --catalog cycle22.json --out s3://bucket/atl06 --on lambda --function icestream-cell --max-cost 5
  icestream run --catalog cycle22.json --out s3://bucket/atl06 --failed-of atl06.run.jsonl

The report has a line for every cell. The same command again goes on where an earlier one stopped: cells that ended well with
the same granules and options, and are there, are not run again. Ctrl-C lets the calls under way end; a second one drops them (exit code 130). Cells that are read for\ntogether on this machine are not waited for.")]
pub(crate) struct RunArgs {
    /// The catalog: cells and their granules; a file, or a place in a bucket.
    #[arg(long, value_name = "FILE")]
    catalog: String,
    /// Where the stores go, each as CELL.zarr: a folder, or s3://bucket/prefix, gs://..., az://.... With --layout sphere, the one store.
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
    #[command(flatten)]
    what: EditedProductArgs,
    #[command(flatten)]
    time: TimeArgs,
    /// A store for each cell, or one of the whole sphere that every cell writes its own chunks of.
    #[arg(long, value_name = "cell|sphere", default_value_t)]
    layout: Layout,
    /// Folder or prefix with indexes that `icestream index` made [default: as the catalog says, else none].
    #[arg(long, value_name = "DIR")]
    index: Option<String>,
    /// Leave out granules that cannot be read, and say so, instead of failing the cell.
    #[arg(long)]
    allow_partial: bool,
    /// Refuse granules whose rows do not hang on their parents (photons on segments) as they should, instead of warning.
    #[arg(long)]
    strict: bool,
    /// Compute a share of the cells (1%, 0.01) a second time from all coordinates, and fail those whose results differ; which
    /// ones follows from their names.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    audit: Option<f64>,
    #[command(flatten)]
    region: RegionArgs,
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
    /// Cells that are read for together: neighbours, each granule once for all of them [default: on this machine as many as the
    /// processors share, up to 256; on lambda 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    cells_per_call: Option<u16>,
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

pub(crate) fn run(args: &RunArgs) -> Result<u8, CommandError> {
    let clients = access::clients(&args.access);
    let mut catalog = access::block_on(read_catalog(&args.catalog, &clients))?;
    let mut options = options(args, &catalog)?;
    within(args, &mut options.shape.spec, &mut catalog)?;
    let mut plan = RunPlan::new(options, &catalog.cells)?;
    let too_dear = |plan: &RunPlan| args.max_cost.is_some_and(|most| plan.estimate().dollars > most);
    let looked = access::block_on(async { Ok::<_, CommandError>(plan.look(may_replace).await?) });
    // An estimate needs no right to look.
    let looked = if args.dry_run || too_dear(&plan) { looked.unwrap_or_default() } else { looked? };
    if let Some(why) = looked.unseen.filter(|_| !args.quiet) {
        note!("note: what is at {} is not looked at, the report is believed: {why}", plan.shape().out);
    }
    let estimate = plan.estimate();
    if args.dry_run {
        tell::estimate(args, &plan, &estimate)?;
        return Ok(exit::DONE);
    }
    if let Some(most) = args.max_cost.filter(|most| estimate.dollars > *most) {
        let message = format!("the run would cost about ${:.2}, and --max-cost is ${most:.2}", estimate.dollars);
        return Err(CommandError::usage(message).hint("--dry-run tells more; --cells or --max-cells take a part"));
    }
    let progress = RunProgress::new(args.quiet, &plan);
    let outcome = access::block_on(async { Ok::<_, CommandError>(plan.run(&looked.resumed, &progress).await?) })?;
    tell::done(args, &plan, &outcome)
}

/// The flags and what the catalog says as options.
fn options(args: &RunArgs, catalog: &Catalog) -> Result<RunOptions, CommandError> {
    let latitude = latitude(args.latitude, catalog)?;
    let mut overviews = args.overviews.iter().map(|&order| target::order(order)).collect::<Result<Vec<_>, _>>()?;
    overviews.sort_unstable();
    overviews.dedup();
    let told = catalog.metadata.get("product").and_then(Value::as_str).unwrap_or(products::USUAL);
    let first = catalog.cells.values().flatten().next().and_then(|link| Location::parse(link).ok());
    let clients = access::clients(&args.access);
    let product = access::block_on(args.what.find(None, told, first.as_ref(), &clients))?;
    let mut spec = JobSpec {
        overviews,
        latitude,
        layout: args.layout,
        allow_partial: args.allow_partial,
        strict: args.strict,
        ..JobSpec::new(product, Vec::new(), target::order(args.child_order)?)
    };
    let names = catalog.cells.values().flatten().map(String::as_str);
    let choice = args.time.choice(None);
    args.time.put(&mut spec, &choice, names)?;
    let standing = access::block_on(async {
        Ok::<_, CommandError>(args.time.standing(&choice, args.layout, &args.out, &clients).await)
    })?;
    spec.time = standing.or(spec.time);
    let index = || catalog.metadata.get("index").and_then(Value::as_str).map(str::to_owned);
    let index = args.index.clone().or_else(index);
    let (which, how) = (&args.which, &args.how);
    // Without cells there is nothing to select from, whatever the list says.
    let area = which.cells.as_deref().filter(|_| !catalog.cells.is_empty()).map(files::cells).transpose()?;
    Ok(RunOptions {
        shape: RunShape { spec, audit: args.audit.unwrap_or(0.0), index, out: args.out.clone() },
        cells: CellSelection {
            area,
            max_cells: which.max_cells,
            failed_of: which.failed_of.clone(),
            partial_of: which.partial_of.clone(),
        },
        on: on(how),
        keys: match &how.credentials_ref {
            Some(name) => KeySource::Reference(name.clone()),
            None if how.earthdata => KeySource::Earthdata,
            None => KeySource::Usual,
        },
        storage: access::options(&args.access),
        concurrency: how.concurrency.map(usize::from),
        cells_per_call: how.cells_per_call.map(usize::from),
        architecture: how.architecture,
        tries: how.tries,
        backoff: Duration::from_millis(how.backoff),
        max_cost: args.max_cost,
        report: args.report.clone(),
        fresh: args.fresh,
        overwrite: args.overwrite,
        dry_run: args.dry_run,
    })
}

/// Leaves the cells that have children in the region, and asks for those alone.
fn within(args: &RunArgs, spec: &mut JobSpec, catalog: &mut Catalog) -> Result<(), CommandError> {
    let (Some(interest), Some(order)) = (args.region.interest()?, catalog.order()) else { return Ok(()) };
    let chosen = Chosen::of(&interest, (spec.child_order, order), spec.latitude, args.region.clip)?;
    let parents: BTreeSet<u64> = chosen.parents.iter().map(|cell| cell.nested()).collect();
    catalog.retain(|cell| parents.contains(&cell.nested()));
    if catalog.cells.is_empty() {
        return Err(CommandError::new(exit::BAD_INPUT, "no cell of the catalog lies in the region"));
    }
    spec.area = Some(chosen.area);
    Ok(())
}

/// The latitude of the flag and of the catalog, which must agree.
fn latitude(asked: Option<Latitude>, catalog: &Catalog) -> Result<Latitude, CommandError> {
    let held = catalog.latitude().map_err(|error| CommandError::new(exit::BAD_INPUT, error))?;
    match (asked, held) {
        (Some(asked), Some(held)) if asked != held => {
            let message = format!("the catalog is of {held} latitude, and --latitude says {asked}");
            Err(CommandError::usage(message).hint("make a catalog of that latitude, or leave the flag out"))
        }
        (asked, held) => Ok(asked.or(held).unwrap_or_default()),
    }
}

fn on(how: &HowArgs) -> RunOn {
    match how.on {
        On::Local => RunOn::Local,
        On::Lambda => RunOn::Lambda(LambdaOptions {
            function: how.function.clone().unwrap_or_default(),
            endpoint: how.lambda_endpoint.clone().or_else(|| access::variable("AWS_ENDPOINT_URL_LAMBDA")),
            memory_mb: how.memory_size,
        }),
    }
}

/// Asks a person whether stores may be replaced that no report calls ours; without one, they may not.
fn may_replace(conflict: &RunConflict) -> bool {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return false;
    }
    eprint!("{conflict}. Replace them? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
