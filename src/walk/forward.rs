//! The walk-forward: in each fold a search on the training rows, a choice, and one look at the test rows.
//!
//! **Inside a fold.** The last share of the training rows (the inner split) is set aside. The search sees the rest and ranks what it tried;
//! the first few of that ranking, the finalists, are played on the rows set aside, and the one that scores best there is chosen (of equals the
//! one that ranked higher). Without an inner split the first is chosen. Only then are the test rows played, once, by the chosen parameters
//! alone. A fold in which nothing has a score chooses nothing and stays out of the market.
//!
//! Folds are independent and run side by side; each draws from a seed of its own, so the answer is the same for any number of threads.
//! What has been played is kept ([`Store`]) under what it depends on, and a search asks again for the same points in the same order: a
//! run that was killed goes on with what it has.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::{Arena, AtEnd, Scored, Store};
use crate::{
    error::{Error, Result},
    fold::{Fold, Rows},
    search::{Asked, Choose, Found, Objective, Plan, Point, Space, Told, plateau, search},
    seed::Seed,
    stats::pbo::{Pbo, pbo},
};

/// Blocks of the cross-validation behind the probability of overfitting, as far as there are days for them.
const BLOCKS: usize = 16;

/// What a walk-forward needs beside its folds.
pub struct Forward<'a> {
    /// The data and its strategies.
    pub arena: &'a Arena,
    /// What may be tried.
    pub space: &'a Space,
    /// How to search; each fold draws from a seed below its own.
    pub plan: &'a Plan,
    /// What to look for.
    pub objective: &'a Objective,
    /// How a fold chooses among what it found.
    pub inner: Inner,
    /// What becomes of a position at the end of a test span, when a fold is measured.
    pub at_end: AtEnd,
    /// Where what was played is kept.
    pub store: &'a Mutex<Store>,
    /// How far the work is.
    pub progress: &'a ForwardProgress,
}

/// How a fold chooses among what it found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inner {
    /// Share of the training rows, at their end, that the search does not see.
    pub split: f64,
    /// How many of the search's ranking are compared there.
    pub finalists: usize,
}

/// How far a walk-forward is.
#[derive(Debug, Default)]
pub struct ForwardProgress {
    /// Trials played, or found played.
    pub trials: AtomicU64,
    /// Folds done.
    pub folds: AtomicU64,
}

/// One set of parameters tried in a fold.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its number in the fold's search.
    pub trial: u32,
    /// The parameters.
    pub point: Point,
    /// Share of the searched rows that it was played on.
    pub budget: f64,
    /// The objective; `None` where it is undefined.
    pub objective: Option<f64>,
    /// Its figures on the searched rows.
    pub scored: Scored,
}

/// What a fold chose, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Number of the trial.
    pub trial: u32,
    /// The parameters.
    pub point: Point,
    /// Its objective on the searched rows.
    pub searched: Option<f64>,
    /// Its objective on the rows set aside; `None` where there are none, or it is undefined there.
    pub confirmed: Option<f64>,
    /// On all training rows.
    pub in_sample: Scored,
    /// On the test rows; `None` where there are none yet.
    pub out_of_sample: Option<Scored>,
}

/// A fold's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Forwarded {
    /// Every trial, in the order asked.
    pub trials: Vec<Trial>,
    /// Points that broke a constraint.
    pub infeasible: u64,
    /// Rows that the search saw.
    pub searched: Rows,
    /// Rows on which the finalists were compared.
    pub aside: Rows,
    /// What was chosen; `None` where no trial had a score.
    pub choice: Option<Choice>,
    /// The probability that the best of these trials was the best by luck, from their daily returns on the searched rows.
    pub overfit: Option<Pbo>,
}

impl Forwarded {
    /// Annual return out of sample over that in sample; `None` where the latter is not positive.
    #[must_use]
    pub fn efficiency(&self) -> Option<f64> {
        let choice = self.choice.as_ref()?;
        let inside = choice.in_sample.annual_return().filter(|r| *r > 0.0)?;
        Some(choice.out_of_sample.as_ref()?.annual_return()? / inside)
    }
}

