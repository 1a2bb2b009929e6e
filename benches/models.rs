//! How fast a model of trees answers: one row at a time, as a live session asks, and many at once.
//!
//! `cargo bench --bench models` grows two forests from a seed (200 trees of 31 leaves, and 800 as four classes of 200) over 30 features, and
//! writes them as LightGBM's text, which `benches/peers/lightgbm_rows.py` gives to LightGBM itself on the same rows.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads the clock and prints it")]

use std::{fs, hint::black_box, path::Path, time::Instant};

use cthulu_lab::{
    model::{Forest, Link, Missing, Split, Statistics, Tree, TreeModel, lightgbm},
    seed::Seed,
};
use rand_chacha::rand_core::Rng;

const FEATURES: usize = 30;
const LEAVES: i32 = 31;
const ROWS: usize = 20_000;

fn main() {
    let rows = rows();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("models");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let header = (0..FEATURES).map(|i| format!("f{i}")).collect::<Vec<_>>().join(",");
    let line = |row: &[f64]| row.iter().map(|v| if v.is_nan() { String::new() } else { v.to_string() }).collect::<Vec<_>>().join(",");
    let text: Vec<String> = std::iter::once(header).chain(rows.chunks(FEATURES).map(line)).collect();
    fs::write(folder.join("rows.csv"), text.join("\n") + "\n").expect("written");
    for (name, trees, scores) in [("200_trees", 200, 1), ("800_trees", 800, 4)] {
        let model = model(trees, scores);
        let path = folder.join(format!("{name}.txt"));
        fs::write(&path, lightgbm::to_text(&model)).expect("written");
        measure(&path.display().to_string(), &Forest::new(&model), &rows);
    }
}

/// A row at a time by its quantiles, and all of them together.
fn measure(name: &str, forest: &Forest, rows: &[f64]) {
    let mut out = vec![0.0; forest.scores()];
    let mut nanoseconds: Vec<u64> = Vec::with_capacity(5 * ROWS);
    for row in std::iter::repeat_n(rows, 5).flat_map(|rows| rows.chunks(FEATURES)) {
        let begun = Instant::now();
        forest.predict(black_box(row), &mut out);
        black_box(&out);
        nanoseconds.push(u64::try_from(begun.elapsed().as_nanos()).expect("short"));
    }
    nanoseconds.sort_unstable();
    let quantile = |q: usize| nanoseconds[nanoseconds.len() * q / 1000] as f64 / 1000.0;
    println!("{name}: one row p50 {:.2} µs, p99 {:.2} µs, p99.9 {:.2} µs", quantile(500), quantile(990), quantile(999));
    let best = (0..5).map(|_| {
        let begun = Instant::now();
        black_box(forest.predict_batch(black_box(rows)));
        begun.elapsed().as_secs_f64()
    });
    let best = best.fold(f64::INFINITY, f64::min);
    println!("{name}: {ROWS} rows at once, one thread: {:.0} rows/s", ROWS as f64 / best);
}

fn rows() -> Vec<f64> {
    let mut generator = Seed::new(7).generator();
    (0..ROWS * FEATURES).map(|_| if generator.next_u64().is_multiple_of(20) { f64::NAN } else { unit(&mut generator) }).collect()
}

/// From −1 to 1.
fn unit(generator: &mut impl Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

fn model(trees: usize, scores: usize) -> TreeModel {
    let mut generator = Seed::new(11).generator();
    TreeModel {
        features: (0..FEATURES).map(|i| format!("f{i}")).collect(),
        feature_infos: vec!["[-1:1]".to_owned(); FEATURES],
        scores,
        link: if scores > 1 { Link::Softmax } else { Link::Sigmoid { steepness: 1.0 } },
        is_average: false,
        trees: (0..trees).map(|_| tree(&mut generator)).collect(),
    }
}

/// Grown as boosting grows them, one leaf at a time, the leaf drawn with the odds of its share of the rows.
fn tree(generator: &mut impl Rng) -> Tree {
    let mut splits: Vec<Split> = Vec::new();
    let mut shares = vec![1.0];
    for leaves in 1..LEAVES {
        let mut at = (unit(generator) + 1.0) / 2.0;
        let leaf = shares
            .iter()
            .position(|share| {
                at -= share;
                at < 0.0
            })
            .unwrap_or(0);
        let cut = unit(generator) * 0.8;
        let leaf_number = i32::try_from(leaf).expect("few");
        for split in &mut splits {
            for child in [&mut split.left, &mut split.right] {
                if *child == -1 - leaf_number {
                    *child = leaves - 1;
                }
            }
        }
        splits.push(Split {
            feature: usize::try_from(generator.next_u64() % FEATURES as u64).expect("few"),
            threshold: cut,
            missing: Missing::Nan,
            default_left: generator.next_u64().is_multiple_of(2),
            left: -1 - leaf_number,
            right: -1 - leaves,
        });
        let share = shares[leaf];
        shares[leaf] = share * (cut + 1.0) / 2.0;
        shares.push(share * (1.0 - cut) / 2.0);
    }
    let leaves = (0..LEAVES).map(|_| 0.05 * unit(generator)).collect();
    Tree { splits, leaves, shrinkage: 0.05, statistics: Statistics::default() }
}
