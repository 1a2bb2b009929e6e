//! Two runs side by side: every metric, and how sure the difference between them is.
//!
//! A difference is always **b − a**. The intervals resample the daily returns of both runs by the same rows, on the days that both
//! have, so what the market did to both cancels. Runs that answer different questions (other data, costs, span) are compared all the
//! same, and the comparison says so first.

use super::format::{self, MISSING, or_dash};
use super::manifest::params;
use super::metrics::{metric, rank};
use super::run::{RunFolder, at};
use super::series;
use super::series::Day;
use crate::error::Result;
use crate::seed::Seed;
use crate::stats::bootstrap::{Interval, Options, difference_interval};
use crate::stats::{moments, ratios};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A metric of both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The metric's key in `run.json`.
    pub key: String,
    /// Its value in the first run; `None` where undefined.
    pub a: Option<f64>,
    /// Its value in the second run; `None` where undefined.
    pub b: Option<f64>,
}

impl Row {
    /// b − a, where both are defined.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        Some(self.b? - self.a?)
    }
}

/// Two runs side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The first run's name, id, strategies and their parameters.
    pub a: String,
    /// The same of the second run.
    pub b: String,
    /// The metrics either run holds, in the order of the report.
    pub rows: Vec<Row>,
    /// Trading days on which both have a return.
    pub common_days: usize,
    /// Interval of the mean daily return of b less that of a; `None` with too few common days.
    pub mean_return: Option<Interval>,
    /// Interval of the annualised Sharpe ratio of b less that of a; `None` with too few common days or no variance.
    pub sharpe: Option<Interval>,
    /// In what the two questions differ beyond the strategy.
    pub warnings: Vec<String>,
    /// Whether the parameters of either could have been chosen on the very data.
    pub in_sample: bool,
    /// The starting capital and the ends of the days of each run.
    pub(super) curves: [(f64, Vec<Day>); 2],
}

/// Fewer common days than this give no interval.
const LEAST_DAYS: usize = 20;

/// Reads the run folders `a` and `b` and sets them side by side.
///
/// # Errors
/// [`crate::error::Error::Io`] when a `run.json` is missing, [`crate::error::Error::Data`] when a file does not parse.
pub fn compare(a: &Path, b: &Path) -> Result<Comparison> {
    let (a, b) = (RunFolder::read(a)?, RunFolder::read(b)?);
    let curves = [&a, &b].map(|run| (series::start(run), series::daily(run)));
    let (first, second) = common_returns(&returns(&curves[0]), &returns(&curves[1]));
    let options = Options::new(Seed::new(0).child("compare"));
    let periods = a.number("periods_per_year").or_else(|| b.number("periods_per_year")).unwrap_or(252.0);
    let enough = first.len() >= LEAST_DAYS;
    Ok(Comparison {
        a: title(&a),
        b: title(&b),
        rows: rows(&a, &b),
        common_days: first.len(),
        mean_return: enough.then(|| difference_interval(&second, &first, moments::mean, &options)).flatten(),
        sharpe: enough.then(|| difference_interval(&second, &first, |r| ratios::sharpe(r, 0.0, periods), &options)).flatten(),
        warnings: warnings(&a, &b),
        in_sample: [&a, &b].iter().any(|run| at(&run.verdict, "in_sample").and_then(Value::as_bool).unwrap_or(true)),
        curves,
    })
}

fn title(run: &RunFolder) -> String {
    let id = run.text("id").map_or_else(String::new, |id| format!(" ({id})"));
    let strategies = run.list("manifest.strategies").iter().filter_map(|s| Some(format!("{} {}", s.get("name")?.as_str()?, params(s))));
    let mut strategies: Vec<String> = strategies.collect();
    strategies.dedup();
    let strategies = if strategies.is_empty() { String::new() } else { format!(": {}", strategies.join("; ")) };
    format!("{}{id}{strategies}", run.text("name").unwrap_or("unnamed run"))
}

fn rows(a: &RunFolder, b: &RunFolder) -> Vec<Row> {
    let keys = |run: &RunFolder| -> Vec<String> {
        at(&run.run, "metrics").and_then(Value::as_object).map(|m| m.keys().cloned().collect()).unwrap_or_default()
    };
    let mut all = keys(a);
    all.extend(keys(b).into_iter().filter(|key| !all.contains(key)).collect::<Vec<_>>());
    all.sort_by_key(|key| rank(key));
    let row = |key: String| {
        let path = format!("metrics.{key}");
        Row { a: a.number(&path), b: b.number(&path), key }
    };
    all.into_iter().map(row).collect()
}

fn returns((start, days): &(f64, Vec<Day>)) -> BTreeMap<i64, f64> {
    let levels: Vec<f64> = days.iter().map(|d| d.equity).collect();
    let returns = ratios::returns_of(*start, &levels).unwrap_or_default();
    days.iter().map(|d| d.day).zip(returns).collect()
}

fn common_returns(a: &BTreeMap<i64, f64>, b: &BTreeMap<i64, f64>) -> (Vec<f64>, Vec<f64>) {
    a.iter().filter_map(|(day, r)| Some((*r, *b.get(day)?))).unzip()
}

