//! What could be read in two ways, or hides another meaning: each is an error that asks or a warning that tells, and never passes in silence.

use cthulu_lab::{
    data::{Checked, Format, ReadOptions, Severity, check, check_bytes, check_bytes_by_group, read_ticks, write_ticks_parquet},
    market::Ticks,
    time::{Nanos, SECOND},
};

use super::{errors, examine, file, place, trials};
use crate::cli::{lab, stdout};

fn none() -> ReadOptions {
    ReadOptions::default()
}

/// The one finding of a kind: its severity, row and message.
#[track_caller]
fn told(checked: &Checked, kind: &str) -> (Severity, Option<u64>, String) {
    let found: Vec<_> = checked.findings.iter().filter(|f| f.kind == kind).collect();
    assert_eq!(found.len(), 1, "{kind}: {:?}", checked.findings);
    (found[0].severity, found[0].row, found[0].message.clone())
}

#[test]
fn the_error_stands_before_whatever_else_was_found() {
    // Forty holes of an hour are forty infos; the spread without a point is an error without a row.
    let mut text = String::from("time,open,high,low,close,spread\n");
    for i in 0..400_i64 {
        let hour = 1_483_315_200 + (i + i / 10) * 3600;
        text += &format!("{hour},1,1,1,1,3\n");
    }
    let path = file("hidden_error.csv", text);
    let shown = stdout(&lab(&["data", "check", path.to_str().unwrap(), "--calendar", "24/7"]));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[1].starts_with("  error    column spread, missing_point: "), "{shown}");
    let severities: Vec<&str> = lines[1..31].iter().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(severities.is_sorted_by_key(|s| ["error", "warning", "info"].iter().position(|known| known == s)), "{severities:?}");
    if let Some(folder) = trials() {
        let mt5 = folder.join("dirty/mt5_native_layout_EURUSD_M1_201405_EEST.csv.gz");
        let shown = stdout(&lab(&["data", "check", mt5.to_str().unwrap(), "--tz", "Europe/Athens"]));
        assert!(shown.contains("broken by one error") && shown.contains("  error    column spread, missing_point: "), "{shown}");
    }
}

#[test]
fn whole_numbers_too_small_for_a_time_are_a_question() {
    for (first, second, says) in [
        ("45293", "45294", "spreadsheet"),
        ("240102", "240103", "240131 for 2024-01-31"),
        ("2001", "2002", "years"),
        ("2001.0", "2002.0", "years"),
        ("1", "2", "count something else"),
    ] {
        let bars = format!("time,open,high,low,close\n{first},1,2,1,2\n{second},2,3,1,2\n");
        let found = examine("small_epoch.csv", &bars, &none());
        let (severity, row, message) = told(&found, "doubtful_epoch");
        assert_eq!((severity, row), (Severity::Error, Some(2)));
        assert!(message.contains(says) && message.contains("write the times as 2024-01-31"), "{message}");
        // A name for the table is no word about its times; without a header the same is asked.
        let named = ReadOptions { format: Some(Format::Csv), ..none() };
        assert_eq!(errors(&examine("small_epoch.csv", &bars, &named))[0].kind, "doubtful_epoch");
        let bare = format!("{first},1,2,1,2\n{second},2,3,1,2\n");
        assert_eq!(errors(&examine("small_epoch.csv", bare, &none()))[0].kind, "doubtful_epoch");
    }
    let json = r#"[{"timestamp":0,"open":1,"high":1,"low":1,"close":1},{"timestamp":60000,"open":1,"high":1,"low":1,"close":1}]"#;
    assert!(check_bytes(json.as_bytes(), &none()).ok, "dukascopy-node documents milliseconds");
    let counted = |step: i64| format!("time,open,high,low,close\n0,1,2,1,2\n{step},1,2,1,2\n{},1,2,1,2\n", 2 * step);
    assert!(examine("minutes.csv", counted(60), &none()).ok, "whole minutes from 0 are an example's");
    assert_eq!(errors(&examine("numbered.csv", counted(1), &none()))[0].kind, "doubtful_epoch");
    // It is the largest that is judged: a series may begin in 1970.
    let old = "time,open,high,low,close\n0,1,2,1,2\n86400,1,2,1,2\n172800,1,2,1,2\n100000000,2,3,1,2\n";
    assert!(examine("old_epoch.csv", old, &none()).ok);
}

