//! A search for granules in the CMR.
use crate::exit::CommandError;
use crate::out::note;
use crate::{access, progress};
use catalog::NameFilter;
use clap::Args;
use earthdata::{CMR_URL, Collection, Found, Progress, Query, Resume, Search, name_patterns, window_edge};
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::{CmrCollection, Product};
use std::path::{Path, PathBuf};
use storage::Clients;

/// Which granules.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Granules")]
pub struct SearchArgs {
    /// Those of a collection.
    #[command(flatten)]
    pub cmr: CmrArgs,
    /// First day: 2023-12-19.
    #[arg(long, value_name = "DATE")]
    pub from_date: Option<String>,
    /// Last day.
    #[arg(long, value_name = "DATE")]
    pub to_date: Option<String>,
}

/// Which granules of a collection.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Granules")]
pub struct CmrArgs {
    /// Repeat cycles, by the granules' names.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=99))]
    pub cycle: Vec<u8>,
    /// Pieces of the orbit, 1 to 14, by the granules' names: 10, 11 and 12 hold Antarctica, 3, 4 and 5 Greenland.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=14))]
    pub orbit_region: Vec<u8>,
    /// Release of the product [default: as its description says; of ATL06 007].
    #[arg(long, value_name = "RRR")]
    pub release: Option<String>,
    /// Who archives it [default: as the product's description says; of ATL06 NSIDC_CPRD].
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// The collection by its concept id, in place of product, release and provider.
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// Where an interrupted search is kept, to go on from [default: beside the output].
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Granules asked for at once.
    #[arg(long, value_name = "N", hide = true, default_value_t = earthdata::MAX_PAGE_SIZE)]
    pub page_size: u16,
}

impl SearchArgs {
    /// Which granules, by their names.
    #[must_use]
    pub fn names(&self) -> NameFilter {
        NameFilter {
            cycles: self.cmr.cycle.clone(),
            orbit_regions: self.cmr.orbit_region.clone(),
            from_date: self.from_date.clone(),
            to_date: self.to_date.clone(),
        }
    }

    /// Whether it says which granules.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        !self.cmr.cycle.is_empty() || self.from_date.is_some() || self.to_date.is_some()
    }

    /// Finds the granules of a product. An interrupted search is kept beside `out`, unless the flags say where.
    ///
    /// # Errors
    /// A search without bounds, and servers that do not answer.
    pub async fn find(
        &self,
        product: &Product,
        clients: &Clients,
        out: Option<&Path>,
        quiet: bool,
    ) -> Result<Found, CommandError> {
        let query = self.query(product)?;
        let server = access::variable("ICESTREAM_CMR_URL").unwrap_or_else(|| CMR_URL.to_owned());
        let search = Search::new(clients.http()?, clients.options().retry, &server, &query)?;
        let beside = || out.filter(|out| *out != Path::new("-")).map(Resume::beside);
        let resume = self.cmr.state.as_ref().map(Resume::at).or_else(beside);
        let bar = bar(quiet, "granules found");
        let show = |progress: Progress<'_>| match progress {
            Progress::Resumed { received } => {
                bar.set_position(received);
                if !quiet {
                    bar.suspend(|| note!("going on with an interrupted search: {received} granules are there already"));
                }
            }
            Progress::Page { received, hits } => {
                bar.set_length(hits);
                bar.set_position(received);
                bar.set_message("");
            }
            Progress::Waiting { error, wait } => {
                bar.set_message(format!("waiting {:.1} s: {}", wait.as_secs_f64(), error.message));
            }
            _ => {}
        };
        let found = search.run(resume.as_ref(), &show).await;
        bar.finish_and_clear();
        Ok(found?)
    }

    fn query(&self, product: &Product) -> Result<Query, CommandError> {
        if !self.is_bounded() {
            let failure = CommandError::usage("name the cycle (--cycle) or the dates (--from-date, --to-date)");
            return Err(failure.hint("all cycles together are hundreds of thousands of granules"));
        }
        let collection = match &self.cmr.collection {
            Some(id) => Collection::ConceptId(id.clone()),
            None => {
                let known = product.collections.first().cloned();
                let none = || {
                    CommandError::usage(format!(
                        "product {} names no collection: give one with --collection",
                        product.name
                    ))
                };
                let CmrCollection { short_name, version, provider } = known.ok_or_else(none)?;
                let (version, provider) =
                    (self.cmr.release.clone().or(version), self.cmr.provider.clone().or(provider));
                Collection::Named { short_name, version, provider }
            }
        };
        let edge = |date: &Option<String>, ends| date.as_deref().map(|date| window_edge(date, ends)).transpose();
        Ok(Query {
            collection,
            patterns: name_patterns(product, &self.cmr.cycle, &self.cmr.orbit_region),
            window: (edge(&self.from_date, false)?, edge(&self.to_date, true)?),
            page_size: self.cmr.page_size,
        })
    }
}

/// A bar that counts.
#[must_use]
pub fn bar(quiet: bool, what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), progress::target(quiet));
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:32}} {{pos}}/{{len}} {what}  {{elapsed}}  {{msg}}"))
    {
        bar.set_style(style);
    }
    bar
}
