//! A file of NetCDF-4: its dimensions, and variables over them.

use netcdf_writer::{
    DimensionId, NcAttrValue, NcFileBuilder, NcFillValueType, NcWriteFormat, NcWriteOptions, NcWriteType, VariableId,
};
use std::collections::BTreeMap;
use stores::{Column, Table, VariableInfo, Window};

use crate::Error;

/// Level of deflate, after shuffling bytes.
const LEVEL: u8 = 4;
/// Most bytes of a global attribute: HDF5 keeps all of them in 64 KB.
const MAX_ATTRIBUTE: usize = 32 << 10;

/// What a variable lies along.
#[derive(Clone, Copy)]
pub(super) enum Along {
    /// All dimensions of space.
    Space,
    /// One of them.
    Axis(usize),
    /// No dimension: one value.
    Nothing,
    /// Windows alone.
    Times,
    /// The start and the end of each window.
    Bounds,
    /// Space in each window.
    Windows,
    /// Bytes of a text.
    Text,
}

pub(super) struct File {
    builder: NcFileBuilder,
    /// Dimensions with the length of their chunks.
    space: Vec<(DimensionId, u64)>,
    /// The attribute that leads from a variable to where it lies.
    link: (&'static str, &'static str),
    variables: BTreeMap<String, VariableId>,
    time: Option<(DimensionId, u64)>,
    bounds: Option<DimensionId>,
    text: Option<(DimensionId, u64)>,
}

impl File {
    /// With dimensions of space: name, length, length of a chunk at most.
    pub(super) fn new(space: &[(&str, u64, u64)], link: (&'static str, &'static str)) -> Result<Self, Error> {
        let mut builder = NcFileBuilder::new();
        let add = |&(name, length, chunk): &(&str, u64, u64)| {
            Ok::<_, Error>((builder.add_dimension(name, length)?, length.min(chunk)))
        };
        let space = space.iter().map(add).collect::<Result<_, _>>()?;
        Ok(Self { builder, space, link, variables: BTreeMap::new(), time: None, bounds: None, text: None })
    }

    /// What the file holds and comes from.
    pub(super) fn about(&mut self, table: &Table) -> Result<(), Error> {
        self.global("Conventions", "CF-1.11")?;
        self.global("source", concat!("icestream ", env!("CARGO_PKG_VERSION")))?;
        self.global("healpix_order", &table.order.to_string())?;
        self.global("latitude_convention", &table.latitude.to_string())?;
        if let Some(partial) = &table.partial {
            self.global("PARTIAL", &partial.to_string())?;
        }
        if table.provenance.is_null() { Ok(()) } else { self.provenance(&table.provenance.to_string()) }
    }

    pub(super) fn bytes(self) -> Result<Vec<u8>, Error> {
        Ok(self.builder.to_vec(NcWriteOptions { format: NcWriteFormat::Nc4 })?.1)
    }

    /// A text as an attribute of a variable that was added.
    pub(super) fn attribute(&mut self, variable: &str, name: &str, value: &str) -> Result<(), Error> {
        let Some(&id) = self.variables.get(variable) else { return Ok(()) };
        Ok(self.builder.add_variable_attribute(id, name, NcAttrValue::Chars(value.to_owned()))?)
    }

    /// A number as an attribute of a variable that was added.
    pub(super) fn number(&mut self, variable: &str, name: &str, value: f64) -> Result<(), Error> {
        let Some(&id) = self.variables.get(variable) else { return Ok(()) };
        Ok(self.builder.add_variable_attribute(id, name, NcAttrValue::Doubles(vec![value]))?)
    }

    fn global(&mut self, name: &str, value: &str) -> Result<(), Error> {
        Ok(self.builder.add_attribute(name, NcAttrValue::Chars(value.to_owned()))?)
    }

    /// Provenance as a global attribute, or as the bytes of a variable where it is longer than HDF5 lets an attribute be.
    fn provenance(&mut self, text: &str) -> Result<(), Error> {
        if text.len() <= MAX_ATTRIBUTE {
            return self.global("provenance", text);
        }
        self.global("comment", "the variable provenance holds JSON, a byte (UTF-8) each")?;
        let length = text.len() as u64;
        self.text = Some((self.builder.add_dimension("provenance_bytes", length)?, length));
        let words = [("long_name", "what was read and how, as JSON in UTF-8")];
        self.add(Along::Text, "provenance", &text.as_bytes().to_vec(), None, &words)
    }

