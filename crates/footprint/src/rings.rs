//! Rings on a map: which points they enclose.
//!
//! An area has parts, a part has rings. A point is in a part when it is within an odd number of the part's rings, so a hole
//! is a hole in whichever direction it runs; it is in the area when it is in any part. A point on an edge belongs to what
//! is east (greater x) or north (greater y) of it, so neighbours share no point and leave none out.
//!
//! In longitude and latitude an edge that spans more than 180 degrees but not 360 goes the short way round. A ring that
//! comes back to its start encloses what it encloses on a map that is rolled out along it, however large that is. A ring
//! that goes once around the globe encloses the smaller of the two parts of the globe that it separates. The direction of
//! a ring never matters.

/// Longitudes are at most this far from 0, degrees.
const MAX_LON: f64 = 720.0;
/// Most bands of the index.
const MAX_BANDS: usize = 1 << 16;
/// Entries of the index for each edge, about.
const ENTRIES: f64 = 4.0;

/// The rings of an area, with an index that finds the edges above and below a point.
#[derive(Clone, Debug)]
pub struct Rings {
    degrees: bool,
    /// The edges of each ring as drawn, with continuous longitudes.
    lines: Vec<Vec<[[f64; 2]; 2]>>,
    /// By part, not upright, from the lesser to the greater x; in degrees, shifted into -180..180 in as many copies as needed.
    edges: Vec<Edge>,
    /// By part: whether a point north of all its edges is in it.
    north: Vec<bool>,
    bands: Bands,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    from: [f64; 2],
    to: [f64; 2],
    part: usize,
}

/// Edges by x: those of band `n` are `edges[starts[n]..starts[n + 1]]`.
#[derive(Clone, Default, Debug)]
struct Bands {
    west: f64,
    per_unit: f64,
    starts: Vec<usize>,
    edges: Vec<usize>,
}

impl Rings {
    /// Parts with their rings on a plane, positions as `[x, y]`; rings may be closed by their first point or not. `None`
    /// where a number is not finite.
    #[must_use]
    pub fn on_plane(parts: &[Vec<Vec<[f64; 2]>>]) -> Option<Self> {
        let good = parts.iter().flatten().flatten().flatten().all(|number| number.is_finite());
        good.then(|| Self::new(parts, false))
    }

    /// Parts with their rings as longitude and latitude in degrees. `None` where a latitude leaves -90..90 or a longitude
    /// -720..720.
    #[must_use]
    pub fn in_degrees(parts: &[Vec<Vec<[f64; 2]>>]) -> Option<Self> {
        let good = |&[lon, lat]: &[f64; 2]| lon.abs() <= MAX_LON && lat.abs() <= 90.0;
        parts.iter().flatten().flatten().all(good).then(|| Self::new(parts, true))
    }

    fn new(parts: &[Vec<Vec<[f64; 2]>>], degrees: bool) -> Self {
        let mut made =
            Self { degrees, lines: Vec::new(), edges: Vec::new(), north: Vec::new(), bands: Bands::default() };
        for rings in parts {
            let part = made.north.len();
            let mut north = false;
            for ring in rings {
                north ^= made.ring(ring, part);
            }
            made.north.push(north);
        }
        made.bands = Bands::of(&made.edges, degrees);
        made
    }

    /// Adds a ring; returns whether a point north of it is within it.
    fn ring(&mut self, ring: &[[f64; 2]], part: usize) -> bool {
        let closed = ring.len() > 1 && ring.first() == ring.last();
        let ring = ring.get(..ring.len() - usize::from(closed)).unwrap_or_default();
        let (mut turns, mut sines) = (0.0, 0.0);
        let mut lines = Vec::with_capacity(ring.len());
        for (&from, &to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let before = turns;
            let across = to[0] - from[0];
            if self.degrees && across.abs() > 180.0 && across.abs() < 360.0 {
                turns -= 1.0_f64.copysign(across);
            }
            lines.push([shifted(from, before), shifted(to, turns)]);
            if self.degrees {
                sines += sine_integral(shifted(from, before), shifted(to, turns));
            }
            self.edge((from, before), (to, turns), part);
        }
        self.lines.push(lines);
        // Around the globe, north is the smaller side where the mean sine of the latitude is positive.
        turns.rem_euclid(2.0) > 0.5 && sines * turns > 0.0
    }

    fn edge(&mut self, from: ([f64; 2], f64), to: ([f64; 2], f64), part: usize) {
        let [low, high] = if shifted(from.0, from.1)[0] <= shifted(to.0, to.1)[0] { [from, to] } else { [to, from] };
        if !self.degrees {
            self.push(low.0, high.0, part);
            return;
        }
        // Each position is shifted by whole turns at once, so that edges which share one share it to the bit.
        let first = (-(shifted(high.0, high.1)[0] + 180.0) / 360.0).floor();
        let last = ((180.0 - shifted(low.0, low.1)[0]) / 360.0).ceil();
        let mut more = first;
        while more <= last {
            let (from, to) = (shifted(low.0, low.1 + more), shifted(high.0, high.1 + more));
            if to[0] > -180.0 && from[0] < 180.0 {
                self.push(from, to, part);
            }
            more += 1.0;
        }
    }

