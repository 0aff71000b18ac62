//! Where the columns of a granule are.
use crate::cf::{ATTRIBUTES, Decoding, Role};
use crate::label::Label;
use crate::pieces::{Column, Piece, is_long, leader};
use crate::{GranuleError, Product, recognise};
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, Stamp, Step};
use hdf5_pure::{Attribute, Dataset, File, Object, Selection, StepResult};
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a node of a chunk index (a version 1 B-tree of 64 chunks of one dimension: 2,096).
const INDEX_NODE: u64 = 2096;
/// Bytes from the last header of a track's datasets to the attributes that they got when the granule was done (design note 0006).
const LATE_ATTRIBUTES: u64 = 10 << 10 | 512;
/// Most bytes of a coordinate chunk that are read before its size is known.
const MOST_OPENING: u64 = 1 << 20;

/// One track of a granule: its columns, row-aligned.
#[derive(Debug)]
pub(crate) struct Track {
    /// Group name.
    pub(crate) name: String,
    /// Rows of every column.
    pub(crate) rows: u64,
    pub(crate) latitude: Column,
    pub(crate) longitude: Column,
    pub(crate) value: Column,
    pub(crate) sigma: Column,
    /// In the order of the product's filters, with the value to keep.
    pub(crate) filters: Vec<(Column, i64)>,
    /// The magnitude beyond which value and sigma are absurd.
    pub(crate) limit: Option<f64>,
}

impl Track {
    /// Pieces of its latitude, which the rows are looked at by.
    pub(crate) fn pieces(&self) -> usize {
        self.latitude.pieces().len()
    }

    /// Rows whose latitude or longitude was never written: what a reader makes of them is no place. Nothing needs to be read to
    /// know them.
    pub(crate) fn unwritten(&self) -> u64 {
        let rows = |column: &Column, within: &Range<u64>| -> u64 {
            let missing = column.overlapping(within).filter(|(_, held)| held.range().is_none());
            missing.map(|(_, held)| held.rows.end.min(within.end) - held.rows.start.max(within.start)).sum()
        };
        let beside = |held: &Piece| if held.range().is_none() { 0 } else { rows(&self.longitude, &held.rows) };
        rows(&self.latitude, &(0..self.rows)) + self.latitude.pieces().iter().map(beside).sum::<u64>()
    }

    /// Its columns in the product's order: latitude, longitude, value, sigma, filters.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        let fixed = [&self.latitude, &self.longitude, &self.value, &self.sigma];
        fixed.into_iter().chain(self.filters.iter().map(|(column, _)| column))
    }

    /// Rows of one piece.
    fn piece_rows(&self, piece: usize) -> Range<u64> {
        self.latitude.pieces().get(piece).map_or(0..0, |held| held.rows.clone())
    }

    /// Stored bytes of value, sigma and filters of the rows of one piece.
    pub(crate) fn value_ranges(&self, piece: usize) -> Vec<ByteRange> {
        let rows = self.piece_rows(piece);
        let columns = [&self.value, &self.sigma].into_iter().chain(self.filters.iter().map(|(column, _)| column));
        columns.flat_map(|column| column.overlapping(&rows).filter_map(|(_, held)| held.range())).collect()
    }
}

/// What there is of a product in a granule.
#[derive(Debug)]
pub(crate) struct Located {
    /// Its tracks, in the product's order.
    pub(crate) tracks: Vec<Track>,
    /// Tracks of the product that the granule does not have.
    pub(crate) absent: Vec<String>,
    /// What the file says it is.
    pub(crate) label: Label,
}

/// Finds the columns of all tracks of a file of that name, then how their numbers are to be read and where their chunks are:
/// two questions, each asked for all at once.
pub(crate) async fn tracks<S: Source>(
    name: &str,
    file: &mut File,
    source: &S,
    product: &Product,
) -> Result<Located, GranuleError> {
    let (datasets, label) = datasets(name, file, source, product).await?;
    let all = datasets.iter().flat_map(|(_, found)| found.iter().cloned()).collect();
    let opening = product.orbit.map_or_else(Vec::new, |_| opening(&datasets));
    let mut columns = columns(file, source, all, &opening, &roles(product)).await?.into_iter();
    let mut tracks = Vec::with_capacity(datasets.len());
    for (name, found) in &datasets {
        tracks.push(track(name, columns.by_ref().take(found.len()), product)?);
    }
    let is_absent = |name: &&String| !tracks.iter().any(|track| track.name == **name);
    let absent = product.tracks.iter().filter(is_absent).cloned().collect();
    Ok(Located { tracks, absent, label })
}

