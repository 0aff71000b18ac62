//! Which file a name asks for.
use crate::Error;
use std::path::Path;

/// A format of rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PointFormat {
    /// GeoParquet 1.1, with a box for each row: `.parquet`, `.geoparquet`.
    GeoParquet,
    /// Arrow IPC, the file (not the stream): `.arrow`, `.feather`, `.ipc`.
    ArrowIpc,
    /// A line a row: `.csv`.
    Csv,
    /// FlatGeobuf 3, of up to [`PointFormat::MOST_FEATURES`] rows: `.fgb`.
    FlatGeobuf,
}

impl PointFormat {
    /// Rows of a FlatGeobuf at most: its index is made in memory, of some 150 bytes a row.
    pub const MOST_FEATURES: u64 = 1_000_000;

    /// The format that the ending of a file's name asks for, in capitals or not.
    ///
    /// # Errors
    /// [`Error::Ending`] for another ending, or none.
    pub fn of_path(path: &Path) -> Result<Self, Error> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        match ending.as_str() {
            "parquet" | "geoparquet" => Ok(Self::GeoParquet),
            "arrow" | "feather" | "ipc" => Ok(Self::ArrowIpc),
            "csv" => Ok(Self::Csv),
            "fgb" => Ok(Self::FlatGeobuf),
            _ => Err(Error::Ending(path.display().to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_name_chooses() {
        for (name, format) in [
            ("rows.parquet", PointFormat::GeoParquet),
            ("a.b/rows.GeoParquet", PointFormat::GeoParquet),
            ("rows.arrow", PointFormat::ArrowIpc),
            ("rows.feather", PointFormat::ArrowIpc),
            ("rows.ipc", PointFormat::ArrowIpc),
            ("rows.CSV", PointFormat::Csv),
            ("rows.fgb", PointFormat::FlatGeobuf),
        ] {
            assert_eq!(PointFormat::of_path(Path::new(name)).unwrap(), format, "{name}");
        }
        for name in ["rows", "rows.gpkg", ".parquet", ""] {
            let error = PointFormat::of_path(Path::new(name)).unwrap_err().to_string();
            assert!(error.contains(".parquet"), "{error}");
        }
    }
}
