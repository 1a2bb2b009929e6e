//! The run folder: written beside its place and moved there whole, so that nobody ever sees half of one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::{Experiment, Outcome, Source, rows};
use crate::{
    data::Finding,
    engine::{Attribution, Crossing},
    error::{Error, Result},
};

/// At most this many of the positions held over a gap are told one by one; the events have all.
const CROSSINGS_TOLD: usize = 50;

/// A run folder in the making. Dropped before [`RunFolder::finish`], it leaves nothing behind.
pub struct RunFolder {
    partial: PathBuf,
    place: PathBuf,
    finished: bool,
}

impl RunFolder {
    /// Prepares to write at `place`, replacing a run folder that is there.
    ///
    /// # Errors
    /// When `place` is there and is anything but a run folder, or nothing can be written beside it; both are the caller's choice of place.
    pub fn create(place: &Path) -> Result<Self> {
        // Where a link leads is replaced, never the link.
        let place = &fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        if let Some(problem) = in_the_way(place) {
            return Err(Error::config(place.display().to_string(), format!("{problem}; choose another folder with --out")));
        }
        let name = place.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_else(|| "run".into());
        let parent = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let partial = parent.join(format!(".{name}.partial-{}", std::process::id()));
        let unwritable = |e: std::io::Error| {
            Error::config(place.display().to_string(), format!("the run folder cannot be created ({e}); choose another with --out"))
        };
        fs::create_dir_all(&partial).map_err(unwritable)?;
        Ok(Self { partial, place: place.to_owned(), finished: false })
    }

    /// Where files are written until the folder is finished.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// Writes what an outcome tells, into [`RunFolder::path`]; answers `run.json` as written.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, experiment: &Experiment, outcome: &Outcome, machine: &Value) -> Result<String> {
        let run_json = pretty(&run_json(experiment, outcome));
        let told = |s: &Source| {
            s.dataset.findings.iter().map(|f| FileFinding { file: s.spec.path.clone(), finding: f.clone() }).collect::<Vec<_>>()
        };
        let findings: Vec<_> = experiment.sources.iter().flat_map(told).collect();
        rows::write(&self.partial, "run.json", &run_json)?;
        rows::write(&self.partial, "machine.json", pretty(machine))?;
        rows::write(&self.partial, "verdict.json", pretty(&json!(outcome.verdict)))?;
        rows::write(&self.partial, "findings.json", pretty(&json!(findings)))?;
        rows::write(&self.partial, "trades.csv", rows::trades(experiment, outcome))?;
        rows::write(&self.partial, "equity.csv", rows::equity(outcome, experiment.spec.account.cash))?;
        rows::write(&self.partial, "buyhold.csv", rows::buy_and_hold(outcome))?;
        Ok(run_json)
    }

    /// Moves the folder to its place, and answers that place. A run that was there goes only once the new one stands.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn finish(mut self) -> Result<PathBuf> {
        let old = self.partial.with_extension("old");
        let is_replacing = self.place.exists();
        if is_replacing {
            fs::rename(&self.place, &old).map_err(|e| Error::io(&self.place, "cannot be replaced", e))?;
        }
        if let Err(e) = fs::rename(&self.partial, &self.place) {
            if is_replacing {
                // The run that was there is worth more than this message.
                let _ = fs::rename(&old, &self.place);
            }
            return Err(Error::io(&self.place, "cannot be written", e));
        }
        self.finished = true;
        if is_replacing {
            fs::remove_dir_all(&old).map_err(|e| Error::io(&old, "cannot be removed", e))?;
        }
        Ok(self.place.clone())
    }
}

/// Why what is at `place` may not be replaced by a run: only a folder of nothing but a run's own files may.
fn in_the_way(place: &Path) -> Option<String> {
    let metadata = fs::symlink_metadata(place).ok()?;
    if !metadata.is_dir() {
        return Some("is there, and is no folder".to_owned());
    }
    let names = match fs::read_dir(place) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect::<Vec<_>>(),
        Err(e) => return Some(format!("cannot be looked into ({e})")),
    };
    if !names.is_empty() && !place.join("run.json").is_file() {
        return Some("is not empty and holds no run.json".to_owned());
    }
    let foreign = names.iter().filter(|name| !is_of_a_run(name) || place.join(name).is_dir()).min()?;
    Some(format!("holds '{foreign}', which no run wrote and which would be lost; move it away"))
}

/// Whether a run folder has files of this name.
fn is_of_a_run(name: &str) -> bool {
    const FILES: [&str; 17] = [
        "run.json",
        "machine.json",
        "verdict.json",
        "findings.json",
        "trades.csv",
        "equity.csv",
        "buyhold.csv",
        "trials.csv",
        "folds.csv",
        "paths.csv",
        "oos_paths.csv",
        "fan.csv",
        "events.jsonl.gz",
        "comprehensive_metrics.csv",
        "report.html",
        "compare.html",
        "report.md",
    ];
    FILES.contains(&name)
        || name.ends_with(".png")
        || name.starts_with("run.sqlite")
        || (name.starts_with("training_log.") && name.ends_with(".jsonl.gz"))
}

