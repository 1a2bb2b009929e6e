//! The assumptions of a run in plain words, read off the experiment as checked.

use super::format::{self, escape, or_dash};
use super::run::{RunFolder, at, number};
use serde_json::Value;

/// One sentence or two per assumption, as HTML, in a fixed order.
pub(super) fn assumptions(run: &RunFolder) -> Vec<String> {
    let none = Value::Null;
    let spec = at(&run.run, "manifest.spec").unwrap_or(&none);
    let currency = escape(run.currency());
    let mut out = vec![fills(spec), intrabar(run, spec), spread(run, spec), slippage(spec), commission(spec, &currency), swap(run, spec)];
    out.extend(latency(spec));
    out.push(sizing(spec, &currency));
    out.push(limits(spec));
    out.push(open_at_end(run, spec));
    out.push(benchmark(run));
    out.extend(intervals(run));
    out.push(
        "<strong>Not modelled:</strong> the depth of the book and one’s own effect on the price, requotes and rejected fills beyond those \
         counted, taxes, and changes of spread and delays that neither the data nor the experiment name."
            .to_owned(),
    );
    out
}

fn word<'a>(spec: &'a Value, path: &str) -> Option<&'a str> {
    at(spec, path)?.as_str()
}

fn fills(spec: &Value) -> String {
    match word(spec, "fills.market") {
        Some("close") => "<strong class=\"flag\">Optimistic:</strong> market orders fill at the close of the very bar that decided them. \
                          A live order cannot; compare with <code>market = \"next_open\"</code> before believing the result."
            .to_owned(),
        Some("next_open") | None => "<strong>Fills:</strong> a decision taken on a completed bar fills at the next bar’s open. \
                                     A stop that the price jumps over fills at the open behind the gap."
            .to_owned(),
        Some(other) => format!("<strong>Fills:</strong> market orders fill at <code>{}</code>.", escape(other)),
    }
}

fn intrabar(run: &RunFolder, spec: &Value) -> String {
    let rule = match word(spec, "fills.intrabar") {
        Some("optimistic") => {
            "<strong class=\"flag\">Optimistic:</strong> a bar that reaches both stop and target counts as a win.".to_owned()
        }
        Some("proximity") => "a bar that reaches both stop and target is decided for the one nearer to its open.".to_owned(),
        Some("lower_timeframe") => "a bar that reaches both stop and target is decided by the shorter bars inside it.".to_owned(),
        Some("pessimistic") | None => "a bar that reaches both stop and target counts as a loss.".to_owned(),
        Some(other) => format!("rule <code>{}</code>.", escape(other)),
    };
    let both = match (run.number("counts.ambiguous_bars"), run.number("metrics.bars")) {
        (Some(both), Some(bars)) => {
            format!(
                " Such a bar is called ambiguous, as it does not tell which came first; there were {} in {} bars.",
                format::count(both),
                format::count(bars)
            )
        }
        _ => String::new(),
    };
    format!("<strong>Inside a bar:</strong> {rule}{both}")
}

fn spread(run: &RunFolder, spec: &Value) -> String {
    let files = run.list("manifest.data");
    let mut sides: Vec<&str> = files.iter().filter_map(|d| word(d, "price_side")).collect();
    sides.dedup();
    let holds = if files.len() > 1 { "The files hold" } else { "The file holds" };
    let held = if sides.is_empty() { String::new() } else { format!(" {holds} {} prices.", escape(&sides.join(" and "))) };
    // A point is what the broker says it is: its size is named where all instruments share it.
    let mut sizes: Vec<Option<f64>> = files.iter().map(|d| number(d, "instrument.point")).collect();
    sizes.dedup();
    let size = if let [Some(size)] = sizes[..] { format!(" of {size}") } else { String::new() };
    match (word(spec, "costs.spread"), number(spec, "costs.spread")) {
        (Some("data"), _) => format!("<strong>Spread:</strong> as quoted in the data, bar by bar.{}", widened(spec)),
        (_, Some(0.0)) if at(spec, "costs.spread_sessions").is_none() => {
            format!("<strong>Spread:</strong> none. Nobody trades at that price.{held}")
        }
        (_, Some(points)) => {
            let sessions = at(spec, "costs.spread_sessions").and_then(Value::as_array).map_or(0, Vec::len);
            let hours = if sessions > 0 { "and its own in the sessions named" } else { "the same at every hour: an assumption" };
            format!("<strong>Spread:</strong> {} points{size}, {hours}.{}{held}", format::two(points), widened(spec))
        }
        (Some(other), _) => format!("<strong>Spread:</strong> <code>{}</code>.{held}", escape(other)),
        _ if run.number("costs.spread").is_some_and(|paid| paid > 0.0) => {
            "<strong>Spread:</strong> as quoted in the data, bar by bar; the experiment names none.".to_owned()
        }
        _ => format!("<strong>Spread:</strong> none, as the experiment names none. Nobody trades at that price.{held}"),
    }
}

