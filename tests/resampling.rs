//! Longer bars against what one works out by hand, and against files that somebody else resampled.

use std::{fs, path::Path, process::Output};

use cthulu_lab::{
    data::{
        DayEnd, ReadOptions, TickBars, read_bars, read_ticks, resample_bars, resample_file, resample_ticks, write_csv, write_ticks_csv,
    },
    market::{Bar, Bars, Ohlc, Tick, Ticks},
    time::{HOUR, MINUTE, Nanos, SECOND, Timeframe},
};
use proptest::prelude::*;

use crate::cli::{Scratch, lab};

fn length(text: &str) -> Timeframe {
    text.parse().unwrap()
}

/// 2014-05-01T00:00:00Z.
const START: i64 = 1_398_902_400 * SECOND;

/// Ticks some tenths of seconds apart: bid and the ask's distance in cents, and a volume.
fn ticks() -> impl Strategy<Value = Ticks> {
    let step = prop_oneof![3 => 0..300_i64, 1 => 0..6000_i64];
    let row = (step, 9_900..10_100_i32, 0..20_i32, 0..50_i32);
    (prop::collection::vec(row, 1..300), any::<bool>()).prop_map(|(rows, has_volume)| {
        let mut now = START;
        let at = rows.iter().map(|(step, ..)| {
            now += step * SECOND / 10;
            Nanos(now)
        });
        let price = |cents: i32| f64::from(cents) / 100.0;
        let ticks = Ticks::from_columns(
            at.collect(),
            rows.iter().map(|(_, bid, ..)| price(*bid)).collect(),
            rows.iter().map(|(_, bid, distance, _)| price(bid + distance)).collect(),
        );
        if has_volume { ticks.with_volume(rows.iter().map(|(.., volume)| f64::from(*volume)).collect()) } else { ticks }
    })
}

/// Minute bars with holes, quoted on both sides or with a spread column.
fn minutes() -> impl Strategy<Value = Bars> {
    let row = (prop_oneof![4 => Just(1_i64), 1 => 1..200_i64], 9_900..10_100_i32, 0..20_i32, 0..20_i32, 0..50_i32);
    (prop::collection::vec(row, 1..400), any::<bool>()).prop_map(|(rows, is_quoted)| {
        let mut bars = Bars::new(length("1m"));
        let mut at = Nanos(START);
        for (step, cents, up, down, volume) in rows {
            at = at.plus(step * MINUTE);
            let price = |cents: i32| f64::from(cents) / 100.0;
            let own = Ohlc { open: price(cents), high: price(cents + up), low: price(cents - down), close: price(cents - down) };
            let ask = Ohlc { open: own.open + 0.5, high: own.high + 0.75, low: own.low + 0.5, close: own.close + 0.5 };
            bars.push(&Bar {
                opened_at: at,
                closed_at: at.plus(MINUTE),
                open: own.open,
                high: own.high,
                low: own.low,
                close: own.close,
                volume: f64::from(volume),
                spread: (!is_quoted).then(|| price(up)),
                ask: is_quoted.then_some(ask),
            });
        }
        bars
    })
}

/// First, highest, lowest and last of some prices.
fn ohlc(prices: &[f64]) -> Ohlc {
    Ohlc {
        open: prices[0],
        high: prices.iter().copied().fold(f64::MIN, f64::max),
        low: prices.iter().copied().fold(f64::MAX, f64::min),
        close: prices[prices.len() - 1],
    }
}

