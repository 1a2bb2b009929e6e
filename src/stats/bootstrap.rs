//! Confidence intervals by the stationary bootstrap.
//!
//! Rows are drawn in blocks of geometric length that wrap around (Politis and Romano, "The Stationary Bootstrap", 1994), so that what
//! depends on order survives. The mean block length is given, or found by Politis and White (2004) with the correction of Patton,
//! Politis and White (2009); see [`automatic_block`]. Blocks of one row are the ordinary bootstrap, and there the interval is BCa
//! (Efron 1987) with a jackknife; longer blocks get the percentile interval. Each resample draws from its own seed, so the answer is
//! the same for any number of threads. A block length and a seed belong beside every interval that is printed.

use std::ops::Range;

use rand_chacha::rand_core::Rng;
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use crate::seed::Seed;
use crate::stats::moments::{mean, quantile_sorted, sorted};
use crate::stats::normal::{cdf, inverse_cdf};

/// What to draw.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Resamples; 2,000 by default.
    pub resamples: usize,
    /// Coverage, 0 to 1; 0.95 by default.
    pub level: f64,
    /// Mean block length in rows, at least 1; `None` finds it from the data.
    pub block: Option<f64>,
    /// The stream to draw from.
    pub seed: Seed,
}

impl Options {
    /// 2,000 resamples, 95 %, block length found from the data.
    #[must_use]
    pub const fn new(seed: Seed) -> Self {
        Self { resamples: 2000, level: 0.95, block: None, seed }
    }
}

/// How the ends of an interval were read off the resamples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Bias-corrected and accelerated.
    Bca,
    /// Plain quantiles of the resamples.
    Percentile,
}

/// A statistic with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The statistic of the data itself.
    pub point: f64,
    /// Coverage asked for.
    pub level: f64,
    /// Resamples that had a value.
    pub resamples: usize,
    /// Mean block length in rows.
    pub block_bars: f64,
    /// How the ends were found.
    pub method: Method,
}

impl Interval {
    /// Whether zero lies within, ends included.
    #[must_use]
    pub fn spans_zero(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }
}

/// More leave-out groups than this cost time and change nothing a reader would see.
const MAX_JACKKNIFE_GROUPS: usize = 2000;

/// The interval of `statistic` over resamples of `data`.
///
/// `None` below two rows, where the statistic of the data is undefined, where more than a tenth of the resamples have none, or for
/// options out of range (no resamples, a level outside 0 to 1, a block below one row).
///
/// ```
/// use cthulu_lab::{seed::Seed, stats::{bootstrap::{Options, interval}, moments::mean}};
/// let data: Vec<f64> = (0..50).map(|i| f64::from(i % 5)).collect();
/// let found = interval(&data, mean, &Options { block: Some(1.0), ..Options::new(Seed::new(7)) }).unwrap();
/// assert_eq!(found.point, 2.0);
/// assert!(1.4 < found.low && found.low < 1.8 && 2.2 < found.high && found.high < 2.6); // about 2 ± 1.96·0.2
/// ```
#[must_use]
pub fn interval(data: &[f64], statistic: impl Fn(&[f64]) -> Option<f64> + Sync, options: &Options) -> Option<Interval> {
    let block = match options.block {
        Some(given) => given,
        None => automatic_block(data)?,
    };
    let evaluate = |rows: &[u32], buffer: &mut Vec<f64>| {
        gather(data, rows, buffer);
        statistic(buffer)
    };
    bracket(data.len(), statistic(data)?, block, options, &RowByRow(evaluate))
}

/// The interval of `statistic(a) − statistic(b)`, both resampled by the **same** rows, so that what they share cancels.
///
/// The automatic block length is the longer of the two series'. `None` as for [`interval`], and where the lengths differ.
#[must_use]
pub fn difference_interval(a: &[f64], b: &[f64], statistic: impl Fn(&[f64]) -> Option<f64> + Sync, options: &Options) -> Option<Interval> {
    if a.len() != b.len() {
        return None;
    }
    let block = match options.block {
        Some(given) => given,
        None => automatic_block(a)?.max(automatic_block(b)?),
    };
    let evaluate = |rows: &[u32], buffer: &mut Vec<f64>| {
        gather(a, rows, buffer);
        let first = statistic(buffer)?;
        gather(b, rows, buffer);
        Some(first - statistic(buffer)?)
    };
    bracket(a.len(), statistic(a)? - statistic(b)?, block, options, &RowByRow(evaluate))
}

fn gather(data: &[f64], rows: &[u32], buffer: &mut Vec<f64>) {
    buffer.clear();
    buffer.extend(rows.iter().map(|row| data[*row as usize]));
}

