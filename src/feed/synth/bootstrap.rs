//! The stationary block bootstrap of a real series (Politis and Romano 1994).
//!
//! Whole bars are drawn: gap, move and reach together, in blocks of geometric length that wrap around the end; the spread and the volume
//! are the frame's. The gap of the first bar, which has no bar before it, is 0.

use std::sync::Arc;

use super::{draws::Draws, kind::Params, process::Process, shape::Step, truth::Truth};
use crate::{
    error::{Error, Result},
    market::Bars,
    stats::moments,
};

/// The process.
pub(super) struct Bootstrap {
    steps: Arc<Vec<Step>>,
    stays: f64,
    row: usize,
}

impl Bootstrap {
    pub(super) fn new(params: &Params, source: &Bars) -> Result<Self> {
        let too_few = || Error::config("source", format!("{} bars are too few to draw from; give a longer series", source.len()));
        if source.len() < 30 {
            return Err(too_few());
        }
        let mut steps: Vec<Step> = (0..source.len()).map(|i| step_of(source, i)).collect();
        let mean = steps.iter().map(|step| step.gap + step.change).sum::<f64>() / steps.len() as f64;
        // The reach stays: where it no longer holds the close, the bar's shape does.
        steps.iter_mut().for_each(|step| step.change -= (1.0 - params.get("keep_mean")) * mean);
        Ok(Self { steps: Arc::new(steps), stays: 1.0 - 1.0 / params.get("block_bars"), row: 0 })
    }

    fn anywhere(&self, draws: &mut Draws) -> usize {
        // A unit of exactly 1 would be one past the end.
        ((draws.unit() * self.steps.len() as f64) as usize).min(self.steps.len() - 1)
    }

    fn returns(&self) -> Vec<f64> {
        self.steps.iter().map(|step| step.gap + step.change).collect()
    }
}

/// A bar in logarithms.
fn step_of(source: &Bars, i: usize) -> Step {
    let bar = source.bar(i);
    let over = |price: f64, base: f64| libm::log(price / base);
    let gap = if i == 0 { 0.0 } else { over(bar.open, source.close()[i - 1]) };
    let (change, high, low) = (over(bar.close, bar.open), over(bar.high, bar.open), over(bar.low, bar.open));
    Step { gap, change, deviation: 0.0, extremes: Some((high, low)) }
}

impl Process for Bootstrap {
    fn start(&mut self, draws: &mut Draws) -> f64 {
        self.row = self.anywhere(draws);
        0.0
    }

    #[inline]
    fn step(&mut self, _shock: f64, draws: &mut Draws) -> Step {
        let step = self.steps[self.row];
        self.row = if draws.unit() <= self.stays { (self.row + 1) % self.steps.len() } else { self.anywhere(draws) };
        step
    }

    /// None: the source's own gaps are in its blocks.
    fn weekend(&mut self, _: f64, _: &mut Draws) -> f64 {
        0.0
    }

    fn truth(&self) -> Truth {
        let returns = self.returns();
        let n = returns.len() as f64;
        let mean = moments::mean(&returns);
        let variance = moments::variance(&returns).map(|v| v * (n - 1.0) / n);
        let squares: Vec<f64> = returns.iter().map(|r| r * r).collect();
        let alone = 1.0 - self.stays;
        let kept = |values: &[f64], lag: usize| circular(values, lag).map(|r| r * libm::pow(self.stays, lag as f64));
        let of_squares: Option<Vec<f64>> = (1..=5).map(|lag| kept(&squares, lag)).collect();
        Truth {
            mean,
            variance,
            kurtosis: moments::kurtosis(&returns),
            autocorrelation: kept(&returns, 1),
            autocorrelation_of_squares: of_squares.and_then(|lags| lags.try_into().ok()),
            formulas: vec![
                format!(
                    "every bar is one of the source's {n}, each with equal odds: variance and kurtosis are the source's own, the mean is keep_mean of it"
                ),
                format!("autocorrelation = the source's circular one times (1 - p)^k, p = 1/block_bars = {alone}"),
            ],
            ..Truth::default()
        }
    }
}

/// Autocorrelation where the end meets the beginning.
fn circular(values: &[f64], lag: usize) -> Option<f64> {
    let mean = moments::mean(values)?;
    let ahead = values.iter().cycle().skip(lag);
    let covariance: f64 = values.iter().zip(ahead).map(|(a, b)| (a - mean) * (b - mean)).sum();
    let variance: f64 = values.iter().map(|a| (a - mean) * (a - mean)).sum();
    (variance > 0.0).then(|| covariance / variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circular_autocorrelation_closes_the_ring() {
        // 1, −1, 1, −1: every neighbour is the opposite, the last and the first included
        assert_eq!(circular(&[1.0, -1.0, 1.0, -1.0], 1), Some(-1.0));
        assert_eq!(circular(&[2.0, 2.0], 1), None);
    }
}
