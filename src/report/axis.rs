//! The scales of a chart: round numbers for values, calendar steps for time.

use super::format;
use crate::time::{DAY, HOUR, Nanos, SECOND};
use chrono::{Datelike, NaiveDate};

/// A linear scale from `lo` to `hi` with its labelled ticks, in ascending order.
pub(super) struct Axis {
    pub(super) lo: f64,
    pub(super) hi: f64,
    pub(super) ticks: Vec<(f64, String)>,
}

/// How the numbers of a value axis are written.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    /// As they are.
    Plain,
    /// Whole numbers of things.
    Count,
    /// Fractions, as percent.
    Percent,
}

/// Seconds since 1970 as a chart's horizontal coordinate.
pub(super) fn seconds(at: Nanos) -> f64 {
    at.0 as f64 / SECOND as f64
}

impl Axis {
    /// A scale that holds `lo` to `hi` with a little air at each end that is not zero, and about `target` ticks at round steps.
    ///
    /// An empty or undefined range becomes one unit around `lo` (around zero when that is undefined).
    pub(super) fn values(lo: f64, hi: f64, target: usize, unit: Unit) -> Self {
        let (lo, hi) = match (lo.is_finite(), hi.is_finite()) {
            (true, true) if hi - lo > 1e-12 * lo.abs().max(1e-6) => (lo, hi),
            (true, _) => (lo - 0.5 * lo.abs().max(0.01), lo + 0.5 * lo.abs().max(0.01)),
            _ => (-1.0, 1.0),
        };
        let step = round_step((hi - lo) / target.max(1) as f64);
        let step = if matches!(unit, Unit::Count) { step.max(1.0) } else { step };
        let air = (hi - lo) * 0.04;
        let (lo, hi) = (if lo == 0.0 { lo } else { lo - air }, if hi == 0.0 { hi } else { hi + air });
        let (first, last) = ((lo / step - 1e-9).ceil() as i64, (hi / step + 1e-9).floor() as i64);
        let label = |value: f64| match unit {
            Unit::Plain | Unit::Count => format::decimal(value, decimals(step)),
            Unit::Percent => format!("{}%", format::decimal(value * 100.0, decimals(step * 100.0))),
        };
        let ticks = (first..=last).map(|i| (i as f64 * step, label(i as f64 * step))).collect();
        Self { lo, hi, ticks }
    }

    /// A scale of moments in seconds, with at most about `target` ticks on hours, days, Mondays, months or years.
    pub(super) fn times(first: Nanos, last: Nanos, target: usize) -> Self {
        let last = if last > first { last } else { first.plus(DAY) };
        let span = last.0.saturating_sub(first.0);
        let target = target.max(2) as i64;
        let step = STEPS.iter().find(|step| span / step.length() < target).copied().unwrap_or(Step::Months(240));
        Self { lo: seconds(first), hi: seconds(last), ticks: step.ticks(first, last) }
    }

    /// Where `value` lies between `from` and `to`.
    pub(super) fn place(&self, value: f64, from: f64, to: f64) -> f64 {
        from + (value - self.lo) / (self.hi - self.lo) * (to - from)
    }
}

#[derive(Clone, Copy)]
enum Step {
    Hours(i64),
    Days(i64),
    Months(i32),
}

const STEPS: [Step; 16] = [
    Step::Hours(1),
    Step::Hours(3),
    Step::Hours(6),
    Step::Hours(12),
    Step::Days(1),
    Step::Days(2),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(24),
    Step::Months(60),
    Step::Months(120),
];

impl Step {
    const fn length(self) -> i64 {
        match self {
            Self::Hours(n) => n * HOUR,
            Self::Days(n) => n * DAY,
            Self::Months(n) => n as i64 * 30 * DAY,
        }
    }

    fn ticks(self, first: Nanos, last: Nanos) -> Vec<(f64, String)> {
        match self {
            Self::Hours(n) => every(first, last, n * HOUR, 0, |at, _| format!("{} {}", day_of_month(at), &format::minute(at)[11..])),
            // 1970-01-05 was a Monday.
            Self::Days(n) => every(first, last, n * DAY, 4 * DAY, |at, before| match before {
                Some(before) if before.civil().year() == at.civil().year() => day_of_month(at),
                _ => format!("{} {}", day_of_month(at), at.civil().year()),
            }),
            Self::Months(n) => months(first, last, n),
        }
    }
}

/// As "8 Jan": short enough for a phone, and read the same on both sides of the Atlantic.
fn day_of_month(at: Nanos) -> String {
    at.civil().format("%-d %b").to_string()
}

