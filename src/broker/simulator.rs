//! A broker made of stored prices.
//!
//! Market orders fill at the next open; resting orders, stops and targets meet the path inside the bar by the rule that [`Fills`] names
//! ([`intrabar`](crate::market::intrabar)). Longs open at the ask and exit at the bid, shorts the reverse. At one price the order is: requests, orders that close,
//! stops and targets, orders that open, so that what is closed there binds no margin. What a real broker would do better than this is not
//! promised; what it would refuse is rejected with a reason. Live differs in this: quotes between a bar's four prices, partial fills and
//! requotes do not exist here.

use std::collections::VecDeque;

use super::{
    path::Walk,
    stop_out::{WayOut, exit_price},
    venue::Deal,
};
use crate::{
    broker::{Broker, Notice, Venue},
    event::{Market, Refusal},
    market::{
        Bar, ExitReason, Fill, Finer, InstrumentId, Ohlc, Order, OrderId, OrderKind, Side, Tick, Ticket,
        intrabar::{Entered, Intrabar, Rule, Through, Touch},
    },
    portfolio::{Ledger, Position},
    time::Nanos,
};

/// When a market order fills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarketFill {
    /// At the next bar's open.
    #[default]
    NextOpen,
    /// At the close that decided it, which nobody can trade: optimistic.
    Close,
}

/// How orders meet the market.
#[derive(Clone, Debug, Default)]
pub struct Fills {
    /// When market orders fill.
    pub market: MarketFill,
    /// What came first inside a bar.
    pub intrabar: Intrabar,
    /// What a limit needs, by instrument; any trade-through where the list is shorter.
    pub through: Vec<Through>,
    /// Finer prices, by instrument; none where the list is shorter.
    pub finer: Vec<Option<Finer>>,
}

impl Fills {
    /// The default but for when market orders fill.
    #[must_use]
    pub fn at(market: MarketFill) -> Self {
        Self { market, ..Self::default() }
    }

    pub(super) fn rule(&self, instrument: InstrumentId) -> Rule {
        let through = self.through.get(usize::from(instrument.0)).copied().unwrap_or_default();
        Rule { is_optimistic: self.intrabar == Intrabar::Optimistic, through }
    }

    fn finer(&self, instrument: InstrumentId) -> Option<&Finer> {
        self.finer.get(usize::from(instrument.0))?.as_ref()
    }
}

/// The simulated broker of one account.
#[derive(Clone, Debug)]
pub struct Simulator {
    venues: Vec<Venue>,
    pub(super) leverage: f64,
    pub(super) fills: Fills,
    pub(super) orders: Vec<Order>,
    /// How far the path inside a bar has been walked, where it is known or taken as known.
    walk: Option<Walk>,
    amendments: VecDeque<(Ticket, f64)>,
    cancellations: VecDeque<(OrderId, Refusal)>,
    inside: Vec<(InstrumentId, Ticket, OrderKind)>,
    passed: Vec<(InstrumentId, Ticket)>,
}

impl Simulator {
    /// A broker with one venue per instrument, giving `leverage` (1 for none).
    #[must_use]
    pub fn new(venues: Vec<Venue>, leverage: f64, market_fill: MarketFill) -> Self {
        Self::filling(venues, leverage, Fills::at(market_fill))
    }

    /// The same, filling as `fills` says.
    #[must_use]
    pub const fn filling(venues: Vec<Venue>, leverage: f64, fills: Fills) -> Self {
        Self {
            venues,
            leverage,
            fills,
            orders: Vec::new(),
            walk: None,
            amendments: VecDeque::new(),
            cancellations: VecDeque::new(),
            inside: Vec::new(),
            passed: Vec::new(),
        }
    }

    pub(super) fn venue(&self, instrument: InstrumentId) -> &Venue {
        &self.venues[usize::from(instrument.0)]
    }

