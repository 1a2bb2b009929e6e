//! Ratios of period returns: reward against risk, and against a benchmark.
//!
//! Returns are simple per-period fractions (0.01 is one percent). `periods_per_year` comes from the data's calendar: 252 for exchange
//! days and FX, 365 for crypto. Annualising multiplies by √P for ratios and by P for means. A ratio whose denominator is zero is `None`.

use crate::stats::moments::{covariance, finite, is_flat, mean, quantile, sd, variance};

/// The simple returns of an equity curve that starts at `start`: one per entry of `levels`.
///
/// `None` where a return would be measured from a level that is not above zero, or a level is not finite.
///
/// ```
/// use cthulu_lab::stats::ratios::returns_of;
/// assert_eq!(returns_of(100.0, &[110.0, 99.0]), Some(vec![110.0 / 100.0 - 1.0, 99.0 / 110.0 - 1.0]));
/// assert_eq!(returns_of(0.0, &[1.0]), None);
/// ```
#[must_use]
pub fn returns_of(start: f64, levels: &[f64]) -> Option<Vec<f64>> {
    let before = std::iter::once(&start).chain(levels);
    levels.iter().zip(before).map(|(now, before)| if *before > 0.0 { finite(now / before - 1.0) } else { None }).collect()
}

/// The Sharpe ratio per period, (μ − f)/s with n − 1; `None` below two returns or where s ≤ 1e-12·|μ|.
///
/// Source: W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management, 1994.
#[must_use]
pub fn sharpe_per_period(returns: &[f64], risk_free_per_period: f64) -> Option<f64> {
    let (mu, s) = (mean(returns)?, sd(returns)?);
    if is_flat(mu, s) {
        return None;
    }
    finite((mu - risk_free_per_period) / s)
}

/// The annualised Sharpe ratio (μ − f)/s·√P; undefined as [`sharpe_per_period`] is.
///
/// ```
/// use cthulu_lab::stats::ratios::sharpe;
/// let value = sharpe(&[0.01, -0.02, 0.015, -0.005, 0.025], 0.0, 252.0).unwrap();
/// assert!((value - 4.48998886412873).abs() < 1e-12);
/// ```
#[must_use]
pub fn sharpe(returns: &[f64], risk_free_per_period: f64, periods_per_year: f64) -> Option<f64> {
    finite(sharpe_per_period(returns, risk_free_per_period)? * periods_per_year.sqrt())
}

/// The target downside deviation √((1/T)·Σ min(r − MAR, 0)²) over **all** T returns; `None` without returns.
#[must_use]
pub fn downside_deviation(returns: &[f64], minimum_acceptable: f64) -> Option<f64> {
    let squares: Vec<f64> = returns.iter().map(|r| (r - minimum_acceptable).min(0.0)).map(|d| d * d).collect();
    mean(&squares).map(f64::sqrt)
}

/// The annualised Sortino ratio (μ − MAR)/TDD·√P; `None` where no return falls below the MAR.
///
/// TDD is [`downside_deviation`], over all periods; the standard deviation of the losing periods alone is another quantity.
/// Source: F. Sortino and R. van der Meer, "Downside Risk", Journal of Portfolio Management, 1991.
///
/// ```
/// use cthulu_lab::stats::ratios::sortino;
/// let value = sortino(&[-0.01, 0.02, -0.015, 0.005, -0.02], 0.0, 252.0).unwrap();
/// assert!((value + 5.273224492824493).abs() < 1e-12);
/// ```
#[must_use]
pub fn sortino(returns: &[f64], minimum_acceptable: f64, periods_per_year: f64) -> Option<f64> {
    let downside = downside_deviation(returns, minimum_acceptable)?;
    if downside == 0.0 {
        return None;
    }
    finite((mean(returns)? - minimum_acceptable) / downside * periods_per_year.sqrt())
}

