//! Stored ticks of one or several instruments, merged by time, with the bars that are built from them.
//!
//! Each tick is one moment. A bar is complete at its closing time, which is told before the first tick at that time or later: strategies see
//! completed bars only, and what they ask meets the next tick. The last bar completes at its own closing time, however early the ticks end.
//! Instruments of which only bars are stored are replayed beside them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{Feed, replay::Series};
use crate::{
    data::{DayEnd, Piece, TickBars, TickSource, TickStream},
    error::{Error, Result},
    event::Market,
    market::{Bar, Bars, InstrumentId, Tick},
    time::Nanos,
};

/// What is stored of an instrument.
#[derive(Clone, Debug)]
pub enum Prices {
    /// Bars.
    Bars(Arc<Bars>),
    /// Ticks, and the bars that they give.
    Ticks(TickSource, Arc<Bars>),
}

/// Completed bars between two tellings of how far the replay is.
const TOLD_EVERY: u64 = 256;

/// Replays ticks. After the run, [`TickReplay::finish`] says whether all of them could be read.
pub struct TickReplay {
    lines: Vec<Line>,
    told: Option<Arc<AtomicU64>>,
    done: u64,
    to_come: usize,
    problem: Option<Error>,
}

enum Line {
    Bars(Series),
    Ticks(Box<Quotes>),
}

impl TickReplay {
    /// Replays each as the instrument of its place in the list.
    ///
    /// # Errors
    /// When the ticks cannot be read, or their bars not be built.
    pub fn new(prices: &[Prices]) -> Result<Self> {
        let id = |i: usize| u16::try_from(i).map(InstrumentId).map_err(|_| Error::config("data", "at most 65,535 instruments"));
        let line = |(i, prices): (usize, &Prices)| {
            Ok(match prices {
                Prices::Bars(bars) => Line::Bars(Series::new(id(i)?, Arc::clone(bars))),
                Prices::Ticks(source, bars) => Line::Ticks(Box::new(Quotes::new(id(i)?, source, bars)?)),
            })
        };
        let lines = prices.iter().enumerate().map(line).collect::<Result<Vec<_>>>()?;
        let to_come = prices.iter().map(|prices| prices.bars().len()).sum();
        Ok(Self { lines, told: None, done: 0, to_come, problem: None })
    }

    /// The same, telling `bars_done` now and then how many bars are done.
    #[must_use]
    pub fn counted(mut self, bars_done: &Arc<AtomicU64>) -> Self {
        self.told = Some(Arc::clone(bars_done));
        self
    }

    /// Says whether the replay reached its end.
    ///
    /// # Errors
    /// What ended it before.
    pub fn finish(self) -> Result<()> {
        self.problem.map_or(Ok(()), Err)
    }

    #[inline]
    fn count(&mut self) {
        self.done += 1;
        self.to_come = self.to_come.saturating_sub(1);
        if self.done.is_multiple_of(TOLD_EVERY)
            && let Some(told) = &self.told
        {
            told.store(self.done, Relaxed);
        }
    }

    /// Goes on to the next event: the line it is of, and whether it is a completion; `None` at the end.
    #[inline]
    fn advance(&mut self) -> Result<Option<(usize, bool)>> {
        let index = if self.lines.len() == 1 { Some(0) } else { self.earliest() };
        let Some(index) = index else { return Ok(None) };
        let step = match &mut self.lines[index] {
            Line::Bars(series) => series.advance(),
            Line::Ticks(quotes) => quotes.advance()?,
        };
        Ok(step.map(|is_completion| (index, is_completion)))
    }

    /// The line whose event is next, of several.
    #[inline(never)]
    fn earliest(&self) -> Option<usize> {
        self.lines.iter().enumerate().filter_map(|(i, line)| line.key().map(|key| (key, i))).min().map(|(_, index)| index)
    }

    /// Whether a bar is still to complete at that moment.
    fn completes_at(&self, at: Nanos) -> bool {
        self.lines.len() > 1 && self.lines.iter().any(|line| line.key() == Some((at, 0)))
    }
}

