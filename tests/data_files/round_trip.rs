//! What is written comes back to the last bit.

use cthulu_lab::{
    data::{ReadOptions, read_bars, read_ticks, write_csv, write_parquet, write_ticks_csv, write_ticks_parquet},
    market::{Bar, Bars, Ohlc, Ticks},
    time::{MINUTE, Nanos, Timeframe},
};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use super::place;

/// A bar per minute from 2017 on; every twentieth is missing.
pub(super) fn minutes(n: i64) -> Bars {
    let mut bars = Bars::new(Timeframe::from_ns(MINUTE).unwrap());
    for i in (0..n).filter(|i| i % 20 != 7) {
        let opened_at = Nanos(1_483_315_200_000_000_000 + i * MINUTE);
        let close = 1.0 + i as f64 / 1024.0;
        let bar = Bar {
            opened_at,
            closed_at: opened_at.plus(MINUTE),
            open: close,
            high: close + 0.5,
            low: close / 2.0,
            close,
            volume: i as f64,
            ..Bar::default()
        };
        bars.push(&bar);
    }
    bars
}

/// Any positive price, the smallest and the largest there are included.
fn price() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 1e-9..1e9_f64,
        2 => (1_i64..10_000_000).prop_map(|points| points as f64 / 100_000.0),
        1 => proptest::num::f64::POSITIVE | proptest::num::f64::SUBNORMAL,
    ]
    .prop_map(f64::abs)
    .prop_filter("a price is above 0 and finite", |x| *x > 0.0 && x.is_finite())
}

fn ohlc() -> impl Strategy<Value = Ohlc> {
    [price(), price(), price(), price()].prop_map(|mut p| {
        p.sort_by(f64::total_cmp);
        Ohlc { open: p[1], high: p[3], low: p[0], close: p[2] }
    })
}

/// Zero of either sign, a count, or anything not negative.
fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![proptest::sample::select(vec![0.0, -0.0, 1.0, 5e-324, f64::MAX]), 0.0..1e12_f64]
}

/// Bars with any of ask, spread and volume, with gaps, anywhere in time.
fn bars() -> impl Strategy<Value = Bars> {
    let row = (ohlc(), amount(), amount(), 1..3_i64);
    let rows = proptest::collection::vec(row, 3..40);
    (any::<[bool; 3]>(), -9_000_000_000_000_000_000..9_000_000_000_000_000_000_i64, rows).prop_map(
        |([asks, spreads, volumes], start, rows)| {
            let mut bars = Bars::new(Timeframe::from_ns(MINUTE).unwrap());
            let mut at = start;
            for (i, (p, amount, width, steps)) in rows.into_iter().enumerate() {
                let opened_at = Nanos(at);
                // Gaps only in every third place, so that the median step is a minute.
                at += MINUTE * if i % 3 == 2 { steps } else { 1 };
                let shift = |x: f64| (x + width.min(1e9)).min(f64::MAX);
                let ask = asks.then_some(Ohlc { open: shift(p.open), high: shift(p.high), low: shift(p.low), close: shift(p.close) });
                let volume = if volumes { amount } else { 0.0 };
                let (spread, Ohlc { open, high, low, close }) = (spreads.then_some(width), p);
                bars.push(&Bar { opened_at, closed_at: opened_at.plus(MINUTE), open, high, low, close, volume, spread, ask });
            }
            bars
        },
    )
}

/// Every number of the bars as its bits, so that the two zeros differ.
fn bits(bars: &Bars) -> Vec<Vec<u64>> {
    let row = |b: Bar| {
        let ask = b.ask.map(|a| [a.open, a.high, a.low, a.close]);
        let numbers = [b.open, b.high, b.low, b.close, b.volume].into_iter().chain(b.spread).chain(ask.into_iter().flatten());
        numbers.map(f64::to_bits).chain([b.opened_at.0 as u64, b.closed_at.0 as u64]).collect()
    };
    bars.iter().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bars_written_come_back_to_the_bit(bars in bars()) {
        for name in ["round.csv", "round.csv.gz", "round.parquet"] {
            let path = place(name);
            if name.ends_with("parquet") { write_parquet(&bars, &path).unwrap() } else { write_csv(&bars, &path).unwrap() }
            let read = read_bars(&path, &ReadOptions::default()).unwrap();
            prop_assert_eq!(bits(&read), bits(&bars), "{}", name);
            prop_assert_eq!((read.timeframe(), read.ask().is_some(), read.spread().is_some()), (bars.timeframe(), bars.ask().is_some(), bars.spread().is_some()));
        }
    }

    #[test]
    fn ticks_written_come_back_to_the_bit(rows in proptest::collection::vec((0..1_000_000_i64, price(), amount()), 1..40), start in -9_000_000_000_000_000_000..9_000_000_000_000_000_000_i64) {
        let mut at = start;
        let times = rows.iter().map(|(step, ..)| { at += step; Nanos(at) }).collect();
        let ask = |(_, bid, width): &(i64, f64, f64)| (bid + width.min(1e9)).min(f64::MAX);
        let ticks = Ticks::from_columns(times, rows.iter().map(|r| r.1).collect(), rows.iter().map(ask).collect());
        let bits = |ticks: &Ticks| ticks.iter().map(|t| (t.at, t.bid.to_bits(), t.ask.to_bits())).collect::<Vec<_>>();
        for name in ["ticks.csv", "ticks.csv.gz", "ticks.parquet"] {
            let path = place(name);
            if name.ends_with("parquet") { write_ticks_parquet(&ticks, &path).unwrap() } else { write_ticks_csv(&ticks, &path).unwrap() }
            prop_assert_eq!(bits(&read_ticks(&path, &ReadOptions::default()).unwrap()), bits(&ticks), "{}", name);
        }
    }
}
