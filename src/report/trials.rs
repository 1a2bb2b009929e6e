//! The trials of a search as a report draws them: which parameters there are, where each trial lies, and how much each parameter matters.

use super::axis::{Axis, Unit};
use super::format;
use super::run::{RunFolder, number};
use crate::stats::moments::{mean, median, quantile};
use serde_json::Value;
use std::collections::BTreeMap;

/// A row of `trials.csv` by column; cells that are no numbers are left out.
pub(super) type Row = BTreeMap<String, f64>;

/// More distinct values than this are drawn as a continuum.
const MOST_PLACES: usize = 60;

/// Groups into which a parameter's values are cut to see how much it matters.
const GROUPS: usize = 8;

/// One parameter that was searched.
pub(super) struct Parameter {
    pub(super) name: String,
    /// The values tried, ascending.
    values: Vec<f64>,
    is_log: bool,
}

/// A number that a person reads without noise: at most four decimals.
pub(super) fn plain(value: f64) -> String {
    let text = format::decimal(value, 4);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// The objective of a trial.
pub(super) fn objective(row: &Row) -> Option<f64> {
    row.get("objective").copied()
}

/// The trials over the whole history.
pub(super) fn whole(run: &RunFolder) -> Vec<&Row> {
    run.trials.iter().filter(|row| row.get("history").is_none_or(|share| *share >= 1.0)).collect()
}

/// The chosen trial.
pub(super) fn chosen(run: &RunFolder) -> Option<&Row> {
    let trial = run.number("chosen.trial")?;
    run.trials.iter().find(|row| row.get("trial") == Some(&trial))
}

/// The parameters of the search, those that matter most first.
pub(super) fn parameters(run: &RunFolder) -> Vec<(Parameter, f64)> {
    let rows = whole(run);
    let of = |tree: &Value| {
        let name = tree.get("name").and_then(Value::as_str)?.to_owned();
        let mut values: Vec<f64> = rows.iter().filter_map(|row| row.get(&name).copied()).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let is_log = tree.get("is_log").and_then(Value::as_bool).unwrap_or(false);
        (values.len() > 1).then(|| {
            let share = importance(&rows, &name);
            (Parameter { name, values, is_log }, share)
        })
    };
    let mut found: Vec<(Parameter, f64)> = run.list("search.space").iter().filter_map(of).collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

/// The share of the differences between trials' objectives that goes with this parameter alone: ω² of groups of its values, 0 to 1.
fn importance(rows: &[&Row], name: &str) -> f64 {
    let mut points: Vec<(f64, f64)> = rows.iter().filter_map(|row| Some((*row.get(name)?, objective(row)?))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = groups(&points);
    let n = points.len() as f64;
    let Some(centre) = mean(&points.iter().map(|p| p.1).collect::<Vec<_>>()) else { return 0.0 };
    let total: f64 = points.iter().map(|p| (p.1 - centre) * (p.1 - centre)).sum();
    let between: f64 = groups.iter().map(|g| g.len() as f64 * (mean(g).unwrap_or(centre) - centre).powi(2)).sum();
    let free = n - groups.len() as f64;
    if total <= 0.0 || free <= 0.0 || groups.len() < 2 {
        return 0.0;
    }
    let noise = (total - between).max(0.0) / free;
    ((between - (groups.len() - 1) as f64 * noise) / (total + noise)).clamp(0.0, 1.0)
}

/// The objectives of points sorted by a parameter, in about [`GROUPS`] groups; equal values stay together.
fn groups(points: &[(f64, f64)]) -> Vec<Vec<f64>> {
    let size = points.len().div_ceil(GROUPS).max(1);
    let mut groups: Vec<Vec<f64>> = Vec::new();
    let mut last = None;
    for (value, objective) in points {
        let is_full = groups.last().is_none_or(|g| g.len() >= size);
        if groups.is_empty() || (is_full && last != Some(*value)) {
            groups.push(Vec::new());
        }
        groups.last_mut().expect("one was pushed").push(*objective);
        last = Some(*value);
    }
    groups
}

impl Parameter {
    /// Whether few enough values were tried to give each a place of its own.
    const fn is_stepped(&self) -> bool {
        self.values.len() <= MOST_PLACES
    }

    /// Where a value lies on the parameter's axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        if self.is_stepped() {
            self.values.partition_point(|v| *v < value) as f64
        } else if self.is_log {
            libm::log10(value)
        } else {
            value
        }
    }

    /// The axis, with about `ticks` ticks.
    pub(super) fn axis(&self, ticks: usize) -> Axis {
        let (first, last) = (self.values[0], self.values[self.values.len() - 1]);
        if self.is_stepped() {
            let every = self.values.len().div_ceil(ticks.max(1));
            let labels = self.values.iter().enumerate().step_by(every).map(|(i, v)| (i as f64, plain(*v))).collect();
            return Axis { lo: -0.5, hi: self.values.len() as f64 - 0.5, ticks: labels };
        }
        if self.is_log {
            let (lo, hi) = (libm::log10(first), libm::log10(last));
            let at = |i: usize| lo + (hi - lo) * i as f64 / ticks.max(2) as f64;
            let label = |at: f64| format!("{:.3e}", libm::pow(10.0, at)).parse().map_or_else(|_| String::new(), plain);
            return Axis { lo, hi, ticks: (0..=ticks.max(2)).map(|i| (at(i), label(at(i)))).collect() };
        }
        let axis = Axis::values(first, last, ticks, Unit::Plain);
        Axis { lo: first, hi: last, ticks: axis.ticks.into_iter().filter(|(at, _)| (first..=last).contains(at)).collect() }
    }

    /// The edges of the cells into which its axis is cut: one a value, or `many` equal ones.
    fn edges(&self, many: usize) -> Vec<f64> {
        let axis = self.axis(2);
        let count = if self.is_stepped() { self.values.len() } else { many };
        (0..=count).map(|i| axis.lo + (axis.hi - axis.lo) * i as f64 / count as f64).collect()
    }
}

/// A cell of the plane of two parameters.
pub(super) struct Cell {
    pub(super) x: (f64, f64),
    pub(super) y: (f64, f64),
    /// The median objective of the trials there.
    pub(super) value: f64,
}

/// The objective over two parameters.
pub(super) fn cells(rows: &[&Row], across: &Parameter, up: &Parameter, detail: (usize, usize)) -> Vec<Cell> {
    let (columns, lines) = (across.edges(detail.0), up.edges(detail.1));
    let within = |edges: &[f64], place: f64| edges.partition_point(|edge| *edge <= place).clamp(1, edges.len() - 1) - 1;
    let mut found: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for row in rows {
        let (Some(x), Some(y), Some(value)) = (row.get(&across.name), row.get(&up.name), objective(row)) else { continue };
        found.entry((within(&columns, across.place(*x)), within(&lines, up.place(*y)))).or_default().push(value);
    }
    let cell = |((i, j), values): ((usize, usize), Vec<f64>)| {
        Some(Cell { x: (columns[i], columns[i + 1]), y: (lines[j], lines[j + 1]), value: median(&values)? })
    };
    found.into_iter().filter_map(cell).collect()
}

/// What the colours of a map span: the objectives without the outermost hundredth at each end.
pub(super) fn span(cells: &[Cell]) -> Option<(f64, f64)> {
    let values: Vec<f64> = cells.iter().map(|c| c.value).collect();
    quantile(&values, 0.01).zip(quantile(&values, 0.99))
}

/// The objective along one parameter through the chosen trial: every other parameter as chosen. Empty below three points.
pub(super) fn slice(rows: &[&Row], chosen: &Row, along: &Parameter, all: &[(Parameter, f64)]) -> Vec<(f64, f64)> {
    let is_beside = |row: &Row| all.iter().all(|(p, _)| p.name == along.name || row.get(&p.name) == chosen.get(&p.name));
    let mut points: Vec<(f64, f64)> =
        rows.iter().filter(|row| is_beside(row)).filter_map(|row| Some((along.place(*row.get(&along.name)?), objective(row)?))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    if points.len() < 3 { Vec::new() } else { points }
}

/// The median objective of the trials in each stretch of a parameter's axis.
pub(super) fn medians(rows: &[&Row], along: &Parameter) -> Vec<(f64, f64)> {
    let edges = along.edges(16);
    let mut found: Vec<Vec<f64>> = vec![Vec::new(); edges.len() - 1];
    for row in rows {
        let (Some(value), Some(objective)) = (row.get(&along.name), objective(row)) else { continue };
        let at = edges.partition_point(|edge| *edge <= along.place(*value)).clamp(1, found.len()) - 1;
        found[at].push(objective);
    }
    let middle = |i: usize| (edges[i] + edges[i + 1]) / 2.0;
    found.iter().enumerate().filter_map(|(i, values)| Some((middle(i), median(values)?))).collect()
}

/// The number at a path of the run's luck.
pub(super) fn luck(run: &RunFolder, path: &str) -> Option<f64> {
    number(&run.run, &format!("luck.{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid over `a` (1 to 4) and `b` (10, 20, 30), its objective 10·a + noise of b's parity.
    fn grid() -> RunFolder {
        let row = |(i, (a, b)): (usize, (f64, f64))| {
            Row::from([("trial".into(), i as f64), ("a".into(), a), ("b".into(), b), ("objective".into(), 10.0 * a + b / 10.0 % 2.0)])
        };
        let pairs = (1..=4).flat_map(|a| [10.0, 20.0, 30.0].map(|b| (f64::from(a), b)));
        let run = serde_json::json!({"search": {"space": [{"name": "b"}, {"name": "a"}, {"name": "c"}]}, "chosen": {"trial": 9}});
        RunFolder { run, trials: pairs.enumerate().map(row).collect(), ..RunFolder::default() }
    }

    #[test]
    fn the_parameter_that_moves_the_objective_comes_first_and_what_did_not_vary_is_left_out() {
        let run = grid();
        let found = parameters(&run);
        let names: Vec<&str> = found.iter().map(|(p, _)| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(found[0].1 > 0.95 && found[1].1 < 0.1, "{} {}", found[0].1, found[1].1);
    }

    #[test]
    fn every_point_of_a_grid_is_a_cell_with_its_objective() {
        let run = grid();
        let (found, rows) = (parameters(&run), whole(&run));
        let cells = cells(&rows, &found[0].0, &found[1].0, (30, 20));
        assert_eq!(cells.len(), 12);
        assert_eq!((cells[0].x, cells[0].y, cells[0].value), ((-0.5, 0.5), (-0.5, 0.5), 11.0));
        assert_eq!(found[0].0.axis(10).ticks.iter().map(|t| t.1.as_str()).collect::<Vec<_>>(), ["1", "2", "3", "4"]);
    }

    #[test]
    fn a_slice_keeps_the_other_parameters_as_chosen() {
        let run = grid();
        let (found, rows) = (parameters(&run), whole(&run));
        // trial 9 is a = 4, b = 10
        let chosen = chosen(&run).unwrap();
        assert_eq!(slice(&rows, chosen, &found[0].0, &found), [(0.0, 11.0), (1.0, 21.0), (2.0, 31.0), (3.0, 41.0)]);
        assert_eq!(slice(&rows, chosen, &found[1].0, &found), [(0.0, 41.0), (1.0, 40.0), (2.0, 41.0)]);
        assert_eq!(medians(&rows, &found[0].0)[1], (1.0, 21.0));
    }

    #[test]
    fn many_values_are_a_continuum_in_equal_cells() {
        let rows: Vec<Row> = (0..200).map(|i| Row::from([("x".into(), f64::from(i)), ("objective".into(), f64::from(i % 7))])).collect();
        let run = RunFolder {
            run: serde_json::json!({"search": {"space": [{"name": "x", "is_log": false}]}}),
            trials: rows,
            ..RunFolder::default()
        };
        let (found, rows) = (parameters(&run), whole(&run));
        let axis = found[0].0.axis(4);
        assert_eq!((axis.lo, axis.hi, axis.ticks.first().map(|t| t.1.clone())), (0.0, 199.0, Some("0".into())));
        assert_eq!(cells(&rows, &found[0].0, &found[0].0, (10, 10)).len(), 10);
        assert!(found[0].1 < 0.05, "{}", found[0].1);
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!([plain(20.0), plain(0.5), plain(1.23456), plain(-3.0)], ["20", "0.5", "1.2346", "−3"]);
    }
}
