//! GeoTIFF 1.1 (OGC 19-008r4), written tag by tag through the `tiff` crate.

use miniz_oxide::deflate::compress_to_vec_zlib;
use std::fmt::Write as _;
use std::io::Cursor;
use stores::{Column, Table};
use tiff::encoder::{DirectoryEncoder, TiffEncoder, TiffKind};
use tiff::tags::Tag;

use crate::Error;
use crate::grid::Grid;

/// Bytes of a strip before compression, about.
const STRIP: usize = 1 << 18;
/// Level of deflate.
const LEVEL: u8 = 6;
/// TIFF 6.0 supplement 2, "Adobe deflate".
const DEFLATE: u16 = 8;

/// One band of `f32` (or `f64`, if any variable is) for each variable: the value of the cell that holds the centre of the
/// pixel, NaN outside of the table's cells and where a cell has no data. Bands carry names and units (`GDAL_METADATA`).
///
/// `resolution` is the side of a pixel in metres (in a raster in degrees, that length along a meridian); by default about
/// half a cell.
///
/// # Errors
/// [`Error::Empty`], [`Error::Resolution`], [`Error::Size`].
pub fn geotiff(table: &Table, resolution: Option<f64>) -> Result<Vec<u8>, Error> {
    let grid = Grid::around(table, resolution)?;
    if table.columns.is_empty() {
        return Err(Error::Empty);
    }
    let wide = table.columns.iter().any(|(_, column)| matches!(column, Column::F64(_)));
    let rows = grid.rows(table);
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file)?;
    let mut directory = encoder.image_directory()?;
    let strip = strip_rows(&grid, wide);
    let (mut offsets, mut counts) = (Vec::new(), Vec::new());
    for (_, column) in &table.columns {
        for lines in rows.chunks(strip as usize * grid.width as usize) {
            let packed = compress_to_vec_zlib(&samples(lines, column, wide), LEVEL);
            counts.push(u32::try_from(packed.len()).unwrap_or(u32::MAX));
            let offset = directory.write_data(packed.as_slice())?;
            offsets.push(u32::try_from(offset).map_err(|_| too_large(&grid, table))?);
        }
    }
    baseline(&mut directory, &grid, table, wide)?;
    directory.write_tag(Tag::RowsPerStrip, strip)?;
    directory.write_tag(Tag::StripOffsets, offsets.as_slice())?;
    directory.write_tag(Tag::StripByteCounts, counts.as_slice())?;
    georeference(&mut directory, &grid)?;
    // GDAL's own tags, https://gdal.org/drivers/raster/gtiff.html ("Metadata", "Nodata value").
    directory.write_tag(Tag::Unknown(42_112), metadata(table).as_str())?;
    directory.write_tag(Tag::GdalNodata, "nan")?;
    directory.finish()?;
    Ok(file.into_inner())
}

fn strip_rows(grid: &Grid, wide: bool) -> u32 {
    let line = grid.width as usize * if wide { 8 } else { 4 };
    u32::try_from((STRIP / line).max(1)).unwrap_or(1).min(grid.height)
}

/// The values of pixels, little-endian.
fn samples(rows: &[Option<u32>], column: &Column, wide: bool) -> Vec<u8> {
    let value = |row: &Option<u32>| row.map_or(f64::NAN, |row| column.number(row as usize));
    if wide {
        return rows.iter().flat_map(|row| value(row).to_le_bytes()).collect();
    }
    #[expect(clippy::cast_possible_truncation, reason = "f32 in the table, or a count: exact up to 16 million")]
    rows.iter().flat_map(|row| (value(row) as f32).to_le_bytes()).collect()
}

/// TIFF 6.0, sections 8 and 19.
fn baseline<K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, &mut Cursor<Vec<u8>>, K>,
    grid: &Grid,
    table: &Table,
    wide: bool,
) -> Result<(), Error> {
    const MIN_IS_BLACK: u16 = 1;
    const PLANAR: u16 = 2;
    const FLOAT: u16 = 3;
    let bands = table.columns.len();
    directory.write_tag(Tag::ImageWidth, grid.width)?;
    directory.write_tag(Tag::ImageLength, grid.height)?;
    directory.write_tag(Tag::BitsPerSample, vec![if wide { 64u16 } else { 32 }; bands].as_slice())?;
    directory.write_tag(Tag::Compression, DEFLATE)?;
    directory.write_tag(Tag::PhotometricInterpretation, MIN_IS_BLACK)?;
    directory.write_tag(Tag::SamplesPerPixel, u16::try_from(bands).map_err(|_| too_large(grid, table))?)?;
    directory.write_tag(Tag::PlanarConfiguration, PLANAR)?;
    if bands > 1 {
        directory.write_tag(Tag::ExtraSamples, vec![0u16; bands - 1].as_slice())?;
    }
    directory.write_tag(Tag::SampleFormat, vec![FLOAT; bands].as_slice())?;
    if let Some(partial) = &table.partial {
        directory.write_tag(Tag::ImageDescription, partial.to_string().as_str())?;
    }
    directory.write_tag(Tag::Software, concat!("icestream ", env!("CARGO_PKG_VERSION")))?;
    Ok(())
}

/// OGC 19-008r4, clause 7: pixel scale, tie point, and the directory of keys.
fn georeference<K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, &mut Cursor<Vec<u8>>, K>,
    grid: &Grid,
) -> Result<(), Error> {
    const MODEL_TYPE: u16 = 1024;
    const RASTER_TYPE: u16 = 1025;
    const GEODETIC_CRS: u16 = 2048;
    const PROJECTED_CRS: u16 = 3072;
    const PIXEL_IS_AREA: u16 = 1;
    let (model, key) = if grid.epsg == 4326 { (2, GEODETIC_CRS) } else { (1, PROJECTED_CRS) };
    let keys = [1, 1, 1, 3, MODEL_TYPE, 0, 1, model, RASTER_TYPE, 0, 1, PIXEL_IS_AREA, key, 0, 1, grid.epsg];
    directory.write_tag(Tag::ModelPixelScaleTag, [grid.pixel, grid.pixel, 0.0].as_slice())?;
    directory.write_tag(Tag::ModelTiepointTag, [0.0, 0.0, 0.0, grid.origin[0], grid.origin[1], 0.0].as_slice())?;
    directory.write_tag(Tag::GeoKeyDirectoryTag, keys.as_slice())?;
    Ok(())
}

fn metadata(table: &Table) -> String {
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
    }
    xml.push_str("</GDALMetadata>");
    xml
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

fn too_large(grid: &Grid, table: &Table) -> Error {
    Error::Size { width: grid.width.into(), height: grid.height.into(), bands: table.columns.len() }
}
