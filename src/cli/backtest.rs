//! `cthulu-lab backtest`: from a question to a run folder and a dozen lines in the terminal.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Instant,
};

use serde_json::json;

use super::{args::BacktestArgs, print, say, summary};
use crate::{
    error::{Error, Result},
    experiment::{DataSpec, Experiment, RunFolder, Spec, StrategyChoice, Watchers},
};

/// The folder that an interrupt must remove.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

pub(super) fn run(args: &BacktestArgs) -> Result<()> {
    if let Some(threads) = args.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
        pool.map_err(|e| Error::Failed(format!("threads cannot be started: {e}")))?;
    }
    let started = now();
    let experiment = Experiment::new(spec(args)?)?;
    let loaded = now();
    let place = args.out.clone().unwrap_or_else(|| Path::new("reports").join(experiment.id()));
    let folder = RunFolder::create(&place)?;
    remove_when_interrupted(folder.path());
    let watchers = if args.no_report { Watchers::Off } else { Watchers::Files(folder.path()) };
    let outcome = experiment.run(watchers)?;
    let played = now();
    let machine = json!({
        "threads": rayon::current_num_threads(),
        "processor": processor(),
        "seconds": { "load": (loaded - started).as_secs_f64(), "run": (played - loaded).as_secs_f64() },
        "bus": outcome.finished.stats,
    });
    let written = folder.finish(&experiment, &outcome, &machine, !args.no_report)?;
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        *unfinished = None;
    }
    if args.json {
        return print(&written.run_json);
    }
    print(&summary::text(&experiment, &outcome, &written))
}

#[expect(clippy::disallowed_methods, reason = "timings go to machine.json, outside the determinism contract")]
fn now() -> Instant {
    Instant::now()
}

/// The processor's name, where the system tells it.
fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Ctrl-C leaves no half-written run folder.
fn remove_when_interrupted(partial: &Path) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        *unfinished = Some(partial.to_owned());
    }
    let set = ctrlc::set_handler(|| {
        if let Ok(unfinished) = UNFINISHED.lock()
            && let Some(folder) = unfinished.as_ref()
        {
            let _ = fs::remove_dir_all(folder);
        }
        say("interrupted: nothing was written");
        std::process::exit(130);
    });
    if let Err(error) = set {
        say(&format!("warning: an interrupt may leave {} behind: {error}", partial.display()));
    }
}

/// The experiment file with what the command line puts over it.
fn spec(args: &BacktestArgs) -> Result<Spec> {
    let mut spec = match (&args.experiment, &args.strategy) {
        (Some(path), _) => read(path)?,
        (None, Some(strategy)) if !args.data.is_empty() => bare(strategy),
        (None, _) => read(Path::new("experiments/default.toml"))?,
    };
    if let Some(strategy) = &args.strategy {
        spec.strategy = StrategyChoice::One(strategy.clone());
        if args.experiment.is_none() || !args.data.is_empty() {
            spec.params.clear();
        }
    }
    if !args.data.is_empty() {
        spec.data = args.data.iter().map(|text| data(text)).collect();
    }
    for data in &mut spec.data {
        data.from = args.from.or(data.from);
        data.to = args.to.or(data.to);
    }
    spec.params.extend(args.param.iter().cloned());
    spec.account.cash = args.cash.unwrap_or(spec.account.cash);
    spec.seed = args.seed.unwrap_or(spec.seed);
    Ok(spec)
}

fn read(path: &Path) -> Result<Spec> {
    let text =
        fs::read_to_string(path).map_err(|e| Error::config(path.display().to_string(), format!("the experiment cannot be read: {e}")))?;
    Spec::parse(&text, path)
}

/// An experiment without a file: every default.
fn bare(strategy: &str) -> Spec {
    Spec {
        name: Path::new(strategy).file_stem().map_or_else(|| strategy.to_owned(), |s| s.to_string_lossy().into_owned()),
        seed: 7,
        strategy: StrategyChoice::One(strategy.to_owned()),
        params: Default::default(),
        data: Vec::new(),
        account: Default::default(),
        costs: None,
        fills: Default::default(),
        risk: Default::default(),
        search: None,
        walkforward: None,
        model: None,
    }
}

/// `FILE` or `FILE:SYMBOL`; a colon inside an existing file's name is part of the name.
fn data(text: &str) -> DataSpec {
    let (path, symbol) = match text.rsplit_once(':') {
        Some((path, symbol)) if !symbol.is_empty() && !symbol.contains(['/', '\\', '.']) && !Path::new(text).exists() => {
            (path, Some(symbol.to_owned()))
        }
        _ => (text, None),
    };
    DataSpec {
        path: path.to_owned(),
        symbol,
        timeframe: None,
        zone: "UTC".into(),
        date_order: None,
        price_side: Default::default(),
        from: None,
        to: None,
    }
}
