//! The straight line through the last values.

use super::Indicator;
use super::window::{Slope, Window};

/// Slope per bar of the least-squares line through the last n values: Σ (t − t̄)(x − x̄) / Σ (t − t̄)², the divisor being n(n² − 1)/12.
///
/// First value at the n-th update. `None` for good when n is 1: one point has no slope. Equal values have slope 0.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, LinregSlope};
/// let mut slope = LinregSlope::new(3);
/// assert_eq!([1.0, 3.0, 5.0, 4.0].map(|x| slope.update(x)), [None, None, Some(2.0), Some(0.5)]); // (4 − 3)/2
/// ```
#[derive(Clone, Debug)]
pub struct LinregSlope {
    window: Window<Slope>,
    divisor: f64,
}

impl LinregSlope {
    /// The slope over `bars` values.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        let n = bars as f64;
        Self { window: Window::new(bars), divisor: n * (n * n - 1.0) / 12.0 }
    }
}

impl Indicator for LinregSlope {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let products = self.window.push(x)?.products;
        (self.divisor > 0.0).then(|| products / self.divisor)
    }

    fn warmup_bars(&self) -> usize {
        self.window.bars() - 1
    }
}
