//! Text in a picture: how wide it is, how it is fitted, how it is drawn.

use crate::advances::{BOLD, REGULAR};
use crate::svg::{Px, Svg};

/// Dark grey of titles and labels.
pub(crate) const INK: &str = "#1b1f24";
/// Grey of what is secondary.
pub(crate) const QUIET: &str = "#59626c";
/// Height of capitals and digits above the baseline, in em.
const CAP: f64 = 0.73;

/// Where the given place is on a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How text is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Pixels an em.
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) fill: &'static str,
}

impl Style {
    pub(crate) fn ink(size: f64) -> Self {
        Self { size, bold: false, fill: INK }
    }

    pub(crate) fn quiet(size: f64) -> Self {
        Self { size, bold: false, fill: QUIET }
    }

    /// Width of a text in pixels; characters without a known advance are taken as wide.
    pub(crate) fn width(self, text: &str) -> f64 {
        let table = if self.bold { &BOLD } else { &REGULAR };
        let advance = |c: char| match (c as usize).checked_sub(0x20).and_then(|index| table.get(index)) {
            Some(&advance) => f64::from(advance),
            None => 1716.0,
        };
        text.chars().map(advance).sum::<f64>() / 2048.0 * self.size
    }

    /// The text, made smaller (to three quarters at most) and then shortened until it fits the width.
    pub(crate) fn fit(self, text: &str, width: f64) -> (Self, String) {
        let shrink = (width / self.width(text).max(1e-9)).clamp(0.75, 1.0);
        let style = Self { size: self.size * shrink, ..self };
        if style.width(text) <= width + 1e-6 {
            return (style, text.to_owned());
        }
        let mut short = text.to_owned();
        while short.pop().is_some() && style.width(&short) + style.width("…") > width {}
        (style, format!("{}…", short.trim_end()))
    }

    /// Breaks a text into lines that fit, at blanks; `most` lines, the last shortened.
    pub(crate) fn wrap(self, text: &str, width: f64, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let full = lines.len() >= most;
            match lines.last_mut() {
                Some(line) if full || self.width(line) + self.width(" ") + self.width(word) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        if let Some(last) = lines.last_mut() {
            let fixed = Self { size: self.size, ..self };
            if fixed.width(last) > width {
                while last.pop().is_some() && fixed.width(last) + fixed.width("…") > width {}
                last.push('…');
            }
        }
        lines
    }

    /// Draws with the baseline at `y`.
    pub(crate) fn draw(self, svg: &mut Svg, [x, y]: [f64; 2], anchor: Anchor, text: &str) {
        self.place(svg, &[("x", &Px(x)), ("y", &Px(y))], anchor, text);
    }

    /// Draws with capitals and digits centred on `y`.
    pub(crate) fn draw_centred(self, svg: &mut Svg, [x, y]: [f64; 2], anchor: Anchor, text: &str) {
        self.draw(svg, [x, y + CAP / 2.0 * self.size], anchor, text);
    }

    /// Draws upwards, centred on `y`, with the baseline at `x`.
    pub(crate) fn draw_upwards(self, svg: &mut Svg, [x, y]: [f64; 2], text: &str) {
        let turn = format!("translate({} {}) rotate(-90)", Px(x), Px(y));
        self.place(svg, &[("transform", &turn)], Anchor::Middle, text);
    }

    fn place(self, svg: &mut Svg, place: &[crate::svg::Attribute<'_>], anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let size = Px(self.size);
        let mut attributes = place.to_vec();
        attributes.extend([("font-size", &size as _), ("text-anchor", &anchor as _), ("fill", &self.fill as _)]);
        if self.bold {
            attributes.push(("font-weight", &"bold"));
        }
        svg.leaf_text("text", &attributes, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_come_from_the_font() {
        // Advances of DejaVu Sans: digits 1303 of 2048.
        assert!((Style::ink(20.48).width("00") - 26.06).abs() < 1e-9);
    }

    #[test]
    fn long_text_shrinks_then_loses_its_end() {
        let style = Style::ink(10.0);
        let text = "a rather long title for a small picture";
        let full = style.width(text);
        assert_eq!(style.fit(text, full).1, text);
        let (smaller, same) = style.fit(text, full * 0.8);
        assert!(same == text && smaller.width(&same) <= full * 0.8 + 1e-6);
        let (style, short) = style.fit(text, full * 0.3);
        assert!(short.ends_with('…') && style.width(&short) <= full * 0.3 + style.size);
    }

    #[test]
    fn wrapping_keeps_every_word_that_fits() {
        let style = Style::ink(10.0);
        let text = "one two three four five six";
        assert_eq!(style.wrap(text, style.width("one two three"), 2), ["one two three", "four five six"]);
        assert!(style.wrap(text, style.width("one two"), 2)[1].ends_with('…'));
    }
}
