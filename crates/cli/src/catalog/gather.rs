//! Collects granules: from a CMR search, or by reading them.
use super::{Catalog, CatalogArgs, Choice, Gathered, Path, access, choose};
use crate::exit::CommandError;
use crate::files;
use ::catalog::{Grid, Places, ReadOptions, SearchNotes, is_hdf5};
use earthdata::{Hosts, window_edge};

pub(super) async fn gather(
    args: &CatalogArgs,
    grid: Grid,
    out: Option<&Path>,
) -> Result<(Catalog, Gathered), CommandError> {
    let clients = access::clients(&args.access);
    let asked = &args.product;
    if !args.from.is_empty() {
        let places = Places::find(&clients, &inputs(args)?).await?;
        let product = asked.find(products::USUAL, places.first(), &clients).await?;
        return from_places(args, &places, &choose::choice(args, grid, product)).await;
    }
    let choice = choose::choice(args, grid, asked.find(products::USUAL, None, &clients).await?);
    let release = choice.product.collections.first().and_then(|collection| collection.version.clone());
    let notes = SearchNotes {
        release: args.search.cmr.release.clone().or(release),
        collection: args.search.cmr.collection.clone(),
        margin_km: args.area.margin,
    };
    Ok(choice.of_search(args.search.find(&choice.product, &clients, out, args.quiet).await?, &notes))
}

async fn from_places(
    args: &CatalogArgs,
    places: &Places,
    choice: &Choice,
) -> Result<(Catalog, Gathered), CommandError> {
    let options = ReadOptions {
        concurrency: args.concurrency.into(),
        allow_partial: args.allow_partial,
        data_host: Hosts::from_env()?.data_host().to_owned(),
    };
    let bar = flags::search::bar(args.quiet, "granules read");
    let show = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let made = choice.of_places(places, &options, &show).await;
    bar.finish_and_clear();
    Ok(made?)
}

/// The places that `--from` names, those of lists too.
fn inputs(args: &CatalogArgs) -> Result<Vec<String>, CommandError> {
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
