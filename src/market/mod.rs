//! The nouns of the market: instruments, bars, ticks, orders and fills, the session calendar, and what comes first inside a bar.
//!
//! Prices are in quote currency per unit. Longs open at the ask and mark, trigger and exit at the bid; shorts the reverse.

mod bar;
mod calendar;
mod finer;
mod gap;
mod instrument;
pub mod intrabar;
mod order;
mod quote;

pub use bar::{Bar, Bars, Ohlc, Tick, Ticks};
pub use calendar::{Calendar, TradingDays};
pub use finer::Finer;
pub use gap::Gap;
pub use instrument::{Instrument, InstrumentId};
pub use order::{ExitReason, Fill, FillKind, Order, OrderId, OrderKind, Side, Size, Ticket};
pub use quote::{PriceSide, Quoting};
