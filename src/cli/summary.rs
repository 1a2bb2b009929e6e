//! A run in a dozen lines of at most 80 columns.
//!
//! Only the path of the report may be longer: a path cut in two cannot be opened.

use std::{fmt::Write, path::Path};

use super::{COLUMNS, wrapped};
use crate::{
    bus::Stats,
    engine::Attribution,
    experiment::{Experiment, Outcome},
    stats::bootstrap::Interval,
};

/// Where the values begin.
pub(super) const INDENT: usize = 15;
/// Room for a warning's words and an ellipsis.
const WIDTH: usize = COLUMNS - 2 - INDENT;
/// Lines for warnings; the rest of them stand in the report.
const WARNING_LINES: usize = 2;

/// What the terminal shows after a run; `place` is what to look at next.
pub(super) fn text(experiment: &Experiment, outcome: &Outcome, place: &Path) -> String {
    with_more(experiment, outcome, (&outcome.verdict.headline, &[]), place)
}

/// The same with another verdict, and with lines of its own kind of run after it.
pub(super) fn with_more(experiment: &Experiment, outcome: &Outcome, (verdict, more): (&str, &[(&str, String)]), place: &Path) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| writeln!(text, "{label:<INDENT$}{value}").expect("a string can be written");
    let [_, figures @ ..] = figures(experiment, outcome);
    line("Verdict", verdict);
    for (label, value) in more.iter().chain(&figures) {
        line(label, value);
    }
    for (label, told) in ["Fill interval", ""].into_iter().zip(interval(experiment, outcome)) {
        line(label, &told);
    }
    let all: Vec<String> = outcome.finished.warnings.iter().chain(&outcome.warnings).cloned().collect();
    for (label, warning) in warnings(&all) {
        line(label, &warning);
    }
    line("Bus", &bus(&outcome.finished.stats));
    line("Report", &place.display().to_string());
    text
}

