//! Values and their elements.
use crate::datatype::{Datatype, DatatypeError, Form, Numbers, Sample};
use crate::{Attribute, Dataset, Error, Space};
use bytes::Bytes;

/// Values of a dataset, of a part of one or of an attribute.
///
/// ```
/// let file = hdf5_pure::File::from_bytes(std::fs::read("tests/fixtures/btree1.h5")?)?;
/// let values = file.dataset("/filtered")?.values()?;
/// assert_eq!(values.len(), values.shape.iter().product::<u64>());
/// let numbers: Vec<f64> = values.numbers()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Values {
    /// Dimensions, slowest first: of what was read, then of the small arrays that elements are, if they are some. Empty for a
    /// single value, `[0]` where there is none (a null dataspace).
    pub shape: Vec<u64>,
    /// Type of one element as stored, without the small arrays.
    pub datatype: Datatype,
    /// The values, in C order.
    pub elements: Elements,
}

/// Names and values of attributes; a value that cannot be read is an error of its own.
pub type NamedValues = Vec<(String, Result<Values, Error>)>;

/// The elements of [`Values`].
#[derive(Clone, PartialEq, Debug)]
pub enum Elements {
    /// Elements of one size, one after the other.
    Fixed {
        /// What an element is.
        form: Form,
        /// `form.size()` bytes an element.
        bytes: Vec<u8>,
    },
    /// Text of variable length: bytes up to the first NUL, in the encoding that the datatype names.
    Text(Vec<Bytes>),
    /// Sequences of variable length.
    Sequences {
        /// Where each sequence ends among the items; it begins where the one before ends.
        ends: Vec<u64>,
        /// The items of all sequences, one after the other.
        items: Box<Values>,
    },
    /// Records some member of which is of variable length: names and values of the members.
    Records(Vec<(String, Values)>),
}

impl Values {
    /// Elements of fixed size in the form of their type.
    pub(crate) fn in_memory(datatype: &Datatype, mut shape: Vec<u64>, bytes: Vec<u8>) -> Self {
        let datatype = base(datatype, &mut shape).clone();
        let form = Form::of(&datatype).unwrap_or_else(|| Form::Opaque(datatype.size()));
        Self { shape, datatype, elements: Elements::Fixed { form, bytes } }
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shape.iter().fold(1, |n, &dim| n.saturating_mul(dim))
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// The numbers, if `T` holds each of them exactly: integers, floats, enumerations, bit fields and booleans; of complex
    /// numbers both parts, one after the other.
    ///
    /// # Errors
    /// [`Error::Datatype`] for what are no numbers, and for a number that is not exactly a `T`.
    pub fn numbers<T: Sample>(&self) -> Result<Vec<T>, Error> {
        let (number, bytes) = self.as_numbers()?;
        Ok(number.decode(bytes)?)
    }

    /// The numbers in the type that holds every value of the stored one.
    ///
    /// # Errors
    /// [`Error::Datatype`] for what are no numbers.
    pub fn column(&self) -> Result<Numbers, Error> {
        let (number, bytes) = self.as_numbers()?;
        Ok(number.decode_column(bytes)?)
    }

    /// Text of fixed or variable length, without padding; what is no UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// [`Error::Datatype`] for what is no text.
    pub fn strings(&self) -> Result<Vec<String>, Error> {
        let read = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        match &self.elements {
            Elements::Text(texts) => Ok(texts.iter().map(|text| read(text)).collect()),
            Elements::Fixed { form, bytes } if matches!(form, Form::Text { .. }) => {
                Ok(bytes.chunks_exact(form.size().max(1)).map(|element| read(form.text(element))).collect())
            }
            _ => Err(wrong_class(&self.datatype, "text")),
        }
    }

    /// The text of a single element.
    ///
    /// # Errors
    /// [`Error::Usage`] for none or several, [`Error::Datatype`] for what is no text.
    pub fn text(&self) -> Result<String, Error> {
        let mut texts = self.strings()?;
        match (texts.pop(), texts.len()) {
            (Some(text), 0) => Ok(text),
            (None, _) => Err(Error::Usage("there is no text where one was asked for".into())),
            (Some(_), more) => Err(Error::Usage(format!("{} texts where one was asked for", more + 1))),
        }
    }

    /// The bytes of elements of fixed size, and what they are; `None` for the others.
    #[must_use]
    pub fn fixed(&self) -> Option<(&Form, &[u8])> {
        match &self.elements {
            Elements::Fixed { form, bytes } => Some((form, bytes)),
            _ => None,
        }
    }

    fn as_numbers(&self) -> Result<(Datatype, &[u8]), Error> {
        let found = self.fixed().and_then(|(form, bytes)| Some((form.number()?, bytes)));
        found.ok_or_else(|| wrong_class(&self.datatype, "numbers"))
    }
}

fn wrong_class(datatype: &Datatype, wanted: &'static str) -> Error {
    Error::Datatype(DatatypeError::WrongClass { dtype: datatype.describe(), wanted })
}

/// The type of the items of small arrays within arrays, whose dimensions are added to a shape; other types are their own.
pub(crate) fn base<'d>(mut datatype: &'d Datatype, shape: &mut Vec<u64>) -> &'d Datatype {
    while let Datatype::Array(array) = datatype {
        shape.extend(array.dims.iter().copied().map(u64::from));
        datatype = &array.base;
    }
    datatype
}

/// Shape of what is read of a dataset, `count` elements in each dimension.
pub(crate) fn shape(dataset: &Dataset, count: &[u64]) -> Vec<u64> {
    if dataset.space == Space::Null { vec![0] } else { count.to_vec() }
}

/// Shape and elements as stored of an attribute.
pub(crate) fn of_attribute(attribute: &Attribute) -> (Vec<u64>, &[u8]) {
    match attribute.space {
        Space::Null => (vec![0], &[]),
        _ => (attribute.shape.clone(), &attribute.raw),
    }
}
