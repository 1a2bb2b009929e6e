//! When a market trades, and to which trading day a moment belongs.
//!
//! Owns the day boundary (daily returns, daily limits, swaps) and the count of bars a gap leaves out. Zones are converted only where
//! a day ends: [`Calendar::days`] keeps the day's two ends, so a loop over bars pays one comparison. For gaps it knows 25 December, 1 January
//! and the full-day closures of New York's stock exchange; early closes show up as short gaps in the data findings, never as errors.

#[path = "calendar/holidays.rs"]
mod holidays;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::{America::New_York, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::{DAY, HOUR, MINUTE, Nanos, Timeframe};
use holidays::is_new_york_holiday;

/// The FX day ends at 17:00 in New York; seven hours on, it is midnight.
const FX_SHIFT: i64 = 7 * HOUR;
/// 1970-01-01 counted from 0001-01-01.
const EPOCH_FROM_CE: i64 = 719_163;

/// The hours of a market.
///
/// Written `"24/7"`, `"fx"`, `"us_equity"` (09:30 to 16:00 New York), or any exchange as `"Europe/London 08:00-16:30"`.
///
/// ```
/// use cthulu_lab::{market::Calendar, time::Nanos};
/// let monday_evening: Nanos = "2017-01-02T22:30:00Z".parse().unwrap(); // 17:30 in New York: Tuesday's session
/// assert_eq!(Calendar::Fx.trading_day(monday_evening), monday_evening.day() + 1);
/// assert_eq!(Calendar::RoundTheClock.trading_day(monday_evening), monday_evening.day());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calendar {
    /// Every minute of every day; days are UTC days.
    #[default]
    RoundTheClock,
    /// Sunday 17:00 to Friday 17:00 New York; days end at 17:00 New York and Sunday belongs to Monday.
    Fx,
    /// Monday to Friday between two local times; days are local dates.
    Exchange {
        /// Where the exchange keeps its clock.
        zone: Tz,
        /// Opening, in minutes after local midnight.
        open_minute: u16,
        /// Closing, in minutes after local midnight.
        close_minute: u16,
    },
}

impl Calendar {
    /// New York stocks: 09:30 to 16:00.
    pub const US_EQUITY: Self = Self::Exchange { zone: New_York, open_minute: 570, close_minute: 960 };

    /// The trading day of a moment, in days since 1970-01-01.
    ///
    /// In a loop, ask [`Calendar::days`] instead.
    #[must_use]
    pub fn trading_day(&self, at: Nanos) -> i64 {
        match self {
            Self::RoundTheClock => at.day(),
            Self::Fx => after_weekend(local(New_York, at).saturating_add(FX_SHIFT).div_euclid(DAY)),
            Self::Exchange { zone, .. } => local(*zone, at).div_euclid(DAY),
        }
    }

    /// The trading day of a whole bar.
    ///
    /// An exchange's bar of a day or more belongs to the date it is stamped with: the local date when stamped at local midnight,
    /// the UTC date otherwise (a file of dates read as UTC). Every other bar belongs to the day of its opening.
    #[must_use]
    pub fn trading_day_of_bar(&self, opened_at: Nanos, timeframe: Timeframe) -> i64 {
        match self {
            Self::Exchange { zone, .. } if timeframe.ns() >= DAY => {
                let civil = local(*zone, opened_at);
                if civil.rem_euclid(DAY) == 0 { civil.div_euclid(DAY) } else { opened_at.day() }
            }
            _ => self.trading_day(opened_at),
        }
    }

    /// Trading days in a year, for annualising: 365 round the clock, else 252.
    #[must_use]
    pub const fn periods_per_year(&self) -> f64 {
        match self {
            Self::RoundTheClock => 365.0,
            Self::Fx | Self::Exchange { .. } => 252.0,
        }
    }

    /// Whether the weekly hours include this moment. Holidays are not consulted.
    #[must_use]
    pub fn is_open(&self, at: Nanos) -> bool {
        match self {
            Self::RoundTheClock => true,
            Self::Fx => is_weekday(local(New_York, at).saturating_add(FX_SHIFT).div_euclid(DAY)),
            Self::Exchange { zone, open_minute, close_minute } => {
                let civil = local(*zone, at);
                let minute = civil.rem_euclid(DAY) / MINUTE;
                is_weekday(civil.div_euclid(DAY)) && (i64::from(*open_minute)..i64::from(*close_minute)).contains(&minute)
            }
        }
    }

