//! A file in a browser: a source over whatever the page can read by ranges, here a function
//! `(start, end) => Promise<ArrayBuffer>`, which may use `fetch` or slice a dropped file. It is an example for
//! `--target wasm32-unknown-unknown`; elsewhere it only compiles.
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, SourceErrorKind, Stamp};
use hdf5_pure::AsyncFile;
use js_sys::{Float64Array, Function, Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

struct Page {
    read: Function,
    file_size: u64,
}

impl Source for Page {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        let failed = |_: JsValue| SourceError::new(SourceErrorKind::Other, "page", "the page could not read the file");
        #[expect(clippy::cast_precision_loss, reason = "a place in a file that a browser can read")]
        let [start, end] = [range.start(), range.end().min(self.file_size)].map(|at| JsValue::from_f64(at as f64));
        let promise: Promise = self.read.call2(&JsValue::NULL, &start, &end).map_err(failed)?.unchecked_into();
        let buffer = JsFuture::from(promise).await.map_err(failed)?;
        Ok(Fetched { bytes: Uint8Array::new(&buffer).to_vec().into(), file_size: self.file_size })
    }

    fn cost(&self) -> Cost {
        Cost::HTTP
    }

    fn stamp(&self) -> Option<Stamp> {
        None
    }
}

/// All numbers of a dataset, as a page calls it.
///
/// # Errors
/// A text that says why.
#[wasm_bindgen]
pub async fn read_column(read: Function, file_size: u32, path: String) -> Result<Float64Array, JsValue> {
    let numbers = async {
        let file = AsyncFile::open(Page { read, file_size: file_size.into() }).await?;
        file.dataset(&path).await?.read::<f64>().await
    };
    let numbers = numbers.await.map_err(|error| JsValue::from_str(&error.to_string()))?;
    Ok(Float64Array::from(numbers.as_slice()))
}

fn main() {}
