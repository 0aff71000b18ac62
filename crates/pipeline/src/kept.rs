//! The rows that count, kept until all granules are read: in memory while there is room, then in a scratch place.
use aggregate::{Batch, Batches, Floats, Rows};
use std::cell::RefCell;

/// A place for rows that memory has no room for: a temporary file. The core has none of its own.
pub trait Scratch {
    /// Appends bytes; returns where they begin.
    ///
    /// # Errors
    /// Why they could not be taken, in words.
    fn put(&self, bytes: &[u8]) -> Result<u64, String>;

    /// Reads bytes that were put, into a buffer of their length.
    ///
    /// # Errors
    /// Why they could not be read, in words.
    fn get(&self, at: u64, into: &mut [u8]) -> Result<(), String>;
}

/// A batch of rows that may be put aside.
pub(crate) trait Spill: Default {
    /// What its bytes do not say.
    type Shape: Copy;

    /// Bytes that it takes in memory.
    fn bytes(&self) -> u64;

    fn rows(&self) -> u64;

    fn write(&self) -> (Vec<u8>, Self::Shape);

    /// Length of what [`Spill::write`] gives.
    fn size(shape: Self::Shape) -> usize;

    /// The inverse of [`Spill::write`].
    fn read(bytes: &[u8], shape: Self::Shape) -> Self;
}

/// Rows of many batches.
pub(crate) struct Kept<'a, T: Spill = Batch> {
    scratch: Option<&'a dyn Scratch>,
    /// Bytes of rows in memory at most.
    most: u64,
    state: RefCell<State<T>>,
}

struct State<T: Spill> {
    held: Vec<Held<T>>,
    bytes: u64,
    rows: u64,
    stopped: Option<Full>,
}

/// A batch that is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ticket(usize);

/// Why no more rows can be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Full {
    /// Memory holds this number of rows, and there is no scratch place.
    Memory { rows: u64 },
    /// The scratch place took no more.
    Scratch(String),
}

enum Held<T: Spill> {
    Memory(T),
    /// Where it is in the scratch place.
    Scratch(u64, T::Shape),
    Gone,
}

impl<'a, T: Spill> Kept<'a, T> {
    pub(crate) fn new(scratch: Option<&'a dyn Scratch>, most: u64) -> Self {
        let state = State { held: Vec::new(), bytes: 0, rows: 0, stopped: None };
        Self { scratch, most, state: RefCell::new(state) }
    }

    /// Keeps a batch.
    pub(crate) fn push(&self, batch: T) -> Result<Ticket, Full> {
        let mut state = self.state.borrow_mut();
        let (bytes, rows) = (batch.bytes(), batch.rows());
        let held = match self.scratch {
            _ if state.bytes.saturating_add(bytes) <= self.most => {
                state.bytes += bytes;
                Ok(Held::Memory(batch))
            }
            Some(scratch) => {
                let (bytes, shape) = batch.write();
                scratch.put(&bytes).map(|at| Held::Scratch(at, shape)).map_err(Full::Scratch)
            }
            None => Err(Full::Memory { rows: state.rows }),
        };
        match held {
            Ok(held) => {
                state.rows += rows;
                state.held.push(held);
                Ok(Ticket(state.held.len() - 1))
            }
            Err(full) => {
                state.stopped.get_or_insert(full.clone());
                Err(full)
            }
        }
    }

    /// Forgets a batch.
    pub(crate) fn drop(&self, Ticket(at): Ticket) {
        let mut state = self.state.borrow_mut();
        let Some(held) = state.held.get_mut(at).map(|held| std::mem::replace(held, Held::Gone)) else { return };
        if let Held::Memory(batch) = held {
            state.bytes = state.bytes.saturating_sub(batch.bytes());
            state.rows = state.rows.saturating_sub(batch.rows());
        }
    }

    /// Why rows were refused, if any were.
    pub(crate) fn stopped(&self) -> Option<Full> {
        self.state.borrow().stopped.clone()
    }

    /// Shows a batch that is in memory.
    pub(crate) fn show(&self, Ticket(at): Ticket, see: impl FnOnce(&T)) {
        if let Some(Held::Memory(batch)) = self.state.borrow().held.get(at) {
            see(batch);
        }
    }

    /// A batch, wherever it is. One that cannot be read again ends the job ([`Kept::stopped`]).
    pub(crate) fn with<R>(&self, Ticket(at): Ticket, see: impl FnOnce(&T) -> R) -> Result<R, String> {
        let (place, shape) = match self.state.borrow().held.get(at) {
            Some(Held::Memory(batch)) => return Ok(see(batch)),
            Some(Held::Scratch(place, shape)) => (*place, *shape),
            Some(Held::Gone) | None => return Ok(see(&T::default())),
        };
        let scratch = self.scratch.ok_or("there is no scratch place")?;
        let mut bytes = vec![0; T::size(shape)];
        scratch.get(place, &mut bytes).inspect_err(|why| {
            self.state.borrow_mut().stopped.get_or_insert(Full::Scratch(why.clone()));
        })?;
        Ok(see(&T::read(&bytes, shape)))
    }
}

/// Batches in an order.
pub(crate) struct InOrder<'a> {
    pub(crate) kept: &'a Kept<'a>,
    pub(crate) tickets: Vec<Ticket>,
}

