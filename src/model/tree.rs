//! Boosted trees as a model file tells them.

use super::Link;

/// What a split does with a value that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing was missing in training: a missing value counts as 0.
    None,
    /// Zeros were missing in training: 0 and missing go the default way.
    Zero,
    /// A missing value goes the default way.
    Nan,
}

/// One question a tree asks: is the feature's value at most the threshold?
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Index of the feature.
    pub feature: usize,
    /// Values up to here go left.
    pub threshold: f64,
    /// What is missing.
    pub missing: Missing,
    /// Whether the default way is left.
    pub default_left: bool,
    /// The split or, where negative, the leaf `-1 - left` to the left.
    pub left: i32,
    /// As `left`, to the right.
    pub right: i32,
}

/// What training knew of a tree beyond its decisions; columns may be empty where a file lacks them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Reduction of the loss, by split.
    pub gain: Vec<f64>,
    /// Value the split would have as a leaf, by split.
    pub split_value: Vec<f64>,
    /// Sum of second derivatives, by split.
    pub split_weight: Vec<f64>,
    /// Training rows, by split.
    pub split_count: Vec<u64>,
    /// Sum of second derivatives, by leaf.
    pub leaf_weight: Vec<f64>,
    /// Training rows, by leaf.
    pub leaf_count: Vec<u64>,
}

/// One tree. Without splits it has one leaf, whatever the row.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Its splits, the root first; a split's children come after it.
    pub splits: Vec<Split>,
    /// What each leaf adds to the score, shrinkage included.
    pub leaves: Vec<f64>,
    /// The learning rate that went into the leaves.
    pub shrinkage: f64,
    /// What training knew.
    pub statistics: Statistics,
}

impl Tree {
    /// The leaf a row falls into. `row` holds every feature, NaN where missing.
    ///
    /// # Panics
    /// When the row is shorter than the features the tree asks for.
    #[must_use]
    pub fn leaf(&self, row: &[f64]) -> usize {
        let mut at = if self.splits.is_empty() { -1 } else { 0 };
        while let Ok(split) = usize::try_from(at) {
            let split = &self.splits[split];
            at = if split.goes_left(row[split.feature]) { split.left } else { split.right };
        }
        at.unsigned_abs() as usize - 1
    }
}

/// Zero, as LightGBM has it: what its single-precision 1e-35 calls no value.
pub(super) const ZERO: f64 = 1e-35_f32 as f64;

impl Split {
    /// Whether a value goes left.
    #[must_use]
    pub fn goes_left(&self, value: f64) -> bool {
        let value = if value.is_nan() && self.missing != Missing::Nan { 0.0 } else { value };
        let is_missing = match self.missing {
            Missing::None => false,
            Missing::Zero => value.abs() <= ZERO,
            Missing::Nan => value.is_nan(),
        };
        if is_missing { self.default_left } else { value <= self.threshold }
    }
}

/// A model of boosted trees.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeModel {
    /// Names of the features, in the order of a row.
    pub features: Vec<String>,
    /// Smallest and largest value seen in training as the file has them (`[-1.5:2]`, or `none` for a feature never used).
    pub feature_infos: Vec<String>,
    /// Scores a row gets: the number of classes, 1 for two classes and for numbers.
    pub scores: usize,
    /// From raw scores to what the model predicts.
    pub link: Link,
    /// Whether a prediction is made of the trees' average (a random forest) rather than of their sum.
    pub is_average: bool,
    /// The trees, `scores` of them an iteration, in the order they are summed.
    pub trees: Vec<Tree>,
}

impl TreeModel {
    /// Total gain by feature, in the order of the features: what the splits on it took off the training loss. 0 for one never used.
    #[must_use]
    pub fn gain_importance(&self) -> Vec<f64> {
        let mut gains = vec![0.0; self.features.len()];
        for tree in &self.trees {
            for (split, gain) in tree.splits.iter().zip(&tree.statistics.gain) {
                gains[split.feature] += gain;
            }
        }
        gains
    }

    /// Splits by feature, in the order of the features.
    #[must_use]
    pub fn split_importance(&self) -> Vec<u64> {
        let mut counts = vec![0; self.features.len()];
        for split in self.trees.iter().flat_map(|tree| &tree.splits) {
            counts[split.feature] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(missing: Missing, default_left: bool) -> Split {
        Split { feature: 0, threshold: 1.0, missing, default_left, left: -1, right: -2 }
    }

    #[test]
    fn a_missing_value_goes_where_its_kind_says() {
        // A missing value counts as 0, which is at most 1: left, whatever the default.
        assert!(split(Missing::None, false).goes_left(f64::NAN));
        assert!(!split(Missing::Nan, false).goes_left(f64::NAN));
        assert!(split(Missing::Nan, true).goes_left(f64::NAN));
        assert!(!split(Missing::Zero, false).goes_left(f64::NAN));
        for zero in [0.0, -0.0, 1e-36, -ZERO] {
            assert!(!split(Missing::Zero, false).goes_left(zero), "{zero} is missing where zeros are");
            assert!(split(Missing::Nan, false).goes_left(zero));
        }
        assert!(split(Missing::Zero, false).goes_left(1.1e-35));
        assert!(split(Missing::Nan, false).goes_left(1.0), "the threshold itself goes left");
        assert!(!split(Missing::Nan, true).goes_left(f64::INFINITY));
    }

    #[test]
    fn a_tree_without_splits_has_one_leaf() {
        let tree = Tree { splits: Vec::new(), leaves: vec![0.25], shrinkage: 1.0, statistics: Statistics::default() };
        assert_eq!(tree.leaf(&[3.0]), 0);
    }
}
