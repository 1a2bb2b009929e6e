//! The page of many paths: how every figure of a strategy is distributed when only luck differs.
//!
//! Reads `run.json`, `paths.csv` and `fan.csv` of a Monte Carlo run and draws them; says of how many paths a figure is undefined on.

use std::path::Path;

use serde_json::Value;

use super::axis::{Axis, Unit, seconds};
use super::chart_equity::Detail;
use super::format::{self, MISSING, escape, or_dash};
use super::ink::Ink;
use super::metrics::{metric, rank};
use super::page::{self, Figure};
use super::plot::{Layer, Plot, Point};
use super::run::{self, RunFolder, at, number};
use super::tables;
use crate::error::Result;
use crate::stats::explain::explain;
use crate::time::Nanos;

/// Bars of a histogram.
const BINS: usize = 30;
/// Figures that are drawn, in this order; the table has all.
const DRAWN: [&str; 8] =
    ["return_fraction", "sharpe", "max_drawdown_fraction", "profit_factor", "expectancy", "win_rate", "trades", "costs_total"];
/// Figures that are a gain above zero and a loss below.
const SIGNED: [&str; 3] = ["return_fraction", "sharpe", "expectancy"];

/// What lies beside `run.json`.
#[derive(Default)]
pub(super) struct Rows {
    /// The paths' figures by key, undefined ones left out.
    figures: Vec<(String, Vec<f64>)>,
    /// Quantiles of the equity: 5, 25, 50, 75 and 95 %.
    fan: Vec<(Nanos, [f64; 5])>,
}

impl Rows {
    pub(super) fn read(dir: &Path, run: &RunFolder) -> Result<Self> {
        let tree = at(&run.run, "metrics").and_then(Value::as_object);
        let mut keys: Vec<String> = tree.into_iter().flatten().map(|(key, _)| key.clone()).collect();
        keys.sort_by_key(|key| rank(key));
        let rows = run::rows(&dir.join("paths.csv"), |row| Some(keys.iter().map(|key| row.number(key)).collect::<Vec<_>>()))?;
        let column = |i: usize| rows.iter().filter_map(|row| row[i]).collect();
        let figures = keys.iter().enumerate().map(|(i, key)| (key.clone(), column(i))).collect();
        let fan = run::rows(&dir.join("fan.csv"), |row| {
            let quantiles = ["p05", "p25", "p50", "p75", "p95"].map(|name| row.number(name));
            let [Some(a), Some(b), Some(c), Some(d), Some(e)] = quantiles else { return None };
            Some((row.time("time")?, [a, b, c, d, e]))
        })?;
        Ok(Self { figures, fan })
    }
}

/// The whole page.
///
/// # Errors
/// [`crate::error::Error::Failed`] when a chart cannot be drawn.
pub(super) fn render(run: &RunFolder, rows: &Rows) -> Result<String> {
    let name = run.text("name").unwrap_or("unnamed run");
    let paths = run.number("paths").unwrap_or(0.0);
    let mut html = page::opening(&format!("{name} – Monte Carlo report"));
    let version = run.text("manifest.version").map_or_else(String::new, |v| format!(" {v}"));
    html += &format!("<header>\n<p class=\"eyebrow\">{}</p>\n", escape(&format!("Monte Carlo report · cthulu-lab{version}")));
    html += &format!(
        "<h1>{}</h1>\n<p class=\"subtitle\">{} paths of each market, drawn from the seed {}</p>\n",
        escape(name),
        format::count(paths),
        or_dash(run.number("seed"), format::count)
    );
    html += &(page::subtitle(run) + &page::strategies(run) + "</header>\n");
    html += &verdict(run, paths);
    html += &tiles(run, paths);
    html += &page::warnings(run);
    html += &equity(run, rows)?;
    html += &histograms(run, rows)?;
    let note =
        "Over the paths on which a figure is defined; quantiles interpolate. A loss on one path in twenty is worse than the 5 % quantile.";
    html += &page::section("All metrics", note, &table(run, rows));
    html += &page::section("Markets", "What is known of the prices, because it was chosen.", &markets(run));
    html += &page::section("Manifest", "", &super::manifest::section(run));
    html += "</main>\n<script>\n";
    html += include_str!("script.js");
    Ok(html + "</script>\n</body>\n</html>\n")
}