/// Ticks at multiples of `step` from `origin`; `label` is given each moment and the one before it.
fn every(first: Nanos, last: Nanos, step: i64, origin: i64, label: impl Fn(Nanos, Option<Nanos>) -> String) -> Vec<(f64, String)> {
    let start = (first.0 - origin).div_euclid(step) + i64::from((first.0 - origin).rem_euclid(step) != 0);
    let moments = (start..).map(|i| Nanos(i * step + origin)).take_while(|at| *at <= last);
    moments.map(|at| (seconds(at), label(at, Some(at.plus(-step)).filter(|before| *before >= first)))).collect()
}

fn months(first: Nanos, last: Nanos, step: i32) -> Vec<(f64, String)> {
    let civil = first.civil();
    let month = civil.year() * 12 + civil.month0() as i32;
    let start = month.div_euclid(step) * step;
    let starts = (0..).map_while(|i| {
        let month = start + i * step;
        let day = NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1)?;
        Nanos::from_date(day).filter(|at| *at <= last).map(|at| (at, day))
    });
    let label =
        |day: NaiveDate| if step % 12 == 0 { format!("{:04}", day.year()) } else { format!("{:04}-{:02}", day.year(), day.month()) };
    starts.filter(|(at, _)| *at >= first).map(|(at, day)| (seconds(at), label(day))).collect()
}

/// 1, 2 or 5 times a power of ten: the smallest that is at least four fifths of `raw`, so that a scale has a tick more rather than half.
fn round_step(raw: f64) -> f64 {
    let mut power = 1.0;
    while power * 10.0 <= raw {
        power *= 10.0;
    }
    while power > raw {
        power /= 10.0;
    }
    power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| power * m >= raw * (0.8 - 1e-9)).unwrap_or(10.0)
}

fn decimals(step: f64) -> usize {
    [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7].into_iter().position(|power| step * power >= 1.0 - 1e-9).unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn value_ticks_are_round_and_the_scale_encloses_the_data() {
        let axis = Axis::values(9_812.0, 10_604.0, 5, Unit::Plain);
        assert_eq!(labels(&axis), ["9,800", "10,000", "10,200", "10,400", "10,600"]);
        assert!(axis.lo < 9_812.0 && axis.hi > 10_604.0);
        assert_eq!(labels(&Axis::values(-0.031, 0.0, 3, Unit::Percent)), ["−3%", "−2%", "−1%", "0%"]);
        assert_eq!(labels(&Axis::values(-0.004, 0.002, 3, Unit::Percent)), ["−0.4%", "−0.2%", "0.0%", "0.2%"]);
    }

    #[test]
    fn things_are_counted_in_whole_numbers() {
        assert_eq!(labels(&Axis::values(0.0, 1.0, 4, Unit::Count)), ["0", "1"]);
        assert_eq!(labels(&Axis::values(0.0, 3.0, 4, Unit::Count)), ["0", "1", "2", "3"]);
    }

    #[test]
    fn a_flat_or_undefined_range_still_has_a_scale() {
        for (lo, hi) in [(5.0, 5.0), (0.0, 0.0), (f64::NAN, 1.0), (f64::INFINITY, f64::NEG_INFINITY)] {
            let axis = Axis::values(lo, hi, 4, Unit::Plain);
            assert!(axis.hi > axis.lo && axis.ticks.len() < 20, "{lo} {hi}");
        }
    }

    #[test]
    fn time_ticks_stand_on_calendar_steps() {
        let at = |text: &str| Nanos::parse_date_or_moment(text).unwrap();
        let year = Axis::times(at("2017-01-02"), at("2017-12-29"), 6);
        assert_eq!(labels(&year), ["2017-04", "2017-07", "2017-10"]);
        let decades = Axis::times(at("1950-06-01"), at("2012-06-01"), 8);
        assert_eq!(labels(&decades)[..2], ["1960", "1970"]);
        let day = Axis::times(at("2017-03-01T01:00:00Z"), at("2017-03-01T14:00:00Z"), 6);
        assert_eq!(labels(&day), ["1 Mar 03:00", "1 Mar 06:00", "1 Mar 09:00", "1 Mar 12:00"]);
        let turn = Axis::times(at("2017-12-20"), at("2018-01-17"), 5);
        assert_eq!(labels(&turn), ["25 Dec 2017", "1 Jan 2018", "8 Jan", "15 Jan"]);
    }
}
