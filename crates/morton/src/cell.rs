//! A cell: an order and a nested number.

use crate::{Error, Latitude, LonLat, Order, decimal, healpix, packed, ring};
use std::{fmt, ops::Range, str::FromStr};

/// A HEALPix cell in nested numbering. Ordered by order, then by nested number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    order: Order,
    nested: u64,
}

impl Cell {
    /// Checks that `nested` is below [`Order::cells`].
    ///
    /// # Errors
    /// [`Error::Nested`] otherwise.
    pub const fn new(order: Order, nested: u64) -> Result<Self, Error> {
        if nested < order.cells() {
            Ok(Self { order, nested })
        } else {
            Err(Error::Nested { order: order.get(), nested })
        }
    }

    /// The cell of `order` that holds `at`. On a border the rules of the reference implementation decide.
    ///
    /// # Errors
    /// None at present: every [`LonLat`] lies in a cell.
    pub fn at(at: LonLat, order: Order, latitude: Latitude) -> Result<Self, Error> {
        Self::new(order, healpix::nested(order, at.lon(), latitude.to_sphere(at.lat())))
    }

    /// Reads a decimal morton id (docs/cells.md), e.g. `-6134114`.
    ///
    /// # Errors
    /// [`Error::Decimal`] naming the digit or order that is out of range.
    pub fn from_decimal(id: i64) -> Result<Self, Error> {
        let (order, nested) = decimal::decode(id)?;
        Self::new(order, nested)
    }

    /// Reads the packed word of an area (docs/cells.md). For point words see [`Cell::from_packed_point`].
    ///
    /// # Errors
    /// [`Error::Packed`] if the word is a point, or is not the word of any cell.
    pub fn from_packed(word: u64) -> Result<Self, Error> {
        match packed::decode(word)? {
            (order, nested, false) => Self::new(order, nested),
            _ => Err(Error::Packed { word, why: "a point, not an area" }),
        }
    }

    /// Reads the packed word of a point: the order-29 cell that stands for it.
    ///
    /// # Errors
    /// [`Error::Packed`] if the word is an area, or is not the word of any cell.
    pub fn from_packed_point(word: u64) -> Result<Self, Error> {
        match packed::decode(word)? {
            (order, nested, true) => Self::new(order, nested),
            _ => Err(Error::Packed { word, why: "an area, not a point" }),
        }
    }

    /// The packed word of a point given by its nested number at order 29.
    ///
    /// # Errors
    /// [`Error::Nested`] if there is no such cell.
    pub fn packed_point(nested29: u64) -> Result<u64, Error> {
        Self::new(Order::MAX, nested29).map(|cell| packed::encode_point(cell.nested))
    }

    /// The cell with a number in HEALPix ring order, as other projects store it.
    ///
    /// # Errors
    /// [`Error::Nested`] if there is no such cell.
    pub fn from_ring(order: Order, number: u64) -> Result<Self, Error> {
        Self::new(order, ring::nested_of_ring(order, number)?)
    }

    /// Reads a zuniq word: a nested number and its order in one `u64`, as other projects store it.
    ///
    /// # Errors
    /// [`Error::Packed`] or [`Error::Nested`] if it is the word of no cell.
    pub fn from_zuniq(word: u64) -> Result<Self, Error> {
        let (order, nested) = ring::nested_of_zuniq(word)?;
        Self::new(order, nested)
    }

    /// The order.
    #[must_use]
    pub const fn order(self) -> Order {
        self.order
    }

    /// The nested number, below [`Order::cells`].
    #[must_use]
    pub const fn nested(self) -> u64 {
        self.nested
    }

    /// The base cell, 0..=11.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the base cell is below 12")]
    pub const fn base(self) -> u8 {
        (self.nested >> self.order.bits()) as u8
    }

    /// The decimal morton id (docs/cells.md).
    ///
    /// # Errors
    /// [`Error::TooFineForDecimal`] above order 18.
    pub fn decimal(self) -> Result<i64, Error> {
        decimal::encode(self.order, self.nested)
    }

    /// The packed word of this cell as an area (docs/cells.md).
    #[must_use]
    pub fn packed(self) -> u64 {
        packed::encode(self.order, self.nested)
    }

