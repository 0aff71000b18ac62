//! From pieces of tracks to rows that count, a wave at a time: no more is in memory than a wave, and what is kept.
use crate::bodies::Bodies;
use crate::budget::Budget;
use crate::cells::Cells;
use crate::clock::Clock;
use crate::filter::{InWindow, Sieve, Sifted, Tally};
use crate::kept::{Kept, Ticket};
use crate::parents::Parents;
use crate::points::POINTS;
use crate::select::{self, Found, Group, Seen, Selected};
use crate::track::Track;
use crate::trend::Passes;
use crate::{GranuleError, Job, PointBatch, RowCounts, gather};
use byte_ranges::Source;
use futures_util::{StreamExt as _, stream};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

/// Waves of one granule that are under way at the same time, as far as memory allows.
const WAVES: usize = 4;
/// A wave that could be cut only inside a chunk of some column grows to this many times its usual size first.
const STRETCH: u64 = 4;
/// The doubt in an index of another version.
pub(crate) const STALE: &str = "it is of another version of the granule";
/// Bytes that a row takes while its coordinates are looked at, and for each other column.
const PLACE: u64 = 32;
const NUMBER: u64 = 8;

/// Rows to look at.
pub(crate) enum Lot<'a> {
    /// They were found already.
    Found(Found),
    /// Their coordinates tell which count; `values`: probably some do, so the other columns are read in the same go.
    Unseen { group: Group<'a>, values: bool },
}

/// What is harvested, and by which rules.
pub(crate) struct Harvest<'a, S> {
    pub(crate) cells: &'a Cells<'a>,
    pub(crate) tracks: &'a [Track],
    /// Of each track, where rows hang on parents; else none at all.
    pub(crate) parents: &'a [Parents],
    pub(crate) bodies: &'a Bodies<'a, S>,
    pub(crate) budget: &'a Budget,
    pub(crate) kept: &'a Kept<'a>,
    pub(crate) points: &'a Kept<'a, PointBatch>,
    /// When rows were taken.
    pub(crate) clock: &'a Clock<'a>,
    /// The index that says which lots have rows in the cells.
    pub(crate) index: Option<&'a Index<'a>>,
}

/// What an index promises.
pub(crate) struct Index<'a> {
    /// Whether it speaks of the version that is read; asked once something has come.
    pub(crate) is_current: &'a dyn Fn() -> bool,
    /// Every lot has rows in one of the cells.
    pub(crate) exact: bool,
}

/// The rows of one track that count, by the slot of their cell.
#[derive(Default)]
pub(crate) struct Crop {
    pub(crate) seen: Seen,
    pub(crate) cells: BTreeMap<u32, CellCrop>,
}

/// Those of one cell.
#[derive(Default)]
pub(crate) struct CellCrop {
    pub(crate) tally: Tally,
    /// The batches, each with its window.
    pub(crate) tickets: Vec<(u32, Ticket)>,
    /// The part of the tally of each window.
    pub(crate) windows: Vec<(u32, RowCounts)>,
    /// The rows themselves, where they are asked for.
    pub(crate) points: Vec<Ticket>,
    pub(crate) passes: Passes,
}

impl Crop {
    /// Forgets all batches.
    fn forget(&self, kept: &Kept<'_>, points: &Kept<'_, PointBatch>) {
        self.cells.values().flat_map(|crop| &crop.tickets).for_each(|(_, ticket)| kept.drop(*ticket));
        if POINTS {
            self.cells.values().flat_map(|crop| &crop.points).for_each(|ticket| points.drop(*ticket));
        }
    }
}

