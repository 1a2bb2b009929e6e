//! The space: its parameters, what must hold between them, and the points in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::dimension::{Dimension, Kind};
use crate::{
    error::{Error, Result},
    rule::Condition,
};

/// Values by parameter name. A parameter whose `when` does not hold is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Point(BTreeMap<String, f64>);

impl Point {
    /// The values, as a strategy takes them.
    #[must_use]
    pub const fn params(&self) -> &BTreeMap<String, f64> {
        &self.0
    }

    /// The value of a parameter; `None` where it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

impl From<BTreeMap<String, f64>> for Point {
    fn from(values: BTreeMap<String, f64>) -> Self {
        Self(values)
    }
}

/// What a search may try.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    dimensions: Vec<Dimension>,
    constraints: Vec<Condition>,
    fixed: BTreeMap<String, f64>,
}

impl Space {
    /// A space of `dimensions`, of which the points that break no constraint are tried. `fixed` has the values of the parameters that the
    /// search leaves alone, and those that stand where a conditional parameter is absent; constraints may read them.
    ///
    /// # Errors
    /// [`Error::Config`] for a space without parameters, a name used twice, a range that contradicts itself, and a condition that reads what
    /// nobody knows or another conditional parameter.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use cthulu_lab::{rule::Condition, search::{Dimension, Kind, Space}};
    /// let bars = |name: &str, min, max| Dimension::new(name, Kind::Steps { min, max, step: 1.0, log: false });
    /// let known = BTreeMap::from([("fast".to_owned(), 5.0), ("slow".to_owned(), 9.0)]);
    /// let constraint = Condition::parse("fast < slow", "search.constraints", &known).unwrap();
    /// let space = Space::new(vec![bars("fast", 2.0, 9.0), bars("slow", 2.0, 9.0)], vec![constraint], BTreeMap::new()).unwrap();
    /// assert_eq!(space.grid_size(), Some(64));
    /// assert_eq!(space.point(&[0.0, 0.99]).params()["slow"], 9.0);
    /// assert!(!space.is_feasible(&space.point(&[0.99, 0.0])));
    /// ```
    pub fn new(dimensions: Vec<Dimension>, constraints: Vec<Condition>, fixed: BTreeMap<String, f64>) -> Result<Self> {
        if dimensions.is_empty() {
            return Err(Error::config("search.space", "there is no parameter to search; name at least one"));
        }
        let mut names = BTreeSet::new();
        for dimension in &dimensions {
            dimension.check()?;
            if !names.insert(dimension.name.as_str()) {
                return Err(Error::config("search.space", format!("the parameter '{}' stands there twice", dimension.name)));
            }
        }
        let is_conditional = |name: &str| dimensions.iter().any(|d| d.name == name && d.when.is_some());
        let is_known = |name: &str| names.contains(name) || fixed.contains_key(name);
        for when in dimensions.iter().filter_map(|d| d.when.as_ref()) {
            if let Some(name) = when.names().iter().find(|name| is_conditional(name)) {
                let problem =
                    format!("'{}' reads '{name}', which has a condition itself; use parameters that always have a value", when.text());
                return Err(Error::config("search.space", problem));
            }
        }
        for condition in constraints.iter().chain(dimensions.iter().filter_map(|d| d.when.as_ref())) {
            let valueless = |name: &&String| !is_known(name) || (is_conditional(name) && !fixed.contains_key(*name));
            if let Some(name) = condition.names().iter().find(valueless) {
                return Err(Error::config("search.space", format!("'{}' reads '{name}', which has no value", condition.text())));
            }
        }
        Ok(Self { dimensions, constraints, fixed })
    }

    /// The parameters, in the order of coordinates.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// What must hold.
    #[must_use]
    pub fn constraints(&self) -> &[Condition] {
        &self.constraints
    }

    /// How many points its grid has, those that break a constraint included; `None` where a parameter has a continuum of values, or the
    /// number passes all counting.
    #[must_use]
    pub fn grid_size(&self) -> Option<u64> {
        self.dimensions.iter().try_fold(1_u64, |product, d| product.checked_mul(d.kind.count()? as u64))
    }

    /// Whether a parameter is absent from some points.
    pub(super) fn is_conditional(&self) -> bool {
        self.dimensions.iter().any(|d| d.when.is_some())
    }

    /// The values at a place of the unit cube, in the order of the dimensions; `None` for what is absent there.
    pub(super) fn values(&self, unit: &[f64]) -> Vec<Option<f64>> {
        let mut values: Vec<Option<f64>> = self.dimensions.iter().zip(unit).map(|(d, u)| Some(d.kind.value(*u))).collect();
        if self.is_conditional() {
            let known = self.known(&values);
            for (value, dimension) in values.iter_mut().zip(&self.dimensions) {
                if dimension.when.as_ref().is_some_and(|when| !when.holds(&known)) {
                    *value = None;
                }
            }
        }
        values
    }

    /// Fixed values, with those given over them.
    fn known(&self, values: &[Option<f64>]) -> BTreeMap<String, f64> {
        let mut known = self.fixed.clone();
        let given = self.dimensions.iter().zip(values).filter_map(|(d, value)| Some((d.name.clone(), (*value)?)));
        known.extend(given);
        known
    }

