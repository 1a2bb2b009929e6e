//! The page: sections in reading order, one self-contained HTML file.

use super::chart_equity::{self, Detail};
use super::chart_trades;
use super::format::{self, escape};
use super::plot::Plot;
use super::run::RunFolder;
use super::series::{ROLLING_DAYS, Series};
use super::tables::absent;
use super::{fills, findings, head, manifest, metrics, svg, sweep, tables, walk, words};
use crate::error::Result;
use std::fmt::Write;

/// The whole page of a run.
///
/// # Errors
/// [`crate::error::Error::Failed`] when a chart cannot be drawn.
pub(super) fn render(run: &RunFolder, series: &Series) -> Result<String> {
    let name = run.text("name").unwrap_or("unnamed run");
    let mut html = opening(&format!("{name} – {}", kind(run)));
    write!(
        html,
        "<header>\n<p class=\"eyebrow\">{}</p>\n<h1>{}</h1>\n{}</header>\n",
        eyebrow(run),
        escape(name),
        subtitle(run) + &strategies(run)
    )
    .expect("strings grow");
    html += &head::verdict(run);
    html += &head::tiles(run);
    html += &warnings(run);
    if sweep::is_one(run) {
        html += &sweep::sections(run)?;
    }
    if walk::is_one(run) {
        html += &walk::sections(run)?;
    }
    html += &fills::section(run).map_or_else(String::new, |body| section("Inside the bar", &fills::note(run), &body));
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

/// The data, one line for all files of the same span.
pub(super) fn subtitle(run: &RunFolder) -> String {
    let mut spans: Vec<(String, Vec<&str>)> = Vec::new();
    for file in run.list("manifest.data") {
        let text = |key: &str| file.get(key).and_then(serde_json::Value::as_str).unwrap_or("");
        let days = [text("first"), text("last")].map(format::date_text).join(" to ");
        let rows =
            file.get("rows").and_then(serde_json::Value::as_f64).map_or_else(String::new, |r| format!(", {} bars", format::count(r)));
        let span = format!("{}, {days}{rows}", text("timeframe"));
        match spans.iter_mut().find(|(known, _)| *known == span) {
            Some((_, symbols)) => symbols.push(text("symbol")),
            None => spans.push((span, vec![text("symbol")])),
        }
    }
    let line = |(span, symbols): (String, Vec<&str>)| {
        let each = if symbols.len() > 1 { " each" } else { "" };
        format!("<p class=\"subtitle\">{}</p>\n", escape(&format!("{} {span}{each}", symbols.join(", "))))
    };
    spans.into_iter().map(line).collect()
}

/// Each strategy once: its parameters, what it does and when it loses.
pub(super) fn strategies(run: &RunFolder) -> String {
    let mut lines: Vec<String> = Vec::new();
    for strategy in run.list("manifest.strategies") {
        let text = |key: &str| strategy.get(key).and_then(serde_json::Value::as_str).unwrap_or("");
        let loses = match text("loses_when") {
            "" => String::new(),
            when => format!(" <em>Loses when:</em> {}", escape(when)),
        };
        let params = match manifest::params(strategy).as_str() {
            // Those of the file were not traded.
            _ if walk::is_one(run) => " (parameters chosen anew in each fold)".to_owned(),
            format::MISSING => String::new(),
            params => format!(" ({})", escape(params)),
        };
        let (name, about) = (escape(text("name")), escape(text("about")));
        let line = format!("<p class=\"strategy\"><strong>{name}</strong>{params}. {about}{loses}</p>\n");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
}

/// A part of the page. What explains a chart or table is left out where there is none.
pub(super) fn section(title: &str, note: &str, body: &str) -> String {
    let note =
        if note.is_empty() || body.starts_with("<p class=\"absent\"") { String::new() } else { format!("<p class=\"note\">{note}</p>\n") };
    format!("<section>\n<h2>{title}</h2>\n{note}{body}</section>\n")
}

/// What a chart needs besides its drawing.
pub(super) struct Figure<'a> {
    pub(super) height: u32,
    /// How the readout under the pointer writes values; none without it.
    pub(super) unit: Option<&'a str>,
    /// What stands there when there is nothing to draw.
    pub(super) absent: &'a str,
}

/// A chart in both widths with its legend, or a sentence where there is nothing to draw.
pub(super) fn figure(draw: impl Fn(Detail) -> Option<Plot>, what: &Figure) -> Result<String> {
    let (Some(wide), Some(narrow)) = (draw(Detail::Wide), draw(Detail::Narrow)) else { return Ok(absent(what.absent)) };
    let keys: String =
        wide.legend.iter().map(|(label, ink)| format!("<span class=\"key k-{}\">{}</span>", ink.name(), escape(label))).collect();
    let attributes = what.unit.map_or_else(String::new, |unit| format!(" class=\"hover\" data-unit=\"{unit}\""));
    let caption = if keys.is_empty() { String::new() } else { format!("<figcaption>{keys}</figcaption>\n") };
    Ok(format!("<figure{attributes}>\n{caption}{}</figure>\n", svg::both(&wide, &narrow, what.height)?))
}

fn over_time(run: &RunFolder, series: &Series) -> Result<String> {
    const NO_ROWS: &str = "No equity was recorded.";
    let per = run.text("equity_rows").map_or_else(String::new, |rows| format!("One value a {}. ", escape(rows)));
    let note =
        format!("{per}In {}, after all costs. The level line is the starting capital.", escape(run.currency())).replace("In , a", "A");
    let what = Figure { height: 340, unit: Some("money"), absent: NO_ROWS };
    let mut html = section("Equity against buy and hold", &note, &figure(|d| chart_equity::equity(run, d), &what)?);
    let what = Figure { height: 220, unit: Some("percent"), absent: NO_ROWS };
    let mut note = "Loss from the highest equity so far, the starting capital being the first.".to_owned();
    if run.text("equity_rows") == Some("day") {
        note += " Drawn at the end of each day; the figures count every bar.";
    }
    html += &section("Drawdown against buy and hold", &note, &figure(|d| chart_equity::drawdown(run, d), &what)?);
    let note = "Spread and slippage are in the prices of the fills; commission and swap are booked beside them. Positions still open are included.";
    html += &section("Costs", note, &tables::costs(run));
    let note = "What the same deals would have earned at the middle of the quotes, and what each cost took. Breaks even: how many times that cost, \
                the others as they were, leaves a profit of zero (for the last row all costs together); none where the run loses without it. The deals are \
                taken as they were done: other costs would have moved sizes, stops and decisions.";
    html += &section("What the costs are worth", note, &tables::attribution(run));
    let note = "On the equity at the end of the month before; months of UTC. Blue is gain, orange is loss. Total is the whole year.";
    html += &section("Monthly returns", note, &tables::months(&series.years));
    let missing = format!("It needs {ROLLING_DAYS} trading days with equity above zero and returns that vary.");
    let what = Figure { height: 240, unit: Some("ratio"), absent: &missing };
    let rolling = figure(|d| chart_equity::rolling_sharpe(run, ROLLING_DAYS, &series.rolling, d), &what)?;
    let error = (run.number("periods_per_year").unwrap_or(252.0) / ROLLING_DAYS as f64).sqrt();
    let note = format!("Of the last {ROLLING_DAYS} trading days, annualised. So few days leave a standard error of about {error:.1}.");
    html += &section("Rolling Sharpe ratio", &note, &rolling);
    let note = "Value of the open positions over equity, averaged over equal stretches; 1 is the whole account, more is borrowed.";
    let what = Figure { height: 200, unit: None, absent: "No position was ever open." };
    Ok(html + &section("Exposure over time", note, &figure(|d| chart_equity::exposure(run, d), &what)?))
}

fn trade_sections(run: &RunFolder, series: &Series) -> Result<String> {
    let unit = escape(run.currency());
    let what = |height| Figure { height, unit: None, absent: "No trade was closed." };
    let note = format!("Net of costs, in {unit}; height is the number of trades.").replace(", in ;", ";");
    let histogram = figure(|d| chart_trades::histogram(run, &series.bins, d), &what(280))?;
    let mut html = section("Profit and loss of single trades", &note, &histogram);
    let note = "One dot a trade (dots that would cover each other are drawn once), before commission and swap. Across: the most it was down \
                (maximum adverse excursion). Upwards: the most it was up (maximum favourable excursion). Winners far to the right were lucky to be \
                held; losers high up gave profit back. On the line both are equal.";
    html += &section("Trade scatter: MAE and MFE", note, &figure(|d| chart_trades::excursions(run, d), &what(360))?);
    let note = format!(
        "At most twenty. Profit and loss (P/L) in {unit}, net of commission and swap; P/L % is of the position’s value at entry. MAE and MFE in \
         {unit}, before commission and swap; times in UTC."
    );
    html += &section("Best trades", &note.replace(" in ,", ",").replace("in , ", ""), &tables::trades(run, true));
    Ok(html + &section("Worst trades", "", &tables::trades(run, false)))
}

pub(super) fn list(items: Vec<String>, class: &str) -> String {
    items.into_iter().fold(format!("<ul class=\"{class}\">\n"), |html, item| html + "<li>" + &item + "</li>\n") + "</ul>\n"
}

/// What the reader should know before the numbers; nothing where there is nothing to know.
pub(super) fn warnings(run: &RunFolder) -> String {
    let warnings: Vec<String> = run.list("warnings").iter().filter_map(|w| w.as_str()).map(|w| escape(&format::typeset(w))).collect();
    if warnings.is_empty() { String::new() } else { section("Warnings", "", &list(warnings, "prose warnings")) }
}

/// The positions that were held over holes in the data; nothing where there is none.
fn gaps_crossed(run: &RunFolder) -> String {
    let note = "While nothing was recorded these positions were open, although the market was too: no stop or target could be met inside, and the \
                price after the hole was taken for the next. The longest holes first.";
    let (count, longest) = (run.number("gaps_crossed.count"), run.list("gaps_crossed.longest"));
    if longest.is_empty() { String::new() } else { section("Held over gaps in the data", note, &findings::gaps_crossed(count, longest)) }
}

fn grounds(run: &RunFolder) -> String {
    gaps_crossed(run)
        + &section("Data findings", "", &findings::section(run))
        + &section("Assumptions", "What this result takes for granted.", &list(words::assumptions(run), "prose"))
        + &section("All metrics", "", &metrics::table(run))
        + &section("Manifest", "", &manifest::section(run))
}
