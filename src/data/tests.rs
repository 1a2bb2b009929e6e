//! Whole files through the readers: formats, and refusals with their place. Dirtier ones and round trips are in `tests/data_files.rs`.

use std::{io::Write as _, path::PathBuf};

use super::*;
use crate::{error::Error, time::HOUR};

fn place(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cthulu-lab-data-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn file(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = place(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn dmy() -> ReadOptions {
    ReadOptions { date_order: Some(DateOrder::Dmy), ..ReadOptions::default() }
}

const ROWS: &str = "2017-01-02 00:00:00,1.0,2.0,0.5,1.5,10\n2017-01-02 01:00:00,1.5,1.75,1.25,1.5,20\n";

#[test]
fn one_file_in_many_spellings_gives_the_same_bars() {
    let plain = read_bars(&file("plain.csv", format!("time,open,high,low,close,volume\n{ROWS}")), &ReadOptions::default()).unwrap();
    assert_eq!((plain.len(), plain.timeframe().ns(), plain.bar(1).volume), (2, HOUR, 20.0));
    let spellings: [(&str, String); 10] = [
        ("headerless", ROWS.to_owned()),
        ("bom", format!("\u{feff}Time,Open,High,Low,Close,Volume\r\n{}", ROWS.replace('\n', "\r\n"))),
        ("semicolon", format!("TIME;OPEN;HIGH;LOW;CLOSE;VOL\n{}", ROWS.replace(',', ";"))),
        ("tabs", "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\n2017.01.02\t00:00\t1\t2\t.5\t1.5\t1e1\n2017.01.02\t01:00\t1.5\t1.75\t1.25\t1.5\t20\n".to_owned()),
        ("mt4", "2017.01.02,00:00,1,2,0.5,1.5,10\n2017.01.02,01:00,1.5,1.75,1.25,1.5,20\n".to_owned()),
        ("order", "volume,close,low,high,open,Adj Close,Gmt time\n10,1.5,0.5,2,1,9,20170102 000000\n20,1.5,1.25,1.75,1.5,9,20170102 010000".to_owned()),
        ("quoted", "\"time\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n\"2017-01-02T00:00:00Z\",\"1\",\"2\",\"0.5\",\"1.5\",\"10\"\n\n\"2017-01-02T02:00:00+01:00\",1.5,1.75,1.25,1.5,20\n".to_owned()),
        ("seconds", "ts,o,h,l,c,v\n1483315200,1,2,0.5,1.5,10\n1483318800,1.5,1.75,1.25,1.5,20\n".to_owned()),
        ("nanos", "timestamp,open,high,low,close,volume\n1483315200000000000,1,2,0.5,1.5,10\n\n1483318800000000000,1.5,1.75,1.25,1.5,20\n".to_owned()),
        ("blank", format!("\n\ntime,open,high,low,close,volume\n\n{ROWS}\n  \n")),
    ];
    for (name, text) in spellings {
        assert_eq!(read_bars(&file(&format!("{name}.csv"), text), &ReadOptions::default()).unwrap(), plain, "{name}");
    }
    let day_first =
        "time,open,high,low,close,volume\n02.01.2017 00:00:00.000,1,2,0.5,1.5,10\n02.01.2017 01:00:00.000,1.5,1.75,1.25,1.5,20\n";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(day_first.as_bytes()).unwrap();
    // Known by its first bytes, whatever it is called.
    assert_eq!(read_bars(&file("packed.csv", packed.finish().unwrap()), &dmy()).unwrap(), plain);
}

#[test]
fn each_breach_names_its_row_column_and_value() {
    let head = "time,open,high,low,close,volume\n2017-01-02 00:00,1,2,0.5,1.5,10\n2017-01-02 01:00,1,2,0.5,1.5,10\n";
    for (row, kind, column, value) in [
        ("2017-01-02 01:00,1,2,0.5,1.5,11", "duplicate_time", Some("time"), Some("2017-01-02 01:00")),
        ("2017-01-01 23:00,1,2,0.5,1.5,10", "out_of_order", Some("time"), Some("2017-01-01 23:00")),
        ("2017-01-02 02:00,1,0.250,0.5,0.4,10", "high_below_low", Some("high"), Some("0.250")),
        ("2017-01-02 02:00,3,2,0.5,1.5,10", "open_outside_range", Some("open"), Some("3")),
        ("2017-01-02 02:00,1,2,0.5,0.25,10", "close_outside_range", Some("close"), Some("0.25")),
        ("2017-01-02 02:00,1,2,0.00,1.5,10", "non_positive_price", Some("low"), Some("0.00")),
        ("2017-01-02 02:00,1,2,0.5,1.5,-1", "negative_volume", Some("volume"), Some("-1")),
        ("2017-01-02 02:00,1,2,0.5,x,10", "unparsable", Some("close"), Some("x")),
        ("2017-01-02 02:00,1,2,0.5,,10", "unparsable", Some("close"), Some("")),
        ("2017-01-02 02:00,1,2,0.5,NaN,10", "unparsable", Some("close"), Some("NaN")),
        ("2017-01-02 02:00,1,inf,0.5,1,10", "unparsable", Some("high"), Some("inf")),
        ("yesterday,1,2,0.5,1.5,10", "unparsable", Some("time"), Some("yesterday")),
        ("2017-01-02 02:00,1,2,0.5,1.5", "column_count", None, Some("5")),
        ("2017-01-02 02:00,1,2,0.5,1.5,10,7", "column_count", None, Some("7")),
        ("31.12.2017,1,2,0.5,1.5,10", "ambiguous_date", Some("time"), Some("31.12.2017")),
    ] {
        let path = file("breach.csv", format!("{head}{row}\n"));
        let checked = check(&path, &ReadOptions::default()).unwrap();
        let finding = checked.findings.iter().find(|f| f.is_error()).unwrap();
        assert_eq!((checked.ok, finding.kind, finding.row), (false, kind, Some(4)), "{row}");
        assert_eq!((finding.column.as_deref(), finding.value.as_deref()), (column, value), "{row}");
        let Err(Error::Data { row: at, column: named, .. }) = read_bars(&path, &ReadOptions::default()) else { panic!("{row} was read") };
        assert_eq!((at, named.as_deref()), (Some(4), column), "{row}");
    }
}

#[test]
fn files_without_usable_content_are_refused() {
    for (text, kind) in [
        ("", "empty"),
        ("\n \n", "empty"),
        ("time,open,high,low,close\n", "empty"),
        ("date,price\n2017-01-01,5\n", "missing_column"),
        ("[1,2]", "unknown_format"),
        ("2017-01-01,5,6\n", "empty-is-not-it"),
        ("2017-01-01,5,6,7\n", "column_count"),
        ("time,open,high,low,close\n2017-01-02,1,1,1,1\n", "timeframe_unknown"),
        ("time,open,high,low,close,spread\n2017-01-02,1,1,1,1,3\n2017-01-03,1,1,1,1,3\n", "missing_point"),
    ] {
        let checked = check(&file("unusable.csv", text), &ReadOptions::default()).unwrap();
        match kind {
            "empty-is-not-it" => assert!(checked.ok, "three cells without a header are a tick"),
            _ => assert_eq!(checked.findings.iter().find(|f| f.is_error()).map(|f| f.kind), Some(kind), "{text:?}"),
        }
    }
    file("prices_h1.csv", "");
    let missing = check(&place("price_h1.csv"), &ReadOptions::default()).unwrap_err();
    assert!(
        missing.is_input() && missing.to_string().ends_with("there is no such file (did you mean 'prices_h1.csv'?); check the path"),
        "{missing}"
    );
    assert!(check(&std::env::temp_dir(), &ReadOptions::default()).unwrap_err().to_string().ends_with("is a folder; name one file in it"));
    let damaged = check(&file("damaged.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 9, 9]), &ReadOptions::default()).unwrap();
    assert_eq!(damaged.findings[0].kind, "damaged_gzip");
    assert_eq!(check(&file("damaged.parquet", b"PAR1nonsensePAR1"), &ReadOptions::default()).unwrap().findings[0].kind, "damaged_parquet");
}

#[test]
fn a_file_that_runs_backwards_is_told_so_once() {
    let text = "date,open,high,low,close\n2017-01-04,1,1,1,1\n2017-01-03,1,1,1,1\n2017-01-02,1,1,1,1\n";
    let checked = check(&file("backwards.csv", text), &ReadOptions::default()).unwrap();
    let errors: Vec<_> = checked.findings.iter().filter(|f| f.is_error()).collect();
    assert_eq!((errors.len(), errors[0].kind, errors[0].row), (1, "out_of_order", Some(3)));
    assert!(errors[0].message.contains("sort it"));
}

#[test]
fn the_named_timeframe_is_checked_against_the_file() {
    let path = file("frame.csv", format!("time,open,high,low,close,volume\n{ROWS}"));
    let named = |text: &str| read_bars(&path, &ReadOptions { timeframe: Some(text.parse().unwrap()), ..ReadOptions::default() });
    assert_eq!(named("1h").unwrap().timeframe().ns(), HOUR);
    assert!(named("4h").unwrap_err().to_string().contains("1h apart, not 4h"));
}

#[test]
fn spread_points_become_prices_and_repeats_may_be_left_out() {
    let text = "time,open,high,low,close,spread\n2017-01-02 00:00,1,1,1,1,3\n2017-01-02 01:00,1,1,1,1,2\n2017-01-02 01:00,1,1,1,1,2\n2017-01-02 02:00,1,1,1,1,2\n";
    let path = file("spread.csv", text);
    let options = ReadOptions { point: Some(0.5), dedupe: true, ..ReadOptions::default() };
    let bars = read_bars(&path, &options).unwrap();
    assert_eq!(bars.spread(), Some(&[1.5, 1.0, 1.0][..]));
    let findings = check(&path, &options).unwrap().findings;
    assert_eq!(findings.iter().find(|f| f.kind == "duplicate_row").and_then(|f| f.row), Some(4));
    assert!(read_bars(&path, &ReadOptions { dedupe: false, ..options }).is_err());
}

#[test]
fn times_without_offset_follow_the_named_zone() {
    let path = file("zone.csv", "time_newyork,open,high,low,close\n2017-03-10 09:30,1,1,1,1\n2017-03-13 09:30,1,1,1,1\n");
    let options =
        ReadOptions { zone: Some(chrono_tz::America::New_York), timeframe: Some("71h".parse().unwrap()), ..ReadOptions::default() };
    let bars = read_bars(&path, &options).unwrap(); // clocks went forward on the 12th: 71 hours apart
    assert_eq!(bars.opened_at().iter().map(ToString::to_string).collect::<Vec<_>>(), ["2017-03-10T14:30:00Z", "2017-03-13T13:30:00Z"]);
    let findings = check(&path, &ReadOptions::default()).unwrap().findings;
    assert!(findings.iter().any(|f| f.kind == "missing_zone" && f.severity == Severity::Warning));
}

#[test]
fn crossed_quotes_are_refused_and_metatrader_blanks_are_carried() {
    let crossed = file("crossed.csv", "timestamp,bid,ask\n2017-01-02T00:00:00Z,1.1,1.2\n2017-01-02T00:00:00Z,1.3,1.2\n");
    let checked = check(&crossed, &ReadOptions::default()).unwrap();
    assert_eq!((checked.findings[0].kind, checked.findings[0].row), ("crossed_quote", Some(3)));
    let blanks = "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n2017.01.02\t00:00:00.158\t1.1\t1.2\t\t\t6\n2017.01.02\t00:00:00.158\t\t1.3\t\t\t4\n";
    let ticks = read_ticks(&file("blanks.csv", blanks), &ReadOptions::default()).unwrap();
    assert_eq!((ticks.tick(1).bid, ticks.tick(1).ask), (1.1, 1.3));
    assert!(read_bars(&place("blanks.csv"), &ReadOptions::default()).unwrap_err().to_string().contains("holds ticks"));
}

#[test]
fn rows_stay_exact_across_pieces_and_blank_lines() {
    let mut text = String::from("time,open,high,low,close\n");
    for i in 0..60_000_i64 {
        text.push_str(&format!(
            "{},1.00000001,1.00000002,1.00000000,1.00000001\n{}",
            1_483_228_800 + i * 60,
            if i == 100 { "\n" } else { "" }
        ));
    }
    text.push_str("1486828860,1,1,1,oops\n"); // line 1 + 60,000 + 1 blank + 1
    assert!(text.len() > 2 << 20, "more than two pieces");
    let checked = check(&file("pieces.csv", &text), &ReadOptions::default()).unwrap();
    let errors: Vec<_> = checked.findings.iter().filter(|f| f.is_error()).map(|f| (f.kind, f.row)).collect();
    assert_eq!(errors, [("unparsable", Some(60_003))]);
    let quoted = check(&file("pieces_quoted.csv", text.replace("oops", "\"oops\"")), &ReadOptions::default()).unwrap();
    assert_eq!(quoted.findings, checked.findings);
}

/// Ticks as Parquet in row groups of two, with a column of symbols.
fn grouped(name: &str, bids: &[f64], symbols: &[&str]) -> PathBuf {
    use polars_core::prelude::{Column, DataFrame, NamedFrom, Series};
    let at: Vec<i64> = (0..bids.len() as i64).map(|i| 1_704_153_600_000 + i).collect();
    let asks: Vec<f64> = bids.iter().map(|bid| bid + 2.0).collect();
    let columns: Vec<Column> = vec![
        Series::new("timestamp".into(), at).into(),
        Series::new("bid".into(), bids).into(),
        Series::new("ask".into(), asks).into(),
        Series::new("symbol".into(), symbols).into(),
    ];
    let (path, mut frame) = (place(name), DataFrame::new_infer_height(columns).unwrap());
    let file = std::fs::File::create(&path).unwrap();
    polars_io::prelude::ParquetWriter::new(file).with_row_group_size(Some(2)).finish(&mut frame).unwrap();
    path
}

#[test]
fn row_groups_of_two_instruments_or_of_points_and_prices_are_refused() {
    let point = ReadOptions { point: Some(0.00001), timeframe: Some("1m".parse().unwrap()), ..ReadOptions::default() };
    let told = |bids: &[f64], symbols: &[&str]| {
        let path = grouped("groups.parquet", bids, symbols);
        let error = |checked: Checked| checked.findings.into_iter().find(Finding::is_error).map(|f| (f.kind, f.row, f.message));
        let by_group = error(check(&path, &point).unwrap());
        let (kind, row, message) = by_group.clone()?;
        let loaded = load(&path, &point).unwrap_err().to_string();
        assert!(loaded.contains(&message) && loaded.contains(&format!("row {}", row.unwrap())), "{loaded}");
        Some((kind, row))
    };
    let points = [110_250.0, 110_251.0, 110_252.0, 110_253.0];
    assert_eq!(told(&points, &["EURUSD", "EURUSD", "eurusd", "EURUSD"]), None);
    assert_eq!(told(&points, &["EURUSD", "EURUSD", "GBPUSD", "GBPUSD"]), Some(("two_instruments", Some(3))));
    assert_eq!(told(&points, &["EURUSD", "GBPUSD", "GBPUSD", "GBPUSD"]), Some(("two_instruments", Some(2))));
    assert_eq!(told(&[110_250.0, 110_251.0, 1.5, 1.6], &["EURUSD"; 4]), Some(("points", Some(3))));
    let path = grouped("groups.parquet", &points, &["EURUSD"; 4]);
    assert_eq!(read_ticks(&path, &point).unwrap().tick(3).bid, 1.10253);
}
