//! Where market events come from.
//!
//! A feed delivers events in time order and never goes back. A replayed bar is two moments, its open and its completion; at equal
//! times completions come first, in instrument order, then opens. A replayed tick is one moment, and completes the bars that close by it.

mod replay;
pub mod synth;
mod ticks;

pub use replay::Replay;
pub use ticks::{Prices, TickReplay};

use crate::event::Market;

/// Delivers market events in time order; `None` ends the run.
pub trait Feed {
    /// Blocks until the next event; its bar is lent until the event after it.
    fn next(&mut self) -> Option<Market<'_>>;

    /// How many completions are to come at least, where that is known; room for their results is made at once.
    fn completions_to_come(&self) -> usize {
        0
    }
}
