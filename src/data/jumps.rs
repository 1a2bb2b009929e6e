//! Moves that prices hardly make by themselves: bad prints, splits nobody adjusted for, and one ticker's history behind another's.
//!
//! A move is measured against the file's own: its distance from the median move in robust standard deviations, 1.4826 times the median
//! absolute deviation of the moves that are not zero. Nothing here is an error, since markets do jump; what deserves a look is a warning.

use super::{
    adjust::split_ratio,
    finding::{Finding, Findings, Severity},
    table::{Column, Field, Table},
};
use crate::{
    market::Calendar,
    time::{DAY, Nanos, Timeframe},
};

/// Robust standard deviations from which a move is counted.
const COUNTED: f64 = 12.0;
/// From which one that is undone in the next bar, or inside its own, is taken for a bad print.
const BAD_PRINT: f64 = 40.0;
/// Least change of level that is asked whether it is a split.
const LEAST_SPLIT: f64 = 0.25;
/// How near to a split's ratio the opening must lie.
const SPLIT_TOLERANCE: f64 = 0.03;
/// A hole from which a jump over it may be another company.
const LONG_HOLE: i64 = 7 * DAY;
/// At most this many of a kind are listed; the summary counts all.
const LISTED: usize = 20;
/// Moves looked at for the deviation.
const SAMPLED: usize = 200_000;
/// Fewer moves say nothing about their deviation.
const FEWEST: usize = 30;

pub(super) fn measure(table: &Table, timeframe: Timeframe, calendar: Calendar, findings: &mut Findings) {
    let fields = [Field::Open, Field::High, Field::Low, Field::Close];
    let [Some(open), Some(high), Some(low), Some(close)] = fields.map(|field| table.column(field)) else { return };
    let Some((middle, deviation)) = moves(&close.values) else { return };
    let scale = Scale { middle, deviation };
    let jumps = Jumps { table, open, close, timeframe, calendar };
    let (mut counted, mut largest) = (0_u64, (0.0_f64, 0));
    let mut listed = [0; 3];
    for i in 1..table.at.len() {
        let z = scale.z(step(close.values[i - 1], close.values[i]));
        if z.abs() >= COUNTED {
            counted += 1;
            largest = if z.abs() > largest.0 { (z.abs(), i) } else { largest };
            if let Some((slot, finding)) = jumps.judge(i, z) {
                listed[slot] += 1;
                (listed[slot] <= LISTED).then(|| findings.push(finding));
            }
        }
    }
    wicks([open, high, low, close], table, scale, findings);
    if counted > 0 {
        let (z, i) = largest;
        let s = if counted == 1 { "" } else { "s" };
        let message = format!(
            "{counted} move{s} from close to close of {COUNTED} robust standard deviations or more; the largest has {z:.0}, from {} to {}",
            close.values[i - 1],
            close.values[i]
        );
        let finding = Finding::new(Severity::Info, "outliers", message).at(table.line(i)).column(&close.name);
        findings.push(finding.value(close.values[i].to_string()));
    }
}

#[derive(Clone, Copy)]
struct Scale {
    middle: f64,
    deviation: f64,
}

impl Scale {
    fn z(self, step: f64) -> f64 {
        (step - self.middle) / self.deviation
    }
}

/// The change as a share of the smaller of both, so that halving weighs as much as doubling.
fn step(from: f64, to: f64) -> f64 {
    (to - from) / from.min(to)
}

/// Median and robust standard deviation of the moves that are not zero.
fn moves(close: &[f64]) -> Option<(f64, f64)> {
    let stride = close.len() / SAMPLED + 1;
    let mut moves: Vec<f64> = (1..close.len()).step_by(stride).map(|i| step(close[i - 1], close[i])).filter(|x| *x != 0.0).collect();
    if moves.len() < FEWEST {
        return None;
    }
    let middle = median(&mut moves);
    // Where all moves are nearly alike, as in a series that rises by the same step, their size is the scale and not how little they differ.
    let size = median(&mut moves.iter().map(|x| x.abs()).collect::<Vec<_>>());
    moves.iter_mut().for_each(|x| *x = (*x - middle).abs());
    let deviation = (1.4826 * median(&mut moves)).max(size);
    (deviation > 0.0 && deviation.is_finite()).then_some((middle, deviation))
}

/// The lower of the two in the middle.
pub(super) fn median(values: &mut [f64]) -> f64 {
    let middle = (values.len() - 1) / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

struct Jumps<'a> {
    table: &'a Table,
    open: &'a Column,
    close: &'a Column,
    timeframe: Timeframe,
    calendar: Calendar,
}

