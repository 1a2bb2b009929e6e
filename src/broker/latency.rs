//! A line that takes its time: orders, cancels and moved stops reach the broker a while after they were sent.
//!
//! What is sent at one moment arrives at the first opening or tick of its instrument that lies at least the latency later, and so meets no
//! price before it: never the path of a bar that had begun. On bars that is the next bar but one for any latency above 0; on ticks it is what
//! it says. Stops and targets that came with an order lie at the broker and have no latency; news from the broker is known at once.

use std::collections::VecDeque;

use super::{Broker, Notice};
use crate::{
    event::{Market, Refusal},
    market::{Bar, Fill, InstrumentId, Ohlc, Order, OrderId, Tick, Ticket},
    portfolio::{Ledger, Position},
    time::Nanos,
};

/// What is on its way.
#[derive(Clone, Copy, Debug)]
enum Request {
    Submit(Order),
    Cancel(OrderId, Refusal),
    MoveStop(Ticket, f64),
}

/// A broker at the other end of a line.
#[derive(Clone, Debug)]
pub struct Delayed<B> {
    broker: B,
    latencies_ns: Vec<i64>,
    now: Nanos,
    under_way: VecDeque<(Nanos, InstrumentId, Request)>,
    /// Which instrument each order was of: cancels and moved stops name only the order, or the ticket that is its number.
    sent: Vec<(OrderId, InstrumentId)>,
}

impl<B: Broker> Delayed<B> {
    /// Reaches `broker` after so many nanoseconds, by instrument.
    #[must_use]
    pub const fn new(broker: B, latencies_ns: Vec<i64>) -> Self {
        Self { broker, latencies_ns, now: Nanos(i64::MIN), under_way: VecDeque::new(), sent: Vec::new() }
    }

    fn send(&mut self, order: OrderId, request: Request) {
        // The newest are asked about most.
        let Some((_, instrument)) = self.sent.iter().rev().find(|(id, _)| *id == order) else { return };
        let due = self.now.plus(self.latencies_ns[usize::from(instrument.0)]);
        self.under_way.push_back((due, *instrument, request));
    }

    /// Hands over what has arrived by an opening or a tick, in the order it was sent.
    #[inline(never)]
    fn hand_over(&mut self, instrument: InstrumentId, at: Nanos) {
        let has_arrived = |(due, of, _): &(Nanos, InstrumentId, Request)| *of == instrument && *due <= at;
        while let Some(index) = self.under_way.iter().position(has_arrived) {
            match self.under_way.remove(index) {
                Some((.., Request::Submit(order))) => self.broker.submit(order),
                Some((.., Request::Cancel(order, reason))) => self.broker.cancel(order, reason),
                Some((.., Request::MoveStop(ticket, price))) => self.broker.move_stop(ticket, price),
                None => return,
            }
        }
    }
}

impl<B: Broker> Broker for Delayed<B> {
    fn submit(&mut self, order: Order) {
        self.now = self.now.max(order.submitted_at);
        self.sent.push((order.id, order.instrument));
        self.send(order.id, Request::Submit(order));
    }

    fn cancel(&mut self, order: OrderId, reason: Refusal) {
        self.send(order, Request::Cancel(order, reason));
    }

    fn move_stop(&mut self, ticket: Ticket, price: f64) {
        self.send(ticket.0, Request::MoveStop(ticket, price));
    }

    fn settle(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        self.now = market.at();
        if !self.under_way.is_empty()
            && let Market::Open(instrument, _) | Market::Tick(instrument, _) = market
        {
            self.hand_over(*instrument, self.now);
        }
        self.broker.settle(market, book)
    }

    fn settle_decided(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        self.broker.settle_decided(market, book)
    }

    fn commission_bound(&self, instrument: InstrumentId, price: f64, lot_value: f64) -> (f64, f64) {
        self.broker.commission_bound(instrument, price, lot_value)
    }

    fn learn(&mut self, instrument: InstrumentId, bar: &Bar) {
        // Bars that are built out of ticks are told here alone.
        self.now = self.now.max(bar.closed_at);
        self.broker.learn(instrument, bar);
    }

    fn quote(&self, market: &Market<'_>) -> Option<Tick> {
        self.broker.quote(market)
    }

    fn sides(&self, instrument: InstrumentId, bar: &Bar) -> (Ohlc, Ohlc) {
        self.broker.sides(instrument, bar)
    }

    fn close_now(&mut self, market: &Market<'_>, position: &Position, book: &Ledger) -> Option<Fill> {
        self.broker.close_now(market, position, book)
    }
}
