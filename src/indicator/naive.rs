//! Every sliding indicator against the plain formula over the whole window, and what must hold after a million updates.

use super::*;
use crate::market::Bar;

/// Multiplicative congruential noise in 0..1, the same everywhere.
fn noise() -> impl Iterator<Item = f64> {
    let mut state = 20_170_103_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

fn walk(length: usize) -> Vec<f64> {
    let mut price = 100.0;
    noise()
        .take(length)
        .map(|u| {
            price += u - 0.5;
            price
        })
        .collect()
}

fn walk_bars(length: usize) -> Vec<Bar> {
    let closes = walk(length + 1);
    let shape = noise().skip(7);
    let bar = |(pair, u): (&[f64], f64)| {
        let (open, close) = (pair[0], pair[1]);
        Bar { open, close, high: open.max(close) + u, low: open.min(close) - 0.5 * u, volume: 100.0 * u, ..Bar::default() }
    };
    closes.windows(2).zip(shape).map(bar).collect()
}

/// Compares with `plain`, which is given the last `reach` inputs, over 5,000 inputs.
fn agrees<I, T>(inputs: &[T], reach: usize, mut indicator: I, plain: impl Fn(&[T]) -> f64)
where
    T: Copy,
    I: Indicator<Input = T, Output = f64>,
{
    assert_eq!(indicator.warmup_bars(), reach - 1);
    for (i, &input) in inputs.iter().enumerate() {
        let (ours, first) = (indicator.update(input), (i + 1).checked_sub(reach));
        assert_eq!(ours.is_some(), first.is_some(), "row {i}");
        if let (Some(ours), Some(first)) = (ours, first) {
            let expected = plain(&inputs[first..=i]);
            assert!((ours - expected).abs() <= 1e-9, "row {i}: {ours} instead of {expected}");
        }
    }
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn squares(x: &[f64]) -> f64 {
    let mean = mean(x);
    x.iter().map(|v| (v - mean) * (v - mean)).sum()
}

fn typical(bar: &Bar) -> f64 {
    (bar.high + bar.low + bar.close) / 3.0
}

const PERIODS: [usize; 4] = [2, 3, 14, 101];

#[test]
fn averages_and_extremes_agree_with_the_plain_formula() {
    let x = walk(5_000);
    for n in PERIODS.into_iter().chain([1]) {
        agrees(&x, n, Sma::new(n), mean);
        agrees(&x, n, Sum::new(n), |w| w.iter().sum());
        agrees(&x, n, Highest::new(n), |w| w.iter().copied().fold(f64::MIN, f64::max));
        agrees(&x, n, Lowest::new(n), |w| w.iter().copied().fold(f64::MAX, f64::min));
        agrees(&x, n, Wma::new(n), |w| {
            let weighted: f64 = w.iter().zip(1..).map(|(v, i)| v * f64::from(i)).sum();
            weighted / (1..=w.len()).sum::<usize>() as f64
        });
        agrees(&x, n + 1, Momentum::new(n), |w| w[n] - w[0]);
        agrees(&x, n + 1, Roc::new(n), |w| (w[n] / w[0] - 1.0) * 100.0);
    }
}

#[test]
fn deviations_and_slopes_agree_with_the_plain_formula() {
    let x = walk(5_000);
    for n in PERIODS {
        agrees(&x, n, StdDev::new(n), |w| (squares(w) / n as f64).sqrt());
        agrees(&x, n, ZScore::new(n), |w| (w[n - 1] - mean(w)) / (squares(w) / n as f64).sqrt());
        agrees(&x, n + 1, RealizedVol::new(n), |w| {
            let returns: Vec<f64> = w.windows(2).map(|p| libm::log(p[1]) - libm::log(p[0])).collect();
            (squares(&returns) / (n as f64 - 1.0)).sqrt()
        });
        agrees(&x, n, LinregSlope::new(n), |w| {
            let time: Vec<f64> = (0..n).map(|t| t as f64).collect();
            let (middle, level) = (mean(&time), mean(w));
            let products: f64 = time.iter().zip(w).map(|(t, v)| (t - middle) * (v - level)).sum();
            products / squares(&time)
        });
    }
}

#[test]
fn bar_windows_agree_with_the_plain_formula() {
    let bars = walk_bars(5_000);
    let top = |w: &[Bar]| w.iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
    let bottom = |w: &[Bar]| w.iter().map(|bar| bar.low).fold(f64::MAX, f64::min);
    for n in PERIODS {
        agrees(&bars, n, Willr::new(n), |w| -100.0 * (top(w) - w[n - 1].close) / (top(w) - bottom(w)));
        agrees(&bars, n, Cci::new(n), |w| {
            let prices: Vec<f64> = w.iter().map(typical).collect();
            let level = mean(&prices);
            let deviation = prices.iter().map(|p| (p - level).abs()).sum::<f64>() / n as f64;
            (prices[n - 1] - level) / (0.015 * deviation)
        });
        agrees(&bars, n + 1, Mfi::new(n), |w| {
            let flow = |sign: f64| -> f64 {
                w.windows(2).filter(|p| (typical(&p[1]) - typical(&p[0])) * sign > 0.0).map(|p| typical(&p[1]) * p[1].volume).sum()
            };
            if flow(-1.0) == 0.0 { 100.0 } else { 100.0 - 100.0 / (1.0 + flow(1.0) / flow(-1.0)) }
        });
    }
}

#[test]
fn wilder_averages_agree_with_the_sums_of_the_book() {
    let bars = walk_bars(5_000);
    let n = 14.0;
    let (mut sums, mut dx_sum, mut adx) = ([0.0; 3], 0.0, 0.0);
    let answers = column(&mut Adx::new(14), bars.iter().copied());
    for i in 1..bars.len() {
        let (bar, last) = (&bars[i], &bars[i - 1]);
        let (rise, fall) = (bar.high - last.high, last.low - bar.low);
        let range = (bar.high - bar.low).max((bar.high - last.close).abs()).max((bar.low - last.close).abs());
        let moves = [range, if rise > fall { rise.max(0.0) } else { 0.0 }, if fall > rise { fall.max(0.0) } else { 0.0 }];
        for (sum, new) in sums.iter_mut().zip(moves) {
            *sum = if i <= 14 { *sum + new } else { *sum - *sum / n + new };
        }
        let (plus, minus) = (100.0 * sums[1] / sums[0], 100.0 * sums[2] / sums[0]);
        let dx = 100.0 * (plus - minus).abs() / (plus + minus);
        match i {
            14..27 => dx_sum += dx,
            27 => adx = (dx_sum + dx) / n,
            28.. => adx = (adx * (n - 1.0) + dx) / n,
            _ => {}
        }
        assert_eq!(answers[i].is_some(), i >= 14);
        let Some(value) = answers[i] else { continue };
        assert!((value.plus_di - plus).abs() <= 1e-9 && (value.minus_di - minus).abs() <= 1e-9, "row {i}");
        assert_eq!(value.adx.is_some(), i >= 27);
        assert!(value.adx.is_none_or(|ours| (ours - adx).abs() <= 1e-9), "row {i}");
    }
}

#[test]
fn a_flat_window_after_a_million_updates_is_exactly_flat() {
    let noisy = noise().take(1_000_000).map(|u| 1e5 + 50.0 * u);
    let (mut deviation, mut score, mut slope, mut average, mut weighted) =
        (StdDev::new(20), ZScore::new(20), LinregSlope::new(20), Sma::new(20), Wma::new(20));
    let flat = 100_000.1;
    for x in noisy.chain([flat; 19]) {
        deviation.update(x);
        score.update(x);
        slope.update(x);
        average.update(x);
        weighted.update(x);
    }
    for _ in 0..50 {
        assert_eq!(deviation.update(flat), Some(0.0));
        assert_eq!(score.update(flat), None);
        assert_eq!(slope.update(flat), Some(0.0));
        assert_eq!(average.update(flat), Some(flat));
        assert_eq!(weighted.update(flat), Some(flat));
    }
}

#[test]
fn a_million_updates_leave_no_trace_beyond_the_window() {
    let (mut sum, mut deviation) = (Sum::new(30), StdDev::new(30));
    for u in noise().take(1_000_000) {
        sum.update(1e9 * u);
        deviation.update(1e9 * u);
    }
    let tail: Vec<f64> = noise().take(30).collect();
    let ours = column(&mut sum, tail.iter().copied())[29].zip(column(&mut deviation, tail.iter().copied())[29]);
    let (ours_sum, ours_deviation) = ours.expect("full windows");
    assert!((ours_sum - tail.iter().sum::<f64>()).abs() < 1e-13);
    assert!((ours_deviation - (squares(&tail) / 30.0).sqrt()).abs() < 1e-13);
}

#[test]
fn a_falling_volatility_reaches_zero_and_a_broken_price_starts_anew() {
    let prices = [1.0, 3.0, 3.0, 3.0, 0.0, 3.0, 3.0, 3.0];
    let answers = column(&mut RealizedVol::new(2), prices);
    assert_eq!(answers.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true, true, false, false, false, true]);
    assert_eq!((answers[3], answers[7]), (Some(0.0), Some(0.0)));
}

#[test]
#[should_panic(expected = "at least 1 bar")]
fn a_period_of_no_bars_is_refused() {
    let _ = Ema::new(0);
}
