//! `icestream cell`: one cell, from granules to store.
use crate::args::CellArgs;
use crate::exit::{self, Failure};
use crate::out::{self, note};
use crate::progress::Progress;
use crate::{access, event, files, json, report, target};
use jobs::{Body, Event, Layout};
use morton::Cell;
use pipeline::{CellResult, Error, Granule, Job, Ledger, Sidecar, Standing, Tuning};
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use storage::{Clients, Location, S3Access, S3Options, StoreSink};
use stores::SphereOut;

/// Order of the children unless something else is said.
const CHILD_ORDER: u8 = 12;

/// Everything that flags and event say together; flags win.
struct Plan {
    inputs: Vec<String>,
    max_granules: Option<usize>,
    /// Folder or prefix of indexes.
    index: Option<String>,
    job: Job,
    tuning: Tuning,
    name: i64,
    out: Option<String>,
    /// For reading granules.
    reading: Clients,
    /// For writing the store.
    writing: Clients,
}

/// Why a job stopped, and how far it had come.
struct Stopped {
    failure: Failure,
    ledger: Option<Box<Ledger>>,
}

impl<E: Into<Failure>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self { failure: error.into(), ledger: None }
    }
}

pub(crate) fn run(args: &CellArgs) -> Result<u8, Failure> {
    let plan = plan(args)?;
    let progress = Progress::new(args.quiet || !std::io::stderr().is_terminal());
    let done = access::block_on(job(args, &plan, &progress));
    progress.finish();
    match done {
        Ok(result) => finish(args, &plan, &result, progress.seconds()),
        Err(Stopped { failure, ledger }) => {
            let ledger = ledger.as_deref();
            if args.json {
                json::print(&Body::new(Some(plan.name), Err((failure.message(), ledger)), None, progress.seconds()))?;
            } else if let Some(ledger) = ledger.filter(|_| !args.quiet) {
                report::notes(ledger).iter().for_each(|line| note!("{line}"));
            }
            Err(failure)
        }
    }
}

/// Tells the result in every way that was asked for.
fn finish(args: &CellArgs, plan: &Plan, result: &CellResult, seconds: f64) -> Result<u8, Failure> {
    let out = plan.out.as_deref().filter(|_| result.empty_because().is_none());
    if let (Some(path), Some(level)) = (&args.csv, result.children()) {
        let partial = report::partial(result).map_or_else(String::new, |partial| format!("# {partial}\n"));
        write_csv(path, &(partial + &pipeline::to_csv(level)))?;
    }
    if args.json {
        json::print(&Body::new(Some(plan.name), Ok(result), out, seconds))?;
    } else if !args.quiet {
        note!("{}", report::table(result));
        if let Some(words) = report::memory(result.ledger.totals.rows.used, args.memory << 20) {
            note!("  {words}");
        }
        if let Some(out) = out {
            eprintln!("  wrote {out} in {seconds:.2} s");
        }
    }
    Ok(if result.is_partial() { exit::PARTIAL } else { exit::DONE })
}

fn write_csv(path: &Path, text: &str) -> Result<(), Failure> {
    if path == Path::new("-") {
        out::bytes(text.as_bytes());
        return Ok(());
    }
    Ok(storage::write_file(path, text.as_bytes())?)
}

fn plan(args: &CellArgs) -> Result<Plan, Failure> {
    let event = args.event.as_deref().map(event::read).transpose()?;
    let event = event.as_ref();
    let latitude = args.latitude.or_else(|| event.and_then(|event| event.latitude)).unwrap_or_default();
    let cell: Cell = match (&args.cell, event) {
        (Some(text), _) => target::cell(text, args.order, latitude)?,
        (None, Some(event)) => event.parent,
        (None, None) => return Err(Failure::usage("give the cell with --cell")),
    };
    let name = cell.decimal().map_err(Failure::usage)?;
    let child_order = match (args.child_order, event) {
        (None, Some(event)) => event.child_order,
        (asked, _) => target::order(asked.unwrap_or(CHILD_ORDER))?,
    };
    let mut job = Job::new(cell, child_order).map_err(Failure::usage)?;
    job.latitude = latitude;
    job.allow_partial = args.allow_partial || event.is_some_and(|event| event.allow_partial);
    job.overviews = args.overviews.iter().map(|&order| target::order(order)).collect::<Result<_, _>>()?;
    let mut also = args.also.clone();
    if let Some(event) = event {
        // A list that is given as a flag stands for the event's.
        if job.overviews.is_empty() {
            job.overviews.clone_from(&event.overviews);
        }
        if also.is_empty() {
            also.clone_from(&event.also);
        }
    }
    job.product.add_statistics(&also);
    let silent = args.json || args.csv.is_some();
    let default_out = || (!silent).then(|| format!("{name}.zarr"));
    let out = args.out.clone().or_else(|| event.and_then(Event::out)).or_else(default_out);
    if args.layout == Layout::Sphere && args.out.is_none() && !silent {
        return Err(Failure::usage("--layout sphere: give the store that all cells share with --out"));
    }
    let mut inputs = args.granules.clone();
    if inputs.is_empty() {
        inputs = event.map(|event| event.granule_urls.clone()).unwrap_or_default();
    }
    let mut access = args.access.clone();
    access.endpoint_url = access.endpoint_url.or_else(|| event.and_then(|event| event.endpoint_url.clone()));
    access.region = access.region.or_else(|| event.and_then(|event| event.region.clone()));
    let writing = access::clients(&access);
    let reading = event.map_or_else(|| writing.clone(), |event| with_credentials(event, &writing));
    let memory = args.memory << 20;
    let tracks_in_flight = usize::from(args.tracks_in_flight);
    let verify = args.verify || event.is_some_and(|event| event.verify);
    let tuning = Tuning { tracks_in_flight, exhaustive: args.exhaustive, verify, memory };
    let max_granules = event.and_then(|event| event.max_granules);
    let index = args.index.clone().or_else(|| event.and_then(|event| event.index.clone()));
    Ok(Plan { inputs, max_granules, index, job, tuning, name, out, reading, writing })
}

