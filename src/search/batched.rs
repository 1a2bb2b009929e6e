//! A solver that works in batches: it proposes places, is told their costs, and proposes again.

use argmin::core::{Error as Trouble, IterState, KV, Problem, Solver, State, TerminationReason};

use super::{desk::Desk, space::Space};

/// The state of a solver over the unit cube.
pub(super) type CubeState = IterState<Vec<f64>, (), (), (), (), f64>;

/// Says where to look next.
pub(super) trait Propose {
    /// The optimiser's name.
    fn name(&self) -> &'static str;

    /// At most `count` places of the unit cube to try; none when there is nothing left to propose.
    fn ask(&mut self, space: &Space, count: usize) -> Vec<Vec<f64>>;

    /// The costs of what was asked, in its order; infinite where a place has none.
    fn tell(&mut self, _space: &Space, _places: Vec<Vec<f64>>, _costs: &[f64]) {}

    /// How many places it wants to be asked for at once.
    fn batch(&self) -> usize;
}

/// Runs a [`Propose`] under argmin: one batch an iteration.
pub(super) struct Batched<P>(pub(super) P);

impl<'a, P: Propose> Solver<Desk<'a>, CubeState> for Batched<P> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn next_iter(&mut self, problem: &mut Problem<Desk<'a>>, state: CubeState) -> Result<(CubeState, Option<KV>), Trouble> {
        let proposer = &mut self.0;
        let (places, costs) = problem.problem("cost_count", |desk| {
            let places = proposer.ask(desk.space, proposer.batch());
            let costs = desk.costs(&places, 1.0);
            proposer.tell(desk.space, places.clone(), &costs);
            Ok((places, costs))
        })?;
        let best = places.into_iter().zip(costs).min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(match best {
            Some((place, cost)) => (state.param(place).cost(cost), None),
            None => (state.terminate_with(TerminationReason::SolverConverged), None),
        })
    }
}
