//! How much of a walk-forward is luck: the stitched curve by itself, and after every specification that has looked at the same span.
//!
//! The stitched curve is one trial: the inner trials never saw the test spans, so they are no trials against it. In the ledger they are
//! written down as what they are, and count against whoever sweeps the same days in sample.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    Walkforward, WalkforwardOutcome,
    sweep::{TwoWays, intervals, ledger_day},
};
use crate::{
    data::hex,
    error::Result,
    fold::Rows,
    seed::Seed,
    stats::{permutation::Permutation, ratios, verdict::Evidence},
    time::Nanos,
    walk::{BLOCKS, Entry, Judged, Judgement, Knowledge, Ledger, Look, Luck, Matrix, Role, Tried, judge, lost_account},
};

/// What the stitched curve says of itself.
pub struct WalkforwardLuck {
    /// Its figures of luck; a single trial.
    pub luck: Luck,
    /// Its intervals, by metric key, in two ways.
    pub intervals: BTreeMap<&'static str, TwoWays>,
    /// The test of its entry times.
    pub entries: Option<Permutation>,
}

impl Walkforward<'_> {
    /// Measures the luck of the stitched curve alone.
    #[must_use]
    pub fn luck(&self, found: &WalkforwardOutcome) -> WalkforwardLuck {
        let (outcome, seed) = (&found.outcome, Seed::new(self.experiment.spec.seed).child("luck"));
        let returns = self.returns(found);
        let held: Vec<f64> = outcome.day_rows.iter().map(|row| outcome.benchmark.equity[*row]).collect();
        let benchmark = ratios::returns_of(self.experiment.spec.account.cash, &held).filter(|held| held.len() == returns.len());
        let columns = [returns];
        let luck = Luck::of(&Matrix {
            columns: &columns,
            chosen: Some(0),
            begun: None,
            benchmark: benchmark.as_deref(),
            periods_per_year: outcome.periods_per_year,
            blocks: BLOCKS,
            seed,
        });
        let intervals = intervals(outcome, &columns[0], seed);
        WalkforwardLuck { luck, intervals, entries: found.tested.entries(outcome, seed) }
    }

    fn returns(&self, found: &WalkforwardOutcome) -> Vec<f64> {
        found.outcome.day_returns(self.experiment.spec.account.cash)
    }

    /// Writes the specification and its inner trials down, and answers what the ledger knows of those that looked at the tested span.
    ///
    /// # Errors
    /// When the ledger cannot be used.
    pub fn remember(&self, found: &WalkforwardOutcome, ledger: &mut Ledger) -> Result<Option<Knowledge>> {
        let (run, markets) = (self.id(), self.experiment.markets());
        for fold in &found.forwarded {
            self.remember_inner(fold, &run, &markets, ledger)?;
        }
        let at = found.outcome.run.curve.at();
        let days: Vec<i32> = found.outcome.day_rows.iter().map(|row| ledger_day(at[*row])).collect();
        let (returns, Some((first_day, last_day))) = (self.returns(found), days.first().copied().zip(days.last().copied())) else {
            return Ok(None);
        };
        if returns.len() == days.len() {
            let trials = [Tried { question: self.specification(), returns: &returns }];
            ledger.record(&Entry { run: &run, markets: &markets, role: Role::Specification, days: &days, trials: &trials })?;
        }
        ledger.look(&Look { markets: &markets, first_day, last_day, out_of_sample: true })
    }

    /// A fold's sets of parameters, each once, over the rows of the longest history that its search gave it.
    fn remember_inner(&self, fold: &crate::walk::Forwarded, run: &str, markets: &[String], ledger: &mut Ledger) -> Result<()> {
        let mut by_budget: BTreeMap<u64, Vec<&crate::walk::Trial>> = BTreeMap::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        // A later trial of the same set had more history.
        for trial in fold.trials.iter().rev() {
            if seen.insert(format!("{:?}", trial.point.params())) {
                by_budget.entry(trial.budget.to_bits()).or_default().push(trial);
            }
        }
        for (budget, tried) in by_budget.into_iter().rev() {
            let budget = f64::from_bits(budget);
            let rows = fold.rows_of(budget);
            let days = self.days_of(&rows);
            let question = |point: &BTreeMap<String, f64>| {
                let asked = format!("{} rows {}", self.experiment.trial_question(point), fold.searched);
                hex(&Sha256::digest(asked))
            };
            let lost = lost_account(days.len());
            let of = |trial: &&crate::walk::Trial| {
                (question(trial.point.params()), trial.scored.day_returns.clone().unwrap_or_else(|| lost.clone()))
            };
            let played: Vec<(String, Vec<f64>)> = tried.iter().rev().map(of).filter(|(_, returns)| returns.len() == days.len()).collect();
            let trials: Vec<Tried<'_>> = played.iter().map(|(question, returns)| Tried { question: question.clone(), returns }).collect();
            let role = if budget >= 1.0 { Role::Inner } else { Role::InnerBegun };
            ledger.record(&Entry { run, markets, role, days: &days, trials: &trials })?;
        }
        Ok(())
    }

    /// The trading days of some rows, as the ledger counts them: those of each range by itself, as it is played.
    fn days_of(&self, rows: &Rows) -> Vec<i32> {
        let of = |range: &std::ops::Range<usize>| {
            let mut closed: BTreeSet<Nanos> = BTreeSet::new();
            for source in &self.experiment.sources {
                let bars = &source.dataset.bars;
                closed.extend(self.rows_of(bars, range.clone()).map(|row| bars.closed_at(row)));
            }
            let closed: Vec<Nanos> = closed.into_iter().collect();
            self.experiment.days().last_rows(&closed).into_iter().map(|row| ledger_day(closed[row])).collect::<Vec<_>>()
        };
        rows.ranges().iter().flat_map(of).collect()
    }

    /// What the walk-forward asks, whatever it is called: rules, search, folds, seed, costs, account, prices.
    fn specification(&self) -> String {
        let spec = &self.experiment.spec;
        let asked = json!([self.experiment.trial_question(&BTreeMap::new()), spec.search, spec.walkforward, spec.seed]);
        hex(&Sha256::digest(asked.to_string()))
    }

    /// The verdict, with what the ledger knows.
    #[must_use]
    pub fn judge(&self, found: &WalkforwardOutcome, luck: &WalkforwardLuck, ledger: Option<&Knowledge>) -> Judgement {
        let outcome = &found.outcome;
        let pnls: Vec<f64> = outcome.run.trades.iter().map(|t| t.pnl).collect();
        let evidence = Evidence {
            trade_pnls: &pnls,
            day_returns: &self.returns(found),
            periods_per_year: outcome.periods_per_year,
            return_fraction: outcome.metrics.return_fraction,
            buy_and_hold_fraction: Some(outcome.benchmark.return_fraction),
            costs_total: outcome.costs.total(),
            in_sample: false,
            seed: Seed::new(self.experiment.spec.seed).child("report"),
        };
        let judgement = judge(&Judged { evidence, luck: &luck.luck, ledger, entries: luck.entries.as_ref() });
        if self.spec.scheme.is_windowed() { judgement } else { judgement.cross_validated() }
    }
}
