//! What is known of a satellite's flight: enough to plan reads, never to place rows.
use serde::{Deserialize, Serialize};

/// What a product's tracks have in common.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Orbit {
    /// Seconds a revolution.
    pub period: f64,
    /// Degrees between the orbit's plane and the equator's; beyond 90 against the turning Earth.
    pub inclination: f64,
    /// Kilometres between consecutive rows without gaps.
    pub spacing: f64,
    /// Kilometres that tracks of a granule lie apart at most, at the same place along the track.
    pub spread: f64,
    /// Kilometres that the instrument points beside the orbit's own ground track at most.
    pub pointing: f64,
}

impl Orbit {
    /// ICESat-2 with ATL06's segments: 1387 revolutions in 91 days at 92 degrees (Neumann et al. 2019, ATL03 ATBD); a
    /// segment every 20 m (ATL06 ATBD); outer beams 6.6 km apart. Off-nadir pointing of up to 5 degrees from 500 km is 44 km
    /// on the ground; the rest is for what a circle on a sphere is not (2 km for geodetic latitudes).
    pub const ICESAT2_ATL06: Self =
        Self { period: 91.0 * 86_400.0 / 1387.0, inclination: 92.0, spacing: 0.02, spread: 7.5, pointing: 50.0 };
}
