//! The region of interest.
use crate::pieces::{REACH_KM, cut, length};
use crate::read::{self, Outlines};
use crate::{Clip, Crs, Error};
use footprint::{Border, Membership, Rings};
use morton::{Cell, Latitude, Order};
use std::ops::Range;

/// Cells that are looked at for one answer, at most: some minutes.
const MAX_CELLS: u64 = 50_000_000;
/// Cells along the outline, at most.
const MAX_ALONG: f64 = 2e7;
/// Ids of a list, at most: half a gigabyte.
const MAX_IDS: u64 = 1 << 26;

/// A region: polygons with edges that are straight in the coordinate system that their file states.
///
/// A place is inside when it is within an odd number of the rings of any polygon, by the rules of [`Rings`]: of the places
/// on an edge, those are inside that have the region to the east (greater x) or to the north (greater y).
#[derive(Clone, Debug)]
pub struct Interest {
    crs: Crs,
    rings: Rings,
    /// The outline in degrees, a list for each ring.
    pieces: Vec<Vec<[[f64; 2]; 2]>>,
}

impl Interest {
    /// Reads `WEST,SOUTH,EAST,NORTH` in degrees (across 180 where east is below west) or in `crs`, the name of an outline
    /// that comes with the program (`antarctica`, `greenland`), GeoJSON, or WKT together with `crs`.
    ///
    /// `crs` is a coordinate system as [`Crs::parse`] reads it, for a text that states none.
    ///
    /// # Errors
    /// [`Error`] saying what is no region, which system is refused and why, and what to do.
    pub fn parse(text: &str, crs: Option<&str>) -> Result<Self, Error> {
        Self::new(read::text(text, crs)?)
    }

    /// Reads a file by the ending of its name: GeoJSON (`.geojson`, `.json`), a shapefile (`.shp`, or all of it in a
    /// `.zip`), FlatGeobuf (`.fgb`), GeoParquet (`.parquet`, `.geoparquet`), WKT (`.wkt`, `.txt`).
    ///
    /// `sibling` returns the bytes of another file by its name (`basin.prj` for `basin.shp`), or nothing. `crs` as for
    /// [`Interest::parse`].
    ///
    /// # Errors
    /// As [`Interest::parse`].
    pub fn of_file(
        name: &str,
        bytes: &[u8],
        sibling: &dyn Fn(&str) -> Option<Vec<u8>>,
        crs: Option<&str>,
    ) -> Result<Self, Error> {
        Self::new(read::file(name, bytes, sibling, crs)?)
    }

    fn new(Outlines { parts, crs }: Outlines) -> Result<Self, Error> {
        if !parts.iter().flatten().any(|ring| ring.len() > 2) {
            return Err(Error::usage("the region holds no polygon with three corners"));
        }
        let rings = if crs.is_degrees() { Rings::in_degrees(&parts) } else { Rings::on_plane(&parts) };
        let rings = rings.ok_or_else(|| {
            Error::usage(format!(
                "a corner of the region is no place in {crs}: in degrees, longitude comes first, within -720..720, then \
                 latitude, within -90..90; --region-crs states another coordinate system"
            ))
        })?;
        let pieces = cut(rings.lines(), &crs, f64::INFINITY)?;
        Ok(Self { crs, rings, pieces })
    }

    /// The coordinate system of the outline.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Whether a place is inside: degrees, geodetic WGS 84.
    #[must_use]
    pub fn contains(&self, lon: f64, lat: f64) -> bool {
        self.crs.forward(lon, lat).is_some_and(|point| self.rings.contains(point))
    }

    /// Nested ids of the cells of `order` that may hold anything of the region, sorted: those that it touches, and those
    /// that it comes near by a metre.
    ///
    /// # Errors
    /// [`Error::Usage`] when they are too many.
    pub fn touched(&self, order: Order, latitude: Latitude) -> Result<Vec<u64>, Error> {
        let ranges = self.cells(order, latitude, Membership::Touch)?;
        if ranges.iter().map(|range| range.end - range.start).sum::<u64>() > MAX_IDS {
            return Err(too_many(order));
        }
        Ok(ranges.into_iter().flatten().collect())
    }

    /// Nested ids of the cells of `order` that are kept, as sorted ranges that do not meet. `parent` is the order of the
    /// cells in which jobs compute; [`Clip::None`] keeps all that is in one.
    ///
    /// # Errors
    /// [`Error::Usage`] when the border of the region has too many cells, or `parent` is finer than `order`.
    pub fn kept(&self, order: Order, parent: Order, latitude: Latitude, clip: Clip) -> Result<Vec<Range<u64>>, Error> {
        if parent > order {
            return Err(Error::usage(format!("cells of order {order} have no parents of the finer order {parent}")));
        }
        match clip {
            Clip::Centre => self.cells(order, latitude, Membership::Centre),
            Clip::Touch | Clip::Rows => self.cells(order, latitude, Membership::Touch),
            Clip::None => {
                let shift = 2 * u32::from(order.get() - parent.get());
                let parents = self.cells(parent, latitude, Membership::Touch)?;
                Ok(parents.into_iter().map(|range| range.start << shift..range.end << shift).collect())
            }
        }
    }

    fn cells(&self, order: Order, latitude: Latitude, membership: Membership) -> Result<Vec<Range<u64>>, Error> {
        let pieces: Vec<[[f64; 2]; 2]> = self.pieces.iter().flatten().copied().collect();
        // A cell is about as wide as its share of a quarter of a great circle.
        let width = std::f64::consts::FRAC_PI_2 / f64::from(1_u32 << order.get());
        if pieces.iter().map(length).sum::<f64>() / width > MAX_ALONG {
            return Err(too_many(order));
        }
        let inside = |cell: Cell| {
            let centre = cell.centre_in(latitude);
            self.contains(centre.lon(), centre.lat())
        };
        let border = Border::new(&pieces, REACH_KM, latitude);
        border.cells(order, membership, MAX_CELLS, &inside).ok_or_else(|| too_many(order))
    }

    /// The outline for drawing: for each ring longitude and latitude in degrees, closed by its first position, in steps of
    /// at most `km` (0.01 to 20). Longitudes are continuous where the region is stated in degrees.
    ///
    /// # Errors
    /// [`Error::Usage`] when there are too many positions.
    pub fn outline(&self, km: f64) -> Result<Vec<Vec<[f64; 2]>>, Error> {
        let rings = cut(self.rings.lines(), &self.crs, km)?;
        let ring = |pieces: Vec<[[f64; 2]; 2]>| {
            let last = pieces.last().map(|[_, to]| *to);
            pieces.into_iter().map(|[from, _]| from).chain(last).collect()
        };
        Ok(rings.into_iter().map(ring).collect())
    }
}

fn too_many(order: Order) -> Error {
    Error::usage(format!("the region, or its border, has too many cells of order {order}: take a coarser order"))
}
