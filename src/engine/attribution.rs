//! Where the money went: from what the prices gave to what was left, by kind of cost, and how much of each the run could have borne.

use serde::Serialize;

use super::{CostBreakdown, Run};
use crate::market::Financing;

/// Net profit taken apart. `gross` less everything below it is `net`; what was received is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Attribution {
    /// What the deals would have earned at the middle of the quotes, without any cost; positions still open are marked as the account marks them.
    pub gross: f64,
    /// Commission of every deal.
    pub commission: f64,
    /// Half the spread of every deal.
    pub spread: f64,
    /// Slippage of every deal.
    pub slippage: f64,
    /// Interest for the night.
    pub swap: f64,
    /// Funding of perpetual contracts.
    pub funding: f64,
    /// Fees for what was sold short.
    pub borrow: f64,
    /// Dividends, paid by shorts and received by longs.
    pub dividends: f64,
    /// Turning pnl into account money.
    pub conversion: f64,
    /// Final equity less the starting cash.
    pub net: f64,
}

/// How many times each cost the same deals would have paid with a net profit of exactly zero: above 1 there is room, below 1 it was too much.
/// `None` where nothing was paid, and where the run would have lost without it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct BreakEven {
    /// All costs together.
    pub costs: Option<f64>,
    /// The spread, everything else as it was.
    pub spread: Option<f64>,
    /// The commission alone.
    pub commission: Option<f64>,
    /// Slippage alone.
    pub slippage: Option<f64>,
    /// Swap, funding, borrow and dividends alone.
    pub financing: Option<f64>,
}

impl Attribution {
    /// Of a run, positions still open included.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let CostBreakdown { commission, spread, slippage, conversion, .. } = CostBreakdown::of(run);
        let book = &run.book;
        let [swap, funding, borrow, dividends] = Financing::ALL.map(|kind| book.financing(kind));
        let net = book.equity() - book.initial_cash();
        let costs = Self { commission, spread, slippage, swap, funding, borrow, dividends, conversion, gross: 0.0, net };
        Self { gross: net + costs.costs(), ..costs }
    }

    /// Everything between gross and net.
    #[must_use]
    pub const fn costs(&self) -> f64 {
        self.commission + self.spread + self.slippage + self.financing() + self.conversion
    }

    /// What holding cost.
    #[must_use]
    pub const fn financing(&self) -> f64 {
        self.swap + self.funding + self.borrow + self.dividends
    }

    /// How many times each cost leaves nothing.
    ///
    /// The deals are taken as they were done: other costs would have moved stops, sizes and decisions, which this does not know.
    ///
    /// ```
    /// use cthulu_lab::engine::Attribution;
    /// let run = Attribution { gross: 300.0, spread: 100.0, commission: 50.0, net: 150.0, ..Attribution::default() };
    /// // the spread could have been (150 + 100)/100 as wide, all costs 300/150 as high
    /// assert_eq!((run.break_even().spread, run.break_even().costs), (Some(2.5), Some(2.0)));
    /// ```
    #[must_use]
    pub fn break_even(&self) -> BreakEven {
        let times = |cost: f64| {
            let without = self.net + cost;
            (cost > 0.0 && without >= 0.0).then(|| without / cost)
        };
        BreakEven {
            costs: times(self.costs()),
            spread: times(self.spread),
            commission: times(self.commission),
            slippage: times(self.slippage),
            financing: times(self.financing()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_that_was_not_paid_or_does_not_decide_has_no_multiple() {
        // Net −100 after 40 of spread: without it still −60. All costs were 30, as 10 of swap was received: −70 without any.
        let run = Attribution { gross: -70.0, spread: 40.0, swap: -10.0, net: -100.0, ..Attribution::default() };
        assert_eq!(run.break_even(), BreakEven::default());
        // Net −20 after 40 of spread: half of it leaves nothing.
        let run = Attribution { gross: 20.0, spread: 40.0, net: -20.0, ..Attribution::default() };
        assert_eq!((run.break_even().spread, run.break_even().commission), (Some(0.5), None));
    }
}
