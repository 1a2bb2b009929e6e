//! The assumptions of a run in plain words, read off the experiment as checked.

use super::format::{self, escape, or_dash};
use super::run::{RunFolder, at, number};
use serde_json::Value;

/// One sentence or two per assumption, as HTML, in a fixed order.
pub(super) fn assumptions(run: &RunFolder) -> Vec<String> {
    let none = Value::Null;
    let spec = at(&run.run, "manifest.spec").unwrap_or(&none);
    let currency = escape(run.currency());
    let mut out = vec![fills(spec), intrabar(spec), spread(run, spec), slippage(spec), commission(spec, &currency), swap(spec)];
    out.push(sizing(spec, &currency));
    out.push(limits(spec));
    out.push(open_at_end(run, spec));
    out.push(
        "<strong>Not modelled:</strong> the depth of the book and one’s own effect on the price, requotes and rejected fills beyond those \
         counted, delays between decision and order, taxes, and changes of spread that the data do not hold."
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

fn intrabar(spec: &Value) -> String {
    let rule = match word(spec, "fills.intrabar") {
        Some("optimistic") => {
            "<strong class=\"flag\">Optimistic:</strong> a bar that reaches both stop and target counts as a win.".to_owned()
        }
        Some("proximity") => "a bar that reaches both stop and target is decided for the one nearer to its open.".to_owned(),
        Some("lower_timeframe") => "a bar that reaches both stop and target is decided by the shorter bars inside it.".to_owned(),
        Some("pessimistic") | None => "a bar that reaches both stop and target counts as a loss, and is counted as ambiguous.".to_owned(),
        Some(other) => format!("rule <code>{}</code>.", escape(other)),
    };
    format!("<strong>Inside a bar:</strong> {rule}")
}

fn spread(run: &RunFolder, spec: &Value) -> String {
    let sides: Vec<&str> = run.list("manifest.data").iter().filter_map(|d| word(d, "price_side")).collect();
    let held = if sides.is_empty() { String::new() } else { format!(" The file holds {} prices.", escape(&sides.join(" and "))) };
    match (word(spec, "costs.spread"), number(spec, "costs.spread")) {
        (Some("data"), _) => format!("<strong>Spread:</strong> as quoted in the data, bar by bar.{held}"),
        (_, Some(0.0)) => format!("<strong>Spread:</strong> none. Nobody trades at that price.{held}"),
        (_, Some(points)) => {
            format!("<strong>Spread:</strong> {} points, the same at every hour, an assumption.{held}", format::two(points))
        }
        (Some(other), _) => format!("<strong>Spread:</strong> <code>{}</code>.{held}", escape(other)),
        _ => format!("<strong>Spread:</strong> not stated.{held}"),
    }
}

fn slippage(spec: &Value) -> String {
    match number(spec, "costs.slippage_points") {
        Some(points) if points > 0.0 => {
            format!("<strong>Slippage:</strong> {} points against us on each market and stop fill.", format::two(points))
        }
        _ => "<strong>Slippage:</strong> none beyond the gap itself. Real fills of stops are worse.".to_owned(),
    }
}

fn commission(spec: &Value, currency: &str) -> String {
    let positive = |path| number(spec, path).filter(|n| *n > 0.0);
    let mut parts = Vec::new();
    if let Some(fraction) = positive("costs.commission_fraction") {
        parts.push(format!("{}% of the notional per side", format::decimal(fraction * 100.0, 4)));
    }
    if let Some(lot) = positive("costs.commission_per_lot") {
        parts.push(format!("{} {currency} per lot and side", format::two(lot)));
    }
    if let Some(order) = positive("costs.commission_per_order") {
        parts.push(format!("{} {currency} per order", format::two(order)));
    }
    let what = if parts.is_empty() { "none".to_owned() } else { parts.join(", and ") };
    format!("<strong>Commission:</strong> {what}.")
}

fn swap(spec: &Value) -> String {
    match word(spec, "costs.swap") {
        Some("none") => "<strong>Swap:</strong> none; positions held over night cost nothing here.".to_owned(),
        _ => "<strong>Swap:</strong> by the instrument’s table, for each night held.".to_owned(),
    }
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
