//! Patterns of granules' names for the CMR (docs/lambda.md, "The catalog").

/// The `readable_granule_name[]` patterns of some cycles and regions of a product; all regions when none is named.
/// `?` stands for one character, `*` for any number.
#[must_use]
pub fn name_patterns(product: &str, cycles: &[u8], regions: &[u8]) -> Vec<String> {
    let regions: Vec<String> = match regions {
        [] => vec!["??".to_owned()],
        some => some.iter().map(|region| format!("{region:02}")).collect(),
    };
    let mut patterns = Vec::new();
    for cycle in cycles {
        patterns.extend(regions.iter().map(|region| format!("{product}_??????????????_????{cycle:02}{region}_*")));
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_cycle_and_region_where_the_name_has_them() {
        assert_eq!(name_patterns("ATL06", &[22], &[]), ["ATL06_??????????????_????22??_*"]);
        assert_eq!(
            name_patterns("ATL06", &[3, 22], &[10, 11]),
            [
                "ATL06_??????????????_????0310_*",
                "ATL06_??????????????_????0311_*",
                "ATL06_??????????????_????2210_*",
                "ATL06_??????????????_????2211_*",
            ]
        );
    }
}
