//! Synthetic markets: the moments of every kind against its own formulas, and what every bar must satisfy.
//!
//! Statistics are held to the truth within five standard errors. Where the returns are independent the error of a mean is √(v/n), that of
//! a variance v·√((k − 1)/n) and that of an autocorrelation 1/√n; where they are not, the series is cut into 40 batches and the spread of
//! the batches' statistics gives the error. One test in some 10⁶ would then fail by chance; with fixed seeds none does.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use cthulu_lab::{
    data::{ReadOptions, read_bars},
    experiment::{Experiment, Spec, Watchers},
    feed::synth::{Correlation, Frame, KINDS, Kind, Recipe, START, Synthetic, Truth},
    market::{Bars, Calendar},
    seed::Seed,
    stats::moments::{correlation, kurtosis, mean, variance},
    time::{DAY, HOUR, MINUTE, Timeframe},
};
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::Value;

use crate::cli::{Scratch, lab};

const BATCHES: usize = 40;
/// How many standard errors a statistic may be off.
const ERRORS: f64 = 5.0;

fn hours(bars: usize) -> Frame {
    Frame::new(bars, Timeframe::from_ns(HOUR).unwrap())
}

fn params(given: &[(&str, f64)]) -> BTreeMap<String, f64> {
    given.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

fn recipe(kind: &str, given: &[(&str, f64)]) -> Recipe {
    Recipe::new(kind, &params(given)).unwrap()
}

/// A kind with its defaults; the bootstrap draws from a GARCH series.
fn any(kind: &str, given: &[(&str, f64)]) -> Recipe {
    if kind != "bootstrap" {
        return recipe(kind, given);
    }
    let source = recipe("garch", &[]).generate(&hours(500), &Seed::new(1)).unwrap().bars;
    Recipe::of_source(kind, &params(given), Arc::new(source)).unwrap()
}

fn made(recipe: &Recipe, frame: &Frame, seed: u64) -> Synthetic {
    recipe.generate(frame, &Seed::new(seed)).unwrap()
}

/// Log returns from close to close.
fn returns(bars: &Bars) -> Vec<f64> {
    bars.close().windows(2).map(|w| libm::log(w[1] / w[0])).collect()
}

fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let mu = mean(values).unwrap();
    let covariance: f64 = values.iter().zip(&values[lag..]).map(|(a, b)| (a - mu) * (b - mu)).sum();
    covariance / values.iter().map(|a| (a - mu) * (a - mu)).sum::<f64>()
}

fn squares(values: &[f64]) -> Vec<f64> {
    values.iter().map(|r| r * r).collect()
}

/// The statistic of the whole, within five standard errors of the truth; the error of a mean of batches is their deviation/√batches.
#[track_caller]
fn holds(name: &str, values: &[f64], truth: f64, of: impl Fn(&[f64]) -> f64) {
    let batches: Vec<f64> = values.chunks_exact(values.len() / BATCHES).map(&of).collect();
    let error = (variance(&batches).unwrap() / BATCHES as f64).sqrt();
    let found = of(values);
    assert!((found - truth).abs() < ERRORS * error, "{name}: {found:.6e}, in truth {truth:.6e}, error {error:.2e}");
    // A test whose error is as large as what it tests could not fail.
    assert!(truth == 0.0 || error < 0.25 * truth.abs().max(found.abs()) || name.starts_with("mean"), "{name}: {error:e} says nothing");
}

/// The moments that a truth promises.
#[track_caller]
fn moments_hold(values: &[f64], truth: &Truth, kurtosis_too: bool) {
    holds("mean", values, truth.mean.unwrap(), |v| mean(v).unwrap());
    holds("variance", values, truth.variance.unwrap(), |v| variance(v).unwrap());
    if kurtosis_too {
        holds("kurtosis", values, truth.kurtosis.unwrap(), |v| kurtosis(v).unwrap());
    }
    if let Some(first) = truth.autocorrelation {
        holds("autocorrelation", values, first, |v| autocorrelation(v, 1));
    }
}

/// With independent returns: √(v/n), v·√((k − 1)/n), √(24/n) for a normal's kurtosis, 1/√n for autocorrelations.
#[track_caller]
fn independent_normal(values: &[f64], truth: &Truth) {
    let (n, v) = (values.len() as f64, truth.variance.unwrap());
    let near = |name: &str, found: f64, truth: f64, error: f64| {
        assert!((found - truth).abs() < ERRORS * error, "{name}: {found:e}, in truth {truth:e}, error {error:e}");
    };
    near("mean", mean(values).unwrap(), truth.mean.unwrap(), (v / n).sqrt());
    near("variance", variance(values).unwrap(), v, v * (2.0 / n).sqrt());
    near("kurtosis", kurtosis(values).unwrap(), 3.0, (24.0 / n).sqrt());
    near("autocorrelation", autocorrelation(values, 1), 0.0, 1.0 / n.sqrt());
    near("autocorrelation of squares", autocorrelation(&squares(values), 1), 0.0, 1.0 / n.sqrt());
}

#[test]
fn brownian_motion_has_the_moments_of_its_formula() {
    // drift 0.5, volatility 0.3, 8760 hours a year: mean (0.5 − 0.045)/8760, variance 0.09/8760
    let (recipe, frame) = (recipe("gbm", &[("drift", 0.5), ("volatility", 0.3)]), hours(100_000));
    let truth = recipe.truth(&frame);
    assert!((truth.mean.unwrap() - 0.455 / 8760.0).abs() < 1e-18 && (truth.variance.unwrap() - 0.09 / 8760.0).abs() < 1e-18);
    independent_normal(&returns(&made(&recipe, &frame, 1).bars), &truth);
}