/// A statistic that can be taken of any choice of rows.
pub(super) trait Resampled: Sync {
    /// Of the rows chosen, with a buffer to work in.
    fn of(&self, chosen: &[u32], buffer: &mut Vec<f64>) -> Option<f64>;

    /// Of all `rows` but those in `left_out`.
    fn without(&self, rows: usize, left_out: Range<usize>, scratch: &mut (Vec<u32>, Vec<f64>)) -> Option<f64>;
}

/// Any statistic, taken of the rows themselves.
struct RowByRow<F>(F);

impl<F: Fn(&[u32], &mut Vec<f64>) -> Option<f64> + Sync> Resampled for RowByRow<F> {
    fn of(&self, chosen: &[u32], buffer: &mut Vec<f64>) -> Option<f64> {
        (self.0)(chosen, buffer)
    }

    fn without(&self, rows: usize, left_out: Range<usize>, (kept, buffer): &mut (Vec<u32>, Vec<f64>)) -> Option<f64> {
        kept.clear();
        kept.extend((0..left_out.start as u32).chain(left_out.end as u32..rows as u32));
        (self.0)(kept, buffer)
    }
}

pub(super) fn bracket(rows: usize, point: f64, block: f64, options: &Options, statistic: &impl Resampled) -> Option<Interval> {
    let is_sane = rows >= 2 && block >= 1.0 && options.resamples > 0 && options.level > 0.0 && options.level < 1.0;
    if !is_sane || u32::try_from(rows).is_err() || !point.is_finite() {
        return None;
    }
    let values: Vec<Option<f64>> = (0..options.resamples)
        .into_par_iter()
        .map_init(Default::default, |(chosen, buffer): &mut (Vec<u32>, Vec<f64>), i| {
            draw_rows(chosen, rows, block, &options.seed.at(i as u64));
            statistic.of(chosen, buffer).filter(|v| v.is_finite())
        })
        .collect();
    let defined: Vec<f64> = values.into_iter().flatten().collect();
    if defined.len() * 10 < options.resamples * 9 {
        return None;
    }
    let ordered = sorted(&defined)?;
    let tails = ((1.0 - options.level) / 2.0, (1.0 + options.level) / 2.0);
    let corrected = if block == 1.0 { bca_tails(&ordered, point, tails, rows, statistic) } else { None };
    let (low, high) = corrected.unwrap_or(tails);
    Some(Interval {
        low: quantile_sorted(&ordered, low)?,
        high: quantile_sorted(&ordered, high)?,
        point,
        level: options.level,
        resamples: ordered.len(),
        block_bars: block,
        method: if corrected.is_some() { Method::Bca } else { Method::Percentile },
    })
}

/// The quantiles at which BCa reads the ends; `None` where all resamples lie on one side of the point.
fn bca_tails(ordered: &[f64], point: f64, tails: (f64, f64), rows: usize, statistic: &impl Resampled) -> Option<(f64, f64)> {
    let below = ordered.partition_point(|v| *v < point) as f64;
    let equal = ordered.partition_point(|v| *v <= point) as f64 - below;
    let bias = inverse_cdf((below + equal / 2.0) / ordered.len() as f64)?;
    let acceleration = acceleration(rows, statistic)?;
    let corrected = |tail: f64| {
        let z = bias + inverse_cdf(tail)?;
        let denominator = 1.0 - acceleration * z;
        (denominator > 0.0).then(|| cdf(bias + z / denominator))
    };
    Some((corrected(tails.0)?, corrected(tails.1)?))
}

/// Efron's acceleration Σd³/(6·(Σd²)^1.5), d the fall of the statistic when one row (or an even group of rows) is left out.
fn acceleration(rows: usize, statistic: &impl Resampled) -> Option<f64> {
    let groups = rows.min(MAX_JACKKNIFE_GROUPS);
    let edge = |g: usize| g * rows / groups;
    let without: Option<Vec<f64>> = (0..groups)
        .into_par_iter()
        .map_init(Default::default, |scratch, g| statistic.without(rows, edge(g)..edge(g + 1), scratch).filter(|v| v.is_finite()))
        .collect();
    let without = without?;
    let centre = mean(&without)?;
    let (squares, cubes) = without.iter().map(|v| centre - v).fold((0.0, 0.0), |(s, c), d| (s + d * d, c + d * d * d));
    Some(if squares > 0.0 { cubes / (6.0 * squares * squares.sqrt()) } else { 0.0 })
}

