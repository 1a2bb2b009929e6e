//! Where the close lies in the recent range: stochastic, Williams' %R, commodity channel index.

use super::window::{Bottom, Top, Window};
use super::{Indicator, Sma};
use crate::market::Bar;

/// 100·(close − lowest low)/(highest high − lowest low) over n bars; 0 when that range is 0.
#[derive(Clone, Debug)]
struct RawStochastic {
    highs: Window<Top>,
    lows: Window<Bottom>,
}

impl RawStochastic {
    fn new(bars: usize) -> Self {
        Self { highs: Window::new(bars), lows: Window::new(bars) }
    }

    #[inline]
    fn push(&mut self, bar: &Bar) -> Option<f64> {
        let (top, bottom) = (self.highs.push(bar.high), self.lows.push(bar.low));
        let (Top(top), Bottom(bottom)) = (top?, bottom?);
        Some(if top > bottom { 100.0 * (bar.close - bottom) / (top - bottom) } else { 0.0 })
    }
}

/// What [`Stochastic`] answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StochasticValue {
    /// %K, smoothed: 0 at the low of the range, 100 at its high.
    pub k: f64,
    /// %D, the average of %K; `None` until it has seen its own period.
    pub d: Option<f64>,
}

/// Stochastic oscillator (G. Lane): raw %K = 100·(close − lowest low)/(highest high − lowest low) over n bars, current one included.
///
/// %K is the simple average of `smooth` raw values (1: none, the fast stochastic), %D the simple average of `d` values of %K.
/// First %K at bar n + smooth − 1, first %D d − 1 bars later. A range of 0 counts as a raw value of 0, as in the common libraries.
///
/// ```
/// use cthulu_lab::{indicator::{Indicator, Stochastic}, market::Bar};
/// let mut stochastic = Stochastic::new(2, 1, 1);
/// stochastic.update(Bar { high: 5.0, low: 1.0, close: 4.0, ..Bar::default() });
/// let value = stochastic.update(Bar { high: 4.0, low: 2.0, close: 2.0, ..Bar::default() }).unwrap(); // (2 − 1)/(5 − 1)
/// assert_eq!((value.k, value.d), (25.0, Some(25.0)));
/// ```
#[derive(Clone, Debug)]
pub struct Stochastic {
    raw: RawStochastic,
    k: Sma,
    d: Sma,
}

impl Stochastic {
    /// The range of `bars` bars, %K over `smooth` of them, %D over `d`.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize, smooth: usize, d: usize) -> Self {
        Self { raw: RawStochastic::new(bars), k: Sma::new(smooth), d: Sma::new(d) }
    }
}

impl Indicator for Stochastic {
    type Input = Bar;
    type Output = StochasticValue;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<StochasticValue> {
        let k = self.k.update(self.raw.push(&bar)?)?;
        Some(StochasticValue { k, d: self.d.update(k) })
    }

    fn warmup_bars(&self) -> usize {
        self.raw.highs.bars() - 1 + self.k.warmup_bars()
    }
}

/// Williams' %R: −100·(highest high − close)/(highest high − lowest low) over n bars, from −100 at the low to 0 at the high.
///
/// First value at bar n. It is the raw stochastic less 100, so a range of 0 answers −100 as that one answers 0.
///
/// ```
/// use cthulu_lab::{indicator::{Indicator, Willr}, market::Bar};
/// assert_eq!(Willr::new(1).update(Bar { high: 5.0, low: 1.0, close: 4.0, ..Bar::default() }), Some(-25.0));
/// ```
#[derive(Clone, Debug)]
pub struct Willr(RawStochastic);

impl Willr {
    /// The range of `bars` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(RawStochastic::new(bars))
    }
}

impl Indicator for Willr {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<f64> {
        self.0.push(&bar).map(|raw| raw - 100.0)
    }

    fn warmup_bars(&self) -> usize {
        self.0.highs.bars() - 1
    }
}

/// Commodity channel index (D. Lambert): (p − mean p)/(0.015·mean |p − mean p|) over n bars, p being (high + low + close)/3.
///
/// First value at bar n; `None` when the deviation is 0. Each update looks at all n values, since every distance changes with the mean: trees that
/// avoid it are slower below some hundreds of bars.
///
/// ```
/// use cthulu_lab::{indicator::{Cci, column}, market::Bar};
/// let bar = |p: f64| Bar { high: p, low: p, close: p, ..Bar::default() };
/// let cci = column(&mut Cci::new(2), [1.0, 3.0, 3.0].map(bar));
/// assert!((cci[1].unwrap() - 1.0 / 0.015).abs() < 1e-12 && cci[2].is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Cci {
    average: Sma,
    /// The window, in no particular order once it is full.
    prices: Box<[f64]>,
    at: usize,
}

impl Cci {
    /// The index over `bars` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self { average: Sma::new(bars), prices: vec![0.0; bars].into(), at: 0 }
    }
}

/// Σ |v − centre|, in four sums side by side so that they need not wait for each other.
fn distances(values: &[f64], centre: f64) -> f64 {
    let (fours, rest) = values.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for four in fours {
        for (sum, v) in sums.iter_mut().zip(four) {
            *sum += (v - centre).abs();
        }
    }
    let [a, b, c, d] = sums;
    rest.iter().fold((a + b) + (c + d), |sum, v| sum + (v - centre).abs())
}

impl Indicator for Cci {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<f64> {
        let price = (bar.high + bar.low + bar.close) / 3.0;
        self.prices[self.at] = price;
        self.at = if self.at + 1 == self.prices.len() { 0 } else { self.at + 1 };
        let mean = self.average.update(price)?;
        let deviation = distances(&self.prices, mean) / self.prices.len() as f64;
        (deviation > 0.0).then(|| (price - mean) / (0.015 * deviation))
    }

    fn warmup_bars(&self) -> usize {
        self.average.warmup_bars()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::column;

    #[test]
    fn a_range_of_zero_is_the_bottom_of_the_range() {
        let bar = Bar { high: 2.0, low: 2.0, close: 2.0, ..Bar::default() };
        assert_eq!(Stochastic::new(1, 1, 1).update(bar), Some(StochasticValue { k: 0.0, d: Some(0.0) }));
        assert_eq!(Willr::new(1).update(bar), Some(-100.0));
    }

    #[test]
    fn cci_of_equal_bars_has_no_value_whatever_their_price() {
        let bar = Bar { high: 0.3, low: 0.1, close: 0.1, ..Bar::default() };
        assert!(column(&mut Cci::new(7), [bar; 30]).iter().all(Option::is_none));
    }
}
