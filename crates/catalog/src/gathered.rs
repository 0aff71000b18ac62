//! What happened on the way to a catalog.
use crate::NameFilter;
use crate::build::Remarks;
use earthdata::{Odd, Record};
use pipeline::Product;

/// What happened on the way to a catalog.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Gathered {
    /// Granules that were found, records that make no sense included.
    pub found: usize,
    /// Requests sent.
    pub requests: u64,
    /// Older versions, with the newer one that stays.
    pub older: Vec<(String, String)>,
    /// Granules whose names are not of the cycles, regions or dates that were asked for.
    pub other_names: usize,
    /// Records of a search that make no sense.
    pub odd: Vec<Odd>,
    /// Records that no catalog can hold.
    pub remarks: Remarks,
    /// Granules that touch none of the wanted cells.
    pub elsewhere: usize,
    /// Granules that could not be read, and why.
    pub failed: Vec<(String, String)>,
    /// Files that are parts or copies of others, with the file that counts.
    pub parts: Vec<(String, String)>,
    /// Files that have none of the product's tracks, with the product that they are of, where it is known.
    pub foreign: Vec<(String, Option<String>)>,
}

/// Granules that were left out for one reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// The reason, after their number: `granules have no link and are left out`.
    pub what: &'static str,
    /// Their names, with more where there is more to say.
    pub names: Vec<String>,
}

impl Gathered {
    /// What was left out by name, reason by reason; nothing is left out silently.
    #[must_use]
    pub fn left_out(&self) -> Vec<LeftOut> {
        let instead =
            |pairs: &[(String, String)]| pairs.iter().map(|(one, other)| format!("{one}, for {other}")).collect();
        let foreign = self.foreign.iter().map(|(name, product)| match product {
            Some(product) => format!("{name}: {product}"),
            None => format!("{name}: an unknown product"),
        });
        let all = [
            ("older versions of granules are left out", instead(&self.older)),
            (
                "granules have no extent in their records and are left out (--from reads it from the granules)",
                self.remarks.unknown_extent.clone(),
            ),
            (
                "records make no sense and are left out",
                self.odd.iter().map(|odd| format!("{}: {}", odd.name, odd.why)).collect(),
            ),
            ("granules have no link and are left out", self.remarks.without_link.clone()),
            (
                "granules cannot be read and are left out",
                self.failed.iter().map(|(name, error)| format!("{name}: {error}")).collect(),
            ),
            ("files are parts or copies of granules and are left out", instead(&self.parts)),
            ("files are of other products and are left out", foreign.collect()),
        ];
        all.into_iter().filter(|(_, names)| !names.is_empty()).map(|(what, names)| LeftOut { what, names }).collect()
    }

    /// Whether the catalog holds all that was found.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Remarks { unknown_extent, without_link } = &self.remarks;
        self.failed.is_empty()
            && self.foreign.is_empty()
            && self.odd.is_empty()
            && unknown_extent.is_empty()
            && without_link.is_empty()
    }

    /// The records that the filter of names lets through; counts the others, and removes odd records that it excludes.
    pub(crate) fn named(
        &mut self,
        records: Vec<Record>,
        product: &Product,
        names: &NameFilter,
        by_date: bool,
    ) -> Vec<Record> {
        self.found = records.len() + self.odd.len();
        let named: Vec<Record> =
            records.into_iter().filter(|record| names.fits(product, &record.name, by_date)).collect();
        // A record without a granule's name may be any granule.
        self.odd.retain(|odd| product.named(&odd.name).is_none() || names.fits(product, &odd.name, by_date));
        self.other_names = self.found - named.len() - self.odd.len();
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_listed_by_reason() {
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let gathered = Gathered {
            older: vec![pair("a_01.h5", "a_02.h5")],
            odd: vec![Odd { name: "?".to_owned(), why: "no field".to_owned() }],
            foreign: vec![("b.h5".to_owned(), None), ("c.h5".to_owned(), Some("ATL03".to_owned()))],
            ..Gathered::default()
        };
        let lines: Vec<String> = gathered
            .left_out()
            .iter()
            .map(|left| format!("{} {}: {}", left.names.len(), left.what, left.names.join("; ")))
            .collect();
        assert_eq!(
            lines,
            [
                "1 older versions of granules are left out: a_01.h5, for a_02.h5",
                "1 records make no sense and are left out: ?: no field",
                "2 files are of other products and are left out: b.h5: an unknown product; c.h5: ATL03",
            ]
        );
    }
}
