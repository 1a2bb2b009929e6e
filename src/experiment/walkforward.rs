//! The walk-forward run: folds, choices, and the account that traded them one after the other.
//!
//! Each fold is measured by itself, from the account's cash and flat, so that in and out of sample compare. The run's own equity is another
//! thing: one account that trades every test span in turn with what its fold chose, carrying its gains and losses along. With k-fold and
//! combinatorial folds each test block is played by itself; a path through them strings these blocks together, and where there are several
//! paths the run shows the one whose Sharpe ratio is the median (the lower of two).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Experiment, Outcome, WalkforwardSpec, Watchers, play::Staged, walkforward_spec::EdgeSpec};
use crate::{
    data::hex,
    engine::Seat,
    error::{Error, Result},
    fold::{Folds, Leg as PathLeg, Plan as FoldPlan, Rows},
    rule::StrategyFile,
    search::{Objective, Plan, Point, Space},
    strategy::{Leg, Relay, RuleStrategy},
    time::Nanos,
    walk::{Arena, AtEnd, Forward, ForwardProgress, Forwarded, Inner, Store, forward_seed, median_overfit, planned_trials, program},
};

/// A checked walk-forward.
pub struct Walkforward<'a> {
    /// The experiment asked.
    pub experiment: &'a Experiment,
    /// How it cuts and chooses.
    pub spec: WalkforwardSpec,
    /// The folds.
    pub folds: Folds,
    /// The moments that rows stand for.
    pub timeline: Vec<Nanos>,
    /// The objective of the search.
    pub objective: Objective,
    /// What is searched.
    pub space: Space,
    /// How it is searched.
    pub plan: Plan,
    fold_plan: FoldPlan,
    arena: Arena,
}

/// One way through the test blocks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathFigures {
    /// Annualised Sharpe ratio.
    pub sharpe: Option<f64>,
    /// Gain over the starting capital.
    pub return_fraction: Option<f64>,
    /// Deepest fall.
    pub max_drawdown_fraction: Option<f64>,
    /// Closed trades.
    pub trades: u64,
    /// Equity at the end of each trading day.
    #[serde(skip)]
    pub day_equity: Vec<f64>,
    /// Those moments.
    #[serde(skip)]
    pub day_ends: Vec<Nanos>,
}

/// A finished walk-forward.
pub struct WalkforwardOutcome {
    /// Each fold's trials and choice.
    pub forwarded: Vec<Forwarded>,
    /// Every path, in order.
    pub paths: Vec<PathFigures>,
    /// Which of them is the run's equity.
    pub shown: usize,
    /// That path's run.
    pub outcome: Outcome,
    /// The experiment over the rows that were tested.
    pub tested: Experiment,
}

impl Experiment {
    /// Checks that the experiment can walk forward.
    ///
    /// # Errors
    /// A `[walkforward]` or `[search]` that does not fit the data or the strategies.
    pub fn walkforward(&self) -> Result<Walkforward<'_>> {
        if self.spec.fills.interval {
            let problem =
                "replays a backtest with other fills, and a walk-forward is none; leave it out, and ask it of a backtest of the choice";
            return Err(Error::config("fills.interval", problem));
        }
        let folds = self.folds()?;
        let spec = self.spec.walkforward.clone().unwrap_or_default();
        let search = self.spec.search.clone().unwrap_or_default();
        let files: Vec<&StrategyFile> = self.placed.iter().map(|placed| &placed.file).collect();
        Ok(Walkforward {
            experiment: self,
            folds,
            timeline: self.timeline(),
            objective: search.objective()?,
            space: search.space(&files)?,
            plan: search.plan(forward_seed(self.spec.seed))?,
            fold_plan: spec.plan()?,
            arena: self.arena()?,
            spec,
        })
    }
}

