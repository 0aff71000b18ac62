//! `icestream cell`: one cell, from granules to store.
use crate::args::CellArgs;
use crate::exit::{self, CommandError};
use crate::out::{self, note};
use crate::progress::CellProgress;
use crate::{access, event, files, json, target};
use jobs::{Body, Ended, Event, Host, Look, Output, Task};
use morton::Cell;
use pipeline::{CellResult, Job, JobSpec, Layout, Tuning};
use std::path::Path;
use std::time::Duration;
use storage::{Clients, Location};

/// Order of the children unless something else is said.
const CHILD_ORDER: u8 = 12;

/// Everything that flags and event say together; flags win.
struct Plan {
    inputs: Vec<String>,
    /// The granules, where they are known by now.
    granules: Option<Vec<Location>>,
    max_granules: Option<usize>,
    /// Folder or prefix of indexes.
    index: Option<String>,
    job: Job,
    tuning: Tuning,
    verify: bool,
    name: i64,
    out: Option<String>,
    /// For reading granules.
    reading: Clients,
    /// For writing the store.
    writing: Clients,
}

pub(crate) fn run(args: &CellArgs) -> Result<u8, CommandError> {
    let plan = plan(args)?;
    let progress = CellProgress::new(args.quiet);
    let ended = access::block_on(job(args, &plan, &progress));
    progress.finish();
    let (failure, body) = match ended {
        Ok(Ended { answer, outcome: Ok(result) }) => return finish(args, &plan, &result, &answer.body),
        Ok(Ended { answer, outcome: Err(error) }) => (CommandError::from(error), answer.body),
        Err(failure) => {
            let body = Body::new(Some(plan.name), Err((failure.message(), None)), None, progress.seconds());
            (failure, body)
        }
    };
    if args.json {
        json::print(&body)?;
    } else if let Some(ledger) = body.ledger.as_ref().filter(|_| !args.quiet) {
        words::notes(ledger).iter().for_each(|line| note!("{line}"));
    }
    Err(flags::product::explain(args.what.product.product.as_deref(), failure))
}

/// Writes the result in every requested form.
fn finish(args: &CellArgs, plan: &Plan, result: &CellResult, body: &Body) -> Result<u8, CommandError> {
    let out = plan.out.as_deref().filter(|_| result.empty_because().is_none());
    if let (Some(path), Some(level)) = (&args.csv, result.children()) {
        let partial = words::partial(result).map_or_else(String::new, |partial| format!("# {partial}\n"));
        write_csv(path, &(partial + &pipeline::to_csv(level, result.job.spec().time.as_ref())))?;
    }
    if args.json {
        json::print(body)?;
    } else if !args.quiet {
        note!("{}", words::table(result));
        if let Some(out) = out {
            note!("  wrote {out} in {:.2} s", body.duration_s);
        }
    }
    Ok(if result.is_partial() { exit::PARTIAL } else { exit::DONE })
}

fn write_csv(path: &Path, text: &str) -> Result<(), CommandError> {
    if path == Path::new("-") {
        out::bytes(text.as_bytes());
        return Ok(());
    }
    Ok(storage::write_file(path, text.as_bytes())?)
}

