//! Is it luck? What a matrix of trial returns says about the trial that was chosen from it, in one place for every command.
//!
//! A sweep, a walk-forward and `stats FILE --trials` ask the same question of the same numbers: each column is a trial's period returns, all
//! over the same periods. The answer holds the probabilistic and the deflated Sharpe ratio of the choice, the length of record it needs, the
//! probability of backtest overfitting with its logits, and the reality checks against zero and against a benchmark. The statistics
//! themselves, with their sources, live in [`crate::stats`]; `docs/luck.md` explains them to users.

use serde::Serialize;

use crate::{
    seed::Seed,
    stats::{
        bootstrap::Options,
        luck::{Trials, effective_trials, expected_max_sharpe, min_trl_of, psr_of},
        moments::variance,
        pbo::{Pbo, Split, splits},
        ratios::sharpe_per_period,
        reality::{Reality, reality_check_of},
    },
};

/// Blocks of the cross-validation unless asked otherwise.
pub const BLOCKS: usize = 16;

/// Bars of the logit histogram to each side of zero.
const LOGIT_BINS: i32 = 12;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// Period returns of every trial, all over the same periods.
    pub columns: &'a [Vec<f64>],
    /// The trial that was chosen; the one with the highest Sharpe ratio, the first of equals, where nobody chose.
    pub chosen: Option<usize>,
    /// Sets of parameters that the columns were picked from by a look at these same periods, as successive halving does; `None` where every one
    /// is a column.
    pub begun: Option<usize>,
    /// Period returns of what could have been held instead.
    pub benchmark: Option<&'a [f64]>,
    /// Periods a year.
    pub periods_per_year: f64,
    /// Blocks of the cross-validation, an even number up to 20.
    pub blocks: usize,
    /// The root of every resample.
    pub seed: Seed,
}

/// How many of the splits' logits lie between two values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LogitBin {
    /// Lower edge; a logit on it belongs to the bin below, so that "at most zero" is the bins below zero.
    pub from: f64,
    /// Upper edge.
    pub to: f64,
    /// Splits.
    pub count: usize,
}

/// What the numbers say of the chosen trial. Everything that is undefined is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Luck {
    /// Trials looked at, M: the columns, or the sets that these were picked from.
    pub trials: usize,
    /// The columns, where they are fewer than the sets they were picked from: all that the tests and splits can see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub played_whole: Option<usize>,
    /// The chance that the best of so many sets shows a Sharpe ratio as significant as the choice's, 1 − (1 − p)^M with p = 1 − PSR(0) (Šidák
    /// 1967): where columns were picked, the tests over these alone would take no account of the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun_p: Option<f64>,
    /// Independent trials among them, N̂ = ρ̄ + (1 − ρ̄)·M, not below 1; M itself where the columns were picked from more, whose correlations
    /// nobody knows.
    pub effective_trials: Option<f64>,
    /// Periods of each.
    pub periods: usize,
    /// Column judged.
    pub chosen: Option<usize>,
    /// Its annualised Sharpe ratio.
    pub sharpe: Option<f64>,
    /// The probability that its true Sharpe ratio is above zero, if it were the only trial.
    pub psr: Option<f64>,
    /// The Sharpe ratio that the best of so many trials without skill is expected to show, per period.
    pub sr0: Option<f64>,
    /// The same, annualised.
    pub sr0_annual: Option<f64>,
    /// The deflated Sharpe ratio: its probability to be above that.
    pub dsr: Option<f64>,
    /// Periods that its Sharpe ratio needs to exceed zero with 95 % confidence.
    pub min_trl: Option<f64>,
    /// Standard deviation of the trials' annualised Sharpe ratios.
    pub sharpe_spread: Option<f64>,
    /// What that standard deviation would be if independent trials had no skill and luck alone told them apart, √(P/(T − 1)).
    pub luck_spread: Option<f64>,
    /// The probability of backtest overfitting.
    pub overfit: Option<Pbo>,
    /// Blocks it was taken with.
    pub blocks: usize,
    /// How the logits of its splits are distributed.
    pub logits: Vec<LogitBin>,
    /// The reality checks against earning nothing.
    pub against_zero: Option<Reality>,
    /// The reality checks against the benchmark.
    pub against_benchmark: Option<Reality>,
}

