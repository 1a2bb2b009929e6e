//! Trees laid out for speed.
//!
//! Every node of a tree takes 16 bytes and a leaf leads to itself, so that one row walks down eight trees side by side without a branch that
//! the processor must guess; many rows at once are asked without walking, see [`bits`]. Scores are summed tree by tree in the model's order, and so
//! are those of [`Tree::leaf`](super::Tree::leaf) to the last bit.

mod bits;

use super::{Link, Missing, Split, Tree, TreeModel, tree::ZERO};
use bits::Bits;

/// Walks that go on side by side.
const LANES: usize = 8;

/// One node: a split, or a leaf that leads to itself.
#[derive(Clone, Copy, Debug)]
struct Node {
    threshold: f64,
    feature: u16,
    left: u16,
    right: u16,
    /// Whether a missing value goes left.
    nan_left: bool,
    /// Whether 0 goes as a missing value.
    is_zero_missing: bool,
}

/// Where a tree's nodes and leaves lie.
#[derive(Clone, Copy, Debug)]
struct Place {
    nodes: usize,
    leaves: usize,
    splits: u16,
}

/// A model of trees, ready to score rows.
#[derive(Clone, Debug)]
pub struct Forest {
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    places: Vec<Place>,
    features: usize,
    scores: usize,
    link: Link,
    /// Iterations to divide by, for an average.
    divisor: Option<f64>,
    has_zero_missing: bool,
    /// The same trees for many rows, where they fit.
    bits: Option<Bits>,
}

impl Forest {
    /// Lays out a model's trees.
    ///
    /// # Panics
    /// When a tree has 2^15 leaves or more, or the model 2^16 features or more; readers of files refuse both.
    #[must_use]
    pub fn new(model: &TreeModel) -> Self {
        let mut forest = Self {
            nodes: Vec::new(),
            leaves: Vec::new(),
            places: Vec::with_capacity(model.trees.len()),
            features: model.features.len(),
            scores: model.scores,
            link: model.link,
            divisor: model.is_average.then(|| (model.trees.len() / model.scores.max(1)).max(1) as f64),
            bits: Bits::new(model),
            has_zero_missing: model.trees.iter().flat_map(|t| &t.splits).any(|s| s.missing == Missing::Zero),
        };
        model.trees.iter().for_each(|tree| forest.place(tree));
        forest
    }

    fn place(&mut self, tree: &Tree) {
        let splits = u16::try_from(tree.splits.len()).expect("fewer than 2^15 leaves");
        let node_of = |child: i32| {
            let leaf = || splits + u16::try_from(-1 - child).expect("fewer than 2^15 leaves");
            u16::try_from(child).unwrap_or_else(|_| leaf())
        };
        self.places.push(Place { nodes: self.nodes.len(), leaves: self.leaves.len(), splits });
        self.nodes.extend(tree.splits.iter().map(|split| Node {
            threshold: split.threshold,
            feature: u16::try_from(split.feature).expect("fewer than 2^16 features"),
            left: node_of(split.left),
            right: node_of(split.right),
            nan_left: split.goes_left(f64::NAN),
            is_zero_missing: split.missing == Missing::Zero,
        }));
        // No value is at most NaN: a leaf sends every row right, to itself.
        self.nodes.extend((splits..).take(tree.leaves.len()).map(|own| Node {
            threshold: f64::NAN,
            feature: 0,
            left: own,
            right: own,
            nan_left: false,
            is_zero_missing: false,
        }));
        self.leaves.extend_from_slice(&tree.leaves);
    }

    /// Features a row has.
    #[must_use]
    pub const fn features(&self) -> usize {
        self.features
    }

    /// Scores a row gets.
    #[must_use]
    pub const fn scores(&self) -> usize {
        self.scores
    }

    /// Raw scores of one row, NaN where a value is missing, into `out`: sums, for an average as well.
    ///
    /// # Panics
    /// When `row` has not as many values as the model has features, or `out` not as many as it has scores.
    pub fn raw(&self, row: &[f64], out: &mut [f64]) {
        assert_eq!((row.len(), out.len()), (self.features, self.scores), "a row has a value a feature, and one score a class");
        out.fill(0.0);
        if self.has_zero_missing { self.raw_as::<true>(row, out) } else { self.raw_as::<false>(row, out) }
    }

    fn raw_as<const ZEROS: bool>(&self, row: &[f64], out: &mut [f64]) {
        let (groups, rest) = self.places.as_chunks::<LANES>();
        let mut class = 0;
        let mut add = |value: f64| {
            out[class] += value;
            class = if class + 1 == out.len() { 0 } else { class + 1 };
        };
        for group in groups {
            for (place, at) in group.iter().zip(self.walk_trees::<ZEROS>(group, row)) {
                add(self.leaves[place.leaves + usize::from(at - place.splits)]);
            }
        }
        for place in rest {
            let at = self.walk_trees::<ZEROS>(&[*place], row)[0];
            add(self.leaves[place.leaves + usize::from(at - place.splits)]);
        }
    }

    /// The leaf nodes of one row in several trees.
    #[inline]
    fn walk_trees<const ZEROS: bool>(&self, group: &[Place], row: &[f64]) -> [u16; LANES] {
        let mut at = [0_u16; LANES];
        loop {
            let mut moved = 0;
            for (at, place) in at.iter_mut().zip(group) {
                let next = self.step::<ZEROS>(place, *at, row);
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                return at;
            }
        }
    }