    /// The cell of a coarser (or the same) order that contains this one.
    ///
    /// # Errors
    /// [`Error::Relation`] if `order` is finer.
    pub fn parent(self, order: Order) -> Result<Self, Error> {
        if order > self.order {
            return Err(self.relation(order, "parent"));
        }
        Ok(Self { order, nested: self.nested >> (self.order.bits() - order.bits()) })
    }

    /// The nested numbers of the cells of a finer (or the same) order inside this one: contiguous.
    ///
    /// # Errors
    /// [`Error::Relation`] if `order` is coarser.
    pub fn children(self, order: Order) -> Result<Range<u64>, Error> {
        if order < self.order {
            return Err(self.relation(order, "child"));
        }
        let shift = order.bits() - self.order.bits();
        Ok(self.nested << shift..(self.nested + 1) << shift)
    }

    /// Whether `other` is this cell or lies inside it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        other.parent(self.order) == Ok(self)
    }

    /// The centre on the sphere, longitude in -180..180.
    #[must_use]
    pub fn centre(self) -> LonLat {
        self.centre_in(Latitude::Spherical)
    }

    /// The centre, its latitude taken back from the sphere to the Earth by `latitude`; longitude in -180..180.
    #[must_use]
    pub fn centre_in(self, latitude: Latitude) -> LonLat {
        let (lon, lat) = healpix::Square::of(self.order, self.nested).position(0.5, 0.5);
        LonLat::known(if lon >= 180.0 { lon - 360.0 } else { lon }, latitude.from_sphere(lat))
    }

    /// The outline: `per_edge` points (at least 1) for each of the four edges, counter-clockwise on a map with north up,
    /// from the northern corner over west, south and east; the first point is not repeated at the end. The points are
    /// equally spaced along each edge in the HEALPix plane.
    ///
    /// Longitudes are not wrapped: they lie within 180 degrees of [`Cell::centre`], so a cell across the antimeridian
    /// has some beyond +-180. A corner on a pole gets the middle meridian of its base cell.
    #[must_use]
    pub fn boundary(self, per_edge: usize, latitude: Latitude) -> Vec<LonLat> {
        let square = healpix::Square::of(self.order, self.nested);
        let (mid, _) = square.position(0.5, 0.5);
        let turn = self.centre().lon() - mid;
        outline(per_edge.max(1))
            .map(|(u, v)| {
                let (lon, lat) = square.position(u, v);
                LonLat::known(lon + turn, latitude.from_sphere(lat))
            })
            .collect()
    }

    fn relation(self, to: Order, what: &'static str) -> Error {
        Error::Relation { from: self.order.get(), to: to.get(), what }
    }
}

/// Fractions along the sides of a square, once around from the northern corner (1, 1).
pub(crate) fn outline(per_edge: usize) -> impl Iterator<Item = (f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "a number of points in memory")]
    (0..4 * per_edge).map(move |i| {
        let f = (i % per_edge) as f64 / per_edge as f64;
        match i / per_edge {
            0 => (1.0 - f, 1.0),
            1 => (0.0, 1.0 - f),
            2 => (f, 0.0),
            _ => (1.0, f),
        }
    })
}

/// The decimal morton id; above order 18, which has none, `nested:ORDER/NUMBER`. Both are read back by [`FromStr`].
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decimal() {
            Ok(id) => id.fmt(f),
            Err(_) => f.pad(&format!("nested:{}/{}", self.order, self.nested)),
        }
    }
}

