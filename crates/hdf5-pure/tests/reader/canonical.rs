//! Values of the reader's face in the byte form in which h5py's values are hashed: `tests/python/canonical.py` says which.
use hdf5_pure::datatype::{Datatype, Form};
use hdf5_pure::{Elements, Values};
use sha2::{Digest, Sha256};

/// SHA-256 of all values in hexadecimal. h5py reads a scalar that is a sequence of numbers as an array of them.
pub(crate) fn sha256(values: &Values) -> String {
    let mut hash = Sha256::new();
    let mut sink = |bytes: &[u8]| hash.update(bytes);
    match &values.elements {
        Elements::Sequences { items, .. } if values.shape.is_empty() && is_of_numbers(&items.datatype) => {
            write(items, 0, items.len(), &mut sink);
        }
        _ => write(values, 0, values.len(), &mut sink),
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_of_numbers(datatype: &Datatype) -> bool {
    match datatype {
        Datatype::Compound(t) => t.members.iter().all(|member| is_of_numbers(&member.datatype)),
        Datatype::Array(t) => is_of_numbers(&t.base),
        other => other.is_numeric(),
    }
}

/// Elements `from..to`, counted in C order.
fn write(values: &Values, from: u64, to: u64, sink: &mut dyn FnMut(&[u8])) {
    let at = |index: u64| usize::try_from(index).unwrap();
    match &values.elements {
        Elements::Fixed { form, bytes } => {
            let size = form.size();
            let bytes = &bytes[at(from) * size..at(to) * size];
            if has_text(form) {
                bytes.chunks_exact(size).for_each(|element| fixed(form, element, sink));
            } else {
                sink(bytes);
            }
        }
        Elements::Text(texts) => texts[at(from)..at(to)].iter().for_each(|text| counted(text, sink)),
        Elements::Sequences { ends, items } => {
            // An item may be an array of several elements.
            let inner = items.shape[1..].iter().product::<u64>();
            for sequence in from..to {
                let begin = sequence.checked_sub(1).map_or(0, |before| ends[at(before)]);
                let end = ends[at(sequence)];
                sink(&u32::try_from(end - begin).unwrap().to_le_bytes());
                write(items, begin * inner, end * inner, sink);
            }
        }
        Elements::Records(members) => {
            for record in from..to {
                for (_, member) in members {
                    let inner = member.shape[values.shape.len()..].iter().product::<u64>();
                    write(member, record * inner, (record + 1) * inner, sink);
                }
            }
        }
    }
}

fn has_text(form: &Form) -> bool {
    match form {
        Form::Text { .. } => true,
        Form::Array { item, .. } => has_text(item),
        Form::Record(fields) => fields.iter().any(|field| has_text(&field.form)),
        _ => false,
    }
}

fn fixed(form: &Form, element: &[u8], sink: &mut dyn FnMut(&[u8])) {
    match form {
        Form::Text { .. } => counted(form.text(element), sink),
        Form::Array { item, .. } => element.chunks_exact(item.size()).for_each(|element| fixed(item, element, sink)),
        Form::Record(fields) => {
            for field in fields {
                fixed(&field.form, &element[field.offset..field.offset + field.form.size()], sink);
            }
        }
        _ => sink(element),
    }
}

fn counted(text: &[u8], sink: &mut dyn FnMut(&[u8])) {
    sink(&u32::try_from(text.len()).unwrap().to_le_bytes());
    sink(text);
}
