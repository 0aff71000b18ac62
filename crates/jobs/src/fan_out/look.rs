//! What is in the output already: it decides what is left to do, and what must not be overwritten unasked.
use super::error::{RunConflict, RunError};
use super::options::RunShape;
use super::plan::RunPlan;
use super::report::{CellReport, CellState};
use super::spent::Spent;
use super::work::CellWork;
use byte_ranges::{ByteRange, Source as _, SourceErrorKind, Storage as _};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use pipeline::{GranuleUsed, Layout, Provenance, TimeWindow, WindowProvenance, WindowUsed};
use std::collections::{BTreeMap, BTreeSet};
use storage::{Clients, Location};
use stores::OwnStore;

/// Markers that are looked at at the same time.
const AT_ONCE: usize = 32;
/// Bytes of a document that suffice to distinguish a marker from a tombstone.
const BEGINNING: u64 = 64;

/// What is in the place of a cell that the report does not name.
enum There {
    Nothing,
    /// What this run would write.
    Same(Box<CellReport>),
    /// Some windows of this run, but not `missing`; `other`: some of these are there, made of other granules.
    Windows {
        missing: Vec<TimeWindow>,
        other: bool,
    },
    Other,
}

/// What [`RunPlan::look`] found.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Looked {
    /// Cells that the report does not know and that are there as this run would write them.
    pub resumed: Vec<CellReport>,
    /// Why the output was not looked at, where it could not be: the report is believed.
    pub unseen: Option<String>,
}

impl RunPlan {
    /// Looks into the output: cells that the report calls finished must be there, and cells that the report does not know
    /// and that are there are finished too, if they are what this run would write.
    ///
    /// # Errors
    /// [`RunError::Conflict`] where cells are there that the report does not know and that are something else, unless the
    /// options say to overwrite them, or `may_replace` does; and a place that cannot be looked at.
    pub async fn look(&mut self, may_replace: impl FnOnce(&RunConflict) -> bool) -> Result<Looked, RunError> {
        if self.options.dry_run && self.shape().out.contains("://") {
            return Ok(Looked::default());
        }
        let clients = &self.clients();
        if self.options.lambda().is_some()
            && let Some(why) = self.unreachable().await
        {
            return Ok(Looked { resumed: Vec::new(), unseen: Some(why) });
        }
        let gone = self.gone(clients).await?;
        self.finished.retain(|ended| !gone.contains(&ended.cell));
        let (back, done) =
            std::mem::take(&mut self.done).into_iter().partition(|work: &CellWork| gone.contains(&work.name));
        self.done = done;
        self.work.extend::<Vec<CellWork>>(back);
        let mut resumed = Vec::new();
        let mut others = BTreeSet::new();
        let shape = &self.options.shape;
        // The run leaves out windows that the store has already, also those of other runs.
        let windows = shape.spec.layout == Layout::Sphere && shape.spec.time.is_some();
        let unknown = self.work.iter().filter(|work| if windows { !work.again } else { !work.known });
        let look = async |work: &CellWork| {
            let there =
                if windows { windows_there(shape, work, clients).await? } else { there(shape, work, clients).await? };
            Ok::<_, RunError>((work.name, there))
        };
        let looks = stream::iter(unknown.map(look)).buffer_unordered(AT_ONCE);
        for (name, there) in looks.try_collect::<Vec<_>>().await? {
            match there {
                There::Nothing => {}
                There::Same(ended) => resumed.push(*ended),
                There::Windows { missing, other } => {
                    let work = self.work.iter_mut().find(|work| work.name == name);
                    if other && work.as_ref().is_some_and(|work| !work.known) {
                        others.insert(name);
                    }
                    work.into_iter().for_each(|work| work.only.clone_from(&missing));
                }
                There::Other => _ = others.insert(name),
            }
        }
        if !others.is_empty() && !self.options.overwrite && !self.options.dry_run {
            let conflict = RunConflict { out: shape.out.clone(), cells: others };
            if !may_replace(&conflict) {
                return Err(RunError::Conflict(conflict));
            }
        }
        let names: BTreeSet<i64> = resumed.iter().map(|ended| ended.cell).collect();
        self.work.retain(|work| !names.contains(&work.name));
        self.finished.extend(resumed.iter().cloned());
        self.sort();
        Ok(Looked { resumed, unseen: None })
    }

