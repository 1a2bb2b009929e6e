//! What a reader sees first: the verdict in words, then the few numbers it stands on.

use super::format::{self, escape, or_dash};
use super::run::{RunFolder, at, number};
use super::{chart_equity, series};
use crate::time::DAY;
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
    write!(html, "<p class=\"label\">{label}{kind}</p>\n<p class=\"headline\">{}</p>\n", escape(&format::typeset(headline)))
        .expect("strings grow");
    let reasons: Vec<&str> = at(verdict, "reasons").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let said = reasons.iter().any(|reason| reason.starts_with("In sample"));
    let mut reasons: Vec<String> = reasons.into_iter().map(|reason| escape(&format::typeset(reason))).collect();
    if is_ruined(run) {
        let depth = or_dash(run.number("metrics.max_drawdown_fraction"), format::percent);
        let lost = "<strong class=\"flag\">The account was lost:</strong> its equity fell to zero or below";
        reasons.insert(0, format!("{lost} (deepest drawdown {depth}). No broker lets an account trade on after that."));
    }
    if !reasons.is_empty() {
        let items: String = reasons.iter().map(|reason| format!("<li>{reason}</li>\n")).collect();
        write!(html, "<ul>\n{items}</ul>\n").expect("strings grow");
    }
    if in_sample && !said {
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

/// One of the numbers the verdict stands on.
struct Tile {
    /// The metric's key, whose definition stands in the table of all metrics.
    key: &'static str,
    /// Its name, with the currency where it is money.
    name: String,
    value: String,
    notes: Vec<String>,
}

/// The six tiles.
pub(super) fn tiles(run: &RunFolder) -> String {
    let mut html = "<section class=\"tiles\" aria-label=\"Key numbers\">\n".to_owned();
    for tile in [profit_factor(run), sharpe(run), drawdown(run), net_profit(run), trades(run), costs(run)] {
        let notes: String =
            tile.notes.iter().filter(|n| !n.is_empty()).map(|n| format!("<span class=\"sub\">{}</span>", escape(n))).collect();
        writeln!(
            html,
            "<div class=\"tile\"><a class=\"name\" href=\"#m-{}\">{}</a><span class=\"value\">{}</span>{notes}</div>",
            tile.key,
            escape(&tile.name),
            tile.value
        )
        .expect("strings grow");
    }
    html + "</section>\n"
}

fn m(run: &RunFolder, key: &str) -> Option<f64> {
    run.number(&format!("metrics.{key}"))
}

fn two(value: Option<f64>) -> String {
    or_dash(value, format::two)
}

fn in_currency(name: &str, run: &RunFolder) -> String {
    format!("{name}, {}", run.currency()).trim_end_matches([' ', ',']).to_owned()
}

fn profit_factor(run: &RunFolder) -> Tile {
    let traded = m(run, "trades").is_some_and(|n| n > 0.0);
    let gross = match (traded, m(run, "gross_loss") == Some(0.0)) {
        (false, _) => "no closed trade".to_owned(),
        (true, true) => "undefined: no losing trade".to_owned(),
        (true, false) => format!("won {}, lost {}", two(m(run, "gross_profit")), two(m(run, "gross_loss").map(f64::abs))),
    };
    let notes = vec![gross, interval(run, "profit_factor")];
    Tile { key: "profit_factor", name: "Profit factor".to_owned(), value: two(m(run, "profit_factor")), notes }
}

fn sharpe(run: &RunFolder) -> Tile {
    let periods = run.number("periods_per_year");
    let basis = match (m(run, "sharpe"), periods) {
        (None, _) if is_ruined(run) => "undefined: the equity fell to zero or below".to_owned(),
        (None, _) => "undefined: the daily returns are too few or do not vary".to_owned(),
        (Some(_), Some(p)) => format!("annualised with {} days a year", format::count(p)),
        _ => String::new(),
    };
    let notes = vec![interval(run, "sharpe"), basis, days_that_differ(run, periods)];
    Tile { key: "sharpe", name: "Sharpe ratio".to_owned(), value: two(m(run, "sharpe")), notes }
}

/// A remark where the run has far more or fewer days in a year than the ratio is annualised with.
fn days_that_differ(run: &RunFolder, periods: Option<f64>) -> String {
    let days = series::daily(run);
    let is_defined = m(run, "sharpe").is_some();
    let (Some(p), Some(first), Some(last), true) = (periods, days.first(), days.last(), is_defined) else { return String::new() };
    let years = (last.closed_at.0 - first.closed_at.0) as f64 / (365.25 * DAY as f64);
    let found = days.len() as f64 / years;
    if years < 0.5 || (found / p - 1.0).abs() < 0.15 {
        return String::new();
    }
    format!("but the data have about {}: read it with care", format::count(found))
}

/// Whether the account was lost on the way.
pub(super) fn is_ruined(run: &RunFolder) -> bool {
    m(run, "max_drawdown_fraction").is_some_and(|fraction| fraction >= 1.0)
}

fn drawdown(run: &RunFolder) -> Tile {
    let longest = m(run, "max_drawdown_bars").filter(|bars| *bars > 0.0);
    let longest = longest.map_or_else(String::new, |bars| format!("longest below a former high: {} bars", format::count(bars)));
    let held = run.number("benchmark.max_drawdown_fraction");
    let held = held.map_or_else(String::new, |f| format!("buy and hold: {}", format::percent(f)));
    let value = or_dash(m(run, "max_drawdown_fraction"), format::percent);
    Tile { key: "max_drawdown_fraction", name: "Max drawdown".to_owned(), value, notes: vec![held, longest] }
}

fn net_profit(run: &RunFolder) -> Tile {
    let held = run.number("benchmark.net_profit").map_or_else(String::new, |held| {
        let fraction = run.number("benchmark.return_fraction").map_or_else(String::new, |f| format!(" ({})", format::percent(f)));
        format!("{}, net of the same costs: {}{fraction}", chart_equity::benchmark(run), format::two(held))
    });
    let own = m(run, "return_fraction").map_or_else(String::new, |f| format!("{} of the starting capital", format::percent(f)));
    Tile {
        key: "net_profit",
        name: in_currency("Net profit", run),
        value: two(m(run, "net_profit")),
        notes: vec![own, held, open_at_end(run)],
    }
}

/// What a position still open adds to the net profit.
fn open_at_end(run: &RunFolder) -> String {
    let open = run.number("counts.open_positions").filter(|n| *n > 0.0);
    let closed = m(run, "gross_profit").zip(m(run, "gross_loss")).map(|(won, lost)| won + lost);
    let (Some(open), Some(closed), Some(net)) = (open, closed, m(run, "net_profit")) else { return String::new() };
    let positions = if open == 1.0 { "1 position".to_owned() } else { format!("{} positions", format::count(open)) };
    format!("{} of it unrealised, in {positions} open at the end", format::two(net - closed))
}

fn trades(run: &RunFolder) -> Tile {
    let count = m(run, "trades");
    let notes = if count.is_some_and(|n| n > 0.0) {
        let won = format!("{} won; mean {}", or_dash(m(run, "win_rate"), format::percent), two(m(run, "expectancy")));
        vec![won, interval(run, "mean_trade").replace("interval", "interval of the mean")]
    } else {
        vec![]
    };
    Tile { key: "trades", name: "Closed trades".to_owned(), value: or_dash(count, format::count), notes }
}

fn costs(run: &RunFolder) -> Tile {
    let kinds = ["spread", "commission", "slippage", "swap"];
    let kinds = kinds.iter().filter_map(|kind| Some((kind, run.number(&format!("costs.{kind}")).filter(|n| *n != 0.0)?)));
    let kinds: Vec<String> = kinds.map(|(kind, amount)| format!("{kind} {}", format::two(amount))).collect();
    let each = m(run, "costs_total").zip(m(run, "trades")).filter(|(_, n)| *n > 0.0).map(|(costs, n)| costs / n);
    let each = each.map_or_else(String::new, |each| format!("{} a closed trade; already in every number", format::two(each)));
    Tile { key: "costs_total", name: in_currency("Costs", run), value: two(m(run, "costs_total")), notes: vec![kinds.join(", "), each] }
}

/// The interval in words; nothing where the value itself is undefined.
fn interval(run: &RunFolder, key: &str) -> String {
    let is_undefined = key != "mean_trade" && m(run, key).is_none();
    let Some(tree) = at(&run.run, &format!("intervals.{key}")).filter(|_| !is_undefined) else { return String::new() };
    let level = number(tree, "level").unwrap_or(0.95);
    match (number(tree, "low"), number(tree, "high")) {
        (None, None) => String::new(),
        (low, high) => format!("{} interval {} to {}", format::whole_percent(level), two(low), two(high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::run::EquityRow;
    use crate::time::Nanos;

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

    fn run(text: &str) -> RunFolder {
        RunFolder { run: serde_json::from_str(text).unwrap(), ..RunFolder::default() }
    }

    #[test]
    fn an_interval_is_not_shown_beside_an_undefined_value() {
        let text = |value| format!(r#"{{"metrics":{{"sharpe":{value}}},"intervals":{{"sharpe":{{"low":-0.5,"high":0.5}}}}}}"#);
        assert!(tiles(&run(&text("0.1"))).contains("95% interval −0.50 to 0.50"));
        let undefined = tiles(&run(&text("null")));
        assert!(!undefined.contains("interval") && undefined.contains("undefined"));
    }

    #[test]
    fn an_open_position_is_told_apart_from_the_closed_trades() {
        let text = r#"{"metrics":{"net_profit":-40.0,"gross_profit":50.0,"gross_loss":-100.0},"counts":{"open_positions":1}}"#;
        // −40 − (50 − 100) = 10.
        assert!(tiles(&run(text)).contains("10.00 of it unrealised, in 1 position open at the end"));
    }

    #[test]
    fn a_lost_account_is_said_before_anything_else() {
        let lost = verdict(&run(r#"{"metrics":{"max_drawdown_fraction":1.373}}"#));
        assert!(lost.contains("The account was lost") && lost.contains("137.30%"));
        assert!(!verdict(&run(r#"{"metrics":{"max_drawdown_fraction":0.99}}"#)).contains("lost"));
    }

    #[test]
    fn days_that_do_not_fit_the_year_are_remarked() {
        let equity = (0..261).map(|i| EquityRow { time: Nanos(i * 7 * DAY / 5), equity: 1.0, drawdown_fraction: None, exposure: None });
        let year = |periods: f64| {
            let run: Value =
                serde_json::json!({"metrics": {"sharpe": 1.0}, "periods_per_year": periods, "manifest": {"data": [{"timeframe": "1d"}]}});
            days_that_differ(&RunFolder { run, equity: equity.clone().collect(), ..RunFolder::default() }, Some(periods))
        };
        // 261 days, 260 · 1.4 = 364 days of time: 261/(364/365.25) = 261.9 a year.
        assert_eq!((year(252.0), year(365.0)), (String::new(), "but the data have about 262: read it with care".to_owned()));
    }
}
