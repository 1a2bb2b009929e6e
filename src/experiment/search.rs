//! `[search]`: which parameters to try and how, checked against what the strategies allow.
//!
//! A key that is absent stays absent in the manifest. A range takes what it leaves out from the strategy's own, and may only be narrower.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    error::{Error, Result, suggest},
    rule::{Condition, Parameter, StrategyFile},
    search::{Choose, Dimension, Kind, Method, Objective, Plan, Space},
    seed::Seed,
};

/// Trials where the file names no number.
const TRIALS: usize = 200;

/// The `[search]` section as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSpec {
    /// Points evaluated at once by an optimiser that learns from each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// How the winner is chosen among the trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<Choose>,
    /// Rule expressions on parameters that must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// The optimiser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// A metric to have the most of, or a table of weights and penalties.
    #[serde(default, deserialize_with = "objective", skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// The parameters to try; every parameter with a range where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<BTreeMap<String, RangeSpec>>,
    /// Points to evaluate; a grid ignores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<usize>,
}

/// What a parameter may be in a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeSpec {
    /// Only these values, none of which is more like one than another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<f64>>,
    /// Whether to draw evenly in the logarithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<bool>,
    /// Greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// From one value to the next; 0 for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Only these values, neighbours in the list being alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<f64>>,
    /// A rule expression on other parameters: where it fails, this one is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// A metric's name, or the table.
