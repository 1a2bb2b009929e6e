//! Stored bars of one or several instruments, merged by time.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::Feed;
use crate::{
    event::Market,
    market::{Bar, Bars, InstrumentId},
    time::Nanos,
};

/// Replays stored bars.
pub struct Replay {
    series: Vec<Series>,
    told: Option<Arc<AtomicU64>>,
    done: u64,
}

/// Bars between two tellings of how far the replay is.
const TOLD_EVERY: u64 = 4096;

pub(super) struct Series {
    pub(super) instrument: InstrumentId,
    bars: Arc<Bars>,
    /// Rows opened so far.
    opened: usize,
    /// Row that is not played any more.
    end: usize,
    /// The last of them, gathered once for both of its moments.
    pub(super) bar: Bar,
    /// Whether it has opened and not completed.
    completing: bool,
}

impl Series {
    pub(super) fn new(instrument: InstrumentId, bars: Arc<Bars>) -> Self {
        let rows = 0..bars.len();
        Self::of_rows(instrument, bars, rows)
    }

    fn of_rows(instrument: InstrumentId, bars: Arc<Bars>, rows: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= bars.len(), "rows {rows:?} of {}", bars.len());
        Self { instrument, bars, opened: rows.start, end: rows.end, bar: Bar::default(), completing: false }
    }

    /// Time of the next event, then 0 for a completion and 1 for an open.
    #[inline]
    pub(super) fn key(&self) -> Option<(Nanos, u8)> {
        if self.completing {
            return Some((self.bar.closed_at, 0));
        }
        self.bars.opened_at()[..self.end].get(self.opened).map(|opened_at| (*opened_at, 1))
    }

    /// Goes on to the next event; says whether it is a completion, and nothing at the end.
    #[inline]
    pub(super) fn advance(&mut self) -> Option<bool> {
        let is_completion = self.completing;
        if !is_completion {
            if self.opened == self.end {
                return None;
            }
            self.bar = self.bars.get(self.opened)?;
            self.opened += 1;
        }
        self.completing = !is_completion;
        Some(is_completion)
    }
}

impl Replay {
    /// Replays each series as the instrument of its place in the list.
    ///
    /// # Panics
    /// With more than 65,535 series.
    #[must_use]
    pub fn new(bars: &[Arc<Bars>]) -> Self {
        let whole = |bars: &Arc<Bars>| (Arc::clone(bars), 0..bars.len());
        Self::of_rows(&bars.iter().map(whole).collect::<Vec<_>>())
    }

    /// Replays some rows of each series, as [`Replay::new`] does all of them.
    ///
    /// # Panics
    /// When rows reach past a series' last, and as [`Replay::new`].
    #[must_use]
    pub fn of_rows(series: &[(Arc<Bars>, Range<usize>)]) -> Self {
        let id = |i: usize| InstrumentId(u16::try_from(i).expect("at most 65,535 instruments"));
        let part = |(i, (bars, rows)): (usize, &(Arc<Bars>, Range<usize>))| Series::of_rows(id(i), Arc::clone(bars), rows.clone());
        Self { series: series.iter().enumerate().map(part).collect(), told: None, done: 0 }
    }

    /// The same, telling `bars_done` every few thousand bars how many are done.
    #[must_use]
    pub fn counted(mut self, bars_done: &Arc<AtomicU64>) -> Self {
        self.told = Some(Arc::clone(bars_done));
        self
    }

    /// The series whose event is next, of several.
    #[inline(never)]
    fn earliest(&self) -> Option<usize> {
        self.series.iter().enumerate().filter_map(|(i, s)| s.key().map(|key| (key, i))).min().map(|(_, index)| index)
    }

    /// Whether a bar is still to complete at that moment.
    #[inline(never)]
    fn completes_at(&self, at: Nanos) -> bool {
        self.series.iter().any(|s| s.key() == Some((at, 0)))
    }

    #[inline]
    fn count(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(TOLD_EVERY)
            && let Some(told) = &self.told
        {
            told.store(self.done, Relaxed);
        }
    }
}

impl Feed for Replay {
    #[inline]
    fn next(&mut self) -> Option<Market<'_>> {
        let index = if self.series.len() == 1 { 0 } else { self.earliest()? };
        let is_completion = self.series[index].advance()?;
        if is_completion {
            self.count();
        }
        let Series { instrument, bar, .. } = &self.series[index];
        if !is_completion {
            return Some(Market::Open(*instrument, bar));
        }
        let more = self.series.len() > 1 && self.completes_at(bar.closed_at);
        Some(Market::Completion { instrument: *instrument, bar, more })
    }

    fn completions_to_come(&self) -> usize {
        self.series.iter().map(|s| s.end - s.opened + usize::from(s.completing)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        market::Bar,
        time::{HOUR, Timeframe},
    };

    fn bars(opened_at_hours: &[i64]) -> Arc<Bars> {
        let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
        for h in opened_at_hours {
            let opened_at = Nanos(h * HOUR);
            bars.push(&Bar { opened_at, closed_at: opened_at.plus(HOUR), open: 1.0, high: 1.0, low: 1.0, close: 1.0, ..Bar::default() });
        }
        Arc::new(bars)
    }

    fn told(mut feed: Replay) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(event) = feed.next() {
            told.push(match event {
                Market::Open(i, bar) => format!("{} open {}", bar.opened_at.0 / HOUR, i.0),
                Market::Completion { instrument, bar, more } => {
                    format!("{} done {}{}", bar.closed_at.0 / HOUR, instrument.0, if more { " more" } else { "" })
                }
                Market::Tick(..) | Market::Heartbeat(_) => "other".to_owned(),
            });
        }
        told
    }

    #[test]
    fn completions_come_before_opens_and_say_when_more_follow() {
        let feed = Replay::new(&[bars(&[0, 1]), bars(&[0, 1])]);
        let expected = ["0 open 0", "0 open 1", "1 done 0 more", "1 done 1", "1 open 0", "1 open 1", "2 done 0 more", "2 done 1"];
        assert_eq!(told(feed), expected);
    }

    #[test]
    fn an_instrument_with_a_gap_waits_for_its_time() {
        let feed = Replay::new(&[bars(&[0, 3]), bars(&[1])]);
        assert_eq!(told(feed), ["0 open 0", "1 done 0", "1 open 1", "2 done 1", "3 open 0", "4 done 0"]);
    }
}
