//! The chunk index of a granule, kept beside it (docs/sidecar.md): where the product's columns are, chunk by chunk, and which
//! cells the rows of each coordinate chunk lie in. With it a cell is read in one round, without any metadata of the file.
//!
//! It speaks of one version of one file, and is believed only when the file's size and tag are the ones it was made of.
use crate::axis::Cycles;
use crate::beams::{self, Beam};
use crate::bodies::Bodies;
use crate::cells::Cells;
use crate::locate::Located;
use crate::parents::Wanted;
use crate::pieces::{Column, ColumnRecord};
use crate::product::{Beams, TimeOf};
use crate::select::{self, Group};
use crate::track::{Found, Part, Track, TrackColumn, column_path, is_of_parents, parts};
use crate::{ColumnSpec, GranuleError, Job, LinkFaults, Product, fetch, locate};
use byte_ranges::{ByteRange, Source, SourceError, SourceErrorKind, Stamp};
use hdf5_pure::{Limits, Metadata};
use morton::{INVALID, Latitude, Order};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the format.
const VERSION: u32 = 2;
/// Order of the cells that are listed: 25 km, so that a parent of order 8 or coarser is answered exactly.
const ORDER: u8 = 8;
/// Bytes of a sidecar that are read in one go; real ones have tens of kilobytes.
const USUAL: u64 = 256 << 10;
/// Most bytes of a sidecar, and of what it inflates to.
const MOST: u64 = 64 << 20;
/// Deflate level: written once, read often.
const LEVEL: u8 = 9;
/// Coordinate bytes read at the same time when an index is made.
const WAVE: u64 = 16 << 20;

/// An index of one granule.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sidecar {
    /// Version of the format.
    icestream_index: u32,
    /// Name of the granule.
    pub granule: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag or time of change.
    pub tag: String,
    /// Name of the product; indexes that do not say it are of ATL06.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    product: String,
    /// Group inside a track that holds the columns, unless the track says another one.
    group: String,
    /// Order of the cells.
    order: u8,
    /// Tracks that are there, by name.
    tracks: BTreeMap<String, TrackRecord>,
    /// Tracks of the product that are not.
    absent: Vec<String>,
}

/// What all versions of the format have in common.
#[derive(Deserialize)]
struct Versioned {
    icestream_index: u32,
}

/// One track: its columns by name, and the cells of each piece of its latitude.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct TrackRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Its beam, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beam: Option<Beam>,
    columns: BTreeMap<String, NamedColumn>,
    /// Columns of conditions. They have their own rule for "no value" (`cf::Role`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    conditions: BTreeMap<String, NamedColumn>,
    /// Columns that the product names and the track does not have.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    missing: BTreeSet<String>,
    /// What is wrong with the link of its rows to their parents.
    #[serde(default, skip_serializing_if = "LinkFaults::is_sound")]
    link: LinkFaults,
    spherical: Vec<Vec<u64>>,
    authalic: Vec<Vec<u64>>,
}

/// One column, and the numbers that the product says stand for "no value" in it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct NamedColumn {
    #[serde(flatten)]
    column: ColumnRecord,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    named: Vec<f64>,
}

/// Why an index is of no use; the granule is then read without it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

impl Unusable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    fn missing(what: &str) -> Self {
        Self(format!("it does not have {what}"))
    }
}

impl Sidecar {
    /// The name of a granule's index: `ATL06_20190416093911_02770303_002_01.h5.icx`.
    #[must_use]
    pub fn name_for(granule: &str) -> String {
        format!("{granule}.icx")
    }

    /// The path or URL of a granule's index in a folder or under a prefix of indexes.
    #[must_use]
    pub fn place_in(folder: &str, granule: &str) -> String {
        format!("{}/{}", folder.trim_end_matches('/'), Self::name_for(granule))
    }

