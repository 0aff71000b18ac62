//! Coordinate systems as WKT: of OGC's first version in the dialects of GDAL and ESRI, and of its second.
use super::definition::{Definition, Ellipsoid};
use super::stated::{NEITHER, Stated, plain};
use crate::Error;

/// Nodes within nodes, at most.
const MAX_DEPTH: usize = 32;

#[derive(Clone, Debug)]
enum Item {
    Node(Node),
    Text(String),
    Number(f64),
    Word(String),
}

/// `KEY[item, ...]`.
#[derive(Clone, Debug)]
struct Node {
    key: String,
    items: Vec<Item>,
}

/// Reads a coordinate system from its WKT.
pub(super) fn read(text: &str) -> Result<Definition, Error> {
    let mut reader = Reader { rest: text.trim() };
    let node = reader.node(0).filter(|_| reader.rest.trim().is_empty());
    let node = node.ok_or_else(|| Error::format("WKT of a coordinate system", "it is broken or cut off"))?;
    stated(&node)?.definition()
}

fn stated(node: &Node) -> Result<Stated, Error> {
    let name = node.name().unwrap_or("unnamed").to_owned();
    let refuse = |why: &str| Error::crs(&name, why);
    match node.key.as_str() {
        "PROJCS" | "PROJCRS" | "PROJECTEDCRS" => Ok(projected(node, name)),
        "GEODCRS" | "GEODETICCRS" | "GEOGCRS"
            if node
                .child(&["CS"])
                .and_then(Node::word)
                .is_some_and(|kind| !kind.eq_ignore_ascii_case("ellipsoidal")) =>
        {
            Err(refuse(NEITHER))
        }
        "GEOGCS" | "GEOGCRS" | "GEOGRAPHICCRS" | "GEODCRS" | "GEODETICCRS" => {
            let mut stated = Stated { name, old_wkt: node.key == "GEOGCS", ..Stated::default() };
            base(node, &mut stated);
            stated.unit = degrees_in_unit(node);
            Ok(stated)
        }
        // The horizontal one comes first.
        "COMPD_CS" | "COMPOUNDCRS" => {
            let first = node.nodes().next().ok_or_else(|| refuse("it is compound, of nothing"))?;
            if first.key.starts_with("COMP") { Err(refuse("it is compound, twice")) } else { stated(first) }
        }
        "BOUNDCRS" => bound(node, &name),
        _ => Err(refuse(NEITHER)),
    }
}

fn projected(node: &Node, name: String) -> Stated {
    let mut stated = Stated { name, old_wkt: node.key == "PROJCS", ..Stated::default() };
    let conversion = node.child(&["CONVERSION"]).unwrap_or(node);
    let method = conversion.child(&["PROJECTION", "METHOD"]);
    stated.method = Some(method.and_then(Node::name).unwrap_or_default().to_owned());
    stated.unit = node.unit(&["UNIT", "LENGTHUNIT"]).or_else(|| axis_unit(node)).unwrap_or(1.0);
    let geographic = node.child(&["GEOGCS", "BASEGEOGCRS", "BASEGEODCRS"]);
    let degrees = geographic.map_or(1.0, degrees_in_unit);
    for parameter in conversion.nodes().filter(|one| one.key == "PARAMETER") {
        let (Some(name), Some(value)) = (parameter.name(), parameter.number(1)) else { continue };
        let own = |keys: &[&str]| parameter.unit(keys);
        let by_name = plain(name);
        let value = if by_name.contains("easting") || by_name.contains("northing") {
            value * own(&["LENGTHUNIT", "UNIT"]).unwrap_or(stated.unit)
        } else if by_name.contains("scale") {
            value * own(&["SCALEUNIT", "UNIT"]).unwrap_or(1.0)
        } else {
            value * own(&["ANGLEUNIT", "UNIT"]).map_or(degrees, in_degrees)
        };
        stated.parameters.push((name.to_owned(), value));
    }
    if let Some(geographic) = geographic {
        base(geographic, &mut stated);
    }
    let axes = node.nodes().filter(|one| one.key == "AXIS");
    stated.axes = axes.filter_map(|axis| axis.word()).map(str::to_lowercase).collect();
    stated
}

/// What the geographic part states.
fn base(node: &Node, stated: &mut Stated) {
    let datum = node.child(&["DATUM", "GEODETICDATUM", "TRF", "ENSEMBLE"]);
    let ellipsoid = datum.and_then(|datum| datum.child(&["SPHEROID", "ELLIPSOID"]));
    stated.ellipsoid = ellipsoid.and_then(|one| {
        let unit = one.unit(&["LENGTHUNIT", "UNIT"]).unwrap_or(1.0);
        Some(Ellipsoid { semi_major: one.number(1)? * unit, inverse_flattening: one.number(2)? })
    });
    let meridian = node.child(&["PRIMEM", "PRIMEMERIDIAN"]);
    stated.meridian = meridian.and_then(|one| one.number(1)).unwrap_or(0.0);
    let shift = datum.and_then(|datum| datum.child(&["TOWGS84"]));
    stated.shift = shift.map(|shift| {
        let mut numbers = [0.0; 7];
        numbers.iter_mut().enumerate().for_each(|(at, number)| *number = shift.number(at).unwrap_or(0.0));
        numbers
    });
}

