//! Tables of cells as maps, with words about them.
use crate::{ColourMap, Error, Map, Patch, Scale};
use byte_ranges::thousands;
use morton::{Cell, Latitude};
use serde_json::Value;
use std::collections::BTreeSet;
use stores::{Column, Partial, Table, VariableInfo};

/// Points along each edge of a parent's outline.
const OUTLINE: usize = 32;

/// Which side of the equator is drawn, where there are cells around both poles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hemisphere {
    /// South of the equator.
    South,
    /// North of the equator.
    North,
}

/// The cells of one hemisphere, by their centres: no projection shows both poles. Without a side, all cells.
///
/// # Errors
/// [`Error::BothPoles`] without a side, where there are cells beyond 50 degrees both south and north.
pub fn on_one_side(table: Table, side: Option<Hemisphere>) -> Result<Table, Error> {
    Ok(match rows_on_one_side(&table, side)? {
        Some(rows) => table.select(&rows),
        None => table,
    })
}

/// The rows of the cells of one hemisphere; `None` for all.
///
/// # Errors
/// As [`on_one_side`].
pub fn rows_on_one_side(table: &Table, side: Option<Hemisphere>) -> Result<Option<Vec<usize>>, Error> {
    let latitudes: Vec<f64> = table.cells().map(|cell| cell.centre_in(table.latitude).lat()).collect();
    let both = latitudes.iter().any(|&lat| lat > 50.0) && latitudes.iter().any(|&lat| lat < -50.0);
    match side {
        None if both => Err(Error::BothPoles),
        None => Ok(None),
        Some(side) => {
            let is_on = |lat: f64| if side == Hemisphere::South { lat <= 0.0 } else { lat > 0.0 };
            Ok(Some((0..latitudes.len()).filter(|&row| is_on(latitudes[row])).collect()))
        }
    }
}

/// A map of one variable of a table.
pub(crate) fn map(table: &Table, name: &str) -> Result<Map, Error> {
    let (variable, column) = table.column(name)?;
    // Other projects store flags and classes as integers too: 0 is a value there.
    let count = column.is_integer() && (name == "count" || name.ends_with("_count"));
    let value = |row: usize| {
        let value = column.number(row);
        if count && value == 0.0 { f64::NAN } else { value }
    };
    let flagged = if is_change(name) { flagged(table) } else { vec![false; table.ids.len()] };
    let mut map = of(table, variable, (0..table.ids.len()).map(|row| if flagged[row] { f64::NAN } else { value(row) }));
    let flagged = table.cells().zip(flagged).filter(|(_, is)| *is);
    map.flagged = flagged.map(|(cell, _)| polygon(cell, table.latitude)).collect();
    if count {
        map.scale = Scale::Log;
    }
    if is_signed(name) {
        map.colours = if name.starts_with("slope_") { ColourMap::Diverging } else { ColourMap::Losses };
    }
    Ok(map)
}

/// Whether a variable is a trend or a slope, whose sign matters.
fn is_signed(name: &str) -> bool {
    name == "dhdt" || name.ends_with("_trend") || name.starts_with("slope_")
}

/// Whether a variable is of the estimate of change, which flags are about.
fn is_change(name: &str) -> bool {
    let stem = name.trim_end_matches("_se");
    is_signed(stem) || ["_ref", "_window"].iter().any(|end| stem.ends_with(end))
}

/// Cells that were observed, and whose change is flagged.
fn flagged(table: &Table) -> Vec<bool> {
    let column =
        |name: &str| table.columns.iter().find(|(variable, _)| variable.name == name).map(|(_, column)| column);
    let (flags, passes) = (column("change_flag"), column("change_overpasses"));
    let is = |row: usize| {
        flags.is_some_and(|flags| flags.number(row) != 0.0) && passes.is_none_or(|passes| passes.number(row) > 0.0)
    };
    (0..table.ids.len()).map(is).collect()
}

/// A map of the difference of a variable, `a` less `b`, in the cells that both have; neither need be complete.
pub(crate) fn difference(a: &Table, b: &Table, name: &str, names: [&str; 2]) -> Result<Map, Error> {
    let (variable, left) = a.column(name)?;
    let (_, right) = b.column(name)?;
    let other = |id: u64| b.ids.binary_search(&id).map_or(f64::NAN, |row| right.number(row));
    let values: Vec<f64> = a.ids.iter().enumerate().map(|(row, &id)| left.number(row) - other(id)).collect();
    let mut map = of(a, variable, values.iter().copied());
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).filter(|value| value.is_finite()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let unit = &map.unit;
    map.title = format!("{name}: {} less {}", names[0], names[1]);
    map.subtitle = match (sizes.last(), sizes.get(sizes.len() / 2)) {
        (Some(&0.0), _) => format!("equal in all {} cells that both have", thousands(sizes.len() as u64)),
        (Some(most), Some(typical)) => format!(
            "{} cells that both have, differences up to {} {unit}, half of them below {} {unit}",
            thousands(sizes.len() as u64),
            short(*most),
            short(*typical)
        ),
        _ => "no cell has a value in both".to_owned(),
    };
    let missing = Partial::and(a.partial.clone(), b.partial.clone());
    map.subtitle.insert_str(0, &partial(missing.as_ref()));
    map.variable = format!("difference of {name}");
    map.colours = ColourMap::Diverging;
    Ok(map)
}

