//! Cloud Optimized GeoTIFF: GeoTIFF 1.1 (OGC 19-008r4) with tiles and overviews.

use std::fmt::Write as _;
use stores::{Column, Cube, Window};

use crate::Error;
use crate::grid::{Grid, GridOptions};
use crate::long::{Bands, bands};
use crate::tiff::{self, Directory, Image};
use crate::tiles::{Band, Level};

/// Pixels along a side of a tile.
const TILE: u32 = 512;
/// Bytes of all pixels, before compression: offsets in the file reach 4 GiB, and deflate may add a thousandth.
const MOST: u64 = 4_200_000_000;
/// Beyond this, whole numbers are not exact as `f32`.
const EXACT: f64 = 16_777_216.0;

/// One band of `f32` for each variable (of `f64`, if one is, or has whole numbers beyond 16,777,216): the value of the cell that holds
/// the centre of the pixel, NaN outside of the table's cells and where a cell has no data. Where there are windows of time, a band for
/// each window of a variable; `are_named` says that the variables were chosen, without which only one may have windows.
///
/// The file is a Cloud Optimized GeoTIFF: tiles of 512 pixels, deflate (after prediction of floats where that is smaller), band after
/// band, overviews by 2 down to one tile. A pixel of an overview repeats one of the four below it: the first with data. Bands carry
/// name, units, long name, and their window of time (`GDAL_METADATA`).
///
/// # Errors
/// [`Error::Empty`], [`Error::Resolution`], [`Error::Outside`], [`Error::OneVariable`], [`Error::Size`] where pixels pass 4.2 GB.
pub fn geotiff(cube: &Cube, are_named: bool, options: GridOptions) -> Result<Vec<u8>, Error> {
    let bands = bands(cube, are_named)?;
    let columns = &bands.table.columns;
    if columns.is_empty() {
        return Err(Error::Empty);
    }
    let grid = Grid::around(&bands.table, options)?;
    let is_wide = columns.iter().any(|(_, column)| is_wide(column));
    // Tiles as wide as the image look like strips to those who check.
    let side = if grid.width == TILE { TILE / 2 } else { TILE };
    let sizes = sizes(grid.width, grid.height, side);
    grid.fits(columns.len(), bytes(&sizes, side, columns.len(), is_wide), MOST)?;
    let full = Level { width: grid.width, height: grid.height, rows: grid.rows(&bands.table) };
    let sources = columns.iter().zip(&bands.sources);
    let mut written: Vec<Band<'_>> = sources
        .map(|((_, column), source)| Band { column, is_count: source.is_count, is_wide, is_predicted: false, side })
        .collect();
    let tried = written.iter().map(|&band| full.tried(band));
    let [with, without] = tried.fold([0; 2], |sum, band| [sum[0] + band[0], sum[1] + band[1]]);
    let is_predicted = with < without;
    written.iter_mut().for_each(|band| band.is_predicted = is_predicted);
    let mut images = Vec::new();
    for &size in &sizes {
        let directory = baseline(size, &written, images.is_empty())?;
        images.push(Image { directory, tiles: Vec::new() });
    }
    for &band in &written {
        let mut level: Option<Level> = None;
        for (at, image) in images.iter_mut().enumerate() {
            if at > 0 {
                level = Some(level.as_ref().unwrap_or(&full).halved(band));
            }
            image.tiles.extend(level.as_ref().unwrap_or(&full).packed(band));
        }
    }
    if let Some(first) = images.first_mut() {
        describe(&mut first.directory, &bands);
        georeference(&mut first.directory, &grid);
    }
    tiff::file(images, columns.len() > 1)
}

/// Width and height of the image and its overviews, down to one tile.
fn sizes(width: u32, height: u32, side: u32) -> Vec<[u32; 2]> {
    let mut sizes = vec![[width, height]];
    let mut last = [width, height];
    while last.iter().any(|&length| length > side) {
        last = last.map(|length| length.div_ceil(2));
        sizes.push(last);
    }
    sizes
}

/// Bytes of the tiles of all levels and bands, before compression.
fn bytes(sizes: &[[u32; 2]], side: u32, bands: usize, is_wide: bool) -> u64 {
    let tiles: u64 =
        sizes.iter().map(|size| size.iter().map(|length| u64::from(length.div_ceil(side))).product::<u64>()).sum();
    let tile = u64::from(side) * u64::from(side) * if is_wide { 8 } else { 4 };
    tiles.saturating_mul(tile).saturating_mul(bands as u64)
}

fn is_wide(column: &Column) -> bool {
    match column {
        Column::F64(_) => true,
        Column::F32(_) => false,
        whole => (0..whole.len()).any(|row| whole.number(row).abs() > EXACT),
    }
}

