//! The reader against files: the shared corpus, real granules, fixtures of every chunk index, broken files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests: fixtures are ours, and small"
)]
mod corpus;
mod driving;
mod fixtures;
mod granules;
mod malformed;
mod splits;
mod support;
