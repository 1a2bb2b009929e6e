//! A sweep: many sets of parameters on one experiment, one of them chosen, and how much of it is luck.
//!
//! The trials are played in an [`Arena`]; the chosen one is then played again as a backtest would, with its trades, its equity and its events.
//! A trial's answer depends on the question alone, never on when or beside what it was played, so a sweep has the same bytes for any number of
//! threads and however often it was interrupted.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Experiment, Outcome, Watchers,
    seats::Placed,
    sweep_trials::{Kept, Players},
};
use crate::{
    error::{Error, Result},
    market::Side,
    search::{Found, Objective, Plan, Space, Told, search},
    seed::Seed,
    stats::{
        bootstrap::{Interval, Options},
        intervals::{drawdown_interval, profit_factor_interval, sharpe_interval},
        permutation::{DRAWS, Held, Permutation, Timeline, entry_permutation},
        ratios,
        verdict::Evidence,
    },
    time::{DAY, Nanos},
    walk::{Arena, BLOCKS, Judged, Judgement, Knowledge, Luck, Matrix, Store, Tried, deflated, judge, program},
};

/// Trades moved about in a permutation test of the entry times, over all draws.
const MOST_MOVES: usize = 4_000_000;

/// A checked sweep.
pub struct Sweep {
    /// The experiment, with the parameters as the file has them.
    pub experiment: Experiment,
    arena: Arena,
    space: Space,
    plan: Plan,
    objective: Objective,
}

/// One trial of a sweep.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What was tried.
    pub told: Told,
    /// What came of it.
    pub kept: Kept,
    /// Its deflated Sharpe ratio among the trials; `None` where it had only a part of the history.
    pub dsr: Option<f64>,
}

/// The trials of a sweep, in the order asked.
pub struct Searched {
    /// Every trial.
    pub trials: Vec<Trial>,
    /// Which of them was chosen.
    pub chosen: usize,
    /// Points that broke a constraint.
    pub infeasible: u64,
    /// Points that came up again.
    pub repeated: u64,
    /// Trials that an earlier, interrupted run had finished.
    pub resumed: usize,
}

/// A finished sweep.
pub struct Swept {
    /// The trials.
    pub searched: Searched,
    /// The experiment with its parameters.
    pub experiment: Experiment,
    /// What came of playing that as a backtest.
    pub outcome: Outcome,
    /// What the trials say of it.
    pub luck: Luck,
    /// Intervals of the chosen one, by metric key, in two ways.
    pub intervals: BTreeMap<&'static str, TwoWays>,
    /// The test of its entry times.
    pub entries: Option<Permutation>,
}

/// An interval with single rows, and with blocks of rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TwoWays {
    /// BCa, as if rows did not depend on each other.
    pub bca: Option<Interval>,
    /// By the stationary bootstrap.
    pub stationary: Option<Interval>,
}

impl TwoWays {
    fn of(seed: Seed, interval: impl Fn(&Options) -> Option<Interval>) -> Self {
        let with = |block| interval(&Options { block, ..Options::new(seed) });
        Self { bca: with(Some(1.0)), stationary: with(None) }
    }
}

impl Sweep {
    /// Checks the search of an experiment.
    ///
    /// # Errors
    /// When it has none, or one that its strategies do not allow.
    pub fn new(mut experiment: Experiment) -> Result<Self> {
        let Some(spec) = experiment.spec.search.clone() else {
            let problem =
                "is missing; add what to try, as in\n[search]\nmethod = \"grid\"\nspace = { fast = { min = 5, max = 50, step = 5 } }";
            return Err(Error::config("[search]", problem));
        };
        experiment.drop_ignored_warning();
        let files: Vec<_> = experiment.placed.iter().map(|p| &p.file).collect();
        let (space, plan) = (spec.space(&files)?, spec.plan(Seed::new(experiment.spec.seed).child("search"))?);
        let (objective, arena) = (spec.objective()?, experiment.arena()?);
        experiment.run_id = Some(experiment.id_as("sweep"));
        Ok(Self { experiment, arena, space, plan, objective })
    }

    /// Trials to come, as far as they are known.
    #[must_use]
    pub fn trials(&self) -> u64 {
        let grid = self.space.grid_size().filter(|_| self.plan.method == crate::search::Method::Grid);
        grid.unwrap_or(self.plan.trials as u64)
    }

    /// The space searched.
    #[must_use]
    pub const fn space(&self) -> &Space {
        &self.space
    }

    /// How.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What for.
    #[must_use]
    pub const fn objective(&self) -> &Objective {
        &self.objective
    }