fn slippage(spec: &Value) -> String {
    let points = number(spec, "costs.slippage_points").filter(|points| *points > 0.0);
    let fixed = points.map(|points| format!("{} points against us on each market and stop fill", format::two(points)));
    let value = |key: &str| or_dash(number(spec, &format!("costs.slippage.{key}")), |v| format::decimal(v, 4));
    let model = match word(spec, "costs.slippage.kind") {
        Some("volatility") => Some(format!(
            "{} of the average true range of {} completed bars",
            value("multiple"),
            or_dash(number(spec, "costs.slippage.bars"), format::count)
        )),
        Some("volume_share") => {
            let grows = if word(spec, "costs.slippage.impact") == Some("linear") { "the share" } else { "the square root of the share" };
            Some(format!("{} of the price times {grows} that the order takes of the last completed bar’s volume", value("fraction")))
        }
        Some("recorded") => Some("drawn from recorded deals, one draw an order".to_owned()),
        Some(other) => Some(format!("<code>{}</code>", escape(other))),
        None => None,
    };
    let parts: Vec<String> = fixed.into_iter().chain(model).collect();
    if parts.is_empty() {
        return "<strong>Slippage:</strong> none beyond the gap itself. Real fills of stops are worse.".to_owned();
    }
    format!("<strong>Slippage:</strong> {}.", parts.join(", and "))
}

/// How long orders are on their way, where that is not nothing.
fn latency(spec: &Value) -> Option<String> {
    let latency_ms = number(spec, "costs.latency_ms").filter(|ms| *ms > 0.0)?;
    Some(format!(
        "<strong>Latency:</strong> orders, cancels and moved stops reach the market {} ms after they are sent, at the first tick or opening behind that.",
        format::decimal(latency_ms, 1)
    ))
}

/// What widens the spread, where anything does.
fn widened(spec: &Value) -> String {
    let times = |key: &str, around: &str| {
        number(spec, &format!("costs.{key}.multiple"))
            .map(|times| format!(" It is {} times as wide around {around}.", format::decimal(times, 1)))
    };
    let news = times("spread_news", "the news of the calendar").unwrap_or_default();
    times("spread_roll", "the roll").unwrap_or_default() + &news
}

fn commission(spec: &Value, currency: &str) -> String {
    let positive = |path| number(spec, path).filter(|n| *n > 0.0);
    let percent = |fraction: f64| format!("{}%", format::decimal(fraction * 100.0, 4));
    let mut parts = Vec::new();
    if let Some(fraction) = positive("costs.commission_fraction") {
        parts.push(format!("{} of the notional per side", percent(fraction)));
    }
    if let Some(maker) = number(spec, "costs.commission_maker_fraction") {
        parts.push(format!("{} for limit orders and take profits", percent(maker)));
    }
    if let Some(lot) = positive("costs.commission_per_lot") {
        parts.push(format!("{} {currency} per lot and side", format::two(lot)));
    }
    if let Some(order) = positive("costs.commission_per_order") {
        parts.push(format!("{} {currency} per order", format::two(order)));
    }
    if let Some(minimum) = positive("costs.commission_minimum") {
        parts.push(format!("at least {} {currency} a deal", format::two(minimum)));
    }
    if let Some(most) = number(spec, "costs.commission_maximum_fraction") {
        parts.push(format!("at most {} of the notional", percent(most)));
    }
    if let Some(tiers) = at(spec, "costs.commission_tiers").and_then(Value::as_array).filter(|tiers| !tiers.is_empty()) {
        parts.push(format!("less from {} thresholds of the month’s volume on", tiers.len()).replace("1 thresholds", "one threshold"));
    }
    let what = if parts.is_empty() { "none".to_owned() } else { parts.join(", ").replace("side, ", "side, and ") };
    format!("<strong>Commission:</strong> {what}.")
}

