//! `icestream plot`: maps of stores and tables.
use crate::access::{self, AccessArgs};
use crate::exit::{self, CommandError};
use crate::files;
use crate::out::{note, say};
use crate::tables::{self, Side, WindowArgs};
use ::plot::{Picture, PictureFormat, PictureOptions, Size, ValueRange};
use clap::Args;
use flags::region::RegionArgs;
use morton::Latitude;
use std::path::{Path, PathBuf};
use storage::Location;
use stores::Wanted;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    icestream plot ./-6134114.zarr                                h_mean at the finest order, as map.png\n  \
    icestream plot ./-6134114.zarr --sheet --out sheet.svg        every statistic on one picture\n  \
    icestream plot run/*.zarr --var count --order 10              many cells of a run on one map\n  \
    icestream plot ./-6134114.zarr --window 2019                  the windows of 2019, one panel each, one scale\n  \
    icestream plot ./-6134114.zarr --animate frames               the same as numbered pictures in a folder\n  \
    icestream plot ./-6134114.zarr --var dhdt                     height change; flagged cells are drawn apart\n  \
    icestream plot --compare ./a.zarr b.csv --var h_q50           where two results differ")]
pub(crate) struct PlotArgs {
    /// Stores (folders, http(s)://, s3://) or tables (.csv) of cells; several are drawn on one map.
    #[arg(value_name = "STORE|CSV", required_unless_present = "compare")]
    pub(crate) inputs: Vec<String>,
    /// Draw how A differs from B.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["inputs", "sheet"])]
    pub(crate) compare: Vec<String>,
    /// Where to write: .png or .svg, a path or a place in a bucket, may be given several times [default: map.png].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Vec<String>,
    /// The variable [default: the mean].
    #[arg(long, value_name = "NAME")]
    pub(crate) var: Option<String>,
    #[command(flatten)]
    pub(crate) windows: WindowArgs,
    #[command(flatten)]
    pub(crate) region: RegionArgs,
    /// Write a picture of each window of time into a folder, numbered, all on one scale.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["out", "sheet", "compare"])]
    pub(crate) animate: Option<PathBuf>,
    /// The order of the cells [default: the finest in the store].
    #[arg(long, value_name = "ORDER")]
    pub(crate) order: Option<u8>,
    /// All variables on one picture.
    #[arg(long, conflicts_with = "var")]
    pub(crate) sheet: bool,
    /// Pixels across and down [default: 1200x1100, a sheet 1800x1500].
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    pub(crate) size: Option<Size>,
    /// Values at the ends of the colour bar [default: the 2nd and 98th percentile].
    #[arg(long, value_name = "LOW,HIGH", allow_hyphen_values = true, conflicts_with = "sheet")]
    pub(crate) limits: Option<ValueRange>,
    /// First line of the picture.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// The side to draw, where there are cells around both poles.
    #[arg(long, value_name = "SIDE", value_enum)]
    pub(crate) hemisphere: Option<Side>,
    /// Latitude convention of a .csv, which does not contain it; stores do.
    #[arg(long, value_name = "spherical|authalic", default_value_t)]
    pub(crate) latitude: Latitude,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

pub(crate) fn run(args: &PlotArgs) -> Result<u8, CommandError> {
    let outs = if args.out.is_empty() { vec!["map.png".to_owned()] } else { args.out.clone() };
    let formats = outs.iter().map(|out| format(Path::new(out))).collect::<Result<Vec<_>, _>>()?;
    if let Some(folder) = &args.animate {
        return animate(args, folder);
    }
    let picture = picture(args)?;
    let size = size(args, matches!(picture, Picture::Sheet(_)))?;
    for (out, format) in outs.iter().zip(formats) {
        let failed = |error| CommandError::new(exit::FAILED, format!("{out}: {error}"));
        let bytes = picture.to_bytes(format, size).map_err(failed)?;
        access::block_on(files::write(out, &bytes, &access::clients(&args.access)))?;
        say!("wrote {out}");
    }
    Ok(exit::DONE)
}

fn size(args: &PlotArgs, is_sheet: bool) -> Result<Size, CommandError> {
    let default = if is_sheet { (1800, 1500) } else { (1200, 1100) };
    args.size.map_or_else(|| Size::new(default.0, default.1), Ok).map_err(CommandError::usage)
}

fn wanted(args: &PlotArgs) -> (Wanted<'_>, PictureOptions) {
    let wanted = Wanted { order: args.order, pick: args.windows.pick(), latitude: args.latitude, ..Wanted::default() };
    let options = PictureOptions {
        variable: args.var.clone(),
        title: args.title.clone(),
        limits: args.limits,
        hemisphere: args.hemisphere.map(Into::into),
    };
    (wanted, options)
}

/// Writes a numbered picture of each window with data.
fn animate(args: &PlotArgs, folder: &Path) -> Result<u8, CommandError> {
    let (wanted, options) = wanted(args);
    let cube = args.region.cut(tables::load(&args.inputs, &wanted, &args.access)?)?;
    let frames = Picture::frames(&cube, &options)?;
    let size = size(args, false)?;
    let failed =
        |error: &dyn std::fmt::Display| CommandError::new(exit::FAILED, format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    for (number, (window, frame)) in (1..).zip(&frames) {
        let name = format!("{number:04}-{}.png", window.name().replace(':', ""));
        let bytes = frame.to_bytes(PictureFormat::Png, size).map_err(|error| failed(&error))?;
        storage::write_file(&folder.join(name), &bytes)?;
    }
    say!("wrote {} pictures into {}", frames.len(), folder.display());
    Ok(exit::DONE)
}

fn picture(args: &PlotArgs) -> Result<Picture, CommandError> {
    let (wanted, options) = wanted(args);
    if let [a, b] = args.compare.as_slice() {
        return compare(args, [a, b], &wanted, &options);
    }
    let cube = args.region.cut(tables::load(&args.inputs, &wanted, &args.access)?)?;
    if args.sheet {
        return Ok(Picture::sheet(cube.into_table()?, &options)?);
    }
    let (picture, left_out) = Picture::windows(&cube, &options)?;
    if !left_out.is_empty() {
        note!("not shown: the windows {}; --window picks, --animate writes all", left_out.join(", "));
    }
    Ok(picture)
}

fn compare(
    args: &PlotArgs,
    [a, b]: [&String; 2],
    wanted: &Wanted<'_>,
    options: &PictureOptions,
) -> Result<Picture, CommandError> {
    let clients = access::clients(&args.access);
    let (left, right) = access::block_on(async {
        Ok::<_, CommandError>((wanted.of_input(a, &clients).await?, wanted.of_input(b, &clients).await?))
    })?;
    if let Some(why) = stores::misleading(&left, &right) {
        note!("warning: {why}");
    }
    let (left, right) = (args.region.cut(left)?.into_table()?, args.region.cut(right)?.into_table()?);
    if left.order != right.order {
        let message = format!("{a} has order {}, {b} order {}", left.order, right.order);
        return Err(CommandError::new(exit::BAD_INPUT, message).hint("give an order that both have with --order"));
    }
    if left.latitude != right.latitude {
        let message = format!("{a} is {}, {b} {}: the same id is another place", left.latitude, right.latitude);
        return Err(
            CommandError::new(exit::BAD_INPUT, message).hint("run one of them again with the other's --latitude")
        );
    }
    let names = [a, b].map(|input| Location::parse(input).map(|location| location.name()));
    let [Ok(first), Ok(second)] = names else { return Err(CommandError::usage("an empty name")) };
    Ok(Picture::difference((&first, left), (&second, &right), options)?)
}

fn format(path: &Path) -> Result<PictureFormat, CommandError> {
    let unknown = || CommandError::usage(format!("{}: a picture ends with .png or .svg", path.display()));
    PictureFormat::of_path(path).ok_or_else(unknown)
}
