//! What a reader sees first: the verdict in words, then the few numbers it stands on.

use super::format::{self, MISSING, escape, or_dash};
use super::run::{RunFolder, at, number};
use serde_json::Value;
use std::fmt::Write;

/// The verdict: label, headline, reasons. Only a result out of sample that holds is ever shown as good.
pub(super) fn verdict(run: &RunFolder) -> String {
    let verdict = &run.verdict;
    // A verdict that does not say where it looked has looked at what it was made on.
    let truth = |key: &str| at(verdict, key).and_then(Value::as_bool);
    let in_sample = truth("in_sample").unwrap_or(true);
    let is_good = truth("is_good").unwrap_or(false) && !in_sample;
    let kind = at(verdict, "kind").and_then(Value::as_str).unwrap_or("");
    let label = if in_sample { "In-sample" } else { "Out of sample" };
    let headline = at(verdict, "headline").and_then(Value::as_str).unwrap_or("No verdict was recorded for this run.");
    let mut html = format!("<section class=\"verdict {}\" aria-label=\"Verdict\">\n", tone(kind, is_good));
    let spoken = kind.replace('_', " ");
    let kind =
        if spoken.is_empty() || headline.to_lowercase().contains(&spoken) { String::new() } else { format!(" · {}", escape(&spoken)) };
    write!(html, "<p class=\"label\">{label}{kind}</p>\n<p class=\"headline\">{}</p>\n", escape(headline)).expect("strings grow");
    let reasons: Vec<&str> = at(verdict, "reasons").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if !reasons.is_empty() {
        html += "<ul>\n";
        for reason in reasons {
            writeln!(html, "<li>{}</li>", escape(reason)).expect("strings grow");
        }
        html += "</ul>\n";
    }
    if in_sample {
        html += "<p class=\"note\">The strategy may have been shaped on these very prices. An in-sample result is a reason to test further, \
                 not a reason to trade.</p>\n";
    }
    html + "</section>\n"
}

fn tone(kind: &str, is_good: bool) -> &'static str {
    match kind {
        "loses" => "bad",
        _ if is_good => "good",
        _ => "caution",
    }
}

/// The six tiles.
pub(super) fn tiles(run: &RunFolder) -> String {
    let unit = run.currency();
    let money = |value: Option<f64>| with_unit(or_dash(value, format::two), unit);
    let m = |key: &str| run.number(&format!("metrics.{key}"));
    let no_loss = m("gross_loss") == Some(0.0) && m("trades").is_some_and(|n| n > 0.0);
    let gross = if no_loss {
        "no losing trade".to_owned()
    } else {
        format!("won {}, lost {}", or_dash(m("gross_profit"), format::two), or_dash(m("gross_loss").map(f64::abs), format::two))
    };
    let depth =
        m("max_drawdown_bars").map_or_else(|| "from the highest equity".to_owned(), |bars| format!("over {} bars", format::count(bars)));
    let name = run.text("benchmark.name").unwrap_or("buy and hold");
    let held = format!("{name}, net of costs: {}", or_dash(run.number("benchmark.net_profit"), format::two));
    let trades = format!("{} won; mean {}", or_dash(m("win_rate"), format::percent), or_dash(m("expectancy"), format::two));
    let each = m("costs_total").zip(m("trades")).filter(|(_, n)| *n > 0.0).map(|(costs, n)| costs / n);
    let list = [
        ("Profit factor", or_dash(m("profit_factor"), format::two), [gross, interval(run, "profit_factor")]),
        ("Sharpe ratio", or_dash(m("sharpe"), format::two), [interval(run, "sharpe"), annualised(run)]),
        ("Max drawdown", or_dash(m("max_drawdown_fraction"), format::percent), [depth, String::new()]),
        ("Net profit", money(m("net_profit")), [held, format!("return {}", or_dash(m("return_fraction"), format::percent))]),
        ("Trades", or_dash(m("trades"), format::count), [trades, interval(run, "mean_trade").replace("interval", "interval of the mean")]),
        ("Costs", money(m("costs_total")), [format!("{} a trade", or_dash(each, format::two)), "already in every number".to_owned()]),
    ];
    let mut html = "<section class=\"tiles\" aria-label=\"Key numbers\">\n".to_owned();
    for (name, value, notes) in list {
        let notes: String = notes.iter().filter(|n| !n.is_empty()).map(|n| format!("<span class=\"sub\">{}</span>", escape(n))).collect();
        writeln!(html, "<div class=\"tile\"><span class=\"name\">{name}</span><span class=\"value\">{}</span>{notes}</div>", value)
            .expect("strings grow");
    }
    html + "</section>\n"
}

fn with_unit(value: String, unit: &str) -> String {
    if unit.is_empty() || value == MISSING { value } else { format!("{value} <small>{}</small>", escape(unit)) }
}

fn interval(run: &RunFolder, key: &str) -> String {
    let Some(tree) = at(&run.run, &format!("intervals.{key}")) else { return String::new() };
    let level = number(tree, "level").unwrap_or(0.95);
    match (number(tree, "low"), number(tree, "high")) {
        (None, None) => String::new(),
        (low, high) => {
            format!("{} interval {} to {}", format::whole_percent(level), or_dash(low, format::two), or_dash(high, format::two))
        }
    }
}

fn annualised(run: &RunFolder) -> String {
    run.number("periods_per_year").map_or_else(String::new, |p| format!("annualised, {} days", format::count(p)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_in_sample_result_is_never_shown_as_good() {
        for (text, class) in [
            (r#"{"kind":"profitable","is_good":true,"in_sample":true}"#, "caution"),
            (r#"{"kind":"profitable","is_good":true}"#, "caution"),
            (r#"{"kind":"profitable","is_good":true,"in_sample":false}"#, "good"),
            (r#"{"kind":"loses","is_good":false,"in_sample":false}"#, "bad"),
            ("null", "caution"),
        ] {
            let run = RunFolder { verdict: serde_json::from_str(text).unwrap(), ..RunFolder::default() };
            assert!(verdict(&run).contains(&format!("class=\"verdict {class}\"")), "{text}");
        }
    }
}