fn verdict(run: &RunFolder, paths: f64) -> String {
    let count = |key: &str| or_dash(run.number(key), format::count);
    let share = |key: &str| or_dash(run.number(key), format::percent);
    let headline = format!("“Profitable” is said on {} of {} paths", count("profitable.count"), format::count(paths));
    let lines = [
        format!("That is {}, with a 95% interval from {} to {}.", share("profitable.rate"), share("profitable.low"), share("profitable.high")),
        format!(
            "“Loses money” is said on {}, and on {} there is not enough evidence for either.",
            count("verdicts.loses"),
            count("verdicts.not_enough_evidence")
        ),
        format!("{} of the paths end with less than they began with.", count("losing_paths")),
        "The prices are synthetic: this tells how luck alone spreads the result of these rules on such a market, and nothing of a real one.".to_owned(),
    ];
    let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
    format!(
        "<section class=\"verdict caution\" aria-label=\"Verdict\">\n<p class=\"label\">Many paths</p>\n<p class=\"headline\">{}</p>\n<ul>\n{items}</ul>\n</section>\n",
        escape(&headline)
    )
}

/// The middle of a few figures, and where most paths lie.
fn tiles(run: &RunFolder, paths: f64) -> String {
    let mut html = "<section class=\"tiles\" aria-label=\"Key numbers\">\n".to_owned();
    for key in ["return_fraction", "sharpe", "max_drawdown_fraction", "profit_factor", "win_rate", "trades"] {
        let (name, with) = metric(key);
        let of = |quantile: &str| or_dash(run.number(&format!("metrics.{key}.{quantile}")), with);
        let undefined = run.number(&format!("metrics.{key}.undefined")).filter(|n| *n > 0.0);
        let undefined = undefined.map_or_else(String::new, |n| {
            format!("<span class=\"sub\">undefined on {} of {}</span>", format::count(n), format::count(paths))
        });
        html += &format!(
            "<div class=\"tile\"><span class=\"name\">{}, median</span><span class=\"value\">{}</span><span class=\"sub\">nine paths in ten from {} to {}</span>{undefined}</div>\n",
            escape(&format::typeset(&name)),
            of("p50"),
            of("p05"),
            of("p95")
        );
    }
    html + "</section>\n"
}

fn equity(run: &RunFolder, rows: &Rows) -> Result<String> {
    let note = format!(
        "At each moment half of the paths lie in the darker band and nine in ten in the lighter one; the line is the median. In {}, after all costs; the level line is the starting capital.",
        escape(run.currency())
    );
    let what = Figure { height: 340, unit: None, absent: "No equity was recorded." };
    Ok(page::section("Equity over all paths", &note, &page::figure(|detail| fan(run, rows, detail), &what)?))
}

