//! Orders that the user gives.
use crate::exit::CommandError;
use morton::Order;

/// A checked order.
pub fn order(order: u8) -> Result<Order, CommandError> {
    Order::new(order).map_err(CommandError::usage)
}
