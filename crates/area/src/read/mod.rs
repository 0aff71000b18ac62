//! Regions as files and texts.
mod bytes;
mod flatgeobuf;
mod geojson;
mod geoparquet;
mod named;
mod shapefile;
mod wkb;
mod wkt;
mod zip;

use crate::error::short;
use crate::{Crs, Error};

/// Polygons, or other things with rings: the rings of each, as positions `[x, y]`.
pub(crate) type Parts = Vec<Vec<Vec<[f64; 2]>>>;

/// What a file or a text holds.
#[derive(Debug)]
pub(crate) struct Outlines {
    pub(crate) parts: Parts,
    pub(crate) crs: Crs,
}

/// Another file of the same name with another ending, `basin.prj` for `basin.shp`; none where there is none.
pub(crate) type Sibling<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// Reads a text: a box, a name, GeoJSON or WKT. `asked` is the coordinate system that the caller states.
pub(crate) fn text(text: &str, asked: Option<&str>) -> Result<Outlines, Error> {
    let text = text.trim();
    if text.starts_with('{') {
        return geojson::read(text.as_bytes(), asked);
    }
    if let Some(bounds) = numbers(text) {
        return rectangle(bounds, system(None, asked, Some(Crs::degrees))?);
    }
    if let Some(parts) = named::read(&text.to_ascii_lowercase()) {
        return Ok(Outlines { parts, crs: system(Some(Crs::degrees()), asked, None)? });
    }
    if text.contains('(') || text.to_ascii_uppercase().ends_with(" EMPTY") {
        let (parts, number) = wkt::read(text)?;
        let stated = number.map(Crs::of_number).transpose()?;
        return Ok(Outlines { parts, crs: system(stated, asked, None)? });
    }
    if is_cloud_region(text) {
        return Err(Error::usage(format!("`{text}` is a region of AWS, not of the Earth: --aws-region {text}")));
    }
    let names = named::NAMES.join(", ");
    Err(Error::usage(format!(
        "`{}` is no region: write WEST,SOUTH,EAST,NORTH, the name of a file with polygons, WKT, or one of {names}",
        short(text)
    )))
}

/// Reads the bytes of a file, by the ending of its name.
pub(crate) fn file(name: &str, bytes: &[u8], sibling: Sibling<'_>, asked: Option<&str>) -> Result<Outlines, Error> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let named = |error: Error| match error {
        Error::Format { what, why } => Error::Format { what: format!("{}: {what}", short(name)), why },
        other => other,
    };
    let outlines = match ending.to_ascii_lowercase().as_str() {
        "geojson" | "json" => geojson::read(bytes, asked),
        "shp" => {
            let projection = ["prj", "PRJ"].iter().find_map(|ending| sibling(&format!("{stem}.{ending}")));
            shapes(bytes, projection.as_deref(), asked)
        }
        "zip" => {
            let (shapes_bytes, projection) = zip::shapefile(bytes).map_err(named)?;
            shapes(&shapes_bytes, projection.as_deref(), asked)
        }
        "fgb" => flatgeobuf::read(bytes).and_then(|(parts, stated)| {
            Ok(Outlines { parts, crs: system(stated.map(|text| Crs::parse(&text)).transpose()?, asked, None)? })
        }),
        "parquet" | "geoparquet" => geoparquet::read(bytes).and_then(|(parts, stated)| {
            let stated = stated.map(|value| Crs::of_json(&value)).transpose()?;
            Ok(Outlines { parts, crs: system(stated, asked, None)? })
        }),
        "wkt" | "txt" => std::str::from_utf8(bytes)
            .map_err(|_| Error::format("WKT", "it is no text (UTF-8)"))
            .and_then(|content| text(content, asked)),
        _ => Err(Error::format(
            short(name),
            format!(
                "read are GeoJSON, shapefiles (.shp, .zip), FlatGeobuf, GeoParquet and WKT; convert it by \
                 `ogr2ogr region.fgb {}`",
                short(name)
            ),
        )),
    };
    outlines.map_err(named)
}

fn shapes(bytes: &[u8], projection: Option<&[u8]>, asked: Option<&str>) -> Result<Outlines, Error> {
    let stated = projection.map(|text| Crs::parse(String::from_utf8_lossy(text).trim_start_matches('\u{feff}')));
    Ok(Outlines { parts: shapefile::read(bytes)?, crs: system(stated.transpose()?, asked, None)? })
}

/// The coordinate system: the stated one, which the caller may only repeat; else the caller's, else the usual one.
fn system(stated: Option<Crs>, asked: Option<&str>, usual: Option<fn() -> Crs>) -> Result<Crs, Error> {
    let asked = asked.map(Crs::parse).transpose()?;
    match (stated, asked, usual) {
        (Some(stated), Some(asked), _) if !stated.agrees(&asked) => Err(Error::usage(format!(
            "the region states the coordinate system {stated}: leave out --region-crs {asked}"
        ))),
        (Some(stated), ..) => Ok(stated),
        (None, Some(asked), _) => Ok(asked),
        (None, None, Some(usual)) => Ok(usual()),
        (None, None, None) => Err(Error::usage(
            "the region states no coordinate system: add --region-crs, for example --region-crs EPSG:4326",
        )),
    }
}

fn numbers(text: &str) -> Option<[f64; 4]> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    numbers?.try_into().ok()
}

/// A box; in degrees from west eastwards to east, across 180 where east is below west.
fn rectangle([west, south, east, north]: [f64; 4], crs: Crs) -> Result<Outlines, Error> {
    let turn = if crs.is_degrees() && east < west { 360.0 } else { 0.0 };
    let width = east + turn - west;
    let good = width > 0.0 && south < north && (!crs.is_degrees() || (width <= 360.0 && west.abs() <= 360.0));
    if !good {
        return Err(Error::usage(format!(
            "no box from {west},{south} to {east},{north}: write WEST,SOUTH,EAST,NORTH, west and south first; \
             in degrees it is at most 360 wide"
        )));
    }
    // In three pieces, none of which has a shorter way round.
    let steps = [west, west + width / 3.0, west + width / 3.0 * 2.0, east + turn];
    let corners = steps.iter().map(|x| [*x, south]).chain(steps.iter().rev().map(|x| [*x, north]));
    Ok(Outlines { parts: vec![vec![corners.collect()]], crs })
}

/// Two words and a number: `us-west-2`, `us-gov-west-1`.
fn is_cloud_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let (Some((last, rest)), 3..=4) = (words.split_last(), words.len()) else { return false };
    last.len() == 1
        && last.bytes().all(|mark| mark.is_ascii_digit())
        && rest.iter().all(|word| !word.is_empty() && word.bytes().all(|mark| mark.is_ascii_lowercase()))
}
