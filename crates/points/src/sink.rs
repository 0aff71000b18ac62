//! What every format does.
use crate::Error;
use crate::chunk::Chunk;
use storage::NewFile;

/// A file that is being written in some format.
pub(crate) trait Sink {
    /// Writes a row group.
    fn write(&mut self, chunk: &Chunk) -> Result<(), Error>;

    /// Writes what comes last, and gives the file back; it is not in its place yet.
    fn finish(self: Box<Self>) -> Result<NewFile, Error>;
}
