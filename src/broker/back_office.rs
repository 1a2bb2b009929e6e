//! What a simulated broker books beside its deals: financing, currency conversion, and the month's volume for its tariff.
//!
//! Stands before a [`Simulator`] where one of these is asked for, and costs nothing where none is.

use std::{collections::VecDeque, sync::Arc};

use super::{financing::Desk, tariff::Month};
use crate::{
    broker::{Broker, Notice, Simulator},
    event::{Market, Refusal},
    market::{Bar, Charge, Fill, InstrumentId, Ohlc, Order, OrderId, Steps, Tick, Ticket},
    portfolio::{Ledger, Position, Rate},
    time::Nanos,
};

/// Account money for the currency of an instrument's prices, by time.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    /// The rate from each moment on.
    pub rates: Arc<Steps>,
    /// Whether it is the inverse of the instrument's own price, so that a deal counts at the price it was done at.
    pub is_own_price: bool,
}

/// A simulator with its back office.
#[derive(Clone, Debug)]
pub struct BackOffice {
    simulator: Simulator,
    financing: Desk,
    /// Charges to tell before the event is dealt with, and credits to tell after it.
    charges: VecDeque<Charge>,
    credits: VecDeque<Charge>,
    conversions: Vec<Converting>,
    month: Month,
    has_tariff: bool,
}

#[derive(Clone, Debug)]
struct Converting {
    instrument: InstrumentId,
    conversion: Conversion,
    /// Rates told so far.
    told: usize,
}

impl BackOffice {
    /// Puts a back office behind a simulator, for the terms of its venues.
    #[must_use]
    pub fn new(mut simulator: Simulator) -> Self {
        let venues = simulator.venues_mut();
        let has_tariff = venues.iter().any(|venue| venue.costs.tariff.is_some());
        let terms = venues.iter().map(|venue| venue.financing.clone()).collect();
        let conversions: Vec<Option<Conversion>> = venues.iter().map(|venue| venue.conversion.clone()).collect();
        let converting = |(i, conversion): (u16, Option<Conversion>)| {
            conversion.map(|conversion| Converting { instrument: InstrumentId(i), conversion, told: 0 })
        };
        Self {
            simulator,
            financing: Desk::new(terms),
            charges: VecDeque::new(),
            credits: VecDeque::new(),
            conversions: (0..).zip(conversions).filter_map(converting).collect(),
            month: Month::default(),
            has_tariff,
        }
    }

    /// The next rate that has become known by `at`.
    fn converted(&mut self, at: Nanos) -> Option<Notice> {
        for line in &mut self.conversions {
            let known = line.conversion.rates.from()[line.told..].iter().take_while(|from| **from <= at).count();
            if known > 0 {
                line.told += known;
                let rate = line.conversion.rates.values()[line.told - 1];
                let rate = if line.conversion.is_own_price { Rate::Inverse(rate) } else { Rate::At(rate) };
                return Some(Notice::Converted(line.instrument, rate));
            }
        }
        None
    }

    /// Lets the financing of an event's instrument fall due.
    fn finance(&mut self, market: &Market<'_>, book: &Ledger) {
        if book.is_flat() {
            return;
        }
        let (instrument, by, is_path) = match market {
            Market::Open(instrument, bar) => (*instrument, bar.opened_at, false),
            Market::Tick(instrument, tick) => (*instrument, tick.at, false),
            // What falls on the closing moment belongs to the opening after it.
            Market::Completion { instrument, bar, .. } => (*instrument, bar.closed_at.plus(-1), true),
            Market::Heartbeat(_) => return,
        };
        if !self.financing.is_due(instrument, by) {
            return;
        }
        let Some(quote) = self.simulator.quote(market) else { return };
        for charge in self.financing.collect(instrument, by, &quote, book) {
            if is_path && charge.amount < 0.0 { self.credits.push_back(charge) } else { self.charges.push_back(charge) }
        }
    }

    /// Lets the tariff know the month's volume before the next deal.
    fn count_month(&mut self, at: Nanos) {
        if self.has_tariff {
            let traded = self.month.traded_at(at);
            self.simulator.venues_mut().iter_mut().for_each(|venue| venue.costs.traded = traded);
        }
    }

    fn note(&mut self, fill: &Fill) {
        let venue = &self.simulator.venues_mut()[usize::from(fill.instrument.0)];
        let contract_size = venue.contract_size;
        if let Some(tariff) = venue.costs.tariff.clone() {
            self.month.add(&tariff, fill, contract_size);
            self.count_month(fill.at);
        }
    }
}

impl Broker for BackOffice {
    fn submit(&mut self, order: Order) {
        self.simulator.submit(order);
    }

    fn cancel(&mut self, order: OrderId, reason: Refusal) {
        self.simulator.cancel(order, reason);
    }

    fn move_stop(&mut self, ticket: Ticket, price: f64) {
        self.simulator.move_stop(ticket, price);
    }

    fn settle(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        if let Some(notice) = self.converted(market.at()) {
            return Some(notice);
        }
        self.finance(market, book);
        if let Some(charge) = self.charges.pop_front() {
            return Some(Notice::Charged(charge));
        }
        self.count_month(market.at());
        let notice = self.simulator.settle(market, book);
        match &notice {
            Some(Notice::Filled(fill)) => self.note(fill),
            Some(_) => {}
            None => return self.credits.pop_front().map(Notice::Charged),
        }
        notice
    }

    fn settle_decided(&mut self, market: &Market<'_>, book: &Ledger) -> Option<Notice> {
        let notice = self.simulator.settle_decided(market, book);
        if let Some(Notice::Filled(fill)) = &notice {
            self.note(fill);
        }
        notice
    }

    fn deals_at_close(&self) -> bool {
        self.simulator.deals_at_close()
    }

    fn commission_bound(&self, instrument: InstrumentId, price: f64, lot_value: f64) -> (f64, f64) {
        self.simulator.commission_bound(instrument, price, lot_value)
    }

    fn learn(&mut self, instrument: InstrumentId, bar: &Bar) {
        if let Some(model) = &mut self.simulator.venues_mut()[usize::from(instrument.0)].costs.model {
            model.learn(bar);
        }
    }

    fn quote(&self, market: &Market<'_>) -> Option<Tick> {
        self.simulator.quote(market)
    }

    fn sides(&self, instrument: InstrumentId, bar: &Bar) -> (Ohlc, Ohlc) {
        self.simulator.sides(instrument, bar)
    }

    fn close_now(&mut self, market: &Market<'_>, position: &Position, book: &Ledger) -> Option<Fill> {
        let fill = self.simulator.close_now(market, position, book)?;
        self.note(&fill);
        Some(fill)
    }
}
