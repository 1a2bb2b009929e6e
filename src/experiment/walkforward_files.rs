//! What a walk-forward writes beside what every run does: `folds.csv`, `trials.csv`, `oos_paths.csv`, and its part of `run.json`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    RunFolder, Walkforward, WalkforwardLuck, WalkforwardOutcome,
    folder::{pretty, run_json},
    rows,
};
use crate::{
    error::Result,
    fold::Rows,
    search::{Dimension, Point},
    stats::{key::METRIC_KEYS, summary::Metrics},
    walk::{Forwarded, Judgement},
};

impl RunFolder {
    /// Writes what a walk-forward tells, into [`RunFolder::path`]; answers `run.json` as written.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_walkforward(
        &self,
        walk: &Walkforward<'_>,
        found: &WalkforwardOutcome,
        (luck, judgement): (&WalkforwardLuck, &Judgement),
        machine: &Value,
    ) -> Result<String> {
        let WalkforwardTexts { run_json, trials, folds } = walk.texts(found, luck);
        self.write(walk.experiment, &found.outcome, machine)?;
        rows::write(self.path(), "run.json", &run_json)?;
        rows::write(self.path(), "verdict.json", pretty(&json!(judgement)))?;
        rows::write(self.path(), "trials.csv", trials)?;
        rows::write(self.path(), "folds.csv", folds)?;
        if found.paths.len() > 1 {
            rows::write(self.path(), "oos_paths.csv", paths_csv(found))?;
        }
        Ok(run_json)
    }
}

/// The deterministic files of a walk-forward.
pub struct WalkforwardTexts {
    /// `run.json`.
    pub run_json: String,
    /// `trials.csv`.
    pub trials: String,
    /// `folds.csv`.
    pub folds: String,
}

