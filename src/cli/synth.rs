//! `cthulu-lab data synth`: makes prices whose law is known, plays a strategy on many paths of them, or audits the lab itself.

mod files;

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicU64,
};

use serde_json::{Value, json};

use super::{args::SynthArgs, print, print_json, progress, table, use_threads};
use crate::{
    error::{Error, Result},
    experiment::{Audit, AuditQuestion, DataSpec, Distribution, Experiment, Paths, Planted, RunFolder, Spec, SynthSpec},
    feed::synth::{COMMON, KINDS, Parameter},
    report,
    time::{HOUR, Timeframe},
};

/// The figures of the table; `--json` has them all.
const SHOWN: [&str; 9] =
    ["trades", "win_rate", "profit_factor", "expectancy", "return_fraction", "sharpe", "sortino", "max_drawdown_fraction", "costs_total"];
/// What an audit plants where nobody says.
const PLANTED: [f64; 3] = [0.5, 1.0, 2.0];
/// What is made where nobody says.
const SYMBOL: &str = "SYNTH";
const SEED: u64 = 7;
const BARS: usize = 10_000;
const PATHS: u64 = 200;
/// About six years of days.
const AUDIT_BARS: usize = 2000;

pub(super) fn run(args: &SynthArgs) -> Result<()> {
    refuse_idle(args)?;
    use_threads(args.threads)?;
    if args.audit {
        return audit(args);
    }
    if let Some(file) = &args.experiment {
        let text = std::fs::read_to_string(file).map_err(|e| Error::io(file, "the experiment cannot be read", e))?;
        let spec = Spec::parse(&text, file)?;
        return paths(args, Spec { seed: args.seed.unwrap_or(spec.seed), ..spec });
    }
    match args.kind.as_deref() {
        Some("list") => list(args.json),
        Some(kind) => made(args, synth(args, kind)),
        None => Err(Error::config("kind", "is missing; name what to make, as in 'data synth gbm'")),
    }
}

/// Refuses what would change nothing about what was asked for: whoever typed it meant something by it.
fn refuse_idle(args: &SynthArgs) -> Result<()> {
    let idle = |key: &str, problem: &str| Err(Error::config(key, problem));
    if args.kind.as_deref() == Some("list") {
        return match typed(args).into_iter().find(|(_, is_typed)| *is_typed) {
            Some((key, _)) => idle(key, "changes nothing about the list of kinds; leave it out, or name a kind instead of 'list'"),
            None => Ok(()),
        };
    }
    if args.instruments == 1 && !args.correlation.is_empty() {
        return idle("--correlation", "says how several instruments move together; name how many (--instruments 2), or leave it out");
    }
    let plays = args.strategy.is_some() || args.experiment.is_some();
    if args.no_report && !plays {
        return idle("--no-report", "leaves out the report of many paths, and none is made here; leave it out, or play a --strategy");
    }
    Ok(())
}

