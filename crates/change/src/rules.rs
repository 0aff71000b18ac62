//! What a trend must have to be given.

/// When a cell's trend is given, and whether blunders are edited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeRules {
    /// Fewest overpasses (5).
    pub min_overpasses: u32,
    /// Shortest time between the first and the last overpass, years (0.5).
    pub min_span: f64,
    /// Greatest rmse of the rows about the fit, metres (no limit).
    pub max_rmse: Option<f64>,
    /// Whether overpasses far off all others are dropped (they are).
    pub edit: bool,
}

impl Default for ChangeRules {
    fn default() -> Self {
        Self { min_overpasses: 5, min_span: 0.5, max_rmse: None, edit: true }
    }
}
