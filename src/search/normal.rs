//! Normal draws and triangular factors, for the optimisers that learn a shape. Pure arithmetic and `libm`: the same bits on any machine.

use rand_chacha::rand_core::Rng;

use super::sweep::fraction;

/// Independent standard normal draws, in pairs by Box and Muller.
pub(super) fn normals(random: &mut impl Rng, count: usize) -> Vec<f64> {
    let mut draws = Vec::with_capacity(count + 1);
    while draws.len() < count {
        let radius = (-2.0 * libm::log(1.0 - fraction(random))).sqrt();
        let (sine, cosine) = libm::sincos(std::f64::consts::TAU * fraction(random));
        draws.extend([radius * cosine, radius * sine]);
    }
    draws.truncate(count);
    draws
}

/// A lower triangular matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Triangle {
    size: usize,
    rows: Vec<f64>,
}

impl Triangle {
    /// L with L·Lᵀ = the symmetric matrix that `entry` gives below and on its diagonal (Cholesky). What rounding leaves without variance keeps
    /// a trace of it.
    pub(super) fn factor(size: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let mut l = Self { size, rows: vec![0.0; size * (size + 1) / 2] };
        for a in 0..size {
            for b in 0..=a {
                let rest = entry(a, b) - (0..b).map(|k| l.at(a, k) * l.at(b, k)).sum::<f64>();
                let value = if a == b { rest.max(1e-16).sqrt() } else { rest / l.at(b, b) };
                l.rows[a * (a + 1) / 2 + b] = value;
            }
        }
        l
    }

    pub(super) fn at(&self, a: usize, b: usize) -> f64 {
        self.rows[a * (a + 1) / 2 + b]
    }

    fn row(&self, a: usize) -> &[f64] {
        &self.rows[a * (a + 1) / 2..][..=a]
    }

    /// L·z.
    pub(super) fn times(&self, z: &[f64]) -> Vec<f64> {
        (0..self.size).map(|a| dot(self.row(a), z)).collect()
    }

    /// L⁻¹·x, by substitution.
    pub(super) fn solve(&self, x: &[f64]) -> Vec<f64> {
        let mut z = Vec::with_capacity(self.size);
        for (a, x) in x.iter().enumerate() {
            let row = self.row(a);
            z.push((x - dot(row, &z)) / row[a]);
        }
        z
    }

    /// L⁻¹, which is lower triangular too.
    pub(super) fn inverse(&self) -> Self {
        let mut inverse = Self { size: self.size, rows: vec![0.0; self.rows.len()] };
        for b in 0..self.size {
            let mut unit = vec![0.0; self.size];
            unit[b] = 1.0;
            for (a, value) in self.solve(&unit).into_iter().enumerate().skip(b) {
                inverse.rows[a * (a + 1) / 2 + b] = value;
            }
        }
        inverse
    }

    /// |L·x|².
    #[inline]
    pub(super) fn square(&self, x: &[f64]) -> f64 {
        let mut sum = 0.0;
        let mut rows = self.rows.as_slice();
        for a in 0..self.size {
            let (row, rest) = rows.split_at(a + 1);
            let z = dot(row, x);
            sum += z * z;
            rows = rest;
        }
        sum
    }
}

/// Sum of products, as far as both reach.
#[inline]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn a_factor_times_its_transpose_is_the_matrix() {
        let matrix = [[4.0, 2.0, -2.0], [2.0, 10.0, 2.0], [-2.0, 2.0, 6.0]];
        let l = Triangle::factor(3, |a, b| matrix[a][b]);
        // Rows 2; 1, 3; -1, 1, 2: 2·2 = 4, 1·1 + 3·3 = 10, 1 + 1 + 4 = 6, 1·-1 + 3·1 = 2.
        assert_eq!(l.rows, [2.0, 1.0, 3.0, -1.0, 1.0, 2.0]);
        let x = [3.0, -1.0, 0.5];
        let z = l.solve(&x);
        assert!(l.times(&z).iter().zip(x).all(|(a, b)| (a - b).abs() < 1e-12));
        assert!((l.inverse().square(&x) - z.iter().map(|z| z * z).sum::<f64>()).abs() < 1e-12);
    }

    #[test]
    fn draws_have_mean_0_and_variance_1() {
        let draws = normals(&mut Seed::new(7).generator(), 20_001);
        let mean = draws.iter().sum::<f64>() / 20_001.0;
        let variance = draws.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / 20_000.0;
        // Three standard errors: 3/√20001 = 0.021 and 3·√(2/20001) = 0.03.
        assert!(mean.abs() < 0.021 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }
}
