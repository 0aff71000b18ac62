//! What the page asks for, as it writes it.
use crate::host;
use js_sys::Array;
use morton::{Cell, Latitude, LonLat, Order};
use pipeline::{ChangeSpec, Job, JobSpec, Product, TimeChoice};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;

/// Children that a parent may have here: a page paints them all.
const MAX_LEVELS: u8 = 8;

/// A job.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) granules: Vec<Input>,
    /// Any notation that [`locate`] reads.
    cell: String,
    order: u8,
    child_order: u8,
    latitude: String,
    allow_partial: bool,
    product: Product,
    time: TimeChoice,
    change: bool,
}

/// One granule of a job.
#[derive(Debug)]
pub(crate) struct Input {
    /// Its name for people and for the ledger: a URL without what signs it, or a file's name.
    pub(crate) location: String,
    /// Where it is fetched; `None` for a dropped file.
    pub(crate) url: Option<String>,
    /// Whether the server is known to take several ranges in one request.
    pub(crate) several: bool,
}

impl Request {
    /// Reads `{ granules: [{ location, url?, several? }], cell, order, childOrder, latitude, allowPartial?, by?, windows?, fromDate?,
    /// toDate?, change? }`. The fields are taken one by one: a JSON reader would be a tenth of the module.
    pub(crate) fn read(object: &JsValue) -> Result<Self, String> {
        let granules: Array = host::field(object, "granules").dyn_into().map_err(|_| "the request has no granules")?;
        let granules = granules.iter().map(|granule| {
            let several = host::field(&granule, "several").is_truthy();
            Ok(Input { location: text(&granule, "location")?, url: host::field(&granule, "url").as_string(), several })
        });
        Ok(Self {
            granules: granules.collect::<Result<_, String>>()?,
            cell: text(object, "cell")?,
            order: small(object, "order")?,
            child_order: small(object, "childOrder")?,
            latitude: text(object, "latitude")?,
            allow_partial: host::field(object, "allowPartial").is_truthy(),
            product: crate::product::read(&host::field(object, "product"))?,
            time: time(object)?,
            change: host::field(object, "change").is_truthy(),
        })
    }

    pub(crate) fn job(&self) -> Result<Job, String> {
        let latitude: Latitude = self.latitude.parse().map_err(|error: morton::Error| error.to_string())?;
        let cell = cell(&self.cell, self.order, latitude, host::number)?;
        let (from, to) = (cell.order().get(), self.child_order);
        if to > from + MAX_LEVELS {
            return Err(format!(
                "order {to} is too fine for a parent of order {from} on this page: at most {}",
                from + MAX_LEVELS
            ));
        }
        let spec = JobSpec::new(self.product.clone(), vec![cell], order(to)?);
        let names = self.granules.iter().map(|granule| granule.location.as_str());
        let time = self.time.axis(&self.product, names).map_err(|error| error.to_string())?;
        let change = self.change.then(ChangeSpec::default);
        let spec = JobSpec { latitude, time, change, allow_partial: self.allow_partial, ..spec };
        spec.job(cell).map_err(|error| error.to_string())
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
    let cell = cell(text, order, latitude, host::number).map_err(host::error)?;
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

/// `number` reads decimal notation: JavaScript's own, because Rust's needs a table of 10 KB.
fn cell(text: &str, order: u8, latitude: Latitude, number: fn(&str) -> Option<f64>) -> Result<Cell, String> {
    let text = text.trim();
    let Some((lat, lon)) = text.split_once(',') else {
        return text.parse().map_err(|error: morton::Error| error.to_string());
    };
    let degrees = |what: &str, part: &str| {
        number(part.trim()).ok_or_else(|| format!("{what} `{}` is not a number: write LAT, LON", part.trim()))
    };
    let place = LonLat::degrees(degrees("the longitude", lon)?, degrees("the latitude", lat)?);
    let place = place.map_err(|error| error.to_string())?;
    Cell::at(place, self::order(order)?, latitude).map_err(|error| error.to_string())
}

/// Which windows are wanted.
fn time(object: &JsValue) -> Result<TimeChoice, String> {
    let given = |name: &str| host::field(object, name).as_string().filter(|text| !text.is_empty());
    let windows = host::field(object, "windows").dyn_into::<Array>().unwrap_or_default();
    let windows = windows.iter().filter_map(|window| window.as_string()).map(|window| window.parse());
    Ok(TimeChoice {
        by: given("by").map(|text| text.parse()).transpose()?,
        windows: windows.collect::<Result<_, String>>()?,
        from_date: given("fromDate").map(|text| text.parse()).transpose()?,
        to_date: given("toDate").map(|text| text.parse()).transpose()?,
    })
}

fn text(object: &JsValue, name: &str) -> Result<String, String> {
    host::field(object, name).as_string().ok_or_else(|| format!("the request has no {name}"))
}

fn small(object: &JsValue, name: &str) -> Result<u8, String> {
    let value = host::field(object, name).as_f64().filter(|value| (0.0..=255.0).contains(value));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    value.map(|value| value as u8).ok_or_else(|| format!("the request has no {name}"))
}

fn order(order: u8) -> Result<Order, String> {
    Order::new(order).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(child_order: u8) -> Request {
        let (granules, cell, latitude) = (Vec::new(), "-6134114".to_owned(), "authalic".to_owned());
        let product = products::built_in("ATL06").unwrap();
        Request {
            granules,
            cell,
            order: 6,
            child_order,
            latitude,
            allow_partial: false,
            product,
            time: TimeChoice::default(),
            change: false,
        }
    }

    #[test]
    fn a_place_is_a_cell_and_words_say_what_is_wrong() {
        let read = |text: &str| cell(text, 6, Latitude::Spherical, |part| part.parse().ok());
        let centre = read("-6134114").unwrap().centre();
        assert_eq!(read(&format!(" {}, {}", centre.lat(), centre.lon())).unwrap().to_string(), "-6134114");
        for (text, word) in [("1,x", "longitude `x`"), ("", "empty"), ("91, 0", "latitude"), ("6134115", "1..4")] {
            let error = read(text).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_page_paints_only_so_many_children() {
        assert_eq!(request(12).job().unwrap().children(), 4096);
        assert!(request(15).job().unwrap_err().contains("too fine"));
        assert!(request(3).job().unwrap_err().contains("child order"));
    }
}
