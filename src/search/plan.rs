//! How to search: the method, how long, and from which seed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{choose::Choose, halving, space::Space, trial::Observer};
use crate::seed::Seed;

/// An optimiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every combination once; `trials` does not matter.
    Grid,
    /// Independent draws.
    Random,
    /// The Sobol sequence, which fills the space more evenly.
    Sobol,
    /// A simplex that walks downhill, started again where it has shrunk to a point.
    NelderMead,
    /// A swarm drawn to the best places it has seen.
    ParticleSwarm,
    /// A random walk that goes uphill less and less often.
    Annealing,
    /// A normal distribution that learns its shape.
    CmaEs,
    /// Densities of good and other trials.
    #[default]
    Tpe,
    /// Many sets on little history, the best of them on more.
    Halving,
}

/// How to search.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The optimiser.
    pub method: Method,
    /// Points to evaluate; those that break a constraint or were tried before do not count. Halving begins with so many.
    pub trials: usize,
    /// Where every random number comes from.
    pub seed: Seed,
    /// Points evaluated at once by an optimiser that learns from each; larger keeps more cores busy and learns later. It is part of the question:
    /// another batch asks for other points.
    pub batch: usize,
    /// How the winner is chosen among the trials.
    pub choose: Choose,
}

impl Plan {
    /// A search by `method`, one point at a time.
    #[must_use]
    pub const fn new(method: Method, trials: usize, seed: Seed) -> Self {
        Self { method, trials, seed, batch: 1, choose: Choose::Best }
    }

    /// Trials to come, as far as they are known: a grid has as many as points, and successive halving plays its sets again on more history.
    #[must_use]
    pub fn planned(&self, space: &Space) -> u64 {
        match self.method {
            Method::Grid => space.grid_size().unwrap_or(0),
            Method::Halving => halving::trials(self.trials) as u64,
            _ => self.trials as u64,
        }
    }
}

/// Who watches a search; `None` is nobody.
pub type Watcher = Option<Arc<dyn Observer>>;
