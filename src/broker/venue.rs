//! How one instrument deals: from a price to a fill, costs included, or to a reason why not.

use super::{BackOffice, Broker, Conversion, Costs, Delayed, Fills, FinancingTerms, Simulator, slippage::Slipping};
use crate::{
    event::Refusal,
    market::{ExitReason, Fill, FillKind, Order, Quoting, Side, Size, Tick},
    portfolio::{Ledger, Position},
    time::Nanos,
};

/// How one instrument trades.
#[derive(Clone, Debug, PartialEq)]
pub struct Venue {
    /// From bars to bid and ask.
    pub quoting: Quoting,
    /// Commission and slippage.
    pub costs: Costs,
    /// Units in a lot.
    pub contract_size: f64,
    /// What holding costs and brings.
    pub financing: FinancingTerms,
    /// Account money for the currency of its prices, where that is another.
    pub conversion: Option<Conversion>,
    /// Nanoseconds until orders reach it.
    pub latency_ns: i64,
}

impl Default for Venue {
    /// One unit a lot, prices as they are, nothing charged.
    fn default() -> Self {
        Self {
            quoting: Quoting::default(),
            costs: Costs::default(),
            contract_size: 1.0,
            financing: FinancingTerms::default(),
            conversion: None,
            latency_ns: 0,
        }
    }
}

impl Venue {
    /// Whether a simulator alone is enough: deals and nothing else are booked, at once, at rates that do not depend on what went before.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.latency_ns == 0 && self.has_no_back_office()
    }

    fn has_no_back_office(&self) -> bool {
        self.financing.is_none() && self.conversion.is_none() && self.costs.tariff.is_none() && self.costs.model.is_none()
    }
}

/// A simulated broker with as much behind it as its venues need.
pub enum House {
    /// The simulator alone: its own type lets the loop see through it.
    Plain(Box<Simulator>),
    /// A back office behind it, a slow line before it, or both.
    Full(Box<dyn Broker>),
}

impl House {
    /// Opens one with a venue per instrument, giving `leverage` (1 for none).
    #[must_use]
    pub fn new(venues: Vec<Venue>, leverage: f64, fills: Fills) -> Self {
        let latencies: Vec<i64> = venues.iter().map(|venue| venue.latency_ns).collect();
        let is_plain = venues.iter().all(Venue::has_no_back_office);
        let simulator = Simulator::filling(venues, leverage, fills);
        match (is_plain, latencies.iter().all(|latency| *latency == 0)) {
            (true, true) => Self::Plain(Box::new(simulator)),
            (true, false) => Self::Full(Box::new(Delayed::new(simulator, latencies))),
            (false, true) => Self::Full(Box::new(BackOffice::new(simulator))),
            (false, false) => Self::Full(Box::new(Delayed::new(BackOffice::new(simulator), latencies))),
        }
    }

    /// The broker, whatever stands behind it.
    #[must_use]
    pub fn into_broker(self) -> Box<dyn Broker> {
        match self {
            Self::Plain(simulator) => simulator,
            Self::Full(broker) => broker,
        }
    }
}

/// Where a deal is done.
#[derive(Clone, Copy)]
pub(super) struct Deal {
    pub(super) at: Nanos,
    pub(super) price: f64,
    /// Half the quoted spread.
    pub(super) half_spread: f64,
    pub(super) inside_bar: bool,
    pub(super) ambiguous: bool,
    /// Whether slippage applies: to market and stop orders, not to limits.
    pub(super) slips: bool,
}

impl Deal {
    /// A deal at one side of a quote.
    pub(super) fn at_quote(quote: &Tick, side: Side, slips: bool) -> Self {
        let price = if side == Side::Buy { quote.ask } else { quote.bid };
        Self { at: quote.at, price, half_spread: (quote.ask - quote.bid) / 2.0, inside_bar: false, ambiguous: false, slips }
    }
}

