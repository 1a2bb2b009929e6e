//! The Parzen estimator, held against Optuna's on standard functions.

use std::{collections::BTreeMap, f64::consts::PI};

use cthulu_lab::{
    search::{Asked, Dimension, Kind, Method, Plan, Point, Space, search},
    seed::Seed,
};
use rayon::prelude::*;

/// A function to be made small, and the medians of Optuna 5.0.0's `TPESampler` over 30 seeds after 50, 100 and 200 trials, as
/// `python3 benches/peers/tpe_optuna.py` prints them.
struct Held {
    name: &'static str,
    dimensions: Vec<Dimension>,
    cost: fn(&[f64]) -> f64,
    optuna: [f64; 3],
}

fn floats(count: usize, min: f64, max: f64) -> Vec<Dimension> {
    (0..count).map(|i| Dimension::new(format!("x{i}"), Kind::Float { min, max, log: false })).collect()
}

fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

fn rosenbrock(x: &[f64]) -> f64 {
    (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2)
}

fn branin(v: &[f64]) -> f64 {
    let (x, y) = (v[0], v[1]);
    (y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0).powi(2) + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * libm::cos(x) + 10.0
}

fn hartmann(x: &[f64]) -> f64 {
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let peak = |i: usize| (0..6).map(|j| A[i][j] * (x[j] - P[i][j]).powi(2)).sum::<f64>();
    -(0..4).map(|i| [1.0, 1.2, 3.0, 3.2][i] * libm::exp(-peak(i))).sum::<f64>()
}

fn ackley(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let root = (sphere(x) / n).sqrt();
    let wave = x.iter().map(|x| libm::cos(2.0 * PI * x)).sum::<f64>() / n;
    -20.0 * libm::exp(-0.2 * root) - libm::exp(wave) + 20.0 + std::f64::consts::E
}

/// A category, a whole number, a logarithm and a number: the category moves the best number.
fn mixed(v: &[f64]) -> f64 {
    let kind = v[0] as usize;
    [1.0, 0.0, 0.5][kind] + ((v[1] - 17.0) / 10.0).powi(2) + (libm::log10(v[2]) + 2.0).powi(2) + (v[3] - [-1.0, 0.5, 2.0][kind]).powi(2)
}

fn functions() -> Vec<Held> {
    let branin_space = vec![
        Dimension::new("x", Kind::Float { min: -5.0, max: 10.0, log: false }),
        Dimension::new("y", Kind::Float { min: 0.0, max: 15.0, log: false }),
    ];
    let mixed_space = vec![
        Dimension::new("kind", Kind::Categories(vec![0.0, 1.0, 2.0])),
        Dimension::new("bars", Kind::Steps { min: 1.0, max: 60.0, step: 1.0, log: false }),
        Dimension::new("rate", Kind::Float { min: 1e-4, max: 1.0, log: true }),
        Dimension::new("x", Kind::Float { min: -3.0, max: 3.0, log: false }),
    ];
    let held = |name, dimensions, cost, optuna| Held { name, dimensions, cost, optuna };
    vec![
        held("sphere", floats(3, -5.0, 5.0), sphere, [0.201_574, 0.038_396_1, 0.005_785_56]),
        held("rosenbrock", floats(2, -2.0, 2.0), rosenbrock, [0.302_699, 0.103_566, 0.017_012_3]),
        held("branin", branin_space, branin, [0.529_27, 0.418_33, 0.400_938]),
        held("hartmann", floats(6, 0.0, 1.0), hartmann, [-2.978_45, -3.193_42, -3.291_09]),
        held("ackley", floats(3, -32.768, 32.768), ackley, [8.144_09, 4.444_12, 2.608_46]),
        held("mixed", mixed_space, mixed, [0.120_394, 0.022_841_7, 0.002_902_53]),
    ]
}

/// The best costs after 50, 100 and 200 trials from a seed.
fn best(held: &Held, seed: u64) -> [f64; 3] {
    let space = Space::new(held.dimensions.clone(), vec![], BTreeMap::new()).unwrap();
    let values = |point: &Point| held.dimensions.iter().map(|d| point.get(&d.name).unwrap()).collect::<Vec<_>>();
    let mut evaluate = |asked: &[Asked]| Ok(asked.iter().map(|a| Some(-(held.cost)(&values(&a.point)))).collect());
    let found = search(&space, &Plan::new(Method::Tpe, 200, Seed::new(seed)), &mut evaluate, &None).unwrap();
    let within = |trials: usize| found.told[..trials].iter().filter_map(|told| told.value).fold(f64::NEG_INFINITY, f64::max);
    [50, 100, 200].map(|trials| -within(trials))
}

#[test]
fn the_parzen_estimator_is_at_least_as_good_as_optunas() {
    for held in functions() {
        let runs: Vec<[f64; 3]> = (0..30_u64).into_par_iter().map(|seed| best(&held, seed)).collect();
        let median = |i: usize| {
            let mut column: Vec<f64> = runs.iter().map(|run| run[i]).collect();
            column.sort_by(f64::total_cmp);
            (column[14] + column[15]) / 2.0
        };
        let ours = [0, 1, 2].map(median);
        eprintln!("{:11}{:.6} {:.6} {:.6}", held.name, ours[0], ours[1], ours[2]);
        assert!(ours.iter().zip(held.optuna).all(|(ours, theirs)| *ours <= theirs), "{}: {ours:?} against {:?}", held.name, held.optuna);
    }
}
