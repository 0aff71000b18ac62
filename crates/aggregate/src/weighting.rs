/// What the rows of a cell weigh in its mean, with values `v`, sigmas `s`, weights `w` and `n` rows. Nothing but the mean
/// and its sigma depends on it. A row without a sigma (NaN) leaves its cell without the sigma of the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Weighting {
    /// `1 / s^2`: mean `sum(v / s^2) / sum(1 / s^2)`, sigma `1 / sqrt(sum(1 / s^2))`. A row without a sigma leaves its cell
    /// without the mean too.
    #[default]
    InverseVariance,
    /// A column of weights: mean `sum(w v) / sum(w)`, sigma `sqrt(sum(w^2 s^2)) / sum(w)`. A row without a weight (NaN)
    /// leaves its cell without both.
    Given,
    /// All rows the same: mean `sum(v) / n`, sigma `sqrt(sum(s^2)) / n`.
    Equal,
}
