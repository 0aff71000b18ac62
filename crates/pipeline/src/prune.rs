//! Reading coordinates only where rows can lie in the parent cell (design note 0006 has the argument).
//!
//! A track is known by the pieces that were read. Between them it follows its orbit, so every stretch that was not read is
//! either too far from the cell to hold a row of it, or some of its pieces are read next. That ends when no stretch can matter.
//! Wherever the assumption shows to be wrong, the whole track is read.
use crate::bodies::Bodies;
use crate::explore::{Explored, Pieces};
use crate::locate::Track;
use crate::orbit::Orbit;
use crate::pieces::is_long;
use crate::region::Region;
use crate::select::{self, Found, Group, Selected};
use crate::{GranuleError, Job};
use byte_ranges::{ByteRange, Source};

/// Pieces to read next: coordinates, and with `values` the other columns of the same rows in the same go.
struct Next {
    track: usize,
    piece: usize,
    values: bool,
}

/// Selects the rows of all tracks of a granule.
pub(crate) async fn selected<S: Source>(
    tracks: &[Track],
    job: &Job,
    (region, orbit): (&Region, &Orbit),
    bodies: &mut Bodies<'_, S>,
) -> Result<Vec<Selected>, GranuleError> {
    let mut explored: Vec<Explored> = tracks.iter().map(|track| Explored::new(Pieces::of(track))).collect();
    let mut found: Vec<Found> = Vec::new();
    loop {
        let next = plan(&mut explored, region, orbit);
        if next.is_empty() {
            return Ok(select::join(found, tracks.len()));
        }
        let groups: Vec<Group<'_>> =
            next.iter().filter_map(|next| Group::new(next.track, tracks.get(next.track)?, next.piece)).collect();
        let mut wants: Vec<ByteRange> = groups.iter().flat_map(Group::ranges).collect();
        for next in next.iter().filter(|next| next.values) {
            wants.extend(tracks.get(next.track).into_iter().flat_map(|track| track.value_ranges(next.piece)));
        }
        // Where a probe has found rows of the cell, their values travel along.
        for (track, explored) in tracks.iter().zip(&explored) {
            wants.extend(explored.hits().flat_map(|piece| track.value_ranges(piece)));
        }
        bodies.prefetch(&wants).await?;
        let classify =
            |group: &Group<'_>, longitude: &[f64], latitude: &[f64]| group.classify(job, longitude, latitude);
        for new in select::read(&groups, bodies, classify).await? {
            if let Some(explored) = explored.get_mut(new.track) {
                explored.learn(&new);
            }
            found.push(new);
        }
    }
}

/// What to read next; nothing when no unread row can lie in the cell. The first long track goes ahead: where it does not run
/// as the orbit says, all are read whole.
fn plan(explored: &mut [Explored], region: &Region, orbit: &Orbit) -> Vec<Next> {
    let leader = explored.iter().position(|track| is_long(track.pieces().count() as u64));
    let Some((leader, ahead)) = leader.and_then(|index| Some((index, explored.get(index)?))) else {
        return everything(explored);
    };
    let at = |piece| vec![Next { track: leader, piece, values: false }];
    if ahead.knows() == 0 {
        return at(0); // `locate` has brought it along
    }
    let Some(own) = ahead.own(region, orbit) else { return everything(explored) };
    if let Some(piece) = ahead.probe(region, orbit) {
        return vec![Next { track: leader, piece, values: true }];
    }
    let mut plan = Vec::new();
    for (track, known) in explored.iter().enumerate() {
        let wanted = match known.knows() {
            _ if track == leader => Some(own.clone()),
            0 => known.like(ahead, region, orbit),
            _ => known.own(region, orbit),
        };
        let pieces = wanted.unwrap_or_else(|| known.unread().map(|piece| (piece, false)).collect());
        plan.extend(pieces.into_iter().map(|(piece, values)| Next { track, piece, values }));
    }
    if plan.is_empty() { ahead.doubted(region, orbit).map_or(plan, at) } else { plan }
}