    /// Why the output cannot be looked at, if it cannot. Functions write it by a role of their own, so that these credentials
    /// need not open it.
    async fn unreachable(&self) -> Option<String> {
        let work = self.work.iter().chain(&self.done).next()?;
        let mut options = self.options.storage.clone();
        options.retry.max_attempts = 1;
        let sink = Clients::new(options).sink(&Location::parse(&self.shape().store(work.name)).ok()?).ok()?;
        sink.get(pipeline::ROOT).await.err().map(|error| error.to_string())
    }

    /// Cells with data by the report that are not there, whole.
    async fn gone(&self, clients: &Clients) -> Result<BTreeSet<i64>, RunError> {
        let with_data: BTreeSet<i64> =
            self.finished.iter().filter(|ended| ended.has_data()).map(|end| end.cell).collect();
        let wanted = self.done.iter().filter(|work| with_data.contains(&work.name));
        let gone = async |work: &CellWork| {
            let marker = marker(self.shape(), work)?;
            let beginning = ByteRange::new(0, BEGINNING).ok_or_else(|| RunError::Internal("no range".to_owned()))?;
            let fetched = match clients.open(&marker) {
                Ok(source) => source.fetch(beginning).await,
                Err(error) => Err(error),
            };
            match fetched {
                Ok(fetched) => Ok((work.name, dggs_zarr::is_tombstone(&fetched.bytes))),
                // Without the right to list, S3 says of an absent object that it is forbidden.
                Err(error) if matches!(error.kind, SourceErrorKind::NotFound | SourceErrorKind::Denied) => {
                    Ok((work.name, true))
                }
                Err(error) => Err(RunError::from(error)),
            }
        };
        let looks = stream::iter(wanted.map(gone)).buffer_unordered(AT_ONCE);
        let gone = looks.try_filter_map(async |(name, gone)| Ok(gone.then_some(name)));
        gone.try_collect().await
    }
}

/// Key of the object that says that a cell is there, whole, in its store.
fn marker_key(shape: &RunShape, work: &CellWork) -> Result<String, RunError> {
    match shape.spec.layout {
        Layout::Cell => Ok(pipeline::ROOT.to_owned()),
        Layout::Region => pipeline::sphere_mark(work.cell).map_err(RunError::usage),
        Layout::Sphere => {
            let job = shape.spec.job(work.cell).map_err(RunError::usage)?;
            pipeline::sphere_last_mark(&job).map_err(RunError::usage)
        }
    }
}

/// That object.
fn marker(shape: &RunShape, work: &CellWork) -> Result<Location, RunError> {
    let key = marker_key(shape, work)?;
    let store = shape.store(work.name);
    let location = Location::parse(&store)?;
    Ok(match location.as_path() {
        Some(path) => Location::from(path.join(key)),
        None => Location::parse(&format!("{store}/{key}"))?,
    })
}

async fn there(shape: &RunShape, work: &CellWork, clients: &Clients) -> Result<There, RunError> {
    let sink = clients.sink(&Location::parse(&shape.store(work.name))?)?;
    let key = marker_key(shape, work)?;
    if !pipeline::holds(&sink, &key).await? {
        return Ok(There::Nothing);
    }
    // What cannot be read as a store of ours is another one.
    let Ok(store) = OwnStore::open(&shape.store(work.name), clients).await else { return Ok(There::Other) };
    let Ok(own) = store.provenance(work.cell).await else { return Ok(There::Other) };
    let Ok(own) = serde_json::from_value::<Provenance>(own) else { return Ok(There::Other) };
    let mut orders: Vec<_> = store.recipe.orders.clone();
    orders.sort_unstable();
    if !is_what_is_wanted(shape, work, &own) || orders != shape.orders() {
        return Ok(There::Other);
    }
    let failed = own.granules().filter(|granule| matches!(granule, GranuleUsed::Failed { .. })).count();
    let found = Found {
        partial: own.partial,
        observations: own.rows.used,
        failed: failed as u64,
        cells_with_data: store.cells_with_data(work.cell).await?,
    };
    Ok(There::Same(Box::new(ended(shape, work, &found))))
}

