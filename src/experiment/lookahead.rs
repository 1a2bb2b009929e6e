//! The look-ahead test of an experiment's strategy.

use super::Experiment;
use crate::{
    error::{Error, Result},
    seed::Seed,
    strategy::{RuleStrategy, Strategy},
    walk::{Lookahead, Prices, lookahead},
};

impl Experiment {
    /// Cuts and changes the future of the first strategy's data; see [`lookahead`](crate::walk::lookahead).
    ///
    /// # Errors
    /// When the strategy does not compile for the data, or these are too few bars or ticks.
    pub fn lookahead(&self, seed: Seed) -> Result<Lookahead> {
        let placed = self.placed.first().ok_or_else(|| Error::config("strategy", "there is none to test"))?;
        let source = &self.sources[usize::from(placed.instrument.0)];
        let prices = Prices { bars: source.dataset.bars.clone(), instrument: source.instrument.clone(), venue: source.venue.clone() };
        let rules = placed.file.compile_for(prices.bars.timeframe(), source.instrument.calendar)?;
        rules.program.needs_no_model(placed.file.name())?;
        let make = |bars: &std::sync::Arc<crate::market::Bars>| {
            let mut strategy = RuleStrategy::new(rules.clone());
            strategy.prepare(bars);
            Ok(Box::new(strategy) as Box<dyn Strategy>)
        };
        lookahead(&prices, &make, seed)
    }
}
