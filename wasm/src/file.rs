//! A dropped file, read by slices.
use crate::host;
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, SourceErrorKind as Kind, Stamp};
use bytes::Bytes;
use js_sys::Uint8Array;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;

/// A file of the user's; the browser itself refuses to read one that has changed since it was dropped.
pub(crate) struct FileSource {
    file: web_sys::File,
    size: u64,
}

impl FileSource {
    pub(crate) fn new(file: web_sys::File) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size below 2^53")]
        let size = file.size() as u64;
        Self { file, size }
    }
}

impl Source for FileSource {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        let name = self.file.name();
        if range.start() > self.size {
            let message = format!("range {range} lies past the end ({} bytes)", self.size);
            return Err(SourceError::new(Kind::BadAnswer, name, message));
        }
        #[expect(clippy::cast_precision_loss, reason = "below 2^53, as the file's size is")]
        let (start, end) = (range.start() as f64, range.end().min(self.size) as f64);
        let slice = self.file.slice_with_f64_and_f64(start, end).map_err(|thrown| unreadable(&name, &thrown))?;
        let buffer = JsFuture::from(slice.array_buffer()).await.map_err(|thrown| unreadable(&name, &thrown))?;
        let bytes = Bytes::from(Uint8Array::new(buffer.unchecked_ref()).to_vec());
        Ok(Fetched { bytes, file_size: self.size })
    }

    /// The page reads no indexes, which alone ask for it.
    fn stamp(&self) -> Option<Stamp> {
        None
    }

    fn cost(&self) -> Cost {
        Cost::LOCAL
    }
}

/// `NotReadableError`: changed on the disk, or taken away (File API, "Errors and Exceptions").
fn unreadable(name: &str, thrown: &js_sys::wasm_bindgen::JsValue) -> SourceError {
    let (kind, message) = match host::error_name(thrown).as_str() {
        "NotReadableError" => {
            (Kind::Changed, "the file has changed or moved since it was dropped: drop it again".to_owned())
        }
        "NotFoundError" => (Kind::NotFound, "the file is gone: drop it again".to_owned()),
        other => (Kind::Other, format!("the browser cannot read it ({other}): {}", host::error_message(thrown))),
    };
    SourceError::new(kind, name, message)
}
