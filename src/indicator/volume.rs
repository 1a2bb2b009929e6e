//! Indicators that weigh price by volume: on-balance volume, money flow index, session VWAP.

use super::Indicator;
use super::window::{Total, Window};
use crate::market::Bar;

#[inline]
fn typical(bar: &Bar) -> f64 {
    (bar.high + bar.low + bar.close) / 3.0
}

/// On-balance volume (J. Granville): volume added on a higher close, subtracted on a lower one, unchanged on an equal one.
///
/// 0 at the first bar, so there is no warm-up.
///
/// ```
/// use cthulu_lab::{indicator::{Obv, column}, market::Bar};
/// let bar = |close: f64, volume: f64| Bar { close, volume, ..Bar::default() };
/// let obv = column(&mut Obv::new(), [bar(5.0, 9.0), bar(6.0, 10.0), bar(4.0, 3.0), bar(4.0, 7.0)]);
/// assert_eq!(obv, [Some(0.0), Some(10.0), Some(7.0), Some(7.0)]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Obv {
    total: f64,
    last_close: Option<f64>,
}

impl Obv {
    /// Before the first bar.
    #[must_use]
    pub const fn new() -> Self {
        Self { total: 0.0, last_close: None }
    }
}

impl Indicator for Obv {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<f64> {
        if let Some(last) = self.last_close.replace(bar.close) {
            if bar.close > last {
                self.total += bar.volume;
            } else if bar.close < last {
                self.total -= bar.volume;
            }
        }
        Some(self.total)
    }

    fn warmup_bars(&self) -> usize {
        0
    }
}

/// Money flow index: 100·P/(P + N), P and N being the sums over n bars of p·volume where the typical price p = (high + low + close)/3 rose and where it fell.
///
/// First value at bar n + 1. 100 without negative flow, 0 without positive; `None` when nothing flowed, as in a file without volume.
/// G. Quong and A. Soudack, 1989.
///
/// ```
/// use cthulu_lab::{indicator::{Mfi, column}, market::Bar};
/// let bar = |p: f64| Bar { high: p, low: p, close: p, volume: 1.0, ..Bar::default() };
/// assert_eq!(column(&mut Mfi::new(2), [2.0, 3.0, 1.0].map(bar))[2], Some(75.0)); // 3 up, 1 down
/// ```
#[derive(Clone, Debug)]
pub struct Mfi {
    inflows: Window<Total>,
    outflows: Window<Total>,
    last: Option<f64>,
}

impl Mfi {
    /// The index over `bars` flows.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self { inflows: Window::new(bars), outflows: Window::new(bars), last: None }
    }
}

impl Indicator for Mfi {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<f64> {
        let price = typical(&bar);
        let last = self.last.replace(price)?;
        let flow = price * bar.volume;
        let inflow = self.inflows.push(if price > last { flow } else { 0.0 });
        let outflow = self.outflows.push(if price < last { flow } else { 0.0 });
        let (Total(inflow), Total(outflow)) = (inflow?, outflow?);
        (inflow + outflow > 0.0).then(|| 100.0 * inflow / (inflow + outflow))
    }

    fn warmup_bars(&self) -> usize {
        self.inflows.bars()
    }
}

/// Volume-weighted average price since the session's first bar: Σ p·volume / Σ volume with p = (high + low + close)/3.
///
/// Its input is a bar and the number of its session; whenever the number changes the sums start anew. `None` while the session has no volume.
///
/// ```
/// use cthulu_lab::{indicator::{Vwap, column}, market::Bar};
/// let bar = |p: f64, volume: f64| Bar { high: p, low: p, close: p, volume, ..Bar::default() };
/// let vwap = column(&mut Vwap::new(), [(bar(2.0, 1.0), 7), (bar(6.0, 3.0), 7), (bar(9.0, 0.0), 8)]);
/// assert_eq!(vwap, [Some(2.0), Some(5.0), None]); // (2 + 18)/4
/// ```
#[derive(Clone, Debug, Default)]
pub struct Vwap {
    session: Option<i64>,
    flow: f64,
    volume: f64,
}

impl Vwap {
    /// Before the first session.
    #[must_use]
    pub const fn new() -> Self {
        Self { session: None, flow: 0.0, volume: 0.0 }
    }
}

impl Indicator for Vwap {
    type Input = (Bar, i64);
    type Output = f64;

    #[inline]
    fn update(&mut self, (bar, session): (Bar, i64)) -> Option<f64> {
        if self.session.replace(session) != Some(session) {
            (self.flow, self.volume) = (0.0, 0.0);
        }
        self.flow += typical(&bar) * bar.volume;
        self.volume += bar.volume;
        (self.volume > 0.0).then(|| self.flow / self.volume)
    }

    fn warmup_bars(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::column;

    #[test]
    fn money_flow_without_volume_has_no_value() {
        let bars = [1.0, 2.0, 3.0].map(|close| Bar { high: close, low: close, close, ..Bar::default() });
        assert_eq!(column(&mut Mfi::new(1), bars), [None; 3]);
        let bars = bars.map(|bar| Bar { volume: 5.0, ..bar });
        assert_eq!(column(&mut Mfi::new(1), bars), [None, Some(100.0), Some(100.0)]);
    }
}
