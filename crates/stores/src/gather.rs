//! Stores of one cell each, or of the sphere, into the store of a region: that of all their cells.
use crate::own::Made;
use crate::region::RegionStore;
use crate::{Error, Merge, Merged, Objects as _, OwnStore, Place, records};
use dggs_zarr::{Column, Level, RECORDS, RecordTable, RegionCell, TemplateVariable, Variable};
use morton::{Cell, Order};
use pipeline::{Layout, Provenance, RowsUsed};
use serde_json::Value;
use std::collections::BTreeMap;
use storage::{Clients, Location};

/// Parents that are put at the same time: a chunk that they share is put once.
const PARENTS_AT_ONCE: usize = 16;
/// The count of a window that no job has computed.
const NOT_COMPUTED: i32 = -1;

/// Adds every cell of some stores to the place of a merge, as a store of the sphere or of the region that the cells make.
///
/// # Errors
/// [`Error::Refused`] for layout `cell`; as [`Merge::add`] and [`merge_region`].
pub async fn merge_as(merge: &Merge<'_>, layout: Layout, stores: Vec<String>) -> Result<Merged, Error> {
    match layout {
        Layout::Sphere => merge.add(stores).await,
        Layout::Region => merge_region(stores, merge.out, merge.overwrite, merge.clients).await,
        Layout::Cell => {
            Err(Error::refused(merge.out, "several cells are no store of layout `cell`: write `sphere` or `region`"))
        }
    }
}

/// Puts every cell of some stores into a store of layout `region` at `out`, with all their children. Stopped and done again, it goes
/// on where it was; `overwrite` replaces the store of a region that is there.
///
/// # Errors
/// [`Error::Twice`] where two of the stores hold a cell, [`Error::OtherValues`] where `out` does, [`Error::Occupied`] where it is of
/// another job or of other cells, [`Error::Refused`] for stores of different jobs, [`Error::Write`], and what is wrong with a store.
pub async fn merge_region(roots: Vec<String>, out: &str, overwrite: bool, clients: &Clients) -> Result<Merged, Error> {
    let mut merged = Merged::default();
    let (stores, cells) = open(roots, clients).await?;
    let (Some(first), Some((any, _))) = (stores.first(), cells.first_key_value()) else {
        return Err(Error::refused(out, "the stores have no cell"));
    };
    merged.stores = stores.len();
    let finest = first.recipe.orders.first().copied().unwrap_or(any.order());
    let ranges = cells.keys().map(|cell| cell.children(finest)).collect::<Result<Vec<_>, _>>()?;
    let job = first.recipe.job(*any).map_err(|why| Error::unreadable(&first.name, why))?;
    if overwrite {
        clear(out, clients).await?;
    }
    let mut region = RegionStore::create(out, &job, ranges, "none", clients).await?;
    let target = Place::new(out, clients.clone())?;
    let all: Vec<(Cell, &OwnStore)> = cells.iter().filter_map(|(cell, at)| Some((*cell, stores.get(*at)?))).collect();
    for batch in all.chunks(PARENTS_AT_ONCE) {
        let mut new = Vec::new();
        for (cell, store) in batch {
            merged.partial += usize::from(store.is_partial(*cell).await?);
            let made = store.made(*cell).await?;
            let provenance = said(store, *cell, &made).await?;
            if region.done().contains(cell) {
                let there = RegionCell { parent: *cell, levels: Vec::new(), provenance, records: None };
                if !is_same(&region, &there, &target).await? {
                    return Err(Error::OtherValues { out: out.to_owned(), cell: *cell, store: store.name.clone() });
                }
                merged.same += 1;
                continue;
            }
            new.push(part(store, *cell, &made, provenance).await?);
        }
        merged.written += region.put_cells(new).await?;
    }
    Ok(merged)
}

/// The stores, and which of them holds each cell.
async fn open(roots: Vec<String>, clients: &Clients) -> Result<(Vec<OwnStore>, BTreeMap<Cell, usize>), Error> {
    let (mut stores, mut cells): (Vec<OwnStore>, BTreeMap<Cell, usize>) = (Vec::new(), BTreeMap::new());
    for root in roots {
        let store = OwnStore::open(&root, clients).await?;
        if store.recipe.layout == Layout::Region {
            return Err(Error::refused(&root, "this is a store of a region: merge the stores that it was made from"));
        }
        if let Some(first) = stores.first() {
            let of = |store: &OwnStore| store.recipe.sphere().map_err(|why| store.bad(why));
            if of(first)? != of(&store)? {
                let what = "another product, latitude convention, order, time axis or way of change made it than";
                return Err(Error::refused(&root, format!("{what} {}: merge them one by one", first.name)));
            }
        }
        for cell in store.cells().await? {
            if let Some(other) = cells.insert(cell, stores.len()).and_then(|at| stores.get(at)) {
                return Err(Error::Twice { store: root, cell, other: other.name.clone() });
            }
        }
        stores.push(store);
    }
    Ok((stores, cells))
}

/// Deletes the store of a region.
async fn clear(out: &str, clients: &Clients) -> Result<(), Error> {
    let Ok(store) = OwnStore::open(out, clients).await else { return Ok(()) };
    if store.recipe.layout == Layout::Region {
        pipeline::clear_store(&clients.sink(&Location::parse(out)?)?).await.map_err(Error::Write)?;
    }
    Ok(())
}

