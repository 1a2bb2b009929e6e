//! One experiment on many paths of its synthetic markets: how each figure is distributed when only luck differs.
//!
//! Paths are played in parallel and gathered in order; each draws from a seed of its own, so the answer is the same for any number of threads.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;
use serde_json::Value;

use super::{Experiment, Watchers, check::cut};
use crate::{
    engine::EquityCurve,
    error::{Error, Result},
    stats::{
        bootstrap::Interval,
        moments::{mean, quantile, sd},
        summary::Metrics,
        verdict::VerdictKind,
    },
    time::Nanos,
};

/// What is kept of one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Every figure.
    pub metrics: Metrics,
    /// The verdict.
    pub verdict: VerdictKind,
    /// Interval of the Sharpe ratio.
    pub sharpe: Option<Interval>,
    /// The equity at moments spread evenly over the path, its first and last among them.
    pub curve: Vec<(Nanos, f64)>,
}

/// Moments of the equity kept of each path: enough for a picture, and little beside the run itself.
const MOMENTS: usize = 128;

/// The equity at no more than [`MOMENTS`] and one moments.
fn thinned(curve: &EquityCurve) -> Vec<(Nanos, f64)> {
    let last = curve.len().saturating_sub(1);
    let mut rows: Vec<usize> = (0..=MOMENTS).map(|i| i * last / MOMENTS).collect();
    rows.dedup();
    rows.into_iter().filter_map(|row| Some((*curve.at().get(row)?, curve.equity()[row]))).collect()
}

/// All paths, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths(pub Vec<Path>);

/// How a figure is distributed over the paths on which it is defined.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// Paths on which it is undefined.
    pub undefined: usize,
    /// Its mean.
    pub mean: Option<f64>,
    /// Its standard deviation, n − 1.
    pub deviation: Option<f64>,
    /// The least.
    pub min: Option<f64>,
    /// Quantiles, type 7.
    pub p05: Option<f64>,
    /// The lower quarter.
    pub p25: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// The upper quarter.
    pub p75: Option<f64>,
    /// Exceeded by one path in twenty.
    pub p95: Option<f64>,
    /// The most.
    pub max: Option<f64>,
}

impl Distribution {
    /// Of one value a path.
    #[must_use]
    pub fn of(values: &[Option<f64>]) -> Self {
        let defined: Vec<f64> = values.iter().flatten().copied().collect();
        let at = |p| quantile(&defined, p);
        Self {
            undefined: values.len() - defined.len(),
            mean: mean(&defined),
            deviation: sd(&defined),
            min: at(0.0),
            p05: at(0.05),
            p25: at(0.25),
            p50: at(0.5),
            p75: at(0.75),
            p95: at(0.95),
            max: at(1.0),
        }
    }
}

impl Experiment {
    /// The same question on another drawing of its synthetic markets; files stay as they are.
    ///
    /// # Errors
    /// When prices leave every range.
    pub fn on_path(&self, path: u64) -> Result<Self> {
        let redrawn = |source: &super::Source| {
            let mut source = source.clone();
            if let Some(synthesis) = source.synthesis.as_ref().map(|s| s.on_path(path)) {
                source.dataset = synthesis.dataset()?;
                cut(&source.spec, &mut source.dataset)?;
                source.synthesis = Some(synthesis);
            }
            Ok(source)
        };
        let mut sources = self.sources.iter().map(redrawn).collect::<Result<Vec<_>>>()?;
        let rates = self.rates.iter().map(redrawn).collect::<Result<Vec<_>>>()?;
        super::conversion::convert(&mut sources, &rates, &self.spec)?;
        Ok(Self { sources, rates, ..self.with_placed(self.placed.clone()) })
    }

    /// Plays `count` paths, telling `done` how many are.
    ///
    /// # Errors
    /// When nothing in the experiment is synthetic, as every path would be the same; when a path cannot be made or played.
    pub fn play_paths(&self, count: u64, done: &AtomicU64) -> Result<Paths> {
        if self.sources.iter().all(|s| s.synthesis.is_none()) {
            return Err(Error::config("paths", "no [[data]] is synthetic, so every path would be the same; use synth in place of path"));
        }
        let play = |path: u64| {
            let outcome = self.on_path(path)?.run_counted(Watchers::Off, &Arc::default())?;
            done.fetch_add(1, Relaxed);
            let curve = thinned(&outcome.run.curve);
            Ok(Path { metrics: outcome.metrics, verdict: outcome.verdict.kind, sharpe: outcome.verdict.sharpe, curve })
        };
        (0..count).into_par_iter().map(play).collect::<Result<_>>().map(Paths)
    }
}

impl Paths {
    /// How often a verdict was given.
    #[must_use]
    pub fn count(&self, verdict: VerdictKind) -> usize {
        self.0.iter().filter(|path| path.verdict == verdict).count()
    }

    /// Every metric's distribution by its key, in the order of `run.json`.
    ///
    /// # Panics
    /// Never: metrics have a JSON form.
    #[must_use]
    pub fn distributions(&self) -> Vec<(String, Distribution)> {
        let rows: Vec<Value> = self.0.iter().map(|path| serde_json::json!(path.metrics)).collect();
        let keys: Vec<String> = rows.first().and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone()).collect();
        let column = |key: &str| -> Vec<Option<f64>> { rows.iter().map(|row| row[key].as_f64()).collect() };
        keys.into_iter().map(|key| (key.clone(), Distribution::of(&column(&key)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_figures_are_counted_and_left_out() {
        let found = Distribution::of(&[Some(1.0), None, Some(3.0)]);
        assert_eq!((found.undefined, found.mean, found.p50, found.min, found.max), (1, Some(2.0), Some(2.0), Some(1.0), Some(3.0)));
        // deviations −1 and 1: √(2/1)
        assert_eq!(found.deviation, Some(2.0_f64.sqrt()));
        assert_eq!(Distribution::of(&[None]).p95, None);
    }
}
