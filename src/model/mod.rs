//! Models: from a row of features to raw scores and probabilities.
//!
//! A [`TreeModel`] is what a file of boosted trees says; a [`Forest`] is the same trees laid out for speed. LightGBM's text format is read
//! and written by [`lightgbm`]; scores are its own to the last bit, because the sums run in its order. A row is a slice of `f64` in the
//! order of the model's feature names, a missing value being NaN there: the one place where NaN has a meaning.

mod forest;
pub mod lightgbm;
mod link;
mod rows;
mod tree;

pub use forest::Forest;
pub use link::Link;
pub use rows::{Rows, read_rows};
pub use tree::{Missing, Split, Statistics, Tree, TreeModel};
