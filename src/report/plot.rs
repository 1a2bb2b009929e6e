//! A chart as data, and the one place that draws it: on SVG for the page, on pixels for the PNGs.
//!
//! Every position is computed here from two [`Axis`] scales, so both backends show the same picture. Colours are named by [`Ink`].

use super::axis::Axis;
use super::ink::Ink;
use crate::error::{Error, Result};
use plotters::backend::DrawingBackend;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, IntoFont, ShapeStyle, TextStyle, register_font};
use std::sync::Once;

/// The family name under which the vendored font is registered.
pub(super) const FAMILY: &str = "lab-figures";

/// A point in the units of the chart's axes.
pub(super) type Point = (f64, f64);

/// One thing drawn on the plane, in the order given.
pub(super) enum Layer {
    /// A line through the points, `width` in CSS pixels.
    Line { points: Vec<Point>, ink: Ink, width: f64 },
    /// The ground between the points and the level `base`.
    Area { points: Vec<Point>, base: f64, ink: Ink, opacity: f64 },
    /// The ground that the points go round.
    Band { points: Vec<Point>, ink: Ink, opacity: f64 },
    /// A dot at each point.
    Dots { points: Vec<Point>, ink: Ink, radius: f64, opacity: f64 },
    /// Bars from zero: left edge, right edge, height.
    Bars { bars: Vec<(f64, f64, f64)>, ink: Ink },
    /// Rectangles of one colour, each as strong as it says.
    Shades { shades: Vec<Shade>, ink: Ink },
    /// A circle around a point, `radius` and `width` in CSS pixels.
    Ring { at: Point, radius: f64, ink: Ink, width: f64 },
    /// A horizontal rule across the plane.
    Level { at: f64, ink: Ink },
    /// A vertical rule across the plane.
    Upright { at: f64, ink: Ink },
}

/// A rectangle of the plane.
pub(super) struct Shade {
    /// Left and right edge.
    pub(super) x: (f64, f64),
    /// Lower and upper edge.
    pub(super) y: (f64, f64),
    /// 0 for none of the colour, 1 for all of it.
    pub(super) opacity: f64,
}

/// A chart: what it says, its scales and its layers.
pub(super) struct Plot {
    pub(super) title: String,
    /// The picture in a sentence, for who cannot see it.
    pub(super) alt: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// What is counted across, below the ticks.
    pub(super) x_name: Option<String>,
    /// What is counted upwards, above the plane.
    pub(super) y_name: Option<String>,
    pub(super) layers: Vec<Layer>,
    pub(super) legend: Vec<(String, Ink)>,
}

/// A drawing's size in CSS pixels, and how many device units make one of them.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) unit: u32,
    /// Whether this is a picture by itself: with title and legend, which the page writes as text, and on pixels.
    pub(super) is_picture: bool,
}

/// The edges of the plane in device units.
#[derive(Clone, Copy)]
pub(super) struct Edges {
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
}

impl Frame {
    /// The frame's size in device units.
    pub(super) const fn size(&self) -> (u32, u32) {
        (self.width * self.unit, self.height * self.unit)
    }

    fn px(&self, css: f64) -> i32 {
        (css * f64::from(self.unit)).round() as i32
    }

    /// Where `plot`'s plane lies: room for the widest label on the left, for ticks below, for a title above.
    pub(super) fn edges(&self, plot: &Plot) -> Edges {
        let widest = plot.y.ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0);
        let (outer, title) = match (self.is_picture, plot.legend.is_empty()) {
            (false, _) => (0.0, 8.0),
            (true, true) => (20.0, 34.0),
            (true, false) => (20.0, 52.0),
        };
        // Wide charts stand below each other: equal margins keep their time axes aligned.
        let least = if self.width > 600 { 7 } else { 0 };
        let title = if plot.y_name.is_some() { title + 20.0 } else { title };
        let below = if plot.x_name.is_some() { 44.0 } else { 26.0 };
        let (width, height) = self.size();
        Edges {
            left: self.px(outer + 14.0 + 6.9 * widest.max(least) as f64),
            right: width as i32 - self.px(outer + 10.0),
            top: self.px(outer + title),
            bottom: height as i32 - self.px(outer + below),
        }
    }
}

/// Registers the vendored font once.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (regular, bold): (&[u8], &[u8]) =
            (include_bytes!("fonts/lab-figures-regular.otf"), include_bytes!("fonts/lab-figures-bold.otf"));
        let styles = [(FontStyle::Normal, regular), (FontStyle::Italic, regular), (FontStyle::Oblique, regular), (FontStyle::Bold, bold)];
        for (style, bytes) in styles {
            assert!(register_font(FAMILY, style, bytes).is_ok(), "the vendored font is readable");
        }
    });
}