    /// Whether a day has a session: round the clock every one, else Monday to Friday but for holidays. Days count from 1970-01-01.
    #[must_use]
    pub fn is_trading_day(&self, day: i64) -> bool {
        matches!(self, Self::RoundTheClock) || (is_weekday(day) && !self.is_holiday(day))
    }

    /// A cursor that answers `trading_day` for moments near each other in about a nanosecond.
    #[must_use]
    pub const fn days(&self) -> TradingDays {
        TradingDays { calendar: *self, start: 0, end: 0, day: 0 }
    }

    /// The number of bars one would expect strictly between two consecutive bars `step_ns` apart.
    ///
    /// Bars of a day or more are counted by date, Monday to Friday unless round the clock; shorter ones at `from + k · step` while the
    /// market is open. The trading days of 25 December and 1 January count as closed, except round the clock, and in New York the
    /// closures of its stock exchange as well. 0 when nothing is missing,
    /// when `to` is not later, or when the step is not positive.
    #[must_use]
    pub fn missing_bars(&self, from: Nanos, to: Nanos, step_ns: i64) -> i64 {
        if step_ns <= 0 || to.0.saturating_sub(from.0) <= step_ns {
            return 0;
        }
        if matches!(self, Self::RoundTheClock) || step_ns > DAY {
            // A local midnight moves by an hour twice a year, so long steps are counted to the nearest.
            let span = to.0.saturating_sub(from.0);
            return if step_ns >= DAY { ((span.saturating_add(step_ns / 2)) / step_ns - 1).max(0) } else { (span - 1) / step_ns };
        }
        if step_ns == DAY {
            let timeframe = Timeframe::from_ns(step_ns).expect("a day is positive");
            let (first, last) = (self.trading_day_of_bar(from, timeframe), self.trading_day_of_bar(to, timeframe));
            return (first + 1..last).filter(|day| is_weekday(*day) && !self.is_holiday(*day)).count() as i64;
        }
        self.missing_in_sessions(from, to, step_ns)
    }

    /// Opening and closing of one trading day's session; days count from 1970-01-01. Asked of a day without one, it answers the same hours.
    ///
    /// ```
    /// use cthulu_lab::market::Calendar;
    /// let (open, close) = Calendar::Fx.session_of(17_169); // Tuesday 2017-01-03
    /// assert_eq!((open.to_string(), close.to_string()), ("2017-01-02T22:00:00Z".into(), "2017-01-03T22:00:00Z".into()));
    /// ```
    #[must_use]
    pub fn session_of(&self, day: i64) -> (Nanos, Nanos) {
        let (open, close) = self.session(day);
        (Nanos(open), Nanos(close))
    }

    fn missing_in_sessions(&self, from: Nanos, to: Nanos, step_ns: i64) -> i64 {
        // The k-th expected bar opens at from + k · step, k >= 1; this counts those before `end`.
        let before = |end: i64| (end.clamp(from.0 + 1, to.0) - from.0 - 1) / step_ns;
        let (first, last) = (self.trading_day(from), self.trading_day(to));
        let sessions = (first..=last).filter(|day| is_weekday(*day) && !self.is_holiday(*day)).map(|day| self.session(day));
        sessions.map(|(open, close)| before(close) - before(open)).sum()
    }

    /// Opening and closing of one trading day's session, in UTC nanoseconds.
    fn session(&self, day: i64) -> (i64, i64) {
        match self {
            Self::RoundTheClock => (day.saturating_mul(DAY), (day + 1).saturating_mul(DAY)),
            Self::Fx => (
                utc(New_York, (day - 1).saturating_mul(DAY).saturating_add(17 * HOUR)),
                utc(New_York, day.saturating_mul(DAY).saturating_add(17 * HOUR)),
            ),
            Self::Exchange { zone, open_minute, close_minute } => {
                let at = |minute: u16| utc(*zone, day.saturating_mul(DAY).saturating_add(i64::from(minute) * MINUTE));
                (at(*open_minute), at(*close_minute))
            }
        }
    }

    /// Whether no bar is expected on a weekday.
    fn is_holiday(&self, day: i64) -> bool {
        let Some(date) = i32::try_from(day + EPOCH_FROM_CE).ok().and_then(NaiveDate::from_num_days_from_ce_opt) else { return false };
        let new_york = matches!(self, Self::Exchange { zone, .. } if *zone == New_York);
        matches!((date.month(), date.day()), (12, 25) | (1, 1)) || (new_york && is_new_york_holiday(date))
    }

