//! A series of one cell over time: values with error bars, and their trend.
use crate::layout::{FOOTER, FOOTER_STEP, LABEL, Rect, Size, TITLE, em};
use crate::map::rect;
use crate::svg::{PathData, Px, Svg};
use crate::text::{Anchor, INK, QUIET, Style};
use crate::ticks::Ticks;
use crate::{Error, PictureFormat, Scale, ValueRange, rasterise, table};
use stores::{Series, moment_text, with_error};

/// Colour of values.
const VALUES: &str = "#1d6a96";
/// Colour of the trend.
const TREND: &str = "#9a4a12";
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// A picture of a series.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    series: &'a Series,
    title: String,
}

impl<'a> Chart<'a> {
    /// A picture of a series, with its own title or another.
    #[must_use]
    pub fn new(series: &'a Series, title: Option<&str>) -> Self {
        Self { series, title: title.map_or_else(|| words_of(series), str::to_owned) }
    }

    /// The same with a word before its title.
    #[must_use]
    pub fn marked(self, word: &str) -> Self {
        Self { title: format!("{word}: {}", self.title), ..self }
    }

    /// The bytes of a file of this picture.
    ///
    /// # Errors
    /// As [`rasterise`].
    pub fn to_bytes(&self, format: PictureFormat, size: Size) -> Result<Vec<u8>, Error> {
        match format {
            PictureFormat::Svg => Ok(self.to_svg(size).into_bytes()),
            PictureFormat::Png => rasterise(&self.to_svg(size)),
        }
    }

    /// The picture as an SVG document.
    #[must_use]
    pub fn to_svg(&self, size: Size) -> String {
        let mut svg = Svg::new(size);
        svg.leaf("rect", &[("width", &size.width()), ("height", &size.height()), ("fill", &"#ffffff")]);
        let (area, em) = (size.area(), em(size.area()));
        let inner = Rect {
            left: area.left + 1.5 * em,
            top: area.top + 1.5 * em,
            right: area.right - 1.5 * em,
            bottom: area.bottom - 1.2 * em,
        };
        let bold = Style { size: TITLE * em, bold: true, fill: INK };
        let (style, text) = bold.fit(&self.title, inner.width());
        let mut top = inner.top + 0.8 * TITLE * em;
        style.draw(&mut svg, [inner.left, top], Anchor::Start, &text);
        let quiet = Style::quiet(0.95 * em);
        for line in quiet.wrap(&self.subtitle(), inner.width(), 2) {
            top += 1.6 * em;
            quiet.draw(&mut svg, [inner.left, top], Anchor::Start, &line);
        }
        let small = Style::quiet(FOOTER * em);
        let mut bottom = inner.bottom;
        for line in small.wrap(&table::provenance(&self.series.table), inner.width(), 2).iter().rev() {
            small.draw(&mut svg, [inner.left, bottom], Anchor::Start, line);
            bottom -= FOOTER_STEP * em;
        }
        let frame = Rect {
            left: inner.left + 7.0 * em,
            top: top + 1.8 * em,
            right: inner.right - em,
            bottom: bottom - 4.6 * em,
        };
        self.draw(&mut svg, frame, em);
        svg.finish()
    }

    fn subtitle(&self) -> String {
        let series = self.series;
        let seen = series.windows.iter().filter(|window| window.value.is_some()).count();
        let mut words: Vec<String> = series.partial.iter().cloned().collect();
        words.push(format!("{seen} of {} windows with data", series.windows.len()));
        words.extend(series.error.as_ref().map(|error| format!("bars are one {error}")));
        words.extend(series.note.clone());
        words.join("; ")
    }

