//! What a set of parameters came to over rows that need not hang together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Arena, AtEnd, Played, Span};
use crate::{
    error::Result,
    fold::Rows,
    search::{Measured, Objective},
    stats::{
        drawdown::Meter,
        luck::Trials,
        summary::{Metrics, MetricsInput},
    },
};

/// The figures of one set of parameters, as much of a play as is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Every metric.
    pub metrics: Metrics,
    /// The return of each trading day; `None` where the account fell to nothing.
    pub day_returns: Option<Vec<f64>>,
    /// Trading days a year.
    pub periods_per_year: f64,
}

impl Scored {
    /// Plays parameters over rows: each range by itself, from the account's cash, flat, with everything before it known. Several ranges
    /// are measured as one record: their trades together, and their daily returns one after the other, by which drawdowns are measured too.
    ///
    /// # Errors
    /// As [`Arena::play`].
    pub fn play(arena: &Arena, params: &BTreeMap<String, f64>, rows: &Rows, at_end: AtEnd) -> Result<Self> {
        let play = |scored: &std::ops::Range<usize>| arena.play(params, &Span { scored: scored.clone(), at_end });
        let mut parts = rows.ranges().iter().map(play).collect::<Result<Vec<Played>>>()?;
        let periods_per_year = arena.setup().days.calendar.periods_per_year();
        if parts.len() == 1 {
            let Played { metrics, day_returns, .. } = parts.remove(0);
            return Ok(Self { metrics, day_returns, periods_per_year });
        }
        Ok(Self::joined(&parts, arena.setup().account.cash, periods_per_year))
    }

    fn joined(parts: &[Played], cash: f64, periods_per_year: f64) -> Self {
        let day_returns: Option<Vec<f64>> =
            parts.iter().map(|part| part.day_returns.clone()).collect::<Option<Vec<_>>>().map(|all| all.concat());
        let mut level = cash;
        let grow = |r: &f64| {
            level *= 1.0 + r;
            level
        };
        let levels: Vec<f64> = day_returns.iter().flatten().map(grow).collect();
        // What is lost does not come back: where an account fell to nothing, no gain of another range makes up for it.
        let gained = cash + parts.iter().map(|part| part.final_equity - cash).sum::<f64>();
        let lost = day_returns.is_none().then(|| parts.iter().map(|part| part.final_equity).fold(gained, f64::min).min(0.0));
        let falls = lost.map_or_else(|| Meter::over(cash, &levels), |left| Meter::over(cash, &[left]));
        let trade_pnls: Vec<f64> = parts.iter().flat_map(|part| part.trade_pnls.iter().copied()).collect();
        // Shares of bars back into bars.
        let bars = |share: fn(&Metrics) -> Option<f64>| {
            parts.iter().map(|part| (share(&part.metrics).unwrap_or(0.0) * part.metrics.bars as f64).round() as u64).sum()
        };
        let metrics = Metrics::compute(&MetricsInput {
            bars: parts.iter().map(|part| part.metrics.bars).sum(),
            initial_equity: cash,
            final_equity: lost.or(levels.last().copied()).unwrap_or(cash),
            trade_pnls: &trade_pnls,
            falls,
            day_equity: &levels,
            periods_per_year,
            exposed_bars: bars(|metrics| metrics.exposure_fraction),
            costs_total: parts.iter().map(|part| part.costs.total()).sum(),
            ambiguous_bars: bars(|metrics| metrics.ambiguous_bar_fraction),
            trials: Trials::ONE,
        });
        Self { metrics, day_returns, periods_per_year }
    }

    /// The compound annual growth rate of its days; `None` where it is undefined.
    #[must_use]
    pub const fn annual_return(&self) -> Option<f64> {
        self.metrics.cagr
    }
}

/// What a set of parameters is worth over rows, `whole` being its figures over all of them. Where the objective asks for parts, each, equal to a
/// row, is played by itself from the account's cash, so that every metric has a meaning there; a part too short for a row has none.
///
/// # Errors
/// Whatever `play` fails with.
pub fn worth(objective: &Objective, whole: &Metrics, rows: &Rows, play: impl Fn(&Rows) -> Result<Metrics>) -> Result<Option<f64>> {
    let count = objective.parts.unwrap_or(0);
    let edge = |part: usize| part * rows.len() / count;
    let part = |n: usize| {
        let rows = rows.at(edge(n)..edge(n + 1));
        if rows.is_empty() { Ok(None) } else { play(&rows).map(Some) }
    };
    let parts = (0..count).map(part).collect::<Result<Vec<Option<Metrics>>>>()?;
    Ok(objective.value(&Figures { whole, parts: &parts }))
}

/// Metrics by key.
struct Figures<'a> {
    whole: &'a Metrics,
    parts: &'a [Option<Metrics>],
}

impl Measured for Figures<'_> {
    fn metric(&self, key: &str) -> Option<f64> {
        self.whole.get(key)
    }

    fn parts(&self, key: &str, count: usize) -> Vec<Option<f64>> {
        debug_assert_eq!(count, self.parts.len(), "the parts were played for this objective");
        self.parts.iter().map(|part| part.as_ref()?.get(key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CostBreakdown;

    fn part(final_equity: f64, day_returns: Option<Vec<f64>>) -> Played {
        let metrics = Metrics { bars: 10, ..Metrics::default() };
        Played {
            metrics,
            costs: CostBreakdown::default(),
            trade_pnls: vec![final_equity - 100.0],
            day_returns,
            final_equity,
            open_positions: 0,
        }
    }

    #[test]
    fn an_account_lost_in_one_range_is_worse_than_any_loss() {
        // One range gains 50, the other loses all: 100 + 50 − 100 = 50 is not what is left.
        let lost = Scored::joined(&[part(150.0, Some(vec![0.5])), part(0.0, None)], 100.0, 252.0).metrics;
        assert_eq!((lost.final_equity, lost.return_fraction, lost.net_profit), (Some(0.0), Some(-1.0), Some(-100.0)));
        assert_eq!((lost.max_drawdown_fraction, lost.sharpe, lost.cagr.is_some_and(|r| r > -1.0)), (Some(1.0), None, false));
        // Twice 100 + 100 lost, and 10 owed: 100 − 100 − 110 = −110.
        let twice = Scored::joined(&[part(0.0, None), part(-10.0, None)], 100.0, 252.0).metrics;
        assert_eq!(twice.final_equity, Some(-110.0));
        let loser = Scored::joined(&[part(10.0, Some(vec![-0.9])), part(10.0, Some(vec![-0.9]))], 100.0, 252.0).metrics;
        // 100 · 0.1 · 0.1 = 1.
        assert!((loser.final_equity.unwrap() - 1.0).abs() < 1e-12 && lost.final_equity < loser.final_equity);
    }
}
