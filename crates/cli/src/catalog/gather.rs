//! Granules from the CMR or from where they lie, and the cells of each.
use super::from::Places;
use super::{Catalog, CatalogArgs, Grid, Map, Path, PathBuf, Value, access, json};
use crate::exit::Failure;
use ::catalog::{Remarks, assemble, usable};
use earthdata::{
    CMR_URL, Collection, GranuleName, Odd, Progress, Query, Record, Resume, Search, name_patterns, newest, window_edge,
};
use footprint::CellFinder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use morton::Cell;
use storage::Clients;

/// What happened on the way.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) found: usize,
    pub(super) requests: u64,
    /// Older versions, with the newer one that stays.
    pub(super) older: Vec<(String, String)>,
    /// Granules whose names are not of the cycles, regions or dates that were asked for.
    pub(super) other_names: usize,
    /// Records of a search that make no sense.
    pub(super) odd: Vec<Odd>,
    pub(super) remarks: Remarks,
    /// Granules that touch none of the wanted cells.
    pub(super) elsewhere: usize,
    /// Granules that could not be read, and why.
    pub(super) failed: Vec<(String, String)>,
    /// Files that are parts or copies of others, with the file that counts.
    pub(super) parts: Vec<(String, String)>,
    /// Files that have none of the product's tracks, with the product that they are of, where it is known.
    pub(super) foreign: Vec<(String, Option<String>)>,
}

impl Gathered {
    /// Whether the catalog holds all that was found.
    pub(super) fn is_whole(&self) -> bool {
        let Remarks { unknown_extent, without_link } = &self.remarks;
        self.failed.is_empty()
            && self.foreign.is_empty()
            && self.odd.is_empty()
            && unknown_extent.is_empty()
            && without_link.is_empty()
    }
}

pub(super) async fn gather(
    args: &CatalogArgs,
    grid: &Grid,
    out: Option<&Path>,
) -> Result<(Catalog, Gathered), Failure> {
    let clients = access::clients(&args.access);
    let mut report = Gathered::default();
    let mut places = Places::default();
    let records = if args.from.is_empty() {
        search(args, &clients, out, &mut report).await?
    } else {
        places = Places::find(args, &clients).await?;
        places.records()?
    };
    report.found = records.len() + report.odd.len();
    let named: Vec<Record> = records.into_iter().filter(|record| is_asked_for(args, &record.name)).collect();
    // What tells no name may be anything.
    report.odd.retain(|odd| GranuleName::parse(&odd.name).is_none() || is_asked_for(args, &odd.name));
    report.other_names = report.found - named.len() - report.odd.len();
    let (mut catalog, elsewhere) = if args.from.is_empty() {
        // First of all: an older version that can be used is better than none.
        let (named, remarks) = usable(named);
        report.remarks = remarks;
        let (mut records, older) = newest(named);
        // Two records of one version are one granule.
        records.dedup_by(|one, other| one.name == other.name);
        report.older = older;
        let mut finder = CellFinder::new(grid.order, grid.latitude, args.area.margin, grid.wanted.as_ref());
        assemble(&records, args.links, |record| finder.cells(&record.footprint).0)
    } else {
        let (records, older) = newest(named);
        report.older = older;
        let read = places.read(args, grid, records, &mut report).await?;
        report.requests = clients.stats().snapshot().requests;
        let (records, cells): (Vec<Record>, Vec<Vec<Cell>>) = read.into_iter().unzip();
        let mut cells = cells.into_iter();
        assemble(&records, args.links, |_| cells.next().unwrap_or_default())
    };
    report.elsewhere = elsewhere;
    catalog.metadata = metadata(args, grid, &catalog);
    Ok((catalog, report))
}

