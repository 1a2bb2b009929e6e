//! From a file's time cells to UTC.
//!
//! Owns the accepted spellings and the zone at the edge. A date that starts with its day or month is read only when the order is named,
//! and a local time that the zone's clock skips or shows twice is refused, since no answer would be more right than another.

use chrono::{DateTime, MappedLocalTime, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::spelling::{Spelling, read_clock, read_date, read_seconds, read_time_of_day, read_whole};
use crate::time::{MINUTE, SECOND};

/// Which of day, month and year a date starts with, where it does not start with a four-digit year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// `2017-12-31`; needs no declaration.
    #[default]
    Ymd,
    /// `31.12.2017`.
    Dmy,
    /// `12/31/2017`.
    Mdy,
}

impl std::str::FromStr for DateOrder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ymd" => Ok(Self::Ymd),
            "dmy" => Ok(Self::Dmy),
            "mdy" => Ok(Self::Mdy),
            _ => Err(format!("'{text}' is not a date order; write ymd, dmy or mdy")),
        }
    }
}

/// Why a time cell has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeProblem {
    Unreadable,
    Missing,
    Mixed,
    OutOfRange,
    OrderUnknown,
    Skipped,
    Twice,
}

impl TimeProblem {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Unreadable | Self::Missing | Self::Mixed | Self::OutOfRange => "unparsable",
            Self::OrderUnknown => "ambiguous_date",
            Self::Skipped => "nonexistent_time",
            Self::Twice => "ambiguous_time",
        }
    }

    pub(super) fn message(self, cell: &str, zone: Tz) -> String {
        match self {
            Self::Unreadable => {
                format!("'{cell}' is not a time; write RFC 3339 (2017-01-31T22:00:00Z), an epoch number, or 2017-01-31 22:00:00")
            }
            Self::Missing => "the time is empty; fill it in or take the row out".to_owned(),
            Self::Mixed => {
                format!("'{cell}' is written in another way than the times above (calendar time and epoch number); write all in one way")
            }
            Self::OutOfRange => {
                format!(
                    "'{cell}' has a part that no calendar has in that place, or lies outside 1678 to 2261; mend it, or name the file's date order"
                )
            }
            Self::OrderUnknown => format!(
                "'{cell}' may start with its day or with its month; name the order with --date-order dmy or mdy (date_order in an experiment)"
            ),
            Self::Skipped => format!("'{cell}' does not exist in {zone}: the clock skips it; name the zone the file really keeps"),
            Self::Twice => format!(
                "'{cell}' happens twice in {zone}: the clock is set back; name the zone the file really keeps, or store times in UTC"
            ),
        }
    }
}

/// Nanoseconds per unit of an epoch column whose largest absolute value is `largest`.
///
/// Seconds stay below 1e11 until the year 5138, milliseconds above it since March 1973; each finer unit is a thousand times larger.
pub(super) const fn epoch_unit(largest: u64) -> i64 {
    match largest {
        0..100_000_000_000 => SECOND,
        100_000_000_000..100_000_000_000_000 => SECOND / 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => SECOND / 1_000_000,
        _ => 1,
    }
}

/// 1973-03-03 in seconds: whole numbers below are more often something else than a time.
pub(super) const LEAST_EPOCH: u64 = 100_000_000;

/// What a column may hold whose largest number is too small for a time; `None` where it is large enough.
pub(super) const fn small_epoch(largest: u64) -> Option<&'static str> {
    match largest {
        LEAST_EPOCH.. => None,
        1900..=2200 => Some("they may be years"),
        10_000..=99_999 => Some("they may be days, as spreadsheets count them from 1900 (45293 is 2024-01-01) or other tools from 1970"),
        100_000..=991_231 => Some("they may be dates of six digits (240131 for 2024-01-31)"),
        _ => Some("they may count something else"),
    }
}

/// Reads calendar times; remembers the zone's offset for the quarter of an hour it last converted.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    zone: Tz,
    order: Option<DateOrder>,
    cached_quarter: i64,
    cached_offset: Option<i64>,
    saw_local: bool,
}

const QUARTER: i64 = 15 * MINUTE;

