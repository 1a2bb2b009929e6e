//! What the optimisers cost by themselves: 200 trials of an objective that costs nothing, over the four parameters of a typical rule. Times are per
//! trial: a search of 200 trials under `tpe` must stay below 50 µs each.

use std::collections::BTreeMap;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cthulu_lab::{
    search::{Asked, Dimension, Kind, Method, Plan, Space, search},
    seed::Seed,
};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TRIALS: usize = 200;

fn space() -> Space {
    let bars = |name: &str, min, max| Dimension::new(name, Kind::Steps { min, max, step: 1.0, log: false });
    let threshold = Dimension::new("threshold", Kind::Float { min: 20.0, max: 80.0, log: false });
    let dimensions = vec![bars("fast", 5.0, 50.0), bars("slow", 60.0, 250.0), bars("rsi", 5.0, 30.0), threshold];
    Space::new(dimensions, vec![], BTreeMap::new()).expect("a space")
}

fn cost(c: &mut Criterion) {
    let space = space();
    let mut group = c.benchmark_group("search_200_trials");
    group.throughput(Throughput::Elements(TRIALS as u64));
    let methods = [
        ("random", Method::Random),
        ("sobol", Method::Sobol),
        ("nelder_mead", Method::NelderMead),
        ("particle_swarm", Method::ParticleSwarm),
        ("annealing", Method::Annealing),
        ("cma_es", Method::CmaEs),
        ("tpe", Method::Tpe),
    ];
    for (name, method) in methods {
        let plan = Plan::new(method, TRIALS, Seed::new(1));
        let mut nothing = |asked: &[Asked]| {
            Ok(asked.iter().map(|a| Some(a.point.get("fast").unwrap_or(0.0) - a.point.get("threshold").unwrap_or(0.0))).collect())
        };
        group.bench_function(name, |b| b.iter(|| search(&space, &plan, &mut nothing, &None).expect("a search")));
    }
    group.finish();
}

criterion_group!(benches, cost);
criterion_main!(benches);