/// What the table is, as a line of words.
pub(crate) fn subject(table: &Table) -> String {
    let parents = table.parents();
    let place = match (parents.as_slice(), table.parent) {
        ([only], _) => format!("cell {only}, "),
        ([_, _, ..], Some(order)) => format!("{} cells of order {order}, ", thousands(parents.len() as u64)),
        _ => String::new(),
    };
    let observed = table.observed().len() as u64;
    let counted = table.columns.iter().find(|(variable, _)| variable.name == "count").map(|(_, column)| column);
    let rows = match counted {
        Some(Column::I64(counts)) => format!(", {} observations", thousands(unsigned(counts.iter().sum()))),
        _ => String::new(),
    };
    format!(
        "{}{place}HEALPix order {}, {} of {} cells with data{rows}",
        partial(table.partial.as_ref()),
        table.order,
        thousands(observed),
        thousands(table.ids.len() as u64)
    )
}

/// The beginning of a line about values that lack granules.
fn partial(partial: Option<&Partial>) -> String {
    partial.map_or_else(String::new, |partial| format!("{partial}; "))
}

/// Where the data come from, according to the store.
pub(crate) fn provenance(table: &Table) -> String {
    let drawn: BTreeSet<i64> = table.parents().iter().filter_map(|parent| parent.decimal().ok()).collect();
    let of_drawn =
        |part: &&Value| part["parent_morton"].as_i64().is_none_or(|id| drawn.is_empty() || drawn.contains(&id));
    let parts: Vec<&Value> = parts(&table.provenance).into_iter().filter(of_drawn).collect();
    let mut said = Vec::new();
    let product = parts.iter().find_map(|part| {
        // Stores of version 0.1 call it otherwise.
        let product = &part["product"];
        product["name"].as_str().or(product["short_name"].as_str())
    });
    said.extend(product.map(str::to_owned));
    // Where there are windows of time, each has its granules and rows.
    let windows = |part: &&Value| part["windows"].as_array().cloned().unwrap_or_default();
    let windows: Vec<Value> = parts.iter().flat_map(windows).collect();
    let granules: BTreeSet<&str> = parts
        .iter()
        .copied()
        .chain(&windows)
        .filter_map(|part| part["granules"].as_array())
        .flatten()
        .filter_map(|granule| granule["name"].as_str())
        .collect();
    if !granules.is_empty() {
        let noun = if granules.len() == 1 { "granule" } else { "granules" };
        said.push(format!("{} {noun}{}", thousands(granules.len() as u64), dates(&granules)));
    }
    let counted = parts.iter().copied().filter(|part| !part["windows"].is_array()).chain(&windows);
    let rows = |key: &str| counted.clone().filter_map(|part| part["rows"][key].as_u64()).sum::<u64>();
    let (used, held) = (rows("used"), rows("in_parent"));
    if held > 0 {
        said.push(format!("{} of {} rows used", thousands(used), thousands(held)));
    }
    said.push(format!("{} latitude", table.latitude));
    let engine = parts.iter().find_map(|part| part["engine"].as_str());
    said.push(engine.map_or_else(|| format!("icestream {}", env!("CARGO_PKG_VERSION")), str::to_owned));
    said.join(", ")
}

/// The documents of one store or of several, however they are joined.
fn parts(provenance: &Value) -> Vec<&Value> {
    match provenance {
        Value::Array(all) => all.iter().flat_map(parts).collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// The corners of a cell as longitude and latitude, with more points where its edges are seen to bend.
fn polygon(cell: Cell, latitude: Latitude) -> Vec<[f64; 2]> {
    let per_edge = 1 << 11_u8.saturating_sub(cell.order().get()).min(5);
    corners(cell, per_edge, latitude)
}

fn corners(cell: Cell, per_edge: usize, latitude: Latitude) -> Vec<[f64; 2]> {
    cell.boundary(per_edge, latitude).iter().map(|corner| [corner.lon(), corner.lat()]).collect()
}

fn of(table: &Table, variable: &VariableInfo, values: impl Iterator<Item = f64>) -> Map {
    #[expect(clippy::cast_possible_truncation, reason = "colours need few digits")]
    let cells = table
        .cells()
        .zip(values)
        .map(|(cell, value)| Patch { polygon: polygon(cell, table.latitude), value: value as f32 });
    let unit = match variable.units.as_str() {
        "1" => "",
        "m2" => "m²",
        "m year-1" => "m/year",
        unit => unit,
    };
    let mut map = Map::new(&capital(&variable.long_name), &variable.name, unit, cells.collect());
    map.subtitle = subject(table);
    map.outlines = table.parents().iter().map(|&parent| corners(parent, OUTLINE, table.latitude)).collect();
    map.footer = provenance(table);
    map
}

/// ` of 2019-04-04 to 2019-06-27`, from names such as `ATL06_20190404155157_...`; empty where names have no date.
fn dates(granules: &BTreeSet<&str>) -> String {
    let date = |name: &&str| {
        let digits = name.split('_').nth(1)?.get(..8).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        Some(format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
    };
    let dates: BTreeSet<String> = granules.iter().filter_map(date).collect();
    match (dates.first(), dates.last()) {
        (Some(first), Some(last)) if first == last => format!(" of {first}"),
        (Some(first), Some(last)) => format!(" of {first} to {last}"),
        _ => String::new(),
    }
}

/// Three digits, with an exponent where the number is very small.
fn short(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        value if value < 1e-3 => format!("{value:.1e}"),
        value => format!("{value:.3}"),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
