//! One job, from the page's request to its result.
use crate::fetch::FetchSource;
use crate::file::FileSource;
use crate::live::Live;
use crate::progress::Progress;
use crate::request::{Input, Request};
use crate::source::PageSource;
use crate::{answer, geometry, host};
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use futures_util::future::{Either, select};
use js_sys::{Array, Function, Promise};
use pipeline::{Error, Granule, Job, Tuning};
use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::AbortSignal;

/// Twice the command's: a browser keeps requests waiting, and the byte budget is the same.
const TRACKS_IN_FLIGHT: usize = 96;

/// One cell to compute.
#[wasm_bindgen]
pub struct CellJob {
    request: Rc<Request>,
    job: Rc<Job>,
    live: Rc<RefCell<Live>>,
}

#[wasm_bindgen]
impl CellJob {
    /// A job from `{ granules: [{ location, url?, several? }], cell, order, childOrder, latitude, allowPartial? }`.
    /// A granule without `url` is a dropped file; `several`: its server takes several ranges in one request.
    ///
    /// # Errors
    /// A JavaScript error whose message says what is wrong.
    #[wasm_bindgen(constructor)]
    pub fn new(request: &JsValue) -> Result<Self, JsValue> {
        let request = Request::read(request).map_err(host::error)?;
        let job = request.job().map_err(host::error)?;
        let live = Rc::new(RefCell::new(Live::new(&job)));
        Ok(Self { request: Rc::new(request), job: Rc::new(job), live })
    }

    /// Ids and polygons of the parent and its children.
    ///
    /// # Errors
    /// A JavaScript error when the cell has no ids of the kind that stores hold.
    pub fn geometry(&self) -> Result<JsValue, JsValue> {
        geometry::geometry(&self.job)
    }

    /// The statistics of the rows so far: `{ rows, columns }`.
    #[must_use]
    pub fn snapshot(&self) -> JsValue {
        let live = self.live.borrow();
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let rows = live.rows() as f64;
        let columns = live.table(&self.job).map_or_else(Array::new, |table| answer::columns_of(&self.job, &table));
        host::object([("rows", rows.into()), ("columns", columns.into())]).into()
    }

    /// Reads, reduces and encodes. `files` holds a `File` for every granule without a URL, at the granule's place;
    /// `stopped` is a promise that settles when `signal` aborts. The promise gives the result (`answer`) or is rejected
    /// with an error that carries `ledger` (JSON) when granules could not be read.
    pub fn run(&self, files: Array, signal: AbortSignal, stopped: Promise, progress: Function) -> Promise {
        let (request, job, live) = (Rc::clone(&self.request), Rc::clone(&self.job), Rc::clone(&self.live));
        future_to_promise(async move {
            let observer = Progress::new(progress, Rc::clone(&live));
            let work = pin!(run(&request, &job, &files, &signal, &observer));
            let outcome = match select(work, pin!(JsFuture::from(stopped))).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(_) => Err(host::error("cancelled")),
            };
            live.borrow_mut().clear();
            outcome
        })
    }
}

async fn run<'a>(
    request: &'a Request,
    job: &Job,
    files: &'a Array,
    signal: &'a AbortSignal,
    observer: &Progress,
) -> Result<JsValue, JsValue> {
    let granule = |(input, place): (&'a Input, u32)| {
        let location = &input.location;
        let open = move || match (&input.url, files.get(place).dyn_into::<web_sys::File>()) {
            (Some(url), _) => Ok(PageSource::Fetch(FetchSource::new(url, location, input.several, signal.clone()))),
            (None, Ok(file)) => Ok(PageSource::File(FileSource::new(file))),
            _ => Err(SourceError::new(Kind::Config, location, "neither a URL nor a file: drop it again")),
        };
        Granule::new(location, open)
    };
    let granules: Vec<_> = request.granules.iter().zip(0..).map(granule).collect();
    let tuning = Tuning { tracks_in_flight: TRACKS_IN_FLIGHT, ..Tuning::default() };
    match pipeline::run_cell(&granules, job, &tuning, None, observer).await {
        Ok(result) => {
            observer.release();
            answer::done(&result)
        }
        Err(error) => {
            let thrown = js_sys::Error::new(&error.to_string());
            if let Error::Unreadable { ledger } = &error {
                let _ = js_sys::Reflect::set(&thrown, &"ledger".into(), &answer::ledger(ledger));
            }
            Err(thrown.into())
        }
    }
}
