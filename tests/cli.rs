//! The command as people and scripts use it: what it prints, where, and with which exit code.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use cthulu_lab::{
    bus::read_lines,
    event::{Names, Record},
    market::InstrumentId,
    portfolio::{Booked, Ledger},
};
use serde_json::Value;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cthulu-lab");

/// An empty folder that is removed when dropped.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs the command in the package's folder.
pub(crate) fn lab(args: &[&str]) -> Output {
    lab_in(Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

pub(crate) fn lab_in(folder: &Path, args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).current_dir(folder).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {} {}", stdout(output), stderr(output)))
}

/// The command is refused with exit code 2, nothing on stdout, and these words on stderr.
#[track_caller]
fn refused(args: &[&str], words: &[&str]) {
    let output = lab(args);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
    assert!(output.stdout.is_empty(), "{args:?}: {}", stdout(&output));
    for word in words {
        assert!(told.contains(word), "{args:?} should say '{word}', and says: {told}");
    }
}

/// Hourly bars that rise and fall in waves.
pub(crate) fn waves(rows: usize) -> String {
    let mut text = String::from("timestamp,open,high,low,close,volume\n");
    let mut last = 100.0;
    for i in 0..rows {
        let close = 100.0 + 5.0 * (i as f64 / 9.0).sin() + (i % 7) as f64 * 0.1;
        let (high, low) = (f64::max(last, close) + 0.2, f64::min(last, close) - 0.2);
        text += &format!("{},{last},{high},{low},{close},10\n", 1_483_228_800 + i * 3600);
        last = close;
    }
    text
}

#[test]
fn a_plain_backtest_tells_its_verdict_in_a_dozen_lines_and_leaves_a_whole_folder() {
    let scratch = Scratch::new("plain");
    let out = scratch.path("run");
    let output = lab(&["backtest", "--out", &out]);
    let told = stdout(&output);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    assert!(told.lines().count() <= 12, "{told}");
    for label in ["Verdict", "Profit factor", "Sharpe", "Drawdown", "Net profit", "buy and hold", "Costs", "Trades", "Report"] {
        assert!(told.contains(label), "{label} is missing:\n{told}");
    }
    let files = "run.json machine.json verdict.json trades.csv equity.csv events.jsonl.gz training_log.0001.jsonl.gz run.sqlite \
                 comprehensive_metrics.csv report.html equity.png drawdown.png trades.png sharpe.png";
    for file in files.split_whitespace() {
        assert!(Path::new(&out).join(file).is_file(), "{file} is missing");
    }
    let left: Vec<_> = fs::read_dir(&scratch.0).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["run"], "nothing else is left behind");
}

#[test]
fn json_prints_run_json_itself_and_nothing_else() {
    let scratch = Scratch::new("json");
    let out = scratch.path("run");
    let output = lab(&["backtest", "--no-report", "--json", "--out", &out]);
    assert_eq!(output.stdout, fs::read(Path::new(&out).join("run.json")).unwrap());
    assert!(output.stderr.is_empty());
    let run = json(&output);
    assert_eq!(run["manifest"]["data"][0]["sha256"], "fd7434714c1d509bb6047f8ad76b711717928e56bfaf5e3f9b52eb81a8b61dbc");
    assert_eq!(run["manifest"]["seed"], 7);
    assert_eq!(run["metrics"].as_object().unwrap().keys().collect::<Vec<_>>(), METRICS);
    assert_eq!(run["event_log_sha256"].as_str().unwrap().len(), 64);
    assert!(run["manifest"]["strategies"][0]["text"].as_str().unwrap().contains("[params]"));
    assert!(!Path::new(&out).join("report.html").exists() && !Path::new(&out).join("run.sqlite").exists());
}

#[test]
fn the_same_question_has_the_same_folder_and_replaces_it() {
    let scratch = Scratch::new("again");
    let prices = scratch.file("waves.csv", &waves(300));
    let run = || lab_in(&scratch.0, &["backtest", "--strategy", "sma_crossover", "--data", &prices, "--no-report", "--json"]);
    let (first, second) = (run(), run());
    assert_eq!(first.stdout, second.stdout);
    let id = json(&first)["id"].as_str().unwrap().to_owned();
    assert!(scratch.0.join("reports").join(&id).join("run.json").is_file());
    assert_eq!(fs::read_dir(scratch.0.join("reports")).unwrap().count(), 1);
    let copy = scratch.file("elsewhere/waves.csv", &waves(300));
    let moved = lab_in(&scratch.0, &["backtest", "--strategy", "sma_crossover", "--data", &copy, "--no-report", "--json"]);
    assert_eq!(json(&moved)["id"], id.as_str(), "the content counts, not where it lies");
    let other =
        lab_in(&scratch.0, &["backtest", "--strategy", "sma_crossover", "--data", &prices, "--no-report", "--json", "--param", "fast=5"]);
    assert_ne!(json(&other)["id"], id.as_str());
}

