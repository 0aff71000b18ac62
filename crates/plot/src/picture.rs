//! Pictures of tables of cells.
use crate::table::{difference, map, on_one_side, provenance, rows_on_one_side, subject};
use crate::{Error, Hemisphere, Map, Sheet, Size, ValueRange, rasterise};
use std::ffi::OsStr;
use std::path::Path;
use stores::{Cube, Table, Window};

/// What a picture shows of a table.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct PictureOptions {
    /// Name of the variable; `None` for the mean, or the first where there is none. A sheet shows all.
    pub variable: Option<String>,
    /// First line; `None` for the name of what is shown.
    pub title: Option<String>,
    /// Values at the ends of the colour bar, in the unit of the variable; not for sheets.
    pub limits: Option<ValueRange>,
    /// The side that is drawn, where there are cells around both poles.
    pub hemisphere: Option<Hemisphere>,
}

/// Panels of windows of time on one picture.
const MAX_PANELS: usize = 24;

/// A map, or several on a sheet.
#[derive(Clone, Debug)]
pub enum Picture {
    /// One map.
    Map(Box<Map>),
    /// Several.
    Sheet(Sheet),
}

impl Picture {
    /// A map of one variable: a count on a logarithmic scale and without zeros, other values on a linear one.
    ///
    /// # Errors
    /// [`Error::BothPoles`], [`Error::NoVariables`], [`Error::Table`] where there is no such variable.
    pub fn map(table: Table, options: &PictureOptions) -> Result<Self, Error> {
        let table = on_one_side(table, options.hemisphere)?;
        let map = map(&table, &variable(&table, options)?)?;
        Ok(Self::of(map, options))
    }

    /// A map of one variable in each window of time, on one sheet and one scale; windows without data are left out, and those after
    /// the first 24 with data. One window, or a variable without windows, is a map. Also the names of windows that were left out
    /// though they have data.
    ///
    /// # Errors
    /// As [`Picture::map`].
    pub fn windows(cube: &Cube, options: &PictureOptions) -> Result<(Self, Vec<String>), Error> {
        let name = variable_of_cube(cube, options)?;
        if !cube.is_timed(&name) {
            return Ok((Self::map(cube.cells.clone(), options)?, Vec::new()));
        }
        let mut panels = panels(cube, &name, options)?;
        let left_out = panels.split_off(panels.len().min(MAX_PANELS)).into_iter().map(|(window, _)| window.name());
        let left_out = left_out.collect();
        if panels.len() < 2 {
            let Some((window, mut map)) = panels.pop() else {
                return Ok((Self::map(cube.window(0), options)?, left_out));
            };
            map.title = format!("{}, {}", map.title, window.words());
            return Ok((Self::of(map, options), left_out));
        }
        let first = panels.first().map(|(_, map)| map.title.clone()).unwrap_or_default();
        let titled = |(window, map): (Window, Map)| Map { title: window.words(), subtitle: String::new(), ..map };
        let maps: Vec<Map> = panels.into_iter().map(titled).collect();
        let (empty, shown) = (cube.windows.len() - maps.len() - Vec::len(&left_out), maps.len());
        let mut sheet = Sheet::new(options.title.as_deref().unwrap_or(&first), maps);
        sheet.one_scale = true;
        for map in &mut sheet.maps {
            map.limits = options.limits;
        }
        let mut words = vec![format!("{shown} windows")];
        words.extend((empty > 0).then(|| format!("{empty} without data")));
        words.extend((!left_out.is_empty()).then(|| format!("{} more not shown", left_out.len())));
        sheet.subtitle = format!("{}; {}", words.join(", "), subject(&cube.counted()));
        sheet.footer = provenance(&cube.cells);
        Ok((Self::Sheet(sheet), left_out))
    }

    /// A map of one variable in each window of time that has data, all on one scale, with the window of each.
    ///
    /// # Errors
    /// As [`Picture::map`].
    pub fn frames(cube: &Cube, options: &PictureOptions) -> Result<Vec<(Window, Self)>, Error> {
        let name = variable_of_cube(cube, options)?;
        if !cube.is_timed(&name) {
            return Err(Error::NoWindows(name));
        }
        let panels = panels(cube, &name, options)?;
        let maps: Vec<Map> = panels.iter().map(|(_, map)| map.clone()).collect();
        let limits = options.limits.or_else(|| Sheet::new("", maps).limits());
        let options = PictureOptions { limits, ..options.clone() };
        let frame = |(window, mut map): (Window, Map)| {
            let title = options.title.as_deref().unwrap_or(&map.title);
            map.title = format!("{title}, {}", window.words());
            (window, Self::of(map, &PictureOptions { title: None, ..options.clone() }))
        };
        Ok(panels.into_iter().map(frame).collect())
    }

    /// A map of each variable, on one sheet.
    ///
    /// # Errors
    /// [`Error::BothPoles`].
    pub fn sheet(table: Table, options: &PictureOptions) -> Result<Self, Error> {
        let table = on_one_side(table, options.hemisphere)?;
        let mut panels = Vec::new();
        for (variable, _) in &table.columns {
            let mut map = map(&table, &variable.name)?;
            map.title.clone_from(&variable.name);
            map.subtitle = String::new();
            panels.push(map);
        }
        let title = options.title.as_deref().unwrap_or("All statistics");
        let mut sheet = Sheet::new(title, panels);
        sheet.subtitle = subject(&table);
        sheet.footer = provenance(&table);
        Ok(Self::Sheet(sheet))
    }

