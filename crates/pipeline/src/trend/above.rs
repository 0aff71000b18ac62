//! Cells above the parents, from the moments of the overpasses of all children in them.
use super::arrays::{Columns, rules, variables};
use super::passes::joined;
use super::table::passes;
use crate::{Error, Job};
use change::{Change, Moments, OverpassMoments, compose, estimate};
use dggs_zarr::{ChunkEncoder, PutStep, RecordTable, Sphere, StoreObject, TemplateVariable};
use morton::{Cell, Order};
use std::collections::BTreeMap;

/// What moments say of the values of a cell in a window.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Values {
    pub(crate) rows: u64,
    pub(crate) mean: f64,
    /// Population variance.
    pub(crate) variance: f64,
}

/// Composes the cells of all orders above the parents, of each order one cell at a time: records are held of one parent, and of
/// one cell an order.
pub(crate) struct Above {
    job: Job,
    open: Vec<Open>,
    /// The last parent that was added.
    last: Option<u64>,
    values: BTreeMap<Place, Values>,
    changes: BTreeMap<(Order, u64), Change>,
}

/// Order, window and cell.
type Place = (Order, u64, u64);

/// The cell of an order that parents are being added to.
struct Open {
    order: Order,
    cell: Option<u64>,
    records: Vec<OverpassMoments>,
}

impl Above {
    /// For cells of these orders; `None` where the job keeps no moments.
    pub(crate) fn new(job: &Job, orders: impl Iterator<Item = Order>) -> Option<Self> {
        job.spec().change.filter(|change| change.moments)?;
        let open = orders.map(|order| Open { order, cell: None, records: Vec::new() }).collect();
        Some(Self { job: job.clone(), open, last: None, values: BTreeMap::new(), changes: BTreeMap::new() })
    }

    /// Adds a parent, by the tables of all its windows. Parents come in nested order: so children are joined in theirs, and the
    /// bits are those of a job whose parent is the coarser cell.
    pub(crate) fn add(&mut self, parent: Cell, tables: &[RecordTable]) -> Result<(), Error> {
        if self.last.is_some_and(|last| last >= parent.nested()) {
            return Err(Error::Config(format!("cell {parent}: moments are composed in the order of the cells")));
        }
        let job = self.job.spec().job(parent)?;
        let passes = tables.iter().map(|table| passes(&job, table)).collect::<Result<Vec<_>, _>>()?;
        self.last = Some(parent.nested());
        let passes = joined(passes.concat());
        let children: Vec<Vec<OverpassMoments>> = passes
            .chunk_by(|a, b| a.child == b.child)
            .map(|passes| passes.iter().map(|pass| pass.record).collect())
            .collect();
        for at in 0..self.open.len() {
            let Some(open) = self.open.get_mut(at) else { continue };
            let cell = parent.parent(open.order).map_err(|error| Error::Config(error.to_string()))?.nested();
            if open.cell != Some(cell) {
                self.close(at)?;
            }
            let Some(open) = self.open.get_mut(at) else { continue };
            open.cell = Some(cell);
            let lists: Vec<&[OverpassMoments]> =
                [open.records.as_slice()].into_iter().chain(children.iter().map(Vec::as_slice)).collect();
            open.records = compose(&lists);
        }
        Ok(())
    }

    /// Says that no parent follows.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        (0..self.open.len()).try_for_each(|at| self.close(at))
    }

    /// Reduces the cell of an order that is open.
    fn close(&mut self, at: usize) -> Result<(), Error> {
        let Some(open) = self.open.get_mut(at) else { return Ok(()) };
        let (order, records) = (open.order, std::mem::take(&mut open.records));
        let Some(id) = open.cell.take() else { return Ok(()) };
        let mut windows: BTreeMap<u32, Moments> = BTreeMap::new();
        for record in &records {
            windows.entry(record.window).or_default().join(&record.moments);
        }
        for (window, all) in windows {
            let values = Values { rows: all.count(), mean: all.mean_height(), variance: all.height_variance() };
            self.values.insert((order, window.into(), id), values);
        }
        let Some(spec) = self.job.spec().change else { return Ok(()) };
        let cell = Cell::new(order, id).map_err(|error| Error::Config(error.to_string()))?;
        let windows = self.windows();
        let change = estimate(cell.centre_in(self.job.latitude()), &records, windows, &rules(&spec));
        self.changes.insert((order, id), change);
        Ok(())
    }

    /// Windows of the time axis; 0 where there is none.
    fn windows(&self) -> usize {
        self.job.spec().time.as_ref().map_or(0, |axis| axis.windows().len())
    }

    /// What is known of a cell in a window, after the [end](Self::end).
    pub(crate) fn values(&self, place: Place) -> Option<Values> {
        self.values.get(&place).copied()
    }

    /// The arrays of change of an order as chunks, those that some parent lies in, after the [end](Self::end).
    pub(crate) fn chunks(
        &self,
        order: Order,
        sphere: &Sphere,
        encoder: &mut ChunkEncoder,
    ) -> Result<Vec<StoreObject>, Error> {
        let encode = |error: dggs_zarr::Error| Error::Encode(error.to_string());
        let variables: Vec<TemplateVariable> = variables(&self.job).collect();
        let Some(first) = variables.first() else { return Ok(Vec::new()) };
        let size = sphere.array(order, first).chunk_shape.max(1);
        let cells = usize::try_from(size).map_err(|error| Error::Encode(error.to_string()))?;
        let changes: Vec<(u64, &Change)> =
            self.changes.range((order, 0)..=(order, u64::MAX)).map(|((_, id), change)| (*id, change)).collect();
        let mut objects = Vec::new();
        for together in changes.chunk_by(|a, b| a.0 / size == b.0 / size) {
            let Some(chunk) = together.first().map(|(id, _)| id / size) else { continue };
            let mut columns = Columns::missing(&self.job, cells, self.windows());
            for (id, change) in together {
                columns.put(usize::try_from(id % size).unwrap_or(usize::MAX), change);
            }
            for (held, variable) in columns.into_variables(&self.job).zip(&variables) {
                let meta = sphere.array(order, variable);
                let path = format!("{order}/{}", variable.name);
                for (step, start) in (0..).zip((0..held.values.len()).step_by(cells)) {
                    let bytes = encoder.encode(&held.values, start..start + cells, &meta).map_err(encode)?;
                    let key = meta.key(&path, meta.chunks_along() * step + chunk);
                    objects.push(StoreObject { key, bytes, step: PutStep::Chunk });
                }
            }
        }
        Ok(objects)
    }
}