impl Walkforward<'_> {
    /// The run's id; that of a backtest of the same file is another.
    #[must_use]
    pub fn id(&self) -> String {
        self.experiment.id_as("walkforward")
    }

    /// Everything that an answer depends on, as a hash: the key of what is kept until the walk-forward is whole.
    #[must_use]
    pub fn question(&self) -> String {
        let hash = Sha256::new().chain_update(program()).chain_update(self.experiment.digest("walkforward"));
        hex(&hash.finalize())
    }

    /// Trials that all folds make together.
    #[must_use]
    pub fn planned_trials(&self) -> u64 {
        planned_trials(&self.plan, &self.space, self.folds.folds.len())
    }

    /// Searches, chooses and looks, fold by fold, then trades what was chosen.
    ///
    /// # Errors
    /// Whatever a play fails with, and when a file cannot be written.
    pub fn run(&self, store: &Mutex<Store>, watchers: Watchers<'_>, progress: &ForwardProgress) -> Result<WalkforwardOutcome> {
        let forwarded = self.forward(store, progress).run(&self.folds.folds)?;
        let paths = if self.folds.paths.len() > 1 {
            let play = |path: &Vec<PathLeg>| self.trade(path, &forwarded, Watchers::Off).map(|(outcome, _)| figures(&outcome));
            self.folds.paths.par_iter().map(play).collect::<Result<Vec<_>>>()?
        } else {
            Vec::new()
        };
        let shown = median_path(&paths);
        let (mut outcome, tested) = self.trade(&self.folds.paths[shown], &forwarded, watchers)?;
        let paths = if paths.is_empty() { vec![figures(&outcome)] } else { paths };
        outcome.warnings.extend(self.warnings(&forwarded));
        Ok(WalkforwardOutcome { forwarded, paths, shown, outcome, tested })
    }

    /// The choice for what comes after the data: a search on the latest training window, as each fold's. Nothing has tested it.
    ///
    /// # Errors
    /// As [`Walkforward::run`].
    pub fn latest(&self, store: &Mutex<Store>, progress: &ForwardProgress) -> Result<(Rows, Forwarded)> {
        let rows = self.fold_plan.latest(&self.timeline)?;
        let forwarded = self.forward(store, progress).fold(self.folds.folds.len(), &rows, None)?;
        Ok((rows, forwarded))
    }

    fn forward<'f>(&'f self, store: &'f Mutex<Store>, progress: &'f ForwardProgress) -> Forward<'f> {
        Forward {
            arena: &self.arena,
            space: &self.space,
            plan: &self.plan,
            objective: &self.objective,
            inner: Inner { split: self.spec.inner_split, finalists: self.spec.finalists },
            at_end: if self.closes() { AtEnd::Close } else { AtEnd::Carry },
            store,
            progress,
        }
    }

    fn closes(&self) -> bool {
        self.spec.edges == EdgeSpec::Close
    }

    /// One account over the test blocks of a path.
    fn trade(&self, path: &[PathLeg], forwarded: &[Forwarded], watchers: Watchers<'_>) -> Result<(Outcome, Experiment)> {
        let (Some(first), Some(last)) = (path.first(), path.last()) else {
            return Err(Error::Failed("a walk-forward has at least one test span".into()));
        };
        let tested = self.between(first.rows.start, last.rows.end)?;
        let seats = self.experiment.placed.iter().map(|placed| self.seat(placed, path, forwarded)).collect::<Result<Vec<Seat>>>()?;
        let edges = if self.closes() { self.edges(&tested, path) } else { Vec::new() };
        let outcome = tested.run_staged(Staged { seats, edges, in_sample: false }, watchers, &Arc::<AtomicU64>::default())?;
        Ok((outcome, tested))
    }

    /// The experiment over some of its rows.
    fn between(&self, start: usize, end: usize) -> Result<Experiment> {
        let Experiment { spec, sources, placed, warnings, rates, .. } = self.experiment;
        let cut = |source: &super::Source| {
            let mut source = source.clone();
            let rows = self.rows_of(&source.dataset.bars, start..end);
            if rows.is_empty() {
                let problem = "no bar lies in the rows that are tested; leave the instrument out, or use data of the same years";
                return Err(Error::data(&source.dataset.path, problem));
            }
            source.dataset.bars = Arc::new(source.dataset.bars.slice(rows));
            Ok(source)
        };
        let sources = sources.iter().map(cut).collect::<Result<_>>()?;
        let (spec, placed, warnings, rates) = (spec.clone(), placed.clone(), warnings.clone(), rates.clone());
        let mut tested = Experiment { spec, sources, placed, warnings, rates, run_id: Some(self.id()) };
        tested.drop_ignored_warning();
        Ok(tested)
    }

    /// An instrument's rows at some rows of the timeline.
    pub(super) fn rows_of(&self, bars: &crate::market::Bars, rows: std::ops::Range<usize>) -> std::ops::Range<usize> {
        bars.span(self.timeline.get(rows.start).copied(), self.timeline.get(rows.end).copied())
    }

    fn seat(&self, placed: &super::seats::Placed, path: &[PathLeg], forwarded: &[Forwarded]) -> Result<Seat> {
        let source = &self.experiment.sources[usize::from(placed.instrument.0)];
        let bars = &source.dataset.bars;
        let start = self.rows_of(bars, path[0].rows.clone()).start;
        let leg = |leg: &PathLeg| -> Result<Leg> {
            let rows = self.rows_of(bars, leg.rows.clone());
            let rules = |point: &Point| {
                let rules = with_point(&placed.file, point)?.compile_for(bars.timeframe(), source.instrument.calendar)?;
                let mut strategy = RuleStrategy::new(rules);
                strategy.prepare_after(bars, rows.start);
                Ok(strategy)
            };
            let choice = forwarded[leg.fold].choice.as_ref();
            Ok(Leg { end: rows.end - start, strategy: choice.map(|choice| rules(&choice.point)).transpose()? })
        };
        let legs = path.iter().map(leg).collect::<Result<Vec<Leg>>>()?;
        Ok(Seat { strategy: Box::new(Relay::new(legs, self.closes())), instrument: placed.instrument, weight: placed.weight })
    }

    /// When the last bar of each test block closes, by instrument.
    fn edges(&self, tested: &Experiment, path: &[PathLeg]) -> Vec<VecDeque<Nanos>> {
        let of = |source: &super::Source| {
            let bars = &source.dataset.bars;
            let last = |leg: &PathLeg| self.rows_of(bars, leg.rows.clone()).end.checked_sub(1);
            let mut rows: Vec<usize> = path.iter().filter_map(last).collect();
            rows.dedup();
            rows.into_iter().map(|row| bars.closed_at(row)).collect()
        };
        tested.sources.iter().map(of).collect()
    }

    fn warnings(&self, forwarded: &[Forwarded]) -> Vec<String> {
        let mut told = Vec::new();
        let silent = forwarded.iter().filter(|fold| fold.choice.is_none()).count();
        if silent > 0 {
            told.push(format!(
                "{silent} of {} folds chose nothing and stayed out of the market: no trial had an objective on the training rows.",
                forwarded.len()
            ));
        }
        if !self.spec.scheme.is_windowed() {
            told.push(
                "Folds were trained on rows that come after those they tested: evidence about the method, and no track record.".to_owned(),
            );
        }
        told
    }
}

