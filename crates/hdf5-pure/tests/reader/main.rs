//! The reader against files: the shared corpus, real granules, fixtures of every chunk index, broken files.
mod corpus;
mod fixtures;
mod granules;
mod malformed;
mod splits;
mod support;
