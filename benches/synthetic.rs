//! How fast synthetic markets are made: a million bars of each kind, minutes of the FX week with bid, ask and a point, on one thread.

use std::{collections::BTreeMap, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cthulu_lab::{
    feed::synth::{Frame, KINDS, Kind, KindInfo, Recipe},
    market::Calendar,
    seed::Seed,
};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BARS: usize = 1_000_000;

fn recipe(info: &KindInfo) -> Recipe {
    if info.kind != Kind::Bootstrap {
        return Recipe::new(info.name, &BTreeMap::new()).expect("the defaults are sound");
    }
    let frame = Frame::new(10_000, "1h".parse().expect("a bar length"));
    let source = Recipe::new("garch", &BTreeMap::new()).and_then(|garch| garch.generate(&frame, &Seed::new(1))).expect("made").bars;
    // A sample's mean, carried on for a hundred times its length, would leave every range of prices.
    let params = BTreeMap::from([("keep_mean".to_owned(), 0.0)]);
    Recipe::of_source(info.name, &params, Arc::new(source)).expect("long enough")
}

fn making(c: &mut Criterion) {
    let minutes = Frame::new(BARS, "1m".parse().expect("a bar length"));
    let frame = Frame { calendar: Calendar::Fx, point: Some(0.001), ..minutes };
    let mut group = c.benchmark_group("synth_1m_bars");
    group.sample_size(10).throughput(Throughput::Elements(BARS as u64));
    for info in KINDS {
        let recipe = recipe(info);
        group.bench_function(info.name, |b| b.iter(|| recipe.generate(&frame, &Seed::new(7)).expect("made")));
    }
    group.finish();
}

criterion_group!(synthetic, making);
criterion_main!(synthetic);