fn warnings(a: &RunFolder, b: &RunFolder) -> Vec<String> {
    let differ = |path: &str| at(&a.run, path) != at(&b.run, path);
    let column = |run: &RunFolder, key: &str| run.list("manifest.data").iter().map(|d| d.get(key).cloned()).collect::<Vec<_>>();
    let files = |key: &str| column(a, key) != column(b, key);
    let spans = |run: &RunFolder| run.equity.first().map(|r| r.time).zip(run.equity.last().map(|r| r.time));
    let checks = [
        (files("symbol"), "The runs trade different instruments."),
        (files("timeframe"), "The runs use bars of different length."),
        (files("sha256"), "The runs read different data files."),
        (
            spans(a) != spans(b) || files("first") || files("last"),
            "The runs cover different spans; only the common days enter the intervals.",
        ),
        (differ("manifest.spec.costs"), "The runs assume different costs."),
        (differ("manifest.spec.fills"), "The runs fill orders by different rules."),
        (differ("manifest.spec.account"), "The accounts differ in cash, leverage or sizing."),
        (differ("manifest.spec.risk"), "The risk limits differ."),
        (differ("manifest.version"), "The runs come from different versions of the program."),
        (differ("periods_per_year"), "The runs count a year by different numbers of days; the first run’s number is used."),
    ];
    checks.into_iter().filter(|(found, _)| *found).map(|(_, text)| text.to_owned()).collect()
}

impl Comparison {
    /// The comparison for a terminal: warnings, the table, the intervals.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines = vec![format!("a  {}", self.a), format!("b  {}", self.b), String::new()];
        lines.extend(self.warnings.iter().map(|w| format!("warning: {w}")));
        if !self.warnings.is_empty() {
            lines.push(String::new());
        }
        let mut cells = vec![["", "a", "b", "b − a"].map(str::to_owned)];
        cells.extend(self.rows.iter().map(Self::cells));
        let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2), width(3)];
        for [name, a, b, difference] in &cells {
            let [w0, w1, w2, w3] = widths;
            lines.push(format!("{name:<w0$}  {a:>w1$}  {b:>w2$}  {difference:>w3$}"));
        }
        lines.push(String::new());
        lines.extend(self.interval_lines());
        lines.join("\n") + "\n"
    }

    pub(super) fn cells(row: &Row) -> [String; 4] {
        let (name, with) = metric(&row.key);
        let difference = or_dash(row.difference(), with).replace('%', " pp");
        [format::typeset(&name), or_dash(row.a, with), or_dash(row.b, with), difference]
    }

    /// The two intervals in words, how they were made, and how to read them.
    pub(super) fn interval_lines(&self) -> Vec<String> {
        let scaled = |interval: Option<Interval>, factor: f64, decimals: usize, unit: &str| {
            let number = |v: f64| format::decimal(v * factor, decimals) + unit;
            interval.map_or_else(
                || MISSING.to_owned(),
                |i| {
                    let sure = if i.spans_zero() { "may be chance" } else { "zero lies outside" };
                    format!(
                        "{}, {}% interval {} to {}: {sure}",
                        number(i.point),
                        format::count(i.level * 100.0),
                        number(i.low),
                        number(i.high)
                    )
                },
            )
        };
        let mut lines = vec![
            format!("Mean daily return, b − a: {}", scaled(self.mean_return, 100.0, 4, "%")),
            format!("Sharpe ratio, b − a: {}", scaled(self.sharpe, 1.0, 2, "")),
        ];
        let method = self.mean_return.map_or_else(
            || format!("{} common trading days; {LEAST_DAYS} are needed for an interval.", self.common_days),
            |i| {
                format!(
                    "{} common trading days, {} paired resamples from seed 0, mean block {:.1} days.",
                    format::count(self.common_days as f64),
                    format::count(i.resamples as f64),
                    i.block_bars
                )
            },
        );
        lines.push(method);
        if self.in_sample {
            lines.push("In sample: the better of two that were tried on the same data looks better than it is.".to_owned());
        }
        lines
    }

    /// Writes the comparison as a self-contained page to `path`.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`] when the file cannot be written, [`crate::error::Error::Failed`] when the chart cannot be drawn.
    pub fn write_html(&self, path: &Path) -> Result<()> {
        let page = super::compare_page::render(self)?;
        std::fs::write(path, page).map_err(|e| crate::error::Error::io(path, "cannot write the comparison", e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_both_runs_are_paired() {
        let a = BTreeMap::from([(1, 0.1), (2, 0.2), (4, 0.4)]);
        let b = BTreeMap::from([(2, 2.0), (3, 3.0), (4, 4.0)]);
        assert_eq!(common_returns(&a, &b), (vec![0.2, 0.4], vec![2.0, 4.0]));
    }

    #[test]
    fn a_difference_is_b_less_a_and_missing_with_either() {
        let row = |a, b| Row { key: "sharpe".into(), a, b };
        assert_eq!(row(Some(1.0), Some(1.5)).difference(), Some(0.5));
        assert_eq!(row(None, Some(1.5)).difference(), None);
    }
}