fn objective<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Objective>, D::Error> {
    struct Either;
    impl<'de> de::Visitor<'de> for Either {
        type Value = Objective;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a metric such as \"sharpe\", or a table such as { metrics = { sharpe = 1.0 } }")
        }
        fn visit_str<E: de::Error>(self, metric: &str) -> std::result::Result<Objective, E> {
            Ok(Objective::of(metric))
        }
        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> std::result::Result<Objective, A::Error> {
            Objective::deserialize(de::value::MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_any(Either).map(Some)
}

impl SearchSpec {
    /// The objective, checked; the Sharpe ratio where none is named.
    ///
    /// # Errors
    /// As [`Objective::check`].
    pub fn objective(&self) -> Result<Objective> {
        let objective = self.objective.clone().unwrap_or_else(|| Objective::of("sharpe"));
        objective.check()?;
        Ok(objective)
    }

    /// How to search, from the seed of the search.
    ///
    /// # Errors
    /// [`Error::Config`] for a batch or a number of trials of 0, and a batch where the method has its own.
    pub fn plan(&self, seed: Seed) -> Result<Plan> {
        for (key, number) in [("batch", self.batch), ("trials", self.trials)] {
            if number == Some(0) {
                return Err(Error::config(format!("search.{key}"), "0 does nothing; use 1 or more"));
            }
        }
        if let Some(method) = self.method.filter(|method| self.batch.is_some() && *method != Method::Tpe) {
            let name = serde_json::to_value(method).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
            let problem = format!("means nothing with method = \"{name}\", which asks for as many sets at once as it needs; leave it out");
            return Err(Error::config("search.batch", problem));
        }
        let plan = Plan::new(self.method.unwrap_or_default(), self.trials.unwrap_or(TRIALS), seed);
        Ok(Plan { batch: self.batch.unwrap_or(plan.batch), choose: self.choose.unwrap_or_default(), ..plan })
    }

    /// The space, its parameters in the order of the strategies' files. Of several strategies one that has a parameter lends its range.
    ///
    /// # Errors
    /// [`Error::Config`] for a parameter that no strategy has, a range wider than the strategy's or none at all, and a condition that does
    /// not read; each names its key.
    pub fn space(&self, files: &[&StrategyFile]) -> Result<Space> {
        let mut known: Vec<&Parameter> = Vec::new();
        let mut fixed = BTreeMap::new();
        for file in files {
            for parameter in file.parameters() {
                if !known.iter().any(|p| p.name == parameter.name) {
                    known.push(parameter);
                    fixed.insert(parameter.name.clone(), file.values()[&parameter.name]);
                }
            }
        }
        let names = || known.iter().map(|p| p.name.as_str());
        if let Some(unknown) = self.space.iter().flatten().map(|(name, _)| name).find(|name| !names().any(|known| known == *name)) {
            let problem = format!("no strategy here has such a parameter{}", suggest(unknown, names().collect::<BTreeSet<_>>()));
            return Err(Error::config(format!("search.space.{unknown}"), problem));
        }
        let dimensions = known.iter().filter_map(|parameter| self.dimension(parameter, &fixed).transpose()).collect::<Result<Vec<_>>>()?;
        let read = |text: &String| Condition::parse(text, "search.constraints", &fixed);
        let constraints = self.constraints.iter().map(read).collect::<Result<Vec<_>>>()?;
        if dimensions.is_empty() {
            let problem = "no parameter of the strategy has a range; name them here, as in { fast = { min = 5, max = 50, step = 1 } }";
            return Err(Error::config("search.space", problem));
        }
        Space::new(dimensions, constraints, fixed)
    }

    /// The parameter's place in the space; `None` where it is left alone.
    fn dimension(&self, parameter: &Parameter, fixed: &BTreeMap<String, f64>) -> Result<Option<Dimension>> {
        let place = format!("search.space.{}", parameter.name);
        let whole = RangeSpec::default();
        let range = match &self.space {
            Some(space) => match space.get(&parameter.name) {
                Some(range) => range,
                None => return Ok(None),
            },
            None if parameter.values.is_none() && (parameter.min.is_none() || parameter.max.is_none()) => return Ok(None),
            None => &whole,
        };
        let kind = range.kind(parameter).map_err(|problem| Error::config(&place, problem))?;
        let when = range.when.as_ref().map(|text| Condition::parse(text, &format!("{place}.when"), fixed)).transpose()?;
        Ok(Some(Dimension { name: parameter.name.clone(), kind, when }))
    }
}

impl RangeSpec {
    /// The values, what is left out being the strategy's; each of them one that the strategy takes.
    fn kind(&self, parameter: &Parameter) -> std::result::Result<Kind, String> {
        let has_range = self.min.is_some() || self.max.is_some() || self.step.is_some();
        let list = match (&self.categories, &self.values) {
            (Some(_), Some(_)) => {
                return Err("has both values and categories; use values where neighbours are alike, else categories".into());
            }
            (Some(list), None) => Some((list, true)),
            (None, Some(list)) => Some((list, false)),
            (None, None) => parameter.values.as_ref().filter(|_| !has_range).map(|list| (list, false)),
        };
        if let Some((list, is_categorical)) = list {
            if has_range || self.log.is_some() {
                return Err("has a list of values and a range; keep one of the two".into());
            }
            list.iter().try_for_each(|value| parameter.check(*value))?;
            return Ok(if is_categorical { Kind::Categories(list.clone()) } else { Kind::Values(list.clone()) });
        }
        let (Some(min), Some(max)) = (self.min.or(parameter.min), self.max.or(parameter.max)) else {
            return Err("the strategy gives no range here; write { min = …, max = … }, with step = … for a grid".into());
        };
        let log = self.log.unwrap_or(parameter.log);
        let kind = match self.step.or(parameter.step) {
            Some(step) if step != 0.0 => Kind::Steps { min, max, step, log },
            _ => Kind::Float { min, max, log },
        };
        if min <= max {
            [min, max].into_iter().try_for_each(|value| parameter.check(value))?;
        }
        match &kind {
            Kind::Steps { step, .. } if parameter.is_whole() && step.fract() != 0.0 => {
                Err(format!("step {step} leaves the whole numbers, which the strategy asks for here"))
            }
            Kind::Float { .. } if parameter.is_whole() => Err("the strategy asks for whole numbers here; use step = 1".into()),
            _ => Ok(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRATEGY: &str = "name = 'x'\nabout = 'y'\n[params]\nslow = { default = 30, min = 10, max = 200, step = 1 }\n\
        fast = { default = 10, min = 2, max = 50, step = 1 }\nwidth = { default = 2.0, min = 0.5, max = 4.0, log = true }\n\
        free = { default = 1.0 }\n[long]\nenter = 'close > sma(close, fast) + free * width'";

    fn space(typed: &str) -> Result<Space> {
        let file = StrategyFile::parse(STRATEGY, "x.toml").unwrap();
        toml::from_str::<SearchSpec>(typed).unwrap().space(&[&file])
    }

    fn kinds(typed: &str) -> Vec<(String, Kind)> {
        space(typed).unwrap().dimensions().iter().map(|d| (d.name.clone(), d.kind.clone())).collect()
    }

    #[test]
    fn what_a_range_leaves_out_is_the_strategys() {
        let steps = |min, max| Kind::Steps { min, max, step: 1.0, log: false };
        let width = Kind::Float { min: 0.5, max: 4.0, log: true };
        let all = [("slow".to_owned(), steps(10.0, 200.0)), ("fast".to_owned(), steps(2.0, 50.0)), ("width".to_owned(), width)];
        assert_eq!(kinds(""), all, "every parameter with a range, in the order of the file");
        assert_eq!(kinds("space = { fast = { max = 20 } }"), [("fast".to_owned(), steps(2.0, 20.0))]);
        assert_eq!(kinds("space = { width = { values = [1, 2] } }"), [("width".to_owned(), Kind::Values(vec![1.0, 2.0]))]);
        let quarters = Kind::Steps { min: 1.0, max: 4.0, step: 0.25, log: false };
        assert_eq!(kinds("space = { width = { min = 1, step = 0.25, log = false } }"), [("width".to_owned(), quarters)]);
    }

    #[test]
    fn what_does_not_fit_the_strategy_is_refused_by_key() {
        let told = |typed: &str| space(typed).unwrap_err().to_string();
        assert_eq!(told("space = { fats = {} }"), "search.space.fats: no strategy here has such a parameter; did you mean 'fast'?");
        assert_eq!(told("space = { fast = { max = 90 } }"), "search.space.fast: 90 is outside 2 to 50");
        assert!(told("space = { fast = { step = 0.5 } }").contains("whole numbers"));
        assert!(told("space = { fast = { step = 0 } }").contains("use step = 1"));
        assert!(told("space = { free = {} }").contains("write { min = …, max = … }"));
        assert!(told("space = { width = { values = [1], min = 1 } }").contains("keep one"));
        assert!(told("space = { width = { min = 3, max = 2 } }").contains("exchange them"));
        assert!(told("space = { fast = {} }\nconstraints = ['fast < slwo']").contains("did you mean 'slow'?"));
        assert!(told("space = { fast = { when = 'widht > 1' } }").contains("did you mean 'width'?"));
        assert!(told("space = {}").contains("search.space: no parameter"));
    }

    #[test]
    fn a_constraint_may_read_a_parameter_that_stays_fixed() {
        let space = space("space = { fast = {} }\nconstraints = ['fast < slow']").unwrap();
        assert!(space.is_feasible(&space.point(&[0.1])) && !space.is_feasible(&space.point(&[0.9])), "slow stays at 30");
    }

    #[test]
    fn the_section_has_its_defaults_and_reads_back() {
        let spec: SearchSpec = toml::from_str("").unwrap();
        let plan = spec.plan(Seed::new(7)).unwrap();
        assert_eq!((plan.trials, spec.objective().unwrap()), (200, Objective::of("sharpe")));
        let idle: SearchSpec = toml::from_str("method = 'cma_es'\nbatch = 4").unwrap();
        let told = idle.plan(Seed::new(7)).unwrap_err().to_string();
        assert!(told.starts_with("search.batch: means nothing with method = \"cma_es\""), "{told}");
        assert_eq!(toml::from_str::<SearchSpec>("batch = 4").unwrap().plan(Seed::new(7)).unwrap().batch, 4);
        let typed = "trials = 0\nmethod = 'grid'\nobjective = { metrics = { calmar = 1.0 }, parts = 4 }\nspace = { fast = { max = 20.0 } }";
        let spec: SearchSpec = toml::from_str(typed).unwrap();
        assert!(spec.plan(Seed::new(7)).unwrap_err().to_string().contains("search.trials: 0"));
        assert_eq!(toml::from_str::<SearchSpec>(&toml::to_string(&spec).unwrap()).unwrap(), spec);
        assert_eq!(serde_json::to_string(&SearchSpec::default()).unwrap(), "{}");
    }
}
