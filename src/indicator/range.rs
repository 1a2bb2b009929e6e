//! True range and its average.

use super::Indicator;
use super::average::Smoothing;
use crate::market::Bar;

/// Wilder's true range: the larger of high and last close, less the smaller of low and last close.
///
/// Needs a last close, so the first bar answers `None`.
///
/// ```
/// use cthulu_lab::{indicator::{Indicator, TrueRange}, market::Bar};
/// let mut range = TrueRange::new();
/// range.update(Bar { close: 5.0, ..Bar::default() });
/// assert_eq!(range.update(Bar { high: 9.0, low: 7.0, ..Bar::default() }), Some(4.0)); // from 5 to 9
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrueRange {
    last_close: Option<f64>,
}

impl TrueRange {
    /// Before the first bar.
    #[must_use]
    pub const fn new() -> Self {
        Self { last_close: None }
    }
}

impl Indicator for TrueRange {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<f64> {
        let last = self.last_close.replace(bar.close)?;
        Some(bar.high.max(last) - bar.low.min(last))
    }

    fn warmup_bars(&self) -> usize {
        1
    }
}

/// Average true range: Wilder's average of the true range.
///
/// First value at bar n + 1, the simple average of the n true ranges since the first close. (Implementations that count the first bar's
/// high − low as a true range start one bar earlier and meet this one slowly.) J. W. Wilder, 1978.
///
/// ```
/// use cthulu_lab::{indicator::{Atr, column}, market::Bar};
/// let bar = |low: f64, high: f64| Bar { low, high, close: high, ..Bar::default() };
/// let atr = column(&mut Atr::new(2), [bar(1.0, 2.0), bar(1.0, 4.0), bar(3.0, 4.0), bar(4.0, 8.0)]);
/// assert_eq!(atr, [None, None, Some(2.0), Some(3.0)]); // (3 + 1)/2, then 2 + (4 − 2)/2
/// ```
#[derive(Clone, Debug)]
pub struct Atr {
    range: TrueRange,
    average: Smoothing,
}

impl Atr {
    /// An average of `bars` true ranges.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self { range: TrueRange::new(), average: Smoothing::wilder(bars) }
    }
}

impl Indicator for Atr {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<f64> {
        self.average.push(self.range.update(bar)?)
    }

    fn warmup_bars(&self) -> usize {
        self.average.bars()
    }
}