/// Clients that read with the credentials of the event.
fn with_credentials(event: &Event, clients: &Clients) -> Clients {
    let Some(keys) = event.credentials.clone() else { return clients.clone() };
    clients.with_s3(&S3Options { access: S3Access::Keys(keys), ..clients.options().s3.clone() })
}

/// Reads, reduces and writes.
async fn job(args: &CellArgs, plan: &Plan, progress: &Progress) -> Result<CellResult, Stopped> {
    let out = match &plan.out {
        Some(out) => Some(open_store(out, args, plan).await?),
        None => None,
    };
    let locations = locations(plan).await?;
    // A presigned URL is a password: the granule is named without its signature, and opened with it.
    let granule = |location: &Location| match &plan.index {
        Some(index) => Granule::at(&location.unsigned()).with_index(&Sidecar::place_in(index, &location.name())),
        None => Granule::at(&location.unsigned()),
    };
    let granules: Vec<Granule> = locations.iter().map(granule).collect();
    let places: BTreeMap<String, &Location> =
        locations.iter().map(|location| (location.unsigned(), location)).collect();
    let open = |granule: &Granule| match places.get(granule.location()) {
        Some(location) => plan.reading.open(location),
        None => plan.reading.open(&Location::parse(granule.location())?),
    };
    let result = pipeline::run_cell(&granules, &plan.job, &plan.tuning, open, progress).await;
    let result = result.map_err(stopped)?;
    match &out {
        Some(Out::Cell(sink)) => pipeline::write(&result, sink).await.map_err(stopped)?,
        Some(Out::Sphere(store)) => store.write(&result).await.map_err(stopped)?,
        None => {}
    }
    Ok(result)
}

/// Where the result goes.
enum Out {
    /// A store of its own.
    Cell(StoreSink),
    /// A store of many cells.
    Sphere(SphereOut),
}

/// Opens the place of the result, and finds out whether it can be written before anything is read.
async fn open_store(out: &str, args: &CellArgs, plan: &Plan) -> Result<Out, Failure> {
    if args.layout == Layout::Sphere {
        let store = SphereOut::open(out, &plan.job, &plan.writing).await?;
        if !args.overwrite && store.holds(&plan.job).await? {
            let failure = Failure::new(exit::USAGE, format!("{out}: cell {} is there already", plan.name));
            return Err(failure.hint("--overwrite replaces it, --out writes elsewhere"));
        }
        store.probe().await?;
        return Ok(Out::Sphere(store));
    }
    let sink = plan.writing.sink(&Location::parse(out)?)?;
    match pipeline::standing(&sink).await? {
        Standing::Whole if !args.overwrite => {
            let failure = Failure::new(exit::USAGE, format!("{out}: there is a store already"));
            Err(failure.hint("--overwrite replaces it, --out writes elsewhere"))
        }
        Standing::Foreign => {
            let failure = Failure::new(exit::USAGE, format!("{out}: there is something else than a Zarr store"));
            Err(failure.hint("--out writes elsewhere"))
        }
        _ => {
            sink.probe().await?;
            Ok(Out::Cell(sink))
        }
    }
}

async fn locations(plan: &Plan) -> Result<Vec<Location>, Failure> {
    let mut inputs = Vec::new();
    for input in &plan.inputs {
        if input == "-" {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::new(exit::BAD_INPUT, format!("standard input: {error}")))?;
            inputs.extend(files::entries(&text));
        } else {
            inputs.push(input.clone());
        }
    }
    let mut locations = plan.reading.expand_all(&inputs).await?;
    locations.truncate(plan.max_granules.unwrap_or(usize::MAX));
    Ok(locations)
}

/// Turns a pipeline error into one with an exit code and a next step.
fn stopped(error: Error) -> Stopped {
    let message = error.to_string();
    let (class, ledger) = match error {
        Error::Unreadable { ledger } => {
            let first = ledger.failed().find_map(|entry| entry.error.as_ref());
            (first.map_or_else(|| "other".into(), |failure| failure.class.clone()), Some(ledger))
        }
        Error::Write(error) => (error.kind.name().to_owned(), None),
        Error::Config(_) => ("config".into(), None),
        _ => ("other".into(), None),
    };
    Stopped { failure: Failure::of_class(&class, message), ledger }
}
