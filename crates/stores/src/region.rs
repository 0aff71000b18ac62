//! The store of a region: the writer that fills it parent by parent, and its cells as they are stored.
use crate::own::whole_cells;
use crate::{Error, Objects as _, OwnStore, Place, Recipe};
use dggs_zarr::{ArrayMeta, Column, KeptCells, Region, RegionCell};
use morton::{Cell, Order};
use pipeline::{CellResult, Job, KeptProvenance};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::ops::Range;
use storage::{Clients, Location, StoreSink};

/// How a region may cut its border, as provenance says it.
const CLIPS: [&str; 4] = ["centre", "touch", "none", "rows"];

/// The one writer of a store of layout `region`. It may be stopped at any moment: the next one goes on with the parents that are not
/// there yet.
pub struct RegionStore {
    name: String,
    sink: StoreSink,
    region: Region,
    done: BTreeSet<Cell>,
}

impl RegionStore {
    /// Makes the store at `root`, or goes on with it where the same job and region began it. `job` is that of any parent; `kept` are
    /// the nested ids of the children in the region, as ascending ranges; `clip` is `centre`, `touch`, `none` or `rows`.
    ///
    /// # Errors
    /// [`Error::Refused`] for cells that do not ascend or are not of the job's children, or another clip; [`Error::Occupied`] where
    /// another store is there; [`Error::Write`], [`Error::Source`].
    pub async fn create(
        root: &str,
        job: &Job,
        kept: impl IntoIterator<Item = Range<u64>>,
        clip: &str,
        clients: &Clients,
    ) -> Result<Self, Error> {
        if !CLIPS.contains(&clip) {
            return Err(Error::refused(root, format!("clip `{clip}`: write {}", CLIPS.join(", "))));
        }
        let kept = KeptCells::new(job.child_order(), kept);
        let kept = kept.map_err(|error| Error::refused(root, format!("the cells of the region: {error}")))?;
        let said = KeptProvenance { clip: clip.to_owned(), cells: kept.len(), sha256: digest(&kept) };
        let region = pipeline::region_of(job, &kept, &said).map_err(Error::Job)?;
        let place = Place::new(root, clients.clone())?;
        let sink = clients.sink(&Location::parse(root)?)?;
        sink.probe().await?;
        pipeline::begin_region(&region, &sink).await.map_err(|error| match error {
            pipeline::Error::Config(why) => Error::Occupied { place: root.to_owned(), why },
            error => Error::Write(error),
        })?;
        let done = whole_cells(&place, &place.list("cells/").await?, region.parent_order).await?;
        Ok(Self { name: root.to_owned(), sink, region, done: done.into_iter().collect() })
    }

    /// What the store is, but for its values.
    #[must_use]
    pub const fn region(&self) -> &Region {
        &self.region
    }

    /// The parents that are there, whole.
    #[must_use]
    pub const fn done(&self) -> &BTreeSet<Cell> {
        &self.done
    }

    /// The parents that have a child in the region and are not there yet, in nested order.
    ///
    /// # Errors
    /// None, unless the region has no level.
    pub fn remaining(&self) -> Result<Vec<Cell>, Error> {
        let finest = self.region.levels.first().ok_or_else(|| Error::Recipe("a region without levels".into()))?;
        let parents = finest.cells.parents(self.region.parent_order);
        let parents = parents.map_err(|error| Error::Recipe(error.to_string()))?;
        let cells = parents.ids().map(|id| Cell::new(self.region.parent_order, id)).collect::<Result<Vec<_>, _>>()?;
        Ok(cells.into_iter().filter(|cell| !self.done.contains(cell)).collect())
    }

    /// Puts the rows of some results, each chunk once, and then their marks; returns how many were put. A parent that is there
    /// already is left alone, and one without any row that lacks granules is not put: they may have had its rows.
    ///
    /// # Errors
    /// [`Error::Refused`] for a parent without a child in the region, [`Error::Write`].
    pub async fn put(&mut self, results: &[CellResult]) -> Result<usize, Error> {
        let known = results.iter().filter(|result| result.empty_because().is_none() || !result.is_partial());
        let cells = known.map(pipeline::region_cell).collect::<Result<Vec<_>, _>>().map_err(Error::Write)?;
        self.put_cells(cells).await
    }

