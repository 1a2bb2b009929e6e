//! Folders of price files: what they hold, and runs on consecutive files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use cthulu_lab::{
    data::{DayEnd, ReadOptions, find_series, load_series, resample_ticks, write_csv, write_parquet, write_ticks_parquet},
    market::{Bar, Bars, Ticks},
    time::{HOUR, Nanos, SECOND},
};
use serde_json::Value;

use crate::cli::{Scratch, lab};

/// Hours from 2024-01-01, a Monday, each at a price of its own.
fn hours(range: std::ops::Range<i64>) -> Bars {
    let mut bars = Bars::new("1h".parse().unwrap());
    let start: Nanos = "2024-01-01T00:00:00Z".parse().unwrap();
    for i in range {
        let (opened_at, price) = (start.plus(i * HOUR), 100.0 + (i % 24) as f64);
        bars.push(&Bar {
            opened_at,
            closed_at: opened_at.plus(HOUR),
            open: price,
            high: price,
            low: price,
            close: price,
            ..Bar::default()
        });
    }
    bars
}

/// A tick every ten seconds from 2024-01-01.
fn ticks(range: std::ops::Range<i64>) -> Ticks {
    let start: Nanos = "2024-01-01T00:00:00Z".parse().unwrap();
    let bid = |i: i64| 100.0 + (i % 60) as f64;
    let times = range.clone().map(|i| start.plus(i * 10 * SECOND)).collect();
    Ticks::from_columns(times, range.clone().map(bid).collect(), range.map(|i| bid(i) + 0.5).collect())
}

