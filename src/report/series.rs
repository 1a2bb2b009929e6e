//! What the charts and tables need beyond the run folder's columns: daily levels, months, the rolling Sharpe ratio, the histogram.

use super::run::{RunFolder, at};
use crate::market::Calendar;
use crate::stats::monthly::{YearReturns, returns_by_month, rolling_sharpe};
use crate::stats::ratios::returns_of;
use crate::time::{DAY, Nanos, Timeframe};

/// Trading days in the window of the rolling Sharpe ratio: about a quarter.
pub(super) const ROLLING_DAYS: usize = 63;
/// Bars asked of the histogram.
const BINS: usize = 30;

/// The end of a trading day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Day {
    /// Days since 1970-01-01 by the market's calendar.
    pub(super) day: i64,
    /// Its last moment on record.
    pub(super) closed_at: Nanos,
    /// Equity then.
    pub(super) equity: f64,
}

/// A bar of the histogram: how many trades ended between two amounts.
pub(super) struct Bin {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) count: usize,
}

/// Everything derived once for a page.
pub(super) struct Series {
    pub(super) years: Vec<YearReturns>,
    pub(super) rolling: Vec<(Nanos, f64)>,
    pub(super) bins: Vec<Bin>,
}

impl Series {
    pub(super) fn of(run: &RunFolder) -> Self {
        let (start, days) = (start(run), daily(run));
        let levels: Vec<f64> = days.iter().map(|d| d.equity).collect();
        let returns = returns_of(start, &levels).unwrap_or_default();
        let rolling = rolling_sharpe(&returns, ROLLING_DAYS, run.number("periods_per_year").unwrap_or(252.0));
        let curve: Vec<(i64, f64)> = run.equity.iter().map(|row| (row.time.0, row.equity)).collect();
        let pnls: Vec<f64> = run.trades.iter().filter_map(|t| t.pnl).collect();
        Self {
            years: returns_by_month(start, &curve),
            rolling: days.iter().zip(rolling).filter_map(|(day, sharpe)| Some((day.closed_at, sharpe?))).collect(),
            bins: bins(&pnls),
        }
    }
}

/// The starting capital: the experiment's cash, else the first equity on record.
pub(super) fn start(run: &RunFolder) -> f64 {
    run.number("manifest.spec.account.cash").or_else(|| run.equity.first().map(|row| row.equity)).unwrap_or(0.0)
}

/// The end of each trading day. A row belongs to the day in which its bar ended, the day's last moment included.
pub(super) fn daily(run: &RunFolder) -> Vec<Day> {
    let mut cursor = calendar(run).days();
    let mut days: Vec<Day> = Vec::new();
    for row in &run.equity {
        let day = Day { day: cursor.day(row.time.plus(-1)), closed_at: row.time, equity: row.equity };
        match days.last_mut() {
            Some(last) if last.day == day.day => *last = day,
            _ => days.push(day),
        }
    }
    days
}

/// The calendar the run names for its first data file. Where it names none: UTC days for a market counted by 365 and for bars of a day
/// or more, the FX day otherwise.
fn calendar(run: &RunFolder) -> Calendar {
    let file = run.list("manifest.data").first();
    let text = |key: &str| file.and_then(|f| at(f, key)).and_then(|v| v.as_str());
    let is_daily = text("timeframe").and_then(|t| t.parse::<Timeframe>().ok()).is_some_and(|t| t.ns() >= DAY);
    match text("calendar").and_then(|name| name.parse().ok()) {
        Some(named) if !is_daily => named,
        None if !is_daily && run.number("periods_per_year") != Some(365.0) => Calendar::Fx,
        _ => Calendar::RoundTheClock,
    }
}

/// Bars of equal width with an edge on zero, so that none holds wins and losses at once (`stats::monthly::histogram` starts at the least
/// value instead). Empty without values or where all are zero.
fn bins(values: &[f64]) -> Vec<Bin> {
    let (lo, hi) = values.iter().fold((0.0_f64, 0.0_f64), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
    if hi <= lo {
        return Vec::new();
    }
    let width = (hi - lo) / BINS as f64;
    let (first, last) = ((lo / width).floor() as i64, (hi / width).ceil() as i64);
    let mut bins: Vec<Bin> = (first..last).map(|i| Bin { from: i as f64 * width, to: (i + 1) as f64 * width, count: 0 }).collect();
    for value in values {
        let at = ((value / width).floor() as i64 - first).clamp(0, bins.len() as i64 - 1);
        bins[at as usize].count += 1;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::run::EquityRow;

    #[test]
    fn no_bar_of_the_histogram_holds_wins_and_losses() {
        let bins = bins(&[-10.0, -0.5, 0.5, 20.0, 20.0]);
        assert!(bins.iter().all(|b| b.to <= 0.0 || b.from >= 0.0));
        assert_eq!(bins.iter().map(|b| b.count).sum::<usize>(), 5);
        assert_eq!(bins.iter().filter(|b| b.to <= 0.0).map(|b| b.count).sum::<usize>(), 2);
    }

    #[test]
    fn an_fx_day_ends_at_five_in_new_york() {
        // In January 17:00 in New York is 22:00 UTC: the bar that ends then still belongs to Monday, the next one to Tuesday.
        let row = |time: &str, equity| EquityRow { time: time.parse().unwrap(), equity, drawdown_fraction: None, exposure: None };
        let equity = vec![row("2017-01-02T21:00:00Z", 1.0), row("2017-01-02T22:00:00Z", 2.0), row("2017-01-02T23:00:00Z", 3.0)];
        let days = daily(&RunFolder { equity, ..RunFolder::default() });
        assert_eq!(days.iter().map(|d| d.equity).collect::<Vec<_>>(), [2.0, 3.0]);
    }
}
