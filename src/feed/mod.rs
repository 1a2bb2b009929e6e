//! Where market events come from.
//!
//! A feed delivers events in time order and never goes back. A replayed bar is two moments, its open and its completion; at equal
//! times completions come first, in instrument order, then opens.

mod replay;

pub use replay::Replay;

use crate::event::Market;

/// Delivers market events in time order; `None` ends the run.
pub trait Feed {
    /// Blocks until the next event.
    fn next(&mut self) -> Option<Market>;
}

/// Any iterator of events is a feed: a socket's receiver, a scripted test.
impl<I: Iterator<Item = Market>> Feed for I {
    #[inline]
    fn next(&mut self) -> Option<Market> {
        Iterator::next(self)
    }
}
