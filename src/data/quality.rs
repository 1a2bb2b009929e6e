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
    let mut spreads = SpreadTally::default();
    spreads.add(table, 0);
    spreads.tell(findings);
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

/// Rows whose spread is looked at for the median, where there are more.
const SAMPLED: usize = 100_000;

/// What spreads are seen in a table, or in the pieces of a file one after the other.
#[derive(Debug, Default)]
pub(super) struct SpreadTally {
    rows: usize,
    zeros: usize,
    wide: usize,
    /// Its spread, the median around it, its line and when it was.
    widest: Option<(f64, f64, u64, Nanos)>,
    /// The column that shows them.
    name: String,
}

impl SpreadTally {
    /// Counts the spreads of a piece that begins after `rows_before` rows; they are wide against the median of the piece.
    pub(super) fn add(&mut self, table: &Table, rows_before: u64) {
        let Some(Spreads { values, name, price }) = spreads(table).filter(|spreads| !spreads.values.is_empty()) else { return };
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        self.rows += values.len();
        self.zeros += values.iter().filter(|spread| **spread == 0.0).count();
        let sample = values.iter().step_by(values.len() / SAMPLED + 1).copied().filter(|spread| *spread > 0.0);
        let middle = median(&mut sample.chain([f64::MIN_POSITIVE]).collect::<Vec<_>>());
        let usual = if middle > f64::MIN_POSITIVE { WIDE * middle } else { f64::INFINITY };
        for (i, spread) in values.iter().enumerate() {
            if *spread > usual || price.is_some_and(|price| *spread > WIDE_SHARE * price[i]) {
                self.wide += 1;
                if self.widest.is_none_or(|(widest, ..)| *spread > widest) {
                    self.widest = Some((*spread, middle, rows_before + table.line(i), Nanos(table.at[i])));
                }
            }
        }
    }

    /// Adds what is odd about them.
    pub(super) fn tell(&self, findings: &mut Findings) {
        let Self { rows, zeros, wide, widest, name } = self;
        if *zeros > 0 {
            let severity = if zeros * 2 > *rows { Severity::Warning } else { Severity::Info };
            let message = format!("{zeros} of {rows} spreads are 0: trading there costs nothing; name a spread where that is not so");
            findings.push(Finding::new(severity, "zero_spread", message).column(name).value(zeros.to_string()));
        }
        let Some((spread, middle, line, at)) = widest else { return };
        let are = if *wide == 1 { "spread is" } else { "spreads are" };
        let message = format!(
            "{wide} {are} over {WIDE} times the median of {middle} or over 5 % of the price; the widest, {spread}, at {at}: look at the rows"
        );
        findings.push(Finding::new(Severity::Warning, "wide_spread", message).at(*line).column(name).value(spread.to_string()));
    }
}
