//! From a walk-forward to a strategy file for what comes next, with its provenance.

use super::{Walkforward, WalkforwardOutcome};
use crate::{
    error::{Error, Result},
    fold::Rows,
    rule::with_defaults,
    walk::{Forwarded, Judgement},
};

impl Walkforward<'_> {
    /// The strategy's file with what [`Walkforward::latest`] chose as defaults, and a `[provenance]` that says where they
    /// come from and what the walk-forward made of such choices.
    ///
    /// # Errors
    /// When the experiment has several strategies, nothing can be chosen, or the file has no such defaults.
    pub fn strategy_text(&self, found: &WalkforwardOutcome, judgement: &Judgement, (rows, latest): &(Rows, Forwarded)) -> Result<String> {
        let placed = &self.experiment.placed[0];
        if self.experiment.placed.iter().any(|other| other.text != placed.text) {
            let problem = "writes one strategy, and this experiment has several; give each an experiment of its own";
            return Err(Error::config("--choose", problem));
        }
        let nothing =
            || Error::Failed("--choose: no trial had an objective on the latest training window, so there is nothing to write".into());
        let choice = latest.choice.as_ref().ok_or_else(nothing)?;
        let moment = |row: usize| self.timeline[row].to_string();
        let outcome = &found.outcome.metrics;
        let mut told = toml::Table::new();
        let mut say = |key: &str, value: toml::Value| told.insert(key.to_owned(), value);
        say("written_by", format!("cthulu-lab walkforward {}", env!("CARGO_PKG_VERSION")).into());
        say("run", self.id().into());
        say("experiment", self.experiment.spec.name.clone().into());
        say("seed", i64::try_from(self.experiment.spec.seed).unwrap_or(i64::MAX).into());
        let files: Vec<String> = self.experiment.sources.iter().map(|s| format!("{} {}", s.instrument.symbol, s.dataset.sha256)).collect();
        say("data_sha256", files.into());
        say("trained_from", moment(rows.first().unwrap_or(0)).into());
        say("trained_to", moment(rows.end().map_or(0, |end| end - 1)).into());
        say("trials", i64::try_from(latest.trials.len()).unwrap_or(i64::MAX).into());
        say("trial", i64::from(choice.trial).into());
        let mut number = |key: &str, value: Option<f64>| value.map(|value| told.insert(key.to_owned(), value.into()));
        number("objective_searched", choice.searched);
        number("objective_confirmed", choice.confirmed);
        number("in_sample_sharpe", choice.in_sample.metrics.sharpe);
        number("walkforward_sharpe", outcome.sharpe);
        number("walkforward_return_fraction", outcome.return_fraction);
        number("walkforward_max_drawdown_fraction", outcome.max_drawdown_fraction);
        number("walkforward_efficiency", found.efficiency());
        told.insert("verdict".to_owned(), judgement.verdict.headline.clone().into());
        with_defaults(&placed.text, placed.file.name(), choice.point.params(), &told)
    }
}
