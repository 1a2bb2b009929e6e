//! The metrics of a run: every key of `run.json`'s `metrics`, in its fixed order.
//!
//! Ratios of returns (CAGR, Sharpe, Sortino, Calmar's numerator, omega, VaR, CVaR, skewness, kurtosis, PSR, DSR) use one value per
//! **trading day**, whatever the bars were; drawdown, its bars and the ulcer index use **every bar**. The risk-free rate and the minimum
//! acceptable return are 0. VaR and CVaR print a loss as a positive fraction, gross loss is negative, and net profit is final equity less
//! the start, so it counts a position still open. What is undefined is `None`, JSON null. Each key's words stand in
//! [`crate::stats::explain`].

use serde::{Deserialize, Serialize};

use crate::stats::drawdown::Meter;
use crate::stats::luck::{Trials, dsr_of, psr_of};
use crate::stats::moments::{finite, kurtosis, skewness};
use crate::stats::ratios::{cagr, calmar, cvar_95, omega, returns_of, sharpe, sortino, var_95};
use crate::stats::trades::TradeStats;

/// The figures of a run; fractions are 0 to 1, money is in the account currency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Bars completed.
    pub bars: u64,
    /// Closed trades.
    pub trades: u64,
    /// Winning trades over all closed ones.
    pub win_rate: Option<f64>,
    /// Gross profit over the size of the gross loss.
    pub profit_factor: Option<f64>,
    /// Mean pnl of a closed trade.
    pub expectancy: Option<f64>,
    /// Final equity less the starting capital.
    pub net_profit: Option<f64>,
    /// Sum of the winning trades.
    pub gross_profit: Option<f64>,
    /// Sum of the losing trades, negative.
    pub gross_loss: Option<f64>,
    /// Account value at the last bar, open positions marked.
    pub final_equity: Option<f64>,
    /// Net profit over starting capital.
    pub return_fraction: Option<f64>,
    /// Compound annual growth rate.
    pub cagr: Option<f64>,
    /// Annualised Sharpe ratio.
    pub sharpe: Option<f64>,
    /// Annualised Sortino ratio.
    pub sortino: Option<f64>,
    /// CAGR over maximum drawdown.
    pub calmar: Option<f64>,
    /// Omega ratio at 0.
    pub omega: Option<f64>,
    /// Deepest fall from a peak, a positive fraction.
    pub max_drawdown_fraction: Option<f64>,
    /// Most bars in a row below the running peak.
    pub max_drawdown_bars: Option<u64>,
    /// Root mean square drawdown, in percent.
    pub ulcer_index: Option<f64>,
    /// System quality number.
    pub sqn: Option<f64>,
    /// Kelly fraction estimated from the trades.
    pub kelly: Option<f64>,
    /// Daily value at risk at 95 %, a loss positive.
    pub var_95: Option<f64>,
    /// Daily expected shortfall at 95 %, a loss positive.
    pub cvar_95: Option<f64>,
    /// Population skewness of daily returns.
    pub skew: Option<f64>,
    /// Population kurtosis of daily returns, 3 for a normal.
    pub kurtosis: Option<f64>,
    /// Bars with a position over all bars.
    pub exposure_fraction: Option<f64>,
    /// Probability that the true Sharpe ratio is above zero.
    pub psr: Option<f64>,
    /// The same against the best of the trials.
    pub dsr: Option<f64>,
    /// All costs paid.
    pub costs_total: Option<f64>,
    /// Bars whose order of prices had to be assumed, over all bars.
    pub ambiguous_bar_fraction: Option<f64>,
}

/// What a run knows when it ends.
#[derive(Clone, Copy, Debug)]
pub struct MetricsInput<'a> {
    /// Bars completed.
    pub bars: u64,
    /// Starting capital, the first peak.
    pub initial_equity: f64,
    /// Account value at the end.
    pub final_equity: f64,
    /// Pnl of each closed trade, net of commission and swap.
    pub trade_pnls: &'a [f64],
    /// What the account value at each bar after the starting capital says of falls.
    pub falls: Meter,
    /// Account value at the end of each trading day.
    pub day_equity: &'a [f64],
    /// Trading days a year: 252, or 365 for crypto.
    pub periods_per_year: f64,
    /// Bars with a position.
    pub exposed_bars: u64,
    /// All costs paid, in account money.
    pub costs_total: f64,
    /// Bars whose order of prices had to be assumed.
    pub ambiguous_bars: u64,
    /// The trials this run was chosen from; [`Trials::ONE`] for a plain backtest, whose DSR is then its PSR.
    pub trials: Trials,
}

