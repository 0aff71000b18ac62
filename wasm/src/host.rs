//! What the browser lends: a clock, a timer, `fetch`; and small words for JavaScript values.
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestCache, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    /// Window and worker have the same function; `web_sys` knows it as a method of either.
    #[wasm_bindgen(js_name = fetch)]
    fn js_fetch(url: &str, init: &RequestInit) -> Promise;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);

    #[wasm_bindgen(js_name = Number)]
    fn js_number(text: &str) -> f64;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds since the worker started.
pub(crate) fn now() -> f64 {
    performance_now()
}

/// A request; the error is what JavaScript threw.
pub(crate) async fn fetch(url: &str, init: &RequestInit) -> Result<Response, JsValue> {
    JsFuture::from(js_fetch(url, init)).await?.dyn_into()
}

/// The settings of a request with a `Range` header.
pub(crate) fn ranged(range: &str, signal: &AbortSignal) -> Result<RequestInit, JsValue> {
    let (init, headers) = (RequestInit::new(), Headers::new()?);
    headers.set("range", range)?;
    init.set_headers(&headers);
    init.set_signal(Some(signal));
    // The browser's cache would read ranges of one file one after the other.
    init.set_cache(RequestCache::NoStore);
    Ok(init)
}

/// Gives up the body; the connection may be closed for it.
pub(crate) fn discard(response: &Response) {
    if let Some(body) = response.body() {
        let _ = body.cancel();
    }
}

/// A timer that is cleared when it is dropped before its time.
pub(crate) struct Timer {
    id: JsValue,
    promise: Promise,
}

impl Timer {
    /// Starts now.
    pub(crate) fn new(milliseconds: f64) -> Self {
        let mut id = JsValue::UNDEFINED;
        let promise = Promise::new(&mut |resolve, _| id = set_timeout(&resolve, milliseconds));
        Self { id, promise }
    }

    /// Waits until it rings.
    pub(crate) async fn ring(&self) {
        let _ = JsFuture::from(self.promise.clone()).await;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.id);
    }
}

/// A number in decimal notation.
pub(crate) fn number(text: &str) -> Option<f64> {
    Some(js_number(text)).filter(|number| number.is_finite() && !text.is_empty())
}

/// A field of an object; `undefined` where there is none.
pub(crate) fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A JavaScript error with words for a person.
pub(crate) fn error(message: impl std::fmt::Display) -> JsValue {
    js_sys::Error::new(&message.to_string()).into()
}

/// The `name` of what was thrown: `AbortError`, `TypeError`, `NotReadableError`.
pub(crate) fn error_name(thrown: &JsValue) -> String {
    field(thrown, "name").as_string().unwrap_or_default()
}

/// Its `message`.
pub(crate) fn error_message(thrown: &JsValue) -> String {
    field(thrown, "message").as_string().unwrap_or_default()
}

/// A plain object of these fields.
pub(crate) fn object<const N: usize>(fields: [(&str, JsValue); N]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object
}
