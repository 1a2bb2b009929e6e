//! Rolling and anchored windows, in bars or in calendar time.
//!
//! In bars, the first test window opens after the training window and the purge, and each next one where the last ended. In calendar time,
//! edges lie whole months and days after midnight (UTC) of the first row's date, and the purge is taken off the end of the training window.

use std::ops::Range;

use chrono::NaiveTime;

use super::{
    Fold, Leg, Length, Plan, Rows,
    length::{before, edge},
};
use crate::{
    error::{Error, Result},
    time::Nanos,
};

/// Of a calendar window at least this share must lie within the data for it to count as whole: a weekend or a holiday may end the file.
const WHOLE: f64 = 0.9;

/// What is cut.
pub(super) struct Windows<'a> {
    pub(super) at: &'a [Nanos],
    pub(super) train: Length,
    pub(super) test: Length,
    pub(super) is_anchored: bool,
    pub(super) plan: &'a Plan,
}

/// A test window, and where its training starts.
struct Window {
    train_from: usize,
    test: Range<usize>,
}

impl Windows<'_> {
    pub(super) fn cut(&self) -> Result<(Vec<Fold>, Vec<Vec<Leg>>)> {
        let windows = if self.test.is_bars() { self.by_bars() } else { self.by_calendar() };
        let windows = windows.ok_or_else(|| Error::config("walkforward.train", "the windows run past the end of the calendar"))?;
        if windows.is_empty() {
            return Err(self.too_short());
        }
        let fold = |w: &Window| {
            let to = w.test.start.saturating_sub(self.plan.purge_bars).max(w.train_from);
            let from = if self.is_anchored { 0 } else { w.train_from };
            Fold { train: Rows::of(from..to), test: Rows::of(w.test.clone()) }
        };
        let path = (0..).zip(&windows).map(|(fold, w)| Leg { fold, rows: w.test.clone() }).collect();
        Ok((windows.iter().map(fold).collect(), vec![path]))
    }

    /// Test windows of so many bars; `None` past the end of the calendar.
    fn by_bars(&self) -> Option<Vec<Window>> {
        let Length::Bars(length) = self.test else { unreachable!("asked for bars only") };
        let rows = self.at.len();
        let mut start = match self.train {
            Length::Bars(train) => train.saturating_add(self.plan.purge_bars),
            calendar => self.row(edge(self.midnight()?, calendar, (self.test, 0))?),
        };
        let mut windows = Vec::new();
        while start < rows && (start.saturating_add(length) <= rows || self.plan.keeps_partial) {
            let test = start..start.saturating_add(length).min(rows);
            windows.push(Window { train_from: self.train_from(start)?, test });
            start = start.saturating_add(length);
        }
        Some(windows)
    }

    /// Test windows between calendar edges; one without a row is passed over.
    fn by_calendar(&self) -> Option<Vec<Window>> {
        let rows = self.at.len();
        let (midnight, last) = (self.midnight()?, *self.at.last()?);
        // A training window of bars ends at the first edge that has as many before it.
        let train = if self.train.is_bars() { Length::Days(0) } else { self.train };
        let mut windows = Vec::new();
        for times in 0.. {
            let (from, to) = (edge(midnight, train, (self.test, times))?, edge(midnight, train, (self.test, times + 1))?);
            let (start, end) = (self.row(from), self.row(to));
            if start >= rows {
                break;
            }
            if let Length::Bars(bars) = self.train
                && start < bars.saturating_add(self.plan.purge_bars)
            {
                continue;
            }
            let is_whole = end < rows || (last.0 - from.0) as f64 >= WHOLE * (to.0 - from.0) as f64;
            if start < end && (is_whole || self.plan.keeps_partial) {
                let train_from = match self.train {
                    Length::Bars(_) => self.train_from(start)?,
                    _ => self.row(edge(midnight, Length::Days(0), (self.test, times))?),
                };
                windows.push(Window { train_from, test: start..end });
            }
        }
        Some(windows)
    }

    /// Where the training before a test window starts that opens at row `start`.
    fn train_from(&self, start: usize) -> Option<usize> {
        match self.train {
            Length::Bars(bars) => Some(start - self.plan.purge_bars - bars),
            calendar => before(self.at[start], calendar).map(|from| self.row(from)),
        }
    }

    /// Midnight (UTC) of the first row's date.
    fn midnight(&self) -> Option<chrono::NaiveDateTime> {
        self.at.first().map(|first| first.civil().date().and_time(NaiveTime::MIN))
    }

    /// The first row that opens at `moment` or later.
    fn row(&self, moment: Nanos) -> usize {
        self.at.partition_point(|at| *at < moment)
    }

    fn too_short(&self) -> Error {
        let told = |length: Length| if length.is_bars() { format!("{length} bars") } else { length.to_string() };
        let data = match self.at {
            [] => "the data has no bars".to_owned(),
            [first, .., last] => format!("the data has {} bars, {first} to {last}", self.at.len()),
            [only] => format!("the data has one bar, {only}"),
        };
        let purge = match self.plan.purge_bars {
            0 => String::new(),
            bars => format!(", a purge of {bars} bars"),
        };
        let partial = if self.plan.keeps_partial { "" } else { ", or set partial = true to keep a test window cut short" };
        let problem = format!(
            "a training window of {}{purge} and a test window of {} do not fit: {data}; make them shorter, use more data{partial}",
            told(self.train),
            told(self.test)
        );
        Error::config("walkforward.train", problem)
    }
}