    /// Makes the index of a granule: reads its metadata and all coordinates.
    ///
    /// # Errors
    /// What reading the granule answers; [`GranuleError::Product`] when a column is of a type or layout that cannot be indexed,
    /// or versions of the file cannot be distinguished.
    pub async fn of<S: Source>(source: &S, granule: &str, product: &Product) -> Result<Self, GranuleError> {
        let mut file = Metadata::new(Limits::default());
        let all = Product { beams: Beams::All, direction: None, ..product.clone() };
        let Located { tracks, absent, .. } = locate::tracks(granule, &mut file, source, &all, Cycles::Chosen).await?;
        let names: Vec<String> = tracks.iter().map(|track| track.name.clone()).collect();
        let beams = match product.beams {
            Beams::Strong | Beams::Weak => Some(beams::of(&mut file, source, &names).await?),
            Beams::All | Beams::Named(_) => None,
        };
        let bodies = Bodies::new(source, file.arrived().clone());
        drop(file);
        let Some(Stamp { size, tag }) = source.stamp() else {
            return Err(GranuleError::product(
                "/",
                "has no strong entity tag and no date: an index could not be tied to it",
            ));
        };
        let mut records = BTreeMap::new();
        let group = tracks.first().map_or_else(String::new, |track| track.group.clone());
        for (at, track) in tracks.iter().enumerate() {
            let mut record = TrackRecord::of(track, &bodies, product).await?;
            record.group = Some(track.group.clone()).filter(|own| *own != group);
            record.beam = beams.as_ref().and_then(|beams| beams.get(at).copied());
            records.insert(track.name.clone(), record);
        }
        let (granule, product) = (granule.to_owned(), product.name.clone());
        Ok(Self { icestream_index: VERSION, granule, size, tag, product, group, order: ORDER, tracks: records, absent })
    }

    /// The bytes to keep: JSON in a zlib stream (RFC 1950), whose Adler-32 detects damage.
    ///
    /// # Errors
    /// [`Unusable`] when it cannot be written as JSON, which numbers of a sound granule can.
    pub fn encode(&self) -> Result<Vec<u8>, Unusable> {
        let text = serde_json::to_vec(self).map_err(|error| Unusable::new(error.to_string()))?;
        Ok(miniz_oxide::deflate::compress_to_vec_zlib(&text, LEVEL))
    }

