//! How the shocks of several instruments hang together.

use crate::error::{Error, Result};

/// The lower triangle L of a correlation matrix L·Lᵀ, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation(Vec<Vec<f64>>);

/// A pivot below this is a matrix that is singular but for rounding.
const LEAST_PIVOT: f64 = 1e-12;

impl Correlation {
    /// One instrument, or several that have nothing to do with each other.
    #[must_use]
    pub fn none(instruments: usize) -> Self {
        Self((0..instruments).map(|i| (0..=i).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect())
    }

    /// From the entries above the diagonal, row by row (12, 13, …, 23, …), or one number for all pairs.
    ///
    /// # Errors
    /// When the count does not fit, an entry is no correlation, or the matrix is not positive definite: no shocks can be so correlated.
    pub fn new(instruments: usize, entries: &[f64]) -> Result<Self> {
        let wrong = |problem: String| Error::config("correlation", problem);
        let pairs = instruments * instruments.saturating_sub(1) / 2;
        if entries.len() != 1 && entries.len() != pairs {
            let count = entries.len();
            return Err(wrong(format!("{count} numbers for {instruments} instruments; give one for all pairs, or {pairs}, one a pair")));
        }
        if let Some(entry) = entries.iter().find(|r| r.is_nan() || r.abs() >= 1.0) {
            return Err(wrong(format!("{entry} is not a correlation between -1 and 1")));
        }
        let mut listed = entries.iter().copied().cycle();
        // Row i of the lower half has its i entries before its diagonal's turn comes.
        let mut half: Vec<Vec<f64>> = vec![Vec::new(); instruments];
        for i in 0..instruments {
            for (below, row) in half[i..].iter_mut().enumerate() {
                row.push(if below == 0 { 1.0 } else { listed.next().expect("a cycle has no end") });
            }
        }
        cholesky(&half).map(Self).ok_or_else(|| {
            let least = -1.0 / (instruments as f64 - 1.0);
            wrong(format!(
                "the matrix is not positive definite: no {instruments} instruments can be so correlated (all pairs alike must be above {least:.3})"
            ))
        })
    }

    /// From rows below the diagonal: of each instrument but the first, its correlations with those before it.
    ///
    /// # Errors
    /// As [`Correlation::new`].
    pub fn of_rows(rows: &[Vec<f64>]) -> Result<Self> {
        let entry = |i: usize, j: usize| rows[i].get(j).copied().unwrap_or(f64::NAN);
        // The entries above the diagonal, row by row: instrument i with each later one.
        let upper: Vec<f64> = (0..rows.len()).flat_map(|i| (i..rows.len()).map(move |j| (i, j))).map(|(i, j)| entry(j, i)).collect();
        Self::new(rows.len() + 1, &upper)
    }

    /// How many instruments it is for.
    #[must_use]
    pub const fn instruments(&self) -> usize {
        self.0.len()
    }

    /// Makes independent shocks correlated, in place.
    #[inline]
    pub(super) fn apply(&self, shocks: &mut [f64]) {
        // From the last row up, each row still finds the independent shocks above it.
        for (i, row) in self.0.iter().enumerate().rev() {
            shocks[i] = row.iter().zip(&*shocks).map(|(l, z)| l * z).sum();
        }
    }
}

/// From the lower half of a matrix, its diagonal included.
fn cholesky(half: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let mut lower: Vec<Vec<f64>> = Vec::new();
    for (i, row) in half.iter().enumerate() {
        let mut own: Vec<f64> = Vec::with_capacity(i + 1);
        for (j, entry) in row.iter().enumerate().take(i) {
            let known: f64 = (0..j).map(|k| own[k] * lower[j][k]).sum();
            own.push((entry - known) / lower[j][j]);
        }
        let pivot = row[i] - own.iter().map(|l| l * l).sum::<f64>();
        if pivot < LEAST_PIVOT {
            return None;
        }
        own.push(pivot.sqrt());
        lower.push(own);
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_triangle_times_itself_is_the_matrix() {
        // 12 = 0.5, 13 = 0.2, 23 = -0.3
        let Correlation(l) = Correlation::new(3, &[0.5, 0.2, -0.3]).unwrap();
        let product = |i: usize, j: usize| -> f64 { (0..=i.min(j)).map(|k| l[i][k] * l[j][k]).sum() };
        for (i, j, entry) in [(0, 0, 1.0), (0, 1, 0.5), (0, 2, 0.2), (1, 1, 1.0), (1, 2, -0.3), (2, 2, 1.0)] {
            assert!((product(i, j) - entry).abs() < 1e-15, "{i} {j}");
        }
    }

    #[test]
    fn rows_below_the_diagonal_say_the_same() {
        // 12 = 0.5, 13 = 0.2, 23 = -0.3
        let rows = [vec![0.5], vec![0.2, -0.3]];
        assert_eq!(Correlation::of_rows(&rows).unwrap(), Correlation::new(3, &[0.5, 0.2, -0.3]).unwrap());
        assert_eq!(Correlation::of_rows(&[]).unwrap(), Correlation::none(1));
    }

    #[test]
    fn shocks_are_mixed_by_the_triangle() {
        let mut shocks = [1.0, 2.0];
        Correlation::new(2, &[0.6]).unwrap().apply(&mut shocks);
        // 0.6·1 + √(1 − 0.36)·2 = 0.6 + 1.6
        assert!((shocks[1] - 2.2).abs() < 1e-15 && shocks[0] == 1.0);
    }

    #[test]
    fn what_cannot_be_a_correlation_matrix_is_refused() {
        // three pairs at −0.6: the sum of three such shocks would have variance 3 − 6·0.6 = −0.6
        for (n, entries, word) in [
            (3, &[-0.6][..], "positive definite"),
            (3, &[0.9, 0.9, -0.9], "positive definite"),
            (2, &[1.0], "not a correlation"),
            (2, &[f64::NAN], "not a correlation"),
            (3, &[0.1, 0.2], "2 numbers for 3 instruments"),
        ] {
            let problem = Correlation::new(n, entries).unwrap_err().to_string();
            assert!(problem.contains(word), "{problem}");
        }
        assert!(Correlation::new(3, &[-0.49]).is_ok());
        assert_eq!(Correlation::new(1, &[0.5]).unwrap(), Correlation::none(1));
    }
}
