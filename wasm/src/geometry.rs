//! Where cells are: polygons in degrees. The page projects them.
use crate::host;
use js_sys::{BigInt64Array, BigUint64Array, Float64Array};
use morton::Cell;
use pipeline::Job;
use wasm_bindgen::JsValue;

/// Points of the parent's outline along each of its edges.
const PER_EDGE: usize = 16;

/// `{ parent, order, childOrder, latitude, ids, morton, corners, outline }`: ids as 64-bit typed arrays, `corners` four
/// `lon, lat` pairs a child (north, west, south, east), `outline` pairs around the parent.
pub(crate) fn geometry(job: &Job) -> Result<JsValue, JsValue> {
    let parent = job.parent();
    let ids: Vec<u64> = parent.children(job.child_order()).map_err(host::error)?.collect();
    let mut corners: Vec<f64> = Vec::with_capacity(ids.len() * 8);
    let mut morton: Vec<i64> = Vec::with_capacity(ids.len());
    for &id in &ids {
        let cell = Cell::new(job.child_order(), id).map_err(host::error)?;
        morton.push(cell.decimal().map_err(host::error)?);
        corners.extend(cell.boundary(1, job.latitude()).iter().flat_map(|corner| [corner.lon(), corner.lat()]));
    }
    let outline = parent.boundary(PER_EDGE, job.latitude());
    let outline: Vec<f64> = outline.iter().flat_map(|point| [point.lon(), point.lat()]).collect();
    Ok(host::object([
        ("parent", parent.to_string().into()),
        ("order", parent.order().get().into()),
        ("childOrder", job.child_order().get().into()),
        ("latitude", job.latitude().to_string().into()),
        ("ids", BigUint64Array::from(ids.as_slice()).into()),
        ("morton", BigInt64Array::from(morton.as_slice()).into()),
        ("corners", Float64Array::from(corners.as_slice()).into()),
        ("outline", Float64Array::from(outline.as_slice()).into()),
    ])
    .into())
}
