//! The nouns of the market: instruments, bars, ticks, orders and fills, the session calendar, and what comes first inside a bar.
//!
//! Prices are in quote currency per unit. Longs open at the ask and mark, trigger and exit at the bid; shorts the reverse.

mod bar;
mod calendar;
mod charge;
mod finer;
mod gap;
mod instrument;
pub mod intrabar;
mod news;
mod order;
mod quote;
mod spread;
mod steps;
mod wall_clock;

pub use bar::{Bar, Bars, Ohlc, Tick, Ticks};
pub use calendar::{Calendar, TradingDays};
pub use charge::{Charge, Financing};
pub use finer::Finer;
pub use gap::Gap;
pub use instrument::{Instrument, InstrumentId, TripleDay};
pub use news::{Impact, News, NewsItem, currencies_of};
pub use order::{ExitReason, Fill, FillKind, Order, OrderId, OrderKind, Side, Size, Ticket};
pub use quote::{PriceSide, Quoting};
pub use spread::{SpreadSchedule, Windows};
pub use steps::Steps;
pub use wall_clock::{DailyHours, DailyMoment};
