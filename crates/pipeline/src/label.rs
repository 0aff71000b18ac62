//! What a file says it is: the root attributes `short_name` and `identifier_product_type`.
use crate::Product;
use byte_ranges::Step;
use bytes::Bytes;
use hdf5_pure::datatype::HeapRef;
use hdf5_pure::{Attribute, Error, HeapId, Metadata, Object, StepResult};

/// Attributes of the root group that name the product; the first that is there counts.
const NAMES: [&str; 2] = ["short_name", "identifier_product_type"];

/// What a file says it is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Label {
    /// The products that it names, at most one an attribute.
    products: Vec<String>,
}

impl Label {
    /// Reads the label of a file. One that cannot be read is empty: it only speaks for a file, and what is wrong with the file
    /// shows where its data are read.
    pub(crate) fn read(file: &mut Metadata) -> Step<Self> {
        read(file).unwrap_or_else(|_| Step::Done(Self::default()))
    }

    /// The product that the file says it is of.
    pub(crate) fn product(&self) -> Option<&str> {
        self.products.first().map(String::as_str)
    }

    /// Whether the file says that it is of a product.
    pub(crate) fn names(&self, product: &Product) -> bool {
        self.products.iter().any(|label| product.is_called(label))
    }

    /// Why a file does not identify itself as one of the product, if it does not: label and name must both say so
    /// (design/0006-reading-only-what-matters.md). Such a file may be anything, and nothing is assumed about the order of its rows.
    pub(crate) fn doubt(&self, name: &str, product: &Product) -> Option<String> {
        let expected = product.name.as_str();
        if !self.names(product) {
            return Some(match self.product() {
                Some(other) => format!("the file says that it is {other}, not {expected}"),
                None => "the file does not say what product it is".into(),
            });
        }
        if product.named(name).is_some() {
            return None;
        }
        Some(format!("its name is not that of an {expected} granule"))
    }
}

fn read(file: &mut Metadata) -> StepResult<Label> {
    let root = match file.root()? {
        Step::Need(needed) => return Ok(Step::Need(needed)),
        Step::Done(root) => Object::Group(root),
    };
    let mut found = match file.attributes_in_heap(&root, &NAMES)? {
        Step::Need(needed) => return Ok(Step::Need(needed)),
        Step::Done(found) => found,
    };
    found.sort_by_key(|attribute| NAMES.iter().position(|name| *name == attribute.name));
    let texts = Step::all(found.iter().map(|attribute| text(file, attribute)))?;
    Ok(texts.map(|texts| Label { products: texts.into_iter().filter(|text| !text.is_empty()).collect() }))
}

/// The first text of an attribute; empty where there is none.
pub(crate) fn text(file: &mut Metadata, attribute: &Attribute) -> StepResult<String> {
    let Some(first) = attribute.raw.get(..attribute.datatype.size()) else { return Ok(Step::Done(String::new())) };
    let first_of = |heap: &mut dyn FnMut(HeapRef) -> Result<Bytes, Error>| {
        let texts = attribute.datatype.strings(first, heap).unwrap_or_default();
        texts.first().map_or_else(String::new, |text| text.trim().to_owned())
    };
    let mut stored = Vec::new();
    let fixed = first_of(&mut |reference| {
        stored.push(HeapId::from(reference));
        Ok(Bytes::new())
    });
    if stored.is_empty() {
        return Ok(Step::Done(fixed));
    }
    Ok(file.resolve(&stored)?.map(|objects| {
        let mut objects = objects.into_iter();
        first_of(&mut |_| objects.next().unwrap_or_else(|| Ok(Bytes::new())))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::atl06;

    #[test]
    fn label_and_name_together_identify_a_file() {
        let product = atl06();
        let name = "processed_ATL06_20190416093911_02770303_002_01.h5";
        let label = |products: &[&str]| Label { products: products.iter().map(|&product| product.into()).collect() };
        assert_eq!(label(&["ATL06"]).doubt(name, &product), None);
        assert_eq!(label(&["SET_BY_META", "ATL06"]).doubt(name, &product), None);
        for (products, name, says) in [
            (&[][..], name, "does not say"),
            (&["ATL03"], name, "says that it is ATL03"),
            (&["ATL06"], "heights.h5", "its name is not"),
            (&["ATL06"], "ATL08_20190416093911_02770303_002_01.h5", "its name is not"),
        ] {
            let doubt = label(products).doubt(name, &product).unwrap();
            assert!(doubt.contains(says), "{doubt}");
        }
    }
}
