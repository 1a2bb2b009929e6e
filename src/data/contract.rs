//! The contract: what every price file must satisfy before a run may start.
//!
//! Times ascend (bars strictly, ticks and trades may share one); prices are positive; a bar's open and close lie inside its low and high; an ask is
//! nowhere below its bid; volumes and spreads are not negative. All comparisons are exact: a file that needs rounding says so by failing.

use super::{
    finding::{Finding, Findings, Severity},
    read::ReadOptions,
    table::{Column, Field, Kind, Table},
};
use crate::time::{DAY, HOUR, Nanos, SECOND, Timeframe};

/// Checks the whole table; the bars' timeframe where it can be told.
pub(super) fn check_table(table: &Table, options: &ReadOptions, findings: &mut Findings) -> Option<Timeframe> {
    check_years(table, findings);
    check_order(table, findings);
    check_signs(table, findings);
    if table.kind != Kind::Bars {
        check_crossed(table, &[(Field::Bid, Field::Ask)], findings);
        return None;
    }
    check_range(table, [Field::Open, Field::High, Field::Low, Field::Close], findings);
    check_range(table, [Field::AskOpen, Field::AskHigh, Field::AskLow, Field::AskClose], findings);
    let sides =
        [(Field::Open, Field::AskOpen), (Field::High, Field::AskHigh), (Field::Low, Field::AskLow), (Field::Close, Field::AskClose)];
    check_crossed(table, &sides, findings);
    if table.column(Field::SpreadPoints).is_some() && options.point.is_none() {
        let message = "the spread is in points and the point is not known; name the instrument or its point (0.00001 for EURUSD)";
        findings.push(Finding::error("missing_point", message).column("spread"));
    }
    check_timeframe(table, options, findings)
}

/// 1678-01-01 and 2262-01-01: whole years that nanoseconds count, with room for the longest bar at either end.
const FIRST_MOMENT: i64 = -9_214_560_000 * SECOND;
const END_OF_MOMENTS: i64 = 9_214_646_400 * SECOND;

/// Epoch numbers reach further than bars can be built.
fn check_years(table: &Table, findings: &mut Findings) {
    let outside = (0..table.at.len()).find(|i| !(FIRST_MOMENT..END_OF_MOMENTS).contains(&table.at[*i]));
    if let Some(i) = outside {
        let at = Nanos(table.at[i]);
        let message = format!("{at} lies outside 1678 to 2261; mend the cell or take the row out");
        findings.push(Finding::error("unparsable", message).at(table.line(i)).column(&table.time_name).value(at.to_string()));
    }
}

fn check_order(table: &Table, findings: &mut Findings) {
    let back = |i: usize| table.at[i] < table.at[i - 1];
    let n = table.at.len();
    if n > 2 && (1..n).all(|i| table.at[i] <= table.at[i - 1]) && back(1) {
        let message = format!(
            "{} comes after {}: the whole file runs backwards; sort it by time, oldest first",
            Nanos(table.at[1]),
            Nanos(table.at[0])
        );
        findings
            .push(Finding::error("out_of_order", message).at(table.line(1)).column(&table.time_name).value(Nanos(table.at[1]).to_string()));
        return;
    }
    for i in 1..n {
        if table.at[i] > table.at[i - 1] || (table.kind != Kind::Bars && table.at[i] == table.at[i - 1]) {
            continue;
        }
        let (now, before) = (Nanos(table.at[i]), Nanos(table.at[i - 1]));
        let finding = if back(i) {
            Finding::error("out_of_order", format!("{now} comes after {before} in the row above; sort the file by time"))
        } else {
            Finding::error(
                "duplicate_time",
                format!("{now} stands in the row above too; take one of them out (rows equal in every cell: --dedupe)"),
            )
        };
        findings.push(finding.at(table.line(i)).column(&table.time_name).value(now.to_string()));
    }
}

fn check_signs(table: &Table, findings: &mut Findings) {
    for column in &table.columns {
        let may_be_zero = !column.field.is_price();
        let (kind, message) = match column.field {
            Field::Volume | Field::Amount => ("negative_volume", "a volume cannot be negative"),
            Field::SpreadPoints | Field::SpreadPrice => ("crossed_quote", "a negative spread is an ask below the bid"),
            _ => ("non_positive_price", "a price must be above 0"),
        };
        for (i, value) in column.values.iter().enumerate() {
            if *value < 0.0 || (*value == 0.0 && !may_be_zero) {
                findings.push(
                    Finding::error(kind, format!("{message}, but is {value}; mend the cell or take the row out"))
                        .at(table.line(i))
                        .column(&column.name)
                        .value(value.to_string()),
                );
            }
        }
    }
}

