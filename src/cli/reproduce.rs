//! `cthulu-lab reproduce`: asks the question of a run folder again and says whether the answer is the same, to the byte.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Mutex,
};

use serde_json::Value;

use super::{args::ReproduceArgs, backtest, print, progress, run_json, use_threads};
use crate::{
    error::{Error, Result},
    experiment::{Experiment, Spec, Sweep, SweepProgress, Watchers},
    walk::{ForwardProgress, Store},
};

/// Whether the answer is the same.
pub(super) fn run(args: &ReproduceArgs) -> Result<bool> {
    use_threads(args.threads)?;
    let path = args.run.join("run.json");
    let run = run_json(&args.run)?;
    let id = run["id"].as_str().unwrap_or("the run");
    if run["kind"] == "monte_carlo" {
        let problem = "is of many paths; play them again with data synth --paths, which writes the same files where nothing has changed";
        return Err(Error::config(path.display().to_string(), problem));
    }
    let spec: Spec = serde_json::from_value(run["manifest"]["spec"].clone())
        .map_err(|e| Error::data(&path, format!("manifest.spec is not an experiment of this version: {e}")))?;
    let experiment = Experiment::new(spec)?;
    if run["kind"] == "sweep" {
        return sweep(args, &run, experiment);
    }
    if run["kind"] == "walkforward" {
        return walkforward(args, &run, &experiment);
    }
    check_inputs(&path, &run, &experiment)?;
    let outcome = backtest::play(&experiment, Watchers::Off)?;
    let differing = differences(&run, &outcome.finished.event_log_sha256, &serde_json::json!(outcome.metrics));
    if differing.is_empty() {
        print(&format!("{id} reproduces: {} events, every one the same.\n", outcome.finished.stats.published))?;
        return Ok(true);
    }
    let mut told = does_not(&run);
    for (key, (then, now)) in differing {
        told += &format!("  {key}: then {then}, now {now}\n");
    }
    print(&told)?;
    Ok(false)
}

fn does_not(run: &Value) -> String {
    let version = run["manifest"]["version"].as_str().unwrap_or("an unknown version");
    let id = run["id"].as_str().unwrap_or("the run");
    format!("{id} does not reproduce (it was run by version {version}, this is {}):\n", env!("CARGO_PKG_VERSION"))
}

/// Searches again, and compares the trials line by line and `run.json` value by value.
fn sweep(args: &ReproduceArgs, run: &Value, experiment: Experiment) -> Result<bool> {
    check_inputs(&args.run.join("run.json"), run, &experiment)?;
    let sweep = Sweep::new(experiment)?;
    let done = SweepProgress::default();
    let searched = progress::search(sweep.trials(), (&done.trials, &done.best), || sweep.search(&mut Store::off(), &done))?;
    let swept = sweep.finish(searched, Watchers::Off)?;
    let (run_json, trials) = swept.texts(&sweep);
    let path = args.run.join("trials.csv");
    let then = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, "cannot read", e))?;
    let now: Value = serde_json::from_str(&run_json).expect("it was written a moment ago");
    let found = first_line("trials.csv", &then, &trials).or_else(|| first_value("", run, &now));
    let Some(found) = found else {
        print(&format!("{} reproduces: {} trials, every one the same.\n", run["id"].as_str().unwrap_or("the run"), sweep_rows(&trials)))?;
        return Ok(true);
    };
    print(&(does_not(run) + "  " + &found + "\n"))?;
    Ok(false)
}

