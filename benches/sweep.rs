//! How fast many trials are: a thousand pairs of averages over a hundred thousand bars beside the loop that somebody would write by hand for
//! just this rule, and the trials of a walk-forward over nine years of hours.
//!
//! `cargo bench --bench sweep` prints each figure; `docs/performance.md` names the bench its claims come from. Where the series that other
//! tools were measured on is at hand it is used, and the results are held to theirs; else the prices are made here, from a seed.

use std::{collections::BTreeMap, hint::black_box, path::Path, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cthulu_lab::{
    broker::{Costs, Fills, Venue},
    data::{ReadOptions, read_bars},
    engine::{Account, Days},
    market::{Bar, Bars, Calendar, Instrument, InstrumentId, Quoting},
    risk::{Limits, Lots, Sizing},
    rule::StrategyFile,
    seed::Seed,
    strategy::STRATEGIES,
    time::{HOUR, MINUTE, Nanos},
    walk::{Arena, AtEnd, Entrant, Prices, Setup, Span},
};
use rand_chacha::rand_core::Rng;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const COMMISSION: f64 = 0.0002;
const CASH: f64 = 10_000.0;

/// A random walk whose swings are those of a currency pair.
fn walk(rows: usize, step: i64, timeframe: &str) -> Bars {
    let mut generator = Seed::new(42).generator();
    let mut unit = || (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
    let swing = 4e-4 * (step as f64 / MINUTE as f64).sqrt();
    let mut bars = Bars::new(timeframe.parse().expect("a bar length"));
    let mut last = 1.1;
    for i in 0..rows as i64 {
        let opened_at = Nanos(1_104_537_600_000_000_000 + i * step);
        let (open, close) = (last * (1.0 + swing / 20.0 * unit()), last * (1.0 + swing * unit()));
        let (high, low) = (open.max(close) * (1.0 + swing / 4.0 * unit().abs()), open.min(close) * (1.0 - swing / 4.0 * unit().abs()));
        bars.push(&Bar { opened_at, closed_at: opened_at.plus(step), open, high, low, close, volume: 1000.0, ..Bar::default() });
        last = close;
    }
    bars
}

/// The minutes, and whether they are those that other tools were measured on.
fn minutes() -> (Arc<Bars>, bool) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/peers/synth_m1_100k.csv.gz");
    match path.exists() {
        true => (Arc::new(read_bars(&path, &ReadOptions::default()).expect("sound")), true),
        false => (Arc::new(walk(100_000, MINUTE, "1m")), false),
    }
}

/// The thousand pairs: 25 fast by 40 slow.
fn pairs() -> Vec<(usize, usize)> {
    let fast = (5..55).step_by(2);
    fast.flat_map(|fast| (60..260).step_by(5).map(move |slow| (fast, slow))).collect()
}

fn arena(strategy: &str, bars: &Arc<Bars>, costs: Costs) -> Arena {
    let text = STRATEGIES.iter().find(|(name, _)| *name == strategy).expect("shipped").1;
    let file = StrategyFile::parse(text, strategy).expect("sound");
    let instrument = Instrument::fractional("WALK");
    let account = Account {
        cash: CASH,
        sizing: Sizing::Fraction(1.0),
        lots: Lots::Fractional,
        limits: Limits::default(),
        instruments: vec![instrument.clone()],
        gaps: Vec::new(),
        close_at_end: false,
    };
    let venue = Venue { quoting: Quoting::default(), costs, contract_size: 1.0, ..Venue::default() };
    Arena::new(Setup {
        prices: vec![Prices { bars: Arc::clone(bars), instrument, venue }],
        entrants: vec![Entrant { file, instrument: InstrumentId(0), weight: 1.0 }],
        account,
        leverage: 1.0,
        fills: Fills::default(),
        days: Days { calendar: Calendar::RoundTheClock, timeframe: bars.timeframe() },
    })
    .expect("sound")
}

/// Every pair with all its metrics: the sum of final equities and of closed trades.
fn sweep(bars: &Arc<Bars>, is_stepped: bool) -> (f64, u64) {
    let arena = arena("sma_crossover", bars, Costs { commission_fraction: COMMISSION, ..Costs::default() });
    let span = Span { scored: 0..bars.len(), at_end: AtEnd::Carry };
    let play = |(fast, slow): &(usize, usize)| {
        let params = BTreeMap::from([("fast".to_owned(), *fast as f64), ("slow".to_owned(), *slow as f64)]);
        let played = if is_stepped { arena.play_stepped(&params, &span) } else { arena.play(&params, &span) }.expect("plays");
        (played.final_equity, played.metrics.trades)
    };
    let played: Vec<(f64, u64)> = pairs().par_iter().map(play).collect();
    (played.iter().map(|(equity, _)| equity).sum(), played.iter().map(|(_, trades)| trades).sum())
}

/// The same by the loop that knows nothing but this rule, on one thread, with the final equity for its only metric.
fn by_hand(bars: &Bars) -> (f64, u64) {
    let (mut sum, mut trades) = (0.0, 0);
    for (fast, slow) in pairs() {
        let (equity, closed) = one_by_hand(bars.open(), bars.close(), fast, slow);
        sum += equity;
        trades += closed;
    }
    (sum, trades)
}

fn one_by_hand(open: &[f64], close: &[f64], fast: usize, slow: usize) -> (f64, u64) {
    let (mut fast_sum, mut slow_sum): (f64, f64) = (close[slow - fast..slow].iter().sum(), close[..slow].iter().sum());
    let (mut before_fast, mut before_slow) = (fast_sum / fast as f64, slow_sum / slow as f64);
    let (mut cash, mut units, mut trades) = (CASH, 0.0, 0);
    for i in slow..close.len() - 1 {
        fast_sum += close[i] - close[i - fast];
        slow_sum += close[i] - close[i - slow];
        let (now_fast, now_slow) = (fast_sum / fast as f64, slow_sum / slow as f64);
        if units == 0.0 {
            if now_fast > now_slow && before_fast <= before_slow {
                units = cash / (open[i + 1] * (1.0 + COMMISSION));
                cash = 0.0;
            }
        } else if now_fast < now_slow && before_fast >= before_slow {
            cash = units * open[i + 1] * (1.0 - COMMISSION);
            units = 0.0;
            trades += 1;
        }
        (before_fast, before_slow) = (now_fast, now_slow);
    }
    (cash + units * close[close.len() - 1], trades)
}

fn sweeping(c: &mut Criterion) {
    let (bars, is_shared) = minutes();
    let ((equity, trades), (equity_by_hand, trades_by_hand)) = (sweep(&bars, false), by_hand(&bars));
    assert!(
        (equity / equity_by_hand - 1.0).abs() < 1e-9 && trades == trades_by_hand,
        "{equity} {trades}, {equity_by_hand} {trades_by_hand}"
    );
    if is_shared {
        // What five other tools agree on.
        assert!((equity - 8_063_733.821_8).abs() < 1e-3 && trades == 579_375, "{equity} {trades}");
    }
    let mut group = c.benchmark_group("sweep_1000_pairs_100k_bars");
    group.sample_size(10).throughput(Throughput::Elements(1000 * bars.len() as u64));
    group.bench_function("trials", |b| b.iter(|| black_box(sweep(&bars, false))));
    group.bench_function("by_hand_one_thread", |b| b.iter(|| black_box(by_hand(&bars))));
    group.finish();
}

/// Twenty folds of two hundred trials each, a year and a half to train on, without the search's own cost.
fn folding(c: &mut Criterion) {
    let bars = Arc::new(walk(56_007, HOUR, "1h"));
    let mut group = c.benchmark_group("walkforward_20_folds_200_trials");
    group.sample_size(10).throughput(Throughput::Elements(4000));
    for strategy in ["rsi_reversal", "trend_following"] {
        group.bench_function(strategy, |b| b.iter(|| black_box(folds(strategy, &bars))));
    }
    group.finish();
}

fn folds(strategy: &str, bars: &Arc<Bars>) -> f64 {
    let arena = arena(strategy, bars, Costs { commission_fraction: 0.00002, ..Costs::default() });
    let parameters = arena.setup().entrants[0].file.parameters().to_vec();
    let trials: Vec<(usize, u64)> = (0..20).flat_map(|fold| (0..200).map(move |trial| (fold, trial))).collect();
    let play = |(fold, trial): &(usize, u64)| {
        let mut generator = Seed::new(*fold as u64).at(*trial).generator();
        let mut draw = |min: f64, max: f64| min + (max - min) * (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let value = |parameter: &cthulu_lab::rule::Parameter| {
            let drawn = draw(parameter.min.expect("has a range"), parameter.max.expect("has a range"));
            (parameter.name.clone(), if parameter.is_whole() { drawn.round() } else { drawn })
        };
        let params: BTreeMap<String, f64> = parameters.iter().map(value).collect();
        let span = Span { scored: fold * 2_300..fold * 2_300 + 9_300, at_end: AtEnd::Close };
        arena.play(&params, &span).expect("plays").final_equity
    };
    trials.par_iter().map(play).collect::<Vec<f64>>().iter().sum()
}

criterion_group!(benches, sweeping, folding);
criterion_main!(benches);