#[test]
fn garch_has_the_moments_of_its_formula() {
    // α 0.1, β 0.8, ν 30: K = 3·28/26 = 42/13; 1 − 0.64 − 0.16 − 0.01·42/13 = 0.2 − 0.0323077 = 0.1676923;
    // kurtosis = 42/13·0.19/0.1676923 = 3.6605505; ρ₁ = 0.1·(1 − 0.08 − 0.64)/(1 − 0.16 − 0.64) = 0.14, ρ₂ = 0.126
    let (recipe, frame) = (recipe("garch", &[("alpha", 0.1), ("beta", 0.8), ("degrees", 30.0)]), hours(200_000));
    let truth = recipe.truth(&frame);
    assert!((truth.kurtosis.unwrap() - 3.660_550_458_7).abs() < 1e-9, "{truth:?}");
    let lags = truth.autocorrelation_of_squares.unwrap();
    assert!((lags[0] - 0.14).abs() < 1e-12 && (lags[1] - 0.126).abs() < 1e-12);
    let values = returns(&made(&recipe, &frame, 1).bars);
    moments_hold(&values, &truth, true);
    for lag in [1, 2, 5] {
        holds("autocorrelation of squares", &squares(&values), lags[lag - 1], |v| autocorrelation(v, lag));
    }
}

#[test]
fn garch_without_a_fourth_moment_promises_none() {
    let truth = |degrees| recipe("garch", &[("alpha", 0.2), ("beta", 0.75), ("degrees", degrees)]).truth(&hours(10));
    // ν = 4 has no kurtosis of its own; at 5 the recursion has none: 1 − 0.5625 − 0.3 − 9·0.04 < 0
    for degrees in [4.0, 5.0] {
        assert_eq!((truth(degrees).kurtosis, truth(degrees).autocorrelation_of_squares), (None, None));
        assert!(truth(degrees).variance.is_some());
    }
}

#[test]
fn ornstein_uhlenbeck_has_the_moments_of_its_formula() {
    let (recipe, frame) = (recipe("ou", &[("half_life_bars", 10.0), ("volatility", 0.3)]), hours(200_000));
    let truth = recipe.truth(&frame);
    // f = 2^−0.1 = 0.9330330; s² = 0.09/8760/(2·ln 2/10) = 7.411057e-5; variance 2·s²·0.066967 = 9.925926e-6
    assert!((truth.variance.unwrap() - 9.925_9e-6).abs() < 1e-9, "{truth:?}");
    let bars = made(&recipe, &frame, 1).bars;
    let values = returns(&bars);
    moments_hold(&values, &truth, true);
    let lags = truth.autocorrelation_of_squares.unwrap();
    assert!((autocorrelation(&squares(&values), 1) - lags[0]).abs() < ERRORS / 200_000.0_f64.sqrt());
    let levels: Vec<f64> = bars.close().iter().map(|close| libm::log(close / 100.0)).collect();
    let deviation = truth.deviation_of_level.unwrap();
    holds("level", &squares(&levels), deviation * deviation, |v| mean(v).unwrap());
    // half of a deviation is left after ten bars
    holds("autocorrelation of levels", &levels, 0.5, |v| autocorrelation(v, 10));
}

#[test]
fn jumps_have_the_moments_of_their_formula() {
    // 438 a year are 0.05 a bar; m = −0.002, d = 0.004: variance 0.0225/8760 + 0.05·(4e-6 + 1.6e-5)
    let given = [("volatility", 0.15), ("jumps_per_year", 438.0), ("jump_mean", -0.002), ("jump_deviation", 0.004), ("drift", 0.3)];
    let (recipe, frame) = (recipe("jumps", &given), hours(200_000));
    let truth = recipe.truth(&frame);
    assert!((truth.variance.unwrap() - (0.0225 / 8760.0 + 0.05 * 2e-5)).abs() < 1e-15);
    // m⁴ + 6m²d² + 3d⁴ = 1.6e-11 + 3.84e-10 + 7.68e-10 = 1.168e-9
    let kurtosis = 3.0 + 0.05 * 1.168e-9 / truth.variance.unwrap().powi(2);
    assert!((truth.kurtosis.unwrap() - kurtosis).abs() < 1e-9);
    let bars = made(&recipe, &frame, 1).bars;
    moments_hold(&returns(&bars), &truth, true);
    // jumps come independently, so the squares of returns know nothing of each other
    assert_eq!(truth.autocorrelation_of_squares, Some([0.0; 5]));
    holds("autocorrelation of squares", &squares(&returns(&bars)), 0.0, |v| autocorrelation(v, 1));
    // a jump is a gap between two bars; 1 − e^−0.05 of the bars have one
    let gaps = bars.close().iter().zip(&bars.open()[1..]).filter(|(close, open)| close != open).count() as f64;
    let share = 1.0 - libm::exp(-0.05);
    assert!((gaps / 2e5 - share).abs() < ERRORS * (share * (1.0 - share) / 2e5).sqrt(), "{gaps}");
}

#[test]
fn heston_has_the_moments_of_its_formula() {
    // a fast variance, so that 200,000 hours see it go round often: κ = 400 a year forgets half in 15 hours
    for rho in [0.0, -0.7] {
        let given = [("volatility", 0.3), ("reversion", 400.0), ("vol_of_vol", 5.0), ("correlation", rho), ("drift", 0.2)];
        let (recipe, frame) = (recipe("heston", &given), hours(200_000));
        let truth = recipe.truth(&frame);
        let values = returns(&made(&recipe, &frame, 1).bars);
        moments_hold(&values, &truth, true);
        for lag in [1, 5] {
            let told = truth.autocorrelation_of_squares.unwrap()[lag - 1];
            holds("autocorrelation of squares", &squares(&values), told, |v| autocorrelation(v, lag));
        }
    }
}

