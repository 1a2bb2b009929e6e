//! The tables of the page: months, trades, costs. Each scrolls inside its own box.

use super::format::{self, MISSING, escape, or_dash};
use super::run::{RunFolder, Trade};
use crate::stats::monthly::YearReturns;
use crate::time::{DAY, Nanos};
use std::cmp::Ordering;
use std::fmt::Write;

/// How many trades the best and the worst table show.
const SHOWN_TRADES: usize = 20;

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
    // After a ruin no return is defined: those years are told in a sentence.
    let defined = years.iter().rposition(|y| y.total.is_some()).map_or(0, |last| last + 1);
    let (years, rest) = years.split_at(defined);
    let all = years.iter().flat_map(|y| y.months.iter().flatten());
    let largest = all.fold(0.0_f64, |m, r| m.max(r.abs()));
    let mut html = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Monthly returns\"><table class=\"months\"><caption>Monthly returns</caption>\n<thead><tr><th scope=\"col\">Year</th>".to_owned();
    for month in ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Total"] {
        write!(html, "<th scope=\"col\" class=\"n\">{month}</th>").expect("strings grow");
    }
    html += "</tr></thead>\n<tbody>\n";
    for year in years {
        write!(html, "<tr><th scope=\"row\">{}</th>", year.year).expect("strings grow");
        for month in year.months {
            html += &month.map_or_else(|| format!("<td class=\"n\">{MISSING}</td>"), |r| tinted(r, largest));
        }
        writeln!(html, "<td class=\"n total\">{}</td></tr>", or_dash(year.total, format::month)).expect("strings grow");
    }
    let after = rest
        .first()
        .map_or_else(String::new, |year| absent(&format!("From {} on the equity was not above zero, so no return is defined.", year.year)));
    html + "</tbody></table></div>\n" + &after
}

fn tinted(value: f64, largest: f64) -> String {
    // At most 0.38 of the tint, which keeps the text above 4.5 : 1 in both themes.
    let strength = if largest > 0.0 { (value.abs() / largest * 0.38 * 100.0).round() / 100.0 } else { 0.0 };
    let side = if value < 0.0 { "loss" } else { "gain" };
    format!("<td class=\"n tint {side}\" style=\"--t:{strength}\">{}</td>", format::month(value))
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
    let columns = Columns {
        symbol: several(|t| &t.symbol),
        strategy: several(|t| &t.strategy),
        when: if ranked.iter().all(|t| is_midnight(t.opened_at) && is_midnight(t.closed_at)) { format::date } else { format::minute },
    };
    let mut heads = vec![("Ticket", true), ("P/L", true), ("P/L %", true)];
    heads.extend(columns.symbol.then_some(("Symbol", false)));
    heads.extend([("Side", false), ("Lots", true), ("Opened", false), ("Entry", true), ("Closed", false), ("Exit", true)]);
    heads.extend([("MAE", true), ("MFE", true), ("Bars", true), ("Reason", false)]);
    heads.extend(columns.strategy.then_some(("Strategy", false)));
    let rows: Vec<Vec<String>> = ranked.iter().map(|t| columns.cells(t)).collect();
    table(if best { "Best trades" } else { "Worst trades" }, &heads, &rows)
}

fn is_midnight(at: Option<Nanos>) -> bool {
    at.is_none_or(|at| at.0.rem_euclid(DAY) == 0)
}

/// What the rows of a trade table need to tell apart.
struct Columns {
    symbol: bool,
    strategy: bool,
    when: fn(Nanos) -> String,
}

impl Columns {
    fn cells(&self, t: &Trade) -> Vec<String> {
        let moment = |at: Option<Nanos>| at.map_or_else(|| MISSING.to_owned(), |at| format!("<time>{}</time>", (self.when)(at)));
        let mut cells = vec![escape(&t.ticket), format!("<strong>{}</strong>", or_dash(t.pnl, format::two))];
        cells.push(or_dash(t.pnl_fraction, format::percent));
        cells.extend(self.symbol.then(|| escape(&t.symbol)));
        cells.extend([escape(&t.side), or_dash(t.lots, format::lots), moment(t.opened_at), or_dash(t.entry, format::price)]);
        cells.extend([moment(t.closed_at), or_dash(t.exit, format::price)]);
        cells.extend([t.mae, t.mfe].map(|v| or_dash(v, format::two)));
        cells.extend([or_dash(t.bars, format::count), escape(&t.reason.replace('_', " "))]);
        cells.extend(self.strategy.then(|| escape(&t.strategy)));
        cells
    }
}

