//! Machines that follow addresses.
//!
//! A query restarts from the [`Memo`]. A structure whose bytes have not all arrived records what is missing and stops its
//! branch with [`Stop::Missing`]; its siblings are still evaluated, so that the needs of one level go out together.
#![deny(clippy::indexing_slicing)]
mod attributes;
mod btree1;
mod btree2;
mod collections;
mod fractal_heap;
mod global_heap;
mod group;
mod header;
mod memo;
mod messages;
mod object;
mod old_group;
mod path;
mod shared;
mod start;
mod tree;

pub(crate) use attributes::{attributes, attributes_in_heap};
pub(crate) use btree1::{Edges, Keys, Seek, descend};
pub(crate) use btree2::{Place, records};
pub(crate) use global_heap::heap_object;
pub(crate) use group::links;
pub(crate) use memo::{Memo, Stop, Walk, Walked};
pub(crate) use object::object;
pub(crate) use path::find;
pub(crate) use tree::tree;