    /// [`RegionStore::put`] for what is known of parents in other ways.
    pub(crate) async fn put_cells(&mut self, mut cells: Vec<RegionCell>) -> Result<usize, Error> {
        cells.retain(|cell| !self.done.contains(&cell.parent));
        for RegionCell { parent, .. } in &cells {
            let finest = self.region.levels.first().map(|level| (level.cells.order(), level));
            let kept = finest.map(|(order, level)| Ok::<_, Error>(level.cells.rows_of(parent.children(order)?)));
            if kept.transpose()?.is_none_or(|rows| rows.is_empty()) {
                let why = format!("no child of cell {parent} is in the region");
                return Err(Error::refused(&self.name, why));
            }
        }
        pipeline::write_region_cells(&self.region, &cells, &self.sink).await.map_err(Error::Write)?;
        self.done.extend(cells.iter().map(|cell| cell.parent));
        Ok(cells.len())
    }
}

/// SHA-256 of the nested ids, each as 8 bytes, little-endian; in hexadecimal digits.
pub(crate) fn digest(kept: &KeptCells) -> String {
    let mut hash = Sha256::new();
    kept.ids().for_each(|id| hash.update(id.to_le_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the store of a region is, by its recipe and the ids that are stored; `Err` in the second place says what is wrong with them.
pub(crate) async fn stored(place: &Place, recipe: &Recipe) -> Result<Result<Region, String>, Error> {
    let (Some(said), Some(&finest)) = (&recipe.kept, recipe.orders.first()) else {
        return Ok(Err("there are no kept cells".into()));
    };
    let ids = match ids(place, finest, said.cells).await? {
        Ok(ids) => ids,
        Err(why) => return Ok(Err(why)),
    };
    let of = || {
        let kept = KeptCells::of_ids(finest, ids).map_err(|error| error.to_string())?;
        let found = digest(&kept);
        if found != said.sha256 {
            return Err(format!("the ids have the SHA-256 {found}, the provenance says {}", said.sha256));
        }
        let any = Cell::new(recipe.parent_order, 0).map_err(|error| error.to_string())?;
        pipeline::region_of(&recipe.job(any)?, &kept, said).map_err(|error| error.to_string())
    };
    Ok(of())
}

/// The ids of an order, of which there are `cells`.
async fn ids(place: &Place, order: Order, cells: u64) -> Result<Result<Vec<u64>, String>, Error> {
    if cells == 0 || cells > order.cells() {
        return Ok(Err(format!("the provenance says {cells} cells")));
    }
    let meta = ArrayMeta::new(cells, dggs_zarr::DataType::U64, dggs_zarr::Attributes::new());
    let mut all = Vec::new();
    for index in 0..meta.chunks() {
        let key = meta.key(&format!("{order}/cell_ids"), index);
        let Some(bytes) = place.get(&key).await? else { return Ok(Err(format!("{key} is missing"))) };
        match meta.decode(&bytes) {
            Ok(Column::U64(ids)) => all.extend(ids),
            Ok(_) => {}
            Err(error) => return Ok(Err(format!("{key}: {error}"))),
        }
    }
    // The last chunk is whole, beyond the end too.
    all.truncate(usize::try_from(cells).unwrap_or(usize::MAX));
    Ok(Ok(all))
}

impl OwnStore {
    /// What a store of layout `region` is, but for its values: which cells it has.
    ///
    /// # Errors
    /// [`Error::Damaged`] where its ids are not those of its provenance, or it is no store of a region; [`Error::Source`].
    pub async fn region(&self) -> Result<Region, Error> {
        stored(&self.place, &self.recipe).await?.map_err(|why| self.bad(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pick, Store, Validation};
    use dggs_zarr::{Level, Variable};
    use pipeline::JobSpec;
    use serde_json::json;
    use std::path::{Path, PathBuf};

    fn order(order: u8) -> Order {
        Order::new(order).unwrap()
    }

    fn job(parent: Cell) -> Job {
        let product = products::built_in("ATL06").unwrap();
        JobSpec { overviews: vec![order(7)], ..JobSpec::new(product, Vec::new(), order(8)) }.job(parent).unwrap()
    }

    fn parent(id: u64) -> Cell {
        Cell::new(order(6), id).unwrap()
    }

    /// A parent with one row in each kept child, whose height is the child's id.
    fn cell(id: u64, kept: &KeptCells) -> RegionCell {
        let (parent, job) = (parent(id), job(parent(id)));
        let ids: Vec<u64> = parent.children(order(8)).unwrap().filter(|id| kept.has(*id)).collect();
        let template = pipeline::sphere_of(&job);
        let level = |at: u8| {
            let cell_ids: Vec<u64> = parent.children(order(at)).unwrap().collect();
            let of = |cell: &u64| {
                ids.iter().filter(|id| *id >> (2 * (8 - at)) == *cell).map(|id| *id as f32).collect::<Vec<_>>()
            };
            let value = |name: &str, held: &[f32]| match name {
                _ if held.is_empty() => f32::NAN,
                "h_sigma" => 0.25,
                "h_variance" => 0.0,
                "h_max" => held[held.len() - 1],
                _ => held[0],
            };
            let variables = template.levels[0].variables.iter().map(|variable| Variable {
                values: match variable.name.as_str() {
                    "count" => {
                        Column::I32(cell_ids.iter().map(|cell| i32::try_from(of(cell).len()).unwrap()).collect())
                    }
                    name => Column::F32(cell_ids.iter().map(|cell| value(name, &of(cell))).collect()),
                },
                name: variable.name.clone(),
                attributes: variable.attributes.clone(),
                timed: false,
            });
            Level { order: order(at), variables: variables.collect(), morton: Vec::new(), cell_ids }
        };
        let rows = json!({"in_parent": ids.len(), "quality": 0, "fill": 0, "not_finite": 0, "out_of_range": 0,
            "sigma_not_positive": 0, "used": ids.len()});
        let provenance = json!({
            "version": 2, "engine": "icestream 0.0.0", "product": job.product().deciding(), "rows": rows, "partial": false,
            "parent_morton": parent.decimal().unwrap(), "parent_order": 6, "child_order": 8,
            "granules": [{"name": "a.h5", "size": 1, "tracks": 1, "rows": rows}],
        });
        RegionCell { parent, levels: vec![level(8), level(7)], provenance, records: None }
    }

    /// Parts of three parents, of which the second is not computed.
    fn kept() -> [Range<u64>; 4] {
        [3..10, 12..17, 20..24, 40..41]
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            Self(std::env::temp_dir().join(format!("stores-region-{test}-{}", std::process::id())))
        }

        fn root(&self) -> &str {
            self.0.to_str().unwrap()
        }

        async fn filled(&self, parents: &[u64]) -> RegionStore {
            let clients = Clients::new(storage::Options::default());
            let mut store =
                RegionStore::create(self.root(), &job(parent(0)), kept(), "centre", &clients).await.unwrap();
            let cells = KeptCells::new(order(8), kept()).unwrap();
            store.put_cells(parents.iter().map(|id| cell(*id, &cells)).collect()).await.unwrap();
            store
        }

        async fn ids(&self, at: u8) -> Vec<u64> {
            let place = Place::new(self.root(), Clients::new(storage::Options::default())).unwrap();
            let store = Store::open(place, "region.zarr").await.unwrap();
            let table = store.table(Some(at), &[]).await.unwrap();
            assert!(table.column("count").unwrap().1.number(0) > 0.0);
            table.ids
        }

        async fn validate(&self) -> Validation {
            let compute = async |_: &Job, _: &[Location]| Err(pipeline::Error::Config("no granules".into()));
            let clients = Clients::new(storage::Options::default());
            crate::validate(self.root(), None, compute, &clients).await.unwrap()
        }

        fn path(&self, key: &str) -> PathBuf {
            self.0.join(key)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn the_digest_is_that_of_the_ids_as_little_endian_numbers() {
        let kept = KeptCells::new(order(3), [1..3, 700..701]).unwrap();
        // Python: hashlib.sha256(numpy.array([1, 2, 700], "<u8").tobytes()).hexdigest()
        assert_eq!(digest(&kept), "96ca6a87d3839e597f71a447ea086d19d2b6f7bd1ff47cc54555fafce35be96e");
    }

    #[test]
    fn a_store_is_read_as_far_as_it_is_filled_and_goes_on() {
        let folder = Folder::new("grows");
        block_on(async {
            let mut store = folder.filled(&[2, 0]).await;
            assert_eq!(store.remaining().unwrap(), [parent(1)]);
            assert_eq!(folder.ids(8).await, [3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 40]);
            assert_eq!(folder.ids(7).await, [0, 1, 2, 3, 10]);
            let found = folder.validate().await;
            assert!(found.valid && found.warnings == 0, "{:?}", found.findings);
            assert_eq!((found.layout, found.cells), (Some("region"), 2));
            let cells = KeptCells::new(order(8), kept()).unwrap();
            assert!(store.put_cells(vec![cell(5, &cells)]).await.is_err(), "no child is in the region");
            let mut again = folder.filled(&[1]).await;
            assert!(again.remaining().unwrap().is_empty());
            assert_eq!(again.put_cells(vec![cell(1, &cells)]).await.unwrap(), 0, "it is there");
            assert_eq!(folder.ids(8).await.len(), 17);
            let found = folder.validate().await;
            assert!(found.valid && found.warnings == 0, "{:?}", found.findings);
            let place = Place::new(folder.root(), Clients::new(storage::Options::default())).unwrap();
            let store = Store::open(place, "region.zarr").await.unwrap();
            let one = Pick { cell: Some(Cell::new(order(8), 16).unwrap()), ..Pick::default() };
            let table = store.cube(Some(8), &["h_mean"], &one).await.unwrap().into_table().unwrap();
            assert_eq!((table.ids.clone(), table.column("h_mean").unwrap().1.number(0)), (vec![16], 16.0));
        });
    }

    #[test]
    fn validation_finds_what_is_wrong() {
        let folder = Folder::new("wrong");
        let codes = async || -> Vec<(String, String)> {
            let found = folder.validate().await.findings;
            found.into_iter().map(|finding| (finding.code.to_owned(), finding.key)).collect()
        };
        let found = |code: &str, key: &str| vec![(code.to_owned(), key.to_owned())];
        let read = |key: &str| std::fs::read(folder.path(key)).unwrap();
        let write = |key: &str, bytes: &[u8]| std::fs::write(folder.path(key), bytes).unwrap();
        block_on(async {
            folder.filled(&[0, 1, 2]).await;
            assert!(codes().await.is_empty());
            for (key, code, at) in [
                ("8/cell_ids/c/0", "ids", "8/cell_ids"),
                ("8/h_mean/c/0", "chunk-missing", "8/h_mean/c/0"),
                ("7/count/c/0", "chunk-missing", "7/count/c/0"),
            ] {
                let bytes = read(key);
                std::fs::remove_file(folder.path(key)).unwrap();
                assert!(codes().await.contains(&found(code, at)[0]), "{key}: {:?}", codes().await);
                write(key, &bytes);
            }
            let (means, fine) = (read("8/h_mean/c/0"), read("8/h_max/c/0"));
            write("8/h_mean/c/0", &means[..20]);
            assert_eq!(codes().await, found("chunk-damaged", "8/h_mean/c/0"));
            write("8/h_mean/c/0", &means);
            write("8/h_max/c/0", &read("8/h_sigma/c/0"));
            assert!(codes().await.iter().any(|(code, _)| code == "levels"), "another maximum than the level above");
            write("8/h_max/c/0", &fine);
            let mark = dggs_zarr::mark_key(parent(1)).unwrap();
            std::fs::remove_file(folder.path(&mark)).unwrap();
            assert_eq!(codes().await, found("cell-unfinished", &format!("cell {}", parent(1))));
            assert_eq!(folder.ids(8).await.len(), 12, "rows without a mark are not read");
            write("8/count/c/9", b"?");
            assert!(codes().await.contains(&found("unknown-object", "8/count/c/9")[0]));
        });
        assert!(Path::new(folder.root()).is_dir());
    }
}