    /// The inverse of [`Sidecar::encode`].
    ///
    /// # Errors
    /// [`Unusable`]: damaged, cut off, or of another version of the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unusable> {
        let most = usize::try_from(MOST).unwrap_or(usize::MAX);
        let text = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(bytes, most)
            .map_err(|_| Unusable::new("it is damaged or no index"))?;
        let broken = |error| Unusable::new(format!("it is no index of this version: {error}"));
        let Versioned { icestream_index } = serde_json::from_slice(&text).map_err(broken)?;
        if icestream_index != VERSION {
            return Err(Unusable::new(format!("it is of version {icestream_index}, not {VERSION}")));
        }
        let sidecar: Self = serde_json::from_slice(&text).map_err(broken)?;
        if sidecar.order > Order::MAX.get() {
            return Err(Unusable::new(format!("its cells are of order {}", sidecar.order)));
        }
        Ok(sidecar)
    }

    /// Reads an index through its own source.
    ///
    /// # Errors
    /// [`Unusable`]: not there, not reachable, or what [`Sidecar::decode`] answers.
    pub async fn fetch<S: Source>(source: &S) -> Result<Self, Unusable> {
        let head = ByteRange::at(0, USUAL).ok_or_else(|| Unusable::new("no range"))?;
        let first = source.fetch(head).await.map_err(|error| Self::unreachable(&error))?;
        if first.file_size > MOST {
            return Err(Unusable::new(format!("it has {} bytes", first.file_size)));
        }
        let mut bytes = first.bytes.to_vec();
        if let Some(rest) = ByteRange::new(bytes.len() as u64, first.file_size).filter(|rest| !rest.is_empty()) {
            bytes.extend(source.fetch(rest).await.map_err(|error| Self::unreachable(&error))?.bytes);
        }
        Self::decode(&bytes)
    }

    /// Why there is nothing to read.
    pub(crate) fn unreachable(error: &SourceError) -> Unusable {
        match error.kind {
            SourceErrorKind::NotFound => Unusable::new("there is none"),
            _ => Unusable::new(error.to_string()),
        }
    }

    /// Whether the index speaks of the version of the file that a source stands for; `None` while that is not known.
    #[must_use]
    pub fn is_of<S: Source>(&self, source: &S) -> Option<bool> {
        source.stamp().map(|stamp| stamp.size == self.size && stamp.tag == self.tag)
    }

    /// Whether it has what a product reads.
    #[must_use]
    pub fn serves(&self, product: &Product) -> bool {
        self.tracks(product).is_ok()
    }

    /// The tracks as `locate` would find them, and those that are left out.
    pub(crate) fn tracks(&self, product: &Product) -> Result<(Vec<Track>, Vec<String>), Unusable> {
        let mut left_out = Vec::new();
        let mut tracks = Vec::new();
        for name in product.tracks.iter().filter(|name| !self.absent.contains(name)) {
            let record = self.tracks.get(name).ok_or_else(|| Unusable::missing(name))?;
            let counts = match &product.beams {
                Beams::All => true,
                Beams::Named(names) => names.contains(name),
                wanted => {
                    let beam = record.beam.ok_or_else(|| Unusable::missing("the strength of its beams"))?;
                    beam == if *wanted == Beams::Strong { Beam::Strong } else { Beam::Weak }
                }
            };
            if counts {
                tracks.push(self.track(name, record, product)?);
            } else {
                left_out.push(name.clone());
            }
        }
        Ok((tracks, left_out))
    }

    fn track(&self, name: &str, record: &TrackRecord, product: &Product) -> Result<Track, Unusable> {
        let group = record.group.as_ref().unwrap_or(&self.group);
        if !product.group.contains(group) {
            return Err(Unusable::new("it is of another product"));
        }
        let mut found = Found::default();
        let mut columns = Vec::new();
        for (part, wanted) in parts(product) {
            let path = |column: &str| column_path(product, part, (name, group), column);
            match self.column(record, part, wanted).map_err(|column| Unusable::missing(&path(&column)))? {
                Some((column, record)) => {
                    if wanted.column.len() > 1 {
                        found.chosen.push(column.clone());
                    }
                    let read = Column::from_record(&path(&column), &record.column);
                    let of_parents = is_of_parents(product, part, &column);
                    let column = read.map_err(|error| Unusable::new(error.to_string()))?;
                    columns.push(TrackColumn { part, cycle: None, of_parents, column });
                }
                None if wanted.optional => found.missing.push(wanted.name()),
                None => return Err(Unusable::missing(&path(&wanted.name()))),
            }
        }
        let epoch = match &product.time {
            TimeOf::Column { epoch: None, .. } => return Err(Unusable::missing("the units of times")),
            TimeOf::Column { epoch: Some(epoch), .. } => crate::time::moment(epoch),
            TimeOf::Granule => None,
        };
        let track =
            Track::new(name, group, columns, (found, epoch)).map_err(|error| Unusable::new(error.to_string()))?;
        let pieces = track.pieces();
        let complete = record.spherical.len() == pieces && record.authalic.len() == pieces;
        if complete { Ok(track) } else { Err(Unusable::missing("the cells of every chunk")) }
    }

    /// The first of a column's alternatives that the track has; `None` where it has none. The error names an alternative that the
    /// index has no entry for.
    fn column<'a>(
        &self,
        record: &'a TrackRecord,
        part: Part,
        wanted: &ColumnSpec,
    ) -> Result<Option<(String, &'a NamedColumn)>, String> {
        let condition = matches!(part, Part::Keep(_)) && !self.product.is_empty();
        let held = if condition { &record.conditions } else { &record.columns };
        for name in wanted.names() {
            match held.get(&name) {
                Some(column) if column.named == wanted.fill => return Ok(Some((name, column))),
                None if record.missing.contains(&name) => {}
                _ => return Err(name),
            }
        }
        Ok(None)
    }

    /// Pieces of a track's latitude that hold rows of some cells, or may do so.
    pub(crate) fn pieces(&self, track: &str, cells: &Cells<'_>) -> impl Iterator<Item = usize> {
        let record = self.tracks.get(track);
        let pieces = record.map_or(&[][..], |record| match cells.job().latitude() {
            Latitude::Spherical => &record.spherical,
            Latitude::Authalic => &record.authalic,
        });
        let holds = |held: &Vec<u64>| held.iter().any(|cell| cells.touch(*cell, self.order));
        pieces.iter().enumerate().filter(move |(_, held)| holds(held)).map(|(piece, _)| piece)
    }

    /// Tracks whose rows do not hang on their parents as they should.
    pub fn broken(&self) -> impl Iterator<Item = (&str, LinkFaults)> {
        let all = self.tracks.iter().map(|(track, record)| (track.as_str(), record.link));
        all.filter(|(_, faults)| !faults.is_sound())
    }

    /// What is wrong with the link of a track's rows.
    pub(crate) fn faults(&self, track: &str) -> LinkFaults {
        self.tracks.get(track).map(|record| record.link).unwrap_or_default()
    }

    /// Whether [`Sidecar::pieces`] are exactly those with rows in the cell.
    pub(crate) fn is_exact_for(&self, job: &Job) -> bool {
        job.parent().order().get() <= self.order
    }
}

