//! Orders that the user gives.
use crate::exit::Failure;
use morton::Order;

/// A checked order.
pub(crate) fn order(order: u8) -> Result<Order, Failure> {
    Order::new(order).map_err(Failure::usage)
}
