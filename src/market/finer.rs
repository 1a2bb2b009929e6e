//! The true path inside a bar: the finer bars or ticks it was made of.
//!
//! A finer series covers a bar when the two agree on it: there are rows between its opening and its closing, and they reach its high and its
//! low and nothing beyond. A bar that they do not cover (a hole in the finer file, another vendor's prices) is settled without them, and counted.

use std::{ops::Range, sync::Arc};

use super::{Bar, Bars, PriceSide, Ticks};
use crate::time::Nanos;

/// Finer prices of an instrument.
#[derive(Clone, Debug)]
pub enum Finer {
    /// Bars of a shorter timeframe.
    Bars(Arc<Bars>),
    /// Ticks.
    Ticks(Arc<Ticks>),
}

impl Finer {
    /// Rows of a bar, where they cover it; `side` is what the bar's own prices are.
    #[must_use]
    pub fn rows_of(&self, bar: &Bar, side: PriceSide) -> Option<Range<usize>> {
        let at = match self {
            Self::Bars(bars) => bars.opened_at(),
            Self::Ticks(ticks) => ticks.at(),
        };
        let before = |moment: Nanos| at.partition_point(|at| *at < moment);
        let rows = before(bar.opened_at)..before(bar.closed_at);
        let (mut high, mut low) = (f64::NEG_INFINITY, f64::INFINITY);
        for row in rows.clone() {
            let (above, below) = self.extremes(row, side);
            (high, low) = (high.max(above), low.min(below));
        }
        let agrees = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
        (agrees(high, bar.high) && agrees(low, bar.low)).then_some(rows)
    }

    /// How many of these bars they do not cover.
    #[must_use]
    pub fn uncovered(&self, bars: &Bars, side: PriceSide) -> u64 {
        bars.iter().filter(|bar| self.rows_of(bar, side).is_none()).count() as u64
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bars(bars) => bars.len(),
            Self::Ticks(ticks) => ticks.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn extremes(&self, row: usize, side: PriceSide) -> (f64, f64) {
        match self {
            Self::Bars(bars) => (bars.high()[row], bars.low()[row]),
            Self::Ticks(ticks) => {
                let tick = ticks.tick(row);
                let price = match side {
                    PriceSide::Bid => tick.bid,
                    PriceSide::Ask => tick.ask,
                    PriceSide::Mid | PriceSide::Trade => (tick.bid + tick.ask) / 2.0,
                };
                (price, price)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{HOUR, MINUTE, Timeframe};

    fn bars(length: i64, rows: &[(i64, f64, f64)]) -> Bars {
        let mut bars = Bars::new(Timeframe::from_ns(length).unwrap());
        for (at, high, low) in rows {
            let opened_at = Nanos(*at);
            bars.push(&Bar {
                opened_at,
                closed_at: opened_at.plus(length),
                open: *low,
                high: *high,
                low: *low,
                close: *high,
                ..Bar::default()
            });
        }
        bars
    }

    #[test]
    fn rows_cover_a_bar_when_they_reach_its_extremes_and_no_others() {
        let hours = bars(HOUR, &[(0, 105.0, 95.0), (HOUR, 106.0, 99.0), (2 * HOUR, 103.0, 100.0), (3 * HOUR, 104.0, 101.0)]);
        // The second hour's low is missing, the third hour's rows go beyond it, and the fourth has none.
        let minutes = [(0, 100.0, 95.0), (MINUTE, 105.0, 99.0), (HOUR, 106.0, 100.0), (2 * HOUR, 103.0, 99.0)];
        let finer = Finer::Bars(Arc::new(bars(MINUTE, &minutes)));
        assert_eq!(finer.rows_of(&hours.bar(0), PriceSide::Bid), Some(0..2));
        assert_eq!(finer.uncovered(&hours, PriceSide::Bid), 3);
    }

    #[test]
    fn ticks_are_compared_by_the_side_that_the_bars_hold() {
        let hours = bars(HOUR, &[(0, 101.0, 100.0)]);
        let ticks = Ticks::from_columns(vec![Nanos(0), Nanos(MINUTE)], vec![100.0, 101.0], vec![100.5, 101.5]);
        let finer = Finer::Ticks(Arc::new(ticks));
        assert_eq!([PriceSide::Bid, PriceSide::Ask].map(|side| finer.uncovered(&hours, side)), [0, 1]);
    }
}
