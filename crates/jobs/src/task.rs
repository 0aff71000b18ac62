//! A job with its places: where granules are, where the store goes, and who asks.
use crate::{Error, Event, Layout};
use byte_ranges::SourceError;
use pipeline::{Granule, Job, Sidecar};
use std::collections::BTreeMap;
use storage::{Clients, Credentials, Location, Options, S3Access, S3Options, redacted};

/// Everything that one cell needs.
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
    /// Where the store goes; one of this cell that is there already is replaced, one of many cells is added to.
    pub out: Location,
    /// Which of the two.
    pub layout: Layout,
    /// For writing the store.
    pub writing: Clients,
}

/// The store is written with the credentials of `clients`, which are not for every place that an event may name: only for
/// the endpoint of the configuration, and for the hosts that it lists.
fn check_endpoint(asked: Option<&str>, options: &Options) -> Result<(), Error> {
    let Some(asked) = asked.filter(|_| matches!(options.s3.access, S3Access::Keys(_))) else { return Ok(()) };
    if options.allows_endpoint(asked) {
        return Ok(());
    }
    let why = "this function does not sign for that host: list it in ICESTREAM_ENDPOINT_HOSTS of the function";
    Err(Error::bad_event(format!("endpoint_url `{}`: {why}", redacted(asked))))
}

impl Task {
    /// The task of an event: granules are read with `credentials`, the store is written with those of `clients`. Both
    /// go to the event's region and endpoint, where it names them.
    ///
    /// # Errors
    /// [`ErrorType::BadEvent`](crate::ErrorType::BadEvent) for an event that no function can run.
    pub fn of(event: &Event, credentials: Credentials, clients: &Clients) -> Result<Self, Error> {
        let mut job = Job::new(event.parent, event.child_order)?;
        job.latitude = event.latitude.unwrap_or_default();
        job.overviews.clone_from(&event.overviews);
        job.product.add_statistics(&event.also);
        job.allow_partial = event.allow_partial;
        let bad = |error: SourceError| Error::bad_event(error.to_string());
        let out = event.out().ok_or_else(|| Error::bad_event("Missing required parameters: s3_bucket"))?;
        check_endpoint(event.endpoint_url.as_deref(), clients.options())?;
        let own = &clients.options().s3;
        let own = S3Options {
            region: event.region.clone().unwrap_or_else(|| own.region.clone()),
            endpoint_url: event.endpoint_url.clone().or_else(|| own.endpoint_url.clone()),
            access: own.access.clone(),
            requester_pays: own.requester_pays,
        };
        let reading = S3Options {
            access: S3Access::Keys(credentials),
            // The granules of ICESat-2 are there, wherever the function is.
            region: event.region.clone().unwrap_or_else(|| S3Options::default().region),
            endpoint_url: own.endpoint_url.clone(),
            requester_pays: own.requester_pays,
        };
        let urls = event.granule_urls.iter().take(event.max_granules.unwrap_or(usize::MAX));
        Ok(Self {
            cell: event.parent_morton,
            job,
            verify: event.verify,
            granules: urls.map(|url| Location::parse(url)).collect::<Result<_, _>>().map_err(bad)?,
            index: event.index.clone(),
            reading: clients.with_s3(&reading),
            out: Location::parse(&out).map_err(bad)?,
            layout: event.layout,
            writing: clients.with_s3(&own),
        })
    }

    /// The granules as the pipeline names them: without the signature of a presigned URL.
    pub(crate) fn named(&self) -> Vec<Granule> {
        let named = |location: &Location| {
            let granule = Granule::at(&location.unsigned());
            match &self.index {
                Some(folder) => granule.with_index(&Sidecar::place_in(folder, &location.name())),
                None => granule,
            }
        };
        self.granules.iter().map(named).collect()
    }

    /// Where a granule of this task is, or the index of one, by the location that [`Self::named`] gives it.
    pub(crate) fn places(&self) -> BTreeMap<String, Location> {
        let granules = self.granules.iter().map(|location| (location.unsigned(), location.clone()));
        let indexes = self.index.iter().flat_map(|folder| {
            self.granules.iter().filter_map(|location| {
                let place = Sidecar::place_in(folder, &location.name());
                Some((place.clone(), Location::parse(&place).ok()?))
            })
        });
        // Where one names both, it is the granule.
        indexes.chain(granules).collect()
    }
}