    pub(super) fn named(&self, values: &[Option<f64>]) -> Point {
        let given = self.dimensions.iter().zip(values).filter_map(|(d, value)| Some((d.name.clone(), (*value)?)));
        Point(given.collect())
    }

    /// Whether values of [`values`](Self::values) break no constraint.
    pub(super) fn allows(&self, values: &[Option<f64>]) -> bool {
        self.constraints.is_empty() || {
            let known = self.known(values);
            self.constraints.iter().all(|constraint| constraint.holds(&known))
        }
    }

    /// The point at a place of the unit cube: one coordinate in 0..1 a dimension.
    #[must_use]
    pub fn point(&self, unit: &[f64]) -> Point {
        self.named(&self.values(unit))
    }

    /// Whether the point breaks no constraint.
    #[must_use]
    pub fn is_feasible(&self, point: &Point) -> bool {
        let mut known = self.fixed.clone();
        known.extend(point.0.iter().map(|(name, value)| (name.clone(), *value)));
        self.constraints.iter().all(|constraint| constraint.holds(&known))
    }

    /// Where a point lies in the unit cube; the middle for what is absent.
    pub(super) fn locate(&self, point: &Point) -> Vec<f64> {
        let place = |d: &Dimension| point.get(&d.name).map_or(0.5, |value| d.kind.place(value));
        self.dimensions.iter().map(place).collect()
    }
}

impl Kind {
    /// Where a value lies: the nearest one's share where there are steps or a list.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self {
            Self::Float { min, max, .. } if min == max => 0.5,
            Self::Float { min, max, log: false } => ((value - min) / (max - min)).clamp(0.0, 1.0),
            Self::Float { min, max, log: true } => {
                let (low, high) = (libm::log(*min), libm::log(*max));
                ((libm::log(value.max(*min)) - low) / (high - low)).clamp(0.0, 1.0)
            }
            Self::Steps { min, step, .. } => {
                let count = self.count().unwrap_or(1);
                self.unit((((value - min) / step).round().max(0.0) as usize).min(count - 1))
            }
            Self::Values(values) | Self::Categories(values) => {
                let nearest = (0..values.len()).min_by(|a, b| (values[*a] - value).abs().total_cmp(&(values[*b] - value).abs()));
                self.unit(nearest.unwrap_or(0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(name: &str, min: f64, max: f64) -> Dimension {
        Dimension::new(name, Kind::Steps { min, max, step: 1.0, log: false })
    }

    fn condition(text: &str, names: &[&str]) -> Condition {
        let known = names.iter().map(|name| ((*name).to_owned(), 1.0)).collect();
        Condition::parse(text, "search", &known).unwrap()
    }

    #[test]
    fn a_conditional_parameter_is_absent_where_its_condition_fails() {
        let trail = Dimension { when: Some(condition("mode == 1", &["mode"])), ..steps("trail", 1.0, 9.0) };
        let mode = Dimension::new("mode", Kind::Categories(vec![0.0, 1.0]));
        let fixed = BTreeMap::from([("trail".to_owned(), 5.0)]);
        let space = Space::new(vec![trail, mode], vec![condition("trail < 7", &["trail"])], fixed).unwrap();
        assert_eq!(space.point(&[0.99, 0.0]).params().keys().collect::<Vec<_>>(), ["mode"]);
        assert_eq!(space.point(&[0.99, 0.9]).get("trail"), Some(9.0));
        // Absent, its fixed 5 stands in the constraint; present, 9 breaks it.
        assert!(space.is_feasible(&space.point(&[0.99, 0.0])));
        assert!(!space.is_feasible(&space.point(&[0.99, 0.9])));
    }

    #[test]
    fn what_cannot_be_a_space_is_refused() {
        let told = |dimensions, constraints| Space::new(dimensions, constraints, BTreeMap::new()).unwrap_err().to_string();
        assert!(told(vec![], vec![]).contains("at least one"));
        assert!(told(vec![steps("n", 1.0, 2.0), steps("n", 1.0, 2.0)], vec![]).contains("twice"));
        assert!(told(vec![steps("n", 1.0, 2.0)], vec![condition("n < m", &["n", "m"])]).contains("'m', which has no value"));
        let a = Dimension { when: Some(condition("b > 1", &["b"])), ..steps("a", 1.0, 2.0) };
        let b = Dimension { when: Some(condition("n > 1", &["n"])), ..steps("b", 1.0, 2.0) };
        assert!(told(vec![a, b, steps("n", 1.0, 2.0)], vec![]).contains("a condition itself"));
    }

    #[test]
    fn a_point_lies_where_it_came_from() {
        let space = Space::new(
            vec![steps("n", 1.0, 4.0), Dimension::new("x", Kind::Float { min: 1.0, max: 100.0, log: true })],
            vec![],
            BTreeMap::new(),
        );
        let space = space.unwrap();
        let place = space.locate(&space.point(&[0.6, 0.5]));
        assert!((place[0] - 0.625).abs() < 1e-12 && (place[1] - 0.5).abs() < 1e-12, "{place:?}");
    }
}