/// Walks forward again, and compares trials and folds line by line and `run.json` value by value.
fn walkforward(args: &ReproduceArgs, run: &Value, experiment: &Experiment) -> Result<bool> {
    check_inputs(&args.run.join("run.json"), run, experiment)?;
    let walk = experiment.walkforward()?;
    let told = ForwardProgress::default();
    let found = progress::show("walking forward", walk.planned_trials(), &told.trials, || {
        walk.run(&Mutex::new(Store::off()), Watchers::Off, &told)
    })?;
    let texts = walk.texts(&found, &walk.luck(&found));
    for (name, now) in [("trials.csv", &texts.trials), ("folds.csv", &texts.folds)] {
        let path = args.run.join(name);
        let then = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, "cannot read", e))?;
        if let Some(found) = first_line(name, &then, now) {
            print(&(does_not(run) + "  " + &found + "\n"))?;
            return Ok(false);
        }
    }
    let now: Value = serde_json::from_str(&texts.run_json).expect("it was written a moment ago");
    if let Some(found) = first_value("", run, &now) {
        print(&(does_not(run) + "  " + &found + "\n"))?;
        return Ok(false);
    }
    let id = run["id"].as_str().unwrap_or("the run");
    print(&format!("{id} reproduces: {} folds and {} trials, every one the same.\n", walk.folds.folds.len(), sweep_rows(&texts.trials)))?;
    Ok(true)
}

fn sweep_rows(trials: &str) -> usize {
    trials.lines().count().saturating_sub(1)
}

/// The first line of a file that differs.
fn first_line(name: &str, then: &str, now: &str) -> Option<String> {
    let mut lines = (then.lines().map(Some).chain(std::iter::repeat(None))).zip(now.lines().map(Some).chain(std::iter::repeat(None)));
    let longest = then.lines().count().max(now.lines().count());
    let (row, (then, now)) = (1..=longest).zip(&mut lines).find(|(_, (then, now))| then != now)?;
    let shown = |line: Option<&str>| line.map_or_else(|| "none".to_owned(), |line| format!("'{line}'"));
    Some(format!("{name}, row {row}: then {}, now {}", shown(then), shown(now)))
}

/// The first value of `run.json` that differs; where it was built from does not count.
fn first_value(place: &str, then: &Value, now: &Value) -> Option<String> {
    const OF_THE_BUILD: [&str; 3] = [".manifest.version", ".manifest.git_commit", ".manifest.lockfile_sha256"];
    if then == now || OF_THE_BUILD.contains(&place) {
        return None;
    }
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| first_value(&format!("{place}.{key}"), &then[key], &now[key]))
        }
        _ => Some(format!("run.json, {}: then {then}, now {now}", place.trim_start_matches('.'))),
    }
}

/// The same prices and rules, or it is another question.
fn check_inputs(path: &Path, run: &Value, experiment: &Experiment) -> Result<()> {
    for (source, then) in experiment.sources.iter().zip(run["manifest"]["data"].as_array().into_iter().flatten()) {
        if then["sha256"].as_str() != Some(&source.dataset.sha256) {
            let problem = format!("it is not the file that {} was run on: its sha256 differs", path.display());
            return Err(Error::data(&source.spec.path, problem));
        }
        if then["instrument"] != serde_json::json!(source.instrument) {
            let problem = format!("its terms in instruments.toml have changed since {}; manifest.data has those of then", path.display());
            return Err(Error::config(format!("instrument {}", source.instrument.symbol), problem));
        }
    }
    for (placed, then) in experiment.placed.iter().zip(run["manifest"]["strategies"].as_array().into_iter().flatten()) {
        if then["text"].as_str() != Some(&placed.text) {
            let problem = format!("it has changed since {}; manifest.strategies has the text of then", path.display());
            return Err(Error::config(format!("strategy {}", placed.name), problem));
        }
    }
    Ok(())
}

/// What differs: by name, then and now.
fn differences(run: &Value, event_log_sha256: &Option<String>, metrics: &Value) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    let mut compare = |key: &str, then: &Value, now: &Value| {
        if then != now {
            found.insert(key.to_owned(), (then.to_string(), now.to_string()));
        }
    };
    compare("event_log_sha256", &run["event_log_sha256"], &serde_json::json!(event_log_sha256));
    for (key, now) in metrics.as_object().into_iter().flatten() {
        compare(key, &run["metrics"][key], now);
    }
    found
}
