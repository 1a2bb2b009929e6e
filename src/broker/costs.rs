//! What a deal costs beside its price: commission and slippage.
//!
//! Rates that hold for every deal are plain numbers. What depends on more (a minimum, makers, the month's volume, the bar before) stands
//! apart and is looked at only where there is such a thing.

use std::sync::Arc;

use super::{slippage::Slippage, tariff::Tariff};

/// Commission and slippage of one instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// Fraction of the notional, per deal.
    pub commission_fraction: f64,
    /// Account money per lot, per deal.
    pub commission_per_lot: f64,
    /// Account money per deal.
    pub commission_per_order: f64,
    /// How much worse than the quote market and stop orders fill, in price units.
    pub slippage: f64,
    /// What a broker's list of charges says beyond that.
    pub tariff: Option<Arc<Tariff>>,
    /// What has been traded this month before the next deal, as the tariff counts it.
    pub traded: f64,
    /// Slippage that depends on the market or the order, on top of `slippage`.
    pub model: Option<Slippage>,
    /// Fraction of a pnl that turning it into account money costs, where prices are in another currency.
    pub conversion_fraction: f64,
}

impl Costs {
    /// Commission of a deal that takes what is quoted; a lot gains `lot_value` account money when the price rises by 1.
    ///
    /// ```
    /// use cthulu_lab::broker::Costs;
    /// let costs = Costs { commission_fraction: 0.0002, commission_per_lot: 3.5, commission_per_order: 1.0, ..Costs::default() };
    /// // 2 lots of 100 units at 50: 10,000 · 0.0002 + 2 · 3.5 + 1
    /// assert_eq!(costs.commission(2.0, 100.0, 50.0), 10.0);
    /// ```
    #[must_use]
    pub fn commission(&self, lots: f64, lot_value: f64, price: f64) -> f64 {
        self.commission_of(lots, lot_value, price, false)
    }

    /// The same, for a deal that was waited for where `is_maker`.
    pub(super) fn commission_of(&self, lots: f64, lot_value: f64, price: f64, is_maker: bool) -> f64 {
        match &self.tariff {
            None => lots * lot_value * price * self.commission_fraction + lots * self.commission_per_lot + self.commission_per_order,
            Some(tariff) => tariff.commission(self, (lots, lots * lot_value * price), is_maker),
        }
    }

    /// Lots that `money` buys at `price` with the commission paid out of it.
    #[must_use]
    pub fn lots_for(&self, money: f64, lot_value: f64, price: f64) -> f64 {
        if self.tariff.is_some() {
            return self.lots_by_halving(money, lot_value, price);
        }
        (money - self.commission_per_order) / (price * lot_value * (1.0 + self.commission_fraction) + self.commission_per_lot)
    }

    /// A tariff is no straight line, but it never falls as the deal grows.
    #[inline(never)]
    fn lots_by_halving(&self, money: f64, lot_value: f64, price: f64) -> f64 {
        let (mut fits, mut too_many) = (0.0, (money / (price * lot_value)).max(0.0));
        for _ in 0..100 {
            let lots = f64::midpoint(fits, too_many);
            let is_within = lots * lot_value * price + self.commission(lots, lot_value, price) <= money;
            if is_within { fits = lots } else { too_many = lots }
        }
        fits
    }

    /// A straight line no deal costs more than: money per deal, and money per lot beyond it.
    pub(super) fn commission_bound(&self, lot_value: f64, price: f64) -> (f64, f64) {
        let minimum = self.tariff.as_ref().map_or(0.0, |tariff| tariff.minimum);
        (self.commission_per_order.max(minimum), lot_value * price * self.commission_fraction + self.commission_per_lot)
    }
}
