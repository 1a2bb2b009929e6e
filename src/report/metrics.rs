//! Every metric with its value and its definition. The names and definitions are those of `stats::explain`, so that the page, the
//! command `explain` and the documentation say the same.

use super::format::{self, MISSING, escape, or_dash};
use super::run::{RunFolder, at};
use super::tables::absent;
use crate::stats::explain::{EXPLAIN, explain};
use serde_json::Value;
use std::fmt::Write;

type Written = fn(f64) -> String;

/// Where a metric's key stands in the order of the tables; unknown keys come last.
pub(super) fn rank(key: &str) -> usize {
    EXPLAIN.iter().position(|info| info.key == key).unwrap_or(EXPLAIN.len())
}

/// The plain name of a metric's key and how its value is written; the key itself and two decimals where it is not known.
pub(super) fn metric(key: &str) -> (String, Written) {
    explain(key).map_or_else(|| (key.replace('_', " "), format::two as Written), |info| (info.name.to_owned(), written(info.unit)))
}

fn written(unit: &str) -> Written {
    match unit {
        "bars" | "trades" | "periods" | "flag" | "splits" => format::count,
        "fraction" | "fraction, positive" | "fraction, a loss positive" | "fraction a year" | "probability" => format::percent,
        _ => format::two,
    }
}

/// Every metric of the run: the known ones in their order, then what else the file holds.
pub(super) fn table(run: &RunFolder) -> String {
    let Some(tree) = at(&run.run, "metrics").and_then(Value::as_object) else { return absent("No metrics were recorded.") };
    let mut keys: Vec<&str> = tree.keys().map(String::as_str).collect();
    keys.sort_by_key(|key| rank(key));
    let mut html = "<table class=\"metrics\"><caption>All metrics</caption>\n<thead><tr><th scope=\"col\">Metric and definition</th>\
                    <th scope=\"col\" class=\"n\">Value</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for key in keys {
        let (name, with) = metric(key);
        let value = run.number(&format!("metrics.{key}"));
        writeln!(
            html,
            "<tr id=\"m-{0}\"><th scope=\"row\">{1} <code>{0}</code>{2}</th><td class=\"n\">{3}</td></tr>",
            escape(key),
            escape(&format::typeset(&name)),
            definition(key, value.is_none()),
            or_dash(value, with)
        )
        .expect("strings grow");
    }
    html + "</tbody></table>\n"
}

fn written_as(text: &str) -> String {
    escape(&format::typeset(text))
}

fn definition(key: &str, is_undefined: bool) -> String {
    let Some(info) = explain(key) else { return String::new() };
    let undefined =
        if is_undefined { format!(" <em>Undefined ({MISSING}) with: {}.</em>", written_as(info.undefined_when)) } else { String::new() };
    format!(
        "<span class=\"definition\">{} ({}). Reading: {}.{undefined}</span>",
        written_as(info.formula),
        escape(info.unit),
        written_as(info.good)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_stands_beside_its_definition_and_says_why_it_is_missing() {
        let run = r#"{"metrics":{"psr":0.975,"max_drawdown_fraction":0.158,"max_drawdown_bars":12,"sharpe":null,"own_key":1}}"#;
        let html = table(&RunFolder { run: serde_json::from_str(run).unwrap(), ..RunFolder::default() });
        for text in ["97.50%", "15.80%", "Longest time under water", ">12<", "μ / s · √P", "Undefined (–) with: fewer than two", "own key"]
        {
            assert!(html.contains(text), "{text}: {html}");
        }
        let places: Vec<usize> =
            ["m-sharpe", "m-max_drawdown_fraction", "m-psr", "m-own_key"].iter().filter_map(|id| html.find(id)).collect();
        assert!(places.len() == 4 && places.is_sorted());
    }
}
