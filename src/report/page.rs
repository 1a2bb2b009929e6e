//! The page: sections in reading order, one self-contained HTML file.

use super::chart_equity::{self, Detail};
use super::chart_trades;
use super::format::{self, escape};
use super::plot::Plot;
use super::run::RunFolder;
use super::series::{ROLLING_DAYS, Series};
use super::tables::absent;
use super::{head, manifest, svg, tables, words};
use crate::error::Result;
use std::fmt::Write;

/// The whole page of a run.
///
/// # Errors
/// [`crate::error::Error::Failed`] when a chart cannot be drawn.
pub(super) fn render(run: &RunFolder, series: &Series) -> Result<String> {
    let name = run.text("name").unwrap_or("unnamed run");
    let mut html = opening(&format!("{name} – {}", kind(run)));
    write!(html, "<header>\n<p class=\"eyebrow\">{}</p>\n<h1>{}</h1>\n{}</header>\n", eyebrow(run), escape(name), subtitle(run))
        .expect("strings grow");
    html += &head::verdict(run);
    html += &head::tiles(run);
    html += &over_time(run, series)?;
    html += &trade_sections(run, series)?;
    html += &grounds(run);
    html += "</main>\n<script>\n";
    html += include_str!("script.js");
    Ok(html + "</script>\n</body>\n</html>\n")
}

/// Everything before the first content, the style sheet inside.
pub(super) fn opening(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
        escape(title),
        include_str!("style.css")
    )
}

fn kind(run: &RunFolder) -> String {
    format!("{} report", run.text("kind").unwrap_or("backtest"))
}

fn eyebrow(run: &RunFolder) -> String {
    let version = run.text("manifest.version").map_or_else(String::new, |v| format!(" {v}"));
    escape(&format!("{} · cthulu-lab{version}", kind(run)))
}

fn subtitle(run: &RunFolder) -> String {
    let mut html = String::new();
    for file in run.list("manifest.data") {
        let text = |key: &str| file.get(key).and_then(serde_json::Value::as_str).unwrap_or("");
        let days = [text("first"), text("last")].map(format::date_text).join(" to ");
        let rows =
            file.get("rows").and_then(serde_json::Value::as_f64).map_or_else(String::new, |r| format!(", {} bars", format::count(r)));
        writeln!(html, "<p class=\"subtitle\">{}</p>", escape(&format!("{} {}, {days}{rows}", text("symbol"), text("timeframe"))))
            .expect("strings grow");
    }
    html
}

fn section(title: &str, note: &str, body: &str) -> String {
    let note = if note.is_empty() { String::new() } else { format!("<p class=\"note\">{note}</p>\n") };
    format!("<section>\n<h2>{title}</h2>\n{note}{body}</section>\n")
}

/// A chart in both widths with its legend, or a sentence where there is nothing to draw.
fn figure(wide: Option<Plot>, narrow: Option<Plot>, height: u32, attributes: &str) -> Result<String> {
    let (Some(wide), Some(narrow)) = (wide, narrow) else { return Ok(absent("Too little data for this chart.")) };
    let keys: String =
        wide.legend.iter().map(|(label, ink)| format!("<span class=\"key k-{}\">{}</span>", ink.name(), escape(label))).collect();
    let caption = if keys.is_empty() { String::new() } else { format!("<figcaption>{keys}</figcaption>\n") };
    Ok(format!("<figure{attributes}>\n{caption}{}</figure>\n", svg::both(&wide, &narrow, height)?))
}

fn two(draw: impl Fn(Detail) -> Option<Plot>, height: u32) -> Result<String> {
    figure(draw(Detail::Wide), draw(Detail::Narrow), height, "")
}

fn over_time(run: &RunFolder, series: &Series) -> Result<String> {
    let per = run.text("equity_rows").map_or_else(String::new, |rows| format!("One value a {}. ", escape(rows)));
    let currency = escape(run.currency());
    let note = format!("{per}In {currency}, after all costs.").replace("In , a", "A");
    let equity = figure(chart_equity::equity(run, Detail::Wide), chart_equity::equity(run, Detail::Narrow), 340, " class=\"hover\"")?;
    let mut html = section("Equity against buy and hold", &note, &equity);
    let drawdown = two(|d| chart_equity::drawdown(run, d), 200)?;
    html += &section("Drawdown", "Loss from the highest equity so far, the starting capital being the first.", &drawdown);
    html += &section(
        "Costs",
        "Spread and slippage are in the prices of the fills; commission and swap are booked beside them.",
        &tables::costs(run),
    );
    html += &section(
        "Monthly returns",
        "On the equity at the end of the month before. Blue is gain, orange is loss.",
        &tables::months(&series.years),
    );
    let rolling = |d| chart_equity::rolling_sharpe(run, ROLLING_DAYS, &series.rolling, d);
    let error = (run.number("periods_per_year").unwrap_or(252.0) / ROLLING_DAYS as f64).sqrt();
    let note = format!("Of the last {ROLLING_DAYS} trading days, annualised. So few days leave a standard error of about {error:.1}.");
    html += &section("Rolling Sharpe ratio", &note, &two(rolling, 240)?);
    let note = "Value of the open positions over equity, averaged over equal stretches; 1 is the whole account, more is borrowed.";
    Ok(html + &section("Exposure over time", note, &two(|d| chart_equity::exposure(run, d), 180)?))
}

fn trade_sections(run: &RunFolder, series: &Series) -> Result<String> {
    let unit = escape(run.currency());
    let histogram = two(|d| chart_trades::histogram(run, &series.bins, d), 260)?;
    let mut html = section(
        "Profit and loss of single trades",
        &format!("Net of costs, in {unit}; height is the number of trades.").replace(", in ;", ";"),
        &histogram,
    );
    let excursions = two(|d| chart_trades::excursions(run, d), 320)?;
    let note = "Across: the most the trade was down. Upwards: the most it was up. Winners far to the right were lucky to be held; losers high up gave profit back. On the line both are equal.";
    html += &section("Excursions", note, &excursions);
    let note = format!("At most twenty. Profit and loss (P/L), MAE and MFE in {unit}, P/L net of commission and swap; times in UTC.")
        .replace(" in ,", "");
    html += &section("Best trades", &note, &tables::trades(run, true));
    Ok(html + &section("Worst trades", "", &tables::trades(run, false)))
}

fn grounds(run: &RunFolder) -> String {
    let list = |items: Vec<String>| {
        items.into_iter().fold("<ul class=\"prose\">\n".to_owned(), |html, item| html + "<li>" + &item + "</li>\n") + "</ul>\n"
    };
    let warnings: Vec<String> = run.list("warnings").iter().filter_map(|w| w.as_str()).map(escape).collect();
    let warned = if warnings.is_empty() { absent("None.") } else { list(warnings).replace("prose", "prose warnings") };
    section("Warnings", "", &warned)
        + &section("Assumptions", "What this result takes for granted.", &list(words::assumptions(run)))
        + &section("Data findings", "", &tables::findings(run))
        + &section("All metrics", "Undefined values are shown as –.", &tables::metrics(run))
        + &section("Manifest", "", &manifest::section(run))
}
