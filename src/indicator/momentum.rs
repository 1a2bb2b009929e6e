//! How far and how steadily a series has moved: momentum, rate of change, relative strength.

use super::Indicator;
use super::average::Smoothing;
use super::lag::Lag;

/// x − x\[n\], the change over n bars; first at update n + 1.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Momentum};
/// let mut momentum = Momentum::new(2);
/// assert_eq!([4.0, 5.0, 7.0].map(|x| momentum.update(x)), [None, None, Some(3.0)]);
/// ```
#[derive(Clone, Debug)]
pub struct Momentum(Lag);

impl Momentum {
    /// The change over `bars` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(Lag::new(bars))
    }
}

impl Indicator for Momentum {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push(x).map(|old| x - old)
    }

    fn warmup_bars(&self) -> usize {
        self.0.bars()
    }
}

/// Rate of change in percent: 100·(x − x\[n\])/x\[n\]; first at update n + 1.
///
/// `None` where x\[n\] is 0.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Roc};
/// let mut roc = Roc::new(2);
/// assert_eq!([4.0, 0.0, 7.0, 1.0].map(|x| roc.update(x)), [None, None, Some(75.0), None]);
/// ```
#[derive(Clone, Debug)]
pub struct Roc(Lag);

impl Roc {
    /// The change over `bars` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(Lag::new(bars))
    }
}

impl Indicator for Roc {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let old = self.0.push(x)?;
        (old != 0.0).then(|| 100.0 * (x - old) / old)
    }

    fn warmup_bars(&self) -> usize {
        self.0.bars()
    }
}

/// Wilder's relative strength index: 100·G/(G + L), G and L being Wilder's averages of gains and of losses from value to value.
///
/// This is 100 − 100/(1 + G/L) without the division by zero. First value at update n + 1, G and L then being simple averages of n changes.
/// Gains without any loss answer 100, losses without any gain 0. `None` while nothing has moved at all: the index is then 0/0, and implementations
/// that invent a number differ (0, 50, 100). J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Rsi};
/// let mut rsi = Rsi::new(2);
/// assert_eq!([1.0, 4.0, 3.0].map(|x| rsi.update(x)), [None, None, Some(75.0)]); // G = 3/2, L = 1/2
/// ```
#[derive(Clone, Debug)]
pub struct Rsi {
    gains: Smoothing,
    losses: Smoothing,
    last: Option<f64>,
}

impl Rsi {
    /// The index over `bars` changes.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self { gains: Smoothing::wilder(bars), losses: Smoothing::wilder(bars), last: None }
    }
}

impl Indicator for Rsi {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let change = x - self.last.replace(x)?;
        let (gains, losses) = (self.gains.push(change.max(0.0)), self.losses.push((-change).max(0.0)));
        let (gain, loss) = (gains?, losses?);
        let movement = gain + loss;
        (movement > 0.0).then(|| 100.0 * gain / movement)
    }

    fn warmup_bars(&self) -> usize {
        self.gains.bars()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::column;

    #[test]
    fn rsi_is_100_without_losses_0_without_gains_and_undefined_without_movement() {
        for (values, rsi) in [([1.0, 2.0, 3.0], Some(100.0)), ([3.0, 2.0, 1.0], Some(0.0)), ([2.0, 2.0, 2.0], None)] {
            assert_eq!(column(&mut Rsi::new(2), values)[2], rsi);
        }
        // The first movement after a standstill: G = 1/2, L = 0.
        assert_eq!(column(&mut Rsi::new(2), [2.0, 2.0, 2.0, 3.0])[3], Some(100.0));
    }
}