impl Batches for InOrder<'_> {
    fn each(&self, take: &mut dyn FnMut(Rows<'_>) -> Result<(), aggregate::Error>) -> Result<(), aggregate::Error> {
        for ticket in &self.tickets {
            let taken = self.kept.with(*ticket, |batch| take(batch.rows()?));
            taken.map_err(aggregate::Error::Unreadable)??;
        }
        Ok(())
    }
}

/// Rows, and how wide the columns are: bytes a number, 0 for one that is not there.
impl Spill for Batch {
    type Shape = (usize, [usize; 3]);

    fn bytes(&self) -> u64 {
        Self::bytes(self)
    }

    fn rows(&self) -> u64 {
        self.child.len() as u64
    }

    fn write(&self) -> (Vec<u8>, Self::Shape) {
        let columns = [Some(&self.value), self.sigma.as_ref(), self.weight.as_ref()];
        let widths = columns.map(|column| match column {
            None => 0,
            Some(Floats::F32(_)) => 4,
            Some(Floats::F64(_)) => 8,
        });
        let shape = (self.child.len(), widths);
        let mut bytes: Vec<u8> = Vec::with_capacity(Self::size(shape));
        self.child.iter().for_each(|child| bytes.extend(child.to_le_bytes()));
        for column in columns.into_iter().flatten() {
            match column {
                Floats::F32(numbers) => numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes())),
                Floats::F64(numbers) => numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes())),
            }
        }
        (bytes, shape)
    }

    fn size((rows, widths): Self::Shape) -> usize {
        rows * (4 + widths.iter().sum::<usize>())
    }

    fn read(bytes: &[u8], (rows, widths): Self::Shape) -> Self {
        let (child, mut rest) = bytes.split_at_checked(rows * 4).unwrap_or_default();
        let child = child.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number)).collect();
        let [value, sigma, weight] = widths.map(|width| {
            let (own, behind) = rest.split_at_checked(rows * width).unwrap_or_default();
            rest = behind;
            match width {
                0 => None,
                4 => Some(Floats::F32(own.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect())),
                _ => Some(Floats::F64(own.as_chunks().0.iter().map(|number| f64::from_le_bytes(*number)).collect())),
            }
        });
        Self { child, value: value.unwrap_or_default(), sigma, weight }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A scratch place in memory, which breaks when told.
    #[derive(Default)]
    struct Memory {
        bytes: RefCell<Vec<u8>>,
        broken: Cell<bool>,
    }

    impl Scratch for Memory {
        fn put(&self, bytes: &[u8]) -> Result<u64, String> {
            let mut held = self.bytes.borrow_mut();
            let at = held.len() as u64;
            held.extend(bytes);
            if self.broken.get() { Err("no space".into()) } else { Ok(at) }
        }

        fn get(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
            let at = usize::try_from(at).unwrap();
            into.copy_from_slice(&self.bytes.borrow()[at..at + into.len()]);
            if self.broken.get() { Err("gone".into()) } else { Ok(()) }
        }
    }

    fn batches() -> [Batch; 3] {
        let single = |numbers: &[f32]| Floats::F32(numbers.to_vec());
        [
            Batch { child: vec![1, 2, 1], value: single(&[0.5, -0.0, f32::NAN]), sigma: None, weight: None },
            Batch {
                child: vec![3],
                value: Floats::F64(vec![0.1]),
                sigma: Some(single(&[2.0])),
                weight: Some(Floats::F64(vec![1e300])),
            },
            Batch::default(),
        ]
    }

    #[test]
    fn batches_come_back_as_they_were_wherever_they_are() {
        let scratch = Memory::default();
        for most in [0, 20, 30, u64::MAX] {
            let kept = Kept::new(Some(&scratch), most);
            let tickets = batches().map(|batch| kept.push(batch).unwrap());
            for (ticket, batch) in tickets.iter().zip(batches()) {
                let back = kept.with(*ticket, Batch::clone).unwrap();
                assert_eq!(format!("{back:?}"), format!("{batch:?}"), "NaN too, with {most} bytes of memory");
            }
            let mut children: Vec<u32> = Vec::new();
            let order = InOrder { kept: &kept, tickets: tickets.iter().rev().copied().collect() };
            order
                .each(&mut |rows| {
                    children.extend(rows.child());
                    Ok(())
                })
                .unwrap();
            assert_eq!(children, [3, 1, 2, 1]);
            kept.drop(tickets[0]);
            assert!(kept.with(tickets[0], |batch| batch.child.is_empty()).unwrap());
        }
    }

    #[test]
    fn without_room_the_rows_so_far_are_told_and_what_is_dropped_makes_room() {
        let kept = Kept::new(None, 30);
        let first = kept.push(batches()[0].clone()).unwrap();
        assert_eq!(kept.push(batches()[0].clone()), Err(Full::Memory { rows: 3 }));
        kept.drop(first);
        kept.push(batches()[0].clone()).unwrap();
        assert_eq!(kept.stopped(), Some(Full::Memory { rows: 3 }), "the job has ended all the same");
    }

    #[test]
    fn a_scratch_place_that_breaks_ends_the_job() {
        let scratch = Memory::default();
        let kept = Kept::new(Some(&scratch), 0);
        let ticket = kept.push(batches()[0].clone()).unwrap();
        scratch.broken.set(true);
        assert_eq!(kept.with(ticket, |_| ()), Err("gone".into()));
        assert_eq!(kept.stopped(), Some(Full::Scratch("gone".into())));
        assert_eq!(kept.push(batches()[0].clone()), Err(Full::Scratch("no space".into())));
    }
}