impl Luck {
    /// Judges a matrix.
    ///
    /// ```
    /// use cthulu_lab::{seed::Seed, walk::{Luck, Matrix}};
    /// let columns: Vec<Vec<f64>> = (1..=8).map(|n| (1..=64).map(|t| (0.7 * f64::from(t * n)).sin()).collect()).collect();
    /// let luck = Luck::of(&Matrix { blocks: 8, ..Matrix::of(&columns, 252.0, Seed::new(7)) });
    /// assert!((luck.overfit.unwrap().pbo - 0.9714285714).abs() < 1e-9);
    /// assert!(luck.dsr < luck.psr);
    /// ```
    #[must_use]
    pub fn of(matrix: &Matrix) -> Self {
        let Matrix { columns, benchmark, periods_per_year, blocks, seed, .. } = *matrix;
        let periods = columns.first().map_or(0, Vec::len);
        let sharpes: Vec<Option<f64>> = columns.iter().map(|c| sharpe_per_period(c, 0.0)).collect();
        let chosen = matrix.chosen.or_else(|| best(&sharpes)).filter(|c| *c < columns.len());
        let own = chosen.map(|c| &columns[c]);
        let begun = matrix.begun.filter(|begun| *begun > columns.len());
        let trials = counted(columns, &sharpes, begun);
        let sr0 = trials.and_then(expected_max_sharpe);
        let year = periods_per_year.sqrt();
        let (overfit, check) = rayon::join(
            || splits(columns, blocks),
            || {
                let options = Options::new(seed.child("reality"));
                let against = |other: Option<&[f64]>| reality_check_of(columns, other, chosen, &options);
                (against(None), benchmark.and_then(|other| against(Some(other))))
            },
        );
        let overfit = overfit.unwrap_or_default();
        Self {
            trials: begun.unwrap_or(columns.len()),
            played_whole: begun.map(|_| columns.len()),
            begun_p: begun.zip(own).and_then(|(begun, own)| chance_of_best(own, begun as f64)),
            effective_trials: trials.map(|t| t.count),
            periods,
            chosen,
            sharpe: chosen.and_then(|c| sharpes[c]).map(|s| s * year),
            psr: own.and_then(|c| psr_of(c, 0.0)),
            sr0,
            sr0_annual: sr0.map(|s| s * year),
            dsr: own.zip(sr0).and_then(|(c, sr0)| psr_of(c, sr0)),
            min_trl: own.and_then(|c| min_trl_of(c)),
            sharpe_spread: trials.filter(|_| columns.len() > 1).map(|t| t.sharpe_variance.sqrt() * year),
            luck_spread: (periods > 1).then(|| (periods_per_year / (periods - 1) as f64).sqrt()),
            overfit: Pbo::of(&overfit),
            blocks,
            logits: histogram(&overfit),
            against_zero: check.0,
            against_benchmark: check.1,
        }
    }

    /// Whether the trials differ by far more than luck explains, so that some of them truly are better or worse than others.
    ///
    /// The deflated Sharpe ratio takes all of their spread for luck, and then refuses too much.
    #[must_use]
    pub fn differs_by_more_than_luck(&self) -> bool {
        self.sharpe_spread.zip(self.luck_spread).is_some_and(|(found, luck)| found > 1.25 * luck)
    }
}

impl<'a> Matrix<'a> {
    /// Nobody chose, nothing could have been held instead, [`BLOCKS`] blocks.
    #[must_use]
    pub const fn of(columns: &'a [Vec<f64>], periods_per_year: f64, seed: Seed) -> Self {
        Self { columns, chosen: None, begun: None, benchmark: None, periods_per_year, blocks: BLOCKS, seed }
    }
}

/// The deflated Sharpe ratio of every trial against the best that so many without skill would show, `begun` being the sets that the columns were
/// picked from where they are more; `None` where it is undefined.
#[must_use]
pub fn deflated(columns: &[Vec<f64>], begun: Option<usize>) -> Vec<Option<f64>> {
    let sharpes: Vec<Option<f64>> = columns.iter().map(|c| sharpe_per_period(c, 0.0)).collect();
    let sr0 = counted(columns, &sharpes, begun).and_then(expected_max_sharpe);
    columns.iter().map(|c| psr_of(c, sr0?)).collect()
}

