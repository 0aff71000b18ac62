//! What can go wrong with a datatype or with values of it.

use thiserror::Error;

/// Failure to parse a datatype message or to convert values of a datatype.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DatatypeError {
    /// The message ends before the structure does.
    #[error("datatype message at byte {offset}: ends early")]
    Truncated {
        /// File offset where more bytes were expected.
        offset: u64,
    },
    /// A field holds a value that the specification rules out.
    #[error("datatype message at byte {offset}: {what}")]
    Malformed {
        /// File offset of the structure at fault.
        offset: u64,
        /// The field and what is wrong with it.
        what: &'static str,
    },
    /// A class, version or option that this reader does not know.
    #[error("datatype message at byte {offset}: unsupported {what}")]
    UnknownFeature {
        /// File offset of the structure.
        offset: u64,
        /// The unknown feature.
        what: &'static str,
    },
    /// Types nested deeper than any sane producer writes.
    #[error("datatype message at byte {offset}: nested deeper than {limit} levels")]
    TooDeep {
        /// File offset of the innermost type reached.
        offset: u64,
        /// The limit.
        limit: u8,
    },
    /// Numbers (or text) were asked of a type that holds none.
    #[error("{dtype} does not hold {wanted}")]
    WrongClass {
        /// The type, as [`Datatype::describe`](super::Datatype::describe) names it.
        dtype: String,
        /// What was wanted of it.
        wanted: &'static str,
    },
    /// A known layout whose values this reader cannot convert.
    #[error("values of {dtype} cannot be converted: {why}")]
    Unconvertible {
        /// The type.
        dtype: String,
        /// The reason.
        why: &'static str,
    },
    /// A value does not fit the target type exactly.
    #[error("element {index} of {dtype} is not exactly a {target}")]
    Inexact {
        /// Position of the value among the decoded numbers.
        index: usize,
        /// The type as stored.
        dtype: String,
        /// The target type.
        target: &'static str,
    },
    /// The raw bytes are not a whole number of elements.
    #[error("{len} bytes are not a whole number of {size}-byte elements")]
    Ragged {
        /// Bytes given.
        len: usize,
        /// Bytes an element.
        size: usize,
    },
    /// A variable-length element says it is longer than the heap object it names.
    #[error("heap object of {have} bytes is shorter than the {need} bytes its element claims")]
    ShortHeapObject {
        /// Bytes of the heap object.
        have: usize,
        /// Bytes claimed.
        need: u64,
    },
    /// Variable-length data adds up to more than the caller allows.
    #[error("variable-length data exceeds the limit of {limit} bytes")]
    HeapLimit {
        /// The limit in bytes.
        limit: u64,
    },
}
