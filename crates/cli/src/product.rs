//! The flags that say what is read of granules, and `icestream product`.
use crate::access::AccessArgs;
use crate::exit::{self, Failure};
use crate::out::{note, say};
use crate::{access, files, json};
use clap::{Args, Subcommand};
use jobs::{AUTO, Event};
use morton::{Cell, Latitude, Order};
use pipeline::{Edits, Product};
use serde_json::json;
use std::path::Path;
use storage::{Clients, Location};

/// Which product.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Product")]
pub(crate) struct ProductArgs {
    /// What the granules are: a built-in product (`icestream product list`), a file that describes one, or `auto`, the built-in
    /// one that the first granule is of [default: as the event or the catalog says, else ATL06].
    #[arg(long, value_name = "NAME|FILE|auto")]
    pub(crate) product: Option<String>,
}

/// Which product, and what to change of it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Product")]
pub(crate) struct EditedProductArgs {
    #[command(flatten)]
    pub(crate) product: ProductArgs,
    /// A condition on rows, in place of all of the product on the same column: `atl06_quality_summary any`, `h_li_sigma <= 0.5`,
    /// `segment_landcover in 1,5`; operators are = != >= <= > < in. `none` drops all conditions. May be given several times.
    #[arg(long, value_name = "CONDITION")]
    keep: Vec<String>,
    /// Another value: one that the product names, the path of a column in the tracks, or count: only how many rows there are.
    #[arg(long, value_name = "COLUMN")]
    value: Option<String>,
    /// Statistics, in place of the product's: count, min, max, mean, sigma, variance, std, unweighted_mean, mad, sum, quantiles
    /// as q05 or q97.5
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    statistics: Vec<String>,
    /// Statistics beside the product's (with unweighted_mean the variance composes exactly above the cells).
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    also: Vec<String>,
    /// The repeat cycle, for products with a number for each (ATL11).
    #[arg(long = "cycle", value_name = "N")]
    cycle: Option<u32>,
    /// Tracks that count: strong, weak, or names.
    #[arg(long, value_name = "strong|weak|TRACKS")]
    beams: Option<String>,
    /// Rows that count: those of flights north (ascending) or south.
    #[arg(long, value_name = "ascending|descending")]
    direction: Option<String>,
    /// Cells with fewer rows are as cells without.
    #[arg(long, value_name = "N")]
    min_count: Option<u32>,
}

impl ProductArgs {
    /// The product that is named; `usual` where none is; of the first granule where that decides.
    pub(crate) async fn find(
        &self,
        usual: &str,
        first: Option<&Location>,
        clients: &Clients,
    ) -> Result<Product, Failure> {
        let text = self.product.as_deref().unwrap_or(usual);
        if text != AUTO {
            let told = |failure: Failure| match self.product {
                None => failure.hint("the catalog is of this product: give its description again with --product FILE"),
                Some(_) => failure,
            };
            return described(text).map_err(told);
        }
        let first = first.ok_or_else(|| Failure::usage("--product auto: there is no granule to look at"))?;
        let (product, others) = jobs::product_of(clients, first).await?;
        let others = if others.is_empty() { String::new() } else { format!(" (also: {})", others.join(", ")) };
        note!("product {}{others}", product.name);
        Ok(product)
    }
}

impl EditedProductArgs {
    /// The product with the edits: that of the flags, else of the event, else `usual`. Edits of the event count where the flags say
    /// nothing, unless the flags name another product.
    pub(crate) async fn find(
        &self,
        event: Option<&Event>,
        usual: &str,
        first: Option<&Location>,
        clients: &Clients,
    ) -> Result<Product, Failure> {
        let asked = event.map(|event| &event.asked).filter(|_| self.product.product.is_none());
        let mut product = match asked.map(|asked| &asked.product) {
            Some(Some(product)) => product.clone(),
            Some(None) => self.product.find(AUTO, first, clients).await?,
            None => self.product.find(usual, first, clients).await?,
        };
        let edits = self.edits().or(asked.map(|asked| asked.edits.clone()).unwrap_or_default());
        apply(&edits, &mut product)?;
        Ok(product)
    }

    /// Whether the granules must be looked at to know the product.
    pub(crate) fn is_auto(&self, event: Option<&Event>) -> bool {
        let of_event = event.is_some_and(|event| event.asked.product.is_none());
        self.product.product.as_deref().map_or(of_event, |text| text == AUTO)
    }

    fn edits(&self) -> Edits {
        Edits {
            keep: self.keep.clone(),
            value: self.value.clone(),
            statistics: self.statistics.clone(),
            also: self.also.clone(),
            cycle: self.cycle,
            beams: self.beams.clone(),
            direction: self.direction.clone(),
            min_count: self.min_count,
        }
    }
}

fn apply(edits: &Edits, product: &mut Product) -> Result<(), Failure> {
    edits.apply(product).map_err(|error| {
        Failure::new(exit::USAGE, format!("--{}: {}", error.key.replace('_', "-"), error.why))
            .hint(format!("`icestream product show {}` prints its columns and conditions", product.name))
    })
}

/// A built-in product, or that of a file.
fn described(text: &str) -> Result<Product, Failure> {
    let path = Path::new(text);
    let is_file = path.extension().is_some_and(|ending| ending == "toml") || path.is_file();
    let found = if is_file { products::parse(&files::read(path)?, text) } else { products::built_in(text) };
    found.map_err(|error| Failure::new(exit::USAGE, error.problem()).hint(error.next))
}

/// Says where in the file of a product a failure has its reason.
pub(crate) fn explain(file: Option<&str>, failure: Failure) -> Failure {
    let text = file.and_then(|file| files::read(Path::new(file)).ok()).unwrap_or_default();
    let key = products::concerned(&text, failure.message());
    if let Some(key) = key { failure.at(&format!("{}:{key}", file.unwrap_or_default())) } else { failure }
}

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

pub(crate) fn run(args: &ProductCommandArgs) -> Result<u8, Failure> {
    match &args.what {
        ProductCommand::List { json: as_json } => list(*as_json)?,
        ProductCommand::Show { name } => {
            let text =
                products::text(name).map_err(|error| Failure::new(exit::USAGE, error.problem()).hint(error.next))?;
            crate::out::bytes(text.as_bytes());
        }
        ProductCommand::Check(args) => check(args)?,
    }
    Ok(exit::DONE)
}

fn list(as_json: bool) -> Result<(), Failure> {
    let all = products::list().filter_map(|(name, _)| products::built_in(name).ok());
    if as_json {
        let all: Vec<_> =
            all.map(|one| json!({"name": one.name, "title": one.title, "short_names": one.short_names})).collect();
        return json::print(&json!({ "products": all }));
    }
    all.for_each(|product| say!("{:<13} {}", product.name, product.title));
    Ok(())
}

fn check(args: &CheckArgs) -> Result<(), Failure> {
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
        let (name, order) = (location.name(), Order::new(0).map_err(Failure::usage)?);
        let source = clients.open(&location)?;
        let crossed = ::catalog::crossed_cells(&name, &source, &product, order, Latitude::default()).await?;
        // Without rows, any cell shows the tracks.
        let any = crossed.cells.is_empty().then(|| Cell::new(order, 0)).transpose().map_err(Failure::usage)?;
        Ok::<_, Failure>(
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