fn everything(explored: &[Explored]) -> Vec<Next> {
    let unread = explored.iter().enumerate().flat_map(|(track, known)| known.unread().map(move |piece| (track, piece)));
    unread.map(|(track, piece)| Next { track, piece, values: false }).collect()
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]
mod tests {
    //! Planned reads against exhaustive ones on tracks of every kind that is known, and some that are hostile.
    use super::*;
    use crate::select::Selected;
    use crate::track_shape::Shape;
    use morton::{Cell, Latitude, LonLat, Order};
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::f64::consts::{PI, TAU};

    const ORBIT: Orbit = Orbit { spacing: 0.5, ..Orbit::ICESAT2_ATL06 };
    const PIECE: usize = 400;
    const TURN: f64 = 7.272_2e-5;

    /// Coordinates of one track, degrees.
    #[derive(Clone, Debug, Default)]
    struct Rows {
        longitude: Vec<f64>,
        latitude: Vec<f64>,
    }

    /// What a granule is made of.
    #[derive(Clone, Debug)]
    struct Granule {
        /// Argument of latitude where it begins, radians; longitude of the node; rows without gaps.
        start: f64,
        node: f64,
        rows: usize,
        /// Gaps: where, as a share of the track, and rows.
        gaps: Vec<(f64, usize)>,
        /// Rows without a place.
        missing: usize,
        /// Rows stand in reverse, in blocks, or anyhow.
        spoilt: u8,
    }

    impl Granule {
        /// One track `across` kilometres beside the ground track.
        fn track(&self, across: f64) -> Rows {
            let mut keep = vec![true; self.rows];
            for (index, &(share, length)) in self.gaps.iter().enumerate() {
                let at = (share * self.rows as f64) as usize + index + across.abs() as usize;
                keep.iter_mut().skip(at).take(length).for_each(|keep| *keep = false);
            }
            let mut rows = Rows::default();
            for row in (0..self.rows).filter(|&row| keep[row]) {
                let (lon, lat) = self.place(row, across + 0.03 * (row as f64 / 700.0).sin());
                let missing = self.missing > 0 && row % self.missing == self.missing / 2;
                rows.longitude.push(lon);
                rows.latitude.push(if missing { f64::NAN } else { lat });
            }
            let half = rows.latitude.len() / 2;
            for column in [&mut rows.longitude, &mut rows.latitude] {
                match self.spoilt {
                    1 => column.reverse(),
                    2 => column.rotate_left(half),
                    3 => (0..column.len()).for_each(|row| column.swap(row, (row * 7919 + 13) % half.max(1))),
                    _ => {}
                }
            }
            rows
        }

        /// Longitude and latitude of a row, degrees: a circular orbit over a turning sphere.
        fn place(&self, row: usize, across: f64) -> (f64, f64) {
            let tilt = 92_f64.to_radians();
            let flown = row as f64 * ORBIT.spacing / 6371.0;
            let (u, beside) = (self.start + flown, across / 6371.0);
            let along = [u.cos(), u.sin() * tilt.cos(), u.sin() * tilt.sin()];
            let normal = [0.0, -tilt.sin(), tilt.cos()];
            let [x, y, z] = [0, 1, 2].map(|axis| along[axis] * beside.cos() + normal[axis] * beside.sin());
            let lon = y.atan2(x) + self.node - TURN * flown / (TAU / ORBIT.period);
            ((lon.to_degrees() + 540.0).rem_euclid(360.0) - 180.0, z.clamp(-1.0, 1.0).asin().to_degrees())
        }
    }

    fn read(job: &Job, track: usize, rows: &Rows, piece: usize) -> Found {
        let range = piece * PIECE..(piece * PIECE + PIECE).min(rows.latitude.len());
        let (lon, lat) = (&rows.longitude[range.clone()], &rows.latitude[range.clone()]);
        let mut child = vec![0; lat.len()];
        morton::children_of(job.parent(), job.child_order(), job.latitude, lon, lat, &mut child).unwrap();
        let inside = range.clone().zip(&child).filter(|(_, child)| **child < job.children());
        let selected = Selected { rows: inside.map(|(row, _)| row as u64).collect(), ..Selected::default() };
        Found { track, piece, selected, shape: Shape::of(range.start as u64, lon, lat) }
    }

