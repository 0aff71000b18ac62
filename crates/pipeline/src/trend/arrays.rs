//! The arrays of height change.
use super::passes::Pass;
use crate::{ChangeSpec, Error, Job, Product};
use change::{Change, ChangeRules, OverpassMoments, compose, estimate};
use dggs_zarr::{Attributes, Column, DataType, Level, TemplateVariable, Variable};
use morton::Cell;
use serde_json::json;

/// One array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Array {
    Trend,
    TrendError,
    Reference,
    ReferenceError,
    SlopeEast,
    SlopeNorth,
    Rmse,
    Overpasses,
    Span,
    Edited,
    Flag,
    Window,
    WindowError,
}

const ALL: [Array; 13] = [
    Array::Trend,
    Array::TrendError,
    Array::Reference,
    Array::ReferenceError,
    Array::SlopeEast,
    Array::SlopeNorth,
    Array::Rmse,
    Array::Overpasses,
    Array::Span,
    Array::Edited,
    Array::Flag,
    Array::Window,
    Array::WindowError,
];

impl Array {
    const fn is_timed(self) -> bool {
        matches!(self, Self::Window | Self::WindowError)
    }

    const fn is_whole(self) -> bool {
        matches!(self, Self::Overpasses | Self::Edited | Self::Flag)
    }

    /// `dhdt` of heights, the trend of the quantity otherwise.
    fn name(self, product: &Product) -> String {
        let (heights, prefix) = (is_height(product), &product.output.prefix);
        let of = |ending: &str| if heights { format!("h_{ending}") } else { format!("{prefix}_{ending}") };
        match self {
            Self::Trend if heights => "dhdt".into(),
            Self::TrendError if heights => "dhdt_se".into(),
            Self::Trend => of("trend"),
            Self::TrendError => of("trend_se"),
            Self::Reference => of("ref"),
            Self::ReferenceError => of("ref_se"),
            Self::SlopeEast => "slope_east".into(),
            Self::SlopeNorth => "slope_north".into(),
            Self::Rmse => "change_rmse".into(),
            Self::Overpasses => "change_overpasses".into(),
            Self::Span => "change_span".into(),
            Self::Edited => "change_edited".into(),
            Self::Flag => "change_flag".into(),
            Self::Window => of("window"),
            Self::WindowError => of("window_se"),
        }
    }

    /// Of an estimate; of a timed array the value of a window.
    fn value(self, change: &Change, window: usize) -> f64 {
        let of_window = change.windows.get(window);
        match self {
            Self::Trend => change.dhdt,
            Self::TrendError => change.dhdt_se,
            Self::Reference => change.h_ref,
            Self::ReferenceError => change.h_ref_se,
            Self::SlopeEast => change.slope_east,
            Self::SlopeNorth => change.slope_north,
            Self::Rmse => change.rmse,
            Self::Overpasses => change.overpasses.into(),
            Self::Span => change.span,
            Self::Edited => change.edited.into(),
            Self::Flag => change.flag.into(),
            Self::Window => of_window.map_or(f64::NAN, |held| held.height),
            Self::WindowError => of_window.map_or(f64::NAN, |held| held.se),
        }
    }

