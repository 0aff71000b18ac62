//! Answers of `--json`: each object begins with the version of its names, which are those of docs/json.md.
use crate::exit::{self, CommandError};
use crate::out::say;
use serde::Serialize;
use serde_json::Value;
use std::any::Any;

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
pub fn print<T: Serialize + Any>(answer: &T) -> Result<(), CommandError> {
    say!("{}", text(answer, true)?);
    Ok(())
}

/// Prints one of many answers on a line of its own.
pub fn print_line<T: Serialize + Any>(answer: &T) -> Result<(), CommandError> {
    say!("{}", text(answer, false)?);
    Ok(())
}

/// The order of names in a [`Value`] depends on a feature of `serde_json` that any crate may enable: it is fixed here.
fn text<T: Serialize + Any>(answer: &T, pretty: bool) -> Result<String, CommandError> {
    match (answer as &dyn Any).downcast_ref::<Value>() {
        Some(value) => {
            let mut value = value.clone();
            value.sort_all_objects();
            written(&value, pretty)
        }
        None => written(answer, pretty),
    }
}

fn written(answer: &impl Serialize, pretty: bool) -> Result<String, CommandError> {
    let answer = Versioned { schema: SCHEMA, answer };
    let write = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
    write(&answer).map_err(failed)
}

fn failed(error: serde_json::Error) -> CommandError {
    CommandError::new(exit::FAILED, error)
}
