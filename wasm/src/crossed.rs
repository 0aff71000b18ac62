//! The cells that the tracks of a granule cross, so that a person can choose among them.
use crate::fetch::FetchSource;
use crate::file::FileSource;
use crate::host;
use crate::source::PageSource;
use js_sys::{Array, Float64Array};
use morton::{Cell, INVALID, Latitude, Order};
use pipeline::{GranuleError, Product};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

/// A track's line keeps one point for this many rows.
const STRIDE: usize = 64;

/// Reads the coordinates of every track of a granule, given as a URL or a `File`. Answers `{ cells, lines }`: `cells` is
/// `[{ cell, rows, lat, lon }]` with the cells of `order` by id as text, `lines` one array a track of `lon, lat` pairs.
///
/// # Errors
/// A JavaScript error whose message says what cannot be read.
#[wasm_bindgen]
pub async fn crossed(
    granule: JsValue,
    shown: String,
    order: u8,
    latitude: String,
    product: JsValue,
    signal: AbortSignal,
) -> Result<JsValue, JsValue> {
    let order = Order::new(order).map_err(host::error)?;
    let latitude: Latitude = latitude.parse().map_err(|error: morton::Error| host::error(error))?;
    let source = match granule.as_string() {
        Some(url) => PageSource::Fetch(FetchSource::new(&url, &shown, false, signal)),
        None => PageSource::File(FileSource::new(granule.dyn_into()?)),
    };
    let product = crate::product::read(&product).map_err(host::error)?;
    let read = read(source, &shown, order, latitude, &product).await;
    let (cells, lines) = read.map_err(|error| host::error(format!("{shown}: {error}")))?;
    let cells = cells.into_iter().filter_map(|(id, rows)| {
        let cell = Cell::new(order, id).ok()?;
        let centre = cell.centre_in(latitude);
        Some(host::object([
            ("cell", cell.to_string().into()),
            ("rows", rows.into()),
            ("lat", centre.lat().into()),
            ("lon", centre.lon().into()),
        ]))
    });
    let lines = lines.iter().map(|line| Float64Array::from(line.as_slice()));
    let cells: Array = cells.collect();
    Ok(host::object([("cells", cells.into()), ("lines", lines.collect::<Array>().into())]).into())
}

type Crossed = (Vec<(u64, f64)>, Vec<Vec<f64>>);

async fn read(
    source: PageSource,
    shown: &str,
    order: Order,
    latitude: Latitude,
    product: &Product,
) -> Result<Crossed, GranuleError> {
    let mut cells: Vec<(u64, f64)> = Vec::new();
    let mut lines: Vec<(usize, Vec<f64>)> = vec![(0, Vec::new()); product.tracks.len()];
    let mut ids = Vec::new();
    pipeline::positions(shown, source, product, |track, lon, lat| {
        ids.clear();
        ids.resize(lon.len(), INVALID);
        if morton::nested_of(order, latitude, lon, lat, &mut ids).is_err() {
            return;
        }
        // Tracks run through a cell at a time, and cross few: a list is short and its end the place to look.
        for &id in ids.iter().filter(|&&id| id != INVALID) {
            match cells.iter_mut().rev().find(|(cell, _)| *cell == id) {
                Some((_, rows)) => *rows += 1.0,
                None => cells.push((id, 1.0)),
            }
        }
        let Some((seen, line)) = lines.get_mut(track) else { return };
        for ((lon, lat), _) in lon.iter().zip(lat).zip(&ids).filter(|(_, id)| **id != INVALID) {
            if seen.is_multiple_of(STRIDE) {
                line.extend([*lon, *lat]);
            }
            *seen += 1;
        }
    })
    .await?;
    Ok((cells, lines.into_iter().map(|(_, line)| line).filter(|line| !line.is_empty()).collect()))
}
