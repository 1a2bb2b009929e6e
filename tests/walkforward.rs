//! Walk-forwards end to end: what is chosen where, what is stitched, and that nothing depends on threads or on kills.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Mutex,
    time::Duration,
};

use cthulu_lab::{
    experiment::{Experiment, Spec, Walkforward, WalkforwardOutcome, Watchers},
    fold::Rows,
    walk::{Arena, AtEnd, ForwardProgress, Scored, Span, Store},
};
use rand_chacha::rand_core::Rng;
use serde_json::Value;

use crate::cli::Scratch;

/// Hourly bars of a random walk that drifts now up and now down.
fn prices(rows: usize) -> String {
    let mut generator = cthulu_lab::seed::Seed::new(11).generator();
    let mut text = String::from("timestamp,open,high,low,close,volume\n");
    let mut last = 100.0;
    for i in 0..rows {
        let drawn = (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
        let close = last * (1.0 + 0.006 * drawn + 0.0006 * (i as f64 / 150.0).sin());
        let (high, low) = (f64::max(last, close) * 1.0005, f64::min(last, close) * 0.9995);
        text += &format!("{},{last},{high},{low},{close},10\n", 1_483_228_800 + i * 3600);
        last = close;
    }
    text
}

/// An experiment over 2,000 such bars; `more` has its `[walkforward]` and whatever else.
fn experiment(scratch: &Scratch, trials: usize, more: &str) -> String {
    let prices = scratch.file("walk.csv", &prices(2000));
    let text = format!(
        "name = \"walked\"\nstrategy = \"sma_crossover\"\n[[data]]\npath = '{prices}'\ntimeframe = \"1h\"\n[costs]\ncommission_fraction = 0.0001\n\
         [search]\nmethod = \"random\"\ntrials = {trials}\nspace = {{ fast = {{ min = 2, max = 10 }}, slow = {{ min = 8, max = 30 }} }}\n\
         constraints = [\"fast < slow\"]\n{more}\n"
    );
    scratch.file("walked.toml", &text)
}

const ROLLING: &str = "[walkforward]\ntrain = 600\ntest = 200\npurge_bars = 5";

fn checked(path: &str) -> Experiment {
    Experiment::new(Spec::parse(&fs::read_to_string(path).unwrap(), Path::new(path)).unwrap()).unwrap()
}

fn walked(walk: &Walkforward<'_>) -> WalkforwardOutcome {
    walk.run(&Mutex::new(Store::off()), Watchers::Off, &ForwardProgress::default()).unwrap()
}

fn scored(arena: &Arena, params: &BTreeMap<String, f64>, rows: &Rows) -> Scored {
    Scored::play(arena, params, rows, AtEnd::Close).unwrap()
}

#[test]
fn a_fold_searches_and_chooses_within_its_training_rows_and_looks_once() {
    let scratch = Scratch::new("walk-fold");
    let experiment = checked(&experiment(&scratch, 25, ROLLING));
    let (walk, arena) = (experiment.walkforward().unwrap(), experiment.arena().unwrap());
    let found = walked(&walk);
    assert_eq!(found.forwarded.len(), 6);
    for (fold, forwarded) in walk.folds.folds.iter().zip(&found.forwarded) {
        // The last quarter of 600 rows is set aside.
        let (start, end) = (fold.train.first().unwrap(), fold.train.end().unwrap());
        assert_eq!((forwarded.searched.clone(), forwarded.aside.clone()), (Rows::of(start..end - 150), Rows::of(end - 150..end)));
        for trial in &forwarded.trials {
            let again = scored(&arena, trial.point.params(), &forwarded.searched);
            assert_eq!((trial.scored.clone(), trial.objective), (again.clone(), again.metrics.sharpe));
        }
        // By hand: the ten best of the search, of which the one that is best on the rows set aside.
        let mut ranked: Vec<_> = forwarded.trials.iter().filter(|trial| trial.objective.is_some()).collect();
        ranked.sort_by(|a, b| b.objective.unwrap().total_cmp(&a.objective.unwrap()).then(a.trial.cmp(&b.trial)));
        ranked.dedup_by(|a, b| a.point == b.point);
        ranked.truncate(10);
        let aside = |trial: &cthulu_lab::walk::Trial| scored(&arena, trial.point.params(), &forwarded.aside).metrics.sharpe;
        let best = ranked.iter().copied().reduce(|best, next| if aside(next) > aside(best) { next } else { best }).unwrap();
        let choice = forwarded.choice.as_ref().unwrap();
        assert_eq!((choice.trial, choice.confirmed), (best.trial, aside(best)));
        let test = choice.out_of_sample.as_ref().unwrap();
        assert_eq!((test.metrics.bars, test), (200, &scored(&arena, choice.point.params(), &fold.test)));
        assert_eq!(choice.in_sample, scored(&arena, choice.point.params(), &fold.train));
    }
}

#[test]
fn the_stitched_curve_is_one_account_through_every_test_span() {
    let scratch = Scratch::new("walk-stitched");
    let experiment = checked(&experiment(&scratch, 15, ROLLING));
    let (walk, arena) = (experiment.walkforward().unwrap(), experiment.arena().unwrap());
    let found = walked(&walk);
    // All in with any size, so that an account of another size does the same trades: each span multiplies what the last left.
    let mut equity = experiment.spec.account.cash;
    let (mut trades, mut row) = (0, 0);
    for (fold, forwarded) in walk.folds.folds.iter().zip(&found.forwarded) {
        let span = Span { scored: fold.test.ranges()[0].clone(), at_end: AtEnd::Close };
        let played = arena.play(forwarded.choice.as_ref().unwrap().point.params(), &span).unwrap();
        equity *= played.final_equity / experiment.spec.account.cash;
        trades += played.trade_pnls.len();
        row += fold.test.len();
        let stitched = found.outcome.run.curve.equity()[row - 1];
        assert!((stitched / equity - 1.0).abs() < 1e-9, "after {row} rows: {stitched}, and {equity} by hand");
        // Closed at the edge: nothing is held over it.
        assert_eq!(found.outcome.run.curve.exposure()[row - 1], 0.0);
    }
    assert_eq!((found.outcome.run.curve.len(), found.outcome.run.trades.len()), (1200, trades));
    assert!(trades > 30, "{trades}");
}

#[test]
fn a_carried_position_is_the_next_folds_to_close() {
    let scratch = Scratch::new("walk-carried");
    let path = experiment(&scratch, 15, &format!("{ROLLING}\nedges = \"carry\""));
    let carried = checked(&path);
    let found = walked(&carried.walkforward().unwrap());
    let curve = &found.outcome.run.curve;
    let over = |edge: &usize| curve.exposure()[edge - 1] > 0.0 && curve.exposure()[*edge] > 0.0;
    assert!((1..6).map(|fold| fold * 200).any(|edge| over(&edge)), "no position was held over an edge");
    assert!(found.outcome.run.trades.iter().all(|trade| trade.reason.name() != "end_of_run"));
}

#[test]
fn combinatorial_paths_trade_all_rows_and_the_median_one_is_shown() {
    let scratch = Scratch::new("walk-cpcv");
    let more = "[walkforward]\nscheme = \"cpcv\"\ngroups = 5\ntest_groups = 2\npurge_bars = 5\nembargo_bars = 10";
    let experiment = checked(&experiment(&scratch, 8, more));
    let found = walked(&experiment.walkforward().unwrap());
    assert_eq!((found.forwarded.len(), found.paths.len(), found.outcome.run.curve.len()), (10, 4, 2000));
    let mut sharpes: Vec<f64> = found.paths.iter().filter_map(|path| path.sharpe).collect();
    sharpes.sort_by(f64::total_cmp);
    // Of four the second: the lower of the two in the middle.
    assert_eq!(found.outcome.metrics.sharpe, Some(sharpes[1]));
    assert!(found.outcome.warnings.iter().any(|warning| warning.contains("no track record")));
}

#[test]
fn a_fold_without_any_score_stays_out_of_the_market() {
    let scratch = Scratch::new("walk-silent");
    // Means of 210 bars and more have no value in the first 200 rows, so the first fold never trades.
    let text = fs::read_to_string(experiment(&scratch, 5, "[walkforward]\ntrain = 200\ntest = 900\ninner_split = 0.0")).unwrap();
    let text = text.replace("fast = { min = 2, max = 10 }, slow = { min = 8, max = 30 }", "slow = { min = 210, max = 400 }");
    let experiment = checked(&scratch.file("silent.toml", &text.replace("constraints = [\"fast < slow\"]\n", "")));
    let found = walked(&experiment.walkforward().unwrap());
    assert!(found.forwarded[0].choice.is_none() && found.forwarded[1].choice.is_some());
    assert!(found.outcome.run.curve.exposure()[..900].iter().all(|exposure| *exposure == 0.0));
    assert!(found.outcome.warnings.iter().any(|w| w.starts_with("1 of 2 folds chose nothing")), "{:?}", found.outcome.warnings);
}

#[test]
fn a_portfolio_is_cut_at_the_same_moments_in_every_instrument() {
    let mut small = Spec::parse(&fs::read_to_string("experiments/portfolio.toml").unwrap(), Path::new("portfolio.toml")).unwrap();
    small.search = Some(toml::from_str("method = 'random'\ntrials = 3").unwrap());
    let experiment = Experiment::new(small).unwrap();
    let walk = experiment.walkforward().unwrap();
    let found = walked(&walk);
    // Five years from Monday, 4 January 1999 end on Sunday, 4 January 2004: Monday is tested first, and its bar closes at midnight.
    assert_eq!(found.outcome.run.curve.at()[0].to_string(), "2004-01-06T00:00:00Z");
    assert_eq!(found.outcome.run.bars, 2 * found.outcome.run.curve.len() as u64);
    let symbols: std::collections::BTreeSet<u16> = found.outcome.run.trades.iter().map(|trade| trade.instrument.0).collect();
    assert_eq!(symbols.len(), 2, "both instruments trade");
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cthulu-lab"));
    command.args(args).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn done(folder: &Path, args: &[&str]) -> Output {
    let output = command(folder, args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What a run folder holds that must not differ.
fn bytes(folder: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    let names = ["run.json", "folds.csv", "trials.csv", "trades.csv", "equity.csv"];
    names.into_iter().map(|name| (name, fs::read(folder.join(name)).unwrap())).collect()
}

#[test]
fn one_two_or_sixteen_threads_write_the_same_bytes() {
    let scratch = Scratch::new("walk-threads");
    experiment(&scratch, 12, ROLLING);
    let run = |threads: &str| {
        done(&scratch.0, &["walkforward", "walked.toml", "--no-report", "--threads", threads, "--out", threads]);
        bytes(&scratch.0.join(threads))
    };
    let one = run("1");
    assert!(one == run("2") && one == run("16"));
    let told: Value = serde_json::from_slice(&one["run.json"]).unwrap();
    assert_eq!((told["kind"].as_str(), told["walkforward"]["folds"].as_u64()), (Some("walkforward"), Some(6)));
    assert_eq!(told["walkforward"]["trials"].as_u64(), Some(72));
    let verdict: Value = serde_json::from_slice(&fs::read(scratch.0.join("1/verdict.json")).unwrap()).unwrap();
    let again = done(&scratch.0, &["reproduce", "16"]);
    let words = String::from_utf8(again.stdout).unwrap();
    assert!(words.ends_with("reproduces: 6 folds and 72 trials, every one the same.\n"), "{words}");
    // The three runs are one specification, asked three times.
    assert_eq!((verdict["in_sample"].as_bool(), verdict["ledger"]["trials"].as_u64()), (Some(false), Some(1)));
}

#[test]
fn the_files_have_their_columns() {
    let scratch = Scratch::new("walk-files");
    experiment(&scratch, 6, ROLLING);
    done(&scratch.0, &["walkforward", "walked.toml", "--no-report", "--out", "run"]);
    let text = |name: &str| fs::read_to_string(scratch.0.join("run").join(name)).unwrap();
    let (folds, trials) = (text("folds.csv"), text("trials.csv"));
    assert!(folds.starts_with("fold,train_ranges,test_ranges,fast,slow,is_bars,is_trades,") && folds.contains(",oos_sharpe,"));
    // Rows 0 to 599 and 605 to 804, an hour each from the first of January.
    let first = "\n0,2017-01-01T00:00:00Z/2017-01-26T00:00:00Z,2017-01-26T05:00:00Z/2017-02-03T13:00:00Z,";
    assert!(folds.contains(first), "{folds}");
    assert!(trials.starts_with("fold,trial,fast,slow,bars,trades,win_rate,"));
    assert_eq!((folds.lines().count(), trials.lines().count()), (7, 37));
}

#[test]
fn with_halving_the_trials_say_how_much_of_the_rows_they_saw() {
    let scratch = Scratch::new("walk-halving");
    let path = experiment(&scratch, 9, ROLLING);
    let text = fs::read_to_string(&path).unwrap().replace("\"random\"", "\"halving\"");
    scratch.file("walked.toml", &text);
    done(&scratch.0, &["walkforward", "walked.toml", "--no-report", "--out", "run"]);
    let trials = fs::read_to_string(scratch.0.join("run/trials.csv")).unwrap();
    assert!(trials.lines().next().unwrap().ends_with(",objective,history"), "{trials}");
    let shares: Vec<&str> = trials.lines().skip(1).take(13).map(|line| line.rsplit(',').next().unwrap()).collect();
    // Nine sets on a ninth, three on a third, one on all.
    assert_eq!((shares[0], shares[9], shares[12]), ("0.1111111111111111", "0.3333333333333333", "1"));
    let database = rusqlite::Connection::open(scratch.0.join("reports/trials.sqlite")).unwrap();
    let count =
        |role: &str| -> i64 { database.query_row("SELECT count(*) FROM trials WHERE role = ?1", [role], |row| row.get(0)).unwrap() };
    // Six folds, in each one of nine sets to the end.
    assert_eq!((count("inner"), count("inner_begun"), count("specification")), (6, 48, 1));
}

#[test]
fn a_folds_parts_are_played_as_a_sweeps_are() {
    let scratch = Scratch::new("walk-parts");
    let path = experiment(&scratch, 6, &format!("{ROLLING}\ninner_split = 0.0"));
    let objective = "objective = { metrics = { profit_factor = 1.0 }, parts = 2, part_sds = 0.0 }\ntrials = 6";
    let experiment = checked(&scratch.file("parts.toml", &fs::read_to_string(&path).unwrap().replace("trials = 6", objective)));
    let walk = experiment.walkforward().unwrap();
    let found = walked(&walk);
    let trial = &found.forwarded[0].trials[0];
    let arena = experiment.arena().unwrap();
    let half = |rows| scored(&arena, trial.point.params(), &Rows::of(rows)).metrics.profit_factor.unwrap();
    // 600 training rows: two halves of 300.
    let mean = (half(0..300) + half(300..600)) / 2.0;
    assert!((trial.objective.unwrap() - mean).abs() < 1e-12, "{:?} {mean}", trial.objective);
}

#[test]
fn nothing_is_kept_twice_where_no_rows_are_set_aside() {
    let scratch = Scratch::new("walk-once");
    let experiment = checked(&experiment(&scratch, 6, &format!("{ROLLING}\ninner_split = 0.0")));
    let walk = experiment.walkforward().unwrap();
    let store = Mutex::new(Store::open(&scratch.0.join("cache"), "q", false).unwrap());
    let found = walk.run(&store, Watchers::Off, &ForwardProgress::default()).unwrap();
    drop(store);
    let file = fs::read_dir(scratch.0.join("cache")).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(file).unwrap();
    // Each piece is named by parameters, rows and edge.
    let pieces = bytes.windows(7).filter(|window| window == b" Close{").count();
    let choices = found.forwarded.iter().filter(|fold| fold.choice.is_some()).count();
    // Six folds of six trials, and a look at the test rows for each choice.
    assert_eq!(pieces, 36 + choices);
}

#[test]
fn cross_validation_is_never_called_profitable_out_of_sample() {
    let scratch = Scratch::new("walk-kfold");
    experiment(&scratch, 5, "[walkforward]\nscheme = \"kfold\"\ngroups = 4\npurge_bars = 5");
    done(&scratch.0, &["walkforward", "walked.toml", "--no-report", "--out", "run"]);
    let verdict: Value = serde_json::from_slice(&fs::read(scratch.0.join("run/verdict.json")).unwrap()).unwrap();
    let headline = verdict["headline"].as_str().unwrap();
    assert!(!headline.contains("out of sample") && verdict["kind"] != "profitable", "{headline}");
}

#[test]
fn a_walkforward_killed_at_any_moment_ends_as_if_it_had_not_been() {
    let scratch = Scratch::new("walk-killed");
    experiment(&scratch, 60, ROLLING);
    let whole = |out: &str, more: &[&str]| {
        done(&scratch.0, &[&["walkforward", "walked.toml", "--no-report", "--out", out][..], more].concat());
        bytes(&scratch.0.join(out))
    };
    let expected = whole("expected", &[]);
    let pieces = || -> u64 {
        let files = fs::read_dir(scratch.0.join("reports/.cache")).into_iter().flatten().filter_map(Result::ok);
        files.filter_map(|file| file.metadata().ok()).map(|m| m.len()).sum()
    };
    let mut kept = 0;
    for (kill, wait_ms) in [40, 170, 420, 90].into_iter().enumerate() {
        let mut child = command(&scratch.0, &["walkforward", "walked.toml", "--no-report", "--out", "killed"]).spawn().unwrap();
        // Not before it has begun to keep something more than last time, then at an arbitrary moment.
        for _ in 0..2000 {
            if pieces() > kept || child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(wait_ms));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.success() {
            // Faster than the kill: what is left is the comparison.
            assert!(kill > 0, "the first run was not killed");
            break;
        }
        kept = pieces();
        assert!(kept > 0, "nothing was kept before kill {kill}");
    }
    let resumed = whole("killed", &[]);
    assert!(resumed == expected);
    assert!(whole("fresh", &["--fresh"]) == expected);
}

#[test]
fn the_choice_for_what_comes_next_is_a_strategy_file_that_says_where_it_is_from() {
    let scratch = Scratch::new("walk-choose");
    experiment(&scratch, 10, ROLLING);
    done(&scratch.0, &["walkforward", "walked.toml", "--no-report", "--out", "run", "--choose", "next.toml"]);
    let text = fs::read_to_string(scratch.0.join("next.toml")).unwrap();
    let file = cthulu_lab::rule::StrategyFile::parse(&text, "next.toml").unwrap();
    let provenance = file.provenance().unwrap();
    // The last 600 rows: from row 1,400, 58 days and 8 hours after the first.
    assert_eq!(provenance["trained_from"].as_str(), Some("2017-02-28T08:00:00Z"));
    let run: Value = serde_json::from_slice(&fs::read(scratch.0.join("run/run.json")).unwrap()).unwrap();
    assert_eq!((provenance["run"].as_str(), provenance["trials"].as_integer()), (run["id"].as_str(), Some(10)));
    // By hand: what the same choice on those rows has.
    let experiment = checked(scratch.0.join("walked.toml").to_str().unwrap());
    let walk = experiment.walkforward().unwrap();
    let (_, latest) = walk.latest(&Mutex::new(Store::off()), &ForwardProgress::default()).unwrap();
    let choice = latest.choice.unwrap();
    assert_eq!((Some(file.values()["fast"]), Some(file.values()["slow"])), (choice.point.get("fast"), choice.point.get("slow")));
    let played =
        done(&scratch.0, &["backtest", "--strategy", "next.toml", "--data", "walk.csv", "--no-report", "--json", "--out", "played"]);
    let played: Value = serde_json::from_slice(&played.stdout).unwrap();
    assert_eq!(played["manifest"]["strategies"][0]["params"]["fast"].as_f64(), choice.point.get("fast"));
}

#[test]
fn the_page_leads_with_the_verdict_and_shows_every_part() {
    let scratch = Scratch::new("walk-page");
    let more = "[walkforward]\nscheme = \"cpcv\"\ngroups = 4\ntest_groups = 2\npurge_bars = 5";
    experiment(&scratch, 6, more);
    done(&scratch.0, &["walkforward", "walked.toml", "--out", "run"]);
    let page = fs::read_to_string(scratch.0.join("run/report.html")).unwrap();
    let parts =
        ["class=\"verdict ", "class=\"tiles\"", ">The walk<", ">Folds<", ">In sample against out of sample<", ">Parameters over time<"];
    let more = [">Paths<", ">Is it luck?<", ">Equity against buy and hold<", "cthulu-lab walkforward EXPERIMENT.toml"];
    let places: Vec<Option<usize>> = parts.iter().chain(&more).map(|part| page.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    assert!(page.contains("Out of sample") && !page.contains("verdict good") && !page.contains("NaN"));
    // The file's own parameters were not traded.
    assert!(page.contains("<strong>sma_crossover</strong> (parameters chosen anew in each fold)."));
    for picture in ["folds.png", "in_out.png", "oos_paths.png", "equity.png"] {
        assert!(scratch.0.join("run").join(picture).exists(), "{picture}");
    }
}

#[test]
fn what_cannot_walk_is_refused_before_anything_is_written() {
    let scratch = Scratch::new("walk-refused");
    let told = |more: &str| {
        experiment(&scratch, 5, more);
        let output = command(&scratch.0, &["walkforward", "walked.toml", "--out", "run"]).output().unwrap();
        assert_eq!((output.status.code(), PathBuf::from(&scratch.0).join("run").exists()), (Some(2), false), "{more}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(told("").contains("[walkforward]: the section is missing"));
    assert!(told("[walkforward]\ntrain = 1900\ntest = 500").contains("do not fit"));
    assert!(told("[walkforward]\nscheme = \"kfold\"\npurge_bars = 5000").contains("nothing to train on"));
}
