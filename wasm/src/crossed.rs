//! The cells that the tracks of a granule cross, so that a person can choose among them.
use crate::fetch::FetchSource;
use crate::file::FileSource;
use crate::host;
use crate::source::PageSource;
use hdf5_pure::{AsyncFile, Object, Selection};
use js_sys::{Array, Float64Array};
use morton::{Cell, Latitude, Order};
use pipeline::Product;
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
    signal: AbortSignal,
) -> Result<JsValue, JsValue> {
    let order = Order::new(order).map_err(host::error)?;
    let latitude: Latitude = latitude.parse().map_err(|error: morton::Error| host::error(error))?;
    let source = match granule.as_string() {
        Some(url) => PageSource::Fetch(FetchSource::new(&url, &shown, false, signal)),
        None => PageSource::File(FileSource::new(granule.dyn_into()?)),
    };
    let read = read(&source, &shown, order, latitude).await;
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

async fn read(source: &PageSource, shown: &str, order: Order, latitude: Latitude) -> Result<Crossed, hdf5_pure::Error> {
    let mut file = AsyncFile::open(source).await?;
    let product = Product::atl06();
    let path = |track: &String, column: &String| format!("/{track}/{}/{column}", product.group);
    let paths =
        product.tracks.iter().flat_map(|track| [path(track, &product.latitude), path(track, &product.longitude)]);
    let paths: Vec<String> = paths.collect();
    let asked: Vec<&str> = paths.iter().map(String::as_str).collect();
    let found = file.query(|file| file.find(&asked)).await?;
    let mut cells: Vec<(u64, f64)> = Vec::new();
    let mut lines = Vec::new();
    let mut degrees: Vec<Option<Vec<f64>>> = Vec::new();
    for object in found {
        let Some(Object::Dataset(dataset)) = object? else {
            degrees.push(None);
            continue;
        };
        let raw = file.read(&dataset, &Selection::all(&dataset)).await?;
        degrees.push(Some(dataset.datatype.decode::<f64>(&raw)?));
    }
    for pair in degrees.chunks_exact(2) {
        let [Some(lat), Some(lon)] = pair else { continue };
        let rows = lat.len().min(lon.len());
        let (lat, lon) = (&lat[..rows], &lon[..rows]);
        let mut ids = vec![0; rows];
        morton::nested_of(order, latitude, lon, lat, &mut ids)
            .map_err(|error| hdf5_pure::Error::Usage(error.to_string()))?;
        // Tracks run through a cell at a time, and cross few: a list is short and its end the place to look.
        for &id in ids.iter().filter(|&&id| id != morton::INVALID) {
            match cells.iter_mut().rev().find(|(cell, _)| *cell == id) {
                Some((_, rows)) => *rows += 1.0,
                None => cells.push((id, 1.0)),
            }
        }
        let places = lon.iter().zip(lat).filter(|(lon, lat)| lon.abs() <= 360.0 && lat.abs() <= 90.0);
        lines.push(places.step_by(STRIDE).flat_map(|(lon, lat)| [*lon, *lat]).collect());
    }
    if lines.is_empty() {
        let why = pipeline::foreign(file.file(), source, shown, &product).await?;
        return Err(hdf5_pure::Error::Usage(why.to_string()));
    }
    Ok((cells, lines))
}
