//! Whether two samples come from the same distribution: the population stability index and Kolmogorov–Smirnov.
//!
//! The customary 0.1 and 0.25 limits of the PSI ignore the sample sizes; without drift PSI/(1/n + 1/m) follows χ² with B − 1 degrees of
//! freedom (Yurdakul and Naranjo, "Statistical Properties of the Population Stability Index", 2020), so a p-value comes with it.

use serde::Serialize;

use crate::stats::moments::{finite, quantile_sorted, sorted};
use crate::stats::normal::chi_squared_above;

/// No bin's share counts as less than this.
const SHARE_FLOOR: f64 = 1e-4;

/// A statistic of two samples and the probability of one at least as large without drift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// The statistic.
    pub statistic: f64,
    /// Its p-value.
    pub p_value: f64,
}

/// PSI of two lists of bin shares, Σ(a − e)·ln(a/e), each share at least 1e-4; `None` where they are empty or differ in length.
///
/// ```
/// use cthulu_lab::stats::drift::psi_of_shares;
/// let value = psi_of_shares(&[0.5, 0.5], &[0.6, 0.4]).unwrap();
/// assert!((value - 0.0405465108).abs() < 1e-10);
/// ```
#[must_use]
pub fn psi_of_shares(expected: &[f64], actual: &[f64]) -> Option<f64> {
    if expected.is_empty() || expected.len() != actual.len() {
        return None;
    }
    let part = |(e, a): (&f64, &f64)| {
        let (e, a) = (e.max(SHARE_FLOOR), a.max(SHARE_FLOOR));
        (a - e) * libm::log(a / e)
    };
    finite(expected.iter().zip(actual).map(part).sum())
}

/// PSI of `current` against `bins` quantile bins of `reference` (ten: deciles), with its χ² p-value.
///
/// Equal quantiles merge their bins, so a reference with few distinct values has fewer. `None` where either sample is empty or holds
/// a value that is not finite, or fewer than two bins remain.
#[must_use]
pub fn psi(reference: &[f64], current: &[f64], bins: usize) -> Option<Drift> {
    let (reference, current) = (sorted(reference)?, sorted(current)?);
    if reference.is_empty() || current.is_empty() {
        return None;
    }
    let mut edges: Vec<f64> = (1..bins).map(|b| quantile_sorted(&reference, b as f64 / bins as f64)).collect::<Option<_>>()?;
    edges.dedup();
    edges.retain(|edge| *edge < reference[reference.len() - 1]);
    if edges.is_empty() {
        return None;
    }
    let (expected, actual) = (shares(&reference, &edges), shares(&current, &edges));
    let statistic = psi_of_shares(&expected, &actual)?;
    let scale = 1.0 / reference.len() as f64 + 1.0 / current.len() as f64;
    Some(Drift { statistic, p_value: chi_squared_above(statistic / scale, edges.len() as u32) })
}

/// The share of `ordered` in each bin; a value on an edge belongs to the bin below it.
fn shares(ordered: &[f64], edges: &[f64]) -> Vec<f64> {
    let mut counted = 0;
    let ends = edges.iter().map(|edge| ordered.partition_point(|x| x <= edge)).chain([ordered.len()]);
    let share = |end: usize| {
        let within = end - counted;
        counted = end;
        within as f64 / ordered.len() as f64
    };
    ends.map(share).collect()
}

/// The two-sample Kolmogorov–Smirnov statistic sup|F − G| with its asymptotic p-value (Stephens' small-sample correction).
///
/// `None` where either sample is empty or holds a value that is not finite. With ties the p-value is conservative.
///
/// ```
/// use cthulu_lab::stats::drift::ks;
/// // after 1 and 2 the first has 2/3 of its values, the second none of its two until 2.5
/// assert_eq!(ks(&[1.0, 2.0, 3.0], &[2.5, 3.5]).unwrap().statistic, 2.0 / 3.0);
/// ```
#[must_use]
pub fn ks(first: &[f64], second: &[f64]) -> Option<Drift> {
    let (first, second) = (sorted(first)?, sorted(second)?);
    let (n, m) = (first.len() as f64, second.len() as f64);
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let (mut i, mut j, mut statistic) = (0, 0, 0.0f64);
    while i < first.len() && j < second.len() {
        let at = first[i].min(second[j]);
        i += first[i..].iter().take_while(|x| **x <= at).count();
        j += second[j..].iter().take_while(|x| **x <= at).count();
        statistic = statistic.max((i as f64 / n - j as f64 / m).abs());
    }
    let root = (n * m / (n + m)).sqrt();
    Some(Drift { statistic, p_value: kolmogorov_above((root + 0.12 + 0.11 / root) * statistic) })
}

/// 2·Σ(−1)^(k−1)·exp(−2k²x²), the tail of Kolmogorov's distribution; by its other series where x is small.
fn kolmogorov_above(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.0 {
        let term = |k: i32| libm::exp(-f64::from((2 * k - 1) * (2 * k - 1)) * PI * PI / (8.0 * x * x));
        return (1.0 - (2.0 * PI).sqrt() / x * (1..=8).map(term).sum::<f64>()).clamp(0.0, 1.0);
    }
    let term = |k: i32| if k % 2 == 1 { 2.0 } else { -2.0 } * libm::exp(-2.0 * f64::from(k * k) * x * x);
    (1..=8).map(term).sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, proptest};

    #[test]
    fn two_bins_match_the_reference() {
        let (reference, current) = ([0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0, 1.0]);
        // the median 0.5 splits 50/50 against 60/40
        let found = psi(&reference, &current, 2).unwrap();
        assert!((found.statistic - 0.0405465108).abs() < 1e-10);
    }

    #[test]
    fn the_same_sample_has_not_drifted() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(psi(&values, &values, 10), Some(Drift { statistic: 0.0, p_value: 1.0 }));
        assert_eq!(ks(&values, &values), Some(Drift { statistic: 0.0, p_value: 1.0 }));
    }

    #[test]
    fn a_shifted_sample_has() {
        let values: Vec<f64> = (0..200).map(f64::from).collect();
        let moved: Vec<f64> = values.iter().map(|x| x + 60.0).collect();
        assert!(psi(&values, &moved, 10).unwrap().p_value < 1e-6);
        assert!(ks(&values, &moved).unwrap().p_value < 1e-6);
        assert!((ks(&values, &moved).unwrap().statistic - 0.3).abs() < 1e-12);
    }

    #[test]
    fn kolmogorov_tail_matches_tables_and_joins_smoothly() {
        // the tabulated 5 % and 1 % points
        assert!((kolmogorov_above(1.3581) - 0.05).abs() < 1e-5);
        assert!((kolmogorov_above(1.6276) - 0.01).abs() < 1e-5);
        assert!((kolmogorov_above(1.0) - kolmogorov_above(1.0 - 1e-12)).abs() < 1e-10);
    }

    #[test]
    fn samples_that_say_nothing_have_no_drift() {
        assert_eq!(psi(&[1.0; 20], &[1.0, 2.0], 10), None);
        assert_eq!(psi(&[], &[1.0], 10), None);
        assert_eq!(ks(&[f64::NAN], &[1.0]), None);
    }

    proptest! {
        #[test]
        fn ks_lies_between_zero_and_one(a in prop::collection::vec(-5.0..5.0f64, 1..40), b in prop::collection::vec(-5.0..5.0f64, 1..40)) {
            let found = ks(&a, &b).unwrap();
            prop_assert!((0.0..=1.0).contains(&found.statistic) && (0.0..=1.0).contains(&found.p_value));
            prop_assert!(found.statistic == ks(&b, &a).unwrap().statistic);
        }
    }
}
