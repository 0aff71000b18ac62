//! What is known of a satellite's flight: enough to plan reads, never to place rows.
use serde::{Deserialize, Serialize};

/// What a product's tracks have in common.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// Whether all of it is above 0, and finite.
    pub(crate) fn is_possible(self) -> bool {
        let Self { period, inclination, spacing, spread, pointing } = self;
        [period, inclination, spacing, spread, pointing].iter().all(|number| number.is_finite() && *number > 0.0)
    }
}

/// ICESat-2 as ATL06's description has it.
#[cfg(test)]
pub(crate) const ICESAT2: Orbit =
    Orbit { period: 91.0 * 86_400.0 / 1387.0, inclination: 92.0, spacing: 0.02, spread: 7.5, pointing: 50.0 };
