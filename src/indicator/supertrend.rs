//! Supertrend: a trailing line on one side of the price, which changes sides when the close crosses it.

use super::Indicator;
use super::range::Atr;
use crate::market::Bar;

/// What [`Supertrend`] answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupertrendValue {
    /// The line: below the close in an uptrend, above it in a downtrend.
    pub line: f64,
    /// Whether the trend is up.
    pub is_up: bool,
}

#[derive(Clone, Copy, Debug)]
struct State {
    upper: f64,
    lower: f64,
    close: f64,
    is_up: bool,
}

/// Supertrend (O. Seban) on the middle of the bar with Wilder's average true range.
///
/// Bands at (high + low)/2 ± k·atr(n). The upper band only falls and the lower only rises, until a close beyond a band sets that band free at the next bar.
/// In an uptrend the line is the lower band; a close at or below it turns the trend, and the line is the upper band until a close above that.
/// First value at bar n + 1, where the trend is up if the close is not below the bar's middle.
///
/// ```
/// use cthulu_lab::{indicator::{Indicator, Supertrend}, market::Bar};
/// let mut supertrend = Supertrend::new(1, 2.0);
/// supertrend.update(Bar { high: 5.0, low: 3.0, close: 4.0, ..Bar::default() });
/// let value = supertrend.update(Bar { high: 7.0, low: 5.0, close: 6.0, ..Bar::default() }).unwrap(); // 6 − 2·3
/// assert_eq!((value.line, value.is_up), (0.0, true));
/// ```
#[derive(Clone, Debug)]
pub struct Supertrend {
    range: Atr,
    k: f64,
    state: Option<State>,
}

impl Supertrend {
    /// Bands `k` average true ranges of `bars` bars from the middle.
    ///
    /// # Panics
    /// On 0 bars.
    #[must_use]
    pub fn new(bars: usize, k: f64) -> Self {
        Self { range: Atr::new(bars), k, state: None }
    }
}

impl Indicator for Supertrend {
    type Input = Bar;
    type Output = SupertrendValue;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<SupertrendValue> {
        let reach = self.k * self.range.update(bar)?;
        let mid = f64::midpoint(bar.high, bar.low);
        let (mut upper, mut lower) = (mid + reach, mid - reach);
        let mut was_up = bar.close >= mid;
        if let Some(last) = self.state {
            upper = if last.close > last.upper { upper } else { upper.min(last.upper) };
            lower = if last.close < last.lower { lower } else { lower.max(last.lower) };
            was_up = last.is_up;
        }
        let is_up = bar.close > if was_up { lower } else { upper };
        self.state = Some(State { upper, lower, close: bar.close, is_up });
        Some(SupertrendValue { line: if is_up { lower } else { upper }, is_up })
    }

    fn warmup_bars(&self) -> usize {
        self.range.warmup_bars()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::column;

    #[test]
    fn the_line_trails_turns_when_crossed_and_turns_back() {
        let bars = [(10.0, 10.0), (11.0, 11.0), (12.0, 12.0), (8.0, 8.0), (7.0, 7.0), (13.0, 13.0)].map(|(mid, close)| Bar {
            high: mid + 0.5,
            low: mid - 0.5,
            close,
            ..Bar::default()
        });
        // True ranges 1.5, 1.5, 4.5, 1.5, 6.5, so with n = 1 and k = 1 the bands are 9.5–12.5, then 10.5 and min(13.5, 12.5), then
        // max(3.5, 10.5) is crossed by 8: down at min(12.5, 12.5); free below after that, 8.5 above; 13 crosses 8.5: up at max(6.5, 5.5).
        let expected = [(9.5, true), (10.5, true), (12.5, false), (8.5, false), (6.5, true)];
        let answers = column(&mut Supertrend::new(1, 1.0), bars);
        assert_eq!(answers[1..].iter().map(|v| v.map(|v| (v.line, v.is_up))).collect::<Vec<_>>(), expected.map(Some));
    }
}