    fn draw(&self, svg: &mut Svg, frame: Rect, em: f64) {
        let Some(axes) = Axes::of(self.series, frame) else {
            let [x, y] = frame.centre();
            Style::quiet(em).draw_centred(svg, [x, y], Anchor::Middle, "no values");
            return;
        };
        axes.values(svg, &axis_label(self.series), em);
        axes.times(svg, self.series, em);
        let ends = [axes.times[0], axes.times[1]].map(|at| Some([at, self.series.trend_at(at)?]));
        if let [Some(from), Some(to)] = ends {
            let clip = svg.id("frame");
            svg.open("clipPath", &[("id", &clip)]);
            rect(svg, frame, &[]);
            svg.close();
            let mut path = PathData::default();
            path.chain([axes.place(from), axes.place(to)], false);
            let (width, clip) = (Px(0.14 * em), format!("url(#{clip})"));
            svg.leaf("path", &[("d", &path), ("stroke", &TREND), ("stroke-width", &width), ("clip-path", &clip)]);
        }
        for window in &self.series.windows {
            let Some(value) = window.value else { continue };
            let [x, y] = axes.place([window.place.middle(), value]);
            if let Some(error) = window.error {
                let [low, high] =
                    [value - error, value + error].map(|value| axes.place([window.place.middle(), value])[1]);
                let mut bar = PathData::default();
                let half = 0.28 * em;
                bar.chain([[x, low], [x, high]], false);
                bar.chain([[x - half, low], [x + half, low]], false);
                bar.chain([[x - half, high], [x + half, high]], false);
                svg.leaf(
                    "path",
                    &[("d", &bar), ("stroke", &VALUES), ("stroke-width", &Px(0.09 * em)), ("fill", &"none")],
                );
            }
            svg.leaf("circle", &[("cx", &Px(x)), ("cy", &Px(y)), ("r", &Px(0.3 * em)), ("fill", &VALUES)]);
        }
        rect(svg, frame, &[("fill", &"none"), ("stroke", &INK), ("stroke-width", &Px(0.07 * em))]);
    }
}

/// The frame, and what its sides mean.
struct Axes {
    frame: Rect,
    times: [f64; 2],
    values: ValueRange,
}

impl Axes {
    /// Around all values with their errors and the trend between them.
    fn of(series: &Series, frame: Rect) -> Option<Self> {
        let seen = || series.windows.iter().filter(|window| window.value.is_some());
        let first = seen().next()?.place.middle();
        let last = seen().next_back()?.place.middle();
        let margin = (0.06 * (last - first)).max(20.0 * DAY);
        let times = [first - margin, last + margin];
        let bars = seen().flat_map(|window| {
            let (value, error) = (window.value.unwrap_or_default(), window.error.unwrap_or_default());
            [value - error, value + error]
        });
        let trend = [first, last].into_iter().filter_map(|at| series.trend_at(at));
        let all: Vec<f64> = bars.chain(trend).collect();
        let (low, high) = all.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        let room = (0.08 * (high - low)).max(1e-6 * high.abs()).max(1e-9);
        Some(Self { frame, times, values: ValueRange::new(low - room, high + room).ok()? })
    }

    fn place(&self, [time, value]: [f64; 2]) -> [f64; 2] {
        let across = (time - self.times[0]) / (self.times[1] - self.times[0]);
        let up = (value - self.values.low()) / (self.values.high() - self.values.low());
        [self.frame.left + across * self.frame.width(), self.frame.bottom - up * self.frame.height()]
    }

    fn values(&self, svg: &mut Svg, label: &str, em: f64) {
        let ticks = Ticks::new(self.values, Scale::Linear, 7.0);
        let style = Style::ink(LABEL * em);
        for (value, text) in &ticks.marks {
            let y = self.place([self.times[0], *value])[1];
            line(svg, [self.frame.left, y], [self.frame.right, y], em);
            style.draw_centred(svg, [self.frame.left - 0.5 * em, y], Anchor::End, text);
        }
        let [_, middle] = self.frame.centre();
        let label = match &ticks.factor {
            Some(factor) => format!("{label} {factor}"),
            None => label.to_owned(),
        };
        let (style, text) = Style::ink(0.95 * em).fit(&label, self.frame.height());
        style.draw_upwards(svg, [self.frame.left - 5.6 * em, middle], &text);
    }