#[test]
fn regimes_have_the_moments_and_lengths_of_their_formula() {
    let given = [("trend_bars", 10.0), ("range_bars", 15.0), ("volatile_bars", 5.0), ("trend_drift", 8.0)];
    let (recipe, frame) = (recipe("regimes", &given), hours(200_000));
    let truth = recipe.truth(&frame);
    let Synthetic { bars, regimes } = made(&recipe, &frame, 1);
    let values = returns(&bars);
    moments_hold(&values, &truth, true);
    holds("autocorrelation of squares", &squares(&values), truth.autocorrelation_of_squares.unwrap()[0], |v| autocorrelation(v, 1));
    for (number, told) in (0_u8..).zip(&truth.regimes) {
        // the last run is cut off, and left out; lengths are independent, so the error of their mean is deviation/√count
        let runs: Vec<f64> = regimes.chunk_by(|a, b| a == b).filter(|run| run[0] == number).map(|run| run.len() as f64).collect();
        let runs = &runs[..runs.len() - 1];
        let error = told.deviation_bars / (runs.len() as f64).sqrt();
        assert!((mean(runs).unwrap() - told.mean_bars).abs() < ERRORS * error, "{}: {:?}", told.name, mean(runs));
        // a geometric length of mean D has deviation √(D(D − 1)) and kurtosis 9 + 1/(D(D − 1)); a deviation's error is s·√((k − 1)/4n)
        let squared = told.mean_bars * (told.mean_bars - 1.0);
        assert!((told.deviation_bars * told.deviation_bars - squared).abs() < 1e-9, "{}", told.name);
        let error = told.deviation_bars * ((8.0 + 1.0 / squared) / 4.0 / runs.len() as f64).sqrt();
        let deviation = variance(runs).unwrap().sqrt();
        assert!((deviation - told.deviation_bars).abs() < ERRORS * error && error < 0.1 * deviation, "{}: {deviation}", told.name);
        let inside: Vec<f64> = regimes.iter().map(|regime| f64::from(u8::from(*regime == number))).collect();
        holds(told.name, &inside, told.share, |v| mean(v).unwrap());
        // the return of bar i belongs to bar i, the first has none
        let own: Vec<f64> = values.iter().zip(&regimes[1..]).filter(|(_, regime)| **regime == number).map(|(r, _)| r * r).collect();
        holds(told.name, &own, told.mean_square, |v| mean(v).unwrap());
    }
}

#[test]
fn bootstrap_has_the_moments_of_its_source() {
    let source = Arc::new(made(&recipe("garch", &[("alpha", 0.2), ("beta", 0.7)]), &hours(2000), 5).bars);
    let recipe = Recipe::of_source("bootstrap", &params(&[("block_bars", 20.0)]), Arc::clone(&source)).unwrap();
    let truth = recipe.truth(&hours(10));
    // the first row has no bar before it: its return is that of its open and close
    let mut own = vec![libm::log(source.close()[0] / source.open()[0])];
    own.extend(returns(&source));
    assert!((truth.mean.unwrap() - mean(&own).unwrap()).abs() < 1e-15);
    assert!((truth.kurtosis.unwrap() - kurtosis(&own).unwrap()).abs() < 1e-9);
    let values = returns(&made(&recipe, &hours(200_000), 1).bars);
    moments_hold(&values, &truth, true);
    holds("autocorrelation of squares", &squares(&values), truth.autocorrelation_of_squares.unwrap()[0], |v| autocorrelation(v, 1));
}

#[test]
fn a_bootstrap_without_its_mean_has_no_trend() {
    let source = Arc::new(made(&recipe("gbm", &[("drift", 8.0)]), &hours(2000), 5).bars);
    let truth = |keep| Recipe::of_source("bootstrap", &params(&[("keep_mean", keep)]), Arc::clone(&source)).unwrap().truth(&hours(10));
    let (whole, half, none) = (truth(1.0), truth(0.5), truth(0.0));
    assert!(whole.mean.unwrap() > 5e-4 && none.mean.unwrap().abs() < 1e-15);
    assert!((half.mean.unwrap() - whole.mean.unwrap() / 2.0).abs() < 1e-15);
    assert!((none.variance.unwrap() / whole.variance.unwrap() - 1.0).abs() < 1e-9);
}

/// What the planted rule earns a bar: held in the direction of the last bar that had one.
fn earned(bars: &Bars) -> Vec<f64> {
    let mut direction = 0.0;
    let mut earned = Vec::new();
    for bar in bars.iter() {
        if direction != 0.0 {
            earned.push(direction * libm::log(bar.close / bar.open));
        }
        if bar.close != bar.open {
            direction = if bar.close > bar.open { 1.0 } else { -1.0 };
        }
    }
    earned
}

#[test]
fn the_planted_edge_earns_the_stated_sharpe_and_its_twin_nothing() {
    // Sharpe 10 a year: 10/√8760 a bar. Lo (2002): the error of a bar's Sharpe ratio S is √((1 + S²/2)/n), here about 1/√n
    let frame = hours(200_000);
    let sharpe = |values: &[f64]| mean(values).unwrap() / variance(values).unwrap().sqrt();
    let error = 1.0 / 200_000.0_f64.sqrt();
    for (kind, given, told) in [("edge", &[("sharpe", 10.0)][..], 10.0 / 8760.0_f64.sqrt()), ("edge_twin", &[], 0.0)] {
        let recipe = recipe(kind, given);
        let truth = recipe.truth(&frame);
        let bars = made(&recipe, &frame, 1).bars;
        let found = sharpe(&earned(&bars));
        assert!((found - told).abs() < ERRORS * error, "{kind}: {found}, in truth {told}");
        assert!((truth.edge.as_ref().unwrap().mean / truth.edge.as_ref().unwrap().deviation - told).abs() < 1e-12);
        // what it earns is independent and normal: the truth of the rule is that of a Brownian motion
        let edge = truth.edge.clone().unwrap();
        let normal = Truth { mean: Some(edge.mean), variance: Some(edge.deviation * edge.deviation), ..Truth::default() };
        independent_normal(&earned(&bars), &normal);
        moments_hold(&returns(&bars), &truth, true);
    }
}

#[test]
fn the_edge_holds_on_prices_rounded_to_a_coarse_point() {
    // a point of a tenth of a bar's deviation: ties happen, and the rule keeps its position over them as the generator does
    let recipe = recipe("edge", &[("sharpe", 30.0), ("volatility", 0.1)]);
    let frame = Frame { point: Some(0.01), ..hours(100_000) };
    let bars = made(&recipe, &frame, 1).bars;
    assert!(bars.open().iter().zip(bars.close()).filter(|(open, close)| open == close).count() > 1000);
    let values = earned(&bars);
    let found = mean(&values).unwrap() / variance(&values).unwrap().sqrt();
    assert!((found - 30.0 / 8760.0_f64.sqrt()).abs() < ERRORS / 100_000.0_f64.sqrt(), "{found}");
}

