//! The tables of the page: months, trades, costs, metrics, data findings. Each scrolls inside its own box.

use super::format::{self, MISSING, escape, or_dash};
use super::run::{RunFolder, Trade, at};
use crate::stats::monthly::YearReturns;
use serde_json::Value;
use std::cmp::Ordering;
use std::fmt::Write;

/// How many trades the best and the worst table show.
const SHOWN_TRADES: usize = 20;
/// How many data findings the page shows.
const SHOWN_FINDINGS: usize = 50;

/// A table of ready cells: a caption for who cannot see it, column heads with whether they hold numbers, rows.
pub(super) fn table(caption: &str, heads: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let mut html = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption>\n<thead><tr>",
        escape(caption)
    );
    for (head, numeric) in heads {
        write!(html, "<th scope=\"col\"{}>{}</th>", class(*numeric), escape(head)).expect("strings grow");
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in rows {
        html += "<tr>";
        for (cell, (_, numeric)) in row.iter().zip(heads) {
            write!(html, "<td{}>{cell}</td>", class(*numeric)).expect("strings grow");
        }
        html += "</tr>\n";
    }
    html + "</tbody></table></div>\n"
}

const fn class(numeric: bool) -> &'static str {
    if numeric { " class=\"n\"" } else { "" }
}

/// Monthly returns with year totals, tinted by size.
pub(super) fn months(years: &[YearReturns]) -> String {
    if years.is_empty() {
        return absent("No equity rows, so no months.");
    }
    let all = years.iter().flat_map(|y| y.months.iter().flatten());
    let largest = all.fold(0.0_f64, |m, r| m.max(r.abs()));
    let mut html = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Monthly returns\"><table class=\"months\"><caption>Monthly returns</caption>\n<thead><tr><th scope=\"col\">Year</th>".to_owned();
    for month in ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year"] {
        write!(html, "<th scope=\"col\" class=\"n\">{month}</th>").expect("strings grow");
    }
    html += "</tr></thead>\n<tbody>\n";
    for year in years {
        write!(html, "<tr><th scope=\"row\">{}</th>", year.year).expect("strings grow");
        for month in year.months {
            html += &month.map_or_else(|| format!("<td class=\"n\">{MISSING}</td>"), |r| tinted(r, largest));
        }
        writeln!(html, "<td class=\"n total\">{}</td></tr>", or_dash(year.total, format::percent)).expect("strings grow");
    }
    html + "</tbody></table></div>\n"
}

fn tinted(value: f64, largest: f64) -> String {
    // At most 0.38 of the tint, which keeps the text above 4.5 : 1 in both themes.
    let strength = if largest > 0.0 { (value.abs() / largest * 0.38 * 100.0).round() / 100.0 } else { 0.0 };
    let side = if value < 0.0 { "loss" } else { "gain" };
    format!("<td class=\"n tint {side}\" style=\"--t:{strength}\">{}</td>", format::percent(value))
}

/// The twenty best or worst trades by pnl; equal ones in the order of the file.
pub(super) fn trades(run: &RunFolder, best: bool) -> String {
    let mut ranked: Vec<&Trade> = run.trades.iter().filter(|t| t.pnl.is_some_and(|p| (p > 0.0) == best)).collect();
    let worst_first = |a: &&Trade, b: &&Trade| a.pnl.partial_cmp(&b.pnl).unwrap_or(Ordering::Equal);
    ranked.sort_by(|a, b| if best { worst_first(b, a) } else { worst_first(a, b) });
    ranked.truncate(SHOWN_TRADES);
    if ranked.is_empty() {
        return absent(if best { "No winning trade." } else { "No losing trade." });
    }
    let several = |of: fn(&Trade) -> &str| ranked.iter().any(|t| of(t) != of(ranked[0]));
    let (symbols, strategies) = (several(|t| &t.symbol), several(|t| &t.strategy));
    let mut heads =
        vec![("Ticket", true), ("Side", false), ("Lots", true), ("Opened", false), ("Entry", true), ("Closed", false), ("Exit", true)];
    heads.extend([("P/L", true), ("P/L %", true), ("MAE", true), ("MFE", true), ("Bars", true), ("Reason", false)]);
    heads.extend(symbols.then_some(("Symbol", false)));
    heads.extend(strategies.then_some(("Strategy", false)));
    let rows: Vec<Vec<String>> = ranked.iter().map(|t| trade_cells(t, symbols, strategies)).collect();
    table(if best { "Best trades" } else { "Worst trades" }, &heads, &rows)
}

fn trade_cells(t: &Trade, symbol: bool, strategy: bool) -> Vec<String> {
    let moment =
        |at: Option<crate::time::Nanos>| at.map_or_else(|| MISSING.to_owned(), |at| format!("<time>{}</time>", format::minute(at)));
    let mut cells =
        vec![escape(&t.ticket), escape(&t.side), or_dash(t.lots, format::two), moment(t.opened_at), or_dash(t.entry, format::price)];
    cells.extend([moment(t.closed_at), or_dash(t.exit, format::price)]);
    cells.extend([t.pnl].map(|v| format!("<strong>{}</strong>", or_dash(v, format::two))));
    cells.extend([or_dash(t.pnl_fraction, format::percent)]);
    cells.extend([t.mae, t.mfe].map(|v| or_dash(v, format::two)));
    cells.extend([or_dash(t.bars, format::count), escape(&t.reason.replace('_', " "))]);
    cells.extend(symbol.then(|| escape(&t.symbol)));
    cells.extend(strategy.then(|| escape(&t.strategy)));
    cells
}