/// What the catalog is of: nothing in it depends on when or where it was made.
fn metadata(args: &CatalogArgs, grid: &Grid, catalog: &Catalog) -> Map<String, Value> {
    let search = &args.search;
    let one_or_many = |cycles: &[u8]| match cycles {
        [one] => json!(one),
        many => json!(many),
    };
    let mut told = vec![
        ("cycle", one_or_many(&if search.cycle.is_empty() { catalog.cycles() } else { search.cycle.clone() })),
        ("parent_order", json!(grid.order.get())),
        ("latitude", json!(grid.latitude.to_string())),
        ("product", json!(search.product)),
        ("total_granules", json!(catalog.granules.len())),
        ("total_cells", json!(catalog.cells.len())),
    ];
    if args.from.is_empty() {
        told.push(("version", json!(search.release)));
        told.push(("margin_km", json!(args.area.margin)));
        told.extend(search.collection.as_ref().map(|id| ("collection_concept_id", json!(id))));
    } else {
        told.push(("extent", json!("coordinates")));
    }
    let area = &args.area;
    let selected = [
        ("from_date", search.from_date.as_ref().map(|date| json!(date))),
        ("to_date", search.to_date.as_ref().map(|date| json!(date))),
        ("orbit_region", (!search.orbit_region.is_empty()).then(|| json!(search.orbit_region))),
        ("bbox", area.bbox.as_ref().map(|bounds| json!(bounds))),
        ("polygon", area.polygon.as_deref().and_then(Path::file_name).map(|name| json!(name.to_string_lossy()))),
        ("south_of", area.south_of.map(|lat| json!(lat))),
        ("north_of", area.north_of.map(|lat| json!(lat))),
        ("index", args.index.as_ref().map(|folder| json!(folder))),
    ];
    told.extend(selected.into_iter().filter_map(|(name, value)| Some((name, value?))));
    told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Whether a name is of the cycles, regions and dates that were asked for.
fn is_asked_for(args: &CatalogArgs, name: &str) -> bool {
    let search = &args.search;
    let by_name = !search.cycle.is_empty() || !search.orbit_region.is_empty();
    let by_date = !args.from.is_empty() && (search.from_date.is_some() || search.to_date.is_some());
    if !by_name && !by_date {
        return true;
    }
    let Some(name) = GranuleName::parse(name) else { return false };
    let digits = |date: &String| date.bytes().filter(u8::is_ascii_digit).map(char::from).collect::<String>();
    // As much of the name's moment as the date tells: `20231219` for a day.
    let after = search.from_date.as_ref().map(digits).is_none_or(|date| name.start >= date);
    let before = search.to_date.as_ref().map(digits);
    let before = before.is_none_or(|date| name.start.get(..date.len()).unwrap_or(&name.start) <= date.as_str());
    (search.cycle.is_empty() || search.cycle.contains(&name.cycle))
        && (search.orbit_region.is_empty() || search.orbit_region.contains(&name.region))
        && (!by_date || after && before)
}

async fn search(
    args: &CatalogArgs,
    clients: &Clients,
    out: Option<&Path>,
    report: &mut Gathered,
) -> Result<Vec<Record>, Failure> {
    let query = query(args)?;
    let server = access::variable("ICESTREAM_CMR_URL").unwrap_or_else(|| CMR_URL.to_owned());
    let search = Search::new(clients.http()?, clients.options().retry, &server, &query)?;
    let beside = |out: &Path| {
        let mut path = out.as_os_str().to_owned();
        path.push(".search");
        PathBuf::from(path)
    };
    let state = args.search.state.clone().or_else(|| out.filter(|out| *out != Path::new("-")).map(beside));
    let resume = state.map(Resume::at);
    let bar = bar(args.quiet, "granules found");
    let tell = |progress: Progress<'_>| match progress {
        Progress::Resumed { received } => {
            bar.set_position(received);
            if !args.quiet {
                bar.suspend(|| eprintln!("going on with an interrupted search: {received} granules are there already"));
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
    let found = search.run(resume.as_ref(), &tell).await;
    bar.finish_and_clear();
    let found = found?;
    report.requests = found.requests;
    report.odd = found.odd;
    Ok(found.records)
}

fn query(args: &CatalogArgs) -> Result<Query, Failure> {
    let search = &args.search;
    if search.cycle.is_empty() && search.from_date.is_none() && search.to_date.is_none() {
        let failure = Failure::usage("name the cycle (--cycle) or the dates (--from-date, --to-date)");
        return Err(failure.hint("all cycles together are hundreds of thousands of granules"));
    }
    let collection = match &search.collection {
        Some(id) => Collection::ConceptId(id.clone()),
        None => Collection::Named {
            short_name: search.product.clone(),
            version: search.release.clone(),
            provider: search.provider.clone(),
        },
    };
    let edge = |date: &Option<String>, ends| date.as_deref().map(|date| window_edge(date, ends)).transpose();
    Ok(Query {
        collection,
        patterns: name_patterns(&search.product, &search.cycle, &search.orbit_region),
        window: (edge(&search.from_date, false)?, edge(&search.to_date, true)?),
        page_size: search.page_size,
    })
}

pub(super) fn bar(quiet: bool, what: &str) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:32}} {{pos}}/{{len}} {what}  {{elapsed}}  {{msg}}"))
    {
        bar.set_style(style);
    }
    bar
}
