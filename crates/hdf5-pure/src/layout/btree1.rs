//! Chunks in B-trees of version 1 (III.A.1).
use super::grid::{dims, is_inside, points};
use super::question::{Question, check_apart};
use crate::parse::{BTree1Node, ChunkKey};
use crate::walk::{Edges, Keys, Seek, Stop, Walk, Walked, descend};
use crate::{Chunk, Error};

const NAME: &str = "version 1 B-tree";

/// Chunks of a version 1 B-tree.
pub(super) fn chunks(walk: &mut Walk<'_>, question: &Question<'_>) -> Walked<Vec<Chunk>> {
    let rank = question.dataset.shape.len();
    let guess = 2 * walk.format()?.k.get(2).map_or(32, |&k| u64::from(k));
    let keys = Keys { kind: 1, len: ChunkKey::len(rank), guess, parse: ChunkKey::parse(rank) };
    let mut search = Search::new(question)?;
    descend(walk, question.address, keys, &mut search)?;
    search.check_level(walk)?;
    Ok(search.chunks)
}

/// A search in a version 1 B-tree, which no checksum guards: every key of every node that is read must fit the dataset, the
/// keys beside it and those of the node above.
struct Search<'a> {
    question: &'a Question<'a>,
    touched: Vec<(u64, u64)>,
    /// Origins of the first and the last chunk that the selection meets; keys are sorted by origin.
    first: Vec<u64>,
    last: Vec<u64>,
    /// Size of an unfiltered chunk; `None` where filters decide.
    plain: Option<u64>,
    /// The first child of a root that is a leaf.
    only_leaf: Option<u64>,
    chunks: Vec<Chunk>,
}

impl<'a> Search<'a> {
    fn new(question: &'a Question<'a>) -> Result<Self, Error> {
        let touched = question.touched();
        let edge = |at: fn(&(u64, u64)) -> u64| -> Vec<u64> {
            touched
                .iter()
                .zip(&question.layout.chunk_shape)
                .map(|(bounds, &len)| at(bounds).saturating_mul(len))
                .collect()
        };
        let (first, last) = (edge(|(lo, _)| *lo), edge(|(_, hi)| hi.saturating_sub(1)));
        let plain = question.dataset.filters.is_empty().then(|| question.dataset.chunk_len()).transpose()?;
        let plain = plain.map(|len| len as u64);
        Ok(Self { question, touched, first, last, plain, only_leaf: None, chunks: Vec::new() })
    }

    /// Nothing guards the level of the root: with a wrong one nodes would count as chunks, and all other chunks as never
    /// written. So this looks at the child where chunks of the selection are missing.
    fn check_level(&self, walk: &mut Walk<'_>) -> Walked<()> {
        let (Some(child), true) = (self.only_leaf, points(&self.touched) > Some(self.chunks.len() as u64)) else {
            return Ok(());
        };
        match walk.bytes("chunk", child, 5) {
            Err(Stop::Missing) => Err(Stop::Missing),
            Ok(begin) if begin == b"TREE\x01"[..] => {
                let at = walk.offset(NAME, self.question.address)?;
                Err(Error::corrupt(NAME, at, "a leaf whose children are nodes").into())
            }
            _ => Ok(()),
        }
    }

    /// The key left of a child is the one of its first chunk.
    fn check_key(&self, key: &ChunkKey, is_leaf: bool) -> Result<(), String> {
        let origin = &key.origin;
        if key.within != 0 || scaled(origin, &self.question.layout.chunk_shape).is_none() {
            return Err(format!("a chunk at {origin:?} beside the grid of chunks"));
        }
        if origin.iter().zip(&self.question.dataset.shape).any(|(at, dim)| at >= dim) {
            return Err(format!(
                "a chunk at {origin:?} outside of the dataset, which is {}",
                dims(&self.question.dataset.shape)
            ));
        }
        match self.plain {
            Some(len) if is_leaf && u64::from(key.size) != len => {
                Err(format!("the chunk at {origin:?} has {} bytes where {len} are needed", key.size))
            }
            _ => Ok(()),
        }
    }
}

impl Seek<ChunkKey> for Search<'_> {
    fn check(&mut self, node: &BTree1Node<ChunkKey>, edges: Edges<'_, ChunkKey>) -> Result<(), String> {
        let is_leaf = node.level == 0;
        if is_leaf && edges.left.is_none() && edges.right.is_none() {
            self.only_leaf = node.children.first().copied();
        }
        let (Some(begin), Some((end, keys))) = (node.keys.first(), node.keys.split_last()) else {
            return Err("a node without keys".into());
        };
        for key in keys {
            self.check_key(key, is_leaf)?;
        }
        if let Some([a, b]) = node.keys.windows(2).find(|pair| matches!(pair, [a, b] if a.place() >= b.place())) {
            return Err(match a.place() == b.place() {
                true => format!("the chunk at {:?} occurs twice", a.origin),
                false => format!("the key of the chunk at {:?} comes after the one of {:?}", b.origin, a.origin),
            });
        }
        let differs =
            |own: &ChunkKey, above: Option<&ChunkKey>| above.is_some_and(|above| above.place() != own.place());
        if differs(begin, edges.left) || differs(end, edges.right) {
            return Err("its outermost keys are not those of the node above".into());
        }
        // After the last chunk of all comes a key of no chunk: it has no size.
        if edges.right.is_none() && end.size != 0 {
            return Err(format!("a key for a chunk at {:?} behind the last entry in use", end.origin));
        }
        if is_leaf {
            check_apart(keys.iter().zip(&node.children).map(|(key, &at)| (at, u64::from(key.size))))
        } else {
            Ok(())
        }
    }

    /// A child holds chunks from the one of its left key up to, not with, the one of its right key.
    fn wants(&mut self, edges: Edges<'_, ChunkKey>) -> Result<bool, Error> {
        let ends_after = edges.right.is_none_or(|right| right.origin > self.first);
        Ok(ends_after && edges.left.is_none_or(|left| left.origin <= self.last))
    }

    fn visit(&mut self, walk: &mut Walk<'_>, key: &ChunkKey, child: u64) -> Walked<()> {
        let scaled = scaled(&key.origin, &self.question.layout.chunk_shape).unwrap_or_default();
        if is_inside(&scaled, &self.touched) {
            self.chunks.push(self.question.chunk(&scaled, child, Some((u64::from(key.size), key.filter_mask)))?);
        }
        let limit = walk.limits.chunks;
        let full = self.chunks.len() as u64 > limit;
        if full { Err(Error::Limit { what: "the number of chunks of a selection", limit }.into()) } else { Ok(()) }
    }
}

/// Chunk coordinates of an origin, if it lies on the grid.
fn scaled(origin: &[u64], shape: &[u64]) -> Option<Vec<u64>> {
    origin.iter().zip(shape).map(|(&at, &len)| (at.checked_rem(len)? == 0).then(|| at / len)).collect()
}