    /// The coordinates of windows (CF 1.11, sections 4.4 and 7.1).
    pub(super) fn times(&mut self, windows: &[Window]) -> Result<(), Error> {
        let length = windows.len() as u64;
        self.time = Some((self.builder.add_dimension("time", length)?, length));
        let are_days = windows.iter().all(Window::is_of_days);
        let (units, unit) =
            if are_days { ("days since 1970-01-01", 86_400) } else { ("seconds since 1970-01-01T00:00:00Z", 1) };
        let ends: Option<Vec<i64>> = windows.iter().map(|window| window.end).collect();
        let mut words = vec![
            ("standard_name", "time"),
            ("long_name", "start of the window"),
            ("units", units),
            ("calendar", "proleptic_gregorian"),
            ("axis", "T"),
        ];
        words.extend(ends.as_ref().map(|_| ("bounds", "time_bounds")));
        let starts: Vec<i64> = windows.iter().map(|window| window.start / unit).collect();
        self.add(Along::Times, "time", &starts, None, &words)?;
        if let Some(ends) = ends {
            self.bounds = Some(self.builder.add_dimension("bounds", 2)?);
            let edges = starts.into_iter().zip(ends).flat_map(|(start, end)| [start, end / unit]).collect();
            self.add(Along::Bounds, "time_bounds", &edges, None, &[])?;
        }
        let cycles: Option<Vec<i32>> = windows.iter().map(|window| i32::try_from(window.cycle?).ok()).collect();
        if let Some(cycles) = cycles {
            self.add(Along::Times, "cycle", &cycles, None, &[("long_name", "repeat cycle"), ("units", "1")])?;
        }
        Ok(())
    }

    fn words<'a>(&self, variable: &'a VariableInfo) -> [(&'a str, &'a str); 3] {
        [("long_name", &*variable.long_name), ("units", &*variable.units), self.link]
    }

    /// Values where `fill` stands for none.
    pub(super) fn filled<T: NcWriteType + NcFillValueType>(
        &mut self,
        along: Along,
        variable: &VariableInfo,
        values: &Vec<T>,
        fill: T,
    ) -> Result<(), Error> {
        self.add(along, &variable.name, values, Some(fill), &self.words(variable))
    }

    pub(super) fn variable(&mut self, along: Along, variable: &VariableInfo, column: &Column) -> Result<(), Error> {
        let text = self.words(variable);
        let name = &variable.name;
        match column {
            Column::I64(values) => match values.iter().map(|&value| i32::try_from(value)).collect() {
                Ok(values) => self.add::<i32>(along, name, &values, None, &text),
                Err(_) => self.add(along, name, values, None, &text),
            },
            Column::I32(values) => self.add(along, name, values, None, &text),
            Column::U64(values) => self.add(along, name, values, None, &text),
            Column::F32(values) => self.add(along, name, values, Some(f32::NAN), &text),
            Column::F64(values) => self.add(along, name, values, Some(f64::NAN), &text),
        }
    }

    /// Dimensions and chunks.
    fn shape(&self, along: Along) -> (Vec<DimensionId>, Vec<u64>) {
        let shape = match along {
            Along::Space => self.space.iter().copied().map(Some).collect(),
            Along::Axis(at) => vec![self.space.get(at).copied()],
            Along::Nothing => Vec::new(),
            Along::Times => vec![self.time],
            Along::Bounds => vec![self.time, self.bounds.map(|bounds| (bounds, 2))],
            Along::Text => vec![self.text],
            Along::Windows => {
                let time = self.time.map(|(time, _)| (time, 1));
                [time].into_iter().chain(self.space.iter().copied().map(Some)).collect()
            }
        };
        shape.into_iter().flatten().unzip()
    }

    #[expect(clippy::ptr_arg, reason = "lets `collect` infer what it makes")]
    pub(super) fn add<T: NcWriteType + NcFillValueType>(
        &mut self,
        along: Along,
        name: &str,
        values: &Vec<T>,
        fill: Option<T>,
        attributes: &[(&str, &str)],
    ) -> Result<(), Error> {
        let (dimensions, chunks) = self.shape(along);
        let variable: VariableId = self.builder.add_variable::<T>(name, &dimensions)?;
        self.variables.insert(name.to_owned(), variable);
        if !chunks.is_empty() {
            self.builder.set_variable_chunking(variable, chunks)?;
            self.builder.set_variable_deflate(variable, Some(LEVEL), true)?;
        }
        if let Some(fill) = fill {
            self.builder.set_variable_fill_value(variable, fill)?;
        }
        for (key, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
            self.builder.add_variable_attribute(variable, *key, NcAttrValue::Chars((*value).to_owned()))?;
        }
        Ok(self.builder.write_variable(variable, values)?)
    }
}
