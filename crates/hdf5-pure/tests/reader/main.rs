//! The reader against files: the shared corpus, real granules, fixtures of every chunk index, broken files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests: fixtures are ours, and small"
)]
#[path = "../../../../fuzz/src/bodies.rs"]
#[expect(unreachable_pub, reason = "a library's, in the fuzz crate")]
mod bodies;
mod canonical;
mod cases;
#[cfg(feature = "checksum")]
mod checksum;
mod corpus;
mod damage;
mod driving;
mod examples;
mod fixtures;
mod fuzz;
mod granules;
mod heavy;
mod listing;
mod malformed;
#[path = "../../../../fuzz/src/mutate.rs"]
#[expect(unreachable_pub, reason = "a library's, in the fuzz crate")]
mod mutate;
mod odd;
mod opened;
#[path = "../../../../fuzz/src/seeds.rs"]
#[expect(unreachable_pub, reason = "a library's, in the fuzz crate")]
mod seeds;
mod splits;
mod support;