    /// First moment of a trading day and first moment after it.
    fn bounds(&self, day: i64) -> (i64, i64) {
        match self {
            // Monday's session takes in the weekend before it.
            Self::Fx if weekday(day) == 0 => (self.session(day - 2).0, self.session(day).1),
            Self::RoundTheClock | Self::Fx => self.session(day),
            Self::Exchange { zone, .. } => (utc(*zone, day.saturating_mul(DAY)), utc(*zone, (day + 1).saturating_mul(DAY))),
        }
    }
}

/// Remembers the current trading day's two ends; see [`Calendar::days`].
#[derive(Clone, Copy, Debug)]
pub struct TradingDays {
    calendar: Calendar,
    start: i64,
    end: i64,
    day: i64,
}

impl TradingDays {
    /// The trading day of a moment, in days since 1970-01-01; the same answer as [`Calendar::trading_day`].
    #[inline]
    pub fn day(&mut self, at: Nanos) -> i64 {
        if at.0 < self.start || at.0 >= self.end {
            self.seek(at);
        }
        self.day
    }

    #[cold]
    fn seek(&mut self, at: Nanos) {
        self.day = self.calendar.trading_day(at);
        (self.start, self.end) = self.calendar.bounds(self.day);
        if at.0 < self.start || at.0 >= self.end {
            // Only where a zone skips its own midnight: remember this moment alone.
            (self.start, self.end) = (at.0, at.0.saturating_add(1));
        }
    }
}

/// Local wall time, in nanoseconds as if it were UTC.
pub(super) fn local(zone: Tz, at: Nanos) -> i64 {
    let civil = DateTime::from_timestamp_nanos(at.0).with_timezone(&zone).naive_local();
    let days = i64::from(civil.num_days_from_ce()) - EPOCH_FROM_CE;
    let in_day = i64::from(civil.num_seconds_from_midnight()) * 1_000_000_000 + i64::from(civil.nanosecond());
    days.saturating_mul(DAY).saturating_add(in_day)
}

/// The moment of a local wall time: the earlier of two, and the end of the gap where the clock jumps over it.
pub(super) fn utc(zone: Tz, local_ns: i64) -> i64 {
    let civil: NaiveDateTime = DateTime::from_timestamp_nanos(local_ns).naive_utc();
    let found = (0..24).find_map(|quarters| zone.from_local_datetime(&(civil + TimeDelta::minutes(15 * quarters))).earliest());
    found.and_then(|at| at.timestamp_nanos_opt()).unwrap_or(local_ns)
}

/// Monday = 0.
const fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

const fn is_weekday(day: i64) -> bool {
    weekday(day) < 5
}

const fn after_weekend(day: i64) -> i64 {
    match weekday(day) {
        5 => day + 2,
        6 => day + 1,
        _ => day,
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RoundTheClock => f.write_str("24/7"),
            Self::Fx => f.write_str("fx"),
            us if *us == Self::US_EQUITY => f.write_str("us_equity"),
            Self::Exchange { zone, open_minute: o, close_minute: c } => {
                write!(f, "{zone} {:02}:{:02}-{:02}:{:02}", o / 60, o % 60, c / 60, c % 60)
            }
        }
    }
}

impl FromStr for Calendar {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "24/7" => return Ok(Self::RoundTheClock),
            "fx" => return Ok(Self::Fx),
            "us_equity" => return Ok(Self::US_EQUITY),
            _ => {}
        }
        let minute = |text: &str| -> Option<u16> {
            let (hours, minutes) = text.split_once(':')?;
            let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
            (minutes < 60 && hours * 60 + minutes <= 1440 && hours <= 24).then_some(hours * 60 + minutes)
        };
        let exchange = || -> Option<Self> {
            let (zone, hours) = text.split_once(' ')?;
            let (open, close) = hours.split_once('-')?;
            let (zone, open_minute, close_minute) = (zone.parse().ok()?, minute(open)?, minute(close)?);
            (open_minute < close_minute).then_some(Self::Exchange { zone, open_minute, close_minute })
        };
        exchange()
            .ok_or_else(|| format!("'{text}' is not a calendar; write 24/7, fx, us_equity, or an exchange as 'Europe/London 08:00-16:30'"))
    }
}

impl Serialize for Calendar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Calendar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[path = "calendar/tests.rs"]
mod tests;
