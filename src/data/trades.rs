//! Trades as columns: what was paid, and how much of it.

use crate::{market::Ticks, time::Nanos};

/// Trades of one instrument in time order; several may share a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trades {
    /// When each happened.
    pub at: Vec<Nanos>,
    /// What was paid for one unit.
    pub price: Vec<f64>,
    /// How many units changed hands.
    pub amount: Vec<f64>,
}

impl Trades {
    /// Number of trades.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.at.len()
    }

    /// The same as quotes, each price a bid and an ask at once, and the amounts their volumes: for whoever says that they may be dealt at.
    #[must_use]
    pub fn into_quotes(self) -> Ticks {
        Ticks::from_columns(self.at, self.price.clone(), self.price).with_volume(self.amount)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
}
