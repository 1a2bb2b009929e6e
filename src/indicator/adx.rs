//! Wilder's directional movement.

use super::Indicator;
use super::average::Smoothing;
use super::range::TrueRange;
use crate::market::Bar;

/// What [`Adx`] answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdxValue {
    /// Upward movement in percent of the true range.
    pub plus_di: f64,
    /// Downward movement in percent of the true range.
    pub minus_di: f64,
    /// Wilder's average of the directional index; `None` for the first n − 1 answers.
    pub adx: Option<f64>,
}

/// Directional indicators ±DI and the average directional index.
///
/// Upward movement is `high − high[1]` where that is positive and above `low[1] − low`, else 0; downward movement the reverse.
/// ±DI = 100·rma(±movement)/rma(true range), DX = 100·|+DI − −DI|/(+DI + −DI), ADX = rma(DX), all over n bars. First ±DI at bar n + 1, first ADX at bar 2n.
/// Without any range ±DI are 0, and without any movement DX is 0: there is no trend. J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978.
///
/// ```
/// use cthulu_lab::{indicator::{Adx, Indicator}, market::Bar};
/// let mut adx = Adx::new(1);
/// adx.update(Bar { high: 2.0, low: 1.0, close: 2.0, ..Bar::default() });
/// let value = adx.update(Bar { high: 5.0, low: 1.0, close: 5.0, ..Bar::default() }).unwrap(); // up 3 of a range of 4
/// assert_eq!((value.plus_di, value.minus_di, value.adx), (75.0, 0.0, Some(100.0)));
/// ```
#[derive(Clone, Debug)]
pub struct Adx {
    last: Option<(f64, f64)>,
    range: TrueRange,
    ranges: Smoothing,
    ups: Smoothing,
    downs: Smoothing,
    index: Smoothing,
}

impl Adx {
    /// Averages over `bars` bars.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        let average = Smoothing::wilder(bars);
        Self { last: None, range: TrueRange::new(), ranges: average.clone(), ups: average.clone(), downs: average.clone(), index: average }
    }
}

impl Indicator for Adx {
    type Input = Bar;
    type Output = AdxValue;

    #[inline]
    fn update(&mut self, bar: Bar) -> Option<AdxValue> {
        let range = self.range.update(bar);
        let (last_high, last_low) = self.last.replace((bar.high, bar.low))?;
        let (rise, fall) = (bar.high - last_high, last_low - bar.low);
        let ups = self.ups.push(if rise > fall && rise > 0.0 { rise } else { 0.0 });
        let downs = self.downs.push(if fall > rise && fall > 0.0 { fall } else { 0.0 });
        let (range, up, down) = (self.ranges.push(range?)?, ups?, downs?);
        let (plus_di, minus_di) = if range > 0.0 { (100.0 * up / range, 100.0 * down / range) } else { (0.0, 0.0) };
        let movement = up + down;
        let index = if movement > 0.0 { 100.0 * (up - down).abs() / movement } else { 0.0 };
        Some(AdxValue { plus_di, minus_di, adx: self.index.push(index) })
    }

    fn warmup_bars(&self) -> usize {
        self.ranges.bars()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::column;

    #[test]
    fn a_market_that_stands_still_has_no_trend() {
        let bar = Bar { open: 1.0, high: 1.0, low: 1.0, close: 1.0, ..Bar::default() };
        assert_eq!(column(&mut Adx::new(2), [bar; 4])[3], Some(AdxValue { plus_di: 0.0, minus_di: 0.0, adx: Some(0.0) }));
    }

    #[test]
    fn an_inside_bar_and_an_even_outside_bar_move_in_no_direction() {
        let bars = [(10.0, 5.0), (9.0, 6.0), (10.0, 5.0)].map(|(high, low)| Bar { high, low, close: 7.0, ..Bar::default() });
        assert_eq!(column(&mut Adx::new(2), bars)[2].map(|v| (v.plus_di, v.minus_di)), Some((0.0, 0.0)));
    }
}
