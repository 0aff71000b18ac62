//! One granule: locate, read parents, find rows by coordinates, gather their columns, filter.
use crate::bodies::Bodies;
use crate::budget::{Budget, Permit};
use crate::cells::Cells;
use crate::clock::Clock;
use crate::filter::Tally;
use crate::harvest::{CellCrop, Crop, Harvest, Index, Lot, STALE};
use crate::kept::{Kept, Ticket};
use crate::locate;
use crate::parents::{BYTES_OF_PARENT, Parents, Pieces, Wanted};
use crate::planned::{self, Region};
use crate::points::{POINTS, TrackPoints};
use crate::select::{Group, Seen};
use crate::sidecar::{Sidecar, Unusable};
use crate::track::{Part, Track, point_part};
use crate::trend::Pass;
use crate::{GranuleError, Job, LinkFaults, Orbit, PointBatch, PointKind, Reading, RowCounts, TrackEntry, Tuning};
use byte_ranges::{ByteMap, ByteRange, Source};
use hdf5_pure::{Limits, Metadata};

/// Whether more than one cell is read for; the browser, where size counts, goes without.
const MANY: bool = cfg!(feature = "indexes");

/// What was made of a granule.
#[derive(Default)]
pub(crate) struct Tracks {
    /// Of each cell, by its slot.
    pub(crate) cells: Vec<Result<OfCell, GranuleError>>,
    /// Tracks that are left out, by their beams.
    pub(crate) left_out: Vec<String>,
}

/// What was made of a granule for one cell.
#[derive(Default)]
pub(crate) struct OfCell {
    /// An entry and the rows of each track.
    pub(crate) tracks: Vec<(TrackEntry, TrackRows)>,
    /// How they were read.
    pub(crate) reading: Option<Reading>,
}

/// The rows of one track that count, in batches in row order.
#[derive(Default)]
pub(crate) struct TrackRows {
    /// Each with its window.
    pub(crate) tickets: Vec<(u32, Ticket)>,
    /// How many rows each window has, used and dropped.
    pub(crate) windows: Vec<(u32, RowCounts)>,
    /// What is known of each pass over each child, where the job asks.
    pub(crate) passes: Vec<Pass>,
    /// The rows themselves, where they are asked for.
    pub(crate) points: TrackPoints,
    /// Whether the track has the uncertainty of its rows.
    pub(crate) has_sigma: bool,
}

impl TrackRows {
    /// Forgets all batches.
    pub(crate) fn forget(&self, room: &Room<'_>) {
        self.tickets.iter().for_each(|(_, ticket)| room.kept.drop(*ticket));
        if POINTS {
            self.points.tickets.iter().for_each(|ticket| room.points.drop(*ticket));
        }
    }
}

/// What all granules of a job share.
pub(crate) struct Room<'a> {
    /// For what is under way.
    pub(crate) budget: Budget,
    /// For parents that are kept while their rows are read.
    pub(crate) parents: Budget,
    /// The rows that count.
    pub(crate) kept: Kept<'a>,
    /// The same, where rows themselves are asked for.
    pub(crate) points: Kept<'a, PointBatch>,
}

/// A cell that a granule is read for.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) job: &'a Job,
    /// The cell's shape, where one is of use.
    pub(crate) region: Option<&'a Region>,
}

