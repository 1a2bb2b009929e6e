//! The hours of a market that nobody named, read off the times of its bars.
//!
//! An assumption, and called one wherever it is used: it decides which missing bars count as gaps, and nothing a run earns.

use chrono_tz::{America, Asia, Australia, Europe, Tz};

use crate::{
    market::Calendar,
    time::{DAY, HOUR, MINUTE, Nanos, Timeframe},
};

/// Clocks that an exchange may keep; where several fit alike, the first.
const ZONES: [Tz; 8] =
    [Tz::UTC, America::New_York, Europe::London, Europe::Berlin, Asia::Tokyo, Asia::Hong_Kong, Asia::Kolkata, Australia::Sydney];
/// A break this long ends a day's session.
const NIGHT: i64 = 3 * HOUR;
/// Sessions longer than this are no exchange's.
const LONGEST_SESSION: i64 = 12 * HOUR;
/// Fewer sessions show no habit.
const FEWEST: usize = 5;

/// Round the clock where Saturdays have at least half of their share. Else, of bars within a day, the daily hours that they keep by some
/// exchange's clock; of daily bars, New York's exchange where its holidays explain more than the FX week does. Else the FX week: a broker's
/// clock moves some hours of Friday to Saturday there.
#[must_use]
pub fn assumed_calendar(opened_at: &[Nanos], timeframe: Timeframe) -> Calendar {
    let saturdays = opened_at.iter().filter(|at| at.weekday() == 5).count();
    if saturdays * 14 >= opened_at.len() {
        return Calendar::RoundTheClock;
    }
    match timeframe.ns() {
        ns if ns > DAY => Calendar::Fx,
        DAY => {
            let missing =
                |calendar: Calendar| calendar.gaps(opened_at.iter().copied(), timeframe).map(|(_, gap)| gap.missing_bars).sum::<u64>();
            if missing(Calendar::US_EQUITY) < missing(Calendar::Fx) { Calendar::US_EQUITY } else { Calendar::Fx }
        }
        step => exchange(opened_at, step).unwrap_or(Calendar::Fx),
    }
}

/// The narrowest daily hours that hold every bar.
fn exchange(opened_at: &[Nanos], step: i64) -> Option<Calendar> {
    let nights = opened_at.windows(2).filter(|pair| pair[1].0.saturating_sub(pair[0].0) > NIGHT);
    let (first, last) = (*opened_at.first()?, *opened_at.last()?);
    let mut ends = vec![first];
    nights.for_each(|pair| ends.extend_from_slice(pair));
    ends.push(last);
    if ends.len() < 2 * FEWEST {
        return None;
    }
    let hours = |zone: Tz| {
        let minutes = ends.chunks_exact(2).map(|session| {
            let opens = minute_of_day(zone, session[0]);
            (opens, opens + (session[1].0 - session[0].0 + step) / MINUTE)
        });
        minutes.fold((i64::MAX, i64::MIN), |(open, close), (opens, closes)| (open.min(opens), close.max(closes)))
    };
    let fits = ZONES.into_iter().filter_map(|zone| {
        let (open, close) = hours(zone);
        if close > 24 * 60 || (close - open) * MINUTE > LONGEST_SESSION {
            return None;
        }
        let calendar = Calendar::Exchange { zone, open_minute: u16::try_from(open).ok()?, close_minute: u16::try_from(close).ok()? };
        // On its own clock, a session opens on a weekday.
        ends.chunks_exact(2).all(|session| calendar.is_open(session[0])).then_some((close - open, calendar))
    });
    fits.min_by_key(|(length, _)| *length).map(|(_, calendar)| calendar)
}

fn minute_of_day(zone: Tz, at: Nanos) -> i64 {
    use chrono::Timelike as _;
    i64::from(chrono::DateTime::from_timestamp_nanos(at.0).with_timezone(&zone).num_seconds_from_midnight() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Monday 2017-01-02, every `step`, while `calendar` is open.
    fn open(calendar: Calendar, step: i64, days: i64) -> Vec<Nanos> {
        let start = 1_483_315_200_000_000_000;
        (0..days * DAY / step).map(|i| Nanos(start + i * step)).filter(|at| calendar.is_open(*at)).collect()
    }

    fn assumed(at: &[Nanos], step: i64) -> String {
        assumed_calendar(at, Timeframe::from_ns(step).unwrap()).to_string()
    }

    #[test]
    fn a_few_hours_of_saturday_do_not_make_a_market_round_the_clock() {
        // All hours; those of the FX week; and those seven hours later, as far as Saturday 05:00.
        let fx = open(Calendar::Fx, HOUR, 21);
        let shifted: Vec<Nanos> = fx.iter().map(|at| at.plus(7 * HOUR)).collect();
        assert_eq!(assumed(&open(Calendar::RoundTheClock, HOUR, 21), HOUR), "24/7");
        assert_eq!((assumed(&fx, HOUR), assumed(&shifted, HOUR)), ("fx".to_owned(), "fx".to_owned()));
    }

    #[test]
    fn hours_that_every_day_keeps_are_an_exchanges() {
        // A year holds both of New York's clocks, so that only its own is the narrowest; a fortnight of January fits UTC as well.
        let year = open(Calendar::US_EQUITY, 30 * MINUTE, 365);
        assert_eq!(assumed(&year, 30 * MINUTE), "us_equity");
        assert_eq!(assumed(&year[..130], 30 * MINUTE), "UTC 14:30-21:00");
        let london: Calendar = "Europe/London 08:00-16:30".parse().unwrap();
        assert_eq!(assumed(&open(london, 5 * MINUTE, 365), 5 * MINUTE), "Europe/London 08:00-16:30");
        let sydney: Calendar = "Australia/Sydney 10:00-16:00".parse().unwrap();
        assert_eq!(assumed(&open(sydney, HOUR, 365), HOUR), "Australia/Sydney 10:00-16:00");
        // Four sessions are no habit.
        assert_eq!(assumed(&year[..52], 30 * MINUTE), "fx");
    }

    #[test]
    fn days_without_new_yorks_holidays_are_its_exchanges() {
        // 2017: Martin Luther King's day on 16 January, Presidents' day on 20 February.
        let weekdays: Vec<Nanos> = open(Calendar::Fx, DAY, 70).into_iter().collect();
        let day = |text: &str| Nanos::parse_date_or_moment(text).unwrap();
        let traded: Vec<Nanos> = weekdays.iter().copied().filter(|at| ![day("2017-01-16"), day("2017-02-20")].contains(at)).collect();
        assert_eq!((assumed(&weekdays, DAY), assumed(&traded, DAY)), ("fx".to_owned(), "us_equity".to_owned()));
    }
}
