//! Every filter against chunks that libhdf5 and its plugins wrote (fixtures of `filters/make_filters.py`), and against
//! damaged ones: no panic, no output beyond the bound.

#![expect(clippy::unwrap_used, reason = "fixtures are ours")]

use hdf5_pure::filters::{Context, Filter, FilterError, decode, is_supported};
use proptest::prelude::*;

/// One stored chunk and what it decodes to.
#[derive(Debug, Clone)]
struct Case {
    name: String,
    element_size: usize,
    mask: u32,
    filters: Vec<Filter>,
    stored: Vec<u8>,
    decoded_len: usize,
    decoded_hash: u64,
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes(&mut self, n: usize) -> Vec<u8> {
        let (head, tail) = self.0.split_at(n);
        self.0 = tail;
        head.to_vec()
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes(2).try_into().unwrap())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes(4).try_into().unwrap())
    }

    fn filter(&mut self) -> Filter {
        let (id, flags, words) = (self.u16(), self.u16(), self.u16());
        Filter { id, name: None, flags, client_data: (0..words).map(|_| self.u32()).collect() }
    }

    fn case(&mut self) -> Case {
        let name_len = self.u16();
        let name = String::from_utf8(self.bytes(name_len.into())).unwrap();
        let (element_size, mask, count) = (self.u32() as usize, self.u32(), self.u16());
        let filters = (0..count).map(|_| self.filter()).collect();
        let n = self.u32() as usize;
        let stored = self.bytes(n);
        let decoded_len = self.u32() as usize;
        let decoded_hash = u64::from_le_bytes(self.bytes(8).try_into().unwrap());
        Case { name, element_size, mask, filters, stored, decoded_len, decoded_hash }
    }
}

fn cases() -> Vec<Case> {
    let mut paths: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/filters"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "bin"))
        .collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let data = std::fs::read(path).unwrap();
        let mut reader = Reader(&data);
        let count = reader.u32();
        all.extend((0..count).map(|_| reader.case()));
        assert!(reader.0.is_empty());
    }
    all
}

