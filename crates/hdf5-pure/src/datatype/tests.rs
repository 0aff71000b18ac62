//! Types and values as h5py writes and reads them (`tests/datatype/types.tsv`), and mutations of these.

use std::collections::HashMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

const FIXTURE: &str = include_str!("../../tests/datatype/types.tsv");

struct Case {
    name: &'static str,
    message: Vec<u8>,
    raw: Vec<u8>,
    scalar: bool,
    kind: &'static str,
    canonical: Vec<u8>,
    numpy: &'static str,
    values: &'static str,
    heap: HashMap<(u64, u32), Bytes>,
}

impl Case {
    fn datatype(&self) -> Datatype {
        let (datatype, consumed) = Datatype::parse(&self.message, 0).expect(self.name);
        assert_eq!(consumed, self.message.len(), "{}", self.name);
        datatype
    }

    fn object(&self, reference: HeapRef) -> Result<Bytes, DatatypeError> {
        let object = self.heap.get(&(reference.address, reference.index));
        object.cloned().ok_or(DatatypeError::ShortHeapObject { have: 0, need: u64::from(reference.length) })
    }
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex")).collect()
}

fn heap(text: &str) -> HashMap<(u64, u32), Bytes> {
    let objects = text.split(';').filter(|t| *t != "-").map(|object| {
        let (key, bytes) = object.split_once('=').expect("key=bytes");
        let (address, index) = key.split_once(':').expect("address:index");
        ((address.parse().expect("address"), index.parse().expect("index")), hex(bytes).into())
    });
    objects.collect()
}

fn cases() -> Vec<Case> {
    let cases = FIXTURE.lines().map(|line| {
        let [name, message, raw, scalar, kind, canonical, numpy, values, objects] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("nine columns");
        let (message, raw, canonical) = (hex(message), hex(raw), hex(canonical));
        Case { name, message, raw, scalar: scalar == "1", kind, canonical, numpy, values, heap: heap(objects) }
    });
    let cases: Vec<_> = cases.collect();
    assert!(cases.len() > 80);
    cases
}

#[test]
fn canonical_bytes_are_those_of_the_reference() {
    let mut compared = 0;
    for case in cases().iter().filter(|c| c.kind != "-") {
        let datatype = case.datatype();
        let mut got = Vec::new();
        let kind = datatype
            .canonical(&case.raw, case.scalar, &mut |r| case.object(r), &mut |bytes| got.extend_from_slice(bytes))
            .expect(case.name);
        assert_eq!(kind.as_str(), case.kind, "{}", case.name);
        assert_eq!(got, case.canonical, "{}", case.name);
        // Piece by piece gives the same.
        let writer = Canonical::new(&datatype, case.scalar).expect(case.name);
        let mut pieces = Vec::new();
        for element in case.raw.chunks(datatype.size()) {
            writer.write(element, &mut |r| case.object(r), &mut |b| pieces.extend_from_slice(b)).expect(case.name);
        }
        assert_eq!(pieces, got, "{}", case.name);
        compared += 1;
    }
    assert!(compared > 70);
}

#[test]
fn numpy_names_are_those_of_the_reference() {
    for case in cases().iter().filter(|c| c.numpy != "-") {
        let record = case.numpy.starts_with('[') || case.numpy.starts_with('{');
        let datatype = case.datatype();
        match datatype.numpy_name() {
            Some(name) => assert_eq!(name, case.numpy, "{}", case.name),
            None => assert!(record || case.name.starts_with("complex record"), "{}: {}", case.name, case.numpy),
        }
    }
}

#[test]
fn columns_are_the_values_of_the_reference() {
    let mut compared = 0;
    for case in cases().iter().filter(|c| c.values != "-" && c.numpy != "bool") {
        let column = case.datatype().decode_column(&case.raw).expect(case.name);
        let want: Vec<&str> = case.values.split(' ').collect();
        let integers = |got: Vec<i128>| {
            let want: Vec<i128> = want.iter().map(|v| v.parse().expect("integer")).collect();
            assert_eq!(got, want, "{}", case.name);
        };
        let floats = |got: Vec<f64>| {
            let want: Vec<f64> = want.iter().map(|v| v.parse().expect("float")).collect();
            assert_eq!(got.len(), want.len());
            for (a, b) in got.iter().zip(&want) {
                assert!(a.is_nan() && b.is_nan() || a.to_bits() == b.to_bits(), "{}: {a} {b}", case.name);
            }
        };
        match &column {
            Numbers::I8(v) => integers(v.iter().map(|v| i128::from(*v)).collect()),
            Numbers::I16(v) => integers(v.iter().map(|v| i128::from(*v)).collect()),
            Numbers::I32(v) => integers(v.iter().map(|v| i128::from(*v)).collect()),
            Numbers::I64(v) => integers(v.iter().map(|v| i128::from(*v)).collect()),
            Numbers::U8(v) => integers(v.iter().map(|v| i128::from(*v)).collect()),
            Numbers::U16(v) => integers(v.iter().map(|v| i128::from(*v)).collect()),
            Numbers::U32(v) => integers(v.iter().map(|v| i128::from(*v)).collect()),
            Numbers::U64(v) => integers(v.iter().map(|v| i128::from(*v)).collect()),
            Numbers::F32(v) => floats(v.iter().map(|v| f64::from(*v)).collect()),
            Numbers::F64(v) => floats(v.clone()),
        }
        compared += 1;
    }
    assert!(compared > 35, "{compared}");
}

