//! Height change of cells from rows on standard input, one line of JSON a cell: what tests/python/change drives.
//!
//! ```text
//! estimate [--binary] [--windows N] [--min-overpasses N] [--min-span YEARS] [--max-rmse METRES] [--no-edit]
//! ```
//!
//! A row has nine numbers, `cell,centre_lon,centre_lat,overpass,window,lon,lat,t,h`, as CSV without a header or, with `--binary`,
//! as little-endian `f64`. Rows of a cell are together; those of an overpass and a window may come in any mix. Every number is
//! written with the digits that its exact value needs, NaN as null.

use change::{Change, ChangeRules, MomentSums, OverpassMoments, estimate, on_ellipsoid, sandwich};
use morton::LonLat;
use std::error::Error;
use std::io::{self, BufRead, Write};

type Row = [f64; 9];

struct Options {
    binary: bool,
    windows: usize,
    rules: ChangeRules,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let (mut input, mut output) = (io::stdin().lock(), io::BufWriter::new(io::stdout().lock()));
    let mut rows: Vec<Row> = Vec::new();
    while let Some(row) = if options.binary { binary(&mut input)? } else { csv(&mut input)? } {
        if rows.first().is_some_and(|first| first[0] != row[0]) {
            writeln!(output, "{}", cell(&rows, &options)?)?;
            rows.clear();
        }
        rows.push(row);
    }
    if !rows.is_empty() {
        writeln!(output, "{}", cell(&rows, &options)?)?;
    }
    Ok(output.flush()?)
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { binary: false, windows: 0, rules: ChangeRules::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--binary" => options.binary = true,
            "--no-edit" => options.rules.edit = false,
            "--windows" => options.windows = value()?.parse()?,
            "--min-overpasses" => options.rules.min_overpasses = value()?.parse()?,
            "--min-span" => options.rules.min_span = value()?.parse()?,
            "--max-rmse" => options.rules.max_rmse = Some(value()?.parse()?),
            _ => return Err(format!("{word} is no option").into()),
        }
    }
    Ok(options)
}

fn csv(input: &mut impl BufRead) -> Result<Option<Row>, Box<dyn Error>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let numbers: Vec<f64> = line.trim().split(',').map(str::parse).collect::<Result<_, _>>()?;
    Ok(Some(numbers.try_into().map_err(|_| format!("not nine numbers: {line}"))?))
}

fn binary(input: &mut impl BufRead) -> Result<Option<Row>, Box<dyn Error>> {
    if input.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let (mut row, mut bytes) = ([0.0; 9], [0; 8]);
    for number in &mut row {
        input.read_exact(&mut bytes)?;
        *number = f64::from_le_bytes(bytes);
    }
    Ok(Some(row))
}

/// The line of a cell.
fn cell(rows: &[Row], options: &Options) -> Result<String, Box<dyn Error>> {
    let [cell, lon, lat, ..] = *rows.first().ok_or("a cell without rows")?;
    let centre = LonLat::degrees(lon, lat)?;
    let records = records(rows)?;
    let change = estimate(centre, &records, options.windows, &options.rules);
    let sandwich = sandwich(centre, &records)
        .map_or_else(Vec::new, |(fit, covariance)| [&fit[..], covariance.as_flattened()].concat());
    Ok(format!("{{\"cell\":{},{},\"sandwich\":{}}}", number(cell), fields(&change), list(sandwich)))
}

fn records(rows: &[Row]) -> Result<Vec<OverpassMoments>, Box<dyn Error>> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| a[3].total_cmp(&b[3]).then(a[4].total_cmp(&b[4]))); // stable
    let record = |rows: &[Row]| -> Result<OverpassMoments, Box<dyn Error>> {
        let mut sums = MomentSums::default();
        for [.., lon, lat, time, height] in rows {
            sums.add(on_ellipsoid(LonLat::degrees(*lon, *lat)?), *time, *height);
        }
        let [_, _, _, overpass, window, ..] = rows[0];
        // By its words: a float has no checked conversion.
        Ok(OverpassMoments {
            overpass: overpass.to_string().parse()?,
            window: window.to_string().parse()?,
            moments: sums.finish(),
        })
    };
    rows.chunk_by(|a, b| a[3..5] == b[3..5]).map(record).collect()
}

fn fields(change: &Change) -> String {
    let numbers = [
        ("dhdt", change.dhdt),
        ("dhdt_se", change.dhdt_se),
        ("h_ref", change.h_ref),
        ("h_ref_se", change.h_ref_se),
        ("slope_east", change.slope_east),
        ("slope_north", change.slope_north),
        ("rmse", change.rmse),
        ("span", change.span),
        ("overpasses", change.overpasses.into()),
        ("edited", change.edited.into()),
        ("flag", change.flag.into()),
    ];
    let mut fields: Vec<String> =
        numbers.iter().map(|(name, value)| format!("\"{name}\":{}", number(*value))).collect();
    fields.push(format!("\"h_window\":{}", list(change.windows.iter().map(|window| window.height))));
    fields.push(format!("\"h_window_se\":{}", list(change.windows.iter().map(|window| window.se))));
    fields.join(",")
}

fn list(values: impl IntoIterator<Item = f64>) -> String {
    format!("[{}]", values.into_iter().map(number).collect::<Vec<_>>().join(","))
}

fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { "null".into() }
}
