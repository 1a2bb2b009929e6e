//! The run folder of a sweep: `trials.csv` with a row a trial, and the files of the chosen one as a backtest writes them.

use std::fmt::Write as _;

use super::{
    Sweep, Swept, Trial,
    folder::{RunFolder, pretty, run_json},
    rows,
};
use crate::{
    error::Result,
    search::{Kind, plateau},
    stats::key::METRIC_KEYS,
    walk::Judgement,
};
use serde_json::{Value, json};

impl RunFolder {
    /// Writes what a sweep tells, into [`RunFolder::path`]; answers `run.json` as written.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_sweep(&self, sweep: &Sweep, swept: &Swept, judgement: &Judgement, machine: &Value) -> Result<String> {
        let (run_json, trials) = swept.texts(sweep);
        self.write(&swept.experiment, &swept.outcome, machine)?;
        rows::write(self.path(), "run.json", &run_json)?;
        rows::write(self.path(), "verdict.json", pretty(&json!(judgement)))?;
        rows::write(self.path(), "trials.csv", trials)?;
        Ok(run_json)
    }
}

impl Swept {
    /// `run.json` and `trials.csv`.
    #[must_use]
    pub fn texts(&self, sweep: &Sweep) -> (String, String) {
        let trials = trials_csv(sweep, self);
        (pretty(&sweep_json(sweep, self, &trials)), trials)
    }
}

/// Fold (none), trial, the parameters, the metrics, the objective, and the share of the history where not every trial had all of it.
fn trials_csv(sweep: &Sweep, swept: &Swept) -> String {
    let names: Vec<&str> = sweep.space().dimensions().iter().map(|d| d.name.as_str()).collect();
    let has_parts = swept.searched.trials.iter().any(|t| t.told.budget < 1.0);
    let mut text =
        format!("fold,trial,{},{},objective{}\n", names.join(","), METRIC_KEYS.join(","), if has_parts { ",history" } else { "" });
    for trial in &swept.searched.trials {
        row(&mut text, trial, &names);
        if has_parts {
            write!(text, ",{}", trial.told.budget).expect("a string can be written");
        }
        text.push('\n');
    }
    text
}

fn row(text: &mut String, trial: &Trial, names: &[&str]) {
    let shown = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    write!(text, ",{}", trial.told.trial).expect("a string can be written");
    for name in names {
        write!(text, ",{}", shown(trial.told.point.get(name))).expect("a string can be written");
    }
    let mut metrics = trial.kept.metrics.clone();
    metrics.dsr = trial.dsr;
    for key in METRIC_KEYS {
        write!(text, ",{}", shown(metrics.get(key))).expect("a string can be written");
    }
    write!(text, ",{}", shown(trial.told.value)).expect("a string can be written");
}

/// Everything deterministic about a sweep: the chosen trial as a backtest tells it, and how it was chosen.
fn sweep_json(sweep: &Sweep, swept: &Swept, trials: &str) -> Value {
    let Swept { searched, outcome, luck, intervals, entries, .. } = swept;
    let chosen = &searched.trials[searched.chosen];
    let mut told = run_json(&swept.experiment, outcome);
    told["kind"] = "sweep".into();
    told["in_sample"] = true.into();
    told["metrics"]["dsr"] = json!(luck.dsr);
    // The events of the chosen trial, then the trials.
    told["event_log_sha256"] = json!(outcome.finished.event_log.as_ref().map(|lines| lines.then(trials)));
    for (key, count) in
        [("trials_played", searched.trials.len() as u64), ("infeasible", searched.infeasible), ("repeated", searched.repeated)]
    {
        told["counts"][key] = count.into();
    }
    told["search"] = json!({
        "method": sweep.plan().method, "choose": sweep.plan().choose, "objective": sweep.objective(), "objective_name": sweep.objective_words(),
        "space": space(sweep),
    });
    let tried: Vec<_> = searched.trials.iter().map(|t| t.told.clone()).collect();
    told["chosen"] = json!({
        "trial": chosen.told.trial, "params": chosen.told.point, "objective": chosen.told.value,
        "plateau": plateau(sweep.space(), &tried, &chosen.told),
    });
    told["luck"] = json!(luck);
    told["luck"]["intervals"] = json!(intervals);
    told["luck"]["entries"] = json!(entries);
    told
}

/// Each parameter's place in the space, as the report draws it.
fn space(sweep: &Sweep) -> Vec<Value> {
    let places = |d: &crate::search::Dimension| d.kind.count().map(|n| n as u64);
    sweep
        .space()
        .dimensions()
        .iter()
        .map(|d| json!({ "name": d.name, "places": places(d), "is_log": is_log(&d.kind), "is_categorical": d.kind.is_categorical() }))
        .collect()
}

const fn is_log(kind: &Kind) -> bool {
    matches!(kind, Kind::Steps { log: true, .. } | Kind::Float { log: true, .. })
}
