//! The charts of a walk-forward: its folds over time, in sample against out of sample, the parameters, and the paths.

use super::axis::{Axis, Unit, seconds};
use super::chart_equity::Detail;
use super::format;
use super::ink::Ink;
use super::plot::{Layer, Plot, Point, Shade};
use super::run::{Fold, RunFolder};
use super::thin;
use crate::time::Nanos;

/// The first and the last moment of all folds.
fn span(run: &RunFolder) -> Option<(Nanos, Nanos)> {
    let all = || run.folds.iter().flat_map(|fold| fold.train.iter().chain(&fold.test));
    Some((all().map(|range| range.0).min()?, all().map(|range| range.1).max()?))
}

/// Each fold on a line of its own, the first at the top: what it was trained on, and what it tested.
pub(super) fn timeline(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let (first, last) = span(run)?;
    let count = run.folds.len();
    let shades = |of: fn(&Fold) -> &Vec<(Nanos, Nanos)>, opacity: f64| {
        let line = |(number, fold): (usize, &Fold)| {
            let middle = (count - number) as f64;
            let shade =
                |range: &(Nanos, Nanos)| Shade { x: (seconds(range.0), seconds(range.1)), y: (middle - 0.36, middle + 0.36), opacity };
            of(fold).iter().map(shade).collect::<Vec<_>>()
        };
        run.folds.iter().enumerate().flat_map(line).collect::<Vec<Shade>>()
    };
    let every = count.div_ceil(detail.pick(20, 10));
    let ticks = (0..count).rev().filter(|number| number % every == 0).map(|number| ((count - number) as f64, number.to_string())).collect();
    Some(Plot {
        title: "Folds over time".to_owned(),
        alt: format!("{count} folds between {} and {}, each with its training and its test rows.", format::date(first), format::date(last)),
        x: Axis::times(first, last, detail.ticks()),
        y: Axis { lo: 0.4, hi: count as f64 + 0.6, ticks },
        x_name: None,
        y_name: Some("fold".to_owned()),
        layers: vec![
            Layer::Shades { shades: shades(|fold| &fold.train, 0.32), ink: Ink::Muted },
            Layer::Shades { shades: shades(|fold| &fold.test, 0.9), ink: Ink::Strategy },
        ],
        legend: vec![("trained on".to_owned(), Ink::Muted), ("tested once".to_owned(), Ink::Strategy)],
    })
}