impl TrackRecord {
    async fn of<S: Source>(track: &Track, bodies: &Bodies<'_, S>, product: &Product) -> Result<Self, GranuleError> {
        let (mut columns, mut conditions, mut missing) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for (part, wanted) in parts(product) {
            let held = match part {
                Part::Latitude => Some(&track.latitude),
                Part::Longitude => Some(&track.longitude),
                part => track.column(part, None).map(|(_, column)| column),
            };
            let Some(column) = held else {
                missing.extend(wanted.names());
                continue;
            };
            let chosen = wanted.names().find(|name| wanted.column.len() == 1 || track.found.chosen.contains(name));
            let chosen = chosen.unwrap_or_default();
            missing.extend(wanted.names().take_while(|name| *name != chosen));
            let record = NamedColumn { column: column.record()?, named: wanted.fill.clone() };
            if let Part::Keep(_) = part { &mut conditions } else { &mut columns }.insert(chosen, record);
        }
        let (spherical, authalic) = (vec![Vec::new(); track.pieces()], vec![Vec::new(); track.pieces()]);
        let link = match &product.link {
            Some(link) => {
                let wanted = Wanted { product, link, region: None };
                wanted.of(track, bodies).await?.0.faults
            }
            None => LinkFaults::default(),
        };
        let mut record = Self { group: None, beam: None, columns, conditions, missing, link, spherical, authalic };
        let groups: Vec<Group<'_>> = (0..track.pieces()).filter_map(|piece| Group::new(0, track, piece)).collect();
        for (_, wave) in fetch::waves(groups, WAVE, Group::bytes) {
            let read = select::read(&wave, bodies, |group, longitude, latitude| {
                let cells = |mode| {
                    cells(mode, longitude, latitude)
                        .map_err(|error| GranuleError::product(&track.name, error.to_string()))
                };
                Ok((group.piece(), cells(Latitude::Spherical)?, cells(Latitude::Authalic)?))
            });
            for (piece, spherical, authalic) in read.await? {
                for (cells, found) in [(&mut record.spherical, spherical), (&mut record.authalic, authalic)] {
                    if let Some(cells) = cells.get_mut(piece) {
                        *cells = found;
                    }
                }
            }
        }
        Ok(record)
    }
}

/// The cells that hold some of the places, ascending.
fn cells(mode: Latitude, longitude: &[f64], latitude: &[f64]) -> Result<Vec<u64>, morton::Error> {
    let mut cells = vec![0; latitude.len()];
    morton::nested_of(Order::new(ORDER)?, mode, longitude, latitude, &mut cells)?;
    cells.retain(|&cell| cell != INVALID);
    cells.sort_unstable();
    cells.dedup();
    cells.shrink_to_fit();
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_of_another_version_says_so() {
        for text in [
            &br#"{"icestream_index":1,"tracks":{"gt1l":{"columns":{"h_li":{"fill":"3e38"}}}}}"#[..],
            br#"{"icestream_index":3}"#,
        ] {
            let bytes = miniz_oxide::deflate::compress_to_vec_zlib(text, LEVEL);
            let why = Sidecar::decode(&bytes).unwrap_err().to_string();
            assert!(why.starts_with("it is of version ") && why.ends_with(", not 2"), "{why}");
        }
    }
}
