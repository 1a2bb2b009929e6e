//! What is known of a synthetic market, because it was made so.

use serde::Serialize;

/// The moments of a bar's log return from close to close (without weekends' gaps, before prices are rounded to a point), and
/// whatever else a kind promises. A moment that does not exist, or for which there is no formula, is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Truth {
    /// Mean of the log return per bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Variance of the log return per bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// Kurtosis of the log return, 3 for a normal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kurtosis: Option<f64>,
    /// Autocorrelation of the log return at lag 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autocorrelation: Option<f64>,
    /// Autocorrelation of the squared log return at lags 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autocorrelation_of_squares: Option<[f64; 5]>,
    /// Correlation of the instruments' shocks, where there are several and one number holds for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_of_shocks: Option<f64>,
    /// Standard deviation of the log price around its level, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation_of_level: Option<f64>,
    /// How the numbers come about, in words and formulas.
    pub formulas: Vec<String>,
    /// The planted rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeTruth>,
    /// The regimes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regimes: Vec<RegimeTruth>,
}

/// What one regime is like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RegimeTruth {
    /// Its name.
    pub name: &'static str,
    /// Share of all bars.
    pub share: f64,
    /// Mean length; lengths are geometric on 1, 2, ….
    pub mean_bars: f64,
    /// Standard deviation of the length.
    pub deviation_bars: f64,
    /// Mean squared log return inside it, per bar.
    pub mean_square: f64,
}

/// What a planted rule earns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EdgeTruth {
    /// Sharpe ratio of the rule, annualised, before costs.
    pub sharpe: f64,
    /// Mean of the rule's log return per bar.
    pub mean: f64,
    /// Its standard deviation.
    pub deviation: f64,
    /// The rule, as a strategy file.
    pub rule: &'static str,
}

/// ρ₁, ρ₁·decay, ρ₁·decay², …
pub(super) fn fading(first: f64, decay: f64) -> [f64; 5] {
    let mut next = first;
    std::array::from_fn(|_| {
        let value = next;
        next *= decay;
        value
    })
}
