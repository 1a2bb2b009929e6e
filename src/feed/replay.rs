//! Stored bars of one or several instruments, merged by time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

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

struct Series {
    instrument: InstrumentId,
    bars: Arc<Bars>,
    row: usize,
    current: Option<Bar>,
    completing: bool,
}

impl Series {
    fn new(instrument: InstrumentId, bars: Arc<Bars>) -> Self {
        let mut series = Self { instrument, bars, row: 0, current: None, completing: false };
        series.load();
        series
    }

    /// Gathers the bar at `row`.
    #[inline]
    fn load(&mut self) {
        self.current = (self.row < self.bars.len()).then(|| self.bars.bar(self.row));
        self.completing = false;
    }

    /// Time of the next event, then 0 for a completion and 1 for an open.
    #[inline]
    fn key(&self) -> Option<(Nanos, u8)> {
        self.current.as_ref().map(|bar| if self.completing { (bar.closed_at, 0) } else { (bar.opened_at, 1) })
    }

    #[inline]
    fn take(&mut self) -> Option<Market> {
        let bar = self.current?;
        if self.completing {
            self.row += 1;
            self.load();
            return Some(Market::Completion { instrument: self.instrument, bar, more: false });
        }
        self.completing = true;
        Some(Market::Open(self.instrument, bar))
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
        Self { series: bars.iter().enumerate().map(|(i, bars)| Series::new(id(i), Arc::clone(bars))).collect(), told: None, done: 0 }
    }

    /// The same, telling `bars_done` every few thousand bars how many are done.
    #[must_use]
    pub fn counted(mut self, bars_done: &Arc<AtomicU64>) -> Self {
        self.told = Some(Arc::clone(bars_done));
        self
    }

    #[inline]
    fn count(&mut self, event: &Market) {
        if !matches!(event, Market::Completion { .. }) {
            return;
        }
        self.done += 1;
        if self.done.is_multiple_of(TOLD_EVERY)
            && let Some(told) = &self.told
        {
            told.store(self.done, Relaxed);
        }
    }
}

impl Iterator for Replay {
    type Item = Market;

    #[inline]
    fn next(&mut self) -> Option<Market> {
        if let [only] = self.series.as_mut_slice() {
            let event = only.take()?;
            self.count(&event);
            return Some(event);
        }
        let (_, index) = self.series.iter().enumerate().filter_map(|(i, s)| s.key().map(|key| (key, i))).min()?;
        let mut event = self.series[index].take()?;
        if let Market::Completion { bar, more, .. } = &mut event {
            *more = self.series.iter().any(|s| s.key() == Some((bar.closed_at, 0)));
        }
        self.count(&event);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{HOUR, Timeframe};

    fn bars(opened_at_hours: &[i64]) -> Arc<Bars> {
        let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
        for h in opened_at_hours {
            let opened_at = Nanos(h * HOUR);
            bars.push(&Bar { opened_at, closed_at: opened_at.plus(HOUR), open: 1.0, high: 1.0, low: 1.0, close: 1.0, ..Bar::default() });
        }
        Arc::new(bars)
    }

    fn told(feed: Replay) -> Vec<String> {
        feed.map(|event| match event {
            Market::Open(i, bar) => format!("{} open {}", bar.opened_at.0 / HOUR, i.0),
            Market::Completion { instrument, bar, more } => {
                format!("{} done {}{}", bar.closed_at.0 / HOUR, instrument.0, if more { " more" } else { "" })
            }
            Market::Tick(..) | Market::Heartbeat(_) => "other".to_owned(),
        })
        .collect()
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
