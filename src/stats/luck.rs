//! Is it luck? The chance that a Sharpe ratio is real, given how long it was watched and how many were tried.
//!
//! Every Sharpe ratio here is **per period** (not annualised) and every kurtosis is **not** excess (a normal has 3); feeding excess
//! kurtosis, as several tools do, gives wrong numbers. Sources: D. Bailey and M. López de Prado, "The Sharpe Ratio Efficient Frontier"
//! (2012, PSR and MinTRL) and "The Deflated Sharpe Ratio" (2014, DSR). The probability of overfitting lives in [`crate::stats::pbo`]; what is
//! said of a whole matrix of trials is in `docs/luck.md`.

use crate::stats::moments::{finite, is_flat, kurtosis, mean, sd, skewness};
use crate::stats::normal::{cdf, inverse_cdf};
use crate::stats::ratios::sharpe_per_period;

/// Euler's constant, as the expected maximum uses it.
const EULER: f64 = 0.577_215_664_901_532_9;

/// How many independent trials were looked at, and how far apart their Sharpe ratios lay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trials {
    /// Independent trials N; need not be whole, see [`effective_trials`].
    pub count: f64,
    /// Variance (n − 1) of the trials' per-period Sharpe ratios.
    pub sharpe_variance: f64,
}

impl Trials {
    /// A single trial: nothing to deflate.
    pub const ONE: Self = Self { count: 1.0, sharpe_variance: 0.0 };
}

/// T times the variance of a Sharpe estimate, 1 − γ3·SR + (γ4 − 1)/4·SR²; `None` where it is not above zero.
fn spread_of_estimate(sharpe: f64, skew: f64, kurtosis: f64) -> Option<f64> {
    finite(1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe).filter(|v| *v > 0.0)
}

/// The probabilistic Sharpe ratio: the probability that the true ratio exceeds `benchmark`, from `periods` returns.
///
/// Φ((SR − SR*)·√(T − 1)/√(1 − γ3·SR + ((γ4 − 1)/4)·SR²)). `None` below two periods or where the term under the root is not positive.
///
/// ```
/// use cthulu_lab::stats::luck::psr;
/// let p = psr(1.585 / 12f64.sqrt(), -2.448, 10.164, 24, 0.0).unwrap();
/// assert!((p - 0.9132343069).abs() < 1e-9);
/// ```
#[must_use]
pub fn psr(sharpe_per_period: f64, skew: f64, kurtosis: f64, periods: usize, benchmark: f64) -> Option<f64> {
    if periods < 2 {
        return None;
    }
    let spread = spread_of_estimate(sharpe_per_period, skew, kurtosis)?;
    finite(cdf((sharpe_per_period - benchmark) * ((periods - 1) as f64).sqrt() / spread.sqrt()))
}

/// [`psr`] of a series of returns, its moments estimated from the same series.
#[must_use]
pub fn psr_of(returns: &[f64], benchmark: f64) -> Option<f64> {
    psr(sharpe_per_period(returns, 0.0)?, skewness(returns)?, kurtosis(returns)?, returns.len(), benchmark)
}

/// SR0, the best per-period Sharpe ratio that `trials.count` trials of no skill are expected to show.
///
/// √V·[(1 − γ)·Φ⁻¹(1 − 1/N) + γ·Φ⁻¹(1 − 1/(N·e))]. N = 1 gives 0, and never less than 0 for an N between 1 and 2, where the
/// approximation would dip below. `None` for N < 1 or a negative variance.
///
/// ```
/// use cthulu_lab::stats::luck::{Trials, expected_max_sharpe};
/// let best = expected_max_sharpe(Trials { count: 100.0, sharpe_variance: 1.0 }).unwrap();
/// assert!((best - 2.5306028932).abs() < 1e-9);
/// ```
#[must_use]
pub fn expected_max_sharpe(trials: Trials) -> Option<f64> {
    let Trials { count, sharpe_variance } = trials;
    if !(count >= 1.0 && count.is_finite() && sharpe_variance >= 0.0) {
        return None;
    }
    if count == 1.0 {
        return Some(0.0);
    }
    let (rough, fine) = (inverse_cdf(1.0 - 1.0 / count)?, inverse_cdf(1.0 - 1.0 / (count * std::f64::consts::E))?);
    finite(sharpe_variance.sqrt() * ((1.0 - EULER) * rough + EULER * fine)).map(|s| s.max(0.0))
}

