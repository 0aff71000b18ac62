//! Pictures of tables of cells.
use crate::table::{difference, map, on_one_side, provenance, subject};
use crate::{Error, Hemisphere, Map, Sheet, Size, ValueRange, rasterise};
use std::ffi::OsStr;
use std::path::Path;
use stores::Table;

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
    if let Some(name) = &options.variable {
        return Ok(name.clone());
    }
    let mut names = table.columns.iter().map(|(variable, _)| &variable.name);
    let mean = names.clone().find(|name| name.ends_with("_mean"));
    mean.or_else(|| names.next()).cloned().ok_or(Error::NoVariables)
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