    /// Whether nothing was asked of it that has not ended: then only a price can bring a notice, and only to a position.
    #[must_use]
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.orders.is_empty() && self.amendments.is_empty() && self.cancellations.is_empty()
    }

    /// Notional over equity allowed.
    #[must_use]
    pub const fn leverage(&self) -> f64 {
        self.leverage
    }

    /// How every instrument deals, for who changes that while the run goes on.
    pub(super) fn venues_mut(&mut self) -> &mut [Venue] {
        &mut self.venues
    }

    /// Whether no price can bring a notice: the answer at most events, so it comes first.
    #[inline]
    fn has_nothing_to_do(&self, book: &Ledger) -> bool {
        self.is_idle() && !book.positions().iter().any(|p| self.may_end_by_price(p))
    }

    /// The next notice that an event brings.
    #[inline(never)]
    fn meet(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        if let Some(notice) = self.requests(book) {
            return Some(notice);
        }
        match market {
            Market::Open(instrument, bar) => self.at_quote(*instrument, (self.venue(*instrument).quoting.at_open(bar), false), book),
            Market::Tick(instrument, tick) => self.at_quote(*instrument, (self.venue(*instrument).quoting.at_tick(tick), false), book),
            Market::Completion { instrument, bar, .. } => match self.fills.intrabar {
                Intrabar::Pessimistic | Intrabar::Optimistic => self.inside(*instrument, (bar, bar.closed_at), book),
                Intrabar::Proximity | Intrabar::LowerTimeframe => self.walk(*instrument, bar, book),
            },
            Market::Heartbeat(_) => None,
        }
    }

    /// Requests that need no price, in the order they were made.
    fn requests(&mut self, book: &Ledger) -> Option<Notice> {
        while let Some((ticket, price)) = self.amendments.pop_front() {
            if let Some(position) = book.positions().iter().find(|p| p.ticket == ticket) {
                return Some(Notice::Amended { ticket, stop_loss: Some(price), take_profit: position.take_profit });
            }
        }
        while let Some((id, reason)) = self.cancellations.pop_front() {
            if let Some(index) = self.orders.iter().position(|o| o.id == id) {
                self.orders.remove(index);
                return Some(Notice::Cancelled(id, reason));
            }
        }
        None
    }

    /// The path inside a completed bar, as far as it is known or taken as known.
    fn walk(&mut self, instrument: InstrumentId, bar: &Bar, book: &Ledger) -> Option<Notice> {
        let mut walk = match self.walk.take() {
            Some(walk) if walk.is_of(instrument, bar) => walk,
            _ if self.fills.intrabar == Intrabar::Proximity => Walk::by_proximity(instrument, bar, &self.venue(instrument).quoting),
            _ => {
                let side = self.venue(instrument).quoting.side;
                Walk::on(instrument, bar, self.fills.finer(instrument).and_then(|finer| Some((finer.clone(), finer.rows_of(bar, side)?))))
            }
        };
        let notice = walk.next(self, bar, book);
        self.walk = Some(walk);
        notice
    }

    /// A new bar: what happened inside the last one no longer matters.
    #[inline]
    pub(super) fn forget_path(&mut self, instrument: InstrumentId) {
        if !self.inside.is_empty() {
            self.inside.retain(|(i, ..)| *i != instrument);
        }
        if !self.passed.is_empty() {
            self.passed.retain(|(i, _)| *i != instrument);
        }
    }

    /// Orders and stops at a quote: a bar's opening, a tick, or such a price inside a bar.
    pub(super) fn at_quote(&mut self, instrument: InstrumentId, (quote, inside): (Tick, bool), book: &Ledger) -> Option<Notice> {
        let through = self.fills.rule(instrument).through;
        let mine = |o: &Order| o.instrument == instrument && is_reached(o, &quote, through);
        if let Some(index) = self.orders.iter().position(|o| o.closes.is_some() && mine(o)) {
            return Some(self.fill_at(index, &quote, inside, book));
        }
        if let Some(fill) = self.gapped(instrument, &quote, inside, book) {
            return Some(Notice::Filled(fill));
        }
        let index = self.orders.iter().position(mine)?;
        Some(self.fill_at(index, &quote, inside, book))
    }

    /// The exit of the first position that the quote puts beyond its stop or its target.
    fn gapped(&self, instrument: InstrumentId, quote: &Tick, inside: bool, book: &Ledger) -> Option<Fill> {
        let through = self.fills.rule(instrument).through;
        book.positions().iter().filter(|p| p.instrument == instrument).find_map(|position| {
            let way_out = WayOut::of(position, quote, book, self.leverage);
            let (price, sign) = (exit_price(position, quote), position.side.sign());
            let stopped = way_out.price.is_some_and(|stop| sign * (price - stop) <= 0.0);
            let reached = position.take_profit.is_some_and(|target| through.fills(sign * (price - target)));
            let reason = if stopped { way_out.reason } else { ExitReason::TakeProfit };
            let deal = Deal { inside_bar: inside, ..Deal::at_quote(quote, position.side.opposite(), stopped) };
            (stopped || reached).then(|| self.venue(instrument).close(position, reason, &deal, book))
        })
    }

    /// Stops, targets and resting entries on the path inside a bar of which nothing more is known; deals are told `at` that moment.
    pub(super) fn inside(&mut self, instrument: InstrumentId, (bar, at): (&Bar, Nanos), book: &Ledger) -> Option<Notice> {
        let (bid, ask) = self.venue(instrument).quoting.sides(bar);
        let rule = self.fills.rule(instrument);
        let opening = Tick { at: bar.opened_at, bid: bid.open, ask: ask.open };
        let half_spread = (ask.close - bid.close) / 2.0;
        let deal = Deal { at, price: 0.0, half_spread, inside_bar: true, ambiguous: false, slips: true };
        for position in book.positions().iter().filter(|p| p.instrument == instrument) {
            let way_out = WayOut::of(position, &opening, book, self.leverage);
            let at_risk = way_out.price.is_some() || position.take_profit.is_some();
            if !at_risk || self.passed.contains(&(instrument, position.ticket)) {
                continue;
            }
            self.passed.push((instrument, position.ticket));
            let path = if position.side == Side::Buy { &bid } else { &ask };
            let touch = rule.resolve(position.side, self.entered(position), (way_out.price, position.take_profit), path);
            let (reason, deal) = match touch {
                Touch::Neither => continue,
                Touch::Stop { price, ambiguous } => (way_out.reason, Deal { price, ambiguous, ..deal }),
                Touch::Target { price, ambiguous } => (ExitReason::TakeProfit, Deal { price, ambiguous, slips: false, ..deal }),
            };
            return Some(Notice::Filled(self.venue(instrument).close(position, reason, &deal, book)));
        }
        let path = |order: &Order| if order.side == Side::Buy { &ask } else { &bid };
        let index = self.orders.iter().position(|o| o.instrument == instrument && reached_inside(o, path(o), &rule))?;
        let order = self.orders.remove(index);
        let price = order.kind.price().expect("only resting orders fill inside a bar");
        let slips = matches!(order.kind, OrderKind::Stop(_));
        self.inside.push((instrument, Ticket(order.id), order.kind));
        Some(self.fill_order(&order, &Deal { price, slips, ..deal }, book))
    }

    /// Whether a price can end a position: by its stop, its target, or by ruin.
    fn may_end_by_price(&self, position: &Position) -> bool {
        position.stop_loss.is_some() || position.take_profit.is_some() || position.side == Side::Sell || self.leverage > 1.0
    }

    /// How a position stood when the present bar began.
    fn entered(&self, position: &Position) -> Entered {
        let inside = self.inside.iter().find(|(_, ticket, _)| *ticket == position.ticket);
        inside.map_or(Entered::BeforePath, |(_, _, kind)| Entered::Inside(*kind, position.entry))
    }

    fn fill_at(&mut self, index: usize, quote: &Tick, inside: bool, book: &Ledger) -> Notice {
        let order = self.orders.remove(index);
        let deal = Deal::at_quote(quote, order.side, !matches!(order.kind, OrderKind::Limit(_)));
        self.fill_order(&order, &Deal { inside_bar: inside, ..deal }, book)
    }

    /// Closes or opens, or says why not.
    pub(super) fn fill_order(&self, order: &Order, deal: &Deal, book: &Ledger) -> Notice {
        let venue = self.venue(order.instrument);
        if let Some((ticket, reason)) = order.closes {
            return match book.positions().iter().find(|p| p.ticket == ticket) {
                Some(position) => Notice::Filled(Fill { order: order.id, ..venue.close(position, reason, deal, book) }),
                None => Notice::Cancelled(order.id, Refusal::Replaced),
            };
        }
        match venue.open(order, deal, book, self.leverage) {
            Ok(fill) => Notice::Filled(fill),
            Err(reason) => Notice::Rejected(order.id, reason),
        }
    }
}

