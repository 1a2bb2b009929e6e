//! A position while it is open, and the trade it becomes.

use serde::{Deserialize, Serialize};

use crate::{
    market::{ExitReason, Fill, InstrumentId, Ohlc, Side, Ticket},
    time::Nanos,
};

/// One open position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Its identity.
    pub ticket: Ticket,
    /// What is held.
    pub instrument: InstrumentId,
    /// Long or short.
    pub side: Side,
    /// How much.
    pub lots: f64,
    /// Price paid or received.
    pub entry: f64,
    /// When it was opened.
    pub opened_at: Nanos,
    /// Price at which it is given up.
    pub stop_loss: Option<f64>,
    /// Whether the stop has been moved since the entry.
    pub stop_moved: bool,
    /// Price at which it is taken home.
    pub take_profit: Option<f64>,
    /// Commission paid so far.
    pub commission: f64,
    /// What the spread cost at the entry.
    pub spread_cost: f64,
    /// What slippage cost at the entry.
    pub slippage_cost: f64,
    /// Financing paid so far; negative when received.
    pub swap: f64,
    /// Worst pnl seen, at most 0, in account money.
    pub worst_pnl: f64,
    /// Best pnl seen, at least 0, in account money.
    pub best_pnl: f64,
    /// Most favourable price seen since the entry, on completed bars or at ticks.
    pub best_price: f64,
    /// Completed bars since the entry, the entry bar included.
    pub bars: u32,
    /// Whether it was opened inside a bar, so that the bar's extremes may lie before the entry.
    pub opened_inside_bar: bool,
    /// Index of the strategy that asked for it.
    pub strategy: u8,
}

impl Position {
    pub(super) const fn open(fill: &Fill, stop_loss: Option<f64>, take_profit: Option<f64>) -> Self {
        Self {
            ticket: Ticket(fill.order),
            instrument: fill.instrument,
            side: fill.side,
            lots: fill.lots,
            entry: fill.price,
            opened_at: fill.at,
            stop_loss,
            stop_moved: false,
            take_profit,
            commission: fill.commission,
            spread_cost: fill.spread_cost,
            slippage_cost: fill.slippage_cost,
            swap: 0.0,
            worst_pnl: 0.0,
            best_pnl: 0.0,
            best_price: fill.price,
            bars: 0,
            opened_inside_bar: fill.inside_bar,
            strategy: fill.strategy,
        }
    }

    /// Pnl before commission if closed at `price`, where a lot gains `lot_value` when the price rises by 1.
    #[must_use]
    #[inline]
    pub fn pnl_at(&self, price: f64, lot_value: f64) -> f64 {
        self.side.sign() * (price - self.entry) * self.lots * lot_value
    }

    /// Sees a completed bar of the prices at which it could have been closed.
    #[inline]
    pub(super) fn pass_bar(&mut self, bar: &Ohlc, lot_value: f64, opened_at: Nanos) {
        self.bars += 1;
        // Of the bar it was opened inside of, only the close is known to lie after the entry.
        let inside = self.opened_inside_bar && self.opened_at > opened_at;
        let (best, worst) = match self.side {
            _ if inside => (bar.close, bar.close),
            Side::Buy => (bar.high, bar.low),
            Side::Sell => (bar.low, bar.high),
        };
        self.pass_price(best, lot_value);
        self.worst_pnl = self.worst_pnl.min(self.pnl_at(worst, lot_value));
    }

    /// Sees a price at which it could have been closed.
    #[inline]
    pub(super) fn pass_price(&mut self, price: f64, lot_value: f64) {
        if self.side.sign() * (price - self.best_price) > 0.0 {
            self.best_price = price;
        }
        let pnl = self.pnl_at(price, lot_value);
        self.best_pnl = self.best_pnl.max(pnl);
        self.worst_pnl = self.worst_pnl.min(pnl);
    }
}

/// One closed position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trade {
    /// Its identity.
    pub ticket: Ticket,
    /// What was held, by its index in the run.
    #[serde(skip, default = "first_instrument")]
    pub instrument: InstrumentId,
    /// Long or short.
    pub side: Side,
    /// How much.
    pub lots: f64,
    /// When it was opened.
    pub opened_at: Nanos,
    /// Price paid or received, spread and slippage included.
    pub entry: f64,
    /// When it was closed.
    pub closed_at: Nanos,
    /// Price at the end, spread and slippage included.
    pub exit: f64,
    /// Net of commission, swap and conversion, in account currency.
    pub pnl: f64,
    /// Commission of both deals.
    pub commission: f64,
    /// Financing paid; negative when received.
    pub swap: f64,
    /// What turning the pnl into account money cost.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub conversion: f64,
    /// Account money for one unit of the currency that the prices are in, when it was closed.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub rate: f64,
    /// What the spread cost, already in the prices.
    pub spread: f64,
    /// What slippage cost, already in the prices.
    pub slippage: f64,
    /// Worst pnl before commission seen while open, at most 0.
    pub mae: f64,
    /// Best pnl before commission seen while open, at least 0.
    pub mfe: f64,
    /// Completed bars while open, the entry bar included.
    pub bars: u32,
    /// Why it was closed.
    pub reason: ExitReason,
    /// Index of the strategy that asked for it.
    #[serde(skip)]
    pub strategy: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_nothing(cost: &f64) -> bool {
    *cost == 0.0
}

const fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(rate: &f64) -> bool {
    *rate == 1.0
}

const fn first_instrument() -> InstrumentId {
    InstrumentId(0)
}

impl Trade {
    pub(super) fn close(position: &Position, fill: &Fill, gross: f64, reason: ExitReason) -> Self {
        let commission = position.commission + fill.commission;
        Self {
            ticket: position.ticket,
            instrument: position.instrument,
            side: position.side,
            lots: position.lots,
            opened_at: position.opened_at,
            entry: position.entry,
            closed_at: fill.at,
            exit: fill.price,
            pnl: gross - commission - position.swap - fill.conversion_cost,
            commission,
            swap: position.swap,
            conversion: fill.conversion_cost,
            rate: fill.rate,
            spread: position.spread_cost + fill.spread_cost,
            slippage: position.slippage_cost + fill.slippage_cost,
            mae: position.worst_pnl.min(gross),
            mfe: position.best_pnl.max(gross),
            bars: position.bars + u32::from(fill.inside_bar),
            reason,
            strategy: position.strategy,
        }
    }

    /// Pnl as a fraction of the notional at the entry, `contract_size` units in a lot; `None` without a notional.
    #[must_use]
    pub fn pnl_fraction(&self, contract_size: f64) -> Option<f64> {
        let notional = self.entry * self.lots * (contract_size * self.rate);
        (notional > 0.0).then(|| self.pnl / notional)
    }
}
