//! How long a window is: a number of bars, or calendar time.

use std::{fmt, str::FromStr};

use chrono::{Days, Months, NaiveDateTime};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use crate::time::Nanos;

/// The length of a window: bars (`5000`), or calendar time (`"12mo"`, `"90d"`, `"2w"`, `"2y"`).
///
/// Months and years end on the same day of a later month, or on its last day where it has no such day.
///
/// ```
/// use cthulu_lab::fold::Length;
/// assert_eq!("12mo".parse::<Length>().unwrap().to_string(), "12mo");
/// assert_eq!("5000".parse::<Length>().unwrap(), Length::Bars(5000));
/// assert!("12m".parse::<Length>().unwrap_err().contains("3mo for months"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many bars.
    Bars(usize),
    /// So many months, for years as well.
    Months(u32),
    /// So many days, for weeks as well.
    Days(u32),
}

impl Length {
    /// Whether it is counted in bars.
    #[must_use]
    pub const fn is_bars(self) -> bool {
        matches!(self, Self::Bars(_))
    }

    /// Months and days in `times` of it; nothing for bars.
    const fn span(self, times: u32) -> (u32, u32) {
        match self {
            Self::Bars(_) => (0, 0),
            Self::Months(months) => (months.saturating_mul(times), 0),
            Self::Days(days) => (0, days.saturating_mul(times)),
        }
    }
}

/// The moment `train` and `times` of `test` after `start`: the months of both first, so that month ends do not drift, then the days.
/// `None` past the end of the calendar.
pub(super) fn edge(start: NaiveDateTime, train: Length, (test, times): (Length, u32)) -> Option<Nanos> {
    let (first, more) = (train.span(1), test.span(times));
    let months = Months::new(first.0.checked_add(more.0)?);
    let days = Days::new(u64::from(first.1) + u64::from(more.1));
    moment(start.checked_add_months(months)?.checked_add_days(days)?)
}

/// The moment one `length` before `end`.
pub(super) fn before(end: Nanos, length: Length) -> Option<Nanos> {
    let (months, days) = length.span(1);
    moment(end.civil().checked_sub_months(Months::new(months))?.checked_sub_days(Days::new(days.into()))?)
}

fn moment(civil: NaiveDateTime) -> Option<Nanos> {
    civil.and_utc().timestamp_nanos_opt().map(Nanos)
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bars(bars) => write!(f, "{bars}"),
            Self::Months(months) => write!(f, "{months}mo"),
            Self::Days(days) => write!(f, "{days}d"),
        }
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "'{text}' is no length of a window; write bars as a number, as 5000, or a count and a unit: 90d for days, 2w for weeks, \
                 3mo for months, 2y for years"
            )
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        let count: u32 = count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
        let times = |each: u32| count.checked_mul(each).ok_or_else(wrong);
        match unit {
            "" => Ok(Self::Bars(count as usize)),
            "d" => Ok(Self::Days(count)),
            "w" => times(7).map(Self::Days),
            "mo" => Ok(Self::Months(count)),
            "y" => times(12).map(Self::Months),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bars(bars) => serializer.serialize_u64(*bars as u64),
            calendar => serializer.collect_str(calendar),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Typed;
        impl Visitor<'_> for Typed {
            type Value = Length;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of bars such as 5000, or calendar time such as \"12mo\" or \"90d\"")
            }
            fn visit_i64<E: de::Error>(self, bars: i64) -> Result<Length, E> {
                bars.to_string().parse().map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, bars: u64) -> Result<Length, E> {
                bars.to_string().parse().map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Typed)
    }
}
