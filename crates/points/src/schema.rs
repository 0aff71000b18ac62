//! What a file of rows is about: its columns, and the granules and tracks that rows are of.
use crate::Error;
use byte_ranges::file_name;
use morton::{Cell, Latitude, Order};
use pipeline::{ColumnSpec, Job, PointKind, Product, Second};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Columns that every file has, whatever is asked for.
const OWN: [&str; 11] =
    ["longitude", "latitude", "time", "cell", "granule", "track", "rgt", "cycle", "row", "geometry", "bbox"];

/// A column that is asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct PointColumn {
    /// Its name in the file: that of the dataset, without the groups that it is in (`rh_98` for `rh[98]`), made unique.
    pub name: String,
    /// Where it is in the granules, as the product names it; of several paths the first that a granule has (`a, else b`).
    pub path: String,
    /// What kind of numbers it has: nullable `Int64`, `Float32` or `Float64`.
    pub kind: PointKind,
    /// The unit (UDUNITS), where the product states it.
    pub units: Option<String>,
    /// What it is, where the product states it.
    pub long_name: Option<String>,
}

/// What a file of rows is about. Equal for the same job, kinds and granules, whatever their order.
#[derive(Clone, PartialEq, Debug)]
pub struct PointSchema {
    columns: Vec<PointColumn>,
    order: Order,
    latitude: Latitude,
    granules: Vec<OfGranule>,
    /// The place in `granules` of the granule in a file.
    files: BTreeMap<String, i32>,
    tracks: Vec<String>,
    provenance: Json,
}

/// What all rows of a granule have in common.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct OfGranule {
    /// As its makers write it.
    pub(crate) name: String,
    /// Reference ground track.
    pub(crate) rgt: Option<i32>,
    /// Repeat cycle.
    pub(crate) cycle: Option<i32>,
}

/// A column of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Field {
    Longitude,
    Latitude,
    Time,
    /// The one of this number of those asked for.
    Asked(usize),
    Cell,
    Granule,
    Track,
    Rgt,
    Cycle,
    Row,
}

impl PointSchema {
    /// The schema of a job's rows. `kinds` are those of [`pipeline::CellsRead::kinds`]; a column without one is `Float64`.
    /// `granules` are the places or file names of all granules that are read; the file names each as its makers do.
    ///
    /// # Errors
    /// [`Error::NoPoints`] when the job asks for statistics.
    pub fn new<'a>(job: &Job, kinds: &[PointKind], granules: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let product = job.product();
        let asked = &product.points.as_ref().ok_or(Error::NoPoints)?.columns;
        let columns: Vec<PointColumn> = names(asked)
            .into_iter()
            .zip(asked)
            .enumerate()
            .map(|(number, (name, spec))| {
                let kind = kinds.get(number).copied().unwrap_or(PointKind::Double);
                PointColumn { name, kind, ..described(product, spec) }
            })
            .collect();
        let files: BTreeSet<&str> = granules.into_iter().map(file_name).collect();
        let named: BTreeMap<String, &str> = files.iter().map(|file| (product.mission_name(file), *file)).collect();
        let place = |file: &str| {
            let own = product.mission_name(file);
            named.keys().position(|name| *name == own).and_then(|place| i32::try_from(place).ok())
        };
        let files = files.iter().filter_map(|file| Some(((*file).to_owned(), place(file)?))).collect();
        let cycle = chosen_cycle(product);
        let of = |(name, file): (&String, &&str)| {
            let number = |field| i32::try_from(product.named(file)?.number(field)?).ok();
            OfGranule { name: name.clone(), rgt: number("rgt"), cycle: number("cycle").or(cycle) }
        };
        let granules = named.iter().map(of).collect();
        let (order, latitude) = (job.child_order(), job.latitude());
        let provenance = provenance(job, &columns);
        Ok(Self { columns, order, latitude, granules, files, tracks: product.tracks.clone(), provenance })
    }

    /// The columns that are asked for, in their order.
    #[must_use]
    pub fn columns(&self) -> &[PointColumn] {
        &self.columns
    }

    /// Order of the cells in `cell`.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }

    /// Which latitude the cells are computed from.
    #[must_use]
    pub const fn latitude(&self) -> Latitude {
        self.latitude
    }

    /// What the rows were made from and by which rules, as JSON with sorted names. Nothing in it depends on where or when.
    #[must_use]
    pub fn provenance(&self) -> String {
        in_order(self.provenance.clone())
    }

    /// The columns of the file before those of the geometry, in their order.
    pub(crate) fn fields(&self) -> Vec<(&str, Field)> {
        let asked =
            self.columns.iter().enumerate().map(|(number, column)| (column.name.as_str(), Field::Asked(number)));
        let place = [("longitude", Field::Longitude), ("latitude", Field::Latitude), ("time", Field::Time)];
        let origin = [
            ("cell", Field::Cell),
            ("granule", Field::Granule),
            ("track", Field::Track),
            ("rgt", Field::Rgt),
            ("cycle", Field::Cycle),
            ("row", Field::Row),
        ];
        place.into_iter().chain(asked).chain(origin).collect()
    }

    pub(crate) fn granules(&self) -> &[OfGranule] {
        &self.granules
    }

    pub(crate) fn tracks(&self) -> &[String] {
        &self.tracks
    }

    /// The place of the granule in a file.
    pub(crate) fn granule(&self, file: &str) -> Result<i32, Error> {
        self.files.get(file).copied().ok_or_else(|| Error::Unknown(file.to_owned()))
    }

    /// The place of a track; `None` for that of products whose files have but one, without a group.
    pub(crate) fn track(&self, name: &str) -> Result<Option<i32>, Error> {
        if name.is_empty() {
            return Ok(None);
        }
        let place = self.tracks.iter().position(|track| track == name).and_then(|place| i32::try_from(place).ok());
        place.map(Some).ok_or_else(|| Error::Unknown(name.to_owned()))
    }

    /// The first child of a cell, and their number.
    pub(crate) fn children(&self, parent: Cell) -> (u64, u64) {
        parent.children(self.order).map_or((0, 0), |children| (children.start, children.end - children.start))
    }
}

