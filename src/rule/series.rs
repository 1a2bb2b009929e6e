//! What every bar brings: its prices, its volume, its spread and its clock, as columns.
//!
//! Clock values are those of the bar's opening in UTC. `session` is 1 from 09:00 to 18:00 in Tokyo, 2 from 08:00 to 17:00 in London,
//! 3 from 08:00 to 17:00 in New York, 0 otherwise, every day of the week; where two overlap the later one counts.

use chrono::{NaiveDate, TimeZone};
use chrono_tz::Tz;

use crate::market::{Bar, Bars};
use crate::time::{DAY, HOUR, MINUTE, Nanos};

/// A series by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Series {
    Open,
    High,
    Low,
    Close,
    Volume,
    Spread,
    Bid,
    Ask,
    Hl2,
    Hlc3,
    Ohlc4,
    Hour,
    Minute,
    DayOfWeek,
    Session,
}

/// The rows being evaluated: a live bar, or a block of stored ones.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    One(&'a Bar),
    Block { bars: &'a Bars, start: usize, len: usize },
}

impl<'a> Rows<'a> {
    pub(super) const fn len(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Block { len, .. } => len,
        }
    }

    /// Row `i` of these.
    pub(super) fn bar(self, i: usize) -> Bar {
        match self {
            Self::One(bar) => *bar,
            Self::Block { bars, start, .. } => bars.bar(start + i),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Bar> + use<'a> {
        (0..self.len()).map(move |i| self.bar(i))
    }
}

/// Writes a series over `rows` into `out`.
pub(super) fn fill(series: Series, rows: Rows<'_>, clock: &mut SessionClock, out: &mut [f64]) {
    if let Rows::Block { bars, start, len } = rows {
        let column = match series {
            Series::Open => Some(bars.open()),
            Series::High => Some(bars.high()),
            Series::Low => Some(bars.low()),
            Series::Close | Series::Bid => Some(bars.close()),
            Series::Volume => Some(bars.volume()),
            _ => None,
        };
        if let Some(column) = column {
            return out.copy_from_slice(&column[start..start + len]);
        }
    }
    for (out, bar) in out.iter_mut().zip(rows.iter()) {
        *out = value(series, &bar, clock);
    }
}

fn value(series: Series, bar: &Bar, clock: &mut SessionClock) -> f64 {
    let at = bar.opened_at;
    match series {
        Series::Open => bar.open,
        Series::High => bar.high,
        Series::Low => bar.low,
        Series::Close | Series::Bid => bar.close,
        Series::Ask => bar.ask.map_or(bar.close, |ask| ask.close),
        Series::Volume => bar.volume,
        Series::Spread => bar.ask.map(|ask| ask.close - bar.close).or(bar.spread).unwrap_or(f64::NAN),
        Series::Hl2 => (bar.high + bar.low) / 2.0,
        Series::Hlc3 => (bar.high + bar.low + bar.close) / 3.0,
        Series::Ohlc4 => (bar.open + bar.high + bar.low + bar.close) / 4.0,
        Series::Hour => (at.in_day() / HOUR) as f64,
        Series::Minute => (at.in_day() % HOUR / MINUTE) as f64,
        Series::DayOfWeek => at.weekday() as f64,
        Series::Session => clock.session(at),
    }
}

/// Sessions, latest first: number, zone, opening and closing hour on its own clock.
const SESSIONS: [(f64, Tz, u32, u32); 3] =
    [(3.0, chrono_tz::America::New_York, 8, 17), (2.0, chrono_tz::Europe::London, 8, 17), (1.0, chrono_tz::Asia::Tokyo, 9, 18)];

/// The sessions of one UTC day at a time, so that the zones are asked once a day.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionClock {
    day: Option<i64>,
    /// Openings and closings, in the order of [`SESSIONS`].
    spans: [(i64, i64); 3],
}

impl SessionClock {
    /// The session at a moment. Each session opens and closes within one UTC day, so the day's three are enough.
    pub(super) fn session(&mut self, at: Nanos) -> f64 {
        if self.day != Some(at.day()) {
            self.day = Some(at.day());
            let date = at.civil().date();
            self.spans = SESSIONS.map(|(_, zone, opens, closes)| (local(zone, date, opens), local(zone, date, closes)));
        }
        let open = self.spans.iter().position(|(opens, closes)| (*opens..*closes).contains(&at.0));
        open.map_or(0.0, |i| SESSIONS[i].0)
    }
}

/// Nanoseconds UTC of a whole hour on a zone's clock; clocks change at night, so the hour exists. Out of range is the far past.
fn local(zone: Tz, date: NaiveDate, hour: u32) -> i64 {
    let civil = date.and_hms_opt(hour, 0, 0).expect("an hour below 24");
    zone.from_local_datetime(&civil).earliest().and_then(|t| t.timestamp_nanos_opt()).unwrap_or(i64::MIN)
}

/// Start of the bucket of length `span_ns` that holds a moment, aligned to UTC; whole weeks begin on Monday.
pub(super) const fn bucket_start(at: Nanos, span_ns: i64) -> i64 {
    // 1970-01-05 was the first Monday.
    let origin = if span_ns % (7 * DAY) == 0 { 4 * DAY } else { 0 };
    at.0 - (at.0 - origin).rem_euclid(span_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(at: &str) -> f64 {
        SessionClock::default().session(at.parse().unwrap())
    }

    #[test]
    fn sessions_follow_each_citys_clock_and_the_later_counts() {
        // In January London is UTC and New York five hours behind; in July they are one ahead and four behind. Tokyo is always nine ahead.
        for (at, expected) in [
            ("2017-01-10T00:00:00Z", 1.0),
            ("2017-01-10T07:59:00Z", 1.0),
            ("2017-01-10T08:00:00Z", 2.0),
            ("2017-01-10T12:59:00Z", 2.0),
            ("2017-01-10T13:00:00Z", 3.0),
            ("2017-01-10T21:59:00Z", 3.0),
            ("2017-01-10T22:00:00Z", 0.0),
            ("2017-07-10T07:00:00Z", 2.0),
            ("2017-07-10T12:00:00Z", 3.0),
            ("2017-07-10T21:00:00Z", 0.0),
        ] {
            assert_eq!(session(at), expected, "{at}");
        }
    }

    #[test]
    fn weeks_begin_on_monday() {
        let wednesday: Nanos = "2017-01-11T15:00:00Z".parse().unwrap();
        assert_eq!(Nanos(bucket_start(wednesday, 7 * DAY)).to_string(), "2017-01-09T00:00:00Z");
        assert_eq!(Nanos(bucket_start(wednesday, 4 * HOUR)).to_string(), "2017-01-11T12:00:00Z");
    }

    #[test]
    fn a_bar_without_quotes_has_its_close_on_both_sides() {
        let bar = Bar { close: 5.0, ..Bar::default() };
        let mut clock = SessionClock::default();
        assert_eq!((value(Series::Bid, &bar, &mut clock), value(Series::Ask, &bar, &mut clock)), (5.0, 5.0));
        assert!(value(Series::Spread, &bar, &mut clock).is_nan());
        let quoted = Bar { ask: Some(crate::market::Ohlc { close: 5.5, ..Default::default() }), ..bar };
        assert_eq!((value(Series::Ask, &quoted, &mut clock), value(Series::Spread, &quoted, &mut clock)), (5.5, 0.5));
    }
}
