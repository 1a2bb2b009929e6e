//! A value that changes at known moments and holds in between: a rate, a spread, a state.

use crate::time::Nanos;

/// Values by the moment from which each holds.
///
/// ```
/// use cthulu_lab::{market::Steps, time::Nanos};
/// let steps = Steps::new(vec![(Nanos(10), 1.5), (Nanos(20), 2.5)]);
/// assert_eq!((steps.at(Nanos(9)), steps.at(Nanos(10)), steps.at(Nanos(25))), (None, Some(1.5), Some(2.5)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    from: Vec<Nanos>,
    value: Vec<f64>,
}

impl Steps {
    /// Steps in any order; of several at one moment the last counts.
    #[must_use]
    pub fn new(mut steps: Vec<(Nanos, f64)>) -> Self {
        steps.sort_by_key(|(from, _)| *from);
        let mut all = Self::default();
        for (from, value) in steps {
            if all.from.last() == Some(&from) {
                all.value.pop();
            } else {
                all.from.push(from);
            }
            all.value.push(value);
        }
        all
    }

    /// The value that holds at a moment; `None` before the first.
    #[must_use]
    pub fn at(&self, at: Nanos) -> Option<f64> {
        self.value.get(self.index_at(at)?).copied()
    }

    /// The largest value that holds anywhere from `from` up to, and without, `to`; `None` before the first step.
    #[must_use]
    pub fn largest(&self, from: Nanos, to: Nanos) -> Option<f64> {
        let first = self.index_at(from).unwrap_or(0);
        let within = self.from[first..].iter().take_while(|start| **start < to.max(from.plus(1))).count();
        self.value[first..first + within].iter().copied().reduce(f64::max)
    }

    /// The moments of change, ascending.
    #[must_use]
    pub fn from(&self) -> &[Nanos] {
        &self.from
    }

    /// The value from each of them on.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.value
    }

    fn index_at(&self, at: Nanos) -> Option<usize> {
        self.from.partition_point(|from| *from <= at).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_one_moment_counts_and_order_does_not_matter() {
        let steps = Steps::new(vec![(Nanos(20), 2.0), (Nanos(10), 1.0), (Nanos(20), 3.0)]);
        assert_eq!((steps.from(), steps.values()), (&[Nanos(10), Nanos(20)][..], &[1.0, 3.0][..]));
    }

    #[test]
    fn the_largest_is_taken_over_half_open_spans() {
        let steps = Steps::new(vec![(Nanos(0), 1.0), (Nanos(10), 5.0), (Nanos(12), 2.0)]);
        let cases = [(0, 10, Some(1.0)), (0, 11, Some(5.0)), (11, 20, Some(5.0)), (12, 20, Some(2.0)), (5, 5, Some(1.0))];
        for (from, to, largest) in cases {
            assert_eq!(steps.largest(Nanos(from), Nanos(to)), largest, "{from}..{to}");
        }
        assert_eq!(steps.largest(Nanos(-5), Nanos(0)), None);
        assert_eq!(Steps::default().largest(Nanos(0), Nanos(9)), None);
    }
}
