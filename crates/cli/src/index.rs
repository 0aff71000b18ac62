//! `icestream index`: small indexes of granules, with which cells are read in one round.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::out::{note, say};
use crate::{access, json as answers};
use byte_ranges::data_size;
use clap::Args;
use flags::product::EditedProductArgs;
use futures_util::StreamExt as _;
use jobs::Indexed;
use serde_json::{Value, json};

/// Granules that are indexed at the same time.
const AT_ONCE: usize = 4;

#[derive(Args, Debug)]
pub(crate) struct IndexArgs {
    /// Granules: files, folders, globs, http(s):// or s3:// URLs.
    #[arg(value_name = "GRANULE", required = true)]
    granules: Vec<String>,
    /// Folder or bucket prefix (s3://, gs://, az://) for the indexes, one NAME.h5.icx a granule; `cell --index` and `run --index` take the same.
    #[arg(long, value_name = "DIR")]
    out: String,
    #[command(flatten)]
    what: EditedProductArgs,
    /// Make indexes anew that are there and fit their granules.
    #[arg(long)]
    force: bool,
    /// Print one JSON object a granule on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &IndexArgs) -> Result<u8, CommandError> {
    access::block_on(async {
        let clients = access::clients(&args.access);
        let locations = clients.expand_all(&args.granules).await?;
        let total = locations.len();
        let clients = &clients;
        let product = args.what.find(None, products::USUAL, locations.first(), clients).await?;
        let product = &product;
        let made = futures_util::stream::iter(locations)
            .map(async |location| {
                let made = jobs::index(clients, &location, product, &args.out, args.force).await;
                (location.name(), made.map_err(CommandError::from))
            })
            .buffer_unordered(AT_ONCE);
        let mut made = std::pin::pin!(made);
        let (mut failed, mut first) = (0_usize, None);
        while let Some((name, outcome)) = made.next().await {
            match outcome {
                Ok(made) if args.json => answers::print_line(&answer(&made))?,
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
                Err(CommandError::new(first.code, left))
            }
        }
    })
}

fn answer(made: &Indexed) -> Value {
    json!({
        "granule": made.granule, "index_path": made.index_path, "kept": made.kept, "index_bytes": made.index_bytes,
        "granule_bytes": made.granule_bytes, "requests": made.requests, "bytes_read": made.bytes_read, "broken": made.broken,
    })
}

fn words(made: &Indexed) -> String {
    let (index, granule) = (data_size(made.index_bytes as u64), data_size(made.granule_bytes));
    let read = format!("for {granule}, read {} in {} requests", data_size(made.bytes_read), made.requests);
    let what = if made.kept { "fits, kept" } else { &read };
    let broken = made.broken.iter().map(|what| format!("; {what}")).collect::<String>();
    format!("index of {index} {what}{broken}")
}