/// Rows in groups of one UTC multiple of a length.
fn grouped<T: Copy>(rows: impl Iterator<Item = T>, at: impl Fn(&T) -> Nanos, span: i64) -> Vec<(i64, Vec<T>)> {
    let mut groups: Vec<(i64, Vec<T>)> = Vec::new();
    for row in rows {
        let start = at(&row).0.div_euclid(span) * span;
        match groups.last_mut().filter(|(opened_at, _)| *opened_at == start) {
            Some((_, group)) => group.push(row),
            None => groups.push((start, vec![row])),
        }
    }
    groups
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn a_bar_of_ticks_has_their_first_highest_lowest_and_last_on_both_sides(ticks in ticks()) {
        let bars = resample_ticks(&ticks, length("1m"), DayEnd::Utc).unwrap();
        let groups = grouped(ticks.iter().enumerate(), |(_, tick)| tick.at, MINUTE);
        prop_assert_eq!(bars.len(), groups.len());
        for (bar, (opened_at, group)) in bars.iter().zip(&groups) {
            let side = |price: fn(&Tick) -> f64| ohlc(&group.iter().map(|(_, tick)| price(tick)).collect::<Vec<_>>());
            let volume: f64 = group.iter().map(|(i, _)| ticks.volume().map_or(1.0, |volume| volume[*i])).sum();
            prop_assert_eq!(bar.opened_at, Nanos(*opened_at));
            prop_assert_eq!((bar.ohlc(), bar.ask), (side(|t| t.bid), Some(side(|t| t.ask))));
            prop_assert_eq!((bar.volume, bar.spread), (volume, None));
        }
    }

    #[test]
    fn a_longer_bar_has_the_first_open_the_extremes_the_last_close_and_all_of_the_volume(minutes in minutes()) {
        let bars = resample_bars(&minutes, length("5m"), DayEnd::Utc).unwrap();
        let groups = grouped(minutes.iter(), |bar| bar.opened_at, 5 * MINUTE);
        prop_assert_eq!(bars.len(), groups.len());
        for (bar, (opened_at, group)) in bars.iter().zip(&groups) {
            let merged = |side: &dyn Fn(&Bar) -> Ohlc| {
                let all: Vec<Ohlc> = group.iter().map(side).collect();
                let (highs, lows) = (all.iter().map(|p| p.high).collect::<Vec<_>>(), all.iter().map(|p| p.low).collect::<Vec<_>>());
                Ohlc { open: all[0].open, high: ohlc(&highs).high, low: ohlc(&lows).low, close: all[all.len() - 1].close }
            };
            let last = group[group.len() - 1];
            prop_assert_eq!(bar.opened_at, Nanos(*opened_at));
            prop_assert_eq!(bar.ohlc(), merged(&|b| b.ohlc()));
            prop_assert_eq!(bar.ask, last.ask.map(|_| merged(&|b| b.ask.unwrap())));
            prop_assert_eq!((bar.volume, bar.spread), (group.iter().map(|b| b.volume).sum(), last.spread));
        }
    }

    #[test]
    fn resampling_again_changes_nothing_and_steps_lead_where_one_stride_leads(minutes in minutes(), ticks in ticks()) {
        let of_minutes = |to: &str| resample_bars(&minutes, length(to), DayEnd::Utc).unwrap();
        let again = |bars: &Bars, to: &str| resample_bars(bars, length(to), DayEnd::Utc).unwrap();
        let five = of_minutes("5m");
        prop_assert_eq!(&again(&five, "5m"), &five);
        prop_assert_eq!(again(&five, "1h"), of_minutes("1h"));
        prop_assert_eq!(again(&of_minutes("4h"), "1d"), of_minutes("1d"));
        let of_ticks = |to: &str| resample_ticks(&ticks, length(to), DayEnd::Utc).unwrap();
        prop_assert_eq!(again(&of_ticks("1m"), "1h"), of_ticks("1h"));
    }

    #[test]
    fn resampling_again_changes_nothing_at_any_length_and_end_of_day(minutes in minutes(), to in prop::sample::select(vec!["1m", "3m", "15m", "30m", "2h", "8h", "1d", "1w"])) {
        let of = |bars: &Bars, day_end| resample_bars(bars, length(to), day_end);
        let once = of(&minutes, DayEnd::Utc).unwrap();
        prop_assert_eq!(&of(&once, DayEnd::Utc).unwrap(), &once);
        // New York ends days and weeks alone.
        match of(&minutes, DayEnd::NewYork) {
            Ok(once) => prop_assert_eq!(&of(&once, DayEnd::NewYork).unwrap(), &once),
            Err(problem) => prop_assert!(!to.ends_with(['d', 'w']) && problem.contains("only bars of 1d or 1w"), "{}", problem),
        }
    }

    #[test]
    fn ticks_that_come_one_by_one_give_the_bars_of_the_whole_file(ticks in ticks()) {
        let (mut bars, mut growing) = (Bars::new(length("1m")), TickBars::new(length("1m"), DayEnd::Utc).unwrap());
        for (i, tick) in ticks.iter().enumerate() {
            if growing.closes_at().is_some_and(|closes_at| tick.at >= closes_at) {
                let bar = growing.take().unwrap();
                prop_assert!(bar.closed_at <= tick.at, "a bar is complete when no later tick can change it");
                bars.push(&bar);
            }
            growing.push(&tick, ticks.volume_of(i));
        }
        growing.take().iter().for_each(|bar| bars.push(bar));
        prop_assert_eq!(bars, resample_ticks(&ticks, length("1m"), DayEnd::Utc).unwrap());
    }
}

