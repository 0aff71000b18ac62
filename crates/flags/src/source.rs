//! Where granules come from: files and places, a catalog, or a search.
use crate::exit::{self, CommandError};
use crate::files;
use crate::out::note;
use crate::product::{EditArgs, ProductArgs, apply};
use crate::search::{CmrArgs, SearchArgs};
use crate::time::TimeArgs;
use catalog::{Catalog, Choice, Grid, SearchNotes};
use clap::Args;
use earthdata::LinkKind;
use footprint::{Area, MARGIN_KM};
use grid::{Chosen, Gatherable};
use jobs::AUTO;
use morton::{Cell, Latitude};
use pipeline::Product;
use std::collections::BTreeMap;
use std::path::Path;
use storage::{Clients, Location};
use stores::{Objects as _, Place};

/// Which granules, of which product.
#[derive(Args, Clone, Debug)]
pub struct SourceArgs {
    /// Granules: files, folders, globs, URLs, prefixes of buckets, a text file that lists some, `-` for a list on standard input, or a
    /// catalog (.json). None: a search for those of --cycle, or of --from-date and --to-date.
    #[arg(value_name = "GRANULES")]
    pub granules: Vec<String>,
    /// Which granules of a collection.
    #[command(flatten)]
    pub cmr: CmrArgs,
    /// Which links of a search are read: s3 (from us-west-2) or https (from everywhere).
    #[arg(long, value_name = "s3|https", default_value = "https", help_heading = "Granules")]
    pub links: LinkKind,
    /// Which product.
    #[command(flatten)]
    pub product: ProductArgs,
    /// What to change of it.
    #[command(flatten)]
    pub edits: EditArgs,
}

/// Granules before the cells are known.
pub enum Sought {
    /// Places.
    Places(Vec<Location>),
    /// A catalog.
    Catalog(Box<Catalog>),
    /// A search.
    Search,
}

impl SourceArgs {
    /// What the arguments name.
    ///
    /// # Errors
    /// Places that cannot be listed, a catalog that cannot be read, and a search without bounds.
    pub async fn sought(&self, time: &TimeArgs, clients: &Clients) -> Result<Sought, CommandError> {
        let search = self.search(time);
        if self.granules.is_empty() {
            if !search.is_bounded() {
                let failure = CommandError::usage("name granules (files, folders, a bucket), or what to search for");
                return Err(failure.hint("--cycle 22, or --from-date and --to-date, searches NASA's catalog"));
            }
            return Ok(Sought::Search);
        }
        if let [only] = self.granules.as_slice()
            && is_catalog(only)
        {
            return Ok(Sought::Catalog(Box::new(read_catalog(only, clients).await?)));
        }
        let mut places = Vec::new();
        for place in &self.granules {
            let path = Path::new(place);
            if place == "-" {
                places.extend(files::stdin_entries()?);
            } else if path.is_dir() {
                below(path, &mut places)
                    .map_err(|error| CommandError::new(exit::BAD_INPUT, format!("{place}: {error}")))?;
            } else if path.is_file() && !catalog::is_hdf5(path) {
                places.extend(files::entries(&files::read(path)?));
            } else {
                places.push(place.clone());
            }
        }
        if places.is_empty() {
            let message = format!("{}: no HDF5 file is in it", self.granules.join(" "));
            return Err(CommandError::new(exit::BAD_INPUT, message));
        }
        let found = clients.expand_all(&places).await?;
        Ok(Sought::Places(found))
    }

