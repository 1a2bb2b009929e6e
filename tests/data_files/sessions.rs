//! Gaps against the session calendar, and the committed datasets against their manifests.

use std::path::{Path, PathBuf};

use cthulu_lab::{
    data::{DateOrder, Finding, Instruments, ReadOptions, check, load, sha256_hex},
    market::Calendar,
    time::{DAY, HOUR, MINUTE, Nanos},
};

use super::{examine, gzip};

const NAMES: [&str; 3] = ["eurusd_h1_2017", "sp500_d1", "nasdaq_d1"];

fn datasets() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
    if !folder.exists() {
        eprintln!("skipped: a packaged crate may leave the datasets out");
        return None;
    }
    Some(folder)
}

fn manifest(folder: &Path, name: &str) -> toml::Table {
    std::fs::read_to_string(folder.join(format!("{name}.manifest.toml"))).unwrap().parse().unwrap()
}

#[test]
fn the_datasets_are_what_their_manifests_say() {
    let Some(folder) = datasets() else { return };
    for name in NAMES {
        let manifest = manifest(&folder, name);
        let text = |key: &str| manifest[key].as_str().unwrap_or_else(|| panic!("{name} lacks {key}")).to_owned();
        let order: DateOrder = text("date_order").parse().unwrap();
        let options = ReadOptions {
            zone: Some(text("zone").parse().unwrap()),
            date_order: Some(order),
            timeframe: Some(text("timeframe").parse().unwrap()),
            ..ReadOptions::default()
        };
        let instruments = Instruments::builtin();
        let calendar = instruments.get(&text("symbol")).map_or(Calendar::US_EQUITY, |instrument| instrument.calendar);
        let path = folder.join(text("file"));
        let loaded = load(&path, &ReadOptions { calendar: Some(calendar), ..options }).unwrap();
        assert_eq!((&loaded.sha256, loaded.rows as i64), (&text("sha256"), manifest["rows"].as_integer().unwrap()), "{name}");
        assert_eq!((loaded.first.to_string(), loaded.last.to_string()), (text("first"), text("last")), "{name}");
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&std::fs::read(&path).unwrap()[..]), &mut plain).unwrap();
        assert_eq!(sha256_hex(&plain), text("sha256_uncompressed"), "{name}");
        assert!(folder.join(text("licence_file")).exists() && !text("source").is_empty() && !text("licence").is_empty(), "{name}");
        assert!(["bid", "ask", "mid", "trade"].contains(&text("price_side").as_str()), "{name}");
    }
}

#[test]
fn twenty_years_of_new_york_sessions_have_no_gap() {
    let Some(folder) = datasets() else { return };
    for name in ["sp500_d1", "nasdaq_d1"] {
        let options = ReadOptions { date_order: Some(DateOrder::Mdy), calendar: Some(Calendar::US_EQUITY), ..ReadOptions::default() };
        let checked = check(&folder.join(format!("{name}.csv.gz")), &options).unwrap();
        let gaps: Vec<&Finding> = checked.findings.iter().filter(|f| f.kind.starts_with("gap")).collect();
        assert!(checked.ok && gaps.is_empty(), "{name}: {gaps:?}");
    }
}

#[test]
fn a_year_of_fx_hours_has_no_weekend_among_its_gaps() {
    let Some(folder) = datasets() else { return };
    let options = ReadOptions { date_order: Some(DateOrder::Dmy), calendar: Some(Calendar::Fx), ..ReadOptions::default() };
    let checked = check(&folder.join("eurusd_h1_2017.csv.gz"), &options).unwrap();
    let missing: i64 = checked.findings.iter().filter(|f| f.kind == "gap").map(|f| f.value.as_ref().unwrap().parse::<i64>().unwrap()).sum();
    assert!(missing < 24, "{:#?}", checked.findings);
}

/// Bars at the moments of `at`, as a file of epoch seconds.
fn stamps(at: impl Iterator<Item = Nanos>) -> String {
    let rows = at.map(|at| format!("{},1,1,1,1\n", at.0 / 1_000_000_000));
    std::iter::once("time,open,high,low,close\n".to_owned()).chain(rows).collect()
}

