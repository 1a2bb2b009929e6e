//! One parameter of a space: the values it may take, and where each lies between 0 and 1.
//!
//! Every optimiser works on the unit interval; what a coordinate means is decided here alone. A parameter with a finite number of values
//! gives each an equal share of the interval (in the logarithm where it asks for that), so no value is favoured by rounding.

use crate::{
    error::{Error, Result},
    rule::Condition,
};

/// A named parameter and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// The parameter.
    pub name: String,
    /// What it may be.
    pub kind: Kind,
    /// When it matters; elsewhere it is absent from the point. Always, where there is none.
    pub when: Option<Condition>,
}

/// The values of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `min`, `min + step`, … up to `max`; drawn evenly in the logarithm where `log`.
    Steps {
        /// The first value.
        min: f64,
        /// No value lies above.
        max: f64,
        /// From one value to the next, above 0.
        step: f64,
        /// Whether small values are drawn as often as large ones per doubling; needs `min` above 0.
        log: bool,
    },
    /// Any number from `min` to `max`; drawn evenly in the logarithm where `log`.
    Float {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
        /// As above.
        log: bool,
    },
    /// These values, of which neighbours in the list are alike.
    Values(Vec<f64>),
    /// These values, none of which is more like one than another.
    Categories(Vec<f64>),
}

/// Half a step of slack, so that `max` itself is a value despite rounding.
const SLACK: f64 = 1e-9;

/// More values than any search tries are as good as a continuum, and counts stay exact.
const MOST_VALUES: f64 = 1e9;

impl Dimension {
    /// A parameter that always matters.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, when: None }
    }

    /// Refuses values that contradict each other, with what to write instead.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |problem: String| Err(Error::config(format!("search.space.{}", self.name), problem));
        match &self.kind {
            Kind::Steps { min, max, step, log } => {
                if !(min.is_finite() && max.is_finite() && step.is_finite()) {
                    return wrong("every number must be finite".into());
                }
                if *step <= 0.0 {
                    return wrong(format!("step {step} must be above 0; leave it out for any number between min and max"));
                }
                if (max - min) / step > MOST_VALUES {
                    return wrong(format!("{min} to {max} by {step} are more than a thousand million values; use a larger step"));
                }
                check_range(*min, *max, *log).or_else(wrong)
            }
            Kind::Float { min, max, log } => check_range(*min, *max, *log).or_else(wrong),
            Kind::Values(values) | Kind::Categories(values) => {
                if values.is_empty() {
                    return wrong("the list of values is empty; name at least one".into());
                }
                if let Some(value) = values.iter().find(|v| !v.is_finite()) {
                    return wrong(format!("{value} is no finite number"));
                }
                match (1..values.len()).find(|i| values[..*i].contains(&values[*i])) {
                    Some(twice) => wrong(format!("{} stands in the list twice; name each value once", values[twice])),
                    None => Ok(()),
                }
            }
        }
    }
}

fn check_range(min: f64, max: f64, log: bool) -> std::result::Result<(), String> {
    if !(min.is_finite() && max.is_finite()) {
        return Err("every number must be finite".into());
    }
    if min > max {
        return Err(format!("min {min} lies above max {max}; exchange them"));
    }
    if log && min <= 0.0 {
        return Err(format!("log = true needs a min above 0, and this is {min}"));
    }
    Ok(())
}

impl Kind {
    /// How many values there are; `None` for a continuum.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Steps { min, max, step, .. } => Some(((max - min) / step + SLACK) as usize + 1),
            Self::Float { min, max, .. } => (min == max).then_some(1),
            Self::Values(values) | Self::Categories(values) => Some(values.len()),
        }
    }

    /// Whether no value is nearer to one than to another.
    #[must_use]
    pub const fn is_categorical(&self) -> bool {
        matches!(self, Self::Categories(_))
    }

    /// The value of index `i`, below [`count`](Self::count).
    pub(super) fn at(&self, i: usize) -> f64 {
        match self {
            Self::Steps { min, step, .. } => stepped(*min, *step, i),
            Self::Float { min, .. } => *min,
            Self::Values(values) | Self::Categories(values) => values[i],
        }
    }

    /// The value at `unit`, which is held to 0..1.
    #[must_use]
    pub fn value(&self, unit: f64) -> f64 {
        match self {
            Self::Float { min, max, .. } if min == max => *min,
            Self::Float { min, max, log: false } => (min + unit.clamp(0.0, 1.0) * (max - min)).clamp(*min, *max),
            // The ends are exact: a logarithm there and back is not.
            Self::Float { min, log: true, .. } if unit <= 0.0 => *min,
            Self::Float { max, log: true, .. } if unit >= 1.0 => *max,
            Self::Float { min, max, log: true } => {
                let (low, high) = (libm::log(*min), libm::log(*max));
                libm::exp(low + unit * (high - low)).clamp(*min, *max)
            }
            _ => self.at(self.index(unit).expect("only a continuum has no index")),
        }
    }

    /// Which of the values lies at `unit`; `None` for a continuum.
    #[must_use]
    pub fn index(&self, unit: f64) -> Option<usize> {
        let count = self.count()?;
        let unit = unit.clamp(0.0, 1.0);
        let index = match self {
            Self::Steps { min, step, log: true, .. } => {
                let (low, high) = self.log_edges(count);
                ((libm::exp(low + unit * (high - low)) - min) / step).round().max(0.0) as usize
            }
            _ => (unit * count as f64) as usize,
        };
        Some(index.min(count - 1))
    }

    /// The middle of the share of value `i`: its coordinate.
    #[must_use]
    pub fn unit(&self, i: usize) -> f64 {
        let count = self.count().unwrap_or(1);
        match self {
            Self::Steps { log: true, .. } => {
                let (low, high) = self.log_edges(count);
                (libm::log(self.at(i)) - low) / (high - low)
            }
            _ => (i as f64 + 0.5) / count as f64,
        }
    }

    /// The logarithms half a step outside the first and last value.
    fn log_edges(&self, count: usize) -> (f64, f64) {
        let Self::Steps { min, step, .. } = self else { return (0.0, 1.0) };
        (libm::log((min - step / 2.0).max(min / 2.0)), libm::log(self.at(count - 1) + step / 2.0))
    }
}

