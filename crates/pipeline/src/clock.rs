//! When rows were taken: in which window of the job each is.
use crate::product::TimeOf;
use crate::time::{Occasion, since};
use crate::track::{FoundColumn, FoundTrack, Part};
use crate::{GranuleError, Job, Period, Product, TimeAxis, TimeWindow};
use byte_ranges::{ByteRange, Source, Step};
use hdf5_pure::{Metadata, Object, Selection};

/// The start of a granule, in files of ICESat-2.
const START: &str = "/ancillary_data/data_start_utc";
/// The attribute that says what a column of times counts.
const UNITS: &str = "units";

/// The clock of one granule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock<'a> {
    axis: Option<&'a TimeAxis>,
    /// Windows that are computed; empty for all.
    only: &'a [TimeWindow],
    /// Whether each row has a time of its own.
    by_rows: bool,
    /// Whether rows have numbers of several repeat cycles.
    open_cycles: bool,
    /// Whether a trend is estimated.
    change: bool,
    pub(crate) occasion: Occasion,
}

impl<'a> Clock<'a> {
    /// The clock of a granule, as far as its name states it.
    pub(crate) fn of(job: &'a Job, name: &str) -> Self {
        let (product, spec) = (job.product(), job.spec());
        let mut occasion = product.named(name).map(|name| Occasion::of(&name)).unwrap_or_default();
        occasion.cycle = occasion.cycle.or_else(|| product.chosen_cycle());
        Self {
            axis: spec.time.as_ref(),
            only: &spec.only,
            by_rows: !product.time.is_granule(),
            open_cycles: product.has_open_cycles(),
            change: spec.change.is_some(),
            occasion,
        }
    }

    /// Whether all rows of the granule are outside the windows, by its name.
    pub(crate) fn is_outside(&self) -> bool {
        self.is_by_name() && self.of_granule().is_none()
    }

    /// The one window of all rows, where the name states it.
    pub(crate) fn of_granule(&self) -> Option<u32> {
        self.window(self.occasion.cycle, None).filter(|_| self.is_by_name())
    }

    /// Whether all rows are in one window, or outside of all, and the name states which.
    fn is_by_name(&self) -> bool {
        let known = if self.is_by_cycle() { self.occasion.cycle.is_some() } else { self.occasion.start.is_some() };
        self.axis.is_some() && !self.by_rows && !self.open_cycles && known
    }

    fn is_by_cycle(&self) -> bool {
        self.axis.is_some_and(|axis| axis.by() == Some(Period::Cycle))
    }

    /// Whether the job needs the start of the granule.
    fn needs_start(&self) -> bool {
        !self.by_rows && (self.change || self.axis.is_some() && !self.is_by_cycle())
    }

    /// The time of a row: of its column, or of the granule.
    pub(crate) fn seconds(&self, by_column: Option<f64>) -> Option<f64> {
        if self.by_rows { by_column } else { self.occasion.start }
    }

    /// The window of a row of a cycle, with the time of its column; without an axis all rows are in one.
    pub(crate) fn window(&self, cycle: Option<u32>, by_column: Option<f64>) -> Option<u32> {
        let Some(axis) = self.axis else { return Some(0) };
        let window = axis.window(cycle, self.seconds(by_column))?;
        let is_wanted =
            self.only.is_empty() || axis.windows().get(window as usize).is_some_and(|own| self.only.contains(own));
        is_wanted.then_some(window)
    }

    /// Whether rows have to be looked at one by one to know their windows.
    pub(crate) const fn is_by_rows(&self) -> bool {
        self.by_rows
    }

    /// The same clock, with the start that the file states where the name states none.
    pub(crate) async fn read<S: Source>(
        mut self,
        file: &mut Metadata,
        source: &S,
        job: &Job,
    ) -> Result<Self, GranuleError> {
        if self.needs_start() && self.occasion.start.is_none() {
            self.occasion.start = start(file, source).await?;
        }
        self.check(job)?;
        Ok(self)
    }

