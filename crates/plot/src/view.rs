use crate::Projection;
use crate::layout::Rect;
use crate::projection::wrap;

/// A projection seen through a frame: from degrees to pixels and back, in equal scale both ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) projection: Projection,
    pub(crate) frame: Rect,
    /// Metres on the plane at the frame's centre.
    centre: [f64; 2],
    /// Metres on the plane a pixel.
    pub(crate) metres: f64,
}

/// What a frame shows of the globe, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extent {
    /// West and east; east may exceed 180.
    pub(crate) lon: [f64; 2],
    /// South and north.
    pub(crate) lat: [f64; 2],
}

impl View {
    /// The view in which the points (degrees) fill the frame except for a border; `None` without finite points.
    pub(crate) fn fit<'a>(
        projection: Projection,
        frame: Rect,
        points: impl Iterator<Item = &'a [f64; 2]>,
    ) -> Option<Self> {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for &[lon, lat] in points {
            let xy = projection.forward(lon, lat);
            if xy.iter().all(|x| x.is_finite()) {
                low = [0, 1].map(|i| low[i].min(xy[i]));
                high = [0, 1].map(|i| high[i].max(xy[i]));
            }
        }
        if low[0] > high[0] {
            return None;
        }
        let border = 1.12;
        let metres = ((high[0] - low[0]) / frame.width()).max((high[1] - low[1]) / frame.height()) * border;
        let centre = [0, 1].map(|i| f64::midpoint(low[i], high[i]));
        Some(Self { projection, frame, centre, metres: metres.max(1e-3) })
    }

    /// The view of a square of the plane around its origin, from `-half` to `half` metres.
    pub(crate) fn around(projection: Projection, frame: Rect, half: f64) -> Self {
        Self { projection, frame, centre: [0.0; 2], metres: 2.0 * half / frame.width().min(frame.height()) }
    }

    /// Degrees to pixels.
    pub(crate) fn pixel(&self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        self.on_frame(self.projection.forward(lon, lat))
    }

    /// Degrees to pixels, for continuous longitudes.
    pub(crate) fn pixel_unwrapped(&self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        self.on_frame(self.projection.forward_unwrapped(lon, lat))
    }

    fn on_frame(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [cx, cy] = self.frame.centre();
        [cx + (x - self.centre[0]) / self.metres, cy - (y - self.centre[1]) / self.metres]
    }

    /// Pixels to degrees.
    pub(crate) fn position(&self, [px, py]: [f64; 2]) -> [f64; 2] {
        let [cx, cy] = self.frame.centre();
        let x = self.centre[0] + (px - cx) * self.metres;
        let y = self.centre[1] - (py - cy) * self.metres;
        self.projection.inverse(x, y)
    }

    /// Metres on the ground a pixel, at the frame's centre.
    pub(crate) fn ground(&self) -> f64 {
        let [_, lat] = self.position(self.frame.centre());
        self.metres / self.projection.scale_factor(lat)
    }

    /// What the frame shows, found at a lattice of its points.
    pub(crate) fn extent(&self) -> Extent {
        const LATTICE: u8 = 24;
        let [middle, _] = self.position(self.frame.centre());
        let mut extent = Extent { lon: [middle; 2], lat: [90.0, -90.0] };
        for i in 0..=LATTICE {
            for j in 0..=LATTICE {
                let [u, v] = [i, j].map(|k| f64::from(k) / f64::from(LATTICE));
                let x = self.frame.left + u * self.frame.width();
                let y = self.frame.top + v * self.frame.height();
                let [lon, lat] = self.position([x, y]);
                let lon = middle + wrap(lon - middle);
                extent.lon = [extent.lon[0].min(lon), extent.lon[1].max(lon)];
                extent.lat = [extent.lat[0].min(lat).max(-90.0), extent.lat[1].max(lat).min(90.0)];
            }
        }
        if let Some(pole) = self.projection.pole().filter(|&pole| self.frame.contains(self.pixel([0.0, pole]))) {
            extent.lon = [-180.0, 180.0];
            extent.lat = [extent.lat[0].min(pole), extent.lat[1].max(pole)];
        }
        extent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect { left: 10.0, top: 20.0, right: 410.0, bottom: 320.0 };

    fn view(points: &[[f64; 2]]) -> View {
        View::fit(Projection::PolarSouth, FRAME, points.iter()).unwrap()
    }

    #[test]
    fn points_fill_the_frame_and_come_back() {
        let points = [[40.0, -80.0], [44.0, -80.0], [42.0, -79.0], [42.0, -81.0]];
        let view = view(&points);
        for point in points {
            let pixel = view.pixel(point);
            assert!(FRAME.contains(pixel));
            let back = view.position(pixel);
            assert!((back[0] - point[0]).abs() < 1e-9 && (back[1] - point[1]).abs() < 1e-9);
        }
    }

    #[test]
    fn a_frame_around_the_pole_shows_all_longitudes() {
        let extent = view(&[[0.0, -89.0], [90.0, -89.0], [180.0, -89.0], [-90.0, -89.0]]).extent();
        assert_eq!(extent.lon, [-180.0, 180.0]);
        assert_eq!(extent.lat[0], -90.0);
    }

    #[test]
    fn an_extent_may_cross_the_antimeridian() {
        let extent = view(&[[178.0, -75.0], [-178.0, -76.0]]).extent();
        assert!(extent.lon[1] - extent.lon[0] < 20.0, "{extent:?}");
    }

    #[test]
    fn without_points_there_is_no_view() {
        assert!(View::fit(Projection::PolarSouth, FRAME, [].iter()).is_none());
        assert!(View::fit(Projection::PolarSouth, FRAME, [[f64::NAN, 1.0]].iter()).is_none());
    }
}