/// Reads one granule of that name for some cells. All tracks are located in one go; at most `tuning.tracks_in_flight` of them are
/// read at once.
pub(crate) async fn read<S: Source>(
    name: &str,
    source: &S,
    targets: &[Target<'_>],
    tuning: &Tuning,
    room: &Room<'_>,
) -> Result<Tracks, GranuleError> {
    let Some(Target { job, .. }) = targets.first() else { return Ok(Tracks::default()) };
    let mut file = Metadata::new(Limits::default());
    let located = locate::tracks(name, &mut file, source, job.product(), job.cycles()).await?;
    let clock = Clock::of(job, name).read(&mut file, source, job).await?;
    let doubt = located.label.doubt(name, job.product());
    let granule = Opened { tracks: &located.tracks, doubt, clock, tuning, room };
    let bodies = Bodies::new(source, file.arrived().clone());
    drop(file);
    let cells = match granule.read(targets, bodies.clone()).await {
        Ok(cells) => cells.into_iter().map(Ok).collect(),
        // Where the other cells are, it may be sound.
        Err(error) if MANY && targets.len() > 1 && error.is_of_data() => {
            let mut cells = Vec::with_capacity(targets.len());
            for target in targets {
                let one = Box::pin(granule.read(std::slice::from_ref(target), bodies.clone()));
                cells.push(one.await.map(|mut cells| cells.pop().unwrap_or_default()));
            }
            cells
        }
        Err(error) => return Err(error),
    };
    Ok(Tracks { cells, left_out: located.left_out })
}

/// A granule whose columns have been located.
struct Opened<'a> {
    tracks: &'a [Track],
    /// Why it is perhaps not what it seems.
    doubt: Option<String>,
    clock: Clock<'a>,
    tuning: &'a Tuning,
    room: &'a Room<'a>,
}

impl Opened<'_> {
    async fn read<S: Source>(
        &self,
        targets: &[Target<'_>],
        mut bodies: Bodies<'_, S>,
    ) -> Result<Vec<OfCell>, GranuleError> {
        let mut jobs = targets.iter().map(|target| target.job);
        let Some(job) = jobs.next() else { return Ok(Vec::new()) };
        let cells = Cells::new(job, jobs);
        let regions: Option<Vec<&Region>> = targets.iter().map(|target| target.region).collect();
        let region = regions.and_then(Region::union);
        let plan = plan(job, self.tuning, region.as_ref(), self.doubt.clone());
        let mut done: Vec<OfCell> = targets.iter().map(|_| OfCell::default()).collect();
        for tracks in self.tracks.chunks(self.tuning.tracks_in_flight.max(1)) {
            let batch = Batched { tracks, cells: &cells, room: self.room, clock: self.clock };
            let read = batch.rows(&plan, &mut bodies).await.inspect_err(|_| forget(&done, self.room))?;
            let (read, how) = read;
            for (cell, tracks) in done.iter_mut().zip(read) {
                cell.tracks.extend(tracks);
                if how != Reading::Planned || cell.reading.is_none() {
                    cell.reading = Some(how.clone());
                }
            }
        }
        Ok(done)
    }
}

fn forget(read: &[OfCell], room: &Room<'_>) {
    for (_, rows) in read.iter().flat_map(|cell| &cell.tracks) {
        rows.forget(room);
    }
}

/// Reads one granule by its index: all that is needed in one round, as far as memory allows. [`Refused::Index`] when the index
/// turns out not to be of this file.
pub(crate) async fn read_indexed<S: Source>(
    source: &S,
    sidecar: &Sidecar,
    cells: &Cells<'_>,
    room: &Room<'_>,
) -> Result<Tracks, Refused> {
    let job = cells.job();
    if sidecar.is_of(source) == Some(false) {
        return Err(Unusable::new(STALE).into());
    }
    let clock = Clock::of(job, &sidecar.granule);
    if clock.check(job).is_err() {
        return Err(Unusable::new("it does not tell when the granule was taken").into());
    }
    let (tracks, left_out) = sidecar.tracks(job.product())?;
    let mut bodies = Bodies::new(source, ByteMap::new());
    let read = Batched { tracks: &tracks, cells, room, clock };
    let faults: Vec<_> = tracks.iter().map(|track| sidecar.faults(&track.name)).collect();
    let (parents, _permit) = read.indexed_parents(&bodies, &faults).await?;
    let wanted = tracks.iter().enumerate().flat_map(|(index, track)| {
        let pieces = sidecar.pieces(&track.name, cells);
        pieces.filter_map(move |piece| Some(Lot::Unseen { group: Group::new(index, track, piece)?, values: true }))
    });
    let lots: Vec<Lot<'_>> = wanted.collect();
    let refused = read.refuse_broken(&parents);
    if (lots.is_empty() || refused.is_err()) && source.stamp().is_none() {
        // Any byte will do to learn which version the file is of.
        bodies.prefetch(&ByteRange::at(0, 1).into_iter().collect::<Vec<_>>()).await?;
    }
    let is_current = || sidecar.is_of(source) == Some(true);
    if refused.is_err() && is_current() {
        refused?;
    }
    let index = Index { is_current: &is_current, exact: sidecar.is_exact_for(job) };
    let crops = read.harvest(&parents, &bodies, Some(&index)).of(lots).await;
    if !is_current() {
        return Err(Unusable::new(STALE).into());
    }
    let crops = crops?.map_err(Unusable::new)?;
    let of_cell = |tracks| Ok(OfCell { tracks, reading: Some(Reading::Indexed) });
    Ok(Tracks { cells: read.entries(crops, &parents).into_iter().map(of_cell).collect(), left_out })
}

