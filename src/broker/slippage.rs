//! How much worse than the quote a deal is done, where that depends on the market or the order.
//!
//! Every model knows only what was known before the deal: bars that are complete, the order's own size, a record of other deals. Market
//! orders, stops and stop-outs slip; limits and targets do not.

use std::sync::Arc;

use rand_chacha::rand_core::Rng;

use crate::{
    market::{Bar, OrderId},
    seed::Seed,
};

/// A model of slippage; amounts are in price units, above 0 is worse.
#[derive(Clone, Debug, PartialEq)]
pub enum Slippage {
    /// A multiple of the average true range of completed bars.
    Volatility(Volatility),
    /// By the order's share of the last completed bar's volume.
    VolumeShare(VolumeShare),
    /// Drawn from deals that were done.
    Recorded(Recorded),
}

/// `multiple` × Wilder's average true range over `bars`; before that many bars, their mean so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Volatility {
    /// How much of the range is lost.
    pub multiple: f64,
    /// Over how many bars it is taken.
    pub bars: u32,
    seen: u32,
    range: f64,
    last_close: Option<f64>,
}

/// How price moves with the share of the volume that an order takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impact {
    /// In proportion.
    Linear,
    /// With its square root.
    SquareRoot,
}

/// price × `fraction` × share, or its square root; share = units / volume of the last completed bar that had any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeShare {
    /// Fraction of the price that an order of a whole bar's volume moves.
    pub fraction: f64,
    /// How that grows.
    pub impact: Impact,
    volume: f64,
}

/// Slippages of deals that were done, each as likely; one draw for each deal, by the number of its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// In price units.
    pub sample: Arc<[f64]>,
    /// Where draws come from.
    pub seed: Seed,
}

/// A deal that may slip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slipping {
    /// The order; for a stop the one that opened the position.
    pub(super) order: OrderId,
    /// Whether it closes.
    pub(super) closes: bool,
    /// How much.
    pub(super) units: f64,
    /// At which quote.
    pub(super) price: f64,
}

impl Volatility {
    /// A model that has seen nothing yet.
    #[must_use]
    pub const fn new(multiple: f64, bars: u32) -> Self {
        Self { multiple, bars, seen: 0, range: 0.0, last_close: None }
    }

    fn learn(&mut self, bar: &Bar) {
        let last = self.last_close.replace(bar.close).unwrap_or(bar.open);
        let range = bar.high.max(last) - bar.low.min(last);
        self.seen = (self.seen + 1).min(self.bars.max(1));
        self.range += (range - self.range) / f64::from(self.seen);
    }
}

impl VolumeShare {
    /// A model that has seen no volume yet, and so moves nothing.
    #[must_use]
    pub const fn new(fraction: f64, impact: Impact) -> Self {
        Self { fraction, impact, volume: 0.0 }
    }

    fn of(&self, deal: &Slipping) -> f64 {
        if self.volume <= 0.0 {
            return 0.0;
        }
        let share = deal.units / self.volume;
        let grown = if self.impact == Impact::Linear { share } else { share.sqrt() };
        deal.price * self.fraction * grown
    }
}

impl Recorded {
    fn of(&self, deal: &Slipping) -> f64 {
        let label = if deal.closes { "out" } else { "in" };
        let draw = self.seed.child(label).at(deal.order.0.get().into()).generator().next_u64();
        // The high half of the product is a whole number below the length, each as likely to within 2^-64 of it.
        let index = (u128::from(draw) * self.sample.len() as u128) >> 64;
        self.sample.get(index as usize).copied().unwrap_or(0.0)
    }
}

impl Slippage {
    /// How much worse this deal is done.
    pub(super) fn of(&self, deal: &Slipping) -> f64 {
        match self {
            Self::Volatility(v) => v.multiple * v.range,
            Self::VolumeShare(v) => v.of(deal),
            Self::Recorded(r) => r.of(deal),
        }
    }

    /// Sees a completed bar.
    pub(super) fn learn(&mut self, bar: &Bar) {
        match self {
            Self::Volatility(v) => v.learn(bar),
            Self::VolumeShare(v) if bar.volume > 0.0 => v.volume = bar.volume,
            Self::VolumeShare(_) | Self::Recorded(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn deal(order: u32, closes: bool, units: f64, price: f64) -> Slipping {
        Slipping { order: OrderId(NonZeroU32::new(order).unwrap()), closes, units, price }
    }

    fn bar([open, high, low, close]: [f64; 4], volume: f64) -> Bar {
        Bar { open, high, low, close, volume, ..Bar::default() }
    }

    #[test]
    fn volatility_is_that_of_the_completed_bars() {
        let mut model = Slippage::Volatility(Volatility::new(0.1, 2));
        assert_eq!(model.of(&deal(1, false, 1.0, 100.0)), 0.0);
        model.learn(&bar([100.0, 102.0, 99.0, 101.0], 0.0));
        assert!((model.of(&deal(1, false, 1.0, 100.0)) - 0.3).abs() < 1e-12);
        // gap up: true range 106 − 101 = 5; mean (3 + 5) / 2 = 4
        model.learn(&bar([105.0, 106.0, 104.0, 105.0], 0.0));
        assert!((model.of(&deal(1, false, 1.0, 100.0)) - 0.4).abs() < 1e-12);
        // Wilder: 4 + (2 − 4) / 2 = 3
        model.learn(&bar([105.0, 106.0, 104.0, 105.0], 0.0));
        assert!((model.of(&deal(1, false, 1.0, 100.0)) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn impact_grows_with_the_share_or_its_root() {
        for (impact, slip) in [(Impact::Linear, 100.0 * 0.1 * 0.04), (Impact::SquareRoot, 100.0 * 0.1 * 0.2)] {
            let mut model = Slippage::VolumeShare(VolumeShare::new(0.1, impact));
            assert_eq!(model.of(&deal(1, false, 40.0, 100.0)), 0.0);
            model.learn(&bar([100.0; 4], 1000.0));
            model.learn(&bar([100.0; 4], 0.0));
            assert!((model.of(&deal(1, false, 40.0, 100.0)) - slip).abs() < 1e-12, "{impact:?}");
        }
    }

    #[test]
    fn draws_are_of_the_record_the_same_for_an_order_and_spread_over_all() {
        let sample: Arc<[f64]> = [0.0, 1.0, 2.0, -1.0].into();
        let model = Slippage::Recorded(Recorded { sample: Arc::clone(&sample), seed: Seed::new(7) });
        let drawn: Vec<f64> = (1..=400).map(|i| model.of(&deal(i, false, 1.0, 100.0))).collect();
        assert_eq!(drawn, (1..=400).map(|i| model.of(&deal(i, false, 9.0, 50.0))).collect::<Vec<_>>());
        for value in sample.iter() {
            let count = drawn.iter().filter(|d| *d == value).count();
            // 100 expected, standard deviation √(400 · ¼ · ¾) = 8.7
            assert!((65..=135).contains(&count), "{value} was drawn {count} times");
        }
        assert_ne!(drawn, (1..=400).map(|i| model.of(&deal(i, true, 1.0, 100.0))).collect::<Vec<_>>());
    }
}
