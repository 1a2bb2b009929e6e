//! Whether a file's clock keeps still against its market's: the week's first bar, winter against summer.
//!
//! New York's Sunday evening is where the FX week begins. A file whose clock is read rightly begins every week at one distance from it; one
//! whose broker changes to summer time on other days, or that was read as UTC and is not, begins an hour off for part of the year.

use std::collections::BTreeMap;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::{America::New_York, Europe::London, Tz};

use super::{
    finding::{Finding, Findings, Severity},
    table::Table,
};
use crate::{
    market::Calendar,
    time::{DAY, HOUR, MINUTE, Nanos, Timeframe},
};

/// Fewer weeks of a season say nothing about its clock.
const FEWEST_WEEKS: usize = 3;
/// Share of a season's weeks that must begin alike.
const MOST: f64 = 0.6;

/// Standard time on both sides of the Atlantic, summer time on both, or in New York alone.
const SEASONS: [&str; 3] = ["in winter", "in summer", "in the weeks when New York has summer time and Europe has not"];

pub(super) fn measure(table: &Table, timeframe: Timeframe, (hours, is_named): (Calendar, bool), findings: &mut Findings) {
    if timeframe.ns() >= DAY {
        return;
    }
    let zone = match hours {
        Calendar::Exchange { zone, .. } if is_named => zone,
        // A file that nobody describes is measured only where it trades like currencies: weekdays, day and night.
        Calendar::Fx if is_named || trades_day_and_night(table, timeframe) => New_York,
        _ => return,
    };
    let mut weeks: [Vec<(i64, usize)>; 3] = Default::default();
    for i in (1..table.at.len()).filter(|i| table.at[*i].saturating_sub(table.at[i - 1]) >= DAY) {
        let (new_york, london) = (is_summer(New_York, table.at[i]), is_summer(London, table.at[i]));
        let season = match (new_york, london) {
            (false, false) => 0,
            (true, true) => 1,
            _ => 2,
        };
        weeks[season].push((in_week(zone, table.at[i]), i));
    }
    let starts: Vec<Option<(i64, usize)>> = weeks.iter().map(|weeks| usual(weeks)).collect();
    let Some((winter, _)) = starts[0] else { return };
    for season in [1, 2] {
        let Some((start, row)) = starts[season] else { continue };
        if (start - winter).abs() != HOUR {
            continue;
        }
        let message = format!(
            "weeks begin at {} by the clock of {zone} in winter and at {} {}, as from {}: the file's clock moves by an hour against its market's; name the zone it really keeps (--tz)",
            clock(winter),
            clock(start),
            SEASONS[season],
            Nanos(table.at[row])
        );
        findings.push(Finding::new(Severity::Warning, "clock_shift", message).at(table.line(row)).column(&table.time_name));
        return;
    }
}

/// Bars that cover at least 20 hours of the day.
fn trades_day_and_night(table: &Table, timeframe: Timeframe) -> bool {
    let mut hours = [false; 24];
    for at in &table.at {
        let first = at.rem_euclid(DAY) / HOUR;
        (first..=first + (timeframe.ns() - 1) / HOUR).for_each(|hour| hours[hour as usize % 24] = true);
    }
    hours.iter().filter(|h| **h).count() >= 20
}

fn offset(zone: Tz, at: i64) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&DateTime::from_timestamp_nanos(at).naive_utc()).fix().local_minus_utc())
}

/// Whether the zone's clock is ahead of what it shows in the depth of that year's winter.
fn is_summer(zone: Tz, at: i64) -> bool {
    // Winter time lasts longer than a quarter of a year wherever there is summer time.
    (1..4).any(|quarters| offset(zone, at) > offset(zone, at.saturating_sub(quarters * 91 * DAY)))
}

/// Time since local midnight before Sunday's, in quarters of an hour.
fn in_week(zone: Tz, at: i64) -> i64 {
    let local = at.saturating_add(offset(zone, at).saturating_mul(1_000_000_000));
    // 1970-01-04 was a Sunday.
    local.saturating_sub(3 * DAY).rem_euclid(7 * DAY) / (15 * MINUTE) * (15 * MINUTE)
}

/// The start that most weeks of a season share, and the first row that has it.
fn usual(weeks: &[(i64, usize)]) -> Option<(i64, usize)> {
    let mut starts: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
    for (start, row) in weeks {
        starts.entry(*start).or_insert((0, *row)).0 += 1;
    }
    let (start, (count, row)) = starts.into_iter().max_by_key(|(start, (count, _))| (*count, std::cmp::Reverse(*start)))?;
    (count >= FEWEST_WEEKS && count as f64 >= MOST * weeks.len() as f64).then_some((start, row))
}

/// `Sun 17:00`.
fn clock(in_week: i64) -> String {
    let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][(in_week / DAY) as usize % 7];
    format!("{day} {:02}:{:02}", in_week % DAY / HOUR, in_week % HOUR / MINUTE)
}
