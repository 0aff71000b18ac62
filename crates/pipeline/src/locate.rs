//! Where the columns of a granule are.
use crate::label::Label;
use crate::pieces::{Column, is_long};
use crate::planned;
use crate::{GranuleError, Product};
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, Step};
use hdf5_pure::{Dataset, File, Object, Selection};
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a node of a chunk index (a version 1 B-tree of 64 chunks of one dimension: 2,096).
const INDEX_NODE: u64 = 2096;
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
}

impl Track {
    /// Pieces of its latitude, which the rows are looked at by.
    pub(crate) fn pieces(&self) -> usize {
        self.latitude.pieces().len()
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

/// Finds the columns of all tracks, their fill values and chunk maps: three questions, each asked for all at once.
pub(crate) async fn tracks<S: Source>(file: &mut File, source: &S, product: &Product) -> Result<Located, GranuleError> {
    let (datasets, label) = datasets(file, source, product).await?;
    let all = datasets.iter().flat_map(|(_, found)| found.iter().cloned()).collect();
    // Filters are compared with the value to keep; nobody asks for their fill value. Where a fill value was chosen when the
    // dataset was made, the `_FillValue` attribute repeats it (netCDF-4 writes both from one setting): design note 0006.
    let is_filter = |dataset: &Dataset| product.filters.iter().any(|filter| dataset.path.ends_with(&filter.column));
    let opening = product.orbit.map_or_else(Vec::new, |_| opening(&datasets));
    let columns =
        columns(file, source, all, &opening, |dataset| !is_filter(dataset) && !fill_is_chosen(dataset)).await?;
    let mut columns = columns.into_iter();
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
    let (found, label) = hdf5_pure::drive(file, source, |file| {
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
    if tracks.is_empty() {
        let expected = &product.short_name;
        let why = match label.product().filter(|named| named != expected) {
            Some(named) => format!("the file is {named}, the job reads {expected}: give granules of {expected}"),
            None => format!("has none of the tracks {} of {expected}", product.tracks.join(" ")),
        };
        return Err(GranuleError::product("/", why));
    }
    Ok((tracks, label))
}

pub(crate) fn column_names(product: &Product) -> Vec<&str> {
    let fixed = [&product.latitude, &product.longitude, &product.value, &product.sigma];
    fixed.into_iter().chain(product.filters.iter().map(|filter| &filter.column)).map(String::as_str).collect()
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

/// Whether the HDF5 fill value is other than the zero that the library puts where none was chosen.
fn fill_is_chosen(dataset: &Dataset) -> bool {
    dataset.fill_value.as_ref().is_some_and(|raw| raw.iter().any(|&byte| byte != 0))
}

/// Where the coordinates begin that `planned` looks at first: read along with the chunk indexes that they usually follow.
fn opening(datasets: &[(String, Vec<Arc<Dataset>>)]) -> Vec<ByteRange> {
    let first = |lengths: &[u64]| lengths.first().copied().unwrap_or(0);
    let chunk_rows = |column: &Dataset| first(&column.chunk_shape());
    let chunks = |column: &Dataset| first(&column.shape).div_ceil(chunk_rows(column).max(1));
    let size = |latitude: &Arc<Dataset>| (first(&latitude.shape), chunks(latitude));
    let sizes = || datasets.iter().map(|(_, columns)| columns.first().map_or((0, 0), size));
    let leader = planned::leader(sizes());
    let long = sizes().nth(leader).is_some_and(|(_, chunks)| is_long(chunks));
    let coordinates = datasets.get(leader).filter(|_| long).into_iter().flat_map(|(_, columns)| columns.iter().take(2));
    let begins = coordinates.filter_map(|column| {
        let raw = chunk_rows(column).saturating_mul(column.element_size()).min(MOST_OPENING);
        ByteRange::at(column.index_offset()?, INDEX_NODE + raw / 4 * 3)
    });
    begins.collect()
}

/// Fill values and pieces of every dataset. `along` is read with the chunk indexes.
async fn columns<S: Source>(
    file: &mut File,
    source: &S,
    datasets: Vec<Arc<Dataset>>,
    along: &[ByteRange],
    filled: impl Fn(&Dataset) -> bool,
) -> Result<Vec<Column>, GranuleError> {
    let filled: Vec<bool> = datasets.iter().map(|dataset| filled(dataset)).collect();
    let objects: Vec<Object> = datasets.iter().map(|dataset| Object::Dataset(Arc::clone(dataset))).collect();
    let attributes = hdf5_pure::drive(file, source, |file| {
        Step::all(objects.iter().zip(&filled).map(|(object, filled)| {
            if *filled { file.attributes(object, Some(&["_FillValue"])) } else { Ok(Step::Done(Vec::new())) }
        }))
    })
    .await?;
    let everything: Vec<Selection> = datasets.iter().map(|dataset| Selection::all(dataset)).collect();
    let wants: Vec<(&Dataset, &Selection)> = datasets.iter().map(Arc::as_ref).zip(&everything).collect();
    let mut along = along.iter().copied();
    let maps = hdf5_pure::drive(file, &Leaves(source), |file| {
        Ok(match file.chunk_maps(&wants)? {
            Step::Need(needed) => Step::Need(needed.into_iter().chain(along.by_ref()).collect()),
            done @ Step::Done(_) => done,
        })
    })
    .await?;
    let mut columns = Vec::with_capacity(datasets.len());
    for ((dataset, attributes), map) in datasets.into_iter().zip(attributes).zip(maps) {
        let map = map.map_err(GranuleError::at(&dataset.path))?;
        columns.push(Column::new(dataset, attributes.first(), map)?);
    }
    Ok(columns)
}

/// The same source for reads that lead nowhere further: chunk indexes are leaves, what follows them is data.
struct Leaves<'a, S>(&'a S);

impl<S: Source> Source for Leaves<'_, S> {
    fn fetch(&self, range: ByteRange) -> impl Future<Output = Result<Fetched, SourceError>> {
        self.0.fetch(range)
    }

    fn cost(&self) -> Cost {
        Cost { ahead: 0, ..self.0.cost() }
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
    Ok(Track { name: name.into(), rows, latitude, longitude, value, sigma, filters })
}
