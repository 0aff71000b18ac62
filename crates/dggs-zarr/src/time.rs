//! The time axis of a store: windows as a CF coordinate with bounds (CF conventions 1.11, sections 4.4 and 7.1).
use crate::{ArrayMeta, Attributes, Column, DataType, Error, Steps, TIME};
use serde_json::{Value, json};

/// Name of the array of the windows' starts and ends.
pub(crate) const TIME_BOUNDS: &str = "time_bounds";
/// Name of the array of repeat cycles.
pub(crate) const CYCLE: &str = "cycle";
/// Windows in one chunk of the coordinates: an axis that grows keeps its chunks.
const CHUNK: u64 = 1024;

/// The windows of a store, in order, without overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimeCoordinate {
    /// First day of each window and the day after its last, in days since 1970-01-01.
    pub bounds: Vec<[i64; 2]>,
    /// Repeat cycles, where the windows are those.
    pub cycles: Option<Vec<i32>>,
}

impl TimeCoordinate {
    /// Number of windows.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bounds.len() as u64
    }

    /// Whether there are no windows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bounds.is_empty()
    }

    /// The coordinate arrays with their values, in the order in which a group has them.
    ///
    /// # Errors
    /// [`Error::Empty`] without windows, [`Error::Time`] for windows that do not follow each other or other numbers of cycles.
    pub fn arrays(&self) -> Result<Vec<(String, ArrayMeta, Column)>, Error> {
        self.check()?;
        let starts = Column::I64(self.bounds.iter().map(|[start, _]| *start).collect());
        let bounds = Column::I64(self.bounds.iter().flatten().copied().collect());
        let mut edges = ArrayMeta::new(2, DataType::I64, Attributes::new());
        edges.dimension_name = "bounds".to_owned();
        edges.steps = Some(Steps { chunk: CHUNK, ..Steps::windows(self.len()) });
        let starting = json!({
            "axis": "T", "bounds": TIME_BOUNDS, "calendar": "proleptic_gregorian", "long_name": "start of the window",
            "standard_name": "time", "units": "days since 1970-01-01",
        });
        let mut arrays = vec![
            (TIME.to_owned(), self.along(DataType::I64, starting), starts),
            (TIME_BOUNDS.to_owned(), edges, bounds),
        ];
        if let Some(cycles) = &self.cycles {
            let words = json!({
                "long_name": "repeat cycle", "units": "1",
                "comment": "time and its bounds are the nominal calendar of cycles; rows are told apart by their own cycle",
            });
            arrays.push((CYCLE.to_owned(), self.along(DataType::I32, words), Column::I32(cycles.clone())));
        }
        Ok(arrays)
    }

    /// Names of coordinates that no reader would take for such, separated by spaces: CF's attribute `coordinates`.
    pub(crate) fn auxiliary(&self) -> String {
        if self.cycles.is_some() { format!("{CYCLE} {TIME_BOUNDS}") } else { TIME_BOUNDS.to_owned() }
    }

    fn along(&self, data_type: DataType, attributes: Value) -> ArrayMeta {
        let attributes = if let Value::Object(attributes) = attributes { attributes } else { Attributes::new() };
        let mut meta = ArrayMeta::new(self.len(), data_type, attributes);
        (meta.chunk_shape, meta.dimension_name) = (CHUNK, TIME.to_owned());
        meta
    }

    fn check(&self) -> Result<(), Error> {
        if self.is_empty() {
            return Err(Error::Empty { what: "time axis".to_owned() });
        }
        if self.cycles.as_ref().is_some_and(|cycles| cycles.len() != self.bounds.len()) {
            return Err(Error::Time("has other numbers of cycles and windows"));
        }
        let follows = self.bounds.iter().zip(self.bounds.iter().skip(1)).all(|(before, after)| before[1] <= after[0]);
        if !follows || self.bounds.iter().any(|[start, end]| start >= end) {
            return Err(Error::Time("has windows that overlap, or end before they begin"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_each_other() {
        let of = |bounds: &[[i64; 2]]| TimeCoordinate { bounds: bounds.to_vec(), cycles: None }.arrays();
        assert_eq!(of(&[[0, 31], [31, 59]]).unwrap().len(), 2);
        assert!(matches!(of(&[]), Err(Error::Empty { .. })));
        for wrong in [&[[0, 31], [30, 59]][..], &[[5, 5]], &[[31, 59], [0, 31]]] {
            assert!(matches!(of(wrong), Err(Error::Time(_))), "{wrong:?}");
        }
        let odd = TimeCoordinate { bounds: vec![[0, 91]], cycles: Some(vec![3, 4]) };
        assert!(odd.arrays().is_err());
    }
}
