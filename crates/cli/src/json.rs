//! Answers of `--json`: each object begins with the version of its names, which are those of docs/json.md.
use crate::exit::{self, Failure};
use crate::out::say;
use serde::Serialize;

/// Version of the names. It grows when a name is removed or changes its meaning; a new name leaves it as it is.
const SCHEMA: u32 = 1;

/// An answer with its version before everything else.
#[derive(Serialize)]
struct Versioned<'a, T> {
    schema: u32,
    #[serde(flatten)]
    answer: &'a T,
}

/// Prints the one answer of a command, indented.
pub(crate) fn print(answer: &impl Serialize) -> Result<(), Failure> {
    say!("{}", serde_json::to_string_pretty(&Versioned { schema: SCHEMA, answer }).map_err(failed)?);
    Ok(())
}

/// Prints one of many answers on a line of its own.
pub(crate) fn print_line(answer: &impl Serialize) -> Result<(), Failure> {
    say!("{}", serde_json::to_string(&Versioned { schema: SCHEMA, answer }).map_err(failed)?);
    Ok(())
}

fn failed(error: serde_json::Error) -> Failure {
    Failure::new(exit::FAILED, error)
}
