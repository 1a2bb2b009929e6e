//! From raw scores to what a model predicts.

use std::fmt;

/// How a model's raw scores become its prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// The score itself.
    Identity,
    /// 1/(1 + e^(−steepness·score)), score by score: a probability.
    Sigmoid {
        /// Factor of the score.
        steepness: f64,
    },
    /// e^score over the sum of all: probabilities that add up to 1.
    Softmax,
    /// e^score.
    Exponential,
    /// ln(1 + e^score).
    Softplus,
    /// sign(score)·score².
    SignedSquare,
}

impl Link {
    /// Turns the scores of one row into predictions, in place.
    ///
    /// ```
    /// use cthulu_lab::model::Link;
    /// let mut scores = [0.0, 0.0, 0.0, 0.0];
    /// Link::Softmax.apply(&mut scores);
    /// assert_eq!(scores, [0.25; 4]);
    /// ```
    pub fn apply(self, scores: &mut [f64]) {
        match self {
            Self::Identity => {}
            Self::Sigmoid { steepness } => each(scores, |score| 1.0 / (1.0 + libm::exp(-steepness * score))),
            Self::Softmax => softmax(scores),
            Self::Exponential => each(scores, libm::exp),
            Self::Softplus => each(scores, |score| libm::log1p(libm::exp(score))),
            Self::SignedSquare => each(scores, |score| 1.0_f64.copysign(score) * score * score),
        }
    }

    /// Whether predictions are probabilities.
    #[must_use]
    pub const fn is_probability(self) -> bool {
        matches!(self, Self::Sigmoid { .. } | Self::Softmax)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Sigmoid { .. } => "sigmoid",
            Self::Softmax => "softmax",
            Self::Exponential => "exponential",
            Self::Softplus => "softplus",
            Self::SignedSquare => "signed square",
        })
    }
}

fn each(scores: &mut [f64], to: impl Fn(f64) -> f64) {
    for score in scores {
        *score = to(*score);
    }
}

/// The largest score is taken off first, so that no exponential overflows.
fn softmax(scores: &mut [f64]) {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = libm::exp(*score - largest);
        sum += *score;
    }
    each(scores, |score| score / sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(link: Link, score: f64) -> f64 {
        let mut scores = [score];
        link.apply(&mut scores);
        scores[0]
    }

    #[test]
    fn each_link_has_its_formula() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-15 * b.abs().max(1.0), "{a} is not {b}");
        // 1/(1 + e^−2) = 0.8807970779778823; ln(1 + e) = 1.3132616875182228
        near(applied(Link::Sigmoid { steepness: 2.0 }, 1.0), 0.880_797_077_977_882_3);
        near(applied(Link::Softplus, 1.0), 1.313_261_687_518_222_8);
        near(applied(Link::Exponential, 1.0), std::f64::consts::E);
        assert_eq!(applied(Link::SignedSquare, -3.0), -9.0);
        assert_eq!(applied(Link::Identity, -3.0), -3.0);
    }

    #[test]
    fn softmax_does_not_overflow() {
        let mut scores = [1000.0, 1000.0];
        Link::Softmax.apply(&mut scores);
        assert_eq!(scores, [0.5, 0.5]);
    }
}
