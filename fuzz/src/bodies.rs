//! What every input is put through. Shared by the libFuzzer targets and the bounded run of the reader's own tests.
//!
//! A body panics when the reader breaks a promise: it returns otherwise. Its answer counts what was read, so that a run
//! shows how far its inputs got.
use byte_ranges::{ByteRange, Step};
use bytes::Bytes;
use hdf5_pure::datatype::{Canonical, Datatype};
use hdf5_pure::filters::{Context, Filter, decode};
use hdf5_pure::{
    Attribute, ChunkMap, Dataset, Error, File, HeapId, Hyperslab, Limits, Metadata, Object, Selection, Space,
};
use std::fmt::Debug;

/// How much of an input was understood.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Outcome {
    /// Questions that were answered.
    pub answers: usize,
    /// Questions that ended in an error.
    pub errors: usize,
}

impl Outcome {
    fn note<T, E>(&mut self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                self.answers += 1;
                Some(value)
            }
            Err(_) => {
                self.errors += 1;
                None
            }
        }
    }
}

/// Bounds that keep one run short.
pub fn small() -> Limits {
    Limits {
        chunk_bytes: 1 << 20,
        metadata_bytes: 4 << 20,
        chunks: 4_000,
        selection_bytes: 1 << 20,
        links: 4_000,
        ..Limits::default()
    }
}

/// Target `walk`: the input is a file; everything in it is asked for.
pub fn walk(input: &[u8]) -> Outcome {
    walk_within(input, small())
}

/// [`walk`] with limits of your own.
pub fn walk_within(input: &[u8], limits: Limits) -> Outcome {
    let mut feed = Feed::new(input, limits, Pace::Whole);
    let mut outcome = Outcome::default();
    let Some(tree) = outcome.note(feed.ask(Metadata::tree)) else { return outcome };
    for (_, object) in tree {
        let Some(object) = outcome.note(object) else { continue };
        for attribute in outcome.note(feed.ask(|file| file.attributes(&object, None))).unwrap_or_default() {
            outcome.note(feed.interpret(&attribute.datatype, &attribute.raw));
        }
        if let Object::Dataset(dataset) = object {
            let selection = Selection::all(&dataset);
            let raw = outcome.note(feed.read(&dataset, &selection));
            if let Some(raw) = raw.filter(|raw| !raw.is_empty()) {
                assert_eq!(Some(raw.len() as u64), selection.elements().map(|n| n * dataset.element_size()));
                outcome.note(feed.interpret(&dataset.datatype, &raw));
            }
        }
    }
    outcome
}

/// Target `open`: the input is a file; all values and attributes in it are read as a program would, whole and in part. What is
/// read is as large as its shape says.
pub fn open(input: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let file = File::with_limits(Bytes::copy_from_slice(input), small());
    let Some(file) = outcome.note(file) else { return outcome };
    let Some(tree) = outcome.note(file.tree()) else { return outcome };
    for (path, object) in tree {
        outcome.note(file.attributes(&path));
        let Some(Object::Dataset(dataset)) = outcome.note(object) else { continue };
        let all = Hyperslab::all(&dataset);
        let some = (0..dataset.shape.len()).fold(all.clone(), |part, dim| part.along(dim, 1..).every(dim, 3));
        let Some(read) = outcome.note(file.read_many(&[(&dataset, &all), (&dataset, &some)])) else { continue };
        for (part, values) in [&all, &some].into_iter().zip(read) {
            let Some(values) = outcome.note(values) else { continue };
            let _ = (values.strings(), values.column(), values.field("x"));
            assert!(values.shape.starts_with(&part.count) || dataset.space == Space::Null);
            if let Some((form, bytes)) = values.fixed() {
                assert_eq!(bytes.len() as u64, values.len() * form.size() as u64);
            }
        }
        outcome.note(file.read::<f32>(&dataset, &some));
    }
    outcome
}

