use std::collections::BTreeMap;

use crate::coast::Coast;
use crate::colour_bar::ColourBar;
use crate::layout::{FOOTER, FOOTER_STEP, Layout, Rect, Size, TITLE, em};
use crate::svg::{PathData, Px, Svg};
use crate::text::{Anchor, INK, Style};
use crate::view::View;
use crate::{Colour, ColourMap, Error, Projection, Scale, ValueRange, graticule, locator, rasterise, scale_bar};

/// An area with one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// Corners as `[longitude, latitude]`, degrees; closed by itself. Edges are straight on the map.
    pub polygon: Vec<[f64; 2]>,
    /// In the map's unit; NaN (or infinite, or not positive on a logarithmic scale) for no data.
    pub value: f32,
}

/// A map of cells. [`Map::new`] sets what every map needs; the other fields have defaults and may be set after.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Map {
    /// First line, bold.
    pub title: String,
    /// Second line; none if empty.
    pub subtitle: String,
    /// Name of the variable, for the colour bar.
    pub variable: String,
    /// Unit of the values; none if empty.
    pub unit: String,
    /// What is coloured.
    pub cells: Vec<Patch>,
    /// Outlines of parents as `[longitude, latitude]`, degrees; dense enough to follow the parents' edges. Where there are
    /// any, all cells lie in them, and the hatching of cells without data is theirs: one shape in place of thousands.
    pub outlines: Vec<Vec<[f64; 2]>>,
    /// Cells with a reason to have no value here, as corners: drawn apart from those without data, and not on the scale.
    pub flagged: Vec<Vec<[f64; 2]>>,
    /// By default chosen by the position of the first corner.
    pub projection: Projection,
    /// Linear by default.
    pub scale: Scale,
    /// `None`: [`ValueRange::robust`] for the sequential colour map, [`ValueRange::symmetric`] for the diverging one.
    pub limits: Option<ValueRange>,
    /// Sequential by default.
    pub colours: ColourMap,
    /// Where the data come from; wrapped to two lines; none if empty.
    pub footer: String,
    /// Land and water behind the cells, and the coastline over them; on by default.
    pub coast: bool,
    /// The colour bar; on by default.
    pub bar: bool,
    /// A small map of the region with a mark, where the map itself shows little of it; on by default.
    pub locator: bool,
}

impl Map {
    /// A map with a title, the name and unit of the variable, and the cells.
    #[must_use]
    pub fn new(title: &str, variable: &str, unit: &str, cells: Vec<Patch>) -> Self {
        let corner = cells.iter().flat_map(|cell| &cell.polygon).find(|corner| corner.iter().all(|x| x.is_finite()));
        let projection = corner.map_or(Projection::for_latitude(0.0), |&[lon, lat]| Projection::for_point(lon, lat));
        Self {
            title: title.to_owned(),
            subtitle: String::new(),
            variable: variable.to_owned(),
            unit: unit.to_owned(),
            cells,
            outlines: Vec::new(),
            flagged: Vec::new(),
            projection,
            scale: Scale::default(),
            limits: None,
            colours: ColourMap::default(),
            footer: String::new(),
            coast: true,
            bar: true,
            locator: true,
        }
    }

    /// The map as an SVG document.
    #[must_use]
    pub fn to_svg(&self, size: Size) -> String {
        let mut svg = Svg::new(size);
        svg.leaf("rect", &[("width", &size.width()), ("height", &size.height()), ("fill", &"#ffffff")]);
        self.draw(&mut svg, size.area());
        svg.finish()
    }

    /// The map as a PNG file of exactly the size.
    ///
    /// # Errors
    /// As [`rasterise`].
    pub fn to_png(&self, size: Size) -> Result<Vec<u8>, Error> {
        rasterise(&self.to_svg(size))
    }

    /// Draws into a part of a document, so that several maps can share one.
    pub(crate) fn draw(&self, svg: &mut Svg, area: Rect) {
        let footer = Style::quiet(FOOTER * em(area));
        // Margins, the projection's name at the right, and a gap.
        let taken = 3.0 * em(area) + footer.width(self.projection.name()) + 1.2 * em(area);
        let notes = footer.wrap(&self.footer, area.width() - taken, 2);
        let lines = if notes.len() > 1 { 2.0 } else { 1.0 };
        let mut layout = Layout::new(area, !self.subtitle.is_empty(), lines);
        if !self.bar {
            layout = layout.without_bar();
        }
        self.header(svg, &layout);
        for (line, y) in notes.iter().zip([layout.footer, layout.footer + FOOTER_STEP * layout.em]) {
            footer.draw(svg, [layout.inner.left, y], Anchor::Start, line);
        }
        footer.draw(svg, [layout.inner.right, layout.footer], Anchor::End, self.projection.name());

        let limits = self.scale.admit(self.effective_limits());
        let [hatch, flags] = [hatch(svg, layout.em), dots(svg, layout.em)];
        let points = self.cells.iter().flat_map(|cell| &cell.polygon).chain(self.outlines.iter().flatten());
        let gaps = match View::fit(self.projection, layout.frame, points) {
            Some(view) => {
                if self.locator && locator::is_useful(&view) {
                    let square = layout.take_locator();
                    locator::draw(svg, &view, square, layout.em);
                }
                self.content(svg, &view, &layout, limits, [&hatch, &flags])
            }
            None => {
                let [x, y] = layout.frame.centre();
                Style::quiet(layout.em).draw_centred(svg, [x, y], Anchor::Middle, "no cells");
                false
            }
        };
        outline_rect(svg, layout.frame, layout.em);
        if self.bar {
            self.colour_bar(limits, gaps.then_some(&hatch), &flags).draw(svg, layout.bar, layout.em);
        }
    }