/// `min + i · step` as a person would write it: 0.1 three times over is 0.3.
fn stepped(min: f64, step: f64, i: usize) -> f64 {
    let raw = min + i as f64 * step;
    if min.fract() == 0.0 && step.fract() == 0.0 {
        return raw;
    }
    let written: f64 = format!("{raw:.11e}").parse().unwrap_or(raw);
    // A sum that cancels to almost nothing is nothing.
    if written.abs() < step * SLACK { 0.0 } else { written }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(min: f64, max: f64, step: f64, log: bool) -> Kind {
        Kind::Steps { min, max, step, log }
    }

    #[test]
    fn steps_reach_the_last_value_and_no_further() {
        assert_eq!(steps(5.0, 40.0, 1.0, false).count(), Some(36));
        assert_eq!(steps(5.0, 40.0, 10.0, false).count(), Some(4), "5, 15, 25, 35");
        let tenths = steps(0.1, 0.7, 0.1, false);
        assert_eq!((0..7).map(|i| tenths.at(i)).collect::<Vec<_>>(), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
        assert_eq!(steps(-0.3, 0.3, 0.1, false).at(3), 0.0);
    }

    #[test]
    fn every_value_has_an_equal_share() {
        let kind = Kind::Values(vec![5.0, 10.0, 20.0, 50.0]);
        assert_eq!([0.0, 0.24, 0.25, 0.5, 0.99, 1.0].map(|u| kind.value(u)), [5.0, 5.0, 10.0, 20.0, 50.0, 50.0]);
    }

    #[test]
    fn a_coordinate_leads_back_to_its_value() {
        for kind in
            [steps(2.0, 200.0, 1.0, false), steps(1.0, 500.0, 3.0, true), steps(0.5, 8.0, 0.25, true), Kind::Categories(vec![3.0, 1.0])]
        {
            for i in 0..kind.count().unwrap() {
                assert_eq!(kind.index(kind.unit(i)), Some(i), "{kind:?} {i}");
            }
        }
    }

    #[test]
    fn a_logarithmic_range_spends_the_same_share_on_each_decade() {
        let kind = Kind::Float { min: 0.001, max: 1.0, log: true };
        assert!((kind.value(1.0 / 3.0) - 0.01).abs() < 1e-12 && (kind.value(2.0 / 3.0) - 0.1).abs() < 1e-12);
        assert_eq!((kind.value(0.0), kind.value(1.0)), (0.001, 1.0));
        // 1 to 99 in whole steps: half of the coordinates lie below the geometric middle of 0.5 and 99.5, which is 7.05.
        assert_eq!(steps(1.0, 99.0, 1.0, true).value(0.5), 7.0);
    }

    #[test]
    fn contradictions_are_named() {
        let told = |kind| Dimension::new("n", kind).check().unwrap_err().to_string();
        assert_eq!(told(steps(9.0, 5.0, 1.0, false)), "search.space.n: min 9 lies above max 5; exchange them");
        assert!(told(steps(0.0, 5.0, 1.0, true)).contains("needs a min above 0"));
        assert!(told(steps(0.0, 5.0, 0.0, false)).contains("above 0"));
        assert!(told(Kind::Values(vec![])).contains("empty"));
        assert!(told(Kind::Categories(vec![1.0, 2.0, 1.0])).contains("twice"));
        assert!(told(Kind::Float { min: 0.0, max: f64::INFINITY, log: false }).contains("finite"));
    }
}
