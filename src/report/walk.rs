//! What a walk-forward's page has beside a backtest's: its folds, what they chose and what came of it, and whether that is luck.

use super::chart_walk;
use super::format::{self, MISSING, escape, or_dash};
use super::page::{Figure, figure, section};
use super::run::{Fold, RunFolder};
use super::tables::table;
use super::trials::{luck, plain};
use super::{metrics, svg};
use crate::error::Result;
use crate::stats::moments::mean;
use std::fmt::Write;

/// How many parameters are drawn.
const PARAMETERS: usize = 8;

/// Whether the run is of this kind.
pub(super) fn is_one(run: &RunFolder) -> bool {
    run.text("kind") == Some("walkforward")
}

/// The sections, in reading order.
pub(super) fn sections(run: &RunFolder) -> Result<String> {
    Ok(summary(run) + &folds_section(run)? + &choices(run)? + &paths(run)? + &luck_section(run))
}

fn of(fold: &Fold, key: &str) -> Option<f64> {
    fold.numbers.get(key).copied()
}

/// The walk-forward in a paragraph: what was done, and what was left of it out of sample.
fn summary(run: &RunFolder) -> String {
    let average = |key: &str| mean(&run.folds.iter().filter_map(|fold| of(fold, key)).collect::<Vec<_>>());
    let number = |path: &str| run.number(&format!("walkforward.{path}"));
    let edges = if run.text("walkforward.edges") == Some("carry") { "carried over" } else { "closed" };
    let mut told = format!(
        "<p>{} folds ({}), {} trials in all; positions are {edges} at their edges. The choices had a mean Sharpe ratio of <strong>{}</strong> in \
         sample and of <strong>{}</strong> on the rows that they had not seen.",
        or_dash(number("folds"), format::count),
        escape(run.text("walkforward.scheme").unwrap_or("")),
        or_dash(number("trials"), format::count),
        or_dash(average("is_sharpe"), format::two),
        or_dash(average("oos_sharpe"), format::two),
    );
    match number("efficiency") {
        Some(kept) => write!(told, " The stitched curve earned {} of their annual return in sample.", format::whole_percent(kept)),
        None => write!(told, " Their return in sample was not above zero on average, so there is no efficiency to speak of."),
    }
    .expect("strings grow");
    if let Some(pbo) = number("pbo_median") {
        write!(told, " Within a fold, the best trial was the best by luck with a probability of {} (median).", format::two(pbo))
            .expect("strings grow");
    }
    if let Some(split) = number("inner_split").filter(|split| *split > 0.0) {
        let finalists = or_dash(number("finalists"), format::count);
        write!(
            told,
            " Each fold set the last {} of its training rows aside and compared its {finalists} best there.",
            format::whole_percent(split)
        )
        .expect("strings grow");
    }
    section("The walk", "", &(told + " Everything below is out of sample unless it says otherwise.</p>\n"))
}

fn folds_section(run: &RunFolder) -> Result<String> {
    let height = (90 + 18 * run.folds.len() as u32).clamp(160, 520);
    let what = Figure { height, unit: None, absent: "No fold was recorded." };
    let mut html = figure(|d| chart_walk::timeline(run, d), &what)?;
    html += "<h3>In sample against out of sample</h3>\n<p class=\"note\">A dot a fold, each from the account’s cash. Below the diagonal the choice was \
             worth less than it looked; a cloud without a slope says that what looks best in sample is no better after.</p>\n";
    let what = Figure { height: 340, unit: None, absent: "No fold has a Sharpe ratio on both sides." };
    html += &figure(|d| chart_walk::scatter(run, d), &what)?;
    let note = "Each fold searches and chooses on its training rows, and looks at its test rows once.";
    Ok(section("Folds", note, &(html + &fold_table(run))))
}

fn parameters(run: &RunFolder) -> Vec<String> {
    let known = |name: &String| run.folds.iter().any(|fold| fold.numbers.contains_key(name));
    let space = run.list("walkforward.parameters").iter().filter_map(|name| name.as_str().map(str::to_owned));
    space.filter(known).collect()
}

fn fold_table(run: &RunFolder) -> String {
    let names = parameters(run);
    let mut heads: Vec<(&str, bool)> = vec![("Fold", true), ("Tested", false)];
    heads.extend(names.iter().map(|name| (name.as_str(), true)));
    heads.extend([
        ("Sharpe, in sample", true),
        ("Sharpe, out of sample", true),
        ("Return, in sample", true),
        ("Return, out of sample", true),
    ]);
    heads.extend([("Trades, out of sample", true), ("Efficiency", true), ("PBO", true)]);
    let row = |(number, fold): (usize, &Fold)| {
        let dates =
            |(from, to): &(crate::time::Nanos, crate::time::Nanos)| format!("{} to {}", format::date(*from), format::date(to.plus(-1)));
        let mut cells = vec![number.to_string(), fold.test.iter().map(dates).collect::<Vec<_>>().join(", ")];
        cells.extend(names.iter().map(|name| or_dash(of(fold, name), plain)));
        let keys = ["is_sharpe", "oos_sharpe", "is_return_fraction", "oos_return_fraction", "oos_trades"];
        cells.extend(keys.iter().map(|key| {
            let name = key.trim_start_matches("is_").trim_start_matches("oos_");
            let cell = or_dash(of(fold, key), metrics::metric(name).1);
            if key.starts_with("oos") { format!("<strong>{cell}</strong>") } else { cell }
        }));
        cells.push(or_dash(of(fold, "efficiency"), format::whole_percent));
        cells.push(or_dash(of(fold, "pbo"), format::two));
        cells
    };
    table("Folds of the walk-forward", &heads, &run.folds.iter().enumerate().map(row).collect::<Vec<_>>())
}

