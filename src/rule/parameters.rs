//! A strategy's parameters: what each is by default, and what it may be.

use serde::Deserialize;

/// One parameter: its default and its range, which is also what a search draws from.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in the expressions.
    pub name: String,
    /// The value where none is given.
    pub default: f64,
    /// Smallest value allowed.
    pub min: Option<f64>,
    /// Largest value allowed.
    pub max: Option<f64>,
    /// Distance between the values a search tries; a whole step asks for whole values.
    pub step: Option<f64>,
    /// Whether a search draws evenly in the logarithm.
    pub log: bool,
    /// The only values allowed, where they are listed.
    pub values: Option<Vec<f64>>,
}

/// A parameter as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    default: f64,
    min: Option<f64>,
    max: Option<f64>,
    step: Option<f64>,
    #[serde(default)]
    log: bool,
    values: Option<Vec<f64>>,
}

impl Parameter {
    /// The parameter as written under that name, or what is wrong with it.
    pub(super) fn checked(name: &str, written: Written) -> Result<Self, String> {
        let Written { default, min, max, step, log, values } = written;
        let parameter = Self { name: name.to_owned(), default, min, max, step, log, values };
        let limits = [min, max, step, Some(default)].into_iter().flatten().chain(parameter.values.iter().flatten().copied());
        if limits.into_iter().any(|x| !x.is_finite()) {
            return Err("every number must be finite".into());
        }
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return Err(format!("min {min} lies above max {max}"));
        }
        if step.is_some_and(|step| step <= 0.0) {
            return Err(format!("step {} must be above 0", step.unwrap_or_default()));
        }
        if log && min.is_none_or(|min| min <= 0.0) {
            return Err("log = true needs a min above 0".into());
        }
        if parameter.values.as_ref().is_some_and(Vec::is_empty) {
            return Err("values must name at least one value".into());
        }
        parameter.check(default).map_err(|problem| format!("the default {problem}"))?;
        Ok(parameter)
    }

    /// Whether values between the whole numbers make no sense.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.step.is_some_and(|step| step.fract() == 0.0) && self.default.fract() == 0.0
    }

    /// Refuses a value outside the range, naming it.
    ///
    /// # Errors
    /// What is wrong with it, and what is allowed.
    pub fn check(&self, value: f64) -> Result<(), String> {
        let below = self.min.is_some_and(|min| value < min);
        let above = self.max.is_some_and(|max| value > max);
        if below || above || !value.is_finite() {
            return Err(format!("{value} is outside {}", self.range()));
        }
        if self.is_whole() && value.fract() != 0.0 {
            return Err(format!("{value} must be a whole number, {}", self.range()));
        }
        match &self.values {
            Some(values) if !values.contains(&value) => Err(format!("{value} is none of {values:?}")),
            _ => Ok(()),
        }
    }

    /// The range in words.
    #[must_use]
    pub fn range(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("{min} and above"),
            (None, Some(max)) => format!("{max} and below"),
            (None, None) => "any number".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<Parameter, String> {
        Parameter::checked("n", toml::from_str(text).unwrap())
    }

    #[test]
    fn contradictions_in_a_parameter_are_named() {
        for (text, part) in [
            ("default = 5\nmin = 6", "5 is outside 6 and above"),
            ("default = 5\nmin = 6\nmax = 4", "min 6 lies above max 4"),
            ("default = 5\nstep = 0", "step 0"),
            ("default = 5\nlog = true", "above 0"),
            ("default = 5\nvalues = [1, 2]", "none of"),
            ("default = nan", "finite"),
        ] {
            let problem = written(text).unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn a_whole_step_asks_for_whole_values() {
        let n = written("default = 14\nmin = 5\nmax = 40\nstep = 1").unwrap();
        assert!(n.check(20.0).is_ok());
        assert!(n.check(20.5).unwrap_err().contains("whole"));
        assert_eq!(n.check(50.0).unwrap_err(), "50 is outside 5 to 40");
    }
}
