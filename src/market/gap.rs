//! Bars that a series lacks although its market was open.

use super::Calendar;
use crate::time::{Nanos, Timeframe};

/// A hole between two neighbouring bars that the market's hours do not explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Opening of the last bar before it.
    pub from: Nanos,
    /// Opening of the first bar behind it.
    pub to: Nanos,
    /// Bars that one would expect between the two.
    pub missing_bars: u64,
}

impl Calendar {
    /// The gaps of a series, each with the place of the bar behind it; nights, weekends and holidays are none.
    ///
    /// ```
    /// use cthulu_lab::{market::Calendar, time::Nanos};
    /// let times = ["2024-01-05T20:00:00Z", "2024-01-05T21:00:00Z", "2024-01-07T22:00:00Z", "2024-01-08T01:00:00Z"];
    /// let times = times.map(|text| text.parse::<Nanos>().unwrap());
    /// // The weekend is none; on Monday 23:00 and 00:00 are missing.
    /// let gaps: Vec<_> = Calendar::Fx.gaps(times, "1h".parse().unwrap()).collect();
    /// assert_eq!(gaps.iter().map(|(row, gap)| (*row, gap.missing_bars)).collect::<Vec<_>>(), [(3, 2)]);
    /// ```
    pub fn gaps(self, opened_at: impl IntoIterator<Item = Nanos>, timeframe: Timeframe) -> impl Iterator<Item = (usize, Gap)> {
        let step = timeframe.ns();
        let mut before: Option<Nanos> = None;
        opened_at.into_iter().enumerate().filter_map(move |(row, to)| {
            let from = before.replace(to)?;
            if to.0.saturating_sub(from.0) <= step {
                return None;
            }
            let missing_bars = u64::try_from(self.missing_bars(from, to, step)).unwrap_or(0);
            (missing_bars > 0).then_some((row, Gap { from, to, missing_bars }))
        })
    }
}
