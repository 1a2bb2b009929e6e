//! `sweep` as people use it: the same bytes however it is run, nothing lost to a kill, every trial remembered once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use cthulu_lab::{
    experiment::{Experiment, Spec, Sweep, Watchers},
    walk::{AtEnd, Luck, Matrix, Span, Store},
};
use rusqlite::Connection;
use serde_json::Value;

use crate::cli::{PROGRAM, Scratch, json, lab_in, stderr};

/// A grid of SMA pairs on a year of EURUSD, its sections after `[search]` as given.
fn question(search: &str) -> String {
    let prices = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/eurusd_h1_2017.csv.gz");
    format!(
        "name = \"grid\"\nstrategy = \"sma_crossover\"\n[[data]]\npath = '{}'\n[costs]\nspread = 10.0\n[search]\n{search}\n",
        prices.display()
    )
}

const SMALL: &str = "method = \"grid\"\nspace = { fast = { min = 5, max = 15, step = 5 }, slow = { min = 20, max = 80, step = 20 } }";

fn sweep(scratch: &Scratch, text: &str, more: &[&str]) -> Output {
    scratch.file("grid.toml", text);
    lab_in(&scratch.0, &[&["sweep", "grid.toml", "--no-report", "--json"], more].concat())
}

#[track_caller]
fn swept(scratch: &Scratch, text: &str, more: &[&str]) -> Value {
    let output = sweep(scratch, text, more);
    assert!(output.status.success(), "{}", stderr(&output));
    json(&output)
}

