//! The border of an area.
use crate::vector::{Arc, Vector, chord_of_km, of_degrees, to_cells};
use morton::Latitude;

/// When a cell belongs to an area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Membership {
    /// When its centre is inside.
    Centre,
    /// When any of it is inside, or within the reach of the border.
    Touch,
}

/// The border of an area in short pieces of great circles, on the sphere of the cells.
#[derive(Clone, Default, Debug)]
pub struct Border {
    pub(crate) edges: Vec<Arc>,
    /// How far the true border may be from them, as a chord.
    pub(crate) reach: f64,
}

impl Border {
    /// Of pieces that are at most 20 km long, with their ends as longitude and latitude in degrees. The true border is
    /// within `reach_km` of the great circles between the ends. Pieces with an end that is no position are left out.
    #[must_use]
    pub fn new(pieces: &[[[f64; 2]; 2]], reach_km: f64, latitude: Latitude) -> Self {
        let at = |[lon, lat]: [f64; 2]| -> Option<Vector> { Some(to_cells(of_degrees(lon, lat)?, latitude)) };
        let edges = pieces.iter().filter_map(|&[from, to]| Some(Arc::new(at(from)?, at(to)?))).collect();
        // Authalic latitudes stretch distances by less than a hundredth, and bend a piece by less than 0.1 m
        // (an eighth of the second derivative, 0.009, times the square of the angle).
        Self { edges, reach: chord_of_km(1.01 * reach_km + 2e-4) }
    }
}
