//! Patterns of granules' names for the CMR (docs/lambda.md, "The catalog").

use pipeline::Product;

/// The `readable_granule_name[]` patterns of some cycles and regions of a product; all regions when none is named. A product
/// whose names have no cycle has no patterns. `?` matches one character, `*` any number.
#[must_use]
pub fn name_patterns(product: &Product, cycles: &[u8], regions: &[u8]) -> Vec<String> {
    let regions: Vec<Option<u8>> =
        if regions.is_empty() { vec![None] } else { regions.iter().copied().map(Some).collect() };
    let mut patterns = Vec::new();
    for pattern in product.names.iter().filter(|pattern| pattern.has("cycle")) {
        for (cycle, region) in cycles.iter().flat_map(|cycle| regions.iter().map(move |region| (*cycle, *region))) {
            patterns.push(pattern.wildcard(|field| match field {
                "cycle" => Some(cycle.into()),
                "region" => region.map(Into::into),
                _ => None,
            }));
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_cycle_and_region_where_the_name_has_them() {
        assert_eq!(
            name_patterns(&products::built_in("ATL06").unwrap(), &[22], &[]),
            ["ATL06_??????????????_????22??_*"]
        );
        assert_eq!(
            name_patterns(&products::built_in("ATL06").unwrap(), &[3, 22], &[10, 11]),
            [
                "ATL06_??????????????_????0310_*",
                "ATL06_??????????????_????0311_*",
                "ATL06_??????????????_????2210_*",
                "ATL06_??????????????_????2211_*",
            ]
        );
    }
}
