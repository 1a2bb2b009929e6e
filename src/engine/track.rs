//! One instrument's bars as the trials of a search pass over them.

use std::sync::Arc;

use super::Days;
use crate::{
    broker::Venue,
    market::{Bars, Ohlc, Side},
    time::Nanos,
};

/// The prices of one side at which a position is closed: the bid for a long one, the ask for a short one.
#[derive(Debug, PartialEq)]
pub(super) struct Exits {
    pub(super) close: Vec<f64>,
    /// The lowest and the highest price of each bar, its open among them whatever the file says.
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
}

/// One instrument's bars, with what every run over them asks of them.
pub struct Track {
    pub(super) bars: Arc<Bars>,
    pub(super) days: Days,
    pub(super) bid: Arc<Exits>,
    pub(super) ask: Arc<Exits>,
    /// The last row of each trading day, all bars played.
    pub(super) day_ends: Vec<usize>,
}

impl Track {
    /// Of bars that `venue` quotes.
    #[must_use]
    pub fn new(bars: Arc<Bars>, venue: &Venue, days: Days) -> Self {
        let sides: Vec<(Ohlc, Ohlc)> = bars.iter().map(|bar| venue.quoting.sides(&bar)).collect();
        let exits = |side: fn(&(Ohlc, Ohlc)) -> &Ohlc| Exits {
            close: sides.iter().map(|s| side(s).close).collect(),
            low: sides.iter().map(|s| side(s).low.min(side(s).open)).collect(),
            high: sides.iter().map(|s| side(s).high.max(side(s).open)).collect(),
        };
        let (bid, ask) = (Arc::new(exits(|(bid, _)| bid)), Arc::new(exits(|(_, ask)| ask)));
        let closed_at: Vec<Nanos> = (0..bars.len()).map(|row| bars.closed_at(row)).collect();
        let day_ends = days.last_rows(&closed_at);
        let ask = if ask == bid { Arc::clone(&bid) } else { ask };
        Self { bars, days, bid, ask, day_ends }
    }

    /// The prices at which a position of that side is closed.
    pub(super) fn exits(&self, side: Side) -> &Exits {
        if side == Side::Buy { &self.bid } else { &self.ask }
    }
}
