//! The probability of backtest overfitting, by combinatorially symmetric cross-validation.
//!
//! Rows are cut into S even blocks; each way of taking half of them is one split, its blocks in sample and the others out of sample.
//! The trial that is best in sample is ranked out of sample among all N (equal scores share their mean rank): ω = rank/(N + 1),
//! λ = ln(ω/(1 − ω)), and PBO is the share of splits with λ ≤ 0. The score is the per-period Sharpe ratio with n − 1.
//! Source: D. Bailey, J. Borwein, M. López de Prado and Q. Zhu, "The Probability of Backtest Overfitting", 2015.
//!
//! Choices: a T that S does not divide is cut as evenly as it goes (block b holds rows ⌊bT/S⌋ to ⌊(b + 1)T/S⌋), nothing is dropped;
//! a half in which a trial does not vary scores 0 (it neither earned nor lost for its risk); of equal best trials the first is taken.

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;

use crate::stats::moments::{covariance, finite, mean, variance};

/// Most blocks accepted: 20 make 184,756 splits.
pub const MAX_BLOCKS: usize = 20;

/// What the splits say together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pbo {
    /// Share of splits in which the best in sample is at or below the median out of sample.
    pub pbo: f64,
    /// Mean of λ over the splits; above zero is better than a coin.
    pub mean_logit: f64,
    /// Splits, C(S, S/2).
    pub splits: u64,
    /// Share of splits in which the best in sample has a Sharpe ratio below zero out of sample.
    pub oos_loss_probability: f64,
    /// Slope of its out-of-sample on its in-sample Sharpe ratio over the splits; `None` where the latter does not vary.
    pub degradation_slope: Option<f64>,
}

/// One trial within one block: rows, Σ(x − c) and Σ(x − c)², c the trial's mean over all rows so that nothing cancels.
#[derive(Clone, Copy, Default)]
struct Block {
    rows: f64,
    sum: f64,
    squares: f64,
}

/// A trial's blocks and the mean they were centred on.
struct Trial {
    centre: f64,
    blocks: Vec<Block>,
}

/// One split's best trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// λ = ln(ω/(1 − ω)) of its rank out of sample; above zero is above the median.
    pub logit: f64,
    /// Its Sharpe ratio in sample, per period.
    pub inside: f64,
    /// Its Sharpe ratio out of sample, per period.
    pub outside: f64,
}

/// PBO of `columns` (each a trial's period returns, all T rows long) with `blocks` blocks (even, 16 by default elsewhere).
///
/// `None` below two trials, for an odd block count or one outside 2 to [`MAX_BLOCKS`], fewer rows than blocks or than four, columns
/// of different length, or a value that is not finite.
///
/// ```
/// use cthulu_lab::stats::pbo::pbo;
/// let columns: Vec<Vec<f64>> = (1..=8).map(|n| (1..=64).map(|t| (0.7 * f64::from(t * n)).sin()).collect()).collect();
/// let found = pbo(&columns, 8).unwrap();
/// assert_eq!(found.splits, 70);
/// assert!((found.pbo - 0.9714285714).abs() < 1e-9);
/// ```
#[must_use]
pub fn pbo(columns: &[Vec<f64>], blocks: usize) -> Option<Pbo> {
    Pbo::of(&splits(columns, blocks)?)
}

/// The best trial of every split, in the order of the splits; `None` as for [`pbo`].
///
/// A split and its mirror share their scores, so each pair is worked out once.
#[must_use]
pub fn splits(columns: &[Vec<f64>], blocks: usize) -> Option<Vec<Split>> {
    let rows = columns.first()?.len();
    let is_even_cut = blocks.is_multiple_of(2) && (2..=MAX_BLOCKS).contains(&blocks) && rows >= blocks.max(4);
    if columns.len() < 2 || !is_even_cut || columns.iter().any(|c| c.len() != rows) {
        return None;
    }
    let trials: Vec<Trial> = columns.iter().map(|c| cut(c, blocks)).collect::<Option<_>>()?;
    // The first block is out of sample in the lower half of the masks, and in sample in their mirrors.
    let halves: Vec<u32> = (0..1u32 << blocks).filter(|mask| mask & 1 == 0 && mask.count_ones() as usize == blocks / 2).collect();
    let pairs: Vec<[Split; 2]> = halves
        .par_iter()
        .map_init(Default::default, |(inside, outside): &mut (Vec<f64>, Vec<f64>), mask| {
            score(&trials, *mask, inside);
            score(&trials, !mask, outside);
            [judge(inside, outside), judge(outside, inside)]
        })
        .collect();
    Some(pairs.into_iter().flatten().collect())
}

fn score(trials: &[Trial], mask: u32, scores: &mut Vec<f64>) {
    scores.clear();
    scores.extend(trials.iter().map(|trial| half_sharpe(trial, mask)));
}

