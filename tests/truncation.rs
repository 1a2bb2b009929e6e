//! No shipped strategy sees ahead: cutting or changing the future leaves every decision before it as it was, byte for byte.

use std::{path::Path, sync::Arc};

use cthulu_lab::{
    data::{self, DateOrder, ReadOptions},
    engine::Seat,
    market::{Bar, Bars, Calendar, InstrumentId, PriceSide, Quoting},
    risk::Sizing,
    rule::StrategyFile,
    seed::Seed,
    strategy::{RuleStrategy, STRATEGIES, Strategy},
    time::{HOUR, Nanos, Timeframe},
};
use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use crate::stage::{Played, Stage};

/// Uniform between 0 and 1.
fn uniform(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A wandering price with gaps in price and in time.
fn generated(seed: Seed, rows: usize) -> Bars {
    let mut generator = seed.generator();
    let mut draw = || uniform(&mut generator);
    let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
    let (mut at, mut price, mut drift) = ("2020-01-06T00:00:00Z".parse::<Nanos>().unwrap(), 100.0, 0.0);
    for row in 0..rows {
        if row % 120 == 119 {
            at = at.plus(48 * HOUR);
            drift = (draw() - 0.5) * 0.001;
        }
        let open = price * (1.0 + if draw() < 0.05 { (draw() - 0.5) * 0.01 } else { 0.0 });
        let close = open * (1.0 + drift + (draw() - 0.5) * 0.008);
        let (high, low) = (open.max(close) * (1.0 + draw() * 0.003), open.min(close) * (1.0 - draw() * 0.003));
        bars.push(&Bar { opened_at: at, closed_at: at.plus(HOUR), open, high, low, close, volume: 100.0 * draw(), ..Bar::default() });
        (at, price) = (at.plus(HOUR), close);
    }
    bars
}

fn euro() -> Bars {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/eurusd_h1_2017.csv.gz");
    let options = ReadOptions { zone: Some(chrono_tz::UTC), date_order: Some(DateOrder::Dmy), ..ReadOptions::default() };
    Bars::clone(&data::load(&path, &options).unwrap().bars)
}

/// The strategy over the bars, with its indicators computed in blocks or bar by bar.
fn play(name: &str, text: &str, bars: Bars, in_blocks: bool) -> Played {
    let bars = Arc::new(bars);
    let mut strategy = RuleStrategy::new(StrategyFile::parse(text, name).unwrap().compile_for(bars.timeframe(), Calendar::Fx).unwrap());
    if in_blocks {
        strategy.prepare(&bars);
    }
    let mut stage = Stage::new(vec![bars]);
    let last = stage.bars[0].close()[0];
    stage.quoting = Quoting { side: PriceSide::Ask, spread: Some(last * 1e-4), ..Quoting::default() };
    stage.account.sizing = Sizing::Fraction(0.5);
    stage.play(vec![Seat { strategy: Box::new(strategy), instrument: InstrumentId(0), weight: 1.0 }])
}

/// The same bars, but for prices of another market from row `k` on.
fn other_future(bars: &Bars, k: usize) -> Bars {
    let mut changed = bars.slice(0..k);
    let mut generator = Seed::new(11).at(k as u64).generator();
    let mut factor = 1.0;
    for mut bar in bars.iter().skip(k) {
        factor *= 1.0 + (uniform(&mut generator) - 0.5) * 0.02;
        for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
            *price *= factor;
        }
        bar.volume *= 3.0 * uniform(&mut generator);
        changed.push(&bar);
    }
    changed
}

fn holds_on(bars: &Bars) {
    let rows = bars.len();
    // Blocks end at 1,024 rows: the edges of the first, and places beside them.
    let cuts = [1, 2, 37, 1023, 1024, 1025, rows / 2, rows - 1];
    let mut fills = 0;
    for (name, text) in STRATEGIES {
        let whole = play(name, text, bars.clone(), true);
        let lines = whole.lines();
        assert_eq!(lines, play(name, text, bars.clone(), false).lines(), "{name}: bar by bar differs from blocks");
        for k in cuts {
            let told = whole.told_after(k - 1);
            let cut = play(name, text, bars.slice(0..k), true);
            assert_eq!(lines[..told], cut.lines()[..cut.told_before_the_end()], "{name} on the first {k} of {rows} bars");
            let other = play(name, text, other_future(bars, k), true);
            assert_eq!(lines[..told], other.lines()[..other.told_after(k - 1)], "{name} with another future from row {k} on");
        }
        fills += whole.fills().len();
    }
    assert!(fills > 100, "strategies that do not trade prove nothing");
}

#[test]
fn no_strategy_sees_ahead_in_a_generated_market() {
    holds_on(&generated(Seed::new(5).child("truncation"), 3000));
}

#[test]
fn no_strategy_sees_ahead_in_eurusd() {
    holds_on(&euro());
}

#[test]
fn a_bar_cut_short_completes_a_longer_bar_at_the_same_time_in_blocks_and_bar_by_bar() {
    let whole = generated(Seed::new(9).child("cut"), 400);
    let mut bars = Bars::new(whole.timeframe());
    for (row, mut bar) in whole.iter().enumerate() {
        // Every seventh bar opens half an hour early, and so cuts the one before it short.
        bar.opened_at = bar.opened_at.plus(if row % 7 == 6 { -HOUR / 2 } else { 0 });
        bars.push(&bar);
    }
    let text = "name = \"longer\"\nabout = \"A test.\"\n[let]\nlonger = 'on(\"2h\", close)'\n\
                [long]\nenter = \"close > longer\"\nexit = \"close < longer\"\n";
    let blocks = play("longer", text, bars.clone(), true);
    assert!(blocks.run.trades.len() > 20);
    assert_eq!(blocks.lines(), play("longer", text, bars, false).lines());
}

#[test]
fn every_shipped_strategy_trades_on_eurusd() {
    for (name, text) in STRATEGIES {
        assert!(!play(name, text, euro(), true).run.trades.is_empty(), "{name} never trades");
    }
}