/// Why reading by an index stopped.
pub(crate) enum Refused {
    /// The index is at fault, or may be: the granule is read without it.
    Index(Unusable),
    /// The granule cannot be read in any way.
    Granule(GranuleError),
}

impl From<Unusable> for Refused {
    fn from(why: Unusable) -> Self {
        Self::Index(why)
    }
}

impl From<GranuleError> for Refused {
    fn from(error: GranuleError) -> Self {
        if error.is_of_data() { Self::Index(Unusable::new(error.to_string())) } else { Self::Granule(error) }
    }
}

/// By what reading is planned; the error says why it cannot be.
type Plan<'a> = Result<(&'a Region, Option<&'a Orbit>), String>;

/// `doubt`: why the granule is perhaps not what it seems.
fn plan<'a>(job: &'a Job, tuning: &Tuning, region: Option<&'a Region>, doubt: Option<String>) -> Plan<'a> {
    if tuning.exhaustive {
        return Err("asked for".into());
    }
    let product = job.product();
    let by_parents = product.link.as_ref().is_some_and(|link| link.places().is_some());
    if product.orbit.is_none() && !by_parents {
        return Err("nothing is known of the product's orbit".into());
    }
    let region = region.ok_or("the cell is too small to plan for")?;
    // Places of parents say more than an orbit does.
    let orbit = product.orbit.as_ref().filter(|_| !by_parents);
    doubt.map_or(Ok((region, orbit)), Err)
}

/// Tracks of a granule that are read at the same time.
struct Batched<'a> {
    tracks: &'a [Track],
    cells: &'a Cells<'a>,
    room: &'a Room<'a>,
    clock: Clock<'a>,
}

/// An entry and the rows of each track, of each cell.
type Read = Vec<Vec<(TrackEntry, TrackRows)>>;