impl Feed for TickReplay {
    #[inline]
    fn next(&mut self) -> Option<Market<'_>> {
        let (index, is_completion) = match self.advance() {
            Ok(step) => step?,
            Err(problem) => {
                self.problem = Some(problem);
                self.lines.clear();
                return None;
            }
        };
        if is_completion {
            self.count();
        }
        let (instrument, bar) = match &self.lines[index] {
            Line::Ticks(quotes) if !is_completion => return Some(Market::Tick(quotes.instrument, quotes.tick)),
            Line::Ticks(quotes) => (quotes.instrument, &quotes.bar),
            Line::Bars(series) => (series.instrument, &series.bar),
        };
        if !is_completion {
            return Some(Market::Open(instrument, bar));
        }
        Some(Market::Completion { instrument, bar, more: self.completes_at(bar.closed_at) })
    }

    fn completions_to_come(&self) -> usize {
        self.to_come
    }
}

impl Prices {
    const fn bars(&self) -> &Arc<Bars> {
        match self {
            Self::Bars(bars) | Self::Ticks(_, bars) => bars,
        }
    }
}

impl Line {
    /// Time of the next event, then 0 for a completion and 1 for an open or a tick.
    #[inline]
    fn key(&self) -> Option<(Nanos, u8)> {
        match self {
            Self::Bars(series) => series.key(),
            Self::Ticks(quotes) => quotes.key(),
        }
    }
}

/// The ticks of one instrument, and the bar that grows from them.
struct Quotes {
    instrument: InstrumentId,
    stream: TickStream,
    piece: Option<Piece>,
    /// The tick at the front of the piece.
    next: Option<Tick>,
    growing: TickBars,
    /// The tick told last.
    tick: Tick,
    /// The bar completed last.
    bar: Bar,
}

impl Quotes {
    fn new(instrument: InstrumentId, source: &TickSource, bars: &Bars) -> Result<Self> {
        let growing = TickBars::new(bars.timeframe(), DayEnd::Utc).map_err(|problem| Error::config("timeframe", problem))?;
        let (tick, bar) = (Tick::default(), Bar::default());
        let mut quotes = Self { instrument, stream: source.stream()?, piece: None, next: None, growing, tick, bar };
        quotes.turn_over()?;
        Ok(quotes)
    }

    /// Goes on to the next piece.
    #[cold]
    fn turn_over(&mut self) -> Result<()> {
        self.piece = self.stream.next().transpose()?;
        self.next = self.piece.as_ref().map(|piece| piece.ticks.tick(piece.rows.start));
        Ok(())
    }

    #[inline]
    fn key(&self) -> Option<(Nanos, u8)> {
        match (self.growing.closes_at(), &self.next) {
            (closes_at, Some(tick)) if closes_at.is_none_or(|closes_at| tick.at < closes_at) => Some((tick.at, 1)),
            (closes_at, _) => closes_at.map(|closes_at| (closes_at, 0)),
        }
    }

    /// Goes on to the next event; says whether it is a completion, and nothing at the end.
    #[inline]
    fn advance(&mut self) -> Result<Option<bool>> {
        match (self.growing.closes_at(), self.next) {
            (closes_at, Some(tick)) if closes_at.is_none_or(|closes_at| tick.at < closes_at) => {
                self.tick = tick;
                self.pass(&tick)?;
                Ok(Some(false))
            }
            _ => Ok(self.growing.take().map(|bar| {
                self.bar = bar;
                true
            })),
        }
    }

    /// Adds a tick to the growing bar, and looks at the one after it.
    #[inline]
    fn pass(&mut self, tick: &Tick) -> Result<()> {
        let Some(piece) = &mut self.piece else { return Ok(()) };
        self.growing.push(tick, piece.ticks.volume_of(piece.rows.start));
        piece.rows.start += 1;
        if piece.rows.is_empty() {
            return self.turn_over();
        }
        self.next = Some(piece.ticks.tick(piece.rows.start));
        Ok(())
    }
}

#[cfg(test)]
#[path = "ticks_tests.rs"]
mod tests;