impl Walkforward<'_> {
    /// What is written of a walk-forward, but for what changes from one machine and ledger to the next.
    #[must_use]
    pub fn texts(&self, found: &WalkforwardOutcome, luck: &WalkforwardLuck) -> WalkforwardTexts {
        let (trials, folds) = (self.trials_csv(&found.forwarded), self.folds_csv(&found.forwarded));
        WalkforwardTexts { run_json: pretty(&self.whole_json(found, luck, (&trials, &folds))), trials, folds }
    }

    /// Everything deterministic about a walk-forward: the stitched curve as a backtest tells it, and where it comes from.
    fn whole_json(&self, found: &WalkforwardOutcome, luck: &WalkforwardLuck, (trials, folds): (&str, &str)) -> Value {
        let mut told = run_json(self.experiment, &found.outcome);
        told["kind"] = "walkforward".into();
        told["in_sample"] = false.into();
        // The events of the stitched run, then the trials, then the folds.
        told["event_log_sha256"] = json!(found.outcome.finished.event_log.as_ref().map(|lines| lines.then(&format!("{trials}{folds}"))));
        told["walkforward"] = self.run_json(found);
        told["luck"] = json!(luck.luck);
        told["luck"]["intervals"] = json!(luck.intervals);
        told["luck"]["entries"] = json!(luck.entries);
        told
    }

    /// `folds.csv`: a row a fold. Ranges are the opening of their first row and of the row after their last.
    fn folds_csv(&self, forwarded: &[Forwarded]) -> String {
        let names: Vec<&str> = self.space.dimensions().iter().map(|d| d.name.as_str()).collect();
        let metrics = |prefix: &str| METRIC_KEYS.iter().map(|key| format!(",{prefix}_{key}")).collect::<String>();
        let mut text = format!("fold,train_ranges,test_ranges,{}{}{}", names.join(","), metrics("is"), metrics("oos"));
        text += ",trial,trials,searched,confirmed,efficiency,pbo\n";
        for (number, (fold, result)) in self.folds.folds.iter().zip(forwarded).enumerate() {
            write!(text, "{number},{},{}", self.ranges(&fold.train), self.ranges(&fold.test)).expect("a string can be written");
            let choice = result.choice.as_ref();
            text += &values(self.space.dimensions(), choice.map(|choice| &choice.point));
            text += &metrics_row(choice.map(|choice| &choice.in_sample.metrics));
            text += &metrics_row(choice.and_then(|choice| choice.out_of_sample.as_ref()).map(|scored| &scored.metrics));
            let trial = choice.map(|choice| choice.trial.to_string()).unwrap_or_default();
            let (searched, confirmed) = (cell(choice.and_then(|c| c.searched)), cell(choice.and_then(|c| c.confirmed)));
            let pbo = cell(result.overfit.map(|found| found.pbo));
            writeln!(text, ",{trial},{},{searched},{confirmed},{},{pbo}", result.trials.len(), cell(result.efficiency()))
                .expect("a string can be written");
        }
        text
    }

    /// `trials.csv`: a row a trial, its metrics on the rows that its search saw, and their share where not every trial had all of them.
    fn trials_csv(&self, forwarded: &[Forwarded]) -> String {
        let names: Vec<&str> = self.space.dimensions().iter().map(|d| d.name.as_str()).collect();
        let has_parts = forwarded.iter().flat_map(|fold| &fold.trials).any(|trial| trial.budget < 1.0);
        let history = if has_parts { ",history" } else { "" };
        let mut text = format!("fold,trial,{},{},objective{history}\n", names.join(","), METRIC_KEYS.join(","));
        for (number, fold) in forwarded.iter().enumerate() {
            for trial in &fold.trials {
                write!(text, "{number},{}", trial.trial).expect("a string can be written");
                text += &values(self.space.dimensions(), Some(&trial.point));
                text += &metrics_row(Some(&trial.scored.metrics));
                write!(text, ",{}", cell(trial.objective)).expect("a string can be written");
                if has_parts {
                    write!(text, ",{}", trial.budget).expect("a string can be written");
                }
                text.push('\n');
            }
        }
        text
    }

    /// `from/to;from/to`, moments.
    fn ranges(&self, rows: &Rows) -> String {
        let moment = |row: usize| match self.timeline.get(row) {
            Some(at) => at.to_string(),
            // After the last row: a bar's length later.
            None => self.timeline.last().map(|at| at.plus(self.experiment.days().timeframe.ns()).to_string()).unwrap_or_default(),
        };
        let words: Vec<String> = rows.ranges().iter().map(|range| format!("{}/{}", moment(range.start), moment(range.end))).collect();
        words.join(";")
    }

    /// The walk-forward's part of `run.json`.
    fn run_json(&self, found: &WalkforwardOutcome) -> Value {
        let chosen = |fold: &&Forwarded| fold.choice.is_some();
        json!({
            "scheme": self.spec.scheme, "edges": self.spec.edges, "rows": self.folds.rows, "folds": self.folds.folds.len(),
            "folds_traded": found.forwarded.iter().filter(chosen).count(),
            "trials": found.trials(), "infeasible": found.forwarded.iter().map(|fold| fold.infeasible).sum::<u64>(),
            "parameters": self.space.dimensions().iter().map(|d| d.name.as_str()).collect::<Vec<_>>(),
            "inner_split": self.spec.inner_split, "finalists": self.spec.finalists,
            "efficiency": found.efficiency(), "pbo_median": found.overfit(),
            "path": found.shown, "paths": found.paths,
        })
    }
}

/// `oos_paths.csv`: the equity of every path at the end of each trading day; a path without that day has its last value.
fn paths_csv(found: &WalkforwardOutcome) -> String {
    let names: Vec<String> = (0..found.paths.len()).map(|path| format!("path_{path}")).collect();
    let mut days: Vec<_> = found.paths.iter().flat_map(|path| path.day_ends.iter().copied()).collect();
    days.sort_unstable();
    days.dedup();
    let mut text = format!("time,{}\n", names.join(","));
    for day in days {
        text += &day.to_string();
        for path in &found.paths {
            let known = path.day_ends.partition_point(|end| *end <= day);
            text += &format!(",{}", cell(known.checked_sub(1).map(|row| path.day_equity[row])));
        }
        text.push('\n');
    }
    text
}

/// A comma and the value of each parameter, empty where it is absent.
fn values(dimensions: &[Dimension], point: Option<&Point>) -> String {
    dimensions.iter().map(|d| format!(",{}", cell(point.and_then(|point| point.get(&d.name))))).collect()
}

fn metrics_row(metrics: Option<&Metrics>) -> String {
    METRIC_KEYS.iter().map(|key| format!(",{}", cell(metrics.and_then(|metrics| metrics.get(key))))).collect()
}

fn cell(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