/// Omega(θ) = Σ max(r − θ, 0)/Σ max(θ − r, 0); `None` where no return falls below `threshold`.
///
/// Source: C. Keating and W. Shadwick, "A Universal Performance Measure", 2002.
///
/// ```
/// use cthulu_lab::stats::ratios::omega;
/// assert_eq!(omega(&[0.5, -0.25, 0.25], 0.0), Some(3.0)); // 0.75/0.25
/// ```
#[must_use]
pub fn omega(returns: &[f64], threshold: f64) -> Option<f64> {
    let above: f64 = returns.iter().map(|r| (r - threshold).max(0.0)).sum();
    let below: f64 = returns.iter().map(|r| (threshold - r).max(0.0)).sum();
    if below == 0.0 || returns.iter().any(|r| !r.is_finite()) {
        return None;
    }
    finite(above / below)
}

/// Historical value at risk at 95 %: minus the 5 % quantile (type 7), so a loss prints as a **positive** fraction.
///
/// Negative where even that quantile is a gain; `None` without returns.
#[must_use]
pub fn var_95(returns: &[f64]) -> Option<f64> {
    quantile(returns, 0.05).map(|q| 0.0 - q)
}

/// Historical expected shortfall at 95 %: minus the mean of the returns at or below the 5 % quantile, a **positive** loss fraction.
///
/// ```
/// use cthulu_lab::stats::ratios::{cvar_95, var_95};
/// let returns = [-0.5, -0.25, 0.0, 0.25, 0.5];
/// assert!((var_95(&returns).unwrap() - 0.45).abs() < 1e-15); // position 4·0.05 = 0.2: −0.5 + 0.2·0.25
/// assert_eq!(cvar_95(&returns), Some(0.5)); // only −0.5 lies at or below −0.45
/// ```
#[must_use]
pub fn cvar_95(returns: &[f64]) -> Option<f64> {
    let limit = quantile(returns, 0.05)?;
    let tail: Vec<f64> = returns.iter().copied().filter(|r| *r <= limit).collect();
    mean(&tail).map(|m| 0.0 - m)
}

/// The compound growth Π(1 + r); `None` without returns or where one loses more than everything.
#[must_use]
pub fn growth(returns: &[f64]) -> Option<f64> {
    if returns.is_empty() || returns.iter().any(|r| *r < -1.0) {
        return None;
    }
    finite(returns.iter().map(|r| 1.0 + r).product())
}

/// The compound annual growth rate (Π(1 + r))^(P/T) − 1; −1 after a total loss, `None` where [`growth`] is.
///
/// ```
/// use cthulu_lab::stats::ratios::cagr;
/// // 1.21 over two years of one period each: √1.21 − 1 = 0.1
/// assert!((cagr(&[0.1, 0.1], 1.0).unwrap() - 0.1).abs() < 1e-15);
/// ```
#[must_use]
pub fn cagr(returns: &[f64], periods_per_year: f64) -> Option<f64> {
    finite(libm::pow(growth(returns)?, periods_per_year / returns.len() as f64) - 1.0)
}

/// CAGR over maximum drawdown (a positive fraction); `None` without a drawdown.
#[must_use]
pub fn calmar(cagr: f64, max_drawdown_fraction: f64) -> Option<f64> {
    if max_drawdown_fraction <= 0.0 {
        return None;
    }
    finite(cagr / max_drawdown_fraction)
}

/// The tail ratio: the 95 % quantile over the size of the 5 % one; `None` where the latter is zero.
#[must_use]
pub fn tail_ratio(returns: &[f64]) -> Option<f64> {
    let (high, low) = (quantile(returns, 0.95)?, quantile(returns, 0.05)?);
    if low == 0.0 {
        return None;
    }
    finite(high.abs() / low.abs())
}

/// The annualised standard deviation s·√P; `None` below two returns.
#[must_use]
pub fn volatility(returns: &[f64], periods_per_year: f64) -> Option<f64> {
    finite(sd(returns)? * periods_per_year.sqrt())
}

/// The slope of returns on the benchmark's, cov/var; `None` where the benchmark does not vary or the lengths differ.
///
/// ```
/// use cthulu_lab::stats::ratios::beta;
/// assert_eq!(beta(&[0.5, -0.5, 0.25], &[0.25, -0.25, 0.125]), Some(2.0));
/// ```
#[must_use]
pub fn beta(returns: &[f64], benchmark: &[f64]) -> Option<f64> {
    if is_flat(mean(benchmark)?, sd(benchmark)?) {
        return None;
    }
    finite(covariance(returns, benchmark)? / variance(benchmark)?)
}

