//! What a generator is, and the three with independent or Gaussian returns: Brownian motion, its jumps, and Ornstein–Uhlenbeck.

use super::{
    draws::Draws,
    frame::Frame,
    kind::Params,
    shape::Step,
    truth::{Truth, fading},
};

/// Prices one bar at a time. Shocks come from outside, so that instruments can share them; all else from the process's own stream.
pub(super) trait Process {
    /// Whether [`Process::regime`] says anything.
    const HAS_REGIMES: bool = false;

    /// Logarithm of the first price over the starting price; draws a state from the stationary law where there is one.
    fn start(&mut self, _draws: &mut Draws) -> f64 {
        0.0
    }

    /// The next bar, with a standard normal shock.
    fn step(&mut self, shock: f64, draws: &mut Draws) -> Step;

    /// A closed market of `bars` bars' worth: the gap at the next open.
    fn weekend(&mut self, bars: f64, draws: &mut Draws) -> f64;

    /// Told the bar as it was written.
    fn settled(&mut self, _open: f64, _close: f64) {}

    /// Which regime the last step was in.
    fn regime(&self) -> u8 {
        0
    }

    /// What is known of its returns.
    fn truth(&self) -> Truth;
}

/// Mean of the log return: the drift less half the variance, as the price is to grow by the drift.
pub(super) fn log_drift(params: &Params, variance: f64, bars_per_year: f64) -> f64 {
    params.get("drift") / bars_per_year - 0.5 * variance
}

/// Variance per bar of a yearly volatility.
pub(super) fn variance(params: &Params, name: &str, bars_per_year: f64) -> f64 {
    params.get(name) * params.get(name) / bars_per_year
}

/// Geometric Brownian motion.
pub(super) struct Gbm {
    mean: f64,
    deviation: f64,
}

impl Gbm {
    pub(super) fn new(params: &Params, frame: &Frame) -> Self {
        let per_year = frame.bars_per_year();
        let variance = variance(params, "volatility", per_year);
        Self { mean: log_drift(params, variance, per_year), deviation: variance.sqrt() }
    }
}

impl Process for Gbm {
    #[inline]
    fn step(&mut self, shock: f64, _: &mut Draws) -> Step {
        Step { change: self.mean + self.deviation * shock, deviation: self.deviation, ..Step::default() }
    }

    fn weekend(&mut self, bars: f64, draws: &mut Draws) -> f64 {
        self.deviation * bars.sqrt() * draws.normal()
    }

    fn truth(&self) -> Truth {
        Truth {
            mean: Some(self.mean),
            variance: Some(self.deviation * self.deviation),
            kurtosis: Some(3.0),
            autocorrelation: Some(0.0),
            autocorrelation_of_squares: Some([0.0; 5]),
            formulas: vec!["r = (drift - volatility^2/2)/Y + volatility/sqrt(Y) z; Y bars a year, z standard normal".into()],
            ..Truth::default()
        }
    }
}

/// Brownian motion with Poisson many normal jumps, which come between the last close and the open.
pub(super) struct Jumps {
    mean: f64,
    deviation: f64,
    per_bar: f64,
    none: f64,
    jump_mean: f64,
    jump_deviation: f64,
}

impl Jumps {
    pub(super) fn new(params: &Params, frame: &Frame) -> Self {
        let Gbm { mean, deviation } = Gbm::new(params, frame);
        let per_bar = params.get("jumps_per_year") / frame.bars_per_year();
        let [jump_mean, jump_deviation] = ["jump_mean", "jump_deviation"].map(|name| params.get(name));
        Self { mean, deviation, per_bar, none: libm::exp(-per_bar), jump_mean, jump_deviation }
    }
}

impl Process for Jumps {
    #[inline]
    fn step(&mut self, shock: f64, draws: &mut Draws) -> Step {
        let jumps = f64::from(draws.poisson(self.per_bar, self.none));
        // n normal jumps add up to one normal.
        let gap = if jumps > 0.0 { jumps * self.jump_mean + jumps.sqrt() * self.jump_deviation * draws.normal() } else { 0.0 };
        Step { gap, change: self.mean + self.deviation * shock, deviation: self.deviation, ..Step::default() }
    }

