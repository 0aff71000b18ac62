//! A cell as the user writes it.
use crate::Error;
use morton::{Cell, Latitude, LonLat, Order};

/// Reads a cell in any notation of [`Cell`], or `LAT,LON` in geodetic degrees: the cell of `order` that holds the place.
///
/// # Errors
/// [`Error::Usage`] with the text.
pub fn parse_cell(text: &str, order: u8, latitude: Latitude) -> Result<Cell, Error> {
    let Some((lat, lon)) = text.split_once(',') else {
        return text.trim().parse().map_err(|error| Error::usage(format!("cell `{text}`: {error}")));
    };
    let degrees = |name: &str, part: &str| {
        let number = part.trim().parse::<f64>();
        number.map_err(|_| Error::usage(format!("cell `{text}`: {name} `{part}` is not a number")))
    };
    cell_at(degrees("longitude", lon)?, degrees("latitude", lat)?, order, latitude)
}

/// The cell of `order` that holds a place, in geodetic degrees.
///
/// # Errors
/// [`Error::Usage`] for a place or an order that does not exist.
pub fn cell_at(lon: f64, lat: f64, order: u8, latitude: Latitude) -> Result<Cell, Error> {
    let bad = |error: morton::Error| Error::usage(error.to_string());
    let place = LonLat::degrees(lon, lat).map_err(bad)?;
    Cell::at(place, Order::new(order).map_err(bad)?, latitude).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_read_from_an_id_or_a_place() {
        let read = |text: &str| parse_cell(text, 6, Latitude::Spherical);
        let cell = read("-6134114").unwrap();
        assert_eq!(read(&format!(" nested:6/{}", cell.nested())).unwrap(), cell);
        let centre = cell.centre_in(Latitude::Spherical);
        assert_eq!(read(&format!("{}, {}", centre.lat(), centre.lon())).unwrap(), cell);
        for (text, says) in
            [("x,3", "latitude `x` is not a number"), ("3,", "longitude `` is not a number"), ("?", "`?`")]
        {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert!(read("91,0").is_err() && cell_at(0.0, 0.0, 30, Latitude::Spherical).is_err());
    }
}
