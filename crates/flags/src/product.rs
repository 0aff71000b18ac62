//! The flags that say what is read of granules.
use crate::exit::{self, CommandError};
use crate::files;
use crate::out::note;
use clap::Args;
use jobs::{AUTO, Event};
use pipeline::{Edits, Product};
use std::path::Path;
use storage::{Clients, Location};

/// Which product.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Product")]
pub struct ProductArgs {
    /// What the granules are: a built-in product (`icestream product list`), a file that describes one, or `auto`, the built-in
    /// one that the first granule is of [default: as the event or the catalog says, else ATL06].
    #[arg(long, value_name = "NAME|FILE|auto")]
    pub product: Option<String>,
}

/// Which product, and what to change of it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Product")]
pub struct EditedProductArgs {
    /// Which product.
    #[command(flatten)]
    pub product: ProductArgs,
    /// What to change of it.
    #[command(flatten)]
    pub edits: EditArgs,
    /// The repeat cycle, for products with a number for each (ATL11).
    #[arg(long = "cycle", value_name = "N")]
    cycle: Option<u32>,
}

/// What to change of a product.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Product")]
pub struct EditArgs {
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
    pub async fn find(
        &self,
        usual: &str,
        first: Option<&Location>,
        clients: &Clients,
    ) -> Result<Product, CommandError> {
        self.found(usual, first, clients, false).await
    }

    /// As [`ProductArgs::find`]; `quiet` says nothing of what was found.
    ///
    /// # Errors
    /// A product that is not known.
    pub async fn found(
        &self,
        usual: &str,
        first: Option<&Location>,
        clients: &Clients,
        quiet: bool,
    ) -> Result<Product, CommandError> {
        let text = self.product.as_deref().unwrap_or(usual);
        if text != AUTO {
            let told = |failure: CommandError| match self.product {
                None => failure.hint("the catalog is of this product: give its description again with --product FILE"),
                Some(_) => failure,
            };
            return described(text).map_err(told);
        }
        let first = first.ok_or_else(|| CommandError::usage("--product auto: there is no granule to look at"))?;
        let (product, others) = jobs::product_of(clients, first).await?;
        let others = if others.is_empty() { String::new() } else { format!(" (also: {})", others.join(", ")) };
        if !quiet {
            note!("product {}{others}", product.name);
        }
        Ok(product)
    }
}

impl EditedProductArgs {
    /// The product with the edits: that of the flags, else of the event, else `usual`. Edits of the event count where the flags say
    /// nothing, unless the flags name another product.
    pub async fn find(
        &self,
        event: Option<&Event>,
        usual: &str,
        first: Option<&Location>,
        clients: &Clients,
    ) -> Result<Product, CommandError> {
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
    pub fn is_auto(&self, event: Option<&Event>) -> bool {
        let of_event = event.is_some_and(|event| event.asked.product.is_none());
        self.product.product.as_deref().map_or(of_event, |text| text == AUTO)
    }

    /// The edits alone.
    #[must_use]
    pub fn edits(&self) -> Edits {
        Edits { cycle: self.cycle, ..self.edits.edits() }
    }
}

impl EditArgs {
    /// The edits, without a cycle.
    #[must_use]
    pub fn edits(&self) -> Edits {
        Edits {
            keep: self.keep.clone(),
            value: self.value.clone(),
            statistics: self.statistics.clone(),
            also: self.also.clone(),
            cycle: None,
            beams: self.beams.clone(),
            direction: self.direction.clone(),
            min_count: self.min_count,
        }
    }
}

/// Changes a product as edits say.
///
/// # Errors
/// An edit that the product cannot have, with the name of its flag.
pub fn apply(edits: &Edits, product: &mut Product) -> Result<(), CommandError> {
    edits.apply(product).map_err(|error| {
        CommandError::new(exit::USAGE, format!("--{}: {}", error.key.replace('_', "-"), error.why))
            .hint(format!("`icestream product show {}` prints its columns and conditions", product.name))
    })
}

/// A built-in product, or that of a file.
///
/// # Errors
/// A name that is unknown, a file that cannot be read, or a description that makes no sense.
pub fn described(text: &str) -> Result<Product, CommandError> {
    let path = Path::new(text);
    let is_file = path.extension().is_some_and(|ending| ending == "toml") || path.is_file();
    let found = if is_file { products::parse(&files::read(path)?, text) } else { products::built_in(text) };
    found.map_err(|error| CommandError::new(exit::USAGE, error.problem()).hint(error.next))
}

/// Says where in the file of a product a failure has its reason.
pub fn explain(file: Option<&str>, failure: CommandError) -> CommandError {
    let text = file.and_then(|file| files::read(Path::new(file)).ok()).unwrap_or_default();
    let key = products::concerned(&text, failure.message());
    if let Some(key) = key { failure.at(&format!("{}:{key}", file.unwrap_or_default())) } else { failure }
}
