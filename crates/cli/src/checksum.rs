//! `icestream checksum`: a SHA-256 of the values of every dataset, to compare readers with.
use crate::args::ChecksumArgs;
use crate::exit::{self, Failure};
use crate::{access, json as answers};
use byte_ranges::Source;
use hdf5_pure::datatype::{Canonical, Datatype, HeapRef};
use hdf5_pure::{AsyncFile, Dataset, Error, File, HeapId, Object, Selection, Space};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use storage::Location;

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

pub(crate) fn run(args: &ChecksumArgs) -> Result<u8, Failure> {
    let location = Location::parse(&args.granule)?;
    let done: Result<u8, Failure> = access::block_on(async {
        let source = access::clients(&args.access).open(&location)?;
        let mut file = AsyncFile::open(source).await?;
        let mut failed = 0_u32;
        let size = file.file().arrived().file_size().unwrap_or(0);
        let mut left = size.saturating_mul(4).saturating_add(MIN_VALUES);
        // An object of several names is listed under the one that h5py, too, visits first.
        for (path, object) in file.query(File::tree).await? {
            let line = match object {
                Ok(Object::Dataset(dataset)) => line(&mut file, &path, &dataset, args.attributes, &mut left).await,
                Ok(_) => continue,
                Err(error) => failure(&path, &error),
            };
            failed += u32::from(line.get("error").is_some());
            answers::print_line(&line)?;
        }
        if failed == 0 {
            Ok(exit::DONE)
        } else {
            Err(Failure::new(exit::BAD_INPUT, format!("{failed} objects could not be read")))
        }
    });
    done.map_err(|failure| failure.at(&location.to_string()))
}

async fn line<S: Source>(
    file: &mut AsyncFile<S>,
    path: &str,
    dataset: &Dataset,
    attributes: bool,
    left: &mut u64,
) -> Value {
    let shape = (dataset.space != Space::Null).then_some(&dataset.shape);
    let mut line = match hash(file, dataset, left).await {
        Ok((kind, sha256)) => {
            json!({ "path": path, "dtype": name(&dataset.datatype), "shape": shape, "kind": kind, "sha256": sha256 })
        }
        Err(error) => failure(path, &error),
    };
    if let (true, Some(object)) = (attributes, line.as_object_mut()) {
        object.insert("attributes".into(), attribute_hashes(file, dataset, left).await);
    }
    line
}

fn failure(path: &str, error: &Error) -> Value {
    json!({ "path": path, "class": error.class().to_string(), "error": error.to_string() })
}

fn name(datatype: &Datatype) -> String {
    datatype.numpy_name().unwrap_or_else(|| datatype.describe())
}

/// Kind of hash and its hexadecimal text.
async fn hash<S: Source>(
    file: &mut AsyncFile<S>,
    dataset: &Dataset,
    left: &mut u64,
) -> Result<(&'static str, String), Error> {
    let canonical = Canonical::new(&dataset.datatype, dataset.space == Space::Scalar)?;
    let mut hasher = Sha256::new();
    for selection in blocks(dataset)? {
        let raw = file.read(dataset, &selection).await?;
        hasher = feed(file, &canonical, &raw, hasher, left).await?;
    }
    Ok((canonical.kind().as_str(), hex(&hasher.finalize())))
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
    file: &mut AsyncFile<S>,
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
        if file.file().arrived().held() > KEPT {
            file.file().release();
        }
        raw = rest;
    }
    Ok(hasher)
}

/// What lies behind a heap object shows only when it is read, so the part is hashed again until nothing is missing. Answers
/// the hash so far, and how many bytes went into it.
async fn feed_part<S: Source>(
    file: &mut AsyncFile<S>,
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

async fn attribute_hashes<S: Source>(file: &mut AsyncFile<S>, dataset: &Dataset, left: &mut u64) -> Value {
    let object = Object::Dataset(std::sync::Arc::new(dataset.clone()));
    let attributes = match file.query(|file| file.attributes(&object, None)).await {
        Ok(attributes) => attributes,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let mut hashes = Map::new();
    for attribute in attributes {
        let scalar = attribute.space == Space::Scalar;
        let hashed = match Canonical::new(&attribute.datatype, scalar) {
            Ok(canonical) => {
                feed(file, &canonical, &attribute.raw, Sha256::new(), left).await.map(|hash| (canonical.kind(), hash))
            }
            Err(error) => Err(error.into()),
        };
        let value = match hashed {
            Ok((kind, hash)) => {
                json!({ "dtype": name(&attribute.datatype), "kind": kind.as_str(), "sha256": hex(&hash.finalize()) })
            }
            Err(error) => json!({ "error": error.to_string() }),
        };
        hashes.insert(attribute.name, value);
    }
    Value::Object(hashes)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