fn choices(run: &RunFolder) -> Result<String> {
    let mut html = "<div class=\"slices\">\n".to_owned();
    let mut drawn = 0;
    for name in parameters(run).iter().take(PARAMETERS) {
        if let Some(plot) = chart_walk::parameter(run, name) {
            writeln!(html, "<figure>{}</figure>", svg::half(&plot, 220)?).expect("strings grow");
            drawn += 1;
        }
    }
    if drawn == 0 {
        return Ok(String::new());
    }
    let note = "What each fold chose, at the middle of its test span. A rule that knows something asks for much the same again and again; one that \
                jumps about was fitted to its training rows.";
    Ok(section("Parameters over time", note, &(html + "</div>\n")))
}

fn paths(run: &RunFolder) -> Result<String> {
    if run.oos_paths.is_empty() {
        return Ok(String::new());
    }
    let what = Figure { height: 320, unit: Some("money"), absent: "No path was recorded." };
    let fan = figure(|d| chart_walk::fan(run, d), &what)?;
    let row = |(number, path): (usize, &serde_json::Value)| {
        let get = |key: &str, with: fn(f64) -> String| or_dash(super::run::number(path, key), with);
        vec![
            number.to_string(),
            get("sharpe", format::two),
            get("return_fraction", format::percent),
            get("max_drawdown_fraction", format::percent),
            get("trades", format::count),
        ]
    };
    let heads = [("Path", true), ("Sharpe", true), ("Return", true), ("Drawdown", true), ("Trades", true)];
    let rows: Vec<Vec<String>> = run.list("walkforward.paths").iter().enumerate().map(row).collect();
    let note = "Each path goes through all of the data, every stretch traded by a fold that had not seen it. How far the paths lie apart is how much \
                of a single curve is chance.";
    Ok(section("Paths", note, &(fan + &table("Paths through the folds", &heads, &rows))))
}

fn luck_section(run: &RunFolder) -> String {
    let counted = super::run::number(&run.verdict, "ledger.trials").map_or_else(
        || "the probability that its true Sharpe ratio is above zero, this specification alone".to_owned(),
        |n| format!("after all specifications that have looked at these days, this one included: {}", format::count(n)),
    );
    let p = |value: Option<f64>| value.map(|p| if p < 0.001 { "&lt; 0.001".to_owned() } else { format::decimal(p, 3) });
    let verdict = |path: &str| super::run::number(&run.verdict, path);
    let interval = |key: &str, with: fn(f64) -> String| {
        let end = |side: &str| luck(run, &format!("intervals.{key}.stationary.{side}"));
        end("low").zip(end("high")).map(|(low, high)| format!("{} to {}", with(low), with(high)))
    };
    let lines: Vec<(&str, Option<String>, String)> = vec![
        (
            "Chance of luck, p",
            p(verdict("luck_p")),
            "how often a curve without an edge would look as significant; above 0.02 it is called luck".into(),
        ),
        ("Deflated Sharpe ratio", verdict("dsr").map(format::two), counted),
        ("Probabilistic Sharpe ratio", luck(run, "psr").map(format::two), "the same for this curve alone".into()),
        (
            "Minimum track record",
            luck(run, "min_trl").map(|n| format!("{} days", format::count(n.ceil()))),
            format!(
                "days its ratio needs to stand above zero with 95% confidence; {} are there",
                or_dash(luck(run, "periods"), format::count)
            ),
        ),
        (
            "Entry times, p",
            p(luck(run, "entries.p")),
            "how often the same trades at random other times would earn as much, before costs".into(),
        ),
        ("Sharpe ratio, 95%", interval("sharpe", format::two), "stationary bootstrap of its days".into()),
        ("Profit factor, 95%", interval("profit_factor", format::two), "stationary bootstrap of its trades".into()),
        ("Drawdown, 95%", interval("max_drawdown_fraction", format::percent), "stationary bootstrap of its days".into()),
    ];
    let row = |(name, value, words): (&str, Option<String>, String)| {
        vec![format!("<strong>{name}</strong>"), value.unwrap_or_else(|| MISSING.to_owned()), words]
    };
    let heads = [("Figure", false), ("Value", true), ("What it says", false)];
    let note = "Of the stitched curve’s returns per trading day. The trials inside the folds never saw these days, so they do not count against it; \
                every specification that has looked at them does. docs/luck.md has the rules.";
    section("Is it luck?", note, &table("Figures of luck", &heads, &lines.into_iter().map(row).collect::<Vec<_>>()))
}
