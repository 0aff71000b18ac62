//! Granules from where they lie: which files, and where the rows of each are.
use super::gather::{Gathered, bar};
use super::{CatalogArgs, Grid, Path};
use crate::exit::{self, Failure};
use crate::{files, login};
use ::catalog::{Extent, crossed_cells};
use earthdata::{GranuleName, Record, window_edge};
use futures_util::{StreamExt as _, TryStreamExt as _};
use morton::{Cell, Order};
use pipeline::{GranuleError, Product};
use std::collections::BTreeMap;
use std::io::Read as _;
use storage::{Clients, Location};

/// Order of the cells, some 200 m wide, by which files of one granule are compared.
const FINE: u8 = 15;
/// What an HDF5 file begins with.
const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// The files that `--from` stands for, by the links that a catalog has for them, which are not signed.
#[derive(Default)]
pub(super) struct Places {
    clients: Option<Clients>,
    locations: BTreeMap<String, Location>,
}

/// What a file turned out to be.
enum Found {
    Granule(Extent),
    /// It has none of the product's tracks.
    Foreign(Option<String>),
    Failed(String),
}

impl Places {
    pub(super) async fn find(args: &CatalogArgs, clients: &Clients) -> Result<Self, Failure> {
        for date in [&args.search.from_date, &args.search.to_date].into_iter().flatten() {
            window_edge(date, false)?;
        }
        let mut inputs = Vec::new();
        for place in &args.from {
            let path = Path::new(place);
            if place == "-" {
                let mut text = String::new();
                let read = std::io::stdin().read_to_string(&mut text);
                read.map_err(|error| Failure::new(exit::BAD_INPUT, format!("standard input: {error}")))?;
                inputs.extend(files::entries(&text));
            } else if path.is_file() && !is_hdf5(path) {
                let text = files::text(path);
                let text = text.map_err(|error| Failure::new(exit::BAD_INPUT, format!("{place}: {error}")))?;
                inputs.extend(files::entries(&text));
            } else {
                inputs.push(place.clone());
            }
        }
        let locations = clients.expand_all(&inputs).await?;
        let locations = locations.into_iter().map(|location| (location.unsigned(), location)).collect();
        Ok(Self { clients: Some(clients.clone()), locations })
    }

    /// A record of each, without extent.
    pub(super) fn records(&self) -> Result<Vec<Record>, Failure> {
        let hosts = login::hosts()?;
        Ok(self.locations.keys().map(|place| Record::at(place, hosts.data_host())).collect())
    }

    /// Reads where each granule is, several at a time: the records that count, with the wanted cells that they cross.
    pub(super) async fn read(
        &self,
        args: &CatalogArgs,
        grid: &Grid,
        records: Vec<Record>,
        report: &mut Gathered,
    ) -> Result<Vec<(Record, Vec<Cell>)>, Failure> {
        let (product, several) = (Product::atl06(), several(&records));
        let bar = bar(args.quiet, "granules read");
        bar.set_length(records.len() as u64);
        let one = async |record: &Record| {
            let order =
                if identity(record).is_some_and(|name| several.contains_key(&name)) { fine(grid) } else { grid.order };
            let found = self.extent(record, &product, order, grid).await;
            bar.inc(1);
            match found {
                Err(error) if args.allow_partial => Ok(Found::Failed(error.message().to_owned())),
                found => found.map_err(|error| error.at(&record.name)),
            }
        };
        let found: Result<Vec<Found>, Failure> = futures_util::stream::iter(records.iter().map(one))
            .buffered(usize::from(args.concurrency))
            .try_collect()
            .await;
        bar.finish_and_clear();
        let mut granules = Vec::new();
        for (record, found) in records.into_iter().zip(found?) {
            match found {
                Found::Granule(extent) => granules.push((record, extent)),
                Found::Foreign(product) => report.foreign.push((record.name, product)),
                Found::Failed(why) => report.failed.push((record.name, why)),
            }
        }
        if granules.is_empty() && !report.foreign.is_empty() && report.failed.is_empty() {
            return Err(all_foreign(&report.foreign, &product));
        }
        let wanted = |cell: &Cell| grid.wanted.as_ref().is_none_or(|wanted| wanted.contains(&cell.nested()));
        let cells = |extent: &Extent| extent.coarser(grid.order).into_keys().filter(wanted).collect();
        let whole = whole(granules, args.allow_partial, report)?;
        Ok(whole.into_iter().map(|(record, extent)| (record, cells(&extent))).collect())
    }

    async fn extent(&self, record: &Record, product: &Product, order: Order, grid: &Grid) -> Result<Found, Failure> {
        let Some(clients) = &self.clients else { return Err(Failure::usage("--from names nothing")) };
        let place = link(record);
        let location = self.locations.get(place).cloned().map_or_else(|| Location::parse(place), Ok)?;
        let source = clients.open(&location)?;
        match crossed_cells(&record.name, &source, product, order, grid.latitude).await {
            Ok(extent) => Ok(Found::Granule(extent)),
            // A granule without tracks has no data: it touches nothing.
            Err(GranuleError::NoTracks { named, expected }) if named.as_ref() == Some(&expected) => {
                Ok(Found::Granule(Extent::default()))
            }
            Err(GranuleError::NoTracks { named, .. }) => Ok(Found::Foreign(named)),
            Err(error) => Err(error.into()),
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

fn identity(record: &Record) -> Option<String> {
    GranuleName::parse(&record.name).map(|name| name.identity())
}

/// Granules that several of the records are files of.
fn several(records: &[Record]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in records.iter().filter_map(identity) {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts
}

/// Of the files of each granule the one that has all that the others have; an error where none has.
fn whole(
    granules: Vec<(Record, Extent)>,
    allow_partial: bool,
    report: &mut Gathered,
) -> Result<Vec<(Record, Extent)>, Failure> {
    let mut same: BTreeMap<String, Vec<(Record, Extent)>> = BTreeMap::new();
    for (record, extent) in granules {
        let key = identity(&record).unwrap_or_else(|| link(&record).to_owned());
        same.entry(key).or_default().push((record, extent));
    }
    let mut kept = Vec::new();
    for mut files in same.into_values() {
        // The mission's own name first.
        files.sort_by_key(|(record, _)| (pipeline::mission_name(&record.name) != record.name, link(record).to_owned()));
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
                    let failure = Failure::new(exit::BAD_INPUT, why);
                    return Err(failure.hint("give the whole granule, or one of them; --allow-partial leaves them out"));
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

fn all_foreign(files: &[(String, Option<String>)], product: &Product) -> Failure {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, product) in files {
        *counts.entry(product.as_deref().unwrap_or("unknown")).or_insert(0) += 1;
    }
    let list: Vec<String> = counts.iter().map(|(product, count)| format!("{count} {product}")).collect();
    let expected = &product.short_name;
    let message = format!("none of the {} files is {expected}: {}", files.len(), list.join(", "));
    Failure::new(exit::BAD_INPUT, message).hint(format!("give granules of {expected}"))
}

/// By its ending or its first bytes; anything else is a list.
fn is_hdf5(path: &Path) -> bool {
    let named = path
        .extension()
        .is_some_and(|ending| ["h5", "hdf5", "he5"].iter().any(|known| ending.eq_ignore_ascii_case(known)));
    let begins = || {
        let mut begin = [0; SIGNATURE.len()];
        std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == SIGNATURE
    };
    named || begins()
}
