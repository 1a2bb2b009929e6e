//! From a file's prices to a bid and an ask.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Bar, Ohlc, SpreadSchedule, Tick};
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quoting {
    /// What the file's one price is.
    pub side: PriceSide,
    /// A fixed spread in price units, which overrides the file's.
    pub spread: Option<f64>,
    /// Where the spread is not the same at every hour: how it changes.
    ///
    /// A bar's open and close have the spread of their moments. When its extremes were is not known: they have the widest spread of the
    /// bar, against whoever holds or waits.
    pub schedule: Option<Arc<SpreadSchedule>>,
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
        let quote = self.quote(bar, bar.closed_at.plus(-1), |p| p.close);
        Tick { at: bar.closed_at, ..quote }
    }

    /// A quote as it is dealt at: its own, or with a fixed spread above its bid; where it shows one price alone, around that as the side says.
    #[must_use]
    #[inline]
    pub fn at_tick(&self, tick: &Tick) -> Tick {
        if let Some(schedule) = &self.schedule {
            let width = schedule.at(self.spread.unwrap_or(tick.ask - tick.bid), tick.at);
            return self.widened(tick, width);
        }
        self.spread.map_or(*tick, |width| self.widened(tick, width))
    }

    #[inline]
    fn widened(&self, tick: &Tick, width: f64) -> Tick {
        let (below, above) = if tick.ask == tick.bid { self.side.shares() } else { PriceSide::Bid.shares() };
        Tick { bid: tick.bid + below * width, ask: tick.bid + above * width, ..*tick }
    }

    #[inline]
    fn quote(&self, bar: &Bar, at: Nanos, price: impl Fn(&Ohlc) -> f64) -> Tick {
        if self.schedule.is_some() {
            return self.scheduled_quote(bar, at, price);
        }
        let own = price(&bar.ohlc());
        match (&bar.ask, self.spread) {
            (Some(ask), None) => Tick { at, bid: own, ask: price(ask) },
            _ => {
                let (below, above) = self.shifts(bar);
                Tick { at, bid: own + below, ask: own + above }
            }
        }
    }

    #[inline(never)]
    fn scheduled_quote(&self, bar: &Bar, at: Nanos, price: impl Fn(&Ohlc) -> f64) -> Tick {
        let own = price(&bar.ohlc());
        let quoted = bar.ask.as_ref().map(|ask| price(ask) - own);
        let (side, width) = self.base(bar, quoted);
        let (below, above) = side.shares();
        let width = self.schedule.as_ref().map_or(width, |schedule| schedule.at(width, at));
        Tick { at, bid: own + below * width, ask: own + above * width }
    }

    /// Which side the file's own price is, and the spread that holds but for a schedule; `quoted` is that of a file of both sides.
    #[inline]
    fn base(&self, bar: &Bar, quoted: Option<f64>) -> (PriceSide, f64) {
        // A spread lies around the file's price: the bid, where it quotes both sides.
        let side = if quoted.is_some() { PriceSide::Bid } else { self.side };
        (side, self.spread.or(quoted).or(bar.spread).unwrap_or(0.0))
    }

    /// How far bid and ask lie from the bar's own prices, where it brings no ask or a fixed spread overrides that.
    #[inline]
    fn shifts(&self, bar: &Bar) -> (f64, f64) {
        // Where both sides are quoted, a fixed spread has taken the place of theirs.
        let (side, width) = self.base(bar, bar.ask.map(|_| 0.0));
        let (below, above) = side.shares();
        (below * width, above * width)
    }

    /// The bar as bid prices and as ask prices.
    #[must_use]
    pub fn sides(&self, bar: &Bar) -> (Ohlc, Ohlc) {
        if self.schedule.is_some() {
            return self.scheduled_sides(bar);
        }
        let own = bar.ohlc();
        match (bar.ask, self.spread) {
            (Some(ask), None) => (own, ask),
            _ => {
                let (below, above) = self.shifts(bar);
                (shift(&own, below), shift(&own, above))
            }
        }
    }

    #[inline(never)]
    fn scheduled_sides(&self, bar: &Bar) -> (Ohlc, Ohlc) {
        let (open, close) = (self.at_open(bar), self.at_close(bar));
        let extreme = |own: f64, ask: Option<f64>| {
            let (side, width) = self.base(bar, ask.map(|ask| ask - own));
            let widest = self.schedule.as_ref().map_or(width, |schedule| schedule.widest(width, bar.opened_at, bar.closed_at));
            let (below, above) = side.shares();
            (own + below * widest, own + above * widest)
        };
        let (bid_high, ask_high) = extreme(bar.high, bar.ask.map(|ask| ask.high));
        let (bid_low, ask_low) = extreme(bar.low, bar.ask.map(|ask| ask.low));
        (around(open.bid, close.bid, bid_high, bid_low), around(open.ask, close.ask, ask_high, ask_low))
    }
}

