//! The charts of a search: the objective over two parameters and along each, how the trials are spread, and the logits of overfitting.

use super::axis::{Axis, Unit};
use super::chart_equity::Detail;
use super::format;
use super::ink::Ink;
use super::plot::{Layer, Plot, Point, Shade};
use super::run::{RunFolder, number};
use super::thin;
use super::trials::{self, Parameter, Row};
use serde_json::Value;

/// Bars of the histogram of trials.
const BARS: usize = 40;

/// The objective's name as the run has it.
pub(super) fn objective(run: &RunFolder) -> String {
    run.text("search.objective_name").unwrap_or("objective").replace('_', " ")
}

/// The two parameters that matter most, and the objective over them. `None` with fewer than two.
pub(super) fn heat_map(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let parameters = trials::parameters(run);
    let [(across, _), (up, _), ..] = parameters.as_slice() else { return None };
    let rows = trials::whole(run);
    let cells = trials::cells(&rows, across, up, detail.pick((40, 24), (20, 16)));
    let (lo, hi) = trials::span(&cells)?;
    let shade = |cell: &trials::Cell| Shade { x: cell.x, y: cell.y, opacity: opacity(cell.value, lo, hi) };
    let side = |gain: bool| cells.iter().filter(|c| (c.value >= 0.0) == gain).map(shade).collect::<Vec<_>>();
    let mut layers = if lo < 0.0 && hi > 0.0 {
        vec![Layer::Shades { shades: side(false), ink: Ink::Loss }, Layer::Shades { shades: side(true), ink: Ink::Gain }]
    } else {
        vec![Layer::Shades { shades: cells.iter().map(shade).collect(), ink: Ink::Strategy }]
    };
    if let Some(at) = trials::chosen(run).and_then(|row| place(row, across, up)) {
        layers.push(Layer::Ring { at, radius: detail.pick(7.0, 6.0), ink: Ink::Paper, width: 5.0 });
        layers.push(Layer::Ring { at, radius: detail.pick(7.0, 6.0), ink: Ink::Text, width: 2.0 });
    }
    let alt = format!(
        "Map of {} over {} and {}: from {} to {} in {} cells.",
        objective(run),
        across.name,
        up.name,
        trials::plain(lo),
        trials::plain(hi),
        cells.len()
    );
    Some(Plot {
        title: format!("{} over {} and {}", objective(run), across.name, up.name),
        alt,
        x: across.axis(detail.pick(16, 6)),
        y: up.axis(detail.pick(12, 8)),
        x_name: Some(across.name.clone()),
        y_name: Some(up.name.clone()),
        layers,
        legend: Vec::new(),
    })
}

fn place(row: &Row, across: &Parameter, up: &Parameter) -> Option<Point> {
    Some((across.place(*row.get(&across.name)?), up.place(*row.get(&up.name)?)))
}

/// How strong a value is drawn: by its distance from zero where the map has both signs, else by its place between the ends.
fn opacity(value: f64, lo: f64, hi: f64) -> f64 {
    let strength = if lo < 0.0 && hi > 0.0 { value.abs() / hi.max(-lo) } else { (value - lo) / (hi - lo).max(f64::MIN_POSITIVE) };
    // In steps, so that the page stays small.
    ((0.06 + 0.9 * strength.clamp(0.0, 1.0)) * 50.0).round() / 50.0
}

/// The objective along one parameter: every trial, their medians, and the line through the chosen one.
pub(super) fn slice(run: &RunFolder, along: &Parameter, all: &[(Parameter, f64)]) -> Option<Plot> {
    let (rows, chosen) = (trials::whole(run), trials::chosen(run)?);
    let dots: Vec<Point> = rows.iter().filter_map(|row| Some((along.place(*row.get(&along.name)?), trials::objective(row)?))).collect();
    let (lo, hi) = dots.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p.1), hi.max(p.1)));
    let own = along.place(*chosen.get(&along.name)?);
    let through = trials::slice(&rows, chosen, along, all);
    let mut layers = vec![
        Layer::Dots { points: thin::spread(&dots, 120, 60), ink: Ink::Muted, radius: 1.8, opacity: 0.35 },
        Layer::Line { points: trials::medians(&rows, along), ink: Ink::Benchmark, width: 2.0 },
    ];
    if !through.is_empty() && all.len() > 1 {
        layers.push(Layer::Line { points: through, ink: Ink::Strategy, width: 2.0 });
    }
    layers.push(Layer::Ring { at: (own, trials::objective(chosen)?), radius: 5.0, ink: Ink::Text, width: 2.0 });
    Some(Plot {
        title: along.name.clone(),
        alt: format!(
            "{} along {}: the chosen value is {}, at {}.",
            objective(run),
            along.name,
            trials::plain(*chosen.get(&along.name)?),
            trials::plain(trials::objective(chosen)?)
        ),
        x: along.axis(6),
        y: Axis::values(lo, hi, 4, Unit::Plain),
        x_name: Some(along.name.clone()),
        y_name: Some(objective(run)),
        layers,
        legend: vec![],
    })
}