#[test]
fn highs_reach_as_far_as_a_brownian_paths() {
    // without drift the maximum of a path of deviation s is |s·z|: mean s·√(2/π), mean square s²; the deviation of |z| is √(1 − 2/π)
    let (recipe, frame) = (recipe("gbm", &[("drift", 0.02), ("volatility", 0.2)]), hours(100_000));
    let s = recipe.truth(&frame).variance.unwrap().sqrt();
    let bars = made(&recipe, &frame, 3).bars;
    let reach = |far: &[f64]| -> Vec<f64> { far.iter().zip(bars.open()).map(|(far, open)| libm::log(far / open).abs() / s).collect() };
    let pi = std::f64::consts::PI;
    for far in [reach(bars.high()), reach(bars.low())] {
        let error = ((1.0 - 2.0 / pi) / 1e5).sqrt();
        assert!((mean(&far).unwrap() - (2.0 / pi).sqrt()).abs() < ERRORS * error, "{:?}", mean(&far));
        // z² has variance 2
        assert!((mean(&squares(&far)).unwrap() - 1.0).abs() < ERRORS * (2.0 / 1e5_f64).sqrt());
    }
}

#[test]
fn instruments_are_correlated_as_asked() {
    let frame = hours(50_000);
    let made = recipe("gbm", &[]).generate_several(&frame, &Seed::new(1), &Correlation::new(3, &[0.8, -0.3, 0.1]).unwrap()).unwrap();
    let series: Vec<Vec<f64>> = made.iter().map(|one| returns(&one.bars)).collect();
    for (i, j, told) in [(0, 1, 0.8), (0, 2, -0.3), (1, 2, 0.1)] {
        // the error of a normal's correlation r is (1 − r²)/√n
        let found = correlation(&series[i], &series[j]).unwrap();
        assert!((found - told).abs() < ERRORS * (1.0 - told * told) / 50_000.0_f64.sqrt(), "{i} {j}: {found}");
    }
    let alone = recipe("edge", &[]).generate_several(&frame, &Seed::new(1), &Correlation::none(2)).unwrap_err();
    assert!(alone.to_string().contains("edge is one series"), "{alone}");
}

#[test]
fn weekend_gaps_have_their_share_of_the_variance() {
    // half a trading day's variance: 12 hours' worth
    let recipe = recipe("gbm", &[("weekend_days", 0.5)]);
    let frame = Frame { calendar: Calendar::Fx, ..Frame::new(40_000, Timeframe::from_ns(4 * HOUR).unwrap()) };
    let bars = made(&recipe, &frame, 1).bars;
    let rows = 1..bars.len();
    let (gaps, rest): (Vec<usize>, Vec<usize>) = rows.partition(|i| bars.opened_at()[*i].0 - bars.opened_at()[*i - 1].0 > DAY);
    let gap = |i: &usize| libm::log(bars.open()[*i] / bars.close()[*i - 1]);
    assert!(rest.iter().all(|i| gap(i) == 0.0));
    let squares: Vec<f64> = gaps.iter().map(|i| gap(i) * gap(i)).collect();
    // 252 days a year; z² has variance 2
    let told = 0.04 / 252.0 * 0.5;
    assert!((mean(&squares).unwrap() - told).abs() < ERRORS * told * (2.0 / squares.len() as f64).sqrt(), "{} gaps", squares.len());
}

#[test]
fn nights_and_weekends_of_an_exchange_have_their_share_of_the_variance() {
    let recipe = recipe("gbm", &[("night_days", 0.3), ("weekend_days", 0.6)]);
    let frame = Frame { calendar: Calendar::US_EQUITY, ..Frame::new(60_000, Timeframe::from_ns(30 * MINUTE).unwrap()) };
    let bars = made(&recipe, &frame, 1).bars;
    let (mut nights, mut weekends, mut inside) = (Vec::new(), Vec::new(), Vec::new());
    for i in 1..bars.len() {
        let hours = (bars.opened_at()[i].0 - bars.opened_at()[i - 1].0) / HOUR;
        let gap = libm::log(bars.open()[i] / bars.close()[i - 1]);
        match hours {
            0 => assert_eq!(gap, 0.0),
            1..=20 => nights.push(gap * gap),
            _ => weekends.push(gap * gap),
        }
        if hours == 0 {
            let r = libm::log(bars.close()[i] / bars.close()[i - 1]);
            inside.push(r * r);
        }
    }
    // 13 half hours a session and 252 sessions a year; 0.2² of variance over all of them, and the gaps on top of it.
    let told = |squares: &[f64], truth: f64| {
        let found = mean(squares).unwrap();
        assert!((found - truth).abs() < ERRORS * truth * (2.0 / squares.len() as f64).sqrt(), "{found:e}, in truth {truth:e}");
    };
    told(&inside, 0.04 / (252.0 * 13.0));
    told(&nights, 0.04 / 252.0 * 0.3);
    told(&weekends, 0.04 / 252.0 * 0.6);
    assert!((1000..1100).contains(&weekends.len()) && nights.len() > 3500, "{} {}", weekends.len(), nights.len());
}

#[test]
fn a_market_in_an_exchanges_hours_is_played_and_read_back() {
    let scratch = Scratch::new("synth-exchange");
    let out = scratch.path("made.csv");
    json(&["data", "synth", "gbm", "--bars", "2000", "--timeframe", "30m", "--calendar", "us_equity", "--out", &out, "--json"]);
    // The manifest beside it brings the hours: nothing is missing, neither nights nor weekends nor holidays.
    let checked = json(&["data", "check", &out, "--json"]);
    assert!(checked["findings"].as_array().unwrap().iter().all(|f| f["kind"] != "gaps"), "{}", checked["findings"]);
    let file = scratch.file(
        "x.toml",
        "strategy = \"sma_crossover\"\n[[data]]\nsymbol = \"SPX\"\nsynth = { kind = \"gbm\", bars = 2000, timeframe = \"30m\" }\n",
    );
    let run = json(&["backtest", &file, "--no-report", "--json", "--out", &scratch.path("run")]);
    assert_eq!((&run["manifest"]["data"][0]["calendar"], &run["metrics"]["bars"]), (&"us_equity".into(), &2000.into()));
    assert!(run.get("gaps_crossed").is_none());
}

