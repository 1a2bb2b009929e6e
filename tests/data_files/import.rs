//! `data import` as a user calls it: a file and its manifest, nothing lost, nothing half, and nothing at all where something is wrong.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use cthulu_lab::{
    data::{Format, Manifest, ReadOptions, read_bars, read_ticks, read_trades, sha256_hex, write_csv},
    market::{Bar, Bars},
    time::{MINUTE, Nanos},
};

use super::{round_trip::minutes, trials};

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = super::place(&format!("import_{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn data(folder: &Path, args: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_cthulu-lab")).arg("data").args(args).current_dir(folder).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

fn bits(bars: &Bars) -> Vec<Vec<u64>> {
    bars.iter()
        .map(|b| [b.open, b.high, b.low, b.close, b.volume].map(f64::to_bits).into_iter().chain([b.opened_at.0 as u64]).collect())
        .collect()
}

#[test]
fn what_is_imported_comes_out_again_to_the_bit() {
    let folder = folder("round");
    let bars = minutes(5000);
    write_csv(&bars, &folder.join("in.csv")).unwrap();
    for (from, to) in [("in.csv", "a.parquet"), ("a.parquet", "b.csv"), ("b.csv", "c.csv.gz"), ("c.csv.gz", "a.csv")] {
        let (code, told) = data(&folder, &["import", from, "--out", to]);
        assert_eq!(code, 0, "{told}");
        let read = read_bars(&folder.join(to), &ReadOptions::default()).unwrap();
        assert_eq!(bits(&read), bits(&bars), "{to}");
    }
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(bytes("in.csv"), bytes("a.csv"), "our own words come back letter by letter");
    // Two files of one name have a manifest each.
    for (name, format) in [("a.parquet", Format::Parquet), ("a.csv", Format::Csv)] {
        let manifest = Manifest::beside(&folder.join(name)).unwrap().unwrap();
        assert_eq!((manifest.format, manifest.sha256.clone()), (Some(format), Some(sha256_hex(&bytes(name)))), "{manifest:?}");
    }
}

#[test]
fn the_manifest_says_what_the_file_is_and_where_it_comes_from() {
    let folder = folder("manifest");
    let text = "20140430 190000;1.38676;1.38686;1.38669;1.38686;0\n20140430 190100;1.38688;1.38690;1.38685;1.38688;0\n";
    std::fs::write(folder.join("DAT_ASCII.csv"), text).unwrap();
    let (code, told) =
        data(&folder, &["import", "DAT_ASCII.csv", "--format", "histdata", "--symbol", "EURUSD", "--out", "eurusd.parquet", "--explain"]);
    assert_eq!(code, 0, "{told}");
    for says in
        ["format: histdata; named", "clock: Etc/GMT+5, as histdata documents", "wrote eurusd.parquet: 2 bars; eurusd.manifest.toml says"]
    {
        assert!(told.contains(says), "{says} in {told}");
    }
    let manifest: toml::Table = std::fs::read_to_string(folder.join("eurusd.manifest.toml")).unwrap().parse().unwrap();
    let own = sha256_hex(&std::fs::read(folder.join("eurusd.parquet")).unwrap());
    for (key, value) in [
        ("file", "eurusd.parquet"),
        ("symbol", "EURUSD"),
        ("timeframe", "1m"),
        ("zone", "UTC"),
        ("format", "parquet"),
        ("source", "DAT_ASCII.csv"),
        ("source_sha256", &sha256_hex(text.as_bytes())),
        ("source_format", "histdata"),
        ("source_zone", "Etc/GMT+5"),
        ("sha256", &own),
        ("first", "2014-05-01T00:00:00Z"), // 19:00 and five hours
        ("last", "2014-05-01T00:01:00Z"),
    ] {
        assert_eq!(manifest[key].as_str(), Some(value), "{key}");
    }
    assert_eq!(manifest["rows"].as_integer(), Some(2));
    // What was imported is read without a word about its clock or its instrument.
    assert_eq!(data(&folder, &["check", "eurusd.parquet", "--strict"]).0, 0);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "the source, the file and its manifest, and no part of any: {left:?}");
}