fn place(scratch: &Scratch, name: &str) -> PathBuf {
    let path = scratch.0.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

/// Two months of hours and two files of ticks of one symbol, and a file of another that its manifest describes.
fn folder(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    // The names sort the later file first.
    write_parquet(&hours(0..48), &place(&scratch, "BTCUSD/1h/b.parquet")).unwrap();
    write_parquet(&hours(48..120), &place(&scratch, "BTCUSD/1h/a.parquet")).unwrap();
    write_ticks_parquet(&ticks(0..1000), &place(&scratch, "BTCUSD/ticks/1.parquet")).unwrap();
    write_ticks_parquet(&ticks(1000..2000), &place(&scratch, "BTCUSD/ticks/2.parquet")).unwrap();
    write_csv(&hours(0..30), &place(&scratch, "other/prices.csv")).unwrap();
    scratch.file("other/prices.manifest.toml", "file = \"prices.csv\"\nsymbol = \"ETHUSD\"\ntimeframe = \"1h\"\nzone = \"UTC\"\n");
    scratch
}

fn listed(scratch: &Scratch) -> (Option<i32>, Value) {
    let done = lab(&["data", "list", scratch.0.to_str().unwrap(), "--json"]);
    (done.status.code(), serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{}", stderr(&done))))
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_folder_is_listed_by_symbol_and_bar_length() {
    let scratch = folder("folder-list");
    let (code, told) = listed(&scratch);
    assert_eq!((code, &told["ok"]), (Some(0), &Value::Bool(true)));
    let series: Vec<_> =
        told["series"].as_array().unwrap().iter().map(|s| [&s["symbol"], &s["timeframe"], &s["rows"]].map(Value::to_string)).collect();
    // Ticks have no bar length; 48 + 72 hours, 1,000 + 1,000 ticks.
    assert_eq!(series, [["\"BTCUSD\"", "null", "2000"], ["\"BTCUSD\"", "\"1h\"", "120"], ["\"ETHUSD\"", "\"1h\"", "30"]]);
    let hours = &told["series"][1];
    assert_eq!((hours["first"].as_str(), hours["last"].as_str()), (Some("2024-01-01T00:00:00Z"), Some("2024-01-05T23:00:00Z")));
    assert!(hours["files"][0]["path"].as_str().unwrap().ends_with("b.parquet"), "the earliest file comes first");
    let text = String::from_utf8(lab(&["data", "list", scratch.0.to_str().unwrap()]).stdout).unwrap();
    assert!(text.contains("BTCUSD  1h     2      120   2024-01-01T00:00:00Z  2024-01-05T23:00:00Z  0       0\n"), "{text}");
}

#[test]
fn files_that_overlap_are_an_error_in_the_list_and_in_a_run() {
    let scratch = folder("folder-overlap");
    write_parquet(&hours(119..130), &place(&scratch, "BTCUSD/1h/c.parquet")).unwrap();
    let (code, told) = listed(&scratch);
    assert_eq!((code, &told["ok"], &told["series"][0]["ok"]), (Some(2), &Value::Bool(false), &Value::Bool(true)));
    let found = &told["series"][1]["files"][2]["findings"][0];
    let says = "begins at 2024-01-05T23:00:00Z, and a.parquet before it ends at 2024-01-05T23:00:00Z: they overlap";
    assert!(found["kind"] == "overlap" && found["message"].as_str().unwrap().starts_with(says), "{found}");
    let done = backtest(&scratch, "BTCUSD/1h", "");
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains(&format!("c.parquet: {says}")), "{}", stderr(&done));
}

#[test]
fn a_broken_file_is_listed_with_its_error_and_hides_no_other() {
    let scratch = folder("folder-broken");
    scratch.file("other/broken.csv", "time,open,high,low,close\n2024-01-01,1,0.5,1,1\n2024-01-02,1,2,1,1\n");
    scratch.file("other/broken.manifest.toml", "file = \"broken.csv\"\nsymbol = \"XRPUSD\"\ntimeframe = \"1d\"\nzone = \"UTC\"\n");
    let (code, told) = listed(&scratch);
    assert_eq!((code, &told["ok"]), (Some(2), &Value::Bool(false)));
    let series: Vec<_> =
        told["series"].as_array().unwrap().iter().map(|s| (s["symbol"].as_str().unwrap(), s["ok"].as_bool().unwrap())).collect();
    assert_eq!(series, [("BTCUSD", true), ("BTCUSD", true), ("ETHUSD", true), ("XRPUSD", false)]);
    let found = &told["series"][3]["files"][0]["findings"][0];
    assert_eq!(
        (found["severity"].as_str(), found["kind"].as_str(), found["row"].as_u64()),
        (Some("error"), Some("high_below_low"), Some(2))
    );
}

#[test]
fn bars_missing_between_two_files_are_told() {
    let scratch = folder("folder-gap");
    // The hours 120 to 129 are in no file: ten of them.
    write_parquet(&hours(130..140), &place(&scratch, "BTCUSD/1h/c.parquet")).unwrap();
    let (code, told) = listed(&scratch);
    let found = &told["series"][1]["files"][2]["findings"][0];
    assert_eq!((code, found["kind"].as_str(), found["value"].as_str()), (Some(0), Some("gap_between_files"), Some("10")));
}

fn backtest(scratch: &Scratch, path: &str, more: &str) -> Output {
    let text = format!("strategy = \"sma_crossover\"\n[params]\nfast = 2\nslow = 5\n[[data]]\npath = '{}'\n{more}", scratch.path(path));
    let file = scratch.file("question.toml", &text);
    lab(&["backtest", &file, "--no-report", "--json", "--out", &scratch.path("run")])
}

fn run(scratch: &Scratch, path: &str, more: &str) -> Value {
    let done = backtest(scratch, path, more);
    assert!(done.status.success(), "{}", stderr(&done));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn a_run_on_a_folder_is_one_on_its_files_joined() {
    let scratch = folder("folder-run");
    write_parquet(&hours(0..120), &place(&scratch, "whole.parquet")).unwrap();
    let whole = run(&scratch, "whole.parquet", "symbol = \"BTCUSD\"\n");
    assert!(whole["metrics"]["trades"].as_u64() == Some(3), "{}", whole["metrics"]);
    for (path, more) in [("BTCUSD/1h", ""), ("BTCUSD", "timeframe = \"1h\"\n"), (".", "symbol = \"BTCUSD\"\ntimeframe = \"1h\"\n")] {
        let told = run(&scratch, path, more);
        assert_eq!(
            (&told["metrics"], &told["counts"], &told["benchmark"]),
            (&whole["metrics"], &whole["counts"], &whole["benchmark"]),
            "{path}"
        );
        assert_eq!(told["manifest"]["data"][0]["symbol"], "BTCUSD", "{path}");
    }
    let (joined, whole) = (ticks(0..2000), "timeframe = \"1m\"\n");
    let told = run(&scratch, "BTCUSD", whole);
    write_ticks_parquet(&joined, &place(&scratch, "ticks.parquet")).unwrap();
    let one = run(&scratch, "ticks.parquet", &format!("symbol = \"BTCUSD\"\n{whole}"));
    // The files meet inside a minute, 1,000 ticks of ten seconds being 166 minutes and 40 seconds.
    assert_eq!((&told["metrics"], &told["counts"], &told["benchmark"]), (&one["metrics"], &one["counts"], &one["benchmark"]));
    assert_eq!(told["manifest"]["data"][0]["ticks"], 2000);
}

#[test]
fn ticks_that_meet_inside_a_minute_give_one_bar_of_it() {
    let scratch = folder("folder-minute");
    let options = ReadOptions { timeframe: Some("1m".parse().unwrap()), ..ReadOptions::default() };
    let files = find_series(&scratch.0, Some("BTCUSD"), options.timeframe).unwrap().files;
    let dataset = load_series(&scratch.0, &files, &options, (None, None)).unwrap();
    assert_eq!(*dataset.bars, resample_ticks(&ticks(0..2000), "1m".parse().unwrap(), DayEnd::Utc).unwrap());
}

/// Overwrites everything between a Parquet file's first bytes and its footer.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let n = bytes.len();
    let footer = u32::from_le_bytes(bytes[n - 8..n - 4].try_into().unwrap()) as usize + 8;
    bytes[4..n - footer].fill(0xee);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_span_touches_only_the_files_it_needs() {
    let scratch = folder("folder-span");
    damage(&scratch.0.join("BTCUSD/1h/b.parquet"));
    damage(&scratch.0.join("BTCUSD/ticks/2.parquet"));
    let later = run(&scratch, "BTCUSD/1h", "from = \"2024-01-03\"\n");
    assert_eq!(later["metrics"]["bars"], 72);
    // The first file's ticks end at 02:46:30.
    let earlier = run(&scratch, "BTCUSD/ticks", "timeframe = \"1m\"\nto = \"2024-01-01T02:00:00Z\"\n");
    assert_eq!(earlier["metrics"]["bars"], 120);
    let all = backtest(&scratch, "BTCUSD/1h", "");
    assert!(stderr(&all).contains("b.parquet: the Parquet file cannot be read"), "{}", stderr(&all));
}

#[test]
fn a_folder_of_several_series_asks_which_is_meant() {
    let scratch = folder("folder-ask");
    for (path, more, says) in [
        (".", "", "holds several series (BTCUSD, ETHUSD); name one of them as symbol"),
        ("BTCUSD", "", "holds several series (1h, ticks); name one of them as timeframe"),
        (".", "symbol = \"BTCUSDT\"\n", "holds no file of BTCUSDT; did you mean 'BTCUSD'?"),
        ("BTCUSD/1h", "timeframe = \"4h\"\n", "bars are usually 1h apart, not 4h"),
        ("BTCUSD/1h", "from = \"2025-01-01\"\n", "holds no file with rows in the span asked for"),
    ] {
        let done = backtest(&scratch, path, more);
        assert_eq!(done.status.code(), Some(2), "{path} {more}");
        assert!(stderr(&done).contains(says), "{path} {more}: {}", stderr(&done));
    }
    let empty = Scratch::new("folder-empty");
    let done = lab(&["data", "list", empty.0.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("holds no price file"), "{}", stderr(&done));
}

fn json(args: &[&str]) -> (Option<i32>, Value) {
    let done = lab(args);
    (done.status.code(), serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{}", stderr(&done))))
}

#[test]
fn a_folder_is_checked_as_one_series() {
    let scratch = folder("folder-check");
    write_parquet(&hours(130..140), &place(&scratch, "BTCUSD/1h/c.parquet")).unwrap();
    let (code, told) = json(&["data", "check", &scratch.path("BTCUSD/1h"), "--json"]);
    // 48 + 72 + 10 hours; 120 to 129 are in no file.
    assert_eq!((code, &told["ok"], &told["rows"]), (Some(0), &Value::Bool(true), &130.into()));
    assert_eq!((told["first"].as_str(), told["last"].as_str()), (Some("2024-01-01T00:00:00Z"), Some("2024-01-06T19:00:00Z")));
    let found = told["findings"].as_array().unwrap().iter().find(|f| f["kind"] == "gap_between_files").unwrap();
    assert!(found["message"].as_str().unwrap().starts_with("c.parquet: 10 bars are missing between the end of a.parquet"), "{found}");
    let (code, told) = json(&["data", "check", &scratch.path("BTCUSD/ticks"), "--json"]);
    assert_eq!((code, &told["rows"]), (Some(0), &2000.into()));
    // Files that overlap break the contract, as a run on them would not start.
    write_parquet(&hours(135..150), &place(&scratch, "BTCUSD/1h/d.parquet")).unwrap();
    let (code, told) = json(&["data", "check", &scratch.path("BTCUSD/1h"), "--json"]);
    assert_eq!((code, &told["ok"]), (Some(2), &Value::Bool(false)));
    // Several series are a question.
    let done = lab(&["data", "check", scratch.0.to_str().unwrap()]);
    assert!(done.status.code() == Some(2) && stderr(&done).contains("name one of them as symbol"), "{}", stderr(&done));
    let (code, told) = json(&["data", "check", &scratch.path("BTCUSD"), "--timeframe", "1h", "--json"]);
    assert_eq!((code, &told["rows"]), (Some(2), &145.into()));
}

#[test]
fn a_folder_is_resampled_and_evaluated_as_its_files_joined() {
    let scratch = folder("folder-resample");
    write_csv(&hours(0..120), &place(&scratch, "whole.csv")).unwrap();
    write_ticks_parquet(&ticks(0..2000), &place(&scratch, "ticks.parquet")).unwrap();
    let read = |name: &str| fs::read_to_string(scratch.0.join(name)).unwrap();
    for (from, whole, to) in [("BTCUSD/1h", "whole.csv", "4h"), ("BTCUSD/ticks", "ticks.parquet", "1m")] {
        for (path, out) in [(from, "joined.csv"), (whole, "one.csv")] {
            let done = lab(&["data", "resample", &scratch.path(path), "--to", to, "--out", &scratch.path(out)]);
            assert!(done.status.success(), "{}", stderr(&done));
        }
        assert!(read("joined.csv") == read("one.csv") && read("one.csv").lines().count() > 30, "{from}");
        let values = |path: &str| {
            lab(&["eval", "ema(close, 5)", "--data", &scratch.path(path), "--timeframe", if to == "1m" { "1m" } else { "1h" }]).stdout
        };
        let text = String::from_utf8(values(from)).unwrap();
        assert!(text == String::from_utf8(values(whole)).unwrap() && text.lines().count() > 100, "{text}");
    }
    // Days of New York out of ticks in several files.
    let done =
        lab(&["data", "resample", &scratch.path("BTCUSD/ticks"), "--to", "1d", "--day-ends", "new_york", "--out", &scratch.path("d.csv")]);
    assert!(done.status.success() && read("d.csv").contains("\n2023-12-31T22:00:00Z,"), "{}", read("d.csv"));
    let done = lab(&["data", "resample", scratch.0.to_str().unwrap(), "--to", "1d", "--out", &scratch.path("x.csv")]);
    assert!(done.status.code() == Some(2) && stderr(&done).contains("holds several series"), "{}", stderr(&done));
}