    /// Everything that a trial's answer depends on, as a hash: the key of what is kept until the sweep is whole.
    #[must_use]
    pub fn question(&self) -> String {
        hex(Sha256::new().chain_update(program()).chain_update(self.experiment.digest("sweep")).finalize().as_slice())
    }

    /// Plays the trials, those aside that the store has; `done` counts them.
    ///
    /// # Errors
    /// When a trial cannot be played or kept, and when none has a value of the objective.
    pub fn search(&self, store: &mut Store, done: &AtomicU64) -> Result<Searched> {
        let mut players = Players { arena: &self.arena, objective: &self.objective, store, done, kept: BTreeMap::new(), resumed: 0 };
        let found = search(&self.space, &self.plan, &mut players, &None)?;
        let Players { kept, resumed, .. } = players;
        self.gathered(found, kept, resumed)
    }

    fn gathered(&self, found: Found, mut kept: BTreeMap<u32, Kept>, resumed: usize) -> Result<Searched> {
        let Found { told, best, infeasible, repeated } = found;
        let Some(best) = best else {
            let traded = kept.values().map(|k| k.metrics.trades).max().unwrap_or(0);
            let problem = format!(
                "none of {} trials has a value of the objective {}; the busiest made {traded} trades: widen the space, or use another objective",
                told.len(),
                self.objective_words()
            );
            return Err(Error::Failed(problem));
        };
        let mut trials: Vec<Trial> = told
            .into_iter()
            .map(|told| Trial { kept: kept.remove(&told.trial).expect("every trial was played"), told, dsr: None })
            .collect();
        let days = trials.iter().filter(|t| t.told.budget >= best.budget).map(|t| t.kept.day_returns.len()).max().unwrap_or(0);
        for lost in trials.iter_mut().filter(|t| t.told.budget >= best.budget && t.kept.day_returns.is_empty()) {
            lost.kept.day_returns = lost_account(days);
        }
        let whole: Vec<usize> = (0..trials.len()).filter(|i| trials[*i].told.budget >= best.budget).collect();
        let columns: Vec<Vec<f64>> = whole.iter().map(|i| trials[*i].kept.day_returns.clone()).collect();
        for (i, dsr) in whole.into_iter().zip(deflated(&columns)) {
            trials[i].dsr = dsr;
        }
        let chosen = trials.iter().position(|t| t.told.trial == best.trial).expect("the choice is one of the trials");
        Ok(Searched { trials, chosen, infeasible, repeated, resumed })
    }

    /// The objective as a person would name it.
    #[must_use]
    pub fn objective_words(&self) -> String {
        let part = |(key, weight): (&String, &f64)| if *weight == 1.0 { key.clone() } else { format!("{weight} {key}") };
        self.objective.metrics.iter().map(part).collect::<Vec<_>>().join(" + ")
    }

    /// Plays the chosen trial as a backtest and judges it by the others.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(&self, searched: Searched, watchers: Watchers<'_>) -> Result<Swept> {
        let chosen = &searched.trials[searched.chosen];
        let experiment = self.chosen(chosen.told.point.params())?;
        let outcome = experiment.run_counted(watchers, &Arc::default())?;
        let returns = outcome.day_returns(self.experiment.spec.account.cash);
        let seed = self.seed();
        let (luck, (intervals, entries)) =
            rayon::join(|| self.luck(&searched, &outcome), || (intervals(&outcome, &returns, seed), experiment.entries(&outcome, seed)));
        Ok(Swept { searched, experiment, outcome, luck, intervals, entries })
    }

    /// The experiment with the parameters of a trial, under the sweep's id.
    pub(super) fn chosen(&self, params: &BTreeMap<String, f64>) -> Result<Experiment> {
        let placed = |placed: &Placed| {
            let own = params.iter().filter(|(name, _)| placed.file.parameters().iter().any(|p| p.name == **name));
            let file = placed.file.with_params(&own.map(|(name, value)| (name.clone(), *value)).collect())?;
            Ok(Placed { file, ..placed.clone() })
        };
        let placed = self.experiment.placed.iter().map(placed).collect::<Result<_>>()?;
        Ok(self.experiment.with_placed(placed))
    }

    fn luck(&self, searched: &Searched, outcome: &Outcome) -> Luck {
        let most = searched.trials[searched.chosen].told.budget;
        let whole: Vec<&Trial> = searched.trials.iter().filter(|t| t.told.budget >= most).collect();
        let columns: Vec<Vec<f64>> = whole.iter().map(|t| t.kept.day_returns.clone()).collect();
        let chosen = whole.iter().position(|t| t.told.trial == searched.trials[searched.chosen].told.trial);
        let held: Vec<f64> = outcome.day_rows.iter().map(|row| outcome.benchmark.equity[*row]).collect();
        let benchmark = ratios::returns_of(self.experiment.spec.account.cash, &held);
        Luck::of(&Matrix {
            columns: &columns,
            chosen,
            benchmark: benchmark.as_deref().filter(|held| columns.first().is_some_and(|c| c.len() == held.len())),
            periods_per_year: outcome.periods_per_year,
            blocks: BLOCKS,
            seed: self.seed(),
        })
    }

    fn seed(&self) -> Seed {
        Seed::new(self.experiment.spec.seed).child("luck")
    }

    /// The verdict, with what the ledger knows.
    #[must_use]
    pub fn judge(&self, swept: &Swept, ledger: Option<&Knowledge>) -> Judgement {
        let Swept { outcome, luck, entries, .. } = swept;
        let pnls: Vec<f64> = outcome.run.trades.iter().map(|t| t.pnl).collect();
        let returns = outcome.day_returns(self.experiment.spec.account.cash);
        let evidence = Evidence {
            trade_pnls: &pnls,
            day_returns: &returns,
            periods_per_year: outcome.periods_per_year,
            return_fraction: outcome.metrics.return_fraction,
            buy_and_hold_fraction: Some(outcome.benchmark.return_fraction),
            costs_total: outcome.costs.total(),
            in_sample: true,
            seed: Seed::new(self.experiment.spec.seed).child("report"),
        };
        judge(&Judged { evidence, luck, ledger, entries: entries.as_ref() })
    }
}

