//! Fifty million ticks from disk: how fast they are replayed, and how much memory that takes.
//!
//! `cargo bench --bench ticks` writes the file once (a seeded walk of quotes, about a month of a busy pair a million) and then plays it in
//! processes of their own, so that writing it does not count: through the engine alone, and as the command does from start to exit.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "a bench measures wall time, prints it, and generates prices"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use cthulu_lab::{
    broker::{Costs, MarketFill, Simulator, Venue},
    bus::{Bus, Journal, Policy},
    data::{ReadOptions, load, write_ticks_parquet},
    engine::{self, Account, Seat},
    event::{Mode, Names},
    feed::{Prices, TickReplay},
    market::{Calendar, Instrument, InstrumentId, Quoting, Ticks},
    risk::{Limits, Lots, Sizing},
    rule::StrategyFile,
    seed::Seed,
    strategy::{RuleStrategy, STRATEGIES, Strategy as _},
    time::Nanos,
};
use rand_chacha::rand_core::Rng;

const TICKS: usize = 50_000_000;
/// Set in the process that plays the file.
const PLAYS: &str = "CTHULU_BENCH_PLAYS";

fn main() {
    if let Some(path) = std::env::var_os(PLAYS) {
        return play(Path::new(&path));
    }
    let file = ticks_file();
    println!("{}: {TICKS} ticks, {} MB", file.display(), fs::metadata(&file).expect("written").len() / 1_000_000);
    let this = std::env::current_exe().expect("a bench knows its own file");
    measure("engine alone", Command::new(this).env(PLAYS, &file));
    let experiment = file.with_extension("toml");
    let text = "strategy = \"sma_crossover\"\n[[data]]\npath = \"ticks.parquet\"\nsymbol = \"WALK\"\ntimeframe = \"1m\"\n[costs]\nspread = \"data\"\n";
    fs::write(&experiment, text).expect("the target folder can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cthulu-lab"));
    command.current_dir(file.parent().expect("in a folder")).args(["backtest", "ticks.toml", "--out", "run", "--no-report", "--json"]);
    measure("cthulu-lab backtest, from start to exit", command.stdout(Stdio::null()));
}

/// Writes the file, unless an earlier bench has.
fn ticks_file() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ticks");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let file = folder.join("ticks.parquet");
    if !file.exists() {
        write_ticks_parquet(&walk(), &file).expect("the target folder can be written");
    }
    file
}

/// A walk in steps of a tenth of a pip, two to three hundred milliseconds apart on average, with a spread that breathes.
fn walk() -> Ticks {
    let mut generator = Seed::new(42).generator();
    let (mut at, mut points) = (1_388_534_400_000_i64, 137_500_i64);
    let (mut times, mut bids, mut asks) = (Vec::with_capacity(TICKS), Vec::with_capacity(TICKS), Vec::with_capacity(TICKS));
    for _ in 0..TICKS {
        let random = generator.next_u64();
        at += (random & 511) as i64;
        points = (points + ((random >> 16) % 5) as i64 - 2).max(50_000);
        times.push(Nanos(at * 1_000_000));
        bids.push(points as f64 / 1e5);
        asks.push((points + 8 + ((random >> 32) % 6) as i64) as f64 / 1e5);
    }
    Ticks::from_columns(times, bids, asks)
}

/// Runs a process to its end and prints its time and the most memory it had.
fn measure(name: &str, command: &mut Command) {
    let begun = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let most = watch(&mut child);
    let seconds = begun.elapsed().as_secs_f64();
    println!("{name}: {seconds:.2} s, {:.2} M ticks/s, peak memory {} MB (VmHWM)", TICKS as f64 / seconds / 1e6, most / 1000);
}

/// Waits, and answers the highest peak seen, in kB.
fn watch(child: &mut Child) -> u64 {
    let mut most = 0;
    loop {
        most = most.max(peak(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            assert!(status.success(), "the run failed");
            return most;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().split(' ').next()?.parse().ok()
}

/// Checks the file, builds its bars, and replays it with a journal: the two passes a run makes.
fn play(path: &Path) {
    let begun = Instant::now();
    let options = ReadOptions { timeframe: Some("1m".parse().expect("a bar length")), ..ReadOptions::default() };
    let dataset = load(path, &options).expect("sound");
    let loaded = begun.elapsed();
    let text = STRATEGIES.iter().find(|(name, _)| *name == "sma_crossover").expect("shipped").1;
    let file = StrategyFile::parse(text, "sma_crossover.toml").expect("sound");
    let mut strategy = RuleStrategy::new(file.compile_for(dataset.bars.timeframe(), Calendar::RoundTheClock).expect("compiles"));
    strategy.prepare(&dataset.bars);
    let mut seats = [Seat { strategy: Box::new(strategy), instrument: InstrumentId(0), weight: 1.0 }];
    let account = Account {
        cash: 10_000.0,
        sizing: Sizing::Fraction(1.0),
        lots: Lots::Fractional,
        limits: Limits::default(),
        instruments: vec![Instrument::fractional("WALK")],
        gaps: Vec::new(),
        close_at_end: false,
    };
    let venue = Venue { quoting: Quoting::default(), costs: Costs::default(), contract_size: 1.0, ..Venue::default() };
    let names = Names {
        run: "bench".into(),
        symbols: vec!["WALK".into()],
        contract_sizes: vec![1.0],
        strategies: vec!["sma_crossover".into()],
        instruments: vec![InstrumentId(0)],
        features: vec![seats[0].strategy.feature_names()],
    };
    let mut broker = Simulator::new(vec![venue.clone()], 1.0, MarketFill::NextOpen);
    let mut bus = Bus::new(Arc::new(names), Mode::Backtest);
    bus.add(Box::new(Journal::new()), Policy::Wait).expect("a thread");
    let begun = Instant::now();
    let prices = [Prices::Ticks(dataset.ticks.expect("ticks"), Arc::clone(&dataset.bars))];
    let mut feed = TickReplay::new(&prices).expect("a thread");
    let run = engine::run(&mut feed, &mut seats, &mut broker, &account, &mut bus);
    feed.finish().expect("whole");
    let replayed = begun.elapsed();
    bus.finish().expect("whole");
    assert_eq!(run.bars, dataset.rows);
    let rate = |time: Duration| TICKS as f64 / time.as_secs_f64() / 1e6;
    println!("  check and build {} bars: {loaded:.2?}, {:.2} M ticks/s", run.bars, rate(loaded));
    println!("  replay with {} trades: {replayed:.2?}, {:.2} M ticks/s", run.trades.len(), rate(replayed));
}