/// A strategy with those parameters of a point that it has.
fn with_point(file: &StrategyFile, point: &Point) -> Result<StrategyFile> {
    let has = |name: &str| file.parameters().iter().any(|p| p.name == name);
    file.with_params(&point.params().iter().filter(|(name, _)| has(name)).map(|(name, value)| (name.clone(), *value)).collect())
}

fn figures(outcome: &Outcome) -> PathFigures {
    let on_days = |row: &usize| outcome.run.curve.equity()[*row];
    PathFigures {
        sharpe: outcome.metrics.sharpe,
        return_fraction: outcome.metrics.return_fraction,
        max_drawdown_fraction: outcome.metrics.max_drawdown_fraction,
        trades: outcome.metrics.trades,
        day_equity: outcome.day_rows.iter().map(on_days).collect(),
        day_ends: outcome.day_rows.iter().map(|row| outcome.run.curve.at()[*row]).collect(),
    }
}

/// The path whose Sharpe ratio is the median, the lower of two; undefined is lowest.
fn median_path(paths: &[PathFigures]) -> usize {
    let mut order: Vec<usize> = (0..paths.len()).collect();
    let rank = |path: usize| paths[path].sharpe.unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| rank(*a).total_cmp(&rank(*b)));
    order.get(paths.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

impl WalkforwardOutcome {
    /// Annualised return of the stitched curve over the mean annualised return of the choices in sample; `None` where the latter is not positive.
    #[must_use]
    pub fn efficiency(&self) -> Option<f64> {
        let inside: Vec<f64> =
            self.forwarded.iter().filter_map(|fold| fold.choice.as_ref().and_then(|choice| choice.in_sample.annual_return())).collect();
        let inside = crate::stats::moments::mean(&inside).filter(|mean| *mean > 0.0)?;
        Some(self.outcome.metrics.cagr? / inside)
    }

    /// The median over the folds of the probability of overfitting.
    #[must_use]
    pub fn overfit(&self) -> Option<f64> {
        median_overfit(&self.forwarded)
    }

    /// Trials of all folds.
    #[must_use]
    pub fn trials(&self) -> usize {
        self.forwarded.iter().map(|fold| fold.trials.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_path_is_the_median_one() {
        let path = |sharpe| PathFigures {
            sharpe,
            return_fraction: None,
            max_drawdown_fraction: None,
            trades: 0,
            day_equity: Vec::new(),
            day_ends: Vec::new(),
        };
        let of = |sharpes: &[Option<f64>]| median_path(&sharpes.iter().map(|s| path(*s)).collect::<Vec<_>>());
        assert_eq!((of(&[Some(1.0), Some(-1.0), Some(0.5)]), of(&[Some(1.0), Some(2.0)]), of(&[])), (2, 0, 0));
        assert_eq!(of(&[None, Some(2.0), Some(1.0), None, Some(3.0)]), 2);
    }
}