impl Metrics {
    /// The figures of a run.
    ///
    /// ```
    /// use cthulu_lab::stats::{drawdown::Meter, luck::Trials, summary::{Metrics, MetricsInput}};
    /// let equity = [10_100.0, 9_900.0, 10_400.0];
    /// let metrics = Metrics::compute(&MetricsInput {
    ///     bars: 3, initial_equity: 10_000.0, final_equity: 10_400.0, trade_pnls: &[-100.0, 500.0],
    ///     falls: Meter::over(10_000.0, &equity),
    ///     day_equity: &equity, periods_per_year: 252.0, exposed_bars: 3, costs_total: 4.0, ambiguous_bars: 0, trials: Trials::ONE,
    /// });
    /// assert_eq!((metrics.net_profit, metrics.profit_factor), (Some(400.0), Some(5.0)));
    /// assert_eq!(metrics.max_drawdown_fraction, Some(200.0 / 10_100.0));
    /// ```
    #[must_use]
    pub fn compute(input: &MetricsInput) -> Self {
        let start = input.initial_equity;
        let trades = TradeStats::of(input.trade_pnls);
        let days = returns_of(start, input.day_equity).unwrap_or_default();
        let of_bars = |count: u64| if input.bars > 0 { finite(count as f64 / input.bars as f64) } else { None };
        Self {
            bars: input.bars,
            trades: trades.trades,
            win_rate: trades.win_rate,
            profit_factor: trades.profit_factor,
            expectancy: trades.expectancy,
            net_profit: finite(input.final_equity - start),
            gross_profit: finite(trades.gross_profit),
            gross_loss: finite(trades.gross_loss),
            final_equity: finite(input.final_equity),
            return_fraction: if start > 0.0 { finite(input.final_equity / start - 1.0) } else { None },
            sqn: trades.sqn,
            kelly: trades.kelly,
            exposure_fraction: of_bars(input.exposed_bars),
            costs_total: finite(input.costs_total),
            ambiguous_bar_fraction: of_bars(input.ambiguous_bars),
            ..Self::of_curve(&input.falls, &days, input.periods_per_year, input.trials)
        }
    }

    /// The figures of a bare series of period returns: what belongs to trades, money and bars is `None` (and the counts of trades 0).
    ///
    /// Rows are the periods; the curve starts at 1, the first peak.
    ///
    /// ```
    /// use cthulu_lab::stats::summary::Metrics;
    /// let metrics = Metrics::of_returns(&[0.01, -0.02, 0.015, -0.005, 0.025], 252.0);
    /// assert!((metrics.sharpe.unwrap() - 4.48998886412873).abs() < 1e-12);
    /// assert_eq!(metrics.final_equity, None);
    /// ```
    #[must_use]
    pub fn of_returns(returns: &[f64], periods_per_year: f64) -> Self {
        let mut level = 1.0;
        let grow = |r: &f64| {
            level *= 1.0 + r;
            level
        };
        let equity: Vec<f64> = returns.iter().map(grow).collect();
        Self {
            bars: returns.len() as u64,
            return_fraction: equity.last().and_then(|last| finite(last - 1.0)),
            ..Self::of_curve(&Meter::over(1.0, &equity), returns, periods_per_year, Trials::ONE)
        }
    }

