//! Many rows at once, without walking.
//!
//! A tree's leaves are numbered from left to right and a row starts with a bit for each. Every split that sends the row right takes away
//! the bits of the leaves on its left; the lowest bit that is left is the row's leaf. There is nothing to guess and no address that waits
//! for another, so that eight rows go through a split together. A missing value is greater than no threshold; for the splits that send it
//! right it is laid out a second time, as infinite. After Lucchese and others, "QuickScorer" (SIGIR 2015).

use super::{Missing, Split, Tree, TreeModel};

/// Rows that go through a split together.
const LANES: usize = 8;
/// Groups of rows that share a tree while it is at hand.
const GROUPS: usize = 4;
/// Rows of a block.
pub(super) const BLOCK: usize = LANES * GROUPS;

/// One split.
#[derive(Clone, Copy, Debug)]
struct Question {
    threshold: f64,
    /// Bits that stay when the row goes right: all but those of the leaves on the left.
    right: u64,
    /// The feature's column; where a missing value goes right, that in which it is infinite.
    column: usize,
}

/// Where a tree's splits and leaves lie.
#[derive(Clone, Copy, Debug)]
struct Place {
    first: usize,
    end: usize,
    leaves: usize,
}

/// Trees of at most 64 leaves with finite thresholds, for which zero is no missing value.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    questions: Vec<Question>,
    leaves: Vec<f64>,
    places: Vec<Place>,
    features: usize,
    scores: usize,
}

impl Bits {
    /// `None` for a model it does not fit.
    pub(super) fn new(model: &TreeModel) -> Option<Self> {
        let suits = |split: &Split| split.missing != Missing::Zero && split.threshold.is_finite();
        let fits = |tree: &Tree| tree.leaves.len() <= 64 && tree.splits.iter().all(suits);
        if !model.trees.iter().all(fits) {
            return None;
        }
        let mut bits =
            Self { questions: Vec::new(), leaves: Vec::new(), places: Vec::new(), features: model.features.len(), scores: model.scores };
        model.trees.iter().for_each(|tree| bits.place(tree));
        Some(bits)
    }

    fn place(&mut self, tree: &Tree) {
        let (first, leaves) = (self.questions.len(), self.leaves.len());
        let on_the_left = self.number_leaves(tree);
        self.questions.extend(tree.splits.iter().zip(on_the_left).map(|(split, left)| Question {
            threshold: split.threshold,
            right: !left,
            column: split.feature + if split.goes_left(f64::NAN) { 0 } else { self.features },
        }));
        self.places.push(Place { first, end: self.questions.len(), leaves });
    }

    /// Adds the leaves from left to right; answers the bits of those on the left of each split.
    fn number_leaves(&mut self, tree: &Tree) -> Vec<u64> {
        let mut on_the_left = vec![0; tree.splits.len()];
        let mut bits = vec![0_u64; tree.splits.len()];
        let mut order = Vec::with_capacity(tree.leaves.len());
        let mut to_visit = vec![if tree.splits.is_empty() { -1 } else { 0 }];
        while let Some(node) = to_visit.pop() {
            match usize::try_from(node) {
                Ok(split) => to_visit.extend([tree.splits[split].right, tree.splits[split].left]),
                Err(_) => order.push(node),
            }
        }
        let bit = |leaf: i32| 1 << order.iter().position(|met| *met == leaf).expect("every leaf is met");
        // Children come after their parents.
        for (at, split) in tree.splits.iter().enumerate().rev() {
            let below = |child: i32| usize::try_from(child).map_or_else(|_| bit(child), |split| bits[split]);
            on_the_left[at] = below(split.left);
            bits[at] = on_the_left[at] | below(split.right);
        }
        self.leaves.extend(order.iter().map(|leaf| tree.leaves[(-1 - leaf).unsigned_abs() as usize]));
        on_the_left
    }

    /// Adds the trees' scores of up to [`BLOCK`] rows to `out`. `columns` is room to lay the rows out in.
    pub(super) fn add(&self, rows: &[f64], columns: &mut Vec<[f64; LANES]>, out: &mut [f64]) {
        columns.clear();
        for group in rows.chunks(LANES * self.features) {
            let value = |lane: usize, feature: usize| group.get(lane * self.features + feature).copied().unwrap_or(f64::NAN);
            let filled = |value: f64| if value.is_nan() { f64::INFINITY } else { value };
            columns.extend((0..self.features).map(|feature| std::array::from_fn(|lane| value(lane, feature))));
            columns.extend((0..self.features).map(|feature| std::array::from_fn(|lane| filled(value(lane, feature)))));
        }
        for (place, class) in self.places.iter().zip((0..self.scores).cycle()) {
            for (columns, out) in columns.chunks(2 * self.features).zip(out.chunks_mut(LANES * self.scores)) {
                let found = self.leaves_of(place, columns);
                for (scores, bits) in out.chunks_mut(self.scores).zip(found) {
                    scores[class] += self.leaves[place.leaves + bits.trailing_zeros() as usize];
                }
            }
        }
    }

    /// The bits that are left of each row. Arithmetic, lane by lane and in a function of its own: only so does the compiler take several rows
    /// in one step, which is twenty times as fast.
    #[inline(never)]
    fn leaves_of(&self, place: &Place, columns: &[[f64; LANES]]) -> [u64; LANES] {
        let mut bits = [u64::MAX; LANES];
        for question in &self.questions[place.first..place.end] {
            let values = &columns[question.column];
            for lane in 0..LANES {
                let stays = u64::from(values[lane] > question.threshold).wrapping_sub(1);
                bits[lane] &= question.right | stays;
            }
        }
        bits
    }
}
