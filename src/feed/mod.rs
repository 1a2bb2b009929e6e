//! Where market events come from.
//!
//! A feed delivers events in time order and never goes back. A replayed bar is two moments, its open and its completion; at equal
//! times completions come first, in instrument order, then opens. A replayed tick is one moment, and completes the bars that close by it.

mod replay;
mod ticks;

pub use replay::Replay;
pub use ticks::{Prices, TickReplay};

use crate::event::Market;

/// Delivers market events in time order; `None` ends the run.
pub trait Feed {
    /// Blocks until the next event. It is lent, not given: a bar is a dozen words, and a loop over a million of them should not carry each
    /// across twice.
    fn next(&mut self) -> Option<&Market>;

    /// How many completions are to come at least, where that is known; room for their results is made at once.
    fn completions_to_come(&self) -> usize {
        0
    }
}

/// Any iterator of events as a feed: a socket's receiver, a scripted test.
#[derive(Debug)]
pub struct Events<I> {
    events: I,
    now: Option<Market>,
}

impl<I: Iterator<Item = Market>> Events<I> {
    /// Delivers what the iterator gives.
    #[must_use]
    pub const fn new(events: I) -> Self {
        Self { events, now: None }
    }
}

impl<I: Iterator<Item = Market>> Feed for Events<I> {
    fn next(&mut self) -> Option<&Market> {
        self.now = self.events.next();
        self.now.as_ref()
    }
}
