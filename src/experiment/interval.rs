//! What the order of prices inside bars is worth: the same question settled every way, and each figure as an interval.
//!
//! Nobody knows which way a bar went. A figure that is the same either way stands on the data; one that is not stands on an assumption, and
//! its interval says how much of it does.

use std::collections::BTreeMap;

use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Experiment, Outcome, finer::has_finer};
use crate::{
    engine::{Figures, Run},
    error::Result,
    market::{InstrumentId, Side, intrabar::Intrabar},
    stats::summary::Metrics,
    time::Nanos,
};

/// Every figure settled every way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FillInterval {
    /// The ways, as `fills.intrabar` names them.
    pub modes: Vec<&'static str>,
    /// Least and most of each metric over the ways in which it is defined; null where it is in none.
    pub metrics: Map<String, Value>,
    /// Every metric by way.
    pub by_mode: Map<String, Value>,
    /// Share of bars in which the pessimistic way settled something against us for want of knowledge.
    pub ambiguous_bar_fraction: Option<f64>,
    /// Positions whose profit or loss depends on the way.
    pub trades: Vec<ChangedTrade>,
    /// Positions that were closed in some of the ways and not in others.
    pub trades_in_some: usize,
}

/// A position that gains one way and does not another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedTrade {
    /// Which strategy's.
    pub strategy: String,
    /// What was held.
    pub symbol: String,
    /// Long or short.
    pub side: Side,
    /// When it was opened.
    pub opened_at: Nanos,
    /// Net pnl by way; absent where it was not closed.
    pub pnl: BTreeMap<&'static str, f64>,
}

/// What makes a position the same one in two runs: who opened what, when, and the how-many-th of that moment.
type Key = (Nanos, u8, InstrumentId, bool, usize);

impl Experiment {
    /// Plays every way but that of `outcome`, and sets all of them side by side.
    pub(super) fn fill_interval(&self, outcome: &Outcome) -> Result<FillInterval> {
        let mut ways = vec![Intrabar::Pessimistic, Intrabar::Optimistic, Intrabar::Proximity];
        if has_finer(&self.sources) {
            ways.push(Intrabar::LowerTimeframe);
        }
        let own = self.spec.fills.intrabar;
        let play = |way: Intrabar| -> Result<(Metrics, Vec<(Key, f64)>)> {
            if way == own {
                return Ok((outcome.metrics.clone(), positions(&outcome.run)));
            }
            let run = self.play_unwatched(way)?;
            Ok((Figures::of(&run, &self.days()).metrics, positions(&run)))
        };
        let played = ways.clone().into_par_iter().map(play).collect::<Result<Vec<_>>>()?;
        let names: Vec<&'static str> = ways.iter().map(|way| way.name()).collect();
        let rows: Vec<Value> = played.iter().map(|(metrics, _)| json!(metrics)).collect();
        let (trades, trades_in_some) = self.changed(&names, &played);
        Ok(FillInterval {
            metrics: intervals(&rows),
            by_mode: names.iter().map(|name| (*name).to_owned()).zip(rows).collect(),
            ambiguous_bar_fraction: played[0].0.ambiguous_bar_fraction,
            modes: names,
            trades,
            trades_in_some,
        })
    }

    /// Positions whose sign depends on the way, and how many are missing in some.
    fn changed(&self, names: &[&'static str], played: &[(Metrics, Vec<(Key, f64)>)]) -> (Vec<ChangedTrade>, usize) {
        let mut all: BTreeMap<Key, BTreeMap<&'static str, f64>> = BTreeMap::new();
        for (name, (_, positions)) in names.iter().zip(played) {
            for (key, pnl) in positions {
                all.entry(*key).or_default().insert(name, *pnl);
            }
        }
        let in_some = all.values().filter(|pnl| pnl.len() < names.len()).count();
        let depends = |pnl: &BTreeMap<&str, f64>| pnl.values().any(|p| *p > 0.0) && pnl.values().any(|p| *p <= 0.0);
        let told = |((opened_at, strategy, instrument, is_long, _), pnl): (Key, _)| ChangedTrade {
            strategy: self.placed[usize::from(strategy)].name.clone(),
            symbol: self.sources[usize::from(instrument.0)].instrument.symbol.clone(),
            side: if is_long { Side::Buy } else { Side::Sell },
            opened_at,
            pnl,
        };
        (all.into_iter().filter(|(_, pnl)| depends(pnl)).map(told).collect(), in_some)
    }
}

/// The closed positions of a run with their net pnl; what was closed in parts is added up.
fn positions(run: &Run) -> Vec<(Key, f64)> {
    let mut by_ticket = BTreeMap::new();
    for trade in &run.trades {
        by_ticket.entry(trade.ticket).or_insert((trade, 0.0)).1 += trade.pnl;
    }
    let mut of_moment: BTreeMap<_, usize> = BTreeMap::new();
    let key = |(trade, pnl): (&crate::portfolio::Trade, f64)| {
        let (at, strategy, instrument, is_long) = (trade.opened_at, trade.strategy, trade.instrument, trade.side == Side::Buy);
        let nth = of_moment.entry((at, strategy, instrument, is_long)).or_default();
        *nth += 1;
        ((at, strategy, instrument, is_long, *nth), pnl)
    };
    by_ticket.into_values().map(key).collect()
}

/// Least and most of each key.
fn intervals(rows: &[Value]) -> Map<String, Value> {
    let keys = rows.first().and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key);
    let interval = |key: &String| {
        let values: Vec<&Value> = rows.iter().map(|row| &row[key]).filter(|value| value.is_number()).collect();
        let by = |a: &&Value, b: &&Value| a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(std::cmp::Ordering::Equal);
        let ends = values.iter().copied().min_by(by).zip(values.iter().copied().max_by(by));
        (key.clone(), ends.map_or(Value::Null, |(low, high)| json!([low, high])))
    };
    keys.map(interval).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_runs_over_the_ways_in_which_a_figure_is_defined() {
        let rows = [
            json!({ "sharpe": 1.5, "kelly": null, "trades": 3 }),
            json!({ "sharpe": -0.5, "kelly": null, "trades": 4 }),
            json!({ "sharpe": null, "kelly": null, "trades": 3 }),
        ];
        assert_eq!(Value::Object(intervals(&rows)), json!({ "sharpe": [-0.5, 1.5], "kelly": null, "trades": [3, 4] }));
    }
}
