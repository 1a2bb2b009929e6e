//! The charts over time: equity and drawdown beside buy-and-hold, exposure, rolling Sharpe.

use super::axis::{Axis, Unit, seconds};
use super::format;
use super::ink::Ink;
use super::plot::{Layer, Plot, Point};
use super::run::RunFolder;
use super::{series, thin};
use crate::stats::drawdown;
use crate::time::Nanos;

/// Buckets of a wide line: two points each, so at most 2000 in all.
const WIDE: usize = 999;
const NARROW: usize = 300;

/// How much detail a chart's width carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Wide,
    Narrow,
}

impl Detail {
    const fn buckets(self) -> usize {
        match self {
            Self::Wide => WIDE,
            Self::Narrow => NARROW,
        }
    }

    pub(super) const fn ticks(self) -> usize {
        match self {
            Self::Wide => 10,
            Self::Narrow => 5,
        }
    }

    /// `wide` or `narrow`, as this is.
    pub(super) const fn pick<T: Copy>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}

fn span(run: &RunFolder) -> Option<(Nanos, Nanos)> {
    Some((run.equity.first()?.time, run.equity.last()?.time))
}

fn range(points: &[Point]) -> (f64, f64) {
    points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p.1), hi.max(p.1)))
}

/// The rows of buy-and-hold inside the run's span.
fn held(run: &RunFolder) -> Vec<(Nanos, f64)> {
    let Some((first, last)) = span(run) else { return Vec::new() };
    run.buyhold.iter().copied().filter(|(at, _)| *at >= first && *at <= last).collect()
}

/// What the second line stands for, in a few words.
pub(super) fn benchmark(run: &RunFolder) -> &str {
    run.text("benchmark.name").unwrap_or("buy and hold")
}

/// Equity of the run and of buy-and-hold on the same account. `None` without rows.
pub(super) fn equity(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let (first, last) = span(run)?;
    let own: Vec<Point> = run.equity.iter().map(|r| (seconds(r.time), r.equity)).collect();
    let held: Vec<Point> = held(run).into_iter().map(|(at, equity)| (seconds(at), equity)).collect();
    let (low, high) = (range(&own), range(&held));
    let end = own[own.len() - 1].1;
    let ends = format!("{} to {}", format::two(own[0].1), format::two(end));
    let mut alt = format!("Equity from {ends} between {} and {}, lowest {}", format::date(first), format::date(last), format::two(low.0));
    let name = benchmark(run);
    let mut legend = vec![(format!("strategy: {}", format::two(end)), Ink::Strategy)];
    let mut layers = Vec::new();
    if let Some(end) = held.last() {
        alt += &format!("; {name}, net of the same costs, ended at {}", format::two(end.1));
        legend.push((format!("{name}, net of the same costs: {}", format::two(end.1)), Ink::Benchmark));
        layers.push(Layer::Line { points: thin::outline(&held, detail.buckets()), ink: Ink::Benchmark, width: 1.2 });
    }
    layers.push(Layer::Line { points: thin::outline(&own, detail.buckets()), ink: Ink::Strategy, width: detail.pick(1.7, 1.5) });
    if let Some(start) = run.number("manifest.spec.account.cash") {
        layers.insert(0, Layer::Level { at: start.clamp(low.0.min(high.0), low.1.max(high.1)), ink: Ink::Muted });
    }
    let edges = fold_edges(run, first, last);
    if !edges.is_empty() {
        legend.push(("a fold’s edge".to_owned(), Ink::Muted));
        layers.splice(0..0, edges.into_iter().map(|at| Layer::Upright { at, ink: Ink::Grid }));
    }
    let y = Axis::values(low.0.min(high.0), low.1.max(high.1), 6, Unit::Plain);
    let title = format!("Equity, {}", run.currency()).trim_end_matches([' ', ',']).to_owned();
    Some(Plot { title, alt: alt + ".", x: Axis::times(first, last, detail.ticks()), y, x_name: None, y_name: None, layers, legend })
}

/// Where one test span ends and the next begins, inside the run's span.
fn fold_edges(run: &RunFolder, first: Nanos, last: Nanos) -> Vec<f64> {
    let mut edges: Vec<Nanos> = run.folds.iter().flat_map(|fold| fold.test.iter().map(|range| range.0)).collect();
    edges.sort_unstable();
    edges.dedup();
    edges.into_iter().filter(|at| *at > first && *at < last).map(seconds).collect()
}