fn best(sharpes: &[Option<f64>]) -> Option<usize> {
    let defined = sharpes.iter().enumerate().filter_map(|(i, s)| s.map(|s| (i, s)));
    defined.reduce(|top, now| if now.1 > top.1 { now } else { top }).map(|(i, _)| i)
}

/// The chance that the best of so many independent trials without skill shows a Sharpe ratio as significant as that of these returns,
/// 1 − (1 − p)^N with p = 1 − PSR(0) (Šidák 1967).
pub(super) fn chance_of_best(returns: &[f64], trials: f64) -> Option<f64> {
    let p = 1.0 - psr_of(returns, 0.0)?;
    Some(if p >= 1.0 { 1.0 } else { -libm::expm1(trials * libm::log1p(-p)) })
}

/// The days of an account that was lost: its returns are not defined, and among the other trials it lost all on the last day.
#[must_use]
pub fn lost_account(days: usize) -> Vec<f64> {
    (1..=days).map(|day| if day == days { -1.0 } else { 0.0 }).collect()
}

/// The trials as the deflation counts them.
///
/// Columns picked from more sets lie closer together than all of these did: their spread is taken to be that of luck, √(1/(T − 1)), at least.
fn counted(columns: &[Vec<f64>], sharpes: &[Option<f64>], begun: Option<usize>) -> Option<Trials> {
    let defined: Vec<f64> = sharpes.iter().flatten().copied().collect();
    let sharpe_variance = variance(&defined).unwrap_or(0.0);
    let effective = effective_trials(columns)?.max(1.0);
    Some(match begun.filter(|begun| *begun > columns.len()) {
        Some(begun) => {
            let periods = columns.first().map_or(0, Vec::len);
            let least = if periods > 1 { 1.0 / (periods - 1) as f64 } else { 0.0 };
            Trials { count: begun as f64, sharpe_variance: sharpe_variance.max(least) }
        }
        None => Trials { count: effective, sharpe_variance },
    })
}

