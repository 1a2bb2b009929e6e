//! Bars of a longer timeframe out of shorter ones, as they become known.
//!
//! A longer bar is complete when a bar that closes at its end or later has completed, or when one of a later bucket arrives. The first bucket
//! counts even where the data begins inside it. Buckets are aligned to UTC, weeks to Monday.

use super::series::bucket_start;
use crate::market::{Bar, Ohlc};
use crate::time::{Nanos, Timeframe};

/// Gathers base bars into buckets.
#[derive(Clone, Debug)]
pub(super) struct Gather {
    span_ns: i64,
    growing: Option<Bar>,
}

impl Gather {
    pub(super) const fn new(timeframe: Timeframe) -> Self {
        Self { span_ns: timeframe.ns(), growing: None }
    }

    /// Takes a completed base bar and hands over the longer bars it completes: none, one, or two where it ends a gap.
    pub(super) fn push(&mut self, bar: &Bar, mut completed: impl FnMut(&Bar)) {
        let start = Nanos(bucket_start(bar.opened_at, self.span_ns));
        if let Some(growing) = self.growing.take_if(|growing| growing.opened_at != start) {
            completed(&growing);
        }
        let end = start.plus(self.span_ns);
        let grown = match &self.growing {
            Some(growing) => joined(growing, bar),
            None => Bar { opened_at: start, closed_at: end, ..*bar },
        };
        if bar.closed_at >= end {
            self.growing = None;
            completed(&grown);
        } else {
            self.growing = Some(grown);
        }
    }
}

/// The older bar with the newer one's prices and volume added.
fn joined(older: &Bar, newer: &Bar) -> Bar {
    let ask = match (older.ask, newer.ask) {
        (Some(a), Some(b)) => Some(Ohlc { open: a.open, high: a.high.max(b.high), low: a.low.min(b.low), close: b.close }),
        (_, newer) => newer,
    };
    Bar {
        high: older.high.max(newer.high),
        low: older.low.min(newer.low),
        close: newer.close,
        volume: older.volume + newer.volume,
        spread: newer.spread,
        ask,
        ..*older
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    fn hour(i: i64, price: f64) -> Bar {
        Bar {
            opened_at: Nanos(i * HOUR),
            closed_at: Nanos((i + 1) * HOUR),
            open: price,
            high: price + 1.0,
            low: price - 1.0,
            close: price + 0.5,
            volume: 10.0,
            ..Bar::default()
        }
    }

    fn pushed(gather: &mut Gather, bar: &Bar) -> Vec<Bar> {
        let mut out = Vec::new();
        gather.push(bar, |b| out.push(*b));
        out
    }

    #[test]
    fn four_hours_are_known_when_the_fourth_completes() {
        let mut gather = Gather::new("4h".parse().unwrap());
        for i in 0..3 {
            assert!(pushed(&mut gather, &hour(i, 10.0 + i as f64)).is_empty());
        }
        let done = pushed(&mut gather, &hour(3, 13.0));
        // Open of hour 0, highest 13 + 1, lowest 10 - 1, close 13.5, four times 10 of volume.
        let expected = Bar {
            opened_at: Nanos(0),
            closed_at: Nanos(4 * HOUR),
            open: 10.0,
            high: 14.0,
            low: 9.0,
            close: 13.5,
            volume: 40.0,
            ..Bar::default()
        };
        assert_eq!(done, [expected]);
    }

    #[test]
    fn a_gap_completes_the_bar_before_it_late() {
        let mut gather = Gather::new("4h".parse().unwrap());
        assert!(pushed(&mut gather, &hour(0, 10.0)).is_empty());
        // Hour 7 closes the second bucket itself: both become known at once.
        let done = pushed(&mut gather, &hour(7, 20.0));
        assert_eq!(done.iter().map(|b| (b.opened_at.0 / HOUR, b.open)).collect::<Vec<_>>(), [(0, 10.0), (4, 20.0)]);
    }
}
