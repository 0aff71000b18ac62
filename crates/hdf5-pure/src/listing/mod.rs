//! What is in a file, for people: its tree level by level, datasets and attributes as text.
//!
//! [`tree`] reads level by level, so that the depth of the tree sets the number of round trips. [`crate::Metadata::tree`] finds the
//! same objects as one query, without links and depths.
mod describe;
mod tree;
mod values;

pub use tree::{TreeNode, TreeNodeKind, top, tree};
pub use values::attributes;