fn swap(run: &RunFolder, spec: &Value) -> String {
    let has_terms = |file: &&Value| {
        let terms = at(file, "instrument").and_then(Value::as_object);
        terms.is_some_and(|terms| terms.iter().any(|(key, value)| is_swap_rate(key) && value.as_f64().is_some_and(|rate| rate != 0.0)))
    };
    let named: Vec<&Value> = run.list("manifest.data").iter().collect();
    match word(spec, "costs.swap") {
        Some("instrument") | None if !named.iter().any(has_terms) => {
            "<strong>Swap:</strong> the instruments state none, so positions held over night cost nothing here; at a broker they do."
                .to_owned()
        }
        Some("none") => "<strong>Swap:</strong> none; positions held over night cost nothing here.".to_owned(),
        _ => "<strong>Swap:</strong> by the instrument’s terms, booked at each roll that a position is held over.".to_owned(),
    }
}

/// Whether an instrument's key says what a night costs, rather than when.
fn is_swap_rate(key: &str) -> bool {
    key.starts_with("swap_long_") || key.starts_with("swap_short_")
}

fn sizing(spec: &Value, currency: &str) -> String {
    let value = number(spec, "account.sizing.value");
    let size = match word(spec, "account.sizing.method") {
        Some("risk") => format!("{} of equity at risk between entry and stop", or_dash(value, format::percent)),
        Some("fraction") => format!("{} of equity in each position", or_dash(value, format::percent)),
        Some("lots") => format!("{} lots in each position", or_dash(value, format::two)),
        Some(other) => format!("by <code>{}</code>, value {}", escape(other), or_dash(value, |v| format::decimal(v, 4))),
        None => "not stated".to_owned(),
    };
    let cash = or_dash(number(spec, "account.cash"), format::two);
    let leverage = or_dash(number(spec, "account.leverage"), |l| format::decimal(l, 0));
    let lots = match word(spec, "account.lots") {
        Some("fractional") => "any size is possible",
        _ => "lots are rounded down to the broker’s step",
    };
    format!("<strong>Size:</strong> {size}; start with {cash} {currency}, leverage {leverage}; {lots}.")
}

fn limits(spec: &Value) -> String {
    let names = [
        ("max_positions", "positions at once", format::count as fn(f64) -> String),
        ("max_daily_loss_fraction", "loss in a day", format::percent),
        ("max_drawdown_fraction", "drawdown", format::percent),
    ];
    let limit = |(key, name, with): (&str, &str, fn(f64) -> String)| {
        number(spec, &format!("risk.{key}")).map(|value| format!("{name} at most {}", with(value)))
    };
    let parts: Vec<String> = names.into_iter().filter_map(limit).collect();
    let what = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
    format!("<strong>Risk limits:</strong> {what}.")
}

fn open_at_end(run: &RunFolder, spec: &Value) -> String {
    if at(spec, "fills.close_at_end").and_then(Value::as_bool) == Some(true) {
        return "<strong>At the end:</strong> what is open is closed at the last close.".to_owned();
    }
    let open = or_dash(run.number("counts.open_positions"), format::count);
    format!("<strong>At the end:</strong> positions still open ({open}) are marked at the last close and are no trades.")
}

fn benchmark(run: &RunFolder) -> String {
    let what = if run.list("manifest.data").len() > 1 { "equal shares of all instruments" } else { "the instrument" };
    format!(
        "<strong>Buy and hold:</strong> the whole starting capital buys {what} at the first open, without borrowing, pays the same spread, \
         slippage and commission once, and is marked at each close; it is never sold."
    )
}

