//! The statistics against reference numbers and an independent computation, and at the edges where many tools invent a number.
//!
//! The second block of numbers was computed in another language (NumPy and SciPy) straight from the formulas of `docs/metrics.md`.

use cthulu_lab::seed::Seed;
use cthulu_lab::stats::bootstrap::{Method, Options, interval};
use cthulu_lab::stats::drawdown::ulcer_index;
use cthulu_lab::stats::drift::psi_of_shares;
use cthulu_lab::stats::luck::{Trials, dsr, effective_trials, expected_max_sharpe, min_trl_of, psr};
use cthulu_lab::stats::moments::mean;
use cthulu_lab::stats::pbo::pbo;
use cthulu_lab::stats::ratios::{alpha, beta, information_ratio, sharpe, sortino, volatility};
use cthulu_lab::stats::summary::Metrics;
use cthulu_lab::stats::trades::TradeStats;

#[track_caller]
fn close_to(ours: Option<f64>, expected: f64) {
    let ours = ours.expect("a number");
    assert!((ours - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{ours} instead of {expected}");
}

/// sin(0.7·t·n) + lift·n for t = 1.. and n = 1..: a panel of trials that any language can write.
fn panel(rows: u32, trials: u32, lift: f64) -> Vec<Vec<f64>> {
    (1..=trials).map(|n| (1..=rows).map(|t| (0.7 * f64::from(t * n)).sin() + lift * f64::from(n)).collect()).collect()
}

#[test]
fn every_reference_number_holds() {
    close_to(sharpe(&[0.01, -0.02, 0.015, -0.005, 0.025], 0.0, 252.0), 4.48998886412873);
    close_to(sortino(&[-0.01, 0.02, -0.015, 0.005, -0.02], 0.0, 252.0), -5.273224492824493);
    close_to(ulcer_index(100.0, &[100.0, 101.0, 102.0, 100.0, 99.0, 103.0, 103.0, 102.0]), 1.2960415727);
    close_to(expected_max_sharpe(Trials { count: 100.0, sharpe_variance: 1.0 }), 2.5306028932);
    close_to(psr(1.585 / 12f64.sqrt(), -2.448, 10.164, 24, 0.0), 0.9132343069);
    let trials = Trials { count: 100.0, sharpe_variance: 0.5 / 250.0 };
    close_to(expected_max_sharpe(trials), 0.1131720019);
    close_to(dsr(2.5 / 250f64.sqrt(), -3.0, 10.0, 1250, trials), 0.9003968344);
    let trades = TradeStats::of(&[120.0, -80.0, 60.0, -40.0, 200.0, -100.0, 75.0, 30.0, -60.0, 45.0]);
    close_to(trades.profit_factor, 1.8928571429);
    close_to(trades.win_rate, 0.6);
    close_to(trades.sqn, 0.8287419302);
    close_to(trades.kelly, 0.2830188679);
    let found = pbo(&panel(64, 8, 0.0), 8).unwrap();
    close_to(Some(found.pbo), 0.9714285714);
    close_to(Some(found.mean_logit), -1.5876250520);
    assert_eq!(found.splits, 70);
    close_to(psi_of_shares(&[0.5, 0.5], &[0.6, 0.4]), 0.0405465108);
}

const RETURNS: [f64; 24] = [
    0.012, -0.008, 0.003, 0.021, -0.015, 0.0, 0.007, -0.022, 0.018, 0.004, -0.001, 0.009, -0.031, 0.026, 0.002, -0.006, 0.014, -0.011,
    0.005, 0.008, -0.003, 0.017, -0.019, 0.006,
];
const BENCHMARK: [f64; 24] = [
    0.006, -0.004, 0.001, 0.011, -0.012, 0.002, 0.003, -0.013, 0.01, 0.001, 0.0, 0.004, -0.02, 0.015, -0.001, -0.002, 0.009, -0.007, 0.004,
    0.003, 0.001, 0.008, -0.012, 0.002,
];

#[test]
fn every_metric_of_a_return_series_agrees_with_an_independent_computation() {
    let metrics = Metrics::of_returns(&RETURNS, 252.0);
    for (ours, expected) in [
        (metrics.return_fraction, 0.03426241899356852),
        (metrics.cagr, 0.42436999497116457),
        (metrics.sharpe, 1.6907438134444168),
        (metrics.sortino, 2.4527362514879973),
        (metrics.max_drawdown_fraction, 0.03157391652909272),
        (metrics.calmar, 13.4405243828444),
        (metrics.ulcer_index, 1.2389181734513521),
        (metrics.omega, 1.3103448275862069),
        (metrics.var_95, 0.02155),
        (metrics.cvar_95, 0.0265),
        (metrics.skew, -0.4657166071964036),
        (metrics.kurtosis, 2.7530317832480398),
        (metrics.psr, 0.6905453873351718),
        (metrics.dsr, 0.6905453873351718),
        (min_trl_of(&RETURNS), 252.52217833674186),
        (volatility(&RETURNS, 252.0), 0.22357023991111394),
        (beta(&RETURNS, &BENCHMARK), 1.6576436826184753),
        (alpha(&RETURNS, &BENCHMARK, 0.0, 252.0), 0.22135267199255396),
        (information_ratio(&RETURNS, &BENCHMARK, 252.0), 2.971763277108273),
    ] {
        close_to(ours, expected);
    }
    assert_eq!(metrics.max_drawdown_bars, Some(12));
}

#[test]
fn an_equity_series_gives_the_metrics_of_its_returns() {
    let levels: Vec<f64> = std::iter::once(&0.0)
        .chain(&RETURNS)
        .scan(5_000.0, |level, r| {
            *level *= 1.0 + r;
            Some(*level)
        })
        .collect();
    let (equity, returns) = (Metrics::of_equity(&levels, 252.0), Metrics::of_returns(&RETURNS, 252.0));
    close_to(equity.sharpe, returns.sharpe.unwrap());
    close_to(equity.cagr, returns.cagr.unwrap());
    close_to(equity.max_drawdown_fraction, returns.max_drawdown_fraction.unwrap());
    close_to(equity.net_profit, 5_000.0 * 0.03426241899356852);
    // One row more in the mean, itself no drawdown: 1.2389…·√(24/25).
    close_to(equity.ulcer_index, 1.2389181734513521 * (24.0 / 25.0_f64).sqrt());
}

#[test]
fn the_best_of_many_agrees_with_an_independent_computation() {
    for (count, sharpe_variance, expected) in
        [(2.0, 0.01, 0.05197553442805939), (10.0, 0.02, 0.22268182730527974), (1000.0, 0.5, 2.3017184958900594)]
    {
        close_to(expected_max_sharpe(Trials { count, sharpe_variance }), expected);
    }
    close_to(effective_trials(&panel(64, 8, 0.0)), 8.7926580995198);
    let found = pbo(&panel(64, 8, 0.0), 8).unwrap();
    close_to(Some(found.oos_loss_probability), 0.9857142857142858);
    close_to(found.degradation_slope, -0.7625460523562085);
    let found = pbo(&panel(40, 5, 0.05), 10).unwrap();
    assert_eq!(found.splits, 252);
    close_to(Some(found.pbo), 0.5873015873015873);
    close_to(Some(found.mean_logit), -0.1310869023837469);
    close_to(Some(found.oos_loss_probability), 0.2261904761904762);
    close_to(found.degradation_slope, -1.3255910511588043);
}

#[test]
fn corrected_intervals_agree_with_another_programs_two_hundred_thousand_resamples() {
    let options = Options { resamples: 20_000, block: Some(1.0), ..Options::new(Seed::new(3)) };
    let skewed: Vec<f64> = (0..60).map(|i| f64::from(i * i).sin().exp()).collect();
    let found = interval(&skewed, mean, &options).unwrap();
    assert_eq!(found.method, Method::Bca);
    // The ends themselves scatter by 0.002 (the mean) and 0.08 (the ratio) from seed to seed.
    assert!((found.low - 1.028378).abs() < 0.008 && (found.high - 1.437762).abs() < 0.008, "{found:?}");
    let found = interval(&RETURNS, |r| sharpe(r, 0.0, 252.0), &options).unwrap();
    assert!((found.low + 5.1006).abs() < 0.3 && (found.high - 8.7286).abs() < 0.3, "{found:?}");
}

/// The ratios that a series may lack.
fn ratios(m: &Metrics) -> [Option<f64>; 10] {
    [m.cagr, m.sharpe, m.sortino, m.calmar, m.omega, m.var_95, m.cvar_95, m.skew, m.kurtosis, m.psr]
}

#[test]
fn what_has_no_answer_is_undefined_and_never_a_number() {
    for broken in [&[0.01, f64::NAN, 0.02][..], &[f64::INFINITY, 0.0], &[f64::NAN]] {
        let metrics = Metrics::of_returns(broken, 252.0);
        assert_eq!(ratios(&metrics), [None; 10], "{broken:?}");
        assert_eq!((metrics.max_drawdown_fraction, metrics.ulcer_index, metrics.return_fraction), (None, None, None));
    }
    assert_eq!(ratios(&Metrics::of_returns(&[], 252.0)), [None; 10]);
    // One row: no spread, but growth and quantiles. (1.01)^252 − 1.
    let one = Metrics::of_returns(&[0.01], 252.0);
    assert_eq!((one.sharpe, one.sortino, one.omega, one.skew, one.psr), (None, None, None, None, None));
    close_to(one.cagr, 11.274002099240295);
    assert_eq!(one.var_95, Some(-0.01));
    // Returns that never vary, and never lose.
    let steady = Metrics::of_returns(&[0.01; 50], 252.0);
    assert_eq!((steady.sharpe, steady.sortino, steady.calmar, steady.omega, steady.skew, steady.psr), (None, None, None, None, None, None));
    assert_eq!(steady.max_drawdown_fraction, Some(0.0));
}

#[test]
fn an_account_that_touches_zero_has_lost_everything_and_has_no_return_after_that() {
    let gone = Metrics::of_equity(&[100.0, 50.0, 0.0], 252.0);
    assert_eq!((gone.cagr, gone.return_fraction, gone.max_drawdown_fraction), (Some(-1.0), Some(-1.0), Some(1.0)));
    assert_eq!(gone.calmar, Some(-1.0));
    let after = Metrics::of_equity(&[100.0, 50.0, 0.0, 0.0], 252.0);
    assert_eq!(ratios(&after), [None; 10]);
    assert_eq!((after.return_fraction, after.max_drawdown_fraction), (Some(-1.0), Some(1.0)));
}

#[test]
fn trades_that_all_win_or_all_lose_have_the_figures_that_exist() {
    let won = TradeStats::of(&[10.0, 30.0]);
    assert_eq!((won.profit_factor, won.no_losses, won.win_rate, won.kelly, won.payoff), (None, true, Some(1.0), None, None));
    close_to(won.sqn, 2.0_f64.sqrt() * 20.0 / 200.0_f64.sqrt()); // √2·20/14.14 = 2
    let lost = TradeStats::of(&[-10.0, -30.0]);
    assert_eq!((lost.profit_factor, lost.win_rate, lost.expectancy, lost.kelly), (Some(0.0), Some(0.0), Some(-20.0), None));
    assert_eq!(TradeStats::of(&[7.0; 9]).sqn, None);
    assert_eq!(TradeStats::of(&[7.0]).sqn, None);
}