fn read(scratch: &Scratch, file: &str) -> String {
    fs::read_to_string(scratch.0.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn rows(trials: &str) -> Vec<Vec<&str>> {
    trials.lines().map(|line| line.split(',').collect()).collect()
}

#[test]
fn a_grid_tries_every_pair_and_chooses_the_best() {
    let scratch = Scratch::new("sweep-grid");
    let run = swept(&scratch, &question(SMALL), &["--out", "run"]);
    let trials = read(&scratch, "run/trials.csv");
    let rows = rows(&trials);
    assert_eq!(rows.len(), 1 + 12);
    assert_eq!(&rows[0][..5], ["fold", "trial", "fast", "slow", "bars"]);
    assert_eq!((rows[1][0], rows[1][1], rows[12][1], rows[1][4]), ("", "0", "11", "6225"));
    let column = |name: &str| rows[0].iter().position(|head| *head == name).unwrap();
    let best = rows[1..].iter().max_by(|a, b| f64::total_cmp(&a[column("sharpe")].parse().unwrap(), &b[column("sharpe")].parse().unwrap()));
    let best = best.unwrap();
    assert_eq!(run["chosen"]["trial"].to_string(), best[1]);
    assert_eq!((run["kind"].as_str(), run["in_sample"].as_bool()), (Some("sweep"), Some(true)));
    // What is said of the chosen one is its row, and what a backtest with its parameters says.
    for key in ["sharpe", "trades", "net_profit", "dsr", "max_drawdown_fraction"] {
        assert_eq!(run["metrics"][key].as_f64(), best[column(key)].parse().ok(), "{key}");
    }
    let params: Vec<String> = ["fast", "slow"].iter().map(|name| format!("{name}={}", run["chosen"]["params"][*name])).collect();
    let play = ["backtest", "grid.toml", "--no-report", "--json", "--out", "alone", "--param", &params[0], "--param", &params[1]];
    let alone = json(&lab_in(&scratch.0, &play));
    for key in ["sharpe", "trades", "final_equity", "costs_total", "psr"] {
        assert_eq!(alone["metrics"][key], run["metrics"][key], "{key}");
    }
    assert_ne!(alone["id"], run["id"]);
    assert_eq!(read(&scratch, "run/trades.csv"), read(&scratch, "alone/trades.csv"));
    let verdict: Value = serde_json::from_str(&read(&scratch, "run/verdict.json")).unwrap();
    assert_eq!(
        (verdict["in_sample"].as_bool(), verdict["is_good"].as_bool(), verdict["trials"].as_u64()),
        (Some(true), Some(false), Some(12))
    );
    assert!(!scratch.0.join("reports/.cache").read_dir().unwrap().any(|e| e.unwrap().path().extension().is_some()), "nothing is left over");
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let scratch = Scratch::new("sweep-threads");
    let text = question("method = \"random\"\ntrials = 30");
    let runs: Vec<[String; 2]> = ["1", "2", "16"]
        .iter()
        .map(|threads| {
            swept(&scratch, &text, &["--threads", threads, "--out", threads]);
            ["run.json", "trials.csv"].map(|file| read(&scratch, &format!("{threads}/{file}")))
        })
        .collect();
    assert!(runs[0] == runs[1] && runs[1] == runs[2]);
    let with_report = lab_in(&scratch.0, &["sweep", "grid.toml", "--out", "drawn"]);
    assert!(with_report.status.success(), "{}", stderr(&with_report));
    assert!(read(&scratch, "drawn/run.json") == runs[0][0], "a report changes nothing of what was found");
    let told = String::from_utf8(with_report.stdout).unwrap();
    assert!(told.starts_with("Verdict ") && told.lines().count() <= 14 && told.contains("drawn/report.html"), "{told}");
    // A run already counted is not counted again.
    assert!(told.contains("30 of 1 run here"), "{told}");
}

#[test]
fn halving_begins_on_the_last_ninth_of_the_history() {
    let scratch = Scratch::new("sweep-halving");
    let text = question("method = \"halving\"\ntrials = 9");
    swept(&scratch, &text, &["--out", "run"]);
    let trials = read(&scratch, "run/trials.csv");
    let rows = rows(&trials);
    let cell = |row: &[&str], name: &str| row[rows[0].iter().position(|head| *head == name).unwrap()].to_owned();
    // 6,225 bars: a ninth is 691.7, a third 2,075; nine trials, then three, then one.
    let seen: Vec<String> = rows[1..].iter().map(|row| cell(row, "bars")).collect();
    assert_eq!([&seen[..9], &seen[9..12], &seen[12..]], [&["692"; 9][..], &["2075"; 3], &["6225"]]);
    let arena = Experiment::new(Spec::parse(&text, Path::new("grid.toml")).unwrap()).unwrap().arena().unwrap();
    let params = ["fast", "slow"].map(|name| (name.to_owned(), cell(&rows[1], name).parse().unwrap())).into();
    let alone = arena.play(&params, &Span { scored: 6225 - 692..6225, at_end: AtEnd::Carry }).unwrap();
    assert_eq!(cell(&rows[1], "final_equity"), alone.metrics.final_equity.unwrap().to_string());
}

#[test]
fn every_set_that_halving_begins_counts_as_a_trial() {
    let scratch = Scratch::new("sweep-begun");
    let run = swept(&scratch, &question("method = \"halving\"\ntrials = 27"), &["--out", "run"]);
    // 27 sets on a ninth of the history, 9 on a third, 3 on all of it.
    assert_eq!(run["counts"]["trials_played"].as_u64(), Some(39));
    let luck = &run["luck"];
    assert_eq!(
        (luck["trials"].as_u64(), luck["played_whole"].as_u64(), luck["effective_trials"].as_f64()),
        (Some(27), Some(3), Some(27.0))
    );
    // 1 − (1 − p)^27 with p = 1 − PSR.
    let begun_p = 1.0 - luck["psr"].as_f64().unwrap().powi(27);
    assert!((luck["begun_p"].as_f64().unwrap() - begun_p).abs() < 1e-9);
    let verdict: Value = serde_json::from_str(&read(&scratch, "run/verdict.json")).unwrap();
    assert!(verdict["luck_p"].as_f64().unwrap() >= begun_p - 1e-9);
    assert_eq!((verdict["trials"].as_u64(), verdict["ledger"]["trials"].as_u64()), (Some(27), Some(27)));
    assert_eq!(run["metrics"]["dsr"], luck["dsr"]);
    let trials = read(&scratch, "run/trials.csv");
    let rows = rows(&trials);
    let dsr = rows[0].iter().position(|head| *head == "dsr").unwrap();
    let number = run["chosen"]["trial"].to_string();
    let chosen = rows[1..].iter().find(|row| row[1] == number).unwrap();
    assert_eq!(chosen[dsr].parse::<f64>().ok(), luck["dsr"].as_f64());
    let database = Connection::open(scratch.0.join("reports/trials.sqlite")).unwrap();
    let count =
        |role: &str| -> i64 { database.query_row("SELECT count(*) FROM trials WHERE role = ?1", [role], |row| row.get(0)).unwrap() };
    assert_eq!((count("trial"), count("begun")), (3, 24));
    let told = String::from_utf8(lab_in(&scratch.0, &["sweep", "grid.toml", "--out", "drawn"]).stdout).unwrap();
    assert!(told.contains("27 sets begun, 3 of them played to the end"), "{told}");
    let drawdown = told.lines().find(|line| line.starts_with("Drawdown")).unwrap();
    assert!(drawdown.contains("(95% interval "), "{told}");
    assert!(read(&scratch, "drawn/report.html").contains("Trials played to the end"));
}

/// Starts the sweep and kills it after `delay`; whether it was still at work.
fn killed_after(scratch: &Scratch, delay: Duration) -> bool {
    let mut child = Command::new(PROGRAM)
        .args(["sweep", "grid.toml", "--no-report", "--out", "run"])
        .current_dir(&scratch.0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    let was_at_work = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    was_at_work
}

fn pieces(scratch: &Scratch) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(scratch.0.join("reports/.cache")) else { return Vec::new() };
    entries.map(|e| e.unwrap().path()).collect()
}

#[test]
fn a_sweep_that_was_killed_goes_on_where_it_was_and_ends_the_same() {
    let search = "method = \"grid\"\nspace = { fast = { min = 5, max = 50, step = 3 }, slow = { min = 60, max = 200, step = 12 } }";
    let (whole, broken) = (Scratch::new("sweep-whole"), Scratch::new("sweep-killed"));
    swept(&whole, &question(search), &["--out", "run"]);
    broken.file("grid.toml", &question(search));
    // Moments spread over the run, from its first steps to its last; how far each gets depends on the machine.
    let (mut kills, mut kept) = (0, 0);
    for milliseconds in [150, 700, 1100, 1900, 450, 1500, 900] {
        kills += usize::from(killed_after(&broken, Duration::from_millis(milliseconds)));
        let sizes: Vec<u64> = pieces(&broken).iter().map(|p| p.metadata().unwrap().len()).collect();
        assert!(sizes.len() <= 1 && sizes.iter().sum::<u64>() >= kept, "what was finished stays: {sizes:?} after {kept}");
        kept = sizes.iter().sum();
        if kept == 0 && broken.0.join("run").exists() {
            break; // the machine was quick enough to finish between two kills
        }
    }
    assert!(kills > 0, "no kill met the run at work");
    let last = sweep(&broken, &question(search), &["--out", "run"]);
    assert!(last.status.success(), "{}", stderr(&last));
    assert!(kept == 0 || stderr(&last).contains("trials are finished already"), "{}", stderr(&last));
    for file in ["run.json", "trials.csv", "trades.csv", "equity.csv"] {
        assert!(read(&whole, &format!("run/{file}")) == read(&broken, &format!("run/{file}")), "{file} differs");
    }
    assert!(pieces(&broken).is_empty(), "the pieces go when the run is whole");
    let machine: Value = serde_json::from_str(&read(&broken, "run/machine.json")).unwrap();
    assert!(kept == 0 || machine["resumed_trials"].as_u64().unwrap() > 0);
}

#[test]
fn a_damaged_piece_is_played_again_and_fresh_begins_anew() {
    let scratch = Scratch::new("sweep-damaged");
    let text = question(SMALL);
    let first = swept(&scratch, &text, &["--out", "first"]);
    // A store with all trials, as a run leaves it that was killed at its very end.
    let spec = Spec::parse(&text, Path::new("grid.toml")).unwrap();
    let sweep_of = || Sweep::new(Experiment::new(spec.clone()).unwrap()).unwrap();
    let folder = scratch.0.join("cache");
    let found = |store: &mut Store| sweep_of().search(store, &Default::default()).unwrap();
    assert_eq!(found(&mut Store::open(&folder, "q", false).unwrap()).resumed, 0);
    let path = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&path).unwrap();
    assert_eq!(found(&mut Store::open(&folder, "q", false).unwrap()).resumed, 12);
    for cut in [whole.len() - 1, whole.len() / 2, 40] {
        fs::write(&path, &whole[..cut]).unwrap();
        let searched = found(&mut Store::open(&folder, "q", false).unwrap());
        assert!(searched.resumed < 12, "{cut}");
        let sweep = sweep_of();
        let (run_json, _) = sweep.finish(searched, Watchers::Off).unwrap().texts(&sweep);
        assert_eq!(serde_json::from_str::<Value>(&run_json).unwrap(), first, "{cut}");
    }
    assert_eq!(found(&mut Store::open(&folder, "q", true).unwrap()).resumed, 0);
}

#[test]
fn a_sweep_reproduces_and_the_first_difference_is_named() {
    let scratch = Scratch::new("sweep-reproduce");
    swept(&scratch, &question(SMALL), &["--out", "run"]);
    let told = || {
        let output = lab_in(&scratch.0, &["reproduce", "run"]);
        (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output))
    };
    let (code, words) = told();
    assert!(code == Some(0) && words.contains("reproduces: 12 trials, every one the same"), "{words}");
    let trials = read(&scratch, "run/trials.csv");
    let row = trials.lines().nth(5).unwrap();
    scratch.file("run/trials.csv", &trials.replace(row, &row.replacen("6225", "6224", 1)));
    let (code, words) = told();
    assert!(code == Some(1) && words.contains("trials.csv, row 6: then ',4,"), "{words}");
    scratch.file("run/trials.csv", &trials);
    let run: Value = serde_json::from_str(&read(&scratch, "run/run.json")).unwrap();
    let altered = read(&scratch, "run/run.json").replace(&run["luck"]["dsr"].to_string(), "0.5");
    scratch.file("run/run.json", &altered);
    let (code, words) = told();
    assert!(code == Some(1) && words.contains("run.json, luck.dsr: then 0.5, now"), "{words}");
}

