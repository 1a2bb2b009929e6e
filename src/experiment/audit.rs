//! The lab measured on markets whose answer is known.
//!
//! On the planted edge the right answer is "profitable", and how often it is given is the power of the verdict; on the twin nothing is to
//! be earned, and how often "profitable" is said all the same is its false-positive rate. Nothing is charged, as the edge is stated before
//! costs. The same paths tell whether the Sharpe ratio is measured without bias and whether its interval covers the truth as often as it
//! claims.

use std::{collections::BTreeMap, sync::atomic::AtomicU64};

use serde::Serialize;

use super::{DataSpec, Experiment, Paths, Spec, SynthSpec, seats::Placed};
use crate::{
    error::Result,
    feed::synth::EDGE_RULE,
    market::InstrumentId,
    rule::StrategyFile,
    stats::{
        moments::{mean, sd},
        normal::cdf,
        verdict::VerdictKind,
    },
    time::{DAY, Timeframe},
};

/// Half the width of a 95 % interval, in standard errors.
const Z95: f64 = 1.959_963_984_540_054;

/// What to measure.
#[derive(Clone, Debug)]
pub struct AuditQuestion {
    /// Paths for each Sharpe ratio.
    pub paths: u64,
    /// Days on each.
    pub bars: usize,
    /// Sharpe ratios to plant; 0 is the twin's, and always measured.
    pub sharpes: Vec<f64>,
    /// The root of every path.
    pub seed: u64,
}

/// How often something happened, with the interval of its chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// How often.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// The share.
    pub rate: f64,
    /// Lower end of the 95 % interval (Wilson 1927).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Rate {
    /// `count` of `of`, which must not be 0.
    ///
    /// ```
    /// use cthulu_lab::experiment::Rate;
    /// // 10 of 100: (0.1 + 1.9208/100 ± 1.96·√(0.09/100 + 0.9604/100²))/(1 + 3.8415/100) = 0.0552 and 0.1744
    /// let rate = Rate::of(10, 100);
    /// assert!((rate.low - 0.0552).abs() < 1e-4 && (rate.high - 0.1744).abs() < 1e-4);
    /// ```
    #[must_use]
    pub fn of(count: usize, of: usize) -> Self {
        let (n, p) = (of as f64, count as f64 / of as f64);
        let z2 = Z95 * Z95;
        let (middle, half) = (p + z2 / (2.0 * n), Z95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt());
        let scale = 1.0 + z2 / n;
        Self { count, of, rate: p, low: ((middle - half) / scale).max(0.0), high: ((middle + half) / scale).min(1.0) }
    }
}

/// What was found for one planted Sharpe ratio.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planted {
    /// What the rule earns in truth, annualised.
    pub sharpe: f64,
    /// How often the verdict was "profitable": power above 0, false positives at 0.
    pub profitable: Rate,
    /// What a test of a normal mean with a known deviation would reach: Φ(sharpe·√years − 1.96).
    pub profitable_in_theory: f64,
    /// How often it was "loses".
    pub loses: Rate,
    /// Mean of the measured Sharpe ratios.
    pub measured_sharpe: Option<f64>,
    /// Its standard error.
    pub measured_sharpe_error: Option<f64>,
    /// How often the 95 % interval of the Sharpe ratio held the truth.
    pub covered: Rate,
}

/// The lab measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// Paths for each Sharpe ratio.
    pub paths: u64,
    /// Daily bars on each.
    pub bars: usize,
    /// Years they are.
    pub years: f64,
    /// The root of every path.
    pub seed: u64,
    /// By Sharpe ratio, the twin first.
    pub planted: Vec<Planted>,
}

impl Audit {
    /// Plays every path, telling `done` how many are.
    ///
    /// # Errors
    /// For a length or a Sharpe ratio that cannot be made.
    pub fn run(question: &AuditQuestion, done: &AtomicU64) -> Result<Self> {
        let mut planted = Vec::new();
        for sharpe in std::iter::once(0.0).chain(question.sharpes.iter().copied()) {
            let experiment = experiment(question, sharpe)?;
            let years = question.bars as f64 / experiment.sources[0].days.periods_per_year();
            planted.push(measure(sharpe, years, &experiment.play_paths(question.paths, done)?));
        }
        let years = question.bars as f64 / crate::market::Calendar::RoundTheClock.periods_per_year();
        Ok(Self { paths: question.paths, bars: question.bars, years, seed: question.seed, planted })
    }
}

/// The rule on its market, without costs.
fn experiment(question: &AuditQuestion, sharpe: f64) -> Result<Experiment> {
    let kind = if sharpe > 0.0 { "edge" } else { "edge_twin" };
    let mut params = BTreeMap::from([("spread_fraction".to_owned(), 0.0)]);
    if sharpe != 0.0 {
        params.insert("sharpe".to_owned(), sharpe);
    }
    let synth = SynthSpec {
        kind: kind.to_owned(),
        bars: question.bars,
        timeframe: Timeframe::from_ns(DAY),
        calendar: None,
        start: None,
        seed: None,
        source: None,
        group: None,
        group_correlation: None,
        params,
    };
    let data = DataSpec { synth: Some(synth), ..DataSpec::of("") };
    // Any strategy's name will do: the rule is put in its place.
    let mut spec = Spec::of("audit", "sma_crossover", vec![data]);
    spec.seed = question.seed;
    let mut experiment = Experiment::new(spec)?;
    let file = StrategyFile::parse(EDGE_RULE, "edge.toml")?;
    experiment.placed =
        vec![Placed { name: file.name().to_owned(), file, text: EDGE_RULE.to_owned(), instrument: InstrumentId(0), weight: 1.0 }];
    Ok(experiment)
}

fn measure(sharpe: f64, years: f64, paths: &Paths) -> Planted {
    let rate = |count: usize| Rate::of(count, paths.0.len());
    let measured: Vec<f64> = paths.0.iter().filter_map(|path| path.metrics.sharpe).collect();
    let covers = |path: &&super::paths::Path| path.sharpe.is_some_and(|found| found.low <= sharpe && sharpe <= found.high);
    Planted {
        sharpe,
        profitable: rate(paths.count(VerdictKind::Profitable)),
        profitable_in_theory: cdf(sharpe * years.sqrt() - Z95),
        loses: rate(paths.count(VerdictKind::Loses)),
        measured_sharpe: mean(&measured),
        measured_sharpe_error: sd(&measured).map(|s| s / (measured.len() as f64).sqrt()),
        covered: rate(paths.0.iter().filter(covers).count()),
    }
}
