//! The evolution strategy with covariance matrix adaptation.
//!
//! Each generation is drawn from one normal distribution; its better half moves the mean, turns and stretches the distribution, and sets its size. After
//! N. Hansen, "The CMA evolution strategy: a tutorial", 2016, with its default constants; whitening is by the Cholesky factor (O. Krause et al.,
//! 2016), which needs no eigenvectors. A distribution that has shrunk to a point starts again elsewhere with twice as many draws (A. Auger and
//! N. Hansen, 2005). A category is a number here: where it matters, prefer `tpe`.

use rand_chacha::ChaCha8Rng;

use super::{
    batched::Propose,
    normal::{Triangle, normals},
    space::Space,
    sweep::uniform,
};
use crate::seed::Seed;

/// Initial standard deviation: three of them reach from the middle to past the edges.
const SIGMA: f64 = 0.25;

/// A distribution narrower than this in every direction has converged.
const POINT: f64 = 1e-6;

/// The optimiser.
pub(super) struct Cma {
    random: ChaCha8Rng,
    constants: Constants,
    mean: Vec<f64>,
    sigma: f64,
    covariance: Vec<Vec<f64>>,
    factor: Triangle,
    path: Vec<f64>,
    sigma_path: Vec<f64>,
    generation: i32,
}

/// The tutorial's constants for so many dimensions and draws.
struct Constants {
    draws: usize,
    weights: Vec<f64>,
    mass: f64,
    sigma_rate: f64,
    damping: f64,
    path_rate: f64,
    rank_one: f64,
    rank_mu: f64,
    length: f64,
}

