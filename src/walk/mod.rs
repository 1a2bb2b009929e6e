//! Many runs over one data set: the trials of a search, each over a span of rows.
//!
//! An [`Arena`] is everything that a run needs but its parameters, checked and compiled once; [`Arena::play`] plays one set of them.

mod arena;

pub use arena::{Arena, AtEnd, Entrant, Played, Prices, Setup, Span};