    /// Cycles under their values, each with its date; else months or years.
    fn times(&self, svg: &mut Svg, series: &Series, em: f64) {
        let style = Style::ink(LABEL * em);
        let cycles =
            series.windows.iter().filter_map(|window| Some((window.place.middle(), window.cycle?, &window.start)));
        let cycles: Vec<_> = cycles.filter(|(at, ..)| (self.times[0]..=self.times[1]).contains(at)).collect();
        let room = style.width("2019-04-01") + em;
        let mut free = f64::MIN;
        if !cycles.is_empty() {
            for (at, cycle, start) in cycles {
                let x = self.place([at, self.values.low()])[0];
                if x - room / 2.0 < free {
                    continue;
                }
                free = x + room / 2.0;
                line(svg, [x, self.frame.top], [x, self.frame.bottom], em);
                style.draw(svg, [x, self.frame.bottom + 1.4 * em], Anchor::Middle, &cycle.to_string());
                Style::quiet(FOOTER * em).draw(svg, [x, self.frame.bottom + 2.5 * em], Anchor::Middle, start);
            }
        } else {
            for (at, text) in dates(self.times, self.frame.width() / room) {
                let x = self.place([at, self.values.low()])[0];
                line(svg, [x, self.frame.top], [x, self.frame.bottom], em);
                style.draw(svg, [x, self.frame.bottom + 1.4 * em], Anchor::Middle, &text);
            }
        }
        let by_cycle = series.windows.iter().any(|window| window.cycle.is_some());
        let name = if by_cycle { "repeat cycle, with its first day" } else { "middle of the window" };
        let [middle, _] = self.frame.centre();
        Style::ink(0.95 * em).draw(svg, [middle, self.frame.bottom + 4.0 * em], Anchor::Middle, name);
    }
}

/// Firsts of months (every one, third, sixth, or of years) between two moments, at most so many, with their names.
fn dates([from, to]: [f64; 2], most: f64) -> Vec<(f64, String)> {
    let day = |seconds: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "days of some centuries")]
        let day = (seconds / DAY).floor() as i64;
        day
    };
    let mut months = Vec::new();
    for day in day(from)..=day(to) {
        let text = moment_text(day * 86_400);
        #[expect(clippy::cast_precision_loss, reason = "days of some centuries")]
        let at = day as f64 * DAY;
        if at >= from && text.ends_with("-01") {
            months.push((at, text[..7].to_owned()));
        }
    }
    let month = |text: &str| text[5..].parse::<u32>().map_or(0, |month| month - 1);
    let year = |text: &str| text[..4].parse::<u32>().unwrap_or_default();
    for (every, years) in [(1, 1), (3, 1), (6, 1), (12, 1), (12, 2), (12, 5), (12, 10)] {
        let kept =
            months.iter().filter(|(_, text)| month(text).is_multiple_of(every) && year(text).is_multiple_of(years));
        let kept: Vec<_> = kept.cloned().collect();
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let count = kept.len() as f64;
        if count <= most.max(2.0) {
            return kept;
        }
    }
    Vec::new()
}

/// `Surface height on one plane a cell: cell 4441321332231, -0.98 ± 0.02 m/year`.
fn words_of(series: &Series) -> String {
    let rate = series.trend.as_ref().and_then(|trend| {
        Some(format!(", {} {}", with_error(trend.per_year?, trend.error, " ± "), per_year(&series.units)))
    });
    format!("Cell {}: {}{}", series.cell, series.variable, rate.unwrap_or_default().replace('-', "−"))
}

fn per_year(units: &str) -> String {
    if matches!(units, "" | "1") { "per year".to_owned() } else { format!("{units}/year") }
}

fn axis_label(series: &Series) -> String {
    if matches!(series.units.as_str(), "" | "1") {
        series.long_name.clone()
    } else {
        format!("{} ({})", series.long_name, series.units)
    }
}

