//! Moments that come again by the wall clock of a place: the roll of positions, the hours of a session.
//!
//! Daylight saving is the place's own: 17:00 in New York is 22:00 UTC in winter and 21:00 in summer. A time that the clock skips is taken
//! at the end of the gap, one that it shows twice at its first showing.

use std::{fmt, str::FromStr};

use chrono_tz::{America::New_York, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::calendar::{local, utc};
use crate::time::{DAY, MINUTE, Nanos};

/// A time of day somewhere, written `"America/New_York 17:00"`.
///
/// ```
/// use cthulu_lab::{market::DailyMoment, time::Nanos};
/// let roll: DailyMoment = "America/New_York 17:00".parse().unwrap();
/// let after = |text: &str| roll.after(text.parse().unwrap()).to_string();
/// assert_eq!(after("2024-03-08T22:00:00Z"), "2024-03-09T22:00:00Z"); // winter
/// assert_eq!(after("2024-03-09T22:00:00Z"), "2024-03-10T21:00:00Z"); // the clocks have gone forward
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyMoment {
    zone: Tz,
    minute: u16,
}

/// Hours of the day somewhere, written `"Europe/London 08:00-17:00"`, or `"asia"`, `"europe"`, `"us"`; over midnight where the end is not
/// after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyHours {
    zone: Tz,
    from_minute: u16,
    to_minute: u16,
}

/// The hours that have a name.
const NAMED: [(&str, &str); 3] =
    [("asia", "Asia/Tokyo 09:00-18:00"), ("europe", "Europe/London 08:00-17:00"), ("us", "America/New_York 08:00-17:00")];

impl DailyMoment {
    /// 17:00 in New York, when currency positions roll.
    pub const FX_ROLL: Self = Self { zone: New_York, minute: 1020 };

    /// The first such moment after `at`.
    #[must_use]
    pub fn after(&self, at: Nanos) -> Nanos {
        let today = local(self.zone, at).div_euclid(DAY);
        (today - 1..).map(|day| self.on(day)).find(|moment| *moment > at).expect("days go on")
    }

    /// The moment on a local day, counted from 1970-01-01.
    fn on(&self, day: i64) -> Nanos {
        Nanos(utc(self.zone, day * DAY + i64::from(self.minute) * MINUTE))
    }

    /// The local day of the week that the night at a showing belongs to, Monday = 0: a clock that shows midnight ends the day before.
    #[must_use]
    pub fn night(&self, at: Nanos) -> i64 {
        Nanos(local(self.zone, at.plus(-1))).weekday()
    }
}

impl DailyHours {
    /// Start and end of every showing that touches the span `from` to `to`.
    pub fn within(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = (Nanos, Nanos)> + '_ {
        let (first, last) = (local(self.zone, from).div_euclid(DAY) - 1, local(self.zone, to).div_euclid(DAY));
        let moment = |day: i64, minute: u16| Nanos(utc(self.zone, day * DAY + i64::from(minute) * MINUTE));
        let over_midnight = i64::from(self.to_minute <= self.from_minute);
        let showing = move |day| (moment(day, self.from_minute), moment(day + over_midnight, self.to_minute));
        (first..=last).map(showing).filter(move |(start, end)| *end > from && *start < to)
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

impl FromStr for DailyMoment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (zone, time) = text.split_once(' ')?;
            Some(Self { zone: zone.parse().ok()?, minute: minute(time)? })
        };
        read().ok_or_else(|| format!("'{text}' is not a zone and a time of day; write it as \"America/New_York 17:00\""))
    }
}

impl FromStr for DailyHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hours = NAMED.iter().find(|(name, _)| *name == text).map_or(text, |(_, hours)| hours);
        let read = || {
            let (zone, hours) = hours.split_once(' ')?;
            let (from, to) = hours.split_once('-')?;
            Some(Self { zone: zone.parse().ok()?, from_minute: minute(from)?, to_minute: minute(to)? })
        };
        read().ok_or_else(|| format!("'{text}' is no session; write asia, europe, us, or hours as \"Europe/London 08:00-17:00\""))
    }
}

impl fmt::Display for DailyMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02}:{:02}", self.zone, self.minute / 60, self.minute % 60)
    }
}

impl fmt::Display for DailyHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from_minute, self.to_minute);
        write!(f, "{} {:02}:{:02}-{:02}:{:02}", self.zone, from / 60, from % 60, to / 60, to % 60)
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(DailyMoment, DailyHours);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Nanos {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_is_after_not_at() {
        let roll = DailyMoment::FX_ROLL;
        assert_eq!(roll.after(at("2024-07-01T20:59:59Z")), at("2024-07-01T21:00:00Z"));
        assert_eq!(roll.after(at("2024-07-01T21:00:00Z")), at("2024-07-02T21:00:00Z"));
        assert_eq!(roll.night(at("2024-07-02T21:00:00Z")), 1);
        // Past midnight UTC it is still the evening before in New York.
        assert_eq!(roll.after(at("2024-07-02T03:00:00Z")), at("2024-07-02T21:00:00Z"));
    }

    #[test]
    fn a_moment_in_the_skipped_hour_comes_at_its_end() {
        let early: DailyMoment = "America/New_York 02:30".parse().unwrap();
        assert_eq!(early.after(at("2024-03-10T00:00:00Z")), at("2024-03-10T07:00:00Z"));
    }

    #[test]
    fn sessions_follow_their_own_clock_and_may_span_midnight() {
        let shown = |hours: &str, from: &str, to: &str| {
            let hours: DailyHours = hours.parse().unwrap();
            hours.within(at(from), at(to)).map(|(a, b)| format!("{a} {b}")).collect::<Vec<_>>()
        };
        // London went to summer time on 2024-03-31.
        assert_eq!(
            shown("europe", "2024-03-30T00:00:00Z", "2024-04-01T00:00:00Z"),
            ["2024-03-30T08:00:00Z 2024-03-30T17:00:00Z", "2024-03-31T07:00:00Z 2024-03-31T16:00:00Z"]
        );
        assert_eq!(
            shown("UTC 22:00-07:00", "2024-01-02T00:00:00Z", "2024-01-02T23:00:00Z"),
            ["2024-01-01T22:00:00Z 2024-01-02T07:00:00Z", "2024-01-02T22:00:00Z 2024-01-03T07:00:00Z"]
        );
    }

    #[test]
    fn what_is_no_time_is_told_how_to_be_one() {
        for wrong in ["17:00", "America/New_York", "America/New_York 24:00", "Mars 17:00"] {
            assert!(wrong.parse::<DailyMoment>().unwrap_err().contains("America/New_York 17:00"), "{wrong}");
        }
        assert!("asian".parse::<DailyHours>().unwrap_err().contains("asia, europe, us"));
        assert_eq!(DailyMoment::FX_ROLL.to_string(), "America/New_York 17:00");
        assert_eq!("us".parse::<DailyHours>().unwrap().to_string(), "America/New_York 08:00-17:00");
    }
}