/// TIFF 6.0, sections 8, 15 and 19; supplement 2 (deflate); technical note 3 (prediction).
fn baseline([width, height]: [u32; 2], bands: &[Band<'_>], is_first: bool) -> Result<Directory, Error> {
    const DEFLATE: u16 = 8;
    const MIN_IS_BLACK: u16 = 1;
    const BY_BAND: u16 = 2;
    const OF_FLOATS: u16 = 3;
    let count = u16::try_from(bands.len()).map_err(|_| Error::Tiff)?;
    let Some(one) = bands.first() else { return Err(Error::Empty) };
    let bits = if one.is_wide { 64 } else { 32 };
    let mut directory = Directory::default();
    directory.longs(254, &[u32::from(!is_first)]);
    directory.longs(256, &[width]);
    directory.longs(257, &[height]);
    directory.shorts(258, &vec![bits; bands.len()]);
    directory.shorts(259, &[DEFLATE]);
    directory.shorts(262, &[MIN_IS_BLACK]);
    directory.shorts(277, &[count]);
    directory.shorts(284, &[if count > 1 { BY_BAND } else { 1 }]);
    if one.is_predicted {
        directory.shorts(317, &[OF_FLOATS]);
    }
    directory.longs(322, &[one.side]);
    directory.longs(323, &[one.side]);
    if count > 1 {
        directory.shorts(338, &vec![0; bands.len() - 1]);
    }
    directory.shorts(339, &vec![OF_FLOATS; bands.len()]);
    // GDAL's own, https://gdal.org/drivers/raster/gtiff.html, "Nodata value".
    directory.text(42_113, "nan");
    Ok(directory)
}

/// OGC 19-008r4, clause 7: pixel scale, tie point, and the directory of keys.
fn georeference(directory: &mut Directory, grid: &Grid) {
    const MODEL_TYPE: u16 = 1024;
    const RASTER_TYPE: u16 = 1025;
    const GEODETIC_CRS: u16 = 2048;
    const PROJECTED_CRS: u16 = 3072;
    const PIXEL_IS_AREA: u16 = 1;
    let (model, key) = if grid.crs.is_degrees() { (2, GEODETIC_CRS) } else { (1, PROJECTED_CRS) };
    let keys = [1, 1, 1, 3, MODEL_TYPE, 0, 1, model, RASTER_TYPE, 0, 1, PIXEL_IS_AREA, key, 0, 1, grid.crs.code()];
    directory.doubles(33_550, &[grid.pixel, grid.pixel, 0.0]);
    directory.doubles(33_922, &[0.0, 0.0, 0.0, grid.origin[0], grid.origin[1], 0.0]);
    directory.shorts(34_735, &keys);
}

/// What the file is made of, for readers that know GDAL's metadata and for those that do not.
fn describe(directory: &mut Directory, bands: &Bands) {
    let table = &bands.table;
    if let Some(partial) = &table.partial {
        directory.text(270, &escape(&partial.to_string()));
    }
    directory.text(305, concat!("icestream ", env!("CARGO_PKG_VERSION")));
    let mut xml = String::from("<GDALMetadata>");
    // Writing to a String cannot fail.
    let _ = write!(xml, r#"<Item name="HEALPIX_ORDER">{}</Item>"#, table.order);
    let _ = write!(xml, r#"<Item name="LATITUDE_CONVENTION">{}</Item>"#, table.latitude);
    if let Some(partial) = &table.partial {
        let _ = write!(xml, r#"<Item name="PARTIAL">{}</Item>"#, escape(&partial.to_string()));
    }
    for (band, (variable, _)) in table.columns.iter().enumerate() {
        let (name, units, long) = (escape(&variable.name), escape(&variable.units), escape(&variable.long_name));
        let _ = write!(xml, r#"<Item name="DESCRIPTION" sample="{band}" role="description">{name}</Item>"#);
        let _ = write!(xml, r#"<Item name="UNITTYPE" sample="{band}" role="unittype">{units}</Item>"#);
        let _ = write!(xml, r#"<Item name="LONG_NAME" sample="{band}">{long}</Item>"#);
        if let Some(window) = bands.sources.get(band).and_then(|source| source.window.as_ref()) {
            times(&mut xml, band, window);
        }
    }
    xml.push_str("</GDALMetadata>");
    directory.text(42_112, &xml);
}

/// When a window begins and ends (the moment after it), in UTC.
fn times(xml: &mut String, band: usize, window: &Window) {
    let mut item = |name, text: String| {
        let _ = write!(xml, r#"<Item name="{name}" sample="{band}">{}</Item>"#, escape(&text));
    };
    item("TIME_START", stores::moment_text(window.start));
    if let Some(end) = window.end {
        item("TIME_END", stores::moment_text(end));
    }
    if let Some(cycle) = window.cycle {
        item("CYCLE", cycle.to_string());
    }
}

/// XML text; TIFF strings are ASCII, so anything else becomes a question mark.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            ' '..='~' => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}
