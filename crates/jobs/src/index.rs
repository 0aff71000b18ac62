//! Indexes of granules, made and kept beside them.
use byte_ranges::{ByteRange, Sink as _, Source as _, SourceError};
use pipeline::{GranuleError, Product, Sidecar, Unusable};
use storage::{Clients, GranuleSource, Location};

/// The index of a granule, made or found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Indexed {
    /// Name of the granule.
    pub granule: String,
    /// Path or URL of its index.
    pub index_path: String,
    /// The index was there and fits the granule.
    pub kept: bool,
    /// Size of the index in bytes.
    pub index_bytes: usize,
    /// Size of the granule in bytes.
    pub granule_bytes: u64,
    /// Range requests for the granule.
    pub requests: u64,
    /// Bytes read of the granule.
    pub bytes_read: u64,
    /// Tracks whose rows do not hang on their parents as they should: what is wrong, in words.
    pub broken: Vec<String>,
}

/// Why a granule has no index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// A place cannot be opened or written.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The granule cannot be read or indexed.
    #[error(transparent)]
    Granule(#[from] GranuleError),
    /// The index cannot be written as JSON.
    #[error(transparent)]
    Encode(#[from] Unusable),
}

/// Makes the index of a granule of `product` in the folder or under the prefix `out`, unless one is there that fits the granule; `force`
/// makes it anew.
///
/// # Errors
/// [`IndexError`].
pub async fn index(
    clients: &Clients,
    location: &Location,
    product: &Product,
    out: &str,
    force: bool,
) -> Result<Indexed, IndexError> {
    let granule = location.name();
    let source = clients.open(location)?;
    let index_path = Sidecar::place_in(out, &granule);
    let found = if force { None } else { fitting(clients, &source, product, &index_path).await };
    let (sidecar, kept) = match found {
        Some(sidecar) => (sidecar, true),
        None => (Sidecar::of(&source, &granule, product).await?, false),
    };
    let bytes = sidecar.encode()?;
    let index_bytes = bytes.len();
    if !kept {
        clients.sink(&Location::parse(out)?)?.put(&Sidecar::name_for(&granule), bytes.into()).await?;
    }
    let read = source.counts();
    let (requests, bytes_read) = (read.requests, read.bytes);
    let granule_bytes = sidecar.size;
    let broken =
        sidecar.broken().map(|(track, faults)| format!("{track}: the link to its parents is broken: {faults}"));
    let broken = broken.collect();
    Ok(Indexed { granule, index_path, kept, index_bytes, granule_bytes, requests, bytes_read, broken })
}

/// The index that is there, if it is of this very granule and has what the product reads.
async fn fitting(clients: &Clients, source: &GranuleSource, product: &Product, place: &str) -> Option<Sidecar> {
    let sidecar = Sidecar::fetch(&clients.open(&Location::parse(place).ok()?).ok()?).await.ok()?;
    source.fetch(ByteRange::at(0, 1)?).await.ok()?;
    (sidecar.is_of(source) == Some(true) && sidecar.serves(product)).then_some(sidecar)
}