fn fan(run: &RunFolder, rows: &Rows, detail: Detail) -> Option<Plot> {
    let ((first, _), (last, end)) = (rows.fan.first()?, rows.fan.last()?);
    let line = |i: usize| rows.fan.iter().map(|(time, q)| (seconds(*time), q[i])).collect::<Vec<Point>>();
    let band = |low: usize, high: usize| {
        let mut points = line(low);
        points.extend(line(high).into_iter().rev());
        points
    };
    let (lo, hi) = rows.fan.iter().flat_map(|(_, q)| q).fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
    let mut layers = vec![
        Layer::Band { points: band(0, 4), ink: Ink::Strategy, opacity: 0.14 },
        Layer::Band { points: band(1, 3), ink: Ink::Strategy, opacity: 0.24 },
        Layer::Line { points: line(2), ink: Ink::Strategy, width: detail.pick(1.7, 1.5) },
    ];
    if let Some(cash) = run.number("manifest.spec.account.cash") {
        layers.insert(0, Layer::Level { at: cash.clamp(lo, hi), ink: Ink::Muted });
    }
    let ends = end.map(format::two);
    let alt = format!(
        "Equity over the paths between {} and {}: at the end the median is {}, half of the paths lie between {} and {}, nine in ten between {} and {}.",
        format::date(*first),
        format::date(*last),
        ends[2],
        ends[1],
        ends[3],
        ends[0],
        ends[4]
    );
    Some(Plot {
        title: "Equity over all paths".to_owned(),
        alt,
        x: Axis::times(*first, *last, detail.ticks()),
        y: Axis::values(lo, hi, 6, Unit::Plain),
        x_name: None,
        y_name: None,
        layers,
        legend: vec![(format!("median at the end: {}", ends[2]), Ink::Strategy)],
    })
}

fn histograms(run: &RunFolder, rows: &Rows) -> Result<String> {
    let mut body = String::new();
    for key in DRAWN {
        let Some((_, values)) = rows.figures.iter().find(|(known, values)| known == key && !values.is_empty()) else { continue };
        let (name, with) = metric(key);
        let of = |quantile: &str| or_dash(run.number(&format!("metrics.{key}.{quantile}")), with);
        body += &format!("<h3>{}</h3>\n", escape(&format::typeset(&name)));
        body += &format!(
            "<p class=\"note\">Median {}; half of the paths from {} to {}, nine in ten from {} to {}.</p>\n",
            of("p50"),
            of("p25"),
            of("p75"),
            of("p05"),
            of("p95")
        );
        let what = Figure { height: 220, unit: None, absent: "It is undefined on every path." };
        body += &page::figure(|detail| histogram(key, values, detail), &what)?;
    }
    Ok(page::section("How the figures are spread", "Height is the number of paths; the upright line is the median.", &body))
}

/// Values in bars of equal width, with an edge on zero where they lie on both sides of it.
fn bins(values: &[f64]) -> Vec<(f64, f64, usize)> {
    let (lo, hi) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
    if values.is_empty() || hi <= lo {
        let half = (lo.abs() * 0.01).max(0.5);
        return if values.is_empty() { Vec::new() } else { vec![(lo - half, lo + half, values.len())] };
    }
    let width = (hi - lo) / BINS as f64;
    let start = if lo < 0.0 && hi > 0.0 { (lo / width).floor() * width } else { lo };
    let count = ((hi - start) / width - 1e-9).ceil().max(1.0) as usize;
    let mut counts = vec![0; count];
    for value in values {
        let place = (((value - start) / width) as usize).min(count - 1);
        counts[place] += 1;
    }
    counts.into_iter().enumerate().map(|(i, n)| (start + i as f64 * width, start + (i + 1) as f64 * width, n)).collect()
}

fn histogram(key: &str, values: &[f64], detail: Detail) -> Option<Plot> {
    let bins = bins(values);
    let ((first, ..), (_, last, _)) = (*bins.first()?, *bins.last()?);
    let tallest = bins.iter().map(|(.., count)| *count).max()?;
    let bars = |wanted: &dyn Fn(f64) -> bool| {
        let side = bins.iter().filter(|(from, to, count)| *count > 0 && wanted(from + to));
        side.map(|(from, to, count)| (*from, *to, *count as f64)).collect::<Vec<_>>()
    };
    let mut layers = if SIGNED.contains(&key) {
        vec![
            Layer::Bars { bars: bars(&|middle| middle <= 0.0), ink: Ink::Loss },
            Layer::Bars { bars: bars(&|middle| middle > 0.0), ink: Ink::Gain },
        ]
    } else {
        vec![Layer::Bars { bars: bars(&|_| true), ink: Ink::Strategy }]
    };
    let median = crate::stats::moments::quantile(values, 0.5)?;
    layers.push(Layer::Upright { at: median, ink: Ink::Text });
    let (name, with) = metric(key);
    let is_share = explain(key).is_some_and(|info| info.unit.starts_with("fraction") || info.unit == "probability");
    let unit = if is_share { Unit::Percent } else { Unit::Plain };
    let alt = format!("{name} of {} paths, from {} to {}, median {}.", values.len(), with(first), with(last), with(median));
    Some(Plot {
        title: name,
        alt,
        x: Axis::values(first, last, detail.pick(10.0, 4.0) as usize, unit),
        y: Axis::values(0.0, tallest as f64, 4, Unit::Count),
        x_name: None,
        y_name: None,
        layers,
        legend: Vec::new(),
    })
}

