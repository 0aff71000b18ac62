//! Filter Pipeline message (IV.A.2.l).
use super::link::text;
use super::primitive::{Parsed, bad, repeat, skip, take, u8, u16, u32, until_nul, version};
use crate::filters::Filter;

/// Filters of a pipeline (IV.A.2.l "Number of Filters").
const MAX_FILTERS: u8 = 32;

/// Parses a filter pipeline message of version 1 or 2.
pub(crate) fn filters(input: &[u8]) -> Parsed<'_, Vec<Filter>> {
    let (rest, version) = version(1..=2)(input)?;
    let (rest, count) = u8(rest)?;
    if count > MAX_FILTERS {
        return bad(rest, format!("{count} filters, where {MAX_FILTERS} may be"));
    }
    let (rest, ()) = skip(rest, if version == 1 { 6 } else { 0 })?;
    repeat(usize::from(count), filter(version))(rest)
}

fn filter(version: u8) -> impl Fn(&[u8]) -> Parsed<'_, Filter> {
    move |input| {
        let (rest, id) = u16(input)?;
        // Version 2 leaves the name's length out for the filters of the library itself.
        let (rest, name_len) = if version == 1 || id >= 256 { u16(rest)? } else { (rest, 0) };
        let (rest, flags) = u16(rest)?;
        let (rest, count) = u16(rest)?;
        // Version 1 pads the name to a multiple of eight bytes.
        let stored = if version == 1 { usize::from(name_len).next_multiple_of(8) } else { usize::from(name_len) };
        let (rest, name) = take(stored)(rest)?;
        let (_, name) = until_nul(name)?;
        let (rest, client_data) = repeat(usize::from(count), u32)(rest)?;
        let padding = if version == 1 && count % 2 == 1 { 4 } else { 0 };
        let (rest, ()) = skip(rest, padding)?;
        let name = (!name.is_empty()).then(|| text(name));
        Ok((rest, Filter { id, name, flags, client_data }))
    }
}
