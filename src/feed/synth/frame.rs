//! When synthetic bars open, and how busy the hour is.

use crate::{
    error::{Error, Result},
    market::Calendar,
    time::{DAY, HOUR, MINUTE, Nanos, Timeframe},
};

/// The bars to make: how many, how long, from when, and in which hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// How many bars.
    pub bars: usize,
    /// How long each is: a length that divides a day, or a week.
    pub timeframe: Timeframe,
    /// The hours in which they open.
    pub calendar: Calendar,
    /// When the first may open.
    pub start: Nanos,
    /// Prices are multiples of this, where there is one.
    pub point: Option<f64>,
}

const WEEK: i64 = 7 * DAY;
/// A Monday: 2020-01-06.
pub const START: Nanos = Nanos(18_267 * DAY);
/// Friday and Sunday; the FX week ends and begins at 21:00 or 22:00 UTC.
const FRIDAY: i64 = 4;
const SUNDAY: i64 = 6;

impl Frame {
    /// Round the clock from [`START`], without a point.
    #[must_use]
    pub const fn new(bars: usize, timeframe: Timeframe) -> Self {
        Self { bars, timeframe, calendar: Calendar::RoundTheClock, start: START, point: None }
    }

    /// Refuses what cannot be made.
    ///
    /// # Errors
    /// Naming the value and the remedy.
    pub fn check(&self) -> Result<()> {
        let ns = self.timeframe.ns();
        if self.bars < 2 {
            return Err(Error::config("bars", format!("{} is too few; make at least 2", self.bars)));
        }
        if !(DAY % ns == 0 || ns == WEEK) {
            let problem = format!("{} does not divide a day; take 1m, 5m, 15m, 1h, 4h, 1d or the like, or 1w", self.timeframe);
            return Err(Error::config("timeframe", problem));
        }
        if ns == WEEK && !is_open(self.calendar, self.start, ns) {
            return Err(Error::config("start", format!("{} lies in the weekend, and so would every week's bar", self.start)));
        }
        if let Some(point) = self.point.filter(|p| !(p.is_finite() && *p > 0.0)) {
            return Err(Error::config("point", format!("{point} is not above 0")));
        }
        // Seven fifths for the weekends, a thirtieth for holidays, and one more week for the ends.
        let days = (self.bars as f64 + 1.0) / self.bars_per_day();
        let span = days * DAY as f64 * 1.4 * 31.0 / 30.0 + WEEK as f64;
        if self.start.0 as f64 + span > i64::MAX as f64 {
            let problem = format!("{} bars of {} from {} reach past the year 2262; make fewer", self.bars, self.timeframe, self.start);
            return Err(Error::config("bars", problem));
        }
        Ok(())
    }

    /// Bars in a year of the calendar's trading days.
    #[must_use]
    pub fn bars_per_year(&self) -> f64 {
        let days = self.calendar.periods_per_year();
        match (self.timeframe.ns(), self.calendar) {
            (WEEK, Calendar::RoundTheClock) => days / 7.0,
            (WEEK, _) => days / 5.0,
            (ns, Calendar::Exchange { open_minute, close_minute, .. }) if ns < DAY => {
                let session = i64::from(close_minute - open_minute) * MINUTE;
                days * ((session + ns - 1) / ns) as f64
            }
            (ns, _) => days * DAY as f64 / ns as f64,
        }
    }

    /// Bars in a trading day; below 1 for a week's.
    pub(super) fn bars_per_day(&self) -> f64 {
        self.bars_per_year() / self.calendar.periods_per_year()
    }

    /// The bars' openings.
    pub(super) fn openings(self) -> Box<dyn Iterator<Item = Opening>> {
        match self.calendar {
            Calendar::Exchange { .. } if self.timeframe.ns() < DAY => Box::new(self.sessions()),
            _ => Box::new(self.steps()),
        }
    }

    /// Every step at which the market is open.
    fn steps(self) -> impl Iterator<Item = Opening> {
        let step = self.timeframe.ns();
        let has_sessions = step < DAY && matches!(self.calendar, Calendar::Fx);
        let mut at = self.start.plus(-step);
        let mut is_first = true;
        (0..self.bars).map(move |_| {
            at = at.plus(step);
            let mut waited = false;
            while !is_open(self.calendar, at, step) {
                at = at.plus(step);
                waited = true;
            }
            let closed = if !std::mem::replace(&mut is_first, false) && waited { Closed::Weekend } else { Closed::Never };
            let session = if has_sessions { &SESSIONS[(at.in_day() / HOUR) as usize] } else { &NO_SESSION };
            Opening { at, closed, session }
        })
    }