/// Target `splits`: eight bytes of seed, then a file. Every query answers the same whether the file comes at once or in
/// random parts of what was asked for; what was brought is never asked for again. Limits are excepted: when the metadata of
/// a file are too many in sum, the order in which they come decides which of them are refused.
pub fn splits(input: &[u8]) -> Outcome {
    let Some((seed, file)) = input.split_first_chunk::<8>() else { return Outcome::default() };
    let at_once = Answers::of(Feed::new(file, small(), Pace::Whole));
    let bit_by_bit = Answers::of(Feed::new(file, small(), Pace::Random(u64::from_le_bytes(*seed) | 1)));
    let texts = [format!("{at_once:?}"), format!("{bit_by_bit:?}")];
    if !texts.iter().any(|text| text.contains("Limit { ")) {
        assert_eq!(texts[0], texts[1]);
    }
    match at_once {
        Ok(Answers { tree, maps, attributes }) => {
            Outcome { answers: tree.len() + maps.len() + attributes.len(), errors: 0 }
        }
        Err(_) => Outcome { answers: 0, errors: 1 },
    }
}

/// Filters with a decoder, in the order in which the first byte of an input of [`filter`] selects them.
pub const FILTERS: [u16; 16] = [1, 2, 3, 4, 5, 6, 305, 307, 32000, 32001, 32004, 32008, 32013, 32015, 32018, 32026];

/// Target `filter`: which filter, how many words of client data, element size, log2 of the bound on the output (one byte
/// each), the words, the stored bytes. A decoder keeps to its bound.
pub fn filter(input: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let Some((&[which, words, element_size, bound], rest)) = input.split_first_chunk::<4>() else { return outcome };
    let Some((words, stored)) = rest.split_at_checked(4 * usize::from(words)) else { return outcome };
    let (words, _) = words.as_chunks::<4>();
    let client_data = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let filter = Filter { id: FILTERS[usize::from(which) % FILTERS.len()], name: None, flags: 0, client_data };
    let context = Context { max_output: 1 << (bound % 20), element_size: element_size.into() };
    if let Some(decoded) = outcome.note(decode(&[filter], 0, stored, &context)) {
        assert!(decoded.len() <= context.max_output);
    }
    outcome
}

/// An input of [`filter`]; nothing when the case does not fit its form.
pub fn filter_input(filter: &Filter, element_size: usize, stored: &[u8]) -> Option<Vec<u8>> {
    let which = FILTERS.iter().position(|&id| id == filter.id)?;
    let head = [which, filter.client_data.len(), element_size, 19];
    let mut input = head.into_iter().map(|n| u8::try_from(n).ok()).collect::<Option<Vec<u8>>>()?;
    input.extend(filter.client_data.iter().flat_map(|word| word.to_le_bytes()));
    input.extend_from_slice(stored);
    Some(input)
}

/// Target `datatype`: length of a datatype message, the message, raw elements. What parses can be described, decoded
/// and hashed.
pub fn datatype(input: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let Some((&len, rest)) = input.split_first() else { return outcome };
    let (message, raw) = rest.split_at(usize::from(len).min(rest.len()));
    let Some((datatype, used)) = outcome.note(Datatype::parse(message, 0)) else { return outcome };
    assert!(used <= message.len());
    let _ = (datatype.describe(), datatype.numpy_name(), datatype.uses_heap());
    let whole = raw.len() - raw.len().checked_rem(datatype.size()).unwrap_or(0);
    outcome.note(interpret(&datatype, &raw[..whole], |_| Ok(Bytes::from_static(b"text"))));
    outcome
}

/// Everything that queries answer of a file, except the data.
#[derive(Debug)]
struct Answers {
    tree: Vec<(String, Result<Object, Error>)>,
    maps: Vec<Result<ChunkMap, Error>>,
    attributes: Vec<Result<Vec<Attribute>, Error>>,
}

impl Answers {
    fn of(mut feed: Feed) -> Result<Self, Error> {
        let tree = feed.ask(Metadata::tree)?;
        let objects = || tree.iter().filter_map(|(_, object)| object.as_ref().ok());
        let datasets: Vec<_> = objects()
            .filter_map(|object| match object {
                Object::Dataset(dataset) => Some((&**dataset, Selection::all(dataset))),
                _ => None,
            })
            .collect();
        let wants: Vec<(&Dataset, &Selection)> = datasets.iter().map(|(d, s)| (*d, s)).collect();
        let maps = feed.ask(|file| file.chunk_maps(&wants))?;
        let attributes = objects().map(|object| feed.ask(|file| file.attributes(object, None))).collect();
        Ok(Self { tree, maps, attributes })
    }
}

/// How bytes arrive.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// The whole file, before the first question.
    Whole,
    /// Some of what is asked for; the state of a xorshift generator.
    Random(u64),
}

