//! A store or a CSV as one table, with what is wanted of it.
use crate::{Cube, Error, Hive, Objects as _, Pick, Place, Store, Table};
use morton::Latitude;
use std::path::Path;
use storage::Clients;

/// Parents of a store of the sphere beyond which their provenance is not carried into other files.
const MAX_PARENTS: usize = 200;

/// What is wanted of a store or of a CSV.
#[derive(Clone, Copy, Default, Debug)]
pub struct Wanted<'a> {
    /// Order; the finest there is if not given.
    pub order: Option<u8>,
    /// Variables; all if none is named.
    pub names: &'a [&'a str],
    /// Windows of time and a cell; all if none is named.
    pub pick: Pick<'a>,
    /// Latitude convention of a CSV, which does not state it.
    pub latitude: Latitude,
}

impl Wanted<'_> {
    /// From a store, or from a CSV by its ending.
    ///
    /// # Errors
    /// As [`Wanted::of_store`] and [`Wanted::of_csv`]; [`Error::Input`] names the input.
    pub async fn of_input(&self, input: &str, clients: &Clients) -> Result<Cube, Error> {
        let table = if is_csv(input) {
            let text = storage::read_text(Path::new(input));
            text.map_err(Error::Source).and_then(|text| self.of_csv(&text)).map(Cube::from)
        } else {
            self.of_store(input, clients).await
        };
        table.map_err(|error| Error::Input { input: storage::redacted(input), error: Box::new(error) })
    }

    /// From two inputs of one order; a CSV does not state its latitude convention: that of the other is assumed.
    ///
    /// # Errors
    /// As [`Wanted::of_input`].
    pub async fn of_both(&self, a: &str, b: &str, clients: &Clients) -> Result<(Cube, Cube), Error> {
        let as_in =
            |Cube { cells, .. }: &Cube| Self { order: Some(cells.order.get()), latitude: cells.latitude, ..*self };
        if is_csv(a) {
            let b = self.of_input(b, clients).await?;
            return Ok((as_in(&b).of_input(a, clients).await?, b));
        }
        let a = self.of_input(a, clients).await?;
        let b = as_in(&a).of_input(b, clients).await?;
        Ok((a, b))
    }

    /// From the text of a CSV ([`Table::from_csv`]).
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::NoOrder`], [`Error::NoVariable`].
    pub fn of_csv(&self, text: &str) -> Result<Table, Error> {
        let mut table = Table::from_csv(text, self.latitude)?;
        if let Some(order) = self.order.filter(|&order| order != table.order.get()) {
            return Err(Error::NoOrder { order, held: table.order.to_string() });
        }
        for name in self.names {
            table.column(name)?;
        }
        if !self.names.is_empty() {
            table.columns.retain(|(variable, _)| self.names.contains(&variable.name.as_str()));
        }
        Ok(table)
    }

    /// From a store or a hive of stores, with what it says of the making of each parent cell, unless they are many.
    ///
    /// # Errors
    /// As [`Place::new`], [`Store::open`] and [`Store::cube`], or [`Hive::open`] and [`Hive::table`].
    pub async fn of_store(&self, root: &str, clients: &Clients) -> Result<Cube, Error> {
        let place = Place::new(root, clients.clone())?;
        let name = place.name();
        let store = match Store::open(&place, &name).await {
            Err(Error::NoStore(_)) => return self.of_hive(&place, &name).await,
            store => store?,
        };
        let mut cube = store.cube(self.order, self.names, &self.pick).await?;
        // Above the parents a chunk covers cells that were not computed.
        if cube.cells.parent.is_none_or(|parent| parent > cube.cells.order) {
            cube = cube.select(&cube.observed());
        }
        let table = &mut cube.cells;
        if table.provenance["cells"].is_string() && table.parents().len() <= MAX_PARENTS {
            let parts = store.parents_provenance(table);
            let whole = std::iter::once(table.provenance.take());
            table.provenance = whole.chain(parts).collect();
        }
        Ok(cube)
    }

    /// From a place without the metadata of a store: a hive of many, or nothing that is read.
    async fn of_hive(&self, place: &Place, name: &str) -> Result<Cube, Error> {
        if let Some(hive) = Hive::open(place, name).await? {
            return Ok(hive.table(self.order, self.names).await?.into());
        }
        for key in [".zgroup", ".zmetadata", ".zarray"] {
            if place.get(key).await?.is_some() {
                let why =
                    "a store of Zarr v2, and only v3 is read; `zarr migrate v3` of zarr-python adds the metadata of v3";
                return Err(Error::unreadable(name, why));
            }
        }
        Err(Error::NoStore(name.to_owned()))
    }
}

/// The finest order of a store.
///
/// # Errors
/// As [`Store::open`].
pub async fn finest_order(root: &str, clients: &Clients) -> Result<u8, Error> {
    let place = Place::new(root, clients.clone())?;
    let store = Store::open(&place, &place.name()).await?;
    Ok(store.levels().first().map_or(0, |level| level.order.get()))
}

/// Whether an input is a CSV, by its ending.
fn is_csv(input: &str) -> bool {
    Path::new(input).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}
