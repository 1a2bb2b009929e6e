//! The backtest that five other tools agree on: SMA(10) over SMA(30), all in, 0.02 % a side.

use std::{fs, path::Path};

use cthulu_lab::{
    data::write_csv,
    experiment::{Experiment, Spec, Watchers},
    market::{Bar, Bars},
    seed::Seed,
    time::{MINUTE, Nanos, Timeframe},
};
use rand_chacha::rand_core::Rng;

const COMMISSION: f64 = 0.0002;

fn experiment(path: &str, market: &str) -> Experiment {
    let text = format!(
        "strategy = \"sma_crossover\"\n[params]\nfast = 10\nslow = 30\n[[data]]\npath = '{path}'\nsymbol = \"SYNTH\"\n\
         [costs]\ncommission_fraction = {COMMISSION}\n[fills]\nmarket = \"{market}\"\n"
    );
    Experiment::new(Spec::parse(&text, Path::new("five_tools.toml")).unwrap()).unwrap()
}

fn close_to(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs()
}

#[test]
fn the_shared_series_gives_the_equity_and_trades_that_five_tools_give() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/peers/synth_m1_100k.csv.gz");
    if !path.exists() {
        eprintln!("skipped: the shared series is not here");
        return;
    }
    let path = path.to_str().unwrap();
    let open = experiment(path, "next_open").run(Watchers::Off).unwrap();
    assert_eq!(open.metrics.trades, 1918);
    assert!(close_to(open.run.book.equity(), 4866.017028521), "{}", open.run.book.equity());
    let close = experiment(path, "close").run(Watchers::Off).unwrap();
    assert!((close.run.book.equity() - 4876.61268).abs() < 1e-5, "{}", close.run.book.equity());
}

/// A random walk of minutes whose opens differ from the closes before them.
fn generated() -> Bars {
    let mut generator = Seed::new(30).child("five_tools").generator();
    let mut draw = || (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut bars = Bars::new(Timeframe::from_ns(MINUTE).unwrap());
    let (mut at, mut last) = ("2024-01-01T00:00:00Z".parse::<Nanos>().unwrap(), 100.0);
    for _ in 0..20_000 {
        let open = last * (1.0 + (draw() - 0.5) * 0.0004);
        let close = open * (1.0 + (draw() - 0.4999) * 0.003);
        let (high, low) = (open.max(close) * (1.0 + draw() * 0.0005), open.min(close) * (1.0 - draw() * 0.0005));
        bars.push(&Bar { opened_at: at, closed_at: at.plus(MINUTE), open, high, low, close, volume: 1.0, ..Bar::default() });
        (at, last) = (at.plus(MINUTE), close);
    }
    bars
}

/// The same backtest as a plain loop over a cash account: final equity and closed trades.
fn by_hand(bars: &Bars, at_close: bool) -> (f64, usize) {
    let closes = bars.close();
    let average = |n: usize, i: usize| (i + 1 >= n).then(|| closes[i + 1 - n..=i].iter().sum::<f64>() / n as f64);
    let (mut cash, mut units, mut trades) = (10_000.0, 0.0, 0);
    for (i, close) in closes.iter().enumerate().skip(1) {
        let (Some(fast), Some(slow), Some(fast_before), Some(slow_before)) =
            (average(10, i), average(30, i), average(10, i - 1), average(30, i - 1))
        else {
            continue;
        };
        assert!((fast - slow).abs() > 1e-9, "a tie at row {i} would hang on rounding");
        let up = fast > slow && fast_before <= slow_before;
        let down = fast < slow && fast_before >= slow_before;
        let Some(price) = (if at_close { Some(*close) } else { bars.open().get(i + 1).copied() }) else { continue };
        if up && units == 0.0 {
            units = cash / (price * (1.0 + COMMISSION));
            cash = 0.0;
        } else if down && units > 0.0 {
            cash = units * price * (1.0 - COMMISSION);
            units = 0.0;
            trades += 1;
        }
    }
    (cash + units * closes[closes.len() - 1], trades)
}

#[test]
fn a_generated_series_gives_what_a_plain_loop_gives() {
    let bars = generated();
    let path = std::env::temp_dir().join(format!("cthulu-lab-five-tools-{}.csv", std::process::id()));
    write_csv(&bars, &path).unwrap();
    for (market, at_close) in [("next_open", false), ("close", true)] {
        let outcome = experiment(path.to_str().unwrap(), market).run(Watchers::Off).unwrap();
        let (equity, trades) = by_hand(&bars, at_close);
        assert!(trades > 200, "{trades}");
        assert_eq!(outcome.run.trades.len(), trades, "{market}");
        assert!(close_to(outcome.run.book.equity(), equity), "{market}: {} against {equity}", outcome.run.book.equity());
    }
    fs::remove_file(&path).unwrap();
}
