//! The comparison of two runs as a page.

use super::axis::{Axis, Unit, seconds};
use super::chart_equity::Detail;
use super::compare::Comparison;
use super::format::{self, escape};
use super::ink::Ink;
use super::plot::{Layer, Plot, Point};
use super::{page, svg, tables, thin};
use crate::error::Result;

/// The whole page.
///
/// # Errors
/// [`crate::error::Error::Failed`] when the chart cannot be drawn.
pub(super) fn render(comparison: &Comparison) -> Result<String> {
    let mut html = page::opening(&format!("{} against {}", comparison.b, comparison.a));
    html += "<header>\n<p class=\"eyebrow\">Two runs side by side · cthulu-lab</p>\n<h1>Comparison</h1>\n";
    html += &format!(
        "<p class=\"subtitle\"><strong>a</strong> {}</p>\n<p class=\"subtitle\"><strong>b</strong> {}</p>\n</header>\n",
        escape(&comparison.a),
        escape(&comparison.b)
    );
    let items = |lines: &[String]| lines.iter().fold(String::new(), |html, line| html + "<li>" + &escape(line) + "</li>\n");
    html += "<section class=\"verdict caution\" aria-label=\"Difference\">\n<p class=\"label\">b less a</p>\n";
    html +=
        &format!("<p class=\"headline\">{}</p>\n<ul>\n{}</ul>\n</section>\n", headline(comparison), items(&comparison.interval_lines()));
    if !comparison.warnings.is_empty() {
        html += &format!(
            "<section>\n<h2>Not the same question</h2>\n<ul class=\"prose warnings\">\n{}</ul>\n</section>\n",
            items(&comparison.warnings)
        );
    }
    if let (Some(wide), Some(narrow)) = (curves(comparison, Detail::Wide), curves(comparison, Detail::Narrow)) {
        html += "<section>\n<h2>Growth</h2>\n<p class=\"note\">Equity as a multiple of the starting capital, at the end of each trading day.</p>\n<figure>\n<figcaption>";
        html += "<span class=\"key k-benchmark\">a</span><span class=\"key k-strategy\">b</span></figcaption>\n";
        html += &svg::both(&wide, &narrow, 320)?;
        html += "</figure>\n</section>\n";
    }
    let rows: Vec<Vec<String>> = comparison.rows.iter().map(|row| Comparison::cells(row).map(|cell| escape(&cell)).to_vec()).collect();
    html += "<section>\n<h2>Metrics</h2>\n<p class=\"note\">Differences of percentages are in percentage points (pp).</p>\n";
    html += &tables::table("Metrics of both runs", &[("Metric", false), ("a", true), ("b", true), ("b − a", true)], &rows);
    Ok(html + "</section>\n</main>\n</body>\n</html>\n")
}

fn headline(comparison: &Comparison) -> &'static str {
    match comparison.mean_return {
        None => "Too few common days to say which is better.",
        Some(interval) if interval.spans_zero() => "The difference in daily return may well be chance.",
        Some(interval) if interval.point > 0.0 => "b earned more a day than a, beyond what chance explains.",
        Some(_) => "a earned more a day than b, beyond what chance explains.",
    }
}

fn curves(comparison: &Comparison, detail: Detail) -> Option<Plot> {
    let [a, b] = comparison
        .curves
        .each_ref()
        .map(|(start, days)| days.iter().map(|d| (seconds(d.closed_at), d.equity / start)).collect::<Vec<Point>>());
    let moments = || comparison.curves.iter().flat_map(|(_, days)| days).map(|d| d.closed_at);
    let (first, last) = (moments().min()?, moments().max()?);
    let (lo, hi) = a.iter().chain(&b).fold((1.0_f64, 1.0_f64), |(lo, hi), p| (lo.min(p.1), hi.max(p.1)));
    let ends = [&a, &b].map(|curve| curve.last().map_or_else(|| format::MISSING.to_owned(), |p| format::two(p.1)));
    let line = |points: &[Point], ink| Layer::Line { points: thin::outline(points, detail.pick(999.0, 300.0) as usize), ink, width: 1.5 };
    Some(Plot {
        title: "Growth of both runs".to_owned(),
        alt: format!(
            "Growth of both runs between {} and {}: a ends at {} times its start, b at {}.",
            format::date(first),
            format::date(last),
            ends[0],
            ends[1]
        ),
        x: Axis::times(first, last, detail.ticks()),
        y: Axis::values(lo, hi, 5, Unit::Plain),
        x_name: None,
        y_name: None,
        layers: vec![Layer::Level { at: 1.0, ink: Ink::Muted }, line(&a, Ink::Benchmark), line(&b, Ink::Strategy)],
        legend: vec![("a".to_owned(), Ink::Benchmark), ("b".to_owned(), Ink::Strategy)],
    })
}