/// How the intervals were made, from those the run recorded.
fn intervals(run: &RunFolder) -> Option<String> {
    let block = |key: &str| run.number(&format!("intervals.{key}.block_bars")).map(|b| format::decimal(b, 1));
    let first = ["sharpe", "mean_trade", "profit_factor"].into_iter().find(|key| at(&run.run, &format!("intervals.{key}")).is_some())?;
    let resamples = or_dash(run.number(&format!("intervals.{first}.resamples")), format::count);
    let method = match run.text(&format!("intervals.{first}.method")) {
        Some("bca") => ", bias-corrected and accelerated (BCa)".to_owned(),
        Some(other) => format!(", method {}", escape(other)),
        None => String::new(),
    };
    let blocks =
        [("sharpe", "days"), ("mean_trade", "trades")].into_iter().filter_map(|(key, unit)| Some(format!("{} {unit}", block(key)?)));
    let blocks = blocks.collect::<Vec<_>>().join(" and ");
    let seed = or_dash(run.number("manifest.seed"), format::count);
    Some(format!(
        "<strong>Intervals:</strong> stationary bootstrap{method}, {resamples} resamples in blocks of {blocks} on average, seed {seed}. \
         They tell how far chance could move the result on data like these, not what other years would bring."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(tree: Value) -> RunFolder {
        RunFolder { run: tree, ..RunFolder::default() }
    }

    #[test]
    fn intervals_name_their_method_blocks_and_seed() {
        let tree = |block: f64| serde_json::json!({"block_bars": block, "resamples": 2000, "method": "bca"});
        let run = run(serde_json::json!({"intervals": {"sharpe": tree(4.25), "mean_trade": tree(1.0)}, "manifest": {"seed": 7}}));
        let told = intervals(&run).unwrap();
        assert!(told.contains("2,000 resamples in blocks of 4.2 days and 1.0 trades on average, seed 7"), "{told}");
        assert_eq!(intervals(&RunFolder::default()), None);
    }

    #[test]
    fn several_files_of_one_price_side_name_it_once_and_a_shared_point_is_named() {
        let file = |point: f64| serde_json::json!({"price_side": "bid", "instrument": {"point": point}});
        let spec = serde_json::json!({"costs": {"spread": 10.0}});
        let told = |data: Value| spread(&run(serde_json::json!({"manifest": {"data": data}})), &spec);
        assert!(told(serde_json::json!([file(1e-5), file(1e-5)])).contains("10.00 points of 0.00001, the same"));
        let mixed = told(serde_json::json!([file(1e-5), file(0.01)]));
        assert!(mixed.contains("10.00 points, the same") && mixed.contains("The files hold bid prices."), "{mixed}");
    }

    #[test]
    fn a_spread_that_nobody_named_is_told_by_what_was_paid() {
        let told = |paid: f64| spread(&run(serde_json::json!({"costs": {"spread": paid}})), &Value::Null);
        assert!(told(12.5).contains("as quoted in the data") && told(0.0).contains("none"));
    }

    #[test]
    fn swap_is_told_as_it_was_charged() {
        let spec = serde_json::json!({"costs": {"swap": "instrument"}});
        let file = |rate: f64| {
            run(serde_json::json!({"manifest": {"data": [{"instrument": {"swap_long_points": rate, "swap_year_days": 365.0}}]}}))
        };
        assert!(swap(&file(-7.0), &spec).contains("at each roll"));
        assert!(swap(&file(0.0), &spec).contains("state none"));
        assert!(swap(&file(-7.0), &serde_json::json!({"costs": {"swap": "none"}})).contains("none; positions"));
    }

    #[test]
    fn ambiguous_bars_are_explained_and_counted() {
        let run = run(serde_json::json!({"counts": {"ambiguous_bars": 3}, "metrics": {"bars": 1200}}));
        assert!(intrabar(&run, &Value::Null).contains("there were 3 in 1,200 bars"));
    }
}
