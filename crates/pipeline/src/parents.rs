//! The parents of a track's rows: which of them may have rows in the cell, and what rows take of them.
use crate::bodies::Bodies;
use crate::family::{Home, LinkFaults, Near, Span, spans};
use crate::pieces::Column;
use crate::planned::Region;
use crate::product::ParentLink;
use crate::track::{Part, Track};
use crate::{GranuleError, Product};
use byte_ranges::{ByteRange, Source};
use std::ops::Range;

/// Most parents of a track; a granule of ATL03 has 150,000 segments a beam.
const MAX_PARENTS: u64 = 1 << 24;
/// Bytes that a parent takes while its track is looked at.
pub(crate) const BYTES_OF_PARENT: u64 = 96;
/// Stands for no parent.
pub(crate) const NO_PARENT: u32 = u32::MAX;

/// What a job knows of the parents of one track.
#[derive(Default, Debug)]
pub(crate) struct Parents {
    pub(crate) faults: LinkFaults,
    /// In row order. `parent` counts those that are kept.
    spans: Vec<Span>,
    /// Where each is, where its children are held against it; empty where not.
    homes: Vec<Option<Near>>,
    /// Whether the satellite flew northwards over each, where asked for.
    northwards: Vec<Option<bool>>,
    /// The stored numbers of the product's columns of parents, one a parent.
    numbers: Vec<Vec<f64>>,
}

/// What a job wants of the parents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) product: &'a Product,
    pub(crate) link: &'a ParentLink,
    /// Reading is planned: the pieces are wanted that may hold rows of this region.
    pub(crate) region: Option<&'a Region>,
}

/// Which pieces of a track's latitude are to be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Pieces {
    All,
    /// Those that may hold rows of the cell.
    Some(Vec<usize>),
    /// None may; of one the coordinates are read, to see whether rows lie near their parents.
    Probe(usize),
}

impl Wanted<'_> {
    /// Columns of parents that the job needs the numbers of.
    pub(crate) fn needs(&self, part: Part) -> bool {
        match part {
            Part::HomeLatitude | Part::HomeLongitude => self.region.is_some() || self.product.direction.is_some(),
            _ => true,
        }
    }

    /// Stored bytes of the columns of a track's parents.
    pub(crate) fn ranges<'a>(&'a self, track: &'a Track) -> impl Iterator<Item = ByteRange> + 'a {
        let needed = track.parents.iter().filter(|held| self.needs(held.part));
        needed.flat_map(|held| held.column.pieces()).filter_map(crate::pieces::Piece::range)
    }

    /// Whether rows of the job take something of their parents, so that one without cannot count.
    pub(crate) fn takes(&self, track: &Track) -> bool {
        track.takes_of_parents() || self.product.turns_by_parents()
    }

    /// Reads the parents of a track.
    pub(crate) async fn of<S: Source>(
        &self,
        track: &Track,
        bodies: &Bodies<'_, S>,
    ) -> Result<(Parents, Pieces), GranuleError> {
        let column = |part| track.parents.iter().find(|held| held.part == part).map(|held| &held.column);
        let count = track.parents.first().map_or(0, |held| held.column.rows());
        if count > MAX_PARENTS {
            let why = format!("has {count} rows, more than {MAX_PARENTS} parents");
            return Err(GranuleError::product(column(Part::Begin).map_or("", Column::place), why));
        }
        let numbers = async |part| match column(part).filter(|_| self.needs(part)) {
            Some(column) => column.all(bodies).await,
            None => Ok(Vec::new()),
        };
        let (begin, counts) = (numbers(Part::Begin).await?, numbers(Part::Count).await?);
        let (mut spans, faults) = spans(&begin, &counts, self.link.base, track.rows);
        let (latitude, longitude) = (numbers(Part::HomeLatitude).await?, numbers(Part::HomeLongitude).await?);
        let margin = self.link.places().map(|(_, _, margin)| margin);
        let sound = self.region.zip(margin).filter(|_| faults.is_sound());
        let places: Vec<Option<Home>> =
            latitude.iter().zip(&longitude).map(|(&lat, &lon)| Home::new(lat, lon)).collect();
        let home = |span: &Span| places.get(span.parent as usize).copied().flatten();
        let mut pieces = Pieces::All;
        if let Some((region, margin)) = sound {
            // A parent without a place may have rows anywhere.
            let may =
                |span: &&Span| home(span).is_none_or(|home| region.is_within(home.longitude, home.latitude, margin));
            pieces = holding(track, spans.iter().filter(may).map(|span| &span.rows));
            let kept = pieces.rows(track);
            let mut kept = kept.iter().peekable();
            spans.retain(|span| {
                while kept.next_if(|rows| rows.end <= span.rows.start).is_some() {}
                kept.peek().is_some_and(|rows| rows.start < span.rows.end)
            });
        } else if !self.takes(track) {
            spans.clear();
        }
        let northwards = if self.product.direction.is_some() && !places.is_empty() {
            let all = directions(&counts, &places);
            spans.iter().map(|span| all.get(span.parent as usize).copied().flatten()).collect()
        } else {
            Vec::new()
        };
        let homes = spans.iter().filter(|_| sound.is_some()).map(|span| home(span).map(Near::new)).collect();
        let mut own = Vec::new();
        for held in track.parents.iter().filter(|held| !held.part.is_of_link()) {
            let all = held.column.stored(bodies).await?;
            let of = |span: &Span| all.get(span.parent as usize).copied().unwrap_or(f64::NAN);
            own.push(spans.iter().map(of).collect());
        }
        (0..).zip(&mut spans).for_each(|(number, span)| span.parent = number);
        Ok((Parents { faults, spans, homes, northwards, numbers: own }, pieces))
    }
}

