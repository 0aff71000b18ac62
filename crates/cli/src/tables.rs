//! Stores and tables that commands take as input.
use crate::access;
use crate::args::AccessArgs;
use crate::exit::{BAD_INPUT, Failure, USAGE};
use clap::ValueEnum;
use morton::Latitude;
use std::path::Path;
use storage::Clients;
use stores::{Error, Place, Store, Table};

/// Parents of a store of the sphere beyond which their provenance is not carried into other files.
const MOST_PARENTS: usize = 200;

/// What is wanted of inputs.
pub(crate) struct Wanted<'a> {
    /// Order; the finest there is if not given.
    pub(crate) order: Option<u8>,
    /// Variables; all if none is named.
    pub(crate) names: &'a [&'a str],
    /// Latitude convention of a CSV, which does not tell.
    pub(crate) latitude: Latitude,
}

/// Reads one input: a store, or a CSV by its ending.
pub(crate) async fn read(input: &str, wanted: &Wanted<'_>, clients: &Clients) -> Result<Table, Failure> {
    let named = |error: Error| Failure::from(error).at(input);
    if Path::new(input).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        let text = crate::files::text(std::path::Path::new(input))
            .map_err(|error| Failure::new(BAD_INPUT, error).at(input))?;
        let mut table = Table::from_csv(&text, wanted.latitude).map_err(named)?;
        if let Some(order) = wanted.order.filter(|&order| order != table.order.get()) {
            return Err(named(Error::NoOrder { order, held: table.order.to_string() }));
        }
        for name in wanted.names {
            table.column(name).map_err(named)?;
        }
        if !wanted.names.is_empty() {
            table.columns.retain(|(variable, _)| wanted.names.contains(&variable.name.as_str()));
        }
        return Ok(table);
    }
    let place = Place::new(input, clients.clone()).map_err(named)?;
    let name = place.name();
    let store = Store::open(place, &name).await.map_err(named)?;
    let mut table = store.table(wanted.order, wanted.names).await.map_err(named)?;
    // Above the parents a chunk covers cells that nobody computed.
    if table.parent.is_none_or(|parent| parent > table.order) {
        table = table.select(&table.observed());
    }
    if table.provenance["cells"].is_string() && table.parents().len() <= MOST_PARENTS {
        let parts = store.parents_provenance(&table);
        let whole = std::iter::once(table.provenance.take());
        table.provenance = whole.chain(parts).collect();
    }
    Ok(table)
}

/// Reads several inputs as one table.
pub(crate) async fn read_all(inputs: &[String], wanted: &Wanted<'_>, clients: &Clients) -> Result<Table, Failure> {
    let mut tables = Vec::new();
    for input in inputs {
        tables.push(read(input, wanted, clients).await?);
    }
    Ok(Table::join(tables)?)
}

/// Which side of the equator is drawn, where there are cells around both poles.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hemisphere {
    /// South of the equator.
    South,
    /// North of the equator.
    North,
}

/// The cells of one hemisphere: no projection shows both poles.
pub(crate) fn on_one_side(table: Table, side: Option<Hemisphere>) -> Result<Table, Failure> {
    let latitudes: Vec<f64> = table.cells().map(|cell| cell.centre_in(table.latitude).lat()).collect();
    let both = latitudes.iter().any(|&lat| lat > 50.0) && latitudes.iter().any(|&lat| lat < -50.0);
    match side {
        None if both => Err(Failure::usage("the cells lie around both poles, and no map shows both")
            .hint("choose with --hemisphere south or --hemisphere north")),
        None => Ok(table),
        Some(side) => {
            let is_on = |lat: f64| if side == Hemisphere::South { lat <= 0.0 } else { lat > 0.0 };
            let rows: Vec<usize> = (0..latitudes.len()).filter(|&row| is_on(latitudes[row])).collect();
            Ok(table.select(&rows))
        }
    }
}

/// [`read_all`], waiting for the network.
pub(crate) fn load(inputs: &[String], wanted: &Wanted<'_>, access: &AccessArgs) -> Result<Table, Failure> {
    let clients = access::clients(access);
    access::block_on(read_all(inputs, wanted, &clients))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Source(error) => error.into(),
            Error::NoOrder { .. } => Self::new(USAGE, &error).hint("give one of these with --order"),
            Error::NoVariable { .. } => Self::new(USAGE, &error).hint("give one of these with --var"),
            Error::Unfinished(_) => Self::new(BAD_INPUT, &error).hint("wait for its writer, or run the job again"),
            Error::NoStore(_) => Self::new(BAD_INPUT, &error).hint("name the folder that holds zarr.json, or a .csv"),
            error => Self::new(BAD_INPUT, error),
        }
    }
}
