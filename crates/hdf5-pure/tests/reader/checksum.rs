//! Hashes of all values, against those that the tests make one by one.
use crate::support::{Local, fixture};
use byte_ranges::MemorySource;
use futures_util::FutureExt as _;
use hdf5_pure::checksum::{Checksums, DatasetHashes};
use hdf5_pure::{AsyncFile, Object, Selection, Space};

fn hashes(bytes: impl Into<bytes::Bytes>) -> Vec<DatasetHashes> {
    let all = async {
        let file = AsyncFile::open(MemorySource::new(bytes.into())).await.unwrap();
        let mut sums = Checksums::new(file, true).await.unwrap();
        let mut all = Vec::new();
        while let Some(one) = sums.next_dataset().await {
            all.push(one);
        }
        all
    };
    all.now_or_never().unwrap()
}

#[test]
fn every_dataset_and_attribute_has_its_hash() {
    let mut attributes_seen = 0;
    for name in ["btree1.h5", "strings.h5", "links_old.h5", "fixed_array.h5"] {
        let mut local = Local::new(fixture(name));
        let all = hashes(fixture(name));
        assert!(!all.is_empty(), "{name}");
        for one in all {
            let dataset = local.dataset(&one.path);
            assert_eq!(one.shape.as_deref(), Some(dataset.shape.as_slice()), "{name}{}", one.path);
            let raw = local.read(&dataset, &Selection::all(&dataset)).unwrap();
            let (kind, sha256) = local.hash(&dataset.datatype, &raw, dataset.space == Space::Scalar).unwrap();
            let values = one.values.unwrap();
            assert_eq!((values.kind, values.sha256), (kind.as_str(), sha256), "{name}{}", one.path);
            let object = Object::Dataset(dataset);
            let attributes = local.ask(|file| file.attributes(&object, None)).unwrap();
            for (attribute, found) in attributes.iter().zip(one.attributes.unwrap().unwrap()) {
                attributes_seen += 1;
                let scalar = attribute.space == Space::Scalar;
                let (_, sha256) = local.hash(&attribute.datatype, &attribute.raw, scalar).unwrap();
                assert_eq!(
                    (&attribute.name, sha256),
                    (&found.name, found.values.unwrap().sha256),
                    "{name}{}",
                    one.path
                );
            }
        }
    }
    assert!(attributes_seen > 0);
}
