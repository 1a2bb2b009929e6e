//! What a finished run amounts to: its metrics, its costs, and its trading days. A backtest and each trial of a search take their figures here.

use serde::Serialize;

use super::Run;
use crate::{
    market::Calendar,
    stats::{
        drawdown::Meter,
        luck::Trials,
        summary::{Metrics, MetricsInput},
    },
    time::{DAY, Nanos, Timeframe},
};

/// What a run cost, by kind, in account currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct CostBreakdown {
    /// Commission paid.
    pub commission: f64,
    /// Spread, already in the prices.
    pub spread: f64,
    /// Slippage, already in the prices.
    pub slippage: f64,
    /// Financing: swap, funding, borrow and dividends; negative when received.
    pub swap: f64,
    /// What turning pnl into account money cost.
    #[serde(skip_serializing_if = "is_nothing")]
    pub conversion: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_nothing(cost: &f64) -> bool {
    *cost == 0.0
}

impl CostBreakdown {
    /// Costs of everything that was filled, open positions included.
    #[must_use]
    pub fn of<C>(run: &Run<C>) -> Self {
        let mut costs = Self::default();
        for trade in &run.trades {
            costs.commission += trade.commission;
            costs.spread += trade.spread;
            costs.slippage += trade.slippage;
            costs.swap += trade.swap;
            costs.conversion += trade.conversion;
        }
        for position in run.book.positions() {
            costs.commission += position.commission;
            costs.spread += position.spread_cost;
            costs.slippage += position.slippage_cost;
            costs.swap += position.swap;
        }
        costs
    }

    /// All of it.
    #[must_use]
    pub const fn total(&self) -> f64 {
        self.commission + self.spread + self.slippage + self.swap + self.conversion
    }
}

/// What a run's returns are counted by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Days {
    /// Whose trading days: those of the first instrument.
    pub calendar: Calendar,
    /// Length of its bars.
    pub timeframe: Timeframe,
}

impl Days {
    /// The last row of each trading day; bars of a day or more belong to the date they are stamped with.
    #[must_use]
    pub fn last_rows(&self, closed_at: &[Nanos]) -> Vec<usize> {
        let mut days = self.calendar.days();
        let mut rows: Vec<usize> = Vec::new();
        let mut current = None;
        for (row, closed_at) in closed_at.iter().enumerate() {
            // The closing moment belongs to the day that its last nanosecond was in.
            let day = if self.timeframe.ns() >= DAY {
                self.calendar.trading_day_of_bar(closed_at.plus(-self.timeframe.ns()), self.timeframe)
            } else {
                days.day(closed_at.plus(-1))
            };
            if current == Some(day) {
                rows.pop();
            }
            current = Some(day);
            rows.push(row);
        }
        rows
    }
}

/// The figures of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Every metric; the deflated Sharpe ratio is that of a single trial.
    pub metrics: Metrics,
    /// What it cost.
    pub costs: CostBreakdown,
    /// Pnl of each closed trade, in the order of closing.
    pub trade_pnls: Vec<f64>,
    /// Last row of the equity curve of each trading day.
    pub day_rows: Vec<usize>,
    /// Equity there.
    pub day_equity: Vec<f64>,
    /// Account value at the end, open positions marked.
    pub final_equity: f64,
    /// Positions open at the end.
    pub open_positions: usize,
}

/// What is known of a run's equity beside its end.
pub(super) struct Path {
    pub(super) falls: Meter,
    pub(super) day_rows: Vec<usize>,
    pub(super) day_equity: Vec<f64>,
}

impl Figures {
    /// Takes the figures of a run.
    #[must_use]
    pub fn of(run: &Run, days: &Days) -> Self {
        let day_rows = days.last_rows(run.curve.at());
        let day_equity: Vec<f64> = day_rows.iter().map(|row| run.curve.equity()[*row]).collect();
        let falls = Meter::over(run.book.initial_cash(), run.curve.equity());
        Self::along(run, days, Path { falls, day_rows, day_equity })
    }

    /// Of a run whose equity took that path.
    pub(super) fn along<C>(run: &Run<C>, days: &Days, Path { falls, day_rows, day_equity }: Path) -> Self {
        let trade_pnls: Vec<f64> = run.trades.iter().map(|t| t.pnl).collect();
        let costs = CostBreakdown::of(run);
        let final_equity = run.book.equity();
        let metrics = Metrics::compute(&MetricsInput {
            bars: run.bars,
            initial_equity: run.book.initial_cash(),
            final_equity,
            trade_pnls: &trade_pnls,
            falls,
            day_equity: &day_equity,
            periods_per_year: days.calendar.periods_per_year(),
            exposed_bars: run.exposed_bars,
            costs_total: costs.total(),
            ambiguous_bars: run.ambiguous_bars,
            trials: Trials::ONE,
        });
        let open_positions = run.book.positions().len();
        Self { metrics, costs, trade_pnls, day_rows, day_equity, final_equity, open_positions }
    }
}
