//! The loop. The same function runs a backtest, a paper session and a live one.
//!
//! Modes differ only in the feed, the broker and the bus that are passed in. Within a moment the order is always the same: time moves,
//! resting orders meet the event, the ledger books and marks, the limits see the equity, strategies see the completed bar, risk sizes or
//! refuses, orders go out.
//! The earliest fill of an order is therefore the next moment; a broker that fills at the close is the one, stated, exception.

mod attribution;
mod curve;
mod desk;
mod figures;
mod gaps;
mod gauge;
mod skip;
mod track;

pub use attribution::{Attribution, BreakEven};
pub use curve::EquityCurve;
use desk::Desk;
pub use figures::{CostBreakdown, Days, Figures};
use gaps::GapWatch;
pub use skip::play;
pub use track::Track;

use std::sync::Arc;

use crate::{
    broker::{Broker, Notice},
    bus::Bus,
    event::{Kind, Market, Refusal},
    feed::Feed,
    market::{Bar, Calendar, Fill, Gap, Instrument, InstrumentId, Ohlc, Side, Ticket},
    portfolio::{Booked, Ledger, Trade, Worth},
    risk::{Limits, Lots, Sizing},
    strategy::Strategy,
    time::Nanos,
};

/// A strategy, where it trades, and its share of the account.
pub struct Seat {
    /// The rules.
    pub strategy: Box<dyn Strategy>,
    /// What it trades.
    pub instrument: InstrumentId,
    /// Share of the account's sizing, 1 for all of it.
    pub weight: f64,
}

/// The account a run trades.
#[derive(Clone, Debug)]
pub struct Account {
    /// Money at the start.
    pub cash: f64,
    /// How sizes are chosen.
    pub sizing: Sizing,
    /// Which sizes are accepted.
    pub lots: Lots,
    /// When not to trade.
    pub limits: Limits,
    /// What may be traded, by instrument.
    pub instruments: Vec<Instrument>,
    /// Holes in their prices that nothing explains, by instrument and in time order; an instrument that has no entry has none.
    pub gaps: Vec<Arc<[Gap]>>,
    /// Closes what is open at the last bar's close.
    pub close_at_end: bool,
}

/// What a run leaves behind, besides its events; `C` is what was kept of its equity.
#[derive(Clone, Debug)]
pub struct Run<C = EquityCurve> {
    /// The book at the end.
    pub book: Ledger,
    /// Closed trades in the order of closing.
    pub trades: Vec<Trade>,
    /// Equity at every completed moment.
    pub curve: C,
    /// Completed bars over all instruments.
    pub bars: u64,
    /// Completed bars in which a position was held, if only for a part of them.
    pub exposed_bars: u64,
    /// Bars in which something was settled against us for want of knowledge.
    pub ambiguous_bars: u64,
    /// Positions held over a hole in the data, in time order.
    pub crossings: Vec<Crossing>,
}

/// A position that was held over a hole in the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The position.
    pub ticket: Ticket,
    /// What it was held in.
    pub instrument: InstrumentId,
    /// The hole.
    pub gap: Gap,
}

/// Runs until the feed ends.
///
/// Takes any feed and any broker, by its own type or as a trait object; by its own type the compiler sees through the seam, which is worth
/// a fifth of a bar.
///
/// # Panics
/// When the feed goes back in time, or delivers an instrument the account does not know.
pub fn run(
    feed: &mut (impl Feed + ?Sized),
    seats: &mut [Seat],
    broker: &mut (impl Broker + ?Sized),
    account: &Account,
    bus: &mut Bus,
) -> Run {
    let mut engine = Engine::new(account, seats.len(), broker.deals_at_close(), EquityCurve::default());
    engine.curve.reserve(feed.completions_to_come());
    let mut now = Nanos(i64::MIN);
    // Borrowed where the feed put it: copying what was written field by field a moment ago waits for the writes.
    while let Some(market) = &feed.next() {
        let at = market.at();
        assert!(at >= now, "the feed went back from {now} to {at}");
        if now.0 == i64::MIN {
            bus.publish(at, None, None, Kind::RunStarted { cash: account.cash });
        }
        now = at;
        if engine.gaps.is_due(at) {
            engine.cross_gaps(market, bus);
        }
        if !engine.has_met(market) {
            engine.settle(market, false, broker, bus);
        }
        match market {
            Market::Completion { instrument, bar, more } => engine.complete((*instrument, bar, *more), seats, broker, bus),
            Market::Tick(instrument, _) => engine.pass_tick(*instrument, market, broker),
            Market::Open(..) | Market::Heartbeat(_) => {}
        }
    }
    engine.finish(now, seats, broker, bus)
}

/// Keeps of the equity at every completed moment what is wanted of it.
trait Recorder {
    /// The account after a moment.
    fn push(&mut self, at: Nanos, worth: Worth, cash: f64);

    /// The same again for the last moment, in whose place it stands.
    fn replace_last(&mut self, worth: Worth, cash: f64);
}

