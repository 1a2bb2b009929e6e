//! Successive halving: many sets of parameters on little history, the best third of them on more, the best ninth on all of it.
//!
//! After K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016. The sets are drawn at random.
//! The same set on more history is another trial, with its own number.

use argmin::core::{Error as Trouble, KV, Problem, Solver, State, TerminationReason};
use rand_chacha::ChaCha8Rng;

use super::{
    batched::CubeState,
    desk::Desk,
    sweep::{BLOCK, uniform},
};
use crate::seed::Seed;

/// Of so many sets one goes on.
const KEEP_ONE_OF: usize = 3;

/// Shares of the history, in turn.
pub(super) const BUDGETS: [f64; 3] = [1.0 / 9.0, 1.0 / 3.0, 1.0];

/// The optimiser.
pub(super) struct Halving {
    random: ChaCha8Rng,
    sets: usize,
    rung: usize,
    alive: Vec<Vec<f64>>,
}

/// How many sets reach each budget when `sets` begin.
fn sizes(sets: usize) -> [usize; BUDGETS.len()] {
    let mut left = sets;
    BUDGETS.map(|_| {
        let here = left;
        left = left.div_ceil(KEEP_ONE_OF);
        here
    })
}

/// Trials in all when `sets` begin.
pub(super) fn trials(sets: usize) -> usize {
    sizes(sets).iter().sum()
}

impl Halving {
    pub(super) fn new(sets: usize, seed: Seed) -> Self {
        Self { random: seed.child("halving").generator(), sets, rung: 0, alive: Vec::new() }
    }

    /// Draws sets until enough of them are feasible and new, or none turns up any more; each with its cost.
    fn begin(&mut self, desk: &Desk<'_>) -> Vec<(f64, Vec<f64>)> {
        let dimensions = desk.space.dimensions().len();
        while desk.told() < self.sets && !desk.is_over() {
            let count = BLOCK.min(self.sets - desk.told());
            let places: Vec<Vec<f64>> = (0..count).map(|_| uniform(&mut self.random, dimensions)).collect();
            desk.costs(&places, BUDGETS[0]);
        }
        desk.rest();
        desk.tried()
    }
}

impl<'a> Solver<Desk<'a>, CubeState> for Halving {
    fn name(&self) -> &str {
        "halving"
    }

    fn next_iter(&mut self, problem: &mut Problem<Desk<'a>>, state: CubeState) -> Result<(CubeState, Option<KV>), Trouble> {
        let (rung, budget) = (self.rung, BUDGETS[self.rung]);
        let mut tried = problem.problem("cost_count", |desk| {
            Ok(if rung == 0 {
                self.begin(desk)
            } else {
                let costs = desk.costs(&self.alive, budget);
                costs.into_iter().zip(std::mem::take(&mut self.alive)).collect()
            })
        })?;
        tried.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.rung += 1;
        let best = tried.first().map(|(cost, place)| (*cost, place.clone()));
        tried.truncate(tried.len().div_ceil(KEEP_ONE_OF));
        self.alive = tried.into_iter().map(|(_, place)| place).collect();
        let state = match best {
            Some((cost, place)) => state.param(place).cost(cost),
            None => state,
        };
        let is_done = self.rung == BUDGETS.len() || self.alive.is_empty();
        Ok((if is_done { state.terminate_with(TerminationReason::SolverConverged) } else { state }, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_sets_goes_on() {
        assert_eq!((sizes(200), trials(200)), ([200, 67, 23], 290));
        assert_eq!((sizes(27), trials(1)), ([27, 9, 3], 3));
    }
}