    /// Draws a colour bar alone into a column.
    pub(crate) fn draw_bar(&self, svg: &mut Svg, column: Rect, em: f64) {
        let limits = self.scale.admit(self.effective_limits());
        let [hatch, flags] = [hatch(svg, em), dots(svg, em)];
        let gaps = self.cells.iter().any(|cell| !self.scale.shows(f64::from(cell.value)));
        self.colour_bar(limits, gaps.then_some(&hatch), &flags).draw(svg, column, em);
    }

    fn header(&self, svg: &mut Svg, layout: &Layout) {
        let width = layout.inner.width();
        let title = Style { size: TITLE * layout.em, bold: true, fill: INK };
        let (style, text) = title.fit(&self.title, width);
        style.draw(svg, [layout.inner.left, layout.title], Anchor::Start, &text);
        if !self.subtitle.is_empty() {
            let (style, text) = Style::quiet(layout.em).fit(&self.subtitle, width);
            style.draw(svg, [layout.inner.left, layout.subtitle], Anchor::Start, &text);
        }
    }

    /// Everything inside the frame; whether there are cells without data.
    fn content(
        &self,
        svg: &mut Svg,
        view: &View,
        layout: &Layout,
        limits: ValueRange,
        [hatch, flags]: [&str; 2],
    ) -> bool {
        let clip = svg.id("frame");
        svg.open("clipPath", &[("id", &clip)]);
        rect(svg, view.frame, &[]);
        svg.close();
        let clipped = format!("url(#{clip})");
        svg.open("g", &[("clip-path", &clipped)]);
        let coast = self.coast.then(|| Coast::new(view));
        if let Some(coast) = &coast {
            coast.ground(svg, view.frame);
        }
        let (paths, drawn) = self.paths(view, limits);
        let gaps = paths.contains_key(&None);
        let cells = svg.id("cells");
        svg.open("defs", &[]);
        svg.open("g", &[("id", &cells)]);
        for (colour, path) in paths.iter().filter_map(|(colour, path)| Some(((*colour)?, path))) {
            svg.leaf("path", &[("d", path), ("fill", &colour), ("stroke", &colour)]);
        }
        svg.close();
        svg.close();
        if let Some(path) = paths.get(&None).filter(|path| !path.is_empty()) {
            svg.leaf("path", &[("d", path), ("fill", &format_args!("url(#{hatch})"))]);
        }
        let mut flagged = PathData::default();
        for polygon in self.flagged.iter().filter(|polygon| polygon.len() >= 3) {
            flagged.chain(polygon.iter().map(|&corner| view.pixel(corner)), true);
        }
        if !flagged.is_empty() {
            svg.leaf("path", &[("d", &flagged), ("fill", &format_args!("url(#{flags})"))]);
        }
        // Antialiasing leaves seams between neighbours: the cells are drawn a little too wide first, then as they are.
        let reference = format!("#{cells}");
        let widened: [crate::svg::Attribute<'_>; 3] =
            [("xlink:href", &reference), ("stroke-width", &0.8), ("stroke-linejoin", &"round")];
        svg.leaf("use", &widened);
        svg.leaf("use", &[("xlink:href", &reference), ("stroke-width", &0)]);
        if let Some(coast) = &coast {
            coast.shore(svg, 0.1 * layout.em);
        }
        self.parents(svg, view, layout.em);
        svg.close();
        graticule::draw(svg, view, layout, &clip);
        scale_bar::draw(svg, view, layout, &drawn);
        gaps
    }

    /// The cells as one path a colour (`None`, first: no data), and the pixels of corners of cells with data.
    fn paths(&self, view: &View, limits: ValueRange) -> (BTreeMap<Option<Colour>, PathData>, Vec<[f64; 2]>) {
        let mut paths: BTreeMap<Option<Colour>, PathData> = BTreeMap::new();
        let mut drawn = Vec::new();
        for cell in &self.cells {
            let pixels: Vec<[f64; 2]> = cell.polygon.iter().map(|&corner| view.pixel(corner)).collect();
            if pixels.len() < 3 || pixels.iter().flatten().any(|x| !x.is_finite()) {
                continue;
            }
            let place = self.scale.position(limits, f64::from(cell.value));
            if place.is_some() {
                drawn.extend_from_slice(&pixels);
            }
            let path = paths.entry(place.map(|place| self.colours.step(place))).or_default();
            if place.is_some() || self.outlines.is_empty() {
                path.chain(pixels, true);
            }
        }
        if let Some(gaps) = paths.get_mut(&None) {
            for outline in self.outlines.iter().filter(|outline| outline.len() >= 3) {
                gaps.chain(outline.iter().map(|&corner| view.pixel(corner)), true);
            }
        }
        (paths, drawn)
    }

    fn parents(&self, svg: &mut Svg, view: &View, em: f64) {
        let mut path = PathData::default();
        for outline in self.outlines.iter().filter(|outline| outline.len() >= 3) {
            path.chain(outline.iter().map(|&corner| view.pixel(corner)), true);
        }
        if path.is_empty() {
            return;
        }
        let thin = if self.outlines.len() > 4 { 0.06 } else { 0.11 };
        let (width, join) = (Px(thin * em), "round");
        svg.leaf(
            "path",
            &[("d", &path), ("fill", &"none"), ("stroke", &INK), ("stroke-width", &width), ("stroke-linejoin", &join)],
        );
    }

    pub(crate) fn effective_limits(&self) -> ValueRange {
        let values = || -> Vec<f32> { self.cells.iter().map(|cell| cell.value).collect() };
        match (self.limits, self.colours) {
            (Some(limits), _) => limits,
            (None, ColourMap::Sequential) => ValueRange::robust(&values(), self.scale),
            (None, ColourMap::Diverging | ColourMap::Losses) => ValueRange::symmetric(&values()),
        }
    }

    fn colour_bar<'a>(&self, limits: ValueRange, no_data: Option<&'a String>, flags: &'a str) -> ColourBar<'a> {
        let shown = || self.cells.iter().map(|cell| f64::from(cell.value)).filter(|&value| self.scale.shows(value));
        let beyond = [shown().any(|value| value < limits.low()), shown().any(|value| value > limits.high())];
        let label =
            if self.unit.is_empty() { self.variable.clone() } else { format!("{} ({})", self.variable, self.unit) };
        let flagged = (!self.flagged.is_empty()).then_some((flags, "flagged"));
        let signs = no_data.map(|hatch| (hatch.as_str(), "no data")).into_iter().chain(flagged).collect();
        ColourBar { scale: self.scale, limits, colours: self.colours, label, beyond, signs }
    }
}

/// Defines the hatching of cells without data; its name.
fn hatch(svg: &mut Svg, em: f64) -> String {
    let id = svg.id("hatch");
    let step = Px(0.45 * em);
    svg.open(
        "pattern",
        &[
            ("id", &id),
            ("width", &step),
            ("height", &step),
            ("patternUnits", &"userSpaceOnUse"),
            ("patternTransform", &"rotate(45)"),
        ],
    );
    svg.leaf("rect", &[("width", &step), ("height", &step), ("fill", &"#e9ebed")]);
    svg.leaf("rect", &[("width", &Px(0.09 * em)), ("height", &step), ("fill", &"#c6cbd0")]);
    svg.close();
    id
}

/// Defines the dots of flagged cells; their name.
fn dots(svg: &mut Svg, em: f64) -> String {
    let id = svg.id("dots");
    let step = Px(0.5 * em);
    svg.open("pattern", &[("id", &id), ("width", &step), ("height", &step), ("patternUnits", &"userSpaceOnUse")]);
    svg.leaf("rect", &[("width", &step), ("height", &step), ("fill", &"#cdd2d7")]);
    for place in [0.125 * em, 0.375 * em] {
        svg.leaf("circle", &[("cx", &Px(place)), ("cy", &Px(place)), ("r", &Px(0.075 * em)), ("fill", &"#6d757d")]);
    }
    svg.close();
    id
}

fn outline_rect(svg: &mut Svg, frame: Rect, em: f64) {
    rect(svg, frame, &[("fill", &"none"), ("stroke", &INK), ("stroke-width", &Px(0.07 * em))]);
}

/// A rectangle with more attributes.
pub(crate) fn rect(svg: &mut Svg, frame: Rect, more: &[crate::svg::Attribute<'_>]) {
    let [x, y, width, height] = [frame.left, frame.top, frame.width(), frame.height()].map(Px);
    let mut attributes: Vec<crate::svg::Attribute<'_>> =
        vec![("x", &x), ("y", &y), ("width", &width), ("height", &height)];
    attributes.extend_from_slice(more);
    svg.leaf("rect", &attributes);
}