#[cfg(test)]
mod tests {
    use super::super::passes::Pass;
    use super::super::{arrays, table};
    use super::*;
    use crate::{ChangeSpec, JobSpec};
    use change::{MomentSums, on_ellipsoid};
    use dggs_zarr::Column;
    use morton::LonLat;

    fn order(order: u8) -> Order {
        Order::new(order).unwrap()
    }

    fn job(parent: Cell) -> Job {
        let spec = JobSpec {
            change: Some(ChangeSpec { moments: true, ..ChangeSpec::default() }),
            overviews: vec![order(7), order(6)],
            ..JobSpec::new(crate::product::tests::atl06(), Vec::new(), order(9))
        };
        spec.job(parent).unwrap()
    }

    /// Passes over some children of a cell of order 6: rough ground that sinks.
    fn rough(cell: Cell) -> Vec<Pass> {
        let (mut state, mut all) = (7_u64, Vec::new());
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u16::try_from(state >> 48).unwrap()) / 65_536.0
        };
        for (child, id) in (0_u32..).zip(cell.children(order(9)).unwrap()) {
            let centre = Cell::new(order(9), id).unwrap().centre_in(morton::Latitude::Spherical);
            for overpass in 0..7_u32 {
                let mut sums = MomentSums::default();
                for _ in 0..3 {
                    let (lon, lat) = (centre.lon() + random() / 9.0, centre.lat() + random() / 9.0);
                    let place = on_ellipsoid(LonLat::degrees(lon, lat).unwrap());
                    sums.add(place, f64::from(overpass) / 3.0, 1e3 + 40.0 * random() - f64::from(overpass));
                }
                // No cell of order 7 has all; one of order 8 has none.
                if random() < 0.5 && child / 4 != 9 {
                    let record = OverpassMoments { overpass: overpass.into(), window: 0, moments: sums.finish() };
                    all.push(Pass { child, record });
                }
            }
        }
        all
    }

    #[test]
    fn parents_make_the_arrays_of_the_job_whose_parent_is_the_cell_above() {
        let coarse = Cell::new(order(6), 45_763).unwrap();
        let all = rough(coarse);
        let mut levels: Vec<_> = [7, 6].map(|o| crate::result::empty(&job(coarse), order(o)).unwrap()).into();
        arrays::put(&job(coarse), &all, &mut levels).unwrap();

        let parents: Vec<Cell> =
            coarse.children(order(8)).unwrap().map(|id| Cell::new(order(8), id).unwrap()).collect();
        let mut above = Above::new(&job(parents[0]), [order(7), order(6)].into_iter()).unwrap();
        for (parent, first) in parents.iter().zip((0_u32..).step_by(4)) {
            let own = all.iter().filter(|pass| (first..first + 4).contains(&pass.child));
            let own: Vec<Pass> = own.map(|pass| Pass { child: pass.child - first, ..pass.clone() }).collect();
            above.add(*parent, &[table(&job(*parent), &own, None).unwrap()]).unwrap();
        }
        assert!(above.add(parents[3], &[]).is_err(), "out of order");
        above.end().unwrap();

        let sphere = crate::sphere_of(&job(parents[0]));
        for level in &levels {
            let chunks = above.chunks(level.order, &sphere, &mut ChunkEncoder::new()).unwrap();
            assert_eq!(chunks.len(), level.variables.len());
            for (chunk, held) in chunks.iter().zip(&level.variables) {
                let variable = arrays::variables(&job(coarse)).find(|variable| variable.name == held.name).unwrap();
                let meta = sphere.array(level.order, &variable);
                let rows: Vec<usize> =
                    level.cell_ids.iter().map(|id| usize::try_from(id % meta.chunk_shape).unwrap()).collect();
                let found = meta.decode(&chunk.bytes).unwrap().select(&rows);
                let bits =
                    |column: &Column| (0..column.len()).map(|row| column.number(row).to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&found), bits(&held.values), "{}", chunk.key);
            }
        }
        let rows: u64 = all.iter().map(|pass| pass.record.moments.count()).sum();
        assert_eq!(above.values((order(6), 0, coarse.nested())).unwrap().rows, rows);
    }
}