fn hours(first: &str, count: i64, step: i64) -> Bars {
    let mut bars = Bars::new(Timeframe::from_ns(step).unwrap());
    let first: Nanos = first.parse().unwrap();
    for i in 0..count {
        let (opened_at, price) = (first.plus(i * step), 100.0 + i as f64);
        let closed_at = opened_at.plus(step);
        bars.push(&Bar { opened_at, closed_at, open: price, high: price, low: price, close: price, volume: 1.0, ..Bar::default() });
    }
    bars
}

#[test]
fn volumes_that_add_up_to_more_than_a_number_holds_are_refused_with_their_bar() {
    let scratch = Scratch::new("resample-inf");
    let huge = "time,open,high,low,close,volume\n2014-05-01T00:00:00Z,1,1,1,1,1\n2014-05-01T01:00:00Z,1,1,1,1,1.7e308\n2014-05-01T01:30:00Z,1,1,1,1,1.7e308\n2014-05-01T02:00:00Z,1,1,1,1,1\n2014-05-01T02:30:00Z,1,1,1,1,1\n";
    let path = scratch.file("huge.csv", huge);
    let out = scratch.path("out.csv");
    let done = lab(&["data", "resample", &path, "--to", "1h", "--out", &out]);
    let told = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{told}");
    assert!(told.contains("the volumes of the bar of 1h at 2014-05-01T01:00:00Z add up to more than a number can hold"), "{told}");
    assert!(!Path::new(&out).exists());
    let ticks = Ticks::from_columns(vec![Nanos(START), Nanos(START + 1)], vec![1.0; 2], vec![1.0; 2]).with_volume(vec![1.7e308; 2]);
    assert!(resample_ticks(&ticks, length("1m"), DayEnd::Utc).unwrap_err().contains("at 2014-05-01T00:00:00Z"));
}

#[test]
fn a_length_that_changes_nothing_or_may_be_a_month_is_refused() {
    let scratch = Scratch::new("resample-idle");
    let path = scratch.file("ticks.csv", "timestamp,bid,ask\n2014-05-01T00:00:00Z,1,1\n2014-05-01T00:00:01Z,1,1\n");
    let out = scratch.path("out.csv");
    let refused = |args: &[&str], words: &str| {
        let done = lab(&[&["data", "resample", &path, "--out", &out], args].concat());
        let told = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.code() == Some(2) && told.contains(words), "{args:?}: {told}");
    };
    refused(&["--to", "1m", "--timeframe", "5m"], "it holds ticks; leave it out: --to names the bars to make");
    refused(&["--to", "1M"], "'1M' may be months or minutes; write 1m for minutes");
    let done = lab(&["data", "resample", &path, "--out", &out, "--to", "1m"]);
    assert!(String::from_utf8(done.stdout).unwrap().contains("out.csv: 1 bar of 1m from 2 ticks, "));
}

