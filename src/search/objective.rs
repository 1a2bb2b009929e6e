//! What a set of parameters is worth: one number out of its metrics, larger being better.
//!
//! objective = Σ weight · metric − Σ penalties. With `parts` each metric is first taken in so many equal, consecutive parts of the span, and
//! stands for their mean less `part_sds` standard deviations (ddof 1): what earned in one part alone scores low. An undefined metric leaves
//! the objective undefined, which is worse than any number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result, suggest},
    stats::{
        key::METRIC_KEYS,
        moments::{mean, sd},
    },
};

/// What a trial's metrics are read from.
pub trait Measured {
    /// The metric over the whole span; `None` where it is undefined.
    fn metric(&self, key: &str) -> Option<f64>;

    /// The metric in each of `count` equal, consecutive parts of the span.
    fn parts(&self, key: &str, count: usize) -> Vec<Option<f64>>;
}

/// Metrics of which less is better: a search for the most of them is a slip of the pen.
const SMALLER_IS_BETTER: [&str; 7] =
    ["max_drawdown_fraction", "max_drawdown_bars", "ulcer_index", "var_95", "cvar_95", "costs_total", "ambiguous_bar_fraction"];

/// What to look for.
///
/// ```
/// use cthulu_lab::search::{Measured, Objective};
/// struct Fixed;
/// impl Measured for Fixed {
///     fn metric(&self, key: &str) -> Option<f64> { Some(if key == "trades" { 15.0 } else { 1.2 }) }
///     fn parts(&self, _: &str, _: usize) -> Vec<Option<f64>> { vec![Some(1.0), Some(3.0)] }
/// }
/// assert_eq!(Objective::of("sharpe").value(&Fixed), Some(1.2));
/// let robust = Objective { parts: Some(2), ..Objective::of("sharpe") };
/// assert_eq!(robust.value(&Fixed), Some(2.0 - std::f64::consts::SQRT_2));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Weight by metric key.
    pub metrics: BTreeMap<String, f64>,
    /// How many standard deviations over the parts are taken off their mean; 1 where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_sds: Option<f64>,
    /// Into how many parts the span is cut; the whole span is measured at once where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<usize>,
    /// What is taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub penalties: Vec<Penalty>,
}

/// Taken off for a metric on the wrong side of a limit: `weight` · distance / |limit|.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// Its key.
    pub metric: String,
    /// It costs to lie above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// It costs to lie below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// What the whole limit's distance costs, in the objective's unit.
    #[serde(default = "one")]
    pub weight: f64,
}

const fn one() -> f64 {
    1.0
}

impl Objective {
    /// The most of one metric.
    #[must_use]
    pub fn of(metric: &str) -> Self {
        Self { metrics: BTreeMap::from([(metric.to_owned(), 1.0)]), part_sds: None, parts: None, penalties: Vec::new() }
    }

    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown metric, a weight that looks for more of what should be less, a penalty without exactly one limit, and
    /// numbers out of range.
    pub fn check(&self) -> Result<()> {
        let wrong = |key: &str, problem: String| Err(Error::config(format!("search.objective{key}"), problem));
        if self.metrics.is_empty() {
            return wrong("", "names no metric; write \"sharpe\", or { metrics = { sharpe = 1.0 } }".into());
        }
        for (name, weight) in &self.metrics {
            known(name)?;
            if !weight.is_finite() || *weight == 0.0 {
                return wrong("", format!("the weight {weight} of {name} is not a number other than 0"));
            }
            if *weight > 0.0 && SMALLER_IS_BETTER.contains(&name.as_str()) {
                return wrong("", format!("less of {name} is better; write {{ metrics = {{ {name} = -1.0 }} }}"));
            }
        }
        if self.parts.is_some_and(|parts| !(2..=1000).contains(&parts)) {
            return wrong(
                ".parts",
                format!("{} is not from 2 to 1000; leave it out to measure the span as one", self.parts.unwrap_or_default()),
            );
        }
        if let Some(sds) = self.part_sds {
            if self.parts.is_none() {
                return wrong(".part_sds", "means nothing without parts; add parts = 4".into());
            }
            if !(sds.is_finite() && sds >= 0.0) {
                return wrong(".part_sds", format!("{sds} is not a number of 0 or more"));
            }
        }
        self.penalties.iter().try_for_each(Penalty::check)
    }

    /// The objective of a trial; `None` where a metric that it needs is undefined.
    #[must_use]
    pub fn value(&self, measured: &dyn Measured) -> Option<f64> {
        let mut total = 0.0;
        for (name, weight) in &self.metrics {
            let metric = match self.parts {
                None => measured.metric(name)?,
                Some(count) => {
                    let parts: Vec<f64> = measured.parts(name, count).into_iter().collect::<Option<_>>()?;
                    mean(&parts)? - self.part_sds.unwrap_or(1.0) * sd(&parts)?
                }
            };
            total += weight * metric;
        }
        for penalty in &self.penalties {
            total -= penalty.of(measured.metric(&penalty.metric)?);
        }
        total.is_finite().then_some(total)
    }
}

