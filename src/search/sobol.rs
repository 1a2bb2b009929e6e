//! The Sobol sequence: points that fill the space evenly from the first one on.
//!
//! Unscrambled, in the order of the Gray code, from the point of zeros: the published sequence, whatever the seed. Direction numbers are those of
//! S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", 2008 (their set D(6)).

use super::{batched::Propose, space::Space, sweep::BLOCK};
use crate::error::{Error, Result};

/// For each dimension after the first: the degree of its primitive polynomial, the polynomial's inner coefficients, and the first numbers.
const DIRECTIONS: [(u32, u32, &[u32]); 31] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
    (5, 4, &[1, 1, 5, 5, 5]),
    (5, 7, &[1, 1, 7, 11, 19]),
    (5, 11, &[1, 1, 5, 1, 1]),
    (5, 13, &[1, 1, 1, 3, 11]),
    (5, 14, &[1, 3, 5, 5, 31]),
    (6, 1, &[1, 3, 3, 9, 7, 49]),
    (6, 13, &[1, 1, 1, 15, 21, 21]),
    (6, 16, &[1, 3, 1, 13, 27, 49]),
    (6, 19, &[1, 1, 1, 15, 7, 5]),
    (6, 22, &[1, 3, 1, 15, 13, 25]),
    (6, 25, &[1, 1, 5, 5, 19, 61]),
    (7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    (7, 4, &[1, 3, 7, 13, 13, 15, 69]),
    (7, 7, &[1, 1, 3, 13, 7, 35, 63]),
    (7, 8, &[1, 3, 5, 9, 1, 25, 53]),
    (7, 14, &[1, 3, 1, 13, 9, 35, 107]),
    (7, 19, &[1, 3, 1, 5, 27, 61, 31]),
    (7, 21, &[1, 1, 5, 11, 19, 41, 61]),
    (7, 28, &[1, 3, 5, 3, 3, 13, 69]),
    (7, 31, &[1, 1, 7, 13, 1, 19, 1]),
    (7, 32, &[1, 3, 7, 5, 13, 19, 59]),
    (7, 37, &[1, 1, 3, 9, 25, 29, 41]),
    (7, 41, &[1, 3, 5, 13, 23, 1, 55]),
    (7, 42, &[1, 3, 7, 3, 13, 59, 17]),
];

const BITS: usize = 32;

/// The sequence, point by point.
pub(super) struct Sobol {
    directions: Vec<[u32; BITS]>,
    at: Vec<u32>,
    index: u32,
}

impl Sobol {
    pub(super) fn new(dimensions: usize) -> Result<Self> {
        if dimensions > DIRECTIONS.len() + 1 {
            let problem = format!("{dimensions} parameters are more than the sequence's {}; use method = \"random\"", DIRECTIONS.len() + 1);
            return Err(Error::config("search.method", problem));
        }
        let mut directions = vec![std::array::from_fn(|bit| 1 << (BITS - 1 - bit))];
        directions.extend(DIRECTIONS.iter().map(|(degree, inner, first)| numbers(*degree as usize, *inner, first)));
        directions.truncate(dimensions);
        Ok(Self { directions, at: vec![0; dimensions], index: 0 })
    }

    fn next(&mut self) -> Vec<f64> {
        let point = self.at.iter().map(|x| f64::from(*x) / (1_u64 << BITS) as f64).collect();
        // The next point differs in the direction of the lowest zero bit of this one's index.
        let bit = self.index.trailing_ones() as usize;
        for (x, directions) in self.at.iter_mut().zip(&self.directions) {
            *x ^= directions[bit.min(BITS - 1)];
        }
        self.index = self.index.wrapping_add(1);
        point
    }
}

/// All direction numbers of a dimension, by the recurrence of its polynomial.
fn numbers(degree: usize, inner: u32, first: &[u32]) -> [u32; BITS] {
    let mut v = [0; BITS];
    for (bit, m) in first.iter().enumerate() {
        v[bit] = m << (BITS - 1 - bit);
    }
    for bit in degree..BITS {
        v[bit] = v[bit - degree] ^ (v[bit - degree] >> degree);
        for k in 1..degree {
            if (inner >> (degree - 1 - k)) & 1 == 1 {
                v[bit] ^= v[bit - k];
            }
        }
    }
    v
}

impl Propose for Sobol {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn ask(&mut self, _space: &Space, count: usize) -> Vec<Vec<f64>> {
        (0..count).map(|_| self.next()).collect()
    }

    fn batch(&self) -> usize {
        BLOCK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_points_are_the_published_ones() {
        let mut sobol = Sobol::new(5).unwrap();
        let expected = [
            [0.0, 0.0, 0.0, 0.0, 0.0],
            [0.5, 0.5, 0.5, 0.5, 0.5],
            [0.75, 0.25, 0.25, 0.25, 0.75],
            [0.25, 0.75, 0.75, 0.75, 0.25],
            [0.375, 0.375, 0.625, 0.875, 0.375],
            [0.875, 0.875, 0.125, 0.375, 0.875],
            [0.625, 0.125, 0.875, 0.625, 0.625],
            [0.125, 0.625, 0.375, 0.125, 0.125],
        ];
        for point in expected {
            assert_eq!(sobol.next(), point);
        }
    }

    #[test]
    fn a_late_point_of_the_last_dimension_is_the_published_one() {
        let mut sobol = Sobol::new(32).unwrap();
        let point = (0..=777).map(|_| sobol.next()).last().unwrap();
        // scipy.stats.qmc.Sobol(32, scramble=False), point 777, dimensions 1, 6, 21 and 32.
        assert_eq!([point[0], point[5], point[20], point[31]], [0.692_382_812_5, 0.356_445_312_5, 0.237_304_687_5, 0.899_414_062_5]);
        assert!(Sobol::new(33).is_err_and(|e| e.to_string().contains("method = \"random\"")));
    }
}