/// A finding, and the file it is from.
#[derive(serde::Serialize)]
struct FileFinding {
    file: String,
    #[serde(flatten)]
    finding: Finding,
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing can be done, and nothing is lost, when even this fails.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

pub(super) fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a JSON value has a text");
    text.push('\n');
    text
}

/// What was asked, and with what: the program, the experiment as checked, strategies and data.
pub(super) fn manifest(experiment: &Experiment) -> Value {
    let data: Vec<Value> = experiment
        .sources
        .iter()
        .map(|s| {
            let mut told = json!({
                "path": s.spec.path, "symbol": s.instrument.symbol, "timeframe": s.dataset.bars.timeframe(), "rows": s.dataset.bars.len(),
                "first": s.dataset.bars.opened_at().first(), "last": s.dataset.bars.opened_at().last(), "sha256": s.dataset.sha256,
                "zone": s.spec.zone, "price_side": s.spec.price_side, "calendar": s.days, "instrument": s.instrument,
            });
            if !s.side_files.is_empty() {
                told["side_files"] = json!(s.side_files);
            }
            if let Some(ticks) = &s.dataset.ticks {
                told["ticks"] = ticks.count().into();
            }
            if let Some(finer) = &s.finer {
                told["finer"] = json!({
                    "path": finer.path, "rows": finer.finer.len(), "sha256": finer.sha256, "uncovered_bars": finer.uncovered_bars,
                });
            }
            told
        })
        .collect();
    let strategies: Vec<Value> = experiment
        .placed
        .iter()
        .map(|p| {
            let symbol = &experiment.sources[usize::from(p.instrument.0)].instrument.symbol;
            json!({ "name": p.name, "about": p.file.about(), "loses_when": p.file.loses_when(), "symbol": symbol, "params": p.file.values(), "weight": p.weight, "text": p.text })
        })
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"), "git_commit": option_env!("CTHULU_GIT_COMMIT"), "lockfile_sha256": env!("CTHULU_LOCKFILE_SHA256"),
        "spec": experiment.spec, "strategies": strategies, "data": data, "seed": experiment.spec.seed,
    })
}

/// Everything deterministic about a run.
pub(super) fn run_json(experiment: &Experiment, outcome: &Outcome) -> Value {
    let attribution = Attribution::of(&outcome.run);
    let mut run = json!({
        "id": outcome.id,
        "name": experiment.spec.name,
        "kind": "backtest",
        "manifest": manifest(experiment),
        "metrics": outcome.metrics,
        "counts": counts(outcome),
        "flags": { "no_losses": outcome.metrics.trades > 0 && outcome.metrics.gross_loss == Some(0.0) },
        "costs": outcome.costs,
        "attribution": attribution,
        "break_even": attribution.break_even(),
        "intervals": outcome.intervals,
        "benchmark": outcome.benchmark,
        "equity_rows": outcome.equity_rows(),
        "periods_per_year": outcome.periods_per_year,
        "event_log_sha256": outcome.finished.event_log_sha256,
        "warnings": outcome.warnings,
    });
    if !outcome.run.crossings.is_empty() {
        run["gaps_crossed"] = gaps_crossed(experiment, &outcome.run.crossings);
    }
    if let Some(interval) = &outcome.fill_interval {
        run["fill_interval"] = json!(interval);
    }
    run
}

/// Positions held over holes in the data: how often, and the longest holes.
fn gaps_crossed(experiment: &Experiment, crossings: &[Crossing]) -> Value {
    let mut longest: Vec<&Crossing> = crossings.iter().collect();
    longest.sort_by_key(|crossing| std::cmp::Reverse(crossing.gap.missing_bars));
    let told = |c: &&Crossing| {
        let symbol = &experiment.sources[usize::from(c.instrument.0)].instrument.symbol;
        json!({ "ticket": c.ticket, "symbol": symbol, "from": c.gap.from, "to": c.gap.to, "missing_bars": c.gap.missing_bars })
    };
    json!({ "count": crossings.len(), "longest": longest.iter().take(CROSSINGS_TOLD).map(told).collect::<Vec<_>>() })
}

/// What happened how often.
fn counts(outcome: &Outcome) -> Value {
    let kinds = outcome.finished.kinds.clone().unwrap_or_default();
    let of = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
    let mut counts = Map::new();
    for (name, count) in [
        ("signals", of("signal_generated")),
        ("orders", of("order_submitted")),
        ("fills", of("order_filled")),
        ("trades", of("trade_closed")),
        ("refused", of("order_refused") + of("signal_rejected")),
        ("rejected", of("order_rejected")),
        ("cancelled", of("order_cancelled")),
        ("risk_limits", of("risk_limit_hit")),
        ("ambiguous_bars", outcome.run.ambiguous_bars),
        ("open_positions", outcome.run.book.positions().len() as u64),
        ("events", kinds.values().sum()),
    ] {
        counts.insert(name.into(), count.into());
    }
    Value::Object(counts)
}
