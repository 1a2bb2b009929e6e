//! Could the best of many trials be luck? White's reality check and Hansen's test for superior predictive ability.
//!
//! Both compare the largest studentised mean excess return over a benchmark with what the stationary bootstrap gives when no trial has
//! any edge. White's version treats every trial as exactly as good as the benchmark, so poor trials cost power; Hansen's leaves out
//! those that are clearly worse. Sources: H. White, "A Reality Check for Data Snooping", Econometrica 2000; P. R. Hansen, "A Test for
//! Superior Predictive Ability", 2005 (his consistent version). Rows are drawn jointly, so correlation between trials is kept.
//!
//! Choices: the scale of each trial is the bootstrap's own; p = (1 + draws at or above)/(1 + draws), so never 0; trials that do not
//! differ from the benchmark are left out; the automatic block length is the median of the trials'.

use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;

use crate::stats::bootstrap::{Options, automatic_block, draw_rows};
use crate::stats::moments::{is_flat, mean, median, sd};

/// The two p-values, and what they rest on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reality {
    /// Column with the largest studentised mean excess.
    pub best: usize,
    /// That studentised mean, √n·d̄/ω.
    pub statistic: f64,
    /// White's reality check, studentised.
    pub white_p: f64,
    /// Hansen's consistent SPA.
    pub spa_p: f64,
    /// Trials that entered.
    pub trials: usize,
    /// Mean block length in rows.
    pub block_bars: f64,
    /// Bootstrap draws.
    pub resamples: usize,
    /// The p-value of the column asked about: the share of draws in which the best of all trials reaches its own studentised mean.
    /// That of the best column is `spa_p`.
    pub chosen_p: Option<f64>,
}

/// A trial's excess returns over the benchmark.
struct Excess {
    column: usize,
    values: Vec<f64>,
    mean: f64,
}

/// Tests the best of `columns` (each a trial's period returns) against `benchmark` returns, or against zero.
///
/// `None` without a trial that differs from the benchmark, below ten rows, where lengths differ or a value is not finite.
///
/// ```
/// use cthulu_lab::{seed::Seed, stats::{bootstrap::Options, reality::reality_check}};
/// let skill: Vec<f64> = (0..100).map(|t| if t % 3 == 0 { -0.5 } else { 1.0 }).collect();
/// let found = reality_check(&[skill], None, &Options::new(Seed::new(1))).unwrap();
/// assert!(found.spa_p < 0.01);
/// ```
#[must_use]
pub fn reality_check(columns: &[Vec<f64>], benchmark: Option<&[f64]>, options: &Options) -> Option<Reality> {
    reality_check_of(columns, benchmark, None, options)
}

/// As [`reality_check`], and of the column `chosen` too: a choice by another measure than the mean need not be the best column.
#[must_use]
pub fn reality_check_of(columns: &[Vec<f64>], benchmark: Option<&[f64]>, chosen: Option<usize>, options: &Options) -> Option<Reality> {
    let rows = columns.first()?.len();
    let is_ragged = columns.iter().any(|c| c.len() != rows) || benchmark.is_some_and(|b| b.len() != rows);
    if rows < 10 || is_ragged || options.resamples < 2 || options.block.is_some_and(|b| b < 1.0 || b.is_nan()) {
        return None;
    }
    let excesses = excesses(columns, benchmark)?;
    let block = match options.block {
        Some(given) => given,
        None => median(&excesses.iter().map(|e| automatic_block(&e.values)).collect::<Option<Vec<f64>>>()?)?,
    };
    let draws = draw_means(&excesses, rows, block, options);
    let root = (rows as f64).sqrt();
    let scales: Vec<f64> = (0..excesses.len()).map(|k| sd(&draws.iter().map(|d| d[k]).collect::<Vec<_>>())).collect::<Option<_>>()?;
    // a trial whose bootstrap never moves has no scale; its statistic would be infinite
    let kept: Vec<usize> = (0..excesses.len()).filter(|k| scales[*k] > 0.0).collect();
    let studentised = |k: usize| excesses[k].mean / scales[k];
    let best = kept.iter().copied().reduce(|top, k| if studentised(k) > studentised(top) { k } else { top })?;
    let clearly_worse = -(2.0 * libm::log(libm::log(root * root))).sqrt();
    // Of every draw the largest studentised mean, once each trial is centred as the null has it.
    let largest = |centre: &dyn Fn(usize) -> f64| -> Vec<f64> {
        draws.iter().map(|draw| kept.iter().map(|k| (draw[*k] - centre(*k)) / scales[*k]).fold(0.0, f64::max)).collect()
    };
    let p_value = |largest: &[f64], own: f64| {
        (1 + largest.iter().filter(|found| **found >= own.max(0.0)).count()) as f64 / (1 + largest.len()) as f64
    };
    let white = largest(&|k| excesses[k].mean);
    let hansen = largest(&|k| if studentised(k) >= clearly_worse { excesses[k].mean } else { 0.0 });
    let asked = chosen.and_then(|column| kept.iter().copied().find(|k| excesses[*k].column == column));
    Some(Reality {
        best: excesses[best].column,
        statistic: studentised(best),
        white_p: p_value(&white, studentised(best)),
        spa_p: p_value(&hansen, studentised(best)),
        trials: kept.len(),
        block_bars: block,
        resamples: draws.len(),
        chosen_p: asked.map(|k| p_value(&hansen, studentised(k))),
    })
}

