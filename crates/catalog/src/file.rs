//! Catalogs as files: the JSON of the reference system (docs/lambda.md, "The catalog").
use crate::Error;
use byte_ranges::thousands;
use morton::{Cell, Latitude, Order};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::Write;
use std::marker::PhantomData;

/// Which granules touch which cells.
///
/// As JSON: `{"metadata": {...}, "catalog": {"-6134114": ["s3://...", ...]}, "granules": [...]}`. The
/// reference system knows the first two. Cells are sorted by nested number, links by the granules' names, so that
/// equal catalogs are equal bytes.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Catalog {
    /// What it is a catalog of: `cycle`, `parent_order`, `version`, `latitude`, and how it was made.
    pub metadata: Map<String, Value>,
    /// Links by cell.
    pub cells: BTreeMap<Cell, Vec<String>>,
    /// Both links of every granule, by name; empty in files of the reference system.
    pub granules: Vec<Links>,
}

/// The links of a granule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Links {
    /// Its name.
    pub name: String,
    /// `s3://` link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<String>,
    /// `https://` link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<String>,
    /// Path on the machine that made the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Numbers that describe a catalog.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Summary {
    /// Cells with granules.
    pub cells: usize,
    /// Granules, each counted once.
    pub granules: usize,
    /// Granule and cell.
    pub pairs: usize,
    /// Granules per cell: the fewest.
    pub least: usize,
    /// The lower of the two middle ones where there are two.
    pub median: usize,
    /// Mean.
    pub mean: f64,
    /// 90 of 100 cells have no more.
    pub p90: usize,
    /// The most.
    pub most: usize,
    /// The cell that has them.
    pub busiest: Option<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cells, granules, pairs, least, median, mean, p90, most, busiest } = self;
        let count = |number: &usize| thousands(*number as u64);
        writeln!(f, "{} cells, {} granules, {} pairs", count(cells), count(granules), count(pairs))?;
        write!(
            f,
            "granules per cell: least {least}, median {median}, mean {mean:.1}, 90 % have at most {p90}, most {most}"
        )?;
        busiest.as_ref().map_or(Ok(()), |cell| write!(f, " ({cell})"))
    }
}

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    metadata: Keyed<Value>,
    catalog: Keyed<Vec<String>>,
    #[serde(default)]
    granules: Vec<Links>,
}

/// An object of JSON, in its order. A key that comes twice is an error: readers differ in which of the two they take.
struct Keyed<V>(Vec<(String, V)>);

impl<V> Default for Keyed<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Keyed<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeyedVisitor(PhantomData))
    }
}

struct KeyedVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for KeyedVisitor<V> {
    type Value = Keyed<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keyed<V>, A::Error> {
        let (mut keys, mut pairs) = (HashSet::new(), Vec::new());
        while let Some((key, value)) = map.next_entry::<String, V>()? {
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key `{key}` occurs twice")));
            }
            pairs.push((key, value));
        }
        Ok(Keyed(pairs))
    }
}

#[derive(Serialize)]
struct Written<'a> {
    metadata: &'a Map<String, Value>,
    #[serde(serialize_with = "in_order")]
    catalog: &'a BTreeMap<Cell, Vec<String>>,
    #[serde(skip_serializing_if = "<[Links]>::is_empty")]
    granules: &'a [Links],
}

fn in_order<S: Serializer>(cells: &BTreeMap<Cell, Vec<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(cells.iter().map(|(cell, links)| (cell.to_string(), links)))
}

