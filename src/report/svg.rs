//! A chart as inline SVG: drawn ten units to the CSS pixel, so that lines stay smooth, and coloured by style-sheet classes.

use super::format::escape;
use super::ink::Ink;
use super::plot::{FAMILY, Frame, Plot, draw};
use crate::error::Result;
use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;
use std::fmt::Write;

const UNIT: u32 = 10;

/// The chart twice, once wide and once narrow for a phone; the style sheet shows one of them.
///
/// # Errors
/// [`crate::error::Error::Failed`] when drawing fails.
pub(super) fn both(wide: &Plot, narrow: &Plot, height: u32) -> Result<String> {
    let frame = |width, height| Frame { width, height, unit: UNIT, is_picture: false };
    Ok(one(wide, frame(1000, height), "wide")? + &one(narrow, frame(360, height.min(260)), "narrow")?)
}

/// The chart at half the page's width, for two side by side; on a phone it has a line of its own.
///
/// # Errors
/// As [`both`].
pub(super) fn half(plot: &Plot, height: u32) -> Result<String> {
    one(plot, Frame { width: 480, height, unit: UNIT, is_picture: false }, "half")
}

fn one(plot: &Plot, frame: Frame, class: &str) -> Result<String> {
    let (width, height) = frame.size();
    let mut drawn = String::new();
    {
        let area = SVGBackend::with_string(&mut drawn, (width, height)).into_drawing_area();
        draw(plot, frame, &area)?;
        area.present().map_err(|e| crate::error::Error::Failed(format!("cannot finish the chart: {e}")))?;
    }
    let body = drawn.split_once('>').map_or("", |(_, body)| body);
    let body = recolour(body).replace(&format!(" font-family=\"{FAMILY}\""), "").replace(" opacity=\"1\"", "").replace(" \"/>", "\"/>");
    let edges = frame.edges(plot);
    let mut svg = String::with_capacity(body.len() + 400);
    write!(svg, "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\"", escape(&plot.alt))
        .expect("strings grow");
    write!(svg, " data-plane=\"{} {} {} {}\"", edges.left, edges.right, edges.top, edges.bottom).expect("strings grow");
    write!(svg, " data-range=\"{} {} {} {}\">", plot.x.lo, plot.x.hi, plot.y.lo, plot.y.hi).expect("strings grow");
    Ok(svg + body.trim_start())
}

/// Replaces each paper colour by the class that carries its meaning.
fn recolour(svg: &str) -> String {
    Ink::ALL.iter().fold(svg.to_owned(), |svg, ink| {
        let rgb = ink.light();
        let hex = format!("#{:02X}{:02X}{:02X}", rgb.0, rgb.1, rgb.2);
        svg.replace(&format!("fill=\"{hex}\""), &format!("class=\"f-{}\"", ink.name()))
            .replace(&format!("stroke=\"{hex}\""), &format!("class=\"s-{}\"", ink.name()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::axis::{Axis, Unit};
    use crate::report::plot::Layer;

    fn plot() -> Plot {
        let points = vec![(0.0, 0.0), (1.0, 1.0)];
        Plot {
            title: "t".into(),
            alt: "a <line>".into(),
            x: Axis::values(0.0, 1.0, 2, Unit::Plain),
            y: Axis::values(0.0, 1.0, 2, Unit::Plain),
            x_name: None,
            y_name: None,
            layers: vec![Layer::Line { points, ink: Ink::Strategy, width: 2.0 }],
            legend: vec![],
        }
    }

    #[test]
    fn paper_colours_are_distinct_so_that_each_maps_to_one_class() {
        for (i, a) in Ink::ALL.iter().enumerate() {
            assert!(Ink::ALL[..i].iter().all(|b| a.light() != b.light() && a.name() != b.name()));
        }
    }

    #[test]
    fn labels_that_would_touch_are_left_out() {
        let ticks = (0..5).map(|i| (f64::from(i) * 0.1, format!("label {i} of ten")));
        let crowded = Plot { x: Axis { lo: 0.0, hi: 1.0, ticks: ticks.collect() }, ..plot() };
        let shown = |svg: &str| (0..5).filter(|i| svg.contains(&format!("label {i} of ten"))).collect::<Vec<_>>();
        // 14 letters take about 101 pixels; 310 pixels of plane give one tick every 31.
        assert_eq!(shown(&one(&crowded, Frame { width: 360, height: 200, unit: UNIT, is_picture: false }, "narrow").unwrap()), [0, 4]);
    }

    #[test]
    fn svg_carries_classes_and_no_fixed_colours() {
        let svg = both(&plot(), &plot(), 300).unwrap();
        assert!(svg.contains("class=\"s-strategy\"") && svg.contains("aria-label=\"a &lt;line&gt;\""));
        assert!(!svg.contains("=\"#") && !svg.contains("font-family"));
        assert_eq!(svg, both(&plot(), &plot(), 300).unwrap());
    }
}
