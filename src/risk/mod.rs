//! How much to trade, and when not to trade at all.
//!
//! Sizing turns an accepted signal into a size; limits refuse it with a reason. Every refusal is an event. A missing limit is no limit.

mod limits;
mod sizing;

pub use limits::{Breach, Guard, Limits, Told};
pub use sizing::{Entry, Lots, Sizing, size};
