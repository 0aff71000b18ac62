//! Meridians and parallels, with labels where they leave the frame.

use crate::layout::{LABEL, Layout, Rect};
use crate::projection::wrap;
use crate::svg::{PathData, Px, Svg};
use crate::text::{Anchor, QUIET, Style};
use crate::ticks::{decimals, multiples, number};
use crate::view::View;

/// Spacings in degrees, widest first.
const STEPS: [f64; 13] = [60.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
/// Fewest lines wanted each way.
const WANTED: f64 = 3.0;
/// Points on one line.
const SAMPLES: u8 = 96;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Left,
    Bottom,
    Top,
}

/// One line of the graticule, in pixels.
struct Line {
    points: Vec<[f64; 2]>,
    label: String,
    /// Sides on which a label is looked for, the first best.
    sides: [Side; 3],
}

/// Draws the lines, clipped to the frame, and labels them outside it.
pub(crate) fn draw(svg: &mut Svg, view: &View, layout: &Layout, clip: &str) {
    let lines = lines(view);
    let mut path = PathData::default();
    for line in &lines {
        path.chain(line.points.iter().copied(), false);
    }
    let attributes: [(&'static str, &dyn std::fmt::Display); 6] = [
        ("d", &path),
        ("clip-path", &format_args!("url(#{clip})")),
        ("fill", &"none"),
        ("stroke", &"#20262c"),
        ("stroke-opacity", &0.3),
        ("stroke-width", &Px(0.055 * layout.em)),
    ];
    svg.leaf("path", &attributes);
    label(svg, &lines, view.frame, layout.em);
}

fn lines(view: &View) -> Vec<Line> {
    let extent = view.extent();
    let [west, east] = extent.lon;
    let [south, north] = extent.lat;
    let (lon_step, lat_step) = (spacing(east - west), spacing(north - south));
    let along = |i: u8, [from, to]: [f64; 2]| from + (to - from) * f64::from(i) / f64::from(SAMPLES);
    // A little beyond what is shown, so that lines along which the extent was found cross the frame too.
    let beyond = |[from, to]: [f64; 2]| [from - 0.1 * (to - from), to + 0.1 * (to - from)];
    let across = if east - west >= 360.0 { extent.lon } else { beyond(extent.lon) };
    let up = beyond(extent.lat).map(|lat| lat.clamp(-90.0, 90.0));
    let mut lines = Vec::new();
    for lat in multiples(south, north, lat_step).into_iter().filter(|lat| lat.abs() < 90.0) {
        let points = (0..=SAMPLES).map(|i| view.pixel([along(i, across), lat])).collect();
        lines.push(Line {
            points,
            label: degrees(lat, lat_step, ["N", "S"]),
            sides: [Side::Left, Side::Bottom, Side::Top],
        });
    }
    let whole = east - west >= 360.0;
    for lon in multiples(west, east, lon_step).into_iter().filter(|&lon| !(whole && lon >= east)) {
        let points = (0..=SAMPLES).map(|i| view.pixel([lon, along(i, up)])).collect();
        let label = degrees(wrap(lon), lon_step, ["E", "W"]);
        lines.push(Line { points, label, sides: [Side::Bottom, Side::Left, Side::Top] });
    }
    lines
}

/// The widest spacing that puts enough lines into a range.
fn spacing(range: f64) -> f64 {
    STEPS.into_iter().find(|step| range / step >= WANTED).unwrap_or(STEPS[STEPS.len() - 1])
}

fn degrees(value: f64, step: f64, [positive, negative]: [&str; 2]) -> String {
    let hemisphere = match value {
        v if v.abs() < 1e-9 || (v.abs() - 180.0).abs() < 1e-9 => "",
        v if v > 0.0 => positive,
        _ => negative,
    };
    format!("{}°{hemisphere}", number(value.abs(), decimals(step)))
}

/// Labels each line on the best side where it leaves the frame and no other label is in the way.
fn label(svg: &mut Svg, lines: &[Line], frame: Rect, em: f64) {
    let style = Style::quiet(LABEL * em);
    let gap = 0.45 * em;
    let mut taken: Vec<Rect> = Vec::new();
    for line in lines {
        let width = style.width(&line.label);
        let places = line.sides.into_iter().flat_map(|side| crossings(line, frame, side));
        let free = places.into_iter().find_map(|(side, point)| {
            let place = bounds(side, point, [width, style.size], gap);
            let blocked = taken.iter().any(|other| overlap(*other, place, 0.5 * em));
            (!blocked).then_some((side, point, place))
        });
        if let Some((side, point, place)) = free {
            taken.push(place);
            mark(svg, side, point, gap);
            let [_, middle] = place.centre();
            style.draw_centred(svg, [place.left, middle], Anchor::Start, &line.label);
        }
    }
}

/// Where a line crosses one side of the frame.
fn crossings(line: &Line, frame: Rect, side: Side) -> Vec<(Side, [f64; 2])> {
    let (axis, at) = match side {
        Side::Left => (0, frame.left),
        Side::Top => (1, frame.top),
        Side::Bottom => (1, frame.bottom),
    };
    let mut found = Vec::new();
    for pair in line.points.windows(2) {
        let [a, b] = [pair[0][axis] - at, pair[1][axis] - at];
        if (a < 0.0) != (b < 0.0) {
            let t = a / (a - b);
            let point = [0, 1].map(|i| pair[0][i] + (pair[1][i] - pair[0][i]) * t);
            let other = 1 - axis;
            let within = if other == 1 { frame.top..=frame.bottom } else { frame.left..=frame.right };
            if within.contains(&point[other]) {
                found.push((side, point));
            }
        }
    }
    found
}

/// The room that a label takes.
fn bounds(side: Side, [x, y]: [f64; 2], [width, height]: [f64; 2], gap: f64) -> Rect {
    let (left, top) = match side {
        Side::Left => (x - gap - width - 0.15 * height, y - height / 2.0),
        Side::Top => (x - width / 2.0, y - gap - height),
        Side::Bottom => (x - width / 2.0, y + gap),
    };
    Rect { left, top, right: left + width, bottom: top + height }
}

fn overlap(a: Rect, b: Rect, gap: f64) -> bool {
    a.left < b.right + gap && b.left < a.right + gap && a.top < b.bottom + gap / 2.0 && b.top < a.bottom + gap / 2.0
}

/// A short tick at a label.
fn mark(svg: &mut Svg, side: Side, [x, y]: [f64; 2], gap: f64) {
    let length = 0.6 * gap;
    let end = match side {
        Side::Left => [x - length, y],
        Side::Top => [x, y - length],
        Side::Bottom => [x, y + length],
    };
    let mut path = PathData::default();
    path.chain([[x, y], end], false);
    svg.leaf("path", &[("d", &path), ("stroke", &QUIET), ("stroke-width", &Px(0.14 * gap)), ("fill", &"none")]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacings_and_labels() {
        assert_eq!(spacing(360.0), 60.0);
        assert_eq!(spacing(1.7), 0.5);
        assert_eq!(degrees(-80.5, 0.5, ["N", "S"]), "80.5°S");
        assert_eq!(degrees(0.0, 20.0, ["E", "W"]), "0°");
        assert_eq!(degrees(-180.0, 20.0, ["E", "W"]), "180°");
        assert_eq!(degrees(45.0, 1.0, ["E", "W"]), "45°E");
    }
}