/// Which windows of a cell of a store of the sphere are there, made of the granules that the run has of each: of a window that it has
/// no granule of, whatever is there counts.
async fn windows_there(shape: &RunShape, work: &CellWork, clients: &Clients) -> Result<There, RunError> {
    let Ok(store) = OwnStore::open(&shape.store(work.name), clients).await else { return Ok(There::Nothing) };
    let job = shape.spec.job(work.cell).map_err(RunError::usage)?;
    if store.recipe.time != shape.spec.time {
        return Ok(There::Nothing);
    }
    let mut orders = store.recipe.orders.clone();
    orders.sort_unstable();
    let recipe = &store.recipe;
    let same = recipe.product == job.product().deciding()
        && (recipe.change, recipe.latitude) == (job.spec().change, job.latitude())
        && orders == shape.orders();
    if !same {
        return Ok(There::Other);
    }
    let there = store.windows_there(work.cell).await?;
    if there.is_empty() {
        return Ok(There::Nothing);
    }
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for link in &work.granules {
        let name = byte_ranges::file_name(link);
        if let Some(window) = job.window_of(name) {
            expected.entry(window.name()).or_default().insert(job.product().mission_name(name));
        }
    }
    let fits = |used: &WindowUsed| {
        let names: BTreeSet<String> = used.granules.iter().map(|granule| granule.name().to_owned()).collect();
        let same = expected.get(&used.window.name()).is_none_or(|expected| *expected == names);
        same && (!used.partial || shape.spec.allow_partial && !work.again)
    };
    let (sound, other): (Vec<_>, Vec<_>) = there.iter().partition(|(_, own)| fits(&own.used));
    let is_sound = |window: &TimeWindow| sound.iter().any(|(own, _)| own == window);
    let missing: Vec<TimeWindow> =
        job.steps().into_iter().map(|(_, window)| window).filter(|own| !is_sound(own)).collect();
    if !missing.is_empty() {
        return Ok(There::Windows { missing, other: !other.is_empty() });
    }
    let used = |own: &WindowProvenance| own.used.rows.used;
    let failed = |own: &WindowProvenance| {
        own.used.granules.iter().filter(|one| matches!(one, GranuleUsed::Failed { .. })).count()
    };
    let own = Found {
        partial: there.iter().any(|(_, own)| own.used.partial),
        observations: there.iter().map(|(_, own)| used(own)).sum(),
        failed: there.iter().map(|(_, own)| failed(own) as u64).sum(),
        cells_with_data: store.cells_with_data(work.cell).await?,
    };
    Ok(There::Same(Box::new(ended(shape, work, &own))))
}

/// What a store says of a cell.
struct Found {
    partial: bool,
    observations: u64,
    failed: u64,
    cells_with_data: u64,
}

/// Whether a store says that it was made as this run would make it.
fn is_what_is_wanted(shape: &RunShape, work: &CellWork, own: &Provenance) -> bool {
    let Ok(job) = shape.spec.job(work.cell) else { return false };
    let granules: BTreeMap<&str, &GranuleUsed> = own.granules().map(|granule| (granule.name(), granule)).collect();
    let held = |name: &str| granules.get(name).copied();
    let name_of = |link: &str| job.product().mission_name(byte_ranges::file_name(link));
    let names: BTreeSet<String> = work.granules.iter().map(|link| name_of(link)).collect();
    let sizes_fit = work.granules.iter().all(|link| {
        let path = Location::parse(link).ok().and_then(|location| location.as_path().map(ToOwned::to_owned));
        let size = path.and_then(|path| std::fs::metadata(path).ok()).map(|file| file.len());
        let fits = |size, granule: &GranuleUsed| granule.size().is_none_or(|held| held == size);
        size.is_none_or(|size| held(&name_of(link)).is_some_and(|granule| fits(size, granule)))
    });
    own.engine == format!("icestream {}", env!("CARGO_PKG_VERSION"))
        && own.product == job.product().deciding()
        && own.latitude_convention.as_deref() == Some(shape.spec.latitude.to_string().as_str())
        && own.parent_morton == Some(work.name)
        && own.time == job.spec().time
        && own.change == job.spec().change
        && granules.len() == names.len()
        && names.iter().all(|name| held(name).is_some())
        && sizes_fit
        && (!own.partial || shape.spec.allow_partial && !work.again)
}

/// The end of a cell, read from its store.
fn ended(shape: &RunShape, work: &CellWork, own: &Found) -> CellReport {
    CellReport {
        cell: work.name,
        state: CellState::Data,
        error_type: None,
        error: None,
        partial: own.partial,
        cells_with_data: own.cells_with_data,
        observations: own.observations,
        granules: work.granules.len() as u64,
        granules_failed: own.failed,
        attempts: 0,
        seconds: 0.0,
        spent: Spent::default(),
        cost_usd: 0.0,
        zarr_path: Some(shape.store(work.name)),
        warnings: Vec::new(),
        key: work.key.clone(),
        fatal: false,
    }
}
