//! Arrow IPC files.
use crate::batches::BatchEncoder;
use crate::chunk::Chunk;
use crate::sink::Sink;
use crate::{Error, PointSchema};
use arrow_ipc::writer::FileWriter;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use storage::NewFile;

pub(crate) struct IpcSink {
    path: PathBuf,
    encoder: BatchEncoder,
    writer: FileWriter<BufWriter<NewFile>>,
}

impl IpcSink {
    pub(crate) fn begin(file: NewFile, schema: Arc<PointSchema>) -> Result<Self, Error> {
        let path = file.path().to_owned();
        let encoder = BatchEncoder::new(schema, false);
        let writer = FileWriter::try_new_buffered(file, encoder.arrow()).map_err(Error::at(&path))?;
        Ok(Self { path, encoder, writer })
    }
}

impl Sink for IpcSink {
    fn write(&mut self, chunk: &Chunk) -> Result<(), Error> {
        let batch = self.encoder.encode(chunk).map_err(Error::at(&self.path))?;
        self.writer.write(&batch).map_err(Error::at(&self.path))
    }

    fn finish(self: Box<Self>) -> Result<NewFile, Error> {
        let buffer = self.writer.into_inner().map_err(Error::at(&self.path))?;
        buffer.into_inner().map_err(|error| Error::at(&self.path)(error.into_error()))
    }
}
