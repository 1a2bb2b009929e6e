//! The intervals that every run prints: of the mean trade, the profit factor and the Sharpe ratio; and that of the drawdown.
//!
//! The first three are functions of sums, so thousands of resamples of tens of thousands of trades cost milliseconds. They agree with the
//! plain formulas to rounding.

use std::ops::Range;

use crate::stats::bootstrap::{Interval, Options, Resampled, automatic_block, bracket, interval};
use crate::stats::moments::{finite, is_flat, mean};

/// The interval of the mean.
#[must_use]
pub fn mean_interval(values: &[f64], options: &Options) -> Option<Interval> {
    interval_of_sums(values, |x| [x], |[sum], rows| finite(sum / rows), options)
}

/// The interval of the profit factor Σ winning pnl / |Σ losing pnl|; a resample without a loss has none.
#[must_use]
pub fn profit_factor_interval(pnls: &[f64], options: &Options) -> Option<Interval> {
    let factor = |[won, lost]: [f64; 2], _rows| if lost < 0.0 { finite(won / -lost) } else { None };
    interval_of_sums(pnls, |pnl| [pnl.max(0.0), pnl.min(0.0)], factor, options)
}

/// The interval of the annualised Sharpe ratio at a risk-free rate of 0.
#[must_use]
pub fn sharpe_interval(returns: &[f64], periods_per_year: f64, options: &Options) -> Option<Interval> {
    // Deviations from the middle keep the squares from cancelling.
    let middle = mean(returns)?;
    let terms = |r: f64| [r - middle, (r - middle) * (r - middle)];
    let sharpe = |[deviations, squares]: [f64; 2], rows: f64| {
        let mu = middle + deviations / rows;
        let s = ((squares - deviations * deviations / rows).max(0.0) / (rows - 1.0)).sqrt();
        if is_flat(mu, s) { None } else { finite(mu / s * periods_per_year.sqrt()) }
    };
    interval_of_sums(returns, terms, sharpe, options)
}

/// The interval of the maximum drawdown of a curve that earns `returns`, its start the first peak; a positive fraction.
///
/// A drawdown depends on the order of the rows. Blocks of one row (`Options::block` of 1) shuffle it wholly and show what the same returns
/// could have done in any order; longer blocks keep runs of losses together.
///
/// ```
/// use cthulu_lab::{seed::Seed, stats::{bootstrap::Options, intervals::drawdown_interval}};
/// let returns: Vec<f64> = (0..100).map(|i| if i % 3 == 0 { -0.02 } else { 0.015 }).collect();
/// let found = drawdown_interval(&returns, &Options::new(Seed::new(7))).unwrap();
/// assert!(found.point < found.high && (found.point - 0.02).abs() < 1e-12);
/// ```
#[must_use]
pub fn drawdown_interval(returns: &[f64], options: &Options) -> Option<Interval> {
    interval(returns, drawdown, options)
}

/// The deepest fall from a peak of a curve that starts at 1, without the curve.
fn drawdown(returns: &[f64]) -> Option<f64> {
    let (mut level, mut peak, mut deepest) = (1.0, 1.0, 0.0);
    for r in returns {
        level *= 1.0 + r;
        peak = f64::max(peak, level);
        deepest = f64::max(deepest, 1.0 - level / peak);
    }
    finite(deepest)
}

/// Rows beyond this many are summed in groups of neighbours before they are drawn by [`interval_of_sums`].
pub const MAX_GROUPS: usize = 2048;

/// The interval of a statistic that is a function of sums over the rows: `terms` gives a row's share in each sum, `finish` makes the
/// statistic of the sums and the number of rows. The same interval as [`interval`]'s, for a fraction of its time.
///
/// Above [`MAX_GROUPS`] rows, neighbours are summed in equal groups (the last may be shorter by some) and the groups are drawn: blocks of
/// at least a group, which keep what depends on order and change nothing else that a reader would see.
///
/// `None` as for [`interval`].
///
/// ```
/// use cthulu_lab::{seed::Seed, stats::{bootstrap::Options, intervals::interval_of_sums}};
/// let data: Vec<f64> = (0..50).map(|i| f64::from(i % 5)).collect();
/// let mean = |sums: [f64; 1], rows: f64| Some(sums[0] / rows);
/// let found = interval_of_sums(&data, |x| [x], mean, &Options { block: Some(1.0), ..Options::new(Seed::new(7)) }).unwrap();
/// assert_eq!(found.point, 2.0);
/// assert!(1.4 < found.low && found.low < 1.8 && 2.2 < found.high && found.high < 2.6); // about 2 ± 1.96·0.2
/// ```
#[must_use]
pub fn interval_of_sums<const K: usize>(
    data: &[f64],
    terms: impl Fn(f64) -> [f64; K],
    finish: impl Fn([f64; K], f64) -> Option<f64> + Sync,
    options: &Options,
) -> Option<Interval> {
    let block = match options.block {
        Some(given) => given,
        None => automatic_block(data)?,
    };
    let group_rows = data.len().div_ceil(MAX_GROUPS).max(1);
    let groups: Vec<Sums<K>> = data.chunks(group_rows).map(|rows| rows.iter().fold(Sums::NONE, |sums, x| sums.plus(&terms(*x)))).collect();
    let total = groups.iter().fold(Sums::NONE, |sums, group| sums.with(group));
    let point = finish(total.sums, total.rows)?;
    let in_groups = (block / group_rows as f64).max(1.0);
    let found = bracket(groups.len(), point, in_groups, options, &Summed { groups, total, finish })?;
    Some(Interval { block_bars: found.block_bars * group_rows as f64, ..found })
}

