//! From a file's prices to a bid and an ask.

use serde::{Deserialize, Serialize};

use super::{Bar, Ohlc, Tick};
use crate::time::Nanos;

/// What a one-price file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceSide {
    /// The price at which one sells; the ask lies a spread above.
    #[default]
    Bid,
    /// The price at which one buys; the bid lies a spread below.
    Ask,
    /// The middle: half a spread either way.
    Mid,
    /// The last traded price, taken as the middle.
    Trade,
}

impl PriceSide {
    /// How far bid and ask lie from the file's price, as shares of the spread.
    const fn shares(self) -> (f64, f64) {
        match self {
            Self::Bid => (0.0, 1.0),
            Self::Ask => (-1.0, 0.0),
            Self::Mid | Self::Trade => (-0.5, 0.5),
        }
    }
}

/// How one instrument's bars become quotes.
///
/// A bar that brings its own ask needs neither field; one with a spread column uses that unless `spread` is given.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quoting {
    /// What the file's one price is.
    pub side: PriceSide,
    /// A fixed spread in price units, which overrides the file's.
    pub spread: Option<f64>,
}

impl Quoting {
    /// Bid and ask at the bar's opening.
    #[must_use]
    pub fn at_open(&self, bar: &Bar) -> Tick {
        self.quote(bar, bar.opened_at, |p| p.open)
    }

    /// Bid and ask at the bar's closing.
    #[must_use]
    pub fn at_close(&self, bar: &Bar) -> Tick {
        self.quote(bar, bar.closed_at, |p| p.close)
    }

    /// A quote as it is dealt at: its own, or with a fixed spread above its bid; where it shows one price alone, around that as the side says.
    #[must_use]
    #[inline]
    pub fn at_tick(&self, tick: &Tick) -> Tick {
        let Some(width) = self.spread else { return *tick };
        let (below, above) = if tick.ask == tick.bid { self.side.shares() } else { PriceSide::Bid.shares() };
        Tick { bid: tick.bid + below * width, ask: tick.bid + above * width, ..*tick }
    }

    #[inline]
    fn quote(&self, bar: &Bar, at: Nanos, price: impl Fn(&Ohlc) -> f64) -> Tick {
        let own = price(&bar.ohlc());
        match (&bar.ask, self.spread) {
            (Some(ask), None) => Tick { at, bid: own, ask: price(ask) },
            _ => {
                let (below, above) = self.shifts(bar);
                Tick { at, bid: own + below, ask: own + above }
            }
        }
    }

    /// How far bid and ask lie from the bar's own prices, where it brings no ask or a fixed spread overrides that.
    #[inline]
    fn shifts(&self, bar: &Bar) -> (f64, f64) {
        // A fixed spread lies around the file's price: the bid, where it quotes both sides.
        let side = if bar.ask.is_some() { PriceSide::Bid } else { self.side };
        let width = self.spread.or(bar.spread).unwrap_or(0.0);
        let (below, above) = side.shares();
        (below * width, above * width)
    }

    /// The bar as bid prices and as ask prices.
    #[must_use]
    pub fn sides(&self, bar: &Bar) -> (Ohlc, Ohlc) {
        let own = bar.ohlc();
        match (bar.ask, self.spread) {
            (Some(ask), None) => (own, ask),
            _ => {
                let (below, above) = self.shifts(bar);
                (shift(&own, below), shift(&own, above))
            }
        }
    }
}

fn shift(prices: &Ohlc, by: f64) -> Ohlc {
    Ohlc { open: prices.open + by, high: prices.high + by, low: prices.low + by, close: prices.close + by }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_lies_where_the_price_side_says() {
        let bar = Bar { open: 100.0, high: 101.0, low: 99.0, close: 100.0, ..Bar::default() };
        for (side, bid, ask) in
            [(PriceSide::Bid, 100.0, 102.0), (PriceSide::Ask, 98.0, 100.0), (PriceSide::Mid, 99.0, 101.0), (PriceSide::Trade, 99.0, 101.0)]
        {
            let quote = Quoting { side, spread: Some(2.0) }.at_open(&bar);
            assert_eq!((quote.bid, quote.ask), (bid, ask), "{side:?}");
        }
    }

    #[test]
    fn a_bar_with_its_own_ask_keeps_it() {
        let ask = Ohlc { open: 100.5, high: 101.5, low: 99.5, close: 100.25 };
        let bar = Bar { open: 100.0, high: 101.0, low: 99.0, close: 100.0, ask: Some(ask), ..Bar::default() };
        assert_eq!(Quoting::default().sides(&bar), (bar.ohlc(), ask));
        assert_eq!(Quoting { side: PriceSide::Mid, spread: Some(1.0) }.at_close(&bar).ask, 101.0);
    }

    #[test]
    fn a_fixed_spread_lies_above_a_ticks_bid() {
        let tick = Tick { at: Nanos(1), bid: 100.0, ask: 100.5 };
        assert_eq!(Quoting::default().at_tick(&tick), tick);
        assert_eq!(Quoting { side: PriceSide::Mid, spread: Some(2.0) }.at_tick(&tick).ask, 102.0);
    }

    #[test]
    fn a_spread_column_serves_until_a_fixed_one_is_named() {
        let bar = Bar { open: 100.0, close: 100.0, spread: Some(0.5), ..Bar::default() };
        assert_eq!(Quoting::default().at_open(&bar).ask, 100.5);
        assert_eq!(Quoting { side: PriceSide::Bid, spread: Some(0.25) }.at_open(&bar).ask, 100.25);
    }
}
