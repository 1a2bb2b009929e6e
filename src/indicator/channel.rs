//! Channels around the price: Donchian's from past extremes, Keltner's from an average and the true range.

use super::Indicator;
use super::average::Smoothing;
use super::range::Atr;
use super::window::{Bottom, Top, Window};
use crate::market::Bar;

/// What [`Donchian`] and [`Keltner`] answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// Upper edge.
    pub upper: f64,
    /// Middle: halfway for Donchian, the average for Keltner.
    pub mid: f64,
    /// Lower edge.
    pub lower: f64,
}

/// Donchian channel: highest high and lowest low of the n bars **before** the current one, which can therefore break out of it.
///
/// First value at bar n + 1.
///
/// ```
/// use cthulu_lab::{indicator::{Donchian, Indicator}, market::Bar};
/// let mut donchian = Donchian::new(1);
/// donchian.update(Bar { high: 3.0, low: 1.0, ..Bar::default() });
/// let channel = donchian.update(Bar { high: 9.0, low: 8.0, ..Bar::default() }).unwrap();
/// assert_eq!((channel.upper, channel.mid, channel.lower), (3.0, 2.0, 1.0));
/// ```
#[derive(Clone, Debug)]
pub struct Donchian {
    highs: Window<Top>,
    lows: Window<Bottom>,
    /// Of the bars so far: what the next bar is measured against.
    next: Option<Channel>,
}

impl Donchian {
    /// A channel of `bars` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self { highs: Window::new(bars), lows: Window::new(bars), next: None }
    }
}

impl Indicator for Donchian {
    type Input = Bar;
    type Output = Channel;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<Channel> {
        let (top, bottom) = (self.highs.push(bar.high), self.lows.push(bar.low));
        let next = top.zip(bottom).map(|(Top(upper), Bottom(lower))| Channel { upper, mid: f64::midpoint(upper, lower), lower });
        std::mem::replace(&mut self.next, next)
    }

    fn warmup_bars(&self) -> usize {
        self.highs.bars()
    }
}

/// Keltner channel in the form of L. B. Raschke: ema(close, n) ± k·atr(m), with Wilder's average true range.
///
/// First value when both are known: at bar n or m + 1, whichever is later.
///
/// ```
/// use cthulu_lab::{indicator::{Indicator, Keltner}, market::Bar};
/// let mut keltner = Keltner::new(1, 2.0, 1);
/// keltner.update(Bar { high: 5.0, low: 3.0, close: 4.0, ..Bar::default() });
/// let channel = keltner.update(Bar { high: 7.0, low: 5.0, close: 6.0, ..Bar::default() }).unwrap(); // true range 3
/// assert_eq!((channel.upper, channel.mid, channel.lower), (12.0, 6.0, 0.0));
/// ```
#[derive(Clone, Debug)]
pub struct Keltner {
    average: Smoothing,
    range: Atr,
    k: f64,
}

impl Keltner {
    /// An average of `bars` closes, and edges `k` average true ranges of `atr_bars` bars away.
    ///
    /// # Panics
    /// On 0 bars.
    #[must_use]
    pub fn new(bars: usize, k: f64, atr_bars: usize) -> Self {
        Self { average: Smoothing::exponential(bars), range: Atr::new(atr_bars), k }
    }
}

impl Indicator for Keltner {
    type Input = Bar;
    type Output = Channel;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<Channel> {
        let (mid, range) = (self.average.push(bar.close), self.range.update(bar));
        let (mid, reach) = (mid?, self.k * range?);
        Some(Channel { upper: mid + reach, mid, lower: mid - reach })
    }

    fn warmup_bars(&self) -> usize {
        (self.average.bars() - 1).max(self.range.warmup_bars())
    }
}
