use resvg::usvg;

/// What can go wrong when a map is made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A picture size outside the bounds of [`Size`](crate::Size).
    #[error("a picture of {width} by {height} pixels: each side must have {min} to {max}")]
    Size {
        /// Pixels across that were asked for.
        width: u32,
        /// Pixels down that were asked for.
        height: u32,
        /// Fewest pixels a side.
        min: u32,
        /// Most pixels a side.
        max: u32,
    },
    /// Colour limits that are not finite and ascending.
    #[error("colour limits {low} to {high} are not finite and ascending")]
    Limits {
        /// Lower limit given.
        low: f64,
        /// Upper limit given.
        high: f64,
    },
    /// The document could not be read back for rasterising: a defect of this crate.
    #[error("the map is not valid SVG")]
    Svg(#[source] Box<usvg::Error>),
    /// The pixels could not be had or packed.
    #[error("no PNG: {0}")]
    Png(String),
    /// A text that is no size.
    #[error("`{0}`: write 1200x1000")]
    SizeText(String),
    /// A text that is no pair of limits.
    #[error("`{0}`: write 1200,1350.5")]
    LimitsText(String),
    /// Cells around both poles, which no map shows at once.
    #[error("the cells lie around both poles, and no map shows both")]
    BothPoles,
    /// A variable that has one value a cell where windows of time are needed.
    #[error("{0} has one value a cell: there are no windows of time to draw")]
    NoWindows(String),
    /// A table without variables.
    #[error("there are no variables")]
    NoVariables,
    /// The table has no such variable.
    #[error(transparent)]
    Table(#[from] stores::Error),
}
