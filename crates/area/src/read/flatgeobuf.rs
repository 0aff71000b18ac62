//! FlatGeobuf, version 3: a header, an index that is skipped, and features, each a FlatBuffer behind its size.
use super::Parts;
use super::bytes::Bytes;
use crate::Error;

const MAGIC: [u8; 7] = *b"fgb\x03fgb";
const NODE: u64 = 40;
/// Parts of geometries within parts, at most.
const MAX_DEPTH: usize = 4;

/// The polygons, and the coordinate system as a text, if one is stated.
pub(super) fn read(bytes: &[u8]) -> Result<(Parts, Option<String>), Error> {
    let bad = |why: &str| Error::format("FlatGeobuf", why);
    let file = Bytes(bytes);
    if file.array(0) != Some(MAGIC) {
        return Err(bad("it is no FlatGeobuf of version 3"));
    }
    let broken = || bad("its header is broken");
    let length = file.u32(8).ok_or_else(broken)?;
    let header = file.slice(12, length).map(Bytes).and_then(Table::root).ok_or_else(broken)?;
    let kind = header.byte(2).unwrap_or(0);
    let index = index_size(header.u64(8).unwrap_or(0), header.u16(9).unwrap_or(16)).ok_or_else(broken)?;
    let mut at = (12 + length).checked_add(index).filter(|&at| at <= bytes.len()).ok_or_else(broken)?;
    let mut found = Found { parts: Vec::new(), left: bytes.len() / 4 };
    while at < bytes.len() {
        let feature =
            file.u32(at).and_then(|length| file.slice(at + 4, length)).ok_or_else(|| bad("a feature is cut off"))?;
        let root = Table::root(Bytes(feature)).ok_or_else(|| bad("a feature is broken"))?;
        if let Some(geometry) = root.table(0) {
            found.geometry(geometry, kind, 0).map_err(|why| bad(&why))?;
        }
        at += 4 + feature.len();
    }
    Ok((found.parts, header.table(10).and_then(system)))
}

/// What states the system: WKT where there is one, else organisation and number.
fn system(crs: Table<'_>) -> Option<String> {
    let code = crs.field(1).and_then(|at| crs.bytes.array(at)).map_or(0, i32::from_le_bytes);
    let wkt = crs.string(4).filter(|wkt| !wkt.trim().is_empty());
    let organisation = crs.string(0).unwrap_or_else(|| "EPSG".to_owned());
    wkt.or_else(|| (code != 0).then(|| format!("{organisation}:{code}")))
}

/// Bytes of the packed tree of `features` leaves.
fn index_size(features: u64, node: usize) -> Option<usize> {
    if features == 0 || node == 0 {
        return Some(0);
    }
    let node = u64::try_from(node.max(2)).ok()?;
    let (mut level, mut nodes) = (features, features);
    loop {
        level = level.div_ceil(node);
        nodes = nodes.checked_add(level)?;
        if level <= 1 {
            return usize::try_from(nodes.checked_mul(NODE)?).ok();
        }
    }
}

/// What was found so far.
struct Found {
    parts: Parts,
    /// How many geometries and positions a file of this size has room for. References may name one of them many times.
    left: usize,
}

impl Found {
    fn geometry(&mut self, geometry: Table<'_>, of_file: u8, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("geometries are nested too deeply".to_owned());
        }
        let numbers = geometry.vector(1).map_or(0, |(_, numbers)| numbers);
        self.left = self.left.checked_sub(1 + numbers / 2).ok_or("it names its positions more than once")?;
        // The kind of the file holds where a geometry states none.
        match geometry.byte(6).filter(|kind| *kind != 0).unwrap_or(of_file) {
            3 => {
                self.parts.push(polygon(geometry).ok_or("a polygon is broken")?);
                Ok(())
            }
            6 | 7 => {
                let Some((at, count)) = geometry.vector(7) else { return Ok(()) };
                for part in 0..count {
                    let part = geometry.element(at, part).ok_or("a part is broken")?;
                    self.geometry(part, 3, depth + 1)?;
                }
                Ok(())
            }
            kind => Err(format!("geometries of kind {kind} enclose no area: give polygons")),
        }
    }
}

fn polygon(geometry: Table<'_>) -> Option<Vec<Vec<[f64; 2]>>> {
    let Some((at, numbers)) = geometry.vector(1) else { return Some(Vec::new()) };
    let positions = geometry.bytes.positions(at, numbers / 2, 16)?;
    let Some((at, rings)) = geometry.vector(0) else { return Some(vec![positions]) };
    let mut begin = 0;
    (0..rings)
        .map(|ring| {
            let end = geometry.bytes.u32(at + 4 * ring)?;
            let ring = positions.get(begin..end)?.to_vec();
            begin = end;
            Some(ring)
        })
        .collect()
}

/// A table of a FlatBuffer: fields are found by a table of offsets before it.
#[derive(Clone, Copy)]
struct Table<'a> {
    bytes: Bytes<'a>,
    at: usize,
}

impl<'a> Table<'a> {
    fn root(bytes: Bytes<'a>) -> Option<Self> {
        Some(Self { bytes, at: bytes.u32(0)? })
    }

    /// Where a field is, if it is stated.
    fn field(self, number: usize) -> Option<usize> {
        let offset = i32::from_le_bytes(self.bytes.array(self.at)?);
        let offsets = usize::try_from(i64::try_from(self.at).ok()? - i64::from(offset)).ok()?;
        let entry = 4 + 2 * number;
        if entry + 2 > self.bytes.u16(offsets)? {
            return None;
        }
        let field = self.bytes.u16(offsets.checked_add(entry)?)?;
        (field != 0).then_some(self.at + field)
    }

    /// Where something that a field refers to is.
    fn reference(self, number: usize) -> Option<usize> {
        let at = self.field(number)?;
        at.checked_add(self.bytes.u32(at)?)
    }

    fn byte(self, number: usize) -> Option<u8> {
        self.bytes.array(self.field(number)?).map(u8::from_le_bytes)
    }

    fn u16(self, number: usize) -> Option<usize> {
        self.bytes.u16(self.field(number)?)
    }

    fn u64(self, number: usize) -> Option<u64> {
        self.bytes.u64(self.field(number)?)
    }

    fn table(self, number: usize) -> Option<Self> {
        Some(Self { at: self.reference(number)?, ..self })
    }

    /// Where the elements of a vector are, and how many.
    fn vector(self, number: usize) -> Option<(usize, usize)> {
        let at = self.reference(number)?;
        Some((at.checked_add(4)?, self.bytes.u32(at)?))
    }

    /// An element of a vector of tables.
    fn element(self, vector: usize, number: usize) -> Option<Self> {
        let at = vector.checked_add(number.checked_mul(4)?)?;
        Some(Self { at: at.checked_add(self.bytes.u32(at)?)?, ..self })
    }

    fn string(self, number: usize) -> Option<String> {
        let (at, length) = self.vector(number)?;
        Some(String::from_utf8_lossy(self.bytes.slice(at, length)?).into_owned())
    }
}