/// How the trials' Sharpe ratios are spread, with the chosen one and what the best would show by luck.
pub(super) fn histogram(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let mut values: Vec<f64> = trials::whole(run).iter().filter_map(|row| row.get("sharpe").copied()).collect();
    values.sort_by(f64::total_cmp);
    let (first, last) = (*values.first()?, *values.last()?);
    let luck = trials::luck(run, "sr0_annual");
    let own = run.number("metrics.sharpe");
    let (lo, hi) = [luck, own].into_iter().flatten().fold((first, last), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let width = (hi - lo).max(1e-9) / BARS as f64;
    let mut counts = vec![0_usize; BARS];
    for value in &values {
        counts[(((value - lo) / width) as usize).min(BARS - 1)] += 1;
    }
    let edge = |i: usize| lo + i as f64 * width;
    let bars = counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, n)| (edge(i), edge(i + 1), *n as f64)).collect();
    let mut layers = vec![Layer::Bars { bars, ink: Ink::Gain }];
    let mut legend = vec![(format!("{} trials", format::count(values.len() as f64)), Ink::Gain)];
    for (at, ink, name) in [(luck, Ink::Loss, "the best that luck alone would show"), (own, Ink::Text, "the chosen trial")] {
        if let Some(at) = at {
            layers.push(Layer::Upright { at, ink });
            legend.push((format!("{name}, {}", format::two(at)), ink));
        }
    }
    let tallest = counts.iter().max().copied().unwrap_or(0);
    Some(Plot {
        title: "Sharpe ratios of all trials, in sample".to_owned(),
        alt: format!("Histogram of the Sharpe ratios of {} trials, from {} to {}.", values.len(), format::two(first), format::two(last)),
        x: Axis::values(lo, hi, detail.pick(10, 4), Unit::Plain),
        y: Axis::values(0.0, tallest as f64, 4, Unit::Count),
        x_name: Some("Sharpe ratio a year, in sample".to_owned()),
        y_name: Some("trials".to_owned()),
        layers,
        legend,
    })
}

/// The logits of the splits behind the probability of backtest overfitting.
pub(super) fn logits(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let bin = |tree: &Value| Some((number(tree, "from")?, number(tree, "to")?, number(tree, "count")?));
    let bins: Vec<(f64, f64, f64)> = run.list("luck.logits").iter().filter_map(bin).collect();
    let (first, last) = (bins.first()?, bins.last()?);
    let side = |gain: bool| bins.iter().copied().filter(|b| (b.0 + b.1 > 0.0) == gain && b.2 > 0.0).collect::<Vec<_>>();
    let tallest = bins.iter().fold(0.0_f64, |most, b| most.max(b.2));
    let pbo = trials::luck(run, "overfit.pbo");
    Some(Plot {
        title: format!("Probability of backtest overfitting {}", format::or_dash(pbo, format::two)),
        alt: format!("Histogram of the logits of {} splits.", format::or_dash(trials::luck(run, "overfit.splits"), format::count)),
        x: Axis::values(first.0, last.1, detail.pick(10, 4), Unit::Plain),
        y: Axis::values(0.0, tallest, 4, Unit::Count),
        x_name: Some("logit of the rank on the other half of the days".to_owned()),
        y_name: Some("splits".to_owned()),
        layers: vec![
            Layer::Bars { bars: side(false), ink: Ink::Loss },
            Layer::Bars { bars: side(true), ink: Ink::Gain },
            Layer::Upright { at: 0.0, ink: Ink::Muted },
        ],
        legend: vec![
            ("the best of one half is in the lower half on the other: overfitted".to_owned(), Ink::Loss),
            ("in the upper half".to_owned(), Ink::Gain),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_with_both_signs_is_strong_far_from_zero_and_one_with_a_single_sign_at_its_top() {
        assert_eq!([opacity(-2.0, -2.0, 1.0), opacity(0.0, -2.0, 1.0), opacity(1.0, -2.0, 1.0)], [0.96, 0.06, 0.52]);
        assert_eq!([opacity(1.0, 1.0, 3.0), opacity(2.0, 1.0, 3.0), opacity(9.0, 1.0, 3.0)], [0.06, 0.52, 0.96]);
    }

    #[test]
    fn a_run_without_trials_draws_nothing() {
        let run = RunFolder::default();
        assert!(heat_map(&run, Detail::Wide).is_none() && histogram(&run, Detail::Wide).is_none() && logits(&run, Detail::Wide).is_none());
    }
}
