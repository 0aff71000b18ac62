//! Stores and tables that commands take as input.
use crate::access::AccessArgs;
use crate::exit::{BAD_INPUT, Failure, USAGE};
use crate::{access, files};
use clap::ValueEnum;
use std::path::Path;
use storage::Clients;
use stores::{Error, Table, Wanted};

/// Reads one input: a store, or a CSV by its ending.
pub(crate) async fn read(input: &str, wanted: &Wanted<'_>, clients: &Clients) -> Result<Table, Failure> {
    let table = if Path::new(input).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        let text = files::text(Path::new(input)).map_err(|error| Failure::new(BAD_INPUT, error).at(input))?;
        wanted.of_csv(&text)
    } else {
        wanted.of_store(input, clients).await
    };
    table.map_err(|error| Failure::from(error).at(input))
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

impl From<Hemisphere> for plot::Hemisphere {
    fn from(side: Hemisphere) -> Self {
        match side {
            Hemisphere::South => Self::South,
            Hemisphere::North => Self::North,
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
        let hint = match &error {
            Error::NoOrder { .. } => "give one of these with --order",
            Error::NoVariable { .. } => "give one of these with --var",
            Error::Unfinished(_) => "wait for its writer, or run the job again",
            Error::NoStore(_) => "name the folder that holds zarr.json, or a .csv",
            Error::Nothing(_) => "name the folder that holds zarr.json",
            Error::NoStores(_) => "check the path",
            Error::Damaged { .. } => "`icestream validate` lists all that is wrong",
            Error::OneCell(_) => "`icestream merge` joins stores of cells into one of the sphere",
            Error::Occupied { .. } => "--out writes elsewhere",
            Error::Twice { .. } => "name only one of the two",
            Error::OtherValues { .. } => "--overwrite replaces it",
            _ => "",
        };
        let failure = match error {
            Error::Source(error) => error.into(),
            Error::Write(error) => Self::of_write(error),
            Error::Cell(_) | Error::Job(_) => Self::usage(error),
            Error::NoOrder { .. }
            | Error::NoVariable { .. }
            | Error::OneCell(_)
            | Error::Refused { .. }
            | Error::Occupied { .. }
            | Error::Twice { .. }
            | Error::OtherValues { .. }
            | Error::OtherCells { .. } => Self::new(USAGE, error),
            error => Self::new(BAD_INPUT, error),
        };
        if hint.is_empty() { failure } else { failure.hint(hint) }
    }
}
