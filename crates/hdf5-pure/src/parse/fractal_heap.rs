//! Fractal heaps (III.G): header, blocks, ids of objects.
use super::checksum::{lookup3, verify};
use super::primitive::{
    Parsed, Sizes, address, bad, bytes_for, length, repeat, signature, skip, take, u8, u16, u32, uint, unsupported,
    version,
};

/// A header, with what follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HeapHeader {
    pub(crate) id_len: u16,
    /// Blocks are checksummed.
    checksums: bool,
    /// Version 2 B-tree of huge objects.
    pub(crate) huge: Option<u64>,
    /// Bytes of direct blocks, those that are yet to be made included, and how many of these are free.
    space: u64,
    free: u64,
    /// Objects in direct blocks.
    pub(crate) managed: u64,
    pub(crate) root: Option<u64>,
    /// Rows of the root indirect block; 0: the root is a direct block.
    pub(crate) root_rows: u16,
    width: u16,
    start: u64,
    max_direct: u64,
    offset_width: usize,
    length_width: usize,
}

/// What a heap id says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ObjectId {
    /// In a direct block.
    Managed(ManagedId),
    /// By itself in the file.
    Huge { address: u64, len: u64 },
    /// By itself in the file, found in the B-tree of huge objects under this number.
    HugeIndexed(u64),
    /// In the id.
    Tiny(Vec<u8>),
}

/// Place of an object in the address space of the heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ManagedId {
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// An indirect block: its children in the order of their offsets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct IndirectBlock {
    pub(crate) children: Vec<Option<u64>>,
}

/// A direct block: all its bytes, header included, as offsets count them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DirectBlock {
    pub(crate) bytes: bytes::Bytes,
}

/// A child of an indirect block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Child {
    /// Number of the entry.
    pub(crate) index: usize,
    /// Offset of its first byte in the heap, relative to the indirect block.
    pub(crate) offset: u64,
    pub(crate) size: u64,
    /// Rows it has, if it is an indirect block.
    pub(crate) rows: Option<u16>,
}

impl HeapHeader {
    /// Size in bytes of a header without filters.
    pub(crate) fn len(sizes: Sizes) -> u64 {
        26 + 12 * u64::from(sizes.length) + 3 * u64::from(sizes.offset)
    }