fn table(run: &RunFolder, rows: &Rows) -> String {
    let columns = ["mean", "deviation", "min", "p05", "p25", "p50", "p75", "p95", "max"];
    let row = |(key, _): &(String, Vec<f64>)| {
        let (name, with) = metric(key);
        let of = |column: &str| or_dash(run.number(&format!("metrics.{key}.{column}")), with);
        let mut cells = vec![format!("{} <code>{}</code>", escape(&format::typeset(&name)), escape(key))];
        cells.extend(columns.map(of));
        cells.push(or_dash(run.number(&format!("metrics.{key}.undefined")), format::count));
        cells
    };
    let mut heads = vec![("Metric", false)];
    heads.extend(["Mean", "Deviation", "Least", "5 %", "25 %", "Median", "75 %", "95 %", "Most", "Undefined"].map(|head| (head, true)));
    tables::table("All metrics over the paths", &heads, &rows.figures.iter().map(row).collect::<Vec<_>>())
}

fn markets(run: &RunFolder) -> String {
    let text = |market: &Value, key: &str| at(market, key).and_then(Value::as_str).map_or_else(|| MISSING.to_owned(), escape);
    let parameters = |market: &Value| {
        let tree = at(market, "parameters").and_then(Value::as_object);
        let told = tree.into_iter().flatten().map(|(name, value)| format!("{name} = {value}"));
        escape(&told.collect::<Vec<_>>().join(", "))
    };
    let row = |market: &Value| {
        let bars = or_dash(number(market, "bars"), format::count);
        vec![text(market, "symbol"), text(market, "kind"), bars, text(market, "timeframe"), text(market, "calendar"), parameters(market)]
    };
    let heads = [("Symbol", false), ("Kind", false), ("Bars", true), ("Each", false), ("Hours", false), ("Parameters", false)];
    let list = run.list("markets");
    let mut html = tables::table("Markets", &heads, &list.iter().map(row).collect::<Vec<_>>());
    let mut formulas: Vec<String> = Vec::new();
    for formula in list.iter().filter_map(|m| at(m, "truth.formulas").and_then(Value::as_array)).flatten().filter_map(Value::as_str) {
        let line = escape(formula);
        if !formulas.contains(&line) {
            formulas.push(line);
        }
    }
    html += &page::list(formulas, "prose");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bar_holds_both_gains_and_losses_and_every_path_is_in_one() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.07 - 2.0).collect();
        let bins = bins(&values);
        assert_eq!(bins.iter().map(|(.., n)| n).sum::<usize>(), 100);
        assert!(bins.iter().all(|(from, to, _)| *to <= 1e-12 || *from >= -1e-12), "{bins:?}");
        assert!(bins.len() <= BINS + 1 && bins.windows(2).all(|w| (w[0].1 - w[1].0).abs() < 1e-12));
    }

    #[test]
    fn values_that_do_not_differ_are_one_bar() {
        assert_eq!(bins(&[3.0; 5]), [(2.5, 3.5, 5)]);
        assert!(bins(&[]).is_empty());
        // All above zero: the scale does not reach down to it.
        assert!(bins(&[100.0, 101.0, 103.0])[0].0 >= 100.0);
    }
}
