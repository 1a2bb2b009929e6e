//! Days on which the New York Stock Exchange stays closed.
//!
//! The rules of today as far back as they held, and the single days since 1972 on which mourning, a storm, a blackout or an attack kept it
//! closed. Early closes are not known here.

use chrono::{Datelike, Days, NaiveDate};

/// Closed for a single occasion, all day.
const ONCE: [(i32, u32, u32); 18] = [
    (1972, 11, 7),  // presidential election; until 1980 they closed it
    (1972, 12, 28), // mourning for Truman
    (1973, 1, 25),  // Johnson
    (1976, 11, 2),  // election
    (1977, 7, 14),  // blackout
    (1980, 11, 4),  // election
    (1985, 9, 27),  // hurricane Gloria
    (1994, 4, 27),  // Nixon
    (2001, 9, 11),  // the attacks
    (2001, 9, 12),
    (2001, 9, 13),
    (2001, 9, 14),
    (2004, 6, 11),  // Reagan
    (2007, 1, 2),   // Ford
    (2012, 10, 29), // hurricane Sandy
    (2012, 10, 30),
    (2018, 12, 5), // Bush
    (2025, 1, 9),  // Carter
];

/// The closures of the New York Stock Exchange: fixed dates moved off the weekend, Mondays of a month, Thanksgiving, Good Friday.
pub(super) fn is_new_york_holiday(date: NaiveDate) -> bool {
    let (year, month, day, weekday) = (date.year(), date.month(), date.day(), date.weekday().num_days_from_monday());
    let nth = (day - 1) / 7 + 1;
    let last_monday_of_may = month == 5 && weekday == 0 && day > 24;
    let mondays = weekday == 0 && matches!((month, nth), (1, 3) | (2, 3) | (9, 1)) && (month != 1 || year >= 1998);
    let thanksgiving = month == 11 && weekday == 3 && nth == 4;
    // A Saturday's holiday is kept on Friday, except New Year's; a Sunday's on Monday.
    let observed = |m: u32, d: u32| {
        let kept_friday = weekday == 4 && date.succ_opt().is_some_and(|next| (next.month(), next.day()) == (m, d)) && m != 1;
        let kept_monday = weekday == 0 && date.pred_opt().is_some_and(|before| (before.month(), before.day()) == (m, d));
        (month, day) == (m, d) || kept_friday || kept_monday
    };
    let fixed = observed(1, 1) || observed(7, 4) || observed(12, 25) || (year >= 2022 && observed(6, 19));
    let good_friday = easter(year).and_then(|sunday| sunday.checked_sub_days(Days::new(2))) == Some(date);
    let once = ONCE.contains(&(year, month, day));
    once || fixed || mondays || last_monday_of_may || thanksgiving || good_friday
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher).
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(sum / 31).ok()?, u32::try_from(sum % 31 + 1).ok()?)
}