/// The verdict and what it stands on.
fn figures(experiment: &Experiment, outcome: &Outcome) -> [(&'static str, String); 8] {
    let (m, held, currency) = (&outcome.metrics, &outcome.benchmark, &experiment.spec.account.currency);
    let taken = Attribution::of(&outcome.run);
    let what = match experiment.sources.as_slice() {
        [one] => one.instrument.symbol.clone(),
        several => format!("{} instruments", several.len()),
    };
    let open = match outcome.run.book.positions().len() {
        0 => String::new(),
        1 => ", 1 position still open".into(),
        n => format!(", {n} positions still open"),
    };
    [
        ("Verdict", outcome.verdict.headline.clone()),
        ("Profit factor", with_interval(m.profit_factor, outcome.intervals.get("profit_factor"))),
        ("Sharpe", with_interval(m.sharpe, outcome.intervals.get("sharpe"))),
        ("Drawdown", format!("{} (buy and hold {})", percent(m.max_drawdown_fraction), percent(held.max_drawdown_fraction))),
        ("Net profit", format!("{} {currency} ({}), gross {}{open}", money(taken.net), percent(m.return_fraction), money(taken.gross))),
        (
            "Buy and hold",
            format!("{} {currency} ({}), {what}, net of the same costs", money(held.net_profit), percent(Some(held.return_fraction))),
        ),
        ("Costs", costs(&taken, currency)),
        (
            "Trades",
            format!("{} closed in {} bars, {} of them with a position", count(m.trades), count(m.bars), percent(m.exposure_fraction)),
        ),
    ]
}

/// What was paid, by kind, and at how many times as much nothing would be left, where there is room to say it.
fn costs(taken: &Attribution, currency: &str) -> String {
    let kinds = [
        ("spread", taken.spread),
        ("commission", taken.commission),
        ("slippage", taken.slippage),
        ("swap", taken.swap),
        ("funding", taken.funding),
        ("borrow", taken.borrow),
        ("dividends", taken.dividends),
        ("conversion", taken.conversion),
    ];
    let kinds: Vec<String> = kinds.iter().filter(|(_, paid)| *paid != 0.0).map(|(kind, paid)| format!("{kind} {}", money(*paid))).collect();
    if kinds.is_empty() {
        return format!("0 {currency}: none was charged");
    }
    let line = format!("{} {currency}: {}", money(taken.costs()), kinds.join(", "));
    let even = taken.break_even().costs.map_or_else(String::new, |times| format!("; breaks even at {times:.2}x"));
    if line.chars().count() + even.chars().count() <= COLUMNS - INDENT {
        return line + &even;
    }
    // A line that is too long as it is keeps its sum and the kinds that fit.
    wrapped(&line, COLUMNS - INDENT).first().map_or(line.clone(), |first| first.trim_end_matches(',').to_owned())
}

/// What the order of prices inside bars is worth, where that was asked.
fn interval(experiment: &Experiment, outcome: &Outcome) -> Vec<String> {
    let Some(found) = &outcome.fill_interval else { return Vec::new() };
    let ends = |key: &str, written: fn(f64) -> String| match (found.metrics[key][0].as_f64(), found.metrics[key][1].as_f64()) {
        (Some(low), Some(high)) => format!("{} to {}", written(low), written(high)),
        _ => "undefined".to_owned(),
    };
    let currency = &experiment.spec.account.currency;
    let sign = match found.trades.len() {
        1 => "1 trade changes sign".to_owned(),
        n => format!("{} trades change sign", count(n as u64)),
    };
    let (profit, factor) = (ends("net_profit", money), ends("profit_factor", |v| format!("{v:.2}")));
    vec![
        format!("net profit {profit} {currency}, profit factor {factor}"),
        format!("settled {} ways; {} of bars ambiguous, {sign}", found.modes.len(), percent(found.ambiguous_bar_fraction)),
    ]
}

/// The bus's state; queue depth and lag are in `machine.json`.
fn bus(stats: &Stats) -> String {
    let sum = |count: fn(&crate::bus::ConsumerStats) -> u64| stats.consumers.iter().map(count).sum::<u64>();
    let failed: String = stats.consumers.iter().filter(|c| c.failed).map(|c| format!(", {} FAILED", c.name)).collect();
    let (dropped, spilled, errors) = (sum(|c| c.dropped), sum(|c| c.spilled), sum(|c| c.errors));
    format!(
        "{} events to {} consumers, {dropped} dropped, {spilled} spilled, {errors} errors{failed}",
        count(stats.published),
        stats.consumers.len()
    )
}

/// Labelled lines. A single warning is told whole where it fits; of several each is told by its first clause, and what has no line is
/// counted.
pub(super) fn warnings(all: &[String]) -> Vec<(&'static str, String)> {
    if let [one] = all {
        let lines = wrapped(one, WIDTH);
        if lines.len() <= WARNING_LINES {
            return ["Warning", ""].into_iter().zip(lines).collect();
        }
    }
    let shown = if all.len() > WARNING_LINES { WARNING_LINES - 1 } else { all.len() };
    let mut lines: Vec<_> = all[..shown].iter().map(|warning| ("Warning", first_clause(warning))).collect();
    if all.len() > shown {
        lines.push(("", format!("and {} more in the report", all.len() - shown)));
    }
    lines
}

/// What stands before the colon that gives the reason, on one line.
fn first_clause(warning: &str) -> String {
    let clause = warning.split_once(": ").map_or(warning, |(clause, _)| clause);
    let lines = wrapped(clause, WIDTH);
    match lines.as_slice() {
        [first, _, ..] => first.trim_end_matches([',', ';']).to_owned() + " …",
        _ => clause.to_owned(),
    }
}

/// A ratio and its interval, or that it has none.
pub(super) fn with_interval(value: Option<f64>, interval: Option<&Option<Interval>>) -> String {
    let Some(value) = value else { return "undefined".into() };
    let interval = interval.and_then(Option::as_ref).map(|i| format!(" ({:.0}% interval {:.2} to {:.2})", i.level * 100.0, i.low, i.high));
    format!("{value:.2}{}", interval.unwrap_or_default())
}

pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "undefined".into(), |v| format!("{:.1}%", v * 100.0))
}

/// Whole money with thousands set apart.
fn money(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let sign = if value < 0.0 && digits != "0" { "-" } else { "" };
    sign.to_owned() + &grouped(&digits)
}