/// A system with a stated shift to another one, which must be WGS 84.
fn bound(node: &Node, name: &str) -> Result<Stated, Error> {
    let refuse = |why: &str| Error::crs(name, why);
    let part = |key: &str| node.child(&[key]).and_then(|part| part.nodes().next());
    let source = part("SOURCECRS").filter(|source| source.key != "BOUNDCRS");
    let mut source = stated(source.ok_or_else(|| refuse("it is bound to a shift, but states no system of its own"))?)?;
    let target = stated(part("TARGETCRS").ok_or_else(|| refuse("it states no target of its shift"))?)?;
    let transformation = node.child(&["ABRIDGEDTRANSFORMATION"]);
    let method =
        transformation.and_then(|one| one.child(&["METHOD"])).and_then(Node::name).map(plain).unwrap_or_default();
    let rotated = method.contains("positionvector");
    let modern = target.ellipsoid.is_some_and(Ellipsoid::is_modern) && target.method.is_none();
    if !modern || !(rotated || method.contains("geocentrictranslation")) {
        return Err(refuse(
            "its shift is not one of three or seven numbers to WGS 84; write the region in EPSG:4326 first",
        ));
    }
    let mut shift = [0.0; 7];
    for parameter in transformation.into_iter().flat_map(Node::nodes).filter(|one| one.key == "PARAMETER") {
        let (Some(name), Some(value)) = (parameter.name(), parameter.number(1)) else { continue };
        let name = plain(name);
        let axis = ["xaxis", "yaxis", "zaxis"].iter().position(|axis| name.starts_with(axis));
        let seconds = |radians: f64| radians.to_degrees() * 3600.0;
        let (at, value) = match axis {
            Some(axis) if name.ends_with("rotation") => {
                (axis + 3, value * parameter.unit(&["ANGLEUNIT", "UNIT"]).map_or(1.0, seconds))
            }
            Some(axis) => (axis, value * parameter.unit(&["LENGTHUNIT", "UNIT"]).unwrap_or(1.0)),
            // A scale without a unit is a factor.
            None => (6, parameter.unit(&["SCALEUNIT", "UNIT"]).map_or((value - 1.0) * 1e6, |unit| value * unit * 1e6)),
        };
        if let Some(number) = shift.get_mut(at) {
            *number = value;
        }
    }
    source.shift = Some(shift);
    Ok(source)
}

fn degrees_in_unit(node: &Node) -> f64 {
    node.unit(&["UNIT", "ANGLEUNIT"]).or_else(|| axis_unit(node)).map_or(1.0, in_degrees)
}

/// Converts radians in a unit to degrees. For the degree the result is exactly 1: files round its factor differently.
pub(super) fn in_degrees(radians: f64) -> f64 {
    let degrees = radians.to_degrees();
    if (degrees - 1.0).abs() < 1e-10 { 1.0 } else { degrees }
}

fn axis_unit(node: &Node) -> Option<f64> {
    node.child(&["AXIS"])?.unit(&["LENGTHUNIT", "ANGLEUNIT", "UNIT"])
}

impl Node {
    fn nodes(&self) -> impl Iterator<Item = &Self> {
        self.items.iter().filter_map(|item| if let Item::Node(node) = item { Some(node) } else { None })
    }

    fn child(&self, keys: &[&str]) -> Option<&Self> {
        self.nodes().find(|node| keys.contains(&node.key.as_str()))
    }

    fn name(&self) -> Option<&str> {
        if let Some(Item::Text(text)) = self.items.first() { Some(text) } else { None }
    }

    fn number(&self, at: usize) -> Option<f64> {
        if let Some(Item::Number(number)) = self.items.get(at) { Some(*number) } else { None }
    }

    /// The first bare word: the direction of an axis.
    fn word(&self) -> Option<&str> {
        self.items.iter().find_map(|item| if let Item::Word(word) = item { Some(word.as_str()) } else { None })
    }

    fn unit(&self, keys: &[&str]) -> Option<f64> {
        self.child(keys)?.number(1)
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self, mark: char) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(mark).map(|rest| self.rest = rest).is_some()
    }

    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|mark: char| !(mark.is_ascii_alphanumeric() || "_+-.:".contains(mark)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_owned()
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        let key = self.word().to_ascii_uppercase();
        let close = if self.skip('[') {
            ']'
        } else if self.skip('(') {
            ')'
        } else {
            return None;
        };
        self.items(key, close, depth)
    }

    fn items(&mut self, key: String, close: char, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH || key.is_empty() {
            return None;
        }
        let mut items = Vec::new();
        loop {
            items.push(self.item(depth)?);
            if self.skip(close) {
                return Some(Node { key, items });
            }
            if !self.skip(',') {
                return None;
            }
        }
    }

    fn item(&mut self, depth: usize) -> Option<Item> {
        if self.skip('"') {
            return self.text().map(Item::Text);
        }
        let word = self.word();
        for (open, close) in [('[', ']'), ('(', ')')] {
            if self.skip(open) {
                return self.items(word.to_ascii_uppercase(), close, depth + 1).map(Item::Node);
            }
        }
        match word.parse::<f64>() {
            Ok(number) if number.is_finite() => Some(Item::Number(number)),
            _ if word.is_empty() => None,
            _ => Some(Item::Word(word)),
        }
    }

    /// Up to the closing quote; two of them stand for one.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            let (part, rest) = self.rest.split_once('"')?;
            text.push_str(part);
            self.rest = rest;
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    text.push('"');
                    self.rest = rest;
                }
                None => return Some(text),
            }
        }
    }
}
