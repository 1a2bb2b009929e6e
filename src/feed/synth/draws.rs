//! Random numbers of the laws that the generators need, from one stream of [`Seed`].
//!
//! Only `+ − × ÷ √` and `libm` stand between the stream's bits and a number, so every machine draws the same.

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use crate::seed::Seed;

/// One stream of numbers.
pub(super) struct Draws {
    generator: ChaCha8Rng,
    /// The second of a pair of normals.
    spare: Option<f64>,
}

/// 2⁻⁵³.
const STEP: f64 = 1.0 / (1_u64 << 53) as f64;

impl Draws {
    pub(super) fn new(seed: &Seed) -> Self {
        Self { generator: seed.generator(), spare: None }
    }

    /// Uniform above 0, up to and with 1.
    #[inline]
    pub(super) fn unit(&mut self) -> f64 {
        ((self.generator.next_u64() >> 11) + 1) as f64 * STEP
    }

    /// Standard normal, by Marsaglia's polar method.
    #[inline]
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * libm::log(s) / s).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// Exponential with mean 1.
    #[inline]
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(self.unit())
    }

    /// Gamma with this shape and scale 1 (Marsaglia and Tsang 2000).
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            // Gamma(a) is Gamma(a + 1) · U^(1/a).
            let power = libm::pow(self.unit(), 1.0 / shape);
            return self.gamma(shape + 1.0) * power;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = self.unit();
            // The first test is the second's cheap lower bound.
            if u < 1.0 - 0.0331 * x * x * x * x || libm::log(u) < 0.5 * x * x + d * (1.0 - v + libm::log(v)) {
                return d * v;
            }
        }
    }

    /// How many events of a Poisson process happen where `mean` are expected, by inversion.
    #[inline]
    pub(super) fn poisson(&mut self, mean: f64, exp_minus_mean: f64) -> u32 {
        let u = self.unit();
        let (mut term, mut sum, mut count) = (exp_minus_mean, exp_minus_mean, 0);
        while u > sum && term > 0.0 {
            count += 1;
            term *= mean / f64::from(count);
            sum += term;
        }
        count
    }

    /// Length of a block or regime: geometric on 1, 2, …, by inversion; `log_survival` is ln(1 − 1/mean).
    pub(super) fn geometric(&mut self, log_survival: f64) -> u64 {
        // A mean of 1 has ln 0 = −∞, and u/∞ is a length of 1.
        (libm::log(self.unit()) / log_survival).floor() as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::moments::{kurtosis, mean, variance};

    const COUNT: usize = 100_000;

    fn draws() -> Draws {
        Draws::new(&Seed::new(1).child("draws"))
    }

    /// Within five standard errors: the error of a mean is √(variance/n), that of a variance √((kurtosis − 1)/n) of it.
    #[track_caller]
    fn has(values: &[f64], expected_mean: f64, expected_variance: f64, expected_kurtosis: f64) {
        let (n, m, v) = (values.len() as f64, mean(values).unwrap(), variance(values).unwrap());
        assert!((m - expected_mean).abs() < 5.0 * (expected_variance / n).sqrt(), "mean {m}, not {expected_mean}");
        let error = expected_variance * ((expected_kurtosis - 1.0) / n).sqrt();
        assert!((v - expected_variance).abs() < 5.0 * error, "variance {v}, not {expected_variance}");
    }

    #[test]
    fn each_law_has_its_mean_and_variance() {
        let mut d = draws();
        has(&(0..COUNT).map(|_| d.unit()).collect::<Vec<_>>(), 0.5, 1.0 / 12.0, 1.8);
        let normals: Vec<f64> = (0..COUNT).map(|_| d.normal()).collect();
        has(&normals, 0.0, 1.0, 3.0);
        // the error of a normal's kurtosis is √(24/n)
        assert!((kurtosis(&normals).unwrap() - 3.0).abs() < 5.0 * (24.0 / COUNT as f64).sqrt());
        has(&(0..COUNT).map(|_| d.exponential()).collect::<Vec<_>>(), 1.0, 1.0, 9.0);
        // Gamma(a): mean and variance a, kurtosis 3 + 6/a
        for shape in [0.3, 1.0, 4.0] {
            has(&(0..COUNT).map(|_| d.gamma(shape)).collect::<Vec<_>>(), shape, shape, 3.0 + 6.0 / shape);
        }
        // Poisson: mean and variance m, kurtosis 3 + 1/m
        for m in [0.01, 2.5] {
            has(&(0..COUNT).map(|_| f64::from(d.poisson(m, libm::exp(-m)))).collect::<Vec<_>>(), m, m, 3.0 + 1.0 / m);
        }
        // geometric with mean 20: variance 20·19
        has(&(0..COUNT).map(|_| d.geometric(libm::log(0.95)) as f64).collect::<Vec<_>>(), 20.0, 380.0, 9.0);
        assert!((0..100).all(|_| d.geometric(f64::NEG_INFINITY) == 1));
    }
}