#[test]
fn the_spread_widens_at_the_rollover() {
    let recipe = recipe("gbm", &[("spread_fraction", 0.0002)]);
    let bars = made(&recipe, &Frame { calendar: Calendar::Fx, ..hours(20_000) }, 1).bars;
    let spread = |hour: i64| {
        let rows = (0..bars.len()).filter(|i| bars.opened_at()[*i].in_day() / HOUR == hour);
        let spreads: Vec<f64> = rows.map(|i| bars.ask().unwrap()[i].open - bars.open()[i]).collect();
        mean(&spreads).unwrap()
    };
    // 0.0002 of 100 in the overlap and four times that at the rollover; the noise is uniform within ±25 %, so √(0.25/12/800) ≈ 0.5 %
    assert!((spread(14) / 0.02 - 1.0).abs() < 0.03 && (spread(21) / 0.08 - 1.0).abs() < 0.03, "{} {}", spread(14), spread(21));
    let flat = made(&recipe, &hours(5000), 1).bars;
    assert!(flat.ask().unwrap().iter().zip(flat.open()).all(|(ask, bid)| (0.0149..0.0251).contains(&(ask.open - bid))));
}

#[test]
fn each_session_has_its_share_of_the_volume() {
    let bars = made(&recipe("gbm", &[("volume", 1000.0)]), &Frame { calendar: Calendar::Fx, ..hours(20_000) }, 1).bars;
    // The hours of a session and its factor. Half of an ordinary bar's volume, and the other half times |z|/E|z|: mean 1000 a factor, less half
    // for the whole numbers; deviation 500·√(π/2 − 1) = 378 a factor.
    for (session, factor) in [(0..7, 0.6), (7..12, 1.3), (12..16, 1.8), (16..21, 1.0), (21..22, 0.3)] {
        let rows = (0..bars.len()).filter(|i| session.contains(&(bars.opened_at()[*i].in_day() / HOUR)));
        let volumes: Vec<f64> = rows.map(|i| bars.volume()[i]).collect();
        let error = 378.0 * factor / (volumes.len() as f64).sqrt();
        let found = mean(&volumes).unwrap();
        assert!((found - (1000.0 * factor - 0.5)).abs() < ERRORS * error && error < 0.03 * found, "{session:?}: {found}, error {error}");
    }
}

fn frames() -> impl Strategy<Value = Frame> {
    let lengths = prop_oneof![Just(MINUTE), Just(15 * MINUTE), Just(HOUR), Just(4 * HOUR), Just(DAY), Just(7 * DAY)];
    let tokyo: Calendar = "Asia/Tokyo 09:00-15:00".parse().unwrap();
    let calendars = prop_oneof![Just(Calendar::Fx), Just(Calendar::RoundTheClock), Just(Calendar::US_EQUITY), Just(tokyo)];
    let points = prop_oneof![Just(None), Just(Some(0.01)), Just(Some(0.25)), Just(Some(1e-5))];
    (2..400_usize, lengths, calendars, points, 0..200_i64).prop_map(|(bars, length, calendar, point, weeks)| Frame {
        calendar,
        point,
        start: START.plus(weeks * 7 * DAY),
        ..Frame::new(bars, Timeframe::from_ns(length).unwrap())
    })
}