#[test]
fn nothing_is_written_while_anything_is_wrong() {
    let folder = folder("wrong");
    let good = "time,open,high,low,close\n2017-01-02 09:30,1,2,0.5,1.5\n2017-01-02 09:31,1,2,0.5,1.5\n";
    std::fs::write(folder.join("good.csv"), good).unwrap();
    std::fs::write(folder.join("bad.csv"), good.replace("09:31,1,2", "09:31,3,2")).unwrap();
    std::fs::write(
        folder.join("gap.csv"),
        good.to_owned() + "2017-01-02 12:00,1,2,0.5,1.5\n2017-01-02 12:01,1,2,0.5,1.5\n2017-01-02 12:02,1,2,0.5,1.5\n",
    )
    .unwrap();
    for (args, says) in [
        (vec!["import", "good.csv"], "ambiguous_zone"),
        (vec!["import", "bad.csv", "--tz", "UTC"], "row 3, column open, open_outside_range: open 3 lies outside low 0.5 to high 2"),
        (vec!["import", "gap.csv", "--tz", "UTC", "--strict"], "error    gaps"),
        (vec!["check", "gap.csv", "--strict"], "error    gaps"),
        (vec!["import", "good.csv", "--tz", "UTC", "--format", "yaho"], "did you mean 'yahoo'?"),
        (
            vec!["import", "good.csv", "--tz", "UTC", "--format", "mt5-ticks", "--out", "x.txt"],
            "ends in none of .parquet, .csv and .csv.gz",
        ),
        (vec!["import", "good.csv", "--tz", "UTC", "--out", "good.csv"], "is one of the files to import"),
        (vec!["import", "good.csv", "none.csv", "--tz", "UTC"], "no such file"),
    ] {
        let (code, told) = data(&folder, &args);
        assert!(code == 2 && told.contains(says), "{args:?}: {told}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3);
    assert_eq!(data(&folder, &["import", "gap.csv", "--tz", "UTC", "--explain"]).0, 0);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3, "--explain alone writes nothing");
    assert_eq!(data(&folder, &["import", "good.csv", "--tz", "UTC"]).0, 0);
    assert!(folder.join("good.parquet").exists() && folder.join("good.manifest.toml").exists());
}

#[test]
fn parts_become_one_series_and_contradictions_are_refused() {
    let folder = folder("parts");
    let rows = |from: usize, to: usize| (from..to).map(|i| format!("2017-01-02T00:{i:02}:00Z,1,2,0.5,1.5,{i}\n")).collect::<String>();
    let part =
        |name: &str, text: String| std::fs::write(folder.join(name), format!("timestamp,open,high,low,close,volume\n{text}")).unwrap();
    part("a.csv", rows(0, 10));
    part("b.csv", rows(10, 20));
    part("overlap.csv", rows(5, 20));
    part("other.csv", rows(5, 20).replace("1.5,7", "1.25,7"));
    let times = |name: &str| read_bars(&folder.join(name), &ReadOptions::default()).unwrap().volume().to_vec();
    assert_eq!(data(&folder, &["import", "b.csv", "a.csv", "--out", "whole.csv"]).0, 0);
    assert_eq!(times("whole.csv"), (0..20).map(f64::from).collect::<Vec<_>>());
    let (code, told) = data(&folder, &["import", "a.csv", "overlap.csv", "--out", "no.csv"]);
    assert!(
        code == 2 && told.contains("overlap.csv: 2017-01-02T00:05:00Z stands in another of the files too, equal in every number; --dedupe"),
        "{told}"
    );
    let (code, told) = data(&folder, &["import", "a.csv", "overlap.csv", "--out", "joined.csv", "--dedupe"]);
    assert!(code == 0 && told.contains("20 bars, 5 equal rows left out"), "{told}");
    let (code, told) = data(&folder, &["import", "a.csv", "other.csv", "--out", "no.csv", "--dedupe"]);
    assert!(code == 2 && told.contains("2017-01-02T00:07:00Z stands in another of the files too, with other numbers"), "{told}");
    assert!(!folder.join("no.csv").exists());
}

#[test]
fn ticks_and_trades_are_imported_with_all_they_have() {
    let folder = folder("ticks");
    std::fs::write(
        folder.join("quotes.json"),
        "[[1653635401258, 7195.341, 7188.569, 0.0005, 0.0005], [1653635401419, 7196.311, 7189.569, 0.0005, 0.0005]]",
    )
    .unwrap();
    std::fs::write(folder.join("trades.csv"), "unix,price,amount\n1356998659,13.51,36.87430786\n1356998659,13.56,0.01\n").unwrap();
    for out in ["out.parquet", "out.csv"] {
        assert_eq!(data(&folder, &["import", "quotes.json", "--out", out]).0, 0);
        let ticks = read_ticks(&folder.join(out), &ReadOptions::default()).unwrap();
        assert_eq!((ticks.len(), ticks.tick(1).bid, ticks.tick(1).ask), (2, 7189.569, 7196.311));
        assert_eq!(data(&folder, &["import", "trades.csv", "--out", out]).0, 0);
        let trades = read_trades(&folder.join(out), &ReadOptions::default()).unwrap();
        assert_eq!((trades.price, trades.amount), (vec![13.51, 13.56], vec![36.87430786, 0.01]));
    }
}

#[test]
fn ticks_of_several_files_keep_their_volumes() {
    let folder = folder("tick_volumes");
    let part = |name: &str, head: &str, rows: &str| std::fs::write(folder.join(name), format!("timestamp,bid,ask{head}\n{rows}")).unwrap();
    part("a.csv", ",volume", "2024-01-01T00:00:01Z,1.0,1.1,3\n2024-01-01T00:00:02Z,1.0,1.1,4\n");
    part("b.csv", ",volume", "2024-01-01T00:00:02Z,1.0,1.1,5\n2024-01-01T00:00:03Z,1.0,1.1,6\n");
    part("bare.csv", "", "2024-01-01T00:00:04Z,1.0,1.1\n2024-01-01T00:00:05Z,1.0,1.1\n");
    for out in ["whole.parquet", "whole.csv"] {
        let (code, told) = data(&folder, &["import", "b.csv", "a.csv", "--out", out]);
        assert_eq!(code, 0, "{told}");
        let ticks = read_ticks(&folder.join(out), &ReadOptions::default()).unwrap();
        assert_eq!(ticks.volume(), Some(&[3.0, 4.0, 5.0, 6.0][..]), "{out}");
    }
    let (code, told) = data(&folder, &["import", "a.csv", "bare.csv", "--out", "no.csv"]);
    assert!(code == 2 && told.contains("bare.csv: has a volume where the ticks before have none, or none where they have one"), "{told}");
}

#[test]
fn a_format_is_named_wherever_a_path_is_accepted() {
    let folder = folder("paths");
    let row = |i: usize| format!("20170103 {:02}{:02}00;1.1;1.3;1.0;{};0\n", i / 60, i % 60, ["1.2", "1.25"][i % 2]);
    std::fs::write(folder.join("EURUSD_M1.csv"), (0..300).map(row).collect::<String>()).unwrap();
    let lab = |args: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_cthulu-lab")).args(args).current_dir(&folder).output().unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap())
    };
    let (code, told) = lab(&["eval", "close", "--data", "EURUSD_M1.csv"]);
    assert!(code == 2 && told.contains("EURUSD_M1.csv, row 1: the line is that of two vendors"), "{told}");
    let (code, told) = lab(&["eval", "close", "--data", "EURUSD_M1.csv", "--format", "histdata"]);
    assert!(code == 0 && told.contains("2017-01-03T05:01:00Z,1.25"), "{told}"); // 00:01 and five hours
    let (code, told) = lab(&["eval", "close", "--data", "EURUSD_M1.csv", "--format", "ninjatrader"]);
    assert!(code == 0 && told.contains("2017-01-03T00:00:00Z,1.25"), "{told}"); // the minute that ended at 00:01
    let run = ["backtest", "--strategy", "sma_crossover", "--data", "EURUSD_M1.csv", "--no-report", "--out", "run"];
    assert_eq!(lab(&run).0, 2);
    let (code, told) = lab(&[&run[..], &["--format", "histdata"]].concat());
    assert_eq!(code, 0, "{told}");
    let run: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("run/run.json")).unwrap()).unwrap();
    let data = &run["manifest"]["spec"]["data"][0];
    assert_eq!((data["format"].as_str(), data["zone"].as_str()), (Some("histdata"), Some("Etc/GMT+5")));
    assert_eq!(lab(&["reproduce", "run"]).0, 0);
}