fn fnv1a(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn run(case: &Case, limit: usize) -> Result<Vec<u8>, FilterError> {
    let context = Context { max_output: limit, element_size: case.element_size };
    decode(&case.filters, case.mask, &case.stored, &context)
}

#[test]
fn every_fixture_decodes_to_what_libhdf5_reads() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        assert!(case.filters.iter().all(|f| is_supported(f).is_ok()), "{}", case.name);
        match run(case, case.decoded_len) {
            Ok(bytes) if bytes.len() == case.decoded_len && fnv1a(&bytes) == case.decoded_hash => {}
            Ok(bytes) => wrong.push(format!("{}: {} bytes, {} expected", case.name, bytes.len(), case.decoded_len)),
            Err(error) => wrong.push(format!("{}: {error}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let mut ids: Vec<u16> = cases.iter().flat_map(|c| c.filters.iter().map(|f| f.id)).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids, IDS, "every filter has fixtures");
}

/// On a big-endian machine H5Z-ZFP reads the words of its header from the same bytes, and hands out big-endian elements.
#[test]
fn zfp_of_a_big_endian_machine_has_its_words_and_elements_in_reverse() {
    let mut found = 0;
    for mut case in cases().into_iter().filter(|c| c.filters.len() == 1 && c.filters[0].id == 32013) {
        let mut expected = run(&case, case.decoded_len).unwrap();
        case.filters[0].client_data.iter_mut().skip(1).for_each(|word| *word = word.swap_bytes());
        expected.chunks_exact_mut(case.element_size).for_each(<[u8]>::reverse);
        assert_eq!(run(&case, case.decoded_len).unwrap(), expected, "{}", case.name);
        found += 1;
    }
    assert!(found > 20, "{found} cases");
}

#[test]
fn a_bound_one_byte_short_is_an_error() {
    for case in cases() {
        assert!(run(&case, case.decoded_len - 1).is_err(), "{}", case.name);
    }
}

#[test]
fn cut_off_chunks_are_errors() {
    for case in cases().iter().filter(|c| !c.filters.is_empty()) {
        // Raw shuffles have no length of their own; the ends of n-bit, zfp and JPEG-LS may be padding.
        let checked = case.mask == 0 && case.filters.iter().all(|f| !matches!(f.id, 2 | 5 | 32013 | 32018));
        let own_length =
            !matches!(case.filters.last().map(|f| (f.id, f.client_data.as_slice())), Some((32008, [.., 0])));
        let stored_as_is = case.stored.len() == case.decoded_len;
        for cut in [1, 2, 5, case.stored.len() / 2, case.stored.len()] {
            let mut short = case.clone();
            short.stored.truncate(case.stored.len().saturating_sub(cut));
            match run(&short, case.decoded_len) {
                Ok(bytes) if checked && own_length && !stored_as_is => {
                    assert!(bytes.len() < case.decoded_len, "{} cut by {cut} is taken for whole", case.name);
                }
                Ok(bytes) => assert!(bytes.len() <= case.decoded_len),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn no_flipped_bit_passes_a_checksum() {
    for case in cases().iter().filter(|c| c.mask == 0 && c.filters.iter().any(|f| matches!(f.id, 1 | 3 | 307))) {
        for bit in (0..case.stored.len() * 8).step_by(1 + case.stored.len() / 100) {
            let mut flipped = case.clone();
            flipped.stored[bit / 8] ^= 1 << (bit % 8);
            if let Ok(bytes) = run(&flipped, case.decoded_len) {
                assert_eq!(fnv1a(&bytes), case.decoded_hash, "{} with bit {bit} flipped", case.name);
            }
        }
    }
}

#[test]
fn a_deflate_bomb_stops_at_the_bound() {
    // A hand-made fixed-Huffman stream: a zero byte, then matches of 258 at distance 1, far beyond the bound.
    let mut bits: Vec<bool> = Vec::new();
    let mut push = |value: u32, n: u32| bits.extend((0..n).rev().map(|i| value >> i & 1 == 1));
    push(0b110, 3);
    push(0b0011_0000, 8);
    for _ in 0..200_000 {
        push(0b1100_0101, 8);
        push(0, 5);
    }
    let mut stored = vec![0x78, 0x9c];
    stored.extend(bits.chunks(8).map(|byte| byte.iter().enumerate().map(|(i, &b)| u8::from(b) << i).sum::<u8>()));
    let filters = [Filter { id: 1, ..Filter::default() }];
    let result = decode(&filters, 0, &stored, &Context { max_output: 80_000, element_size: 8 });
    assert_eq!(result, Err(FilterError::TooLarge { filter: "deflate", limit: 80_000 }));
}

#[test]
fn unknown_filters_are_refused_by_name() {
    let context = Context { max_output: 100, element_size: 1 };
    let sperr = Filter { id: 32028, name: None, flags: 1, client_data: vec![1, 2] };
    let odd = Filter { id: 4711, name: Some("ours\n".into()), flags: 1, client_data: vec![] };
    let unsupported = |id, name: &str| FilterError::Unsupported { id, name: name.into() };
    assert_eq!(is_supported(&sperr), Err(unsupported(32028, "SPERR")));
    assert_eq!(decode(std::slice::from_ref(&sperr), 0, b"abc", &context), Err(unsupported(32028, "SPERR")));
    assert_eq!(decode(std::slice::from_ref(&odd), 0, b"abc", &context), Err(unsupported(4711, "ours")));
    // The mask says that neither was applied.
    assert_eq!(decode(&[sperr, odd], 3, b"abc", &context).as_deref(), Ok(&b"abc"[..]));
}

#[test]
fn the_mask_counts_positions_not_ids() {
    let shuffle = Filter { id: 2, name: None, flags: 0, client_data: vec![2] };
    let context = Context { max_output: 8, element_size: 2 };
    let run = |mask| decode(&[shuffle.clone(), shuffle.clone()], mask, b"abcdefgh", &context).unwrap();
    assert_eq!(run(0), b"acegbdfh");
    assert_eq!(run(1), b"aebfcgdh");
    assert_eq!(run(2), b"aebfcgdh");
    assert_eq!(run(3), b"abcdefgh");
}

const IDS: [u16; 19] =
    [1, 2, 3, 4, 5, 6, 305, 307, 32000, 32001, 32004, 32008, 32013, 32015, 32018, 32022, 32023, 32026, 32032];

fn any_filter() -> impl Strategy<Value = Filter> {
    let word = prop_oneof![0_u32..40, any::<u32>()];
    (proptest::sample::select(&IDS[..]), proptest::collection::vec(word, 0..22)).prop_map(|(id, client_data)| Filter {
        id,
        name: None,
        flags: 0,
        client_data,
    })
}

/// Frames that pass the first check of their format, so that noise reaches the inner loops.
fn plausible_head() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(vec![
        vec![],
        vec![0x78, 0x9c],
        b"BZh91AY&SY".to_vec(),
        vec![2, 1, 1, 4, 0, 4, 0, 0, 0, 1, 0, 0, 0xff, 0, 0, 0],
        vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 200],
        vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x50],
        vec![0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0],
        vec![0, 4, 0, 0],
        vec![0xff, 0xd8, 0xff, 0xf7, 0, 11, 16, 0, 20, 0, 20, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0],
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_neither_panics_nor_overflows(
        filters in proptest::collection::vec(any_filter(), 1..3),
        head in plausible_head(),
        tail in proptest::collection::vec(any::<u8>(), 0..600),
        limit in 0_usize..5000,
        element_size in 0_usize..20,
    ) {
        let stored = [head, tail].concat();
        if let Ok(bytes) = decode(&filters, 0, &stored, &Context { max_output: limit, element_size }) {
            prop_assert!(bytes.len() <= limit);
        }
    }

    #[test]
    fn damage_neither_panics_nor_overflows(
        which in any::<proptest::sample::Index>(),
        bytes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        words in proptest::collection::vec((any::<proptest::sample::Index>(), prop_oneof![0_u32..70, any::<u32>()]), 0..2),
        cut in proptest::option::weighted(0.2, any::<proptest::sample::Index>()),
        percent in prop_oneof![Just(100), 0_usize..200],
    ) {
        let all = small_cases();
        let mut case = which.get(all).clone();
        for (at, byte) in bytes {
            let at = at.index(case.stored.len());
            case.stored[at] = byte;
        }
        for (at, word) in words {
            let filter = case.filters.last_mut().unwrap();
            if !filter.client_data.is_empty() {
                let at = at.index(filter.client_data.len());
                filter.client_data[at] = word;
            }
        }
        if let Some(cut) = cut {
            case.stored.truncate(cut.index(case.stored.len()));
        }
        let limit = case.decoded_len * percent / 100;
        if let Ok(bytes) = run(&case, limit) {
            prop_assert!(bytes.len() <= limit);
        }
    }
}

/// The fixtures whose decoding is quick, read once.
fn small_cases() -> &'static [Case] {
    static CASES: std::sync::OnceLock<Vec<Case>> = std::sync::OnceLock::new();
    CASES.get_or_init(|| cases().into_iter().filter(|c| c.decoded_len < 20_000).collect())
}
