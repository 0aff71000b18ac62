//! Where the elements of a part of a dataset are put, in the form in which they are wanted.
use crate::datatype::{Conversion, DatatypeError, Sample};
use crate::layout::{BoxCopy, Overlap};
use crate::{Dataset, Error, Hyperslab};
use std::borrow::Cow;

/// From elements as stored to items: bytes or numbers, always as many an element.
type Convert<'a, U> = Box<dyn for<'b> Fn(Cow<'b, [u8]>) -> Result<Cow<'b, [U]>, Error> + Send + Sync + 'a>;

/// Bytes as items.
type AsStored<U> = fn(&[u8]) -> &[U];

/// The elements of a part of a dataset as items: bytes, or numbers of a type.
pub(super) struct Output<'a, U: Copy + 'static> {
    pub(super) dataset: &'a Dataset,
    pub(super) part: &'a Hyperslab,
    /// The items in C order.
    pub(super) items: Vec<U>,
    /// Items an element.
    unit: usize,
    convert: Convert<'a, U>,
    /// Bytes as items, where elements stay as they are stored: then nothing is copied twice.
    as_stored: Option<AsStored<U>>,
}

impl<'a> Output<'a, u8> {
    /// Elements as stored.
    pub(super) fn raw(dataset: &'a Dataset, part: &'a Hyperslab) -> Result<Self, Error> {
        Self::new(dataset, part, dataset.datatype.size(), (Box::new(|stored| Ok(stored)), Some(|bytes| bytes)))
    }

    /// Elements as they lie in memory; as stored where they, or parts of them, are in the heap.
    pub(super) fn values(dataset: &'a Dataset, part: &'a Hyperslab) -> Result<Self, Error> {
        if dataset.datatype.uses_heap() {
            return Self::raw(dataset, part);
        }
        let conversion = Conversion::new(&dataset.datatype)?;
        if conversion.is_identity() {
            return Self::raw(dataset, part);
        }
        let unit = conversion.size();
        Self::new(dataset, part, unit, (Box::new(move |stored| Ok(conversion.apply(stored)?)), None))
    }
}

impl<'a, T: Sample> Output<'a, T> {
    /// The numbers of the elements, each exactly a `T`.
    pub(super) fn numbers(dataset: &'a Dataset, part: &'a Hyperslab) -> Result<Self, Error> {
        let datatype = &dataset.datatype;
        let unit = datatype.numbers_an_element()?;
        Self::new(dataset, part, unit, (Box::new(move |stored| Ok(Cow::Owned(datatype.decode(&stored)?))), None))
    }
}

impl<'a, U: Copy + Default + 'static> Output<'a, U> {
    /// Filled with the fill value of the dataset, or zeros where that is undefined.
    fn new(
        dataset: &'a Dataset,
        part: &'a Hyperslab,
        unit: usize,
        (convert, as_stored): (Convert<'a, U>, Option<AsStored<U>>),
    ) -> Result<Self, Error> {
        dataset.readable()?;
        part.check(&dataset.shape)?;
        let limit = dataset.limits.selection_bytes;
        let too_large = || Error::Limit { what: "the size of a selection in bytes", limit };
        let largest = (unit.saturating_mul(size_of::<U>()) as u64).max(dataset.element_size()).max(1);
        let elements = part.elements().filter(|&n| n.checked_mul(largest).is_some_and(|bytes| bytes <= limit));
        let len = elements.and_then(|n| usize::try_from(n).ok()?.checked_mul(unit)).ok_or_else(too_large)?;
        let mut items = Vec::new();
        items.try_reserve_exact(len).map_err(|_| too_large())?;
        let fill = dataset.fill_value.as_ref().filter(|fill| fill.iter().any(|&byte| byte != 0));
        match fill.map(|fill| convert(Cow::Borrowed(fill))).transpose()? {
            Some(fill) if !fill.is_empty() && len > 0 => {
                items.extend_from_slice(&fill);
                while items.len() < len {
                    items.extend_from_within(..items.len().min(len - items.len()));
                }
                items.truncate(len);
            }
            _ => items.resize(len, U::default()),
        }
        Ok(Self { dataset, part, items, unit, convert, as_stored })
    }

    /// Puts the elements of a decoded chunk that the part shares with it where they belong. The chunk misses `skip` bytes at
    /// its beginning.
    pub(super) fn place(&mut self, origin: &[u64], decoded: &[u8], skip: u64) -> Result<(), Error> {
        let chunk_shape = self.dataset.chunk_shape();
        let Some(overlap) = self.part.overlap(origin, &chunk_shape) else { return Ok(()) };
        let misfit = || Error::Usage(format!("a chunk of {} does not fit its place", self.dataset.path));
        let from = BoxCopy {
            count: &overlap.count,
            from: (&chunk_shape, &overlap.from),
            stride: Some(&self.part.stride),
            to: (&self.part.count, &overlap.to),
            element: self.dataset.element_size(),
            skip,
        };
        if let Some(as_stored) = self.as_stored {
            return from.run(as_stored(decoded), &mut self.items).ok_or_else(misfit);
        }
        let origin = vec![0; overlap.count.len()];
        let stored = if overlap.count == chunk_shape && skip == 0 {
            Cow::Borrowed(decoded)
        } else {
            let elements = overlap.count.iter().try_fold(self.dataset.element_size(), |n, &dim| n.checked_mul(dim));
            // No longer than the items, which were counted.
            let mut gathered = vec![0; elements.and_then(|n| usize::try_from(n).ok()).ok_or_else(misfit)?];
            let to = (overlap.count.as_slice(), origin.as_slice());
            BoxCopy { to, ..from }.run(decoded, &mut gathered).ok_or_else(misfit)?;
            Cow::Owned(gathered)
        };
        let items = (self.convert)(stored).map_err(|error| self.placed(error, &overlap))?;
        let scattered = BoxCopy {
            count: &overlap.count,
            from: (&overlap.count, &origin),
            stride: None,
            to: (&self.part.count, &overlap.to),
            element: self.unit as u64,
            skip: 0,
        };
        scattered.run(&items, &mut self.items).ok_or_else(misfit)
    }

    /// The error with the number of the element in the part, not in the overlap.
    fn placed(&self, error: Error, overlap: &Overlap) -> Error {
        let Error::Datatype(DatatypeError::Inexact { index, dtype, target }) = error else { return error };
        let mut rest = (index / self.unit.max(1)) as u64;
        let mut place = Vec::new();
        for (&count, &to) in overlap.count.iter().zip(&overlap.to).rev() {
            place.push(to + rest.checked_rem(count).unwrap_or(0));
            rest = rest.checked_div(count).unwrap_or(0);
        }
        let element = place.iter().rev().zip(&self.part.count).fold(0, |n, (&at, &count)| n * count + at);
        let index = usize::try_from(element).unwrap_or(usize::MAX);
        Error::Datatype(DatatypeError::Inexact { index, dtype, target })
    }
}
