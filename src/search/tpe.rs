//! The tree-structured Parzen estimator, multivariate.
//!
//! After ten trials spread over the space (a Latin hypercube), the trials so far are split into the good ones and the rest. Candidates are drawn
//! around the good ones, and the one where the density of the good is highest against the density of the rest is tried. After J. Bergstra et al.,
//! "Algorithms for hyper-parameter optimization", 2011; the shapes are our own and stand in [`super::parzen`]. Points of a batch that have no result
//! yet count among the rest, so that a batch spreads out.

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use super::{
    batched::Propose,
    dimension::Kind,
    parzen::{Around, Axis, Good, Rest},
    space::Space,
    sweep::{fraction, uniform},
};
use crate::seed::Seed;

/// Trials before anything is learned.
const START: usize = 10;

/// Places drawn and compared for each trial.
const CANDIDATES: usize = 24;

/// A trial: where it was, and what it cost.
struct Seen {
    around: Around,
    cost: f64,
}

/// The optimiser.
pub(super) struct Tpe {
    random: ChaCha8Rng,
    batch: usize,
    axes: Vec<Axis>,
    start: Vec<Vec<f64>>,
    seen: Vec<Seen>,
    /// Indices of `seen`, cheapest first, the earlier of equals first.
    order: Vec<usize>,
}

impl Tpe {
    pub(super) fn new(space: &Space, batch: usize, seed: Seed) -> Self {
        let mut random = seed.child("tpe").generator();
        let axes: Vec<Axis> = space.dimensions().iter().map(|d| Axis::of(&d.kind)).collect();
        let mut start = latin_hypercube(&mut random, START, axes.len());
        start.reverse();
        Self { random, batch, axes, start, seen: Vec::new(), order: Vec::new() }
    }

    fn insert(&mut self, around: Around, cost: f64) {
        let at = self.order.partition_point(|i| self.seen[*i].cost <= cost);
        self.order.insert(at, self.seen.len());
        self.seen.push(Seen { around, cost });
    }

    fn has(&self, around: &Around) -> bool {
        self.seen.iter().any(|seen| seen.around == *around)
    }

    /// The best new place that satisfies the constraints; a place at random where there is none among the candidates.
    fn propose(&mut self, space: &Space) -> Vec<f64> {
        let split = good_count(self.seen.len());
        let of = |i: &usize| &self.seen[*i].around;
        let good = Good::new(&self.axes, self.order[..split].iter().map(of).collect(), self.seen.len());
        let rest = Rest::new(&self.axes, self.order[split..].iter().map(of).collect(), self.seen.len());
        let mut scored = Vec::with_capacity(CANDIDATES);
        for _ in 0..CANDIDATES {
            let candidate = around(space, &good.draw(&mut self.random));
            let score = good.density(&candidate) / rest.density(&candidate);
            scored.push((score, candidate));
        }
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let is_new = |candidate: &Around| !self.has(candidate) && space.allows(&space.values(&candidate.place));
        match scored.into_iter().map(|(_, candidate)| candidate).find(is_new) {
            Some(candidate) => candidate.place,
            None => uniform(&mut self.random, self.axes.len()),
        }
    }
}

/// How many of `n` trials are good: 0.42 · n^⅔, at least 4; 10 of 100, 15 of 200.
fn good_count(n: usize) -> usize {
    let share = 0.42 * libm::cbrt(n as f64) * libm::cbrt(n as f64);
    (share.ceil() as usize).clamp(4, n - 1)
}

/// A place as it is kept: in the middle of its values' shares, and without what is absent there.
fn around(space: &Space, place: &[f64]) -> Around {
    let middle = |(u, kind): (&f64, &Kind)| kind.index(*u).map_or(*u, |index| kind.unit(index));
    let place: Vec<f64> = place.iter().zip(space.dimensions().iter().map(|d| &d.kind)).map(middle).collect();
    let absent = if space.is_conditional() { space.values(&place).iter().map(Option::is_none).collect() } else { Vec::new() };
    Around { place, absent }
}

/// `count` places of which no two share a `count`-th of any axis.
fn latin_hypercube(random: &mut impl Rng, count: usize, dimensions: usize) -> Vec<Vec<f64>> {
    let mut places = vec![vec![0.0; dimensions]; count];
    for axis in 0..dimensions {
        let mut slots: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            slots.swap(i, (fraction(random) * (i + 1) as f64) as usize);
        }
        for (place, slot) in places.iter_mut().zip(slots) {
            place[axis] = (slot as f64 + fraction(random)) / count as f64;
        }
    }
    places
}

impl Propose for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn ask(&mut self, space: &Space, count: usize) -> Vec<Vec<f64>> {
        let known = self.seen.len();
        let mut places = Vec::with_capacity(count);
        for _ in 0..count {
            let place = if known < START {
                let dimensions = self.axes.len();
                self.start.pop().unwrap_or_else(|| uniform(&mut self.random, dimensions))
            } else {
                self.propose(space)
            };
            if known >= START {
                self.insert(around(space, &place), f64::INFINITY);
            }
            places.push(place);
        }
        // What was only assumed is forgotten again.
        self.seen.truncate(known);
        self.order.retain(|i| *i < known);
        places
    }

    fn tell(&mut self, space: &Space, places: Vec<Vec<f64>>, costs: &[f64]) {
        for (place, cost) in places.iter().zip(costs) {
            let around = around(space, place);
            let is_trial = cost.is_finite() || space.allows(&space.values(place));
            if is_trial && !self.has(&around) {
                self.insert(around, *cost);
            }
        }
    }

    fn batch(&self) -> usize {
        self.batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_leaves_no_slice_of_any_axis_empty() {
        let places = latin_hypercube(&mut Seed::new(7).generator(), 10, 3);
        for axis in 0..3 {
            let mut slots: Vec<usize> = places.iter().map(|place| (place[axis] * 10.0) as usize).collect();
            slots.sort_unstable();
            assert_eq!(slots, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_good_are_few() {
        assert_eq!([10, 30, 100, 200, 1000].map(good_count), [4, 5, 10, 15, 42]);
    }
}