    fn attributes(self, job: &Job) -> Attributes {
        let output = &job.product().output;
        let (label, units) = (&output.label, output.units.as_str());
        let epoch = job.spec().change.map_or_else(String::new, |change| change.epoch.to_string());
        let per = |what: &str| if units.is_empty() { String::new() } else { format!("{units} {what}") };
        let slope = if units == "m" { "1".to_owned() } else { per("m-1") };
        let words: [String; 3] = match self {
            Self::Trend => [format!("trend of {label}"), per("year-1"), TREND.into()],
            Self::TrendError => [format!("standard error of the trend of {label}"), per("year-1"), JACKKNIFE.into()],
            Self::Reference => [format!("{label} at the cell's centre on {epoch}"), units.into(), REFERENCE.into()],
            Self::ReferenceError => [
                format!("repeatability of {label} at the cell's centre on {epoch}"),
                units.into(),
                REPEATABILITY.into(),
            ],
            Self::SlopeEast => [format!("slope of {label} towards east"), slope, PLANE.into()],
            Self::SlopeNorth => [format!("slope of {label} towards north"), slope, PLANE.into()],
            Self::Rmse => [format!("root mean square of {label} about the fit"), units.into(), String::new()],
            Self::Overpasses => ["overpasses that the fit is of".into(), "1".into(), String::new()],
            Self::Span => ["time from the first overpass to the last".into(), "year".into(), YEARS.into()],
            Self::Edited => [
                "overpasses that were dropped because they lie apart from the others".into(),
                "1".into(),
                String::new(),
            ],
            Self::Flag => ["what is to be held against the fit; 0 is good".into(), String::new(), FLAG.into()],
            Self::Window => [format!("{label} at the cell's centre in each window"), units.into(), WINDOW.into()],
            Self::WindowError => {
                [format!("standard error of {label} in each window"), units.into(), WINDOW_ERROR.into()]
            }
        };
        let mut attributes = Attributes::new();
        for (key, word) in ["long_name", "units", "comment"].into_iter().zip(words).filter(|(_, word)| !word.is_empty())
        {
            attributes.insert(key.to_owned(), json!(word));
        }
        let name = |array: Self| array.name(job.product());
        let beside = match self {
            Self::Trend => format!("{} {}", name(Self::TrendError), name(Self::Flag)),
            Self::Reference => format!("{} {}", name(Self::ReferenceError), name(Self::Flag)),
            Self::Window => format!("{} {}", name(Self::WindowError), name(Self::Flag)),
            Self::SlopeEast | Self::SlopeNorth => name(Self::Flag),
            _ => String::new(),
        };
        if !beside.is_empty() {
            attributes.insert("ancillary_variables".to_owned(), json!(beside));
        }
        if self == Self::Flag {
            attributes
                .insert("flag_masks".to_owned(), json!([Change::FEW, Change::SHORT, Change::ROUGH, Change::LINE]));
            attributes.insert("flag_meanings".to_owned(), json!("few_overpasses short_span rough line_only"));
        }
        attributes
    }
}

const TREND: &str =
    "least squares of a tilted plane and a linear trend over all rows, unweighted; years of 365.25 days";
const JACKKNIFE: &str = "leave-one-overpass-out jackknife";
const REFERENCE: &str =
    "of the plane that is fitted with the trend; where the ground is not one plane, change_rmse tells by how much";
const REPEATABILITY: &str = "leave-one-overpass-out jackknife: how well the same overpasses repeat it; it tells nothing of ground that \
                             no row has sampled (see change_rmse)";
const PLANE: &str = "of the plane that touches the ellipsoid at the cell's centre";
const YEARS: &str = "years of 365.25 days";
const FLAG: &str = "1: fewer overpasses than asked for; 2: a shorter span than asked for, or a trend that hangs on one overpass; 4: a \
                    greater change_rmse than asked for; 8: all rows on one line, the slope across it is unknown";
const WINDOW: &str =
    "one plane for all windows; where change_flag is 8, at the centre's projection on the line of the rows";
const WINDOW_ERROR: &str =
    "scatter of overpasses about the trend, and the error of the plane at the place of the window's rows";

/// Whether the values are heights in metres.
fn is_height(product: &Product) -> bool {
    product.output.units == "m"
}

/// The arrays of a job, with what each is; nothing where change is not asked for.
fn arrays(job: &Job) -> impl Iterator<Item = Array> {
    let (asked, timed) = (job.spec().change.is_some(), job.spec().time.is_some());
    ALL.into_iter().filter(move |array| asked && (timed || !array.is_timed()))
}

/// The arrays as a template has them. Those of windows are made of all windows together.
pub(crate) fn variables(job: &Job) -> impl Iterator<Item = TemplateVariable> {
    arrays(job).map(move |array| TemplateVariable {
        name: array.name(job.product()),
        data_type: if array.is_whole() { DataType::I32 } else { DataType::F32 },
        attributes: array.attributes(job),
        timed: array.is_timed(),
        together: array.is_timed(),
    })
}