/// Whatever may be typed beside a kind, and whether it was.
fn typed(args: &SynthArgs) -> [(&'static str, bool); 14] {
    [
        ("--bars", args.bars.is_some()),
        ("--timeframe", args.timeframe.is_some()),
        ("--seed", args.seed.is_some()),
        ("--param", !args.param.is_empty()),
        ("--symbol", args.symbol.is_some()),
        ("--calendar", args.calendar.is_some()),
        ("--start", args.start.is_some()),
        ("--source", args.source.is_some()),
        ("--instruments", args.instruments != 1),
        ("--correlation", !args.correlation.is_empty()),
        ("--out", args.out.is_some()),
        ("--strategy", args.strategy.is_some()),
        ("--paths", args.paths.is_some()),
        ("--no-report", args.no_report),
    ]
}

impl SynthArgs {
    /// What the prices are called.
    fn symbol(&self) -> &str {
        self.symbol.as_deref().unwrap_or(SYMBOL)
    }
}

/// One kind, as typed: prices to write, or a strategy to play on it.
fn made(args: &SynthArgs, synth: SynthSpec) -> Result<()> {
    if let Some(strategy) = &args.strategy {
        let data = DataSpec { symbol: Some(args.symbol().to_owned()), synth: Some(synth), ..DataSpec::of("") };
        let mut spec = Spec::of(format!("{strategy} on paths"), strategy, vec![data]);
        spec.seed = args.seed.unwrap_or(SEED);
        spec.params = args.strategy_param.iter().cloned().collect();
        return paths(args, spec);
    }
    if let Some(paths) = args.paths {
        let problem =
            format!("{paths} paths of what? name a strategy to play on them (--strategy), an experiment (--experiment), or --audit");
        return Err(Error::config("--paths", problem));
    }
    let Some(out) = &args.out else {
        return Err(Error::config("--out", "is missing; name the file to write, or play a strategy with --strategy NAME --paths N"));
    };
    files::write(args, &synth, args.seed.unwrap_or(SEED), out)
}

fn synth(args: &SynthArgs, kind: &str) -> SynthSpec {
    SynthSpec {
        kind: kind.to_owned(),
        bars: args.bars.unwrap_or(BARS),
        timeframe: args.timeframe.or(Timeframe::from_ns(HOUR)),
        calendar: args.calendar,
        start: args.start,
        seed: None,
        source: args.source.clone(),
        group: None,
        group_correlation: None,
        params: args.param.iter().cloned().collect(),
    }
}

fn list(as_json: bool) -> Result<()> {
    if as_json {
        let told = |p: &Parameter| json!({ "name": p.name, "default": p.default, "min": p.min, "max": p.max, "about": p.about });
        let kinds: Vec<Value> = KINDS
            .iter()
            .map(|k| json!({ "kind": k.name, "about": k.about, "parameters": k.all_parameters().map(told).collect::<Vec<_>>() }))
            .collect();
        return print_json(&json!(kinds));
    }
    let rows = |parameters: &[Parameter]| {
        let row = |p: &Parameter| vec![String::new(), p.name.to_owned(), p.default.to_string(), p.about.to_owned()];
        table(&parameters.iter().map(row).collect::<Vec<_>>())
    };
    let mut text = String::new();
    for kind in KINDS {
        text += &format!("{}: {}\n{}\n", kind.name, kind.about, rows(kind.parameters));
    }
    print(&format!("{text}every kind:\n{}", rows(COMMON)))
}

/// Plays an experiment on many paths, and writes and draws what they tell.
fn paths(args: &SynthArgs, spec: Spec) -> Result<()> {
    let experiment = Experiment::new(spec)?;
    let (done, count) = (AtomicU64::new(0), args.paths.unwrap_or(PATHS));
    let paths = progress::show("playing paths", count, &done, || experiment.play_paths(count, &done))?;
    let place = if args.no_report { None } else { Some(drawn(args, &experiment, &paths)?) };
    if args.json {
        return print_json(&paths.document(&experiment));
    }
    let strategies: Vec<&str> = experiment.placed.iter().map(|p| p.file.name()).collect();
    let mut text = format!("{} on {} paths of {} bars\n", strategies.join(" + "), paths.0.len(), experiment.bars());
    text += &paths_table(&paths);
    let verdicts = paths.verdicts();
    let count = |name: &str| verdicts.get(name).copied().unwrap_or(0);
    text += &format!(
        "Verdicts: {} profitable, {} losing, {} without enough evidence.\n",
        count("profitable"),
        count("loses"),
        count("not_enough_evidence")
    );
    text += &place.map_or_else(String::new, |place| format!("Report: {}\n", place.join("report.html").display()));
    print(&text)
}

/// Writes the paths' folder and its page; where it lies.
fn drawn(args: &SynthArgs, experiment: &Experiment, paths: &Paths) -> Result<PathBuf> {
    let place = args.out.clone().unwrap_or_else(|| Path::new("reports").join(paths.id(experiment)));
    let folder = RunFolder::create(&place)?;
    paths.write(experiment, folder.path())?;
    progress::show("drawing the report", 0, &AtomicU64::new(0), || report::write(folder.path()))?;
    folder.finish()
}

fn paths_table(paths: &Paths) -> String {
    let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
    let mut rows = vec![["metric", "mean", "5 %", "25 %", "median", "75 %", "95 %", "undefined"].map(str::to_owned).to_vec()];
    for (key, d) in paths.distributions().into_iter().filter(|(key, _)| SHOWN.contains(&key.as_str())) {
        let Distribution { undefined, mean, p05, p25, p50, p75, p95, .. } = d;
        let numbers = [mean, p05, p25, p50, p75, p95].map(cell);
        rows.push(std::iter::once(key).chain(numbers).chain([undefined.to_string()]).collect());
    }
    table(&rows)
}

fn audit(args: &SynthArgs) -> Result<()> {
    let sharpes = match args.param.as_slice() {
        [] => PLANTED.to_vec(),
        given if given.iter().all(|(name, value)| name == "sharpe" && *value > 0.0) => given.iter().map(|(_, value)| *value).collect(),
        _ => return Err(Error::config("--param", "an audit takes sharpe alone, above 0, and as often as there are edges to plant")),
    };
    let bars = args.bars.unwrap_or(AUDIT_BARS);
    let paths = args.paths.unwrap_or(PATHS);
    let question = AuditQuestion { paths, bars, sharpes, seed: args.seed.unwrap_or(SEED) };
    let (done, total) = (AtomicU64::new(0), paths * (question.sharpes.len() as u64 + 1));
    let found = progress::show("auditing", total, &done, || Audit::run(&question, &done))?;
    if args.json { print_json(&json!(found)) } else { print(&audit_text(&found)) }
}

fn audit_text(found: &Audit) -> String {
    let Audit { paths, bars, years, planted, .. } = found;
    let share =
        |rate: &crate::experiment::Rate| format!("{:.1} % ({:.1} to {:.1})", 100.0 * rate.rate, 100.0 * rate.low, 100.0 * rate.high);
    let mut rows = vec![
        ["planted", "profitable (95 % interval)", "in theory", "losing", "measured", "interval holds truth"].map(str::to_owned).to_vec(),
    ];
    for p in planted {
        let Planted { sharpe, profitable, profitable_in_theory, loses, measured_sharpe, measured_sharpe_error, covered } = p;
        let measured = measured_sharpe.zip(*measured_sharpe_error).map_or_else(|| "-".into(), |(m, e)| format!("{m:.3} +- {e:.3}"));
        rows.push(vec![
            if *sharpe == 0.0 { "nothing".to_owned() } else { format!("Sharpe {sharpe}") },
            share(profitable),
            format!("{:.1} %", 100.0 * profitable_in_theory),
            format!("{:.1} %", 100.0 * loses.rate),
            measured,
            share(covered),
        ]);
    }
    let told = planted.first().map_or_else(String::new, |twin| {
        format!("Where there was nothing to find, \"profitable\" was said {} times in {}.\n", twin.profitable.count, twin.profitable.of)
    });
    format!("{paths} paths of {bars} days ({years:.1} years) each, the rule that earns the edge, no costs\n{}{told}", table(&rows))
}