    fn push(&mut self, from: [f64; 2], to: [f64; 2], part: usize) {
        if from[0] < to[0] {
            self.edges.push(Edge { from, to, part });
        }
    }

    /// The edges of each ring as drawn, upright ones too; longitudes are continuous and may leave -180..180.
    #[must_use]
    pub fn lines(&self) -> &[Vec<[[f64; 2]; 2]>] {
        &self.lines
    }

    /// Whether a point is in the area; longitudes are taken modulo 360.
    #[must_use]
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        let (x, y) = if self.degrees {
            // The northern pole counts as a point just south of it, which has a longitude.
            ((x + 180.0).rem_euclid(360.0) - 180.0, y.min(90.0 - 1e-12))
        } else {
            (x, y)
        };
        let (mut inside, mut part) = (false, usize::MAX);
        for edge in self.bands.at(x).iter().filter_map(|&at| self.edges.get(at)) {
            if edge.part != part {
                if inside {
                    return true;
                }
                part = edge.part;
                inside = self.north.get(part).copied().unwrap_or_default();
            }
            inside ^= edge.is_above(x, y);
        }
        inside
    }
}

impl Edge {
    fn is_above(&self, x: f64, y: f64) -> bool {
        let ([x0, y0], [x1, y1]) = (self.from, self.to);
        x0 <= x && x < x1 && y0 + (x - x0) / (x1 - x0) * (y1 - y0) > y
    }
}

impl Bands {
    fn of(edges: &[Edge], degrees: bool) -> Self {
        let mut west = edges.iter().map(|edge| edge.from[0]).fold(f64::INFINITY, f64::min);
        let mut east = edges.iter().map(|edge| edge.to[0]).fold(f64::NEG_INFINITY, f64::max);
        if degrees {
            (west, east) = (west.max(-180.0), east.min(180.0));
        }
        let range = east - west;
        if !(range > 0.0 && range.is_finite()) {
            return Self::default();
        }
        let widths: f64 = edges.iter().map(|edge| edge.to[0].min(east) - edge.from[0].max(west)).sum();
        let number = count(ENTRIES * edges.len() as f64 * (range / widths)).min(edges.len().max(1)).min(MAX_BANDS);
        let mut made = Self { west, per_unit: number as f64 / range, starts: vec![0; number + 1], edges: Vec::new() };
        let span = |made: &Self, edge: &Edge| (made.band(edge.from[0]), made.band(edge.to[0]));
        for edge in edges {
            let (first, last) = span(&made, edge);
            made.starts.iter_mut().take(last + 2).skip(first + 1).for_each(|start| *start += 1);
        }
        let mut total = 0;
        for start in &mut made.starts {
            total += *start;
            *start = total;
        }
        made.edges = vec![0; total];
        let mut next = made.starts.clone();
        for (at, edge) in edges.iter().enumerate() {
            let (first, last) = span(&made, edge);
            for band in next.iter_mut().take(last + 1).skip(first) {
                if let Some(slot) = made.edges.get_mut(*band) {
                    *slot = at;
                }
                *band += 1;
            }
        }
        made
    }

    /// The band of an x; the first or the last one beyond the ends.
    fn band(&self, x: f64) -> usize {
        count((x - self.west) * self.per_unit).min(self.starts.len().saturating_sub(2))
    }

    fn at(&self, x: f64) -> &[usize] {
        if self.starts.is_empty() || x.is_nan() {
            return &[];
        }
        let band = self.band(x);
        let (from, to) = (self.starts.get(band), self.starts.get(band + 1));
        from.zip(to).and_then(|(&from, &to)| self.edges.get(from..to)).unwrap_or_default()
    }
}

/// A whole number, 0 for negative ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn count(number: f64) -> usize {
    number as usize
}

fn shifted([x, y]: [f64; 2], turns: f64) -> [f64; 2] {
    [x + 360.0 * turns, y]
}

/// Integral over the longitude of the sine of the latitude along an edge, in degrees.
fn sine_integral(from: [f64; 2], to: [f64; 2]) -> f64 {
    let (a, b) = (from[1].to_radians(), to[1].to_radians());
    let half = (b - a) / 2.0;
    let narrow = if half.abs() < 1e-6 { 1.0 } else { libm::sin(half) / half };
    (to[0] - from[0]) * libm::sin((a + b) / 2.0) * narrow
}

#[cfg(test)]
mod tests {
    use super::*;

    fn degrees(rings: &[&[[f64; 2]]]) -> Rings {
        Rings::in_degrees(&[rings.iter().map(|ring| ring.to_vec()).collect()]).unwrap()
    }