impl CellCrop {
    /// Adds what was sifted of a wave. Without room, nothing.
    fn add(
        &mut self,
        sifted: Sifted,
        (kept, points): (&Kept<'_>, &Kept<'_, PointBatch>),
        job: &Job,
    ) -> Result<(), GranuleError> {
        self.tally.add(&sifted.tally);
        if POINTS && !sifted.points.row.is_empty() {
            self.points.push(points.push(sifted.points).map_err(|_| GranuleError::NoRoom)?);
        }
        for InWindow { window, counts, batch } in sifted.windows {
            match self.windows.iter_mut().find(|(held, _)| *held == window) {
                Some((_, held)) => held.add(&counts),
                None => self.windows.push((window, counts)),
            }
            if !batch.child.is_empty() {
                self.tickets.push((window, kept.push(batch).map_err(|_| GranuleError::NoRoom)?));
            }
        }
        if let Some(change) = job.spec().change {
            self.passes.extend(sifted.sightings, change.epoch);
        }
        Ok(())
    }
}

impl<S: Source> Harvest<'_, S> {
    /// Reads the lots; one crop a track. The inner error says why reading in part will not do; nothing is kept then.
    pub(crate) async fn of(&self, mut lots: Vec<Lot<'_>>) -> Result<Result<Vec<Crop>, String>, GranuleError> {
        lots.sort_by_key(Lot::place);
        let waves = self.cut(lots);
        let doubt = RefCell::new(None);
        let mut crops: Vec<Crop> = self.tracks.iter().map(|_| Crop::default()).collect();
        let mut read = std::pin::pin!(stream::iter(waves).map(|wave| self.wave(wave, &doubt)).buffered(WAVES));
        let forget = |crops: &[Crop]| crops.iter().for_each(|crop| crop.forget(self.kept, self.points));
        while let Some(wave) = read.next().await {
            for (track, seen, sifted) in wave.inspect_err(|_| forget(&crops))? {
                let Some(crop) = crops.get_mut(track) else { continue };
                crop.seen.add(seen);
                for sifted in sifted {
                    crop.cells.entry(sifted.cell).or_default().add(
                        sifted,
                        (self.kept, self.points),
                        self.cells.job(),
                    )?;
                }
            }
            if let Some(doubt) = doubt.take() {
                forget(&crops);
                return Ok(Err(doubt));
            }
        }
        Ok(Ok(crops))
    }

    /// Cuts lots into waves that memory has room for: where all columns of a track have a chunk's end, if that can be.
    fn cut<'b>(&self, lots: Vec<Lot<'b>>) -> Vec<(u64, Vec<Lot<'b>>)> {
        let limit = self.budget.wave();
        let mut waves: Vec<(u64, Vec<Lot<'b>>)> = Vec::new();
        let mut before: Option<(usize, u64)> = None;
        for lot in lots {
            let (track, rows) = (lot.place().0, lot.rows(self.tracks));
            let bytes = self.bytes(&lot, &rows);
            let apart = before.is_none_or(|(last, end)| last != track || self.is_cut_at(track, end));
            before = Some((track, rows.end));
            match waves.last_mut() {
                Some((sum, wave)) if *sum + bytes <= limit || !apart && *sum <= STRETCH * limit => {
                    *sum += bytes;
                    wave.push(lot);
                }
                _ => waves.push((bytes, vec![lot])),
            }
        }
        waves
    }

    fn is_cut_at(&self, track: usize, row: u64) -> bool {
        let Some(track) = self.tracks.get(track) else { return true };
        let columns = std::iter::once(&track.longitude).chain(track.columns.iter().map(|held| &held.column));
        columns.into_iter().all(|column| column.is_cut_at(row))
    }

    /// What a lot takes while it is under way.
    fn bytes(&self, lot: &Lot<'_>, rows: &Range<u64>) -> u64 {
        let Some(track) = self.tracks.get(lot.place().0) else { return 0 };
        let values = track.value_bytes(lot.place().1);
        let numbers = NUMBER * (track.columns.len() + track.parents.len()) as u64;
        let decoded = match lot {
            Lot::Found(found) => numbers.saturating_mul(found.selected.rows.len() as u64),
            Lot::Unseen { group, .. } => {
                (PLACE + numbers).saturating_mul(rows.end - rows.start).saturating_add(group.bytes())
            }
        };
        decoded.saturating_add(values)
    }

    async fn wave(
        &self,
        (bytes, lots): (u64, Vec<Lot<'_>>),
        doubt: &RefCell<Option<String>>,
    ) -> Result<Vec<(usize, Seen, Vec<Sifted>)>, GranuleError> {
        let _permit = self.budget.acquire(bytes).await;
        let mut bodies = self.bodies.clone();
        let (mut found, mut groups, mut wants) = (Vec::new(), Vec::new(), Vec::new());
        let mut touched: Vec<usize> = lots.iter().map(|lot| lot.place().0).collect();
        touched.dedup();
        for lot in lots {
            match lot {
                Lot::Found(rows) => found.push(rows),
                Lot::Unseen { group, values } => {
                    if values {
                        wants.extend(group.ranges());
                        let track = self.tracks.get(group.track());
                        wants.extend(track.into_iter().flat_map(|track| track.value_ranges(group.piece())));
                    }
                    groups.push(group);
                }
            }
        }
        if !wants.is_empty() {
            bodies.prefetch(&wants).await?;
        }
        if self.index.is_some_and(|index| !(index.is_current)()) {
            doubt.replace(Some(STALE.into()));
            return Ok(Vec::new());
        }
        let classify = |group: &Group<'_>, longitude: &[f64], latitude: &[f64]| {
            if let Some(why) = self.astray(group, longitude, latitude) {
                doubt.replace(Some(why));
            }
            group.classify(self.cells, longitude, latitude)
        };
        let seen = select::read(&groups, &bodies, classify).await?;
        if self.index.is_some_and(|index| index.exact) && seen.iter().any(|found| found.selected.rows.is_empty()) {
            doubt.replace(Some("a chunk does not have the rows that it says".into()));
        }
        found.extend(seen);
        let mut selected = select::join(found, self.tracks.len());
        for (track, selected) in selected.iter_mut().enumerate() {
            self.hang(track, selected);
        }
        let gathered = gather::columns(self.tracks, &selected, &bodies).await?;
        let mut gathered: Vec<_> = gathered.into_iter().map(Some).collect();
        let kept = touched.into_iter().filter_map(|at| {
            let (track, selected) = self.tracks.get(at).zip(selected.get(at))?;
            let mut columns = gathered.get_mut(at)?.take()?;
            if let Some(parents) = self.parents.get(at) {
                columns.extend(parents.numbers(&selected.parents));
            }
            let sieve = Sieve { job: self.cells.job(), track, clock: self.clock };
            Some((at, selected.seen, sieve.keep(selected, &columns)))
        });
        Ok(kept.collect())
    }

    /// Hangs the rows on their parents, where they take something of them.
    fn hang(&self, track: usize, selected: &mut Selected) {
        let Some((track, parents)) = self.tracks.get(track).zip(self.parents.get(track)) else { return };
        let turns = self.cells.job().product().turns_by_parents();
        if track.takes_of_parents() || turns {
            selected.parents = parents.of_rows(selected.rows.iter().copied());
        }
        if turns {
            selected.northwards = parents.northwards(&selected.parents);
        }
    }

    /// That rows lie farther from their parents than the product says, if some do.
    fn astray(&self, group: &Group<'_>, longitude: &[f64], latitude: &[f64]) -> Option<String> {
        let parents = self.parents.get(group.track())?;
        let (_, _, margin) = self.cells.job().product().link.as_ref()?.places()?;
        let farthest = parents.farthest(group.rows(), longitude, latitude);
        let name = self.tracks.get(group.track()).map_or("", |track| track.name.as_str());
        (farthest > margin)
            .then(|| format!("rows of {name} lie up to {farthest:.1} km from their parents, not {margin}"))
    }
}

impl Lot<'_> {
    /// Track and piece.
    fn place(&self) -> (usize, usize) {
        match self {
            Self::Found(found) => (found.track, found.piece),
            Self::Unseen { group, .. } => (group.track(), group.piece()),
        }
    }

    fn rows(&self, tracks: &[Track]) -> Range<u64> {
        let (track, piece) = self.place();
        tracks.get(track).map_or(0..0, |track| track.piece_rows(piece))
    }
}
