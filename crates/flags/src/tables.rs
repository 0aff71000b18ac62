//! Stores and tables that commands take as input.
use crate::access;
use crate::access::AccessArgs;
use crate::exit::CommandError;
use clap::{Args, ValueEnum};
use stores::{Cube, Pick, Wanted};

/// Windows of time that are read of a store.
#[derive(Args, Debug)]
pub struct WindowArgs {
    /// Windows of time: the number of a cycle, a date or the beginning of one (2019-04, 2019), first, last [default: all].
    #[arg(long = "window", value_name = "NAMES", value_delimiter = ',')]
    pub names: Vec<String>,
}

impl WindowArgs {
    /// Which windows are read.
    #[must_use]
    pub fn pick(&self) -> Pick<'_> {
        Pick { windows: &self.names, cell: None }
    }
}

/// Which side of the equator is drawn, where there are cells around both poles.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// South of the equator.
    South,
    /// North of the equator.
    North,
}

impl From<Side> for plot::Hemisphere {
    fn from(side: Side) -> Self {
        match side {
            Side::South => Self::South,
            Side::North => Self::North,
        }
    }
}

/// Several inputs as one table.
pub fn load(inputs: &[String], wanted: &Wanted<'_>, access: &AccessArgs) -> Result<Cube, CommandError> {
    let clients = access::clients(access);
    access::block_on(async {
        let mut tables = Vec::new();
        for input in inputs {
            for store in stores::expand_stores(input, &clients).await? {
                tables.push(wanted.of_input(&store, &clients).await?);
            }
        }
        Ok::<_, CommandError>(Cube::join(tables)?)
    })
}
