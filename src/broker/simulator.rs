//! A broker made of stored prices.
//!
//! Market orders fill at the next open; resting orders, stops and targets meet the path inside the bar by the one rule of
//! [`intrabar`]. Longs open at the ask and exit at the bid, shorts the reverse. What a real broker would do better than this is not
//! promised; what it would refuse is rejected with a reason. Live differs in this: quotes between a bar's four prices, partial fills and
//! requotes do not exist here.

use crate::{
    broker::{Broker, Costs, Notice},
    event::{Market, Refusal},
    market::{
        Bar, ExitReason, Fill, FillKind, InstrumentId, Ohlc, Order, OrderId, OrderKind, Quoting, Side, Size, Tick, Ticket,
        intrabar::{self, Entered, Touch},
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

/// How one instrument trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Venue {
    /// From bars to bid and ask.
    pub quoting: Quoting,
    /// Commission and slippage.
    pub costs: Costs,
    /// Units in a lot.
    pub contract_size: f64,
}

/// The simulated broker of one account.
#[derive(Clone, Debug)]
pub struct Simulator {
    venues: Vec<Venue>,
    leverage: f64,
    market_fill: MarketFill,
    orders: Vec<Order>,
    amendments: Vec<(Ticket, f64)>,
    cancellations: Vec<(OrderId, Refusal)>,
    inside: Vec<(InstrumentId, Ticket, OrderKind)>,
    passed: Vec<(InstrumentId, Ticket)>,
}

/// Where in a bar a deal is done.
#[derive(Clone, Copy)]
struct Deal {
    at: Nanos,
    price: f64,
    /// Half the quoted spread.
    half_spread: f64,
    inside_bar: bool,
    ambiguous: bool,
    /// Whether slippage applies: to market and stop orders, not to limits.
    slips: bool,
}

impl Simulator {
    /// A broker with one venue per instrument, giving `leverage` (1 for none).
    #[must_use]
    pub const fn new(venues: Vec<Venue>, leverage: f64, market_fill: MarketFill) -> Self {
        Self {
            venues,
            leverage,
            market_fill,
            orders: Vec::new(),
            amendments: Vec::new(),
            cancellations: Vec::new(),
            inside: Vec::new(),
            passed: Vec::new(),
        }
    }

    fn venue(&self, instrument: InstrumentId) -> &Venue {
        &self.venues[usize::from(instrument.0)]
    }

    /// Requests that need no price.
    fn requests(&mut self, book: &Ledger) -> Option<Notice> {
        while let Some((ticket, price)) = self.amendments.pop() {
            if let Some(position) = book.positions().iter().find(|p| p.ticket == ticket) {
                return Some(Notice::Amended { ticket, stop_loss: Some(price), take_profit: position.take_profit });
            }
        }
        while let Some((id, reason)) = self.cancellations.pop() {
            if let Some(index) = self.orders.iter().position(|o| o.id == id) {
                self.orders.remove(index);
                return Some(Notice::Cancelled(id, reason));
            }
        }
        None
    }

    /// A new bar: what happened inside the last one no longer matters.
    fn forget_path(&mut self, instrument: InstrumentId) {
        self.inside.retain(|(i, ..)| *i != instrument);
        self.passed.retain(|(i, _)| *i != instrument);
    }

    /// Orders and stops at a quote: a bar's opening, or a tick.
    fn at_quote(&mut self, instrument: InstrumentId, quote: Tick, book: &Ledger) -> Option<Notice> {
        let reached = |order: &Order| match (order.kind, order.side) {
            (OrderKind::Market, _) => true,
            (OrderKind::Stop(p), Side::Buy) => quote.ask >= p,
            (OrderKind::Stop(p), Side::Sell) => quote.bid <= p,
            (OrderKind::Limit(p), Side::Buy) => quote.ask < p,
            (OrderKind::Limit(p), Side::Sell) => quote.bid > p,
        };
        if let Some(index) = self.orders.iter().position(|o| o.instrument == instrument && reached(o)) {
            let order = self.orders.remove(index);
            return Some(self.fill_order(&order, &self.deal_at(&quote, &order), book));
        }
        let gapped = |p: &Position| {
            let (price, sign) = (exit_price(p, &quote), p.side.sign());
            let stop = p.stop_loss.is_some_and(|s| sign * (price - s) <= 0.0);
            (stop, stop || p.take_profit.is_some_and(|t| sign * (price - t) > 0.0))
        };
        let (position, stop) = book.positions().iter().filter(|p| p.instrument == instrument).find_map(|p| match gapped(p) {
            (stop, true) => Some((p, stop)),
            _ => None,
        })?;
        let deal = Deal {
            at: quote.at,
            price: exit_price(position, &quote),
            half_spread: half(&quote),
            inside_bar: false,
            ambiguous: false,
            slips: stop,
        };
        Some(Notice::Filled(self.close(position, if stop { stop_reason(position) } else { ExitReason::TakeProfit }, &deal)))
    }

    /// Stops, targets and resting entries on the path inside a completed bar.
    fn inside(&mut self, instrument: InstrumentId, bar: &Bar, book: &Ledger) -> Option<Notice> {
        let (bid, ask) = self.venue(instrument).quoting.sides(bar);
        let half_spread = half(&self.venue(instrument).quoting.at_close(bar));
        for position in book.positions().iter().filter(|p| p.instrument == instrument) {
            if self.passed.contains(&(instrument, position.ticket)) || (position.stop_loss.is_none() && position.take_profit.is_none()) {
                continue;
            }
            self.passed.push((instrument, position.ticket));
            let entered = self
                .inside
                .iter()
                .find(|(_, t, _)| *t == position.ticket)
                .map_or(Entered::BeforePath, |(_, _, kind)| Entered::Inside(*kind, position.entry));
            let path = if position.side == Side::Buy { &bid } else { &ask };
            let (price, reason, ambiguous) = match intrabar::resolve(position.side, entered, position.stop_loss, position.take_profit, path)
            {
                Touch::Neither => continue,
                Touch::Stop { price, ambiguous } => (price, stop_reason(position), ambiguous),
                Touch::Target { price } => (price, ExitReason::TakeProfit, false),
            };
            let slips = reason != ExitReason::TakeProfit;
            return Some(Notice::Filled(self.close(
                position,
                reason,
                &Deal { at: bar.closed_at, price, half_spread, inside_bar: true, ambiguous, slips },
            )));
        }
        let path = |order: &Order| if order.side == Side::Buy { &ask } else { &bid };
        let index = self.orders.iter().position(|o| o.instrument == instrument && reached_inside(o, path(o)))?;
        let order = self.orders.remove(index);
        let price = order.kind.price().expect("only resting orders fill inside a bar");
        let slips = matches!(order.kind, OrderKind::Stop(_));
        self.inside.push((instrument, Ticket(order.id), order.kind));
        Some(self.fill_order(&order, &Deal { at: bar.closed_at, price, half_spread, inside_bar: true, ambiguous: false, slips }, book))
    }

    fn deal_at(&self, quote: &Tick, order: &Order) -> Deal {
        let price = if order.side == Side::Buy { quote.ask } else { quote.bid };
        let slips = !matches!(order.kind, OrderKind::Limit(_));
        Deal { at: quote.at, price, half_spread: half(quote), inside_bar: false, ambiguous: false, slips }
    }

    /// Closes or opens, or says why not.
    fn fill_order(&self, order: &Order, deal: &Deal, book: &Ledger) -> Notice {
        if let Some((ticket, reason)) = order.closes {
            return match book.positions().iter().find(|p| p.ticket == ticket) {
                Some(position) => Notice::Filled(Fill { order: order.id, ..self.close(position, reason, deal) }),
                None => Notice::Cancelled(order.id, Refusal::Replaced),
            };
        }
        let venue = self.venue(order.instrument);
        let slip = if deal.slips { venue.costs.slippage } else { 0.0 };
        let price = deal.price + order.side.sign() * slip;
        let contract_size = venue.contract_size;
        let lots = match order.size {
            Size::Lots(lots) => lots,
            Size::EquityFraction(fraction) => venue.costs.lots_for(fraction * book.equity(), contract_size, price),
        };
        // The stop must lie beyond the price at which the position could be closed at once.
        let way_out = order.side.sign() * (price - 2.0 * order.side.sign() * deal.half_spread);
        let wrong_stop = order.stop_loss.is_some_and(|p| order.side.sign() * p >= way_out);
        let wrong_target = order.take_profit.is_some_and(|p| order.side.sign() * p <= way_out);
        let commission = venue.costs.commission(lots, contract_size, price);
        let margin = (book.notional() + lots * contract_size * price) / self.leverage;
        let refusal = match () {
            () if book.equity() <= 0.0 => Some(Refusal::NoEquity),
            () if lots.is_nan() || lots <= 0.0 => Some(Refusal::BelowMinimumLots),
            () if wrong_stop || wrong_target => Some(Refusal::InvalidStops),
            () if margin + commission > book.equity() * (1.0 + 1e-9) => Some(Refusal::NotEnoughMargin),
            () => None,
        };
        if let Some(reason) = refusal {
            return Notice::Rejected(order.id, reason);
        }
        let units = lots * contract_size;
        Notice::Filled(Fill {
            order: order.id,
            instrument: order.instrument,
            side: order.side,
            lots,
            at: deal.at,
            price,
            kind: FillKind::Open { stop_loss: order.stop_loss, take_profit: order.take_profit },
            commission,
            spread_cost: deal.half_spread * units,
            slippage_cost: slip * units,
            inside_bar: deal.inside_bar,
            ambiguous: deal.ambiguous,
            strategy: order.strategy,
        })
    }

    fn close(&self, position: &Position, reason: ExitReason, deal: &Deal) -> Fill {
        let venue = self.venue(position.instrument);
        let slip = if deal.slips { venue.costs.slippage } else { 0.0 };
        let price = deal.price - position.side.sign() * slip;
        let units = position.lots * venue.contract_size;
        Fill {
            order: position.ticket.0,
            instrument: position.instrument,
            side: position.side.opposite(),
            lots: position.lots,
            at: deal.at,
            price,
            kind: FillKind::Close(position.ticket, reason),
            commission: venue.costs.commission(position.lots, venue.contract_size, price),
            spread_cost: deal.half_spread * units,
            slippage_cost: slip * units,
            inside_bar: deal.inside_bar,
            ambiguous: deal.ambiguous,
            strategy: position.strategy,
        }
    }
}

impl Broker for Simulator {
    fn submit(&mut self, order: Order) {
        self.orders.push(order);
    }

    fn cancel(&mut self, order: OrderId, reason: Refusal) {
        self.cancellations.push((order, reason));
    }

    fn move_stop(&mut self, ticket: Ticket, price: f64) {
        self.amendments.push((ticket, price));
    }

    fn settle(&mut self, market: &Market, book: &Ledger) -> Option<Notice> {
        if self.orders.is_empty() && book.is_flat() {
            return None;
        }
        if let Some(notice) = self.requests(book) {
            return Some(notice);
        }
        match market {
            Market::Open(instrument, bar) => {
                self.forget_path(*instrument);
                self.at_quote(*instrument, self.venue(*instrument).quoting.at_open(bar), book)
            }
            Market::Tick(instrument, tick) => self.at_quote(*instrument, *tick, book),
            Market::Completion { instrument, bar, .. } => self.inside(*instrument, bar, book),
            Market::Heartbeat(_) => None,
        }
    }

    fn settle_decided(&mut self, market: &Market, book: &Ledger) -> Option<Notice> {
        let Market::Completion { instrument, bar, .. } = market else { return None };
        if self.market_fill == MarketFill::NextOpen || self.orders.is_empty() {
            return None;
        }
        let index = self.orders.iter().position(|o| o.instrument == *instrument && o.kind == OrderKind::Market)?;
        let order = self.orders.remove(index);
        let quote = self.venue(*instrument).quoting.at_close(bar);
        Some(self.fill_order(&order, &self.deal_at(&quote, &order), book))
    }

    fn deals_at_close(&self) -> bool {
        self.market_fill == MarketFill::Close
    }

    fn sides(&self, instrument: InstrumentId, bar: &Bar) -> (Ohlc, Ohlc) {
        self.venue(instrument).quoting.sides(bar)
    }

    fn close_now(&mut self, market: &Market, position: &Position) -> Option<Fill> {
        let quote = self.quote(market)?;
        let deal = Deal {
            at: quote.at,
            price: exit_price(position, &quote),
            half_spread: half(&quote),
            inside_bar: false,
            ambiguous: false,
            slips: true,
        };
        Some(self.close(position, ExitReason::EndOfRun, &deal))
    }

    fn quote(&self, market: &Market) -> Option<Tick> {
        match market {
            Market::Open(instrument, bar) => Some(self.venue(*instrument).quoting.at_open(bar)),
            Market::Completion { instrument, bar, .. } => Some(self.venue(*instrument).quoting.at_close(bar)),
            Market::Tick(_, tick) => Some(*tick),
            Market::Heartbeat(_) => None,
        }
    }
}

const fn stop_reason(position: &Position) -> ExitReason {
    if position.stop_moved { ExitReason::TrailingStop } else { ExitReason::StopLoss }
}

const fn exit_price(position: &Position, quote: &Tick) -> f64 {
    match position.side {
        Side::Buy => quote.bid,
        Side::Sell => quote.ask,
    }
}

fn half(quote: &Tick) -> f64 {
    (quote.ask - quote.bid) / 2.0
}

/// Whether the path inside a bar reaches a resting order; an open that was already through it filled at the open.
fn reached_inside(order: &Order, path: &Ohlc) -> bool {
    !matches!(order.kind, OrderKind::Market) && intrabar::entry_price(order.side, order.kind, path).is_some()
}
