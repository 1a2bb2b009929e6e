//! What a vendor's habits and the user's wishes change about a table before it is judged; each change is told.
//!
//! Newest rows first are turned round, ends become openings, whole points become prices, and splits are undone where that was asked.
//! Prices in points are told by being whole, all of them, and too large for an instrument with such a point; nothing else is scaled.

use super::{
    contract::median_step,
    finding::{Finding, Findings, Severity},
    read::ReadOptions,
    table::{Field, Kind, Table},
};
use crate::time::{Nanos, Timeframe};

pub(super) fn adjust(table: &mut Table, options: &ReadOptions, findings: &mut Findings, explained: &mut Vec<String>) {
    if table.format.is_newest_first() && table.reverse_if_descending() {
        let message = format!("the newest row stands first, as {} writes it; the rows were turned round", table.format);
        explained.push(format!("rows: newest first, as {} writes them; turned round", table.format));
        findings.push(Finding::new(Severity::Info, "reversed", message));
    }
    if table.format.stamps_ends() && table.kind == Kind::Bars {
        open_bars(table, options.timeframe, findings, explained);
    }
    scale_points(table, options.point, findings, explained);
    if table.kind == Kind::Bars && options.split_adjust {
        undo_splits(table, findings, explained);
    }
    table.columns.retain(|c| !matches!(c.field, Field::AdjustedClose | Field::SplitRatio));
}

/// Moves stamps from the bars' ends to their openings.
fn open_bars(table: &mut Table, named: Option<Timeframe>, findings: &mut Findings, explained: &mut Vec<String>) {
    let Some(step) = named.or_else(|| median_step(&table.at).and_then(Timeframe::from_ns)) else { return };
    table.at.iter_mut().for_each(|at| *at = at.saturating_sub(step.ns()));
    explained.push(format!("stamps: the bars' ends, as {} documents; moved back by {step} to their openings", table.format));
    let message = format!("bars are stamped with their end, as {} writes them; times were moved back by {step}", table.format);
    findings.push(Finding::new(Severity::Info, "stamped_at_end", message).column(&table.time_name));
}

/// A whole number but for what dividing and multiplying left over.
fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() <= value.abs() * 1e-12
}

/// No price of an instrument with five or three decimals is as large as this and whole in every row.
const LEAST_POINTS: f64 = 10_000.0;
/// The point of such an instrument, or a smaller one.
const FINE_POINT: f64 = 0.001;

/// Turns whole points into prices where the instrument, and with it the point, is named.
fn scale_points(table: &mut Table, point: Option<f64>, findings: &mut Findings, explained: &mut Vec<String>) {
    let prices = || table.columns.iter().filter(|c| c.field.is_price() && c.field != Field::AdjustedClose);
    if table.at.is_empty() || !prices().all(|c| c.values.iter().all(|value| *value >= LEAST_POINTS)) {
        return;
    }
    let fractional = prices().find_map(|c| c.values.iter().position(|value| !is_whole(*value)).map(|i| (i, c)));
    if let Some((i, column)) = fractional {
        if point.is_some_and(|point| point <= FINE_POINT) {
            let (name, value) = (column.name.clone(), column.values[i]);
            let message = format!(
                "every price is as large as points are, but {value} is not whole: all are read as prices; write whole points to have them \
                 scaled, or look whether the instrument named is the file's"
            );
            let finding = Finding::new(Severity::Warning, "points", message);
            findings.push(finding.at(table.line(i)).column(name).value(value.to_string()));
        }
        return;
    }
    let column = prices().next().map(|c| c.name.clone()).unwrap_or_default();
    let (line, first) = (table.line(0), prices().next().map_or(0.0, |c| c.values[0]));
    let told = |severity, message: String| Finding::new(severity, "points", message).at(line).column(column).value(first.to_string());
    let Some(point) = point else {
        let message = format!(
            "every price is whole and large, as {first}: it may be in points; name the instrument (--symbol) to have points scaled"
        );
        return findings.push(told(Severity::Warning, message));
    };
    // A coarse point leaves whole prices possible: 65,000 dollars for a bitcoin, or 65,000 points of a cent.
    if point > FINE_POINT {
        let message = format!("every price is whole and large, as {first}: read as a price, since points of {point} do not exclude that");
        return findings.push(told(Severity::Info, message));
    }
    let per_unit = (1.0 / point).round();
    for column in table.columns.iter_mut().filter(|c| c.field.is_price() && c.field != Field::AdjustedClose) {
        column.values.iter_mut().for_each(|value| *value = value.round() / per_unit);
    }
    table.is_scaled = true;
    explained.push(format!("prices: whole points, as {first}, taken times {point} as the instrument named has it"));
    let message = format!("every price is a whole number of points, as {first}; taken times the point {point} of the instrument named");
    findings.push(told(Severity::Warning, message));
}