impl Forward<'_> {
    /// Every fold, in order.
    ///
    /// # Errors
    /// Whatever a search or a play fails with, and when what was computed cannot be kept.
    pub fn run(&self, folds: &[Fold]) -> Result<Vec<Forwarded>> {
        let run = |(number, fold): (usize, &Fold)| {
            let forwarded = self.fold(number, &fold.train, Some(&fold.test));
            self.progress.folds.fetch_add(1, Relaxed);
            forwarded
        };
        folds.par_iter().enumerate().map(run).collect()
    }

    /// One fold by its number; without test rows the choice is for what comes after the training rows.
    ///
    /// # Errors
    /// As [`Forward::run`].
    pub fn fold(&self, number: usize, train: &Rows, test: Option<&Rows>) -> Result<Forwarded> {
        let (searched, aside) = self.inner.cut(train);
        let mut trials: Vec<Trial> = Vec::new();
        let plan = Plan { seed: self.plan.seed.child("fold").at(number as u64), checkpoint: None, ..self.plan.clone() };
        let mut evaluate = |asked: &[Asked]| -> Result<Vec<Option<f64>>> {
            let tried = asked.par_iter().map(|asked| self.trial(asked, &searched)).collect::<Result<Vec<Trial>>>()?;
            let objectives = tried.iter().map(|trial| trial.objective).collect();
            trials.extend(tried);
            Ok(objectives)
        };
        let found = search(self.space, &plan, &mut evaluate, &None)?;
        trials.sort_by_key(|trial| trial.trial);
        let choice = self.choose(&found, train, &aside, test)?;
        let overfit = overfit(&trials);
        Ok(Forwarded { trials, infeasible: found.infeasible, searched, aside, choice, overfit })
    }

    fn trial(&self, asked: &Asked, searched: &Rows) -> Result<Trial> {
        let rows = last_share(searched, asked.budget);
        let scored = self.play(&asked.point, &rows, AtEnd::Close)?;
        self.progress.trials.fetch_add(1, Relaxed);
        let objective = self.objective.value(&scored);
        Ok(Trial { trial: asked.trial, point: asked.point.clone(), budget: asked.budget, objective, scored })
    }

    fn choose(&self, found: &Found, train: &Rows, aside: &Rows, test: Option<&Rows>) -> Result<Option<Choice>> {
        let finalists = self.finalists(found);
        let confirm = |told: &&Told| match aside.is_empty() {
            true => Ok(None),
            false => self.play(&told.point, aside, AtEnd::Close).map(|scored| self.objective.value(&scored)),
        };
        let confirmed = finalists.par_iter().map(confirm).collect::<Result<Vec<Option<f64>>>>()?;
        // The first of equals, which ranked highest; undefined is worse than any number.
        let best = finalists.iter().zip(confirmed).reduce(|best, next| if next.1 > best.1 { next } else { best });
        let Some((told, confirmed)) = best else { return Ok(None) };
        Ok(Some(Choice {
            trial: told.trial,
            point: told.point.clone(),
            searched: told.value,
            confirmed,
            in_sample: self.play(&told.point, train, AtEnd::Close)?,
            out_of_sample: test.map(|rows| self.play(&told.point, rows, self.at_end)).transpose()?,
        }))
    }

    /// The search's ranking among those with the most history, each point once, as far as it is compared.
    fn finalists<'f>(&self, found: &'f Found) -> Vec<&'f Told> {
        let most = found.told.iter().map(|told| told.budget).fold(0.0, f64::max);
        let mut ranked: Vec<(f64, &Told)> =
            found.told.iter().filter(|told| told.budget >= most).filter_map(|told| Some((told.value?, told))).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.trial.cmp(&b.1.trial)));
        let mut seen: Vec<&Point> = Vec::new();
        ranked.retain(|(_, told)| {
            let is_new = !seen.contains(&&told.point);
            seen.push(&told.point);
            is_new
        });
        let count = if self.inner.split > 0.0 { self.inner.finalists } else { 1 };
        if self.plan.choose == Choose::Plateau {
            // Those that stand highest, in the order of the plateaus they stand on.
            ranked.truncate((5 * count).max(50));
            ranked.iter_mut().for_each(|(rank, told)| *rank = plateau(self.space, &found.told, told).unwrap_or(f64::NEG_INFINITY));
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        }
        ranked.into_iter().take(count).map(|(_, told)| told).collect()
    }

    fn play(&self, point: &Point, rows: &Rows, at_end: AtEnd) -> Result<Scored> {
        let name = piece(point.params(), rows, at_end);
        let known = self.lock().get(&name).and_then(|bytes| serde_json::from_slice(bytes).ok());
        if let Some(scored) = known {
            return Ok(scored);
        }
        let scored = Scored::play(self.arena, point.params(), rows, at_end)?;
        let bytes = serde_json::to_vec(&scored).map_err(|e| Error::Failed(format!("a trial cannot be kept: {e}")))?;
        self.lock().keep(&[(name, bytes)])?;
        Ok(scored)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The rows that the search sees, and those set aside: at least one row stays on the searched side.
    #[must_use]
    pub fn cut(&self, train: &Rows) -> (Rows, Rows) {
        let all = train.len();
        let aside = ((all as f64 * self.split).floor() as usize).min(all.saturating_sub(1));
        let aside = last_rows(train, aside);
        let from = aside.first().unwrap_or(usize::MAX);
        (train.retained_before(from), aside)
    }
}