/// Adds the arrays of change to every level. `passes` are those of the children ([`super::joined`]).
pub(crate) fn put(job: &Job, passes: &[Pass], levels: &mut [Level]) -> Result<(), Error> {
    // Arrays over all windows are not of some of them.
    let Some(spec) = job.spec().change.filter(|_| job.spec().only.is_empty()) else { return Ok(()) };
    let rules = rules(&spec);
    let windows = job.spec().time.as_ref().map_or(0, |axis| axis.windows().len());
    for level in levels {
        let shift = 2 * u32::from(job.child_order().get().saturating_sub(level.order.get()));
        let cells = passes.chunk_by(|a, b| a.child >> shift == b.child >> shift);
        let mut columns = Columns::new(job, level.cell_ids.len(), windows);
        for passes in cells {
            let Some(row) = passes.first().map(|pass| (pass.child >> shift) as usize) else { continue };
            let Some(&id) = level.cell_ids.get(row) else { continue };
            let records = records(passes);
            let cell = Cell::new(level.order, id).map_err(|error| Error::Config(error.to_string()))?;
            columns.put(row, &estimate(cell.centre_in(job.latitude()), &records, windows, &rules));
        }
        level.variables.extend(columns.into_variables(job));
    }
    Ok(())
}

/// The rules of estimates.
pub(super) const fn rules(spec: &ChangeSpec) -> ChangeRules {
    ChangeRules {
        min_overpasses: spec.min_overpasses,
        min_span: spec.min_span,
        max_rmse: spec.max_rmse,
        edit: spec.edit,
    }
}

/// The records of a cell from those of the children in it.
fn records(passes: &[Pass]) -> Vec<OverpassMoments> {
    let of = |passes: &[Pass]| passes.iter().map(|pass| pass.record).collect::<Vec<_>>();
    let children: Vec<Vec<OverpassMoments>> = passes.chunk_by(|a, b| a.child == b.child).map(of).collect();
    compose(&children.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The values of one level, or of a chunk of it.
pub(super) struct Columns {
    cells: usize,
    arrays: Vec<(Array, Column)>,
}

impl Columns {
    /// Columns without any estimate: NaN, and of whole numbers 0, but for the flag of a cell without overpasses.
    fn new(job: &Job, cells: usize, windows: usize) -> Self {
        let mut columns = Self::missing(job, cells, windows);
        let none = i32::from(Change::FEW | Change::SHORT);
        for (_, column) in columns.arrays.iter_mut().filter(|(array, _)| *array == Array::Flag) {
            *column = Column::I32(vec![none; cells]);
        }
        columns
    }

    /// Columns of cells that are not computed: fill values.
    pub(super) fn missing(job: &Job, cells: usize, windows: usize) -> Self {
        let empty = |array: Array| match array {
            _ if array.is_whole() => Column::I32(vec![0; cells]),
            _ => Column::F32(vec![aggregate::NO_DATA; if array.is_timed() { cells * windows } else { cells }]),
        };
        Self { cells, arrays: arrays(job).map(|array| (array, empty(array))).collect() }
    }

    pub(super) fn put(&mut self, row: usize, change: &Change) {
        for (array, column) in &mut self.arrays {
            match column {
                Column::I32(values) => {
                    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
                    let value = array.value(change, 0) as i32;
                    values.get_mut(row).into_iter().for_each(|place| *place = value);
                }
                Column::F32(values) => {
                    for (window, place) in values.iter_mut().skip(row).step_by(self.cells).enumerate() {
                        *place = single(array.value(change, window));
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn into_variables(self, job: &Job) -> impl Iterator<Item = Variable> {
        self.arrays.into_iter().map(|(array, values)| Variable {
            name: array.name(job.product()),
            values,
            attributes: array.attributes(job),
            timed: array.is_timed(),
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to nearest is what is stored")]
const fn single(value: f64) -> f32 {
    let rounded = value as f32;
    if rounded.is_nan() { aggregate::NO_DATA } else { rounded }
}
