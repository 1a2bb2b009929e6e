//! Many runs over one data set, and what they prove together.
//!
//! An [`Arena`] is everything that a run needs but its parameters, checked and compiled once; [`Arena::play`] plays one set of them over a span
//! of rows. [`Luck`] judges a matrix of trial returns, [`Ledger`] remembers every trial ever run on a market, [`judge`] turns both into a
//! verdict.

mod arena;
mod ledger;
mod lookahead;
mod luck;
mod verdict;

pub use arena::{Arena, AtEnd, Entrant, Played, Prices, Setup, Span, timeline};
pub use ledger::{Entry, Knowledge, Ledger, Look, Role, Tried};
pub use lookahead::{Difference, Leak, Lookahead, Make, lookahead};
pub use luck::{BLOCKS, LogitBin, Luck, Matrix, deflated};
pub use verdict::{Judged, Judgement, LUCK_LEVEL, Remembered, judge};
