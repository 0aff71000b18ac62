//! A bar of a round number of kilometres, in the corner of the frame where it hides least.

use crate::layout::{LABEL, Layout, Rect};
use crate::svg::{Px, Svg};
use crate::text::{Anchor, INK, Style};
use crate::ticks::number;
use crate::view::View;

/// Draws the bar for the scale at the frame's centre; `drawn` are pixels with data, to be left visible.
pub(crate) fn draw(svg: &mut Svg, view: &View, layout: &Layout, drawn: &[[f64; 2]]) {
    let em = layout.em;
    let ground = view.ground();
    let length = round_below(0.24 * view.frame.width() * ground);
    let width = length / ground;
    let label = label(length);
    let style = Style::ink(LABEL * em);
    let pad = 0.55 * em;
    let room = [width.max(style.width(&label)) + 2.0 * pad, style.size + 0.45 * em + 2.0 * pad];
    let place = corner(view.frame, room, 0.6 * em, drawn);
    svg.leaf(
        "rect",
        &[
            ("x", &Px(place.left)),
            ("y", &Px(place.top)),
            ("width", &Px(place.width())),
            ("height", &Px(place.height())),
            ("rx", &Px(0.2 * em)),
            ("fill", &"#ffffff"),
            ("fill-opacity", &0.85),
        ],
    );
    let [middle, _] = place.centre();
    style.draw(svg, [middle, place.top + pad + 0.78 * style.size], Anchor::Middle, &label);
    let (left, top, height) = (middle - width / 2.0, place.bottom - pad - 0.3 * em, 0.3 * em);
    for (half, fill) in [(0.0, INK), (1.0, "#ffffff")] {
        svg.leaf(
            "rect",
            &[
                ("x", &Px(left + half * width / 2.0)),
                ("y", &Px(top)),
                ("width", &Px(width / 2.0)),
                ("height", &Px(height)),
                ("fill", &fill),
                ("stroke", &INK),
                ("stroke-width", &Px(0.06 * em)),
            ],
        );
    }
}

/// The greatest of 1, 2, 5 times a power of ten that is no more than a positive number.
fn round_below(most: f64) -> f64 {
    let unit = 10_f64.powf(most.log10().floor());
    let mantissa = most / unit;
    [5.0, 2.0].into_iter().find(|nice| mantissa >= *nice).unwrap_or(1.0) * unit
}

/// Metres, in kilometres from one on.
fn label(metres: f64) -> String {
    if metres >= 999.5 { format!("{} km", number(metres / 1000.0, 0)) } else { format!("{metres} m") }
}

/// The corner with the fewest of the pixels; bottom left in doubt.
fn corner(frame: Rect, [width, height]: [f64; 2], gap: f64, drawn: &[[f64; 2]]) -> Rect {
    let lefts = [frame.left + gap, frame.right - gap - width];
    let tops = [frame.bottom - gap - height, frame.top + gap];
    let corners = tops.into_iter().flat_map(|top| lefts.map(|left| (left, top)));
    let rects = corners.map(|(left, top)| Rect { left, top, right: left + width, bottom: top + height });
    let hidden = |rect: &Rect| drawn.iter().filter(|&&pixel| rect.contains(pixel)).count();
    let first = Rect { left: lefts[0], top: tops[0], right: lefts[0] + width, bottom: tops[0] + height };
    rects.min_by_key(hidden).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_round() {
        for (most, length, text) in
            [(23_456.0, 20_000.0, "20 km"), (999.0, 500.0, "500 m"), (1_000_000.0, 1e6, "1000 km")]
        {
            assert!((round_below(most) - length).abs() < 1e-6);
            assert_eq!(label(round_below(most)), text);
        }
    }

    #[test]
    fn the_emptiest_corner_is_taken() {
        let frame = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        assert_eq!(corner(frame, [20.0, 10.0], 5.0, &[]).left, 5.0);
        let chosen = corner(frame, [20.0, 10.0], 5.0, &[[10.0, 90.0], [90.0, 90.0], [10.0, 10.0]]);
        assert!(chosen.left > 50.0 && chosen.top < 50.0);
    }
}