pub(super) fn count(value: u64) -> String {
    grouped(&value.to_string())
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + 4);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Spec, Watchers};

    /// The default experiment with `change` made to its text, and what came out.
    fn played(change: impl Fn(&str) -> String) -> (Experiment, Outcome) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = root.join("experiments/default.toml");
        let text = std::fs::read_to_string(&file).unwrap().replace("datasets/", &format!("{}/datasets/", root.display()));
        let experiment = Experiment::new(Spec::parse(&change(&text), &file).unwrap()).unwrap();
        let outcome = experiment.run(Watchers::Off).unwrap();
        (experiment, outcome)
    }

    fn shown(change: impl Fn(&str) -> String) -> String {
        let (experiment, outcome) = played(change);
        super::text(&experiment, &outcome, Path::new("reports/a/report.html"))
    }

    #[test]
    fn a_run_is_told_in_a_dozen_lines_of_eighty_columns() {
        let free = |text: &str| text.split("[costs]").next().unwrap().to_owned() + "[fills]\nmarket = \"close\"\n";
        let none =
            |text: &str| text.replace("price_side", "to = \"2017-01-20\"\nprice_side") + "[params]\noversold = 10.0\noverbought = 90.0\n";
        for told in [shown(str::to_owned), shown(free), shown(none)] {
            let lines: Vec<&str> = told.lines().collect();
            assert!(lines.len() <= 12 && lines.iter().all(|line| line.chars().count() <= COLUMNS), "{told}");
            let labels: Vec<&str> = lines.iter().map(|line| line[..INDENT].trim()).filter(|label| !label.is_empty()).collect();
            assert!(labels.starts_with(&[
                "Verdict",
                "Profit factor",
                "Sharpe",
                "Drawdown",
                "Net profit",
                "Buy and hold",
                "Costs",
                "Trades"
            ]));
            assert!(labels.ends_with(&["Bus", "Report"]) && told.contains("reports/a/report.html"), "{told}");
        }
    }

    #[test]
    fn an_interval_takes_two_lines() {
        let told = shown(|text| text.to_owned() + "\n[fills]\ninterval = true\n");
        let lines: Vec<&str> = told.lines().skip_while(|line| !line.starts_with("Fill interval  net profit ")).take(2).collect();
        assert!(lines[1].contains("settled 3 ways; ") && lines.iter().all(|line| line.chars().count() <= COLUMNS), "{told}");
    }

    #[test]
    fn a_lost_account_comes_first_and_has_no_sharpe_ratio_anywhere() {
        // 100 lots are about 10.5 million: a stop 0.16 % away costs more than the 10,000 of the account.
        let ruin =
            |text: &str| text.replace("leverage = 30.0", "leverage = 5000.0").replace("\"risk\", value = 0.01", "\"lots\", value = 100.0");
        let (_, outcome) = played(ruin);
        assert!(outcome.metrics.sharpe.is_none() && outcome.verdict.sharpe.is_none() && outcome.intervals["sharpe"].is_none());
        let told = shown(ruin);
        assert!(told.starts_with("Verdict        The account was lost after ") && told.contains("Sharpe         undefined\n"), "{told}");
    }

    #[test]
    fn an_undefined_ratio_has_no_interval() {
        let interval = Some(Interval {
            low: -0.5,
            high: 0.5,
            point: 0.1,
            level: 0.95,
            resamples: 9,
            block_bars: 1.0,
            method: crate::stats::bootstrap::Method::Bca,
        });
        assert_eq!(with_interval(None, Some(&interval)), "undefined");
        assert_eq!(with_interval(Some(0.1), Some(&interval)), "0.10 (95% interval -0.50 to 0.50)");
    }

    #[test]
    fn warnings_take_at_most_two_lines() {
        let long = "Neither a spread nor a commission is charged: nobody trades for free, so these results are too good.";
        let clause = || ("Warning", "Neither a spread nor a commission is charged".to_owned());
        assert_eq!(warnings(&[]), []);
        let one = warnings(&[long.to_owned()]);
        assert!(one.len() == 2 && format!("{} {}", one[0].1, one[1].1) == long && one[1].0.is_empty());
        let two = warnings(&[long.to_owned(), "Market orders fill at the close that decided them: optimistic.".to_owned()]);
        assert_eq!(two, [clause(), ("Warning", "Market orders fill at the close that decided them".to_owned())]);
        let three = warnings(&vec![long.to_owned(); 3]);
        assert_eq!(three, [clause(), ("", "and 2 more in the report".to_owned())]);
        let endless = "word ".repeat(60);
        assert!(warnings(&[endless]).iter().all(|(_, line)| INDENT + line.chars().count() <= COLUMNS));
    }

    #[test]
    fn money_sets_thousands_apart() {
        assert_eq!((money(1234567.4), money(-999.6), money(-0.2)), ("1,234,567".into(), "-1,000".into(), "0".into()));
    }
}
