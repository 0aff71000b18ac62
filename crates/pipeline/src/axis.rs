//! Columns that are chosen by a coordinate of the second axis: which index that is, in each file.
use crate::bodies::Bodies;
use crate::cf::{Decoding, Role};
use crate::pieces::Column;
use crate::product::Second;
use crate::track::{FoundColumn, FoundTrack, group_path};
use crate::{GranuleError, TimeAxis};
use byte_ranges::Source;
use hdf5_pure::{Dataset, Metadata, Object, Selection};
use std::sync::Arc;

/// Most numbers of a coordinate of the second axis; real ones have tens.
const MAX_NUMBERS: u64 = 4096;

/// Puts the index in the place of each coordinate's value. A column with a number for each repeat cycle, where the product chooses none,
/// becomes one column for each that `cycles` has.
pub(crate) async fn resolve<S: Source>(
    file: &mut Metadata,
    source: &S,
    tracks: &mut [FoundTrack],
    cycles: Cycles<'_>,
) -> Result<(), GranuleError> {
    for track in tracks {
        let group = group_path(&track.name, &track.group);
        let mut columns = Vec::with_capacity(track.columns.len());
        for mut column in std::mem::take(&mut track.columns) {
            if let Second::Axis(axis) = column.second.clone() {
                let path = format!("{group}/{}", axis.column);
                let numbers = coordinates(file, source, &path).await?;
                if axis.value.is_none() && axis.is_cycles() && cycles != Cycles::Chosen {
                    columns.extend(each_cycle(&column, &numbers, cycles));
                    continue;
                }
                column.second = Second::Index(index(&path, &axis.column, &numbers, axis.value)?);
            }
            columns.push(column);
        }
        track.columns = columns;
    }
    Ok(())
}

/// Which repeat cycles a job takes of columns that have a number for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cycles<'a> {
    /// The one that the product chooses.
    Chosen,
    /// All.
    All,
    /// Those that are windows of the axis.
    On(&'a TimeAxis),
}

/// The column once for each repeat cycle that is wanted.
fn each_cycle(column: &FoundColumn, numbers: &[f64], cycles: Cycles<'_>) -> Vec<FoundColumn> {
    let wanted = |cycle: u32| match cycles {
        Cycles::On(axis) => axis.windows().iter().any(|window| window.cycle == Some(cycle)),
        _ => true,
    };
    let cycle = |number: f64| (0..1000).find(|cycle| f64::from(*cycle) == number);
    let found =
        (0..).zip(numbers).filter_map(|(index, number)| Some((index, cycle(*number).filter(|cycle| wanted(*cycle))?)));
    found
        .map(|(index, cycle)| FoundColumn { second: Second::Index(index), cycle: Some(cycle), ..column.clone() })
        .collect()
}

#[expect(clippy::float_cmp, reason = "cycles and codes are exact")]
fn index(path: &str, coordinate: &str, numbers: &[f64], wanted: Option<f64>) -> Result<u64, GranuleError> {
    let held = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let last = coordinate.rsplit('/').next().unwrap_or(coordinate);
    let next = if last == "cycle_number" {
        "--cycle N or --by cycle".to_owned()
    } else {
        format!("[{coordinate}=N] behind the column")
    };
    let Some(wanted) = wanted else {
        return Err(GranuleError::product(path, format!("has {held}: choose one with {next}")));
    };
    match numbers.iter().position(|number| *number == wanted) {
        Some(index) => Ok(index as u64),
        None => Err(GranuleError::product(path, format!("has {held}, not {wanted}: choose one of them with {next}"))),
    }
}

/// All numbers of a short dataset.
pub(crate) async fn coordinates<S: Source>(
    file: &mut Metadata,
    source: &S,
    path: &str,
) -> Result<Vec<f64>, GranuleError> {
    let found = hdf5_pure::drive(file, source, |file| file.find(&[path])).await?;
    match found.into_iter().next().transpose().map_err(GranuleError::at(path))?.flatten() {
        Some(Object::Dataset(dataset)) => numbers(file, source, dataset).await,
        Some(_) => Err(GranuleError::product(path, "is not a dataset")),
        None => Err(GranuleError::product(path, "is missing although columns are chosen by it")),
    }
}

/// All numbers of a short dataset.
pub(crate) async fn numbers<S: Source>(
    file: &mut Metadata,
    source: &S,
    dataset: Arc<Dataset>,
) -> Result<Vec<f64>, GranuleError> {
    if dataset.elements().is_none_or(|count| count > MAX_NUMBERS) {
        return Err(GranuleError::product(&dataset.path, format!("has more than {MAX_NUMBERS} numbers")));
    }
    whole(file, source, dataset).await
}

/// All numbers of a dataset of one dimension.
pub(crate) async fn whole<S: Source>(
    file: &mut Metadata,
    source: &S,
    dataset: Arc<Dataset>,
) -> Result<Vec<f64>, GranuleError> {
    let path = dataset.path.clone();
    let all = Selection::all(&dataset);
    let map = hdf5_pure::drive(file, source, |file| file.chunk_maps(&[(&dataset, &all)])).await?;
    let Some(map) = map.into_iter().next() else { return Ok(Vec::new()) };
    let decoding = Decoding::of(&dataset, &[], Role::Condition, &[])?;
    let column = Column::new(dataset, None, decoding, map.map_err(GranuleError::at(path))?)?;
    column.all(&Bodies::new(source, file.arrived().clone())).await
}
