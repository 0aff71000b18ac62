//! What other writers do and h5py reads all the same (`fixtures/make_odd.py`), and what is wrong, in words.
use crate::support::{Local, fixture};
use hdf5_pure::{Error, ErrorClass, Object, Selection};

/// Reads a dataset, which holds index * 7 % 251.
fn check(name: &str, path: &str) {
    let mut local = Local::new(fixture(name));
    let dataset = local.dataset(path);
    let raw = local.read(&dataset, &Selection::all(&dataset)).unwrap_or_else(|error| panic!("{name}{path}: {error}"));
    let expected: Vec<u8> = (0..raw.len() as u32 / 4).flat_map(|i| (i * 7 % 251).to_le_bytes()).collect();
    assert!(raw == expected && raw.len() >= 48, "{name}{path}");
}

fn error(bytes: &[u8], path: &str) -> Error {
    let mut local = Local::new(bytes.to_vec());
    match local.find(path) {
        Ok(Some(Object::Dataset(dataset))) => local.read(&dataset, &Selection::all(&dataset)).unwrap_err(),
        Err(error) => error,
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn a_filter_without_decoder_that_every_chunk_skipped_does_not_matter() {
    for name in ["odd.h5", "odd_new.h5"] {
        for dataset in ["line", "grid", "single", "growing", "growing_grid", "first_bare", "bits_beyond"] {
            check(name, &format!("/masked/{dataset}"));
        }
        let mut local = Local::new(fixture(name));
        let unwritten = local.dataset("/unwritten");
        assert_eq!(local.read(&unwritten, &Selection::all(&unwritten)).unwrap(), vec![0; 200]);
        // Where one chunk went through it, the others can be read.
        let applied = local.dataset("/applied");
        let rest = local.read(&applied, &Selection::rows(&applied, 8, 42)).unwrap();
        assert_eq!(rest[..4], 56_i32.to_le_bytes());
        let error = local.read(&applied, &Selection::rows(&applied, 7, 3)).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Unsupported);
        assert!(error.to_string().contains("filter 40000"), "{error}");
    }
}

#[test]
fn a_wrong_size_of_contiguous_data_does_not_matter() {
    for dataset in ["zero", "smaller", "larger"] {
        check("odd.h5", &format!("/contiguous/{dataset}"));
    }
}

#[test]
fn a_wrong_size_of_elements_in_a_newer_layout_does_not_matter() {
    for dataset in ["single", "line", "growing", "grid"] {
        check("odd_new.h5", &format!("/element/{dataset}"));
    }
}

/// In older layouts nothing guards the rest of the message, either.
#[test]
fn a_wrong_size_of_elements_in_an_older_layout_is_told_in_words() {
    let mut bytes = fixture("damage.h5").to_vec();
    // Layout message of version 3: class 2, two dimensions, address, 8 elements of 4 bytes.
    let at = bytes.windows(19).position(|w| w[..3] == [3, 2, 2] && w[11..19] == [8, 0, 0, 0, 4, 0, 0, 0]).unwrap();
    bytes[at + 15] = 8;
    let error = error(&bytes, "/line");
    assert_eq!(error.class(), ErrorClass::Corrupt);
    let words = "chunks of 8 elements of 8 bytes in a dataset of 30 elements of 4 bytes";
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn damaged_keys_are_told_in_words() {
    let bytes = fixture("damage.h5").to_vec();
    let root = Local::new(bytes.clone()).dataset("/line").index_offset().unwrap() as usize;
    // Keys of 24 bytes (size, mask, origin, 0), an address between any two.
    let said = |at: usize, value: u32| {
        let mut bytes = bytes.clone();
        bytes[root + 24 + at..][..4].copy_from_slice(&value.to_le_bytes());
        let error = error(&bytes, "/line");
        assert_eq!(error.class(), ErrorClass::Corrupt, "{error}");
        error.to_string()
    };
    assert!(said(32, 0).contains("the chunk at [8] is stored in 0 bytes"));
    assert!(said(32 + 8, 0).contains("the chunk at [0] occurs twice"));
    assert!(said(32 + 8, 5).contains("a chunk at [5] beside the grid"));
    assert!(said(32 + 8, 800).contains("a chunk at [800] outside of the dataset, which is 30"));
    assert!(said(32 + 8, 24).contains("the chunk at [24] occurs twice") || said(32 + 8, 24).contains("comes after"));
    assert!(said(32, 1000).contains("share bytes"));
    assert!(said(4 * 32, 40).contains("behind the last entry in use"));
}

#[test]
fn a_selection_outside_is_told_in_words() {
    let mut local = Local::new(fixture("damage.h5"));
    let grid = local.dataset("/grid");
    let error = local.read(&grid, &Selection { start: vec![3, 5], count: vec![2, 8] }).unwrap_err();
    assert_eq!(error.to_string(), "2 x 8 elements from [3, 5] on do not lie inside of 16 x 12");
}