    /// Every step from the opening of each trading day to its closing.
    fn sessions(self) -> impl Iterator<Item = Opening> {
        let step = self.timeframe.ns();
        let (mut day, mut is_first) = (self.calendar.trading_day(self.start) - 1, true);
        let (mut next, mut open, mut close) = (Nanos(i64::MAX), Nanos(0), Nanos(0));
        (0..self.bars).map(move |_| {
            let mut closed = Closed::Never;
            let before = day;
            while next >= close {
                day += 1;
                if !self.calendar.is_trading_day(day) {
                    continue;
                }
                (open, close) = self.calendar.session_of(day);
                closed = if day - before > 1 { Closed::Weekend } else { Closed::Night };
                // A start inside a session takes its first whole bar.
                let late = (self.start.0 - open.0).max(0);
                next = open.plus((late + step - 1) / step * step);
            }
            if std::mem::replace(&mut is_first, false) {
                closed = Closed::Never;
            }
            let at = next;
            next = at.plus(step);
            let session = if at.0 - open.0 < HALF_HOUR {
                &OPENING
            } else if close.0 - next.0 < HALF_HOUR {
                &CLOSING
            } else {
                &MIDDAY
            };
            Opening { at, closed, session }
        })
    }
}

/// When a bar opens, and after what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Opening {
    pub(super) at: Nanos,
    /// Whether the market was closed before it.
    pub(super) closed: Closed,
    /// The part of the day it lies in. A bar of a day or more, and one of a market round the clock, has none.
    pub(super) session: &'static Session,
}

/// Whether a market was closed between two bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    Never,
    /// Between two trading days that follow each other.
    Night,
    /// Over days without trading.
    Weekend,
}

/// As [`Calendar::is_open`], asking about New York's clock only in the two hours a week where it matters; of an exchange, whether the date trades,
/// and for a week whether it begins on a weekday.
#[inline]
fn is_open(calendar: Calendar, at: Nanos, step: i64) -> bool {
    match calendar {
        Calendar::RoundTheClock => return true,
        Calendar::Exchange { .. } if step == WEEK => return at.weekday() <= FRIDAY,
        Calendar::Exchange { .. } => return calendar.is_trading_day(at.day()),
        Calendar::Fx => {}
    }
    match (at.weekday(), at.in_day() / HOUR) {
        (FRIDAY, 21) | (SUNDAY, 21) => calendar.is_open(at),
        (FRIDAY, hour) => hour < 21,
        (SUNDAY, hour) => hour > 21,
        (day, _) => day < FRIDAY,
    }
}

/// A part of the trading day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    /// Its name.
    pub name: &'static str,
    /// Spread over that of the calmest session.
    pub spread: f64,
    /// Volume over that of an ordinary bar.
    pub volume: f64,
}

/// How long an exchange's opening and closing are.
const HALF_HOUR: i64 = 30 * MINUTE;
const NO_SESSION: Session = Session { name: "all day", spread: 1.0, volume: 1.0 };
const ASIA: Session = Session { name: "Asia", spread: 1.5, volume: 0.6 };
const LONDON: Session = Session { name: "London", spread: 1.1, volume: 1.3 };
const OVERLAP: Session = Session { name: "London and New York", spread: 1.0, volume: 1.8 };
const NEW_YORK: Session = Session { name: "New York", spread: 1.25, volume: 1.0 };
const ROLLOVER: Session = Session { name: "rollover", spread: 4.0, volume: 0.3 };
const OPENING: Session = Session { name: "opening", spread: 2.0, volume: 1.8 };
const MIDDAY: Session = Session { name: "midday", spread: 1.0, volume: 0.8 };
const CLOSING: Session = Session { name: "closing", spread: 1.0, volume: 2.0 };

