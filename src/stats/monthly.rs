//! Series and tables a report draws: returns by month and year, the rolling Sharpe ratio, histograms.
//!
//! Months are those of UTC. A moment is the **close** of what it stands beside, so midnight belongs to the day that ends there.

use chrono::{DateTime, Datelike};
use serde::Serialize;

use crate::stats::moments::{finite, sorted};
use crate::stats::ratios::sharpe;

/// One calendar year of returns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct YearReturns {
    /// The calendar year in UTC.
    pub year: i32,
    /// Return of January to December; `None` for a month without a row, or measured from a level that is not above zero.
    pub months: [Option<f64>; 12],
    /// Return of the year as far as there are rows.
    pub total: Option<f64>,
}

/// Returns by month and year of `curve`, pairs of (UTC nanoseconds of the close, equity) in time order, starting from `start`.
///
/// A month's return runs from the last equity before it to its last one. Years between the first and last row that have none are
/// left out.
///
/// ```
/// use cthulu_lab::stats::monthly::returns_by_month;
/// let day = 86_400_000_000_000;
/// let table = returns_by_month(100.0, &[(20 * day, 110.0), (40 * day, 99.0)]); // January and February 1970
/// assert!((table[0].months[0].unwrap() - 0.1).abs() < 1e-15);
/// assert!((table[0].months[1].unwrap() + 0.1).abs() < 1e-15);
/// assert!((table[0].total.unwrap() + 0.01).abs() < 1e-15);
/// ```
#[must_use]
pub fn returns_by_month(start: f64, curve: &[(i64, f64)]) -> Vec<YearReturns> {
    let mut years: Vec<YearReturns> = Vec::new();
    let (mut month_start, mut year_start, mut last) = (start, start, start);
    let mut current = None;
    for (closed_at, equity) in curve {
        let date = DateTime::from_timestamp_nanos(closed_at.saturating_sub(1));
        let (year, month) = (date.year(), date.month0() as usize);
        if current != Some((year, month)) {
            month_start = last;
            current = Some((year, month));
        }
        if years.last().is_none_or(|y| y.year != year) {
            year_start = last;
            years.push(YearReturns { year, months: [None; 12], total: None });
        }
        if let Some(row) = years.last_mut() {
            row.months[month] = change(month_start, *equity);
            row.total = change(year_start, *equity);
        }
        last = *equity;
    }
    years
}

fn change(from: f64, to: f64) -> Option<f64> {
    if from > 0.0 { finite(to / from - 1.0) } else { None }
}

/// The annualised Sharpe ratio of the last `window` returns at every row; `None` until there are so many, and where undefined.
///
/// ```
/// use cthulu_lab::stats::monthly::rolling_sharpe;
/// let rolling = rolling_sharpe(&[0.01, 0.03, 0.01], 2, 1.0);
/// assert_eq!(rolling[0], None);
/// assert!((rolling[1].unwrap() - 2f64.sqrt()).abs() < 1e-12); // mean 0.02, sd √(2·0.01²) = 0.01·√2
/// ```
#[must_use]
pub fn rolling_sharpe(returns: &[f64], window: usize, periods_per_year: f64) -> Vec<Option<f64>> {
    let at = |row: usize| if row + 1 >= window { sharpe(&returns[row + 1 - window..=row], 0.0, periods_per_year) } else { None };
    (0..returns.len()).map(at).collect()
}

/// One bar of a histogram: values from `low` up to, not including, `high`; the last bin includes its high end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Values within.
    pub count: u64,
}

/// `bins` bins of equal width from the smallest to the largest value; a single one of no width where all are equal.
///
/// Empty without values, without bins, or where a value is not finite.
///
/// ```
/// use cthulu_lab::stats::monthly::histogram;
/// let counts: Vec<u64> = histogram(&[0.0, 1.0, 1.5, 2.0, 4.0], 2).iter().map(|b| b.count).collect();
/// assert_eq!(counts, [3, 2]);
/// ```
#[must_use]
pub fn histogram(values: &[f64], bins: usize) -> Vec<Bin> {
    let Some(ordered) = sorted(values).filter(|v| !v.is_empty() && bins > 0) else { return Vec::new() };
    let (least, most) = (ordered[0], ordered[ordered.len() - 1]);
    if least == most {
        return vec![Bin { low: least, high: most, count: ordered.len() as u64 }];
    }
    let edge = |b: usize| if b == bins { most } else { least + (most - least) * (b as f64 / bins as f64) };
    let before = |b: usize| if b == bins { ordered.len() } else { ordered.partition_point(|x| *x < edge(b)) };
    (0..bins).map(|b| Bin { low: edge(b), high: edge(b + 1), count: (before(b + 1) - before(b)) as u64 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    const DAY: i64 = 86_400_000_000_000;

    #[test]
    fn midnight_belongs_to_the_month_that_ends() {
        let table = returns_by_month(100.0, &[(31 * DAY, 120.0), (31 * DAY + 1, 60.0)]);
        assert!((table[0].months[0].unwrap() - 0.2).abs() < 1e-15);
        assert_eq!(table[0].months[1], Some(-0.5));
    }

    #[test]
    fn a_new_year_starts_from_the_old_ones_end() {
        let table = returns_by_month(100.0, &[(364 * DAY, 200.0), (366 * DAY, 150.0), (500 * DAY, 300.0)]);
        assert_eq!(table.iter().map(|y| y.year).collect::<Vec<_>>(), [1970, 1971]);
        assert_eq!((table[0].total, table[1].total), (Some(1.0), Some(0.5)));
        assert_eq!((table[1].months[0], table[1].months[1], table[1].months[4]), (Some(-0.25), None, Some(1.0)));
    }

    #[test]
    fn ruin_leaves_later_months_undefined() {
        let table = returns_by_month(100.0, &[(20 * DAY, 0.0), (40 * DAY, 10.0)]);
        assert_eq!((table[0].months[0], table[0].months[1]), (Some(-1.0), None));
        assert_eq!(returns_by_month(100.0, &[]), []);
    }

    #[test]
    fn equal_values_make_one_bin() {
        assert_eq!(histogram(&[2.0; 4], 10), [Bin { low: 2.0, high: 2.0, count: 4 }]);
        assert_eq!(histogram(&[], 10), []);
        assert_eq!(histogram(&[f64::NAN], 10), []);
    }

    proptest! {
        #[test]
        fn every_value_falls_into_one_bin(values in prop::collection::vec(-1e3..1e3f64, 1..200), bins in 1usize..40) {
            let table = histogram(&values, bins);
            prop_assert_eq!(table.iter().map(|b| b.count).sum::<u64>() as usize, values.len());
            prop_assert!(table.windows(2).all(|w| w[0].high == w[1].low));
        }

        #[test]
        fn months_compound_to_the_year(levels in prop::collection::vec(50.0..150.0f64, 1..30)) {
            let curve: Vec<(i64, f64)> = levels.iter().enumerate().map(|(i, e)| ((i as i64 * 11 + 1) * DAY, *e)).collect();
            let table = returns_by_month(100.0, &curve);
            let grown: f64 = table.iter().flat_map(|y| y.months).flatten().map(|r| 1.0 + r).product();
            prop_assert!((grown * 100.0 - levels[levels.len() - 1]).abs() < 1e-9);
        }
    }
}
