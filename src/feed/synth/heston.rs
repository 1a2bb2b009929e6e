//! Heston's stochastic variance, by Andersen's quadratic-exponential scheme (2008).
//!
//! The scheme meets the exact conditional mean and variance of the variance process for any step, so its stationary mean, variance and
//! autocorrelation are exact; the variance over a bar is the mean of its ends (the trapezoid).

use super::{
    draws::Draws,
    frame::Frame,
    kind::Params,
    process::Process,
    shape::Step,
    truth::{Truth, fading},
};

/// Below this the square of a normal matches the variance's law, above it a point mass and an exponential.
const SWITCH: f64 = 1.5;

/// dv = κ(θ − v)dt + ξ√v dW; d ln S = (drift − v/2)dt + √v(ρ dW + √(1 − ρ²) dZ). Time in years.
pub(super) struct Heston {
    drift: f64,
    dt: f64,
    theta: f64,
    kappa: f64,
    xi: f64,
    rho: f64,
    stays: f64,
    variance: f64,
}

impl Heston {
    pub(super) fn new(params: &Params, frame: &Frame) -> Self {
        let dt = 1.0 / frame.bars_per_year();
        let [volatility, kappa, xi, rho] = ["volatility", "reversion", "vol_of_vol", "correlation"].map(|name| params.get(name));
        let theta = volatility * volatility;
        Self { drift: params.get("drift"), dt, theta, kappa, xi, rho, stays: libm::exp(-kappa * dt), variance: theta }
    }

    /// The variance a bar later.
    #[inline]
    fn next_variance(&self, draws: &mut Draws) -> f64 {
        let (v, f) = (self.variance, self.stays);
        let mean = self.theta + (v - self.theta) * f;
        let of_noise = self.xi * self.xi * (1.0 - f) / self.kappa;
        let ratio = of_noise * (v * f + 0.5 * self.theta * (1.0 - f)) / (mean * mean);
        if ratio <= SWITCH {
            let twice = 2.0 / ratio;
            let b2 = twice - 1.0 + (twice * (twice - 1.0)).sqrt();
            let b = b2.sqrt() + draws.normal();
            return mean / (1.0 + b2) * b * b;
        }
        let at_zero = (ratio - 1.0) / (ratio + 1.0);
        let above = draws.unit();
        if above >= 1.0 - at_zero { 0.0 } else { libm::log((1.0 - at_zero) / above) * mean / (1.0 - at_zero) }
    }

    /// Stationary variance of the variance.
    fn variance_of_variance(&self) -> f64 {
        self.xi * self.xi * self.theta / (2.0 * self.kappa)
    }
}

impl Process for Heston {
    fn start(&mut self, draws: &mut Draws) -> f64 {
        // The stationary law is a gamma.
        let scale = self.xi * self.xi / (2.0 * self.kappa);
        self.variance = draws.gamma(self.theta / scale) * scale;
        0.0
    }

    #[inline]
    fn step(&mut self, shock: f64, draws: &mut Draws) -> Step {
        let next = self.next_variance(draws);
        let over_bar = 0.5 * self.dt * (self.variance + next);
        // What drove the variance, solved from its own equation: ∫√v dW = (Δv − κθΔt + κ∫v dt)/ξ.
        let driven = (next - self.variance - self.kappa * (self.theta * self.dt - over_bar)) / self.xi;
        let free = ((1.0 - self.rho * self.rho) * over_bar).sqrt();
        self.variance = next;
        let change = self.drift * self.dt - 0.5 * over_bar + self.rho * driven + free * shock;
        Step { change, deviation: over_bar.sqrt(), ..Step::default() }
    }

    fn weekend(&mut self, bars: f64, draws: &mut Draws) -> f64 {
        (self.variance * self.dt * bars).sqrt() * draws.normal()
    }

    fn truth(&self) -> Truth {
        let (f, w, theta, dt) = (self.stays, self.variance_of_variance(), self.theta, self.dt);
        let over_bar = dt * dt * w * (1.0 + f) / 2.0;
        let slope = self.rho * self.kappa / self.xi - 0.5;
        let pull = self.rho / self.xi;
        let variance = slope * slope * over_bar + pull * pull * 2.0 * w * (1.0 - f) + (1.0 - self.rho * self.rho) * theta * dt;
        let mean_bar = theta * dt;
        // Of the squares: those of a normal with a random variance.
        let fourth = 3.0 * (mean_bar * mean_bar + over_bar);
        let first = dt * dt * w * (1.0 + f) * (1.0 + f) / 4.0 / (fourth - mean_bar * mean_bar);
        Truth {
            mean: Some((self.drift - theta / 2.0) * dt),
            variance: Some(variance),
            kurtosis: Some(fourth / (mean_bar * mean_bar)),
            autocorrelation_of_squares: Some(fading(first, f)),
            formulas: vec![
                "v: mean t = volatility^2, variance w = vol_of_vol^2 t/(2 reversion), autocorrelation f^k, f = exp(-reversion/Y)".into(),
                "I = (v + v')/(2Y): mean t/Y, variance J = w (1 + f)/(2 Y^2)".into(),
                "mean = (drift - t/2)/Y; variance = (c reversion/vol_of_vol - 1/2)^2 J + (c/vol_of_vol)^2 2 w (1 - f) + (1 - c^2) t/Y, c the correlation".into(),
                "to the first order in 1/Y: kurtosis = 3 (1 + J Y^2/t^2); autocorrelation of squares = w (1 + f)^2 f^(k-1)/(4 Y^2)/(2 (t/Y)^2 + 3 J)".into(),
            ],
            ..Truth::default()
        }
    }
}
