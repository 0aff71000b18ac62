//! Where the columns of a granule are.
use crate::ahead::Ahead;
use crate::axis::{self, Cycles};
use crate::beams::{self, Beam};
use crate::cf::{ATTRIBUTES, Decoding};
use crate::label::Label;
use crate::pieces::{Column, is_long, leader};
use crate::product::{Beams, ColumnSpec, Second};
use crate::track::{
    Found, FoundColumn, FoundTrack, Part, Track, TrackColumn, column_path, group_path, is_of_parents, parts,
};
use crate::{GranuleError, Product, clock, recognise};
use byte_ranges::{ByteRange, Source, Step};
use hdf5_pure::{Attribute, Dataset, Metadata, Object, Selection, StepResult};
use std::sync::Arc;

/// Bytes of a node of a chunk index (a version 1 B-tree of 64 chunks of one dimension: 2,096).
const INDEX_NODE: u64 = 2096;
/// Most bytes of a coordinate chunk that are read before its size is known.
const MAX_OPENING: u64 = 1 << 20;

/// What there is of a product in a granule.
#[derive(Debug)]
pub(crate) struct Located {
    /// Its tracks, in the product's order.
    pub(crate) tracks: Vec<Track>,
    /// Tracks of the product that the granule does not have.
    pub(crate) absent: Vec<String>,
    /// Tracks that it has and the job leaves out, by their beams.
    pub(crate) left_out: Vec<String>,
    /// What the file says it is.
    pub(crate) label: Label,
}

/// Finds the columns of all tracks of a file of that name, then how their numbers are to be read and where their chunks are:
/// two questions, each asked for all at once. Products that choose beams or a cycle ask one more between them.
pub(crate) async fn tracks<S: Source>(
    name: &str,
    file: &mut Metadata,
    source: &S,
    product: &Product,
    cycles: Cycles<'_>,
) -> Result<Located, GranuleError> {
    let (mut found, label) = datasets(name, file, source, product).await?;
    let there: Vec<String> = found.iter().map(|track| track.name.clone()).collect();
    if matches!(product.beams, Beams::Strong | Beams::Weak) && !found.is_empty() {
        let wanted = if product.beams == Beams::Strong { Beam::Strong } else { Beam::Weak };
        let mut beams = beams::of(file, source, &there).await?.into_iter();
        found.retain(|_| beams.next() == Some(wanted));
    }
    axis::resolve(file, source, &mut found, cycles).await?;
    clock::epochs(file, source, product, &mut found).await?;
    let opening = product.orbit.map_or_else(Vec::new, |_| opening(&found));
    let columns = columns(file, source, &found, &opening).await?;
    let tracks = found.into_iter().zip(columns);
    let tracks = tracks.map(|(track, columns)| {
        let found = track.columns.iter().zip(columns);
        let columns = found.map(|(found, column)| {
            let FoundColumn { part, cycle, of_parents, .. } = *found;
            TrackColumn { part, cycle, of_parents, column }
        });
        Track::new(&track.name, &track.group, columns.collect(), (track.found, track.epoch))
    });
    let tracks = tracks.collect::<Result<Vec<Track>, _>>()?;
    let read = |name: &String| tracks.iter().any(|track| track.name == *name);
    let left = product.tracks.iter().filter(|name| !read(name)).cloned();
    let unnamed = |name: &String| matches!(&product.beams, Beams::Named(names) if !names.contains(name));
    let (left_out, absent) = left.partition(|name| there.contains(name) || unnamed(name));
    Ok(Located { tracks, absent, left_out, label })
}

