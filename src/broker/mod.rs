//! Who fills orders.
//!
//! The engine shows a broker every market event and asks for notices until there are none; each notice is booked before the next is
//! asked for, so a broker always sees the book as it stands.

mod back_office;
mod costs;
mod edges;
mod financing;
mod latency;
mod path;
mod simulator;
mod slippage;
mod stop_out;
mod tariff;
mod venue;

pub use back_office::{BackOffice, Conversion};
pub use costs::Costs;
pub use edges::ClosingAt;
pub use financing::{Dividend, FinancingTerms};
pub use latency::Delayed;
pub use simulator::{Fills, MarketFill, Simulator};
pub use slippage::{Impact, Recorded, Slippage, Volatility, VolumeShare};
pub use tariff::{Tariff, Tier, Volume};
pub use venue::{House, Venue};

use crate::{
    event::{Market, Refusal},
    market::{Bar, Charge, Fill, InstrumentId, Ohlc, Order, OrderId, Tick, Ticket},
    portfolio::{Ledger, Position, Rate},
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
    /// Money moved because a position was held.
    Charged(Charge),
    /// The currency that prices of an instrument are in is worth something else from now on.
    Converted(InstrumentId, Rate),
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

    /// Money per deal and per lot that a deal at `price` will not cost more than, so that an order in whole lots leaves room for it; a lot
    /// gains `lot_value` when the price rises by 1.
    fn commission_bound(&self, _instrument: InstrumentId, _price: f64, _lot_value: f64) -> (f64, f64) {
        (0.0, 0.0)
    }

    /// Sees a completed bar, after everything it brought has been settled.
    #[inline]
    fn learn(&mut self, _instrument: InstrumentId, _bar: &Bar) {}

    /// Bid and ask of a market event.
    fn quote(&self, market: &Market<'_>) -> Option<Tick>;

    /// A bar as bid prices and as ask prices.
    fn sides(&self, instrument: InstrumentId, bar: &Bar) -> (Ohlc, Ohlc);

    /// Closes a position at the event's price, at the end of a replay; a broker that cannot answers `None`.
    fn close_now(&mut self, market: &Market<'_>, position: &Position, book: &Ledger) -> Option<Fill>;
}