/// Divides the prices before each split by its ratio and multiplies the volumes. Dividends stay in.
fn undo_splits(table: &mut Table, findings: &mut Findings, explained: &mut Vec<String>) {
    let n = table.at.len();
    let ratios: Vec<f64> = if let Some(ratios) = table.column(Field::SplitRatio) {
        ratios.values.clone()
    } else if let (Some(adjusted), Some(close)) = (table.column(Field::AdjustedClose), table.column(Field::Close)) {
        // The share of the close that the vendor keeps; it steps where a split or a dividend happened.
        let kept: Vec<f64> = adjusted.values.iter().zip(&close.values).map(|(adjusted, close)| adjusted / close).collect();
        (0..n).map(|i| if i == 0 { 1.0 } else { split_ratio(kept[i] / kept[i - 1], SPLIT_TOLERANCE).unwrap_or(1.0) }).collect()
    } else {
        let message = "the file has neither adjusted closes nor split ratios, so no split can be undone; leave --split-adjust out";
        return findings.push(Finding::error("no_adjustments", message));
    };
    let (mut factor, mut splits) = (1.0, Vec::new());
    for i in (0..n).rev() {
        for column in &mut table.columns {
            match column.field {
                Field::Open | Field::High | Field::Low | Field::Close => column.values[i] /= factor,
                Field::Volume => column.values[i] *= factor,
                _ => {}
            }
        }
        if ratios[i] > 0.0 && ratios[i].is_finite() && ratios[i] != 1.0 {
            factor *= ratios[i];
            splits.push(format!("{} for 1 at {}", ratios[i], Nanos(table.at[i])));
        }
    }
    splits.reverse();
    let told = if splits.is_empty() { "none in the file".to_owned() } else { splits.join(", ") };
    explained.push(format!("splits undone: {told}; dividends are left alone"));
    findings.push(Finding::new(Severity::Info, "split_adjusted", format!("splits undone: {told}; dividends are left alone")));
}

/// A dividend moves the vendor's share by a few percent, a split by its ratio.
const SPLIT_TOLERANCE: f64 = 0.02;

/// The ratios at which companies split, `a` new shares for `b` old ones.
const SPLITS: [(f64, f64); 17] = [
    (3.0, 2.0),
    (2.0, 1.0),
    (5.0, 2.0),
    (3.0, 1.0),
    (4.0, 1.0),
    (5.0, 1.0),
    (6.0, 1.0),
    (7.0, 1.0),
    (8.0, 1.0),
    (10.0, 1.0),
    (12.0, 1.0),
    (15.0, 1.0),
    (20.0, 1.0),
    (25.0, 1.0),
    (30.0, 1.0),
    (50.0, 1.0),
    (100.0, 1.0),
];

/// The split ratio that `x` lies near, or the reverse split's.
pub(super) fn split_ratio(x: f64, tolerance: f64) -> Option<f64> {
    let ratios = SPLITS.iter().flat_map(|(a, b)| [a / b, b / a]);
    ratios.filter(|ratio| (x / ratio - 1.0).abs() <= tolerance).min_by(|a, b| (x / a - 1.0).abs().total_cmp(&(x / b - 1.0).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ratios_of_splits_are_near_one() {
        assert_eq!(split_ratio(2.01, 0.02), Some(2.0));
        assert_eq!(split_ratio(0.1, 0.02), Some(0.1));
        assert_eq!(split_ratio(1.49, 0.02), Some(1.5));
        assert_eq!((split_ratio(1.05, 0.02), split_ratio(1.35, 0.02), split_ratio(f64::NAN, 0.02)), (None, None, None));
    }
}