    /// That all is known that the job needs.
    pub(crate) fn check(&self, job: &Job) -> Result<(), GranuleError> {
        let no_cycle = self.is_by_cycle() && self.occasion.cycle.is_none() && !self.open_cycles;
        let what = if no_cycle || self.needs_start() && self.occasion.start.is_none() {
            format!("neither its name nor {START} tells when it was taken")
        } else if self.change && self.occasion.overpass().is_none() && !self.open_cycles {
            "its name tells no pass of the satellite, which change needs".to_owned()
        } else {
            return Ok(());
        };
        let next = match job.product().names.first() {
            Some(pattern) => format!("name it by the pattern {pattern}"),
            None => "give the product a pattern of names, with {time:14}".to_owned(),
        };
        Err(GranuleError::product("/", format!("{what}: {next}")))
    }
}

impl Job {
    /// The window of a granule on the time axis, where its name states it; of some granules only the rows do.
    #[must_use]
    pub fn window_of(&self, granule: &str) -> Option<TimeWindow> {
        let window = Clock::of(self, granule).of_granule()?;
        self.spec().time.as_ref()?.windows().get(window as usize).copied()
    }
}

/// The moments that times count from: as the product says, else by the units of the columns.
pub(crate) async fn epochs<S: Source>(
    file: &mut Metadata,
    source: &S,
    product: &Product,
    tracks: &mut [FoundTrack],
) -> Result<(), GranuleError> {
    let time = product.points.as_ref().map_or(&product.time, |points| &points.time);
    let TimeOf::Column { epoch, .. } = time else { return Ok(()) };
    let stated = epoch.as_deref().and_then(crate::time::moment);
    for track in tracks {
        let Some(column) = track.columns.iter().find(|column| matches!(column.part, Part::Time | Part::PointTime))
        else {
            continue;
        };
        let units = units(file, source, column).await?;
        let is_seconds = units.is_empty() || crate::time::is_seconds(&units);
        let epoch = stated.or_else(|| since(&units)).filter(|_| is_seconds);
        if epoch.is_none() && column.part == Part::PointTime && stated.is_none() {
            // Rows are asked for, whether or not it is known when they were taken.
            continue;
        }
        let wrong = |why: &str| GranuleError::product(&column.dataset.path, format!("has units {units:?}, {why}"));
        if !is_seconds {
            return Err(wrong("and times are read in seconds since an epoch alone"));
        }
        if epoch.is_none() {
            return Err(wrong("which state no epoch: write epoch = \"2018-01-01T00:00:00Z\" in the product's time"));
        }
        track.epoch = epoch;
    }
    Ok(())
}

/// The units of a column; empty where it has none.
async fn units<S: Source>(file: &mut Metadata, source: &S, column: &FoundColumn) -> Result<String, GranuleError> {
    let object = Object::Dataset(column.dataset.clone());
    let units = hdf5_pure::drive(file, source, |file| {
        let found = match file.attributes(&object, Some(&[UNITS]))? {
            Step::Need(needed) => return Ok(Step::Need(needed)),
            Step::Done(found) => found,
        };
        found.first().map_or(Ok(Step::Done(String::new())), |units| crate::label::text(file, units))
    });
    units.await.map_err(GranuleError::at(&column.dataset.path))
}

/// The start of a granule, as the file states it.
async fn start<S: Source>(file: &mut Metadata, source: &S) -> Result<Option<f64>, GranuleError> {
    let found = hdf5_pure::drive(file, source, |file| file.find(&[START])).await?;
    let Some(Object::Dataset(dataset)) =
        found.into_iter().next().transpose().map_err(GranuleError::at(START))?.flatten()
    else {
        return Ok(None);
    };
    let all = Selection::all(&dataset);
    let map = hdf5_pure::drive(file, source, |file| file.chunk_maps(&[(&dataset, &all)])).await?;
    let map = map.into_iter().next().transpose().map_err(GranuleError::at(START))?;
    let Some(chunk) = map.and_then(|map| map.chunks.into_iter().next()) else { return Ok(None) };
    let Some(range) = ByteRange::at(chunk.address, chunk.size).filter(|range| range.len() < 4096) else {
        return Ok(None);
    };
    let stored = source.fetch(range).await?;
    let raw = dataset.decode_chunk(&chunk, &stored.bytes).map_err(GranuleError::at(START))?;
    let text = raw.iter().take_while(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte)).collect::<String>();
    Ok(crate::time::moment(&text))
}