/// Logits in bars of equal width with an edge on zero, wide enough for the farthest.
fn histogram(splits: &[Split]) -> Vec<LogitBin> {
    let farthest = splits.iter().fold(0.0, |far: f64, s| far.max(s.logit.abs()));
    if splits.is_empty() {
        return Vec::new();
    }
    let width = (farthest / f64::from(LOGIT_BINS)).max(0.1);
    let edge = |i: i32| f64::from(i) * width;
    let mut bins: Vec<LogitBin> = (-LOGIT_BINS..LOGIT_BINS).map(|i| LogitBin { from: edge(i), to: edge(i + 1), count: 0 }).collect();
    for split in splits {
        let at = (split.logit / width).ceil() as i32 - 1 + LOGIT_BINS;
        bins[at.clamp(0, 2 * LOGIT_BINS - 1) as usize].count += 1;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{luck::dsr_of, moments::variance};

    fn sines() -> Vec<Vec<f64>> {
        (1..=8).map(|n| (1..=64).map(|t| libm::sin(0.7 * f64::from(t * n)) + 0.01 * f64::from(n)).collect()).collect()
    }

    fn luck(columns: &[Vec<f64>], chosen: Option<usize>) -> Luck {
        Luck::of(&Matrix { chosen, blocks: 8, ..Matrix::of(columns, 252.0, Seed::new(7)) })
    }

    #[test]
    fn the_best_is_deflated_by_all() {
        let columns = sines();
        let found = luck(&columns, None);
        // the means rise with n, and the eighth sine has the greatest
        assert_eq!((found.chosen, found.trials, found.effective_trials), (Some(7), 8, effective_trials(&columns)));
        let sharpes: Vec<f64> = columns.iter().map(|c| sharpe_per_period(c, 0.0).unwrap()).collect();
        let trials = Trials { count: effective_trials(&columns).unwrap(), sharpe_variance: variance(&sharpes).unwrap() };
        assert_eq!((found.sr0, found.dsr), (expected_max_sharpe(trials), dsr_of(&columns[7], trials)));
        assert_eq!(found.sharpe, Some(sharpes[7] * 252f64.sqrt()));
    }

    #[test]
    fn another_choice_is_judged_by_its_own_returns_and_the_trials_of_all() {
        let columns = sines();
        let (found, best) = (luck(&columns, Some(0)), luck(&columns, None));
        assert_eq!((found.chosen, found.sr0), (Some(0), best.sr0));
        assert_eq!(found.dsr, psr_of(&columns[0], best.sr0.unwrap()));
        assert!(found.dsr < best.dsr);
        assert!(found.against_zero.unwrap().chosen_p >= Some(found.against_zero.unwrap().spa_p));
        assert_eq!(deflated(&columns, None)[0], found.dsr);
    }

    #[test]
    fn survivors_are_judged_by_every_set_that_was_begun() {
        let columns = sines();
        let of = |begun| Luck::of(&Matrix { begun, chosen: Some(7), blocks: 8, ..Matrix::of(&columns, 252.0, Seed::new(7)) });
        let (alone, picked) = (of(None), of(Some(200)));
        assert_eq!((alone.trials, alone.played_whole, alone.begun_p), (8, None, None));
        assert_eq!((picked.trials, picked.played_whole, picked.effective_trials), (200, Some(8), Some(200.0)));
        assert_eq!(of(Some(8)), alone, "all that were begun are there");
        // 1 − (1 − p)^200 = 1 − PSR^200.
        let expected = 1.0 - picked.psr.unwrap().powi(200);
        assert!((picked.begun_p.unwrap() - expected).abs() < 1e-12, "{:?} {expected}", picked.begun_p);
        let sharpes: Vec<f64> = columns.iter().map(|c| sharpe_per_period(c, 0.0).unwrap()).collect();
        let trials = Trials { count: 200.0, sharpe_variance: variance(&sharpes).unwrap().max(1.0 / 63.0) };
        assert_eq!(picked.dsr, dsr_of(&columns[7], trials));
        assert!(picked.dsr < alone.dsr);
        assert_eq!(deflated(&columns, Some(200))[7], picked.dsr);
    }

    #[test]
    fn a_lost_account_loses_all_on_its_last_day() {
        assert_eq!((lost_account(3), lost_account(0)), (vec![0.0, 0.0, -1.0], vec![]));
    }

    #[test]
    fn one_trial_has_nothing_to_deflate_and_no_overfitting() {
        let found = luck(&sines()[..1], None);
        assert_eq!((found.sr0, found.dsr, found.overfit), (Some(0.0), found.psr, None));
        assert!(found.logits.is_empty() && found.sharpe_spread.is_none());
        assert_eq!(found.dsr, dsr_of(&sines()[0], Trials::ONE));
    }

    #[test]
    fn trials_that_never_traded_leave_everything_undefined() {
        let found = luck(&[vec![0.0; 40], vec![0.0; 40]], None);
        assert_eq!((found.chosen, found.sharpe, found.dsr, found.against_zero), (None, None, None, None));
        assert_eq!(luck(&[], None), Luck { blocks: 8, ..Luck::default() });
    }

    #[test]
    fn logits_at_most_zero_stand_below_zero() {
        let found = luck(&sines(), None);
        let below: usize = found.logits.iter().filter(|b| b.to <= 0.0).map(|b| b.count).sum();
        let overfit = found.overfit.unwrap();
        assert_eq!(found.logits.iter().map(|b| b.count).sum::<usize>(), 70);
        assert!((below as f64 / 70.0 - overfit.pbo).abs() < 1e-12, "{found:?}");
        // equal trials: every logit is zero
        let same = vec![sines().swap_remove(0); 2];
        assert_eq!(luck(&same, None).logits.iter().filter(|b| b.count > 0).map(|b| b.to).collect::<Vec<_>>(), [0.0]);
    }

    #[test]
    fn a_crowd_of_losers_differs_by_more_than_luck() {
        let mut columns = sines();
        assert!(!luck(&columns, None).differs_by_more_than_luck());
        for column in &mut columns[..4] {
            column.iter_mut().for_each(|r| *r -= 0.5);
        }
        assert!(luck(&columns, None).differs_by_more_than_luck());
    }

    #[test]
    fn the_same_seed_gives_the_same_answer_for_any_number_of_threads() {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(one.install(|| luck(&sines(), None)), three.install(|| luck(&sines(), None)));
    }
}