/// The datasets of every track that is there, and the label of the file.
async fn datasets<S: Source>(
    name: &str,
    file: &mut Metadata,
    source: &S,
    product: &Product,
) -> Result<(Vec<FoundTrack>, Label), GranuleError> {
    let parts = parts(product);
    let unnamed = |track: &&String| !matches!(&product.beams, Beams::Named(names) if !names.contains(track));
    let places: Vec<Place<'_>> =
        product.tracks.iter().filter(unnamed).flat_map(|track| places(product, track)).collect();
    let mut paths = Vec::new();
    for place in &places {
        let columns = parts.iter().flat_map(|(part, column)| column.column.iter().map(|path| (*part, path)));
        paths.extend(columns.map(|(part, path)| column_path(product, part, (place.track, place.group), path)));
        paths.push(place.root());
    }
    let asked: Vec<&str> = paths.iter().map(String::as_str).collect();
    let (found, label) = hdf5_pure::drive(file, &Ahead::headers(source), |file| {
        // The label last: by then the end of the file is here, where the originals have it.
        Ok(match file.find(&asked)? {
            Step::Done(found) => Label::read(file).map(|label| (found, label)),
            Step::Need(needed) => Step::Need(needed),
        })
    })
    .await?;
    let mut answers = paths.iter().map(String::as_str).zip(found);
    let mut tracks: Vec<FoundTrack> = Vec::new();
    let mut error = None;
    for place in places {
        let columns = parts.iter().map(|(part, column)| {
            let answers = answers.by_ref().take(column.column.len()).collect();
            (*part, *column, answers)
        });
        let columns: Vec<Answers<'_>> = columns.collect();
        let Some((group, answer)) = answers.next() else { break };
        let is_there = answer.map_err(GranuleError::at(group))?.is_some();
        // Of several groups the first that has the track's columns counts.
        if !is_there || tracks.last().is_some_and(|before| before.name == *place.track) {
            continue;
        }
        match track(product, &place, columns) {
            Ok(track) => {
                tracks.push(track);
                error = error.filter(|(failed, _)| failed != place.track);
            }
            Err(failed) => error = error.or(Some((place.track.clone(), failed))),
        }
    }
    if let Some((_, error)) = error {
        let other = other_product(name, file, source, product, &label).await?;
        return Err(other.unwrap_or(error));
    }
    // A file that says that it is of the product, and has none of the tracks, has no data.
    if tracks.is_empty() && !label.names(product) {
        let named = recognise::recognised(file, source, name).await?;
        return Err(GranuleError::NoTracks { named, expected: product.name.clone() });
    }
    Ok((tracks, label))
}

/// The error of a file of another product, if it is one.
async fn other_product<S: Source>(
    name: &str,
    file: &mut Metadata,
    source: &S,
    product: &Product,
    label: &Label,
) -> Result<Option<GranuleError>, GranuleError> {
    if label.names(product) {
        return Ok(None);
    }
    let named = recognise::recognised(file, source, name).await?;
    let other = named.filter(|named| !product.is_called(named) && *named != product.name);
    Ok(other.map(|named| GranuleError::NoTracks { named: Some(named), expected: product.name.clone() }))
}

/// A group that may hold the columns of a track.
struct Place<'a> {
    track: &'a String,
    group: &'a String,
}

impl Place<'_> {
    fn root(&self) -> String {
        let path = group_path(self.track, self.group);
        if path.is_empty() { "/".into() } else { path }
    }
}

fn places<'a>(product: &'a Product, track: &'a String) -> impl Iterator<Item = Place<'a>> {
    product.group.iter().map(move |group| Place { track, group })
}

