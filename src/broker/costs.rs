//! What a deal costs beside its price.

use serde::{Deserialize, Serialize};

/// Commission and slippage of one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// Fraction of the notional, per deal.
    pub commission_fraction: f64,
    /// Account money per lot, per deal.
    pub commission_per_lot: f64,
    /// Account money per deal.
    pub commission_per_order: f64,
    /// How much worse than the quote market and stop orders fill, in price units.
    pub slippage: f64,
}

impl Costs {
    /// Commission of a deal.
    ///
    /// ```
    /// use cthulu_lab::broker::Costs;
    /// let costs = Costs { commission_fraction: 0.0002, commission_per_lot: 3.5, commission_per_order: 1.0, slippage: 0.0 };
    /// // 2 lots of 100 units at 50: 10,000 · 0.0002 + 2 · 3.5 + 1
    /// assert_eq!(costs.commission(2.0, 100.0, 50.0), 10.0);
    /// ```
    #[must_use]
    pub fn commission(&self, lots: f64, contract_size: f64, price: f64) -> f64 {
        lots * contract_size * price * self.commission_fraction + lots * self.commission_per_lot + self.commission_per_order
    }

    /// Lots that `money` buys at `price` with the commission paid out of it.
    #[must_use]
    pub fn lots_for(&self, money: f64, contract_size: f64, price: f64) -> f64 {
        (money - self.commission_per_order) / (price * contract_size * (1.0 + self.commission_fraction) + self.commission_per_lot)
    }
}