impl Broker for Simulator {
    fn submit(&mut self, order: Order) {
        self.orders.push(order);
    }

    fn cancel(&mut self, order: OrderId, reason: Refusal) {
        self.cancellations.push_back((order, reason));
    }

    fn move_stop(&mut self, ticket: Ticket, price: f64) {
        self.amendments.push_back((ticket, price));
    }

    #[inline]
    fn settle(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        if let Market::Open(instrument, _) = market {
            self.forget_path(*instrument);
        }
        if self.has_nothing_to_do(book) { None } else { self.meet(market, book) }
    }

    fn settle_decided(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        let Market::Completion { instrument, bar, .. } = market else { return None };
        if self.fills.market == MarketFill::NextOpen || self.orders.is_empty() {
            return None;
        }
        let index = self.orders.iter().position(|o| o.instrument == *instrument && o.kind == OrderKind::Market)?;
        let quote = self.venue(*instrument).quoting.at_close(bar);
        Some(self.fill_at(index, &quote, false, book))
    }

    fn deals_at_close(&self) -> bool {
        self.fills.market == MarketFill::Close
    }

    fn commission_bound(&self, instrument: InstrumentId, price: f64, lot_value: f64) -> (f64, f64) {
        self.venue(instrument).costs.commission_bound(lot_value, price)
    }

