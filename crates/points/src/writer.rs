//! From rows to a file that is whole or not there.
use crate::chunk::Filling;
use crate::csv::CsvSink;
use crate::flatgeobuf::FlatGeobufSink;
use crate::ipc::IpcSink;
use crate::parquet::ParquetSink;
use crate::sink::Sink;
use crate::{Error, PointFormat, PointSchema};
use morton::Cell;
use pipeline::{CellsRead, Ledger, PointRows};
use std::path::Path;
use std::sync::Arc;
use storage::NewFile;

/// Writes rows into a file as they come. Memory holds one row group of 65,536 rows; of a FlatGeobuf also its index.
///
/// The file is written beside its place under a name that begins with a dot and ends in `.tmp`, and is renamed by
/// [`PointWriter::finish`]. Dropped before, it is removed; what a killed process left is taken over by the next that writes the
/// same file. Equal rows in equal order give equal bytes.
pub struct PointWriter {
    filling: Filling,
    sink: Box<dyn Sink>,
    rows: u64,
}

/// A file of rows that is in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PointsWritten {
    /// Its rows.
    pub rows: u64,
    /// Its size; 0 for a pipe.
    pub bytes: u64,
}

impl PointWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written there.
    pub fn create(path: &Path, format: PointFormat, schema: PointSchema) -> Result<Self, Error> {
        Self::begin(NewFile::begin(path)?, format, schema)
    }

    /// As [`PointWriter::create`], into a file that was begun earlier: before granules are read, so that a place that cannot be
    /// written fails at once.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn begin(file: NewFile, format: PointFormat, schema: PointSchema) -> Result<Self, Error> {
        let schema = Arc::new(schema);
        let own = Arc::clone(&schema);
        let sink: Box<dyn Sink> = match format {
            PointFormat::GeoParquet => Box::new(ParquetSink::begin(file, own)?),
            PointFormat::ArrowIpc => Box::new(IpcSink::begin(file, own)?),
            PointFormat::Csv => Box::new(CsvSink::begin(file, own)),
            PointFormat::FlatGeobuf => Box::new(FlatGeobufSink::begin(file, own)?),
        };
        Ok(Self { filling: Filling::new(schema), sink, rows: 0 })
    }

    /// Adds rows of a track in the cell `parent`.
    ///
    /// # Errors
    /// [`Error::File`] when they cannot be written; [`Error::Unknown`], [`Error::Child`], [`Error::Rounded`], [`Error::TooMany`] for
    /// rows that the file cannot hold.
    pub fn push(&mut self, parent: Cell, rows: PointRows<'_>) -> Result<(), Error> {
        let sink = &mut self.sink;
        self.filling.push(parent, rows, &mut |chunk| sink.write(chunk))?;
        self.rows = self.rows.saturating_add(rows.batch.row.len() as u64);
        Ok(())
    }

    /// Writes all rows of cells that were read, in their order, and puts the file in its place. `each` is given what was read of
    /// each cell.
    ///
    /// # Errors
    /// Those of [`PointWriter::push`] and [`PointWriter::finish`]; [`Error::Reading`] for a cell that was not read whole.
    pub fn write_all(mut self, read: &mut CellsRead<'_>, each: &mut dyn FnMut(Ledger)) -> Result<PointsWritten, Error> {
        while let Some(ledger) = read.next_points(&mut |job, rows| self.push(job.parent(), rows)) {
            each(ledger?);
        }
        self.finish()
    }

    /// Puts the file in its place, in one step.
    ///
    /// # Errors
    /// As [`PointWriter::push`]; what was in the place is untouched.
    pub fn finish(mut self) -> Result<PointsWritten, Error> {
        let sink = &mut self.sink;
        self.filling.rest(&mut |chunk| sink.write(chunk))?;
        let file = self.sink.finish()?;
        let path = file.path().to_owned();
        file.put()?;
        let bytes = std::fs::metadata(&path).map_or(0, |there| there.len());
        Ok(PointsWritten { rows: self.rows, bytes })
    }
}
