//! `icestream checksum`: a SHA-256 of the values of every dataset, to compare readers with.
use crate::args::ChecksumArgs;
use crate::exit::{self, CommandError};
use crate::{access, json as answers};
use hdf5_pure::AsyncFile;
use hdf5_pure::checksum::{AttributeHash, Checksums, DatasetHashes, ValuesHash};
use serde_json::{Map, Value, json};
use storage::Location;

pub(crate) fn run(args: &ChecksumArgs) -> Result<u8, CommandError> {
    let location = Location::parse(&args.granule)?;
    let done: Result<u8, CommandError> = access::block_on(async {
        let source = access::clients(&args.access).open(&location)?;
        let mut datasets = Checksums::new(AsyncFile::open(source).await?, args.attributes).await?;
        let mut failed = 0_u32;
        while let Some(hashes) = datasets.next_dataset().await {
            failed += u32::from(hashes.values.is_err());
            answers::print_line(&line(hashes))?;
        }
        if failed == 0 {
            Ok(exit::DONE)
        } else {
            Err(CommandError::new(exit::BAD_INPUT, format!("{failed} objects could not be read")))
        }
    });
    done.map_err(|failure| failure.at(&location.to_string()))
}

fn line(hashes: DatasetHashes) -> Value {
    let DatasetHashes { path, shape, values, attributes } = hashes;
    let mut line = match values {
        Ok(ValuesHash { dtype, kind, sha256 }) => {
            json!({ "path": path, "dtype": dtype, "shape": shape, "kind": kind, "sha256": sha256 })
        }
        Err(error) => json!({ "path": path, "class": error.class().to_string(), "error": error.to_string() }),
    };
    if let (Some(attributes), Some(object)) = (attributes, line.as_object_mut()) {
        let attributes = match attributes {
            Ok(attributes) => attributes.into_iter().map(attribute).collect(),
            Err(error) => Map::from_iter([("error".to_owned(), json!(error.to_string()))]),
        };
        object.insert("attributes".into(), attributes.into());
    }
    line
}

fn attribute(hashed: AttributeHash) -> (String, Value) {
    let value = match hashed.values {
        Ok(ValuesHash { dtype, kind, sha256 }) => json!({ "dtype": dtype, "kind": kind, "sha256": sha256 }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    (hashed.name, value)
}
