//! Prices that stand still and spreads that cannot be meant: warnings about a file that breaks nothing.

use super::{
    finding::{Finding, Findings, Severity},
    jumps::median,
    table::{Field, Kind, Table},
};
use crate::time::{DAY, HOUR, Nanos, Timeframe};

/// At most this many runs are listed; the last message counts all.
const LISTED: usize = 20;
/// A spread this many times the median is called wide.
const WIDE: f64 = 100.0;
/// A spread of this share of the price is called wide whatever the others are.
const WIDE_SHARE: f64 = 0.05;

pub(super) fn measure(table: &Table, timeframe: Option<Timeframe>, findings: &mut Findings) {
    if let Some(timeframe) = timeframe {
        check_stale(table, timeframe, findings);
    }
    check_spread(table, findings);
}

/// Equal bars in a row from which prices count as stale.
const fn longest_calm(timeframe: Timeframe) -> usize {
    match timeframe.ns() {
        ns if ns >= DAY => 5,
        ns if ns >= HOUR => 12,
        _ => 60,
    }
}

/// Runs of bars with the same four prices as the bar above.
fn check_stale(table: &Table, timeframe: Timeframe, findings: &mut Findings) {
    let prices = [Field::Open, Field::High, Field::Low, Field::Close].map(|field| table.column(field));
    let [Some(open), Some(high), Some(low), Some(close)] = prices else { return };
    let repeats = |i: usize| [open, high, low, close].iter().all(|c| c.values[i] == c.values[i - 1]);
    let n = table.at.len();
    let (mut start, mut runs) = (0, Vec::new());
    for i in 1..=n {
        if i == n || !repeats(i) {
            if i - start >= longest_calm(timeframe) {
                runs.push((start, i));
            }
            start = i;
        }
    }
    for (start, end) in runs.iter().take(LISTED) {
        let message = format!(
            "{} bars in a row have the same four prices, up to {}: the feed may have stopped; take the rows out or fetch them again",
            end - start,
            Nanos(table.at[end - 1])
        );
        let finding = Finding::new(Severity::Warning, "stale_prices", message).at(table.line(*start)).column(&close.name);
        findings.push(finding.value(close.values[*start].to_string()));
    }
    if runs.len() > LISTED {
        let bars: usize = runs.iter().map(|(start, end)| end - start).sum();
        let message = format!("{} runs of equal bars, {bars} bars in all; the first {LISTED} are listed", runs.len());
        findings.push(Finding::new(Severity::Info, "stale_prices", message));
    }
}

/// The spread of every row.
struct Spreads<'a> {
    values: Vec<f64>,
    /// The column that shows it.
    name: &'a str,
    /// The price it belongs to, where both are in price units.
    price: Option<&'a [f64]>,
}

fn spreads(table: &Table) -> Option<Spreads<'_>> {
    let between = |bid: Field, ask: Field| {
        let (bid, ask) = (table.column(bid)?, table.column(ask)?);
        let values = bid.values.iter().zip(&ask.values).map(|(b, a)| a - b).collect();
        Some(Spreads { values, name: &ask.name, price: Some(&bid.values) })
    };
    let own = |field: Field, price: Option<Field>| {
        let column = table.column(field)?;
        let price = price.and_then(|field| table.column(field)).map(|c| &c.values[..]);
        Some(Spreads { values: column.values.clone(), name: &column.name, price })
    };
    match table.kind {
        Kind::Trades => None,
        Kind::Ticks => between(Field::Bid, Field::Ask),
        Kind::Bars => between(Field::Close, Field::AskClose)
            .or_else(|| own(Field::SpreadPrice, Some(Field::Close)))
            .or_else(|| own(Field::SpreadPoints, None)),
    }
}

fn check_spread(table: &Table, findings: &mut Findings) {
    let Some(Spreads { values: spreads, name, price }) = spreads(table).filter(|spreads| !spreads.values.is_empty()) else { return };
    let n = spreads.len();
    let zeros = spreads.iter().filter(|spread| **spread == 0.0).count();
    if zeros > 0 {
        let severity = if zeros * 2 > n { Severity::Warning } else { Severity::Info };
        let message = format!("{zeros} of {n} spreads are 0: trading there costs nothing; name a spread where that is not so");
        findings.push(Finding::new(severity, "zero_spread", message).column(name).value(zeros.to_string()));
    }
    let middle = median(&mut spreads.iter().copied().filter(|spread| *spread > 0.0).chain([f64::MIN_POSITIVE]).collect::<Vec<_>>());
    let is_wide =
        |i: &usize| spreads[*i] > WIDE * middle && middle > f64::MIN_POSITIVE || price.is_some_and(|p| spreads[*i] > WIDE_SHARE * p[*i]);
    let wide: Vec<usize> = (0..n).filter(is_wide).collect();
    let Some(worst) = wide.iter().copied().max_by(|a, b| spreads[*a].total_cmp(&spreads[*b])) else { return };
    let s = if wide.len() == 1 { "spread is" } else { "spreads are" };
    let message = format!(
        "{} {s} over {WIDE} times the median of {middle} or over 5 % of the price; the widest, {}, at {}: look at the rows",
        wide.len(),
        spreads[worst],
        Nanos(table.at[worst])
    );
    findings
        .push(Finding::new(Severity::Warning, "wide_spread", message).at(table.line(worst)).column(name).value(spreads[worst].to_string()));
}