impl Jumps<'_> {
    /// What the move into row `i` looks like, and its place in the count; `None` for a move that only counts.
    fn judge(&self, i: usize, z: f64) -> Option<(usize, Finding)> {
        let (at, close) = (&self.table.at, &self.close.values);
        let (before, now) = (close[i - 1], close[i]);
        let warn = |kind, message: String| {
            Finding::new(Severity::Warning, kind, message).at(self.table.line(i)).column(&self.close.name).value(now.to_string())
        };
        let stays = close.get(i + 1).is_none_or(|next| step(now, *next).abs() < 0.5 * step(before, now).abs());
        let missing = self.calendar.missing_bars(Nanos(at[i - 1]), Nanos(at[i]), self.timeframe.ns());
        if at[i].saturating_sub(at[i - 1]) >= LONG_HOLE && missing > 0 && z.abs() >= COUNTED * (missing as f64).sqrt().min(4.0) && stays {
            let message = format!(
                "from {before} to {now} across {missing} missing bars between {} and {}: two instruments may have been joined under one ticker; keep one of the two spans",
                Nanos(at[i - 1]),
                Nanos(at[i])
            );
            return Some((0, warn("spliced", message)));
        }
        let ratio = self.open.values[i] / before;
        if step(before, now).abs() >= LEAST_SPLIT
            && stays
            && let Some(near) = split_ratio(ratio, SPLIT_TOLERANCE)
        {
            let shares = if near < 1.0 { format!("{} for 1", tidy(1.0 / near)) } else { format!("1 for {}", tidy(near)) };
            let message = format!(
                "opens at {} after a close of {before}, {ratio:.4} times as much: as after a split of {shares} that the prices are not adjusted for; adjust them, or use the span after it",
                self.open.values[i]
            );
            return Some((1, warn("split_like", message)));
        }
        let is_undone = close.get(i + 1).is_some_and(|next| step(before, *next).abs() <= 0.25 * step(before, now).abs());
        (is_undone && z.abs() >= BAD_PRINT).then(|| {
            let message = format!(
                "closes at {now} between {before} and {}: {:.0} robust standard deviations away and back at once, as a bad print is; mend the cell or take the row out",
                close[i + 1],
                z.abs()
            );
            (2, warn("outlier", message))
        })
    }
}

/// A ratio without the digits that division left over.
fn tidy(ratio: f64) -> f64 {
    (ratio * 1e6).round() / 1e6
}

/// Highs and lows far outside their bar's open and close.
fn wicks([open, high, low, close]: [&Column; 4], table: &Table, scale: Scale, findings: &mut Findings) {
    let far = |i: usize| {
        let (top, bottom) = (open.values[i].max(close.values[i]), open.values[i].min(close.values[i]));
        let (up, down) = (step(top, high.values[i]) / scale.deviation, step(low.values[i], bottom) / scale.deviation);
        if up >= down { (up, high, high.values[i]) } else { (down, low, low.values[i]) }
    };
    let rows = (0..table.at.len()).filter_map(|i| Some((i, far(i))).filter(|(_, (z, ..))| *z >= BAD_PRINT));
    for (i, (z, column, value)) in rows.take(LISTED) {
        let message = format!(
            "{} {value} lies {z:.0} robust standard deviations outside open {} and close {}, as a bad print does; mend the cell or take the row out",
            column.name, open.values[i], close.values[i]
        );
        let finding = Finding::new(Severity::Warning, "outlier", message).at(table.line(i)).column(&column.name);
        findings.push(finding.value(value.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_the_moves_made() {
        // Moves of +1 % and -1 % by turns, one of 50 %, and as many bars that do not move at all.
        let mut close = vec![100.0];
        for i in 0..100 {
            let last = close[close.len() - 1];
            close.extend([last, if i % 2 == 0 { last * 1.01 } else { last / 1.01 }]);
        }
        close.push(close[close.len() - 1] * 1.5);
        let (middle, deviation) = moves(&close).unwrap();
        assert!((middle.abs() - 0.01).abs() < 1e-12, "{middle}"); // 50 up, 50 down and one more up: the 51st of 101 is 0.01
        assert!(deviation < 0.03, "{deviation}"); // at most 1.4826 times the 0.02 between both
        assert_eq!(moves(&[1.0; 100]), None);
    }
}
