//! What a sans-IO machine answers.
use crate::{ByteRange, Cost, coalesce};

/// One step of a machine that may lack bytes. Lacking bytes is a value, not an error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step<T> {
    /// These bytes must arrive before another step can get further: sorted, disjoint, none of them there yet.
    Need(Vec<ByteRange>),
    /// The answer.
    Done(T),
}

impl<T> Step<T> {
    /// Applies `f` to the answer, if there is one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Step<U> {
        match self {
            Self::Need(ranges) => Step::Need(ranges),
            Self::Done(value) => Step::Done(f(value)),
        }
    }

    /// Many steps as one: all their needs together, so that they travel together, or all their answers.
    ///
    /// # Errors
    /// The first error.
    pub fn all<E>(steps: impl IntoIterator<Item = Result<Self, E>>) -> Result<Step<Vec<T>>, E> {
        let mut answers = Vec::new();
        let mut needs = Vec::new();
        for step in steps {
            match step? {
                Self::Need(ranges) => needs.extend(ranges),
                Self::Done(answer) => answers.push(answer),
            }
        }
        Ok(if needs.is_empty() { Step::Done(answers) } else { Step::Need(coalesce(&needs, &Cost::EXACT)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_of_many_go_out_together() {
        let range = |start, end| ByteRange::new(start, end).unwrap();
        let steps = [Step::Need(vec![range(5, 9)]), Step::Done(1), Step::Need(vec![range(0, 6)])];
        assert_eq!(Step::all(steps.map(Ok::<_, ()>)), Ok(Step::Need(vec![range(0, 9)])));
        assert_eq!(Step::all([Ok(Step::Done(1)), Err("no")]), Err("no"));
        assert_eq!(Step::all([Ok::<_, ()>(Step::Done(1)), Ok(Step::Done(2))]), Ok(Step::Done(vec![1, 2])));
    }
}
