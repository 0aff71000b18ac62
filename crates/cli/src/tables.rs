//! Stores and tables that commands take as input.
use crate::access;
use crate::access::AccessArgs;
use crate::exit::{BAD_INPUT, Failure, USAGE};
use clap::{Args, ValueEnum};
use stores::{Cube, Error, Pick, Wanted};

/// Windows of time that are read of a store.
#[derive(Args, Debug)]
pub(crate) struct WindowArgs {
    /// Windows of time: the number of a cycle, a date or the beginning of one (2019-04, 2019), first, last [default: all].
    #[arg(long = "window", value_name = "NAMES", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
}

impl WindowArgs {
    pub(crate) fn pick(&self) -> Pick<'_> {
        Pick { windows: &self.names, cell: None }
    }
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

/// Several inputs as one table.
pub(crate) fn load(inputs: &[String], wanted: &Wanted<'_>, access: &AccessArgs) -> Result<Cube, Failure> {
    let clients = access::clients(access);
    access::block_on(async {
        let mut tables = Vec::new();
        for input in inputs {
            tables.push(wanted.of_input(input, &clients).await?);
        }
        Ok::<_, Failure>(Cube::join(tables)?)
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::NoOrder { .. } => "give one of these with --order",
            Error::NoVariable { .. } => "give one of these with --var",
            Error::NoWindow { held, .. } if held.is_empty() => "leave --window out",
            Error::NoWindow { .. } => "give one of these with --window",
            Error::Windows(_) => "choose one with --window",
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
            Error::Input { input, error } => return Self::from(*error).at(&input),
            Error::Source(error) => error.into(),
            Error::Write(error) => Self::of_write(error),
            Error::Cell(_) | Error::Job(_) => Self::usage(error),
            Error::NoOrder { .. }
            | Error::NoVariable { .. }
            | Error::NoWindow { .. }
            | Error::Windows(_)
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
