//! `icestream series`: one cell over windows of time.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::out::{note, say};
use crate::tables::WindowArgs;
use crate::{access, json};
use ::plot::{Chart, PictureFormat, Size};
use clap::Args as ClapArgs;
use morton::{Cell, Latitude};
use std::path::{Path, PathBuf};
use stores::{Pick, Series, Wanted};

#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:\n  \
    icestream series sphere.zarr --cell 4441321332231                    a table of the windows\n  \
    icestream series sphere.zarr --cell 4441321332231 --out cell.png     with error bars and the trend\n\n\
    Where change was estimated (--change) these are heights on one plane a cell, else means of what each window sampled.")]
pub(crate) struct SeriesArgs {
    /// A store with windows of time.
    #[arg(value_name = "STORE", allow_hyphen_values = true)]
    store: String,
    /// The cell, in any notation; its order is one that the store has.
    #[arg(long, value_name = "CELL", allow_hyphen_values = true)]
    cell: String,
    /// The order of a cell that is given as a nested number [default: the finest in the store].
    #[arg(long, value_name = "ORDER")]
    order: Option<u8>,
    /// The variable [default: heights of the estimate of change, or else the mean].
    #[arg(long, value_name = "NAME")]
    var: Option<String>,
    #[command(flatten)]
    windows: WindowArgs,
    /// Where to write: .png, .svg or .csv, may be given several times.
    #[arg(long, short, value_name = "FILE")]
    out: Vec<PathBuf>,
    /// Pixels across and down of a picture.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1200x800")]
    size: Size,
    /// First line of the picture.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Print JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &SeriesArgs) -> Result<u8, CommandError> {
    for out in &args.out {
        format(out)?;
    }
    let series = read(args)?;
    for out in &args.out {
        let bytes = match format(out)? {
            Some(picture) => {
                let failed = |error| CommandError::new(exit::FAILED, format!("{}: {error}", out.display()));
                Chart::new(&series, args.title.as_deref()).to_bytes(picture, args.size).map_err(failed)?
            }
            None => series.to_csv().into_bytes(),
        };
        storage::write_file(out, &bytes)?;
    }
    if args.json {
        json::print(&series)?;
    } else if args.out.is_empty() {
        words::series(&series).iter().for_each(|line| say!("{line}"));
    } else {
        args.out.iter().for_each(|out| say!("wrote {}", out.display()));
    }
    if let Some(why) = &series.note {
        note!("note: {why}");
    }
    Ok(exit::DONE)
}

fn read(args: &SeriesArgs) -> Result<Series, CommandError> {
    let clients = access::clients(&args.access);
    let parsed = |order: u8| footprint::parse_cell(&args.cell, order, Latitude::default());
    let cell = match args.order {
        Some(order) => parsed(order)?,
        None => access::block_on(async {
            let finest = stores::finest_order(&args.store, &clients).await?;
            Ok::<_, CommandError>(parsed(finest)?)
        })?,
    };
    let pick = Pick { cell: Some(cell), ..args.windows.pick() };
    let wanted = Wanted { order: Some(cell.order().get()), pick, ..Wanted::default() };
    let cube = access::block_on(async { Ok::<_, CommandError>(wanted.of_input(&args.store, &clients).await?) })?;
    Ok(Series::of(&cube, cell, args.var.as_deref(), &args.store)?)
}

/// Draws the series of a cell of a store on this machine, with a word before its title.
pub(crate) fn draw(store: &str, cell: Cell, word: &str, out: &Path) -> Result<(), CommandError> {
    let clients = access::clients(&AccessArgs::default());
    let pick = Pick { cell: Some(cell), ..Pick::default() };
    let wanted = Wanted { order: Some(cell.order().get()), pick, ..Wanted::default() };
    let cube = access::block_on(async { Ok::<_, CommandError>(wanted.of_input(store, &clients).await?) })?;
    let failed = |error| CommandError::new(exit::FAILED, format!("{}: {error}", out.display()));
    let size = Size::new(1200, 800).map_err(failed)?;
    let series = Series::of(&cube, cell, None, store)?;
    let chart = Chart::new(&series, None).marked(word).to_bytes(PictureFormat::Png, size).map_err(failed)?;
    Ok(storage::write_file(out, &chart)?)
}

/// The format of a picture; `None` for a table.
fn format(path: &Path) -> Result<Option<PictureFormat>, CommandError> {
    let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let unknown = || CommandError::usage(format!("{}: a series ends with .png, .svg or .csv", path.display()));
    if is_csv { Ok(None) } else { PictureFormat::of_path(path).map(Some).ok_or_else(unknown) }
}
