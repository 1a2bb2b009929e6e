//! What a sweep's page has beside a backtest's: is it luck, the trials, and the objective over the parameters.

use super::chart_sweep;
use super::format::{self, escape, or_dash};
use super::page::{Figure, figure, section};
use super::run::RunFolder;
use super::tables::{absent, table};
use super::trials::{self, Row, luck, plain};
use super::{metrics, svg};
use crate::error::Result;
use std::fmt::Write;

/// How many trials the table shows.
const SHOWN: usize = 20;

/// How many parameters are drawn one by one.
const SLICES: usize = 8;

/// Whether the run is of this kind.
pub(super) fn is_one(run: &RunFolder) -> bool {
    run.text("kind") == Some("sweep")
}

/// The sections, in reading order.
pub(super) fn sections(run: &RunFolder) -> Result<String> {
    Ok(choice(run) + &luck_section(run)? + &trials_section(run)? + &objective_section(run)? + &section("Best trials", BEST, &best(run)))
}

const BEST: &str = "By the objective, in sample, at most twenty. Neighbours that differ little from the chosen one are a good sign; a lone \
                    spike is not. DSR is each trial’s deflated Sharpe ratio among all of them.";

/// What was chosen, out of how many.
fn choice(run: &RunFolder) -> String {
    let Some(params) = run.run.get("chosen").and_then(|c| c.get("params")).and_then(|p| p.as_object()) else { return String::new() };
    let pairs: Vec<String> =
        params.iter().filter_map(|(name, value)| Some(format!("<strong>{} {}</strong>", escape(name), plain(value.as_f64()?)))).collect();
    let count = |key: &str| or_dash(run.number(&format!("counts.{key}")), format::count);
    let mut told = format!(
        "<p>Of {} trials ({}), the one with {} was chosen: {} {}.",
        count("trials_played"),
        escape(run.text("search.method").unwrap_or("")).replace('_', " "),
        pairs.join(", "),
        escape(&chart_sweep::objective(run)),
        or_dash(run.number("chosen.objective"), plain)
    );
    if let Some(plateau) = run.number("chosen.plateau") {
        write!(told, " The median of its neighbourhood is {}.", plain(plateau)).expect("strings grow");
    }
    for (key, words) in [("infeasible", "points broke a constraint and were not played"), ("repeated", "points came up again")] {
        if run.number(&format!("counts.{key}")).is_some_and(|n| n > 0.0) {
            write!(told, " {} {words}.", count(key)).expect("strings grow");
        }
    }
    told += " Everything below the trials is this one, played again as a backtest; none of it is out of sample.</p>\n";
    section("The choice", "", &told)
}

fn luck_section(run: &RunFolder) -> Result<String> {
    let note = "Of the trials’ returns per trading day. Each figure answers the question how likely a result like this is when nothing is to \
                be found; docs/luck.md has the rules.";
    let what = Figure { height: 260, unit: None, absent: "The splits need two trials and sixteen days." };
    let histogram = figure(|d| chart_sweep::logits(run, d), &what)?;
    let about = "<p class=\"note\">The days are cut into halves in every way that sixteen blocks allow; each time the best trial of one half is \
                 ranked among all on the other. To the left of zero the choice was worth less than a coin.</p>\n";
    Ok(section("Is it luck?", note, &(figures(run) + "<h3>Chosen on one half, looked at on the other</h3>\n" + about + &histogram)))
}

/// How a number is written.
type Written = fn(f64) -> String;

