//! Moving averages and the moving sum.
//!
//! [`Sma`] treats its bars alike, [`Wma`] leans linearly to the newest, [`Ema`] and Wilder's slower [`Rma`] remember everything with fading weight.
//! While every value of a window is the same, `Sma` and `Wma` answer that very value, so that `close > sma` is not decided by rounding.

use super::window::{Total, Weighted, Window};
use super::{Indicator, at_least_one};

/// How often the newest value has come in a row.
#[derive(Clone, Debug, Default)]
struct Streak {
    last: f64,
    length: usize,
}

impl Streak {
    #[inline]
    fn push(&mut self, x: f64) -> usize {
        self.length = if x == self.last { self.length + 1 } else { 1 };
        self.last = x;
        self.length
    }
}

/// Simple moving average: Σ x / n over the last n values.
///
/// First value at the n-th update.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Sma};
/// let mut sma = Sma::new(3);
/// assert_eq!([1.0, 2.0, 6.0, 7.0].map(|x| sma.update(x)), [None, None, Some(3.0), Some(5.0)]);
/// ```
#[derive(Clone, Debug)]
pub struct Sma {
    window: Window<Total>,
    streak: Streak,
    bars: f64,
}

impl Sma {
    /// An average of `bars` values.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self { window: Window::new(bars), streak: Streak::default(), bars: bars as f64 }
    }
}

impl Indicator for Sma {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let is_flat = self.streak.push(x) >= self.window.bars();
        let sum = self.window.push(x)?.0;
        Some(if is_flat { x } else { sum / self.bars })
    }

    fn warmup_bars(&self) -> usize {
        self.window.bars() - 1
    }
}

/// Moving sum of the last n values; first at the n-th update.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Sum};
/// let mut sum = Sum::new(2);
/// assert_eq!([1.0, 2.0, 6.0].map(|x| sum.update(x)), [None, Some(3.0), Some(8.0)]);
/// ```
#[derive(Clone, Debug)]
pub struct Sum {
    window: Window<Total>,
}

impl Sum {
    /// A sum of `bars` values.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self { window: Window::new(bars) }
    }
}

impl Indicator for Sum {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.window.push(x).map(|sum| sum.0)
    }

    fn warmup_bars(&self) -> usize {
        self.window.bars() - 1
    }
}

/// Linearly weighted average: (1·x₁ + 2·x₂ + … + n·xₙ) / (n(n + 1)/2), xₙ the newest.
///
/// First value at the n-th update.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Wma};
/// let mut wma = Wma::new(3);
/// assert_eq!([1.0, 2.0, 6.0].map(|x| wma.update(x)), [None, None, Some(23.0 / 6.0)]); // (1 + 4 + 18)/6
/// ```
#[derive(Clone, Debug)]
pub struct Wma {
    window: Window<Weighted>,
    streak: Streak,
    weights: f64,
}

impl Wma {
    /// An average of `bars` values.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        let n = bars as f64;
        Self { window: Window::new(bars), streak: Streak::default(), weights: 0.5 * n * (n + 1.0) }
    }
}

impl Indicator for Wma {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let is_flat = self.streak.push(x) >= self.window.bars();
        let sums = self.window.push(x)?;
        Some(if is_flat { x } else { sums.weighted / self.weights })
    }

    fn warmup_bars(&self) -> usize {
        self.window.bars() - 1
    }
}

/// y ← y + weight·(x − y), from the mean of the first `bars` values on.
///
/// The mean is built up step by step, which keeps it exact while the values are equal.
#[derive(Clone, Debug)]
pub(super) struct Smoothing {
    value: f64,
    weight: f64,
    seen: usize,
    bars: usize,
}

impl Smoothing {
    pub(super) fn exponential(bars: usize) -> Self {
        Self { value: 0.0, weight: 2.0 / (bars as f64 + 1.0), seen: 0, bars: at_least_one(bars) }
    }

    pub(super) fn wilder(bars: usize) -> Self {
        Self { value: 0.0, weight: 1.0 / bars as f64, seen: 0, bars: at_least_one(bars) }
    }

    pub(super) const fn bars(&self) -> usize {
        self.bars
    }

    #[inline]
    pub(super) fn push(&mut self, x: f64) -> Option<f64> {
        if self.seen == self.bars {
            self.value += self.weight * (x - self.value);
            return Some(self.value);
        }
        self.seen += 1;
        self.value += (x - self.value) / self.seen as f64;
        (self.seen == self.bars).then_some(self.value)
    }
}

/// Exponential moving average with weight 2/(n + 1): y ← y + 2/(n + 1)·(x − y).
///
/// The first value, at the n-th update, is the simple average of the n values so far.
///
/// ```
/// use cthulu_lab::indicator::{Ema, Indicator};
/// let mut ema = Ema::new(3);
/// assert_eq!([1.0, 2.0, 6.0, 7.0].map(|x| ema.update(x)), [None, None, Some(3.0), Some(5.0)]); // 3 + (7 − 3)/2
/// ```
#[derive(Clone, Debug)]
pub struct Ema(Smoothing);

impl Ema {
    /// An average with the weight of `bars` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(Smoothing::exponential(bars))
    }
}

impl Indicator for Ema {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push(x)
    }

    fn warmup_bars(&self) -> usize {
        self.0.bars() - 1
    }
}

/// Wilder's average (also SMMA), an exponential average with weight 1/n: y ← y + (x − y)/n.
///
/// The first value, at the n-th update, is the simple average of the n values so far. J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Rma};
/// let mut rma = Rma::new(2);
/// assert_eq!([1.0, 3.0, 6.0].map(|x| rma.update(x)), [None, Some(2.0), Some(4.0)]); // 2 + (6 − 2)/2
/// ```
#[derive(Clone, Debug)]
pub struct Rma(Smoothing);

impl Rma {
    /// An average with the weight of `bars` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(Smoothing::wilder(bars))
    }
}

impl Indicator for Rma {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push(x)
    }

    fn warmup_bars(&self) -> usize {
        self.0.bars() - 1
    }
}
