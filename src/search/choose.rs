//! Which trial to take: the best one, or the middle of the best neighbourhood.
//!
//! A lone spike among poor neighbours is luck more often than not: its parameters will not be the best of the next year. The plateau score of
//! a trial is the median of its own objective and those of its neighbours: the nearest 2 · parameters (at least 4) trials, with all that are as
//! near. Distance is the largest difference in any parameter, counted in steps, where a step is one value of a list and at least a twentieth of the range; a
//! category differs by the whole range. A neighbour without a value counts as worse than any number.

use serde::{Deserialize, Serialize};

use super::{dimension::Dimension, space::Space, trial::Told};

/// Scoring is quadratic, and the middle of a plateau is itself among the best.
const CANDIDATES: usize = 500;

/// The least step, as a share of the range.
const LEAST_STEP: f64 = 0.05;

/// How the winner is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choose {
    /// The highest objective; the earliest of equals.
    #[default]
    Best,
    /// The highest plateau score among the 500 highest objectives; of equals the higher objective, then the earlier.
    Plateau,
}

/// The chosen trial among those with the most history; `None` where none has a value.
pub(super) fn chosen(space: &Space, told: &[Told], choose: Choose) -> Option<Told> {
    ranking(space, told, choose, 1).first().map(|told| (*told).clone())
}

/// The first `count` of those with the most history and a value, best first.
#[must_use]
pub fn ranking<'t>(space: &Space, told: &'t [Told], choose: Choose, count: usize) -> Vec<&'t Told> {
    let full = full(told);
    let mut ranked: Vec<(f64, &Told)> = full.iter().filter_map(|told| Some((told.value?, *told))).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.trial.cmp(&b.1.trial)));
    if choose == Choose::Plateau {
        let neighbourhood = Neighbourhood::new(space, &full);
        ranked.truncate(CANDIDATES);
        ranked.iter_mut().for_each(|(rank, told)| *rank = neighbourhood.score(told).unwrap_or(f64::NEG_INFINITY));
        // Of equals the higher objective stays first.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    }
    ranked.into_iter().take(count).map(|(_, told)| told).collect()
}

/// The plateau score of one of these trials; `None` where half of its neighbourhood has no value.
#[must_use]
pub fn plateau(space: &Space, told: &[Told], of: &Told) -> Option<f64> {
    Neighbourhood::new(space, &full(told)).score(of)
}

/// The trials with the most history.
fn full(told: &[Told]) -> Vec<&Told> {
    let most = told.iter().map(|told| told.budget).fold(0.0, f64::max);
    told.iter().filter(|told| told.budget >= most).collect()
}

/// Trials by their places.
struct Neighbourhood<'a> {
    space: &'a Space,
    steps: Vec<f64>,
    trials: Vec<(Vec<f64>, &'a Told)>,
}

impl<'a> Neighbourhood<'a> {
    fn new(space: &'a Space, told: &[&'a Told]) -> Self {
        let step = |d: &Dimension| d.kind.count().map_or(LEAST_STEP, |count| (1.0 / count as f64).max(LEAST_STEP));
        let steps = space.dimensions().iter().map(step).collect();
        Self { space, steps, trials: told.iter().map(|told| (space.locate(&told.point), *told)).collect() }
    }

    fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        let each = self.space.dimensions().iter().zip(&self.steps).zip(a.iter().zip(b)).map(|((dimension, step), (a, b))| {
            let apart = (a - b).abs();
            if dimension.kind.is_categorical() && apart > 0.0 { 1.0 / step } else { apart / step }
        });
        each.fold(0.0, f64::max)
    }

    fn score(&self, of: &Told) -> Option<f64> {
        let place = self.space.locate(&of.point);
        let others = self.trials.iter().filter(|(_, told)| told.trial != of.trial);
        let mut near: Vec<(f64, Option<f64>)> = others.map(|(at, told)| (self.distance(&place, at), told.value)).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let least = (2 * self.steps.len()).max(4);
        // Rounding must not tell apart what lies equally far.
        let reach = near.get(least - 1).map_or(f64::INFINITY, |(distance, _)| distance * (1.0 + 1e-9));
        let values = near.iter().take_while(|(distance, _)| *distance <= reach).map(|(_, value)| *value);
        median(values.chain([of.value]).collect())
    }
}

/// The middle value, the missing being lowest; of an even number the mean of the two in the middle.
fn median(values: Vec<Option<f64>>) -> Option<f64> {
    let mut ranks: Vec<f64> = values.into_iter().map(|value| value.unwrap_or(f64::NEG_INFINITY)).collect();
    ranks.sort_by(f64::total_cmp);
    let middle = (ranks[(ranks.len() - 1) / 2] + ranks[ranks.len() / 2]) / 2.0;
    middle.is_finite().then_some(middle)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::search::{Kind, Point};

    #[test]
    fn a_lone_spike_loses_to_a_plateau() {
        let steps = |name: &str| Dimension::new(name, Kind::Steps { min: 0.0, max: 9.0, step: 1.0, log: false });
        let space = Space::new(vec![steps("x"), steps("y")], vec![], BTreeMap::new()).unwrap();
        // A flat 1 with a hill of 5 around (6, 6), whose top is 6, and one spike of 9 at (1, 1).
        let value = |x: i32, y: i32| match (x, y) {
            (1, 1) => 9.0,
            (6, 6) => 6.0,
            _ if (x - 6).abs() <= 1 && (y - 6).abs() <= 1 => 5.0,
            _ => 1.0,
        };
        let places = (0..10).flat_map(|x| (0..10).map(move |y| (x, y)));
        let told: Vec<Told> = (0..)
            .zip(places)
            .map(|(trial, (x, y))| {
                let point = Point::from(BTreeMap::from([("x".to_owned(), f64::from(x)), ("y".to_owned(), f64::from(y))]));
                Told { trial, point, budget: 1.0, value: Some(value(x, y)) }
            })
            .collect();
        let at = |choose| chosen(&space, &told, choose).unwrap();
        assert_eq!(at(Choose::Best).trial, 11);
        assert_eq!(at(Choose::Plateau).trial, 66);
        let first = |choose| ranking(&space, &told, choose, 2).iter().map(|told| told.trial).collect::<Vec<_>>();
        // Beside the top stands (5, 5), the first of the fives with five of nine neighbours as high.
        assert_eq!((first(Choose::Best), first(Choose::Plateau)[0]), (vec![11, 66], 66));
        // Nine points around (1, 1): eight of 1 and the 9. Around (6, 6): eight of 5 and the 6.
        assert_eq!((plateau(&space, &told, &told[11]), plateau(&space, &told, &told[66])), (Some(1.0), Some(5.0)));
        // In the corner the four nearest and those as near are three at distance 1 and five at 2: 1, 1, 9, 1, 1, 1, 1, 1 and its own 1.
        assert_eq!(plateau(&space, &told, &told[0]), Some(1.0));
    }

    #[test]
    fn the_missing_lies_below_every_number() {
        assert_eq!(median(vec![Some(1.0), None, Some(3.0)]), Some(1.0));
        assert_eq!(median(vec![Some(1.0), None, Some(3.0), Some(2.0)]), Some(1.5));
        assert_eq!(median(vec![None, None, Some(3.0)]), None);
    }
}
