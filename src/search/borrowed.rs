//! The optimisers that argmin brings: Nelder–Mead, particle swarm, simulated annealing.
//!
//! They work on plain numbers: a place outside the unit cube counts as the nearest inside, steps and categories are rounded. Each is given the
//! run's own generator. Annealing compares with `exp` of the platform: another machine could decide otherwise only where two numbers agree to the last of 53 bits.

use argmin::{
    core::{Error as Trouble, PopulationState},
    solver::{
        neldermead::NelderMead,
        particleswarm::{Particle, ParticleSwarm},
        simulatedannealing::{Anneal, SimulatedAnnealing},
    },
};
use rand_chacha::{ChaCha8Rng, rand_core::Rng};
use rand_core_09::RngCore;

use super::{
    batched::CubeState,
    desk::Desk,
    dimension::Dimension,
    normal::normals,
    plan::Watcher,
    run::drive,
    space::Space,
    sweep::{fraction, uniform},
};
use crate::{error::Result, seed::Seed};

/// How often a start is drawn before one that breaks a constraint is taken.
const TRIES: usize = 1000;

/// Trials at random before annealing begins: their spread is its first temperature.
const WARM_UP: usize = 10;

/// The run's generator, as argmin's version of the trait.
struct Generator(ChaCha8Rng);

impl RngCore for Generator {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

/// A place at random that breaks no constraint, where one is soon found.
fn feasible(space: &Space, random: &mut impl Rng) -> Vec<f64> {
    let mut place = uniform(random, space.dimensions().len());
    for _ in 0..TRIES {
        if space.allows(&space.values(&place)) {
            break;
        }
        place = uniform(random, space.dimensions().len());
    }
    place
}

/// Simplex after simplex, each from another start once the one before has shrunk to a point.
pub(super) fn nelder_mead<'a>(mut desk: Desk<'a>, seed: Seed, watcher: &Watcher) -> Result<Desk<'a>> {
    let mut random = seed.child("nelder_mead").generator();
    while !desk.is_over() {
        let start = feasible(desk.space, &mut random);
        let corner = |axis: usize| {
            let mut corner = start.clone();
            // A quarter of the axis, inwards.
            corner[axis] += if corner[axis] < 0.5 { 0.25 } else { -0.25 };
            corner
        };
        let corners = std::iter::once(start.clone()).chain((0..start.len()).map(corner)).collect();
        desk = drive(desk, NelderMead::new(corners), watcher, |state: CubeState| state)?;
    }
    Ok(desk)
}

/// A swarm of an eighth of the trials, 8 to 40 particles.
pub(super) fn particle_swarm<'a>(desk: Desk<'a>, seed: Seed, watcher: &Watcher) -> Result<Desk<'a>> {
    let particles = (desk.left() / 8).clamp(8, 40);
    let dimensions = desk.space.dimensions().len();
    let swarm: ParticleSwarm<Vec<f64>, f64, _> = ParticleSwarm::new((vec![0.0; dimensions], vec![1.0; dimensions]), particles)
        .with_rng_generator(Generator(seed.child("particle_swarm").generator()));
    drive(desk, swarm, watcher, |state: PopulationState<Particle<Vec<f64>, f64>, f64>| state)
}

/// One walk from the best of a few trials at random, cooling from the spread of their objectives as 1 / step.
pub(super) fn annealing<'a>(desk: Desk<'a>, seed: Seed, watcher: &Watcher) -> Result<Desk<'a>> {
    let mut random = seed.child("annealing").generator();
    let places: Vec<Vec<f64>> = (0..WARM_UP.min(desk.left())).map(|_| feasible(desk.space, &mut random)).collect();
    let costs = desk.costs(&places, 1.0);
    let finite: Vec<f64> = costs.iter().copied().filter(|cost| cost.is_finite()).collect();
    let spread = crate::stats::moments::sd(&finite).filter(|spread| *spread > 0.0).unwrap_or(1.0);
    let best = places.into_iter().zip(costs).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| place);
    let start = best.unwrap_or_else(|| feasible(desk.space, &mut random));
    desk.walk_from(random, spread);
    let walk = SimulatedAnnealing::new_with_rng(spread, Generator(seed.child("annealing").child("accept").generator()));
    let walk = walk.map_err(|trouble| crate::error::Error::Failed(trouble.to_string()))?;
    drive(desk, walk, watcher, |state: CubeState| state.param(start))
}

impl Anneal for Desk<'_> {
    type Param = Vec<f64>;
    type Output = Vec<f64>;
    type Float = f64;

    /// A step whose size goes with the root of the temperature; edges reflect.
    fn anneal(&self, place: &Vec<f64>, temperature: f64) -> std::result::Result<Vec<f64>, Trouble> {
        let mut walk = self.walk.borrow_mut();
        let (random, hottest) = &mut *walk;
        let sd = 0.02 + 0.28 * (temperature / *hottest).sqrt();
        let draws = normals(random, place.len());
        let axes = self.space.dimensions().iter().zip(place).zip(draws);
        Ok(axes.map(|((dimension, x), z)| step(dimension, *x, sd * z, random)).collect())
    }
}

fn step(dimension: &Dimension, x: f64, step: f64, random: &mut ChaCha8Rng) -> f64 {
    let share = dimension.kind.count().map_or(0.0, |count| 1.0 / count as f64);
    if dimension.kind.is_categorical() {
        return if fraction(random) < 0.2 { fraction(random) } else { x };
    }
    // A step within one value goes nowhere: it becomes a whole one, or none.
    let step = if step.abs() < share { if fraction(random) < 0.5 { share.copysign(step) } else { 0.0 } } else { step };
    let moved = (x + step).abs();
    if moved > 1.0 { (2.0 - moved).max(0.0) } else { moved }
}
