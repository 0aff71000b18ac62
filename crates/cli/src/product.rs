//! `icestream product`: descriptions of products.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::out::say;
use crate::{access, json};
use clap::{Args, Subcommand};
use flags::product::{EditedProductArgs, apply, described, explain};
use morton::{Cell, Latitude, Order};
use serde_json::json;
use storage::Location;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  icestream product list
  icestream product show ATL08 > mine.toml
  icestream product check mine.toml ATL08_20181014001049_02350102_005_01.h5")]
pub(crate) struct ProductCommandArgs {
    #[command(subcommand)]
    what: ProductCommand,
}

#[derive(Subcommand, Debug)]
enum ProductCommand {
    /// List the built-in products.
    List {
        /// Print JSON on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Print a built-in description: to read, or to write one's own after it.
    Show {
        /// Name of the product.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check a description, and what it finds in a granule: tracks, columns, and why rows count or do not.
    Check(Box<CheckArgs>),
}

#[derive(Args, Debug)]
struct CheckArgs {
    /// The description: a file, or the name of a built-in product.
    #[arg(value_name = "FILE|NAME")]
    description: String,
    /// A granule: file or URL. All its coordinates are read.
    #[arg(value_name = "GRANULE")]
    granule: Option<String>,
    /// Print JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    edits: EditedProductArgs,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &ProductCommandArgs) -> Result<u8, CommandError> {
    match &args.what {
        ProductCommand::List { json: as_json } => list(*as_json)?,
        ProductCommand::Show { name } => {
            let text = products::text(name)
                .map_err(|error| CommandError::new(exit::USAGE, error.problem()).hint(error.next))?;
            crate::out::bytes(text.as_bytes());
        }
        ProductCommand::Check(args) => check(args)?,
    }
    Ok(exit::DONE)
}

fn list(as_json: bool) -> Result<(), CommandError> {
    let all = products::list().filter_map(|(name, _)| products::built_in(name).ok());
    if as_json {
        let all: Vec<_> =
            all.map(|one| json!({"name": one.name, "title": one.title, "short_names": one.short_names})).collect();
        return json::print(&json!({ "products": all }));
    }
    all.for_each(|product| say!("{:<13} {}", product.name, product.title));
    Ok(())
}

fn check(args: &CheckArgs) -> Result<(), CommandError> {
    let mut product = described(&args.description)?;
    apply(&args.edits.edits(), &mut product)?;
    let Some(granule) = &args.granule else {
        if args.json {
            return json::print(&json!({ "product": product }));
        }
        say!("{}: a sound description of {}", args.description, product.name);
        return Ok(());
    };
    let location = Location::parse(granule)?;
    let clients = access::clients(&args.access);
    let found = access::block_on(async {
        let (name, order) = (location.name(), Order::new(0).map_err(CommandError::usage)?);
        let source = clients.open(&location)?;
        let crossed = ::catalog::crossed_cells(&name, &source, &product, order, Latitude::default()).await?;
        // Without rows, any cell shows the tracks.
        let any = crossed.cells.is_empty().then(|| Cell::new(order, 0)).transpose().map_err(CommandError::usage)?;
        Ok::<_, CommandError>(
            jobs::check(&product, &location, any.into_iter().chain(crossed.cells.into_keys()), &clients).await?,
        )
    });
    let found = found.map_err(|failure| explain(Some(&args.description), failure.at(granule)))?;
    if args.json {
        return json::print(&json!({ "product": product, "granule": found }));
    }
    words::found_in(&found, &product).iter().for_each(|line| say!("{line}"));
    Ok(())
}
