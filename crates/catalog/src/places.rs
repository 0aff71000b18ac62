//! Granules from where they lie: which files, and where the rows of each are.
use crate::{Choice, Error, Extent, Gathered, Grid, crossed_cells};
use byte_ranges::SourceError;
use earthdata::Record;
use futures_util::{StreamExt as _, TryStreamExt as _};
use morton::{Cell, Order};
use pipeline::{GranuleError, Product};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use storage::{Clients, Location};

/// Order of the cells, some 200 m wide, by which files of one granule are compared.
const FINE: u8 = 15;

/// Endings of files in HDF5.
const ENDINGS: [&str; 3] = ["h5", "hdf5", "he5"];
/// What such a file begins with.
const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// Whether a local file is HDF5, by its ending or its first bytes. Anything else that names granules is a list of them.
#[must_use]
pub fn is_hdf5(path: &Path) -> bool {
    let ending = path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)));
    let begins = || {
        let mut begin = [0; SIGNATURE.len()];
        File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == SIGNATURE
    };
    ending || begins()
}

/// Files of granules, by the links that a catalog has for them, which are not signed.
pub struct Places {
    clients: Clients,
    locations: BTreeMap<String, Location>,
}

/// How granules are read where they lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadOptions {
    /// Granules that are read at the same time.
    pub concurrency: usize,
    /// Leaves out granules that cannot be read; the report names them.
    pub allow_partial: bool,
    /// Host of the `https://` links of files in buckets of the Earthdata Cloud.
    pub data_host: String,
}

/// What a file turned out to be.
enum Content {
    Granule(Extent),
    /// It has none of the product's tracks.
    Foreign(Option<String>),
    Failed(String),
}

/// Why a file could not be read.
enum Unread {
    Open(SourceError),
    Granule(GranuleError),
}

impl Unread {
    fn of(self, name: &str) -> Error {
        let name = name.to_owned();
        match self {
            Self::Open(error) => Error::Open { name, error },
            Self::Granule(error) => Error::Granule { name, error },
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Open(error) => error.to_string(),
            Self::Granule(error) => error.to_string(),
        }
    }
}

impl Places {
    /// The files that folders, files, globs, URLs and `s3://` prefixes stand for.
    ///
    /// # Errors
    /// [`Error::Source`] when a place cannot be listed.
    pub async fn find(clients: &Clients, inputs: &[String]) -> Result<Self, Error> {
        let locations = clients.expand_all(inputs).await?;
        let locations = locations.into_iter().map(|location| (location.unsigned(), location)).collect();
        Ok(Self { clients: clients.clone(), locations })
    }

    /// The first of them, by name.
    #[must_use]
    pub fn first(&self) -> Option<&Location> {
        self.locations.values().next()
    }

    /// A record of each, without extent.
    pub(crate) fn records(&self, data_host: &str) -> Vec<Record> {
        self.locations.keys().map(|place| Record::at(place, data_host)).collect()
    }

    /// Requests sent through the clients so far.
    pub(crate) fn requests(&self) -> u64 {
        self.clients.stats().snapshot().requests
    }

    /// Reads where each granule is, several at a time: the records that count, with the wanted cells that they cross.
    pub(crate) async fn read(
        &self,
        choice: &Choice,
        records: Vec<Record>,
        options: &ReadOptions,
        report: &mut Gathered,
        progress: &dyn Fn(u64, u64),
    ) -> Result<Vec<(Record, Vec<Cell>)>, Error> {
        let Choice { grid, product, .. } = choice;
        let several = several(&records, product);
        let (all, done) = (records.len() as u64, std::cell::Cell::new(0));
        progress(0, all);
        let one = async |record: &Record| {
            let order = if identity(record, product).is_some_and(|name| several.contains_key(&name)) {
                fine(grid)
            } else {
                grid.order
            };
            let content = self.content(record, product, order, grid).await;
            done.set(done.get() + 1);
            progress(done.get(), all);
            match content {
                Err(unread) if options.allow_partial => Ok(Content::Failed(unread.message())),
                content => content.map_err(|unread| unread.of(&record.name)),
            }
        };
        let read: Vec<Content> =
            futures_util::stream::iter(records.iter().map(one)).buffered(options.concurrency).try_collect().await?;
        let mut granules = Vec::new();
        for (record, content) in records.into_iter().zip(read) {
            match content {
                Content::Granule(extent) => granules.push((record, extent)),
                Content::Foreign(product) => report.foreign.push((record.name, product)),
                Content::Failed(why) => report.failed.push((record.name, why)),
            }
        }
        if granules.is_empty() && !report.foreign.is_empty() && report.failed.is_empty() {
            return Err(all_foreign(&report.foreign, product));
        }
        let cells =
            |extent: &Extent| extent.coarser(grid.order).into_keys().filter(|cell| grid.contains(*cell)).collect();
        let whole = whole(granules, product, options.allow_partial, report)?;
        Ok(whole.into_iter().map(|(record, extent)| (record, cells(&extent))).collect())
    }

