//! A walk-forward in a dozen lines.

use std::path::Path;

use super::summary;
use crate::{
    experiment::{Walkforward, WalkforwardOutcome},
    walk::Judgement,
};

/// The words on the terminal.
pub(super) fn text(walk: &Walkforward<'_>, found: &WalkforwardOutcome, judgement: &Judgement, place: &Path) -> String {
    let folds = walk.folds.folds.len();
    let or_undefined = |value: Option<f64>, digits: usize| value.map_or_else(|| "undefined".to_owned(), |v| format!("{v:.digits$}"));
    let mean = |values: Vec<f64>| crate::stats::moments::mean(&values);
    let sharpes = |of: fn(&crate::walk::Choice) -> Option<f64>| {
        mean(found.forwarded.iter().filter_map(|fold| fold.choice.as_ref().and_then(of)).collect())
    };
    let inside = sharpes(|choice| choice.in_sample.metrics.sharpe);
    let outside = sharpes(|choice| choice.out_of_sample.as_ref().and_then(|scored| scored.metrics.sharpe));
    let mut lines = vec![
        (
            "Folds",
            format!(
                "{folds} {}, {} trials; positions are {} at their edges",
                walk.spec.scheme.name(),
                found.trials(),
                walk.spec.edges.words()
            ),
        ),
        ("Sharpe by fold", format!("{} in sample, {} out of sample (means)", or_undefined(inside, 2), or_undefined(outside, 2))),
        (
            "Efficiency",
            format!(
                "{} of the annual return in sample",
                found.efficiency().map_or_else(|| "undefined part".to_owned(), |e| format!("{:.0}%", 100.0 * e))
            ),
        ),
        ("Overfitting", format!("{} probability within a fold (median)", or_undefined(found.overfit(), 2))),
    ];
    let three = |value: Option<f64>| or_undefined(value, 3);
    let counted = judgement
        .ledger
        .as_ref()
        .map_or_else(String::new, |r| format!("; trials and specifications that looked here so far: {}", r.knowledge.trials));
    lines.push(("Luck", format!("p {}, DSR {}{counted}", three(judgement.luck_p), or_undefined(judgement.dsr, 2))));
    if found.paths.len() > 1 {
        let each: Vec<String> = found.paths.iter().map(|path| or_undefined(path.sharpe, 2)).collect();
        lines.push(("Paths", format!("Sharpe {}; the run is path {}", each.join(", "), found.shown)));
    }
    summary::with_more(walk.experiment, &found.outcome, (&judgement.verdict.headline, &lines), place)
}
