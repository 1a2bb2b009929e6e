//! How fast the main job is: reading a million bars, the loop alone, and the whole process as a user starts it.
//!
//! `cargo bench` prints each figure; the claims in `README.md` and `docs/performance.md` name the bench they come from. The prices are
//! made here, from a seed, so that the bench needs no file. `benches/peers/` does the same work in other tools.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cthulu_lab::{
    broker::{Costs, MarketFill, Simulator, Venue},
    bus::{Bus, Journal, Policy},
    data::{ReadOptions, read_bars, write_csv, write_parquet},
    engine::{self, Account, Seat},
    event::{Mode, Names},
    feed::Replay,
    market::{Bar, Bars, Calendar, Instrument, InstrumentId, Quoting},
    risk::{Limits, Lots, Sizing},
    rule::StrategyFile,
    seed::Seed,
    strategy::{RuleStrategy, STRATEGIES, Strategy},
    time::{MINUTE, Nanos},
};
use rand_chacha::rand_core::Rng;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BARS: usize = 1_000_000;

/// A million minutes of a random walk whose swings are those of a currency pair, prices with eight decimals.
fn walk() -> Bars {
    let mut generator = Seed::new(42).generator();
    let mut unit = || (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
    let round = |price: f64| (price * 1e8).round() / 1e8;
    let mut bars = Bars::new("1m".parse().expect("a bar length"));
    let mut last = 1.1;
    for i in 0..BARS as i64 {
        let opened_at = Nanos(1_704_067_200_000_000_000 + i * MINUTE);
        let (open, close) = (round(last * (1.0 + 2e-5 * unit())), round(last * (1.0 + 4e-4 * unit())));
        let (up, down) = (1e-4 * unit().abs(), 1e-4 * unit().abs());
        let (high, low) = (round(open.max(close) * (1.0 + up)), round(open.min(close) * (1.0 - down)));
        bars.push(&Bar { opened_at, closed_at: opened_at.plus(MINUTE), open, high, low, close, volume: 1000.0, ..Bar::default() });
        last = close;
    }
    bars
}

/// Where the bench keeps its price files.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speed");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

fn reading(c: &mut Criterion) {
    let (bars, folder) = (walk(), folder());
    let (csv, parquet) = (folder.join("walk.csv"), folder.join("walk.parquet"));
    write_csv(&bars, &csv).expect("written");
    write_parquet(&bars, &parquet).expect("written");
    let mut group = c.benchmark_group("read_1m_bars");
    group.sample_size(10).throughput(Throughput::Elements(BARS as u64));
    for (name, path) in [("csv", &csv), ("parquet", &parquet)] {
        group.bench_function(name, |b| b.iter(|| read_bars(path, &ReadOptions::default()).expect("sound")));
    }
    group.finish();
}

/// The loop with the journal on, without reading files and without statistics: time an element is time a bar. What the journal still
/// writes when the loop has ended is not the loop's.
fn looping(c: &mut Criterion) {
    let bars = Arc::new(walk());
    let text = STRATEGIES.iter().find(|(name, _)| *name == "sma_crossover").expect("shipped").1;
    let file = StrategyFile::parse(text, "sma_crossover.toml").expect("sound");
    let account = Account {
        cash: 10_000.0,
        sizing: Sizing::Fraction(1.0),
        lots: Lots::Fractional,
        limits: Limits::default(),
        instruments: vec![Instrument::fractional("WALK")],
        gaps: Vec::new(),
        close_at_end: false,
    };
    let venue = Venue {
        quoting: Quoting::default(),
        costs: Costs { commission_fraction: 0.0002, ..Costs::default() },
        contract_size: 1.0,
        ..Venue::default()
    };
    let names = Arc::new(Names {
        run: "bench".into(),
        symbols: vec!["WALK".into()],
        contract_sizes: vec![1.0],
        strategies: vec!["sma_crossover".into()],
        instruments: vec![InstrumentId(0)],
        features: vec![vec!["fast_average".into(), "slow_average".into()]],
    });
    let mut group = c.benchmark_group("loop_1m_bars");
    group.sample_size(10).throughput(Throughput::Elements(BARS as u64));
    for (name, has_journal) in [("journal_on", true), ("no_consumer", false)] {
        group.bench_function(name, |b| {
            b.iter_custom(|times| {
                let mut looping = Duration::ZERO;
                for _ in 0..times {
                    let mut strategy = RuleStrategy::new(file.compile_for(bars.timeframe(), Calendar::RoundTheClock).expect("compiles"));
                    strategy.prepare(&bars);
                    let mut seats = [Seat { strategy: Box::new(strategy), instrument: InstrumentId(0), weight: 1.0 }];
                    let mut broker = Simulator::new(vec![venue.clone()], 1.0, MarketFill::NextOpen);
                    let mut bus = Bus::new(Arc::clone(&names), Mode::Backtest);
                    if has_journal {
                        bus.add(Box::new(Journal::new()), Policy::Wait).expect("a thread");
                    }
                    let begun = Instant::now();
                    let run = engine::run(&mut Replay::new(&[Arc::clone(&bars)]), &mut seats, &mut broker, &account, &mut bus);
                    looping += begun.elapsed();
                    assert_eq!(run.bars, BARS as u64);
                    bus.finish().expect("whole");
                }
                looping
            });
        });
    }
    group.finish();
}

/// The command from start to exit, as a user would time it.
fn process(c: &mut Criterion) {
    let folder = folder();
    let mut group = c.benchmark_group("process_1m_bars");
    group.sample_size(10);
    for (name, file, report) in [("parquet", "walk.parquet", false), ("csv", "walk.csv", false)] {
        group.bench_function(name, |b| b.iter(|| start(&folder, file, report)));
    }
    group.bench_function("parquet_all_consumers_and_report", |b| b.iter(|| start(&folder, "walk.parquet", true)));
    group.finish();
}

fn start(folder: &Path, file: &str, report: bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cthulu-lab"));
    command.current_dir(folder).args(["backtest", "--strategy", "sma_crossover", "--data", file, "--out", "run", "--json"]);
    if !report {
        command.arg("--no-report");
    }
    let status = command.stdout(Stdio::null()).status().expect("the program starts");
    assert!(status.success(), "the run failed");
}

criterion_group!(speed, reading, looping, process);
criterion_main!(speed);
