//! Shapefiles: the polygons of the file `.shp` (ESRI, 1998).
use super::Parts;
use super::bytes::Bytes;
use crate::Error;

const HEADER: usize = 100;

/// The polygons of a file. A shape is one part: its outer rings and holes are told apart by even-odd alone.
pub(super) fn read(bytes: &[u8]) -> Result<Parts, Error> {
    let bad = |why: &str| Error::format("shapefile", why);
    let file = Bytes(bytes);
    if file.array(0).map(u32::from_be_bytes) != Some(9994) {
        return Err(bad("it is no .shp file"));
    }
    let mut parts = Vec::new();
    let mut at = HEADER;
    while at < bytes.len() {
        let words = file.array(at + 4).map(u32::from_be_bytes);
        let length = words.and_then(|words| usize::try_from(words).ok()?.checked_mul(2));
        let record = length.and_then(|length| file.slice(at + 8, length)).ok_or_else(|| bad("a record is cut off"))?;
        match Bytes(record).u32(0) {
            Some(0) => {}
            Some(5 | 15 | 25) => parts.push(polygon(Bytes(record)).ok_or_else(|| bad("a polygon is broken"))?),
            Some(kind) => return Err(bad(&format!("shapes of kind {kind} enclose no area: give polygons"))),
            None => return Err(bad("a record has no kind")),
        }
        at += 8 + record.len();
    }
    Ok(parts)
}

fn polygon(record: Bytes<'_>) -> Option<Vec<Vec<[f64; 2]>>> {
    let (rings, points) = (record.u32(36)?, record.u32(40)?);
    let first = 44_usize.checked_add(rings.checked_mul(4)?)?;
    let positions = record.positions(first, points, 16)?;
    let begin = |ring: usize| if ring < rings { record.u32(44 + 4 * ring) } else { Some(points) };
    (0..rings).map(|ring| Some(positions.get(begin(ring)?..begin(ring + 1)?)?.to_vec())).collect()
}