#[test]
fn text_of_both_kinds() {
    let strings = |name: &str| {
        let cases = cases();
        let case = cases.iter().find(|c| c.name == name).expect("the case");
        case.datatype().strings(&case.raw, &mut |r| case.object(r)).expect("strings")
    };
    assert_eq!(strings("vlen str latest"), ["", "abc", "漢字 café", "x".repeat(40).as_str()]);
    assert_eq!(strings("string utf8"), ["abé漢"]);
    assert_eq!(strings("array string latest"), ["abc", "abcde", "", "x\0y"]);
    let number = &cases()[0];
    let wrong = number.datatype().strings::<DatatypeError>(&number.raw, &mut |_| Ok(Bytes::new()));
    assert!(matches!(wrong, Err(DatatypeError::WrongClass { .. })));
}

#[test]
fn descriptions() {
    let described: HashMap<_, _> = cases().iter().map(|c| (c.name, c.datatype().describe())).collect();
    for (name, want) in [
        ("int i1", "|i1"),
        ("int >i8", ">i8"),
        ("float bf16", "<f2:e8m7"),
        ("float x87", "<f16:e15m64"),
        ("bool", "bool"),
        ("enum >i2 v3", "enum<>i2>"),
        ("string utf8", "|S8"),
        ("complex >c16", ">c16"),
        ("array array latest", "<i4(3,1)(2)"),
        ("record mixed latest", "{a:<f4,bb:>i2,long member name:<u8,d:<i4(2,3)}"),
        ("vlen str latest", "vlen<str>"),
        ("vlen >i4 earliest", "vlen<>i4>"),
        ("ref region", "ref<region>"),
        ("time be", "time<>8>"),
        ("bits >u2", "bits<>u2>"),
        ("opaque", "|V7"),
    ] {
        assert_eq!(described.get(name).map(String::as_str), Some(want), "{name}");
    }
}

#[test]
fn versions_one_and_two_describe_the_same_records_as_three() {
    for name in ["mixed", "aligned", "backward", "nested", "wide"] {
        let cases = cases();
        let find =
            |v: &str| cases.iter().find(|c| c.name == format!("record {name} {v}")).expect("the case").datatype();
        assert_eq!(find("earliest"), find("latest"), "{name}");
    }
}

#[test]
fn member_dimensions_of_version_one_are_an_array() {
    // Message bytes by the table of the specification: compound of 24 bytes, member `m` at 0, 2 dimensions of 3 and 2.
    let mut message = hex("1601000018000000" /* header */);
    message.extend(hex("6d00000000000000" /* name */));
    message.extend(hex("000000000200000000000000000000000300000002000000" /* offset, rank, permutation, dims */));
    message.extend(hex("0000000000000000" /* dims */));
    message.extend(hex("100800000400000000002000" /* i4 */));
    let (datatype, consumed) = Datatype::parse(&message, 0).expect("parses");
    assert_eq!((consumed, datatype.describe().as_str()), (message.len(), "{m:<i4(3,2)}"));
    message[20] = 5;
    assert!(matches!(Datatype::parse(&message, 0), Err(DatatypeError::Malformed { .. })));
}

#[test]
fn revised_references_are_named() {
    // Bytes of a message in a file of HDF5 1.12: version 4, object, encoding version 1, 64 bytes.
    let (datatype, _) = Datatype::parse(&hex("4712000040000000"), 0).expect("parses");
    assert_eq!(datatype, Datatype::Reference(Reference { size: 64, kind: ReferenceKind::RevisedObject }));
    assert_eq!((datatype.numpy_name(), Kind::of(&datatype, false)), (None, Kind::Reference));
}

#[test]
fn errors_say_where() {
    let message = hex("100800000400000000002000");
    for end in 0..message.len() {
        let error = Datatype::parse(&message[..end], 1000).expect_err("too short");
        assert!(matches!(error, DatatypeError::Truncated { offset: 1000..1012 }), "{error}");
    }
    let wide = hex("100800000400000001002000");
    assert_eq!(
        Datatype::parse(&wide, 500),
        Err(DatatypeError::Malformed { offset: 508, what: "bits lie outside the element" })
    );
    // Arrays of arrays without end.
    let deep = hex("5a000000010000000101000000").repeat(40);
    assert!(matches!(Datatype::parse(&deep, 0), Err(DatatypeError::TooDeep { limit: 32, .. })));
    assert!(matches!(Datatype::parse(&hex("6008000004000000"), 0), Err(DatatypeError::UnknownFeature { .. })));
    assert!(matches!(Datatype::parse(&hex("1c08000004000000"), 0), Err(DatatypeError::UnknownFeature { .. })));
}