    /// The figures of a bare equity series whose first row is the starting capital: T = rows − 1 returns, drawdown over all rows.
    ///
    /// ```
    /// use cthulu_lab::stats::summary::Metrics;
    /// let metrics = Metrics::of_equity(&[100.0, 101.0, 102.0, 100.0, 99.0, 103.0, 103.0, 102.0], 252.0);
    /// assert!((metrics.ulcer_index.unwrap() - 1.2960415727).abs() < 1e-9);
    /// assert!((metrics.return_fraction.unwrap() - 0.02).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn of_equity(levels: &[f64], periods_per_year: f64) -> Self {
        let Some((start, rest)) = levels.split_first() else { return Self::default() };
        let last = levels[levels.len() - 1];
        let returns = returns_of(*start, rest).unwrap_or_default();
        Self {
            bars: levels.len() as u64,
            net_profit: finite(last - start),
            final_equity: finite(last),
            return_fraction: if *start > 0.0 { finite(last / start - 1.0) } else { None },
            ..Self::of_curve(&Meter::over(*start, levels), &returns, periods_per_year, Trials::ONE)
        }
    }

    /// What equity per bar and returns per period say; everything else is left undefined.
    fn of_curve(falls: &Meter, returns: &[f64], periods_per_year: f64, trials: Trials) -> Self {
        let worst = falls.max_drawdown();
        let growth = cagr(returns, periods_per_year);
        Self {
            cagr: growth,
            sharpe: sharpe(returns, 0.0, periods_per_year),
            sortino: sortino(returns, 0.0, periods_per_year),
            calmar: growth.zip(worst).and_then(|(g, w)| calmar(g, w.fraction)),
            omega: omega(returns, 0.0),
            max_drawdown_fraction: worst.map(|w| w.fraction),
            max_drawdown_bars: worst.map(|w| w.bars),
            ulcer_index: falls.ulcer_index(),
            var_95: var_95(returns),
            cvar_95: cvar_95(returns),
            skew: skewness(returns),
            kurtosis: kurtosis(returns),
            psr: psr_of(returns, 0.0),
            dsr: dsr_of(returns, trials),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input<'a>(equity: &'a [f64], trade_pnls: &'a [f64]) -> MetricsInput<'a> {
        MetricsInput {
            bars: equity.len() as u64,
            initial_equity: 100.0,
            final_equity: equity.last().copied().unwrap_or(100.0),
            trade_pnls,
            falls: Meter::over(100.0, equity),
            day_equity: equity,
            periods_per_year: 252.0,
            exposed_bars: 1,
            costs_total: 0.5,
            ambiguous_bars: 0,
            trials: Trials::ONE,
        }
    }

    #[test]
    fn keys_stand_in_the_order_of_the_contract() {
        let keys = "bars trades win_rate profit_factor expectancy net_profit gross_profit gross_loss final_equity return_fraction cagr \
            sharpe sortino calmar omega max_drawdown_fraction max_drawdown_bars ulcer_index sqn kelly var_95 cvar_95 skew kurtosis \
            exposure_fraction psr dsr costs_total ambiguous_bar_fraction";
        let text = serde_json::to_string(&Metrics::default()).unwrap();
        let found: Vec<&str> = text.trim_matches(['{', '}']).split(',').map(|pair| pair.split('"').nth(1).unwrap()).collect();
        assert_eq!(found, keys.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_run_without_a_trade_has_nulls_not_zeros() {
        let metrics = Metrics::compute(&input(&[100.0; 5], &[]));
        assert_eq!((metrics.trades, metrics.net_profit, metrics.gross_profit), (0, Some(0.0), Some(0.0)));
        assert_eq!((metrics.win_rate, metrics.profit_factor, metrics.expectancy, metrics.sqn), (None, None, None, None));
        assert_eq!((metrics.sharpe, metrics.sortino, metrics.calmar, metrics.omega, metrics.skew), (None, None, None, None, None));
        assert_eq!((metrics.max_drawdown_fraction, metrics.max_drawdown_bars, metrics.cagr), (Some(0.0), Some(0), Some(0.0)));
    }

    #[test]
    fn a_run_without_a_bar_is_all_undefined() {
        let metrics = Metrics::compute(&input(&[], &[]));
        assert_eq!((metrics.exposure_fraction, metrics.cagr, metrics.max_drawdown_fraction), (None, None, None));
    }

    #[test]
    fn one_trial_deflates_to_the_probabilistic_ratio() {
        let metrics = Metrics::compute(&input(&[101.0, 100.0, 103.0, 102.0, 105.0], &[5.0]));
        assert!(metrics.psr.is_some());
        assert_eq!(metrics.psr, metrics.dsr);
    }

    #[test]
    fn money_below_zero_leaves_the_ratios_undefined() {
        let metrics = Metrics::compute(&input(&[50.0, -10.0, -20.0], &[-120.0]));
        assert_eq!((metrics.sharpe, metrics.cagr, metrics.net_profit), (None, None, Some(-120.0)));
        assert_eq!(metrics.max_drawdown_fraction, Some(1.2));
    }

    #[test]
    fn metrics_survive_a_round_trip() {
        let metrics = Metrics::compute(&input(&[101.0, 100.0, 103.0], &[5.0, -2.0]));
        let text = serde_json::to_string(&metrics).unwrap();
        assert_eq!(serde_json::from_str::<Metrics>(&text).unwrap(), metrics);
    }
}
