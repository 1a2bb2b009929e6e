//! Who fills orders.
//!
//! The engine shows a broker every market event and asks for notices until there are none; each notice is booked before the next is
//! asked for, so a broker always sees the book as it stands.

mod costs;
mod path;
mod simulator;
mod stop_out;
mod venue;

pub use costs::Costs;
pub use simulator::{Fills, MarketFill, Simulator};
pub use venue::Venue;

use crate::{
    event::{Market, Refusal},
    market::{Bar, Fill, InstrumentId, Ohlc, Order, OrderId, Tick, Ticket},
    portfolio::{Ledger, Position},
};

/// What a broker tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Notice {
    /// A deal was done.
    Filled(Fill),
    /// An order was not accepted.
    Rejected(OrderId, Refusal),
    /// An order was withdrawn.
    Cancelled(OrderId, Refusal),
    /// Stop loss and take profit of a position are now these.
    Amended {
        /// Which position.
        ticket: Ticket,
        /// Its stop loss.
        stop_loss: Option<f64>,
        /// Its take profit.
        take_profit: Option<f64>,
    },
}

/// Takes orders and reports what became of them. A fill is never earlier than the event after its order; the one exception is a
/// simulator told to fill at the close.
pub trait Broker {
    /// Accepts an order.
    fn submit(&mut self, order: Order);

    /// Asks to withdraw an order that has not filled.
    fn cancel(&mut self, order: OrderId, reason: Refusal);

    /// Asks to move the stop loss of a position.
    fn move_stop(&mut self, ticket: Ticket, price: f64);

    /// The next notice that `market` brings, if any.
    fn settle(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice>;

    /// The next notice after the decisions of a completion: fills of a broker that deals at the close.
    fn settle_decided(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice>;

    /// Whether market orders fill at the close that decided them.
    fn deals_at_close(&self) -> bool {
        false
    }

    /// Commission of a deal as far as it is known beforehand, so that an order in whole lots leaves room for it.
    fn commission(&self, _instrument: InstrumentId, _lots: f64, _price: f64) -> f64 {
        0.0
    }

    /// Bid and ask of a market event.
    fn quote(&self, market: &Market<'_>) -> Option<Tick>;

    /// A bar as bid prices and as ask prices.
    fn sides(&self, instrument: InstrumentId, bar: &Bar) -> (Ohlc, Ohlc);

    /// Closes a position at the event's price, at the end of a replay; a broker that cannot answers `None`.
    fn close_now(&mut self, market: &Market<'_>, position: &Position) -> Option<Fill>;
}
