//! What every optimiser owes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use rayon::prelude::*;

use super::*;
use crate::{rule::Condition, seed::Seed};

fn steps(name: &str, min: f64, max: f64) -> Dimension {
    Dimension::new(name, Kind::Steps { min, max, step: 1.0, log: false })
}

fn space(dimensions: Vec<Dimension>, constraints: &[&str]) -> Space {
    let known: BTreeMap<String, f64> = dimensions.iter().map(|d| (d.name.clone(), 1.0)).collect();
    let constraints = constraints.iter().map(|text| Condition::parse(text, "search.constraints", &known).unwrap()).collect();
    Space::new(dimensions, constraints, BTreeMap::new()).unwrap()
}

/// The negated distance to 30 and 60, with the largest value 0 there.
fn bowl(asked: &Asked) -> Option<f64> {
    let (x, y) = (asked.point.get("fast")? - 30.0, asked.point.get("slow")? - 60.0);
    Some(-(x * x + y * y))
}

fn in_turn(asked: &[Asked]) -> Result<Vec<Option<f64>>> {
    Ok(asked.iter().map(bowl).collect())
}

fn pairs() -> Space {
    space(vec![steps("fast", 2.0, 80.0), steps("slow", 2.0, 80.0)], &["fast < slow"])
}

fn plan(method: Method, trials: usize) -> Plan {
    Plan::new(method, trials, Seed::new(7))
}

const METHODS: &[Method] = &[
    Method::Grid,
    Method::Random,
    Method::Sobol,
    Method::NelderMead,
    Method::ParticleSwarm,
    Method::Annealing,
    Method::CmaEs,
    Method::Tpe,
    Method::Halving,
];

#[test]
fn a_grid_visits_every_feasible_point_once_and_counts_the_others() {
    let found = search(&pairs(), &plan(Method::Grid, 1), &mut in_turn, &None).unwrap();
    // 79 · 79 pairs, of which 79 are equal and half of the rest the wrong way round: 79 · 78 / 2 = 3081 remain.
    assert_eq!((found.told.len(), found.infeasible, found.repeated), (3081, 79 * 79 - 3081, 0));
    let best = found.best.unwrap();
    assert_eq!((best.point.get("fast"), best.point.get("slow"), best.value), (Some(30.0), Some(60.0), Some(0.0)));
    assert_eq!(found.told[0].point.params().values().copied().collect::<Vec<_>>(), [2.0, 3.0], "the last parameter runs fastest");
}

#[test]
fn trials_are_numbered_in_order_and_different_from_each_other() {
    for method in METHODS {
        let found = search(&pairs(), &plan(*method, 300), &mut in_turn, &None).unwrap();
        assert!(found.told.iter().zip(0..).all(|(told, i)| told.trial == i));
        let distinct: BTreeSet<String> = found.told.iter().map(|told| format!("{:?} {}", told.point, told.budget)).collect();
        assert_eq!(distinct.len(), found.told.len(), "{method:?}");
        assert!(found.told.iter().all(|told| pairs().is_feasible(&told.point)), "{method:?}");
    }
}

#[test]
fn the_same_seed_asks_for_the_same_points_on_any_number_of_threads() {
    let on = |threads: usize, method, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut together = |asked: &[Asked]| Ok(pool.install(|| asked.par_iter().map(bowl).collect()));
        let plan = Plan { batch: 4, ..Plan::new(method, 120, Seed::new(seed)) };
        search(&pairs(), &plan, &mut together, &None).unwrap()
    };
    for method in METHODS {
        assert_eq!(on(1, *method, 7), on(5, *method, 7), "{method:?}");
        if !matches!(method, Method::Grid | Method::Sobol) {
            assert_ne!(on(1, *method, 7).told, on(1, *method, 8).told, "{method:?}");
        }
    }
}

#[test]
fn a_space_without_a_feasible_point_says_so() {
    for method in METHODS {
        let empty = space(vec![steps("fast", 10.0, 20.0), steps("slow", 2.0, 9.0)], &["fast < slow"]);
        let told = search(&empty, &plan(*method, 10), &mut in_turn, &None).unwrap_err().to_string();
        assert!(told.contains("satisfies 'fast < slow'; widen a range"), "{told}");
    }
}

#[test]
fn a_search_ends_when_nothing_new_turns_up() {
    for method in METHODS {
        let small = space(vec![steps("fast", 29.0, 31.0), steps("slow", 60.0, 62.0)], &[]);
        let found = search(&small, &plan(*method, 500), &mut in_turn, &None).unwrap();
        let expected = match method {
            // All nine on little history, three on more, one on all of it.
            Method::Halving => 13..=13,
            // These may settle before they have been everywhere.
            Method::ParticleSwarm | Method::Annealing => 4..=9,
            _ => 9..=9,
        };
        assert!(expected.contains(&found.told.len()), "{method:?}: {}", found.told.len());
        assert_eq!(found.best.unwrap().value, Some(0.0), "{method:?}");
    }
}

