//! A run in a dozen lines.

use std::{fmt::Write, path::Path};

use crate::{
    experiment::{Experiment, Outcome},
    stats::bootstrap::Interval,
};

/// What the terminal shows after a run; `place` is what to look at next.
pub(super) fn text(experiment: &Experiment, outcome: &Outcome, place: &Path) -> String {
    let (m, currency) = (&outcome.metrics, &experiment.spec.account.currency);
    let mut text = String::new();
    let mut line = |label: &str, value: String| writeln!(text, "{label:<15}{value}").expect("a string can be written");
    line("Verdict", outcome.verdict.headline.clone());
    line("Profit factor", format!("{}{}", number(m.profit_factor), range(outcome.intervals.get("profit_factor"))));
    line("Sharpe", format!("{}{}", number(m.sharpe), range(outcome.intervals.get("sharpe"))));
    line("Drawdown", format!("{} at the deepest", percent(m.max_drawdown_fraction)));
    let net = m.net_profit.unwrap_or(0.0);
    let held = &outcome.benchmark;
    line(
        "Net profit",
        format!("{} {currency} ({}); {}: {} {currency}", money(net), percent(m.return_fraction), held.name, money(held.net_profit)),
    );
    let c = &outcome.costs;
    let parts = format!("commission {}, spread {}, slippage {}", money(c.commission), money(c.spread), money(c.slippage));
    line("Costs", format!("{} {currency} ({parts})", money(m.costs_total.unwrap_or(0.0))));
    line("Trades", format!("{} over {} bars, {} of them with a position", m.trades, m.bars, percent(m.exposure_fraction)));
    for warning in outcome.warnings.iter().take(2) {
        line("Warning", warning.clone());
    }
    if outcome.warnings.len() > 2 {
        line("", format!("and {} more in the report", outcome.warnings.len() - 2));
    }
    line("Events", outcome.finished.stats.to_string());
    line("Report", place.display().to_string());
    text
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "undefined".into(), |v| format!("{v:.2}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "undefined".into(), |v| format!("{:.1} %", v * 100.0))
}

fn range(interval: Option<&Option<Interval>>) -> String {
    interval
        .and_then(Option::as_ref)
        .map(|i| format!("  ({:.0} % interval {:.2} to {:.2})", i.level * 100.0, i.low, i.high))
        .unwrap_or_default()
}

/// Whole money with thousands set apart.
fn money(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 && digits != "0" { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_sets_thousands_apart() {
        assert_eq!((money(1234567.4), money(-999.6), money(-0.2)), ("1,234,567".into(), "-1,000".into(), "0".into()));
    }
}
