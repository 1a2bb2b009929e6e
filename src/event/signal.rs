//! What a strategy asks for.

use std::sync::Arc;

use crate::market::{ExitReason, InstrumentId, OrderKind, Side};

/// What a signal wants done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Take a position.
    Enter {
        /// Long or short.
        side: Side,
        /// How the entry meets the market.
        order: OrderKind,
        /// Price at which to give up.
        stop_loss: Option<f64>,
        /// Price at which to take profit.
        take_profit: Option<f64>,
    },
    /// Close the position held.
    Exit(ExitReason),
    /// Move the stop loss of the position held.
    MoveStop(f64),
    /// Withdraw entry orders that have not filled.
    Withdraw,
}

/// A strategy's wish, before cognition, sizing and risk.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// What to trade.
    pub instrument: InstrumentId,
    /// Index of the strategy in the run's list.
    pub strategy: u8,
    /// What to do.
    pub action: Action,
    /// How sure the rules are, 0 to 1; 1 where they do not say.
    pub confidence: f64,
    /// The strategy's named values at this bar, in the order of its names; empty for what is not an entry.
    pub features: Arc<[Option<f64>]>,
}
