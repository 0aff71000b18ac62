//! A local file: `local FILE [DATASET]` lists every dataset, or shows one with its attributes and its first values.
//!
//!     cargo run -p hdf5-pure --example local -- crates/hdf5-pure/tests/fixtures/values.h5
//!     cargo run -p hdf5-pure --example local -- crates/hdf5-pure/tests/fixtures/values.h5 "/numbers/big f4"
use hdf5_pure::datatype::Form;
use hdf5_pure::{Elements, Error, File, Hyperslab, Object};
use std::fmt::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [file] => print!("{}", run(file, None)?),
        [file, dataset] => print!("{}", run(file, Some(dataset))?),
        _ => return Err("usage: local FILE [DATASET]".into()),
    }
    Ok(())
}

/// What the example prints.
pub(crate) fn run(path: &str, dataset: Option<&str>) -> Result<String, Error> {
    let file = File::open(path)?;
    match dataset {
        None => list(&file),
        Some(dataset) => show(&file, dataset),
    }
}

fn list(file: &File) -> Result<String, Error> {
    let mut text = String::new();
    for (path, object) in file.tree()? {
        match object {
            Ok(Object::Dataset(dataset)) => writeln!(text, "{path:<32} {}", dataset.describe()),
            Ok(_) => Ok(()),
            // One broken object does not keep the others from being read.
            Err(error) => writeln!(text, "{path:<32} cannot be read: {error}"),
        }
        .unwrap_or_default(); // a String takes everything
    }
    Ok(text)
}

fn show(file: &File, path: &str) -> Result<String, Error> {
    let dataset = file.dataset(path)?;
    let mut text = format!("{}\n", dataset.describe());
    for (name, values) in dataset.attributes()? {
        let values = values?;
        let shown = values.text().map_or_else(|_| format!("{} values", values.len()), |text| format!("{text:?}"));
        text += &format!("  @{name} = {shown}\n");
    }
    // Four rows, every other one.
    let rows = dataset.shape.first().copied().unwrap_or(1).min(8);
    let part =
        if dataset.shape.is_empty() { Hyperslab::all(&dataset) } else { Hyperslab::rows(&dataset, ..rows).every(0, 2) };
    let values = dataset.part(&part)?;
    let shown = match &values.elements {
        Elements::Text(_) | Elements::Fixed { form: Form::Text { .. }, .. } => format!("{:?}", values.strings()?),
        Elements::Fixed { form: Form::Record(fields), .. } => {
            format!("records of {:?}", fields.iter().map(|field| &field.name).collect::<Vec<_>>())
        }
        Elements::Fixed { .. } => {
            values.numbers::<f64>().map_or_else(|error| error.to_string(), |all| format!("{all:?}"))
        }
        Elements::Sequences { ends, .. } => format!("sequences that end at {ends:?}"),
        Elements::Records(members) => {
            format!("records of {:?}", members.iter().map(|(name, _)| name).collect::<Vec<_>>())
        }
    };
    Ok(text + &format!("{:?} of them: {shown}\n", values.shape))
}