/// The state of a run between two moments.
struct Engine<'a, C> {
    account: &'a Account,
    desk: Desk<'a>,
    days: Option<crate::market::TradingDays>,
    curve: C,
    waiting: Vec<(InstrumentId, Bar)>,
    last: Vec<Option<Bar>>,
    trades: Vec<Trade>,
    bars: u64,
    exposed_bars: u64,
    ambiguous_bars: u64,
    gaps: GapWatch,
    crossings: Vec<Crossing>,
    deals_at_close: bool,
    /// Whether something was dealt inside the bar now being completed.
    dealt_inside: bool,
    /// Whether something in it was settled against us.
    is_ambiguous: bool,
    quoted: Vec<Quoted>,
    /// Whether any instrument is quoted tick by tick.
    has_ticks: bool,
}

/// What ticks have told of an instrument.
#[derive(Clone, Copy, Default)]
struct Quoted {
    /// Whether it is quoted tick by tick.
    by_ticks: bool,
    /// Whether a position in it was held at a tick since its last completion.
    was_held: bool,
}

impl<'a, C: Recorder> Engine<'a, C> {
    fn new(account: &'a Account, seats: usize, deals_at_close: bool, curve: C) -> Self {
        let desk = Desk::new(account, seats);
        let calendar = account.instruments.first().map_or(Calendar::RoundTheClock, |i| i.calendar);
        Self {
            account,
            days: desk.guard.watches_days().then(|| calendar.days()),
            desk,
            curve,
            waiting: Vec::new(),
            last: vec![None; account.instruments.len()],
            trades: Vec::new(),
            bars: 0,
            exposed_bars: 0,
            ambiguous_bars: 0,
            gaps: GapWatch::new(&account.gaps),
            crossings: Vec::new(),
            deals_at_close,
            dealt_inside: false,
            is_ambiguous: false,
            quoted: vec![Quoted::default(); account.instruments.len()],
            has_ticks: false,
        }
    }

    /// Tells of the positions that a hole in the data was passed with, before the first price behind it moves anything.
    #[inline(never)]
    fn cross_gaps(&mut self, market: &Market<'_>, bus: &mut Bus) {
        let (Market::Open(instrument, _) | Market::Tick(instrument, _)) = *market else { return };
        for gap in self.gaps.passed(instrument, market.at()) {
            for position in self.desk.book.positions().iter().filter(|p| p.instrument == instrument && p.opened_at < gap.to) {
                let (ticket, side) = (position.ticket, position.side);
                bus.publish(market.at(), Some(instrument), Some(position.strategy), Kind::GapCrossed { ticket, side, gap });
                self.crossings.push(Crossing { ticket, instrument, gap });
            }
        }
    }

    /// Whether what this event tells has been met already: a bar out of ticks holds no price that the ticks did not show.
    #[inline]
    fn has_met(&self, market: &Market<'_>) -> bool {
        self.has_ticks && matches!(market, Market::Completion { instrument, .. } if self.quoted[usize::from(instrument.0)].by_ticks)
    }

    /// Lets the positions see a quote.
    #[inline]
    fn pass_tick(&mut self, instrument: InstrumentId, market: &Market<'_>, broker: &(impl Broker + ?Sized)) {
        let quoted = &mut self.quoted[usize::from(instrument.0)];
        quoted.by_ticks = true;
        self.has_ticks = true;
        if !self.desk.book.is_flat() {
            let quote = broker.quote(market).expect("a tick has a quote");
            quoted.was_held |= self.desk.book.pass_quote(instrument, &quote);
        }
    }

    /// Books every notice the broker has for this event, one at a time.
    #[inline]
    fn settle(&mut self, market: &Market<'_>, decided: bool, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        // An open is looked at by the orders it may fill and by another instrument's completion; alone and without any, the next mark is soon enough.
        let is_looked_at = matches!(market, Market::Tick(..)) || self.desk.has_pending() || self.last.len() > 1;
        if is_looked_at
            && !self.desk.book.is_flat()
            && let Market::Open(instrument, _) | Market::Tick(instrument, _) = market
            && let Some(quote) = broker.quote(market)
        {
            self.desk.book.mark(*instrument, quote.bid, quote.ask);
        }
        loop {
            let book = &self.desk.book;
            let notice = if decided { broker.settle_decided(market, book) } else { broker.settle(market, book) };
            let Some(notice) = notice else { return };
            self.book_notice(market.at(), market, &notice, broker, bus);
        }
    }