impl Clock {
    pub(super) const fn new(zone: Tz, order: Option<DateOrder>) -> Self {
        Self { zone, order, cached_quarter: i64::MIN, cached_offset: None, saw_local: false }
    }

    pub(super) const fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether any time so far carried no offset.
    pub(super) const fn saw_local(&self) -> bool {
        self.saw_local
    }

    /// UTC nanoseconds of a calendar time; an epoch number as it stands.
    pub(super) fn read_as(&mut self, spelling: Spelling, cell: &[u8]) -> Result<i64, TimeProblem> {
        let found = match spelling {
            Spelling::Epoch => read_whole(cell).ok_or(TimeProblem::Unreadable),
            // A moment on the second may be written without a point.
            Spelling::EpochSeconds => read_seconds(cell).or_else(|| read_whole(cell)?.checked_mul(SECOND)).ok_or(TimeProblem::Unreadable),
            Spelling::Civil => self.read(cell),
        };
        found.map_err(|problem| match problem {
            TimeProblem::Unreadable if cell.is_empty() => TimeProblem::Missing,
            TimeProblem::Unreadable if spelling == Spelling::Civil && Spelling::of(cell) != Spelling::Civil => TimeProblem::Mixed,
            TimeProblem::Unreadable if spelling != Spelling::Civil && self.read(cell) != Err(TimeProblem::Unreadable) => TimeProblem::Mixed,
            problem => problem,
        })
    }

    /// UTC nanoseconds of one cell.
    pub(super) fn read(&mut self, cell: &[u8]) -> Result<i64, TimeProblem> {
        let (date_ns, rest) = read_date(cell, self.order)?;
        let (in_day, offset) = read_time_of_day(rest)?;
        self.place(date_ns, in_day, offset)
    }

    /// UTC nanoseconds of a date cell and a time cell.
    pub(super) fn read_two(&mut self, date: &[u8], time: &[u8]) -> Result<i64, TimeProblem> {
        let (date_ns, rest) = read_date(date, self.order)?;
        // Some tools repeat midnight in the date column.
        if !rest.is_empty() && read_time_of_day(rest)? != (0, None) {
            return Err(TimeProblem::Unreadable);
        }
        let (in_day, offset) = read_clock(time)?;
        self.place(date_ns, in_day, offset)
    }

    fn place(&mut self, date_ns: i64, in_day: i64, offset: Option<i64>) -> Result<i64, TimeProblem> {
        let civil = date_ns.checked_add(in_day).ok_or(TimeProblem::OutOfRange)?;
        match offset {
            Some(offset) => civil.checked_sub(offset).ok_or(TimeProblem::OutOfRange),
            None => self.utc_of(civil),
        }
    }

    /// UTC of a wall time in the file's zone.
    pub(super) fn utc_of(&mut self, civil: i64) -> Result<i64, TimeProblem> {
        self.saw_local = true;
        if self.zone == Tz::UTC {
            return Ok(civil);
        }
        let quarter = civil.div_euclid(QUARTER);
        if quarter != self.cached_quarter {
            let (start, end) = (quarter.saturating_mul(QUARTER), quarter.saturating_mul(QUARTER).saturating_add(QUARTER - 1));
            self.cached_quarter = quarter;
            self.cached_offset = match (offset_at(self.zone, start), offset_at(self.zone, end)) {
                (Ok(a), Ok(b)) if a == b => Some(a),
                _ => None,
            };
        }
        let offset = match self.cached_offset {
            Some(offset) => offset,
            None => offset_at(self.zone, civil)?,
        };
        civil.checked_sub(offset).ok_or(TimeProblem::OutOfRange)
    }
}

