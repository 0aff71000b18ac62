use crate::Error;
use std::str::FromStr;

/// Size of a picture, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// Fewest pixels a side: below, text is illegible.
    pub const MIN: u32 = 200;
    /// Most pixels a side: 400 MB at four bytes a pixel.
    pub const MAX: u32 = 10_000;

    /// Checks a size.
    ///
    /// # Errors
    /// [`Error::Size`] unless both sides have [`MIN`](Self::MIN) to [`MAX`](Self::MAX) pixels.
    pub fn new(width: u32, height: u32) -> Result<Self, Error> {
        let allowed = Self::MIN..=Self::MAX;
        if allowed.contains(&width) && allowed.contains(&height) {
            return Ok(Self { width, height });
        }
        Err(Error::Size { width, height, min: Self::MIN, max: Self::MAX })
    }

    /// Pixels across.
    #[must_use]
    pub fn width(self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub fn height(self) -> u32 {
        self.height
    }

    pub(crate) fn area(self) -> Rect {
        Rect { left: 0.0, top: 0.0, right: f64::from(self.width), bottom: f64::from(self.height) }
    }
}

impl FromStr for Size {
    type Err = Error;

    /// From pixels across and down: `1200x1000`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::SizeText(text.to_owned());
        let (width, height) = text.split_once('x').ok_or_else(wrong)?;
        let [width, height] = [width, height].map(|side| side.trim().parse().map_err(|_| wrong()));
        Self::new(width?, height?)
    }
}

/// A rectangle in pixels, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Rect {
    pub(crate) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(self) -> f64 {
        self.bottom - self.top
    }

    pub(crate) fn centre(self) -> [f64; 2] {
        [f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom)]
    }

    pub(crate) fn contains(self, [x, y]: [f64; 2]) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }
}

/// Where the parts of one map go. All lengths follow from the size of body text, so a map keeps its look at any size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Size of body text, pixels.
    pub(crate) em: f64,
    /// The whole map without its margin.
    pub(crate) inner: Rect,
    /// The projected picture.
    pub(crate) frame: Rect,
    /// The column for the colour bar.
    pub(crate) bar: Rect,
    /// Baseline of the title.
    pub(crate) title: f64,
    /// Baseline of the subtitle.
    pub(crate) subtitle: f64,
    /// Baseline of the first line of the footer.
    pub(crate) footer: f64,
}

/// Size of the title, in ems of body text.
pub(crate) const TITLE: f64 = 1.5;
/// Size of tick and graticule labels.
pub(crate) const LABEL: f64 = 0.85;
/// Size of the footer.
pub(crate) const FOOTER: f64 = 0.72;
/// From one line of the footer to the next.
pub(crate) const FOOTER_STEP: f64 = 1.05;

/// Size of body text in an area, pixels.
pub(crate) fn em(area: Rect) -> f64 {
    (0.0175 * area.width().min(1.25 * area.height())).max(8.0)
}

impl Layout {
    /// Divides an area; the subtitle and the footer (in lines) take room only where there are any.
    pub(crate) fn new(area: Rect, subtitle: bool, footer_lines: f64) -> Self {
        let em = em(area);
        let margin = 1.5 * em;
        let inner = Rect {
            left: area.left + margin,
            top: area.top + margin,
            right: area.right - margin,
            bottom: area.bottom - margin,
        };
        let title = inner.top + 0.8 * TITLE * em;
        let subtitle = if subtitle { title + 1.75 * em } else { title };
        let bar = 7.2 * em;
        let frame = Rect {
            left: inner.left + 3.6 * em,
            top: subtitle + 2.4 * em,
            right: inner.right - bar - 1.3 * em,
            bottom: inner.bottom - (footer_lines * FOOTER_STEP + 2.1) * em,
        };
        let bar = Rect { left: inner.right - bar, right: inner.right, ..frame };
        let footer = inner.bottom - ((footer_lines - 1.0) * FOOTER_STEP + 0.1) * em;
        Self { em, inner, frame, bar, title, subtitle, footer }
    }

    /// Gives the room of the colour bar to the map.
    pub(crate) fn without_bar(self) -> Self {
        let right = self.inner.right - 0.6 * self.em;
        Self { frame: Rect { right, ..self.frame }, bar: Rect { left: right, ..self.bar }, ..self }
    }

    /// Takes a square for the locator from the top of the colour bar's column.
    pub(crate) fn take_locator(&mut self) -> Rect {
        let side = (self.bar.width()).min(0.3 * self.bar.height());
        let Rect { left, top, .. } = self.bar;
        self.bar.top += side + 1.3 * self.em;
        Rect { left, top, right: left + side, bottom: top + side }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_inside_and_apart_at_any_size() {
        for (width, height) in [(200, 200), (640, 520), (1200, 1000), (2000, 600), (600, 2000)] {
            let layout = Layout::new(Size::new(width, height).unwrap().area(), true, 2.0);
            assert!(layout.frame.width() > 40.0 && layout.frame.height() > 40.0, "{width} {height} {layout:?}");
            assert!(layout.frame.right < layout.bar.left && layout.bar.right <= layout.inner.right);
            assert!(layout.title < layout.subtitle && layout.subtitle < layout.frame.top);
            assert!(layout.frame.bottom < layout.footer && layout.footer < layout.inner.bottom);
        }
        assert!(Size::new(199, 500).is_err() && Size::new(500, 10_001).is_err());
    }
}
