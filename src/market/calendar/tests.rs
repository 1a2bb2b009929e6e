//! Days, hours and holidays against dates looked up by hand.

use super::*;

fn at(text: &str) -> Nanos {
    Nanos::parse_date_or_moment(text).unwrap()
}

#[test]
fn the_fx_day_ends_at_five_in_new_york_winter_and_summer() {
    for (moment, day) in [
        ("2017-01-02T21:59:59Z", "2017-01-02"),
        ("2017-01-02T22:00:00Z", "2017-01-03"),
        ("2017-07-03T20:59:59Z", "2017-07-03"),
        ("2017-07-03T21:00:00Z", "2017-07-04"),
        ("2017-01-01T22:00:00Z", "2017-01-02"), // Sunday evening
        ("2017-01-06T22:00:00Z", "2017-01-09"), // Friday after the close
        ("2017-01-07T12:00:00Z", "2017-01-09"), // Saturday
        ("2017-01-08T12:00:00Z", "2017-01-09"), // Sunday noon
    ] {
        assert_eq!(Calendar::Fx.trading_day(at(moment)), at(day).day(), "{moment}");
    }
}

#[test]
fn the_cursor_agrees_with_the_calendar_hour_by_hour() {
    let sao_paulo = Calendar::Exchange { zone: chrono_tz::America::Sao_Paulo, open_minute: 600, close_minute: 1020 }; // midnight skipped in DST
    for calendar in [Calendar::RoundTheClock, Calendar::Fx, Calendar::US_EQUITY, sao_paulo] {
        let mut days = calendar.days();
        for hour in 0..24 * 800 {
            let moment = at("2016-12-01").plus(hour * HOUR);
            assert_eq!(days.day(moment), calendar.trading_day(moment), "{calendar} {moment}");
        }
    }
}

#[test]
fn a_daily_bar_of_an_exchange_belongs_to_its_date() {
    let day = Timeframe::from_ns(DAY).unwrap();
    assert_eq!(Calendar::US_EQUITY.trading_day_of_bar(at("2018-12-31"), day), at("2018-12-31").day());
    assert_eq!(Calendar::US_EQUITY.trading_day_of_bar(at("2018-12-31T05:00:00Z"), day), at("2018-12-31").day());
    let tokyo = Calendar::Exchange { zone: chrono_tz::Asia::Tokyo, open_minute: 540, close_minute: 900 };
    assert_eq!(tokyo.trading_day_of_bar(at("2018-12-30T15:00:00Z"), day), at("2018-12-31").day());
    assert_eq!(Calendar::US_EQUITY.trading_day(at("2018-12-31")), at("2018-12-30").day());
}

#[test]
fn hours_open_and_close() {
    assert!(Calendar::Fx.is_open(at("2017-01-01T22:00:00Z")) && !Calendar::Fx.is_open(at("2017-01-01T21:59:00Z")));
    assert!(!Calendar::Fx.is_open(at("2017-01-06T22:00:00Z")));
    assert!(Calendar::US_EQUITY.is_open(at("2017-01-03T14:30:00Z")) && !Calendar::US_EQUITY.is_open(at("2017-01-03T21:00:00Z")));
}

#[test]
fn missing_bars_are_counted_while_the_market_is_open() {
    let count = |calendar: Calendar, from, to, step| calendar.missing_bars(at(from), at(to), step);
    // Friday 21:00 is the last hour of the week, Sunday 22:00 the first of the next.
    assert_eq!(count(Calendar::Fx, "2017-01-06T21:00:00Z", "2017-01-08T22:00:00Z", HOUR), 0);
    // 20:00 and 21:00 on Friday, 22:00 and 23:00 on Sunday.
    assert_eq!(count(Calendar::Fx, "2017-01-06T19:00:00Z", "2017-01-09T00:00:00Z", HOUR), 4);
    assert_eq!(count(Calendar::Fx, "2017-01-03T10:00:00Z", "2017-01-03T11:00:00Z", HOUR), 0);
    assert_eq!(count(Calendar::Fx, "2017-01-03T10:00:00Z", "2017-01-03T13:00:00Z", HOUR), 2);
    // Christmas: Sunday 24 December 22:00 to Monday 25 December 22:00 UTC is the trading day of the 25th.
    assert_eq!(count(Calendar::Fx, "2017-12-22T21:00:00Z", "2017-12-25T22:00:00Z", HOUR), 0);
    assert_eq!(count(Calendar::RoundTheClock, "2017-01-06T21:00:00Z", "2017-01-07T00:00:00Z", HOUR), 2);
    assert_eq!(count(Calendar::RoundTheClock, "2017-01-06", "2017-01-09", DAY), 2);
    assert_eq!(count(Calendar::US_EQUITY, "2018-12-21", "2018-12-26", DAY), 1); // the 24th; the 25th is a holiday
    assert_eq!(count(Calendar::US_EQUITY, "2018-12-20T20:59:00Z", "2018-12-21T14:30:00Z", MINUTE), 0);
    assert_eq!(count(Calendar::US_EQUITY, "2018-12-20T20:57:00Z", "2018-12-21T14:32:00Z", MINUTE), 4);
    assert_eq!(count(Calendar::Fx, "2017-01-01", "2017-01-29", 7 * DAY), 3);
}

#[test]
fn new_york_keeps_its_holidays() {
    let closed_in_2017 = ["01-02", "01-16", "02-20", "04-14", "05-29", "07-04", "09-04", "11-23", "12-25"];
    let days = (0..365)
        .map(|i| NaiveDate::from_yo_opt(2017, i + 1).unwrap())
        .filter(|d| d.weekday().num_days_from_monday() < 5 && is_new_york_holiday(*d));
    assert_eq!(days.map(|d| d.format("%m-%d").to_string()).collect::<Vec<_>>(), closed_in_2017);
    // New Year's Day 2022 was a Saturday: the Friday before traded. Juneteenth 2022 was a Sunday.
    assert_eq!(Calendar::US_EQUITY.missing_bars(at("2021-12-30"), at("2022-01-03"), DAY), 1);
    assert_eq!(Calendar::US_EQUITY.missing_bars(at("2022-06-17"), at("2022-06-21"), DAY), 0);
}

#[test]
fn calendars_are_written_as_text() {
    for text in ["24/7", "fx", "us_equity", "Europe/London 08:00-16:30"] {
        assert_eq!(text.parse::<Calendar>().unwrap().to_string(), text);
    }
    for wrong in ["nyse", "Europe/London", "Mars/Base 08:00-16:30", "Europe/London 16:30-08:00", "Europe/London 8-16"] {
        assert!(wrong.parse::<Calendar>().is_err(), "{wrong}");
    }
}
