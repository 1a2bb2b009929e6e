//! The intervals that every run prints: of the mean trade, the profit factor and the Sharpe ratio.
//!
//! All three are functions of sums, so thousands of resamples of tens of thousands of trades cost milliseconds. They agree with the
//! plain formulas to rounding.

use crate::stats::bootstrap::{Interval, Options, interval_of_sums};
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        seed::Seed,
        stats::{bootstrap::interval, ratios::sharpe, trades::TradeStats},
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
    fn what_never_loses_has_no_interval_of_its_profit_factor() {
        assert_eq!(profit_factor_interval(&[1.0, 2.0, 3.0], &Options::new(Seed::new(1))), None);
        assert_eq!(sharpe_interval(&[0.0; 30], 252.0, &Options::new(Seed::new(1))), None);
    }
}