#[test]
fn arguments_stand_over_the_experiment() {
    let scratch = Scratch::new("over");
    let output = lab(&[
        "backtest",
        "experiments/default.toml",
        "--param",
        "rsi_bars=10",
        "--from",
        "2017-03-01",
        "--to",
        "2017-06-01",
        "--cash",
        "5000",
        "--seed",
        "11",
        "--no-report",
        "--json",
        "--out",
        &scratch.path("run"),
    ]);
    let run = json(&output);
    let manifest = &run["manifest"];
    assert_eq!((&manifest["strategies"][0]["params"]["rsi_bars"], &manifest["seed"]), (&Value::from(10.0), &Value::from(11)));
    assert_eq!(manifest["spec"]["account"]["cash"], 5000.0);
    assert_eq!(manifest["data"][0]["first"], "2017-03-01T00:00:00Z");
    assert!(manifest["data"][0]["last"].as_str().unwrap() < "2017-06-01T00:00:00Z");
}

#[test]
fn what_cannot_be_run_is_refused_with_its_place_and_a_remedy() {
    let scratch = Scratch::new("refused");
    let empty = scratch.file("empty.csv", "");
    let header = scratch.file("header.csv", "timestamp,open,high,low,close\n");
    let broken = scratch.file("broken.csv", &waves(30).replace("1483315200", "noon"));
    let prices = scratch.file("waves.csv", &waves(100));
    let with = |args: &[&'static str]| [&["backtest", "--no-report"], args].concat();
    let on = |data: &str, words: &[&str]| refused(&["backtest", "--no-report", "--strategy", "sma_crossover", "--data", data], words);
    refused(&with(&["missing.toml"]), &["missing.toml", "there is no such file"]);
    refused(&with(&["--strategy", "sma_crosover"]), &["sma_crosover", "did you mean 'sma_crossover'?"]);
    refused(&with(&["--strategy", "elsewhere/mine.toml"]), &["elsewhere/mine.toml", "no such strategy file"]);
    refused(&with(&["--param", "rsi_bar=10"]), &["rsi_bar", "did you mean 'rsi_bars'?"]);
    refused(&with(&["--param", "rsi_bars=400"]), &["rsi_bars", "400", "5", "40"]);
    refused(&with(&["--param", "rsi_bars=10.5"]), &["rsi_bars", "10.5"]);
    refused(&with(&["--param", "rsi_bars"]), &["name=value"]);
    refused(&with(&["--from", "yesterday"]), &["yesterday", "2017-03-01"]);
    refused(&with(&["--from", "2030-01-01"]), &["no bar lies in the span"]);
    refused(&with(&["--cash", "-5"]), &["cash"]);
    refused(&with(&["--threads", "0"]), &["--threads"]);
    refused(&with(&["--thread", "2"]), &["--threads"]);
    refused(&with(&["--from", "2017-05-01", "--to", "2017-04-01"]), &["is not before to"]);
    refused(&with(&["--cash", "lots"]), &["'lots' is not a number above 0"]);
    refused(&with(&["--seed", "-1"]), &["whole number of 0 or more"]);
    refused(&with(&["--param", "=5"]), &["name=value"]);
    refused(&with(&["experiments/defualt.toml"]), &["did you mean 'experiments/default.toml'?"]);
    refused(&with(&["experiments"]), &["is a folder"]);
    refused(&with(&["datasets/sp500_d1.csv.gz"]), &["--data"]);
    refused(&with(&["strategies/rsi_reversal.toml"]), &["--strategy strategies/rsi_reversal.toml"]);
    on("datasets/sp500_d1.csv", &["did you mean 'datasets/sp500_d1.csv.gz'?"]);
    on("datasets/sp500_d1.csv.gz:", &["FILE:SYMBOL"]);
    on(":SPX", &["FILE:SYMBOL"]);
    on("", &["FILE:SYMBOL"]);
    on("missing.csv", &["missing.csv", "there is no such file"]);
    on(&empty, &["empty.csv", "empty"]);
    on(&header, &["header.csv"]);
    on(&broken, &["broken.csv", "row 26", "column timestamp", "noon"]);
    refused(&["backtest", "--strategy", "sma_crossover", "--data", &prices, "--tz", "Mars/Olympus"], &["Mars/Olympus", "Europe/Athens"]);
    refused(&["backtets"], &["backtest"]);
}

#[test]
fn a_folder_that_is_no_run_is_never_overwritten() {
    let scratch = Scratch::new("precious");
    let precious = scratch.file("mine/notes.txt", "years of work");
    refused(&["backtest", "--no-report", "--out", &scratch.path("mine")], &["mine", "holds no run.json", "--out"]);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "years of work");
    // A folder below a file cannot be made, whoever asks.
    let below = scratch.path("mine/notes.txt/run");
    refused(&["backtest", "--no-report", "--out", &below], &["cannot be created", "--out"]);
    assert_eq!(fs::read_dir(scratch.0.join("mine")).unwrap().count(), 1);
}