/// Datasets by track.
type Datasets = Vec<(String, Vec<Arc<Dataset>>)>;

/// The datasets of every track that is there, by the product's column order: latitude, longitude, value, sigma, filters; and
/// the label of the file.
async fn datasets<S: Source>(
    name: &str,
    file: &mut File,
    source: &S,
    product: &Product,
) -> Result<(Datasets, Label), GranuleError> {
    let names = column_names(product);
    let mut paths = Vec::new();
    for track in &product.tracks {
        let group = format!("/{track}/{}", product.group);
        paths.extend(names.iter().map(|name| format!("{group}/{name}")));
        paths.push(group);
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
    let mut tracks = Vec::new();
    let mut answers = paths.iter().zip(found);
    for track in &product.tracks {
        let columns: Vec<_> = answers.by_ref().take(names.len()).collect();
        let Some((group, answer)) = answers.next() else { break };
        if answer.map_err(GranuleError::at(group))?.is_none() {
            continue;
        }
        let columns = columns.into_iter().map(|(path, answer)| dataset(path, answer));
        tracks.push((track.clone(), columns.collect::<Result<_, _>>()?));
    }
    // A file that says that it is of the product, and has none of the tracks, has no data.
    if tracks.is_empty() && !label.names(product) {
        let named = recognise::recognised(file, source, name).await?;
        return Err(GranuleError::NoTracks { named, expected: product.short_name.clone() });
    }
    Ok((tracks, label))
}

pub(crate) fn column_names(product: &Product) -> Vec<&str> {
    let fixed = [&product.latitude, &product.longitude, &product.value, &product.sigma];
    fixed.into_iter().chain(product.filters.iter().map(|filter| &filter.column)).map(String::as_str).collect()
}

/// What the columns of [`column_names`] are for.
fn roles(product: &Product) -> Vec<Role> {
    let mut roles = vec![Role::Quantity; column_names(product).len()];
    roles.iter_mut().rev().take(product.filters.len()).for_each(|role| *role = Role::Condition);
    roles
}

fn dataset(path: &str, answer: Result<Option<Object>, hdf5_pure::Error>) -> Result<Arc<Dataset>, GranuleError> {
    match answer.map_err(GranuleError::at(path))? {
        Some(Object::Dataset(dataset)) if dataset.shape.len() == 1 => Ok(dataset),
        Some(Object::Dataset(dataset)) => {
            let why = format!("has {} dimensions where a column has one", dataset.shape.len());
            Err(GranuleError::product(path, why))
        }
        Some(_) => Err(GranuleError::product(path, "is not a dataset")),
        None => Err(GranuleError::product(path, "is missing although its track is there")),
    }
}

/// Where the coordinates begin that `planned` looks at first: read along with the chunk indexes that they usually follow.
fn opening(datasets: &[(String, Vec<Arc<Dataset>>)]) -> Vec<ByteRange> {
    let first = |lengths: &[u64]| lengths.first().copied().unwrap_or(0);
    let chunk_rows = |column: &Dataset| first(&column.chunk_shape());
    let chunks = |column: &Dataset| first(&column.shape).div_ceil(chunk_rows(column).max(1));
    let size = |latitude: &Arc<Dataset>| (first(&latitude.shape), chunks(latitude));
    let sizes = || datasets.iter().map(|(_, columns)| columns.first().map_or((0, 0), size));
    let leader = leader(sizes());
    let long = sizes().nth(leader).is_some_and(|(_, chunks)| is_long(chunks));
    let coordinates = datasets.get(leader).filter(|_| long).into_iter().flat_map(|(_, columns)| columns.iter().take(2));
    let begins = coordinates.filter_map(|column| {
        let raw = chunk_rows(column).saturating_mul(column.element_size()).min(MOST_OPENING);
        ByteRange::at(column.index_offset()?, INDEX_NODE + raw / 4 * 3)
    });
    begins.collect()
}

/// The columns of datasets; `roles` are those of one track. `along` is read with the chunk indexes.
///
/// Attributes and chunk indexes are asked for together and exactly: the attributes lie with the headers, which are here, or
/// where a late one went beside other late ones.
async fn columns<S: Source>(
    file: &mut File,
    source: &S,
    datasets: Vec<Arc<Dataset>>,
    along: &[ByteRange],
    roles: &[Role],
) -> Result<Vec<Column>, GranuleError> {
    let everything: Vec<Selection> = datasets.iter().map(|dataset| Selection::all(dataset)).collect();
    let wants: Vec<(&Dataset, &Selection)> = datasets.iter().map(Arc::as_ref).zip(&everything).collect();
    let mut along = along.iter().copied();
    let (attributes, maps) = hdf5_pure::drive(file, &Ahead::leaves(source), |file| {
        let maps = file.chunk_maps(&wants)?;
        Ok(match (attributes(file, &datasets)?, maps) {
            (Step::Done(attributes), Step::Done(maps)) => Step::Done((attributes, maps)),
            (attributes, Step::Done(_)) => Step::Need(needs(attributes)),
            (attributes, Step::Need(maps)) => Step::Need([needs(attributes), maps, along.by_ref().collect()].concat()),
        })
    })
    .await?;
    let mut columns = Vec::with_capacity(datasets.len());
    let read = datasets.into_iter().zip(roles.iter().cycle()).zip(attributes.into_iter().zip(maps));
    for ((dataset, role), (attributes, map)) in read {
        let at = |error| GranuleError::at(&dataset.path)(error);
        let (attributes, map) = (attributes.map_err(at)?, map.map_err(at)?);
        let decoding = Decoding::of(&dataset, &attributes, *role)?;
        columns.push(Column::new(dataset, decoding, map)?);
    }
    Ok(columns)
}

/// What decides how the numbers of each dataset are read; one that cannot be told does not fail the others.
fn attributes(file: &mut File, datasets: &[Arc<Dataset>]) -> StepResult<Vec<Result<Vec<Attribute>, hdf5_pure::Error>>> {
    Step::all(datasets.iter().map(|dataset| {
        match file.attributes(&Object::Dataset(Arc::clone(dataset)), Some(&ATTRIBUTES)) {
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

/// The same source, with another idea of how far to read ahead.
struct Ahead<'a, S> {
    source: &'a S,
    bytes: u64,
}

impl<'a, S: Source> Ahead<'a, S> {
    /// For headers: the usual, and [`LATE_ATTRIBUTES`] further, so that attributes which were written late are included.
    fn headers(source: &'a S) -> Self {
        let usual = source.cost().ahead;
        Self { source, bytes: if usual > 0 { usual + LATE_ATTRIBUTES } else { 0 } }
    }

    /// For reads that lead nowhere further: chunk indexes are leaves, what follows them is data.
    const fn leaves(source: &'a S) -> Self {
        Self { source, bytes: 0 }
    }
}

impl<S: Source> Source for Ahead<'_, S> {
    fn fetch(&self, range: ByteRange) -> impl Future<Output = Result<Fetched, SourceError>> {
        self.source.fetch(range)
    }

    fn cost(&self) -> Cost {
        Cost { ahead: self.bytes, ..self.source.cost() }
    }

    fn stamp(&self) -> Option<Stamp> {
        self.source.stamp()
    }
}

pub(crate) fn track(
    name: &str,
    mut columns: impl Iterator<Item = Column>,
    product: &Product,
) -> Result<Track, GranuleError> {
    let mut next = || columns.next().ok_or_else(|| GranuleError::product(name, "has too few columns"));
    let (latitude, longitude, value, sigma) = (next()?, next()?, next()?, next()?);
    let filters: Vec<(Column, i64)> =
        columns.zip(&product.filters).map(|(column, filter)| (column, filter.keep)).collect();
    let rows = latitude.rows();
    let others = [&longitude, &value, &sigma].into_iter().chain(filters.iter().map(|(column, _)| column));
    for column in others {
        if column.rows() != rows {
            let why = format!("has {} rows where {} has {rows}", column.rows(), latitude.place());
            return Err(GranuleError::product(column.place(), why));
        }
    }
    let limit = product.quantity.limit();
    Ok(Track { name: name.into(), rows, latitude, longitude, value, sigma, filters, limit })
}