#[test]
fn a_length_that_is_no_multiple_is_refused() {
    let two_hours = hours("2014-05-01T00:00:00Z", 10, 2 * HOUR);
    for to in ["1h", "3h", "90m"] {
        let problem = resample_bars(&two_hours, length(to), DayEnd::Utc).unwrap_err();
        assert_eq!(problem, format!("{to} is not a multiple of 2h, the length of the file's bars; choose one that is"));
    }
    assert_eq!(resample_bars(&two_hours, length("2h"), DayEnd::Utc).unwrap(), two_hours);
}

#[test]
fn bars_that_reach_past_the_end_of_their_bucket_are_refused_with_the_way_out() {
    // Four hours from 21:00 UTC, which is 17:00 in New York: the first reaches into the next UTC day.
    let bars = hours("2014-05-01T21:00:00Z", 6, 4 * HOUR);
    let problem = resample_bars(&bars, length("1d"), DayEnd::Utc).unwrap_err();
    assert!(problem.starts_with("bar 1 runs from 2014-05-01T21:00:00Z to 2014-05-02T01:00:00Z, past 2014-05-02T00:00:00Z"), "{problem}");
    assert!(problem.ends_with("say --day-ends new_york"), "{problem}");
    let day = resample_bars(&bars, length("1d"), DayEnd::NewYork).unwrap();
    assert_eq!((day.len(), day.bar(0).opened_at, day.bar(0).close), (1, bars.opened_at()[0], 105.0));
}

#[test]
fn days_of_new_york_take_sunday_evening_into_monday() {
    // From Thursday 20:00 UTC to Monday 22:00 UTC in summer, hour by hour where FX trades.
    let mut bars = Bars::new(length("1h"));
    for bar in hours("2014-05-08T20:00:00Z", 99, HOUR).iter().filter(|b| cthulu_lab::market::Calendar::Fx.is_open(b.opened_at)) {
        bars.push(&bar);
    }
    let days = resample_bars(&bars, length("1d"), DayEnd::NewYork).unwrap();
    let told: Vec<_> = days.iter().map(|day| (day.opened_at.to_string(), day.volume)).collect();
    // One hour of Thursday; Friday's and Monday's 24; and one hour of Tuesday.
    let expected = [("2014-05-07T21:00:00Z", 1.0), ("2014-05-08T21:00:00Z", 24.0), ("2014-05-11T21:00:00Z", 24.0)];
    assert_eq!(told[..3], expected.map(|(at, volume)| (at.to_owned(), volume)));
    assert_eq!((told.len(), told[3].1), (4, 2.0));
}

/// A pair of files that somebody else made from one feed: ticks, and the minutes that they give.
fn same_as_their_minutes(ticks: &str, minutes: &str, whole_span: bool) {
    let folder = Path::new("../shared/data");
    let (ticks, minutes) = (folder.join("ticks").join(ticks), folder.join("bars").join(minutes));
    if !ticks.exists() || !minutes.exists() {
        eprintln!("skipped: {} and its minutes are not here", ticks.display());
        return;
    }
    let ours = resample_file(&ticks, &ReadOptions::default(), length("1m"), DayEnd::Utc).unwrap().bars;
    let theirs = read_bars(&minutes, &ReadOptions::default()).unwrap();
    let theirs = if whole_span { theirs } else { theirs.slice(0..ours.len()) };
    assert_eq!((ours.len(), ours.opened_at()), (theirs.len(), theirs.opened_at()));
    for (ours, theirs) in ours.iter().zip(theirs.iter()) {
        assert_eq!((ours.opened_at, ours.ohlc(), ours.ask), (theirs.opened_at, theirs.ohlc(), theirs.ask));
    }
}

#[test]
fn oanda_ticks_of_eurusd_give_oandas_minutes() {
    same_as_their_minutes("EURUSD_ticks_bidask_oanda_20140501-20140509.csv.gz", "EURUSD_M1_bidask_oanda_20140501-20140509.csv.gz", true);
}

