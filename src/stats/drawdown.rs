//! How far, and for how long, an equity curve stood below its best.
//!
//! The starting capital counts as the first peak. Drawdowns are positive fractions of the peak: 0.2 is twenty percent below it; above
//! 1 the account owes money. A start that is not above zero has no drawdown, and neither has a curve with a value that is not finite.

use serde::Serialize;

use crate::stats::moments::finite;

/// The deepest fall and the longest time under water of one curve; they need not belong to the same fall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MaxDrawdown {
    /// Largest (peak − equity)/peak, 0 where the curve never fell.
    pub fraction: f64,
    /// Most bars in a row with equity below the running peak; a fall not yet recovered counts up to the last bar.
    pub bars: u64,
}

/// One fall from a peak, from the first row below it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Episode {
    /// First row below the peak.
    pub begins: usize,
    /// Row of the lowest equity.
    pub trough: usize,
    /// First row back at or above the peak; `None` while still under water.
    pub recovers: Option<usize>,
    /// Depth at the trough, a positive fraction of the peak.
    pub fraction: f64,
}

/// (peak − equity)/peak at every row, the peak running from `start`.
///
/// ```
/// use cthulu_lab::stats::drawdown::series;
/// assert_eq!(series(100.0, &[75.0, 200.0, 150.0]), Some(vec![0.25, 0.0, 0.25]));
/// ```
#[must_use]
pub fn series(start: f64, equity: &[f64]) -> Option<Vec<f64>> {
    if !(start > 0.0 && start.is_finite()) {
        return None;
    }
    let mut peak = start;
    let below = |now: &f64| {
        peak = peak.max(*now);
        finite((peak - now) / peak)
    };
    equity.iter().map(below).collect()
}

/// The figures of falls, taken one equity at a time: a run need not keep its curve.
///
/// ```
/// use cthulu_lab::stats::drawdown::Meter;
/// let meter = Meter::over(100.0, &[80.0, 90.0, 100.0, 50.0]);
/// let worst = meter.max_drawdown().unwrap();
/// assert_eq!((worst.fraction, worst.bars), (0.5, 2)); // deepest: the last bar; longest: the first two
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meter {
    peak: f64,
    fraction: f64,
    bars: u64,
    under: u64,
    squares: f64,
    rows: u64,
    is_sound: bool,
}

impl Meter {
    /// No row yet; the starting capital is the first peak.
    #[must_use]
    pub fn new(start: f64) -> Self {
        Self { peak: start, fraction: 0.0, bars: 0, under: 0, squares: 0.0, rows: 0, is_sound: start > 0.0 && start.is_finite() }
    }

    /// All rows of a curve.
    #[must_use]
    pub fn over(start: f64, equity: &[f64]) -> Self {
        let mut meter = Self::new(start);
        equity.iter().for_each(|now| meter.push(*now));
        meter
    }

    /// The next row's equity.
    #[inline]
    pub fn push(&mut self, equity: f64) {
        self.peak = self.peak.max(equity);
        let depth = (self.peak - equity) / self.peak;
        self.is_sound &= depth.is_finite();
        self.fraction = self.fraction.max(depth);
        self.under = if depth > 0.0 { self.under + 1 } else { 0 };
        self.bars = self.bars.max(self.under);
        let percent = 100.0 * depth;
        self.squares += percent * percent;
        self.rows += 1;
    }

    /// The next `rows` rows, all at one equity: the same as so many pushes.
    pub fn push_times(&mut self, equity: f64, rows: u64) {
        if rows == 0 {
            return;
        }
        self.push(equity);
        let more = rows - 1;
        let depth = (self.peak - equity) / self.peak;
        self.rows += more;
        if depth > 0.0 {
            self.under += more;
            self.bars = self.bars.max(self.under);
            let percent = 100.0 * depth;
            let square = percent * percent;
            (0..more).for_each(|_| self.squares += square);
        }
    }

    /// The highest equity so far, the start included.
    #[must_use]
    pub const fn peak(&self) -> f64 {
        self.peak
    }

    /// The deepest fraction and the longest time under water; `None` without a row, a start above zero, or a finite value in every row.
    #[must_use]
    pub fn max_drawdown(&self) -> Option<MaxDrawdown> {
        (self.is_sound && self.rows > 0).then_some(MaxDrawdown { fraction: self.fraction, bars: self.bars })
    }

