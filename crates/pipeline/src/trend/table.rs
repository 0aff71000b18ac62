//! Moments as stores keep them.
use super::passes::Pass;
use crate::{Error, Job};
use change::{Moments, OverpassMoments};
use dggs_zarr::RecordTable;

const WORDS: &str = "count; means of x, y, z (earth-fixed place on the WGS84 ellipsoid, m), t (years of 365.25 days since the epoch), \
                     h; sums of products of deviations xx xy xz xt xh yy yz yt yh zz zt zh tt th hh";

/// How many numbers a record of moments has.
pub const WIDTH: u64 = Moments::NUMBERS as u64;

/// The passes of one window, or of all, as a table; nothing where moments are not kept.
pub(crate) fn table(job: &Job, passes: &[Pass], window: Option<u32>) -> Option<RecordTable> {
    job.spec().change.filter(|change| change.moments)?;
    let first = job.parent().children(job.child_order()).map_or(0, |ids| ids.start);
    let mut table = RecordTable { width: WIDTH, words: WORDS.into(), ..RecordTable::default() };
    for Pass { child, record } in passes.iter().filter(|pass| window.is_none_or(|own| pass.record.window == own)) {
        table.child.push(first + u64::from(*child));
        table.overpass.push(record.overpass);
        table.window.push(i32::try_from(record.window).unwrap_or(i32::MAX));
        table.moments.extend(record.moments.to_array());
    }
    Some(table)
}

/// The passes of a table of the parent of a job.
///
/// # Errors
/// [`Error::Config`] for a table that no job of this parent makes.
pub(crate) fn passes(job: &Job, table: &RecordTable) -> Result<Vec<Pass>, Error> {
    let wrong = || Error::Config(format!("cell {}: its moments are none of a store of this kind", job.parent()));
    let ids = job.parent().children(job.child_order()).map_err(|error| Error::Config(error.to_string()))?;
    let records =
        table.child.iter().zip(&table.overpass).zip(&table.window).zip(table.moments.chunks(Moments::NUMBERS));
    let pass = |(((child, overpass), window), numbers): (((&u64, &i64), &i32), &[f64])| {
        let child = ids.contains(child).then(|| u32::try_from(child - ids.start).ok())??;
        let moments = Moments::from_array(numbers.try_into().ok()?)?;
        let window = u32::try_from(*window).ok()?;
        Some(Pass { child, record: OverpassMoments { overpass: *overpass, window, moments } })
    };
    records.map(|record| pass(record).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChangeSpec, JobSpec};
    use change::MomentSums;

    #[test]
    fn passes_come_back_from_their_table() {
        let spec = JobSpec {
            change: Some(ChangeSpec { moments: true, ..ChangeSpec::default() }),
            ..JobSpec::new(crate::product::tests::atl06(), Vec::new(), morton::Order::new(8).unwrap())
        };
        let job = spec.job("-6134114".parse().unwrap()).unwrap();
        let mut sums = MomentSums::default();
        sums.add([1.0, 2.0, 3.0], -0.5, 1e3);
        sums.add([1.5, 2.0, 3.0], -0.5, 1e3 + 0.1);
        let pass = |child, window| Pass {
            child,
            record: OverpassMoments { overpass: 220_013, window, moments: sums.finish() },
        };
        let all = [pass(3, 0), pass(3, 1), pass(15, 0)];
        assert_eq!(passes(&job, &table(&job, &all, None).unwrap()).unwrap(), all);
        assert_eq!(passes(&job, &table(&job, &all, Some(1)).unwrap()).unwrap(), all[1..2]);
        let mut wrong = table(&job, &all, None).unwrap();
        wrong.child[0] = 7;
        assert!(passes(&job, &wrong).is_err());
        let mut wrong = table(&job, &all, None).unwrap();
        wrong.moments[0] = 1.5;
        assert!(passes(&job, &wrong).is_err());
    }
}