    /// Parses a header.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, ()) = signature(b"FRHP")(input)?;
            let (rest, _) = version(0..=0)(rest)?;
            let (rest, id_len) = u16(rest)?;
            let (rest, filters) = u16(rest)?;
            if filters != 0 {
                return unsupported(rest, "filtered fractal heap");
            }
            let (_, body) = verify(input)?;
            let (rest, ()) = skip(body, 9)?;
            let (rest, flags) = u8(rest)?;
            let (rest, max_managed) = u32(rest)?;
            let (rest, _next_huge) = length(sizes)(rest)?;
            let (rest, huge) = address(sizes)(rest)?;
            let (rest, free) = length(sizes)(rest)?;
            let (rest, _free_space_manager) = address(sizes)(rest)?;
            let (rest, space) = length(sizes)(rest)?;
            let (rest, _allocated) = length(sizes)(rest)?;
            let (rest, _iterator) = length(sizes)(rest)?;
            let (rest, managed) = length(sizes)(rest)?;
            // Size and number of huge and of tiny objects.
            let (rest, _) = repeat(4, length(sizes))(rest)?;
            let (rest, width) = u16(rest)?;
            let (rest, start) = length(sizes)(rest)?;
            let (rest, max_direct) = length(sizes)(rest)?;
            let (rest, max_bits) = u16(rest)?;
            let (rest, _start_rows) = u16(rest)?;
            let (rest, root) = address(sizes)(rest)?;
            let (rest, root_rows) = u16(rest)?;
            let sane = |n: u64| n.is_power_of_two() && n < 1 << 40;
            if !sane(start) || !sane(max_direct) || max_direct < start || !sane(u64::from(width)) || max_bits > 64 {
                return bad(rest, format!("blocks of {start} to {max_direct} bytes, {width} a row, {max_bits} bits"));
            }
            let direct_width = (max_direct.ilog2() as usize).div_ceil(8);
            let length_width = direct_width.min(bytes_for(u64::from(max_managed)));
            let offset_width = usize::from(max_bits).div_ceil(8);
            let checksums = flags & 0x02 != 0;
            let header = Self {
                id_len,
                checksums,
                huge,
                space,
                free,
                managed,
                root,
                root_rows,
                width,
                start,
                max_direct,
                offset_width,
                length_width,
            };
            Ok((rest, header))
        }
    }

    /// Parses the id of an object.
    pub(crate) fn object(&self, sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, ObjectId> {
        move |input| {
            let (rest, first) = u8(input)?;
            if first >> 6 != 0 {
                return bad(input, format!("heap id version {}", first >> 6));
            }
            match first >> 4 & 0x03 {
                0 => {
                    let (rest, offset) = uint(self.offset_width)(rest)?;
                    let (rest, len) = uint(self.length_width)(rest)?;
                    Ok((rest, ObjectId::Managed(ManagedId { offset, len })))
                }
                1 => self.huge(sizes, rest),
                2 => self.tiny(first, rest),
                other => bad(input, format!("heap id type {other}")),
            }
        }
    }

    /// Huge objects: address and length are in the id where they fit.
    fn huge<'a>(&self, sizes: Sizes, input: &'a [u8]) -> Parsed<'a, ObjectId> {
        let room = usize::from(self.id_len).saturating_sub(1);
        if usize::from(sizes.offset) + usize::from(sizes.length) <= room {
            let (rest, at) = super::primitive::defined(sizes)(input)?;
            let (rest, len) = length(sizes)(rest)?;
            return Ok((rest, ObjectId::Huge { address: at, len }));
        }
        let (rest, id) = uint(room.min(8))(input)?;
        Ok((rest, ObjectId::HugeIndexed(id)))
    }

    /// Tiny objects: long ids take another byte for the length.
    fn tiny<'a>(&self, first: u8, input: &'a [u8]) -> Parsed<'a, ObjectId> {
        let low = usize::from(first & 0x0f);
        let (rest, len) = if self.id_len > 17 {
            let (rest, more) = u8(input)?;
            (rest, low << 8 | usize::from(more))
        } else {
            (input, low)
        };
        let (rest, data) = take(len + 1)(rest)?;
        Ok((rest, ObjectId::Tiny(data.to_vec())))
    }

    /// Largest direct block in bytes.
    pub(crate) const fn max_direct_len(&self) -> u64 {
        self.max_direct
    }

    /// Size in bytes of the direct block that is the root.
    pub(crate) const fn root_direct_len(&self) -> u64 {
        self.start
    }

    /// Size in bytes of the blocks in `row`: the first two rows have the starting size, then it doubles.
    fn row_size(&self, row: u32) -> Option<u64> {
        1u64.checked_shl(row.saturating_sub(1)).and_then(|n| n.checked_mul(self.start))
    }

    /// Rows whose blocks are direct ones.
    fn direct_rows(&self) -> u32 {
        self.max_direct.ilog2() - self.start.ilog2() + 2
    }

    /// Size in bytes of the direct block that is the child number `index` of an indirect block; `None` where children are
    /// indirect blocks.
    pub(crate) fn direct_len(&self, index: usize) -> Option<u64> {
        let row = u32::try_from(index / usize::from(self.width).max(1)).ok()?;
        (row < self.direct_rows()).then(|| self.row_size(row)).flatten()
    }

    /// Bytes of all direct blocks.
    pub(crate) const fn space(&self) -> u64 {
        self.space
    }

    /// Bytes of all objects in direct blocks, which are neither free nor the beginning of a block; `None` where not all of
    /// these are children of the root.
    pub(crate) fn managed_len(&self, sizes: Sizes) -> Option<u64> {
        let (mut spanned, mut blocks) = (0, 0);
        while spanned < self.space {
            spanned += if self.root_rows == 0 { self.start } else { self.direct_len(blocks)? };
            blocks += 1;
        }
        let prefixes = (blocks * self.direct_prefix(sizes)) as u64;
        self.space.checked_sub(self.free)?.checked_sub(prefixes).filter(|_| spanned == self.space)
    }

    /// Bytes of a direct block before its first object.
    pub(crate) fn direct_prefix(&self, sizes: Sizes) -> usize {
        5 + usize::from(sizes.offset) + self.offset_width + if self.checksums { 4 } else { 0 }
    }

    /// Size in bytes of an indirect block with `rows` rows.
    pub(crate) fn indirect_len(&self, sizes: Sizes, rows: u16) -> u64 {
        let children = u64::from(rows) * u64::from(self.width);
        9 + self.offset_width as u64 + u64::from(sizes.offset) * (1 + children)
    }

    /// The child of an indirect block with `rows` rows in which the byte at `offset` (relative to the block) lies.
    pub(crate) fn child(&self, rows: u16, offset: u64) -> Option<Child> {
        let width = u64::from(self.width);
        let mut row_start = 0u64;
        for row in 0..u32::from(rows) {
            let size = self.row_size(row)?;
            let row_len = size.checked_mul(width)?;
            let inside = offset.checked_sub(row_start)?;
            if inside < row_len {
                let column = inside / size;
                let index = usize::try_from(u64::from(row) * width + column).ok()?;
                let rows = (row >= self.direct_rows()).then(|| self.rows_of(size)).flatten();
                return Some(Child { index, offset: row_start + column * size, size, rows });
            }
            row_start = row_start.checked_add(row_len)?;
        }
        None
    }

    /// Rows of an indirect block that spans `size` bytes of the heap.
    fn rows_of(&self, size: u64) -> Option<u16> {
        let first = self.start.ilog2() + u64::from(self.width).ilog2();
        u16::try_from(size.ilog2().checked_sub(first)? + 1).ok()
    }

    /// Parses an indirect block.
    pub(crate) fn indirect(&self, sizes: Sizes, rows: u16) -> impl Fn(&[u8]) -> Parsed<'_, IndirectBlock> {
        let children = usize::from(rows) * usize::from(self.width);
        let offset_width = self.offset_width;
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = signature(b"FHIB")(body)?;
            let (rest, _) = version(0..=0)(rest)?;
            let (rest, _heap) = address(sizes)(rest)?;
            let (rest, ()) = skip(rest, offset_width)?;
            let (rest, children) = repeat(children, address(sizes))(rest)?;
            Ok((rest, IndirectBlock { children }))
        }
    }

    /// Parses a direct block. Its checksum is that of the block with the checksum set to zero.
    pub(crate) fn direct(&self, sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, DirectBlock> {
        let (offset_width, checksums) = (self.offset_width, self.checksums);
        move |input| {
            let (rest, ()) = signature(b"FHDB")(input)?;
            let (rest, _) = version(0..=0)(rest)?;
            let (rest, _heap) = address(sizes)(rest)?;
            let (rest, ()) = skip(rest, offset_width)?;
            if checksums {
                let at = input.len() - rest.len();
                let (_, stored) = u32(rest)?;
                let mut zeroed = input.to_vec();
                zeroed.iter_mut().skip(at).take(4).for_each(|b| *b = 0);
                let computed = lookup3(&zeroed);
                if computed != stored && !cfg!(fuzzing) {
                    return bad(rest, format!("checksum {computed:08x} computed, {stored:08x} stored"));
                }
            }
            Ok((&[], DirectBlock { bytes: bytes::Bytes::copy_from_slice(input) }))
        }
    }
}
