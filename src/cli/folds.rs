//! `cthulu-lab folds`: every fold of a walk-forward, before anything runs.

use std::sync::atomic::AtomicU64;

use super::{args::FoldsArgs, backtest, print, print_json, progress, table};
use crate::{
    error::Result,
    experiment::Experiment,
    fold::{Folds, Rows},
    time::Nanos,
};

pub(super) fn run(args: &FoldsArgs) -> Result<()> {
    let spec = backtest::read(&args.experiment)?;
    let experiment = progress::show("reading prices", 0, &AtomicU64::new(0), || Experiment::new(spec))?;
    let folds = experiment.folds()?;
    if args.json {
        return print_json(&serde_json::json!(folds));
    }
    print(&told(&folds, &experiment.timeline()))
}

fn told(folds: &Folds, at: &[Nanos]) -> String {
    let head = ["fold", "train", "rows", "test", "rows"].map(str::to_owned).to_vec();
    let row = |(number, fold): (usize, &crate::fold::Fold)| {
        vec![number.to_string(), spans(&fold.train, at), fold.train.len().to_string(), spans(&fold.test, at), fold.test.len().to_string()]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(folds.folds.iter().enumerate().map(row)).collect();
    let tested = folds.paths.first().map_or(0, |path| path.iter().map(|leg| leg.rows.len()).sum::<usize>());
    let mut text = table(&rows) + &format!("\n{} rows, {} folds, {tested} rows tested", folds.rows, folds.folds.len());
    text += &match folds.paths.len() {
        1 => ".\n".to_owned(),
        paths => format!(" by each of {paths} paths:\n\n{}", paths_told(folds)),
    };
    text
}

/// Which fold tests each group on each path.
fn paths_told(folds: &Folds) -> String {
    let row = |(number, path): (usize, &Vec<crate::fold::Leg>)| {
        let legs: Vec<String> = path.iter().map(|leg| leg.fold.to_string()).collect();
        vec![format!("path {number}"), format!("folds {}", legs.join(" "))]
    };
    table(&folds.paths.iter().enumerate().map(row).collect::<Vec<_>>())
}

/// Dates of the first and last row of each range, the years once where they fit.
fn spans(rows: &Rows, at: &[Nanos]) -> String {
    let day = |row: usize| at[row].civil().date().to_string();
    let words: Vec<String> = rows.ranges().iter().map(|range| format!("{}..{}", day(range.start), day(range.end - 1))).collect();
    words.join(" ")
}