impl Catalog {
    /// Reads a catalog; `what` names it in errors. Keys must be cells of one order, that of the metadata if they name one.
    ///
    /// # Errors
    /// [`Error::Format`] naming the key or the place in the text.
    pub fn parse(json: &[u8], what: &str) -> Result<Self, Error> {
        // Editors of some systems begin a file with a byte order mark.
        let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json);
        let read: Read = serde_json::from_slice(json).map_err(|error| Error::format(what, error))?;
        let mut cells = BTreeMap::new();
        let metadata: Map<String, Value> = read.metadata.0.into_iter().collect();
        let mut order = metadata.get("parent_order").and_then(Value::as_u64);
        for (key, links) in read.catalog.0 {
            let cell: Cell = key.parse().map_err(|error: morton::Error| Error::format(what, error))?;
            let own = u64::from(cell.order().get());
            if own != *order.get_or_insert(own) {
                let order = order.unwrap_or_default();
                return Err(Error::format(what, format!("cell {key} is of order {own}, not {order}")));
            }
            if cells.insert(cell, links).is_some() {
                return Err(Error::format(what, format!("cell {cell} occurs twice")));
            }
        }
        Ok(Self { metadata, cells, granules: read.granules })
    }

    /// Writes it as JSON, with a line for every link and a newline at the end.
    ///
    /// # Errors
    /// [`Error::Format`] when the writer fails.
    pub fn write(&self, mut out: impl Write) -> Result<(), Error> {
        let failed = |why: String| Error::format("the catalog cannot be written", why);
        let mut metadata = self.metadata.clone();
        // Whether `serde_json` sorts names depends on a feature that any crate may enable.
        metadata.sort_keys();
        metadata.values_mut().for_each(Value::sort_all_objects);
        let written = Written { metadata: &metadata, catalog: &self.cells, granules: &self.granules };
        serde_json::to_writer_pretty(&mut out, &written).map_err(|error| failed(error.to_string()))?;
        out.write_all(b"\n").and_then(|()| out.flush()).map_err(|error| failed(error.to_string()))
    }

    /// Keeps the cells for which `keep` is true, and the granules that they name.
    pub fn retain(&mut self, mut keep: impl FnMut(Cell) -> bool) {
        self.cells.retain(|cell, _| keep(*cell));
        let used: std::collections::BTreeSet<&str> =
            self.cells.values().flatten().filter_map(|link| link.rsplit('/').next()).collect();
        self.granules.retain(|links| used.contains(links.name.as_str()));
    }

    /// The order of its cells; `None` without cells.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        self.cells.keys().next().map(|cell| cell.order())
    }

    /// The convention of latitude that its metadata name, if they do.
    ///
    /// # Errors
    /// As the parser of [`Latitude`].
    pub fn latitude(&self) -> Result<Option<Latitude>, morton::Error> {
        self.metadata.get("latitude").and_then(Value::as_str).map(str::parse).transpose()
    }

    /// Numbers about it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut counts: Vec<usize> = self.cells.values().map(Vec::len).collect();
        counts.sort_unstable();
        let at = |part: usize| counts.get((counts.len().saturating_sub(1)) * part / 100).copied().unwrap_or(0);
        let pairs = counts.iter().sum();
        let granules: std::collections::BTreeSet<&str> = self.cells.values().flatten().map(String::as_str).collect();
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let mean = if counts.is_empty() { 0.0 } else { pairs as f64 / counts.len() as f64 };
        // The first of equals: `max_by_key` would give the last.
        let busiest = self.cells.iter().rev().max_by_key(|(_, links)| links.len());
        Summary {
            cells: counts.len(),
            granules: granules.len(),
            pairs,
            least: at(0),
            median: at(50),
            mean,
            p90: at(90),
            most: at(100),
            busiest: busiest.map(|(cell, _)| cell.to_string()),
        }
    }

    /// Cycles in the names of its granules, ascending.
    #[must_use]
    pub fn cycles(&self) -> Vec<u8> {
        let product = self.metadata.get("product").and_then(Value::as_str).unwrap_or(products::USUAL);
        let Ok(product) = products::built_in(product) else { return Vec::new() };
        let names = self.cells.values().flatten().filter_map(|link| product.named(link)?.number("cycle"));
        let cycles: std::collections::BTreeSet<u8> = names.filter_map(|cycle| u8::try_from(cycle).ok()).collect();
        cycles.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the reference system.
    const REFERENCE: &str = r#"{"metadata": {"cycle": 22, "parent_order": 6, "version": "007", "extra": [1]},
        "catalog": {"-6134114": ["s3://b/ATL06_20231219171439_00132211_007_01.h5", "s3://b/b.h5"],
                    "-4111114": ["s3://b/b.h5"], "3111111": []}}"#;

    #[test]
    fn the_form_of_the_reference_system_is_read_and_written() {
        let catalog = Catalog::parse(REFERENCE.as_bytes(), "reference.json").unwrap();
        let mut written = Vec::new();
        catalog.write(&mut written).unwrap();
        let text = String::from_utf8(written.clone()).unwrap();
        let places: Vec<usize> =
            ["3111111", "-4111114", "-6134114"].iter().map(|key| text.find(key).unwrap()).collect();
        assert!(places.is_sorted(), "nested order: {text}");
        assert!(!text.contains("granules"));
        assert_eq!(Catalog::parse(&written, "again").unwrap(), catalog);
        assert_eq!(Catalog::parse(format!("\u{feff}{REFERENCE}").as_bytes(), "marked").unwrap(), catalog);
        assert_eq!(catalog.metadata["extra"], serde_json::json!([1]));
        assert_eq!(catalog.cycles(), [22]);
        let summary = catalog.summary();
        assert_eq!((summary.cells, summary.granules, summary.pairs), (3, 2, 3));
        assert_eq!((summary.least, summary.median, summary.p90, summary.most, summary.mean), (0, 1, 1, 2, 1.0));
        assert_eq!(summary.busiest.as_deref(), Some("-6134114"));
        let words = "3 cells, 2 granules, 3 pairs\ngranules per cell: least 0, median 1, mean 1.0, 90 % have at most 1, most 2 (-6134114)";
        assert_eq!(summary.to_string(), words);
    }

    #[test]
    fn wrong_catalogs_are_named() {
        for (text, says) in [
            ("{", "EOF"),
            ("{}", "catalog"),
            (r#"{"catalog": {"-7134114": []}}"#, "leading digit"),
            (r#"{"metadata": {"parent_order": 5}, "catalog": {"-6134114": []}}"#, "order 6, not 5"),
            (r#"{"catalog": {"-6134114": [], "-613411": []}}"#, "not"),
            (r#"{"catalog": {"-6134114": [], "nested:6/45763": []}}"#, "twice"),
            (r#"{"catalog": {"-6134114": ["a"], "-4111114": [], "-6134114": ["b"]}}"#, "`-6134114` occurs twice"),
            (r#"{"catalog": {"-6134114": ["a"], "\u002d6134114": ["b"]}}"#, "`-6134114` occurs twice"),
            (r#"{"metadata": {"cycle": 1, "cycle": 2}, "catalog": {}}"#, "`cycle` occurs twice"),
            (r#"{"catalog": {"-6134114": ["a"]}, "catalog": {"-4111114": ["b"]}}"#, "duplicate field `catalog`"),
        ] {
            let error = Catalog::parse(text.as_bytes(), "c.json").unwrap_err().to_string();
            assert!(error.starts_with("c.json: ") && error.contains(says), "{text}: {error}");
        }
    }
}