/// One span of one pair in three vendors' layouts: the same moments, the same prices.
#[test]
fn three_layouts_of_one_span_are_one_series() {
    let Some(trials) = trials() else { return };
    let folder = folder("layouts");
    let from = |name: &str| trials.join("dirty").join(name).display().to_string();
    let prices = |args: &[&str], out: &str| {
        let (code, told) = data(&folder, &[&["import"], args, &["--symbol", "EURUSD", "--out", out]].concat());
        assert_eq!(code, 0, "{told}");
        let bars = read_bars(&folder.join(out), &ReadOptions::default()).unwrap();
        bars.iter().map(|b| (b.opened_at, b.ohlc())).collect::<Vec<_>>()
    };
    let dukascopy = prices(&[&from("dukascopy_layout_EURUSD_M1_BID_201405.csv.gz")], "d.parquet");
    assert_eq!(dukascopy.len(), 9552);
    assert_eq!(prices(&[&from("histdata_layout_DAT_ASCII_EURUSD_M1_201405.csv.gz"), "--format", "histdata"], "h.csv"), dukascopy);
    assert_eq!(prices(&[&from("mt5_native_layout_EURUSD_M1_201405_EEST.csv.gz"), "--tz", "Europe/Athens"], "m.parquet"), dukascopy);
}

