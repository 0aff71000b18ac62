use crate::layout::{FOOTER, FOOTER_STEP, Rect, Size, TITLE, em};
use crate::svg::Svg;
use crate::text::{Anchor, INK, Style};
use crate::{Error, Map, Patch, ValueRange, rasterise};

/// Several maps on one picture: a contact sheet.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Sheet {
    /// First line, bold.
    pub title: String,
    /// Second line; none if empty.
    pub subtitle: String,
    /// In reading order. Their own footers and locators are left out.
    pub maps: Vec<Map>,
    /// Where the data come from; wrapped to two lines; none if empty.
    pub footer: String,
    /// One scale and one colour bar for all maps, which are of one variable.
    pub one_scale: bool,
}

impl Sheet {
    /// A sheet of maps under a title.
    #[must_use]
    pub fn new(title: &str, maps: Vec<Map>) -> Self {
        Self { title: title.to_owned(), maps, ..Self::default() }
    }

    /// The sheet as an SVG document. Panels are arranged so that they become as large as can be.
    #[must_use]
    pub fn to_svg(&self, size: Size) -> String {
        let mut svg = Svg::new(size);
        svg.leaf("rect", &[("width", &size.width()), ("height", &size.height()), ("fill", &"#ffffff")]);
        let area = size.area();
        let em = 0.72 * em(area);
        let inner = Rect {
            left: area.left + 1.2 * em,
            top: area.top + 1.2 * em,
            right: area.right - 1.2 * em,
            bottom: area.bottom - em,
        };
        let title = Style { size: TITLE * em, bold: true, fill: INK };
        let (style, text) = title.fit(&self.title, inner.width());
        let mut top = inner.top + TITLE * em;
        style.draw(&mut svg, [inner.left, top], Anchor::Start, &text);
        if !self.subtitle.is_empty() {
            top += 1.6 * em;
            let (style, text) = Style::quiet(em).fit(&self.subtitle, inner.width());
            style.draw(&mut svg, [inner.left, top], Anchor::Start, &text);
        }
        let quiet = Style::quiet(FOOTER * em);
        let lines = quiet.wrap(&self.footer, inner.width(), 2);
        let mut bottom = inner.bottom;
        for line in lines.iter().rev() {
            quiet.draw(&mut svg, [inner.left, bottom], Anchor::Start, line);
            bottom -= FOOTER_STEP * em;
        }
        let mut area = Rect { top: top + 0.6 * em, bottom: bottom - 0.2 * em, ..inner };
        let mut limits = None;
        if let Some(all) = self.one_scale.then(|| self.all()).flatten() {
            limits = Some(all.effective_limits());
            let column = Rect {
                left: area.right - 7.2 * em,
                top: area.top + 0.08 * area.height(),
                bottom: area.bottom - 0.08 * area.height(),
                ..area
            };
            all.draw_bar(&mut svg, column, em);
            area.right -= 7.6 * em;
        }
        self.panels(&mut svg, area, limits);
        svg.finish()
    }

    /// The sheet as a PNG file of exactly the size.
    ///
    /// # Errors
    /// As [`rasterise`].
    pub fn to_png(&self, size: Size) -> Result<Vec<u8>, Error> {
        rasterise(&self.to_svg(size))
    }

    /// The limits of the one scale.
    #[must_use]
    pub fn limits(&self) -> Option<ValueRange> {
        self.all().map(|all| all.effective_limits())
    }

    /// A map with the cells of all.
    fn all(&self) -> Option<Map> {
        let cells = self.maps.iter().flat_map(|map| map.cells.iter());
        let cells = cells.map(|cell| Patch { polygon: Vec::new(), value: cell.value }).collect();
        let flagged = self.maps.iter().flat_map(|map| map.flagged.iter().take(1).cloned()).collect();
        Some(Map { cells, flagged, ..self.maps.first()?.clone() })
    }

    fn panels(&self, svg: &mut Svg, area: Rect, limits: Option<ValueRange>) {
        let aspect = if self.one_scale { 1.05 } else { 1.2 };
        let columns = columns(self.maps.len(), area, aspect);
        let rows = self.maps.len().div_ceil(columns);
        #[expect(clippy::cast_precision_loss, reason = "a few panels")]
        let [width, height] = [area.width() / columns as f64, area.height() / rows.max(1) as f64];
        for (index, map) in self.maps.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a few panels")]
            let [column, row] = [index % columns, index / columns].map(|at| at as f64);
            let (left, top) = (area.left + column * width, area.top + row * height);
            let panel = Map { footer: String::new(), locator: false, ..map.clone() };
            let panel = match limits {
                Some(limits) => Map { limits: Some(limits), bar: false, ..panel },
                None => panel,
            };
            panel.draw(svg, Rect { left, top, right: left + width, bottom: top + height });
        }
    }
}

/// The number of columns that lets the panels, wider than high by an aspect, be largest.
fn columns(panels: usize, area: Rect, aspect: f64) -> usize {
    let size = |columns: usize| {
        let rows = panels.div_ceil(columns);
        #[expect(clippy::cast_precision_loss, reason = "a few panels")]
        let size = (area.width() / columns as f64).min(aspect * area.height() / rows as f64);
        size
    };
    (1..=panels.max(1)).max_by(|&a, &b| size(a).total_cmp(&size(b)).then(b.cmp(&a))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_fill_the_sheet() {
        let area = |width, height| Rect { left: 0.0, top: 0.0, right: width, bottom: height };
        assert_eq!(columns(9, area(1200.0, 1000.0), 1.2), 3);
        assert_eq!(columns(9, area(3000.0, 600.0), 1.2), 5);
        assert_eq!(columns(1, area(500.0, 500.0), 1.2), 1);
        assert_eq!(columns(4, area(400.0, 1600.0), 1.2), 1);
    }
}