    #[inline]
    fn step<const ZEROS: bool>(&self, place: &Place, at: u16, row: &[f64]) -> u16 {
        let node = &self.nodes[place.nodes + usize::from(at)];
        let value = row[usize::from(node.feature)];
        let is_missing = value.is_nan() | (ZEROS && node.is_zero_missing && value.abs() <= ZERO);
        let left = (!is_missing & (value <= node.threshold)) | (is_missing & node.nan_left);
        std::hint::select_unpredictable(left, node.left, node.right)
    }

    /// Raw scores of many rows, row after row in `rows` as in the answer.
    ///
    /// # Panics
    /// When `rows` does not hold whole rows.
    #[must_use]
    pub fn raw_batch(&self, rows: &[f64]) -> Vec<f64> {
        assert!(self.features > 0 && rows.len().is_multiple_of(self.features), "rows are whole");
        let mut out = vec![0.0; rows.len() / self.features * self.scores];
        if let Some(bits) = &self.bits {
            let mut columns = Vec::new();
            for (rows, out) in rows.chunks(bits::BLOCK * self.features).zip(out.chunks_mut(bits::BLOCK * self.scores)) {
                bits.add(rows, &mut columns, out);
            }
        } else {
            for (row, out) in rows.chunks(self.features).zip(out.chunks_mut(self.scores)) {
                self.raw(row, out);
            }
        }
        out
    }

    /// From the scores of one row to its prediction.
    fn finish(&self, scores: &mut [f64]) {
        if let Some(divisor) = self.divisor {
            scores.iter_mut().for_each(|score| *score /= divisor);
        }
        self.link.apply(scores);
    }

    /// What the model predicts of one row: probabilities, or a number.
    ///
    /// # Panics
    /// As [`Forest::raw`].
    pub fn predict(&self, row: &[f64], out: &mut [f64]) {
        self.raw(row, out);
        self.finish(out);
    }

    /// What the model predicts of many rows, row after row.
    ///
    /// # Panics
    /// As [`Forest::raw_batch`].
    #[must_use]
    pub fn predict_batch(&self, rows: &[f64]) -> Vec<f64> {
        let mut out = self.raw_batch(rows);
        out.chunks_mut(self.scores).for_each(|scores| self.finish(scores));
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

    use super::*;
    use crate::model::Statistics;

    /// A tree over `features`, grown by splitting leaves as `choices` say.
    fn grown(choices: &[(u16, f64, u8, bool)], features: usize) -> Tree {
        let mut splits: Vec<Split> = Vec::new();
        let mut leaves = 1_i32;
        for (n, (which, threshold, missing, default_left)) in choices.iter().enumerate() {
            let leaf = i32::from(*which) % leaves;
            for split in &mut splits {
                for child in [&mut split.left, &mut split.right] {
                    if *child == -1 - leaf {
                        *child = i32::try_from(n).unwrap();
                    }
                }
            }
            let missing = [Missing::None, Missing::Zero, Missing::Nan][usize::from(missing % 3)];
            let feature = usize::from(*which) % features;
            splits.push(Split {
                feature,
                threshold: *threshold,
                missing,
                default_left: *default_left,
                left: -1 - leaf,
                right: -1 - leaves,
            });
            leaves += 1;
        }
        let leaves = (0..leaves).map(|leaf| 0.1 * f64::from(leaf) - 0.3).collect();
        Tree { splits, leaves, shrinkage: 1.0, statistics: Statistics::default() }
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![4 => -2.0..2.0_f64, 1 => Just(f64::NAN), 1 => Just(0.0), 1 => Just(1e-36), 1 => Just(f64::INFINITY)]
    }

    proptest! {
        /// Whatever the trees and the rows: row by row, in a batch, and by the plain walk, the sums are the same bits.
        #[test]
        fn every_way_to_score_gives_the_same_bits(
            trees in prop::collection::vec(prop::collection::vec((any::<u16>(), -2.0..2.0_f64, any::<u8>(), any::<bool>()), 0..70), 1..24),
            kinds in prop::sample::select(vec![1_u8, 2, 3]),
            rows in prop::collection::vec(prop::collection::vec(value(), 5), 1..80),
            scores in 1..4_usize,
            is_average in any::<bool>(),
        ) {
            // All three kinds of missing values, or without zeros, as the layout in bits asks.
            let kind = |k: u8| if kinds == 3 { k } else { [0, 2][usize::from(k % kinds)] };
            let trees = trees.iter().map(|tree| tree.iter().map(|c| (c.0, c.1, kind(c.2), c.3)).collect::<Vec<_>>());
            let mut trees: Vec<Tree> = trees.map(|choices| grown(&choices, 5)).collect();
            trees.truncate((trees.len() / scores).max(1) * scores);
            while !trees.len().is_multiple_of(scores) { trees.push(trees[0].clone()); }
            let iterations = trees.len() / scores;
            let model = TreeModel {
                features: (0..5).map(|i| format!("f{i}")).collect(),
                feature_infos: Vec::new(), scores, link: Link::Identity, is_average, trees,
            };
            let forest = Forest::new(&model);
            let flat: Vec<f64> = rows.iter().flatten().copied().collect();
            let batch = forest.raw_batch(&flat);
            for (row, batch) in rows.iter().zip(batch.chunks(scores)) {
                let mut plain = vec![0.0; scores];
                for (n, tree) in model.trees.iter().enumerate() {
                    plain[n % scores] += tree.leaves[tree.leaf(row)];
                }
                let mut single = vec![0.0; scores];
                forest.raw(row, &mut single);
                prop_assert_eq!(&single, &plain);
                prop_assert_eq!(batch, &plain[..]);
                if is_average { plain.iter_mut().for_each(|score| *score /= iterations as f64); }
                forest.predict(row, &mut single);
                prop_assert_eq!(&single, &plain);
            }
        }
    }
}
