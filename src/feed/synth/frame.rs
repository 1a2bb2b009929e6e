//! When synthetic bars open, and how busy the hour is.

use crate::{
    error::{Error, Result},
    market::Calendar,
    time::{DAY, HOUR, Nanos, Timeframe},
};

/// The bars to make: how many, how long, from when, and in which hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// How many bars.
    pub bars: usize,
    /// How long each is: a length that divides a day, or a week.
    pub timeframe: Timeframe,
    /// `24/7` or `fx`.
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
        if !matches!(self.calendar, Calendar::RoundTheClock | Calendar::Fx) {
            return Err(Error::config("calendar", format!("'{}' cannot be made; take 24/7 or fx", self.calendar)));
        }
        if ns == WEEK && !is_open(self.calendar, self.start) {
            return Err(Error::config("start", format!("{} lies in the weekend, and so would every week's bar", self.start)));
        }
        if let Some(point) = self.point.filter(|p| !(p.is_finite() && *p > 0.0)) {
            return Err(Error::config("point", format!("{point} is not above 0")));
        }
        // Seven fifths for the weekends, and one more week for the ends.
        let span = (self.bars as f64 + 1.0) * ns as f64 * 1.4 + WEEK as f64;
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
            (WEEK, Calendar::Fx) => days / 5.0,
            (ns, _) => days * DAY as f64 / ns as f64,
        }
    }

    /// Bars in a trading day; below 1 for a week's.
    pub(super) fn bars_per_day(&self) -> f64 {
        self.bars_per_year() / self.calendar.periods_per_year()
    }

    /// Opening of each bar, with whether the market was closed before it.
    pub(super) fn openings(self) -> impl Iterator<Item = (Nanos, bool)> {
        let step = self.timeframe.ns();
        let mut at = self.start.plus(-step);
        let mut is_first = true;
        (0..self.bars).map(move |_| {
            at = at.plus(step);
            let mut waited = false;
            while !is_open(self.calendar, at) {
                at = at.plus(step);
                waited = true;
            }
            (at, !std::mem::replace(&mut is_first, false) && waited)
        })
    }

    /// The part of the day a moment lies in. A bar of a day or more, and one of a market without sessions, has none.
    #[inline]
    pub(super) const fn session(&self, at: Nanos) -> &'static Session {
        match self.calendar {
            Calendar::Fx if self.timeframe.ns() < DAY => &SESSIONS[(at.in_day() / HOUR) as usize],
            _ => &NO_SESSION,
        }
    }
}

/// As [`Calendar::is_open`], asking about New York's clock only in the two hours a week where it matters.
#[inline]
fn is_open(calendar: Calendar, at: Nanos) -> bool {
    if !matches!(calendar, Calendar::Fx) {
        return calendar.is_open(at);
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

const NO_SESSION: Session = Session { name: "all day", spread: 1.0, volume: 1.0 };
const ASIA: Session = Session { name: "Asia", spread: 1.5, volume: 0.6 };
const LONDON: Session = Session { name: "London", spread: 1.1, volume: 1.3 };
const OVERLAP: Session = Session { name: "London and New York", spread: 1.0, volume: 1.8 };
const NEW_YORK: Session = Session { name: "New York", spread: 1.25, volume: 1.0 };
const ROLLOVER: Session = Session { name: "rollover", spread: 4.0, volume: 0.3 };

/// By hour in UTC. The FX day rolls over at 17:00 New York, which is 21:00 in summer and 22:00 in winter.
const SESSIONS: [Session; 24] = [
    ASIA, ASIA, ASIA, ASIA, ASIA, ASIA, ASIA, LONDON, LONDON, LONDON, LONDON, LONDON, OVERLAP, OVERLAP, OVERLAP, OVERLAP, NEW_YORK,
    NEW_YORK, NEW_YORK, NEW_YORK, NEW_YORK, ROLLOVER, ROLLOVER, ASIA,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE;

    #[test]
    fn the_fast_answer_is_the_calendars() {
        // every half hour of two years, through four changes of New York's clock
        for half in 0..2 * 365 * 48 {
            let at = START.plus(half * 30 * MINUTE);
            assert_eq!(is_open(Calendar::Fx, at), Calendar::Fx.is_open(at), "{at}");
        }
    }

    #[test]
    fn fx_bars_skip_the_weekend_and_say_so() {
        let frame = Frame { calendar: Calendar::Fx, ..Frame::new(120, Timeframe::from_ns(HOUR).unwrap()) };
        let all: Vec<_> = frame.openings().collect();
        // Monday 00:00 to Friday 22:00 in winter: 4·24 + 22 = 118 hours, then Sunday 22:00
        assert_eq!(all[117], ("2020-01-10T21:00:00Z".parse().unwrap(), false));
        assert_eq!(all[118], ("2020-01-12T22:00:00Z".parse().unwrap(), true));
        assert!(!all[0].1 && !all[119].1);
    }

    #[test]
    fn a_start_in_the_weekend_is_no_gap() {
        let start = "2020-01-11T00:00:00Z".parse().unwrap();
        let frame = Frame { calendar: Calendar::Fx, start, ..Frame::new(2, Timeframe::from_ns(DAY).unwrap()) };
        assert_eq!(frame.openings().next().unwrap(), ("2020-01-13T00:00:00Z".parse().unwrap(), false));
    }

    #[test]
    fn a_year_has_the_calendars_days() {
        let bars = |ns, calendar| Frame { calendar, ..Frame::new(2, Timeframe::from_ns(ns).unwrap()) }.bars_per_year();
        assert_eq!((bars(HOUR, Calendar::Fx), bars(DAY, Calendar::RoundTheClock)), (252.0 * 24.0, 365.0));
        assert_eq!((bars(WEEK, Calendar::Fx), bars(WEEK, Calendar::RoundTheClock)), (50.4, 365.0 / 7.0));
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
        refused(Frame { calendar: Calendar::US_EQUITY, ..Frame::new(10, hour) }, "us_equity");
        refused(Frame { point: Some(0.0), ..Frame::new(10, hour) }, "not above 0");
        let weekend = Frame { calendar: Calendar::Fx, start: START.plus(-DAY), ..Frame::new(10, Timeframe::from_ns(WEEK).unwrap()) };
        refused(weekend, "weekend");
        assert!(Frame::new(1_000_000, hour).check().is_ok());
    }
}
