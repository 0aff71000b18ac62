//! Where neither decoder is compiled in.
use crate::filters::Fault;

/// As the other decoders do, but always the error that says so.
pub(crate) const fn inflate(_input: &[u8], _room: usize, _max_len: usize) -> Result<Vec<u8>, Fault> {
    Err(Fault::Unsupported("which is not compiled in"))
}
