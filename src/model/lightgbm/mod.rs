//! LightGBM's text format, versions 2 to 4: a model trained by any of its languages predicts here, and one written here loads there.
//!
//! Numerical splits in all three kinds of missing values, every objective that ships with it, `gbdt`, `dart` and `rf`. Refused, with the
//! tree and the feature: categorical splits and linear trees.

mod read;
mod write;

pub use read::{parse, read};
pub use write::to_text;

#[cfg(test)]
mod tests;
