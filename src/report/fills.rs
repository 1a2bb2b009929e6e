//! What the order of prices inside bars is worth: each figure as an interval, and the trades whose sign depends on it.

use serde_json::Value;

use super::{
    format::{self, MISSING, escape},
    run::{RunFolder, at},
    tables::{absent, table},
};
use crate::time::Nanos;

/// How many trades the table shows.
const SHOWN: usize = 20;

/// The interval of every figure and the trades that change sign; `None` where no run was asked for it.
pub(super) fn section(run: &RunFolder) -> Option<String> {
    let found = at(&run.run, "fill_interval")?;
    let modes: Vec<&str> = found.get("modes")?.as_array()?.iter().filter_map(Value::as_str).collect();
    Some(figures(found, &modes) + &trades(found, &modes))
}

/// What stands above the tables.
pub(super) fn note(run: &RunFolder) -> String {
    let share = run.number("fill_interval.ambiguous_bar_fraction").map_or_else(|| MISSING.to_owned(), format::percent);
    format!(
        "A bar does not tell the order of its prices. Here the run is settled every way: the figures between the least and the most stand on \
         that choice alone. {share} of the bars were ambiguous when settled against the position."
    )
}

fn words(mode: &str) -> String {
    escape(&mode.replace('_', " "))
}

fn figures(found: &Value, modes: &[&str]) -> String {
    let cell = |value: Option<f64>| value.map_or_else(|| MISSING.to_owned(), number);
    let row = |(key, ends): (&String, &Value)| {
        let mut cells = vec![escape(&key.replace('_', " ")), cell(ends[0].as_f64()), cell(ends[1].as_f64())];
        cells.extend(modes.iter().map(|mode| cell(found["by_mode"][*mode][key.as_str()].as_f64())));
        cells
    };
    let rows: Vec<Vec<String>> = found["metrics"].as_object().into_iter().flatten().map(row).collect();
    let named: Vec<String> = modes.iter().map(|mode| words(mode)).collect();
    let mut heads = vec![("Figure", false), ("Least", true), ("Most", true)];
    heads.extend(named.iter().map(|name| (name.as_str(), true)));
    table("Every figure, settled every way", &heads, &rows)
}

/// Four decimals, or none where the number is whole.
fn number(value: f64) -> String {
    if value.fract() == 0.0 { format::count(value) } else { format::decimal(value, 4) }
}

fn trades(found: &Value, modes: &[&str]) -> String {
    let all = found["trades"].as_array().map_or(&[][..], Vec::as_slice);
    let some = found["trades_in_some"].as_u64().unwrap_or(0);
    let told = format!("{} positions gain one way and do not another; {some} were closed in some of the ways only.", all.len());
    if all.is_empty() {
        return absent(&told);
    }
    let text = |trade: &Value, key: &str| trade[key].as_str().unwrap_or("").to_owned();
    let row = |trade: &Value| {
        let opened = text(trade, "opened_at").parse::<Nanos>().map_or_else(|_| MISSING.to_owned(), format::minute);
        let mut cells = vec![opened, escape(&text(trade, "symbol")), escape(&text(trade, "side")), escape(&text(trade, "strategy"))];
        cells.extend(modes.iter().map(|mode| trade["pnl"][*mode].as_f64().map_or_else(|| MISSING.to_owned(), format::two)));
        cells
    };
    let rows: Vec<Vec<String>> = all.iter().take(SHOWN).map(row).collect();
    let named: Vec<String> = modes.iter().map(|mode| words(mode)).collect();
    let mut heads = vec![("Opened", false), ("Symbol", false), ("Side", false), ("Strategy", false)];
    heads.extend(named.iter().map(|name| (name.as_str(), true)));
    absent(&told) + &table("Trades whose sign depends on it, the first twenty", &heads, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_tables_show_least_most_and_the_trades_that_change_sign() {
        let trade = json!({ "strategy": "s", "symbol": "X", "side": "buy", "opened_at": "2024-01-01T01:00:00Z", "pnl": { "pessimistic": -50.0, "optimistic": 40.0 } });
        let run = json!({ "fill_interval": {
            "modes": ["pessimistic", "optimistic"], "metrics": { "sharpe": [-0.5, 1.25], "kelly": null },
            "by_mode": { "pessimistic": { "sharpe": -0.5 }, "optimistic": { "sharpe": 1.25 } },
            "ambiguous_bar_fraction": 0.25, "trades": [trade], "trades_in_some": 2,
        } });
        let run = RunFolder { run, ..RunFolder::default() };
        let html = section(&run).unwrap();
        for part in ["\u{2212}0.5000", "1.2500", "2024-01-01 01:00", "\u{2212}50.00", "1 positions gain one way", "2 were closed in some"] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(note(&run).contains(&format!("{} of the bars", format::percent(0.25))));
        assert!(section(&RunFolder::default()).is_none());
    }
}