/// Only a folder of a run's own files may be replaced: by the same command a device was once moved aside, and notes lost.
#[cfg(unix)]
#[test]
fn nothing_but_a_run_folder_is_ever_replaced() {
    let scratch = Scratch::new("replace");
    let socket = scratch.path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    refused(&["backtest", "--no-report", "--out", &socket], &["socket", "is no folder", "--out"]);
    assert!(fs::symlink_metadata(&socket).is_ok_and(|m| !m.is_dir()), "what was there stays");
    let out = scratch.path("run");
    assert!(lab(&["backtest", "--no-report", "--out", &out]).status.success());
    let link = scratch.path("link");
    std::os::unix::fs::symlink(&out, &link).unwrap();
    assert!(lab(&["backtest", "--no-report", "--seed", "8", "--out", &link]).status.success());
    let run: Value = serde_json::from_slice(&fs::read(Path::new(&out).join("run.json")).unwrap()).unwrap();
    assert!(run["manifest"]["seed"] == 8 && fs::symlink_metadata(&link).unwrap().is_symlink());
    let notes = scratch.file("run/notes.md", "years of work");
    refused(&["backtest", "--no-report", "--out", &out], &["notes.md", "would be lost"]);
    assert_eq!(fs::read_to_string(notes).unwrap(), "years of work");
}

#[test]
fn values_that_make_no_experiment_are_refused_and_say_why() {
    let scratch = Scratch::new("values");
    let prices = scratch.file("waves.csv", &waves(100));
    let told = |text: &str, words: &str| {
        let file = scratch.file("x.toml", &text.replace("PRICES", &format!("[[data]]\npath = {prices:?}")));
        refused(&["backtest", "--no-report", &file, "--out", &scratch.path("run")], &[words]);
    };
    let with = |more: &str, words: &str| told(&format!("strategy = 'sma_crossover'\nPRICES\n{more}"), words);
    for weight in ["0", "-1.0", "nan", "inf"] {
        told(&format!("[[strategy]]\nstrategy = 'sma_crossover'\nweight = {weight}\nPRICES"), "strategy.weight");
    }
    told("strategy = []\nPRICES", "name at least one strategy");
    let two = "[[strategy]]\nstrategy = 'sma_crossover'\n[[strategy]]\nstrategy = 'rsi_reversal'\n[params]\nrsi_bras = 10\nPRICES";
    told(two, "none of the strategies has a parameter 'rsi_bras'; did you mean 'rsi_bars'?");
    with("from = '2017-01-03'\nto = '2017-01-02'", "is not before to");
    with("symbol = ''", "the symbol is empty");
    with("symbol = 'EURUSDX'\n[account]\nlots = 'broker'", "did you mean 'EURUSD'?");
    with("[account]\nsizing = { method = 'risk', value = 1.5 }", "0.01 is one percent");
    with("[account]\nsizing = { method = 'volatility', value = 0.1 }", "'volatility' is planned and not built yet");
    with("[fills]\nintrabar = 'lower_timeframe'", "name their file in [[data]], as finer = ");
    with("[account]\nleverage = 1e7", "at most 1e6");
    with("[account]\ncash = 1e16", "at most 1e15");
    with("[costs]\nslippage_points = inf", "inf is not a number");
    with("[costs]\nspread = -1", "-1 is negative");
    with("[costs]\nspread = 5", "5 points need the size of a point");
    with("[costs]\ncommission_fraction = 5", "0.0002");
    with("[risk]\nmax_positions = 0", "leave the key out");
    with(&format!("[[data]]\npath = {prices:?}"), "two files have the symbol 'WAVES'");
}