#[test]
fn oanda_ticks_of_gold_give_oandas_minutes() {
    // The minutes go on for a week after the ticks end.
    same_as_their_minutes("XAUUSD_ticks_bidask_oanda_20140501-20140502.csv.gz", "XAUUSD_M1_bidask_oanda_20140501-20140508.csv.gz", false);
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_command_writes_the_same_bars_as_csv_and_as_parquet() {
    let scratch = Scratch::new("resample");
    let ticks = scratch.file(
        "ticks.csv",
        "timestamp,bid,ask,volume\n2014-05-01 03:00:01,1.1,1.2,2\n2014-05-01 03:00:59,1.0,1.3,3\n2014-05-01 03:02:00,1.4,1.5,4\n",
    );
    for out in ["minutes.csv", "minutes.csv.gz", "minutes.parquet"] {
        let done = lab(&["data", "resample", &ticks, "--to", "1m", "--tz", "Europe/Athens", "--out", &scratch.path(out)]);
        assert!(done.status.success(), "{}", stderr(&done));
        let told = String::from_utf8(done.stdout).unwrap();
        assert!(
            told.ends_with("2 bars of 1m from 3 ticks, the first at 2014-05-01T00:00:00Z, the last at 2014-05-01T00:02:00Z\n"),
            "{told}"
        );
        let bars = read_bars(Path::new(&scratch.path(out)), &ReadOptions { timeframe: None, ..ReadOptions::default() }).unwrap();
        let first = bars.bar(0);
        // 2 + 3 of volume; the lowest bid is the last, the highest ask too.
        assert_eq!((first.open, first.low, first.close, first.volume, first.ask.unwrap().high), (1.1, 1.0, 1.0, 5.0, 1.3), "{out}");
    }
    assert_eq!(
        fs::read_to_string(scratch.path("minutes.csv")).unwrap().lines().nth(1).unwrap(),
        "2014-05-01T00:00:00Z,1.1,1.1,1,1,1.2,1.3,1.2,1.3,5"
    );
}

#[test]
fn the_command_refuses_what_it_cannot_make_or_write() {
    let scratch = Scratch::new("resample-refused");
    let bars = scratch.path("hours.csv");
    write_csv(&hours("2014-05-01T00:00:00Z", 48, HOUR), Path::new(&bars)).unwrap();
    let out = scratch.path("out.csv");
    for (args, says) in [
        (vec!["--to", "90m", "--out", &out], "hours.csv: 90m is not a multiple of 1h"),
        (vec!["--to", "1m", "--out", &out], "hours.csv: 1m is not a multiple of 1h"),
        (vec!["--to", "4h", "--day-ends", "new_york", "--out", &out], "only bars of 1d or 1w can end at 17:00 in New York"),
        (vec!["--to", "4h", "--out", "bars.xlsx"], "'bars.xlsx' names no format"),
        (vec!["--to", "4h", "--out", &bars], "is the file that is read"),
        (vec!["--to", "4h", "--day-ends", "london", "--out", &out], "'london' is not an end of day"),
    ] {
        let done = lab(&[&["data", "resample", &bars][..], &args].concat());
        assert_eq!(done.status.code(), Some(2), "{args:?}");
        assert!(stderr(&done).contains(says), "{args:?}: {}", stderr(&done));
    }
    assert!(!Path::new(&out).exists());
}

#[test]
fn volumes_of_ticks_are_kept_by_a_written_file() {
    let scratch = Scratch::new("tick-volumes");
    let ticks = Ticks::from_columns(vec![Nanos(START), Nanos(START + 1)], vec![1.0, 1.1], vec![1.2, 1.3]).with_volume(vec![0.5, 7.0]);
    for name in ["ticks.csv", "ticks.parquet"] {
        let path = scratch.0.join(name);
        if name.ends_with("csv") { write_ticks_csv(&ticks, &path) } else { cthulu_lab::data::write_ticks_parquet(&ticks, &path) }.unwrap();
        assert_eq!(read_ticks(&path, &ReadOptions::default()).unwrap(), ticks, "{name}");
    }
}
