//! What a strategy is, what it may see, and what it may ask.
//!
//! A strategy sees completed bars only and emits signals; it never trades. Only [`Strategy::on_bar`] is mandatory:
//!
//! ```
//! use cthulu_lab::{market::{Bar, Side}, strategy::{Context, Entry, Strategy}};
//!
//! /// Long after a higher close, out after a lower one.
//! #[derive(Default)]
//! struct Momentum { last_close: Option<f64> }
//!
//! impl Strategy for Momentum {
//!     fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
//!         match self.last_close.replace(bar.close) {
//!             Some(last) if bar.close > last => ctx.enter(Entry::market(Side::Buy)),
//!             Some(last) if bar.close < last => ctx.exit(),
//!             _ => {}
//!         }
//!     }
//! }
//! ```

mod catalogue;
mod relay;
mod rules;
mod silence;

use std::sync::Arc;

pub use catalogue::{STRATEGIES, catalogue, strategy_text};
pub use relay::{Leg, Relay};
pub use rules::RuleStrategy;

use crate::{
    event::{Action, Signal},
    market::{Bar, Bars, ExitReason, InstrumentId, OrderKind, Side},
    portfolio::{Ledger, Position},
    time::Nanos,
};

/// A trading rule for one instrument.
pub trait Strategy {
    /// One completed bar.
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar);

    /// Offers a replay's bars in advance, so that indicators may be computed in blocks. Row i of what is computed may depend on rows 0 to i
    /// alone; the truncation test holds every shipped strategy to it.
    fn prepare(&mut self, _bars: &Arc<Bars>) {}

    /// How many of the bars to come, `most` at most, bring no signal of this strategy as long as `position` stays what it is and no order of
    /// its own rests. 0 where that cannot be told, which is always right: a replay may let the bars it is told of pass unseen.
    fn silent_bars(&mut self, _position: Option<&Position>, _most: usize) -> usize {
        0
    }

    /// Lets `bars` bars pass that [`Strategy::silent_bars`] told of.
    fn pass(&mut self, _bars: usize) {}

    /// Names of the values recorded with every entry.
    fn feature_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// An entry to ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Long or short.
    pub side: Side,
    /// How it meets the market.
    pub order: OrderKind,
    /// Price at which to give up.
    pub stop_loss: Option<f64>,
    /// Price at which to take profit.
    pub take_profit: Option<f64>,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// Values to record, in the order of [`Strategy::feature_names`].
    pub features: Arc<[Option<f64>]>,
}

impl Entry {
    /// An entry at the next price, without stop or target.
    #[must_use]
    pub fn market(side: Side) -> Self {
        Self { side, order: OrderKind::Market, stop_loss: None, take_profit: None, confidence: 1.0, features: Arc::new([]) }
    }
}

/// The strategy's window on the run: reads the book, queues signals.
pub struct Context<'a> {
    pub(crate) now: Nanos,
    pub(crate) seat: u8,
    pub(crate) instrument: InstrumentId,
    pub(crate) book: &'a Ledger,
    pub(crate) has_resting_entry: bool,
    pub(crate) trades_closed: u32,
    pub(crate) signals: &'a mut Vec<Signal>,
}

impl<'a> Context<'a> {
    /// The moment of the decision.
    #[must_use]
    pub const fn now(&self) -> Nanos {
        self.now
    }

    /// The position this strategy holds in this instrument.
    #[must_use]
    #[inline]
    pub fn position(&self) -> Option<&'a Position> {
        self.book.position_of(self.seat, self.instrument)
    }

    /// Pnl of the position over its notional at the entry; `None` when flat.
    #[must_use]
    pub fn pnl_fraction(&self) -> Option<f64> {
        let position = self.position()?;
        let notional = position.entry * position.lots * self.book.lot_value(position.instrument);
        (notional > 0.0).then(|| self.book.unrealised_of(position) / notional)
    }

    /// Cash plus unrealised pnl of the whole account.
    #[must_use]
    pub fn equity(&self) -> f64 {
        self.book.equity()
    }

    /// Whether an entry order of this strategy rests at the broker.
    #[must_use]
    pub const fn has_resting_entry(&self) -> bool {
        self.has_resting_entry
    }

    /// How many trades this strategy has closed so far in this run.
    #[must_use]
    pub const fn trades_closed(&self) -> u32 {
        self.trades_closed
    }

    /// Asks for a position. On the side already held it is ignored; on the other side the position held is closed and reversed.
    pub fn enter(&mut self, entry: Entry) {
        let action = Action::Enter { side: entry.side, order: entry.order, stop_loss: entry.stop_loss, take_profit: entry.take_profit };
        self.signal(action, entry.confidence, entry.features);
    }

    /// Asks to close the position held, at the next price.
    pub fn exit(&mut self) {
        self.exit_for(ExitReason::Signal);
    }

    pub(crate) fn exit_for(&mut self, reason: ExitReason) {
        self.signal(Action::Exit(reason), 1.0, Arc::new([]));
    }

    /// Asks to move the stop loss of the position held.
    pub fn move_stop(&mut self, price: f64) {
        self.signal(Action::MoveStop(price), 1.0, Arc::new([]));
    }

    /// Withdraws an entry order that has not filled.
    pub fn withdraw(&mut self) {
        self.signal(Action::Withdraw, 1.0, Arc::new([]));
    }

    fn signal(&mut self, action: Action, confidence: f64, features: Arc<[Option<f64>]>) {
        self.signals.push(Signal { instrument: self.instrument, strategy: self.seat, action, confidence, features });
    }
}