#[test]
fn a_run_says_what_it_left_out_and_what_was_refused() {
    let scratch = Scratch::new("said");
    let out = scratch.path("run");
    let plain = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/default.toml")).unwrap();
    let searching = scratch.file("searching.toml", &format!("{plain}[search]\ntrials = 10\n[walkforward]\ntrain = '12mo'\n"));
    let warnings = |args: &[&str]| {
        let run = json(&lab(&[&["backtest", "--no-report", "--json", "--out", &out], args].concat()));
        run["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(warnings(&[&searching])[0].starts_with("A backtest ignores [search] and [walkforward]"));
    // The crossover sets no stop, and the default experiment sizes by the risk to the stop.
    let refused = warnings(&["--strategy", "sma_crossover"]);
    assert!(refused[0].contains("entries were refused (no_stop)") && refused[0].contains("stop loss"), "{refused:?}");
    let ruinous = plain.replace("leverage = 30.0", "leverage = 5000.0").replace("\"risk\", value = 0.01", "\"lots\", value = 100.0");
    let told = stdout(&lab(&["backtest", "--no-report", "--out", &out, &scratch.file("ruinous.toml", &ruinous)]));
    assert!(told.starts_with("Verdict        The account was lost after 1 closed trade.\n"), "{told}");
    let bare = scratch.file("bare.toml", "strategy = 'sma_crossover'\n[[data]]\npath = 'datasets/sp500_d1.csv.gz'\nsymbol = 'spx'\n");
    assert!(warnings(&[&bare]).iter().any(|w| w.contains("did you mean 'SPX'?")));
}

#[test]
fn one_strategy_in_several_seats_is_told_apart_in_every_file() {
    let scratch = Scratch::new("seats");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
    let data = |name: &str| format!("[[data]]\npath = {:?}\n", root.join(name));
    let seat = |fast: u32| format!("[[strategy]]\nstrategy = 'sma_crossover'\nweight = 0.25\nparams = {{ fast = {fast} }}\n");
    let text = format!("{}{}{}{}", seat(5), seat(10), data("sp500_d1.csv.gz"), data("nasdaq_d1.csv.gz"));
    let (file, out) = (scratch.file("seats.toml", &text), scratch.path("run"));
    let output = lab(&["backtest", &file, "--out", &out, "--json"]);
    let run = json(&output);
    let seats: Vec<(String, String)> = run["manifest"]["strategies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["name"].as_str().unwrap().to_owned(), s["symbol"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [("sma_crossover", "SPX"), ("sma_crossover", "NASDAQ"), ("sma_crossover 2", "SPX"), ("sma_crossover 2", "NASDAQ")];
    assert_eq!(seats.iter().map(|(n, s)| (n.as_str(), s.as_str())).collect::<Vec<_>>(), expected);
    let names = Names {
        symbols: vec!["SPX".into(), "NASDAQ".into()],
        contract_sizes: vec![1.0, 1.0],
        strategies: seats.iter().map(|(name, _)| name.clone()).collect(),
        instruments: [0, 1, 0, 1].map(InstrumentId).to_vec(),
        ..Names::default()
    };
    let (mut book, mut rebuilt) = (Ledger::new(10_000.0, &names.contract_sizes), Vec::new());
    for line in read_lines(&Path::new(&out).join("events.jsonl.gz")).unwrap().lines {
        let record = Record::parse(&line).unwrap();
        let Some(fill) = record.as_fill(&names) else { continue };
        assert_eq!(names.instruments[usize::from(fill.strategy)], fill.instrument, "a fill belongs to a seat on its own instrument");
        if let Booked::Closed(trade) = book.apply(&fill) {
            let seat = usize::from(trade.strategy);
            rebuilt.push(format!(
                "{},{},{},{}",
                trade.ticket,
                names.symbols[usize::from(trade.instrument.0)],
                names.strategies[seat],
                trade.pnl
            ));
        }
    }
    let written: Vec<String> = fs::read_to_string(Path::new(&out).join("trades.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect::<Vec<_>>())
        .map(|cells| format!("{},{},{},{}", cells[0], cells[1], cells[18], cells[8]))
        .collect();
    assert_eq!(rebuilt, written);
    assert!(
        expected.iter().all(|(name, symbol)| written.iter().any(|row| row.contains(&format!(",{symbol},{name},")))),
        "every seat trades"
    );
}

#[test]
fn every_example_of_every_help_works() {
    let scratch = Scratch::new("examples");
    for folder in ["datasets", "datasets/models", "experiments", "strategies", "reports/sample"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        fs::create_dir_all(scratch.0.join(folder)).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), scratch.0.join(folder).join(entry.file_name())).unwrap();
        }
    }
    let commands = "backtest|new|strategies|strategies list|strategies show|data|data check|eval|stats|report|compare|explain|reproduce|models|models predict";
    let mut played = 0;
    for command in commands.split('|') {
        let help = lab(&[&command.split(' ').collect::<Vec<_>>()[..], &["--help"]].concat());
        let examples = stdout(&help).split("Example").nth(1).unwrap().to_owned();
        // The help is wrapped for the terminal: a line that starts no command goes on with the one before.
        for example in examples.split("\n  cthulu-lab ").skip(1) {
            let words = words_of(&example.replace('\n', " "));
            let output = lab_in(&scratch.0, &words.iter().map(String::as_str).collect::<Vec<_>>());
            let is_there_already = stderr(&output).contains("is there already");
            assert!(output.status.success() || is_there_already, "{example}: {}", stderr(&output));
            played += 1;
        }
    }
    assert!(played >= 20, "only {played} examples were found");
}

/// A command line's words; double quotes hold one together.
fn words_of(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in line.trim().split('"').enumerate() {
        if i % 2 == 1 { words.push(part.to_owned()) } else { words.extend(part.split_whitespace().map(str::to_owned)) }
    }
    words
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut child = Command::new(PROGRAM)
        .args(["eval", "close", "--data", "datasets/eurusd_h1_2017.csv.gz"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
}

#[test]
fn a_run_that_fails_leaves_the_run_before_it() {
    let scratch = Scratch::new("before");
    let out = scratch.path("run");
    assert!(lab(&["backtest", "--no-report", "--out", &out]).status.success());
    let before = fs::read(Path::new(&out).join("run.json")).unwrap();
    let bad = scratch.file("bad.toml", "name = 'bad'\nabout = 'x'\n[long]\nenter = 'clsoe > 1'\n");
    refused(&["backtest", "--no-report", "--strategy", &bad, "--out", &out], &["bad.toml", "did you mean 'close'?", "^^^^^"]);
    assert_eq!(fs::read(Path::new(&out).join("run.json")).unwrap(), before);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing() {
    let scratch = Scratch::new("interrupted");
    let prices = scratch.file("waves.csv", &waves(200_000));
    let mut child = Command::new(PROGRAM)
        .args(["backtest", "--strategy", "sma_crossover", "--data", &prices, "--out", "run"])
        .current_dir(&scratch.0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The folder in the making appears once the prices are read; then the run is under way.
    let begun = || fs::read_dir(&scratch.0).unwrap().filter_map(Result::ok).any(|e| e.file_name().to_string_lossy().contains("partial"));
    for _ in 0..1200 {
        if begun() || child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let code = child.wait().unwrap().code();
    let left: Vec<_> = fs::read_dir(&scratch.0).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!((code, left), (Some(130), vec!["waves.csv".into()]));
}

#[test]
fn new_files_run_as_they_are_and_are_never_overwritten() {
    let scratch = Scratch::new("new");
    fs::create_dir(scratch.0.join("datasets")).unwrap();
    for file in ["eurusd_h1_2017.csv.gz", "eurusd_h1_2017.manifest.toml"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets").join(file), scratch.0.join("datasets").join(file)).unwrap();
    }
    let here = |args: &[&str]| lab_in(&scratch.0, args);
    let told = here(&["new", "strategy", "pullback"]);
    assert!(stdout(&told).contains("cthulu-lab backtest --strategy pullback"), "{}", stderr(&told));
    assert!(here(&["new", "experiment", "pullback"]).status.success());
    let run = json(&here(&["backtest", "experiments/pullback.toml", "--no-report", "--json"]));
    assert_eq!((&run["name"], &run["manifest"]["strategies"][0]["name"]), (&Value::from("pullback"), &Value::from("pullback")));
    assert!(run["metrics"]["trades"].as_u64().unwrap() > 0);
    let again = here(&["new", "strategy", "pullback"]);
    assert!(again.status.code() == Some(2) && stderr(&again).contains("is there already"));
    assert_eq!(here(&["new", "strategy", "../outside"]).status.code(), Some(2));
    assert!(stdout(&here(&["strategies", "list"])).contains("pullback"));
}

#[test]
fn strategies_are_listed_and_shown() {
    let list = lab(&["strategies", "list"]);
    for name in ["sma_crossover", "ema_crossover", "rsi_reversal", "momentum_breakout", "mean_reversion", "trend_following", "scalping"] {
        assert!(stdout(&list).contains(name), "{name}");
    }
    assert!(json(&lab(&["strategies", "list", "--json"])).as_array().unwrap().len() >= 7);
    let shown = stdout(&lab(&["strategies", "show", "rsi_reversal"]));
    assert!(shown.contains("Loses when") && shown.contains("rsi_bars") && shown.contains("[long]"), "{shown}");
    assert_eq!(json(&lab(&["strategies", "show", "rsi_reversal", "--json"]))["params"][0]["default"], 14.0);
    refused(&["strategies", "show", "rsi_reversl"], &["did you mean 'rsi_reversal'?"]);
}

#[test]
fn data_check_answers_in_the_form_that_scripts_read() {
    let scratch = Scratch::new("check");
    let good = json(&lab(&["data", "check", "datasets/eurusd_h1_2017.csv.gz", "--json"]));
    assert_eq!((&good["ok"], &good["rows"]), (&Value::from(true), &Value::from(6225)));
    assert_eq!((&good["first"], &good["last"]), (&Value::from("2017-01-01T22:00:00Z"), &Value::from("2017-12-29T21:00:00Z")));
    let crossed = scratch.file("crossed.csv", &waves(20).replacen(",10\n", ",-10\n", 1));
    let output = lab(&["data", "check", &crossed, "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let bad = json(&output);
    assert_eq!(bad.as_object().unwrap().keys().collect::<Vec<_>>(), ["ok", "rows", "first", "last", "findings"]);
    assert_eq!(bad["ok"], false);
    let finding = &bad["findings"].as_array().unwrap().iter().find(|f| f["severity"] == "error").unwrap();
    let keys: Vec<&String> = finding.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["severity", "kind", "row", "column", "value", "message"]);
    assert_eq!((&finding["kind"], &finding["row"], &finding["column"]), (&"negative_volume".into(), &2.into(), &"volume".into()));
    let spoken = lab(&["data", "check", &crossed]);
    assert!(spoken.status.code() == Some(2) && stdout(&spoken).contains("The contract is broken by one error"), "{}", stdout(&spoken));
    refused(&["data", "check", "missing.csv"], &["missing.csv"]);
    refused(&["data", "check", &crossed, "--symbol", "EURUSDX"], &["did you mean 'EURUSD'?"]);
}

#[test]
fn eval_prints_a_row_for_every_bar_and_points_at_mistakes() {
    let scratch = Scratch::new("eval");
    let prices = scratch.file("p.csv", "timestamp,open,high,low,close\n0,1,1,1,1\n60,2,2,2,2\n120,4,4,4,4\n180,3,3,3,3\n");
    let rows = |expression: &str| stdout(&lab(&["eval", expression, "--data", &prices]));
    // (1 + 2)/2, (2 + 4)/2, (4 + 3)/2
    let expected = "time,value\n1970-01-01T00:00:00Z,\n1970-01-01T00:01:00Z,1.5\n1970-01-01T00:02:00Z,3\n1970-01-01T00:03:00Z,3.5\n";
    assert_eq!(rows("sma(close, 2)"), expected);
    assert!(rows("close > close[1]").ends_with("00:02:00Z,1\n1970-01-01T00:03:00Z,0\n"));
    let out = scratch.path("column.csv");
    assert!(lab(&["eval", "sma(close, n)", "--param", "n=2", "--data", &prices, "--out", &out]).stdout.is_empty());
    assert_eq!(fs::read_to_string(out).unwrap(), expected);
    refused(&["eval", "sma(clsoe, 2)", "--data", &prices], &["did you mean 'close'?", "sma(clsoe, 2)", "    ^^^^^"]);
    refused(&["eval", "close[-1]", "--data", &prices], &["-1"]);
    refused(&["eval", "position.bars", "--data", &prices], &["position"]);
    refused(&["eval", "sma(close, n)", "--param", "n=2", "--param", "m=3", "--data", &prices], &["--param", "has no 'm'"]);
    let empty = lab(&["eval", "sma(close, 9)", "--data", &prices]);
    assert!(empty.status.success() && stderr(&empty).contains("no bar has a value"));
    let one = scratch.file("one.csv", "timestamp,open,high,low,close\n0,1,1,1,1\n");
    refused(&["eval", "close", "--data", &one], &["--timeframe"]);
    assert_eq!(stdout(&lab(&["eval", "close", "--data", &one, "--timeframe", "1h"])), "time,value\n1970-01-01T00:00:00Z,1\n");
    refused(&["eval", "model(\"x\")", "--data", &prices], &["model"]);
}

/// The metric keys of run.json and of `stats --json`, in their order; scripts depend on them.
const METRICS: [&str; 29] = [
    "bars",
    "trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "net_profit",
    "gross_profit",
    "gross_loss",
    "final_equity",
    "return_fraction",
    "cagr",
    "sharpe",
    "sortino",
    "calmar",
    "omega",
    "max_drawdown_fraction",
    "max_drawdown_bars",
    "ulcer_index",
    "sqn",
    "kelly",
    "var_95",
    "cvar_95",
    "skew",
    "kurtosis",
    "exposure_fraction",
    "psr",
    "dsr",
    "costs_total",
    "ambiguous_bar_fraction",
];

#[test]
fn stats_prints_the_worked_examples() {
    let scratch = Scratch::new("stats");
    let returns = scratch.file("r.csv", "time,r\na,0.01\nb,-0.02\nc,0.015\nd,-0.005\ne,0.025\n");
    let found = json(&lab(&["stats", &returns, "--column", "r", "--periods", "252", "--json"]));
    assert!((found["sharpe"].as_f64().unwrap() - 4.489_988_864_128_73).abs() < 1e-9);
    assert!(found["psr"].is_f64() && found["min_trl"].is_f64());
    assert!(["win_rate", "profit_factor", "trades", "costs_total"].iter().all(|key| found[key].is_null()), "{found}");
    let equity = scratch.file("e.csv", "equity\n100\n101\n102\n100\n99\n103\n103\n102\n");
    let found = json(&lab(&["stats", &equity, "--column", "equity", "--periods", "252", "--kind", "equity", "--json"]));
    assert!((found["ulcer_index"].as_f64().unwrap() - 1.296_041_572_7).abs() < 1e-9);
    assert!(stdout(&lab(&["stats", &returns, "--column", "r", "--periods", "252"])).contains("Sharpe ratio"));
    refused(&["stats", &returns, "--column", "q", "--periods", "252"], &["there is no column 'q'", "time, r"]);
    refused(&["stats", &returns, "--column", "time", "--periods", "252"], &["row 2", "column time", "'a'"]);
    refused(&["stats", &returns, "--periods", "252"], &["--column"]);
    refused(&["stats", "datasets", "--column", "r", "--periods", "252"], &["is a folder"]);
    refused(&["stats", "datasets/sp500_d1.csv", "--column", "r", "--periods", "252"], &["did you mean 'datasets/sp500_d1.csv.gz'?"]);
    let prices = scratch.file("prices.csv", "close\n100\n101\n");
    let doubted = lab(&["stats", &prices, "--column", "close", "--periods", "252", "--json"]);
    assert!(doubted.status.success() && stderr(&doubted).contains("--kind equity") && json(&doubted)["sharpe"].is_f64());
    assert_eq!(found.as_object().unwrap().keys().take(METRICS.len()).collect::<Vec<_>>(), METRICS);
    refused(&["stats", &returns, "--column", "r", "--periods", "0"], &["above 0"]);
    let benchmark = json(&lab(&["stats", &returns, "--column", "r", "--periods", "252", "--benchmark", &returns, "--json"]));
    assert!((benchmark["beta"].as_f64().unwrap() - 1.0).abs() < 1e-12 && benchmark["alpha"].as_f64().unwrap().abs() < 1e-12);
}

#[test]
fn stats_of_trials_gives_the_reference_odds() {
    let scratch = Scratch::new("trials");
    let mut text = (1..=8).map(|n| format!("trial{n}")).collect::<Vec<_>>().join(",") + "\n";
    for t in 1..=64 {
        text += &((1..=8).map(|n| (0.7 * f64::from(t * n)).sin().to_string()).collect::<Vec<_>>().join(",") + "\n");
    }
    let file = scratch.file("m.csv", &text);
    let found = json(&lab(&["stats", &file, "--trials", "--periods", "252", "--blocks", "8", "--json"]));
    assert!((found["pbo"].as_f64().unwrap() - 0.971_428_571_4).abs() < 1e-9);
    assert!((found["mean_logit"].as_f64().unwrap() + 1.587_625_052).abs() < 1e-9);
    assert_eq!((&found["splits"], &found["trials"]), (&Value::from(70), &Value::from(8)));
    for key in ["sr0", "dsr", "effective_trials", "white_p", "spa_p"] {
        assert!(found[key].is_f64(), "{key}: {found}");
    }
    refused(&["stats", &file, "--trials", "--periods", "252", "--blocks", "7"], &["7 is odd"]);
}

#[test]
fn explain_gives_the_formula_and_the_value_in_a_run() {
    let scratch = Scratch::new("explain");
    let out = scratch.path("run");
    assert!(lab(&["backtest", "--no-report", "--out", &out]).status.success());
    let told = stdout(&lab(&["explain", "sharpe", &out]));
    assert!(told.contains("μ / s · √P") && told.contains("interval") && told.contains("In default-"), "{told}");
    assert!(stdout(&lab(&["explain"])).contains("profit_factor"));
    refused(&["explain", "sharp"], &["did you mean 'sharpe'?"]);
    refused(&["explain", "sharpe", "no-such-run"], &["no-such-run", "no such file"]);
}

#[test]
fn runs_are_compared_drawn_again_and_reproduced() {
    let scratch = Scratch::new("runs");
    let (a, b) = (scratch.path("a"), scratch.path("b"));
    assert!(lab(&["backtest", "--out", &a]).status.success());
    assert!(lab(&["backtest", "--no-report", "--param", "rsi_bars=10", "--out", &b]).status.success());
    let page = scratch.path("compare.html");
    let told = stdout(&lab(&["compare", &a, &b, "--out", &page]));
    assert!(told.contains("Sharpe ratio, b − a") && Path::new(&page).is_file(), "{told}");
    let drawn = fs::read(Path::new(&a).join("report.html")).unwrap();
    fs::remove_file(Path::new(&a).join("report.html")).unwrap();
    assert!(lab(&["report", &a, &b]).status.success());
    assert!(fs::read(Path::new(&a).join("report.html")).unwrap() == drawn && Path::new(&b).join("report.html").is_file());
    let same = lab(&["reproduce", &a]);
    assert!(same.status.success() && stdout(&same).contains("reproduces"), "{}", stderr(&same));
    let run = fs::read_to_string(Path::new(&a).join("run.json")).unwrap();
    let sha = json(&lab(&["backtest", "--no-report", "--json", "--out", &scratch.path("c")]))["event_log_sha256"].clone();
    fs::write(Path::new(&a).join("run.json"), run.replace(sha.as_str().unwrap(), &"0".repeat(64))).unwrap();
    let other = lab(&["reproduce", &a]);
    assert!(other.status.code() == Some(1) && stdout(&other).contains("event_log_sha256"), "{}", stderr(&other));
    let renamed = run.replace("\"contract_size\": 100000.0", "\"contract_size\": 1000.0");
    fs::write(Path::new(&a).join("run.json"), renamed).unwrap();
    refused(&["reproduce", &a], &["instrument EURUSD", "have changed"]);
    for (damage, words) in [("[]", "it has no 'id'"), ("{\"id\":\"x\"}", "it has no 'manifest'"), ("{", "not JSON")] {
        fs::write(Path::new(&a).join("run.json"), damage).unwrap();
        for args in [vec!["report", &a], vec!["explain", "sharpe", &a], vec!["reproduce", &a], vec!["compare", &b, &a]] {
            refused(&args, &["run.json", words]);
        }
    }
    refused(&["report", &scratch.0.join("elsewhere").display().to_string()], &["no such file"]);
    refused(&["report", "datasets"], &["holds no run.json"]);
    refused(&["compare", &b, "no-such-run"], &["no-such-run"]);
    refused(&["report", "no-such-run"], &["no-such-run"]);
    refused(&["reproduce", "no-such-run"], &["no-such-run"]);
}

#[test]
fn a_file_whose_manifest_answers_needs_no_further_word() {
    let scratch = Scratch::new("manifest");
    let output = lab(&[
        "backtest",
        "--strategy",
        "sma_crossover",
        "--data",
        "datasets/sp500_d1.csv.gz",
        "--no-report",
        "--json",
        "--out",
        &scratch.path("run"),
    ]);
    let run = json(&output);
    let data = &run["manifest"]["data"][0];
    assert_eq!((&data["symbol"], &data["price_side"], &data["rows"]), (&"SPX".into(), &"trade".into(), &5031.into()));
    refused(
        &["backtest", "--strategy", "sma_crossover", "--data", "datasets/sp500_d1.csv.gz", "--date-order", "dmy"],
        &["sp500_d1.csv.gz"],
    );
}