    /// Track and row.
    type Places = BTreeSet<(usize, u64)>;

    /// Rows in the cell by planned and by exhaustive reading, and the share of pieces that planning read.
    fn both(job: &Job, tracks: &[Rows]) -> (Places, Places, f64) {
        let region = Region::of(job).unwrap();
        let pieces = |rows: &Rows| rows.latitude.len().div_ceil(PIECE);
        let cut = |rows: &Rows| {
            let ends = (0..pieces(rows)).map(|piece| piece * PIECE..(piece * PIECE + PIECE).min(rows.latitude.len()));
            Explored::new(Pieces::new(ends.map(|range| range.start as u64..range.end as u64).collect()))
        };
        let mut explored: Vec<Explored> = tracks.iter().map(cut).collect();
        let (mut planned, mut read_pieces) = (Places::new(), 0);
        loop {
            let next = plan(&mut explored, &region, &ORBIT);
            if next.is_empty() {
                break;
            }
            for next in next {
                let found = read(job, next.track, &tracks[next.track], next.piece);
                planned.extend(found.selected.rows.iter().map(|row| (next.track, *row)));
                explored[next.track].learn(&found);
                read_pieces += 1;
            }
        }
        let all = tracks
            .iter()
            .enumerate()
            .flat_map(|(track, rows)| (0..pieces(rows)).map(move |piece| (track, rows, piece)));
        let mut exhaustive = Places::new();
        let mut total = 0;
        for (track, rows, piece) in all {
            exhaustive.extend(read(job, track, rows, piece).selected.rows.iter().map(|row| (track, *row)));
            total += 1;
        }
        assert!(read_pieces <= total, "a piece was read twice");
        (planned, exhaustive, f64::from(read_pieces) / f64::from(total.max(1)))
    }

    fn job(lon: f64, lat: f64, latitude: Latitude) -> Job {
        let cell = Cell::at(LonLat::degrees(lon, lat).unwrap(), Order::new(6).unwrap(), latitude).unwrap();
        let mut job = Job::new(cell, Order::new(12).unwrap()).unwrap();
        job.latitude = latitude;
        job
    }

    fn granule() -> impl Strategy<Value = Granule> {
        let gaps = prop::collection::vec((0.0..1.0, 1_usize..300), 0..12);
        (0.0..TAU, -PI..PI, 0_usize..6000, gaps, prop_oneof![Just(0), 50_usize..900], 0_u8..4)
            .prop_map(|(start, node, rows, gaps, missing, spoilt)| Granule { start, node, rows, gaps, missing, spoilt })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn planned_reading_finds_every_row_of_the_cell(
            granule in granule(), at in 0.0..1.0, beside in -90.0..90.0, authalic: bool
        ) {
            let acrosses = [-3.345, -3.255, -0.045, 0.045, 3.255, 3.345];
            let tracks: Vec<Rows> = acrosses.iter().map(|across| granule.track(*across)).collect();
            // A cell on the track or beside it.
            let (lon, lat) = granule.place((at * granule.rows as f64) as usize, beside);
            let job = job(lon, lat, if authalic { Latitude::Authalic } else { Latitude::Spherical });
            let (planned, exhaustive, _) = both(&job, &tracks);
            prop_assert_eq!(planned, exhaustive);
        }
    }

    #[test]
    fn little_is_read_of_an_ordinary_granule() {
        // Over the southern turn, a cell in its first half; gaps here and there.
        let gaps = (0..10).map(|gap| (f64::from(gap) / 10.0, 11 + 3 * gap as usize)).collect();
        let granule = Granule { start: 1.4 * PI, node: 1.0, rows: 5000, gaps, missing: 97, spoilt: 0 };
        let tracks: Vec<Rows> = [-3.3, -3.2, 0.0, 0.1, 3.2, 3.3].iter().map(|across| granule.track(*across)).collect();
        let (lon, lat) = granule.place(1500, 10.0);
        let (planned, exhaustive, share) = both(&job(lon, lat, Latitude::Spherical), &tracks);
        assert!(!exhaustive.is_empty());
        assert_eq!(planned, exhaustive);
        assert!(share < 0.3, "{share}");
    }
}
