//! What the page asks for, as it writes it.
use crate::host;
use morton::{Cell, Latitude, LonLat, Order};
use pipeline::Job;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

/// Children that a parent may have here: a page paints them all.
const MOST_LEVELS: u8 = 8;

/// A job in JSON.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) granules: Vec<Input>,
    /// Any notation that [`locate`] reads.
    cell: String,
    order: u8,
    child_order: u8,
    latitude: String,
    #[serde(default)]
    overviews: Vec<u8>,
    #[serde(default)]
    allow_partial: bool,
}

/// One granule of a job.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    /// Its name for people and for the ledger: a URL without its query, or a file's name.
    pub(crate) location: String,
    /// Where it is fetched; `None` for a dropped file.
    #[serde(default)]
    pub(crate) url: Option<String>,
}

impl Request {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("the request cannot be read: {error}"))
    }

    pub(crate) fn job(&self) -> Result<Job, String> {
        let latitude: Latitude = self.latitude.parse().map_err(|error: morton::Error| error.to_string())?;
        let cell = cell(&self.cell, self.order, latitude)?;
        let (from, to) = (cell.order().get(), self.child_order);
        if to > from + MOST_LEVELS {
            return Err(format!(
                "order {to} is too fine for a parent of order {from} on this page: at most {}",
                from + MOST_LEVELS
            ));
        }
        let mut job = Job::new(cell, order(to)?).map_err(|error| error.to_string())?;
        job.latitude = latitude;
        job.allow_partial = self.allow_partial;
        job.overviews = self.overviews.iter().map(|&level| order(level)).collect::<Result<_, _>>()?;
        Ok(job)
    }
}

/// The cell that a person means: a decimal morton id (`-6134114`), `nested:6/45763`, `packed:WORD`, or `LAT,LON` at
/// `order`. Answers `{ morton, nested, order, lat, lon }` with ids as text and the centre in degrees.
///
/// # Errors
/// A JavaScript error whose message says what is wrong with the text.
#[wasm_bindgen]
pub fn locate(text: &str, order: u8, latitude: &str) -> Result<JsValue, JsValue> {
    let latitude: Latitude = latitude.parse().map_err(|error: morton::Error| host::error(error))?;
    let cell = cell(text, order, latitude).map_err(host::error)?;
    let centre = cell.centre_in(latitude);
    Ok(host::object([
        ("morton", cell.to_string().into()),
        ("nested", cell.nested().to_string().into()),
        ("order", cell.order().get().into()),
        ("lat", centre.lat().into()),
        ("lon", centre.lon().into()),
    ])
    .into())
}

fn cell(text: &str, order: u8, latitude: Latitude) -> Result<Cell, String> {
    let text = text.trim();
    let Some((lat, lon)) = text.split_once(',') else {
        return text.parse().map_err(|error: morton::Error| error.to_string());
    };
    let degrees = |what: &str, part: &str| {
        part.trim().parse::<f64>().map_err(|_| format!("{what} `{}` is not a number: write LAT, LON", part.trim()))
    };
    let place = LonLat::degrees(degrees("the longitude", lon)?, degrees("the latitude", lat)?);
    let place = place.map_err(|error| error.to_string())?;
    Cell::at(place, self::order(order)?, latitude).map_err(|error| error.to_string())
}

fn order(order: u8) -> Result<Order, String> {
    Order::new(order).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cell: &str, child_order: u8) -> Request {
        let text = format!(
            r#"{{"granules": [], "cell": "{cell}", "order": 6, "childOrder": {child_order}, "latitude": "spherical"}}"#
        );
        Request::parse(&text).unwrap()
    }

    #[test]
    fn a_place_is_a_cell_and_words_say_what_is_wrong() {
        // The centre of the cell, from healpy (the worked example of the specification of cells).
        let job = request("-74.46602, 104.4", 12).job();
        assert!(job.is_ok(), "{job:?}");
        assert_eq!(request("-6134114", 12).job().unwrap().children(), 4096);
        for (cell, child_order, word) in [
            ("-6134114", 15, "too fine"),
            ("-6134114", 3, "child order"),
            ("1,x", 12, "longitude `x`"),
            ("", 12, "empty"),
        ] {
            let error = request(cell, child_order).job().unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}
