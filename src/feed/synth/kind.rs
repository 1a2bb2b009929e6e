//! The kinds of market that can be made, each with its parameters, their defaults and their ranges.
//!
//! Rates and volatilities are per year, so that a kind means the same on minutes and on days; a year is that of the calendar (252 or 365
//! trading days). A name or value that does not fit is refused here, so the generators hold nothing that could be wrong.

use std::collections::BTreeMap;

use crate::error::{Error, Result, suggest};

/// Which law the prices follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Geometric Brownian motion.
    Gbm,
    /// GARCH(1,1) with Student-t shocks.
    Garch,
    /// Trending, ranging and volatile times in turn.
    Regimes,
    /// The logarithm of the price as an Ornstein–Uhlenbeck process.
    Ou,
    /// Geometric Brownian motion with jumps (Merton 1976).
    Jumps,
    /// Stochastic variance (Heston 1993).
    Heston,
    /// Blocks of a real series in another order (Politis and Romano 1994).
    Bootstrap,
    /// A series in which a stated rule earns a stated Sharpe ratio.
    Edge,
    /// The same shocks without the edge.
    EdgeTwin,
}

/// A kind as it is listed.
#[derive(Clone, Copy, Debug)]
pub struct KindInfo {
    /// Which.
    pub kind: Kind,
    /// Its name on the command line and in experiments.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// What it takes, besides [`COMMON`].
    pub parameters: &'static [Parameter],
}

/// One parameter of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its value where nobody gives one.
    pub default: f64,
    /// The least it may be.
    pub min: f64,
    /// The most it may be.
    pub max: f64,
    /// What it is, with its unit.
    pub about: &'static str,
}

const fn parameter(name: &'static str, default: f64, (min, max): (f64, f64), about: &'static str) -> Parameter {
    Parameter { name, default, min, max, about }
}

const ANY: (f64, f64) = (-10.0, 10.0);
const SIZE: (f64, f64) = (0.0, 10.0);
const VOLATILITY: Parameter = parameter("volatility", 0.2, (1e-6, 10.0), "standard deviation of the log return, per year");
const DRIFT: Parameter = parameter("drift", 0.0, ANY, "growth of the price per year; the log return's mean is this less half the variance");

/// What every kind takes.
pub const COMMON: &[Parameter] = &[
    parameter("price", 100.0, (1e-6, 1e9), "where the price starts (for ou: where it is pulled to)"),
    parameter("spread_fraction", 0.0001, (0.0, 0.1), "ask less bid over the starting price, in the calmest session; 0 writes one price"),
    parameter("volume", 1000.0, (0.0, 1e12), "volume of an ordinary bar"),
    parameter("weekend_days", 0.25, (0.0, 10.0), "variance of the gap over days without trading, in trading days' worth; not 24/7"),
    parameter(
        "night_days",
        0.25,
        (0.0, 10.0),
        "variance of the gap over a night, in trading days' worth; bars of an exchange within a day",
    ),
];

