//! `cthulu-lab sweep`: many sets of parameters, one chosen, and how much of it is luck.

use std::{fmt::Write, path::Path, sync::atomic::AtomicU64};

use serde_json::json;

use super::{
    args::SweepArgs,
    backtest::{now, processor, read},
    interrupt, print, progress, say,
    summary::{INDENT, count, percent, warnings, with_interval},
    use_threads, wrapped,
};
use crate::{
    error::Result,
    experiment::{Experiment, RunFolder, Sweep, SweepProgress, Swept, Watchers},
    report,
    walk::{Judgement, Knowledge, Ledger, Look, Store},
};

/// Where every run's trials are remembered.
pub(super) const LEDGER: &str = "reports/trials.sqlite";
/// Where what is finished is kept until its run is whole.
pub(super) const CACHE: &str = "reports/.cache";

pub(super) fn run(args: &SweepArgs) -> Result<()> {
    interrupt::watch();
    use_threads(args.threads)?;
    let started = now();
    let spec = read(&args.experiment)?;
    let experiment = progress::show("reading prices", 0, &AtomicU64::new(0), || Experiment::new(spec))?;
    let sweep = Sweep::new(experiment)?;
    let loaded = now();
    let place = args.out.clone().unwrap_or_else(|| Path::new("reports").join(sweep.experiment.id()));
    // A place that cannot be written to is told before the work.
    drop(RunFolder::create(&place)?);
    interrupt::is_resumable();
    let mut store = Store::open(Path::new(CACHE), &sweep.question(), args.fresh)?;
    if !store.is_empty() {
        say(&format!("{} trials are finished already; --fresh begins anew", store.len()));
    }
    let done = SweepProgress::default();
    let searched = progress::search(sweep.trials(), (&done.trials, &done.best), || sweep.search(&mut store, &done))?;
    let played = now();
    let resumed = searched.resumed;
    let folder = interrupt::begin(|| RunFolder::create(&place))?;
    let watchers = if args.no_report { Watchers::Off } else { Watchers::Files(folder.path()) };
    let swept = progress::show("measuring luck", 0, &AtomicU64::new(0), || sweep.finish(searched, watchers))?;
    let known = remember(&sweep, &swept)?;
    let judgement = sweep.judge(&swept, known.as_ref());
    let judged = now();
    let machine = json!({
        "threads": rayon::current_num_threads(),
        "processor": processor(),
        "seconds": {
            "load": (loaded - started).as_secs_f64(), "trials": (played - loaded).as_secs_f64(), "luck": (judged - played).as_secs_f64(),
        },
        "resumed_trials": resumed,
        "bus": swept.outcome.finished.stats,
        "warnings": swept.outcome.finished.warnings,
    });
    let run_json = folder.write_sweep(&sweep, &swept, &judgement, &machine)?;
    if !args.no_report {
        progress::show("drawing the report", 0, &AtomicU64::new(0), || report::write(folder.path()))?;
    }
    interrupt::finish(folder)?;
    store.finish()?;
    if args.json {
        return print(&run_json);
    }
    let place = if args.no_report { place } else { place.join("report.html") };
    print(&text(&sweep, &swept, &judgement, &place))
}

/// Writes the trials down, and answers what is known of their market and span.
fn remember(sweep: &Sweep, swept: &Swept) -> Result<Option<Knowledge>> {
    let (days, markets) = (swept.days(), sweep.experiment.markets());
    let (Some(first_day), Some(last_day)) = (days.first().copied(), days.last().copied()) else { return Ok(None) };
    let mut ledger = Ledger::open(Path::new(LEDGER))?;
    swept.record(sweep, &mut ledger)?;
    ledger.look(&Look { markets: &markets, first_day, last_day, out_of_sample: false })
}

/// What the terminal shows: a dozen lines of at most 80 columns.
fn text(sweep: &Sweep, swept: &Swept, judgement: &Judgement, place: &Path) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        for (i, part) in wrapped(value, super::COLUMNS - INDENT).iter().enumerate() {
            writeln!(text, "{:<INDENT$}{part}", if i == 0 { label } else { "" }).expect("a string can be written");
        }
    };
    for (label, value) in figures(sweep, swept, judgement) {
        line(label, &value);
    }
    let all: Vec<String> = swept.outcome.finished.warnings.iter().chain(&swept.outcome.warnings).cloned().collect();
    for (label, warning) in warnings(&all) {
        line(label, &warning);
    }
    writeln!(text, "{:<INDENT$}{}", "Report", place.display()).expect("a string can be written");
    text
}

fn figures(sweep: &Sweep, swept: &Swept, judgement: &Judgement) -> [(&'static str, String); 7] {
    let (outcome, luck, searched) = (&swept.outcome, &swept.luck, &swept.searched);
    let chosen = &searched.trials[searched.chosen].told;
    let params: Vec<String> = chosen.point.params().iter().map(|(name, value)| format!("{name} {value}")).collect();
    let two = |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), |v| format!("{v:.2}"));
    let three = |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), |v| format!("{v:.3}"));
    let infeasible = if searched.infeasible > 0 { format!(", {} infeasible", count(searched.infeasible)) } else { String::new() };
    let whole = judgement.ledger.as_ref().map_or_else(String::new, |r| {
        let (trials, runs) = (r.knowledge.trials as u64, r.knowledge.runs as u64);
        format!("; the ledger has {} of {} run{} here", count(trials), count(runs), if runs == 1 { "" } else { "s" })
    });
    let interval = |key: &str| outcome.intervals.get(key);
    let fall =
        swept.intervals.get("max_drawdown_fraction").and_then(|found| found.stationary).map_or_else(String::new, |i| {
            format!("{:.0}% interval {} to {}, ", 100.0 * i.level, percent(Some(i.low)), percent(Some(i.high)))
        });
    let played = match luck.played_whole {
        Some(whole) => format!("{} sets begun, {} of them played to the end", count(luck.trials as u64), count(whole as u64)),
        None => format!("{} played", count(searched.trials.len() as u64)),
    };
    [
        ("Verdict", judgement.verdict.headline.clone()),
        ("Chosen", format!("{}: {} {}", params.join(", "), sweep.objective_words(), two(chosen.value))),
        ("Profit factor", with_interval(outcome.metrics.profit_factor, interval("profit_factor"))),
        ("Sharpe", with_interval(outcome.metrics.sharpe, interval("sharpe"))),
        (
            "Drawdown",
            format!(
                "{} ({fall}buy and hold {})",
                percent(outcome.metrics.max_drawdown_fraction),
                percent(outcome.benchmark.max_drawdown_fraction)
            ),
        ),
        ("Luck", format!("p {}, DSR {}, PBO {}", three(judgement.luck_p), two(judgement.dsr), two(luck.overfit.map(|o| o.pbo)))),
        ("Trials", format!("{played}{infeasible}{whole}")),
    ]
}