proptest! {
    #[test]
    fn every_bar_of_every_kind_keeps_the_contract(frame in frames(), which in 0..KINDS.len(), seed in 0..1000_u64) {
        let bars = made(&any(KINDS[which].name, &[]), &frame, seed).bars;
        prop_assert_eq!(bars.len(), frame.bars);
        prop_assert!(bars.opened_at().windows(2).all(|w| w[1].0 - w[0].0 >= frame.timeframe.ns()));
        prop_assert!(frame.calendar.gaps(bars.opened_at().iter().copied(), frame.timeframe).next().is_none(), "its own hours have no gap");
        let is_exchange = matches!(frame.calendar, Calendar::Exchange { .. });
        for bar in bars.iter() {
            let at = bar.opened_at;
            prop_assert!(frame.calendar.is_open(at) || (is_exchange && frame.timeframe.ns() >= DAY && at.weekday() < 5), "{}", at);
            prop_assert!(is_exchange || (at.0 - frame.start.0) % frame.timeframe.ns() == 0);
            prop_assert!(bar.low > 0.0 && bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close), "{:?}", bar);
            let ask = bar.ask.unwrap();
            prop_assert!(ask.open >= bar.open && ask.high >= bar.high && ask.low >= bar.low && ask.close >= bar.close, "{:?}", bar);
            prop_assert!(ask.low <= ask.open.min(ask.close) && ask.high >= ask.open.max(ask.close), "{:?}", bar);
            prop_assert!(bar.volume >= 0.0 && bar.volume.is_finite());
            if let Some(point) = frame.point {
                let points = bar.close / point;
                prop_assert!((points - points.round()).abs() < 1e-6, "{} is no multiple of {}", bar.close, point);
                prop_assert!(ask.open - bar.open >= 0.99 * point);
            }
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_bars_and_another_others(frame in frames(), which in 0..KINDS.len(), seed in 0..1000_u64) {
        let recipe = any(KINDS[which].name, &[]);
        let bars = made(&recipe, &frame, seed);
        prop_assert!(bars == made(&recipe, &frame, seed));
        // Two bars on a coarse point may be the same by chance: what differs for certain are the prices before they are rounded.
        let exact = Frame { point: None, ..frame };
        prop_assert!(made(&recipe, &exact, seed) != made(&recipe, &exact, seed + 1));
    }
}

#[test]
fn a_longer_series_begins_as_a_shorter_one() {
    for kind in KINDS {
        let recipe = any(kind.name, &[]);
        let (short, long) = (made(&recipe, &hours(50), 4).bars, made(&recipe, &hours(80), 4).bars);
        assert!(long.slice(0..50) == short, "{}", kind.name);
    }
}

#[test]
fn every_kind_states_its_moments_and_its_formulas() {
    for kind in KINDS {
        let truth = any(kind.name, &[]).truth(&hours(10));
        assert!(truth.mean.is_some() && truth.variance.is_some() && truth.kurtosis.is_some(), "{}", kind.name);
        assert!(truth.autocorrelation_of_squares.is_some() && !truth.formulas.is_empty(), "{}", kind.name);
        assert_eq!(truth.edge.is_some(), matches!(kind.kind, Kind::Edge | Kind::EdgeTwin));
        assert_eq!(truth.regimes.len(), if kind.kind == Kind::Regimes { 3 } else { 0 });
    }
}

#[test]
fn prices_that_leave_every_range_are_refused() {
    let wild = recipe("gbm", &[("volatility", 10.0)]).generate(&Frame::new(50_000, Timeframe::from_ns(DAY).unwrap()), &Seed::new(1));
    assert!(wild.unwrap_err().to_string().contains("less volatility"));
}

#[track_caller]
fn json(args: &[&str]) -> Value {
    let output = lab(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn refused(args: &[&str], words: &[&str]) {
    let output = lab(args);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
    assert!(words.iter().all(|word| told.contains(word)), "{args:?}: {told}");
}

#[test]
fn a_written_market_is_read_back_with_its_manifest_and_its_regimes() {
    let scratch = Scratch::new("synth-files");
    let out = scratch.path("prices.csv.gz");
    let told = json(&[
        "data",
        "synth",
        "regimes",
        "--bars",
        "500",
        "--seed",
        "3",
        "--symbol",
        "EURUSD",
        "--param",
        "price=1.1",
        "--out",
        &out,
        "--json",
    ]);
    assert_eq!((&told["seed"], &told["parameters"]["price"], &told["kind"]), (&3.into(), &1.1.into(), &"regimes".into()));
    // EURUSD brings its point, so the digits of the file are those of a quote
    let bars = read_bars(Path::new(&out), &ReadOptions::default()).unwrap();
    let frame = Frame { calendar: Calendar::Fx, point: Some(1e-5), ..hours(500) };
    assert!(bars == made(&recipe("regimes", &[("price", 1.1)]), &frame, 3).bars);
    assert!(bars.close().iter().all(|close| close.to_string().len() <= 7), "five decimals");
    let manifest: toml::Table = fs::read_to_string(scratch.path("prices.manifest.toml")).unwrap().parse().unwrap();
    assert_eq!((manifest["synthetic"].as_bool(), manifest["seed"].as_integer()), (Some(true), Some(3)));
    assert!(manifest["truth"]["variance"].as_float().is_some() && manifest["truth"]["regimes"].as_array().unwrap().len() == 3);
    let path = fs::read_to_string(scratch.path("prices.regimes.csv")).unwrap();
    assert_eq!(path.lines().count(), 501);
    assert!(path.lines().nth(1).unwrap().starts_with("2020-01-06T00:00:00Z,"));
    // every row names the regime of its bar
    let Synthetic { bars, regimes } = made(&recipe("regimes", &[("price", 1.1)]), &frame, 3);
    let names = ["trending", "ranging", "volatile"];
    for (i, row) in path.lines().skip(1).enumerate() {
        let (at, name) = row.split_once(',').unwrap();
        assert_eq!((at, name), (bars.opened_at()[i].to_string().as_str(), names[usize::from(regimes[i])]), "row {i}");
    }
    assert!(names.iter().filter(|name| path.contains(*name)).count() >= 2, "more than one occurs");
    let checked = json(&["data", "check", &out, "--json"]);
    assert_eq!((&checked["ok"], &checked["rows"], checked["findings"].as_array().map(Vec::len)), (&true.into(), &500.into(), Some(0)));
}

#[test]
fn several_instruments_have_a_file_each() {
    let scratch = Scratch::new("synth-several");
    let out = scratch.path("m.parquet");
    let told = json(&["data", "synth", "gbm", "--bars", "100", "--instruments", "3", "--correlation", "0.5", "--out", &out, "--json"]);
    assert_eq!((told["files"].as_array().unwrap().len(), &told["truth"]["correlation_of_shocks"]), (3, &0.5.into()));
    let manifest: toml::Table = fs::read_to_string(scratch.path("m_2.manifest.toml")).unwrap().parse().unwrap();
    assert_eq!((manifest["symbol"].as_str(), manifest["file"].as_str()), (Some("SYNTH2"), Some("m_2.parquet")));
    assert_eq!(read_bars(Path::new(&scratch.path("m_3.parquet")), &ReadOptions::default()).unwrap().len(), 100);
}

#[test]
fn mistakes_on_the_command_line_are_named() {
    let scratch = Scratch::new("synth-wrong");
    let out = scratch.path("x.csv");
    refused(&["data", "synth", "gmb", "--out", &out], &["did you mean 'gbm'?"]);
    refused(&["data", "synth", "gbm", "--param", "volatilty=1", "--out", &out], &["did you mean 'volatility'?"]);
    refused(&["data", "synth", "gbm"], &["--out", "--strategy"]);
    refused(&["data", "synth", "gbm", "--paths", "3", "--out", &out], &["--paths", "3 paths of what?", "--strategy", "--audit"]);
    refused(&["data", "synth"], &["KIND"]);
    refused(&["data", "synth", "gbm", "--out", &scratch.path("x.txt")], &["ends in none of .parquet, .csv and .csv.gz"]);
    refused(&["data", "synth", "gbm", "--instruments", "3", "--correlation", "-0.6", "--out", &out], &["positive definite"]);
    refused(&["data", "synth", "bootstrap", "--source", &scratch.path("none.csv"), "--out", &out], &["none.csv"]);
    refused(&["data", "synth", "--audit", "--param", "volatility=1"], &["sharpe alone"]);
    refused(&["data", "synth", "gbm", "--strategy", "sma_crosover"], &["did you mean 'sma_crossover'?"]);
    refused(&["data", "synth", "--experiment", "experiments/default.toml"], &["no [[data]] is synthetic"]);
    assert!(!Path::new(&out).exists(), "nothing was written");
}

#[test]
fn what_would_change_nothing_is_refused() {
    let scratch = Scratch::new("synth-idle");
    let out = scratch.path("x.csv");
    let mine = scratch.file("mine.toml", "name = \"x\"\n");
    for (args, words) in [
        (vec!["--experiment", &mine, "--strategy", "sma_crossover"], "--strategy"),
        (vec!["--audit", "--strategy", "sma_crossover"], "--strategy"),
        (vec!["--audit", "--no-report"], "--no-report"),
        (vec!["gbm", "--correlation", "0.5", "--out", &out], "name how many (--instruments 2)"),
        (vec!["gbm", "--no-report", "--out", &out], "none is made here; leave it out"),
        (vec!["list", "--bars", "5"], "--bars"),
        (vec!["list", "--timeframe", "1h"], "changes nothing about the list of kinds"),
        (vec!["list", "--out", &out], "--out"),
    ] {
        refused(&[&["data", "synth"], args.as_slice()].concat(), &[words]);
    }
    assert!(!Path::new(&out).exists(), "nothing was written");
    // Of one name given twice, the last wins.
    let told = json(&["data", "synth", "gbm", "--bars", "9", "--param", "price=5", "--param", "price=7", "--out", &out, "--json"]);
    assert_eq!(told["parameters"]["price"], 7.0);
    let told = lab(&["data", "synth", "gbm", "--bars", "2", "--out", &out]).stdout;
    assert!(String::from_utf8(told).unwrap().ends_with("x.csv: 2 bars of gbm\n"));
}

#[test]
fn a_market_never_takes_the_manifest_of_its_neighbour() {
    let scratch = Scratch::new("synth-neighbours");
    for (kind, file) in [("gbm", "nb.csv"), ("garch", "nb.parquet"), ("regimes", "re.csv"), ("regimes", "re.parquet")] {
        let seed = if file == "re.parquet" { "9" } else { "3" };
        json(&["data", "synth", kind, "--bars", "300", "--seed", seed, "--out", &scratch.path(file), "--json"]);
    }
    let manifest = |name: &str| fs::read_to_string(scratch.path(name)).unwrap().parse::<toml::Table>().unwrap();
    for (name, kind, file) in [
        ("nb.manifest.toml", "gbm", "nb.csv"),
        ("nb.parquet.manifest.toml", "garch", "nb.parquet"),
        ("re.manifest.toml", "regimes", "re.csv"),
        ("re.parquet.manifest.toml", "regimes", "re.parquet"),
    ] {
        let found = manifest(name);
        assert_eq!((found["kind"].as_str(), found["file"].as_str()), (Some(kind), Some(file)));
        let stored = fs::read(scratch.path(file)).unwrap();
        assert_eq!(found["sha256"].as_str(), Some(cthulu_lab::data::sha256_hex(&stored).as_str()));
    }
    let path = |name: &str| fs::read_to_string(scratch.path(name)).unwrap();
    assert_ne!(path("re.regimes.csv"), path("re.parquet.regimes.csv"));
}

#[test]
fn one_thread_and_two_find_the_same_distribution() {
    let args =
        ["data", "synth", "heston", "--bars", "300", "--strategy", "sma_crossover", "--paths", "6", "--no-report", "--json", "--threads"];
    let [one, two] = ["1", "2"].map(|threads| json(&[&args[..], &[threads]].concat()));
    assert_eq!(one, two);
    assert_eq!((&one["paths"], &one["synthetic"], &one["markets"][0]["kind"]), (&6.into(), &true.into(), &"heston".into()));
    let sharpe = &one["metrics"]["sharpe"];
    assert!(sharpe["p05"].as_f64() < sharpe["p50"].as_f64() && sharpe["p50"].as_f64() < sharpe["p95"].as_f64(), "{sharpe}");
    assert!(one["metrics"].as_object().unwrap().len() > 25, "every metric");
    let verdicts: i64 = one["verdicts"].as_object().unwrap().values().filter_map(Value::as_i64).sum();
    assert_eq!(verdicts, 6);
}

#[test]
fn a_synthetic_experiment_runs_reproduces_and_says_what_it_is() {
    let scratch = Scratch::new("synth-run");
    let text = "name = \"made\"\nstrategy = \"sma_crossover\"\n[[data]]\nsynth = { kind = \"regimes\", bars = 600, trend_drift = 2.0 }\n";
    let (file, out) = (scratch.file("made.toml", text), scratch.path("run"));
    let run = json(&["backtest", &file, "--out", &out, "--json"]);
    let data = &run["manifest"]["data"][0];
    assert_eq!((&data["path"], &data["symbol"], &data["rows"]), (&"synthetic regimes".into(), &"SYNTH".into(), &600.into()));
    assert!(run["warnings"].as_array().unwrap().iter().any(|w| w.as_str().unwrap().contains("synthetic")), "{}", run["warnings"]);
    let mut events = String::new();
    let packed = fs::File::open(Path::new(&out).join("events.jsonl.gz")).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(packed), &mut events).unwrap();
    assert!(events.lines().all(|line| line.contains("\"mode\":\"synthetic\"")));
    let again = lab(&["reproduce", &out]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let other = json(&["backtest", &file, "--seed", "8", "--out", &scratch.path("other"), "--no-report", "--json"]);
    assert_ne!(other["manifest"]["data"][0]["sha256"], data["sha256"]);
    let paths = json(&["data", "synth", "--experiment", &file, "--paths", "3", "--json"]);
    assert_eq!((&paths["paths"], &paths["markets"][0]["parameters"]["trend_drift"]), (&3.into(), &2.0.into()));
}

#[test]
fn the_lab_measures_the_planted_sharpe_and_trades_every_turn() {
    let synth = "{ kind = \"edge\", bars = 3000, timeframe = \"1d\", sharpe = 6.0, spread_fraction = 0.0, seed = 11 }";
    let rule = Scratch::new("synth-edge");
    let file = rule.file("follow.toml", cthulu_lab::feed::synth::EDGE_RULE);
    let spec = Spec::parse(&format!("strategy = {file:?}\n[[data]]\nsynth = {synth}\n"), Path::new("x.toml")).unwrap();
    let experiment = Experiment::new(spec).unwrap();
    let outcome = experiment.run(Watchers::Off).unwrap();
    let values = earned(&experiment.sources[0].dataset.bars);
    let told = mean(&values).unwrap() / variance(&values).unwrap().sqrt() * 365.0_f64.sqrt();
    // The engine compounds simple returns where the truth adds logarithms; they differ by the order of a bar's variance.
    assert!((outcome.metrics.sharpe.unwrap() - told).abs() < 0.1, "{:?} {told}", outcome.metrics.sharpe);
    let bars = &experiment.sources[0].dataset.bars;
    let up: Vec<bool> = bars.iter().filter(|bar| bar.close != bar.open).map(|bar| bar.close > bar.open).collect();
    // the last turn, if it came with the last bar, is never filled
    let turns = up[..up.len() - 1].windows(2).filter(|w| w[0] != w[1]).count() as u64;
    assert_eq!(outcome.metrics.trades, turns);
}

#[test]
fn the_audit_finds_a_large_edge_and_not_its_twin() {
    let found = json(&["data", "synth", "--audit", "--paths", "12", "--bars", "250", "--param", "sharpe=8", "--json"]);
    let planted = found["planted"].as_array().unwrap();
    assert_eq!((planted.len(), &planted[0]["sharpe"], &planted[1]["sharpe"]), (2, &0.0.into(), &8.0.into()));
    // Φ(8·√(250/365) − 1.96) is 1 to six digits; of the twin a false alarm has odds of 1 in 40, and more than 4 of 12 of 1 in 10⁵
    assert_eq!(planted[1]["profitable"]["count"], 12);
    assert!(planted[0]["profitable"]["count"].as_i64().unwrap() <= 4, "{found}");
    assert!((planted[0]["profitable_in_theory"].as_f64().unwrap() - 0.025).abs() < 1e-12);
    let (measured, error) = (planted[1]["measured_sharpe"].as_f64().unwrap(), planted[1]["measured_sharpe_error"].as_f64().unwrap());
    assert!((measured - 8.0).abs() < ERRORS * error, "{measured} +- {error}");
}

#[test]
fn many_paths_leave_a_folder_with_a_page_that_tells_how_every_figure_is_spread() {
    let scratch = Scratch::new("synth-folder");
    let out = scratch.path("many");
    let args = ["data", "synth", "garch", "--bars", "600", "--strategy", "sma_crossover", "--paths", "25", "--out", &out];
    let told = String::from_utf8(lab(&args).stdout).unwrap();
    assert!(told.ends_with("many/report.html\n"), "{told}");
    let read = |name: &str| fs::read_to_string(scratch.0.join("many").join(name)).unwrap();
    let run: Value = serde_json::from_str(&read("run.json")).unwrap();
    assert_eq!((&run["kind"], &run["paths"]), (&"monte_carlo".into(), &25.into()));
    // The quantiles of run.json are those of the rows beside it.
    let mut rows = csv::Reader::from_path(scratch.0.join("many/paths.csv")).unwrap();
    let place = rows.headers().unwrap().iter().position(|name| name == "return_fraction").unwrap();
    let cells: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let mut returns: Vec<f64> = cells.iter().map(|row| row[place].parse().unwrap()).collect();
    returns.sort_by(f64::total_cmp);
    let of = |quantile: &str| run["metrics"]["return_fraction"][quantile].as_f64().unwrap();
    assert_eq!((returns.len(), of("p50"), of("min"), of("max")), (25, returns[12], returns[0], returns[24]));
    let losing = returns.iter().filter(|r| **r < 0.0).count();
    assert_eq!(run["losing_paths"].as_u64(), Some(losing as u64));
    let verdicts = run["verdicts"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
    assert!(verdicts == 25 && run["profitable"]["of"] == 25);
    // The fan begins with the cash on every path and ends at the quantiles of the last equity, that of the returns.
    let fan = read("fan.csv");
    let row = |line: &str| line.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>();
    let (first, last) = (row(fan.lines().nth(1).unwrap()), row(fan.lines().last().unwrap()));
    assert_eq!(first, [10_000.0; 5]);
    assert!((last[2] - 10_000.0 * (1.0 + returns[12])).abs() < 1e-6 && last.is_sorted() && fan.lines().count() == 130, "{last:?}");
    let page = read("report.html");
    for words in [
        "Monte Carlo report",
        "is said on",
        "Equity over all paths",
        "How the figures are spread",
        "All metrics over the paths",
        "GARCH",
        "Sharpe",
    ] {
        assert!(page.contains(words) || (words == "GARCH" && page.contains("garch")), "{words}");
    }
    assert!(!page.contains("NaN") && page.matches("http://").count() == page.matches("http://www.w3.org/").count());
    // The experiment that the page tells asks the same question.
    fn told_only(tree: &Value) -> Value {
        match tree {
            Value::Object(map) => {
                map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), told_only(v))).collect::<serde_json::Map<_, _>>().into()
            }
            Value::Array(list) => list.iter().map(told_only).collect::<Vec<_>>().into(),
            other => other.clone(),
        }
    }
    let again = scratch.file("again.toml", &toml::to_string(&told_only(&run["manifest"]["spec"])).unwrap());
    let again = json(&["data", "synth", "--experiment", &again, "--paths", "25", "--no-report", "--json"]);
    assert_eq!((&again["id"], &again["metrics"]), (&run["id"], &run["metrics"]));
    assert!(page.contains("data synth --experiment EXPERIMENT.toml --paths 25"));
    // Drawn again it is the same; run again as well; and nobody takes it for one backtest.
    assert!(lab(&["report", &out]).status.success() && read("report.html") == page);
    assert!(lab(&args).status.success() && read("report.html") == page);
    refused(&["reproduce", &out], &["is of many paths"]);
    // Where nothing is to be written, nothing is.
    let none = lab(&[
        "data",
        "synth",
        "garch",
        "--bars",
        "300",
        "--strategy",
        "sma_crossover",
        "--paths",
        "2",
        "--no-report",
        "--out",
        &scratch.path("none"),
    ]);
    assert!(none.status.success() && !scratch.0.join("none").exists());
}