impl Experiment {
    /// The trades of every seat, moved about on the opens of its prices.
    pub(super) fn entries(&self, outcome: &Outcome, seed: Seed) -> Option<Permutation> {
        let trades = &outcome.run.trades;
        let lines: Vec<(Vec<f64>, Vec<Held>)> = (0_u8..)
            .zip(&self.placed)
            .map(|(seat, placed)| {
                let bars = &self.sources[usize::from(placed.instrument.0)].dataset.bars;
                let last = bars.close().last();
                let prices = bars.open().iter().chain(last).map(|price| libm::log(*price)).collect();
                let row = |at| bars.opened_at().partition_point(|opened_at| *opened_at < at);
                let held = trades.iter().filter(|t| t.strategy == seat && t.instrument == placed.instrument);
                let held = held.map(|t| Held { from: row(t.opened_at), to: row(t.closed_at), is_long: t.side == Side::Buy }).collect();
                (prices, held)
            })
            .collect();
        let timelines: Vec<Timeline> = lines.iter().map(|(log_prices, held)| Timeline { log_prices, held }).collect();
        let draws = (MOST_MOVES / trades.len().max(1)).clamp(200, DRAWS);
        entry_permutation(&timelines, draws, seed.child("entries"))
    }
}

/// Intervals of a run, by metric key, in two ways.
pub(super) fn intervals(outcome: &Outcome, returns: &[f64], seed: Seed) -> BTreeMap<&'static str, TwoWays> {
    let pnls: Vec<f64> = outcome.run.trades.iter().map(|t| t.pnl).collect();
    BTreeMap::from([
        ("sharpe", TwoWays::of(seed.child("sharpe"), |options| sharpe_interval(returns, outcome.periods_per_year, options))),
        ("profit_factor", TwoWays::of(seed.child("profit_factor"), |options| profit_factor_interval(&pnls, options))),
        ("max_drawdown_fraction", TwoWays::of(seed.child("drawdown"), |options| drawdown_interval(returns, options))),
    ])
}

impl Swept {
    /// The days that the trials cover, as the ledger counts them: days since 1970, that of a day's last moment.
    #[must_use]
    pub fn days(&self) -> Vec<i32> {
        let at = self.outcome.run.curve.at();
        self.outcome.day_rows.iter().map(|row| ledger_day(at[*row])).collect()
    }

    /// The trials as the ledger takes them, those over the whole history.
    #[must_use]
    pub fn tried<'a>(&'a self, sweep: &Sweep) -> Vec<Tried<'a>> {
        let days = self.outcome.day_rows.len();
        let whole = self.searched.trials.iter().filter(|t| t.kept.day_returns.len() == days);
        let tried = |t: &'a Trial| Tried { question: sweep.experiment.trial_question(t.told.point.params()), returns: &t.kept.day_returns };
        whole.map(tried).collect()
    }
}

/// The day of a trading day's last moment, as the ledger counts it.
pub(super) fn ledger_day(at: Nanos) -> i32 {
    i32::try_from((at.0 - 1).div_euclid(DAY)).unwrap_or(i32::MAX)
}

/// The days of an account that was lost: its returns are not defined, and among the other trials it lost all on the last day.
fn lost_account(days: usize) -> Vec<f64> {
    (1..=days).map(|day| if day == days { -1.0 } else { 0.0 }).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