/// Loss from the highest equity so far, downwards, of the run and of buy-and-hold. `None` without rows.
pub(super) fn drawdown(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let (first, last) = span(run)?;
    let points: Vec<Point> = run.equity.iter().filter_map(|r| Some((seconds(r.time), -r.drawdown_fraction?))).collect();
    let deepest = points.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a })?;
    let at = run.equity.iter().find(|r| seconds(r.time) >= deepest.0)?.time;
    let mut alt = format!("Drawdown; deepest {} on {}", format::percent(-deepest.1), format::date(at));
    let own = run.number("metrics.max_drawdown_fraction").unwrap_or(-deepest.1);
    let mut legend = vec![(format!("strategy, deepest {}", format::percent(own)), Ink::Strategy)];
    let points = thin::outline(&points, detail.buckets());
    let mut layers = vec![Layer::Area { points: points.clone(), base: 0.0, ink: Ink::Strategy, opacity: 0.18 }];
    let mut lowest = deepest.1;
    if let Some(held) = held_drawdown(run) {
        let fall = -range(&held).0;
        lowest = lowest.min(-fall);
        let fall = format::percent(run.number("benchmark.max_drawdown_fraction").unwrap_or(fall));
        alt += &format!("; {} fell by {fall}", benchmark(run));
        legend.push((format!("{}, deepest {fall}", benchmark(run)), Ink::Benchmark));
        layers.push(Layer::Line { points: thin::outline(&held, detail.buckets()), ink: Ink::Benchmark, width: 1.0 });
    }
    layers.push(Layer::Line { points, ink: Ink::Strategy, width: 1.3 });
    let y = Axis::values(lowest.min(-0.01), 0.0, 4, Unit::Percent);
    let title = "Drawdown from the highest equity so far".to_owned();
    Some(Plot { title, alt: alt + ".", x: Axis::times(first, last, detail.ticks()), y, x_name: None, y_name: None, layers, legend })
}

fn held_drawdown(run: &RunFolder) -> Option<Vec<Point>> {
    let (at, equity): (Vec<Nanos>, Vec<f64>) = held(run).into_iter().unzip();
    let below = drawdown::series(series::start(run), &equity)?;
    let points: Vec<Point> = at.into_iter().map(seconds).zip(below.into_iter().map(|depth| -depth)).collect();
    if points.is_empty() { None } else { Some(points) }
}

/// The exposure column, averaged over equal stretches. `None` where no position was ever open.
pub(super) fn exposure(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let (first, last) = span(run)?;
    let points: Vec<Point> = run.equity.iter().filter_map(|r| Some((seconds(r.time), r.exposure?))).collect();
    let steps = thin::stairs(&points, detail.pick(120.0, 50.0) as usize);
    let (lo, hi) = range(&steps);
    if !lo.is_finite() || (lo, hi) == (0.0, 0.0) {
        return None;
    }
    let alt = format!("Exposure over time, averaged in stretches; highest stretch {} times the equity.", format::two(hi));
    let layers = vec![
        Layer::Area { points: steps.clone(), base: 0.0, ink: Ink::Strategy, opacity: 0.18 },
        Layer::Line { points: steps, ink: Ink::Strategy, width: 1.2 },
    ];
    let y = Axis::values(lo.min(0.0), hi.max(0.01), 4, Unit::Plain);
    let (title, y_name) = ("Exposure".to_owned(), Some("times the equity".to_owned()));
    Some(Plot { title, alt, x: Axis::times(first, last, detail.ticks()), y, x_name: None, y_name, layers, legend: vec![] })
}

/// A rolling Sharpe ratio, one value a day from the day its window is full. `None` where the run is shorter than the window.
pub(super) fn rolling_sharpe(run: &RunFolder, days: usize, values: &[(Nanos, f64)], detail: Detail) -> Option<Plot> {
    let (first, last) = span(run)?;
    let points: Vec<Point> = values.iter().map(|(t, s)| (seconds(*t), *s)).collect();
    let end = points.last()?.1;
    let (lo, hi) = range(&points);
    let alt = format!(
        "Sharpe ratio of the last {days} days, between {} and {}, at the end {}.",
        format::two(lo),
        format::two(hi),
        format::two(end)
    );
    let mut layers = vec![Layer::Line { points: thin::outline(&points, detail.buckets()), ink: Ink::Strategy, width: 1.5 }];
    layers.insert(0, Layer::Level { at: 0.0, ink: Ink::Muted });
    let y = Axis::values(lo.min(0.0), hi.max(0.0), 5, Unit::Plain);
    let title = format!("Sharpe ratio of the last {days} trading days, annualised");
    Some(Plot { title, alt, x: Axis::times(first, last, detail.ticks()), y, x_name: None, y_name: None, layers, legend: vec![] })
}
