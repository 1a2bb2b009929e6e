//! The text a new strategy starts from: commented, complete, and running as it is.

/// A strategy file with `NAME` where its name belongs.
pub const STARTER: &str = r#"name  = "NAME"
about = "Buys when the close rises above its average, and sells when it falls below."
loses_when = "The price swings around its average without going anywhere."

# Every parameter has a default and the range a search may use; step = 1 keeps it whole.
[params]
average_bars = { default = 50, min = 10, max = 200, step = 1 }
stop_atr     = { default = 2.0, min = 0.5, max = 5.0 }
reward       = { default = 2.0, min = 0.5, max = 5.0 }

# Names for values, evaluated in this order once per completed bar. docs/rules.md lists every function.
[let]
average = "sma(close, average_bars)"
atr     = "atr(14)"

# A market order is filled at the next open. Only enter is required.
[long]
enter       = "crosses_above(close, average)"
exit        = "crosses_below(close, average)"
stop_loss   = "close - stop_atr * atr"
take_profit = "close + stop_atr * reward * atr"

# The other side, if you want it:
# [short]
# enter     = "crosses_below(close, average)"
# exit      = "crosses_above(close, average)"
# stop_loss = "close + stop_atr * atr"

[rules]
cooldown_bars = 1        # bars to wait after a position closes
# max_bars    = 96       # close after this many bars
# order       = "limit"  # with price = "low[1]" under [long]; also "stop"; "market" is the default
# trail       = { distance = "2 * atr", activate = "atr" }
# break_even  = "atr"
"#;

/// The starter with its name filled in. Quotes and backslashes, which a TOML name cannot hold as they are, are left out.
#[must_use]
pub fn starter(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    STARTER.replacen("NAME", &plain, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::StrategyFile;

    #[test]
    fn the_starter_compiles_as_it_is() {
        let file = StrategyFile::parse(&starter("my \"first\""), "strategies/x.toml").unwrap();
        assert_eq!(file.name(), "my first");
        let compiled = file.compile("1h".parse().unwrap()).unwrap();
        assert_eq!(compiled.let_names, ["average", "atr"]);
        assert_eq!(compiled.cooldown_bars, 1);
    }
}
