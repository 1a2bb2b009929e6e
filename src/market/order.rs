//! What is asked of a broker and what comes back.

use std::{fmt, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use super::InstrumentId;
use crate::time::Nanos;

/// Direction of an order or of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Gains when the price rises.
    Buy,
    /// Gains when the price falls.
    Sell,
}

impl Side {
    /// +1 for a buy, −1 for a sell.
    #[must_use]
    pub const fn sign(self) -> f64 {
        match self {
            Self::Buy => 1.0,
            Self::Sell => -1.0,
        }
    }

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// `buy` or `sell`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// Identity of an order within a run, in the order of submission, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub NonZeroU32);

/// Identity of a position: the number of the order that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticket(pub OrderId);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How an order meets the market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OrderKind {
    /// At the next price.
    Market,
    /// At this price or better.
    Limit(f64),
    /// At the market once this price is reached.
    Stop(f64),
}

impl OrderKind {
    /// `market`, `limit` or `stop`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit(_) => "limit",
            Self::Stop(_) => "stop",
        }
    }

    /// The price it waits for.
    #[must_use]
    pub const fn price(self) -> Option<f64> {
        match self {
            Self::Market => None,
            Self::Limit(price) | Self::Stop(price) => Some(price),
        }
    }
}

/// How much to trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// This many lots.
    Lots(f64),
    /// This fraction of the equity at the fill, as notional, leaving room for the commission.
    EquityFraction(f64),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// Identity within the run.
    pub id: OrderId,
    /// What to trade.
    pub instrument: InstrumentId,
    /// Direction of the deal.
    pub side: Side,
    /// How much.
    pub size: Size,
    /// How it meets the market.
    pub kind: OrderKind,
    /// The position it closes; `None` opens one.
    pub closes: Option<(Ticket, ExitReason)>,
    /// Price at which the position it opens is given up.
    pub stop_loss: Option<f64>,
    /// Price at which the position it opens is taken home.
    pub take_profit: Option<f64>,
    /// Index of the strategy that asked, in the run's list.
    pub strategy: u8,
    /// When it was submitted.
    pub submitted_at: Nanos,
}

/// Why a position was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// The strategy's exit rule.
    Signal,
    /// A signal of the opposite side.
    Reverse,
    /// The stop loss.
    StopLoss,
    /// The take profit.
    TakeProfit,
    /// The stop loss after it had been moved in the position's favour.
    TrailingStop,
    /// The strategy's longest holding time.
    TimeExit,
    /// A risk limit flattened the account.
    RiskLimit,
    /// The broker's stop-out: nothing was left of the account.
    StopOut,
    /// The run ended and was asked to close what was open.
    EndOfRun,
}

impl ExitReason {
    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Reverse => "reverse",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
            Self::TrailingStop => "trailing_stop",
            Self::TimeExit => "time_exit",
            Self::RiskLimit => "risk_limit",
            Self::StopOut => "stop_out",
            Self::EndOfRun => "end_of_run",
        }
    }
}

/// Whether a fill opens a position or closes one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FillKind {
    /// Opens the position whose ticket is the order's number.
    Open {
        /// Price at which it is given up.
        stop_loss: Option<f64>,
        /// Price at which it is taken home.
        take_profit: Option<f64>,
    },
    /// Closes this position, whole.
    Close(Ticket, ExitReason),
}

/// What the broker did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// The order filled; for a stop loss or take profit, the order that opened the position.
    pub order: OrderId,
    /// What was traded.
    pub instrument: InstrumentId,
    /// Direction of the deal.
    pub side: Side,
    /// How much.
    pub lots: f64,
    /// When it is known: the bar's opening, or its closing for what happened inside.
    pub at: Nanos,
    /// Price paid or received, spread and slippage included.
    pub price: f64,
    /// Opens or closes.
    pub kind: FillKind,
    /// Commission in account currency.
    pub commission: f64,
    /// Account money for one unit of the currency that prices are in; 1 where they are the same.
    pub rate: f64,
    /// What turning the pnl into account money cost; 0 for a deal that opens.
    pub conversion_cost: f64,
    /// What the spread cost against the middle price, in account currency; already in the price.
    pub spread_cost: f64,
    /// What slippage cost, in account currency; already in the price.
    pub slippage_cost: f64,
    /// Whether it happened inside a bar, at a moment before `at` that the bar does not tell.
    pub inside_bar: bool,
    /// Whether the bar left open what came first and the choice went against the position.
    pub ambiguous: bool,
    /// Index of the strategy that asked, in the run's list.
    pub strategy: u8,
}
