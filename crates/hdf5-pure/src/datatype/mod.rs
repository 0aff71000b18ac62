//! Datatypes: what the bytes of one element mean (HDF5 File Format Specification, IV.A.2.d "Datatype message").
//!
//! * [`Datatype`] is the parsed message: [`Datatype::parse`] reads versions 0 to 5 of it.
//! * [`Datatype::decode_column`] and [`Datatype::decode_into`] turn raw elements into native numbers, exactly or not at
//!   all.
//! * [`Datatype::strings`] reads fixed and variable-length text.
//! * [`Canonical`] streams elements in one byte form that does not depend on byte order, padding or storage, for
//!   checksums that agree between producers.
//! * [`Datatype::describe`] and [`Datatype::numpy_name`] name a type for people.
//!
//! Nothing here performs IO: variable-length data is asked for by [`HeapRef`] through a callback of the caller.
#![deny(clippy::indexing_slicing)]

mod canonical;
mod class;
mod conversion;
mod describe;
mod error;
mod float_bits;
mod form;
mod heap_ref;
mod kind;
mod message;
mod number;
mod numbers;
mod plan;
mod sample;
mod text;

pub use canonical::Canonical;
pub use class::{
    Array, BitField, CharacterSet, Complex, Compound, Datatype, EnumMember, Enumeration, FixedString, Member, Opaque,
    Reference, ReferenceKind, StringPadding, Time, VariableLength, VariableLengthKind,
};
pub(crate) use conversion::Conversion;
pub use error::DatatypeError;
pub use form::{Field, Form};
pub use heap_ref::HeapRef;
pub use kind::Kind;
pub use number::{ByteOrder, FixedPoint, FloatingPoint, Normalisation};
pub use numbers::Numbers;
pub use sample::Sample;
pub(crate) use text::heap_items;
pub(crate) use text::heap_text;

#[cfg(test)]
mod tests;
