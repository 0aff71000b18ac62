//! Small files that would cost much: a limit, or memory and time in proportion to the file.
use crate::support::{Local, fixture};
use hdf5_pure::datatype::{Canonical, HeapRef};
use hdf5_pure::{Error, ErrorClass, HeapId, Limits, Metadata, Object, Selection};
use std::time::Instant;

/// A file of the newest format, written by hand: object headers of version 2, one after the other.
struct Made {
    bytes: Vec<u8>,
}

impl Made {
    fn new() -> Self {
        Self { bytes: vec![0; 48] }
    }

    fn at(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn add(&mut self, bytes: &[u8]) -> u64 {
        let at = self.at();
        self.bytes.extend_from_slice(bytes);
        at
    }

    fn add_header(&mut self, messages: &[u8]) -> u64 {
        let size = u32::try_from(messages.len()).unwrap();
        let whole = [&b"OHDR\x02\x02"[..], &size.to_le_bytes(), messages].concat();
        self.add(&checksummed(whole))
    }

    /// The superblock, version 2, before all of it.
    fn finish(mut self, root: u64) -> Vec<u8> {
        let undefined = u64::MAX.to_le_bytes();
        let mut block = b"\x89HDF\r\n\x1a\n\x02\x08\x08\0".to_vec();
        for field in [[0; 8], undefined, self.at().to_le_bytes(), root.to_le_bytes()] {
            block.extend_from_slice(&field);
        }
        let block = checksummed(block);
        self.bytes[..block.len()].copy_from_slice(&block);
        self.bytes
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &u16::try_from(body.len()).unwrap().to_le_bytes(), &[0], body].concat()
}

fn hard_link(name: &str, to: u64) -> Vec<u8> {
    let head = [1, 1, name.len() as u8, (name.len() >> 8) as u8];
    message(6, &[&head[..], name.as_bytes(), &to.to_le_bytes()].concat())
}

fn checksummed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = lookup3(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// Jenkins' hash by the words of its author's lookup3.c.
fn lookup3(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let (mut a, mut b, mut c) = (start, start, start);
    let word = |block: &[u8], k: usize| {
        block.iter().skip(4 * k).take(4).rev().fold(0_u32, |n, &byte| n << 8 | u32::from(byte))
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let (block, next) = rest.split_at(rest.len().min(12));
        a = a.wrapping_add(word(block, 0));
        b = b.wrapping_add(word(block, 1));
        c = c.wrapping_add(word(block, 2));
        rest = next;
        if rest.is_empty() {
            for (x, y, z, turn) in
                [(2, 1, 1, 14), (0, 2, 2, 11), (1, 0, 0, 25), (2, 1, 1, 16), (0, 2, 2, 4), (1, 0, 0, 14), (2, 1, 1, 24)]
            {
                let mut state = [a, b, c];
                state[x] = (state[x] ^ state[y]).wrapping_sub(state[z].rotate_left(turn));
                [a, b, c] = state;
            }
        } else {
            for (x, y, z, turn) in
                [(0, 2, 1, 4), (1, 0, 2, 6), (2, 1, 0, 8), (0, 2, 1, 16), (1, 0, 2, 19), (2, 1, 0, 4)]
            {
                let mut state = [a, b, c];
                state[x] = state[x].wrapping_sub(state[y]) ^ state[y].rotate_left(turn);
                state[y] = state[y].wrapping_add(state[z]);
                [a, b, c] = state;
            }
        }
    }
    c
}

/// Groups within groups, each named `name`, `depth` of them.
fn nested(depth: usize, name: &str) -> Vec<u8> {
    let mut made = Made::new();
    // A group without links.
    let mut group = made.add_header(&message(2, &[&[0, 0][..], &[0xff; 16]].concat()));
    for _ in 0..depth {
        group = made.add_header(&hard_link(name, group));
    }
    made.finish(group)
}

#[test]
fn a_thousand_nested_groups_are_listed() {
    let mut local = Local::new(nested(1000, "group"));
    let tree = local.ask(Metadata::tree).unwrap();
    assert_eq!(tree.len(), 1000);
    assert!(tree.iter().all(|(_, object)| matches!(object, Ok(Object::Group(_)))));
    assert_eq!(tree[999].0, "/group".repeat(1000));
}

#[test]
fn groups_nested_too_deep_are_an_error_of_the_deepest() {
    for depth in [2000, 40_000] {
        let mut local = Local::new(nested(depth, "g"));
        if depth > 2000 {
            local.file.insert(0, &local.bytes);
        }
        let tree = local.ask(Metadata::tree).unwrap();
        let (path, object) = tree.last().unwrap();
        let error = object.as_ref().unwrap_err();
        assert_eq!((error.class(), tree.len()), (ErrorClass::Limit, 1025), "{error}");
        assert_eq!(path.len(), 2 * tree.len());
        assert!(tree[..tree.len() - 1].iter().all(|(_, object)| object.is_ok()));
    }
}

#[test]
fn paths_stay_within_the_limit_on_names() {
    let limits = Limits { metadata_bytes: 4 << 20, ..Limits::default() };
    let mut local = Local::with_limits(nested(1000, &"long name ".repeat(80)), limits);
    let tree = local.ask(Metadata::tree).unwrap();
    let bytes: usize = tree.iter().map(|(path, _)| path.len()).sum();
    assert!(tree.last().unwrap().1.as_ref().is_err_and(|error| error.class() == ErrorClass::Limit));
    assert!(tree.len() > 50 && bytes <= 2 << 20, "{} paths, {bytes} bytes", tree.len());
}

/// Continuations that overlap: each holds all the messages behind it.
#[test]
fn messages_of_a_header_are_limited_and_not_copied_time_and_again() {
    let mut made = Made::new();
    let count = 2000_u64;
    let len = 64 * 1024;
    // Attributes without a name are messages like any other, here of four bytes: type, size, flags.
    let body: Vec<u8> = message(0x0c, &[]).repeat(len / 4 - 2);
    let blocks: Vec<u64> =
        (0..count.min(40)).map(|_| made.add(&checksummed([b"OCHK".to_vec(), body.clone()].concat()))).collect();
    let links: Vec<u8> =
        blocks.iter().flat_map(|at| message(0x10, &[at.to_le_bytes(), (len as u64).to_le_bytes()].concat())).collect();
    let root = made.add_header(&links);
    let mut local = Local::new(made.finish(root));
    let error = local.ask(Metadata::tree).unwrap_err();
    assert!(error.to_string().contains("number of messages"), "{error}");
}

#[test]
fn a_long_chain_of_continuations_is_read_in_time() {
    let mut made = Made::new();
    let mut next: Option<(u64, u64)> = None;
    for _ in 0..4000 {
        let mut body = b"OCHK".to_vec();
        body.extend(message(0x0c, &[1; 8]).repeat(30));
        body.extend(
            next.map_or_else(Vec::new, |(at, len)| message(0x10, &[at.to_le_bytes(), len.to_le_bytes()].concat())),
        );
        let body = checksummed(body);
        next = Some((made.at(), body.len() as u64));
        made.add(&body);
    }
    let (at, len) = next.unwrap();
    let root = made.add_header(&message(0x10, &[at.to_le_bytes(), len.to_le_bytes()].concat()));
    let bytes = made.finish(root);
    let begin = Instant::now();
    let mut local = Local::new(bytes.clone());
    local.file.insert(0, &local.bytes);
    let error = local.ask(Metadata::tree).unwrap_err();
    assert!(error.to_string().contains("not the header of a group"), "{error}");
    println!("{} bytes in {:?}", bytes.len(), begin.elapsed());
}

/// An old-style group whose names all lie in one heap without an end.
#[test]
fn names_without_an_end_are_limited() {
    let bytes = fixture("links_old.h5").to_vec();
    let heaps: Vec<usize> = (0..bytes.len() - 4).filter(|&at| bytes[at..at + 4] == *b"HEAP").collect();
    assert!(!heaps.is_empty());
    for heap in heaps {
        let mut bytes = bytes.clone();
        let size = u64::from_le_bytes(bytes[heap + 8..heap + 16].try_into().unwrap()) as usize;
        let at = u64::from_le_bytes(bytes[heap + 24..heap + 32].try_into().unwrap()) as usize;
        bytes[at..at + size].fill(b'a');
        let limits = Limits { metadata_bytes: 300_000, ..Limits::default() };
        let _ = Local::with_limits(bytes, limits).ask(Metadata::tree);
    }
}

#[test]
fn a_dataset_that_the_file_cannot_hold_is_refused_at_once() {
    let mut local = Local::new(fixture("damage.h5"));
    let dataset = local.dataset("/line");
    let mut huge = (*dataset).clone();
    huge.shape = vec![1 << 36];
    huge.max_shape = vec![Some(1 << 36)];
    huge.layout = hdf5_pure::DataLayout::Contiguous { address: Some(800) };
    let all = Selection::all(&huge);
    let error = local.ask(|file| file.chunk_maps(&[(&huge, &all)])).unwrap().remove(0).unwrap_err();
    assert!(matches!(error, Error::PastEnd { .. }), "{error}");
}

#[test]
fn values_in_the_heap_may_be_more_than_metadata() {
    let limits = Limits { metadata_bytes: 20_000, ..Limits::default() };
    let mut local = Local::with_limits(fixture("heavy.h5"), limits);
    let dataset = local.dataset("/text");
    let raw = local.read(&dataset, &Selection::all(&dataset)).unwrap();
    let canonical = Canonical::new(&dataset.datatype, false).unwrap();
    let (mut parts, mut total) = (0, 0);
    let mut rest = &raw[..];
    while !rest.is_empty() {
        let (part, more) = rest.split_at(canonical.part(rest, 10_000));
        assert!(part.len() % 16 == 0 && part.len() < 16 * 20);
        let mut ids = Vec::new();
        canonical.heap_refs(part, &mut |reference: HeapRef| ids.push(HeapId::from(reference)));
        for text in local.ask(|file| file.resolve(&ids)).unwrap() {
            total += text.unwrap().len();
        }
        parts += 1;
        rest = more;
        local.file.release();
    }
    let expected: usize = (0..40).map(|i: usize| i.to_string().len() * (500 + i)).sum();
    assert_eq!(total, expected);
    assert!(parts > 5, "{parts} parts");
    let numbers = Local::new(fixture("damage.h5")).dataset("/line");
    assert_eq!(Canonical::new(&numbers.datatype, false).unwrap().part(&[0; 4000], 10), 4000);
}

/// Datasets of large elements without a fill value of their own.
#[test]
fn fill_values_of_large_elements_share_their_zeros() {
    let mut made = Made::new();
    let mut links = Vec::new();
    for i in 0..500 {
        // Scalar dataspace; opaque elements of 64 MiB without a tag; layout: contiguous, nothing allocated.
        let space = message(1, &[2, 0, 0, 0]);
        let datatype = message(3, &[&[0x15, 0, 0, 0][..], &(64_u32 << 20).to_le_bytes()].concat());
        let layout = message(8, &[&[3, 1][..], &[0xff; 8], &[0; 8]].concat());
        let dataset = made.add_header(&[space, datatype, layout].concat());
        links.extend(hard_link(&format!("{i}"), dataset));
    }
    let root = made.add_header(&links);
    let mut local = Local::new(made.finish(root));
    let mut first = None;
    for (path, object) in local.ask(Metadata::tree).unwrap() {
        let Ok(Object::Dataset(dataset)) = object else { panic!("{path}: {object:?}") };
        let fill = dataset.fill_value.clone().unwrap();
        assert_eq!(fill.len(), 64 << 20);
        assert_eq!(*first.get_or_insert(fill.as_ptr()), fill.as_ptr(), "{path}");
    }
}
