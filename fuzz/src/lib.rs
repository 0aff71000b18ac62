//! Fuzzing of hdf5-pure: see README.md.
#![forbid(unsafe_code)]
pub mod bodies;
pub mod mutate;
pub mod seeds;
