//! From a search, or from granules where they lie, to a catalog and a report of what happened on the way.
use crate::build::{assemble, usable};
use crate::{Catalog, Choice, Error, Gathered, Grid, Places, ReadOptions, SearchNotes};
use earthdata::{Found, Record, newest};
use footprint::CellFinder;
use morton::Cell;
use serde_json::{Map, Value, json};

impl Choice {
    /// The catalog of what a search found: a granule belongs to the cells that its footprint touches.
    #[must_use]
    pub fn of_search(&self, found: Found, notes: &SearchNotes) -> (Catalog, Gathered) {
        let mut report = Gathered { requests: found.requests, odd: found.odd, ..Gathered::default() };
        let named = report.named(found.records, &self.product, &self.names, false);
        // First of all: an older version that can be used is better than none.
        let (named, remarks) = usable(named);
        report.remarks = remarks;
        let (mut records, older) = newest(named, &self.product);
        // Two records of one version are one granule.
        records.dedup_by(|one, other| one.name == other.name);
        report.older = older;
        let Grid { order, latitude, wanted } = &self.grid;
        let mut finder = CellFinder::new(*order, *latitude, notes.margin_km, wanted.as_ref());
        let (mut catalog, elsewhere) = assemble(&records, self.links, |record| finder.cells(&record.footprint).0);
        report.elsewhere = elsewhere;
        let mut own = vec![("version", json!(notes.release)), ("margin_km", json!(notes.margin_km))];
        own.extend(notes.collection.as_ref().map(|id| ("collection_concept_id", json!(id))));
        catalog.metadata = self.metadata(&catalog, own);
        (catalog, report)
    }

    /// Makes a catalog by reading the granules: each belongs to the cells that its coordinates lie in. Calls `progress`
    /// with the number of granules read so far and the number of all.
    ///
    /// # Errors
    /// [`Error::Open`] and [`Error::Granule`] for a granule that cannot be read, [`Error::Parts`] where no file of a granule
    /// holds all rows of the others, [`Error::OtherProducts`] where no file is of the product. The first three do not
    /// happen with [`ReadOptions::allow_partial`].
    pub async fn of_places(
        &self,
        places: &Places,
        options: &ReadOptions,
        progress: &dyn Fn(u64, u64),
    ) -> Result<(Catalog, Gathered), Error> {
        let mut report = Gathered::default();
        let named = report.named(places.records(&options.data_host), &self.product, &self.names, true);
        let (records, older) = newest(named, &self.product);
        report.older = older;
        let read = places.read(self, records, options, &mut report, progress).await?;
        report.requests = places.requests();
        let (records, cells): (Vec<Record>, Vec<Vec<Cell>>) = read.into_iter().unzip();
        let mut cells = cells.into_iter();
        let (mut catalog, elsewhere) = assemble(&records, self.links, |_| cells.next().unwrap_or_default());
        report.elsewhere = elsewhere;
        catalog.metadata = self.metadata(&catalog, vec![("extent", json!("coordinates"))]);
        Ok((catalog, report))
    }

    /// What the catalog is of: nothing in it depends on when or where it was made.
    fn metadata(&self, catalog: &Catalog, own: Vec<(&'static str, Value)>) -> Map<String, Value> {
        let names = &self.names;
        let one_or_many = |cycles: &[u8]| match cycles {
            [one] => json!(one),
            many => json!(many),
        };
        let mut told = vec![
            ("cycle", one_or_many(&if names.cycles.is_empty() { catalog.cycles() } else { names.cycles.clone() })),
            ("parent_order", json!(self.grid.order.get())),
            ("latitude", json!(self.grid.latitude.to_string())),
            ("product", json!(self.product.name)),
            ("total_granules", json!(catalog.granules.len())),
            ("total_cells", json!(catalog.cells.len())),
        ];
        told.extend(own);
        told.extend(names.from_date.as_ref().map(|date| ("from_date", json!(date))));
        told.extend(names.to_date.as_ref().map(|date| ("to_date", json!(date))));
        told.extend((!names.orbit_regions.is_empty()).then(|| ("orbit_region", json!(names.orbit_regions))));
        told.extend(self.notes.iter().cloned());
        told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NameFilter, Remarks};
    use earthdata::{LinkKind, Odd};
    use footprint::Footprint;
    use morton::{Latitude, Order};

    #[test]
    fn nothing_that_a_search_found_is_left_out_silently() {
        let record = |rgt: u16, cycle: u8, footprint: &Footprint| {
            let place = format!("s3://b/ATL06_20231219171439_{rgt:04}{cycle:02}11_007_01.h5");
            Record { footprint: footprint.clone(), ..Record::at(&place, "data.example.org") }
        };
        let here = Footprint { lines: vec![vec![[10.0, -75.0]]], ..Footprint::default() };
        let away = Footprint { lines: vec![vec![[10.0, 75.0]]], ..Footprint::default() };
        let mut records = vec![record(1, 22, &here), record(2, 22, &away), record(3, 3, &here)];
        records.push(record(4, 22, &Footprint::default()));
        records.push(Record { s3: None, ..record(5, 22, &here) });
        let odd = vec![Odd { name: "?".to_owned(), why: "no field".to_owned() }];
        let found = Found { records, odd, hits: 6, requests: 1 };
        let grid = Grid::new(Order::new(6).unwrap(), Latitude::Spherical).unwrap();
        let choice = Choice {
            grid: grid.within(&[footprint::Area::SouthOf(0.0)]).unwrap(),
            names: NameFilter { cycles: vec![22], ..NameFilter::default() },
            links: LinkKind::S3,
            product: products::built_in("ATL06").unwrap(),
            notes: vec![("south_of", json!(0.0))],
        };
        let notes = SearchNotes { release: Some("007".to_owned()), collection: None, margin_km: 1.0 };
        let (catalog, report) = choice.of_search(found, &notes);
        assert_eq!((catalog.granules.len(), report.found, report.other_names, report.elsewhere), (1, 6, 1, 1));
        let Remarks { unknown_extent, without_link } = &report.remarks;
        assert_eq!((unknown_extent.len(), without_link.len(), report.odd.len()), (1, 1, 1));
        assert!(!report.is_whole());
        assert_eq!(
            (&catalog.metadata["cycle"], &catalog.metadata["total_cells"]),
            (&json!(22), &json!(catalog.cells.len()))
        );
        assert_eq!((&catalog.metadata["margin_km"], &catalog.metadata["south_of"]), (&json!(1.0), &json!(0.0)));
    }
}
