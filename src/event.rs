//! Everything that can happen in a run, in the order it happened.
//!
//! An [`Event`] is typed and cheap to clone; a [`Record`] is the same as one flat JSON object, with names in place of indices. Records
//! are the journal's lines, the training log's lines and what other programs read; their `v` is [`VERSION`].

mod line;
mod record;
mod signal;

use std::sync::Arc;

pub use line::LineWriter;
pub use record::{Names, Record};
pub use signal::{Action, Signal};

use crate::{
    market::{Bar, Charge, Fill, Gap, InstrumentId, Order, OrderId, OrderKind, Side, Tick, Ticket},
    portfolio::{Position, Trade},
    time::Nanos,
};

/// Version of the record layout.
pub const VERSION: u32 = 1;

/// What a feed delivers. A bar is a dozen words and is lent: it stays where the feed gathered it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Market<'a> {
    /// A bar begins: its opening price is known, nothing else. The bar is shown for its quote; only its open may be used.
    Open(InstrumentId, &'a Bar),
    /// A bar is complete. `more` says that another completion of the same moment follows.
    Completion {
        /// Which instrument.
        instrument: InstrumentId,
        /// All of it.
        bar: &'a Bar,
        /// Whether another completion of the same moment follows.
        more: bool,
    },
    /// A quote.
    Tick(InstrumentId, Tick),
    /// Time passed.
    Heartbeat(Nanos),
}

impl Market<'_> {
    /// When it became known.
    #[must_use]
    #[inline]
    pub const fn at(&self) -> Nanos {
        match self {
            Self::Open(_, bar) => bar.opened_at,
            Self::Completion { bar, .. } => bar.closed_at,
            Self::Tick(_, tick) => tick.at,
            Self::Heartbeat(at) => *at,
        }
    }
}

/// Where a run trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Stored prices, simulated broker.
    #[default]
    Backtest,
    /// Generated prices, simulated broker.
    Synthetic,
    /// Live prices, no orders.
    Shadow,
    /// Live prices, simulated broker.
    Paper,
    /// Live prices, real broker.
    Live,
}

/// Who caused it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The strategies of the run.
    #[default]
    System,
    /// A remote call.
    Rpc,
    /// A position found at the broker and taken over.
    Adopted,
    /// A person at the broker's terminal.
    Manual,
}

/// Why something was refused, rejected or cancelled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// The position of this side is already open.
    AlreadyInPosition,
    /// A limit on open positions.
    MaxPositions,
    /// The day's loss limit.
    DailyLoss,
    /// The drawdown limit: no trading until the end.
    DrawdownHalt,
    /// The account has no money left.
    NoEquity,
    /// Sizing by risk needs a stop loss on the losing side of the price.
    NoStop,
    /// The size is below the smallest lot.
    BelowMinimumLots,
    /// The free margin does not carry it.
    NotEnoughMargin,
    /// A stop loss or take profit on the wrong side of the price.
    InvalidStops,
    /// A resting order whose signal is gone, or whose side was taken by another.
    Replaced,
    /// The run ended.
    EndOfRun,
}

/// What happened. The comment of each names its `kind` in files.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `run_started`
    RunStarted {
        /// Money at the start.
        cash: f64,
    },
    /// `signal_generated`
    SignalGenerated(Signal),
    /// `signal_approved`
    SignalApproved {
        /// Direction of the position.
        side: Side,
        /// Confidence after cognition.
        confidence: f64,
    },
    /// `signal_rejected`
    SignalRejected {
        /// Direction asked for.
        side: Side,
        /// Why.
        reason: Refusal,
    },
    /// `order_submitted`
    OrderSubmitted(Order),
    /// `order_refused`: by our own sizing or risk rules.
    OrderRefused {
        /// Direction of the deal.
        side: Side,
        /// How it would have met the market.
        kind: OrderKind,
        /// Why.
        reason: Refusal,
    },
    /// `order_rejected`: by the broker.
    OrderRejected {
        /// Which order.
        order: OrderId,
        /// Why.
        reason: Refusal,
    },
    /// `order_cancelled`
    OrderCancelled {
        /// Which order.
        order: OrderId,
        /// Why.
        reason: Refusal,
    },
    /// `order_filled`
    OrderFilled(Fill),
    /// `financing`: money moved because a position was held.
    Financing(Charge),
    /// `trade_opened`
    TradeOpened(Position),
    /// `sl_tp_updated`
    SlTpUpdated {
        /// Which position.
        ticket: Ticket,
        /// Its stop loss from now on.
        stop_loss: Option<f64>,
        /// Its take profit from now on.
        take_profit: Option<f64>,
    },
    /// `trade_stopped_out`: the stop loss was hit; `trade_closed` follows.
    TradeStoppedOut {
        /// Which position.
        ticket: Ticket,
        /// At which price.
        price: f64,
    },
    /// `trade_tp_hit`: the take profit was hit; `trade_closed` follows.
    TradeTpHit {
        /// Which position.
        ticket: Ticket,
        /// At which price.
        price: f64,
    },
    /// `trade_closed`
    TradeClosed {
        /// The trade.
        trade: Trade,
        /// The strategy's named values when the entry was signalled.
        features: Arc<[Option<f64>]>,
    },
    /// `risk_limit_hit`
    RiskLimitHit {
        /// Which limit.
        limit: Refusal,
        /// The loss or drawdown that hit it, as a fraction.
        fraction: f64,
    },
    /// `drawdown`: the account is this far below its peak, told once for every further twentieth.
    Drawdown {
        /// Depth as a fraction of the peak.
        fraction: f64,
    },
    /// `gap_crossed`: a position was held over a hole in the data that its market's hours do not explain.
    GapCrossed {
        /// Which position.
        ticket: Ticket,
        /// Direction of the position.
        side: Side,
        /// The hole.
        gap: Gap,
    },
    /// `run_finished`
    RunFinished {
        /// Equity at the end.
        equity: f64,
        /// Cash at the end.
        cash: f64,
    },
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Place in the run, from 1, without gaps.
    pub seq: u64,
    /// When.
    pub at: Nanos,
    /// Where the run trades.
    pub mode: Mode,
    /// Who caused it.
    pub source: Source,
    /// What it concerns.
    pub instrument: Option<InstrumentId>,
    /// Index of the strategy it concerns, in the run's list.
    pub strategy: Option<u8>,
    /// What happened.
    pub kind: Kind,
}
