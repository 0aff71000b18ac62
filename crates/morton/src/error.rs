//! What can be wrong with an order, a cell, a label or a coordinate.

use std::fmt;

/// Why a value was refused. Every variant carries the value, so the message can be shown as it is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// An order above 29, the finest that nested `u64` numbers and packed words can hold.
    Order(u32),
    /// A nested number not below the number of cells of its order.
    Nested {
        /// The order asked for.
        order: u8,
        /// The number that does not exist there.
        nested: u64,
    },
    /// A decimal morton id that breaks the rule named in `why` (docs/cells.md, "Decimal morton id").
    Decimal {
        /// The id.
        id: i64,
        /// The rule it breaks.
        why: &'static str,
    },
    /// A cell too fine for a decimal id, which ends at order 18.
    TooFineForDecimal(u8),
    /// A packed word that breaks the rule named in `why` (docs/cells.md, "Packed word").
    Packed {
        /// The word.
        word: u64,
        /// The rule it breaks.
        why: &'static str,
    },
    /// A parent asked for at a finer order, or children at a coarser one.
    Relation {
        /// The order of the cell.
        from: u8,
        /// The order asked for.
        to: u8,
        /// `"parent"` or `"child"`.
        what: &'static str,
    },
    /// Children too many levels below their parent for a `u32` child number.
    TooDeep {
        /// The order of the parent.
        parent: u8,
        /// The order of the children.
        child: u8,
    },
    /// A coordinate that is not finite or out of range, in degrees.
    Coordinate {
        /// `"longitude"` or `"latitude"`.
        what: &'static str,
        /// The value.
        value: f64,
    },
    /// Slices that must have one length have several.
    Length {
        /// Number of longitudes.
        lon: usize,
        /// Number of latitudes.
        lat: usize,
        /// Room for results.
        out: usize,
    },
    /// Text that is not a cell.
    Text {
        /// The text.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Text that names no latitude convention.
    Latitude(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(order) => write!(f, "order {order} is not in 0..=29"),
            Self::Nested { order, nested } => {
                write!(f, "nested {nested} does not exist at order {order} (12 * 4^{order} cells)")
            }
            Self::Decimal { id, why } => write!(f, "decimal morton id {id}: {why}"),
            Self::TooFineForDecimal(order) => write!(f, "order {order} has no decimal morton id (orders 0..=18 have)"),
            Self::Packed { word, why } => write!(f, "packed word {word}: {why}"),
            Self::Relation { from, to, what } => write!(f, "a cell of order {from} has no {what} of order {to}"),
            Self::TooDeep { parent, child } => {
                write!(f, "children of order {child} are more than 15 levels below their parent of order {parent}")
            }
            Self::Coordinate { what, value } => write!(f, "{what} {value} is not finite or out of range"),
            Self::Length { lon, lat, out } => {
                write!(f, "{lon} longitudes, {lat} latitudes and room for {out} results must be equally many")
            }
            Self::Text { text, why } => write!(f, "`{text}` is not a cell: {why}"),
            Self::Latitude(text) => write!(f, "`{text}` is not a latitude convention: use `spherical` or `authalic`"),
        }
    }
}

impl std::error::Error for Error {}
