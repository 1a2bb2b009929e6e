//! Moments and spans: UTC nanoseconds inside, RFC 3339 outside.
//!
//! Nothing here reads the wall clock. Zones exist only at the edges: `data` turns a file's zone into UTC,
//! reports print UTC.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One second in nanoseconds.
pub const SECOND: i64 = 1_000_000_000;
/// One minute in nanoseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// One hour in nanoseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// One day in nanoseconds.
pub const DAY: i64 = 24 * HOUR;

/// A moment in UTC, in nanoseconds since 1970-01-01.
///
/// ```
/// use cthulu_lab::time::Nanos;
/// let t: Nanos = "2017-01-01T22:00:00Z".parse().unwrap();
/// assert_eq!(t.0, 1_483_308_000_000_000_000);
/// assert_eq!(t.to_string(), "2017-01-01T22:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

impl Nanos {
    /// Days since 1970-01-01, rounded down.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Nanoseconds since UTC midnight.
    #[must_use]
    pub const fn in_day(self) -> i64 {
        self.0.rem_euclid(DAY)
    }

    /// The moment `span_ns` later (earlier when negative); stays at the ends of the range.
    #[must_use]
    pub const fn plus(self, span_ns: i64) -> Self {
        Self(self.0.saturating_add(span_ns))
    }

    /// Day of the week in UTC, Monday = 0.
    #[must_use]
    pub const fn weekday(self) -> i64 {
        (self.day() + 3).rem_euclid(7)
    }

    /// Calendar date and time of day in UTC.
    #[must_use]
    pub const fn civil(self) -> NaiveDateTime {
        DateTime::from_timestamp_nanos(self.0).naive_utc()
    }

    /// The moment of a calendar date's midnight in UTC; `None` outside 1678 to 2261.
    #[must_use]
    pub fn from_date(date: NaiveDate) -> Option<Self> {
        date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_nanos_opt().map(Self)
    }

    /// Reads `2017-01-01`, or any RFC 3339 moment; `None` for anything else.
    #[must_use]
    pub fn parse_date_or_moment(text: &str) -> Option<Self> {
        text.parse().ok().or_else(|| text.parse::<NaiveDate>().ok().and_then(Self::from_date))
    }

    /// Appends the RFC 3339 form: whole seconds without a fraction, else 3, 6 or 9 digits.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        let civil = self.civil();
        let (year, nanos) = (civil.year(), civil.nanosecond());
        let two = |out: &mut Vec<u8>, n: u32, before: u8| {
            out.push(before);
            out.extend([b'0' + (n / 10) as u8, b'0' + (n % 10) as u8]);
        };
        out.extend([b'0' + (year / 1000) as u8, b'0' + (year / 100 % 10) as u8, b'0' + (year / 10 % 10) as u8, b'0' + (year % 10) as u8]);
        two(out, civil.month(), b'-');
        two(out, civil.day(), b'-');
        two(out, civil.hour(), b'T');
        two(out, civil.minute(), b':');
        two(out, civil.second(), b':');
        if nanos != 0 {
            let (mut digits, mut n) = (9, nanos);
            while n % 1000 == 0 {
                n /= 1000;
                digits -= 3;
            }
            out.push(b'.');
            for place in (0..digits).rev() {
                out.push(b'0' + (n / 10_u32.pow(place) % 10) as u8);
            }
        }
        out.push(b'Z');
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(32);
        self.write_rfc3339(&mut text);
        f.write_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

impl std::str::FromStr for Nanos {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| format!("'{text}' is not an RFC 3339 moment"))?;
        moment.with_timezone(&Utc).timestamp_nanos_opt().map(Self).ok_or_else(|| format!("'{text}' lies outside 1678 to 2261"))
    }
}

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_date_or_moment(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("'{text}' is neither a date (2017-01-01) nor an RFC 3339 moment")))
    }
}

/// The length of a bar.
///
/// Written as a count and a unit: `30s`, `1m`, `15m`, `1h`, `4h`, `1d`, `1w`.
///
/// ```
/// use cthulu_lab::time::{HOUR, Timeframe};
/// assert_eq!("4h".parse::<Timeframe>().unwrap().ns(), 4 * HOUR);
/// assert_eq!(Timeframe::from_ns(4 * HOUR).unwrap().to_string(), "4h");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeframe(i64);

impl Timeframe {
    /// A bar of `ns` nanoseconds; `None` unless positive.
    #[must_use]
    pub const fn from_ns(ns: i64) -> Option<Self> {
        if ns > 0 { Some(Self(ns)) } else { None }
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn ns(self) -> i64 {
        self.0
    }
}

const UNITS: [(&str, i64); 6] = [("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", SECOND / 1000)];

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, ns)| self.0 % ns == 0) {
            Some((unit, ns)) => write!(f, "{}{unit}", self.0 / ns),
            None => write!(f, "{}ns", self.0),
        }
    }
}

impl std::str::FromStr for Timeframe {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a timeframe; write a count and a unit, such as 1m, 15m, 1h, 4h, 1d or 1w");
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, unit) = text.split_at(digits);
        let unit_ns = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, ns)| *ns).ok_or_else(wrong)?;
        // On charts these are months; `15M` is one nowhere.
        if unit == "M" && matches!(count, "1" | "3" | "6" | "12") {
            return Err(format!(
                "'{text}' may be months or minutes; write {count}m for minutes, or 4w for about a month, which has no fixed length"
            ));
        }
        let count: i64 = count.parse().map_err(|_| wrong())?;
        count.checked_mul(unit_ns).and_then(Self::from_ns).ok_or_else(wrong)
    }
}

impl Serialize for Timeframe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timeframe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_only_the_digits_they_need() {
        let base = 1_483_308_000 * SECOND;
        for (extra, text) in [(0, "22:00:00Z"), (500_000_000, "22:00:00.500Z"), (1_000, "22:00:00.000001Z"), (1, "22:00:00.000000001Z")] {
            assert_eq!(Nanos(base + extra).to_string(), format!("2017-01-01T{text}"));
        }
        assert_eq!(Nanos(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn the_epoch_was_a_thursday() {
        assert_eq!(Nanos(0).weekday(), 3);
        assert_eq!(Nanos(-DAY).weekday(), 2);
    }

    #[test]
    fn timeframes_refuse_what_has_no_length() {
        for wrong in ["", "h", "0h", "1", "1x", "-1h", "99999999999999w"] {
            assert!(wrong.parse::<Timeframe>().is_err(), "{wrong}");
        }
        assert_eq!("15M".parse::<Timeframe>().unwrap().to_string(), "15m");
    }
}
