//! The colour bar: gradient, ticks, unit, marks for values beyond the limits, and the sign for no data.

use crate::layout::{LABEL, Rect};
use crate::svg::{PathData, Px, Svg};
use crate::text::{Anchor, INK, Style};
use crate::ticks::Ticks;
use crate::{ColourMap, Scale, ValueRange};

/// What the bar explains.
#[derive(Debug, Clone)]
pub(crate) struct ColourBar<'a> {
    pub(crate) scale: Scale,
    pub(crate) limits: ValueRange,
    pub(crate) colours: ColourMap,
    /// Name of the variable, with its unit.
    pub(crate) label: String,
    /// Whether values lie below and above the limits.
    pub(crate) beyond: [bool; 2],
    /// Patterns of cells that are not on the scale, with their meaning.
    pub(crate) signs: Vec<(&'a str, &'static str)>,
}

/// Stops of the gradient: enough that the straight parts between them are not seen.
const STOPS: u8 = 48;

impl ColourBar<'_> {
    /// Draws into a column.
    pub(crate) fn draw(&self, svg: &mut Svg, column: Rect, em: f64) {
        let ticks = Ticks::new(self.limits, self.scale, 6.0);
        let point = 1.1 * em;
        let head = if ticks.factor.is_some() { 1.6 * em } else { 0.0 };
        let foot = [0.0, 2.9, 4.6].get(self.signs.len()).copied().unwrap_or(4.6) * em;
        let bar = Rect {
            left: column.left,
            top: column.top + head + if self.beyond[1] { point } else { 0.0 },
            right: column.left + 1.25 * em,
            bottom: column.bottom - foot - if self.beyond[0] { point } else { 0.0 },
        };
        self.gradient(svg, bar, point, em);
        let widest = self.ticks(svg, bar, &ticks, em);
        if let Some(factor) = &ticks.factor {
            Style::ink(LABEL * em).draw(svg, [bar.left, column.top + 0.7 * em], Anchor::Start, factor);
        }
        let [_, middle] = bar.centre();
        let (style, label) = Style::ink(0.95 * em).fit(&self.label, bar.height() + foot);
        let x = bar.right + 0.65 * em + widest + 1.35 * em;
        style.draw_upwards(svg, [x.min(column.right - 0.15 * em), middle], &label);
        for (sign, step) in self.signs.iter().rev().zip(0_u8..) {
            swatch(svg, [column.left, column.bottom - (1.25 + 1.7 * f64::from(step)) * em], *sign, em);
        }
    }

    fn gradient(&self, svg: &mut Svg, bar: Rect, point: f64, em: f64) {
        let id = svg.id("ramp");
        // In pixels: the points beyond the ends have the colour of the end.
        let ends = [("y1", Px(bar.bottom)), ("y2", Px(bar.top))];
        svg.open(
            "linearGradient",
            &[
                ("id", &id),
                ("gradientUnits", &"userSpaceOnUse"),
                ("x1", &0),
                ("x2", &0),
                (ends[0].0, &ends[0].1),
                (ends[1].0, &ends[1].1),
            ],
        );
        for i in 0..=STOPS {
            let place = f64::from(i) / f64::from(STOPS);
            svg.leaf("stop", &[("offset", &format_args!("{place:.4}")), ("stop-color", &self.colours.at(place))]);
        }
        svg.close();
        let [middle, _] = bar.centre();
        let mut outline = vec![[bar.left, bar.bottom], [bar.left, bar.top]];
        outline.extend(self.beyond[1].then_some([middle, bar.top - point]));
        outline.extend([[bar.right, bar.top], [bar.right, bar.bottom]]);
        outline.extend(self.beyond[0].then_some([middle, bar.bottom + point]));
        let mut path = PathData::default();
        path.chain(outline, true);
        svg.leaf(
            "path",
            &[
                ("d", &path),
                ("fill", &format_args!("url(#{id})")),
                ("stroke", &INK),
                ("stroke-width", &Px(0.06 * em)),
                ("stroke-linejoin", &"round"),
            ],
        );
    }

    /// Ticks and labels to the right of the bar; the width of the widest label.
    fn ticks(&self, svg: &mut Svg, bar: Rect, ticks: &Ticks, em: f64) -> f64 {
        let style = Style::ink(LABEL * em);
        let mut path = PathData::default();
        let mut widest = 0.0_f64;
        for (value, label) in &ticks.marks {
            let Some(place) = self.scale.position(self.limits, *value) else { continue };
            let y = bar.bottom - place * bar.height();
            path.chain([[bar.right, y], [bar.right + 0.35 * em, y]], false);
            style.draw_centred(svg, [bar.right + 0.6 * em, y], Anchor::Start, label);
            widest = widest.max(style.width(label));
        }
        if !path.is_empty() {
            svg.leaf("path", &[("d", &path), ("stroke", &INK), ("stroke-width", &Px(0.06 * em)), ("fill", &"none")]);
        }
        widest
    }
}

/// A patterned box with its meaning.
fn swatch(svg: &mut Svg, [left, top]: [f64; 2], (hatch, meaning): (&str, &str), em: f64) {
    let side = 1.25 * em;
    svg.leaf(
        "rect",
        &[
            ("x", &Px(left)),
            ("y", &Px(top)),
            ("width", &Px(side)),
            ("height", &Px(side)),
            ("fill", &format_args!("url(#{hatch})")),
            ("stroke", &"#8b939b"),
            ("stroke-width", &Px(0.06 * em)),
        ],
    );
    Style::ink(LABEL * em).draw_centred(svg, [left + side + 0.6 * em, top + side / 2.0], Anchor::Start, meaning);
}
