//! The text a new experiment starts from: commented, and running as it is where its price file is.

use std::path::Path;

/// The price file that the starter reads.
pub const STARTER_DATA: &str = "datasets/eurusd_h1_2017.csv.gz";

/// An experiment file with `NAME` and `STRATEGY` where those belong.
const STARTER: &str = r#"# What does this experiment ask? Write it here, before you look at the answer.
name     = "NAME"
seed     = 7                     # the root of every random number: the same file gives the same run
strategy = "STRATEGY"            # a name from `cthulu-lab strategies list`, or a file

# Parameter values that differ from the strategy's defaults; `cthulu-lab strategies show STRATEGY` lists them.
[params]

[[data]]                         # one table per instrument
path       = "datasets/eurusd_h1_2017.csv.gz"
symbol     = "EURUSD"
timeframe  = "1h"                # checked against the file
zone       = "UTC"               # the clock of times without an offset
date_order = "dmy"               # only where dates do not start with the year
price_side = "ask"               # what a file with one price holds: bid, ask, mid or trade
# from     = "2017-03-01"
# to       = "2017-12-01"

[account]
cash     = 10000.0
currency = "USD"
leverage = 30.0
lots     = "broker"              # the lot step and limits of the instrument; "fractional" allows any size
sizing   = { method = "risk", value = 0.01 }     # lose 1 % of the equity at the stop; also "fraction", "lots"

# What trading costs. A backtest without costs is fiction: write down what your broker takes.
[costs]
spread             = 10.0        # points; "data" where the file has quotes or a spread column
slippage_points    = 2.0         # how much worse market and stop orders fill
commission_per_lot = 3.5         # per deal, in account currency; also commission_fraction, commission_per_order
swap               = "none"

[fills]
market = "next_open"             # "close" fills at the close that decided: optimistic, and the report says so

# Limits; without this section there are none.
# [risk]
# max_positions           = 3
# max_daily_loss_fraction = 0.05
# max_drawdown_fraction   = 0.4
"#;

/// The starter, asking about `strategy`. Quotes and backslashes, which a TOML text cannot hold as they are, are left out.
#[must_use]
pub fn starter(name: &str, strategy: &str) -> String {
    let plain = |text: &str| -> String { text.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect() };
    STARTER.replacen("NAME", &plain(name), 1).replace("STRATEGY", &plain(strategy))
}

/// The strategy that a new experiment of this name asks about: its namesake where there is one, else the first a trader would try.
#[must_use]
pub fn namesake(name: &str) -> &str {
    let has_one = crate::strategy::catalogue().contains_key(name) || Path::new(name).is_file();
    if has_one { name } else { "rsi_reversal" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, Spec, Watchers};

    #[test]
    fn the_starter_runs_as_it_is() {
        let spec = Spec::parse(&starter("first \"try\"", "rsi_reversal"), Path::new("experiments/x.toml")).unwrap();
        assert_eq!(spec.name, "first try");
        let outcome = Experiment::new(spec).unwrap().run(Watchers::Off).unwrap();
        assert!(outcome.metrics.bars > 6000 && outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    }

    #[test]
    fn an_experiment_asks_about_the_strategy_of_its_name() {
        assert_eq!((namesake("scalping"), namesake("something_new")), ("scalping", "rsi_reversal"));
    }
}
