//! The formats, and what goes into a file.
use crate::long::check;
use crate::{Error, Geometry, GridOptions, csv, flatgeobuf, geoparquet, geotiff, gridded_netcdf, netcdf};
use plot::{Hemisphere, rows_on_one_side};
use std::ffi::OsStr;
use std::path::Path;
use stores::Cube;

/// The format of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// [`geoparquet()`].
    GeoParquet,
    /// [`geotiff()`].
    GeoTiff,
    /// [`netcdf()`], or [`gridded_netcdf()`] where a grid is asked for.
    NetCdf,
    /// [`flatgeobuf()`].
    FlatGeobuf,
    /// [`csv()`].
    Csv,
}

/// What goes into a file, and how.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct ExportOptions {
    /// Names of the variables; all if empty.
    pub variables: Vec<String>,
    /// Cells without observations too. A grid has them in any case.
    pub all: bool,
    /// The side that is exported, where there are cells around both poles; a grid needs one, unless its system is chosen.
    pub hemisphere: Option<Hemisphere>,
    /// What stands for a cell in GeoParquet and FlatGeobuf.
    pub geometry: Geometry,
    /// The grid of a GeoTIFF, which has one in any case, and of NetCDF, which else has one row a cell.
    pub gridded: Option<GridOptions>,
}

impl Format {
    /// By the ending of a name, in letters of either case: `.parquet`, `.geoparquet`, `.tif`, `.tiff`, `.nc`, `.nc4`, `.fgb` or `.csv`.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension().map(OsStr::to_ascii_lowercase).as_ref().and_then(|ending| ending.to_str()) {
            Some("parquet" | "geoparquet") => Some(Self::GeoParquet),
            Some("tif" | "tiff") => Some(Self::GeoTiff),
            Some("csv") => Some(Self::Csv),
            Some("nc" | "nc4") => Some(Self::NetCdf),
            Some("fgb") => Some(Self::FlatGeobuf),
            _ => None,
        }
    }

    /// Whether the file has pixels.
    fn is_grid(self, options: &ExportOptions) -> bool {
        self == Self::GeoTiff || self == Self::NetCdf && options.gridded.is_some()
    }

    /// The cells and variables that go into a file.
    ///
    /// # Errors
    /// [`Error::Side`] for cells around both poles without a side, [`Error::Variable`] where a variable does not exist.
    pub fn select(self, mut cube: Cube, options: &ExportOptions) -> Result<Cube, Error> {
        // With all variables: without `count`, an empty cell cannot be distinguished from one whose values are missing.
        let is_grid = self.is_grid(options);
        if !options.all && !is_grid {
            cube = cube.select(&cube.observed());
        }
        let chosen = options.gridded.and_then(|grid| grid.crs);
        if (is_grid && chosen.is_none() || options.hemisphere.is_some())
            && let Some(rows) = rows_on_one_side(&cube.cells, options.hemisphere)?
        {
            cube = cube.select(&rows);
        }
        let names: Vec<&str> = options.variables.iter().map(String::as_str).collect();
        Ok(cube.choose(&names)?)
    }

    /// The bytes of a file of cells.
    ///
    /// # Errors
    /// As the function of the format; [`Error::Rows`] where rows are too many for memory.
    pub fn encode(self, cube: &Cube, options: &ExportOptions) -> Result<Vec<u8>, Error> {
        if !self.is_grid(options) {
            check(cube, options.all)?;
        }
        match self {
            Self::GeoParquet => geoparquet(cube, options.geometry, options.all),
            Self::GeoTiff => geotiff(cube, !options.variables.is_empty(), options.gridded.unwrap_or_default()),
            Self::NetCdf => options.gridded.map_or_else(|| netcdf(cube), |grid| gridded_netcdf(cube, grid)),
            Self::FlatGeobuf => flatgeobuf(cube, options.geometry, options.all),
            Self::Csv => Ok(csv(cube, options.all).into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use morton::Latitude;
    use stores::Table;

    #[test]
    fn the_ending_of_a_name_chooses_the_format() {
        for (name, format) in [
            ("a.parquet", Some(Format::GeoParquet)),
            ("a.GeoParquet", Some(Format::GeoParquet)),
            ("a.TIF", Some(Format::GeoTiff)),
            ("a.nc4", Some(Format::NetCdf)),
            ("a.csv", Some(Format::Csv)),
            ("a.FGB", Some(Format::FlatGeobuf)),
            ("a.shp", None),
            ("csv", None),
        ] {
            assert_eq!(Format::of_path(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn empty_cells_are_left_out_unless_asked_for_and_never_by_a_geotiff() {
        let text = "morton,count,h_mean\n-6134114,3,12.5\n-6134113,0,\n";
        let select = |format: Format, all| {
            let options = ExportOptions { variables: vec!["h_mean".to_owned()], all, ..ExportOptions::default() };
            let table = format.select(Table::from_csv(text, Latitude::Spherical).unwrap().into(), &options).unwrap();
            (table.cells.ids.len(), table.cells.columns.len())
        };
        assert_eq!([select(Format::Csv, false), select(Format::Csv, true)], [(1, 1), (2, 1)]);
        assert_eq!(select(Format::GeoTiff, false), (2, 1));
    }
}
