//! SHA-256 of the values of every dataset, to compare readers and files with (the feature `checksum`).
//!
//! Values are hashed in their canonical form ([`Canonical`]), which does not depend on byte order, padding or storage: equal
//! values have equal hashes, whatever wrote them.
use crate::datatype::{Canonical, Datatype, HeapRef};
use crate::{AsyncFile, Attribute, Dataset, Error, HeapId, Metadata, Object, Selection, Space};
use byte_ranges::Source;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Bytes that are read and hashed at once.
const BLOCK: u64 = 16 << 20;
/// Bytes of one dataset that are hashed at most.
const MAX_BYTES: u64 = 8 << 30;
/// Bytes of variable-length values that are brought at once.
const PART: u64 = 8 << 20;
/// Bytes of variable-length values that are hashed of a file, beside four times its size.
const MIN_VALUES: u64 = 1 << 30;
/// Bytes of the file that are kept between parts.
const KEPT: u64 = 64 << 20;

/// The hash of the values of a dataset or an attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValuesHash {
    /// Type of an element, as [`Datatype::name`] writes it.
    pub dtype: String,
    /// Form in which the values were hashed: the name of a [`crate::datatype::Kind`].
    pub kind: &'static str,
    /// SHA-256 as 64 hexadecimal digits.
    pub sha256: String,
}

/// The hashes of one dataset.
#[derive(Debug)]
pub struct DatasetHashes {
    /// Absolute path; of several, the one that h5py, too, visits first.
    pub path: String,
    /// Dimensions in elements, slowest first; `None` for a null dataspace, and for an object that cannot be read.
    pub shape: Option<Vec<u64>>,
    /// The hash, or why the values cannot be read.
    pub values: Result<ValuesHash, Error>,
    /// Each attribute, or why they cannot be listed; `None` unless asked for.
    pub attributes: Option<Result<Vec<AttributeHash>, Error>>,
}

/// The hash of one attribute.
#[derive(Debug)]
pub struct AttributeHash {
    /// Its name.
    pub name: String,
    /// The hash, or why the values cannot be read.
    pub values: Result<ValuesHash, Error>,
}

/// Hashes the datasets of a file, one after the other.
pub struct Checksums<S> {
    file: AsyncFile<S>,
    objects: std::vec::IntoIter<(String, Result<Object, Error>)>,
    attributes: bool,
    /// Bytes of variable-length values that may yet be hashed: a small file may name one large value many times.
    left: u64,
}

impl<S: Source> Checksums<S> {
    /// Finds the datasets; `attributes` asks for hashes of their attributes too.
    ///
    /// # Errors
    /// As [`Metadata::tree`].
    pub async fn new(file: AsyncFile<S>, attributes: bool) -> Result<Self, Error> {
        let size = file.file_size().unwrap_or(0);
        let left = size.saturating_mul(4).saturating_add(MIN_VALUES);
        let objects = file.query(Metadata::tree).await?.into_iter();
        Ok(Self { file, objects, attributes, left })
    }

    /// Hashes the next dataset, in the order of [`Metadata::tree`]; `None` after the last. An object that cannot be read counts as a
    /// dataset.
    pub async fn next_dataset(&mut self) -> Option<DatasetHashes> {
        loop {
            match self.objects.next()? {
                (path, Ok(Object::Dataset(dataset))) => return Some(self.dataset(path, &dataset).await),
                (_, Ok(_)) => {}
                (path, Err(error)) => {
                    return Some(DatasetHashes { path, shape: None, values: Err(error), attributes: None });
                }
            }
        }
    }

    async fn dataset(&mut self, path: String, dataset: &Dataset) -> DatasetHashes {
        let shape = (dataset.space != Space::Null).then(|| dataset.shape.clone());
        let values = hash(&self.file, dataset, &mut self.left).await;
        let attributes = if self.attributes { Some(self.attribute_hashes(dataset).await) } else { None };
        DatasetHashes { path, shape, values, attributes }
    }

    async fn attribute_hashes(&mut self, dataset: &Dataset) -> Result<Vec<AttributeHash>, Error> {
        let object = Object::Dataset(std::sync::Arc::new(dataset.clone()));
        let attributes = self.file.query(|file| file.attributes(&object, None)).await?;
        let mut hashes = Vec::new();
        for attribute in attributes {
            let values = attribute_hash(&self.file, &attribute, &mut self.left).await;
            hashes.push(AttributeHash { name: attribute.name, values });
        }
        Ok(hashes)
    }
}

impl ValuesHash {
    fn new(datatype: &Datatype, canonical: &Canonical, hasher: Sha256) -> Self {
        Self { dtype: datatype.name(), kind: canonical.kind().as_str(), sha256: hex(&hasher.finalize()) }
    }
}