    async fn content(&self, record: &Record, product: &Product, order: Order, grid: &Grid) -> Result<Content, Unread> {
        let place = link(record);
        let location = self.locations.get(place).cloned().map_or_else(|| Location::parse(place), Ok);
        let source = location.and_then(|location| self.clients.open(&location)).map_err(Unread::Open)?;
        match crossed_cells(&record.name, &source, product, order, grid.latitude).await {
            Ok(extent) => Ok(Content::Granule(extent)),
            // A granule without tracks has no data: it touches nothing.
            Err(GranuleError::NoTracks { named: Some(named), .. }) if product.is_called(&named) => {
                Ok(Content::Granule(Extent::default()))
            }
            Err(GranuleError::NoTracks { named, .. }) => Ok(Content::Foreign(named)),
            Err(error) => Err(Unread::Granule(error)),
        }
    }
}

/// The link that a record was made of.
fn link(record: &Record) -> &str {
    let links = [&record.file, &record.https, &record.s3];
    links.into_iter().flatten().next().unwrap_or(&record.name)
}

fn fine(grid: &Grid) -> Order {
    Order::new(FINE).map_or(grid.order, |fine| fine.max(grid.order))
}

fn identity(record: &Record, product: &Product) -> Option<String> {
    product.named(&record.name).map(|name| name.identity)
}

/// Granules that several of the records are files of.
fn several(records: &[Record], product: &Product) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in records.iter().filter_map(|record| identity(record, product)) {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts
}

/// Of the files of each granule the one that has all that the others have; an error where none has.
fn whole(
    granules: Vec<(Record, Extent)>,
    product: &Product,
    allow_partial: bool,
    report: &mut Gathered,
) -> Result<Vec<(Record, Extent)>, Error> {
    let mut same: BTreeMap<String, Vec<(Record, Extent)>> = BTreeMap::new();
    for (record, extent) in granules {
        let key = identity(&record, product).unwrap_or_else(|| link(&record).to_owned());
        same.entry(key).or_default().push((record, extent));
    }
    let mut kept = Vec::new();
    for mut files in same.into_values() {
        // The mission's own name first.
        files.sort_by_key(|(record, _)| (product.mission_name(&record.name) != record.name, link(record).to_owned()));
        let at = files.iter().position(|(_, one)| files.iter().all(|(_, other)| one.holds(other)));
        match at {
            Some(at) => {
                let whole = files.remove(at);
                let place = link(&whole.0);
                report.parts.extend(files.iter().map(|(part, _)| (link(part).to_owned(), place.to_owned())));
                kept.push(whole);
            }
            None => {
                let why = different(&files);
                if !allow_partial {
                    return Err(Error::Parts(why));
                }
                report.failed.extend(files.into_iter().map(|(record, _)| (link(&record).to_owned(), why.clone())));
            }
        }
    }
    kept.sort_by(|(a, _), (b, _)| (&a.name, link(a)).cmp(&(&b.name, link(b))));
    Ok(kept)
}

fn different(files: &[(Record, Extent)]) -> String {
    let pairs = files.iter().enumerate().flat_map(|(at, one)| files.iter().skip(at + 1).map(move |other| (one, other)));
    let mut apart = pairs.filter(|(one, other)| !one.1.holds(&other.1) && !other.1.holds(&one.1));
    let (one, other) = apart.next().map_or(("", ""), |(one, other)| (link(&one.0), link(&other.0)));
    format!("{one} and {other} are different parts of one granule, each with rows that the other lacks")
}

fn all_foreign(files: &[(String, Option<String>)], product: &Product) -> Error {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, product) in files {
        *counts.entry(product.as_deref().unwrap_or("unknown")).or_insert(0) += 1;
    }
    let list: Vec<String> = counts.iter().map(|(product, count)| format!("{count} {product}")).collect();
    Error::OtherProducts { files: files.len(), expected: product.name.clone(), found: list.join(", ") }
}
