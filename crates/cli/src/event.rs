//! The Lambda event of the reference system, from a file.
use crate::exit::CommandError;
use crate::files;
use crate::out::note;
use jobs::{Event, Needs, ignored};
use std::path::Path;

/// Reads an event file: parent, orders and granules must be there; what else is missing, flags may say.
pub(crate) fn read(path: &Path) -> Result<Event, CommandError> {
    let shown = path.display();
    let usage = |error: &dyn std::fmt::Display| CommandError::usage(format!("event {shown}: {error}"));
    let text = files::read(path)?;
    let value = serde_json::from_str(&text).map_err(|error| usage(&error))?;
    let event = Event::from_value(&value, Needs::Command).map_err(|error| usage(&error))?;
    for name in ignored(&value) {
        note!("note: event {shown}: `{name}` is not used");
    }
    Ok(event)
}