#[test]
fn each_optimiser_finds_the_top_of_a_hill() {
    let float = |name: &str, min, max, log| Dimension::new(name, Kind::Float { min, max, log });
    let hill = space(vec![float("x", -10.0, 10.0, false), float("y", 0.001, 10.0, true), steps("n", 1.0, 20.0)], &[]);
    // The top is 0 at x = 3.3, y = 0.1, n = 6; a unit of each term is a third, a quarter and a quarter of the way across.
    let mut height = |asked: &[Asked]| {
        let at = |a: &Asked| {
            let (x, y, n) = (a.point.get("x")?, a.point.get("y")?, a.point.get("n")?);
            let terms = [(x - 3.3) / 7.0, libm::log10(y) + 1.0, (n - 6.0) / 5.0];
            Some(-terms.iter().map(|term| term * term).sum::<f64>())
        };
        Ok(asked.iter().map(at).collect())
    };
    let mut best = |method, trials, seed| {
        let plan = Plan::new(method, trials, Seed::new(seed));
        search(&hill, &plan, &mut height, &None).unwrap().best.unwrap().value.unwrap()
    };
    let mut median = |method, trials| {
        let mut values: Vec<f64> = (0..9).map(|seed| best(method, trials, seed)).collect();
        values.sort_by(f64::total_cmp);
        values[4]
    };
    for (method, trials, least) in [
        (Method::Random, 200, -0.4),
        (Method::Sobol, 200, -0.4),
        (Method::NelderMead, 200, -0.01),
        (Method::ParticleSwarm, 200, -0.1),
        (Method::Annealing, 200, -0.02),
        (Method::CmaEs, 200, -0.002),
        (Method::Tpe, 200, -0.002),
        (Method::Halving, 200, -0.4),
    ] {
        let value = median(method, trials);
        assert!(value > least, "{method:?} came to {value}");
    }
}

#[test]
fn halving_spends_little_history_on_most_and_all_of_it_on_few() {
    // Little history flatters large values: only on all of it is the truth told.
    let mut short_sighted = |asked: &[Asked]| Ok(asked.iter().map(|a| Some(bowl(a)? + (1.0 - a.budget) * a.point.get("slow")?)).collect());
    let found = search(&pairs(), &plan(Method::Halving, 90), &mut short_sighted, &None).unwrap();
    let on = |budget: f64| found.told.iter().filter(|told| told.budget == budget).map(|told| &told.point).collect::<Vec<_>>();
    let (first, second, last) = (on(1.0 / 9.0), on(1.0 / 3.0), on(1.0));
    assert_eq!((first.len(), second.len(), last.len()), (90, 30, 10));
    assert!(second.iter().all(|point| first.contains(point)) && last.iter().all(|point| second.contains(point)));
    let best = found.best.unwrap();
    assert_eq!(best.budget, 1.0);
    assert_eq!(best.value, found.told.iter().filter(|told| told.budget == 1.0).filter_map(|told| told.value).reduce(f64::max));
}

#[test]
fn conditional_parameters_are_asked_for_only_where_they_matter() {
    let known = BTreeMap::from([("mode".to_owned(), 0.0), ("slow".to_owned(), 50.0), ("fast".to_owned(), 1.0)]);
    let when = Condition::parse("mode == 1", "search", &known).unwrap();
    let slow = Dimension { when: Some(when), ..steps("slow", 2.0, 80.0) };
    let mode = Dimension::new("mode", Kind::Categories(vec![0.0, 1.0, 2.0]));
    let space = Space::new(vec![mode, steps("fast", 2.0, 80.0), slow], vec![], known).unwrap();
    // The best is mode 1 at fast = 30 and slow = 60; the other modes come to no more than -50.
    let mut modes = |asked: &[Asked]| {
        let value = |a: &Asked| if a.point.get("mode") == Some(1.0) { bowl(a) } else { Some(-50.0 - (a.point.get("fast")? - 30.0).abs()) };
        Ok(asked.iter().map(value).collect())
    };
    for method in METHODS {
        let found = search(&space, &plan(*method, 250), &mut modes, &None).unwrap();
        for told in &found.told {
            assert_eq!(told.point.get("slow").is_some(), told.point.get("mode") == Some(1.0), "{method:?}");
        }
        if *method == Method::Tpe {
            assert!(found.best.unwrap().value.unwrap() > -10.0);
        }
    }
}

#[test]
fn an_undefined_objective_is_worse_than_any_number() {
    let mut half = |asked: &[Asked]| Ok(asked.iter().map(|a| bowl(a).filter(|value| *value < -500.0)).collect());
    for method in METHODS {
        let found = search(&pairs(), &plan(*method, 400), &mut half, &None).unwrap();
        assert!(found.best.unwrap().value.unwrap() < -500.0, "{method:?}");
    }
    let mut never = |asked: &[Asked]| Ok(vec![None; asked.len()]);
    assert_eq!(search(&pairs(), &plan(Method::Random, 20), &mut never, &None).unwrap().best, None);
}

#[test]
fn the_observer_sees_the_trials_grow() {
    #[derive(Default)]
    struct Seen(Mutex<Vec<Progress>>);
    impl Observer for Seen {
        fn progress(&self, progress: &Progress) {
            self.0.lock().unwrap().push(*progress);
        }
    }
    for method in METHODS {
        let seen = Arc::new(Seen::default());
        let watcher: Watcher = Some(Arc::clone(&seen) as Arc<dyn Observer>);
        let found = search(&pairs(), &plan(*method, 600), &mut in_turn, &watcher).unwrap();
        let seen = seen.0.lock().unwrap();
        assert!(seen.windows(2).all(|w| w[0].told <= w[1].told && w[0].best <= w[1].best), "{method:?}");
        let last = seen.last().unwrap();
        assert_eq!((last.told, last.infeasible, last.best), (found.told.len(), found.infeasible, found.best.unwrap().value), "{method:?}");
    }
}

#[test]
fn the_best_of_several_searches_is_what_a_display_is_told() {
    let best = Arc::new(Best::default());
    assert_eq!(best.get(), None);
    let watcher: Watcher = Some(Arc::clone(&best) as Arc<dyn Observer>);
    let mut found = Vec::new();
    for seed in [1, 2, 3] {
        let plan = Plan::new(Method::Random, 20, Seed::new(seed));
        found.push(search(&pairs(), &plan, &mut in_turn, &watcher).unwrap().best.unwrap().value);
    }
    assert_eq!(best.get(), found.into_iter().flatten().reduce(f64::max));
}
