//! From the steps of a process to bars.
//!
//! A bar opens where the last one closed, moved by the step's gap; inside, its price is a Brownian bridge from open to close with the
//! step's deviation. High and low are drawn from the bridge's exact laws, P(maximum > m) = exp(−2m(m − x)/s²) for a move x, each by itself:
//! how high and low hang together beyond what the move tells is not modelled. Prices are then rounded to the point; the ask is the bid
//! and the spread.

use super::{
    draws::Draws,
    frame::{Frame, Session},
    kind::Params,
};
use crate::{
    error::{Error, Result},
    market::{Bars, Ohlc},
    time::Nanos,
};

/// What a process does in one bar, in logarithms of the price.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    /// From the last close to the open.
    pub(super) gap: f64,
    /// From the open to the close.
    pub(super) change: f64,
    /// Standard deviation of the path inside the bar.
    pub(super) deviation: f64,
    /// Highest and lowest over the open, where they are known instead of drawn.
    pub(super) extremes: Option<(f64, f64)>,
}

/// A logarithm beyond this would leave the range of prices that can be written.
const FARTHEST: f64 = 60.0;
/// Ticks beyond this are not whole in a double.
const MOST_TICKS: f64 = (1_u64 << 52) as f64;
/// √(π/2): the mean size of a standard normal is its inverse.
const ROOT_HALF_PI: f64 = 1.253_314_137_315_500_3;

/// Bars in the making.
pub(super) struct Shaper {
    draws: Draws,
    frame: Frame,
    price: f64,
    /// Points a price unit.
    per_unit: Option<f64>,
    spread: f64,
    volume: f64,
    /// Logarithm of the last close over the starting price.
    level: f64,
    last_close: f64,
    opened_at: Vec<Nanos>,
    columns: [Vec<f64>; 5],
    ask: Option<Vec<Ohlc>>,
}

impl Shaper {
    pub(super) fn new(frame: &Frame, params: &Params, draws: Draws) -> Self {
        let price = params.get("price");
        let spread = params.get("spread_fraction") * price;
        let room = || Vec::with_capacity(frame.bars);
        Self {
            draws,
            frame: *frame,
            price,
            per_unit: frame.point.map(per_unit),
            spread,
            volume: params.get("volume"),
            level: 0.0,
            last_close: price,
            opened_at: Vec::with_capacity(frame.bars),
            columns: [room(), room(), room(), room(), room()],
            ask: (spread > 0.0).then(|| Vec::with_capacity(frame.bars)),
        }
    }

    /// Puts the price where the process starts.
    pub(super) fn start_at(&mut self, level: f64) {
        self.level = level;
        self.last_close = self.round(self.price * libm::exp(level));
    }

    /// Appends a bar; answers its open and close.
    #[inline]
    pub(super) fn push(&mut self, at: Nanos, session: &Session, step: &Step) -> Result<(f64, f64)> {
        let opened = self.level + step.gap;
        let closed = opened + step.change;
        let (up, down) = step.extremes.unwrap_or_else(|| self.extremes(step));
        self.level = closed;
        if closed.is_nan() || closed.abs() > FARTHEST {
            return Err(out_of_range(at));
        }
        let priced = |level: f64| self.price * libm::exp(level);
        let open = if step.gap == 0.0 { self.last_close } else { self.round(priced(opened)) };
        let close = self.round(priced(closed));
        // Rounding, and the last digit of an exponential, must not leave a bar whose open sticks out.
        let high = self.round(priced(opened + up)).max(open).max(close);
        let low = self.round(priced(opened + down)).min(open).min(close);
        if self.per_unit.is_some_and(|n| high * n > MOST_TICKS) {
            return Err(out_of_range(at));
        }
        self.last_close = close;
        let volume = self.volume_of(session, step);
        self.opened_at.push(at);
        for (column, value) in self.columns.iter_mut().zip([open, high, low, close, volume]) {
            column.push(value);
        }
        self.quote(session, Ohlc { open, high, low, close });
        Ok((open, close))
    }

    /// Highest and lowest of the bridge over its start.
    #[inline]
    fn extremes(&mut self, step: &Step) -> (f64, f64) {
        let (x, s) = (step.change, step.deviation);
        let mut reach = || (x * x + 2.0 * s * s * self.draws.exponential()).sqrt();
        (0.5 * (x + reach()), 0.5 * (x - reach()))
    }

    /// Busier when the price moves more: half of an ordinary bar's volume, and the other half by the size of the move.
    #[inline]
    fn volume_of(&self, session: &Session, step: &Step) -> f64 {
        let size = if step.deviation > 0.0 { step.change.abs() / step.deviation * ROOT_HALF_PI } else { 1.0 };
        (self.volume * session.volume * 0.5 * (1.0 + size)).floor()
    }

    #[inline]
    fn quote(&mut self, session: &Session, bid: Ohlc) {
        if self.ask.is_none() {
            return;
        }
        // Up to a quarter more or less, 1 on average.
        let wide = self.spread * session.spread * (0.75 + 0.5 * self.draws.unit());
        let asked = |price: f64| match self.per_unit {
            Some(n) => (nearest(price * n) + nearest(wide * n).max(1.0)) / n,
            None => price + wide,
        };
        let ask = Ohlc { open: asked(bid.open), high: asked(bid.high), low: asked(bid.low), close: asked(bid.close) };
        self.ask.as_mut().expect("checked above").push(ask);
    }

    /// The nearest price that can be quoted, at least one point. Division, not multiplication by the point, so that 110009 points of
    /// 0.00001 are 1.10009 to the last bit.
    #[inline]
    fn round(&self, price: f64) -> f64 {
        self.per_unit.map_or(price, |n| nearest(price * n).max(1.0) / n)
    }

    /// The finished bars.
    pub(super) fn bars(self) -> Bars {
        Bars::from_columns(self.frame.timeframe, self.opened_at, self.columns, None, self.ask)
    }
}

/// Points a price unit; whole where they are, as a point of 0.00001 is not exactly a hundred-thousandth.
fn per_unit(point: f64) -> f64 {
    let whole = (1.0 / point).round();
    if whole >= 1.0 && (whole * point - 1.0).abs() < 1e-12 { whole } else { 1.0 / point }
}

/// The nearest whole number of something positive.
#[inline]
const fn nearest(value: f64) -> f64 {
    (value + 0.5) as u64 as f64
}

fn out_of_range(at: Nanos) -> Error {
    Error::config("volatility", format!("the price left every range at {at}; ask for less volatility, less drift or fewer bars"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_counted_whole() {
        // 1/0.00001 is 99999.99999999999 in doubles
        assert_eq!((per_unit(1e-5), per_unit(0.25), per_unit(0.001)), (100_000.0, 4.0, 1000.0));
        // a point above 1: a tenth of a point per unit
        assert_eq!(per_unit(10.0), 0.1);
        assert_eq!((nearest(110_008.6) / per_unit(1e-5)).to_string(), "1.10009");
    }
}
