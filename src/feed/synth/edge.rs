//! A planted edge, and its twin.
//!
//! Every bar drifts in the direction of the last one: r = s·m + d·z, s the sign of the last bar's close less its open. The rule that holds
//! on in that direction earns s·r = m + d·(s·z) a bar, independent and normal, whatever happened before: its Sharpe ratio is m/d a bar.

use super::{
    draws::Draws,
    frame::Frame,
    kind::Params,
    process::{Process, variance},
    shape::Step,
    truth::{EdgeTruth, Truth},
};
use crate::stats::normal::cdf;

/// The rule that earns the edge, as a strategy file.
pub const EDGE_RULE: &str = include_str!("edge.toml");

/// The process.
pub(super) struct Edge {
    sharpe: f64,
    mean: f64,
    deviation: f64,
    /// Direction of the last bar that had one; 0 before there is one.
    direction: f64,
}

impl Edge {
    pub(super) fn new(params: &Params, frame: &Frame, sharpe: f64) -> Self {
        let per_year = frame.bars_per_year();
        let deviation = variance(params, "volatility", per_year).sqrt();
        Self { sharpe, mean: sharpe / per_year.sqrt() * deviation, deviation, direction: 0.0 }
    }
}

impl Process for Edge {
    #[inline]
    fn step(&mut self, shock: f64, _: &mut Draws) -> Step {
        Step { change: self.direction * self.mean + self.deviation * shock, deviation: self.deviation, ..Step::default() }
    }

    /// No gap: the rule holds a position over the weekend, and would earn noise there.
    fn weekend(&mut self, _: f64, _: &mut Draws) -> f64 {
        0.0
    }

    fn settled(&mut self, open: f64, close: f64) {
        // The bar as written decides, as the rule sees nothing else; one without a direction leaves the position as it is.
        if close != open {
            self.direction = if close > open { 1.0 } else { -1.0 };
        }
    }

    fn truth(&self) -> Truth {
        let (m, d) = (self.mean, self.deviation);
        let variance = m * m + d * d;
        // E|r| of a folded normal; the next bar drifts by m in r's direction.
        let size = d * (2.0 / std::f64::consts::PI).sqrt() * libm::exp(-m * m / (2.0 * d * d)) + m * (1.0 - 2.0 * cdf(-m / d));
        Truth {
            mean: Some(0.0),
            variance: Some(variance),
            kurtosis: Some((m * m * m * m + 6.0 * m * m * d * d + 3.0 * d * d * d * d) / (variance * variance)),
            autocorrelation: Some(m * size / variance),
            autocorrelation_of_squares: Some([0.0; 5]),
            formulas: vec![
                "r = s m + d z, s the sign of the last bar's close - open; d = volatility/sqrt(Y), m = d sharpe/sqrt(Y)".into(),
                "the rule earns s r = m + d s z a bar: independent, normal, Sharpe ratio m/d a bar and sharpe a year before costs".into(),
                "variance = m^2 + d^2; autocorrelation = m E|r|/variance".into(),
            ],
            edge: Some(EdgeTruth { sharpe: self.sharpe, mean: m, deviation: d, rule: EDGE_RULE }),
            ..Truth::default()
        }
    }
}
