//! Means, spreads, shapes and quantiles of a slice.
//!
//! The standard deviation divides by n − 1; skewness and kurtosis are population moments and the kurtosis is **not** excess (a normal
//! has 3); quantiles interpolate linearly between order statistics (Hyndman and Fan's type 7). A slice that is too short, or that holds
//! a value that is not finite, has no answer.

/// `value` where it is a finite number.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// The average; `None` for an empty slice.
///
/// ```
/// use cthulu_lab::stats::moments::mean;
/// assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
/// assert_eq!(mean(&[]), None);
/// ```
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    finite(values.iter().sum::<f64>() / values.len() as f64)
}

/// The variance Σ(x − μ)²/(n − 1); `None` below two values.
#[must_use]
pub fn variance(values: &[f64]) -> Option<f64> {
    let mu = mean(values)?;
    if values.len() < 2 {
        return None;
    }
    finite(values.iter().map(|x| (x - mu) * (x - mu)).sum::<f64>() / (values.len() - 1) as f64)
}

/// The standard deviation with n − 1; `None` below two values.
///
/// ```
/// use cthulu_lab::stats::moments::sd;
/// // deviations −1, 0, 1 give (1 + 0 + 1)/2 = 1
/// assert_eq!(sd(&[1.0, 2.0, 3.0]), Some(1.0));
/// ```
#[must_use]
pub fn sd(values: &[f64]) -> Option<f64> {
    variance(values).map(f64::sqrt)
}

/// Whether a standard deviation is zero for every practical purpose: s ≤ 1e-12·|μ|, or s = 0.
#[must_use]
pub(crate) fn is_flat(mu: f64, s: f64) -> bool {
    s <= 1e-12 * mu.abs()
}

fn central_moments(values: &[f64]) -> Option<(f64, f64, f64)> {
    let mu = mean(values)?;
    let n = values.len() as f64;
    let (m2, m3, m4) = values.iter().fold((0.0, 0.0, 0.0), |(a, b, c), x| {
        let d = x - mu;
        (a + d * d, b + d * d * d, c + d * d * d * d)
    });
    let (m2, m3, m4) = (m2 / n, m3 / n, m4 / n);
    (!is_flat(mu, m2.sqrt())).then_some((m2, m3, m4))
}

/// Population skewness m3/m2^(3/2); `None` where the values do not vary.
///
/// ```
/// use cthulu_lab::stats::moments::skewness;
/// // mean 2: deviations −1 −1 2, m2 = 6/3, m3 = (−1 − 1 + 8)/3 = 2, 2/2^1.5 = 0.7071…
/// assert!((skewness(&[1.0, 1.0, 4.0]).unwrap() - 0.5f64.sqrt()).abs() < 1e-15);
/// ```
#[must_use]
pub fn skewness(values: &[f64]) -> Option<f64> {
    let (m2, m3, _) = central_moments(values)?;
    finite(m3 / (m2 * m2.sqrt()))
}

/// Population kurtosis m4/m2², **not** excess: 3 for a normal; `None` where the values do not vary.
///
/// ```
/// use cthulu_lab::stats::moments::kurtosis;
/// assert_eq!(kurtosis(&[-1.0, 1.0]), Some(1.0));
/// ```
#[must_use]
pub fn kurtosis(values: &[f64]) -> Option<f64> {
    let (m2, _, m4) = central_moments(values)?;
    finite(m4 / (m2 * m2))
}

/// The `p`-quantile by linear interpolation (type 7): position (n − 1)·p among the sorted values.
///
/// `None` for an empty slice, a `p` outside 0 to 1, or a value that is not finite.
///
/// ```
/// use cthulu_lab::stats::moments::quantile;
/// // position 3·0.5 = 1.5: halfway between 2 and 3
/// assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
/// ```
#[must_use]
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    quantile_sorted(&sorted(values)?, p)
}

/// The middle value, or the mean of the two middle ones; `None` for an empty slice.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The values in ascending order; `None` where one is not finite.
pub(crate) fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    if values.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let mut ordered = values.to_vec();
    ordered.sort_unstable_by(f64::total_cmp);
    Some(ordered)
}

/// [`quantile`] of values already in ascending order.
pub(crate) fn quantile_sorted(ordered: &[f64], p: f64) -> Option<f64> {
    if ordered.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let position = (ordered.len() - 1) as f64 * p;
    let below = position.floor() as usize;
    let above = (below + 1).min(ordered.len() - 1);
    finite(ordered[below] + (position - below as f64) * (ordered[above] - ordered[below]))
}

/// The covariance with n − 1; `None` below two values or where the lengths differ.
#[must_use]
pub fn covariance(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.len() < 2 {
        return None;
    }
    let (mean_a, mean_b) = (mean(a)?, mean(b)?);
    finite(a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b)).sum::<f64>() / (a.len() - 1) as f64)
}

/// Pearson's correlation, −1 to 1; `None` where the lengths differ, there are fewer than two values, or either side does not vary.
///
/// ```
/// use cthulu_lab::stats::moments::correlation;
/// assert_eq!(correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), Some(1.0));
/// assert_eq!(correlation(&[1.0, 2.0], &[5.0, 5.0]), None);
/// ```
#[must_use]
pub fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let together = covariance(a, b)?;
    let (sd_a, sd_b) = (sd(a)?, sd(b)?);
    if is_flat(mean(a)?, sd_a) || is_flat(mean(b)?, sd_b) {
        return None;
    }
    finite(together / (sd_a * sd_b)).map(|r| r.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, proptest};

    #[test]
    fn too_few_or_not_finite_values_have_no_answer() {
        assert_eq!(sd(&[1.0]), None);
        assert_eq!(mean(&[1.0, f64::NAN]), None);
        assert_eq!(quantile(&[1.0, f64::INFINITY], 0.5), None);
        assert_eq!(quantile(&[1.0], 1.5), None);
        assert_eq!(skewness(&[0.1; 7]), None);
        assert_eq!(kurtosis(&[]), None);
        assert_eq!(correlation(&[1.0, 2.0], &[1.0]), None);
    }

    #[test]
    fn kurtosis_is_not_excess() {
        // mean 3: squares 4 1 0 1 4, m2 = 2; fourth powers 16 1 0 1 16, m4 = 6.8; 6.8/4 = 1.7
        assert_eq!(kurtosis(&[1.0, 2.0, 3.0, 4.0, 5.0]), Some(1.7));
    }

    #[test]
    fn quantiles_are_type_seven() {
        // position 4·0.05 = 0.2 between 1 and 2
        assert!((quantile(&[5.0, 4.0, 3.0, 2.0, 1.0], 0.05).unwrap() - 1.2).abs() < 1e-15);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    }

    proptest! {
        #[test]
        fn quantiles_rise_and_stay_within_the_data(values in prop::collection::vec(-1e6..1e6f64, 1..50), p in 0.0..1.0f64, q in 0.0..1.0f64) {
            let (low, high) = (quantile(&values, p.min(q)).unwrap(), quantile(&values, p.max(q)).unwrap());
            prop_assert!(low <= high);
            prop_assert!(quantile(&values, 0.0).unwrap() <= low && high <= quantile(&values, 1.0).unwrap());
        }

        #[test]
        fn shifting_leaves_the_spread(values in prop::collection::vec(-100.0..100.0f64, 2..50), shift in -100.0..100.0f64) {
            let moved: Vec<f64> = values.iter().map(|x| x + shift).collect();
            prop_assert!((sd(&values).unwrap() - sd(&moved).unwrap()).abs() < 1e-9);
        }
    }
}
