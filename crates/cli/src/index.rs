//! `icestream index`: small indexes of granules, with which cells are read in one round.
use crate::access::AccessArgs;
use crate::exit::{self, Failure};
use crate::out::{note, say};
use crate::progress::size;
use crate::{access, json as answers};
use byte_ranges::{Sink as _, Source as _};
use clap::Args;
use futures_util::StreamExt as _;
use pipeline::{Product, Sidecar};
use serde_json::{Value, json};
use storage::{Clients, Location};

/// Granules that are indexed at the same time.
const AT_ONCE: usize = 4;

#[derive(Args, Debug)]
pub(crate) struct IndexArgs {
    /// Granules: files, folders, globs, http(s):// or s3:// URLs.
    #[arg(value_name = "GRANULE", required = true)]
    granules: Vec<String>,
    /// Folder or s3://bucket/prefix for the indexes, one NAME.h5.icx a granule; `cell --index` and `run --index` take the same.
    #[arg(long, value_name = "DIR")]
    out: String,
    /// Make indexes anew that are there and fit their granules.
    #[arg(long)]
    force: bool,
    /// Print one JSON object a granule on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &IndexArgs) -> Result<u8, Failure> {
    access::block_on(async {
        let clients = access::clients(&args.access);
        let locations = clients.expand_all(&args.granules).await?;
        let total = locations.len();
        let clients = &clients;
        let made = futures_util::stream::iter(locations)
            .map(async |location| (location.name(), one(args, clients, &location).await))
            .buffer_unordered(AT_ONCE);
        let mut made = std::pin::pin!(made);
        let (mut failed, mut first) = (0_usize, None);
        while let Some((name, outcome)) = made.next().await {
            match outcome {
                Ok(made) if args.json => answers::print_line(&made)?,
                Ok(made) => say!("{name}: {}", words(&made)),
                Err(failure) => {
                    note!("{name}: {failure}");
                    failed += 1;
                    first.get_or_insert(failure);
                }
            }
        }
        match first {
            None => Ok(exit::DONE),
            Some(first) => {
                let left = format!("{failed} of {total} granules have no index; a rerun makes only what is missing");
                Err(Failure::new(first.code, left))
            }
        }
    })
}

async fn one(args: &IndexArgs, clients: &Clients, location: &Location) -> Result<Value, Failure> {
    let name = location.name();
    let source = clients.open(location)?;
    let key = Sidecar::name_for(&name);
    let place = Sidecar::place_in(&args.out, &name);
    let (sidecar, kept) = match kept(args, clients, &source, &place).await {
        Some(sidecar) => (sidecar, true),
        None => (Sidecar::of(&source, &name, &Product::atl06()).await?, false),
    };
    let bytes = sidecar.encode().map_err(|error| Failure::new(exit::FAILED, error))?;
    let written = bytes.len();
    if !kept {
        clients.sink(&Location::parse(&args.out)?)?.put(&key, bytes.into()).await?;
    }
    let read = source.counts();
    Ok(json!({
        "granule": name, "index_path": place, "kept": kept, "index_bytes": written, "granule_bytes": sidecar.size,
        "requests": read.requests, "bytes_read": read.bytes,
    }))
}

/// The index that is there, if it is of this very granule.
async fn kept(args: &IndexArgs, clients: &Clients, source: &storage::GranuleSource, place: &str) -> Option<Sidecar> {
    if args.force {
        return None;
    }
    let sidecar = Sidecar::fetch(&clients.open(&Location::parse(place).ok()?).ok()?).await.ok()?;
    source.fetch(byte_ranges::ByteRange::at(0, 1)?).await.ok()?;
    (sidecar.is_of(source) == Some(true)).then_some(sidecar)
}

fn words(made: &Value) -> String {
    let count = |key: &str| made.get(key).and_then(Value::as_u64).unwrap_or(0);
    let (index, granule) = (size(count("index_bytes")), size(count("granule_bytes")));
    if made.get("kept") == Some(&Value::Bool(true)) {
        return format!("index of {index} fits, kept");
    }
    format!("index of {index} for {granule}, read {} in {} requests", size(count("bytes_read")), count("requests"))
}
