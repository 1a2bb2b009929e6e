//! A sweep: many sets of parameters on one experiment, one of them chosen, and how much of it is luck.
//!
//! The trials are played in an [`Arena`]; the chosen one is then played again as a backtest would, with its trades, its equity and its events.
//! A trial's answer depends on the question alone, never on when or beside what it was played, so a sweep has the same bytes for any number of
//! threads and however often it was interrupted.

use std::{
    collections::{BTreeMap, BTreeSet},
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
    data::hex,
    error::{Error, Result},
    market::Side,
    search::{Best, Found, Objective, Plan, Space, Told, Watcher, search},
    seed::Seed,
    stats::{
        bootstrap::{Interval, Options},
        intervals::{drawdown_interval, profit_factor_interval, sharpe_interval},
        permutation::{DRAWS, Held, Permutation, Timeline, entry_permutation},
        ratios,
        verdict::Evidence,
    },
    time::{DAY, Nanos},
    walk::{
        Arena, BLOCKS, Entry, Judged, Judgement, Knowledge, Ledger, Luck, Matrix, Role, Store, Tried, deflated, judge, lost_account,
        program,
    },
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

impl Searched {
    /// Whether a trial had all of the history.
    fn is_whole(&self, trial: &Trial) -> bool {
        trial.told.budget >= self.trials[self.chosen].told.budget
    }

    /// How many sets of parameters were begun, where some were given up before they had all of the history: those that went on were picked by a
    /// look at the very rows that they are judged by.
    fn begun(&self) -> Option<usize> {
        begun(&self.trials)
    }
}

/// Sets of parameters among trials, where there are fewer of the longest history.
fn begun(trials: &[Trial]) -> Option<usize> {
    let least = trials.iter().map(|t| t.told.budget).fold(f64::INFINITY, f64::min);
    let first = trials.iter().filter(|t| t.told.budget <= least).count();
    (first < trials.len()).then_some(first)
}

/// How far a search is, for whoever draws it.
#[derive(Debug, Default)]
pub struct SweepProgress {
    /// Trials played, or found played.
    pub trials: AtomicU64,
    /// The best objective so far.
    pub best: Arc<Best>,
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
        self.plan.planned(&self.space)
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

    /// Plays the trials, those aside that the store has; `progress` counts them.
    ///
    /// # Errors
    /// When a trial cannot be played or kept, and when none has a value of the objective.
    pub fn search(&self, store: &mut Store, progress: &SweepProgress) -> Result<Searched> {
        let mut players =
            Players { arena: &self.arena, objective: &self.objective, store, done: &progress.trials, kept: BTreeMap::new(), resumed: 0 };
        let watcher: Watcher = Some(Arc::clone(&progress.best) as _);
        let found = search(&self.space, &self.plan, &mut players, &watcher)?;
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
        fill_lost(&mut trials);
        let whole: Vec<usize> = (0..trials.len()).filter(|i| trials[*i].told.budget >= best.budget).collect();
        let columns: Vec<Vec<f64>> = whole.iter().map(|i| trials[*i].kept.day_returns.clone()).collect();
        for (i, dsr) in whole.into_iter().zip(deflated(&columns, begun(&trials))) {
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
        let whole: Vec<&Trial> = searched.trials.iter().filter(|t| searched.is_whole(t)).collect();
        let columns: Vec<Vec<f64>> = whole.iter().map(|t| t.kept.day_returns.clone()).collect();
        let chosen = whole.iter().position(|t| t.told.trial == searched.trials[searched.chosen].told.trial);
        let held: Vec<f64> = outcome.day_rows.iter().map(|row| outcome.benchmark.equity[*row]).collect();
        let benchmark = ratios::returns_of(self.experiment.spec.account.cash, &held);
        Luck::of(&Matrix {
            columns: &columns,
            chosen,
            begun: searched.begun(),
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

    /// Writes every set of parameters down once, with the days of the longest history that it had.
    ///
    /// # Errors
    /// When the ledger cannot be used.
    pub fn record(&self, sweep: &Sweep, ledger: &mut Ledger) -> Result<()> {
        let (days, markets, run) = (self.days(), sweep.experiment.markets(), sweep.experiment.id());
        let mut by_length: BTreeMap<usize, Vec<Tried<'_>>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        // A later trial of the same set had more history.
        for trial in self.searched.trials.iter().rev() {
            let (question, returns) = (sweep.experiment.trial_question(trial.told.point.params()), &trial.kept.day_returns);
            if seen.insert(question.clone()) {
                by_length.entry(returns.len()).or_default().push(Tried { question, returns });
            }
        }
        by_length.values_mut().for_each(|tried| tried.reverse());
        // Those of the whole history first: whoever is there needs no second entry.
        for (length, trials) in by_length.iter().rev().filter(|(length, _)| **length <= days.len()) {
            let role = if *length == days.len() { Role::Trial } else { Role::Begun };
            ledger.record(&Entry { run: &run, markets: &markets, role, days: &days[days.len() - length..], trials })?;
        }
        Ok(())
    }
}

/// Gives the trials whose account was lost the days of the others that had as much history.
fn fill_lost(trials: &mut [Trial]) {
    let mut days: BTreeMap<u64, usize> = BTreeMap::new();
    for trial in &*trials {
        let most = days.entry(trial.told.budget.to_bits()).or_default();
        *most = trial.kept.day_returns.len().max(*most);
    }
    for lost in trials.iter_mut().filter(|t| t.kept.day_returns.is_empty()) {
        lost.kept.day_returns = lost_account(days[&lost.told.budget.to_bits()]);
    }
}

/// The day of a trading day's last moment, as the ledger counts it.
pub(super) fn ledger_day(at: Nanos) -> i32 {
    i32::try_from((at.0 - 1).div_euclid(DAY)).unwrap_or(i32::MAX)
}