fn cut(column: &[f64], blocks: usize) -> Option<Trial> {
    let centre = mean(column)?;
    let edge = |b: usize| b * column.len() / blocks;
    let of = |b: usize| {
        column[edge(b)..edge(b + 1)].iter().map(|x| x - centre).fold(Block::default(), |total, d| Block {
            rows: total.rows + 1.0,
            sum: total.sum + d,
            squares: total.squares + d * d,
        })
    };
    Some(Trial { centre, blocks: (0..blocks).map(of).collect() })
}

fn half_sharpe(trial: &Trial, mask: u32) -> f64 {
    let chosen = trial.blocks.iter().enumerate().filter(|(b, _)| mask >> b & 1 == 1);
    let total =
        chosen.fold(Block::default(), |t, (_, b)| Block { rows: t.rows + b.rows, sum: t.sum + b.sum, squares: t.squares + b.squares });
    let shift = total.sum / total.rows;
    let deviations = total.squares - total.sum * shift;
    // what rounding leaves of a half that does not vary is far below one part in 1e13 of its squares
    if deviations <= 1e-13 * total.squares {
        return 0.0;
    }
    (trial.centre + shift) / (deviations / (total.rows - 1.0)).sqrt()
}

/// The first of the best in sample, ranked out of sample.
fn judge(inside: &[f64], outside: &[f64]) -> Split {
    let better = |top: usize, n: usize| if inside[n] > inside[top] { n } else { top };
    let best = (1..inside.len()).fold(0, better);
    let own = outside[best];
    let below = outside.iter().filter(|s| **s < own).count() as f64;
    let equal = outside.iter().filter(|s| **s == own).count() as f64;
    let rank = below + (equal + 1.0) / 2.0;
    let omega = rank / (outside.len() as f64 + 1.0);
    Split { logit: libm::log(omega / (1.0 - omega)), inside: inside[best], outside: own }
}

impl Pbo {
    /// What `splits` say together; `None` below two.
    #[must_use]
    pub fn of(splits: &[Split]) -> Option<Self> {
        let share = |holds: fn(&Split) -> bool| splits.iter().filter(|s| holds(s)).count() as f64 / splits.len() as f64;
        let column = |of: fn(&Split) -> f64| splits.iter().map(of).collect::<Vec<f64>>();
        let (inside, outside) = (column(|s| s.inside), column(|s| s.outside));
        let spread = variance(&inside)?;
        let together = covariance(&inside, &outside)?;
        Some(Self {
            pbo: share(|s| s.logit <= 0.0),
            mean_logit: mean(&column(|s| s.logit))?,
            splits: splits.len() as u64,
            oos_loss_probability: share(|s| s.outside < 0.0),
            degradation_slope: if spread > 0.0 { finite(together / spread) } else { None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sines() -> Vec<Vec<f64>> {
        (1..=8).map(|n| (1..=64).map(|t| libm::sin(0.7 * f64::from(t * n))).collect()).collect()
    }

    #[test]
    fn reference_numbers_hold() {
        let found = pbo(&sines(), 8).unwrap();
        assert_eq!(found.splits, 70);
        assert!((found.pbo - 0.9714285714).abs() < 1e-9, "{}", found.pbo);
        assert!((found.mean_logit + 1.5876250520).abs() < 1e-9, "{}", found.mean_logit);
    }

    #[test]
    fn a_trial_that_always_wins_is_not_overfitted() {
        let mut columns = sines();
        columns.push((0..64).map(|t| 5.0 + if t % 2 == 0 { 0.1 } else { -0.1 }).collect());
        let found = pbo(&columns, 8).unwrap();
        assert_eq!((found.pbo, found.oos_loss_probability), (0.0, 0.0));
        // always rank 9 of 9: ln(0.9/0.1)
        assert!((found.mean_logit - libm::log(9.0)).abs() < 1e-12);
    }

    #[test]
    fn equal_trials_share_the_middle_rank() {
        let one = sines().swap_remove(0);
        let found = pbo(&[one.clone(), one], 4).unwrap();
        // rank (1 + 2)/2 of 2: ω = 0.5, λ = 0, and λ ≤ 0 counts
        assert_eq!((found.pbo, found.mean_logit, found.splits), (1.0, 0.0, 6));
    }

    #[test]
    fn unusable_input_has_no_answer() {
        assert_eq!(pbo(&sines(), 7), None);
        assert_eq!(pbo(&sines(), 66), None);
        assert_eq!(pbo(&sines()[..1], 8), None);
        assert_eq!(pbo(&[vec![1.0; 64], vec![1.0; 63]], 8), None);
        assert_eq!(pbo(&[vec![f64::NAN; 64], vec![1.0; 64]], 8), None);
    }

    #[test]
    fn rows_that_do_not_divide_are_all_used() {
        let columns: Vec<Vec<f64>> = sines().into_iter().map(|c| c[..61].to_vec()).collect();
        let blocks = cut(&columns[0], 8).unwrap().blocks;
        assert_eq!(blocks.iter().map(|b| b.rows).sum::<f64>(), 61.0);
        assert!(blocks.iter().all(|b| (7.0..=8.0).contains(&b.rows)));
        assert!(pbo(&columns, 8).is_some());
    }
}