fn excesses(columns: &[Vec<f64>], benchmark: Option<&[f64]>) -> Option<Vec<Excess>> {
    let mut kept = Vec::with_capacity(columns.len());
    for (column, returns) in columns.iter().enumerate() {
        let values: Vec<f64> = match benchmark {
            Some(other) => returns.iter().zip(other).map(|(r, b)| r - b).collect(),
            None => returns.clone(),
        };
        let average = mean(&values)?;
        if !is_flat(average, sd(&values)?) {
            kept.push(Excess { column, values, mean: average });
        }
    }
    (!kept.is_empty()).then_some(kept)
}

/// Per draw, the mean of every trial over the same drawn rows.
fn draw_means(excesses: &[Excess], rows: usize, block: f64, options: &Options) -> Vec<Vec<f64>> {
    let draw = |(chosen, counts): &mut (Vec<u32>, Vec<f64>), i: usize| {
        draw_rows(chosen, rows, block, &options.seed.at(i as u64));
        counts.clear();
        counts.resize(rows, 0.0);
        chosen.iter().for_each(|row| counts[*row as usize] += 1.0);
        excesses.iter().map(|e| dot(counts, &e.values) / rows as f64).collect()
    };
    (0..options.resamples).into_par_iter().map_init(Default::default, draw).collect()
}

/// The inner product in four fixed lanes: the same bits everywhere, and wide enough for the processor.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (heads, tails) = (a.chunks_exact(4).zip(b.chunks_exact(4)), a.chunks_exact(4).remainder());
    for (x, y) in heads {
        for lane in 0..4 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = tails.iter().zip(&b[a.len() - tails.len()..]).map(|(x, y)| x * y).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use rand_chacha::rand_core::Rng;

    fn noise(rows: usize, seed: Seed) -> Vec<f64> {
        let mut generator = seed.generator();
        (0..rows).map(|_| (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5).collect()
    }

    fn crowd(trials: u64, label: &str) -> Vec<Vec<f64>> {
        (0..trials).map(|k| noise(200, Seed::new(3).child(label).at(k))).collect()
    }

    fn options() -> Options {
        Options { resamples: 400, block: Some(1.0), ..Options::new(Seed::new(1)) }
    }

    #[test]
    fn an_edge_among_noise_is_found() {
        let mut columns = crowd(20, "noise");
        columns[13].iter_mut().for_each(|r| *r += 0.15);
        let found = reality_check(&columns, None, &options()).unwrap();
        assert_eq!((found.best, found.trials), (13, 20));
        assert!(found.white_p < 0.02 && found.spa_p < 0.02, "{found:?}");
    }

    #[test]
    fn luck_is_rejected_about_as_often_as_promised() {
        let rejected = (0..100).filter(|i| {
            let columns = crowd(10, &format!("null {i}"));
            reality_check(&columns, None, &options()).unwrap().spa_p <= 0.1
        });
        // binomial(100, 0.1): 10 ± 3
        let count = rejected.count();
        assert!((2..=20).contains(&count), "{count}");
    }

    #[test]
    fn poor_trials_cost_white_power_but_not_hansen() {
        let mut columns = crowd(30, "noise");
        columns[0].iter_mut().for_each(|r| *r += 0.05);
        columns[1..].iter_mut().flatten().for_each(|r| *r -= 0.3);
        let found = reality_check(&columns, None, &options()).unwrap();
        assert!(found.spa_p < found.white_p, "{found:?}");
    }

    #[test]
    fn the_benchmark_is_subtracted() {
        let columns = crowd(3, "noise");
        let same = reality_check(&columns[..1], Some(&columns[0]), &options());
        assert_eq!(same, None);
        let worse: Vec<f64> = noise(200, Seed::new(99)).iter().map(|r| r - 0.3).collect();
        assert!(reality_check(&columns, Some(&worse), &options()).unwrap().spa_p < 0.01);
        assert_eq!(reality_check(&columns, Some(&worse[1..]), &options()), None);
        assert_eq!(reality_check(&[], None, &options()), None);
    }

    #[test]
    fn a_choice_that_is_not_the_best_has_a_p_value_of_its_own() {
        let mut columns = crowd(20, "noise");
        columns[13].iter_mut().for_each(|r| *r += 0.15);
        let asked = |column| reality_check_of(&columns, None, Some(column), &options()).unwrap();
        assert_eq!(asked(13).chosen_p, Some(asked(13).spa_p));
        assert!(asked(4).chosen_p.unwrap() > 0.3 && asked(4).spa_p == asked(13).spa_p, "{:?}", asked(4));
        assert_eq!((asked(99).chosen_p, reality_check(&columns, None, &options()).unwrap().chosen_p), (None, None));
    }

    #[test]
    fn losers_alone_are_never_significant() {
        let mut columns = crowd(5, "noise");
        columns.iter_mut().flatten().for_each(|r| *r -= 0.2);
        let found = reality_check(&columns, None, &options()).unwrap();
        assert_eq!((found.white_p, found.spa_p), (1.0, 1.0));
    }
}
