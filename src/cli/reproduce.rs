//! `cthulu-lab reproduce`: asks the question of a run folder again and says whether the answer is the same, to the byte.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::{args::ReproduceArgs, backtest, print, run_json, use_threads};
use crate::{
    error::{Error, Result},
    experiment::{Experiment, Spec, Watchers},
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
    check_inputs(&path, &run, &experiment)?;
    let outcome = backtest::play(&experiment, Watchers::Off)?;
    let differing = differences(&run, &outcome.finished.event_log_sha256, &serde_json::json!(outcome.metrics));
    if differing.is_empty() {
        print(&format!("{id} reproduces: {} events, every one the same.\n", outcome.finished.stats.published))?;
        return Ok(true);
    }
    let version = run["manifest"]["version"].as_str().unwrap_or("an unknown version");
    let mut told = format!("{id} does not reproduce (it was run by version {version}, this is {}):\n", env!("CARGO_PKG_VERSION"));
    for (key, (then, now)) in differing {
        told += &format!("  {key}: then {then}, now {now}\n");
    }
    print(&told)?;
    Ok(false)
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
