//! Datasets in words.
use crate::filters::Filter;
use crate::{DataLayout, Dataset, Space};

impl Dataset {
    /// Type, shape, storage and filters on one line, in columns for people: `<f4      200 x 4    chunks 50 x 4 deflate(6)`.
    #[must_use]
    pub fn describe(&self) -> String {
        let dims = |shape: &[u64]| shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
        let shape = match self.space {
            Space::Null => "null".into(),
            Space::Scalar => "scalar".into(),
            Space::Simple => dims(&self.shape),
        };
        let filters: Vec<String> = self.filters.iter().map(Filter::describe).collect();
        let stored = match &self.layout {
            DataLayout::Chunked(chunked) => format!("chunks {}", dims(&chunked.chunk_shape)),
            DataLayout::Contiguous { .. } => "contiguous".into(),
            DataLayout::Compact { .. } => "compact".into(),
            DataLayout::External => "in external files".into(),
            DataLayout::Virtual => "virtual".into(),
        };
        format!("{:<8} {shape:<10} {stored} {}", self.datatype.name(), filters.join(", ")).trim_end().into()
    }
}