/// A bar of one side whose extremes were shifted by more than its open and close: they still lie around both.
fn around(open: f64, close: f64, high: f64, low: f64) -> Ohlc {
    Ohlc { open, high: high.max(open).max(close), low: low.min(open).min(close), close }
}

fn shift(prices: &Ohlc, by: f64) -> Ohlc {
    Ohlc { open: prices.open + by, high: prices.high + by, low: prices.low + by, close: prices.close + by }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{market::Steps, time::HOUR};

    #[test]
    fn the_spread_lies_where_the_price_side_says() {
        let bar = Bar { open: 100.0, high: 101.0, low: 99.0, close: 100.0, ..Bar::default() };
        for (side, bid, ask) in
            [(PriceSide::Bid, 100.0, 102.0), (PriceSide::Ask, 98.0, 100.0), (PriceSide::Mid, 99.0, 101.0), (PriceSide::Trade, 99.0, 101.0)]
        {
            let quote = Quoting { side, spread: Some(2.0), ..Quoting::default() }.at_open(&bar);
            assert_eq!((quote.bid, quote.ask), (bid, ask), "{side:?}");
        }
    }

    #[test]
    fn a_bar_with_its_own_ask_keeps_it() {
        let ask = Ohlc { open: 100.5, high: 101.5, low: 99.5, close: 100.25 };
        let bar = Bar { open: 100.0, high: 101.0, low: 99.0, close: 100.0, ask: Some(ask), ..Bar::default() };
        assert_eq!(Quoting::default().sides(&bar), (bar.ohlc(), ask));
        assert_eq!(Quoting { side: PriceSide::Mid, spread: Some(1.0), ..Quoting::default() }.at_close(&bar).ask, 101.0);
    }

    #[test]
    fn a_fixed_spread_lies_above_a_ticks_bid() {
        let tick = Tick { at: Nanos(1), bid: 100.0, ask: 100.5 };
        assert_eq!(Quoting::default().at_tick(&tick), tick);
        assert_eq!(Quoting { side: PriceSide::Mid, spread: Some(2.0), ..Quoting::default() }.at_tick(&tick).ask, 102.0);
    }

    #[test]
    fn a_spread_column_serves_until_a_fixed_one_is_named() {
        let bar = Bar { open: 100.0, close: 100.0, spread: Some(0.5), ..Bar::default() };
        assert_eq!(Quoting::default().at_open(&bar).ask, 100.5);
        assert_eq!(Quoting { side: PriceSide::Bid, spread: Some(0.25), ..Quoting::default() }.at_open(&bar).ask, 100.25);
    }

    /// An hourly bar from 0 h whose spread of 1 is threefold in its second half.
    fn widened(side: PriceSide) -> (Quoting, Bar) {
        let steps = Steps::new(vec![(Nanos(HOUR / 2), 3.0), (Nanos(HOUR), 1.0)]);
        let schedule = Some(Arc::new(SpreadSchedule::Multiple(steps)));
        let bar = Bar { closed_at: Nanos(HOUR), open: 100.0, high: 101.0, low: 99.0, close: 100.5, ..Bar::default() };
        (Quoting { side, spread: Some(1.0), schedule }, bar)
    }

    #[test]
    fn open_and_close_have_the_spread_of_their_moments_and_extremes_the_widest() {
        let (quoting, bar) = widened(PriceSide::Bid);
        assert_eq!((quoting.at_open(&bar).ask, quoting.at_close(&bar).ask), (101.0, 103.5));
        let (bid, ask) = quoting.sides(&bar);
        // the low of the ask cannot lie above its open
        assert_eq!((bid, ask), (bar.ohlc(), Ohlc { open: 101.0, high: 104.0, low: 101.0, close: 103.5 }));
        let (bid, ask) = widened(PriceSide::Ask).0.sides(&bar);
        assert_eq!((ask, bid), (bar.ohlc(), Ohlc { open: 99.0, high: 99.0, low: 96.0, close: 97.5 }));
    }

    #[test]
    fn quotes_of_both_sides_and_ticks_are_widened_above_their_bid() {
        let (mut quoting, mut bar) = widened(PriceSide::Mid);
        quoting.spread = None;
        bar.ask = Some(Ohlc { open: 100.5, high: 101.5, low: 99.5, close: 101.0 });
        let (bid, ask) = quoting.sides(&bar);
        assert_eq!((bid, ask), (bar.ohlc(), Ohlc { open: 100.5, high: 102.5, low: 100.5, close: 102.0 }));
        let tick = |at: i64| quoting.at_tick(&Tick { at: Nanos(at), bid: 100.0, ask: 100.5 }).ask;
        assert_eq!((tick(0), tick(HOUR / 2)), (100.5, 101.5));
    }
}