    /// A map of the values of `left` less those of `right`, in the cells that both have. Both have one order and one latitude
    /// convention; each has its name for the title.
    ///
    /// # Errors
    /// As [`Picture::map`].
    pub fn difference(
        (left_name, left): (&str, Table),
        (right_name, right): (&str, &Table),
        options: &PictureOptions,
    ) -> Result<Self, Error> {
        let left = on_one_side(left, options.hemisphere)?;
        let map = difference(&left, right, &variable(&left, options)?, [left_name, right_name])?;
        Ok(Self::of(map, options))
    }

    fn of(mut map: Map, options: &PictureOptions) -> Self {
        map.limits = options.limits;
        if let Some(title) = &options.title {
            map.title.clone_from(title);
        }
        Self::Map(Box::new(map))
    }

    /// The bytes of a file of this picture.
    ///
    /// # Errors
    /// As [`rasterise`].
    pub fn to_bytes(&self, format: PictureFormat, size: Size) -> Result<Vec<u8>, Error> {
        let svg = match self {
            Self::Map(map) => map.to_svg(size),
            Self::Sheet(sheet) => sheet.to_svg(size),
        };
        match format {
            PictureFormat::Svg => Ok(svg.into_bytes()),
            PictureFormat::Png => rasterise(&svg),
        }
    }
}

/// The variable that was asked for, or the mean, or the first.
fn variable(table: &Table, options: &PictureOptions) -> Result<String, Error> {
    variable_of(table.columns.iter().map(|(variable, _)| variable.name.as_str()), options)
}

fn variable_of<'a>(names: impl Iterator<Item = &'a str>, options: &PictureOptions) -> Result<String, Error> {
    if let Some(name) = &options.variable {
        return Ok(name.clone());
    }
    let names: Vec<&str> = names.collect();
    let mean = names.iter().find(|name| name.ends_with("_mean"));
    mean.or_else(|| names.first()).map(|&name| name.to_owned()).ok_or(Error::NoVariables)
}

fn variable_of_cube(cube: &Cube, options: &PictureOptions) -> Result<String, Error> {
    let name = variable_of(cube.names(), options)?;
    let held: Vec<&str> = cube.names().collect();
    if held.contains(&name.as_str()) {
        return Ok(name);
    }
    Err(stores::Error::NoVariable { name, held: held.join(", ") }.into())
}

/// Windows in which a variable has a value somewhere, each with its map.
fn panels(cube: &Cube, name: &str, options: &PictureOptions) -> Result<Vec<(Window, Map)>, Error> {
    let rows = rows_on_one_side(&cube.cells, options.hemisphere)?;
    let cube = rows.map_or_else(|| cube.clone(), |rows| cube.select(&rows));
    let mut panels = Vec::new();
    for (at, window) in cube.windows.iter().enumerate() {
        let map = map(&cube.window(at), name)?;
        if map.cells.iter().any(|cell| cell.value.is_finite()) {
            panels.push((window.clone(), map));
        }
    }
    Ok(panels)
}

/// The format of a picture's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PictureFormat {
    /// Pixels.
    Png,
    /// Vectors.
    Svg,
}

impl PictureFormat {
    /// By the ending of a name, in letters of either case: `.png` or `.svg`.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension().map(OsStr::to_ascii_lowercase).as_ref().and_then(|ending| ending.to_str()) {
            Some("png") => Some(Self::Png),
            Some("svg") => Some(Self::Svg),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use morton::{Cell, Latitude, LonLat, Order};

    #[test]
    fn the_ending_of_a_name_chooses_the_format() {
        assert_eq!(PictureFormat::of_path(Path::new("a/map.PNG")), Some(PictureFormat::Png));
        assert_eq!(PictureFormat::of_path(Path::new("map.svg")), Some(PictureFormat::Svg));
        assert_eq!(PictureFormat::of_path(Path::new("png")), None);
    }

    #[test]
    fn cells_around_both_poles_need_a_side_and_the_mean_is_drawn() {
        let north = Cell::at(LonLat::degrees(0.0, 75.0).unwrap(), Order::new(6).unwrap(), Latitude::Spherical).unwrap();
        let csv = format!("morton,count,h_mean\n-6134114,3,12.5\n{north},0,1\n");
        let table = Table::from_csv(&csv, Latitude::Spherical).unwrap();
        let none = PictureOptions::default();
        assert!(matches!(Picture::map(table.clone(), &none), Err(Error::BothPoles)));
        let south = PictureOptions { hemisphere: Some(Hemisphere::South), ..none };
        let Picture::Map(map) = Picture::map(table.clone(), &south).unwrap() else { panic!("a sheet") };
        assert_eq!((map.variable.as_str(), map.unit.as_str(), map.cells.len()), ("h_mean", "m", 1));
        assert!(map.subtitle.contains("1 of 1 cells with data"), "{}", map.subtitle);
        let Picture::Sheet(sheet) = Picture::sheet(table, &south).unwrap() else { panic!("a map") };
        assert_eq!(sheet.maps.iter().map(|map| map.title.as_str()).collect::<Vec<_>>(), ["count", "h_mean"]);
    }

    #[test]
    fn a_difference_is_of_the_cells_that_both_have() {
        let table = |text: &str| Table::from_csv(text, Latitude::Spherical).unwrap();
        let (left, right) =
            (table("morton,h_mean\n-6134114,12.5\n-6134113,1\n"), table("morton,h_mean\n-6134114,12\n"));
        let picture = Picture::difference(("a", left), ("b", &right), &PictureOptions::default()).unwrap();
        let Picture::Map(map) = picture else { panic!("a sheet") };
        assert_eq!(map.title, "h_mean: a less b");
        assert!(map.subtitle.contains("1 cells that both have, differences up to 0.500 m"), "{}", map.subtitle);
    }
}