impl<'a> Batched<'a> {
    const fn job(&self) -> &'a Job {
        self.cells.job()
    }

    /// Rows of the tracks inside the parent: by as few coordinates as will do where that can be planned, else by all of them.
    async fn rows<S: Source>(
        &self,
        plan: &Plan<'_>,
        bodies: &mut Bodies<'_, S>,
    ) -> Result<(Read, Reading), GranuleError> {
        if self.job().product().link.is_some() {
            return self.rows_of_parents(plan, bodies).await;
        }
        let why = match plan {
            Ok((region, Some(orbit))) if planned::worthwhile(self.tracks) => {
                match planned::selected(self.tracks, self.cells, (region, orbit), bodies).await? {
                    Ok(found) => {
                        let lots = found.into_iter().map(Lot::Found).collect();
                        let harvest = self.harvest(&[], bodies, None);
                        // What was found is not looked at again, so there is no doubt.
                        let crops = harvest.of(lots).await?.unwrap_or_default();
                        return Ok((self.entries(crops, &[]), Reading::Planned));
                    }
                    Err(doubt) => doubt.to_string(),
                }
            }
            Ok(_) => "no track has more than two chunks".into(),
            Err(why) => why.clone(),
        };
        let crops = self.harvest(&[], bodies, None).of(self.all()).await?.unwrap_or_default();
        Ok((self.entries(crops, &[]), Reading::Exhaustive(why)))
    }

    /// The same where rows hang on parents: by their places, where links are sound.
    async fn rows_of_parents<S: Source>(
        &self,
        plan: &Plan<'_>,
        bodies: &Bodies<'_, S>,
    ) -> Result<(Read, Reading), GranuleError> {
        let why = match plan {
            Ok((region, _)) => {
                let (parents, pieces, permit) = self.parents(Some(region), bodies).await?;
                self.refuse_broken(&parents)?;
                // What is left of parents is little, but for tracks whose link is broken.
                let _permit = permit.filter(|_| pieces.contains(&Pieces::All));
                let lots = self.lots(&pieces);
                match self.harvest(&parents, bodies, None).of(lots).await? {
                    Ok(crops) => {
                        let mut tracks = self.tracks.iter().zip(&parents);
                        let broken = tracks.find(|(_, parents)| !parents.faults.is_sound());
                        let reading = broken.map_or(Reading::Planned, |(track, _)| {
                            Reading::Exhaustive(format!("the link of {} to its parents is broken", track.name))
                        });
                        return Ok((self.entries(crops, &parents), reading));
                    }
                    Err(doubt) => doubt,
                }
            }
            Err(why) => why.clone(),
        };
        let (parents, _, _permit) = self.parents(None, bodies).await?;
        self.refuse_broken(&parents)?;
        let crops = self.harvest(&parents, bodies, None).of(self.all()).await?.unwrap_or_default();
        Ok((self.entries(crops, &parents), Reading::Exhaustive(why)))
    }

    /// The parents of every track, and the pieces that may hold rows of the region.
    async fn parents<S: Source>(
        &self,
        region: Option<&Region>,
        bodies: &Bodies<'_, S>,
    ) -> Result<(Vec<Parents>, Vec<Pieces>, Option<Permit<'a>>), GranuleError> {
        let product = self.job().product();
        let Some(link) = &product.link else { return Ok((Vec::new(), Vec::new(), None)) };
        let wanted = Wanted { product, link, region };
        let mut bodies = bodies.clone();
        let wants: Vec<ByteRange> = self.tracks.iter().flat_map(|track| wanted.ranges(track)).collect();
        let rows = self.tracks.iter().filter_map(|track| track.parents.first()).map(|first| first.column.rows());
        // Where pieces are chosen, little is kept of a track before the next one is looked at.
        let count: u64 = if region.is_some() { rows.max().unwrap_or(0) } else { rows.sum() };
        let stored: u64 = wants.iter().map(|want| want.len()).sum();
        let permit = self.room.parents.acquire(count.saturating_mul(BYTES_OF_PARENT).saturating_add(stored)).await;
        bodies.prefetch(&wants).await?;
        let (mut all, mut pieces) = (Vec::new(), Vec::new());
        for track in self.tracks {
            let (parents, own) = wanted.of(track, &bodies).await?;
            all.push(parents);
            pieces.push(own);
        }
        Ok((all, pieces, Some(permit)))
    }

    /// The parents as an index has them: they are read where rows take something of them.
    async fn indexed_parents<S: Source>(
        &self,
        bodies: &Bodies<'_, S>,
        faults: &[crate::LinkFaults],
    ) -> Result<(Vec<Parents>, Option<Permit<'a>>), GranuleError> {
        let product = self.job().product();
        let Some(link) = &product.link else { return Ok((Vec::new(), None)) };
        let wanted = Wanted { product, link, region: None };
        if self.tracks.iter().any(|track| wanted.takes(track)) {
            let (parents, _, permit) = self.parents(None, bodies).await?;
            return Ok((parents, permit));
        }
        Ok((faults.iter().copied().map(Parents::with_faults).collect(), None))
    }

    /// The error of a strict job where rows do not hang on their parents as they should.
    fn refuse_broken(&self, parents: &[Parents]) -> Result<(), GranuleError> {
        let mut tracks = self.tracks.iter().zip(parents).filter(|_| self.job().spec().strict);
        match tracks.find(|(_, parents)| !parents.faults.is_sound()) {
            Some((track, parents)) => Err(GranuleError::Link { track: track.name.clone(), faults: parents.faults }),
            None => Ok(()),
        }
    }

    fn lots(&self, pieces: &[Pieces]) -> Vec<Lot<'a>> {
        let mut lots = Vec::new();
        for ((index, track), pieces) in self.tracks.iter().enumerate().zip(pieces) {
            let mut add = |piece: usize, values: bool| {
                lots.extend(Group::new(index, track, piece).map(|group| Lot::Unseen { group, values }));
            };
            match pieces {
                Pieces::All => (0..track.pieces()).for_each(|piece| add(piece, false)),
                Pieces::Some(pieces) => pieces.iter().for_each(|&piece| add(piece, true)),
                Pieces::Probe(piece) => add(*piece, false),
            }
        }
        lots
    }

    fn all(&self) -> Vec<Lot<'a>> {
        self.lots(&vec![Pieces::All; self.tracks.len()])
    }

    fn harvest<'b, S>(
        &'b self,
        parents: &'b [Parents],
        bodies: &'b Bodies<'b, S>,
        index: Option<&'b Index<'b>>,
    ) -> Harvest<'b, S> {
        let Room { budget, kept, points, .. } = self.room;
        let clock = &self.clock;
        Harvest { cells: self.cells, tracks: self.tracks, parents, bodies, budget, kept, points, clock, index }
    }

    fn entries(&self, crops: Vec<Crop>, parents: &[Parents]) -> Read {
        let mut read: Read = (0..self.cells.len()).map(|_| Vec::with_capacity(self.tracks.len())).collect();
        for (at, (track, mut crop)) in self.tracks.iter().zip(crops).enumerate() {
            let link = parents.get(at).map(|parents| parents.faults).unwrap_or_default();
            for (slot, cell) in (0..).zip(&mut read) {
                let own = crop.cells.remove(&slot).unwrap_or_default();
                cell.push(self.entry(track, crop.seen, own, link));
            }
        }
        read
    }

    fn entry(&self, track: &Track, seen: Seen, crop: CellCrop, link: LinkFaults) -> (TrackEntry, TrackRows) {
        let CellCrop { tally: own, tickets, mut windows, points: rows_asked, passes } = crop;
        let mut tally = Tally::of_track(track, seen);
        tally.add(&own);
        if !self.clock.is_by_rows() {
            // A granule is of its window also where it has no row in the cell.
            let cycles = track.cycles().into_iter().map(|cycle| cycle.or(self.clock.occasion.cycle));
            for window in cycles.filter_map(|cycle| self.clock.window(cycle, None)) {
                if windows.iter().all(|(held, _)| *held != window) {
                    windows.push((window, RowCounts::default()));
                }
            }
        }
        let (name, chosen, missing) = (track.name.clone(), track.found.chosen.clone(), track.found.missing.clone());
        let (rows, conditions) = (tally.counts, tally.conditions(self.job().product()));
        let has_sigma = track.column(Part::Uncertainty, None).is_some();
        let entry = TrackEntry { track: name, rows, conditions, chosen, not_tested: missing, link };
        let passes = passes.of(self.clock.occasion);
        let asked = self.job().product().points.as_ref().filter(|_| POINTS).map_or(0, |points| points.columns.len());
        let column = |number| track.column(point_part(self.job().product(), number), None);
        let kind = |number| column(number).map_or(PointKind::Double, |(_, column)| column.kind());
        let points = TrackPoints { tickets: rows_asked, kinds: (0..asked).map(kind).collect() };
        (entry, TrackRows { tickets, windows, passes, points, has_sigma })
    }
}