fn line(svg: &mut Svg, from: [f64; 2], to: [f64; 2], em: f64) {
    let mut path = PathData::default();
    path.chain([from, to], false);
    let width = Px(0.04 * em);
    svg.leaf("path", &[("d", &path), ("stroke", &QUIET), ("stroke-opacity", &0.35), ("stroke-width", &width)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColourMap, Map, Picture, PictureOptions};
    use morton::{Cell, Latitude};
    use serde_json::json;
    use stores::{Column, Cube, Table, VariableInfo, Window};

    const CELL: i64 = -6_134_114;

    /// Two cells over four months: the first sinks by a metre a year, the second is flagged, and nothing was seen in the third month.
    fn cube() -> Cube {
        let csv = "morton,dhdt,dhdt_se,change_flag,change_overpasses\n-6134114,-1,0.02,0,9\n-6134113,5,1,8,9\n";
        let mut cells = Table::from_csv(csv, Latitude::Spherical).unwrap();
        cells.provenance = json!({"change": {"epoch": "2020-01-01"}});
        let day = |day: i64| day * 86_400;
        let windows =
            [0, 31, 59, 90].map(|start| Window { start: day(start), end: Some(day(start + 20)), cycle: None });
        let heights = [0, 31, 59, 90].into_iter().zip([true, true, false, true]).flat_map(|(start, is_seen)| {
            let height = 100.0 - start as f32 / 365.25;
            if is_seen { [7.0, height] } else { [f32::NAN; 2] }
        });
        let column = |name: &str, values: Vec<f32>| (VariableInfo::guessed(name), Column::F32(values));
        let mut columns = vec![column("h_window", heights.collect()), column("h_window_se", vec![0.05; 8])];
        columns[0].0.units = "m".into();
        Cube { cells, windows: windows.to_vec(), columns }
    }

    #[test]
    fn a_series_has_values_bars_and_the_trend() {
        let series = Series::of(&cube(), Cell::from_decimal(CELL).unwrap(), None, "s").unwrap();
        assert_eq!(series.windows.iter().filter(|window| window.value.is_some()).count(), 3);
        let year = 365.25 * DAY;
        let fall = series.trend_at(year).unwrap() - series.trend_at(0.0).unwrap();
        assert!((fall + 1.0).abs() < 1e-9, "{fall}");
        let svg = Chart::new(&series, None).to_svg(Size::new(600, 400).unwrap());
        assert!(svg.contains("Cell -6134114: h_window, −1.000 ± 0.020 m/year"), "the trend is in the title");
        assert_eq!((svg.matches("<circle").count(), svg.matches(TREND).count()), (3, 1));
        assert!(series.to_csv().contains("1970-02-01,1970-02-01,1970-02-21,,,99.91"));
        let mut empty = series;
        empty.windows.iter_mut().for_each(|window| window.value = None);
        assert!(Chart::new(&empty, None).to_svg(Size::new(600, 400).unwrap()).contains("no values"));
    }

    #[test]
    fn windows_share_a_scale_and_those_without_data_are_left_out() {
        let options = PictureOptions { variable: Some("h_window".into()), ..PictureOptions::default() };
        let (picture, left_out) = Picture::windows(&cube(), &options).unwrap();
        let Picture::Sheet(sheet) = picture else { panic!("a map") };
        assert_eq!((sheet.maps.len(), left_out.len()), (3, 0));
        assert!(sheet.subtitle.starts_with("3 windows, 1 without data; "), "{}", sheet.subtitle);
        assert_eq!(sheet.maps[1].title, "1970-02-01 to 1970-02-20");
        let svg = sheet.to_svg(Size::new(900, 600).unwrap());
        assert_eq!(svg.matches("linearGradient id").count(), 1, "one colour bar");
        let frames = Picture::frames(&cube(), &options).unwrap();
        let limits = frames.iter().map(|(_, frame)| match frame {
            Picture::Map(map) => map.limits,
            Picture::Sheet(_) => None,
        });
        let limits: Vec<_> = limits.collect();
        assert!(limits.len() == 3 && limits[0].is_some() && limits.iter().all(|other| *other == limits[0]));
    }

    #[test]
    fn flagged_cells_are_drawn_apart_and_trends_are_around_zero() {
        let options = PictureOptions { variable: Some("dhdt".into()), ..PictureOptions::default() };
        let (Picture::Map(map), _) = Picture::windows(&cube(), &options).unwrap() else { panic!("a sheet") };
        let map: Map = *map;
        assert_eq!((map.flagged.len(), map.colours), (1, ColourMap::Losses));
        assert_eq!(map.cells.iter().filter(|cell| cell.value.is_finite()).count(), 1);
        assert!(map.to_svg(Size::new(600, 500).unwrap()).contains("flagged"));
    }

    #[test]
    fn dates_are_as_dense_as_there_is_room_for() {
        // 2019-03-15 to 2021-02-01.
        let span = [17_970.0 * DAY, 18_659.0 * DAY];
        let text = |most: f64| dates(span, most).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(text(5.0), ["2019-07", "2020-01", "2020-07", "2021-01"]);
        assert_eq!(text(3.0), ["2020-01", "2021-01"]);
        assert_eq!(text(50.0).len(), 23);
    }
}
