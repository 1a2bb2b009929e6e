//! Trending, ranging and volatile times in turn.
//!
//! Each lasts a geometric number of bars; the next is one of the other two, with equal odds. A trend goes up or down with equal odds; a
//! range pulls back to the price at which it began.

use super::{
    draws::Draws,
    frame::Frame,
    kind::Params,
    process::{Process, variance},
    shape::Step,
    truth::{RegimeTruth, Truth},
};

/// What a regime's number in the exported path means.
pub const REGIMES: [&str; 3] = ["trending", "ranging", "volatile"];
const TRENDING: usize = 0;
const RANGING: usize = 1;

/// The process.
pub(super) struct Regimes {
    drift: f64,
    variances: [f64; 3],
    pull: f64,
    mean_bars: [f64; 3],
    now: usize,
    left_bars: u64,
    up: f64,
    /// Log price over the range's middle.
    off_middle: f64,
}

impl Regimes {
    pub(super) fn new(params: &Params, frame: &Frame) -> Self {
        let per_year = frame.bars_per_year();
        Self {
            drift: params.get("trend_drift") / per_year,
            variances: ["trend_volatility", "range_volatility", "volatile_volatility"].map(|name| variance(params, name, per_year)),
            pull: params.get("range_pull"),
            mean_bars: ["trend_bars", "range_bars", "volatile_bars"].map(|name| params.get(name)),
            now: 0,
            left_bars: 0,
            up: 1.0,
            off_middle: 0.0,
        }
    }

    fn enter(&mut self, regime: usize, draws: &mut Draws) {
        self.now = regime;
        self.left_bars = draws.geometric(libm::log(1.0 - 1.0 / self.mean_bars[regime]));
        self.up = if draws.unit() > 0.5 { 1.0 } else { -1.0 };
        self.off_middle = 0.0;
    }

    /// Share of bars in each regime: they are entered equally often.
    fn shares(&self) -> [f64; 3] {
        let all: f64 = self.mean_bars.iter().sum();
        self.mean_bars.map(|bars| bars / all)
    }

    /// Mean of r² and of r⁴ inside each regime.
    fn squares(&self) -> [(f64, f64); 3] {
        let [trend, range, wild] = self.variances;
        let d2 = self.drift * self.drift;
        [
            (d2 + trend, d2 * d2 + 6.0 * d2 * trend + 3.0 * trend * trend),
            range_squares(range, 1.0 - self.pull, 1.0 / self.mean_bars[RANGING]),
            (wild, 3.0 * wild * wild),
        ]
    }

    /// Covariance of the squares `lags` bars apart: Σ share · m · (Pᵏm) − mean².
    fn covariances_of_squares(&self) -> [f64; 5] {
        let (shares, squares) = (self.shares(), self.squares().map(|(square, _)| square));
        let mean: f64 = shares.iter().zip(squares).map(|(share, m)| share * m).sum();
        let mut ahead = squares;
        std::array::from_fn(|_| {
            let all: f64 = ahead.iter().sum();
            ahead = std::array::from_fn(|i| {
                let leaves = 1.0 / self.mean_bars[i];
                (1.0 - leaves) * ahead[i] + leaves * 0.5 * (all - ahead[i])
            });
            (0..3).map(|i| shares[i] * squares[i] * ahead[i]).sum::<f64>() - mean * mean
        })
    }
}

/// Mean of r² and r⁴ in a range with shocks of variance `v`, of which `f` of a deviation stays after a bar, and which ends with chance `p`.
///
/// At age k = 1, 2, … the return has variance v·(A − c·f^(2(k−1))), c = (1 − f)/(1 + f), A = 1 + c, and the ages are geometric: the mean
/// of f^(2(k−1)) is p/(1 − (1 − p)f²).
fn range_squares(v: f64, f: f64, p: f64) -> (f64, f64) {
    let c = (1.0 - f) / (1.0 + f);
    let aged = |power: f64| p / (1.0 - (1.0 - p) * power);
    let (second, fourth) = (aged(f * f), aged(f * f * f * f));
    let a = 1.0 + c;
    (v * (a - c * second), 3.0 * v * v * (a * a - 2.0 * a * c * second + c * c * fourth))
}

