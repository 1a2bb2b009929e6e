//! Days on which the New York Stock Exchange regularly stays closed.
//!
//! Only the rules of today, as far back as they held; days of mourning, storms and early closes are not known here.

use chrono::{Datelike, Days, NaiveDate};

/// The regular closures of the New York Stock Exchange: fixed dates moved off the weekend, Mondays of a month, Thanksgiving, Good Friday.
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
    fixed || mondays || last_monday_of_may || thanksgiving || good_friday
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