    fn book_notice(&mut self, at: Nanos, market: &Market<'_>, notice: &Notice, broker: &(impl Broker + ?Sized), bus: &mut Bus) {
        let Notice::Filled(fill) = notice else {
            self.desk.hear(at, notice, bus);
            return;
        };
        self.dealt_inside |= fill.inside_bar;
        self.is_ambiguous |= fill.ambiguous;
        if let Some(quote) = broker.quote(market) {
            // Inside a bar the close is not known yet: what is dealt next is sized at the price just dealt.
            let dealt = if fill.side == Side::Buy { quote.ask } else { quote.bid };
            let shift = if fill.inside_bar { fill.price - dealt } else { 0.0 };
            self.desk.book.mark(fill.instrument, quote.bid + shift, quote.ask + shift);
        }
        if let Booked::Closed(trade) = self.desk.book_fill(at, fill, bus) {
            self.trades.push(trade);
        }
    }

    /// A completed bar: mark, then, when no completion of the same moment follows, decide.
    #[inline]
    fn complete(
        &mut self,
        (instrument, bar, more): (InstrumentId, &Bar, bool),
        seats: &mut [Seat],
        broker: &mut (impl Broker + ?Sized),
        bus: &mut Bus,
    ) {
        self.bars += 1;
        if self.account.close_at_end {
            self.last[usize::from(instrument.0)] = Some(*bar);
        }
        let mut exposed = std::mem::take(&mut self.dealt_inside);
        let mut by_ticks = false;
        if self.has_ticks {
            let quoted = &mut self.quoted[usize::from(instrument.0)];
            exposed |= std::mem::take(&mut quoted.was_held);
            by_ticks = quoted.by_ticks;
        }
        self.ambiguous_bars += u64::from(std::mem::take(&mut self.is_ambiguous));
        if !self.desk.book.is_flat() {
            let (mut bid, mut ask) = broker.sides(instrument, bar);
            if by_ticks {
                // Ticks have shown the extremes since the entry; the bar's own may lie before it.
                (bid, ask) = (Ohlc::flat(bid.close), Ohlc::flat(ask.close));
            }
            exposed |= self.desk.book.pass_bar(instrument, (&bid, &ask), bar.opened_at);
        }
        self.exposed_bars += u64::from(exposed);
        broker.learn(instrument, bar);
        if more {
            self.waiting.push((instrument, *bar));
            return;
        }
        let worth = self.desk.book.worth();
        self.watch(bar.closed_at, worth.equity, broker, bus);
        if !self.waiting.is_empty() {
            let mut waiting = std::mem::take(&mut self.waiting);
            for (instrument, bar) in waiting.drain(..) {
                self.decide(instrument, &bar, seats, broker, bus);
            }
            self.waiting = waiting;
        }
        self.decide(instrument, bar, seats, broker, bus);
        // Between the watch and here only deals at the close change the book.
        let worth = if self.deals_at_close { self.desk.book.worth() } else { worth };
        self.curve.push(bar.closed_at, worth, self.desk.book.cash());
    }

    #[inline]
    fn decide(&mut self, instrument: InstrumentId, bar: &Bar, seats: &mut [Seat], broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        for (index, seat) in (0_u8..).zip(seats.iter_mut()).filter(|(_, seat)| seat.instrument == instrument) {
            self.desk.decide(index, seat, bar, broker, bus);
        }
        if self.deals_at_close {
            self.settle(&Market::Completion { instrument, bar, more: false }, true, broker, bus);
        }
    }

    /// Lets the guard see the equity before anybody decides: a limit hit at a close refuses what is decided there.
    #[inline]
    fn watch(&mut self, at: Nanos, equity: f64, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        // The closing moment belongs to the day that its last nanosecond was in.
        let day = self.days.as_mut().map(|days| days.day(at.plus(-1)));
        self.desk.watch(at, equity, day, broker, bus);
    }

    fn finish(mut self, now: Nanos, seats: &[Seat], broker: &mut (impl Broker + ?Sized), bus: &mut Bus) -> Run<C> {
        if now.0 != i64::MIN {
            self.desk.cancel_pending(now, Refusal::EndOfRun, bus);
            if self.account.close_at_end {
                self.close_all(now, broker, bus);
            }
            let book = &self.desk.book;
            bus.publish(now, None, None, Kind::RunFinished { equity: book.equity(), cash: book.cash() });
        }
        debug_assert!(seats.len() <= usize::from(u8::MAX));
        Run {
            book: self.desk.book,
            trades: self.trades,
            curve: self.curve,
            bars: self.bars,
            exposed_bars: self.exposed_bars,
            ambiguous_bars: self.ambiguous_bars,
            crossings: self.crossings,
        }
    }

    /// Deals at the last close of each instrument, as `[fills] close_at_end` asks.
    fn close_all(&mut self, now: Nanos, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        for position in self.desk.book.positions().to_vec() {
            let Some(bar) = self.last[usize::from(position.instrument.0)] else { continue };
            let market = Market::Completion { instrument: position.instrument, bar: &bar, more: false };
            if let Some(fill) = broker.close_now(&market, &position, &self.desk.book) {
                let fill = Fill { at: now, ..fill };
                self.book_notice(now, &market, &Notice::Filled(fill), broker, bus);
            }
        }
        let book = &self.desk.book;
        self.curve.replace_last(book.worth(), book.cash());
    }
}