/// Costs by kind, each with its share of the whole and its size per trade.
pub(super) fn costs(run: &RunFolder) -> String {
    let kinds = [("Spread", "spread"), ("Commission", "commission"), ("Slippage", "slippage"), ("Swap", "swap")];
    let (total, trades) = (run.number("metrics.costs_total"), run.number("metrics.trades").filter(|n| *n > 0.0));
    let line = |name: &str, value: Option<f64>| {
        let share = value.zip(total.filter(|t| *t != 0.0)).map(|(v, t)| v / t);
        let each = value.zip(trades).map(|(v, n)| v / n);
        vec![name.to_owned(), or_dash(value, format::two), or_dash(share, format::percent), or_dash(each, format::two)]
    };
    let mut rows: Vec<Vec<String>> = kinds.iter().map(|(name, key)| line(name, run.number(&format!("costs.{key}")))).collect();
    rows.push(line("<strong>All</strong>", total));
    let amount = format!("Amount, {}", run.currency());
    table("Costs by kind", &[("Cost", false), (amount.trim_end_matches([' ', ',']), true), ("Share", true), ("A trade", true)], &rows)
}

type Write1 = fn(f64) -> String;

const METRICS: [(&str, &str, Write1); 33] = [
    ("bars", "Bars", format::count),
    ("trades", "Closed trades", format::count),
    ("win_rate", "Trades won", format::percent),
    ("profit_factor", "Profit factor", format::two),
    ("expectancy", "Mean trade", format::two),
    ("net_profit", "Net profit", format::two),
    ("gross_profit", "Gross profit", format::two),
    ("gross_loss", "Gross loss", format::two),
    ("final_equity", "Final equity", format::two),
    ("return_fraction", "Return", format::percent),
    ("cagr", "Return a year (CAGR)", format::percent),
    ("sharpe", "Sharpe ratio", format::two),
    ("sortino", "Sortino ratio", format::two),
    ("calmar", "Calmar ratio", format::two),
    ("omega", "Omega ratio", format::two),
    ("max_drawdown_fraction", "Max drawdown", format::percent),
    ("max_drawdown_bars", "Max drawdown, bars", format::count),
    ("ulcer_index", "Ulcer index", format::two),
    ("sqn", "System quality number", format::two),
    ("kelly", "Kelly fraction", format::two),
    ("var_95", "Value at risk, 95%", format::percent),
    ("cvar_95", "Mean loss beyond it", format::percent),
    ("skew", "Skewness", format::two),
    ("kurtosis", "Kurtosis (normal 3)", format::two),
    ("exposure_fraction", "Bars with a position", format::percent),
    ("psr", "Probability that Sharpe > 0", format::percent),
    ("dsr", "The same, deflated for trials", format::percent),
    ("costs_total", "Costs", format::two),
    ("ambiguous_bar_fraction", "Ambiguous bars", format::percent),
    ("min_trl", "Minimum track record, days", format::count),
    ("volatility", "Volatility a year", format::percent),
    ("no_losses", "No losing trade", format::count),
    ("wins", "Winning trades", format::count),
];

/// Where a metric's key stands in the order of the tables; unknown keys come last.
pub(super) fn rank(key: &str) -> usize {
    METRICS.iter().position(|(known, ..)| *known == key).unwrap_or(METRICS.len())
}

/// The plain name of a metric's key and how its value is written; the key itself and two decimals where it is not known.
pub(super) fn metric(key: &str) -> (String, Write1) {
    METRICS
        .iter()
        .find(|(known, ..)| *known == key)
        .map_or_else(|| (key.replace('_', " "), format::two as Write1), |(_, name, with)| ((*name).to_owned(), *with))
}

/// Every metric of the run: the known ones in their order, then what else the file holds.
pub(super) fn metrics(run: &RunFolder) -> String {
    let Some(tree) = at(&run.run, "metrics").and_then(Value::as_object) else { return absent("No metrics were recorded.") };
    let mut keys: Vec<&str> = tree.keys().map(String::as_str).collect();
    keys.sort_by_key(|key| rank(key));
    let row = |key: &str| {
        let (name, with) = metric(key);
        vec![escape(&name), format!("<code>{}</code>", escape(key)), or_dash(run.number(&format!("metrics.{key}")), with)]
    };
    let rows: Vec<Vec<String>> = keys.into_iter().map(row).collect();
    table("All metrics", &[("Metric", false), ("Key", false), ("Value", true)], &rows)
}

/// What the data check found.
pub(super) fn findings(run: &RunFolder) -> String {
    if run.findings.is_empty() {
        return absent("The data check found nothing to report.");
    }
    let cell = |f: &Value, key: &str| match f.get(key) {
        Some(Value::String(text)) => escape(text),
        Some(Value::Number(n)) => escape(&n.to_string()),
        Some(Value::Bool(b)) => b.to_string(),
        _ => MISSING.to_owned(),
    };
    let keys = ["severity", "kind", "row", "column", "value", "message"];
    let rows: Vec<Vec<String>> = run.findings.iter().take(SHOWN_FINDINGS).map(|f| keys.iter().map(|k| cell(f, k)).collect()).collect();
    let heads = [("Severity", false), ("Kind", false), ("Row", true), ("Column", false), ("Value", false), ("Message", false)];
    let more = run.findings.len().saturating_sub(SHOWN_FINDINGS);
    let rest = if more > 0 { format!("<p class=\"note\">and {more} more in findings.json</p>\n") } else { String::new() };
    table("Data findings", &heads, &rows) + &rest
}

/// A sentence in the place of a table or chart.
pub(super) fn absent(sentence: &str) -> String {
    format!("<p class=\"absent\">{}</p>\n", escape(sentence))
}
