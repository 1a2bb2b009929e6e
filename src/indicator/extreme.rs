//! Highest and lowest of the last values, the current one included.

use super::Indicator;
use super::window::{Bottom, Top, Window};

/// Highest of the last n values, the current one included; first at the n-th update.
///
/// ```
/// use cthulu_lab::indicator::{Highest, Indicator};
/// let mut highest = Highest::new(2);
/// assert_eq!([3.0, 1.0, 2.0].map(|x| highest.update(x)), [None, Some(3.0), Some(2.0)]);
/// ```
#[derive(Clone, Debug)]
pub struct Highest(Window<Top>);

impl Highest {
    /// The highest of `bars` values.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(Window::new(bars))
    }
}

impl Indicator for Highest {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push(x).map(|top| top.0)
    }

    fn warmup_bars(&self) -> usize {
        self.0.bars() - 1
    }
}

/// Lowest of the last n values, the current one included; first at the n-th update.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, Lowest};
/// let mut lowest = Lowest::new(2);
/// assert_eq!([3.0, 1.0, 2.0].map(|x| lowest.update(x)), [None, Some(1.0), Some(1.0)]);
/// ```
#[derive(Clone, Debug)]
pub struct Lowest(Window<Bottom>);

impl Lowest {
    /// The lowest of `bars` values.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(Window::new(bars))
    }
}

impl Indicator for Lowest {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push(x).map(|bottom| bottom.0)
    }

    fn warmup_bars(&self) -> usize {
        self.0.bars() - 1
    }
}