impl Venue {
    /// Opens a position, or says why not.
    pub(super) fn open(&self, order: &Order, deal: &Deal, book: &Ledger, leverage: f64) -> Result<Fill, Refusal> {
        let sign = order.side.sign();
        let lots_at = |price: f64| match order.size {
            Size::Lots(lots) => lots,
            Size::EquityFraction(fraction) => {
                let lot_value = self.contract_size * book.rate_at(order.instrument, price);
                self.costs.lots_for(fraction * book.equity(), lot_value, price)
            }
        };
        let slip = self.slip(deal, || Slipping {
            order: order.id,
            closes: false,
            units: lots_at(deal.price) * self.contract_size,
            price: deal.price,
        });
        let price = deal.price + sign * slip;
        let lots = lots_at(price);
        let rate = book.rate_at(order.instrument, price);
        let lot_value = self.contract_size * rate;
        let value = lots * lot_value;
        let commission = self.costs.commission_of(lots, lot_value, price, !deal.slips);
        // The stop must lie beyond the price at which the position could be closed at once.
        let way_out = sign * price - 2.0 * deal.half_spread;
        let wrong_stop = order.stop_loss.is_some_and(|p| sign * p >= way_out);
        let wrong_target = order.take_profit.is_some_and(|p| sign * p <= way_out);
        let margin = (book.notional() + value * price) / leverage;
        match () {
            () if book.equity() <= 0.0 => return Err(Refusal::NoEquity),
            () if lots.is_nan() || lots <= 0.0 => return Err(Refusal::BelowMinimumLots),
            () if wrong_stop || wrong_target => return Err(Refusal::InvalidStops),
            // An order sized to the last cent must not fail for rounding.
            () if margin + commission > book.equity() * (1.0 + 1e-9) => return Err(Refusal::NotEnoughMargin),
            () => {}
        }
        Ok(Fill {
            order: order.id,
            instrument: order.instrument,
            side: order.side,
            lots,
            at: deal.at,
            price,
            kind: FillKind::Open { stop_loss: order.stop_loss, take_profit: order.take_profit },
            commission,
            rate,
            conversion_cost: 0.0,
            spread_cost: deal.half_spread * value,
            slippage_cost: slip * value,
            inside_bar: deal.inside_bar,
            ambiguous: deal.ambiguous,
            strategy: order.strategy,
        })
    }

    /// How much worse than its price a deal is done.
    fn slip(&self, deal: &Deal, slipping: impl FnOnce() -> Slipping) -> f64 {
        match &self.costs.model {
            _ if !deal.slips => 0.0,
            None => self.costs.slippage,
            Some(model) => self.costs.slippage + model.of(&slipping()),
        }
    }

    /// Closes a position, whole. The fill carries the number of the order that opened it.
    pub(super) fn close(&self, position: &Position, reason: ExitReason, deal: &Deal, book: &Ledger) -> Fill {
        let units = position.lots * self.contract_size;
        let slip = self.slip(deal, || Slipping { order: position.ticket.0, closes: true, units, price: deal.price });
        let price = deal.price - position.side.sign() * slip;
        let rate = book.rate_at(position.instrument, price);
        let lot_value = self.contract_size * rate;
        let value = position.lots * lot_value;
        let conversion_cost = match self.costs.conversion_fraction {
            0.0 => 0.0,
            fraction => position.pnl_at(price, lot_value).abs() * fraction,
        };
        Fill {
            order: position.ticket.0,
            instrument: position.instrument,
            side: position.side.opposite(),
            lots: position.lots,
            at: deal.at,
            price,
            kind: FillKind::Close(position.ticket, reason),
            commission: self.costs.commission_of(position.lots, lot_value, price, !deal.slips),
            rate,
            conversion_cost,
            spread_cost: deal.half_spread * value,
            slippage_cost: slip * value,
            inside_bar: deal.inside_bar,
            ambiguous: deal.ambiguous,
            strategy: position.strategy,
        }
    }
}