#[test]
fn vax_floats_are_refused_and_not_guessed() {
    let (vax, _) = Datatype::parse(&hex("11611f000400000000002000170800177f000000"), 0).expect("parses");
    assert!(matches!(vax.decode_column(&[0; 4]), Err(DatatypeError::Unconvertible { .. })));
    assert!(matches!(Canonical::new(&vax, false), Err(DatatypeError::Unconvertible { .. })));
}

#[test]
fn extended_floats_decode_where_exact() {
    let cases = cases();
    let case = cases.iter().find(|c| c.name == "float x87").expect("the case");
    assert_eq!(case.datatype().decode::<f64>(&case.raw[32..64]), Ok(vec![1.0, -2.5]));
}

/// A sequence of sequences whose heap object names itself, over and over.
#[test]
fn self_referring_sequences_end() {
    let mut message = hex("1900000010000000100800000100000000000800");
    for _ in 0..20 {
        message = [hex("1900000010000000"), message].concat();
    }
    let (datatype, _) = Datatype::parse(&message, 0).expect("parses");
    let element = hex("40000000001000000000000001000000");
    let object = Bytes::from(element.repeat(64));
    let writer = Canonical::new(&datatype, false).expect("a plan").with_heap_limit(1 << 20);
    let outcome = writer.write(&element, &mut |_| Ok(object.clone()), &mut |_| {});
    assert_eq!(outcome, Err(DatatypeError::HeapLimit { limit: 1 << 20 }));
}

#[test]
fn heap_objects_are_announced() {
    for case in cases().iter().filter(|c| c.name.starts_with("vlen")) {
        let writer = Canonical::new(&case.datatype(), case.scalar).expect(case.name);
        let mut seen = Vec::new();
        writer.heap_refs(&case.raw, &mut |r| seen.push((r.address, r.index)));
        seen.sort_unstable();
        let mut want: Vec<_> = case.heap.keys().copied().collect();
        want.sort_unstable();
        assert!(!want.is_empty() && seen == want, "{}", case.name);
    }
}

#[test]
fn elements_in_memory_are_as_large_as_their_form_says() {
    let mut converted = 0;
    for case in cases() {
        let datatype = case.datatype();
        let (Some(form), Ok(conversion)) = (Form::of(&datatype), Conversion::new(&datatype)) else { continue };
        assert_eq!(form.size(), conversion.size(), "{}", case.name);
        let elements = case.raw.len() / datatype.size();
        let Ok(made) = conversion.apply(case.raw.as_slice().into()) else { continue };
        assert_eq!(made.len(), elements * form.size(), "{}", case.name);
        converted += 1;
    }
    assert!(converted > 55, "{converted}");
}

/// Parsed or refused, and used on arbitrary elements, nothing panics.
fn exercise(message: &[u8], raw: &[u8]) {
    let Ok((datatype, consumed)) = Datatype::parse(message, 0) else { return };
    assert!(consumed <= message.len() && datatype.size() > 0);
    // Names are as long as the message makes them.
    assert!(datatype.describe().len() <= 64 * message.len() && datatype.numpy_name().is_none_or(|n| n.len() < 4096));
    let whole = &raw[..raw.len() - raw.len() % datatype.size()];
    for bytes in [raw, whole] {
        let _ = datatype.decode_column(bytes);
        let _ = datatype.decode::<i16>(bytes);
        let _ = datatype.strings::<DatatypeError>(bytes, &mut |_| Ok(Bytes::from_static(b"some\0text")));
        if let (Some(form), Ok(conversion)) = (Form::of(&datatype), Conversion::new(&datatype)) {
            assert_eq!(form.size(), conversion.size());
            let made = conversion.apply(bytes.into());
            assert!(made.is_err() || made.is_ok_and(|made| made.len() == bytes.len() / datatype.size() * form.size()));
        }
        let mut written = 0;
        for scalar in [false, true] {
            let object = Bytes::copy_from_slice(raw);
            let Ok(writer) = Canonical::new(&datatype, scalar) else { continue };
            let writer = writer.with_heap_limit(1 << 16);
            let _: Result<(), DatatypeError> =
                writer.write(bytes, &mut |_| Ok(object.clone()), &mut |b| written += b.len());
            writer.heap_refs(bytes, &mut |_| {});
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_messages_do_no_harm(
        message in proptest::collection::vec(any::<u8>(), 0..200),
        raw in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        exercise(&message, &raw);
    }

    #[test]
    fn mutated_messages_do_no_harm(
        which in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let cases = cases();
        let case = &cases[which.index(cases.len())];
        let mut message = case.message.clone();
        for (position, value) in edits {
            let position = position.index(message.len());
            message[position] = value;
        }
        exercise(&message, &case.raw);
        exercise(&message[..cut.index(message.len())], &case.raw);
    }
}
