//! TIFF 6.0 in the layout of a Cloud Optimized GeoTIFF, written to the byte: the directories of all images first, then the tiles of
//! the smallest image, and so on to those of the largest (cogeo.org, and "COG driver" of GDAL's documentation for the words after
//! the header and the marks around tiles).

use std::collections::BTreeMap;

use crate::Error;

const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
/// What readers that know these words may rely on, to fetch a tile with its size in one request.
const PROMISES: &str = "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\n\
                        BLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n ";
/// Bytes before a tile (its size) and after it (its last four again).
const MARK: usize = 4;

/// The tags of one image, by number as the format wants them.
#[derive(Default)]
pub(crate) struct Directory {
    fields: BTreeMap<u16, Field>,
}

struct Field {
    kind: u16,
    count: u32,
    bytes: Vec<u8>,
}

/// One image: its tags, and its tiles in their order, compressed.
pub(crate) struct Image {
    pub(crate) directory: Directory,
    pub(crate) tiles: Vec<Vec<u8>>,
}

impl Directory {
    /// Text, which the caller has made ASCII.
    pub(crate) fn text(&mut self, tag: u16, text: &str) {
        let bytes: Vec<u8> = text.bytes().chain([0]).collect();
        self.put(tag, 2, bytes.len(), bytes);
    }

    pub(crate) fn shorts(&mut self, tag: u16, values: &[u16]) {
        self.put(tag, 3, values.len(), values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }

    pub(crate) fn longs(&mut self, tag: u16, values: &[u32]) {
        self.put(tag, 4, values.len(), values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }

    pub(crate) fn doubles(&mut self, tag: u16, values: &[f64]) {
        self.put(tag, 12, values.len(), values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }

    fn put(&mut self, tag: u16, kind: u16, count: usize, bytes: Vec<u8>) {
        self.fields.insert(tag, Field { kind, count: u32::try_from(count).unwrap_or(u32::MAX), bytes });
    }

    /// Bytes of the directory alone: a count, twelve bytes a tag, and where the next one is.
    fn head(&self) -> usize {
        2 + 12 * self.fields.len() + 4
    }

    /// Bytes with the values that find no room in it.
    fn size(&self) -> usize {
        self.head() + self.fields.values().map(Field::apart).sum::<usize>()
    }

    fn write(&self, out: &mut Vec<u8>, next: u32) -> Option<()> {
        let mut apart = out.len().checked_add(self.head())?;
        out.extend(u16::try_from(self.fields.len()).ok()?.to_le_bytes());
        for (tag, field) in &self.fields {
            out.extend(tag.to_le_bytes());
            out.extend(field.kind.to_le_bytes());
            out.extend(field.count.to_le_bytes());
            if field.apart() == 0 {
                out.extend(field.bytes.iter().copied().chain([0; 4]).take(4));
            } else {
                out.extend(u32::try_from(apart).ok()?.to_le_bytes());
                apart += field.apart();
            }
        }
        out.extend(next.to_le_bytes());
        for field in self.fields.values().filter(|field| field.apart() > 0) {
            out.extend(&field.bytes);
            out.extend(vec![0; field.apart() - field.bytes.len()]);
        }
        Some(())
    }
}

impl Field {
    /// Bytes outside of the directory, an even number.
    fn apart(&self) -> usize {
        if self.bytes.len() <= 4 { 0 } else { self.bytes.len().next_multiple_of(2) }
    }
}

/// The bytes of a file of images, the largest first. `is_by_band`: tiles are of one band each, band after band.
///
/// # Errors
/// [`Error::Tiff`] where the file passes the 4 GB that its offsets reach.
pub(crate) fn file(mut images: Vec<Image>, is_by_band: bool) -> Result<Vec<u8>, Error> {
    let promises = format!("{PROMISES}{}", if is_by_band { "INTERLEAVE=BAND\n" } else { "" });
    let words = format!("GDAL_STRUCTURAL_METADATA_SIZE={:06} bytes\n{promises}", promises.len());
    let first = (8 + words.len()).next_multiple_of(2);
    // Sizes do not depend on where tiles lie: tags with as many zeros first.
    for image in &mut images {
        let counts: Option<Vec<u32>> = image.tiles.iter().map(|tile| u32::try_from(tile.len()).ok()).collect();
        image.directory.longs(TILE_BYTE_COUNTS, &counts.ok_or(Error::Tiff)?);
        image.directory.longs(TILE_OFFSETS, &vec![0; image.tiles.len()]);
    }
    let starts: Vec<usize> = images.iter().map(|image| image.directory.size()).collect();
    let tiles = |image: &Image| image.tiles.iter().map(|tile| tile.len() + 2 * MARK).sum::<usize>();
    let mut end = first + starts.iter().sum::<usize>();
    let whole = end + images.iter().map(tiles).sum::<usize>();
    for image in images.iter_mut().rev() {
        let mut offsets = Vec::with_capacity(image.tiles.len());
        for tile in &image.tiles {
            offsets.push(u32::try_from(end + MARK).map_err(|_| Error::Tiff)?);
            end += tile.len() + 2 * MARK;
        }
        image.directory.longs(TILE_OFFSETS, &offsets);
    }
    let mut out = Vec::with_capacity(whole);
    out.extend(b"II");
    out.extend(42_u16.to_le_bytes());
    out.extend(u32::try_from(first).map_err(|_| Error::Tiff)?.to_le_bytes());
    out.extend(words.as_bytes());
    out.resize(first, 0);
    let count = images.len();
    for (at, image) in images.iter().enumerate() {
        let next = if at + 1 == count { 0 } else { out.len() + image.directory.size() };
        image.directory.write(&mut out, u32::try_from(next).map_err(|_| Error::Tiff)?).ok_or(Error::Tiff)?;
    }
    for tile in images.iter().rev().flat_map(|image| &image.tiles) {
        out.extend(u32::try_from(tile.len()).map_err(|_| Error::Tiff)?.to_le_bytes());
        out.extend(tile);
        out.extend(&tile[tile.len().saturating_sub(MARK)..]);
    }
    Ok(out)
}