    #[test]
    fn neighbours_share_no_point_and_leave_none_out() {
        let square = |x: f64, y: f64| vec![vec![[x, y], [x + 1.0, y], [x + 1.0, y + 1.0], [x, y + 1.0]]];
        let squares: Vec<Rings> =
            (0..9).map(|i| Rings::on_plane(&[square(f64::from(i % 3), f64::from(i / 3))]).unwrap()).collect();
        for i in 0..12 {
            for j in 0..12 {
                let at = [f64::from(i) * 0.25, f64::from(j) * 0.25];
                assert_eq!(squares.iter().filter(|square| square.contains(at)).count(), 1, "{at:?}");
            }
        }
    }

    #[test]
    fn holes_are_holes_and_islands_are_parts_of_their_own() {
        let ring = |half: f64| vec![[-half, -half], [half, -half], [half, half], [-half, half]];
        let rings = Rings::on_plane(&[vec![ring(9.0), ring(6.0)], vec![ring(3.0)]]).unwrap();
        for (x, inside) in [(0.0, true), (4.0, false), (7.0, true), (10.0, false)] {
            assert_eq!(rings.contains([x, 0.5]), inside, "{x}");
        }
        // Parts that overlap do not cancel.
        assert!(Rings::on_plane(&[vec![ring(2.0)], vec![ring(1.0)]]).unwrap().contains([0.0, 0.0]));
    }

    #[test]
    fn a_ring_around_the_globe_encloses_the_smaller_side_in_either_direction() {
        for (lat, north, south) in [(-70.0, false, true), (50.0, true, false), (-5.0, false, true)] {
            let mut ring = [[0.0, lat], [90.0, lat], [180.0, lat], [-90.0, lat]];
            for _ in 0..2 {
                let rings = degrees(&[&ring]);
                for lon in [-180.0, -90.0, 0.0, 33.0, 180.0, 359.0] {
                    assert_eq!(rings.contains([lon, lat + 1.0]), north);
                    assert_eq!(rings.contains([lon, lat - 1.0]), south);
                    assert_eq!((rings.contains([lon, 90.0]), rings.contains([lon, -90.0])), (north, south));
                }
                ring.reverse();
            }
        }
        let cap = [[0.0, -60.0], [120.0, -60.0], [-120.0, -60.0]];
        let hole = [[10.0, -80.0], [-110.0, -80.0], [130.0, -80.0]];
        let belt = degrees(&[&cap, &hole]);
        assert!(belt.contains([77.0, -70.0]) && !belt.contains([77.0, -85.0]) && !belt.contains([77.0, -50.0]));
    }

    #[test]
    fn a_ring_that_comes_back_is_as_large_as_it_is_drawn() {
        let world = degrees(&[&[[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0]]]);
        let most =
            degrees(&[&[[-170.0, -80.0], [0.0, -80.0], [170.0, -80.0], [170.0, 80.0], [0.0, 80.0], [-170.0, 80.0]]]);
        for lon in [-180.0, -179.0, -20.0, 0.0, 100.0, 540.0] {
            assert!([-90.0, -89.0, 0.0, 89.0, 90.0].iter().all(|&lat| world.contains([lon, lat])), "{lon}");
        }
        assert!(most.contains([10.0, 70.0]) && !most.contains([175.0, 70.0]) && !most.contains([10.0, 85.0]));
        let across = degrees(&[&[[170.0, 60.0], [-170.0, 60.0], [-170.0, 70.0], [170.0, 70.0]]]);
        assert!(across.contains([180.0, 65.0]) && across.contains([-171.0, 65.0]) && !across.contains([0.0, 65.0]));
        // The two halves of an area that is cut at 180 hold the meridian once.
        let halves = [[170.0, 180.0], [-180.0, -170.0]]
            .map(|[west, east]| degrees(&[&[[west, 60.0], [east, 60.0], [east, 70.0], [west, 70.0]]]));
        for lon in [-180.0, 180.0, 540.0] {
            assert_eq!(halves.iter().filter(|half| half.contains([lon, 65.0])).count(), 1);
        }
    }

    #[test]
    fn nothing_encloses_nothing() {
        for rings in [vec![], vec![vec![]], vec![vec![vec![]]], vec![vec![vec![[1.0, 1.0]; 5]]]] {
            let both = [Rings::in_degrees(&rings), Rings::on_plane(&rings)];
            assert!(both.into_iter().all(|rings| !rings.unwrap().contains([1.0, 1.0])));
        }
        let triangle = |last: f64| [vec![vec![[0.0, 0.0], [1.0, 0.0], [0.0, last]]]];
        assert!(!Rings::on_plane(&triangle(1.0)).unwrap().contains([f64::NAN, 0.0]));
        assert!(Rings::on_plane(&triangle(f64::NAN)).is_none() && Rings::in_degrees(&triangle(91.0)).is_none());
    }
}
