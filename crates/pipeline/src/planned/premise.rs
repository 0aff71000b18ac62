//! What makes the premises of planned reading believable: all that was read is held against them.
//!
//! Rows run in flight order on one passage ([`Doubt::Order`], [`Doubt::Rows`]), over one orbit ([`Doubt::Course`]), in a
//! pattern that moves sideways slowly and whose tracks lie side by side ([`Doubt::Apart`]). Where one of these fails,
//! nothing is concluded from anything: all coordinates are read.
use super::bracket::{Known, spots};
use super::certificate::beside;
use super::course::{Course, SLACK, Spot};
use crate::Orbit;

/// Rows between two known places, against those that fit with one every `Orbit::spacing`: this share more may be there.
const DENSER: f64 = 1.05;
/// ... and this number of rows for rounding.
const ROUNDING: f64 = 3.0;

/// Why planned reading is given up for a granule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Doubt {
    /// Rows of a track do not follow each other in flight order.
    Order(String),
    /// A track lies where no passage of this orbit leads.
    Course(String),
    /// A track moves sideways faster than the observatory turns, or lies too far from its siblings.
    Apart(String),
    /// More rows lie between two places of a track than fit.
    Rows(String),
    /// No track has enough places for a course.
    Unclear,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Order(track) => write!(f, "rows of {track} do not follow each other in flight order"),
            Self::Course(track) => write!(f, "{track} does not keep to one passage of the orbit"),
            Self::Apart(track) => write!(f, "{track} does not run beside its siblings"),
            Self::Rows(track) => write!(f, "{track} has more rows between two places than fit"),
            Self::Unclear => write!(f, "too few places were found to tell the course"),
        }
    }
}

/// Holds what was read of the tracks against the premises, given the course.
pub(crate) fn check(tracks: &[(&str, &Known)], course: &Course, orbit: &Orbit) -> Result<(), Doubt> {
    let slew = course.slew();
    let mut all: Vec<Spot> = Vec::new();
    for (name, known) in tracks {
        let mut before: Option<(u64, Spot)> = None;
        for (row, spot) in spots(known, course) {
            if let Some((from, last)) = before {
                let flown = spot.along - last.along;
                if flown < -SLACK {
                    return Err(Doubt::Order((*name).into()));
                }
                if (spot.beside - last.beside).abs() > slew * flown.max(0.0) + SLACK {
                    return Err(Doubt::Apart((*name).into()));
                }
                if count(row - from) > flown.max(0.0) / orbit.spacing * DENSER + SLACK / orbit.spacing + ROUNDING {
                    return Err(Doubt::Rows((*name).into()));
                }
            }
            before = Some((row, spot));
        }
        let apart = |spot: &Spot| !beside(spot, &all, slew, 0.0, orbit.spread);
        let own: Vec<Spot> = spots(known, course).map(|(_, spot)| spot).collect();
        if own.iter().any(apart) {
            return Err(Doubt::Apart((*name).into()));
        }
        all.extend(own);
        all.sort_unstable_by(|a, b| a.along.total_cmp(&b.along));
    }
    Ok(())
}

/// Row numbers as positions along a track.
#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^53, and positions are predictions")]
pub(crate) fn count(rows: u64) -> f64 {
    rows as f64
}