/// Each fold's Sharpe ratio in sample, across, against that out of sample, upwards.
pub(super) fn scatter(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let get = |fold: &Fold, key: &str| fold.numbers.get(key).copied();
    let dots: Vec<Point> = run.folds.iter().filter_map(|fold| Some((get(fold, "is_sharpe")?, get(fold, "oos_sharpe")?))).collect();
    if dots.is_empty() {
        return None;
    }
    let ends = |of: fn(&Point) -> f64| dots.iter().map(of).fold((0.0_f64, 0.0_f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let ((left, right), (low, high)) = (ends(|p| p.0), ends(|p| p.1));
    let (from, to) = (left.max(low), right.min(high).max(left.max(low)));
    let better = dots.iter().filter(|p| p.1 > 0.0).count();
    let held = dots.iter().filter(|p| p.1 >= p.0).count();
    let total = dots.len();
    Some(Plot {
        title: "Sharpe ratio in sample and out of sample".to_owned(),
        alt: format!("Of {total} folds {better} have a Sharpe ratio above zero out of sample, {held} one as high as in sample."),
        x: Axis::values(left, right, detail.pick(10, 5), Unit::Plain),
        y: Axis::values(low, high, 6, Unit::Plain),
        x_name: Some("Sharpe ratio in sample".to_owned()),
        y_name: Some("out of sample".to_owned()),
        layers: vec![
            Layer::Level { at: 0.0, ink: Ink::Muted },
            Layer::Line { points: vec![(from, from), (to, to)], ink: Ink::Benchmark, width: 1.2 },
            Layer::Dots { points: dots, ink: Ink::Strategy, radius: 4.0, opacity: 0.85 },
        ],
        legend: vec![
            (format!("a fold; {better} of {total} above zero out of sample"), Ink::Strategy),
            ("as good as in sample".to_owned(), Ink::Benchmark),
        ],
    })
}

/// What each fold chose of one parameter, at the middle of its test span.
pub(super) fn parameter(run: &RunFolder, name: &str) -> Option<Plot> {
    let (first, last) = span(run)?;
    let point = |fold: &Fold| {
        let (from, to) = (fold.test.first()?.0, fold.test.last()?.1);
        Some((f64::midpoint(seconds(from), seconds(to)), *fold.numbers.get(name)?))
    };
    let mut points: Vec<Point> = run.folds.iter().filter_map(point).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (lo, hi) = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p.1), hi.max(p.1)));
    points.first()?;
    let is_path = run.folds.iter().all(|fold| fold.test.len() == 1);
    let mut layers = vec![Layer::Dots { points: points.clone(), ink: Ink::Strategy, radius: 3.2, opacity: 0.85 }];
    if is_path {
        layers.insert(0, Layer::Line { points, ink: Ink::Strategy, width: 1.4 });
    }
    Some(Plot {
        title: name.to_owned(),
        alt: format!("What each fold chose of {name}: between {} and {}.", super::trials::plain(lo), super::trials::plain(hi)),
        x: Axis::times(first, last, 4),
        y: Axis::values(lo, hi, 4, Unit::Plain),
        x_name: None,
        y_name: Some(name.to_owned()),
        layers,
        legend: Vec::new(),
    })
}

/// The equity of every path, the one that the run shows drawn stronger.
pub(super) fn fan(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let (first, last) = (run.oos_paths.first()?.0, run.oos_paths.last()?.0);
    let shown = run.number("walkforward.path").map_or(0, |path| path as usize);
    let names: Vec<&String> = run.oos_paths[0].1.keys().collect();
    let line = |name: &str| -> Vec<Point> { run.oos_paths.iter().filter_map(|(at, row)| Some((seconds(*at), *row.get(name)?))).collect() };
    let paths: Vec<(bool, Vec<Point>)> = names.iter().map(|name| (**name == format!("path_{shown}"), line(name))).collect();
    let all = paths.iter().flat_map(|(_, points)| points);
    let (lo, hi) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p.1), hi.max(p.1)));
    let buckets = detail.pick(400, 150);
    let drawn = |wanted: bool, ink: Ink, width: f64| {
        let lines = paths.iter().filter(move |(is_shown, _)| *is_shown == wanted);
        lines.map(|(_, points)| Layer::Line { points: thin::outline(points, buckets), ink, width }).collect::<Vec<_>>()
    };
    let mut layers = drawn(false, Ink::Muted, 0.9);
    layers.extend(drawn(true, Ink::Strategy, 1.7));
    if let Some(start) = run.number("manifest.spec.account.cash") {
        layers.insert(0, Layer::Level { at: start.clamp(lo, hi), ink: Ink::Muted });
    }
    let ends: Vec<f64> = paths.iter().filter_map(|(_, points)| points.last().map(|p| p.1)).collect();
    let (least, most) = ends.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
    Some(Plot {
        title: "Equity of every path".to_owned(),
        alt: format!("{} paths, which end between {} and {}.", paths.len(), format::two(least), format::two(most)),
        x: Axis::times(first, last, detail.ticks()),
        y: Axis::values(lo, hi, 6, Unit::Plain),
        x_name: None,
        y_name: None,
        layers,
        legend: vec![
            (format!("path {shown}, the median, which the run shows"), Ink::Strategy),
            (format!("the other paths, {} to {}", format::two(least), format::two(most)), Ink::Muted),
        ],
    })
}