/// Every kind, in the order of the documentation.
pub const KINDS: &[KindInfo] = &[
    KindInfo {
        kind: Kind::Gbm,
        name: "gbm",
        about: "Geometric Brownian motion: independent normal log returns.",
        parameters: &[DRIFT, VOLATILITY],
    },
    KindInfo {
        kind: Kind::Garch,
        name: "garch",
        about: "GARCH(1,1) with Student-t shocks: calm and wild times, heavy tails.",
        parameters: &[
            DRIFT,
            VOLATILITY,
            parameter("alpha", 0.05, (0.0, 1.0), "weight of the last squared shock in the next variance"),
            parameter("beta", 0.93, (0.0, 1.0), "weight of the last variance in the next; alpha + beta stays below 1"),
            parameter("degrees", 8.0, (2.1, 1000.0), "degrees of freedom of the shocks"),
        ],
    },
    KindInfo {
        kind: Kind::Regimes,
        name: "regimes",
        about: "Trending, ranging and volatile times in turn; the path of regimes is known.",
        parameters: &[
            parameter("trend_drift", 0.8, SIZE, "drift of the log price while trending, up or down with equal odds, per year"),
            parameter("trend_volatility", 0.15, (1e-6, 10.0), "volatility while trending, per year"),
            parameter("range_volatility", 0.1, (1e-6, 10.0), "volatility of the shocks while ranging, per year"),
            parameter("range_pull", 0.1, (0.0, 1.0), "share of the way back to the range's middle that a bar goes"),
            parameter("volatile_volatility", 0.45, (1e-6, 10.0), "volatility while volatile, per year"),
            parameter("trend_bars", 150.0, (1.0, 1e9), "mean length of a trend"),
            parameter("range_bars", 250.0, (1.0, 1e9), "mean length of a range"),
            parameter("volatile_bars", 60.0, (1.0, 1e9), "mean length of a volatile time"),
        ],
    },
    KindInfo {
        kind: Kind::Ou,
        name: "ou",
        about: "Ornstein-Uhlenbeck: the logarithm of the price is pulled back to a level.",
        parameters: &[VOLATILITY, parameter("half_life_bars", 100.0, (0.01, 1e9), "bars after which half a deviation is left")],
    },
    KindInfo {
        kind: Kind::Jumps,
        name: "jumps",
        about: "Merton's jump diffusion: Brownian motion, and jumps that open a bar with a gap.",
        parameters: &[
            DRIFT,
            parameter("volatility", 0.15, (1e-6, 10.0), "volatility between the jumps, per year"),
            parameter("jumps_per_year", 50.0, (0.0, 1e6), "jumps expected in a year"),
            parameter("jump_mean", -0.005, ANY, "mean of a jump's log size"),
            parameter("jump_deviation", 0.015, SIZE, "standard deviation of a jump's log size"),
        ],
    },
    KindInfo {
        kind: Kind::Heston,
        name: "heston",
        about: "Heston: the variance wanders around its mean, and falls of the price raise it.",
        parameters: &[
            DRIFT,
            parameter("volatility", 0.2, (1e-6, 10.0), "square root of the mean variance, per year"),
            parameter("reversion", 5.0, (1e-6, 1e6), "pull of the variance to its mean, per year"),
            parameter("vol_of_vol", 0.6, (1e-6, 100.0), "volatility of the variance, per year"),
            parameter("correlation", -0.5, (-0.999, 0.999), "of the price's shocks with the variance's"),
        ],
    },
    KindInfo {
        kind: Kind::Bootstrap,
        name: "bootstrap",
        about: "Stationary block bootstrap: bars of a real series, in blocks of random length and another order.",
        parameters: &[
            parameter("block_bars", 50.0, (1.0, 1e9), "mean length of a block"),
            parameter("keep_mean", 1.0, (0.0, 1.0), "share of the source's mean return that is kept; 0 for a market without a trend"),
        ],
    },
    KindInfo {
        kind: Kind::Edge,
        name: "edge",
        about: "A planted edge: holding on in the direction of the last bar earns a stated Sharpe ratio before costs.",
        parameters: &[VOLATILITY, parameter("sharpe", 2.0, (0.0, 50.0), "what the rule earns, annualised, before costs")],
    },
    KindInfo {
        kind: Kind::EdgeTwin,
        name: "edge_twin",
        about: "The planted edge's twin: the same shocks, and nothing to earn.",
        parameters: &[VOLATILITY],
    },
];

impl KindInfo {
    /// The kind called `name`.
    ///
    /// # Errors
    /// With the nearest known name.
    pub fn named(name: &str) -> Result<&'static Self> {
        let names = KINDS.iter().map(|k| k.name);
        let unknown = || Error::config("kind", format!("there is no synthetic market '{name}'{}", suggest(name, names)));
        KINDS.iter().find(|k| k.name == name).ok_or_else(unknown)
    }

    /// Whether several instruments of it can share their shocks.
    #[must_use]
    pub const fn shares_shocks(&self) -> bool {
        !matches!(self.kind, Kind::Bootstrap | Kind::Edge | Kind::EdgeTwin)
    }

    /// Its own parameters, then the common ones.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> + Clone {
        self.parameters.iter().chain(COMMON)
    }
}

/// Values for every parameter of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Params(BTreeMap<&'static str, f64>);

impl Params {
    /// The given values over the defaults.
    pub(super) fn new(info: &KindInfo, given: &BTreeMap<String, f64>) -> Result<Self> {
        let mut values: BTreeMap<&'static str, f64> = info.all_parameters().map(|p| (p.name, p.default)).collect();
        for (name, value) in given {
            let Some(known) = info.all_parameters().find(|p| p.name == name) else {
                let names = info.all_parameters().map(|p| p.name);
                return Err(Error::config(info.name, format!("there is no parameter '{name}'{}", suggest(name, names))));
            };
            if !(known.min..=known.max).contains(value) {
                return Err(Error::config(info.name, format!("{name} = {value} lies outside {} to {}", known.min, known.max)));
            }
            values.insert(known.name, *value);
        }
        let params = Self(values);
        params.check_together(info)?;
        Ok(params)
    }

    /// What no single range can say.
    fn check_together(&self, info: &KindInfo) -> Result<()> {
        if info.kind == Kind::Garch && self.get("alpha") + self.get("beta") >= 1.0 {
            let (alpha, beta) = (self.get("alpha"), self.get("beta"));
            let problem = format!("alpha = {alpha} and beta = {beta} add up to 1 or more, and the variance would grow without end");
            return Err(Error::config(info.name, problem));
        }
        Ok(())
    }

    /// The value called `name`.
    pub(super) fn get(&self, name: &str) -> f64 {
        *self.0.get(name).expect("a generator asks for parameters of its own kind; a test makes every kind")
    }

    /// Names and values in alphabetical order.
    #[must_use]
    pub const fn values(&self) -> &BTreeMap<&'static str, f64> {
        &self.0
    }
}