impl Penalty {
    fn check(&self) -> Result<()> {
        known(&self.metric)?;
        let wrong = |problem: String| Err(Error::config(format!("search.objective.penalties, {}", self.metric), problem));
        let limit = match (self.above, self.below) {
            (Some(limit), None) | (None, Some(limit)) => limit,
            _ => return wrong("a penalty has one limit, above or below".into()),
        };
        if !limit.is_finite() || limit == 0.0 {
            return wrong(format!("the limit {limit} is not a number other than 0: distances are counted in it"));
        }
        if !(self.weight.is_finite() && self.weight > 0.0) {
            return wrong(format!("the weight {} is not a number above 0", self.weight));
        }
        Ok(())
    }

    fn of(&self, metric: f64) -> f64 {
        let over = self.above.map_or(0.0, |limit| (metric - limit) / limit.abs());
        let under = self.below.map_or(0.0, |limit| (limit - metric) / limit.abs());
        self.weight * (over + under).max(0.0)
    }
}

/// Refuses the name of no metric.
fn known(name: &str) -> Result<()> {
    if METRIC_KEYS.contains(&name) {
        return Ok(());
    }
    Err(Error::config("search.objective", format!("there is no metric '{name}'{}", suggest(name, METRIC_KEYS))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metrics by name; every part has the metric times its number.
    struct Given(&'static [(&'static str, f64)]);

    impl Measured for Given {
        fn metric(&self, key: &str) -> Option<f64> {
            self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
        }

        fn parts(&self, key: &str, count: usize) -> Vec<Option<f64>> {
            (1..=count).map(|i| self.metric(key).map(|value| value * i as f64)).collect()
        }
    }

    const TRIAL: Given = Given(&[("sharpe", 1.5), ("calmar", 2.0), ("trades", 12.0), ("max_drawdown_fraction", 0.3)]);

    fn objective(text: &str) -> Objective {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn weights_add_and_penalties_take_off() {
        let both = objective("metrics = { sharpe = 1.0, calmar = 0.5, max_drawdown_fraction = -2.0 }");
        // 1.5 + 0.5 · 2 − 2 · 0.3
        assert!((both.value(&TRIAL).unwrap() - 1.9).abs() < 1e-12);
        let few = objective(
            "metrics = { sharpe = 1.0 }\npenalties = [{ metric = 'trades', below = 30 }, { metric = 'max_drawdown_fraction', above = 0.25, weight = 2 }]",
        );
        // 1.5 − (30 − 12) / 30 − 2 · (0.3 − 0.25) / 0.25 = 1.5 − 0.6 − 0.4
        assert!((few.value(&TRIAL).unwrap() - 0.5).abs() < 1e-12);
        let many = Given(&[("sharpe", 1.5), ("trades", 90.0), ("max_drawdown_fraction", 0.1)]);
        assert_eq!(few.value(&many), Some(1.5), "the right side of a limit costs nothing");
    }

    #[test]
    fn parts_take_off_what_differs_between_them() {
        let robust = objective("metrics = { sharpe = 1.0 }\nparts = 3\npart_sds = 2.0");
        // 1.5, 3, 4.5: mean 3, standard deviation 1.5; 3 − 2 · 1.5 = 0.
        assert!(robust.value(&TRIAL).unwrap().abs() < 1e-12);
        assert_eq!(objective("metrics = { sortino = 1.0 }\nparts = 3").value(&TRIAL), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let told = |text: &str| objective(text).check().unwrap_err().to_string();
        assert!(told("metrics = { sharp = 1.0 }").contains("did you mean 'sharpe'?"));
        assert!(told("metrics = { ulcer_index = 1.0 }").contains("{ metrics = { ulcer_index = -1.0 } }"));
        assert!(told("metrics = {}").contains("names no metric"));
        assert!(told("metrics = { sharpe = 1.0 }\nparts = 1").contains("from 2"));
        assert!(told("metrics = { sharpe = 1.0 }\npart_sds = 1").contains("add parts"));
        assert!(told("metrics = { sharpe = 1.0 }\npenalties = [{ metric = 'trades' }]").contains("one limit"));
        assert!(told("metrics = { sharpe = 1.0 }\npenalties = [{ metric = 'trades', below = 0 }]").contains("other than 0"));
        assert!(objective("metrics = { sharpe = 1.0 }\npenalties = [{ metric = 'trades', below = 30 }]").check().is_ok());
    }
}