/// Costs by kind, each with its share of the whole and its size per trade.
pub(super) fn costs(run: &RunFolder) -> String {
    let mut kinds = vec![("Spread", "spread"), ("Commission", "commission"), ("Slippage", "slippage"), ("Swap", "swap")];
    if run.number("costs.conversion").is_some() {
        kinds.push(("Conversion", "conversion"));
    }
    let (total, trades) = (run.number("metrics.costs_total"), run.number("metrics.trades").filter(|n| *n > 0.0));
    let line = |name: &str, value: Option<f64>| {
        let share = value.zip(total.filter(|t| *t != 0.0)).map(|(v, t)| v / t);
        let each = value.zip(trades).map(|(v, n)| v / n);
        vec![name.to_owned(), or_dash(value, format::two), or_dash(share, format::percent), or_dash(each, format::two)]
    };
    let mut rows: Vec<Vec<String>> = kinds.iter().map(|(name, key)| line(name, run.number(&format!("costs.{key}")))).collect();
    rows.push(line("<strong>All</strong>", total));
    let amount = format!("Amount, {}", run.currency());
    table("Costs by kind", &[("Cost", false), (amount.trim_end_matches([' ', ',']), true), ("Share", true), ("Per trade", true)], &rows)
}

/// From what the prices gave to what was left, a row for each kind that is not nothing; and what each could have been.
pub(super) fn attribution(run: &RunFolder) -> String {
    let amount = |key: &str| run.number(&format!("attribution.{key}"));
    let (Some(gross), Some(net)) = (amount("gross"), amount("net")) else { return absent("The run recorded no attribution.") };
    let kinds = [
        ("Commission", "commission"),
        ("Spread", "spread"),
        ("Slippage", "slippage"),
        ("Swap", "swap"),
        ("Funding", "funding"),
        ("Borrow", "borrow"),
        ("Dividends", "dividends"),
        ("Conversion", "conversion"),
    ];
    let even = |key: &str| match run.number(&format!("break_even.{key}")) {
        Some(times) => format!("{} ×", format::two(times)),
        None => MISSING.to_owned(),
    };
    let row = |name: &str, value: f64, even: String| vec![name.to_owned(), format::two(value), even];
    let mut rows = vec![row("Gross, without any cost", gross, String::new())];
    let is_financing = |key: &str| ["swap", "funding", "borrow", "dividends"].contains(&key);
    for (name, key) in kinds {
        let Some(cost) = amount(key).filter(|cost| *cost != 0.0) else { continue };
        rows.push(row(name, -cost, if is_financing(key) { even("financing") } else { even(key) }));
    }
    rows.push(row("<strong>Net</strong>", net, even("costs")));
    let heads = format!("Amount, {}", run.currency());
    let heads = [("", false), (heads.trim_end_matches([' ', ',']), true), ("Breaks even at", true)];
    table("From gross to net", &heads, &rows)
}

/// A sentence in the place of a table or chart.
pub(super) fn absent(sentence: &str) -> String {
    format!("<p class=\"absent\">{}</p>\n", escape(sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_without_a_defined_return_are_one_sentence() {
        let year = |year, total: Option<f64>| YearReturns { year, months: [total; 12], total };
        let html = months(&[year(1999, Some(-1.587)), year(2000, None), year(2001, None)]);
        assert!(html.contains("From 2000 on the equity was not above zero") && !html.contains("<th scope=\"row\">2000"), "{html}");
        assert!(html.contains("−158.7%"));
    }

    #[test]
    fn gross_less_every_kind_is_net_and_what_was_not_paid_has_no_row() {
        let run = serde_json::json!({
            "attribution": {"gross": 300.0, "commission": 50.0, "spread": 100.0, "slippage": 0.0, "swap": -5.0, "funding": 0.0, "net": 155.0},
            "break_even": {"costs": 300.0 / 145.0, "spread": 2.55, "commission": 4.1, "financing": null},
        });
        let html = attribution(&RunFolder { run, ..RunFolder::default() });
        for cells in [
            ["Gross, without any cost", "300.00", ""],
            ["Commission", "−50.00", "4.10 ×"],
            ["Spread", "−100.00", "2.55 ×"],
            ["Swap", "5.00", MISSING],
        ] {
            let row: String = cells
                .iter()
                .enumerate()
                .map(|(i, c)| if i == 0 { format!("<td>{c}</td>") } else { format!("<td class=\"n\">{c}</td>") })
                .collect();
            assert!(html.contains(&row), "{row} in {html}");
        }
        assert!(html.contains("2.07 ×") && !html.contains("Slippage") && !html.contains("Funding"));
        assert!(attribution(&RunFolder::default()).contains("no attribution"));
    }

    #[test]
    fn trades_of_daily_bars_show_dates_alone() {
        let trade = |opened: &str| Trade { pnl: Some(1.0), opened_at: Some(opened.parse().unwrap()), ..Trade::default() };
        let html = |opened: &str| trades(&RunFolder { trades: vec![trade(opened)], ..RunFolder::default() }, true);
        assert!(html("2017-01-02T00:00:00Z").contains("<time>2017-01-02</time>"));
        assert!(html("2017-01-02T01:00:00Z").contains("<time>2017-01-02 01:00</time>"));
    }
}
