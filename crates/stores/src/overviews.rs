//! Levels above the parents of a store of the sphere.
use crate::{Error, OwnStore};
use byte_ranges::Storage as _;
use futures_util::stream::{self, StreamExt as _};
use morton::Order;
use pipeline::{Layout, Overviews};
use storage::{Clients, Location, StoreSink};

/// Cells that are read at the same time, each by all its arrays.
const CELLS_AT_ONCE: usize = 8;

/// What was composed and written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Composed {
    /// Parent cells that the levels were composed from.
    pub parents: usize,
    /// Orders that were written, finest first.
    pub orders: Vec<u8>,
    /// Chunks that were written.
    pub chunks: usize,
    /// Of the parent cells, those that lack granules.
    pub partial: usize,
}

/// Cells whose moments are read at the same time: some MB each, some tens where they have many overpasses.
const RECORDS_AT_ONCE: usize = 2;

/// Composes all orders between the parents' and `to`, and coarser ones that are there already, which would be out of date
/// otherwise.
///
/// # Errors
/// [`Error::OneCell`], [`Error::Refused`] without a cell or for the store of another job, [`Error::Job`] where `to` is not
/// above the parents, [`Error::Compose`], [`Error::Write`], and what is wrong with the store.
pub async fn write_overviews(root: &str, to: u8, clients: &Clients) -> Result<Composed, Error> {
    let store = OwnStore::open(root, clients).await?;
    match store.recipe.layout {
        Layout::Sphere => {}
        Layout::Cell => return Err(Error::OneCell(storage::redacted(root))),
        Layout::Region => {
            let why = "a store of a region has no levels above its parents: `icestream overviews` makes them in a store of the sphere";
            return Err(Error::refused(root, why));
        }
    }
    let parents = store.cells().await?;
    let first = *parents.first().ok_or_else(|| Error::refused(root, "there is no cell yet"))?;
    let job = store.recipe.job(first).map_err(|why| Error::refused(root, why))?;
    let finest = job.child_order();
    let to = Order::new(to)?;
    // Said here already, so that nothing that is there hides it.
    Overviews::new(&job, to).map_err(Error::Job)?;
    let coarsest = store.recipe.above.iter().copied().chain([to]).min();
    let sink = clients.sink(&Location::parse(root)?)?;
    let coarsest = coarsest_there(&sink, coarsest.unwrap_or(finest)).await?;
    let mut levels = Overviews::new(&job, coarsest).map_err(Error::Job)?;
    let reads = parents.iter().map(|&parent| store.levels(parent, finest));
    let mut children = stream::iter(reads).buffered(CELLS_AT_ONCE);
    let partials = parents.iter().map(|&parent| store.is_partial(parent));
    let mut partials = stream::iter(partials).buffered(CELLS_AT_ONCE);
    let wanted = parents.iter().filter(|_| levels.wants_records());
    let records: Vec<_> = wanted.map(|&parent| store.records(parent)).collect();
    let mut records = stream::iter(records).buffered(RECORDS_AT_ONCE);
    let mut partial = 0;
    for &parent in &parents {
        let Some(children) = children.next().await.transpose()? else { break };
        partial += usize::from(partials.next().await.transpose()? == Some(true));
        for (window, children) in children {
            levels.add(parent, window, &children).map_err(Error::Compose)?;
        }
        if let Some(tables) = records.next().await.transpose()? {
            levels.add_records(parent, &tables).map_err(Error::Compose)?;
        }
    }
    drop((children, partials, records));
    let template = pipeline::sphere_root(&sink).await?.unwrap_or_default();
    pipeline::sphere_accepts(&job, &template).map_err(|why| Error::refused(root, why))?;
    let chunks = pipeline::write_overviews(levels, &sink).await.map_err(Error::Write)?;
    let orders = (coarsest.get()..store.recipe.parent_order.get()).rev().collect();
    Ok(Composed { parents: parents.len(), orders, chunks, partial })
}

/// Composes the levels above the parents of a store of the sphere again, where there are some.
///
/// # Errors
/// As [`write_overviews`].
pub(crate) async fn compose_again(store: &OwnStore, clients: &Clients) -> Result<(), Error> {
    let sink = clients.sink(&Location::parse(&store.name)?)?;
    let coarsest = coarsest_there(&sink, store.recipe.parent_order).await?;
    if coarsest < store.recipe.parent_order {
        write_overviews(&store.name, coarsest.get(), clients).await?;
    }
    Ok(())
}

/// The coarsest order that has a group, `known` or beyond: an attempt that was killed leaves groups that the root does not name.
async fn coarsest_there(sink: &StoreSink, known: Order) -> Result<Order, Error> {
    for order in 0..known.get() {
        let group = sink.get(&format!("{order}/zarr.json")).await?;
        if group.is_some_and(|(document, _)| !dggs_zarr::is_removed(&document)) {
            return Ok(Order::new(order)?);
        }
    }
    Ok(known)
}