#[test]
fn a_file_of_two_instruments_is_refused_and_names_both() {
    let rows = |last: &str| {
        format!(
            "Date,Ticker,Open,High,Low,Close\n2024-01-02,AAPL,1,2,1,2\n2024-01-03,aapl,1,2,1,2\n\n2024-01-04,,1,2,1,2\n2024-01-05,{last},1,2,1,2\n"
        )
    };
    let (severity, row, message) = told(&examine("two.csv", rows("MSFT"), &none()), "two_instruments");
    assert_eq!((severity, row), (Severity::Error, Some(6)));
    assert!(message.contains("'AAPL'") && message.contains("'MSFT'") && message.contains("split the file"), "{message}");
    assert!(examine("one.csv", rows("AAPL"), &none()).ok);
    for name in ["symbol", "instrument", "PAIR", "<TICKER>"] {
        let text = rows("MSFT").replace("Ticker", name);
        assert_eq!(errors(&examine("two_named.csv", text, &none()))[0].kind, "two_instruments", "{name}");
    }
    let json = r#"[{"timestamp":1653635401258,"symbol":"A","open":1,"high":1,"low":1,"close":1},
        {"timestamp":1653635461258,"symbol":"B","open":1,"high":1,"low":1,"close":1}]"#;
    assert_eq!(told(&check_bytes(json.as_bytes(), &none()), "two_instruments").1, Some(2));
}

#[test]
fn ticks_in_whole_points_are_scaled_by_a_named_instrument_or_told() {
    let text = "timestamp,bid,ask\n2024-01-02T00:00:00Z,110250,110262\n2024-01-02T00:00:01Z,110251,110263\n";
    let path = file("tick_points.csv", text);
    assert!(told(&check(&path, &none()).unwrap(), "points").2.contains("--symbol"));
    let eurusd = ReadOptions { point: Some(0.00001), ..none() };
    let ticks = read_ticks(&path, &eurusd).unwrap();
    assert_eq!((ticks.tick(0).bid, ticks.tick(1).ask), (1.1025, 1.10263)); // 110250 / 100000
    assert!(told(&check(&path, &eurusd).unwrap(), "points").2.contains("taken times the point 0.00001"));
    // By row groups as well.
    let at = (0..10).map(|i| Nanos(1_704_153_600 * SECOND + i)).collect();
    let stored = place("tick_points.parquet");
    write_ticks_parquet(&Ticks::from_columns(at, vec![110_250.0; 10], vec![110_262.0; 10]), &stored).unwrap();
    assert_eq!(read_ticks(&stored, &eurusd).unwrap().tick(9).ask, 1.10262);
    for options in [eurusd.clone(), none()] {
        let by_group = check_bytes_by_group(&std::fs::read(&stored).unwrap(), &options).unwrap();
        assert_eq!(told(&by_group, "points"), told(&check(&stored, &options).unwrap(), "points"));
    }
}

#[test]
fn points_of_which_some_are_not_whole_are_told() {
    let text = "time,open,high,low,close\n2012-12-04,130583.5,131073,130453,130935\n2012-12-05,130934,131253,130596,130701\n";
    let eurusd = ReadOptions { point: Some(0.00001), ..none() };
    let (severity, row, message) = told(&examine("half_points.csv", text, &eurusd), "points");
    assert_eq!((severity, row), (Severity::Warning, Some(2)));
    assert!(message.contains("130583.5 is not whole: all are read as prices"), "{message}");
    assert!(examine("half_points.csv", text, &none()).findings.iter().all(|f| f.kind != "points"), "an index may stand at 130583.5");
}