/// The last share of some rows, at least one row.
fn last_share(rows: &Rows, share: f64) -> Rows {
    if share >= 1.0 {
        return rows.clone();
    }
    last_rows(rows, ((rows.len() as f64 * share).ceil() as usize).max(1))
}

/// The last `count` of some rows.
fn last_rows(rows: &Rows, count: usize) -> Rows {
    let mut left = count;
    let mut parts = Vec::new();
    for range in rows.ranges().iter().rev() {
        let taken = range.len().min(left);
        parts.push(range.end - taken..range.end);
        left -= taken;
    }
    Rows::from_ranges(parts.into_iter().rev())
}

/// What a play depends on, beside the question.
fn piece(params: &BTreeMap<String, f64>, rows: &Rows, at_end: AtEnd) -> String {
    format!("{params:?} {rows} {at_end:?}")
}

/// The probability of overfitting of a fold's trials, each point once, as many blocks as its days allow.
fn overfit(trials: &[Trial]) -> Option<Pbo> {
    let days = trials.iter().filter(|t| t.budget >= 1.0).filter_map(|t| t.scored.day_returns.as_ref()).map(Vec::len).max()?;
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut seen: Vec<&Point> = Vec::new();
    for trial in trials.iter().filter(|trial| trial.budget >= 1.0) {
        if let Some(returns) = trial.scored.day_returns.as_ref().filter(|returns| returns.len() == days && !seen.contains(&&trial.point)) {
            seen.push(&trial.point);
            columns.push(returns.clone());
        }
    }
    let blocks = BLOCKS.min(days / 4 * 2).max(2);
    pbo(&columns, blocks)
}

/// The root of a walk-forward's random numbers.
#[must_use]
pub fn forward_seed(seed: u64) -> Seed {
    Seed::new(seed).child("walkforward")
}

/// The probability of overfitting over the folds: their median.
#[must_use]
pub fn median_overfit(folds: &[Forwarded]) -> Option<f64> {
    let each: Vec<f64> = folds.iter().filter_map(|fold| fold.overfit.map(|found| found.pbo)).collect();
    crate::stats::moments::median(&each)
}

/// How many trials so many folds will make, those that break a constraint included.
#[must_use]
pub fn planned_trials(plan: &Plan, space: &Space, folds: usize) -> u64 {
    let each = if plan.method == crate::search::Method::Grid { space.grid_size().unwrap_or(0) } else { plan.trials as u64 };
    each * folds as u64
}
