//! `icestream plot`: maps of stores and tables.
use crate::access::AccessArgs;
use crate::exit::{self, Failure};
use crate::out::say;
use crate::tables::{self, Hemisphere};
use crate::{access, maps};
use ::plot::{Map, Sheet, Size, ValueRange};
use clap::Args;
use morton::Latitude;
use std::path::{Path, PathBuf};
use storage::Location;
use stores::{Table, Wanted};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    icestream plot ./-6134114.zarr                                h_mean at the finest order, as map.png\n  \
    icestream plot ./-6134114.zarr --sheet --out sheet.svg        every statistic on one picture\n  \
    icestream plot run/*.zarr --var count --order 10              many cells of a run on one map\n  \
    icestream plot --compare ./a.zarr b.csv --var h_q50           where two results differ")]
pub(crate) struct PlotArgs {
    /// Stores (folders, http(s)://, s3://) or tables (.csv) of cells; several are drawn on one map.
    #[arg(value_name = "STORE|CSV", required_unless_present = "compare")]
    pub(crate) inputs: Vec<String>,
    /// Draw how A differs from B.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["inputs", "sheet"])]
    pub(crate) compare: Vec<String>,
    /// Where to write: .png or .svg, may be given several times [default: map.png].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Vec<PathBuf>,
    /// The variable [default: the mean].
    #[arg(long, value_name = "NAME")]
    pub(crate) var: Option<String>,
    /// The order of the cells [default: the finest in the store].
    #[arg(long, value_name = "ORDER")]
    pub(crate) order: Option<u8>,
    /// All variables on one picture.
    #[arg(long, conflicts_with = "var")]
    pub(crate) sheet: bool,
    /// Pixels across and down [default: 1200x1100, a sheet 1800x1500].
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    pub(crate) size: Option<Size>,
    /// Values at the ends of the colour bar [default: the 2nd and 98th percentile].
    #[arg(long, value_name = "LOW,HIGH", value_parser = limits, allow_hyphen_values = true, conflicts_with = "sheet")]
    pub(crate) limits: Option<ValueRange>,
    /// First line of the picture.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// The side to draw, where there are cells around both poles.
    #[arg(long, value_name = "SIDE", value_enum)]
    pub(crate) hemisphere: Option<Hemisphere>,
    /// Latitude convention of a .csv, which does not contain it; stores do.
    #[arg(long, value_name = "spherical|authalic", default_value_t)]
    pub(crate) latitude: Latitude,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// What is drawn.
enum Picture {
    Map(Box<Map>),
    Sheet(Sheet),
}

pub(crate) fn run(args: &PlotArgs) -> Result<u8, Failure> {
    let outs = if args.out.is_empty() { vec![PathBuf::from("map.png")] } else { args.out.clone() };
    for out in &outs {
        ending(out)?;
    }
    let picture = picture(args)?;
    let default = if args.sheet { (1800, 1500) } else { (1200, 1100) };
    let size = args.size.map_or_else(|| Size::new(default.0, default.1), Ok).map_err(Failure::usage)?;
    for out in &outs {
        let svg = match &picture {
            Picture::Map(map) => map.to_svg(size),
            Picture::Sheet(sheet) => sheet.to_svg(size),
        };
        let failed = |error: &dyn std::fmt::Display| Failure::new(exit::FAILED, format!("{}: {error}", out.display()));
        let bytes = match ending(out)? {
            Ending::Svg => svg.into_bytes(),
            Ending::Png => ::plot::rasterise(&svg).map_err(|error| failed(&error))?,
        };
        storage::write_file(out, &bytes)?;
        say!("wrote {}", out.display());
    }
    Ok(exit::DONE)
}

fn picture(args: &PlotArgs) -> Result<Picture, Failure> {
    let wanted = Wanted { order: args.order, names: &[], latitude: args.latitude };
    if let [a, b] = args.compare.as_slice() {
        return compare(args, [a, b], &wanted).map(|map| Picture::Map(Box::new(map)));
    }
    let table = tables::load(&args.inputs, &wanted, &args.access)?;
    let table = tables::on_one_side(table, args.hemisphere)?;
    if args.sheet {
        return sheet(args, &table).map(Picture::Sheet);
    }
    let mut map = maps::map(&table, &variable(args, &table)?)?;
    finish(args, &mut map);
    Ok(Picture::Map(Box::new(map)))
}

fn compare(args: &PlotArgs, inputs: [&String; 2], wanted: &Wanted<'_>) -> Result<Map, Failure> {
    let [a, b] = inputs;
    let clients = access::clients(&args.access);
    let (left, right) = access::block_on(async {
        Ok::<_, Failure>((tables::read(a, wanted, &clients).await?, tables::read(b, wanted, &clients).await?))
    })?;
    if left.order != right.order {
        let message = format!("{a} has order {}, {b} order {}", left.order, right.order);
        return Err(Failure::new(exit::BAD_INPUT, message).hint("give an order that both have with --order"));
    }
    if left.latitude != right.latitude {
        let message = format!("{a} is {}, {b} {}: the same id is another place", left.latitude, right.latitude);
        return Err(Failure::new(exit::BAD_INPUT, message).hint("run one of them again with the other's --latitude"));
    }
    let left = tables::on_one_side(left, args.hemisphere)?;
    let names = [a, b].map(|input| Location::parse(input).map(|location| location.name()));
    let [Ok(first), Ok(second)] = names else { return Err(Failure::usage("an empty name")) };
    let mut map = maps::difference(&left, &right, &variable(args, &left)?, [&first, &second])?;
    finish(args, &mut map);
    Ok(map)
}

fn sheet(args: &PlotArgs, table: &Table) -> Result<Sheet, Failure> {
    let mut panels = Vec::new();
    for (variable, _) in &table.columns {
        let mut map = maps::map(table, &variable.name)?;
        map.title.clone_from(&variable.name);
        map.subtitle = String::new();
        panels.push(map);
    }
    let title = args.title.as_deref().unwrap_or("All statistics");
    let mut sheet = Sheet::new(title, panels);
    sheet.subtitle = maps::subject(table);
    sheet.footer = maps::provenance(table);
    Ok(sheet)
}

fn finish(args: &PlotArgs, map: &mut Map) {
    map.limits = args.limits;
    if let Some(title) = &args.title {
        map.title.clone_from(title);
    }
}

/// The variable that was asked for, or the mean, or the first.
fn variable(args: &PlotArgs, table: &Table) -> Result<String, Failure> {
    if let Some(name) = &args.var {
        return Ok(name.clone());
    }
    let mut names = table.columns.iter().map(|(variable, _)| &variable.name);
    let mean = names.clone().find(|name| name.ends_with("_mean"));
    mean.or_else(|| names.next()).cloned().ok_or_else(|| Failure::new(exit::BAD_INPUT, "there are no variables"))
}

enum Ending {
    Png,
    Svg,
}

fn ending(path: &Path) -> Result<Ending, Failure> {
    match path.extension().map(std::ffi::OsStr::to_ascii_lowercase).as_ref().and_then(|ending| ending.to_str()) {
        Some("png") => Ok(Ending::Png),
        Some("svg") => Ok(Ending::Svg),
        _ => Err(Failure::usage(format!("{}: a picture ends with .png or .svg", path.display()))),
    }
}

fn size(text: &str) -> Result<Size, String> {
    let wrong = || format!("`{text}`: write 1200x1000");
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let [width, height] = [width, height].map(|side| side.trim().parse().map_err(|_| wrong()));
    Size::new(width?, height?).map_err(|error| error.to_string())
}

fn limits(text: &str) -> Result<ValueRange, String> {
    let wrong = || format!("`{text}`: write 1200,1350.5");
    let (low, high) = text.split_once(',').ok_or_else(wrong)?;
    let [low, high] = [low, high].map(|end| end.trim().parse().map_err(|_| wrong()));
    ValueRange::new(low?, high?).map_err(|error| error.to_string())
}
