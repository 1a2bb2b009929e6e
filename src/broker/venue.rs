//! How one instrument deals: from a price to a fill, costs included, or to a reason why not.

use super::Costs;
use crate::{
    event::Refusal,
    market::{ExitReason, Fill, FillKind, Order, Quoting, Side, Size, Tick},
    portfolio::{Ledger, Position},
    time::Nanos,
};

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
        let slip = if deal.slips { self.costs.slippage } else { 0.0 };
        let price = deal.price + sign * slip;
        let lots = match order.size {
            Size::Lots(lots) => lots,
            Size::EquityFraction(fraction) => self.costs.lots_for(fraction * book.equity(), self.contract_size, price),
        };
        let units = lots * self.contract_size;
        let commission = self.costs.commission(lots, self.contract_size, price);
        // The stop must lie beyond the price at which the position could be closed at once.
        let way_out = sign * price - 2.0 * deal.half_spread;
        let wrong_stop = order.stop_loss.is_some_and(|p| sign * p >= way_out);
        let wrong_target = order.take_profit.is_some_and(|p| sign * p <= way_out);
        let margin = (book.notional() + units * price) / leverage;
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
            spread_cost: deal.half_spread * units,
            slippage_cost: slip * units,
            inside_bar: deal.inside_bar,
            ambiguous: deal.ambiguous,
            strategy: order.strategy,
        })
    }

    /// Closes a position, whole. The fill carries the number of the order that opened it.
    pub(super) fn close(&self, position: &Position, reason: ExitReason, deal: &Deal) -> Fill {
        let slip = if deal.slips { self.costs.slippage } else { 0.0 };
        let price = deal.price - position.side.sign() * slip;
        let units = position.lots * self.contract_size;
        Fill {
            order: position.ticket.0,
            instrument: position.instrument,
            side: position.side.opposite(),
            lots: position.lots,
            at: deal.at,
            price,
            kind: FillKind::Close(position.ticket, reason),
            commission: self.costs.commission(position.lots, self.contract_size, price),
            spread_cost: deal.half_spread * units,
            slippage_cost: slip * units,
            inside_bar: deal.inside_bar,
            ambiguous: deal.ambiguous,
            strategy: position.strategy,
        }
    }
}