/// Sums over some rows, and how many rows those are.
#[derive(Clone, Copy)]
struct Sums<const K: usize> {
    sums: [f64; K],
    rows: f64,
}

impl<const K: usize> Sums<K> {
    const NONE: Self = Self { sums: [0.0; K], rows: 0.0 };

    fn plus(mut self, terms: &[f64; K]) -> Self {
        self.sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        self.rows += 1.0;
        self
    }

    #[inline]
    fn with(mut self, other: &Self) -> Self {
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, more)| *sum += more);
        self.rows += other.rows;
        self
    }

    fn without(mut self, other: &Self) -> Self {
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, less)| *sum -= less);
        self.rows -= other.rows;
        self
    }
}

/// A function of sums, the rows being groups that are summed already.
struct Summed<const K: usize, F> {
    groups: Vec<Sums<K>>,
    total: Sums<K>,
    finish: F,
}

impl<const K: usize, F: Fn([f64; K], f64) -> Option<f64> + Sync> Resampled for Summed<K, F> {
    fn of(&self, chosen: &[u32], _buffer: &mut Vec<f64>) -> Option<f64> {
        let all = chosen.iter().fold(Sums::NONE, |sums, group| sums.with(&self.groups[*group as usize]));
        (self.finish)(all.sums, all.rows)
    }

    fn without(&self, _rows: usize, left_out: Range<usize>, _scratch: &mut (Vec<u32>, Vec<f64>)) -> Option<f64> {
        let kept = self.groups[left_out].iter().fold(self.total, |sums, group| sums.without(group));
        (self.finish)(kept.sums, kept.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        seed::Seed,
        stats::{drawdown::max_drawdown, ratios::sharpe, trades::TradeStats},
    };

    fn swings(count: u32) -> Vec<f64> {
        (0..count).map(|i| libm::sin(f64::from(i * i)) + 0.1).collect()
    }

    fn agrees(quick: Option<Interval>, plain: Option<Interval>) {
        let (quick, plain) = (quick.unwrap(), plain.unwrap());
        for (a, b) in [(quick.low, plain.low), (quick.point, plain.point), (quick.high, plain.high)] {
            assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{quick:?} {plain:?}");
        }
        assert_eq!((quick.method, quick.block_bars), (plain.method, plain.block_bars));
    }

    #[test]
    fn sums_give_the_interval_that_the_rows_give() {
        let data = swings(300);
        for block in [1.0, 6.5] {
            let options = Options { block: Some(block), resamples: 400, ..Options::new(Seed::new(3)) };
            agrees(mean_interval(&data, &options), interval(&data, mean, &options));
            agrees(profit_factor_interval(&data, &options), interval(&data, |x| TradeStats::of(x).profit_factor, &options));
            agrees(sharpe_interval(&data, 252.0, &options), interval(&data, |x| sharpe(x, 0.0, 252.0), &options));
        }
    }

    #[test]
    fn many_rows_in_groups_give_nearly_the_interval_of_single_rows() {
        let data = swings(20_000);
        let options = Options { block: Some(1.0), ..Options::new(Seed::new(3)) };
        let (grouped, single) = (mean_interval(&data, &options).unwrap(), interval(&data, mean, &options).unwrap());
        assert_eq!(grouped.block_bars, 10.0); // ⌈20,000/2,048⌉ rows a group
        let width = single.high - single.low;
        assert!((grouped.low - single.low).abs() < 0.1 * width && (grouped.high - single.high).abs() < 0.1 * width);
    }

    #[test]
    fn the_drawdown_is_that_of_the_curve() {
        let returns = swings(300).iter().map(|x| x * 0.01).collect::<Vec<_>>();
        let mut level = 1.0;
        let curve: Vec<f64> = returns
            .iter()
            .map(|r| {
                level *= 1.0 + r;
                level
            })
            .collect();
        assert!((drawdown(&returns).unwrap() - max_drawdown(1.0, &curve).unwrap().fraction).abs() < 1e-15);
        let options = Options { block: Some(8.0), ..Options::new(Seed::new(3)) };
        let found = drawdown_interval(&returns, &options).unwrap();
        assert!(0.0 < found.low && found.low < found.point && found.point < found.high && found.high < 1.0, "{found:?}");
    }

    #[test]
    fn what_never_loses_has_no_interval_of_its_profit_factor() {
        assert_eq!(profit_factor_interval(&[1.0, 2.0, 3.0], &Options::new(Seed::new(1))), None);
        assert_eq!(sharpe_interval(&[0.0; 30], 252.0, &Options::new(Seed::new(1))), None);
    }
}
