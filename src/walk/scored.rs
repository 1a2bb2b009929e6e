//! What a set of parameters came to over rows that need not hang together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Arena, AtEnd, Played, Span};
use crate::{
    error::Result,
    fold::Rows,
    search::Measured,
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
        let trade_pnls: Vec<f64> = parts.iter().flat_map(|part| part.trade_pnls.iter().copied()).collect();
        // Shares of bars back into bars.
        let bars = |share: fn(&Metrics) -> Option<f64>| {
            parts.iter().map(|part| (share(&part.metrics).unwrap_or(0.0) * part.metrics.bars as f64).round() as u64).sum()
        };
        let metrics = Metrics::compute(&MetricsInput {
            bars: parts.iter().map(|part| part.metrics.bars).sum(),
            initial_equity: cash,
            final_equity: levels.last().copied().unwrap_or(cash),
            trade_pnls: &trade_pnls,
            falls: Meter::over(cash, &levels),
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

impl Measured for Scored {
    fn metric(&self, key: &str) -> Option<f64> {
        self.metrics.get(key)
    }

    fn parts(&self, key: &str, count: usize) -> Vec<Option<f64>> {
        let days = self.day_returns.as_deref().unwrap_or_default();
        let edge = |part: usize| part * days.len() / count;
        let of = |part: usize| Metrics::of_returns(&days[edge(part)..edge(part + 1)], self.periods_per_year).get(key);
        (0..count).map(of).collect()
    }
}
