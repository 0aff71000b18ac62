//! Links of real files, broken ones, and distances against the great circle.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]
use super::*;
use proptest::prelude::*;

/// What the definition says, row by row.
fn by_rows(begin: &[f64], count: &[f64], base: u64, rows: u64) -> (Vec<Option<u32>>, [u64; 2]) {
    let mut holders: Vec<Vec<u32>> = vec![Vec::new(); usize::try_from(rows).unwrap()];
    for (parent, (&begin, &count)) in (0..).zip(begin.iter().zip(count)) {
        if begin >= base as f64 && count > 0.0 {
            let start = begin as usize - usize::try_from(base).unwrap();
            let held = holders.iter_mut().skip(start).take(count as usize);
            held.for_each(|holders| holders.push(parent));
        }
    }
    let alone = |holders: &Vec<u32>| if let [one] = holders[..] { Some(one) } else { None };
    let none = holders.iter().filter(|holders| holders.is_empty()).count() as u64;
    let several = holders.iter().filter(|holders| holders.len() > 1).count() as u64;
    (holders.iter().map(alone).collect(), [none, several])
}

fn parents(spans: &[Span], rows: u64) -> Vec<Option<u32>> {
    let holds = |row: u64| spans.iter().filter(|span| span.rows.contains(&row)).map(|span| span.parent).collect();
    let one = |holders: Vec<u32>| {
        assert!(holders.len() <= 1, "spans are apart: {spans:?}");
        holders.first().copied()
    };
    assert!(spans.is_sorted_by_key(|span| span.rows.start));
    (0..rows).map(|row| one(holds(row))).collect()
}

#[test]
fn each_fault_is_told_by_its_kind() {
    let nan = f64::NAN;
    let kinds: [(&[f64], &[f64], &str); 8] = [
        (&[1.0, nan, 4.0], &[3.0, nan, 2.0], ""),
        (&[1.0, 0.0, 4.0], &[3.0, 0.0, 2.0], ""),
        (&[1.0, 5.0], &[3.0, 1.0], "1 row is in no parent"),
        (&[1.0, 3.0], &[3.0, 3.0], "1 row is in several parents"),
        (&[1.0, 4.0], &[3.0, 9.0], "1 parent ends beyond the last row"),
        (&[1.0, 0.0, nan], &[5.0, 1.0, 1.0], "2 parents have rows and no begin"),
        (&[4.0, 1.0], &[2.0, 3.0], "1 parent is out of order"),
        (&[], &[], "5 rows are in no parent"),
    ];
    for (begin, count, words) in kinds {
        let (_, faults) = spans(begin, count, 1, 5);
        assert_eq!((faults.to_string().as_str(), faults.is_sound()), (words, words.is_empty()));
    }
}

#[test]
fn numbers_beyond_all_rows_are_bounded() {
    let (all, faults) = spans(&[1e300, 2.0, f64::INFINITY], &[1e300, f64::INFINITY, 1.0], 1, 5);
    assert_eq!(all, [Span { rows: 1..5, parent: 1 }]);
    assert_eq!((faults.beyond_last, faults.rows_in_none), (3, 1));
}

#[test]
fn the_begins_of_a_real_beam_are_sound() {
    let test = "the_begins_of_a_real_beam_are_sound";
    let Some(folder) = testing::shared("data/products", test) else { return };
    let bytes = std::fs::read(folder.join("ATL03_indexbegin_start_end_FVs.h5")).unwrap();
    let mut file = hdf5_pure::Metadata::new(hdf5_pure::Limits::default());
    let source = byte_ranges::MemorySource::new(bytes);
    let mut read = async || {
        let found = hdf5_pure::drive(&mut file, &source, |file| file.find(&["/ph_index_beg"])).await.unwrap().remove(0);
        let Ok(Some(hdf5_pure::Object::Dataset(dataset))) = found else { panic!("no dataset: {found:?}") };
        crate::axis::whole(&mut file, &source, dataset).await.unwrap()
    };
    let begin = futures_util::FutureExt::now_or_never(read()).unwrap();
    assert_eq!((begin.len(), begin.iter().filter(|begin| **begin == 0.0).count()), (149_697, 26_574));
    // Only begins are there: counts are their differences, the last one a guess.
    let held: Vec<usize> = (0..begin.len()).filter(|&at| begin[at] > 0.0).collect();
    let mut count = vec![0.0; begin.len()];
    held.windows(2).for_each(|pair| count[pair[0]] = begin[pair[1]] - begin[pair[0]]);
    count[held[held.len() - 1]] = 100.0;
    let rows = count.iter().sum::<f64>() as u64;
    let (all, faults) = spans(&begin, &count, 1, rows);
    assert_eq!((all.len(), faults), (149_697 - 26_574, LinkFaults::default()));
    let mut broken = begin.clone();
    broken[held[70_000]] -= 1.0;
    let (_, faults) = spans(&broken, &count, 1, rows);
    assert_eq!(faults.to_string(), "1 row is in no parent, 1 row is in several parents");
}

proptest! {
    #[test]
    fn spans_are_what_the_definition_says(
        parents_in in prop::collection::vec((-1_i32..40, -1_i32..9), 0..12), rows in 0_u64..40, base in 0_u64..2
    ) {
        let number = |number: i32| if number < 0 { f64::NAN } else { f64::from(number) };
        let begin: Vec<f64> = parents_in.iter().map(|(begin, _)| number(*begin)).collect();
        let count: Vec<f64> = parents_in.iter().map(|(_, count)| number(*count)).collect();
        let (spans, faults) = spans(&begin, &count, base, rows);
        let (expected, [none, several]) = by_rows(&begin, &count, base, rows);
        prop_assert_eq!(parents(&spans, rows), expected);
        prop_assert_eq!([faults.rows_in_none, faults.rows_in_several], [none, several]);
    }

    #[test]
    fn the_bound_is_never_below_the_distance_and_close_to_it(
        latitude in -90.0_f64..90.0, longitude in -180.0_f64..360.0, north in -0.02_f64..0.02, east in -0.02_f64..0.02
    ) {
        let other = (latitude + north).clamp(-90.0, 90.0);
        let east = longitude + east / latitude.to_radians().cos().max(1e-3);
        let chord = crate::vector::distance(place(longitude.min(360.0), latitude), place(east.min(360.0), other));
        let arc = 2.0 * EARTH_RADIUS * (chord / 2.0 / EARTH_RADIUS).asin();
        let bound = Near::new(Home { latitude, longitude: longitude.min(360.0) }).bound(other, east.min(360.0));
        prop_assert!(bound >= arc - 1e-6, "{} < {}", bound, arc);
        prop_assert!(bound <= 1.01 * arc + 0.002 || latitude.abs() > 89.0, "{} > {}", bound, arc);
        // A turn more or less is the same place.
        let near = Near::new(Home { latitude, longitude });
        let apart = near.bound(other, east - 360.0) - near.bound(other, east);
        prop_assert!(apart.abs() < 1e-6);
    }
}
