//! A spread that is not the same at every hour: by session, and wider around the roll and the news.

use super::Steps;
use crate::time::Nanos;

/// How the spread changes with time.
#[derive(Clone, Debug, PartialEq)]
pub enum SpreadSchedule {
    /// Its width, in price units, in place of any other.
    Width(Steps),
    /// A multiple of the spread that holds otherwise.
    Multiple(Steps),
}

impl SpreadSchedule {
    /// The spread at a moment at which it would otherwise be `width`.
    #[must_use]
    pub fn at(&self, width: f64, at: Nanos) -> f64 {
        match self {
            Self::Width(steps) => steps.at(at).unwrap_or(width),
            Self::Multiple(steps) => width * steps.at(at).unwrap_or(1.0),
        }
    }

    /// The widest spread from `from` up to, and without, `to`.
    #[must_use]
    pub fn widest(&self, width: f64, from: Nanos, to: Nanos) -> f64 {
        match self {
            Self::Width(steps) => steps.largest(from, to).unwrap_or(width),
            Self::Multiple(steps) => width * steps.largest(from, to).unwrap_or(1.0),
        }
    }
}

/// Spans of time, each from its first moment up to, and without, its second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows(Vec<(Nanos, Nanos)>);

impl Windows {
    /// Spans in any order; those that meet or overlap become one.
    #[must_use]
    pub fn new(mut spans: Vec<(Nanos, Nanos)>) -> Self {
        spans.retain(|(from, to)| from < to);
        spans.sort_unstable();
        let mut joined: Vec<(Nanos, Nanos)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match joined.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }

    /// Whether a moment lies in one of them.
    #[must_use]
    pub fn contain(&self, at: Nanos) -> bool {
        let after = self.0.partition_point(|(from, _)| *from <= at);
        after.checked_sub(1).is_some_and(|index| at < self.0[index].1)
    }

    /// Every moment at which one begins or ends.
    pub fn edges(&self) -> impl Iterator<Item = Nanos> + '_ {
        self.0.iter().flat_map(|(from, to)| [*from, *to])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_meet_are_one() {
        let at = |ns: i64| Nanos(ns);
        let windows = Windows::new(vec![(at(30), at(40)), (at(10), at(20)), (at(15), at(30)), (at(50), at(50))]);
        assert_eq!(windows, Windows(vec![(at(10), at(40))]));
        assert_eq!([9, 10, 39, 40].map(|ns| windows.contain(at(ns))), [false, true, true, false]);
        assert_eq!(windows.edges().collect::<Vec<_>>(), [at(10), at(40)]);
    }

    #[test]
    fn a_width_takes_the_place_and_a_multiple_widens() {
        let steps = Steps::new(vec![(Nanos(10), 3.0), (Nanos(20), 2.0)]);
        let (width, multiple) = (SpreadSchedule::Width(steps.clone()), SpreadSchedule::Multiple(steps));
        assert_eq!([5, 10, 25].map(|ns| width.at(0.5, Nanos(ns))), [0.5, 3.0, 2.0]);
        assert_eq!([5, 10, 25].map(|ns| multiple.at(0.5, Nanos(ns))), [0.5, 1.5, 1.0]);
        assert_eq!((width.widest(0.5, Nanos(0), Nanos(30)), multiple.widest(0.5, Nanos(20), Nanos(30))), (3.0, 1.0));
    }
}