impl Constants {
    fn new(dimensions: usize, draws: usize) -> Self {
        let n = dimensions as f64;
        let parents = draws / 2;
        let raw: Vec<f64> = (1..=parents).map(|i| libm::log((draws as f64 + 1.0) / 2.0) - libm::log(i as f64)).collect();
        let total: f64 = raw.iter().sum();
        let weights: Vec<f64> = raw.iter().map(|w| w / total).collect();
        let mass = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        let sigma_rate = (mass + 2.0) / (n + mass + 5.0);
        let damping = 1.0 + 2.0 * (((mass - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + sigma_rate;
        let path_rate = (4.0 + mass / n) / (n + 4.0 + 2.0 * mass / n);
        let rank_one = 2.0 / ((n + 1.3) * (n + 1.3) + mass);
        let rank_mu = (2.0 * (mass - 2.0 + 1.0 / mass) / ((n + 2.0) * (n + 2.0) + mass)).min(1.0 - rank_one);
        let length = n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
        Self { draws, weights, mass, sigma_rate, damping, path_rate, rank_one, rank_mu, length }
    }
}

impl Cma {
    pub(super) fn new(dimensions: usize, seed: Seed) -> Self {
        let draws = 4 + (3.0 * libm::log(dimensions as f64)) as usize;
        Self::at(seed.child("cma_es").generator(), vec![0.5; dimensions], draws)
    }

    fn at(random: ChaCha8Rng, mean: Vec<f64>, draws: usize) -> Self {
        let n = mean.len();
        let identity = |a: usize, b: usize| f64::from(u8::from(a == b));
        Self {
            random,
            constants: Constants::new(n, draws),
            sigma: SIGMA,
            covariance: (0..n).map(|a| (0..n).map(|b| identity(a, b)).collect()).collect(),
            factor: Triangle::factor(n, identity),
            path: vec![0.0; n],
            sigma_path: vec![0.0; n],
            generation: 0,
            mean,
        }
    }

    /// A draw inside the cube; after twenty that are not, one set to the edge.
    fn draw(&mut self) -> Vec<f64> {
        let mut place = Vec::new();
        for _ in 0..20 {
            let step = self.factor.times(&normals(&mut self.random, self.mean.len()));
            place = self.mean.iter().zip(step).map(|(mean, step)| mean + self.sigma * step).collect();
            if place.iter().all(|x| (0.0..=1.0).contains(x)) {
                break;
            }
        }
        place.iter_mut().for_each(|x| *x = x.clamp(0.0, 1.0));
        place
    }

    /// Moves and reshapes the distribution after a whole generation, ranked best first.
    fn adapt(&mut self, ranked: &[&Vec<f64>]) {
        let c = &self.constants;
        let n = self.mean.len();
        // Steps of the better half, in standard deviations.
        let step = |place: &Vec<f64>| -> Vec<f64> { place.iter().zip(&self.mean).map(|(x, mean)| (x - mean) / self.sigma).collect() };
        let steps: Vec<Vec<f64>> = ranked.iter().take(c.weights.len()).map(|place| step(place)).collect();
        let moved: Vec<f64> = (0..n).map(|a| c.weights.iter().zip(&steps).map(|(w, y)| w * y[a]).sum()).collect();
        let white = self.factor.solve(&moved);
        let pull = (c.sigma_rate * (2.0 - c.sigma_rate) * c.mass).sqrt();
        self.sigma_path.iter_mut().zip(white).for_each(|(p, z)| *p = (1.0 - c.sigma_rate) * *p + pull * z);
        let length = self.sigma_path.iter().map(|p| p * p).sum::<f64>().sqrt();
        self.generation += 1;
        let settled = (1.0 - libm::pow(1.0 - c.sigma_rate, f64::from(2 * self.generation))).sqrt();
        // A path that is long because the size is still adapting must not stretch the shape.
        let stretches = length / settled < (1.4 + 2.0 / (n as f64 + 1.0)) * c.length;
        let along = if stretches { (c.path_rate * (2.0 - c.path_rate) * c.mass).sqrt() } else { 0.0 };
        self.path.iter_mut().zip(&moved).for_each(|(p, y)| *p = (1.0 - c.path_rate) * *p + along * y);
        let lost = if stretches { 0.0 } else { c.path_rate * (2.0 - c.path_rate) };
        let kept = 1.0 - c.rank_one - c.rank_mu + c.rank_one * lost;
        for a in 0..n {
            for b in 0..n {
                let mu: f64 = c.weights.iter().zip(&steps).map(|(w, y)| w * y[a] * y[b]).sum();
                self.covariance[a][b] = kept * self.covariance[a][b] + c.rank_one * self.path[a] * self.path[b] + c.rank_mu * mu;
            }
        }
        self.factor = Triangle::factor(n, |a, b| self.covariance[a][b]);
        self.mean.iter_mut().zip(&moved).for_each(|(mean, y)| *mean = (*mean + self.sigma * y).clamp(0.0, 1.0));
        self.sigma = (self.sigma * libm::exp(c.sigma_rate / c.damping * (length / c.length - 1.0))).min(0.5);
    }

    fn has_converged(&self, costs: &[f64]) -> bool {
        let widest = (0..self.mean.len()).map(|a| self.sigma * self.covariance[a][a].sqrt()).fold(0.0, f64::max);
        let is_level = costs.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq());
        widest < POINT || is_level
    }
}

impl Propose for Cma {
    fn name(&self) -> &'static str {
        "cma_es"
    }

    fn ask(&mut self, _space: &Space, count: usize) -> Vec<Vec<f64>> {
        (0..count).map(|_| self.draw()).collect()
    }

    fn tell(&mut self, _space: &Space, places: Vec<Vec<f64>>, costs: &[f64]) {
        let mut ranked: Vec<(f64, &Vec<f64>)> = costs.iter().copied().zip(&places).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Half a generation that all failed says nothing about where to go.
        let is_lost = ranked.first().is_none_or(|(cost, _)| cost.is_infinite());
        if is_lost || self.has_converged(costs) {
            let draws = if is_lost { self.constants.draws } else { 2 * self.constants.draws };
            let mean = uniform(&mut self.random, self.mean.len());
            *self = Self::at(self.random.clone(), mean, draws.min(256));
        } else {
            self.adapt(&ranked.into_iter().map(|(_, place)| place).collect::<Vec<_>>());
        }
    }

    fn batch(&self) -> usize {
        self.constants.draws
    }
}