/// Jensen's alpha a year: P·((μ − f) − β·(μ_benchmark − f)); undefined as [`beta`] is.
#[must_use]
pub fn alpha(returns: &[f64], benchmark: &[f64], risk_free_per_period: f64, periods_per_year: f64) -> Option<f64> {
    let slope = beta(returns, benchmark)?;
    let excess = mean(returns)? - risk_free_per_period;
    finite(periods_per_year * (excess - slope * (mean(benchmark)? - risk_free_per_period)))
}

/// The annualised Sharpe ratio of the difference to the benchmark; `None` where the difference does not vary or the lengths differ.
#[must_use]
pub fn information_ratio(returns: &[f64], benchmark: &[f64], periods_per_year: f64) -> Option<f64> {
    if returns.len() != benchmark.len() {
        return None;
    }
    let active: Vec<f64> = returns.iter().zip(benchmark).map(|(r, b)| r - b).collect();
    sharpe(&active, 0.0, periods_per_year)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, proptest};

    #[test]
    fn reference_sharpe_and_sortino_hold() {
        let sharpe = sharpe(&[0.01, -0.02, 0.015, -0.005, 0.025], 0.0, 252.0).unwrap();
        assert!((sharpe / 4.48998886412873 - 1.0).abs() < 1e-12);
        let sortino = sortino(&[-0.01, 0.02, -0.015, 0.005, -0.02], 0.0, 252.0).unwrap();
        assert!((sortino / -5.273224492824493 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn returns_that_do_not_vary_have_no_sharpe() {
        assert_eq!(sharpe(&[0.1; 30], 0.0, 252.0), None);
        assert_eq!(sharpe(&[0.0; 30], 0.0, 252.0), None);
        assert_eq!(sharpe(&[0.1], 0.0, 252.0), None);
        assert_eq!(information_ratio(&[0.1, 0.2], &[0.1, 0.2], 252.0), None);
    }

    #[test]
    fn without_a_loss_sortino_and_omega_are_undefined() {
        assert_eq!(sortino(&[0.1, 0.2], 0.0, 252.0), None);
        assert_eq!(omega(&[0.1, 0.2], 0.0), None);
        assert_eq!(calmar(0.2, 0.0), None);
        assert_eq!(cvar_95(&[]), None);
        assert!(var_95(&[0.0; 3]).unwrap().is_sign_positive() && cvar_95(&[0.0; 3]).unwrap().is_sign_positive());
    }

    #[test]
    fn total_loss_is_minus_one_and_worse_is_undefined() {
        assert_eq!(cagr(&[0.5, -1.0], 252.0), Some(-1.0));
        assert_eq!(cagr(&[0.5, -1.1], 252.0), None);
        assert_eq!(cagr(&[], 252.0), None);
    }

    #[test]
    fn alpha_is_what_beta_leaves() {
        // returns are twice the benchmark plus 0.001: beta 2, alpha 252·0.001
        let benchmark = [0.01, -0.02, 0.005, 0.015];
        let returns: Vec<f64> = benchmark.iter().map(|b| 2.0 * b + 0.001).collect();
        assert!((beta(&returns, &benchmark).unwrap() - 2.0).abs() < 1e-12);
        assert!((alpha(&returns, &benchmark, 0.0, 252.0).unwrap() - 0.252).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn shortfall_is_at_least_value_at_risk(returns in prop::collection::vec(-0.5..0.5f64, 1..80)) {
            prop_assert!(cvar_95(&returns).unwrap() >= var_95(&returns).unwrap() - 1e-15);
        }

        #[test]
        fn leverage_leaves_the_sharpe_ratio(returns in prop::collection::vec(-0.1..0.1f64, 3..60), times in 0.5..4.0f64) {
            let levered: Vec<f64> = returns.iter().map(|r| r * times).collect();
            if let (Some(a), Some(b)) = (sharpe(&returns, 0.0, 252.0), sharpe(&levered, 0.0, 252.0)) {
                prop_assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()));
            }
        }
    }
}
