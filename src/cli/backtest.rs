//! `cthulu-lab backtest`: from a question to a run folder and a dozen lines in the terminal.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

use serde_json::json;

use super::{
    args::{BacktestArgs, FileArgs},
    interrupt, print, progress, summary, use_threads,
};
use crate::{
    error::{Error, Result},
    experiment::{DataSpec, Experiment, Outcome, RunFolder, Spec, StrategyChoice, Watchers},
    report,
};

/// What runs when nothing is named.
pub(super) const DEFAULT: &str = "experiments/default.toml";

pub(super) fn run(args: &BacktestArgs) -> Result<()> {
    interrupt::watch();
    use_threads(args.threads)?;
    let started = now();
    let spec = spec(args)?;
    let experiment = progress::show("reading prices", 0, &AtomicU64::new(0), || Experiment::new(spec))?;
    let loaded = now();
    let place = args.out.clone().unwrap_or_else(|| Path::new("reports").join(experiment.id()));
    let folder = interrupt::begin(|| RunFolder::create(&place))?;
    let outcome = play(&experiment, if args.no_report { Watchers::Off } else { Watchers::Files(folder.path()) })?;
    let machine = json!({
        "threads": rayon::current_num_threads(),
        "processor": processor(),
        "seconds": { "load": (loaded - started).as_secs_f64(), "run": (now() - loaded).as_secs_f64() },
        "bus": outcome.finished.stats,
        "warnings": outcome.finished.warnings,
    });
    let run_json = folder.write(&experiment, &outcome, &machine)?;
    if !args.no_report {
        progress::show("drawing the report", 0, &AtomicU64::new(0), || report::write(folder.path()))?;
    }
    interrupt::finish(folder)?;
    if args.json {
        return print(&run_json);
    }
    let place = if args.no_report { place } else { place.join("report.html") };
    print(&summary::text(&experiment, &outcome, &place))
}

/// Plays an experiment, showing how far it is.
pub(super) fn play(experiment: &Experiment, watchers: Watchers<'_>) -> Result<Outcome> {
    let bars_done = Arc::new(AtomicU64::new(0));
    progress::show("playing", experiment.bars(), &bars_done, || experiment.run_counted(watchers, &bars_done))
}

#[expect(clippy::disallowed_methods, reason = "timings go to machine.json, outside the determinism contract")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// The processor's name, where the system tells it.
pub(super) fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The experiment file with what the command line puts over it.
fn spec(args: &BacktestArgs) -> Result<Spec> {
    let data = args.data.iter().map(|text| data(text, &args.file)).collect::<Result<Vec<_>>>()?;
    let mut spec = match (&args.experiment, &args.strategy) {
        (Some(path), _) => read(path)?,
        (None, Some(strategy)) if !data.is_empty() => bare(strategy),
        (None, _) => read_default()?,
    };
    if let Some(strategy) = &args.strategy {
        spec.strategy = StrategyChoice::One(strategy.clone());
        // Values meant for another strategy are none for this one.
        spec.params.clear();
    }
    if !data.is_empty() {
        spec.data = data;
    }
    for data in &mut spec.data {
        data.from = args.from.or(data.from);
        data.to = args.to.or(data.to);
    }
    spec.params.extend(args.param.iter().cloned());
    spec.account.cash = args.cash.unwrap_or(spec.account.cash);
    spec.fills.interval |= args.fill_interval;
    spec.seed = args.seed.unwrap_or(spec.seed);
    Ok(spec)
}

pub(super) fn read(path: &Path) -> Result<Spec> {
    if !path.exists() {
        return Err(Error::absent(path));
    }
    if path.is_dir() {
        return Err(Error::config(path.display().to_string(), "is a folder; name an experiment file in it"));
    }
    let text = fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => {
            Error::config(path.display().to_string(), "is no text, and an experiment is a TOML file; a price file is named with --data")
        }
        _ => Error::io(path, "the experiment cannot be read", e),
    })?;
    Spec::parse(&text, path)
}

fn read_default() -> Result<Spec> {
    if !Path::new(DEFAULT).exists() {
        let problem = "there is no such file here; run in the project's folder, name an experiment, or give --strategy and --data";
        return Err(Error::config(DEFAULT, problem));
    }
    read(Path::new(DEFAULT))
}

/// An experiment without a file: every default.
fn bare(strategy: &str) -> Spec {
    let name = Path::new(strategy).file_stem().map_or_else(|| strategy.to_owned(), |s| s.to_string_lossy().into_owned());
    Spec::of(name, strategy, Vec::new())
}

/// `FILE` or `FILE:SYMBOL`, with what the arguments say of every file.
pub(super) fn data(text: &str, says: &FileArgs) -> Result<DataSpec> {
    let (path, symbol) = split_symbol(text);
    if path.is_empty() || (path.ends_with(':') && !Path::new(path).exists()) {
        return Err(Error::config("--data", format!("'{text}' is not FILE or FILE:SYMBOL, such as prices.csv:EURUSD")));
    }
    Ok(DataSpec {
        symbol,
        zone: says.tz.clone(),
        date_order: says.date_order,
        timeframe: says.timeframe,
        calendar: says.calendar,
        format: super::data::named_format(says, None),
        ..DataSpec::of(path)
    })
}

/// A colon inside an existing file's name is part of the name.
fn split_symbol(text: &str) -> (&str, Option<String>) {
    match text.rsplit_once(':') {
        Some((path, symbol)) if !symbol.is_empty() && !symbol.contains(['/', '\\']) && !PathBuf::from(text).exists() => {
            (path, Some(symbol.to_owned()))
        }
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_follows_the_last_colon() {
        assert_eq!(split_symbol("prices.csv:EURUSD"), ("prices.csv", Some("EURUSD".into())));
        assert_eq!(split_symbol("a/prices.csv:BRK.B"), ("a/prices.csv", Some("BRK.B".into())));
        assert_eq!(split_symbol("prices.csv"), ("prices.csv", None));
        assert_eq!(split_symbol(r"C:\prices.csv"), (r"C:\prices.csv", None));
    }
}