#[test]
fn the_page_of_a_sweep_leads_with_the_verdict_and_shows_every_part() {
    let scratch = Scratch::new("sweep-page");
    scratch.file("grid.toml", &question(SMALL));
    let output = lab_in(&scratch.0, &["sweep", "grid.toml", "--out", "run"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = read(&scratch, "run/report.html");
    let parts = [
        "Sweep report",
        "class=\"verdict caution\"",
        "In-sample",
        "The choice",
        "Is it luck?",
        "<caption>Figures of luck<",
        "All trials",
        "The objective over the parameters",
        "Along each parameter",
        "Best trials",
        "Equity against buy and hold",
        "cthulu-lab sweep EXPERIMENT.toml",
    ];
    let places: Vec<Option<usize>> = parts[1..].iter().map(|part| page.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    assert!(!page.contains("verdict good") && !page.contains("NaN"));
    for picture in ["objective.png", "trials.png", "logits.png", "equity.png"] {
        assert!(scratch.0.join("run").join(picture).exists(), "{picture}");
    }
    // Drawn again from the folder alone, it is the same page.
    assert!(lab_in(&scratch.0, &["report", "run"]).status.success());
    assert!(read(&scratch, "run/report.html") == page);
}

#[test]
fn the_ledger_counts_every_trial_of_every_run_once() {
    let scratch = Scratch::new("sweep-ledger");
    let ledger = |scratch: &Scratch, run: &str| -> Value {
        serde_json::from_str::<Value>(&read(scratch, &format!("{run}/verdict.json"))).unwrap()["ledger"].clone()
    };
    swept(&scratch, &question(SMALL), &["--out", "a"]);
    let alone = ledger(&scratch, "a");
    assert_eq!((alone["trials"].as_u64(), alone["runs"].as_u64()), (Some(12), Some(1)));
    // Another name and another seed ask the same twelve questions; one wider range asks four more.
    let renamed = question(SMALL).replace("\"grid\"\nstrategy", "\"other\"\nseed = 99\nstrategy");
    let first = swept(&scratch, &renamed, &["--out", "b"]);
    assert_eq!(ledger(&scratch, "b")["trials"].as_u64(), Some(12));
    let wider = swept(&scratch, &question(&SMALL.replace("max = 15", "max = 20")), &["--out", "c"]);
    let known = ledger(&scratch, "c");
    assert_eq!((known["trials"].as_u64(), known["runs"].as_u64()), (Some(16), Some(2)));
    assert_ne!(known["snapshot_sha256"], alone["snapshot_sha256"]);
    // The ledger's count is the run's own where the run made all of them.
    let effective = (known["effective_trials"].as_f64().unwrap(), wider["luck"]["effective_trials"].as_f64().unwrap());
    assert!((effective.0 - effective.1).abs() < 1e-6, "{effective:?}");
    // Other costs are another question; run.json does not know of any of it.
    let again = swept(&scratch, &renamed, &["--out", "d"]);
    assert_eq!(first, again);
    swept(&scratch, &question(SMALL).replace("spread = 10.0", "spread = 12.0"), &["--out", "e"]);
    assert_eq!(ledger(&scratch, "e")["trials"].as_u64(), Some(28));
    let database = Connection::open(scratch.0.join("reports/trials.sqlite")).unwrap();
    let count: i64 = database.query_row("SELECT count(*) FROM trials", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 28);
}

#[test]
fn two_sweeps_at_once_lose_no_trial() {
    let scratch = Scratch::new("sweep-at-once");
    let start = |name: &str, text: &str| {
        scratch.file(&format!("{name}.toml"), text);
        let args = ["sweep", &format!("{name}.toml"), "--no-report", "--out", name];
        Command::new(PROGRAM).args(args).current_dir(&scratch.0).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let cheap = question(SMALL);
    let dear = cheap.replace("spread = 10.0", "spread = 20.0");
    // Two questions, and one of them twice.
    let running = [start("a", &cheap), start("b", &dear), start("c", &cheap)];
    for child in running {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", stderr(&done));
    }
    assert_eq!(read(&scratch, "a/run.json"), read(&scratch, "c/run.json"));
    let database = Connection::open(scratch.0.join("reports/trials.sqlite")).unwrap();
    let count: i64 = database.query_row("SELECT count(*) FROM trials", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 24);
}

#[test]
fn stats_says_of_the_trials_returns_what_the_sweep_says() {
    let text = question(SMALL);
    let sweep = Sweep::new(Experiment::new(Spec::parse(&text, Path::new("grid.toml")).unwrap()).unwrap()).unwrap();
    let searched = sweep.search(&mut Store::off(), &Default::default()).unwrap();
    let columns: Vec<Vec<f64>> = searched.trials.iter().map(|t| t.kept.day_returns.clone()).collect();
    let scratch = Scratch::new("sweep-stats");
    let head: Vec<String> = (0..columns.len()).map(|i| format!("t{i}")).collect();
    let line = |day: usize| columns.iter().map(|c| c[day].to_string()).collect::<Vec<_>>().join(",");
    let matrix: Vec<String> = std::iter::once(head.join(",")).chain((0..columns[0].len()).map(line)).collect();
    let file = scratch.file("matrix.csv", &matrix.join("\n"));
    let told = json(&lab_in(&scratch.0, &["stats", &file, "--trials", "--periods", "252", "--json"]));
    let swept = sweep.finish(searched, Watchers::Off).unwrap();
    let luck = serde_json::json!(swept.luck);
    for key in ["trials", "effective_trials", "sharpe", "sr0", "dsr", "psr", "min_trl"] {
        assert_eq!(told[key], luck[key], "{key}");
    }
    for key in ["pbo", "mean_logit", "splits", "oos_loss_probability", "degradation_slope"] {
        assert_eq!(told[key], luck["overfit"][key], "{key}");
    }
    assert_eq!(told["best"], format!("t{}", swept.luck.chosen.unwrap()));
    // The tests draw from seeds of their own; the same seed gives the same answer.
    let again = Luck::of(&Matrix::of(&columns, 252.0, cthulu_lab::seed::Seed::new(7)));
    assert_eq!(told["spa_p"].as_f64(), again.against_zero.map(|t| t.spa_p));
}

#[test]
fn what_cannot_be_searched_is_refused_with_the_remedy() {
    let scratch = Scratch::new("sweep-refused");
    for (text, words) in [
        (question(SMALL).split("[search]").next().unwrap().to_owned(), "[search]: is missing; add what to try"),
        (question("space = { fats = {} }"), "did you mean 'fast'?"),
        (question("objective = \"sharp\""), "did you mean 'sharpe'?"),
        (question(&format!("{SMALL}\nconstraints = [\"fast > slow\"]")), "widen a range or drop a constraint"),
    ] {
        let output = sweep(&scratch, &text, &["--out", "run"]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(words) && output.stdout.is_empty(), "{}", stderr(&output));
        assert!(!scratch.0.join("run").exists());
    }
    // A place that is no run's is refused before anything is played.
    scratch.file("taken/letter.txt", "dear");
    let output = sweep(&scratch, &question(SMALL), &["--out", "taken"]);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("taken"), "{}", stderr(&output));
}

#[test]
fn a_strategy_that_never_trades_has_nothing_to_choose_from() {
    let scratch = Scratch::new("sweep-idle");
    let strategy = scratch.file("idle.toml", "name = \"idle\"\nabout = \"Never buys.\"\n[params]\nn = { default = 5, min = 2, max = 9, step = 1 }\n[long]\nenter = \"close < 0 and close > sma(close, n)\"\n");
    let text = question("method = \"grid\"").replace("\"sma_crossover\"", &format!("'{strategy}'"));
    let output = sweep(&scratch, &text, &["--out", "run"]);
    let told = stderr(&output);
    assert!(output.status.code() == Some(1) && told.contains("none of 8 trials has a value of the objective sharpe"), "{told}");
}