    fn weekend(&mut self, bars: f64, draws: &mut Draws) -> f64 {
        self.deviation * bars.sqrt() * draws.normal()
    }

    fn truth(&self) -> Truth {
        let (m2, s2) = (self.jump_mean * self.jump_mean, self.jump_deviation * self.jump_deviation);
        let variance = self.deviation * self.deviation + self.per_bar * (m2 + s2);
        let fourth_cumulant = self.per_bar * (m2 * m2 + 6.0 * m2 * s2 + 3.0 * s2 * s2);
        Truth {
            mean: Some(self.mean + self.per_bar * self.jump_mean),
            variance: Some(variance),
            kurtosis: Some(3.0 + fourth_cumulant / (variance * variance)),
            autocorrelation: Some(0.0),
            autocorrelation_of_squares: Some([0.0; 5]),
            formulas: vec![
                "r = (drift - volatility^2/2)/Y + volatility/sqrt(Y) z + sum of N jumps; N Poisson with mean L = jumps_per_year/Y, jumps normal(m, d)".into(),
                "mean = (drift - volatility^2/2)/Y + L m; variance = volatility^2/Y + L (m^2 + d^2)".into(),
                "kurtosis = 3 + L (m^4 + 6 m^2 d^2 + 3 d^4)/variance^2".into(),
                "jumps come between the last close and the open".into(),
            ],
            ..Truth::default()
        }
    }
}

/// The log price is pulled to 0 and shaken: a Gaussian autoregression, exact for any bar length.
pub(super) struct Ou {
    level: f64,
    stationary: f64,
    half_life_bars: f64,
    stays: f64,
    innovation: f64,
}

impl Ou {
    pub(super) fn new(params: &Params, frame: &Frame) -> Self {
        let half_life_bars = params.get("half_life_bars");
        let pull = std::f64::consts::LN_2 / half_life_bars;
        let stationary = variance(params, "volatility", frame.bars_per_year()) / (2.0 * pull);
        let mut made = Self { level: 0.0, stationary, half_life_bars, stays: 0.0, innovation: 0.0 };
        (made.stays, made.innovation) = made.over(1.0);
        made
    }

    /// What is left of a deviation after some bars, and the standard deviation of what has come to it.
    fn over(&self, bars: f64) -> (f64, f64) {
        let stays = libm::exp2(-bars / self.half_life_bars);
        (stays, (self.stationary * (1.0 - stays * stays)).sqrt())
    }

    fn go(&mut self, stays: f64, noise: f64) -> f64 {
        let next = self.level * stays + noise;
        next - std::mem::replace(&mut self.level, next)
    }
}

impl Process for Ou {
    fn start(&mut self, draws: &mut Draws) -> f64 {
        self.level = self.stationary.sqrt() * draws.normal();
        self.level
    }

    #[inline]
    fn step(&mut self, shock: f64, _: &mut Draws) -> Step {
        let change = self.go(self.stays, self.innovation * shock);
        Step { change, deviation: self.innovation, ..Step::default() }
    }

    fn weekend(&mut self, bars: f64, draws: &mut Draws) -> f64 {
        let (stays, innovation) = self.over(bars);
        self.go(stays, innovation * draws.normal())
    }

    fn truth(&self) -> Truth {
        let lost = 1.0 - self.stays;
        let first = -lost / 2.0;
        Truth {
            mean: Some(0.0),
            variance: Some(2.0 * self.stationary * lost),
            kurtosis: Some(3.0),
            autocorrelation: Some(first),
            autocorrelation_of_squares: Some(fading(first * first, self.stays * self.stays)),
            deviation_of_level: Some(self.stationary.sqrt()),
            formulas: vec![
                "x = ln(close/price) is Gaussian with variance s^2 = volatility^2/Y / (2 ln 2/half_life_bars) and autocorrelation f^k, f = 2^(-1/half_life_bars)".into(),
                "r = change of x: variance 2 s^2 (1 - f), autocorrelation -(1 - f) f^(k-1)/2, its square for the squares".into(),
            ],
            ..Truth::default()
        }
    }
}
