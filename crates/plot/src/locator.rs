//! A small map of the polar region with a mark where the cells are.

use crate::coast::Coast;
use crate::layout::Rect;
use crate::projection::Projection;
use crate::svg::{PathData, Px, Svg};
use crate::text::INK;
use crate::view::View;

/// Red that stays apart from both colour maps and from grey.
const MARK: &str = "#c2185b";
/// A map that shows more metres than this across needs no locator.
const WIDEST: f64 = 2.4e6;

/// Whether a view gains by one.
pub(crate) fn is_useful(view: &View) -> bool {
    view.projection.pole().is_some() && view.frame.width().max(view.frame.height()) * view.metres < WIDEST
}

/// Draws it into a square: Antarctica, or the Arctic from 58° N on and Greenland whole.
pub(crate) fn draw(svg: &mut Svg, view: &View, frame: Rect, em: f64) {
    let half = if view.projection == Projection::PolarSouth { 3.1e6 } else { 3.3e6 };
    let whole = View::around(view.projection, frame, half);
    let clip = svg.id("locator");
    svg.open("clipPath", &[("id", &clip)]);
    square(svg, frame, &[]);
    svg.close();
    svg.open("g", &[("clip-path", &format_args!("url(#{clip})"))]);
    let coast = Coast::new(&whole);
    coast.ground(svg, frame);
    coast.shore(svg, 0.05 * em);
    let corners = [
        [view.frame.left, view.frame.top],
        [view.frame.right, view.frame.top],
        [view.frame.right, view.frame.bottom],
        [view.frame.left, view.frame.bottom],
    ];
    let shown: Vec<[f64; 2]> = corners.iter().map(|&corner| whole.pixel(view.position(corner))).collect();
    let extent = |axis: usize| {
        let values = shown.iter().map(|p| p[axis]);
        (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
    };
    let ((left, right), (top, bottom)) = (extent(0), extent(1));
    if (right - left).max(bottom - top) > 0.9 * em {
        let mut path = PathData::default();
        path.chain(shown, true);
        svg.leaf("path", &[("d", &path), ("fill", &"none"), ("stroke", &MARK), ("stroke-width", &Px(0.13 * em))]);
    } else {
        let [x, y] = [f64::midpoint(left, right), f64::midpoint(top, bottom)].map(Px);
        let (radius, width) = (Px(0.34 * em), Px(0.08 * em));
        svg.leaf(
            "circle",
            &[
                ("cx", &x),
                ("cy", &y),
                ("r", &radius),
                ("fill", &MARK),
                ("stroke", &"#ffffff"),
                ("stroke-width", &width),
            ],
        );
    }
    svg.close();
    square(svg, frame, &[("fill", &"none"), ("stroke", &INK), ("stroke-width", &Px(0.06 * em))]);
}

fn square(svg: &mut Svg, frame: Rect, more: &[crate::svg::Attribute<'_>]) {
    let [x, y, width, height] = [frame.left, frame.top, frame.width(), frame.height()].map(Px);
    let mut attributes: Vec<crate::svg::Attribute<'_>> =
        vec![("x", &x), ("y", &y), ("width", &width), ("height", &height)];
    attributes.extend_from_slice(more);
    svg.leaf("rect", &attributes);
}