impl Process for Regimes {
    const HAS_REGIMES: bool = true;

    fn start(&mut self, draws: &mut Draws) -> f64 {
        let (shares, chance) = (self.shares(), draws.unit());
        let first = if chance <= shares[0] { 0 } else { 1 + usize::from(chance > shares[0] + shares[1]) };
        // Geometric lengths do not remember: what is left of the first is as long as any.
        self.enter(first, draws);
        0.0
    }

    #[inline]
    fn step(&mut self, shock: f64, draws: &mut Draws) -> Step {
        if self.left_bars == 0 {
            let other = 1 + usize::from(draws.unit() > 0.5);
            self.enter((self.now + other) % 3, draws);
        }
        self.left_bars -= 1;
        let deviation = self.variances[self.now].sqrt();
        let pulled = match self.now {
            TRENDING => self.up * self.drift,
            RANGING => -self.pull * self.off_middle,
            _ => 0.0,
        };
        let change = pulled + deviation * shock;
        self.off_middle += change;
        Step { change, deviation, ..Step::default() }
    }

    fn weekend(&mut self, bars: f64, draws: &mut Draws) -> f64 {
        // The gap moves the range's middle with it, or a range would begin to trend.
        (self.variances[self.now] * bars).sqrt() * draws.normal()
    }

    fn regime(&self) -> u8 {
        self.now as u8
    }

    fn truth(&self) -> Truth {
        let (shares, squares) = (self.shares(), self.squares());
        let weighted = |of: fn(&(f64, f64)) -> f64| -> f64 { shares.iter().zip(&squares).map(|(share, pair)| share * of(pair)).sum() };
        let (variance, fourth) = (weighted(|pair| pair.0), weighted(|pair| pair.1));
        let of_squares = fourth - variance * variance;
        let regime = |i: usize| RegimeTruth {
            name: REGIMES[i],
            share: shares[i],
            mean_bars: self.mean_bars[i],
            deviation_bars: (self.mean_bars[i] * (self.mean_bars[i] - 1.0)).sqrt(),
            mean_square: squares[i].0,
        };
        Truth {
            mean: Some(0.0),
            variance: Some(variance),
            kurtosis: Some(fourth / (variance * variance)),
            autocorrelation_of_squares: Some(self.covariances_of_squares().map(|covariance| covariance / of_squares)),
            formulas: vec![
                "lengths geometric with mean D, deviation sqrt(D (D - 1)); share of a regime = its D over the sum of all; the next is one of the others with equal odds".into(),
                "trending: r = +-d + s z, E r^2 = d^2 + s^2; volatile: r = s z; d, s the yearly ones over Y and sqrt(Y)".into(),
                "ranging: r = -pull (x - middle) + s z; E r^2 = s^2 (1 + c - c q), c = pull/(2 - pull), q = p/(1 - (1 - p)(1 - pull)^2), p = 1/D".into(),
                "variance and kurtosis: the regimes' E r^2 and E r^4 weighted by share".into(),
                "autocorrelation of squares from the regimes' chain; that of the range's own returns, of order pull^2/2 inside it, is left out".into(),
            ],
            regimes: (0..3).map(regime).collect(),
            ..Truth::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_never_pulls_is_a_walk() {
        // f = 1: c = 0, so E r² = v and E r⁴ = 3v²
        assert_eq!(range_squares(2.0, 1.0, 0.1), (2.0, 12.0));
    }

    #[test]
    fn a_range_of_one_bar_has_no_pull_yet() {
        // p = 1: every bar has age 1 and starts in the middle
        let (square, fourth) = range_squares(2.0, 0.5, 1.0);
        assert!((square - 2.0).abs() < 1e-15 && (fourth - 12.0).abs() < 1e-14, "{square} {fourth}");
    }
}