/// The deflated Sharpe ratio: [`psr`] against [`expected_max_sharpe`]; one trial gives the PSR against zero.
///
/// ```
/// use cthulu_lab::stats::luck::{Trials, dsr};
/// let trials = Trials { count: 100.0, sharpe_variance: 0.5 / 250.0 };
/// let p = dsr(2.5 / 250f64.sqrt(), -3.0, 10.0, 1250, trials).unwrap();
/// assert!((p - 0.9003968344).abs() < 1e-9);
/// ```
#[must_use]
pub fn dsr(sharpe_per_period: f64, skew: f64, kurtosis: f64, periods: usize, trials: Trials) -> Option<f64> {
    psr(sharpe_per_period, skew, kurtosis, periods, expected_max_sharpe(trials)?)
}

/// [`dsr`] of a series of returns, its moments estimated from the same series.
#[must_use]
pub fn dsr_of(returns: &[f64], trials: Trials) -> Option<f64> {
    psr_of(returns, expected_max_sharpe(trials)?)
}

/// The minimum track record length: periods needed before SR exceeds `benchmark` with confidence 1 − `alpha` (0.05 unless asked).
///
/// 1 + (1 − γ3·SR + ((γ4 − 1)/4)·SR²)·(z_α/(SR − SR*))². `None` where SR does not exceed the benchmark: no length would do.
///
/// ```
/// use cthulu_lab::stats::luck::min_trl;
/// // normal returns, SR 0.1: 1 + (1 + 0.5·0.01)·(1.6448536270/0.1)² = 272.9
/// assert!((min_trl(0.1, 0.0, 3.0, 0.0, 0.05).unwrap() - 272.907117136589).abs() < 1e-9);
/// assert_eq!(min_trl(-0.1, 0.0, 3.0, 0.0, 0.05), None);
/// ```
#[must_use]
pub fn min_trl(sharpe_per_period: f64, skew: f64, kurtosis: f64, benchmark: f64, alpha: f64) -> Option<f64> {
    if sharpe_per_period <= benchmark {
        return None;
    }
    let z = -inverse_cdf(alpha)? / (sharpe_per_period - benchmark);
    finite(1.0 + spread_of_estimate(sharpe_per_period, skew, kurtosis)? * z * z)
}

/// [`min_trl`] of a series of returns against zero at 95 %.
#[must_use]
pub fn min_trl_of(returns: &[f64]) -> Option<f64> {
    min_trl(sharpe_per_period(returns, 0.0)?, skewness(returns)?, kurtosis(returns)?, 0.0, 0.05)
}