/// A figure, its value, and what it says here.
type Line = (&'static str, Option<String>, String);

fn figures(run: &RunFolder) -> String {
    let (trials, effective) = (or_dash(luck(run, "trials"), format::count), or_dash(luck(run, "effective_trials"), format::count));
    let two = |path: &str| luck(run, path).map(format::two);
    let p = |path: &str| luck(run, path).map(|p| if p < 0.001 { "< 0.001".to_owned() } else { format::decimal(p, 3) });
    let share = |path: &str| or_dash(luck(run, path), format::whole_percent);
    let lines: [Line; 11] = [
        ("Deflated Sharpe ratio", two("dsr"), deflated(run, &trials, &effective)),
        (
            "Hansen’s test against zero, p",
            p("against_zero.chosen_p"),
            "how often the best of the trials would do as well as the choice if none had an edge; their correlations are kept".into(),
        ),
        (
            "Hansen’s test against buy and hold, p",
            p("against_benchmark.chosen_p"),
            "the same for earning more than was to be had by holding".into(),
        ),
        (
            "White’s reality check, p",
            p("against_zero.white_p"),
            "the best trial’s mean, every trial taken to be exactly worth nothing: poor trials make it milder on luck".into(),
        ),
        (
            "Probability of backtest overfitting",
            two("overfit.pbo"),
            format!(
                "the best trial of one half of the days falls into the lower half on the other in this share of {} splits",
                or_dash(luck(run, "overfit.splits"), format::count)
            ),
        ),
        (
            "Loses on the other half",
            Some(share("overfit.oos_loss_probability")),
            "how often the best of one half has a Sharpe ratio below zero on the other".into(),
        ),
        (
            "Degradation slope",
            two("overfit.degradation_slope"),
            "its ratio there for each unit of ratio where it was chosen; below zero, better looking is worse".into(),
        ),
        ("Probabilistic Sharpe ratio", two("psr"), "the probability that its true ratio is above zero, had it been the only trial".into()),
        (
            "Minimum track record",
            luck(run, "min_trl").map(|n| format!("{} days", format::count(n.ceil()))),
            format!(
                "days its ratio needs to stand above zero with 95% confidence; {} are there",
                or_dash(luck(run, "periods"), format::count)
            ),
        ),
        ("Entry times, p", p("entries.p"), "how often the same trades at random other times would earn as much, before costs".into()),
        ("Intervals, 95%", Some(String::new()), intervals(run)),
    ];
    let row =
        |(name, value, words): Line| vec![format!("<strong>{name}</strong>"), value.unwrap_or_else(|| format::MISSING.to_owned()), words];
    table(
        "Figures of luck",
        &[("Figure", false), ("Value", true), ("What it says", false)],
        &lines.into_iter().map(row).collect::<Vec<_>>(),
    )
}

fn deflated(run: &RunFolder, trials: &str, effective: &str) -> String {
    let (Some(sr0), Some(own)) = (luck(run, "sr0_annual"), luck(run, "sharpe")) else { return String::new() };
    let spread = luck(run, "sharpe_spread").zip(luck(run, "luck_spread")).map_or_else(String::new, |(found, luck)| {
        format!("; their ratios spread by {}, by luck alone it would be about {}", format::two(found), format::two(luck))
    });
    format!(
        "the probability that the true Sharpe ratio is above {}, the best that {trials} trials (worth {effective} independent ones) would show \
         without skill; the choice shows {}{spread}",
        format::two(sr0),
        format::two(own)
    )
}

/// Both kinds of interval of each figure that has one.
fn intervals(run: &RunFolder) -> String {
    let ends = |key: &str, kind: &str, with: Written| {
        let end = |side: &str| luck(run, &format!("intervals.{key}.{kind}.{side}"));
        end("low").zip(end("high")).map_or_else(|| format::MISSING.to_owned(), |(low, high)| format!("{} to {}", with(low), with(high)))
    };
    let kinds: [(&str, &str, Written); 3] = [
        ("sharpe", "Sharpe ratio", format::two),
        ("profit_factor", "profit factor", format::two),
        ("max_drawdown_fraction", "drawdown", format::percent),
    ];
    let each = kinds.map(|(key, name, with)| {
        format!("{name} {} (BCa), {} (stationary bootstrap)", ends(key, "bca", with), ends(key, "stationary", with))
    });
    each.join("; ") + ". They do not know of the other trials"
}

fn trials_section(run: &RunFolder) -> Result<String> {
    let what = Figure { height: 280, unit: None, absent: "No trial has a Sharpe ratio." };
    let note = "Each that was played over the whole history. Where the chosen one stands beyond what luck would show, the search found something, or was fitted \
                to these prices.";
    let heading = if luck(run, "played_whole").is_some() { "Trials played to the end" } else { "All trials" };
    Ok(section(heading, note, &figure(|d| chart_sweep::histogram(run, d), &what)?))
}

fn objective_section(run: &RunFolder) -> Result<String> {
    let parameters = trials::parameters(run);
    if parameters.is_empty() {
        return Ok(section("The objective over the parameters", "", &absent("No parameter varied.")));
    }
    let row = |(parameter, share): &(trials::Parameter, f64)| {
        let chosen = trials::chosen(run).and_then(|row| row.get(&parameter.name)).copied();
        vec![escape(&parameter.name), or_dash(chosen, plain), format::whole_percent(*share)]
    };
    let heads = [("Parameter", false), ("Chosen", true), ("Explains", true)];
    let mut html = table("Parameters of the search", &heads, &parameters.iter().map(row).collect::<Vec<_>>());
    let what = Figure { height: 420, unit: None, absent: "A map needs two parameters." };
    html += &figure(|d| chart_sweep::heat_map(run, d), &what)?;
    html += "<h3>Along each parameter</h3>\n<p class=\"note\">A dot a trial; gold, their median; blue, the trials that differ from the chosen one in \
             this parameter alone, where there are three. The ring is the choice.</p>\n<div class=\"slices\">\n";
    for (parameter, _) in parameters.iter().take(SLICES) {
        if let Some(plot) = chart_sweep::slice(run, parameter, &parameters) {
            writeln!(html, "<figure>{}</figure>", svg::half(&plot, 240)?).expect("strings grow");
        }
    }
    html += "</div>\n";
    let note = "“Explains” is the share of the differences between the trials’ objectives that goes with this parameter alone. The map has the two \
                that explain most, and in each cell the median of its trials; blue is above zero and orange below where there are both, else \
                darker is more. The ring is the choice: on a plateau its neighbours are as good, and a lone spike is luck.";
    Ok(section("The objective over the parameters", note, &html))
}

fn best(run: &RunFolder) -> String {
    let mut rows: Vec<&Row> = trials::whole(run).into_iter().filter(|row| trials::objective(row).is_some()).collect();
    rows.sort_by(|a, b| trials::objective(b).partial_cmp(&trials::objective(a)).unwrap_or(std::cmp::Ordering::Equal));
    if rows.is_empty() {
        return absent("No trial has an objective.");
    }
    let names: Vec<String> = trials::parameters(run).into_iter().map(|(p, _)| p.name).collect();
    let shown = ["sharpe", "profit_factor", "trades", "net_profit", "max_drawdown_fraction", "dsr"];
    let objective = chart_sweep::objective(run);
    let titles: Vec<String> = shown.iter().map(|key| metrics::metric(key).0).collect();
    let mut heads: Vec<(&str, bool)> = vec![("Trial", true)];
    heads.extend(names.iter().map(|name| (name.as_str(), true)));
    heads.push((objective.as_str(), true));
    heads.extend(titles.iter().map(|title| (title.as_str(), true)));
    let own = run.number("chosen.trial");
    let cells = |row: &&Row| {
        let is_chosen = row.get("trial").copied() == own;
        let number = or_dash(row.get("trial").copied(), format::count);
        let mut cells = vec![if is_chosen { format!("<strong>{number} ◦</strong>") } else { number }];
        cells.extend(names.iter().map(|name| or_dash(row.get(name).copied(), plain)));
        cells.push(format!("<strong>{}</strong>", or_dash(trials::objective(row), plain)));
        cells.extend(shown.iter().map(|key| or_dash(row.get(*key).copied(), metrics::metric(key).1)));
        cells
    };
    table("Best trials of the search", &heads, &rows.iter().take(SHOWN).map(cells).collect::<Vec<_>>())
}
