//! Where longer bars begin and end.

use super::DayEnd;
use crate::{
    market::Calendar,
    time::{DAY, Nanos, Timeframe},
};

const WEEK: i64 = 7 * DAY;
/// 1970-01-05, the first Monday, in days.
const FIRST_MONDAY: i64 = 4;

/// Finds the bucket of a moment, and remembers it for the next.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    span_ns: i64,
    day_end: DayEnd,
    /// The first moment that belongs to the present bucket, which on FX Mondays lies before its opening.
    since: Nanos,
    opened_at: Nanos,
    closed_at: Nanos,
}

impl Buckets {
    pub(super) fn new(timeframe: Timeframe, day_end: DayEnd) -> Result<Self, String> {
        let span_ns = timeframe.ns();
        if day_end == DayEnd::NewYork && ![DAY, WEEK].contains(&span_ns) {
            return Err(format!("only bars of 1d or 1w can end at 17:00 in New York, not those of {timeframe}; leave out --day-ends"));
        }
        Ok(Self { span_ns, day_end, since: Nanos(0), opened_at: Nanos(0), closed_at: Nanos(0) })
    }

    /// Opening and closing time of the bucket that a moment lies in.
    #[inline]
    pub(super) fn of(&mut self, at: Nanos) -> (Nanos, Nanos) {
        if at < self.since || at >= self.closed_at {
            self.seek(at);
        }
        (self.opened_at, self.closed_at)
    }

    fn seek(&mut self, at: Nanos) {
        if self.day_end == DayEnd::Utc {
            let origin = if self.span_ns % WEEK == 0 { FIRST_MONDAY * DAY } else { 0 };
            self.opened_at = at.plus(-at.plus(-origin).0.rem_euclid(self.span_ns));
            self.closed_at = self.opened_at.plus(self.span_ns);
            self.since = self.opened_at;
            return;
        }
        // What the calendar calls a Monday includes the weekend before it.
        let day = Calendar::Fx.trading_day(at);
        let weekday = (day - FIRST_MONDAY).rem_euclid(7);
        let friday_before = |monday: i64| Calendar::Fx.session_of(monday - 3).1;
        if self.span_ns == WEEK {
            let monday = day - weekday;
            self.since = friday_before(monday);
            self.opened_at = Calendar::Fx.session_of(monday).0;
            self.closed_at = friday_before(monday + 7);
        } else {
            (self.opened_at, self.closed_at) = Calendar::Fx.session_of(day);
            self.since = if weekday == 0 { friday_before(day) } else { self.opened_at };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(timeframe: &str, day_end: DayEnd, at: &str) -> (String, String) {
        let mut buckets = Buckets::new(timeframe.parse().unwrap(), day_end).unwrap();
        let (opened_at, closed_at) = buckets.of(at.parse().unwrap());
        (opened_at.to_string(), closed_at.to_string())
    }

    fn pair(opened_at: &str, closed_at: &str) -> (String, String) {
        (opened_at.into(), closed_at.into())
    }

    #[test]
    fn buckets_are_multiples_of_their_length_in_utc_and_weeks_begin_on_monday() {
        let at = "2014-05-08T13:37:59.999Z"; // a Thursday
        for (timeframe, opened_at, closed_at) in [
            ("5m", "2014-05-08T13:35:00Z", "2014-05-08T13:40:00Z"),
            ("4h", "2014-05-08T12:00:00Z", "2014-05-08T16:00:00Z"),
            ("1d", "2014-05-08T00:00:00Z", "2014-05-09T00:00:00Z"),
            ("1w", "2014-05-05T00:00:00Z", "2014-05-12T00:00:00Z"),
        ] {
            assert_eq!(bucket(timeframe, DayEnd::Utc, at), pair(opened_at, closed_at), "{timeframe}");
        }
        assert_eq!(bucket("1h", DayEnd::Utc, "1969-12-31T23:30:00Z"), pair("1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"));
    }

    #[test]
    fn days_of_new_york_end_at_five_in_summer_and_winter() {
        let day = |at: &str| bucket("1d", DayEnd::NewYork, at);
        // Four hours behind UTC in May, five in January.
        assert_eq!(day("2014-05-08T20:59:59Z"), pair("2014-05-07T21:00:00Z", "2014-05-08T21:00:00Z"));
        assert_eq!(day("2014-05-08T21:00:00Z"), pair("2014-05-08T21:00:00Z", "2014-05-09T21:00:00Z"));
        assert_eq!(day("2014-01-08T21:59:59Z"), pair("2014-01-07T22:00:00Z", "2014-01-08T22:00:00Z"));
        // Sunday evening is Monday's, and so is a quote that strays into the weekend.
        assert_eq!(day("2014-05-11T21:30:00Z"), pair("2014-05-11T21:00:00Z", "2014-05-12T21:00:00Z"));
        assert_eq!(day("2014-05-10T12:00:00Z"), pair("2014-05-11T21:00:00Z", "2014-05-12T21:00:00Z"));
    }

    #[test]
    fn weeks_of_new_york_run_from_sunday_to_friday() {
        let week = |at: &str| bucket("1w", DayEnd::NewYork, at);
        assert_eq!(week("2014-05-08T12:00:00Z"), pair("2014-05-04T21:00:00Z", "2014-05-09T21:00:00Z"));
        // The clocks went forward on 9 March: the week after opens an hour earlier in UTC.
        assert_eq!(week("2014-03-07T21:59:00Z"), pair("2014-03-02T22:00:00Z", "2014-03-07T22:00:00Z"));
        assert_eq!(week("2014-03-07T22:00:00Z"), pair("2014-03-09T21:00:00Z", "2014-03-14T21:00:00Z"));
        assert!(Buckets::new("4h".parse().unwrap(), DayEnd::NewYork).unwrap_err().contains("only bars of 1d or 1w"));
    }
}
