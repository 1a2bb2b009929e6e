//! GARCH(1,1) with Student-t shocks (Bollerslev 1986, 1987).

use super::{
    draws::Draws,
    frame::Frame,
    kind::Params,
    process::{Process, log_drift, variance},
    shape::Step,
    truth::{Truth, fading},
};

/// Bars before the first, so that the variance has forgotten where it started.
const BURN_IN: usize = 1000;

/// h′ = ω + α·(r − mean)² + β·h, with shocks of unit variance.
pub(super) struct Garch {
    mean: f64,
    unconditional: f64,
    omega: f64,
    alpha: f64,
    beta: f64,
    degrees: f64,
    variance: f64,
}

impl Garch {
    pub(super) fn new(params: &Params, frame: &Frame) -> Self {
        let per_year = frame.bars_per_year();
        let unconditional = variance(params, "volatility", per_year);
        let [alpha, beta, degrees] = ["alpha", "beta", "degrees"].map(|name| params.get(name));
        Self {
            mean: log_drift(params, unconditional, per_year),
            unconditional,
            omega: unconditional * (1.0 - alpha - beta),
            alpha,
            beta,
            degrees,
            variance: unconditional,
        }
    }

    /// A normal shock made a Student's t with variance 1: z·√((ν − 2)/χ²), χ² with ν degrees of freedom.
    fn heavy(&self, shock: f64, draws: &mut Draws) -> f64 {
        let chi_squared = 2.0 * draws.gamma(0.5 * self.degrees);
        shock * ((self.degrees - 2.0) / chi_squared).sqrt()
    }

    /// Kurtosis of the shocks.
    fn shock_kurtosis(&self) -> Option<f64> {
        (self.degrees > 4.0).then(|| 3.0 * (self.degrees - 2.0) / (self.degrees - 4.0))
    }

    /// Kurtosis of the returns, where the fourth moment exists: K(1 − (α + β)²)/(1 − β² − 2αβ − Kα²).
    fn kurtosis(&self) -> Option<f64> {
        let (k, a, b) = (self.shock_kurtosis()?, self.alpha, self.beta);
        let below = 1.0 - b * b - 2.0 * a * b - k * a * a;
        (below > 0.0).then(|| k * (1.0 - (a + b) * (a + b)) / below)
    }
}

impl Process for Garch {
    fn start(&mut self, draws: &mut Draws) -> f64 {
        for _ in 0..BURN_IN {
            let shock = draws.normal();
            self.step(shock, draws);
        }
        0.0
    }

    #[inline]
    fn step(&mut self, shock: f64, draws: &mut Draws) -> Step {
        let deviation = self.variance.sqrt();
        let moved = deviation * self.heavy(shock, draws);
        self.variance = self.omega + self.alpha * moved * moved + self.beta * self.variance;
        Step { change: self.mean + moved, deviation, ..Step::default() }
    }

    fn weekend(&mut self, bars: f64, draws: &mut Draws) -> f64 {
        (self.variance * bars).sqrt() * draws.normal()
    }

    fn truth(&self) -> Truth {
        let (a, b) = (self.alpha, self.beta);
        let kurtosis = self.kurtosis();
        // ρ₁ = α(1 − αβ − β²)/(1 − 2αβ − β²), then fading by α + β; it needs the fourth moment.
        let first = a * (1.0 - a * b - b * b) / (1.0 - 2.0 * a * b - b * b);
        Truth {
            mean: Some(self.mean),
            variance: Some(self.unconditional),
            kurtosis,
            autocorrelation: Some(0.0),
            autocorrelation_of_squares: kurtosis.map(|_| fading(first, a + b)),
            formulas: vec![
                "r = m + sqrt(h) e; h' = w + alpha (r - m)^2 + beta h; e Student-t with variance 1; w = variance (1 - alpha - beta)".into(),
                "m = (drift - volatility^2/2)/Y; variance = volatility^2/Y".into(),
                "kurtosis = K (1 - (alpha + beta)^2)/(1 - beta^2 - 2 alpha beta - K alpha^2), K = 3 (degrees - 2)/(degrees - 4); absent where it is infinite".into(),
                "autocorrelation of squares = alpha (1 - alpha beta - beta^2)/(1 - 2 alpha beta - beta^2) (alpha + beta)^(k-1)".into(),
            ],
            ..Truth::default()
        }
    }
}