/// Whether a cell that is there was made of the same.
async fn is_same(region: &RegionStore, cell: &RegionCell, target: &Place) -> Result<bool, Error> {
    let mark = region.region().mark(cell).map_err(|error| Error::Recipe(error.to_string()))?;
    let Some(mark) = mark.last() else { return Ok(false) };
    Ok(target.get(&mark.key).await?.is_some_and(|held| held == mark.bytes))
}

/// What is said of the making of a cell, all windows together.
async fn said(store: &OwnStore, cell: Cell, made: &Made) -> Result<Value, Error> {
    let own = store.provenance(cell).await?;
    if store.recipe.layout == Layout::Cell || store.recipe.time.is_none() {
        return Ok(own);
    }
    let windows = store.windows_there(cell).await?;
    let names: Vec<String> = windows.iter().map(|(window, _)| window.name()).collect();
    let is_older = made.change.as_ref().is_none_or(|change| change["windows"] != Value::from(names));
    if store.recipe.change.is_some() && is_older {
        let why = format!("change of cell {cell} is older than its windows: run `icestream change` first");
        return Err(Error::refused(&store.name, why));
    }
    let mut rows = RowsUsed::default();
    windows.iter().for_each(|(_, window)| rows.add(&window.used.rows));
    let first = windows.first().map(|(_, window)| (window.version, window.engine.clone()));
    let (version, engine) = first.unwrap_or_default();
    let all = Provenance {
        version,
        engine,
        product: store.recipe.product.deciding(),
        parent_morton: cell.decimal().ok(),
        parent_order: cell.order().get(),
        child_order: store.recipe.orders.first().copied().unwrap_or(cell.order()).get(),
        partial: windows.iter().any(|(_, window)| window.used.partial),
        time: store.recipe.time.clone(),
        change: store.recipe.change,
        kept: None,
        rows,
        granules: Vec::new(),
        windows: windows.into_iter().map(|(_, window)| window.used).collect(),
        latitude_convention: None,
    };
    serde_json::to_value(all).map_err(|error| store.bad(error))
}

/// What a cell puts into the store of a region.
async fn part(store: &OwnStore, cell: Cell, made: &Made, provenance: Value) -> Result<RegionCell, Error> {
    let sphere = store.recipe.sphere().map_err(|why| store.bad(why))?;
    let mut levels = Vec::new();
    for level in &sphere.levels {
        let held = store.level(cell, level.order, made).await?;
        levels.push(whole(store, &level.variables, level.order, held, made));
    }
    let records = if store.recipe.change.is_some_and(|change| change.moments) {
        Some(match store.recipe.layout {
            Layout::Cell => records::read(&store.place, RECORDS).await?.unwrap_or_default(),
            _ => joined(&store.records(cell).await?),
        })
    } else {
        None
    };
    Ok(RegionCell { parent: cell, levels, provenance, records })
}

/// A level with all windows of the axis; those that no job has computed have no values.
fn whole(store: &OwnStore, variables: &[TemplateVariable], order: Order, held: Level, made: &Made) -> Level {
    let rows = held.cell_ids.len();
    let windows = store.recipe.time.as_ref().map_or(1, |axis| axis.windows().len());
    let complete = |variable: &TemplateVariable| {
        let found = held.variables.iter().find(|own| own.name == variable.name).map(|own| &own.values);
        let due = if variable.timed { windows * rows } else { rows };
        let is_count = variable.name == store.recipe.product.array_name(aggregate::Statistic::Count);
        let mut values = match is_count {
            true => Column::I32(vec![NOT_COMPUTED; due]),
            false => variable.data_type.empty().missing(due),
        };
        match found {
            Some(found) if variable.timed && !variable.together => {
                for ((step, _), at) in made.windows.iter().zip(0..) {
                    let own: Vec<usize> = (at * rows..(at + 1) * rows).collect();
                    values.put(usize::try_from(*step).unwrap_or(usize::MAX).saturating_mul(rows), &found.select(&own));
                }
            }
            Some(found) => values.put(0, found),
            None => {}
        }
        Variable { name: variable.name.clone(), values, timed: variable.timed, attributes: variable.attributes.clone() }
    };
    Level { order, variables: variables.iter().map(complete).collect(), ..held }
}

/// The tables of all windows as one, in the order of children, overpasses and windows.
fn joined(tables: &[RecordTable]) -> RecordTable {
    let mut all = RecordTable::default();
    let mut records = Vec::new();
    for table in tables {
        let width = usize::try_from(table.width).unwrap_or(usize::MAX).max(1);
        let places = table.child.iter().zip(&table.overpass).zip(&table.window);
        records.extend(places.zip(table.moments.chunks(width)));
        (all.width, all.words) = (table.width, table.words.clone());
    }
    records.sort_by_key(|(place, _)| *place);
    for (((child, overpass), window), numbers) in records {
        all.child.push(*child);
        all.overpass.push(*overpass);
        all.window.push(*window);
        all.moments.extend(numbers);
    }
    all
}