    /// The product, with the edits.
    ///
    /// # Errors
    /// A product that is not known, or edits that it cannot have.
    pub async fn product(&self, sought: &Sought, clients: &Clients, quiet: bool) -> Result<Product, CommandError> {
        let first = match sought {
            Sought::Places(places) => places.first().cloned(),
            Sought::Catalog(catalog) => {
                catalog.cells.values().flatten().next().and_then(|link| Location::parse(link).ok())
            }
            Sought::Search => None,
        };
        let usual = if first.is_some() { AUTO } else { products::USUAL };
        let mut product = self.product.found(usual, first.as_ref(), clients, quiet).await?;
        let mut edits = self.edits.edits();
        if let ([cycle], true) = (self.cmr.cycle.as_slice(), product.has_columns_of_cycles()) {
            edits.cycle = Some(u32::from(*cycle));
        }
        apply(&edits, &mut product)?;
        Ok(product)
    }

    /// The granules, for some cells.
    ///
    /// # Errors
    /// A search that fails.
    pub async fn gather(
        &self,
        sought: Sought,
        product: &Product,
        (time, chosen): (&TimeArgs, &Chosen),
        clients: &Clients,
        (latitude, quiet): (Latitude, bool),
    ) -> Result<Gatherable, CommandError> {
        let search = self.search(time);
        let names = search.names();
        match sought {
            Sought::Places(mut places) => {
                let all = places.len();
                if !product.has_columns_of_cycles() {
                    places.retain(|place| names.fits(product, &place.name(), false));
                }
                if places.len() < all && !quiet {
                    note!("{} of {all} granules are of the cycles and orbits asked for", places.len());
                }
                Ok(Gatherable::of_places(places))
            }
            Sought::Catalog(catalog) => Ok(Gatherable::of_catalog(&catalog.cells, &chosen.parents)?),
            Sought::Search => {
                let order = chosen.parents.first().ok_or(grid::Error::Nothing)?.order();
                let grid = Grid::new(order, latitude)?.within(&[Area::Cells(chosen.parents.clone())])?;
                let choice = Choice { grid, names, links: self.links, product: product.clone(), notes: Vec::new() };
                let release = product.collections.first().and_then(|collection| collection.version.clone());
                let notes = SearchNotes {
                    release: self.cmr.release.clone().or(release),
                    collection: self.cmr.collection.clone(),
                    margin_km: MARGIN_KM,
                };
                let found = search.find(product, clients, None, quiet).await?;
                let (catalog, report) = choice.of_search(found, &notes);
                if !quiet {
                    words::remarks(&report).iter().for_each(|line| note!("{line}"));
                }
                let cells: BTreeMap<Cell, Vec<String>> = catalog.cells;
                Ok(Gatherable::of_catalog(&cells, &chosen.parents)?)
            }
        }
    }

    fn search(&self, time: &TimeArgs) -> SearchArgs {
        let (from, to) = time.dates();
        SearchArgs {
            cmr: self.cmr.clone(),
            from_date: from.map(|day| day.to_string()),
            to_date: to.map(|day| day.to_string()),
        }
    }
}

/// The HDF5 files of a folder and of all folders in it, sorted; links to folders are not followed.
fn below(folder: &Path, places: &mut Vec<String>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            below(&path, places)?;
        } else if path.is_file() && catalog::is_hdf5(&path) {
            places.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

fn is_catalog(place: &str) -> bool {
    Path::new(place).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Reads a catalog, from a file or a bucket.
///
/// # Errors
/// A place that cannot be read, and what is no catalog.
pub async fn read_catalog(place: &str, clients: &Clients) -> Result<Catalog, CommandError> {
    if !place.contains("://") {
        let bytes = storage::read_file(Path::new(place));
        let bytes = bytes.map_err(|error| CommandError::new(exit::BAD_INPUT, format!("{place}: {error}")))?;
        return Ok(Catalog::parse(&bytes, place)?);
    }
    let missing = || CommandError::new(exit::BAD_INPUT, "there is no such catalog").at(place);
    let (folder, name) = place.rsplit_once('/').ok_or_else(missing)?;
    let bytes =
        Place::new(folder, clients.clone())?.get(name).await.map_err(|error| CommandError::from(error).at(place))?;
    Ok(Catalog::parse(&bytes.ok_or_else(missing)?, place)?)
}