    #[inline]
    fn sides(&self, instrument: InstrumentId, bar: &Bar) -> (Ohlc, Ohlc) {
        self.venue(instrument).quoting.sides(bar)
    }

    fn close_now(&mut self, market: &Market<'_>, position: &Position, book: &Ledger) -> Option<Fill> {
        let quote = self.quote(market)?;
        let deal = Deal::at_quote(&quote, position.side.opposite(), true);
        Some(self.venue(position.instrument).close(position, ExitReason::EndOfRun, &deal, book))
    }

    #[inline]
    fn quote(&self, market: &Market<'_>) -> Option<Tick> {
        match market {
            Market::Open(instrument, bar) => Some(self.venue(*instrument).quoting.at_open(bar)),
            Market::Completion { instrument, bar, .. } => Some(self.venue(*instrument).quoting.at_close(bar)),
            Market::Tick(instrument, tick) => Some(self.venue(*instrument).quoting.at_tick(tick)),
            Market::Heartbeat(_) => None,
        }
    }
}

/// Whether a quote fills an order.
fn is_reached(order: &Order, quote: &Tick, through: Through) -> bool {
    match (order.kind, order.side) {
        (OrderKind::Market, _) => true,
        (OrderKind::Stop(p), Side::Buy) => quote.ask >= p,
        (OrderKind::Stop(p), Side::Sell) => quote.bid <= p,
        (OrderKind::Limit(p), Side::Buy) => through.fills(p - quote.ask),
        (OrderKind::Limit(p), Side::Sell) => through.fills(quote.bid - p),
    }
}

/// Whether the path inside a bar reaches a resting order; an open that was already through it filled at the open.
fn reached_inside(order: &Order, path: &Ohlc, rule: &Rule) -> bool {
    !matches!(order.kind, OrderKind::Market) && rule.entry_price(order.side, order.kind, path).is_some()
}
