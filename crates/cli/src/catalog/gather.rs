//! Collects granules: from a CMR search, or by reading them.
use super::{Catalog, CatalogArgs, Choice, Gathered, Path, access, choose};
use crate::exit::Failure;
use crate::files;
use crate::out::note;
use crate::progress;
use ::catalog::{Grid, Places, ReadOptions, SearchNotes, is_hdf5};
use earthdata::{CMR_URL, Collection, Found, Hosts, Progress, Query, Resume, Search, name_patterns, window_edge};
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::{CmrCollection, Product};
use storage::Clients;

pub(super) async fn gather(args: &CatalogArgs, grid: Grid, out: Option<&Path>) -> Result<(Catalog, Gathered), Failure> {
    let clients = access::clients(&args.access);
    let asked = &args.search.product;
    if !args.from.is_empty() {
        let places = Places::find(&clients, &inputs(args)?).await?;
        let product = asked.find(products::USUAL, places.first(), &clients).await?;
        return from_places(args, &places, &choose::choice(args, grid, product)).await;
    }
    let choice = choose::choice(args, grid, asked.find(products::USUAL, None, &clients).await?);
    let release = choice.product.collections.first().and_then(|collection| collection.version.clone());
    let notes = SearchNotes {
        release: args.search.release.clone().or(release),
        collection: args.search.collection.clone(),
        margin_km: args.area.margin,
    };
    Ok(choice.of_search(search(args, &choice.product, &clients, out).await?, &notes))
}

async fn from_places(args: &CatalogArgs, places: &Places, choice: &Choice) -> Result<(Catalog, Gathered), Failure> {
    let options = ReadOptions {
        concurrency: args.concurrency.into(),
        allow_partial: args.allow_partial,
        data_host: Hosts::from_env()?.data_host().to_owned(),
    };
    let bar = bar(args.quiet, "granules read");
    let show = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let made = choice.of_places(places, &options, &show).await;
    bar.finish_and_clear();
    Ok(made?)
}

/// The places that `--from` names, those of lists too.
fn inputs(args: &CatalogArgs) -> Result<Vec<String>, Failure> {
    for date in [&args.search.from_date, &args.search.to_date].into_iter().flatten() {
        window_edge(date, false)?;
    }
    let mut inputs = Vec::new();
    for place in &args.from {
        let path = Path::new(place);
        if place == "-" {
            inputs.extend(files::stdin_entries()?);
        } else if path.is_file() && !is_hdf5(path) {
            inputs.extend(files::entries(&files::read(path)?));
        } else {
            inputs.push(place.clone());
        }
    }
    Ok(inputs)
}

async fn search(
    args: &CatalogArgs,
    product: &Product,
    clients: &Clients,
    out: Option<&Path>,
) -> Result<Found, Failure> {
    let query = query(args, product)?;
    let server = access::variable("ICESTREAM_CMR_URL").unwrap_or_else(|| CMR_URL.to_owned());
    let search = Search::new(clients.http()?, clients.options().retry, &server, &query)?;
    let beside = || out.filter(|out| *out != Path::new("-")).map(Resume::beside);
    let resume = args.search.state.as_ref().map(Resume::at).or_else(beside);
    let bar = bar(args.quiet, "granules found");
    let show = |progress: Progress<'_>| match progress {
        Progress::Resumed { received } => {
            bar.set_position(received);
            if !args.quiet {
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

fn query(args: &CatalogArgs, product: &Product) -> Result<Query, Failure> {
    let search = &args.search;
    if search.cycle.is_empty() && search.from_date.is_none() && search.to_date.is_none() {
        let failure = Failure::usage("name the cycle (--cycle) or the dates (--from-date, --to-date)");
        return Err(failure.hint("all cycles together are hundreds of thousands of granules"));
    }
    let collection = match &search.collection {
        Some(id) => Collection::ConceptId(id.clone()),
        None => {
            let known = product.collections.first().cloned();
            let none =
                || Failure::usage(format!("product {} names no collection: give one with --collection", product.name));
            let CmrCollection { short_name, version, provider } = known.ok_or_else(none)?;
            let (version, provider) = (search.release.clone().or(version), search.provider.clone().or(provider));
            Collection::Named { short_name, version, provider }
        }
    };
    let edge = |date: &Option<String>, ends| date.as_deref().map(|date| window_edge(date, ends)).transpose();
    Ok(Query {
        collection,
        patterns: name_patterns(product, &search.cycle, &search.orbit_region),
        window: (edge(&search.from_date, false)?, edge(&search.to_date, true)?),
        page_size: search.page_size,
    })
}

fn bar(quiet: bool, what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), progress::target(quiet));
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:32}} {{pos}}/{{len}} {what}  {{elapsed}}  {{msg}}"))
    {
        bar.set_style(style);
    }
    bar
}