    /// The ulcer index √(mean(dd_percent²)), in percent; `None` where [`Meter::max_drawdown`] is.
    #[must_use]
    pub fn ulcer_index(&self) -> Option<f64> {
        let mean = if self.is_sound && self.rows > 0 { finite(self.squares / self.rows as f64) } else { None };
        mean.map(f64::sqrt)
    }
}

/// The deepest fraction and the longest time under water; `None` for an empty curve.
///
/// ```
/// use cthulu_lab::stats::drawdown::max_drawdown;
/// let worst = max_drawdown(100.0, &[80.0, 90.0, 100.0, 50.0]).unwrap();
/// assert_eq!((worst.fraction, worst.bars), (0.5, 2)); // deepest: the last bar; longest: the first two
/// ```
#[must_use]
pub fn max_drawdown(start: f64, equity: &[f64]) -> Option<MaxDrawdown> {
    Meter::over(start, equity).max_drawdown()
}

/// The ulcer index √(mean(dd_percent²)) over the rows given, in percent; `None` for an empty curve.
///
/// The mean is over the rows of `equity`; `start` is a peak, not a row. For a curve whose own first row is the start, pass that row
/// as both. Source: P. Martin and B. McCann, "The Investor's Guide to Fidelity Funds", 1989.
///
/// ```
/// use cthulu_lab::stats::drawdown::ulcer_index;
/// let equity = [100.0, 101.0, 102.0, 100.0, 99.0, 103.0, 103.0, 102.0];
/// assert!((ulcer_index(100.0, &equity).unwrap() - 1.2960415727).abs() < 1e-9);
/// ```
#[must_use]
pub fn ulcer_index(start: f64, equity: &[f64]) -> Option<f64> {
    Meter::over(start, equity).ulcer_index()
}

/// Every fall, in time order; empty where the curve never fell.
#[must_use]
pub fn episodes(start: f64, equity: &[f64]) -> Option<Vec<Episode>> {
    let mut falls = Vec::new();
    let mut open: Option<Episode> = None;
    for (row, fraction) in series(start, equity)?.into_iter().enumerate() {
        open = match open {
            Some(fall) if fraction == 0.0 => {
                falls.push(Episode { recovers: Some(row), ..fall });
                None
            }
            Some(fall) if fraction > fall.fraction => Some(Episode { trough: row, fraction, ..fall }),
            None if fraction > 0.0 => Some(Episode { begins: row, trough: row, recovers: None, fraction }),
            unchanged => unchanged,
        };
    }
    falls.extend(open);
    Some(falls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn starting_capital_is_the_first_peak() {
        assert_eq!(max_drawdown(100.0, &[90.0, 95.0]), Some(MaxDrawdown { fraction: 0.1, bars: 2 }));
        assert_eq!(max_drawdown(100.0, &[100.0, 120.0]), Some(MaxDrawdown { fraction: 0.0, bars: 0 }));
    }

    #[test]
    fn nothing_to_fall_from_has_no_drawdown() {
        assert_eq!(max_drawdown(0.0, &[1.0]), None);
        assert_eq!(max_drawdown(100.0, &[]), None);
        assert_eq!(series(100.0, &[f64::NAN, 1.0]), None);
        assert_eq!(ulcer_index(100.0, &[]), None);
    }

    #[test]
    fn an_unrecovered_fall_stays_open() {
        let falls = episodes(100.0, &[110.0, 99.0, 110.0, 88.0, 55.0, 66.0]).unwrap();
        assert_eq!(falls.len(), 2);
        assert_eq!(falls[0], Episode { begins: 1, trough: 1, recovers: Some(2), fraction: 0.1 });
        assert_eq!(falls[1], Episode { begins: 3, trough: 4, recovers: None, fraction: 0.5 });
    }

    proptest! {
        #[test]
        fn the_deepest_episode_is_the_maximum(equity in prop::collection::vec(1.0..200.0f64, 1..60)) {
            let worst = max_drawdown(100.0, &equity).unwrap();
            let deepest = episodes(100.0, &equity).unwrap().iter().map(|e| e.fraction).fold(0.0, f64::max);
            prop_assert_eq!(worst.fraction, deepest);
            prop_assert!(worst.bars as usize <= equity.len());
        }
    }
}