fn check_range(table: &Table, fields: [Field; 4], findings: &mut Findings) {
    let [Some(open), Some(high), Some(low), Some(close)] = fields.map(|field| table.column(field)) else { return };
    for i in 0..table.at.len() {
        let (h, l) = (high.values[i], low.values[i]);
        if h < l {
            let message = format!("high {h} is below low {l}; mend the row");
            findings.push(Finding::error("high_below_low", message).at(table.line(i)).column(&high.name).value(h.to_string()));
            continue;
        }
        for (column, kind) in [(open, "open_outside_range"), (close, "close_outside_range")] {
            let value = column.values[i];
            if value > h || value < l {
                let message = format!("{} {value} lies outside low {l} to high {h}; mend the row", column.name);
                findings.push(Finding::error(kind, message).at(table.line(i)).column(&column.name).value(value.to_string()));
            }
        }
    }
}

fn check_crossed(table: &Table, sides: &[(Field, Field)], findings: &mut Findings) {
    let pairs: Vec<(&Column, &Column)> = sides.iter().filter_map(|(bid, ask)| Some((table.column(*bid)?, table.column(*ask)?))).collect();
    for (bid, ask) in pairs {
        for (i, (b, a)) in bid.values.iter().zip(&ask.values).enumerate() {
            if a < b {
                let message = format!("{} {a} is below {} {b}; take the row out", ask.name, bid.name);
                findings.push(Finding::error("crossed_quote", message).at(table.line(i)).column(&ask.name).value(a.to_string()));
            }
        }
    }
}

fn check_timeframe(table: &Table, options: &ReadOptions, findings: &mut Findings) -> Option<Timeframe> {
    let found = median_step(&table.at).and_then(Timeframe::from_ns);
    let (Some(found), Some(named)) = (found, options.timeframe) else {
        if found.is_none() && options.timeframe.is_none() && !table.at.is_empty() && table.at.is_sorted() {
            let message = "the bar length cannot be told from the file; name it with --timeframe (timeframe in an experiment)";
            findings.push(Finding::error("timeframe_unknown", message));
        }
        let timeframe = found.or(options.timeframe);
        timeframe.inspect(|timeframe| check_overlap(table, *timeframe, findings));
        return timeframe;
    };
    // A month has no fixed length and a local day gains or loses an hour twice a year.
    let slack = if named.ns() >= 28 * DAY {
        3 * DAY
    } else if named.ns() >= DAY {
        HOUR
    } else {
        0
    };
    if (found.ns() - named.ns()).abs() > slack {
        let message = format!("bars are usually {found} apart, not {named}; name the file's own timeframe, or resample it");
        findings.push(Finding::error("timeframe_mismatch", message).value(found.to_string()));
    }
    check_overlap(table, named, findings);
    Some(named)
}

/// Warns where a bar opens before the one above has closed: its completion would be known too late.
fn check_overlap(table: &Table, timeframe: Timeframe, findings: &mut Findings) {
    let least = match timeframe.ns() {
        ns if ns >= 28 * DAY => return,
        ns if ns >= DAY => ns - HOUR,
        ns => ns,
    };
    let early = |i: &usize| (1..least).contains(&table.at[*i].saturating_sub(table.at[*i - 1]));
    let mut rows = (1..table.at.len()).filter(early);
    if let Some(first) = rows.next() {
        let message = match rows.count() {
            0 => format!("one bar opens less than {timeframe} after the one above: {}", Nanos(table.at[first])),
            more => format!("{} bars open less than {timeframe} after the one above; the first is {}", 1 + more, Nanos(table.at[first])),
        };
        findings.push(Finding::new(Severity::Warning, "irregular_step", message).at(table.line(first)).column(&table.time_name));
    }
}

/// The median distance between neighbours, the smaller of two in the middle since gaps only lengthen; `None` below two rows.
pub(super) fn median_step(at: &[i64]) -> Option<i64> {
    let step = |i: usize| at[i].saturating_sub(at[i - 1]);
    let n = at.len().checked_sub(1).filter(|n| *n > 0)?;
    let median = |count: usize| {
        let mut steps: Vec<i64> = (1..=count).map(step).collect();
        *steps.select_nth_unstable((count - 1) / 2).1
    };
    // A value that more than half of the steps have is the median; the first rows usually show it.
    let candidate = median(n.min(1001));
    if (1..=n).filter(|i| step(*i) == candidate).count() * 2 > n { Some(candidate) } else { Some(median(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_step_ignores_gaps() {
        assert_eq!(median_step(&[0, 1, 2, 9, 10, 11]), Some(1));
        assert_eq!(median_step(&[0, 1, 4]), Some(1)); // steps of 1 and 3
        assert_eq!(median_step(&[0]), None);
        let gappy: Vec<i64> = (0..3000).map(|i| if i < 1500 { i * 2 } else { i * 5 }).collect();
        assert_eq!(median_step(&gappy), Some(5)); // 1499 steps of 2, one of 4502, 1499 of 5: the middle one is 5
    }
}