/// A file that is fed from bytes at hand.
struct Feed {
    file: Metadata,
    bytes: Bytes,
    pace: Pace,
    brought: Vec<bool>,
    rounds: u32,
}

impl Feed {
    fn new(bytes: &[u8], limits: Limits, pace: Pace) -> Self {
        let bytes = Bytes::copy_from_slice(bytes);
        let mut file = Metadata::new(limits);
        file.set_file_size(bytes.len() as u64);
        let brought = match pace {
            Pace::Whole => {
                file.insert(0, &bytes);
                Vec::new()
            }
            Pace::Random(_) => vec![false; bytes.len()],
        };
        Self { file, bytes, pace, brought, rounds: 0 }
    }

    fn ask<T>(&mut self, mut query: impl FnMut(&mut Metadata) -> Result<Step<T>, Error>) -> Result<T, Error> {
        loop {
            let needed = match query(&mut self.file)? {
                Step::Done(value) => return Ok(value),
                Step::Need(needed) => needed,
            };
            self.check(&needed);
            self.bring(&needed);
        }
    }

    /// A need is not empty, sorted, disjoint, inside of the file, and nothing that is here.
    fn check(&mut self, needed: &[ByteRange]) {
        assert!(!needed.is_empty() && matches!(self.pace, Pace::Random(_)), "{needed:?} is needed of a whole file");
        assert!(needed.windows(2).all(|pair| pair[0].end() < pair[1].start()), "{needed:?} is not sorted and disjoint");
        for range in needed {
            assert!(range.end() <= self.bytes.len() as u64, "{range} lies past the end");
            assert!(self.brought[bounds(*range)].iter().all(|&here| !here), "{range} is here already");
        }
        self.rounds += 1;
        assert!(self.rounds as usize <= self.bytes.len(), "more rounds than bytes");
    }

    fn bring(&mut self, needed: &[ByteRange]) {
        let certain = self.below(needed.len());
        for (i, range) in needed.iter().enumerate() {
            if i != certain && self.below(3) == 0 {
                continue;
            }
            let all = bounds(*range);
            let start = all.start + if self.below(4) == 0 { self.below(all.len()) } else { 0 };
            let len = all.end - start;
            let len = if self.below(4) == 0 { 1 + self.below(len) } else { len };
            self.file.insert(start as u64, &self.bytes.slice(start..start + len));
            self.brought[start..start + len].fill(true);
        }
    }

    fn below(&mut self, n: usize) -> usize {
        let Pace::Random(state) = &mut self.pace else { return 0 };
        next(state) as usize % n.max(1)
    }

    fn read(&mut self, dataset: &Dataset, selection: &Selection) -> Result<Vec<u8>, Error> {
        dataset.blank(selection)?;
        let map = self.ask(|file| file.chunk_maps(&[(dataset, selection)]))?.remove(0)?;
        dataset.assemble(selection, &map, |chunk| {
            let (range, file_size) = (chunk.range(), self.bytes.len() as u64);
            if range.end() > file_size {
                return Err(Error::PastEnd { structure: "chunk", range, file_size });
            }
            Ok(self.bytes.slice(bounds(range)))
        })
    }

    fn interpret(&mut self, datatype: &Datatype, raw: &[u8]) -> Result<(), Error> {
        interpret(datatype, raw, |id| self.ask(|file| file.resolve(&[id]))?.remove(0))
    }
}

/// Raw elements as numbers, text and canonical bytes.
fn interpret(
    datatype: &Datatype,
    raw: &[u8],
    mut heap: impl FnMut(HeapId) -> Result<Bytes, Error>,
) -> Result<(), Error> {
    if datatype.is_numeric() {
        let _ = (datatype.decode_column(raw), datatype.decode::<f32>(raw), datatype.decode::<u8>(raw));
    }
    // Every element may name the same large heap object: some are enough.
    let some = raw.len().min(datatype.size().saturating_mul(64));
    let _: Result<Vec<String>, Error> = datatype.strings(&raw[..some], &mut |at| heap(HeapId::from(at)));
    let canonical = Canonical::new(datatype, false)?.with_heap_limit(1 << 20);
    canonical.write(raw, &mut |at| heap(HeapId::from(at)), &mut |_| {})
}

fn bounds(range: ByteRange) -> std::ops::Range<usize> {
    range.start() as usize..range.end() as usize
}

/// The next number of a xorshift generator (Marsaglia, 64 bits, 13/7/17).
pub fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