/// By hour in UTC. The FX day rolls over at 17:00 New York, which is 21:00 in summer and 22:00 in winter.
const SESSIONS: [Session; 24] = [
    ASIA, ASIA, ASIA, ASIA, ASIA, ASIA, ASIA, LONDON, LONDON, LONDON, LONDON, LONDON, OVERLAP, OVERLAP, OVERLAP, OVERLAP, NEW_YORK,
    NEW_YORK, NEW_YORK, NEW_YORK, NEW_YORK, ROLLOVER, ROLLOVER, ASIA,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_answer_is_the_calendars() {
        // every half hour of two years, through four changes of New York's clock
        for half in 0..2 * 365 * 48 {
            let at = START.plus(half * 30 * MINUTE);
            assert_eq!(is_open(Calendar::Fx, at, HOUR), Calendar::Fx.is_open(at), "{at}");
        }
    }

    #[test]
    fn fx_bars_skip_the_weekend_and_say_so() {
        let frame = Frame { calendar: Calendar::Fx, ..Frame::new(120, Timeframe::from_ns(HOUR).unwrap()) };
        let all: Vec<_> = frame.openings().collect();
        // Monday 00:00 to Friday 22:00 in winter: 4·24 + 22 = 118 hours, then Sunday 22:00
        assert_eq!((all[117].at, all[117].closed), ("2020-01-10T21:00:00Z".parse().unwrap(), Closed::Never));
        assert_eq!((all[118].at, all[118].closed), ("2020-01-12T22:00:00Z".parse().unwrap(), Closed::Weekend));
        assert!(all[0].closed == Closed::Never && all[119].closed == Closed::Never);
    }

    fn told(calendar: &str, timeframe: &str, start: &str, bars: usize) -> Vec<(String, Closed, &'static str)> {
        let start = Nanos::parse_date_or_moment(start).unwrap();
        let frame = Frame { calendar: calendar.parse().unwrap(), start, ..Frame::new(bars, timeframe.parse().unwrap()) };
        frame.check().unwrap();
        frame.openings().map(|o| (o.at.to_string(), o.closed, o.session.name)).collect()
    }

    #[test]
    fn an_exchange_opens_and_closes_by_its_own_clock() {
        let bars = told("us_equity", "1h", "2020-01-16", 16);
        // Thursday 09:30 in New York is 14:30 UTC in winter; the seventh bar opens at 15:30 and reaches past the close.
        assert_eq!(bars[0], ("2020-01-16T14:30:00Z".to_owned(), Closed::Never, "opening"));
        assert_eq!(bars[1], ("2020-01-16T15:30:00Z".to_owned(), Closed::Never, "midday"));
        assert_eq!(bars[6], ("2020-01-16T20:30:00Z".to_owned(), Closed::Never, "closing"));
        assert_eq!((&bars[7].0[..], bars[7].1), ("2020-01-17T14:30:00Z", Closed::Night));
        // Monday the 20th is Martin Luther King's day.
        assert_eq!((&bars[14].0[..], bars[14].1), ("2020-01-21T14:30:00Z", Closed::Weekend));
        // In summer it opens at 13:30 UTC; a start inside the session takes its next bar.
        let late = told("us_equity", "30m", "2020-07-06T14:10:00Z", 13);
        assert_eq!((&late[0].0[..], late[0].1, late[0].2), ("2020-07-06T14:30:00Z", Closed::Never, "midday"));
        assert_eq!((&late[11].0[..], late[11].1, late[11].2), ("2020-07-07T13:30:00Z", Closed::Night, "opening"));
        // Tokyo's day begins on the evening before in UTC.
        assert_eq!(told("Asia/Tokyo 09:00-15:00", "1h", "2020-01-07", 6)[5].0, "2020-01-07T05:00:00Z");
    }

    #[test]
    fn days_and_weeks_of_an_exchange_are_dates() {
        let days = told("us_equity", "1d", "2020-01-17", 2);
        assert_eq!((&days[1].0[..], days[1].1, days[1].2), ("2020-01-21T00:00:00Z", Closed::Weekend, "all day"));
        assert_eq!(told("us_equity", "1w", "2020-01-13", 2)[1].0, "2020-01-20T00:00:00Z");
    }

    #[test]
    fn a_start_in_the_weekend_is_no_gap() {
        let start = "2020-01-11T00:00:00Z".parse().unwrap();
        let frame = Frame { calendar: Calendar::Fx, start, ..Frame::new(2, Timeframe::from_ns(DAY).unwrap()) };
        let first = frame.openings().next().unwrap();
        assert_eq!((first.at, first.closed), ("2020-01-13T00:00:00Z".parse().unwrap(), Closed::Never));
    }

    #[test]
    fn a_year_has_the_calendars_days() {
        let bars = |ns, calendar| Frame { calendar, ..Frame::new(2, Timeframe::from_ns(ns).unwrap()) }.bars_per_year();
        assert_eq!((bars(HOUR, Calendar::Fx), bars(DAY, Calendar::RoundTheClock)), (252.0 * 24.0, 365.0));
        assert_eq!((bars(WEEK, Calendar::Fx), bars(WEEK, Calendar::RoundTheClock)), (50.4, 365.0 / 7.0));
        // Six and a half hours are seven bars of an hour, the last of them cut short, and thirteen of half an hour.
        assert_eq!((bars(HOUR, Calendar::US_EQUITY), bars(30 * MINUTE, Calendar::US_EQUITY)), (252.0 * 7.0, 252.0 * 13.0));
        assert_eq!((bars(DAY, Calendar::US_EQUITY), bars(WEEK, Calendar::US_EQUITY)), (252.0, 50.4));
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        let hour = Timeframe::from_ns(HOUR).unwrap();
        let refused = |frame: Frame, word: &str| {
            let problem = frame.check().unwrap_err().to_string();
            assert!(problem.contains(word), "{problem}");
        };
        refused(Frame::new(1, hour), "at least 2");
        refused(Frame::new(10, Timeframe::from_ns(7 * HOUR).unwrap()), "7h does not divide a day");
        refused(Frame::new(1_000_000, Timeframe::from_ns(DAY).unwrap()), "past the year 2262");
        refused(Frame { calendar: Calendar::US_EQUITY, ..Frame::new(1_000_000, hour) }, "past the year 2262");
        refused(Frame { point: Some(0.0), ..Frame::new(10, hour) }, "not above 0");
        let weekend = Frame { calendar: Calendar::Fx, start: START.plus(-DAY), ..Frame::new(10, Timeframe::from_ns(WEEK).unwrap()) };
        refused(weekend, "weekend");
        assert!(Frame::new(1_000_000, hour).check().is_ok());
    }
}
