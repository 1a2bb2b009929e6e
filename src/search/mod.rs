//! Looks for the parameters that score best.
//!
//! A [`Space`] says what may be tried, a [`Plan`] how, an [`Evaluate`] what each point is worth: the search knows no engine. Every optimiser is
//! an argmin solver run by one argmin executor. The same space, plan and answers give the same points in the same order, on any number of
//! threads and any machine (annealing aside, whose argmin takes its exponential from the platform): points are asked for in batches whose size the plan fixes, and told in the order asked.

mod batched;
mod borrowed;
mod choose;
mod cma;
mod desk;
mod dimension;
mod halving;
mod normal;
mod objective;
mod parzen;
mod plan;
mod run;
mod sobol;
mod space;
mod sweep;
#[cfg(test)]
mod tests;
mod tpe;
mod trial;

pub use choose::{Choose, plateau, ranking};
pub use dimension::{Dimension, Kind};
pub use objective::{Measured, Objective, Penalty};
pub use plan::{Method, Plan, Watcher};
pub use space::{Point, Space};
pub use trial::{Asked, Best, Evaluate, Observer, Progress, Told};

use crate::error::{Error, Result};
use {
    batched::{Batched, CubeState},
    cma::Cma,
    desk::Desk,
    halving::Halving,
    run::drive,
    sobol::Sobol,
    sweep::{Grid, Random},
    tpe::Tpe,
};

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Every trial, in the order asked.
    pub told: Vec<Told>,
    /// The trial that the plan chooses among those with the most history. `None` where no trial has an objective.
    pub best: Option<Told>,
    /// Points that broke a constraint and were not evaluated.
    pub infeasible: u64,
    /// Points that came up again; they were told again, not evaluated twice.
    pub repeated: u64,
}

/// Searches `space` as `plan` says.
///
/// # Errors
/// [`Error::Config`] for a plan that does not fit the space, or a space in which no point satisfies the constraints; and whatever
/// `evaluate` fails with.
///
/// ```
/// use std::collections::BTreeMap;
/// use cthulu_lab::{search::{Asked, Dimension, Kind, Method, Plan, Space, search}, seed::Seed};
/// let x = Dimension::new("x", Kind::Steps { min: 0.0, max: 10.0, step: 1.0, log: false });
/// let space = Space::new(vec![x], vec![], BTreeMap::new()).unwrap();
/// let mut score = |asked: &[Asked]| Ok(asked.iter().map(|a| a.point.get("x").map(|x| -(x - 7.0) * (x - 7.0))).collect());
/// let found = search(&space, &Plan::new(Method::Grid, 0, Seed::new(7)), &mut score, &None).unwrap();
/// assert_eq!(found.told.len(), 11);
/// assert_eq!(found.best.unwrap().point.get("x"), Some(7.0));
/// ```
pub fn search(space: &Space, plan: &Plan, evaluate: &mut dyn Evaluate, watcher: &Watcher) -> Result<Found> {
    let limit = match plan.method {
        Method::Grid => Grid::new(space)?.size() as usize,
        Method::Halving => halving::trials(plan.trials),
        _ => plan.trials,
    };
    if limit == 0 || plan.batch == 0 {
        return Err(Error::config("search.trials", "0 trials, or batches of 0, find nothing; ask for at least one"));
    }
    let desk = run_method(Desk::new(space, evaluate, limit), plan, watcher)?;
    found(&desk, plan)
}

/// Runs the plan's optimiser to its end.
fn run_method<'a>(desk: Desk<'a>, plan: &Plan, watcher: &Watcher) -> Result<Desk<'a>> {
    let (space, seed) = (desk.space, plan.seed);
    let start = |state: CubeState| state;
    match plan.method {
        Method::Grid => drive(desk, Batched(Grid::new(space)?), watcher, start),
        Method::Random => drive(desk, Batched(Random::new(seed)), watcher, start),
        Method::Sobol => drive(desk, Batched(Sobol::new(space.dimensions().len())?), watcher, start),
        Method::NelderMead => borrowed::nelder_mead(desk, seed, watcher),
        Method::ParticleSwarm => borrowed::particle_swarm(desk, seed, watcher),
        Method::Annealing => borrowed::annealing(desk, seed, watcher),
        Method::CmaEs => drive(desk, Batched(Cma::new(space.dimensions().len(), seed)), watcher, start),
        Method::Tpe => drive(desk, Batched(Tpe::new(space, plan.batch, seed)), watcher, start),
        Method::Halving => drive(desk, Halving::new(plan.trials, seed), watcher, start),
    }
}

/// What the desk has at the end.
fn found(desk: &Desk<'_>, plan: &Plan) -> Result<Found> {
    let record = desk.record.take();
    if record.told.is_empty() {
        let texts: Vec<&str> = desk.space.constraints().iter().map(crate::rule::Condition::text).collect();
        let problem =
            format!("none of {} points satisfies '{}'; widen a range or drop a constraint", record.infeasible, texts.join("' and '"));
        return Err(Error::config("search.constraints", problem));
    }
    let best = choose::chosen(desk.space, &record.told, plan.choose);
    Ok(Found { told: record.told, best, infeasible: record.infeasible, repeated: record.repeated })
}
