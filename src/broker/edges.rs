//! A broker that also closes what is open when certain bars complete: the edges of a walk-forward's test spans.

use std::collections::VecDeque;

use super::{Broker, Notice};
use crate::{
    event::{Market, Refusal},
    market::{Bar, Fill, InstrumentId, Ohlc, Order, OrderId, Tick, Ticket},
    portfolio::{Ledger, Position},
    time::Nanos,
};

/// Passes everything on to another broker, and closes an instrument's positions at the close of each of its edge bars, costs paid.
pub struct ClosingAt {
    inner: Box<dyn Broker>,
    edges: Vec<VecDeque<Nanos>>,
}

impl ClosingAt {
    /// Closing moments of the edge bars, ascending, by instrument.
    #[must_use]
    pub fn new(inner: Box<dyn Broker>, edges: Vec<VecDeque<Nanos>>) -> Self {
        Self { inner, edges }
    }

    /// The fill that closes the next open position of an instrument whose edge bar this is.
    fn at_edge(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        let Market::Completion { instrument, bar, .. } = market else { return None };
        let edges = &mut self.edges[usize::from(instrument.0)];
        while edges.front().is_some_and(|edge| *edge < bar.closed_at) {
            edges.pop_front();
        }
        if edges.front() != Some(&bar.closed_at) {
            return None;
        }
        let position = book.positions().iter().find(|position| position.instrument == *instrument)?;
        let fill = self.inner.close_now(market, position, book)?;
        Some(Notice::Filled(Fill { at: bar.closed_at, ..fill }))
    }
}

impl Broker for ClosingAt {
    fn submit(&mut self, order: Order) {
        self.inner.submit(order);
    }

    fn cancel(&mut self, order: OrderId, reason: Refusal) {
        self.inner.cancel(order, reason);
    }

    fn move_stop(&mut self, ticket: Ticket, price: f64) {
        self.inner.move_stop(ticket, price);
    }

    fn settle(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        self.inner.settle(market, book).or_else(|| self.at_edge(market, book))
    }

    fn settle_decided(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        self.inner.settle_decided(market, book)
    }

    fn deals_at_close(&self) -> bool {
        self.inner.deals_at_close()
    }

    fn commission_bound(&self, instrument: InstrumentId, price: f64, lot_value: f64) -> (f64, f64) {
        self.inner.commission_bound(instrument, price, lot_value)
    }

    fn learn(&mut self, instrument: InstrumentId, bar: &Bar) {
        self.inner.learn(instrument, bar);
    }

    fn quote(&self, market: &Market<'_>) -> Option<Tick> {
        self.inner.quote(market)
    }

    fn sides(&self, instrument: InstrumentId, bar: &Bar) -> (Ohlc, Ohlc) {
        self.inner.sides(instrument, bar)
    }

    fn close_now(&mut self, market: &Market<'_>, position: &Position, book: &Ledger) -> Option<Fill> {
        self.inner.close_now(market, position, book)
    }
}