/// What a file answered for the paths of a column.
type Answers<'a> = (Part, &'a ColumnSpec, Vec<(&'a str, Result<Option<Object>, hdf5_pure::Error>)>);

fn track(product: &Product, place: &Place<'_>, columns: Vec<Answers<'_>>) -> Result<FoundTrack, GranuleError> {
    let mut track = FoundTrack {
        name: place.track.clone(),
        group: place.group.clone(),
        columns: Vec::new(),
        found: Found::default(),
        epoch: None,
    };
    for (part, column, answers) in columns {
        let mut there = None;
        for (at, (path, answer)) in answers.into_iter().enumerate() {
            let object = answer.map_err(GranuleError::at(path))?;
            there = there.or(object.map(|object| (at, path, object)));
        }
        match there {
            Some((at, path, object)) => {
                let Object::Dataset(dataset) = object else {
                    return Err(GranuleError::product(path, "is not a dataset"));
                };
                if column.column.len() > 1 {
                    track.found.chosen.extend(column.names().nth(at));
                }
                let (second, fill) = (column.second.clone(), column.fill.clone());
                let name = column.column.get(at).map_or("", String::as_str);
                let of_parents = is_of_parents(product, part, name);
                track.columns.push(FoundColumn { part, dataset, second, fill, cycle: None, of_parents });
            }
            None if column.optional => track.found.missing.push(column.name()),
            None => {
                let path = column_path(product, part, (place.track, place.group), &column.column.join(" or "));
                return Err(GranuleError::product(path, "is missing although its track is there"));
            }
        }
    }
    Ok(track)
}

/// Where the coordinates begin that `planned` looks at first: read along with the chunk indexes that they usually follow.
fn opening(tracks: &[FoundTrack]) -> Vec<ByteRange> {
    let first = |lengths: &[u64]| lengths.first().copied().unwrap_or(0);
    let chunk_rows = |column: &Dataset| first(&column.chunk_shape());
    let chunks = |column: &Dataset| first(&column.shape).div_ceil(chunk_rows(column).max(1));
    let size = |latitude: &FoundColumn| (first(&latitude.dataset.shape), chunks(&latitude.dataset));
    let sizes = || tracks.iter().map(|track| track.columns.first().map_or((0, 0), size));
    let leader = leader(sizes());
    let long = sizes().nth(leader).is_some_and(|(_, chunks)| is_long(chunks));
    let coordinates = tracks.get(leader).filter(|_| long).into_iter().flat_map(|track| track.columns.iter().take(2));
    let begins = coordinates.filter_map(|column| {
        let column = &column.dataset;
        let raw = chunk_rows(column).saturating_mul(column.element_size()).min(MAX_OPENING);
        ByteRange::at(column.index_offset()?, INDEX_NODE + raw / 4 * 3)
    });
    begins.collect()
}

/// The columns of each track. `along` is read with the chunk indexes.
///
/// Attributes and chunk indexes are asked for together and exactly: the attributes lie with the headers, which are here, or
/// where a late one went beside other late ones.
async fn columns<S: Source>(
    file: &mut Metadata,
    source: &S,
    tracks: &[FoundTrack],
    along: &[ByteRange],
) -> Result<Vec<Vec<Column>>, GranuleError> {
    let all: Vec<&FoundColumn> = tracks.iter().flat_map(|track| &track.columns).collect();
    let everything: Vec<Selection> = all.iter().map(|column| Selection::all(&column.dataset)).collect();
    let wants: Vec<(&Dataset, &Selection)> = all.iter().map(|column| &*column.dataset).zip(&everything).collect();
    let mut along = along.iter().copied();
    let (attributes, maps) = hdf5_pure::drive(file, &Ahead::leaves(source), |file| {
        let maps = file.chunk_maps(&wants)?;
        Ok(match (attributes(file, &all)?, maps) {
            (Step::Done(attributes), Step::Done(maps)) => Step::Done((attributes, maps)),
            (attributes, Step::Done(_)) => Step::Need(needs(attributes)),
            (attributes, Step::Need(maps)) => Step::Need([needs(attributes), maps, along.by_ref().collect()].concat()),
        })
    })
    .await?;
    let mut read = all.into_iter().zip(attributes.into_iter().zip(maps)).map(|(found, (attributes, map))| {
        let dataset = &found.dataset;
        let at = |error| GranuleError::at(&dataset.path)(error);
        let decoding = Decoding::of(dataset, &attributes.map_err(at)?, found.part.role(), &found.fill)?;
        let Second::Index(second) = found.second else {
            return Column::new(Arc::clone(dataset), None, decoding, map.map_err(at)?);
        };
        Column::new(Arc::clone(dataset), Some(second), decoding, map.map_err(at)?)
    });
    tracks.iter().map(|track| read.by_ref().take(track.columns.len()).collect()).collect()
}

/// What decides how the numbers of each dataset are read; an error of one does not fail the others.
fn attributes(
    file: &mut Metadata,
    columns: &[&FoundColumn],
) -> StepResult<Vec<Result<Vec<Attribute>, hdf5_pure::Error>>> {
    Step::all(columns.iter().map(|column| {
        match file.attributes(&Object::Dataset(Arc::clone(&column.dataset)), Some(&ATTRIBUTES)) {
            Ok(step) => Ok(step.map(Ok)),
            Err(error) => Ok(Step::Done(Err(error))),
        }
    }))
}

fn needs<T>(step: Step<T>) -> Vec<ByteRange> {
    match step {
        Step::Need(ranges) => ranges,
        Step::Done(_) => Vec::new(),
    }
}
