//! Progress events for the page.
use crate::host;
use crate::live::Live;
use js_sys::{Array, Function, Uint32Array};
use pipeline::{JobEvent, Observer};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// Calls a JavaScript function with `(kind, ...)` for every event:
///
/// * `("planned", granules)`, `("opened", granule)`, `("received", granule, bytes)`,
/// * `("rows", granule, track, count, children)`: the distinct children in the order in which the track crosses them,
/// * `("finished", entry)`: the ledger's entry as JSON.
pub(crate) struct Progress {
    callback: Function,
    live: Rc<RefCell<Live>>,
}

impl Progress {
    pub(crate) const fn new(callback: Function, live: Rc<RefCell<Live>>) -> Self {
        Self { callback, live }
    }

    /// The picture is not needed any more: its memory is.
    pub(crate) fn release(&self) {
        self.live.borrow_mut().clear();
    }

    fn send<const N: usize>(&self, arguments: [JsValue; N]) {
        // A page that cannot draw its progress still gets its result.
        let _ = self.callback.apply(&JsValue::NULL, &arguments.into_iter().collect::<Array>());
    }
}

impl Observer for Progress {
    fn event(&self, event: JobEvent<'_>) {
        match event {
            JobEvent::Planned { granules } => self.send(["planned".into(), granules.into()]),
            JobEvent::Opened { granule } => self.send(["opened".into(), granule.into()]),
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            JobEvent::Received { granule, bytes } => {
                self.send(["received".into(), granule.into(), (bytes as f64).into()]);
            }
            JobEvent::Rows { granule, track, child, value, sigma } => {
                self.live.borrow_mut().add(child, value, sigma);
                let mut crossed = child.to_vec();
                crossed.dedup();
                let crossed = Uint32Array::from(crossed.as_slice());
                self.send(["rows".into(), granule.into(), track.into(), child.len().into(), crossed.into()]);
            }
            JobEvent::Finished(entry) => {
                let entry = serde_json::to_string(entry).unwrap_or_default();
                self.send(["finished".into(), entry.into()]);
            }
            _ => {}
        }
    }

    fn now(&self) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds since the start")]
        let now = host::now() as u64;
        now
    }
}
