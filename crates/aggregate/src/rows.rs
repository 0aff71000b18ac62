use crate::Error;

/// A batch of rows as parallel columns of one length.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    child: &'a [u32],
    value: &'a [f32],
    sigma: &'a [f32],
}

impl<'a> Rows<'a> {
    /// Takes three columns: index of the child within the parent, value, and sigma of the value (same unit).
    ///
    /// # Errors
    /// [`Error::UnequalColumns`] when the lengths differ.
    pub fn new(child: &'a [u32], value: &'a [f32], sigma: &'a [f32]) -> Result<Self, Error> {
        if child.len() != value.len() || child.len() != sigma.len() {
            return Err(Error::UnequalColumns { child: child.len(), value: value.len(), sigma: sigma.len() });
        }
        Ok(Self { child, value, sigma })
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.child.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.child.is_empty()
    }

    /// Child index of each row.
    #[must_use]
    pub fn child(&self) -> &'a [u32] {
        self.child
    }

    /// Value of each row.
    #[must_use]
    pub fn value(&self) -> &'a [f32] {
        self.value
    }

    /// Sigma of each row.
    #[must_use]
    pub fn sigma(&self) -> &'a [f32] {
        self.sigma
    }
}
