//! The optimisers that learn nothing: every point of the grid in turn, and draws at random.

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use super::{batched::Propose, space::Space};
use crate::{
    error::{Error, Result},
    seed::Seed,
};

/// Points asked for at once where nothing is learned from them: many, to keep every core busy, and always as many.
pub(super) const BLOCK: usize = 256;

/// More points than this are a mistake in the step, not a question.
const LARGEST_GRID: u64 = 100_000_000;

/// Every combination, the last parameter running fastest.
pub(super) struct Grid {
    next: u64,
    size: u64,
}

impl Grid {
    pub(super) fn new(space: &Space) -> Result<Self> {
        if let Some(endless) = space.dimensions().iter().find(|d| d.kind.count().is_none()) {
            let problem = "a grid needs a step or a list of values here; add step = …, or choose another method";
            return Err(Error::config(format!("search.space.{}", endless.name), problem));
        }
        match space.grid_size().filter(|size| *size <= LARGEST_GRID) {
            Some(size) => Ok(Self { next: 0, size }),
            None => {
                let problem = "the grid has more than a hundred million points; use larger steps, or method = \"tpe\"";
                Err(Error::config("search.space", problem))
            }
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }
}

impl Propose for Grid {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn ask(&mut self, space: &Space, count: usize) -> Vec<Vec<f64>> {
        let end = self.size.min(self.next + count as u64);
        let places = (self.next..end).map(|index| place(space, index)).collect();
        self.next = end;
        places
    }

    fn batch(&self) -> usize {
        BLOCK
    }
}

/// The place of the grid's point `index`: its digits, each to the base of its parameter's number of values.
fn place(space: &Space, mut index: u64) -> Vec<f64> {
    let mut place = vec![0.5; space.dimensions().len()];
    for (coordinate, dimension) in place.iter_mut().zip(space.dimensions()).rev() {
        let count = dimension.kind.count().unwrap_or(1) as u64;
        *coordinate = dimension.kind.unit((index % count) as usize);
        index /= count;
    }
    place
}

/// Independent draws, even over the unit cube.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    pub(super) fn new(seed: Seed) -> Self {
        Self(seed.child("random").generator())
    }
}

impl Propose for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn ask(&mut self, space: &Space, count: usize) -> Vec<Vec<f64>> {
        (0..count).map(|_| uniform(&mut self.0, space.dimensions().len())).collect()
    }

    fn batch(&self) -> usize {
        BLOCK
    }
}

/// A number in 0..1, of 53 random bits.
pub(super) fn fraction(random: &mut impl Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A place drawn evenly over the unit cube.
pub(super) fn uniform(random: &mut impl Rng, dimensions: usize) -> Vec<f64> {
    (0..dimensions).map(|_| fraction(random)).collect()
}
