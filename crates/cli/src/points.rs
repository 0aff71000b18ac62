//! `icestream points`: the rows of a region themselves.
use crate::access::{self, AccessArgs};
use crate::exit::{self, CommandError};
use crate::grid::{Asked, Asking, CellsOfRegionArgs, ReadArgs};
use crate::json;
use crate::out::{note, say};
use crate::time::TimeArgs;
use ::grid::PointsJob;
use ::points::{PointFormat, PointSchema, PointWriter, PointsWritten};
use byte_ranges::{data_size, thousands};
use clap::Args;
use flags::region::RegionArgs;
use flags::source::SourceArgs;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use storage::{Location, NewFile};
use terminal::GridProgress;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  icestream points granules/ --region basin.geojson --out points.parquet
  icestream points granules/ --region=-51,68.5,-48,69.8 --columns h_li,h_li_sigma,dem/dem_h --out points.arrow
  icestream points --cycle 22 --region greenland --keep 'h_li_sigma <= 0.1' --out points.fgb")]
pub(crate) struct PointsArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    region: RegionArgs,
    /// Columns of the product: its own by their names, others by their paths in the tracks [default: value and uncertainty].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// The file to write; its ending chooses the format: .parquet, .arrow, .csv or .fgb.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    cells: CellsOfRegionArgs,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    how: ReadArgs,
    /// Replace a file that is there.
    #[arg(long)]
    overwrite: bool,
    /// Print what was done as JSON on standard output.
    #[arg(long)]
    json: bool,
    /// No progress and no summary; errors only.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &PointsArgs) -> Result<u8, CommandError> {
    let began = Instant::now();
    let format = PointFormat::of_path(&args.out)?;
    if args.out.exists() && !args.overwrite {
        let message = format!("{} is already there", args.out.display());
        return Err(CommandError::new(exit::USAGE, message).hint("add --overwrite, or choose another name"));
    }
    let clients = access::clients(&args.access);
    let PointsArgs { source, region, cells, time, how, quiet, .. } = args;
    let asking = Asking { source, region, cells, time, how, quiet: *quiet };
    let Asked { mut spec, chosen, granules } = access::block_on(asking.asked(&clients))?;
    spec.product.ask_for_points(&args.columns).map_err(CommandError::usage)?;
    let names: Vec<String> = granules.granules.iter().map(Location::name).collect();
    let job = PointsJob { spec, chosen, granules, together: how.together(&clients) };
    let progress = GridProgress::new(args.quiet);
    // A place that cannot be written fails before anything is read.
    let file = NewFile::begin(&args.out)?;
    access::end_on_interrupt("nothing was written; run the same command again", file.under_way().map(Path::to_owned));
    let mut file = Some(file);
    let (mut writer, mut failed) = (None, None);
    let read = access::block_on(async {
        let mut take = |kinds: &[pipeline::PointKind], job: &pipeline::Job, rows: pipeline::PointRows<'_>| {
            let mut push = || {
                if let Some(file) = file.take() {
                    let schema = PointSchema::new(job, kinds, names.iter().map(String::as_str))?;
                    writer = Some(PointWriter::begin(file, format, schema)?);
                }
                writer.as_mut().map_or(Ok(()), |writer| writer.push(job.parent(), rows))
            };
            push().map_err(|error: ::points::Error| {
                let message = error.to_string();
                failed = Some(error);
                ::grid::Error::Rows(message)
            })
        };
        Ok::<_, CommandError>(job.run(&mut take, &progress).await?)
    });
    progress.finish();
    let (rows, read) = match (read, failed) {
        (Ok(read), _) => read,
        (Err(_), Some(error)) => return Err(error.into()),
        (Err(failure), None) => return Err(failure.hint("nothing was written: run the same command again")),
    };
    let written = writer.map(PointWriter::finish).transpose()?;
    let code = if read.failed.is_empty() { exit::DONE } else { exit::PARTIAL };
    if args.json {
        json::print(&json!({
            "rows": rows, "written": written.as_ref().map(|_| &args.out), "granules": names.len(),
            "granules_failed": read.failed.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "requests": read.requests, "bytes": read.bytes, "seconds": began.elapsed().as_secs_f64(),
        }))?;
        return Ok(code);
    }
    read.failed.iter().for_each(|(name, why)| note!("left out: {name}: {why}"));
    tell(args, written.as_ref(), &read, began);
    Ok(code)
}

fn tell(args: &PointsArgs, written: Option<&PointsWritten>, read: &::grid::Read, began: Instant) {
    if args.quiet {
        return;
    }
    let took = words::time(began.elapsed().as_secs_f64());
    let took = format!("{} read in {} requests, {took}", data_size(read.bytes), thousands(read.requests));
    let Some(PointsWritten { rows, bytes, .. }) = written else {
        say!("no rows lie in the region; nothing is written ({took})");
        return;
    };
    say!("wrote {}: {} rows, {}; {took}", args.out.display(), thousands(*rows), data_size(*bytes));
    let shown = args.out.display().to_string();
    let ends = |ending: &str| Path::new(&shown).extension().is_some_and(|own| own == ending);
    if ends("parquet") || ends("fgb") {
        let read = if ends("parquet") { "read_parquet" } else { "read_file" };
        say!("\n    import geopandas\n    points = geopandas.{read}({shown:?})");
    }
}
