//! What reading the chunks of a dataset takes of its header, as plain data: for indexes that are kept beside files.
use crate::datatype::{ByteOrder, Datatype, FixedPoint, FloatingPoint};
use crate::filters::Filter;
use crate::{ChunkIndex, Chunked, DataLayout, Dataset, Error, Limits, Space};
use serde::{Deserialize, Serialize};

/// A dataset of plain numbers without the addresses of its chunks; those are a [`crate::ChunkMap`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outline {
    /// Dimensions in elements, slowest first.
    pub shape: Vec<u64>,
    /// Dimensions of a chunk; `None` where the data are not chunked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk_shape: Option<Vec<u64>>,
    /// Type of an element as NumPy writes it: `<f8`, `>i2`, `|i1`.
    pub datatype: String,
    /// Filters in the order in which they were applied when writing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// Chunks that reach over the edge are stored without filters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain_edges: bool,
}

impl Dataset {
    /// The outline of this dataset; `None` when its elements are not plain integers or IEEE 754 numbers.
    #[must_use]
    pub fn outline(&self) -> Option<Outline> {
        let (chunk_shape, plain_edges) = match &self.layout {
            DataLayout::Chunked(chunked) => (Some(chunked.chunk_shape.clone()), chunked.plain_edges),
            DataLayout::Contiguous { .. } => (None, false),
            _ => return None,
        };
        let datatype = code(&self.datatype)?;
        Some(Outline { shape: self.shape.clone(), chunk_shape, datatype, filters: self.filters.clone(), plain_edges })
    }
}

impl Outline {
    /// The dataset, to decode chunks with; it knows no addresses and no fill value.
    ///
    /// # Errors
    /// [`Error::Usage`] for a type that is not one of [`Dataset::outline`], and shapes that do not go together.
    pub fn dataset(&self, path: &str) -> Result<Dataset, Error> {
        let bad = |what: &str| Error::Usage(format!("{path}: an outline with {what}"));
        let datatype = datatype(&self.datatype).ok_or_else(|| bad("an unknown datatype"))?;
        let layout = match &self.chunk_shape {
            None => DataLayout::Contiguous { address: None },
            Some(chunk_shape) if chunk_shape.len() == self.shape.len() && !chunk_shape.contains(&0) => {
                let (chunk_shape, plain_edges) = (chunk_shape.clone(), self.plain_edges);
                DataLayout::Chunked(Chunked { chunk_shape, index: ChunkIndex::BTree1, address: None, plain_edges })
            }
            Some(_) => return Err(bad("a chunk shape that does not fit")),
        };
        Ok(Dataset {
            path: path.into(),
            address: 0,
            space: Space::Simple,
            max_shape: self.shape.iter().copied().map(Some).collect(),
            shape: self.shape.clone(),
            datatype,
            layout,
            filters: self.filters.clone(),
            fill_value: None,
            chosen_fill: None,
            base: 0,
            limits: Limits::default(),
        })
    }
}

fn code(datatype: &Datatype) -> Option<String> {
    let order = |order, size| match (order, size) {
        (_, 1) => Some('|'),
        (ByteOrder::Little, _) => Some('<'),
        (ByteOrder::Big, _) => Some('>'),
        (ByteOrder::Vax, _) => None,
    };
    match datatype {
        Datatype::FixedPoint(t) if t.is_standard() => {
            Some(format!("{}{}{}", order(t.order, t.size)?, if t.signed { 'i' } else { 'u' }, t.size))
        }
        Datatype::FloatingPoint(t) if t.is_ieee() => Some(format!("{}f{}", order(t.order, t.size)?, t.size)),
        _ => None,
    }
}

fn datatype(code: &str) -> Option<Datatype> {
    let mut letters = code.chars();
    let order = match letters.next()? {
        '<' | '|' => ByteOrder::Little,
        '>' => ByteOrder::Big,
        _ => return None,
    };
    let kind = letters.next()?;
    let size: u32 = letters.as_str().parse().ok()?;
    let integer = |signed| {
        let precision = u16::try_from(size.checked_mul(8)?).ok()?;
        let integer = FixedPoint { size, order, signed, bit_offset: 0, precision };
        integer.is_standard().then_some(Datatype::FixedPoint(integer))
    };
    match kind {
        'i' => integer(true),
        'u' => integer(false),
        'f' => FloatingPoint::ieee(size, order).map(Datatype::FloatingPoint),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_types_come_back_and_others_are_refused() {
        for plain in ["<i4", ">i2", "|i1", "|u1", "<u8", ">f4", "<f8", "<f2"] {
            let outline = Outline {
                shape: vec![25],
                chunk_shape: Some(vec![10]),
                datatype: plain.into(),
                filters: vec![Filter { id: 1, client_data: vec![6], ..Filter::default() }],
                plain_edges: false,
            };
            let text = serde_json::to_string(&outline).unwrap();
            let read: Outline = serde_json::from_str(&text).unwrap();
            assert_eq!(read.dataset("/a").unwrap().outline(), Some(outline), "{text}");
        }
        let outline = |datatype: &str, chunk: u64| Outline {
            shape: vec![25],
            chunk_shape: Some(vec![chunk]),
            datatype: datatype.into(),
            filters: Vec::new(),
            plain_edges: false,
        };
        for bad in ["", "f8", "<f3", "<i3", "<i0", "<i99999999999", "=f8", "<S8", "<fx"] {
            assert!(outline(bad, 10).dataset("/a").is_err(), "{bad}");
        }
        assert!(outline("<f8", 0).dataset("/a").is_err());
    }
}