/// Whether latitude grows from each parent with children to the next that has another one; from the one before where none
/// follows.
fn directions(counts: &[f64], places: &[Option<Home>]) -> Vec<Option<bool>> {
    let latitude = |(&count, place): (&f64, &Option<Home>)| place.filter(|_| count > 0.0).map(|home| home.latitude);
    let places: Vec<Option<f64>> = counts.iter().zip(places).map(latitude).collect();
    let mut directions = vec![None; places.len()];
    let (mut next, mut grows): (Option<f64>, Option<bool>) = (None, None);
    for (direction, place) in directions.iter_mut().zip(&places).rev() {
        let Some(here) = *place else { continue };
        if let Some(next) = next.filter(|next| *next != here) {
            grows = Some(next > here);
        }
        (*direction, next) = (grows, Some(here));
    }
    // Behind the last change there is only what lies before.
    let (mut before, mut grew): (Option<f64>, Option<bool>) = (None, None);
    for (direction, place) in directions.iter_mut().zip(&places) {
        let Some(here) = *place else { continue };
        if let Some(before) = before.filter(|before| *before != here) {
            grew = Some(here > before);
        }
        (*direction, before) = (direction.or(grew), Some(here));
    }
    directions
}

/// The pieces of a track's latitude that hold some of these rows, which ascend.
fn holding<'a>(track: &Track, rows: impl Iterator<Item = &'a Range<u64>>) -> Pieces {
    let held = track.latitude.pieces();
    let mut pieces: Vec<usize> = Vec::new();
    for rows in rows {
        let first = held.partition_point(|piece| piece.rows.end <= rows.start);
        let first = pieces.last().map_or(first, |last| first.max(last + 1));
        pieces
            .extend((first..held.len()).take_while(|&piece| held.get(piece).is_some_and(|p| p.rows.start < rows.end)));
    }
    if pieces.is_empty() && !held.is_empty() { Pieces::Probe(held.len() / 2) } else { Pieces::Some(pieces) }
}

impl Pieces {
    /// Their rows, touching ones joined, in order.
    fn rows(&self, track: &Track) -> Vec<Range<u64>> {
        let of = |piece: usize| track.latitude.pieces().get(piece).map(|piece| piece.rows.clone());
        let mut rows: Vec<Range<u64>> = Vec::new();
        let mut add = |more: Range<u64>| match rows.last_mut() {
            Some(last) if last.end == more.start => last.end = more.end,
            _ => rows.push(more),
        };
        match self {
            Self::All => add(0..track.rows),
            Self::Some(pieces) => pieces.iter().filter_map(|&piece| of(piece)).for_each(add),
            Self::Probe(piece) => of(*piece).into_iter().for_each(add),
        }
        rows
    }
}

impl Parents {
    /// Those of which nothing else is needed.
    pub(crate) fn with_faults(faults: LinkFaults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// The parent of each of `rows`, which ascend.
    pub(crate) fn of_rows(&self, rows: impl Iterator<Item = u64>) -> Vec<u32> {
        let mut walk = self.walk();
        rows.map(|row| walk(row).map_or(NO_PARENT, |span| span.parent)).collect()
    }

    /// Looks up spans of rows that ascend.
    fn walk<'a>(&'a self) -> impl FnMut(u64) -> Option<&'a Span> {
        let mut at = None;
        move |row| {
            let at = at.get_or_insert_with(|| self.spans.partition_point(|span| span.rows.end <= row));
            while self.spans.get(*at).is_some_and(|span| span.rows.end <= row) {
                *at += 1;
            }
            self.spans.get(*at).filter(|span| span.rows.start <= row)
        }
    }

    /// The farthest that one of the rows lies from its parent, kilometres, as far as parents have places.
    pub(crate) fn farthest(&self, rows: &Range<u64>, longitude: &[f64], latitude: &[f64]) -> f64 {
        if self.homes.is_empty() {
            return 0.0;
        }
        let mut walk = self.walk();
        let places = longitude.iter().zip(latitude);
        rows.clone().zip(places).fold(0.0, |farthest, (row, (&longitude, &latitude))| {
            let near = walk(row).and_then(|span| self.homes.get(span.parent as usize)?.as_ref());
            let bound = near.map_or(0.0, |near| near.bound(latitude, longitude));
            if bound > farthest { bound } else { farthest }
        })
    }

    /// Whether the satellite flew northwards over each of these parents.
    pub(crate) fn northwards(&self, parents: &[u32]) -> Vec<Option<bool>> {
        parents.iter().map(|&parent| self.northwards.get(parent as usize).copied().flatten()).collect()
    }

    /// The stored numbers of the product's columns of parents for rows with these parents; NaN without one.
    pub(crate) fn numbers(&self, parents: &[u32]) -> Vec<Vec<f64>> {
        let of = |numbers: &Vec<f64>| {
            let number = |&parent: &u32| numbers.get(parent as usize).copied().unwrap_or(f64::NAN);
            parents.iter().map(number).collect()
        };
        self.numbers.iter().map(of).collect()
    }
}