#[test]
fn bars_missing_between_two_parts_are_told() {
    let folder = folder("seam");
    let mut bars = Bars::new("1m".parse().unwrap());
    let start: Nanos = "2024-01-01T00:00:00Z".parse().unwrap();
    for i in 0..200 {
        let (opened_at, price) = (start.plus(i * MINUTE), 100.0 + i as f64);
        let flat =
            Bar { opened_at, closed_at: opened_at.plus(MINUTE), open: price, high: price, low: price, close: price, ..Bar::default() };
        bars.push(&flat);
    }
    write_csv(&bars.slice(0..100), &folder.join("a.csv")).unwrap();
    write_csv(&bars.slice(110..200), &folder.join("b.csv")).unwrap();
    // Ten minutes are in neither, whichever is named first.
    let (code, told) = data(&folder, &["import", "b.csv", "a.csv", "--calendar", "24/7", "--out", "joined.csv", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let seam = &told["seams"][0];
    assert_eq!((code, seam["kind"].as_str(), seam["value"].as_str()), (0, Some("gap_between_files"), Some("10")));
    assert!(seam["message"].as_str().unwrap().starts_with("b.csv: 10 bars are missing between the end of a.csv"), "{seam}");
    // Taken for an error, nothing is written; and where nothing is missing, nothing is said.
    let (code, told) = data(&folder, &["import", "a.csv", "b.csv", "--calendar", "24/7", "--strict", "--out", "strict.csv"]);
    assert!(code == 2 && told.contains("error") && told.contains("nothing was written") && !folder.join("strict.csv").exists(), "{told}");
    write_csv(&bars.slice(100..200), &folder.join("c.csv")).unwrap();
    let (code, told) = data(&folder, &["import", "a.csv", "c.csv", "--calendar", "24/7", "--out", "whole.csv"]);
    assert!(code == 0 && !told.contains("missing"), "{told}");
    assert!(Manifest::beside(&folder.join("whole.csv")).unwrap().unwrap().calendar.is_some_and(|c| c.to_string() == "24/7"));
}
