//! Stored bars of one or several instruments, merged by time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::Feed;
use crate::{
    event::Market,
    market::{Bars, InstrumentId},
    time::Nanos,
};

/// Replays stored bars.
pub struct Replay {
    series: Vec<Series>,
    now: Market,
    told: Option<Arc<AtomicU64>>,
    done: u64,
}

/// Bars between two tellings of how far the replay is.
const TOLD_EVERY: u64 = 4096;

pub(super) struct Series {
    instrument: InstrumentId,
    bars: Arc<Bars>,
    row: usize,
    /// Whether the bar at `row` has opened, so that its completion comes next.
    completing: bool,
    /// When that bar opens and completes.
    opened_at: Nanos,
    closed_at: Nanos,
}

impl Series {
    pub(super) fn new(instrument: InstrumentId, bars: Arc<Bars>) -> Self {
        let mut series = Self { instrument, bars, row: 0, completing: false, opened_at: Nanos(0), closed_at: Nanos(0) };
        series.look_ahead();
        series
    }

    #[inline]
    fn look_ahead(&mut self) {
        if let Some(opened_at) = self.bars.opened_at().get(self.row) {
            (self.opened_at, self.closed_at) = (*opened_at, self.bars.closed_at(self.row));
        }
    }

    #[inline]
    fn is_over(&self) -> bool {
        self.row >= self.bars.len()
    }

    /// Time of the next event, then 0 for a completion and 1 for an open.
    #[inline]
    pub(super) fn key(&self) -> Option<(Nanos, u8)> {
        (!self.is_over()).then_some(if self.completing { (self.closed_at, 0) } else { (self.opened_at, 1) })
    }

    /// Writes the next event into `now`, and says whether it is a completion.
    #[inline]
    pub(super) fn take(&mut self, now: &mut Market) -> bool {
        let bar = self.bars.bar(self.row);
        if !self.completing {
            *now = Market::Open(self.instrument, bar);
            self.completing = true;
            return false;
        }
        *now = Market::Completion { instrument: self.instrument, bar, more: false };
        self.completing = false;
        self.row += 1;
        self.look_ahead();
        true
    }
}

impl Replay {
    /// Replays each series as the instrument of its place in the list.
    ///
    /// # Panics
    /// With more than 65,535 series.
    #[must_use]
    pub fn new(bars: &[Arc<Bars>]) -> Self {
        let id = |i: usize| InstrumentId(u16::try_from(i).expect("at most 65,535 instruments"));
        let series = bars.iter().enumerate().map(|(i, bars)| Series::new(id(i), Arc::clone(bars))).collect();
        Self { series, now: Market::Heartbeat(Nanos(0)), told: None, done: 0 }
    }

    /// The same, telling `bars_done` every few thousand bars how many are done.
    #[must_use]
    pub fn counted(mut self, bars_done: &Arc<AtomicU64>) -> Self {
        self.told = Some(Arc::clone(bars_done));
        self
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
    fn next(&mut self) -> Option<&Market> {
        let is_completion = match self.series.as_mut_slice() {
            [only] if only.is_over() => return None,
            [only] => only.take(&mut self.now),
            several => {
                let (_, index) = several.iter().enumerate().filter_map(|(i, s)| s.key().map(|key| (key, i))).min()?;
                several[index].take(&mut self.now)
            }
        };
        if is_completion {
            self.count();
            if let Market::Completion { bar, more, .. } = &mut self.now {
                *more = self.series.len() > 1 && self.series.iter().any(|s| s.key() == Some((bar.closed_at, 0)));
            }
        }
        Some(&self.now)
    }

    fn completions_to_come(&self) -> usize {
        self.series.iter().map(|s| s.bars.len() - s.row).sum()
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
                    format!("{} done {}{}", bar.closed_at.0 / HOUR, instrument.0, if *more { " more" } else { "" })
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