/// The zone's offset at a wall time, in nanoseconds east of UTC.
fn offset_at(zone: Tz, civil: i64) -> Result<i64, TimeProblem> {
    use chrono::Offset;
    match zone.offset_from_local_datetime(&DateTime::from_timestamp_nanos(civil).naive_utc()) {
        MappedLocalTime::Single(offset) => Ok(i64::from(offset.fix().local_minus_utc()) * SECOND),
        MappedLocalTime::Ambiguous(..) => Err(TimeProblem::Twice),
        MappedLocalTime::None => Err(TimeProblem::Skipped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::spelling::Spelling, time::Nanos};

    fn read(cell: &str, zone: Tz, order: Option<DateOrder>) -> Result<String, TimeProblem> {
        Clock::new(zone, order).read(cell.as_bytes()).map(|ns| Nanos(ns).to_string())
    }

    #[test]
    fn every_accepted_spelling_names_the_same_moment() {
        for cell in [
            "2017-01-31T22:05:00Z",
            "2017-01-31T23:05:00+01:00",
            "2017-01-31 23:05:00.000 GMT+0100",
            "2017-01-31 22:05",
            "2017.01.31 22:05:00",
            "2017/1/31 22:05:00.000",
            "20170131 220500",
            "20170131220500",
            "20170131T22:05:00 UTC",
        ] {
            assert_eq!(read(cell, Tz::UTC, None).as_deref(), Ok("2017-01-31T22:05:00Z"), "{cell}");
        }
        assert_eq!(read("31.01.2017 22:05:00.250", Tz::UTC, Some(DateOrder::Dmy)).as_deref(), Ok("2017-01-31T22:05:00.250Z"));
        assert_eq!(read("1/31/2017 9:05", Tz::UTC, Some(DateOrder::Mdy)).as_deref(), Ok("2017-01-31T09:05:00Z"));
    }

    #[test]
    fn an_undeclared_order_is_refused_even_where_one_value_could_decide() {
        assert_eq!(read("31.12.2017", Tz::UTC, None), Err(TimeProblem::OrderUnknown));
        assert_eq!(read("31.12.2017", Tz::UTC, Some(DateOrder::Ymd)), Err(TimeProblem::OrderUnknown));
        assert_eq!(read("31.12.2017", Tz::UTC, Some(DateOrder::Mdy)), Err(TimeProblem::OutOfRange));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for cell in [
            "",
            "x",
            "31-Dec-10",
            "01/03/17",
            "2017-01-31 24:00",
            "2017-02-30",
            "2017-01-31 1",
            "2017-01-31 22:5",
            "2017-01-31 10:00:00.",
            "2017-01-31 10:00 EST",
            "2017-01/31",
        ] {
            assert!(read(cell, Tz::UTC, Some(DateOrder::Dmy)).is_err(), "{cell}");
        }
    }

    #[test]
    fn wall_times_follow_their_zone_and_its_changes() {
        let new_york = chrono_tz::America::New_York;
        assert_eq!(read("2017-01-03 09:30", new_york, None).as_deref(), Ok("2017-01-03T14:30:00Z"));
        assert_eq!(read("2017-07-03 09:30", new_york, None).as_deref(), Ok("2017-07-03T13:30:00Z"));
        assert_eq!(read("2017-03-12 02:30", new_york, None), Err(TimeProblem::Skipped));
        assert_eq!(read("2017-11-05 01:30", new_york, None), Err(TimeProblem::Twice));
        assert_eq!(read("2017-11-05T01:30:00-04:00", new_york, None).as_deref(), Ok("2017-11-05T05:30:00Z"));
    }

    #[test]
    fn epoch_units_follow_the_magnitude() {
        assert_eq!(Spelling::of(b"1504396800000"), Spelling::Epoch);
        assert_eq!(Spelling::of(b"20170131"), Spelling::Civil);
        // The first may lie on the second, and the next not; milliseconds with a point are whole numbers all the same.
        assert_eq!((Spelling::of(b"1504396800.250"), Spelling::of(b"1504396800.0")), (Spelling::EpochSeconds, Spelling::EpochSeconds));
        assert_eq!(Spelling::of(b"1504396800000.0"), Spelling::Epoch);
        assert_eq!(Spelling::of(b"31.12.2017"), Spelling::Civil);
        assert_eq!(Spelling::of(b"-86400"), Spelling::Epoch);
        for (value, unit) in
            [(1_504_396_800, SECOND), (1_504_396_800_000, 1_000_000), (1_504_396_800_000_000, 1_000), (1_504_396_800_000_000_000, 1)]
        {
            assert_eq!(epoch_unit(value), unit);
        }
    }
}