/// Draws `plot` on `area`, whose size is `frame`'s.
///
/// # Errors
/// [`Error::Failed`] when the backend cannot draw.
pub(super) fn draw<DB: DrawingBackend>(plot: &Plot, frame: Frame, area: &DrawingArea<DB, Shift>) -> Result<()> {
    register();
    let brush = Brush { area, frame, edges: frame.edges(plot) };
    brush.grid(plot)?;
    for layer in &plot.layers {
        brush.layer(plot, layer)?;
    }
    brush.labels(plot)?;
    if frame.is_picture { brush.heading(plot) } else { Ok(()) }
}

struct Brush<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    frame: Frame,
    edges: Edges,
}

fn fault(error: impl std::fmt::Display) -> Error {
    Error::Failed(format!("cannot draw the chart: {error}"))
}

impl<DB: DrawingBackend> Brush<'_, DB> {
    fn at(&self, plot: &Plot, (x, y): Point) -> (i32, i32) {
        let e = self.edges;
        let x = plot.x.place(x, f64::from(e.left), f64::from(e.right));
        let y = plot.y.place(y, f64::from(e.bottom), f64::from(e.top));
        (x.round() as i32, y.round() as i32)
    }

    fn stroke(&self, ink: Ink, css_width: f64) -> ShapeStyle {
        ShapeStyle { color: ink.light().to_rgba(), filled: false, stroke_width: self.frame.px(css_width).max(1).unsigned_abs() }
    }

    fn path(&self, points: Vec<(i32, i32)>, style: ShapeStyle) -> Result<()> {
        self.area.draw(&PathElement::new(points, style)).map_err(fault)
    }

    /// A line of many points. The pixel backend mitres thick lines, which at sharp turns draws spikes far beyond the values, so there a
    /// thin line is drawn once for each point of a round pen.
    fn line(&self, points: Vec<(i32, i32)>, style: ShapeStyle) -> Result<()> {
        if !self.frame.is_picture {
            return self.path(points, style);
        }
        let thin = ShapeStyle { stroke_width: 1, ..style };
        let radius = style.stroke_width as i32 / 2;
        let pen = (-radius..=radius).flat_map(|dx| (-radius..=radius).map(move |dy| (dx, dy)));
        pen.filter(|(dx, dy)| dx * dx + dy * dy <= radius * radius)
            .try_for_each(|(dx, dy)| self.path(points.iter().map(|(x, y)| (x + dx, y + dy)).collect(), thin))
    }

    fn text(&self, text: &str, at: (i32, i32), css_size: f64, style: (Ink, HPos, VPos, FontStyle)) -> Result<()> {
        let (ink, h, v, weight) = style;
        // The backends take 1.24 em as a font's size.
        let size = css_size * 1.24 * f64::from(self.frame.unit);
        let font = (FAMILY, size, weight).into_font().transform(FontTransform::None);
        let colour = ink.light();
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(h, v));
        self.area.draw(&Text::new(text.to_owned(), at, style)).map_err(fault)
    }

    fn grid(&self, plot: &Plot) -> Result<()> {
        let e = self.edges;
        for (value, _) in &plot.y.ticks {
            let y = self.at(plot, (plot.x.lo, *value)).1;
            self.path(vec![(e.left, y), (e.right, y)], self.stroke(Ink::Grid, 1.0))?;
        }
        for (value, _) in &plot.x.ticks {
            let x = self.at(plot, (*value, plot.y.lo)).0;
            self.path(vec![(x, e.bottom), (x, e.bottom + self.frame.px(5.0))], self.stroke(Ink::Muted, 1.0))?;
        }
        self.path(vec![(e.left, e.bottom), (e.right, e.bottom)], self.stroke(Ink::Muted, 1.0))
    }

    fn labels(&self, plot: &Plot) -> Result<()> {
        let e = self.edges;
        // On pixels, a text's box is centred with its descenders, which leaves figures too high.
        let lower = if self.frame.is_picture { self.frame.px(1.8) } else { 0 };
        for (value, label) in &plot.y.ticks {
            let y = self.at(plot, (plot.x.lo, *value)).1 + lower;
            self.text(label, (e.left - self.frame.px(8.0), y), 12.0, (Ink::Muted, HPos::Right, VPos::Center, FontStyle::Normal))?;
        }
        // A label that would touch the one before it is left out; its tick stays.
        let mut free_from = i32::MIN;
        for (value, label) in &plot.x.ticks {
            let half = self.frame.px(3.6 * label.chars().count() as f64);
            let x = self.at(plot, (*value, plot.y.lo)).0.clamp(half, (self.frame.size().0 as i32 - half).max(half));
            if x - half < free_from {
                continue;
            }
            free_from = x + half + self.frame.px(6.0);
            self.text(label, (x, e.bottom + self.frame.px(9.0)), 12.0, (Ink::Muted, HPos::Center, VPos::Top, FontStyle::Normal))?;
        }
        self.names(plot)
    }

    fn names(&self, plot: &Plot) -> Result<()> {
        let e = self.edges;
        if let Some(name) = &plot.y_name {
            let outer = if self.frame.is_picture { 20.0 } else { 0.0 };
            let at = (self.frame.px(outer), e.top - self.frame.px(24.0));
            self.text(name, at, 12.0, (Ink::Muted, HPos::Left, VPos::Top, FontStyle::Normal))?;
        }
        let Some(name) = &plot.x_name else { return Ok(()) };
        let middle = (e.left + e.right) / 2;
        self.text(name, (middle, e.bottom + self.frame.px(28.0)), 12.0, (Ink::Muted, HPos::Center, VPos::Top, FontStyle::Normal))
    }

    fn heading(&self, plot: &Plot) -> Result<()> {
        let left = self.frame.px(20.0);
        self.text(&plot.title, (left, self.frame.px(18.0)), 17.0, (Ink::Text, HPos::Left, VPos::Top, FontStyle::Bold))?;
        let (mut x, y) = (left, self.frame.px(50.0));
        for (label, ink) in &plot.legend {
            self.path(vec![(x, y), (x + self.frame.px(18.0), y)], self.stroke(*ink, 3.0))?;
            x += self.frame.px(25.0);
            self.text(label, (x, y + self.frame.px(1.8)), 12.0, (Ink::Text, HPos::Left, VPos::Center, FontStyle::Normal))?;
            x += self.frame.px(22.0 + 6.6 * label.chars().count() as f64);
        }
        Ok(())
    }

    fn layer(&self, plot: &Plot, layer: &Layer) -> Result<()> {
        let e = self.edges;
        match layer {
            Layer::Line { points, ink, width } => {
                let points = points.iter().map(|p| self.at(plot, *p)).collect();
                self.line(points, self.stroke(*ink, *width))
            }
            Layer::Area { points, base, ink, opacity } => self.ground(plot, points, *base, ink.light().mix(*opacity).filled()),
            Layer::Band { points, ink, opacity } => {
                let points: Vec<_> = points.iter().map(|p| self.at(plot, *p)).collect();
                self.area.draw(&Polygon::new(points, ink.light().mix(*opacity).filled())).map_err(fault)
            }
            Layer::Dots { points, ink, radius, opacity } => points.iter().try_for_each(|p| {
                let style = ink.light().mix(*opacity).filled();
                self.area.draw(&Circle::new(self.at(plot, *p), self.frame.px(*radius), style)).map_err(fault)
            }),
            Layer::Bars { bars, ink } => bars.iter().try_for_each(|(from, to, height)| {
                let (low, high) = (self.at(plot, (*from, 0.0)), self.at(plot, (*to, *height)));
                let gap = self.frame.px(0.5);
                let corners = [(low.0 + gap, high.1), ((high.0 - gap).max(low.0 + gap + 1), low.1)];
                self.area.draw(&Rectangle::new(corners, ink.light().filled())).map_err(fault)
            }),
            Layer::Shades { shades, ink } => shades.iter().try_for_each(|shade| {
                let corners = [self.at(plot, (shade.x.0, shade.y.1)), self.at(plot, (shade.x.1, shade.y.0))];
                self.area.draw(&Rectangle::new(corners, ink.light().mix(shade.opacity).filled())).map_err(fault)
            }),
            Layer::Ring { at, radius, ink, width } => {
                self.area.draw(&Circle::new(self.at(plot, *at), self.frame.px(*radius), self.stroke(*ink, *width))).map_err(fault)
            }
            Layer::Level { at, ink } => {
                let y = self.at(plot, (plot.x.lo, *at)).1;
                self.path(vec![(e.left, y), (e.right, y)], self.stroke(*ink, 1.0))
            }
            Layer::Upright { at, ink } => {
                let x = self.at(plot, (*at, plot.y.lo)).0;
                self.path(vec![(x, e.top), (x, e.bottom)], self.stroke(*ink, 1.0))
            }
        }
    }

    fn ground(&self, plot: &Plot, points: &[Point], base: f64, style: ShapeStyle) -> Result<()> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
        let mut outline: Vec<_> = points.iter().map(|p| self.at(plot, *p)).collect();
        outline.extend([self.at(plot, (last.0, base)), self.at(plot, (first.0, base))]);
        self.area.draw(&Polygon::new(outline, style)).map_err(fault)
    }
}
