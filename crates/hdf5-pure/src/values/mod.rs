//! Values in memory, of every type of HDF5.
//!
//! | stored | in memory: [`Elements`] |
//! |---|---|
//! | integers, floats (f16 too), enumerations, bit fields, of any byte order and width | `Fixed`, little-endian, of the next native size |
//! | the enumeration FALSE = 0, TRUE = 1, which h5py and netCDF write for booleans | `Fixed`, one byte |
//! | complex numbers: their own class, or records `r`, `i` | `Fixed`, two numbers |
//! | text of fixed size | `Fixed`, with its padding |
//! | text of variable length | `Text` |
//! | records (compound) of the above | `Fixed`, without gaps |
//! | records with members of variable length | `Records`, one list of values a member |
//! | small arrays within an element | dimensions more, behind those of the dataset |
//! | sequences of variable length | `Sequences`: all items, and where each sequence ends |
//! | opaque bytes, times, numbers that no native type holds | `Fixed`, as bytes |
//! | references to objects and regions | `Fixed`, as bytes that identify them in this file |
//!
//! VAX floats are refused with an error that names them.
mod build;
mod elements;
mod records;

pub(crate) use build::{Lookup, Stop, build};
pub use elements::{Elements, NamedValues, Values};
pub(crate) use elements::{of_attribute, shape};