/// As text with sorted names: whether `serde_json` sorts them depends on a feature that any crate may enable.
pub(crate) fn in_order(mut value: Json) -> String {
    value.sort_all_objects();
    value.to_string()
}

/// The names of columns in the file: of their datasets, else of their whole paths, else numbered. Programs on tables take names
/// that differ in capitals alone for one.
fn names(asked: &[ColumnSpec]) -> Vec<String> {
    let mut taken: BTreeSet<String> = OWN.map(str::to_owned).into();
    let mut name = |spec: &ColumnSpec| {
        let path = spec.column.first().map_or("", |path| path.trim_matches('/'));
        let index = if let Second::Index(index) = spec.second { format!("_{index}") } else { String::new() };
        let last = format!("{}{index}", path.rsplit('/').next().unwrap_or(path));
        let whole = format!("{}{index}", path.replace('/', "_"));
        let numbered = (2_u32..).map(|number| format!("{last}_{number}"));
        // Of several paths, which one a granule has is not known here.
        let whole = Some(whole).filter(|_| spec.column.len() == 1);
        let mut candidates = [Some(last.clone()), whole].into_iter().flatten().chain(numbered);
        candidates.find(|name| taken.insert(name.to_lowercase())).unwrap_or(last)
    };
    asked.iter().map(&mut name).collect()
}

/// What the product states of a column.
fn described(product: &Product, spec: &ColumnSpec) -> PointColumn {
    let is_value = product.value.minus().is_none() && product.value.column().is_some_and(|own| own.is_same_place(spec));
    let is_uncertainty = product.uncertainty.as_ref().is_some_and(|own| own.is_same_place(spec));
    let (label, units) = (&product.output.label, &product.output.units);
    let long_name = match () {
        () if is_value => Some(label.clone()),
        () if is_uncertainty => Some(format!("one-sigma uncertainty of {label}")),
        () => None,
    };
    let units = (is_value || is_uncertainty).then(|| units.clone()).filter(|units| !units.is_empty());
    let path = spec.names().collect::<Vec<_>>().join(", else ");
    PointColumn { name: String::new(), path, kind: PointKind::Double, units, long_name }
}

/// The repeat cycle that a product takes of columns that have a number for each.
fn chosen_cycle(product: &Product) -> Option<i32> {
    let Second::Axis(axis) = &product.value.column()?.second else { return None };
    let wanted = axis.value.filter(|_| axis.column.rsplit('/').next() == Some("cycle_number"))?;
    (0..1000).find(|cycle| f64::from(*cycle) == wanted)
}

fn provenance(job: &Job, columns: &[PointColumn]) -> Json {
    let about = |column: &PointColumn| {
        let mut about = json!({ "name": column.name, "path": column.path });
        for (key, words) in [("units", &column.units), ("long_name", &column.long_name)] {
            if let Some(words) = words {
                about[key] = json!(words);
            }
        }
        about
    };
    let mut all = json!({
        "engine": concat!("icestream ", env!("CARGO_PKG_VERSION")),
        "product": job.product().deciding(),
        "columns": columns.iter().map(about).collect::<Vec<_>>(),
        "parent_order": job.parent().order().get(),
        "healpix_order": job.child_order().get(),
        "latitude_convention": job.latitude().to_string(),
    });
    if let Some(area) = &job.spec().area {
        all["kept"] = json!(area.kept);
    }
    if let Some(time) = &job.spec().time {
        all["time"] = json!(time);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_datasets_and_unique_whatever_their_capitals() {
        let specs: Vec<ColumnSpec> = [
            "h_li",
            "terrain/h_te_best_fit",
            "canopy/H_LI",
            "rh[98]",
            "latitude",
            "geolocation/row",
            "geolocation/row[3]",
            "h_li",
            "h_corr[cycle_number=7]",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        let wanted = [
            "h_li",
            "h_te_best_fit",
            "canopy_H_LI",
            "rh_98",
            "latitude_2",
            "geolocation_row",
            "row_3",
            "h_li_2",
            "h_corr",
        ];
        assert_eq!(names(&specs), wanted);
    }
}
