//! Polygons as WKT, also with the number of EPSG before it (`SRID=3413;POLYGON ...`).
use super::Parts;
use crate::Error;
use crate::error::short;

/// Collections within collections, at most.
const MAX_DEPTH: usize = 16;

/// The polygons, and the number of EPSG, if one is stated.
pub(super) fn read(text: &str) -> Result<(Parts, Option<u32>), Error> {
    let bad = |why: String| Error::format("WKT", why);
    let (number, rest) = match text.split_once(';') {
        Some((head, rest)) => {
            let number = head.trim().to_ascii_uppercase().strip_prefix("SRID=").and_then(|number| number.parse().ok());
            (Some(number.ok_or_else(|| bad(format!("`{}` is no SRID", short(head))))?), rest)
        }
        None => (None, text),
    };
    let mut reader = Reader { rest, parts: Vec::new() };
    reader.geometry(0).map_err(bad)?;
    if !reader.rest.trim().is_empty() {
        return Err(bad(format!("`{}` follows after its end", short(reader.rest.trim()))));
    }
    Ok((reader.parts, number))
}

struct Reader<'a> {
    rest: &'a str,
    parts: Parts,
}

impl Reader<'_> {
    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|mark: char| !mark.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_ascii_uppercase()
    }

    fn skip(&mut self, mark: char) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(mark).map(|rest| self.rest = rest).is_some()
    }

    fn geometry(&mut self, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("collections are nested too deeply".to_owned());
        }
        let kind = self.word();
        let mut next = self.word();
        if ["Z", "M", "ZM"].contains(&next.as_str()) {
            next = self.word();
        }
        let kind = ["ZM", "Z", "M"]
            .iter()
            .find_map(|end| kind.strip_suffix(end).filter(|kind| kind.ends_with('N')))
            .unwrap_or(&kind);
        match (kind, next.as_str()) {
            (_, "EMPTY") => Ok(()),
            ("POLYGON", "") => {
                let rings = self.polygon()?;
                self.parts.push(rings);
                Ok(())
            }
            ("MULTIPOLYGON", "") => self.list(|reader| {
                if reader.word() != "EMPTY" {
                    let rings = reader.polygon()?;
                    reader.parts.push(rings);
                }
                Ok(())
            }),
            ("GEOMETRYCOLLECTION", "") => self.list(|reader| reader.geometry(depth + 1)),
            ("", _) => Err("the kind of the geometry is missing".to_owned()),
            (other, _) => Err(format!("a {} encloses no area: give polygons", short(other))),
        }
    }

    fn polygon(&mut self) -> Result<Vec<Vec<[f64; 2]>>, String> {
        let mut rings = Vec::new();
        self.list(|reader| {
            let mut ring = Vec::new();
            reader.list(|reader| {
                ring.push(reader.position()?);
                Ok(())
            })?;
            rings.push(ring);
            Ok(())
        })?;
        Ok(rings)
    }

    /// `(item, item, ...)`
    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        if !self.skip('(') {
            return Err(format!("`(` is missing before `{}`", short(self.rest)));
        }
        loop {
            item(self)?;
            if self.skip(')') {
                return Ok(());
            }
            if !self.skip(',') {
                return Err(format!("`,` or `)` is missing before `{}`", short(self.rest)));
            }
        }
    }

    /// Two to four numbers.
    fn position(&mut self) -> Result<[f64; 2], String> {
        let end = self.rest.find([',', ')', '(']).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        let numbers: Option<Vec<f64>> = text.split_whitespace().map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some([x, y, more @ ..]) if more.len() <= 2 => Ok([*x, *y]),
            _ => Err(format!("`{}` is no position: write two numbers with a space between", short(text.trim()))),
        }
    }
}
