//! From a checked experiment to the arena in which a search plays it.

use std::sync::Arc;

use super::Experiment;
use crate::{
    error::{Error, Result},
    walk::{Arena, Entrant, Prices, Setup},
};

impl Experiment {
    /// The experiment's data, strategies, account, costs and fills, ready to be played with many sets of parameters.
    ///
    /// # Errors
    /// When a strategy does not compile for its data, and where a price file holds ticks: a search plays bars.
    pub fn arena(&self) -> Result<Arena> {
        if let Some(source) = self.sources.iter().find(|source| source.dataset.ticks.is_some()) {
            let problem = format!(
                "'{}' holds ticks, and a search plays bars; make a file of its bars with `cthulu-lab data resample`",
                source.dataset.path.display()
            );
            return Err(Error::config("data.path", problem));
        }
        let prices = |source: &super::Source| Prices {
            bars: Arc::clone(&source.dataset.bars),
            instrument: source.instrument.clone(),
            venue: source.venue.clone(),
        };
        let entrant =
            |placed: &super::seats::Placed| Entrant { file: placed.file.clone(), instrument: placed.instrument, weight: placed.weight };
        Arena::new(Setup {
            prices: self.sources.iter().map(prices).collect(),
            entrants: self.placed.iter().map(entrant).collect(),
            account: self.account(),
            leverage: self.spec.account.leverage,
            fills: self.fills(self.spec.fills.intrabar),
            days: self.days(),
        })
    }
}
