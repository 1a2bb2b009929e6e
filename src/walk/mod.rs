//! Many runs over one data set, and what they prove together.
//!
//! An [`Arena`] is everything that a run needs but its parameters, checked and compiled once; [`Arena::play`] plays one set of them over a span
//! of rows. [`Luck`] judges a matrix of trial returns, [`Ledger`] remembers every trial ever run on a market, [`judge`] turns both into a
//! verdict; a [`Store`] keeps what is finished until the whole is. [`Forward`] searches, chooses and looks fold by fold; [`lookahead`] asks whether a
//! strategy sees the future.

mod arena;
mod forward;
mod ledger;
mod lookahead;
mod luck;
mod scored;
mod store;
mod verdict;

pub use arena::{Arena, AtEnd, Entrant, Played, Prices, Setup, Span, timeline};
pub use forward::{Choice, Forward, ForwardProgress, Forwarded, Inner, Trial, forward_seed, median_overfit, planned_trials};
pub use ledger::{Entry, Knowledge, Ledger, Look, Role, Tried};
pub use lookahead::{Difference, Leak, Lookahead, Make, lookahead};
pub use luck::{BLOCKS, LogitBin, Luck, Matrix, deflated, lost_account};
pub use scored::{Scored, worth};
pub use store::{MOST_UNFINISHED, Store, program};
pub use verdict::{Judged, Judgement, LUCK_LEVEL, Remembered, judge};