/// Fills `chosen` with one stationary-bootstrap draw of `rows` row numbers, of mean block length `block` (1: independent rows).
pub(crate) fn draw_rows(chosen: &mut Vec<u32>, rows: usize, block: f64, seed: &Seed) {
    let mut generator = seed.generator();
    chosen.clear();
    if block <= 1.0 {
        return draw_single_rows(chosen, rows, &mut generator);
    }
    let log_continue = libm::log(1.0 - 1.0 / block);
    while chosen.len() < rows {
        let start = ((u128::from(generator.next_u64()) * rows as u128) >> 64) as usize;
        let left = rows - chosen.len();
        let length = block_length(generator.next_u64(), log_continue).min(left);
        let straight = length.min(rows - start);
        chosen.extend(start as u32..(start + straight) as u32);
        let mut wrapped = length - straight;
        while wrapped > 0 {
            let part = wrapped.min(rows);
            chosen.extend(0..part as u32);
            wrapped -= part;
        }
    }
}

/// Independent rows from 32 random bits each, many at a time: below a million rows no row is favoured by more than one in four thousand.
fn draw_single_rows(chosen: &mut Vec<u32>, rows: usize, generator: &mut impl Rng) {
    let mut bytes = [0; 1024];
    while chosen.len() < rows {
        generator.fill_bytes(&mut bytes);
        let left = rows - chosen.len();
        let draws = bytes.as_chunks().0.iter().map(|bits| u64::from(u32::from_le_bytes(*bits)));
        chosen.extend(draws.take(left).map(|bits| ((bits * rows as u64) >> 32) as u32));
    }
}

/// A geometric length from 64 random bits: 1 + ⌊ln U/ln(1 − 1/block)⌋ with U in (0, 1].
fn block_length(bits: u64, log_continue: f64) -> usize {
    let uniform = ((bits >> 11) + 1) as f64 / (1u64 << 53) as f64;
    // a float too large for usize saturates, and the caller cuts it to what is left
    1 + ((libm::log(uniform) / log_continue) as usize).min(usize::MAX - 1)
}

/// The mean block length that suits `data` for the stationary bootstrap, at least 1.
///
/// Politis and White's rule: m̂ is the lag after which K = max(5, √log10 n) autocorrelations in a row stay below 2·√(log10 n/n);
/// with a flat-top window of 2·m̂ lags, G = Σλ|k|R(k) and g = ΣλR(k), the length is (G²/g²)^(1/3)·n^(1/3) (Patton's corrected
/// constant 2g²), at most min(3√n, n/3). Where no autocorrelation stands out the answer is 1: independent rows.
/// `None` below two rows or with a value that is not finite; 1 where the data does not vary.
///
/// ```
/// use cthulu_lab::stats::bootstrap::automatic_block;
/// // a carried series, its length worked out by an independent program
/// let carried: Vec<f64> = (0..300u32).scan(0.0, |last, i| { *last = 0.7 * *last + f64::from(i * i).sin(); Some(*last) }).collect();
/// assert!((automatic_block(&carried).unwrap() - 10.518944471783055).abs() < 1e-9);
/// ```
#[must_use]
pub fn automatic_block(data: &[f64]) -> Option<f64> {
    let (n, rows) = (data.len() as f64, data.len());
    let mu = mean(data)?;
    if rows < 2 {
        return None;
    }
    let deviations: Vec<f64> = data.iter().map(|x| x - mu).collect();
    let autocovariance = |lag: usize| deviations[lag..].iter().zip(&deviations).map(|(a, b)| a * b).sum::<f64>() / n;
    let run = (libm::log10(n).sqrt() as usize).max(5);
    let most_lags = (n.sqrt().ceil() as usize + run).min(rows - 1);
    let lags: Vec<usize> = (0..=most_lags).collect();
    let covariances: Vec<f64> = lags.par_iter().map(|lag| autocovariance(*lag)).collect();
    if covariances[0] <= 1e-24 * mu * mu {
        return Some(1.0);
    }
    let limit = 2.0 * (libm::log10(n) / n).sqrt() * covariances[0];
    let quiet = |after: usize| (1..=run).all(|k| covariances.get(after + k).is_none_or(|c| c.abs() < limit));
    let window = (0..=most_lags).find(|m| quiet(*m)).map_or(most_lags, |m| (2 * m).min(most_lags));
    let (mut slope, mut long_run) = (0.0, covariances[0]);
    for (k, covariance) in covariances.iter().enumerate().take(window + 1).skip(1) {
        let weight = (2.0 * (1.0 - k as f64 / window as f64)).min(1.0);
        slope += 2.0 * weight * k as f64 * covariance;
        long_run += 2.0 * weight * covariance;
    }
    let longest = (3.0 * n.sqrt()).min(n / 3.0).ceil();
    let length = libm::cbrt(slope * slope / (long_run * long_run) * n);
    Some(if length.is_finite() { length.min(longest).max(1.0) } else { longest.max(1.0) })
}

#[cfg(test)]
#[path = "bootstrap_tests.rs"]
mod tests;