/// Bars missing by each finding, the sum of all last.
fn missing(text: &str, calendar: Calendar, timeframe: &str) -> Vec<i64> {
    let options = ReadOptions { calendar: Some(calendar), timeframe: Some(timeframe.parse().unwrap()), ..ReadOptions::default() };
    let checked = examine("stamps.csv.gz", gzip(text.as_bytes()), &options);
    assert!(checked.ok, "{checked:?}");
    checked.findings.iter().filter(|f| f.kind.starts_with("gap")).map(|f| f.value.as_ref().unwrap().parse().unwrap()).collect()
}

#[test]
fn whole_years_of_open_hours_have_no_gap_and_a_hole_is_counted() {
    let start: Nanos = "2016-12-26T00:00:00Z".parse().unwrap(); // both changes of the clock, and the year's holidays
    let days = 380;
    for (calendar, step, timeframe) in [
        (Calendar::RoundTheClock, HOUR, "1h"),
        (Calendar::Fx, HOUR, "1h"),
        (Calendar::Fx, 15 * MINUTE, "15m"),
        (Calendar::US_EQUITY, 30 * MINUTE, "30m"),
        ("Europe/London 08:00-16:30".parse().unwrap(), 30 * MINUTE, "30m"),
    ] {
        let mut cursor = calendar.days();
        let closed: Vec<i64> =
            ["2016-12-26", "2017-01-01", "2017-12-25", "2018-01-01"].map(|d| Nanos::parse_date_or_moment(d).unwrap().day()).into();
        let holiday = |day: i64| calendar != Calendar::RoundTheClock && closed[1..].contains(&day);
        let open: Vec<Nanos> =
            (0..days * DAY / step).map(|i| start.plus(i * step)).filter(|at| calendar.is_open(*at) && !holiday(cursor.day(*at))).collect();
        if calendar != Calendar::US_EQUITY {
            assert_eq!(missing(&stamps(open.iter().copied()), calendar, timeframe), [0_i64; 0], "{calendar} {timeframe}");
        }
        // Three bars taken out of the middle of a session are three bars missing.
        let hole =
            open.iter().position(|at| at.to_string().starts_with("2017-06-14T14:30") || at.to_string() == "2017-06-14T14:00:00Z").unwrap();
        let holed = open.iter().enumerate().filter(|(i, _)| !(hole..hole + 3).contains(i)).map(|(_, at)| *at);
        let found = missing(&stamps(holed), calendar, timeframe);
        assert!(found.contains(&3), "{calendar} {timeframe}: {found:?}");
    }
}

#[test]
fn daily_fx_bars_of_every_custom_have_no_weekend_gap() {
    let start: Nanos = "2017-03-05T00:00:00Z".parse().unwrap(); // a Sunday before the clocks change
    let day = |i: i64| start.plus(i * DAY);
    let weekdays = |i: &i64| (1..=5).contains(&(i % 7));
    // UTC midnight, Monday to Friday; the same with Dukascopy's Sunday; 17:00 New York the evening before (22:00, from 12 March 21:00 UTC).
    let utc: Vec<Nanos> = (0..60).filter(weekdays).map(day).collect();
    let sundays: Vec<Nanos> = (0..60).filter(|i| i % 7 < 6).map(day).collect();
    let new_york = (0..60).filter(weekdays).map(|i| day(i).plus(if i <= 7 { -2 } else { -3 } * HOUR)).collect();
    for stamped in [utc.clone(), sundays, new_york] {
        assert_eq!(missing(&stamps(stamped.into_iter()), Calendar::Fx, "1d"), [0_i64; 0]);
    }
    let without_a_wednesday = utc.into_iter().filter(|at| at.weekday() != 2 || at.day() % 2 == 0);
    assert!(!missing(&stamps(without_a_wednesday), Calendar::Fx, "1d").is_empty());
}
