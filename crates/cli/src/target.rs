//! Parses the user's notations of a cell.
use crate::exit::Failure;
use morton::{Cell, Latitude, LonLat, Order};

/// A cell from any notation: decimal, `nested:`, `packed:`, or `LAT,LON` at `order`.
pub(crate) fn cell(text: &str, order: u8, latitude: Latitude) -> Result<Cell, Failure> {
    let Some((lat, lon)) = text.split_once(',') else {
        return text.trim().parse().map_err(|error| Failure::usage(format!("cell `{text}`: {error}")));
    };
    let degrees = |name: &str, part: &str| {
        part.trim()
            .parse::<f64>()
            .map_err(|_| Failure::usage(format!("cell `{text}`: {name} `{part}` is not a number")))
    };
    at(degrees("longitude", lon)?, degrees("latitude", lat)?, order, latitude)
}

/// The cell of `order` that holds a place.
pub(crate) fn at(lon: f64, lat: f64, order: u8, latitude: Latitude) -> Result<Cell, Failure> {
    let place = LonLat::degrees(lon, lat).map_err(Failure::usage)?;
    Cell::at(place, self::order(order)?, latitude).map_err(Failure::usage)
}

/// A checked order.
pub(crate) fn order(order: u8) -> Result<Order, Failure> {
    Order::new(order).map_err(Failure::usage)
}
