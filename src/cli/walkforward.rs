//! `cthulu-lab walkforward`: search, choose and look, fold by fold, and what came of it.

use std::{
    io::IsTerminal,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError::Timeout, bounded};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use super::{
    args::WalkforwardArgs,
    backtest::{now, processor, read},
    interrupt, print, progress, say,
    sweep::{CACHE, LEDGER},
    use_threads, walk_summary,
};
use crate::{
    error::{Error, Result},
    experiment::{Experiment, RunFolder, Walkforward, Watchers},
    report,
    walk::{ForwardProgress, Ledger, Store},
};

pub(super) fn run(args: &WalkforwardArgs) -> Result<()> {
    interrupt::watch();
    use_threads(args.threads)?;
    let started = now();
    let spec = read(&args.experiment)?;
    let experiment = progress::show("reading prices", 0, &AtomicU64::new(0), || Experiment::new(spec))?;
    let walk = experiment.walkforward()?;
    let loaded = now();
    let place = args.out.clone().unwrap_or_else(|| Path::new("reports").join(walk.id()));
    // A place that cannot be written to is told before the work.
    drop(RunFolder::create(&place)?);
    interrupt::is_resumable();
    let store = Store::open(Path::new(CACHE), &walk.question(), args.fresh)?;
    let resumed = store.len();
    if resumed > 0 {
        say(&format!("{resumed} plays are finished already; --fresh begins anew"));
    }
    let (store, told) = (Mutex::new(store), ForwardProgress::default());
    let folder = interrupt::begin(|| RunFolder::create(&place))?;
    let watchers = if args.no_report { Watchers::Off } else { Watchers::Files(folder.path()) };
    let found = shown(&walk, &told, || walk.run(&store, watchers, &told))?;
    let walked = now();
    let chosen = args.choose.as_ref().map(|_| shown(&walk, &told, || walk.latest(&store, &told))).transpose()?;
    let luck = progress::show("measuring luck", 0, &AtomicU64::new(0), || walk.luck(&found));
    let known = walk.remember(&found, &mut Ledger::open(Path::new(LEDGER))?)?;
    let judgement = walk.judge(&found, &luck, known.as_ref());
    let machine = json!({
        "threads": rayon::current_num_threads(),
        "processor": processor(),
        "seconds": {
            "load": (loaded - started).as_secs_f64(), "folds": (walked - loaded).as_secs_f64(), "luck": (now() - walked).as_secs_f64(),
        },
        "resumed_plays": resumed,
        "bus": found.outcome.finished.stats,
        "warnings": found.outcome.finished.warnings,
    });
    let run_json = folder.write_walkforward(&walk, &found, (&luck, &judgement), &machine)?;
    if !args.no_report {
        progress::show("drawing the report", 0, &AtomicU64::new(0), || report::write(folder.path()))?;
    }
    interrupt::finish(folder)?;
    store.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?;
    if let Some((file, latest)) = args.choose.as_ref().zip(chosen) {
        let text = walk.strategy_text(&found, &judgement, &latest)?;
        std::fs::write(file, text).map_err(|e| Error::io(file, "the strategy cannot be written", e))?;
        say(&format!("the choice for what comes next is in {}", file.display()));
    }
    if args.json {
        return print(&run_json);
    }
    let place = if args.no_report { place } else { place.join("report.html") };
    print(&walk_summary::text(&walk, &found, &judgement, &place))
}

/// Does the work under two bars, folds and trials; on a terminal only, and once it has taken a second.
fn shown<T>(walk: &Walkforward<'_>, told: &ForwardProgress, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (folds, trials) = (walk.folds.folds.len() as u64, walk.planned_trials());
    std::thread::scope(|scope| {
        // Dropping the sender, by return or by panic, ends the display.
        let (working, stopped) = bounded::<()>(0);
        scope.spawn(move || draw(folds, trials, told, &stopped));
        let result = work();
        drop(working);
        result
    })
}

fn draw(folds: u64, trials: u64, told: &ForwardProgress, stopped: &Receiver<()>) {
    if stopped.recv_timeout(Duration::from_secs(1)) != Err(Timeout) {
        return;
    }
    let bars = MultiProgress::new();
    let bar = |what: &'static str, total: u64, template: &str| {
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        bars.add(ProgressBar::new(total).with_message(what).with_style(style))
    };
    let (fold_bar, trial_bar) = (
        bar("folds ", folds, "{msg} {bar:30} {pos:>6} of {len}"),
        bar("trials", trials, "{msg} {bar:30} {pos:>6} of {len}, {eta} left{prefix}"),
    );
    while stopped.recv_timeout(Duration::from_millis(100)) == Err(Timeout) {
        fold_bar.set_position(told.folds.load(Relaxed));
        trial_bar.set_position(told.trials.load(Relaxed));
        trial_bar.set_prefix(progress::best_words(&told.best));
        fold_bar.tick();
        trial_bar.tick();
    }
    fold_bar.finish_and_clear();
    trial_bar.finish_and_clear();
}
