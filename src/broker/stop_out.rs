//! Where a position is given up: at its own stop loss, or where the account has nothing left.
//!
//! A real broker closes a leveraged account before that, at a margin level of its own choosing; nothing left is the latest moment at which
//! any broker would, so what lies beyond it is never counted as survived.

use crate::{
    market::{ExitReason, Side, Tick},
    portfolio::{Ledger, Position},
};

/// The price at which a position is given up, and what that is called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WayOut {
    pub(super) price: Option<f64>,
    pub(super) reason: ExitReason,
}

impl WayOut {
    /// For a position whose instrument stands at `quote`.
    pub(super) fn of(position: &Position, quote: &Tick, book: &Ledger, leverage: f64) -> Self {
        let sign = position.side.sign();
        let own = if position.stop_moved { ExitReason::TrailingStop } else { ExitReason::StopLoss };
        match (position.stop_loss, ruin_price(position, quote, book, leverage)) {
            (Some(stop), Some(ruin)) if sign * (stop - ruin) >= 0.0 => Self { price: Some(stop), reason: own },
            (_, Some(ruin)) => Self { price: Some(ruin), reason: ExitReason::StopOut },
            (stop, None) => Self { price: stop, reason: own },
        }
    }
}

/// The price at which the account's equity would be zero if this instrument alone moved on from `quote`; `None` where no move against the
/// position gets there. A long without leverage cannot lose more than it paid.
fn ruin_price(position: &Position, quote: &Tick, book: &Ledger, leverage: f64) -> Option<f64> {
    if position.side == Side::Buy && leverage <= 1.0 {
        return None;
    }
    let (sign, lot_value) = (position.side.sign(), book.lot_value(position.instrument));
    let (mut equity, mut units) = (book.equity(), 0.0);
    for p in book.positions().iter().filter(|p| p.instrument == position.instrument) {
        equity += p.pnl_at(exit_price(p, quote), lot_value) - book.unrealised_of(p);
        units += p.side.sign() * p.lots * lot_value;
    }
    let against = sign * units;
    (against > 0.0).then(|| exit_price(position, quote) - sign * equity / against)
}

/// The side of a quote at which a position is closed.
pub(super) const fn exit_price(position: &Position, quote: &Tick) -> f64 {
    match position.side {
        Side::Buy => quote.bid,
        Side::Sell => quote.ask,
    }
}