/// The number of independent trials among M correlated ones: N̂ = ρ̄ + (1 − ρ̄)·M, ρ̄ the mean correlation of all pairs of columns.
///
/// A column that does not vary (a trial that never traded) has no correlation and is left out of ρ̄ and M. One column gives 1; `None`
/// without one that varies, or where lengths differ. ρ̄ below zero gives more than M, as the formula says.
///
/// ```
/// use cthulu_lab::stats::luck::effective_trials;
/// let same = vec![1.0, 2.0, 4.0];
/// assert!((effective_trials(&[same.clone(), same.clone(), same]).unwrap() - 1.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn effective_trials(columns: &[Vec<f64>]) -> Option<f64> {
    let rows = columns.first()?.len();
    if columns.iter().any(|c| c.len() != rows) {
        return None;
    }
    let mut sums = vec![0.0; rows];
    let mut varying = 0usize;
    for column in columns {
        let (mu, s) = (mean(column)?, sd(column)?);
        if is_flat(mu, s) {
            continue;
        }
        varying += 1;
        sums.iter_mut().zip(column).for_each(|(sum, x)| *sum += (x - mu) / s);
    }
    let m = varying as f64;
    match varying {
        0 => None,
        1 => Some(1.0),
        _ => {
            // Σ over all pairs of ρ, the diagonal included, is the variance of the sum of the standardised columns
            let all_pairs = sums.iter().map(|s| s * s).sum::<f64>() / (rows - 1) as f64;
            let rho = (all_pairs - m) / (m * (m - 1.0));
            finite(rho + (1.0 - rho) * m)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::moments::correlation;

    #[test]
    fn reference_numbers_hold() {
        let psr = psr(1.585 / 12f64.sqrt(), -2.448, 10.164, 24, 0.0).unwrap();
        assert!((psr - 0.9132343069).abs() < 1e-9, "{psr}");
        let trials = Trials { count: 100.0, sharpe_variance: 0.5 / 250.0 };
        assert!((expected_max_sharpe(trials).unwrap() - 0.1131720019).abs() < 1e-9);
        let dsr = dsr(2.5 / 250f64.sqrt(), -3.0, 10.0, 1250, trials).unwrap();
        assert!((dsr - 0.9003968344).abs() < 1e-9, "{dsr}");
    }

    #[test]
    fn one_trial_deflates_nothing() {
        assert_eq!(expected_max_sharpe(Trials::ONE), Some(0.0));
        assert_eq!(dsr(0.1, -0.5, 4.0, 300, Trials::ONE), psr(0.1, -0.5, 4.0, 300, 0.0));
        assert_eq!(expected_max_sharpe(Trials { count: 1.2, sharpe_variance: 1.0 }), Some(0.0));
        assert_eq!(expected_max_sharpe(Trials { count: 0.5, sharpe_variance: 1.0 }), None);
    }

    #[test]
    fn more_trials_need_more_sharpe() {
        let at = |count| dsr(0.1, 0.0, 3.0, 500, Trials { count, sharpe_variance: 0.002 }).unwrap();
        assert!(at(2.0) > at(10.0) && at(10.0) > at(1000.0));
    }

    #[test]
    fn a_record_as_long_as_its_minimum_is_just_significant() {
        let needed = min_trl(0.2, -1.0, 6.0, 0.0, 0.05).unwrap();
        // the PSR at exactly that length is 95 %; a length is whole, so it lies between its neighbours
        let at = |periods| psr(0.2, -1.0, 6.0, periods, 0.0).unwrap();
        assert!(at(needed.floor() as usize) <= 0.95 && at(needed.ceil() as usize) >= 0.95);
    }

    #[test]
    fn an_impossible_shape_is_undefined() {
        assert_eq!(psr(1.0, 3.0, 2.0, 100, 0.0), None); // 1 − 3 + 0.25 < 0
        assert_eq!(psr(1.0, 0.0, 3.0, 1, 0.0), None);
    }

    #[test]
    fn effective_trials_average_every_pair() {
        let columns: Vec<Vec<f64>> =
            (1..=4).map(|n| (1..=40).map(|t| libm::sin(0.7 * f64::from(t * n)) + libm::sin(f64::from(t))).collect()).collect();
        let mut rhos = Vec::new();
        for i in 0..4 {
            for j in 0..i {
                rhos.push(correlation(&columns[i], &columns[j]).unwrap());
            }
        }
        let rho = mean(&rhos).unwrap();
        assert!((effective_trials(&columns).unwrap() - (rho + (1.0 - rho) * 4.0)).abs() < 1e-12);
        let with_flat = [columns, vec![vec![0.0; 40]]].concat();
        assert!((effective_trials(&with_flat).unwrap() - (rho + (1.0 - rho) * 4.0)).abs() < 1e-12);
    }
}