#[test]
fn a_time_whose_name_says_the_end_of_a_bar_is_told() {
    for name in ["time_end", "time_close", "timestamp_end"] {
        let text = format!("{name},open,high,low,close\n2024-01-02T00:01:00Z,1,2,1,2\n2024-01-02T00:02:00Z,1,2,1,2\n");
        let (severity, _, message) = told(&examine("ends.csv", &text, &none()), "stamps_unknown");
        assert!(severity == Severity::Warning && message.contains("--format ninjatrader"), "{message}");
        // The remedy does what it says.
        let named = examine("ends.csv", &text, &ReadOptions { format: Some(Format::NinjaTrader), ..none() });
        assert_eq!((named.ok, named.first.unwrap().to_string().as_str()), (true, "2024-01-02T00:00:00Z"));
    }
    let open = "time_open,open,high,low,close\n2024-01-02T00:01:00Z,1,2,1,2\n2024-01-02T00:02:00Z,1,2,1,2\n";
    assert!(examine("opens.csv", open, &none()).findings.is_empty());
}

#[test]
fn a_zone_against_the_columns_own_name_is_told() {
    let text = "Gmt time,open,high,low,close\n2024-07-02 00:01,1,2,1,2\n2024-07-02 00:02,1,2,1,2\n";
    let zone = |zone| ReadOptions { zone: Some(zone), ..none() };
    let found = examine("gmt.csv", text, &zone(chrono_tz::Europe::Athens));
    let (severity, _, message) = told(&found, "zone_contradicted");
    assert!(severity == Severity::Warning && message.contains("Europe/Athens"), "{message}");
    assert_eq!(found.first.unwrap().to_string(), "2024-07-01T21:01:00Z");
    for same in [chrono_tz::Tz::UTC, chrono_tz::Etc::GMT, chrono_tz::Tz::Zulu] {
        assert!(examine("gmt.csv", text, &zone(same)).findings.is_empty());
    }
}

#[test]
fn a_second_time_that_contradicts_the_first_is_told() {
    let text = |date: &str| {
        format!("timestamp,date,open,high,low,close\n2024-01-02T00:00:00Z,2024-01-02,1,2,1,2\n2024-01-02T01:00:00Z,{date},1,2,1,2\n")
    };
    let (severity, row, message) = told(&examine("second.csv", text("2019-05-06"), &none()), "two_times");
    assert_eq!((severity, row), (Severity::Warning, Some(3)));
    assert!(message.contains("'timestamp' says 2024-01-02T01:00:00Z and 'date' says 2019-05-06"), "{message}");
    // The date of the next session is none.
    for agrees in ["2024-01-02", "2024-01-03", "2024-01-01"] {
        assert!(examine("second.csv", text(agrees), &none()).findings.iter().all(|f| f.kind != "two_times"), "{agrees}");
    }
}

#[test]
fn a_vendor_is_named_once_and_stooq_by_its_own_name() {
    let told = |text: &str, options: &ReadOptions| check_bytes(text.as_bytes(), options).explained[0].clone();
    let histdata = ReadOptions { format: Some(Format::HistData), ..none() };
    let why = told("20110103 090100;1;2;1;2;9\n20110103 090200;1;2;1;2;9\n", &histdata);
    assert_eq!(why, "format: histdata; named; no header, semicolons, and times as 20170131 220000");
    let stooq = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nAAPL.US,60,20240102,160000,1,2,1,2,9,0\nAAPL.US,60,20240102,170000,1,2,1,2,9,0\n";
    let why = told(stooq, &none());
    assert!(why.starts_with("format: csv;") && why.contains("Stooq") && !why.contains("MetaTrader"), "{why}");
    let found = check_bytes(stooq.as_bytes(), &none());
    assert!(found.ok && found.findings.iter().all(|f| !f.message.contains("MetaTrader")), "{found:?}");
}

#[test]
fn equal_times_of_other_numbers_are_refused_whatever_is_wished() {
    let text = "time,open,high,low,close\n2024-01-02,1,2,1,2\n2024-01-03,1,2,1,2\n2024-01-03,1,2,1,1.5\n2024-01-04,1,2,1,2\n";
    let dedupe = ReadOptions { dedupe: true, ..none() };
    let found = examine("conflict.csv", text, &dedupe);
    let told: Vec<_> = errors(&found).iter().map(|f| (f.kind, f.row)).collect();
    assert_eq!(told, [("duplicate_time", Some(4))]);
    assert!(examine("equal.csv", text.replace("1.5", "2"), &dedupe).ok, "equal in every cell, they are one");
}