fn plan(args: &CellArgs) -> Result<Plan, CommandError> {
    let event = args.event.as_deref().map(event::read).transpose()?;
    let event = event.as_ref();
    let mut spec = match event {
        Some(event) => event.spec.clone(),
        None => JobSpec::new(jobs::usual()?, Vec::new(), target::order(CHILD_ORDER)?),
    };
    spec.latitude = args.latitude.unwrap_or(spec.latitude);
    let cell: Cell = match (&args.cell, event) {
        (Some(text), _) => footprint::parse_cell(text, args.order, spec.latitude)?,
        (None, Some(event)) => event.job().map_err(CommandError::usage)?.parent(),
        (None, None) => return Err(CommandError::usage("give the cell with --cell")),
    };
    let name = cell.decimal().map_err(CommandError::usage)?;
    spec.child_order = args.child_order.map_or(Ok(spec.child_order), target::order)?;
    spec.layout = args.layout.unwrap_or(spec.layout);
    spec.allow_partial |= args.allow_partial;
    spec.strict |= args.strict;
    // A list that is given as a flag stands for the event's.
    if !args.overviews.is_empty() {
        spec.overviews = args.overviews.iter().map(|&order| target::order(order)).collect::<Result<_, _>>()?;
    }
    let silent = args.json || args.csv.is_some();
    let default_out = || (!silent).then(|| format!("{name}.zarr"));
    let of_event = event.and_then(|event| Event { spec: spec.clone(), ..event.clone() }.out(event.parent_morton));
    let out = args.out.clone().or(of_event).or_else(|| (spec.layout == Layout::Cell).then(default_out)?);
    if out.is_none() && !silent {
        return Err(CommandError::usage("--layout sphere: give the store that all cells share with --out"));
    }
    let mut inputs = args.granules.clone();
    if inputs.is_empty() {
        inputs = event.map(|event| event.granule_urls.clone()).unwrap_or_default();
    }
    let mut access = args.access.clone();
    access.endpoint_url = access.endpoint_url.or_else(|| event.and_then(|event| event.endpoint_url.clone()));
    access.aws_region = access.aws_region.or_else(|| event.and_then(|event| event.region.clone()));
    let writing = access::clients(&access);
    let reading = match event.and_then(|event| event.credentials.clone()) {
        Some(credentials) => {
            jobs::reading(&writing, writing.options().s3.clone(), credentials, access.aws_region.clone())
        }
        None => writing.clone(),
    };
    let max_granules = event.and_then(|event| event.max_granules);
    let choice = args.time.choice(event);
    // What the granules are, or when they were taken, decides.
    let granules = if args.what.is_auto(event) || !choice.is_none() {
        Some(access::block_on(locations(&inputs, max_granules, &reading))?)
    } else {
        None
    };
    let first = granules.as_ref().and_then(|granules| granules.first());
    spec.product = access::block_on(args.what.find(event, products::USUAL, first, &reading))?;
    let names: Vec<String> = granules.iter().flatten().map(Location::name).collect();
    args.time.put(&mut spec, &choice, names.iter().map(String::as_str))?;
    if let Some(out) = &out {
        let standing = args.time.standing(&choice, spec.layout, out, &writing);
        spec.time = access::block_on(async { Ok::<_, CommandError>(standing.await) })?.or(spec.time);
    }
    let job = spec.job(cell).map_err(CommandError::usage)?;
    let memory = args.memory << 20;
    let tracks_in_flight = usize::from(args.tracks_in_flight);
    let verify = args.verify || event.is_some_and(|event| event.verify);
    let tuning = Tuning { tracks_in_flight, exhaustive: args.exhaustive, memory };
    let index = args.index.clone().or_else(|| event.and_then(|event| event.index.clone()));
    Ok(Plan { inputs, granules, max_granules, index, job, tuning, verify, name, out, reading, writing })
}

/// Reads, reduces and writes.
async fn job(args: &CellArgs, plan: &Plan, progress: &CellProgress) -> Result<Ended, CommandError> {
    let output = |out: &String| -> Result<Output, CommandError> {
        let look = Look::First { replace: args.overwrite };
        Ok(Output { place: Location::parse(out)?, clients: plan.writing.clone(), look })
    };
    let task = Task {
        cell: plan.name,
        job: plan.job.clone(),
        verify: plan.verify,
        granules: match &plan.granules {
            Some(granules) => granules.clone(),
            None => locations(&plan.inputs, plan.max_granules, &plan.reading).await?,
        },
        index: plan.index.clone(),
        reading: plan.reading.clone(),
        output: plan.out.as_ref().map(output).transpose()?,
    };
    let host = Host {
        tuning: plan.tuning,
        memory_mib: None,
        remaining: None,
        sleep: tokio::time::sleep,
        observer: progress,
        init: Duration::ZERO,
        secrets_endpoint: None,
    };
    Ok(jobs::run(&task, &host).await)
}

async fn locations(given: &[String], most: Option<usize>, clients: &Clients) -> Result<Vec<Location>, CommandError> {
    let mut inputs = Vec::new();
    for input in given {
        if input == "-" {
            inputs.extend(files::stdin_entries()?);
        } else {
            inputs.push(input.clone());
        }
    }
    let mut locations = clients.expand_all(&inputs).await?;
    locations.truncate(most.unwrap_or(usize::MAX));
    Ok(locations)
}
