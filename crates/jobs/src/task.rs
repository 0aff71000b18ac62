//! A job with its places: where granules are, where the store goes, and who asks.
use crate::{Error, Event, EventCell, product_of};
use byte_ranges::SourceError;
use pipeline::{Granule, Job, JobSpec, Open, Sidecar};
use storage::{Clients, Credentials, DEFAULT_REGION, GranuleSource, Location, Options, S3Access, S3Options, redacted};

/// Everything that one cell needs: what to compute, from what, and where to.
#[derive(Clone)]
pub struct Task {
    /// Decimal id of the cell.
    pub cell: i64,
    /// What to compute.
    pub job: Job,
    /// Compute it a second time, from all coordinates, and fail where the results differ.
    pub verify: bool,
    /// What to read; each location also names its granule.
    pub granules: Vec<Location>,
    /// Folder or prefix of their indexes, if there is one.
    pub index: Option<String>,
    /// For reading granules.
    pub reading: Clients,
    /// Where the result goes; `None`: nothing is written.
    pub output: Option<Output>,
}

/// Where the result of a task goes.
#[derive(Clone)]
pub struct Output {
    /// The store: of the cell alone, or of the sphere.
    pub place: Location,
    /// For writing it.
    pub clients: Clients,
    /// When to look at what is there.
    pub look: Look,
}

/// When a task looks at what is in the place of its output. A cell without data takes away what is there of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Before anything is read: a place that cannot be written, or holds something else, fails at once.
    First {
        /// What is there already is replaced; without, it fails the task.
        replace: bool,
    },
    /// When the result is there: the sender of the task has looked before, and what is there is replaced.
    Late,
}

/// Opens a granule of a task, or its index.
#[derive(Clone)]
pub struct Opener {
    clients: Clients,
    location: Result<Location, SourceError>,
}

impl Opener {
    /// Opens a location with these clients.
    #[must_use]
    pub const fn new(clients: Clients, location: Location) -> Self {
        Self { clients, location: Ok(location) }
    }
}

impl Open for Opener {
    type Source = GranuleSource;

    fn open(&self) -> Result<GranuleSource, SourceError> {
        self.clients.open(self.location.as_ref().map_err(Clone::clone)?)
    }
}

/// The store is written with the credentials of `clients`, which are not for every place that an event may name: only for
/// the endpoint of the configuration, and for the hosts that it lists.
fn check_endpoint(asked: Option<&str>, options: &Options) -> Result<(), Error> {
    let Some(asked) = asked.filter(|_| options.s3.access.is_signed()) else { return Ok(()) };
    if options.allows_endpoint(asked) {
        return Ok(());
    }
    let why = "this function does not sign for that host: list it in ICESTREAM_ENDPOINT_HOSTS of the function";
    Err(Error::bad_event(format!("endpoint_url `{}`: {why}", redacted(asked))))
}

impl Task {
    /// The tasks of an event, one a cell: granules are read with `credentials`, the stores are written with those of
    /// `clients`. Both go to the event's region and endpoint, where it names them.
    ///
    /// # Errors
    /// [`ErrorType::BadEvent`](crate::ErrorType::BadEvent) for an event that no function can run.
    pub fn of(event: &Event, credentials: &Credentials, clients: &Clients) -> Result<Vec<Self>, Error> {
        let bad = |error: SourceError| Error::bad_event(error.to_string());
        check_endpoint(event.endpoint_url.as_deref(), clients.options())?;
        let own = &clients.options().s3;
        let own = S3Options {
            region: event.region.clone().or_else(|| own.region.clone()),
            endpoint_url: event.endpoint_url.clone().or_else(|| own.endpoint_url.clone()),
            access: own.access.clone(),
            requester_pays: own.requester_pays,
        };
        let writing = clients.with_s3(&own);
        let urls = event.granule_urls.iter().take(event.max_granules.unwrap_or(usize::MAX));
        let urls: Vec<Location> = urls.map(|url| Location::parse(url)).collect::<Result<_, _>>().map_err(bad)?;
        let reading = reading(&writing, own, credentials.clone(), event.region.clone());
        let task = |cell: i64, job: Job, granules: Vec<Location>, verify: bool| {
            let out = event.out(cell);
            let out = out.ok_or_else(|| Error::bad_event("Missing required parameters: s3_bucket"))?;
            let place = Location::parse(&out).map_err(bad)?;
            let output = Some(Output { place, clients: writing.clone(), look: Look::Late });
            Ok(Self { cell, job, verify, granules, index: event.index.clone(), reading: reading.clone(), output })
        };
        if event.cells.is_empty() {
            return Ok(vec![task(event.parent_morton, event.job()?, urls, event.verify)?]);
        }
        let of_cell = |cell: &EventCell| {
            let granules = cell.granules.iter().filter_map(|&number| urls.get(number).cloned()).collect();
            let name = cell.cell.decimal().map_err(|error| Error::bad_event(error.to_string()))?;
            task(name, event.spec.job(cell.cell)?, granules, cell.verify)
        };
        event.cells.iter().map(of_cell).collect()
    }

    /// Takes the product of the first granule, with the edits and windows of the event.
    ///
    /// # Errors
    /// As [`product_of`]; [`ErrorType::BadEvent`](crate::ErrorType::BadEvent) for edits that the product cannot have.
    pub async fn recognise(&mut self, event: &Event) -> Result<(), Error> {
        let first = self.granules.first().ok_or_else(|| Error::bad_event("product `auto`: there is no granule"))?;
        let (mut product, _) = product_of(&self.reading, first).await?;
        event.asked.edits.apply(&mut product).map_err(|error| Error::bad_event(error.to_string()))?;
        let time = event.time.axis(&product, event.granule_urls.iter().map(String::as_str));
        let time = time.map_err(|error| Error::bad_event(error.to_string()))?;
        self.job = JobSpec { product, time, ..self.job.spec().clone() }.job(self.job.parent())?;
        Ok(())
    }
}

/// A granule as the pipeline takes it, named without the signature of a presigned URL; `index` is the folder or prefix of indexes.
#[must_use]
pub fn granule(location: &Location, index: Option<&str>, clients: &Clients) -> Granule<Opener> {
    let opener = Opener::new(clients.clone(), location.clone());
    let index = index.map(|folder| Opener {
        clients: clients.clone(),
        location: Location::parse(&Sidecar::place_in(folder, &location.name())),
    });
    Granule { index, ..Granule::new(location.unsigned(), opener) }
}

/// Clients as `own`, but reading with these credentials. Unless a region is given, they begin in that of the granules of
/// ICESat-2, wherever the caller is.
#[must_use]
pub fn reading(clients: &Clients, own: S3Options, credentials: Credentials, region: Option<String>) -> Clients {
    let region = region.unwrap_or_else(|| DEFAULT_REGION.to_owned());
    clients.with_s3(&S3Options { access: S3Access::Keys(credentials), region: Some(region), ..own })
}