async fn attribute_hash<S: Source>(
    file: &AsyncFile<S>,
    attribute: &Attribute,
    left: &mut u64,
) -> Result<ValuesHash, Error> {
    let canonical = Canonical::new(&attribute.datatype, attribute.space == Space::Scalar)?;
    let hasher = feed(file, &canonical, &attribute.raw, Sha256::new(), left).await?;
    Ok(ValuesHash::new(&attribute.datatype, &canonical, hasher))
}

async fn hash<S: Source>(file: &AsyncFile<S>, dataset: &Dataset, left: &mut u64) -> Result<ValuesHash, Error> {
    let canonical = Canonical::new(&dataset.datatype, dataset.space == Space::Scalar)?;
    let mut hasher = Sha256::new();
    for selection in blocks(dataset)? {
        let raw = file.read_raw(&[(dataset, &selection.into())]).await?.remove(0)?;
        hasher = feed(file, &canonical, &raw, hasher, left).await?;
    }
    Ok(ValuesHash::new(&dataset.datatype, &canonical, hasher))
}

/// The dataset as selections of whole rows, each about a block large.
fn blocks(dataset: &Dataset) -> Result<Vec<Selection>, Error> {
    let (Some(&rows), false) = (dataset.shape.first(), dataset.space == Space::Null) else {
        let one = dataset.space != Space::Null;
        return Ok(if one { vec![Selection::all(dataset)] } else { Vec::new() });
    };
    let bytes = dataset.elements().and_then(|n| n.checked_mul(dataset.element_size()));
    let bytes =
        bytes.filter(|&bytes| bytes <= MAX_BYTES).ok_or(Error::Limit { what: "dataset size", limit: MAX_BYTES })?;
    if bytes == 0 {
        return Ok(Vec::new());
    }
    let row = (bytes / rows).max(1);
    let chunk = dataset.chunk_shape().first().copied().unwrap_or(1).max(1);
    // Whole chunks, so that none is read twice.
    let step = ((BLOCK / row).max(1)).next_multiple_of(chunk).min(rows);
    Ok((0..rows.div_ceil(step)).map(|k| Selection::rows(dataset, k * step, step.min(rows - k * step))).collect())
}

/// Hashes raw elements, bringing what they name in the global heap, part by part. `left` bytes of that may come yet: a small
/// file may name one large thing many times.
async fn feed<S: Source>(
    file: &AsyncFile<S>,
    canonical: &Canonical,
    mut raw: &[u8],
    mut hasher: Sha256,
    left: &mut u64,
) -> Result<Sha256, Error> {
    while !raw.is_empty() {
        let (part, rest) = raw.split_at(canonical.part(raw, PART));
        let canonical = canonical.clone().with_heap_limit(*left);
        let (hashed, bytes) = feed_part(file, &canonical, part, hasher).await?;
        hasher = hashed;
        *left = left.saturating_sub(if canonical.uses_heap() { bytes } else { 0 });
        file.release_above(KEPT);
        raw = rest;
    }
    Ok(hasher)
}

/// What lies behind a heap object shows only when it is read, so the part is hashed again until nothing is missing. Answers
/// the hash so far, and how many bytes went into it.
async fn feed_part<S: Source>(
    file: &AsyncFile<S>,
    canonical: &Canonical,
    raw: &[u8],
    hasher: Sha256,
) -> Result<(Sha256, u64), Error> {
    let mut heap: BTreeMap<HeapId, Result<bytes::Bytes, Error>> = BTreeMap::new();
    let mut missing: Vec<HeapId> = Vec::new();
    canonical.heap_refs(raw, &mut |reference| missing.push(id(reference)));
    loop {
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let objects = file.query(|file| file.resolve(&missing)).await?;
            heap.extend(missing.drain(..).zip(objects));
        }
        let mut attempt = hasher.clone();
        let mut look_up = |reference: HeapRef| {
            heap.get(&id(reference)).cloned().unwrap_or_else(|| {
                missing.push(id(reference));
                Err(Error::Usage("a heap object is not read yet".into()))
            })
        };
        let mut hashed = 0;
        let mut update = |bytes: &[u8]| {
            hashed += bytes.len() as u64;
            attempt.update(bytes);
        };
        match canonical.write(raw, &mut look_up, &mut update) {
            Ok(()) => return Ok((attempt, hashed)),
            Err(error) if missing.is_empty() => return Err(error),
            Err(_) => {}
        }
    }
}

fn id(reference: HeapRef) -> HeapId {
    HeapId { collection: reference.address, index: reference.index }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