/// Reads a decimal morton id (`-6134114`), `nested:ORDER/NUMBER` or `packed:WORD` (an area, or a point as its order-29
/// cell).
impl FromStr for Cell {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why| Error::Text { text: text.to_owned(), why };
        if let Some(nested) = text.strip_prefix("nested:") {
            let (order, number) = nested.split_once('/').ok_or_else(|| refuse("`nested:` wants ORDER/NUMBER"))?;
            let order: u32 = order.parse().map_err(|_| refuse("the order is not a number"))?;
            let number = number.parse().map_err(|_| refuse("the nested number is not a 64-bit number"))?;
            return Self::new(Order::new(u8::try_from(order).map_err(|_| Error::Order(order))?)?, number);
        }
        if let Some(word) = text.strip_prefix("packed:") {
            let word = word.parse().map_err(|_| refuse("the packed word is not an unsigned 64-bit number"))?;
            let (order, nested, _) = packed::decode(word)?;
            return Self::new(order, nested);
        }
        if text.is_empty() {
            return Err(refuse("it is empty"));
        }
        let id =
            text.parse().map_err(|_| refuse("expected a decimal morton id, `nested:ORDER/NUMBER` or `packed:WORD`"))?;
        Self::from_decimal(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(order: u8) -> Order {
        Order::new(order).unwrap()
    }

    /// The example of docs/cells.md.
    #[test]
    fn the_cell_of_the_example_has_its_ids() {
        let cell = Cell::from_decimal(-6_134_114).unwrap();
        assert_eq!((cell.order().get(), cell.base(), cell.nested()), (6, 11, 45763));
        assert_eq!(cell.children(order(12)).unwrap(), 187_445_248..187_449_344);
        assert_eq!(cell.decimal(), Ok(-6_134_114));
        assert_eq!(cell.to_string(), "-6134114");
        assert_eq!(cell.parent(order(0)).unwrap().to_string(), "-6");
    }

    #[test]
    fn relations() {
        let cell = Cell::new(order(3), 700).unwrap();
        assert_eq!(cell.children(order(3)).unwrap(), 700..701);
        for child in cell.children(order(5)).unwrap() {
            let child = Cell::new(order(5), child).unwrap();
            assert_eq!(child.parent(order(3)), Ok(cell));
            assert!(cell.contains(child) && !child.contains(cell));
        }
        assert!(!cell.contains(Cell::new(order(5), 701 << 4).unwrap()));
        assert!(cell.contains(cell));
        assert_eq!(cell.parent(order(4)), Err(Error::Relation { from: 3, to: 4, what: "parent" }));
        assert_eq!(cell.children(order(2)), Err(Error::Relation { from: 3, to: 2, what: "child" }));
        assert_eq!(Cell::new(order(0), 12), Err(Error::Nested { order: 0, nested: 12 }));
    }

    #[test]
    fn text_round_trips_and_refusals_say_why() {
        let cell = Cell::new(order(6), 45763).unwrap();
        for text in ["-6134114", "nested:6/45763"] {
            assert_eq!(text.parse(), Ok(cell));
        }
        assert_eq!(format!("packed:{}", cell.packed()).parse(), Ok(cell));
        let fine = Cell::new(order(29), 1234).unwrap();
        assert_eq!(fine.to_string().parse(), Ok(fine));
        assert_eq!(format!("packed:{}", Cell::packed_point(1234).unwrap()).parse(), Ok(fine));
        for (text, word) in [
            ("", "empty"),
            ("-72.5,101", "expected a decimal"),
            ("7134114", "leading digit"),
            ("-6134115", "1..4"),
            ("0", "leading digit"),
            ("nested:6", "ORDER/NUMBER"),
            ("nested:x/1", "order is not"),
            ("nested:6/-1", "nested number"),
            ("nested:6/49152", "does not exist"),
            ("nested:30/0", "order 30"),
            ("nested:300/0", "order 300"),
            ("packed:-5", "unsigned"),
            ("packed:6", "packed word 6"),
        ] {
            let error = text.parse::<Cell>().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn a_boundary_across_the_antimeridian_is_not_torn() {
        let cell = Cell::at(LonLat::degrees(179.999, -75.0).unwrap(), order(5), Latitude::Spherical).unwrap();
        let centre = cell.centre().lon();
        let outline = cell.boundary(4, Latitude::Authalic);
        assert_eq!(outline.len(), 16);
        assert!(outline.iter().all(|p| (p.lon() - centre).abs() < 20.0));
        // counter-clockwise: positive area
        let twice: f64 = (0..16)
            .map(|i| (outline[i], outline[(i + 1) % 16]))
            .map(|(a, b)| a.lon() * b.lat() - b.lon() * a.lat())
            .sum();
        assert!(twice > 0.0);
        assert_eq!(cell.boundary(0, Latitude::Spherical).len(), 4);
    }
}
