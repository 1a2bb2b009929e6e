//! Moving average convergence and divergence.

use super::Indicator;
use super::average::Smoothing;

/// What [`Macd`] answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MacdValue {
    /// ema(fast) − ema(slow).
    pub macd: f64,
    /// Exponential average of `macd`; `None` until it has seen its own period.
    pub signal: Option<f64>,
    /// macd − signal.
    pub histogram: Option<f64>,
}

/// MACD (G. Appel): the difference of two exponential averages, and its own exponential average as signal.
///
/// All three averages start from a simple average. First `macd` at update max(fast, slow), first `signal` signal − 1 updates later.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Macd};
/// let mut macd = Macd::new(1, 2, 2);
/// assert!(macd.update(1.0).is_none());
/// assert_eq!(macd.update(3.0).map(|v| (v.macd, v.signal)), Some((1.0, None))); // 3 − 2
/// let value = macd.update(6.0).unwrap(); // 6 − (2 + 2/3·4) = 4/3; mean of 1 and 4/3 is 7/6
/// assert!((value.macd - 4.0 / 3.0).abs() < 1e-15 && (value.signal.unwrap() - 7.0 / 6.0).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Macd {
    fast: Smoothing,
    slow: Smoothing,
    signal: Smoothing,
}

impl Macd {
    /// Averages of `fast` and `slow` bars, and a signal of `signal` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(fast: usize, slow: usize, signal: usize) -> Self {
        Self { fast: Smoothing::exponential(fast), slow: Smoothing::exponential(slow), signal: Smoothing::exponential(signal) }
    }
}

impl Indicator for Macd {
    type Input = f64;
    type Output = MacdValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<MacdValue> {
        let (fast, slow) = (self.fast.push(x), self.slow.push(x));
        let macd = fast? - slow?;
        let signal = self.signal.push(macd);
        Some(MacdValue { macd, signal, histogram: signal.map(|signal| macd - signal) })
    }

    fn warmup_bars(&self) -> usize {
        self.fast.bars().max(self.slow.bars()) - 1
    }
}
