//! Attributes as text.
use crate::datatype::{Canonical, DatatypeError, HeapRef, Numbers};
use crate::{AsyncFile, Attribute, Error, HeapId, Object};
use byte_ranges::Source;

/// Values of an attribute that are shown.
const MAX_VALUES: usize = 8;

/// Names and values of an object's attributes, for people: `50`, `"m"`, `[1, 2, ... 300 values]`. Of a long attribute only the
/// first eight values are read. A value that cannot be read is `cannot be read: ` and why, under the name `?` where even the
/// names cannot be.
pub async fn attributes<S: Source>(file: &AsyncFile<S>, object: &Object) -> Vec<(String, String)> {
    match file.query(|file| file.attributes(object, None)).await {
        Ok(found) => {
            let mut shown = Vec::new();
            for attribute in found {
                let value = value(file, &attribute).await.unwrap_or_else(|error| format!("cannot be read: {error}"));
                shown.push((attribute.name, value));
            }
            shown
        }
        Err(error) => vec![("?".into(), format!("cannot be read: {error}"))],
    }
}

/// One value as Rust writes it, or a list of the first eight; `<|V4>` for a type that is no number and no text.
async fn value<S: Source>(file: &AsyncFile<S>, attribute: &Attribute) -> Result<String, Error> {
    if attribute.datatype.is_numeric() {
        return Ok(numbers(&attribute.datatype.decode_column(&attribute.raw)?));
    }
    // Only what is shown is read.
    let size = attribute.datatype.size().max(1);
    let elements = attribute.raw.len() / size;
    let raw = attribute.raw.get(..elements.min(MAX_VALUES) * size).unwrap_or_default();
    let mut ids = Vec::new();
    if let Ok(canonical) = Canonical::new(&attribute.datatype, false) {
        canonical.heap_refs(raw, &mut |reference| ids.push(HeapId::from(reference)));
    }
    let mut objects = file.query(|file| file.resolve(&ids)).await?.into_iter();
    let mut look_up = |_: HeapRef| objects.next().unwrap_or_else(|| Err(Error::Usage("not asked for".into())));
    let texts = match attribute.datatype.strings(raw, &mut look_up) {
        Ok(texts) => texts,
        Err(Error::Datatype(DatatypeError::WrongClass { .. })) => {
            return Ok(format!("<{}>", attribute.datatype.describe()));
        }
        Err(error) => return Err(error),
    };
    let shown: Vec<String> = texts.iter().take(MAX_VALUES).map(|text| format!("{text:?}")).collect();
    Ok(list(&shown, texts.len() / elements.clamp(1, MAX_VALUES) * elements))
}

fn numbers(column: &Numbers) -> String {
    macro_rules! shown {
        ($($kind:ident)*) => { match column { $(
            Numbers::$kind(values) => values.iter().take(MAX_VALUES).map(|value| format!("{value:?}")).collect(),
        )* } };
    }
    let shown: Vec<String> = shown!(I8 I16 I32 I64 U8 U16 U32 U64 F32 F64);
    list(&shown, column.len())
}

fn list(shown: &[String], count: usize) -> String {
    match shown {
        [one] if count == 1 => one.clone(),
        _ if count > shown.len() => format!("[{}, ... {count} values]", shown.join(", ")),
        _ => format!("[{}]", shown.join(", ")),
    }
}
