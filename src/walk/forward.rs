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
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::{Arena, AtEnd, Scored, Store, lost_account, worth};
use crate::{
    error::{Error, Result},
    fold::{Fold, Rows},
    search::{Asked, Best, Found, Objective, Plan, Point, Space, Told, Watcher, ranking, search},
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
    /// The best objective of any fold's search so far.
    pub best: Arc<Best>,
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
    /// The rows that a trial with this share of the history was played on.
    #[must_use]
    pub fn rows_of(&self, budget: f64) -> Rows {
        last_share(&self.searched, budget)
    }

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
        let plan = Plan { seed: self.plan.seed.child("fold").at(number as u64), ..self.plan.clone() };
        let mut evaluate = |asked: &[Asked]| -> Result<Vec<Option<f64>>> {
            let tried = asked.par_iter().map(|asked| self.trial(asked, &searched)).collect::<Result<Vec<Trial>>>()?;
            let objectives = tried.iter().map(|trial| trial.objective).collect();
            trials.extend(tried);
            Ok(objectives)
        };
        let watcher: Watcher = Some(Arc::clone(&self.progress.best) as _);
        let found = search(self.space, &plan, &mut evaluate, &watcher)?;
        trials.sort_by_key(|trial| trial.trial);
        let choice = self.choose((&found, &trials), train, &aside, test)?;
        let overfit = overfit(&trials);
        Ok(Forwarded { trials, infeasible: found.infeasible, searched, aside, choice, overfit })
    }

    fn trial(&self, asked: &Asked, searched: &Rows) -> Result<Trial> {
        let rows = last_share(searched, asked.budget);
        let scored = self.play(&asked.point, &rows, AtEnd::Close)?;
        self.progress.trials.fetch_add(1, Relaxed);
        let objective = self.worth(&asked.point, &scored, &rows)?;
        Ok(Trial { trial: asked.trial, point: asked.point.clone(), budget: asked.budget, objective, scored })
    }

    fn worth(&self, point: &Point, scored: &Scored, rows: &Rows) -> Result<Option<f64>> {
        worth(self.objective, &scored.metrics, rows, |part| self.play(point, part, AtEnd::Close).map(|played| played.metrics))
    }

    fn choose(&self, (found, trials): (&Found, &[Trial]), train: &Rows, aside: &Rows, test: Option<&Rows>) -> Result<Option<Choice>> {
        let count = if self.inner.split > 0.0 { self.inner.finalists } else { 1 };
        let finalists = ranking(self.space, &found.told, self.plan.choose, count);
        let confirm = |told: &&Told| match aside.is_empty() {
            true => Ok(None),
            false => self.play(&told.point, aside, AtEnd::Close).and_then(|scored| self.worth(&told.point, &scored, aside)),
        };
        let confirmed = finalists.par_iter().map(confirm).collect::<Result<Vec<Option<f64>>>>()?;
        // The first of equals, which ranked highest; undefined is worse than any number.
        let best = finalists.iter().zip(confirmed).reduce(|best, next| if next.1 > best.1 { next } else { best });
        let Some((told, confirmed)) = best else { return Ok(None) };
        // Where nothing was set aside the search has played all training rows.
        let searched = trials.iter().find(|trial| trial.trial == told.trial && trial.budget >= 1.0 && aside.is_empty());
        let in_sample = match searched {
            Some(trial) => trial.scored.clone(),
            None => self.play(&told.point, train, AtEnd::Close)?,
        };
        Ok(Some(Choice {
            trial: told.trial,
            point: told.point.clone(),
            searched: told.value,
            confirmed,
            in_sample,
            out_of_sample: test.map(|rows| self.play(&told.point, rows, self.at_end)).transpose()?,
        }))
    }

    fn play(&self, point: &Point, rows: &Rows, at_end: AtEnd) -> Result<Scored> {
        let name = piece(point.params(), rows, at_end);
        // Read outside the lock, which other folds wait for.
        let known = self.lock().get(&name).map(<[u8]>::to_vec);
        if let Some(scored) = known.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
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
    rows.at(rows.len().saturating_sub(count)..rows.len())
}

/// What a play depends on, beside the question.
fn piece(params: &BTreeMap<String, f64>, rows: &Rows, at_end: AtEnd) -> String {
    format!("{params:?} {rows} {at_end:?}")
}

/// The probability of overfitting of a fold's trials, as many blocks as its days allow; an account that was lost is the worst of them.
fn overfit(trials: &[Trial]) -> Option<Pbo> {
    let whole = || trials.iter().filter(|trial| trial.budget >= 1.0).map(|trial| trial.scored.day_returns.as_deref());
    let days = whole().flatten().map(<[f64]>::len).max()?;
    let columns: Vec<Vec<f64>> = whole()
        .map(|returns| returns.map_or_else(|| lost_account(days), <[f64]>::to_vec))
        .filter(|returns| returns.len() == days)
        .collect();
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
    plan.planned(space) * folds as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{search::Method, stats::summary::Metrics};

    fn trial(number: u32, day_returns: Option<Vec<f64>>) -> Trial {
        let scored = Scored { metrics: Metrics::default(), day_returns, periods_per_year: 252.0 };
        Trial {
            trial: number,
            point: Point::from(BTreeMap::from([("x".to_owned(), f64::from(number))])),
            budget: 1.0,
            objective: None,
            scored,
        }
    }

    #[test]
    fn a_lost_account_is_one_of_the_trials_that_a_fold_is_overfitted_among() {
        let wave = |n: u32| (1..=64).map(|t| libm::sin(0.7 * f64::from(t * n))).collect::<Vec<f64>>();
        let alone = [trial(0, Some(wave(1))), trial(1, Some(wave(2)))];
        let with_lost = [trial(0, Some(wave(1))), trial(1, Some(wave(2))), trial(2, None)];
        let expected = pbo(&[wave(1), wave(2), lost_account(64)], 16);
        assert_eq!(overfit(&with_lost), expected);
        assert_ne!(overfit(&alone), expected);
    }

    #[test]
    fn halving_plans_all_its_rungs() {
        let x = crate::search::Dimension::new("x", crate::search::Kind::Float { min: 0.0, max: 1.0, log: false });
        let space = Space::new(vec![x], vec![], BTreeMap::new()).unwrap();
        // 200 sets, then 67 of them, then 23.
        assert_eq!(planned_trials(&Plan::new(Method::Halving, 200, Seed::new(7)), &space, 2), 2 * 290);
        assert_eq!(planned_trials(&Plan::new(Method::Tpe, 200, Seed::new(7)), &space, 2), 400);
    }
}
