//! Polygons as WKB, of ISO and with the flags of PostGIS.
use super::Parts;

/// Collections within collections, at most.
const MAX_DEPTH: usize = 16;

/// Adds the polygons; an error says what is wrong.
pub(super) fn read(bytes: &[u8], parts: &mut Parts) -> Result<(), String> {
    let mut reader = Reader { bytes };
    reader.geometry(parts, 0)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, rest) = self.bytes.split_first_chunk().ok_or("WKB is cut off")?;
        self.bytes = rest;
        Ok(*head)
    }

    fn number(&mut self, little: bool) -> Result<u32, String> {
        let bytes = self.take()?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn coordinate(&mut self, little: bool) -> Result<f64, String> {
        let bytes = self.take()?;
        Ok(if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn geometry(&mut self, parts: &mut Parts, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("collections are nested too deeply".to_owned());
        }
        let little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            _ => return Err("it is no WKB".to_owned()),
        };
        let code = self.number(little)?;
        let (flags, code) = (code >> 28, code & 0x0fff_ffff);
        if flags & 2 != 0 {
            self.number(little)?;
        }
        let (kind, more) = (code % 1000, code / 1000);
        let extra = usize::from(flags & 8 != 0 || more == 1 || more == 3) + usize::from(flags & 4 != 0 || more >= 2);
        match kind {
            3 => {
                let mut rings = Vec::new();
                for _ in 0..self.number(little)? {
                    let mut ring = Vec::new();
                    for _ in 0..self.number(little)? {
                        ring.push([self.coordinate(little)?, self.coordinate(little)?]);
                        for _ in 0..extra {
                            self.coordinate(little)?;
                        }
                    }
                    rings.push(ring);
                }
                parts.push(rings);
                Ok(())
            }
            6 | 7 => {
                for _ in 0..self.number(little)? {
                    self.geometry(parts, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(format!("geometries of kind {kind} enclose no area: give polygons")),
        }
    }
}
